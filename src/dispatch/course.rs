//! Where each meeting of the run stands: listed, sent to, settled, one after the other; the meetings don't wait for each
//! other.

use std::collections::{BTreeMap, VecDeque};

use super::trial::{Trial, Verdict};
use crate::journal::{MeetingKey, RunMeeting};

/// A meeting's way through the run.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) meeting: RunMeeting,
    pub(super) stage: Stage,
    pub(super) trial: Trial,
    /// Creates wished for or on their way.
    pub(super) open: usize,
    /// Whether its planned rows may be more than the claim under way can know.
    rows: Rows,
}

/// What is known of a meeting's planned rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rows {
    /// A claim that finds too few has found all.
    AsClaimed,
    /// One has come back since the last claim that found too few; the next one may find it.
    CameBack,
}

/// What is being done about a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is listed before its first create.
    Listing,
    /// Its planned rows are sent, or come back.
    Sending,
    /// It is asked whether it takes anybody.
    Asking(Verdict),
    /// Its creates in doubt are waited for and looked up.
    Settling,
    /// Nothing is left to do.
    Done,
}

/// All meetings of the run, and whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Courses {
    all: BTreeMap<MeetingKey, Course>,
    /// Meetings that may have planned rows to send.
    queue: VecDeque<MeetingKey>,
}

impl Courses {
    pub(super) fn new(meetings: Vec<RunMeeting>) -> Self {
        let course = |meeting: RunMeeting| {
            let stage = match (meeting.wants_listing, meeting.listed) {
                (true, false) => Stage::Listing,
                (true, true) => Stage::Sending,
                (false, _) => Stage::Settling,
            };
            (meeting.key, Course { meeting, stage, trial: Trial::default(), open: 0, rows: Rows::AsClaimed })
        };
        let all: BTreeMap<_, _> = meetings.into_iter().map(course).collect();
        let queue = all.values().filter(|course| course.stage == Stage::Sending);
        Self { queue: queue.map(|course| course.meeting.key).collect(), all }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Course> {
        self.all.values()
    }

    pub(super) fn of(&mut self, meeting: MeetingKey) -> Option<&mut Course> {
        self.all.get_mut(&meeting)
    }

    /// The meeting whose turn it is to send.
    pub(super) fn next(&mut self) -> Option<&mut Course> {
        self.all.get_mut(self.queue.front()?)
    }

    /// It is another meeting's turn.
    pub(super) fn pass(&mut self) {
        self.queue.rotate_left(1);
    }

    /// How many meetings may have rows to send.
    pub(super) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// A meeting has a few rows to send again: they are not to wait until all others are through.
    pub(super) fn enqueue_first(&mut self, meeting: MeetingKey) {
        self.dequeue(meeting);
        self.queue.push_front(meeting);
    }

    /// A meeting may have planned rows.
    pub(super) fn enqueue(&mut self, meeting: MeetingKey) {
        if !self.queue.contains(&meeting) {
            self.queue.push_back(meeting);
        }
    }

    /// A row is planned again; the claim under way may have begun before that.
    pub(super) fn comes_back(&mut self, meeting: MeetingKey) {
        if let Some(course) = self.all.get_mut(&meeting) {
            course.rows = Rows::CameBack;
        }
        self.enqueue(meeting);
    }

    /// A claim has found fewer rows than it asked for.
    pub(super) fn exhausted(&mut self, meeting: MeetingKey) {
        let Some(course) = self.all.get_mut(&meeting) else { return };
        match std::mem::replace(&mut course.rows, Rows::AsClaimed) {
            Rows::AsClaimed => self.dequeue(meeting),
            Rows::CameBack => {}
        }
    }

    pub(super) fn dequeue(&mut self, meeting: MeetingKey) {
        self.queue.retain(|queued| *queued != meeting);
    }

    /// A meeting whose rows have all been sent and answered goes on to settle what is in doubt: this says whether it
    /// has just come to that.
    pub(super) fn is_through(&mut self, meeting: MeetingKey) -> bool {
        let Some(course) = self.all.get_mut(&meeting) else { return false };
        let through = course.stage == Stage::Sending && course.open == 0 && !self.queue.contains(&meeting);
        if through {
            course.stage = Stage::Settling;
        }
        through
    }

    /// Whether all that is left is creates in doubt that must settle.
    pub(super) fn only_settle(&self) -> bool {
        let all_of = |stages: &[Stage]| self.all.values().all(|course| stages.contains(&course.stage));
        all_of(&[Stage::Settling, Stage::Done]) && !all_of(&[Stage::Done])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;

    fn courses(meetings: usize) -> (Courses, Vec<MeetingKey>) {
        let keys = Journal::some_meetings(meetings);
        let courses =
            Courses::new(keys.iter().map(|meeting| RunMeeting { listed: true, ..*meeting }).collect());
        (courses, keys.into_iter().map(|meeting| meeting.key).collect())
    }

    /// A 429 comes while a claim is on its way to the disk that began without it.
    #[test]
    fn a_row_that_comes_back_during_a_claim_is_claimed_by_the_next() {
        let (mut courses, keys) = courses(1);
        courses.comes_back(keys[0]);
        courses.exhausted(keys[0]);
        assert_eq!(courses.queued(), 1);
        assert!(!courses.is_through(keys[0]));
        courses.exhausted(keys[0]);
        assert_eq!(courses.queued(), 0);
        assert!(courses.is_through(keys[0]));
    }

    #[test]
    fn a_few_rows_to_send_again_come_first() {
        let (mut courses, keys) = courses(3);
        courses.enqueue_first(keys[2]);
        assert_eq!(courses.next().map(|course| course.meeting.key), Some(keys[2]));
        courses.exhausted(keys[2]);
        assert_eq!(courses.next().map(|course| course.meeting.key), Some(keys[0]));
    }
}
