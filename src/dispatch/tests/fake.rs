//! A meeting in memory. It makes another participant of every create, as the real one may.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::api::{MeetingStatus, Page, PageRequest, ParticipantApi, Removed};
use crate::model::{
    AddedParticipant, JoinToken, MeetingId, Participant, ParticipantEdit, PictureEdit, RemoteId,
    RemoteParticipant,
};
use crate::outcome::{Answer, Failure, Flaw, LimitHeaders, Loss, NotSent, Reply};

/// What happens to one create.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Applied, the answer lost.
    AppliedThenLost,
    /// Not applied, no answer.
    Lost,
    /// Applied after so many seconds, the answer lost.
    AppliedLate(u64),
    /// Applied, answered by this status.
    AppliedStatus(u16),
    /// Not applied, answered by this status.
    Status(u16),
    /// Applied, answered by a 2xx without an id.
    AppliedWithoutId,
    /// Not applied, answered by a 2xx without an id.
    FalseYes,
    /// Never sent.
    NotConnected,
    /// The client panics after the server applied it.
    AppliedThenPanic,
    /// Somebody interrupts the run; then it is applied and answered.
    Interrupts,
}

/// A request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Create,
    List,
}

#[derive(Default)]
pub(super) struct FakeApi {
    pub(super) state: Mutex<State>,
    /// Cancelled by [`Fate::Interrupts`].
    pub(super) interrupt: Mutex<Option<CancellationToken>>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) participants: Vec<RemoteParticipant>,
    /// What happens to the next creates of an id; when there is nothing left, they succeed.
    pub(super) script: HashMap<String, VecDeque<Fate>>,
    /// What happens to every create that has no script.
    pub(super) always: Option<Fate>,
    pub(super) posts: HashMap<String, usize>,
    /// Ids that belong to another meeting than the first.
    pub(super) elsewhere: HashMap<String, MeetingId>,
    /// Every create and listing: when, and of which meeting.
    pub(super) asked: Vec<(tokio::time::Instant, Asked, MeetingId)>,
    /// Creates on their way, of each meeting.
    pub(super) creating: HashMap<MeetingId, usize>,
    /// Listings of a meeting to which creates were on their way.
    pub(super) listed_amid_creates: usize,
    /// A meeting whose lists fail.
    pub(super) unlistable: Option<MeetingId>,
    pub(super) lists: usize,
    /// When the last request of any kind came.
    pub(super) asked_at: Option<tokio::time::Instant>,
    pub(super) refreshes: usize,
    pub(super) updates: usize,
    pub(super) removals: usize,
    pub(super) in_flight: usize,
    pub(super) most_in_flight: usize,
    /// Creates that take effect at an instant.
    pub(super) late: Vec<(tokio::time::Instant, RemoteParticipant)>,
    pub(super) pages_from_zero: bool,
    /// After page 1 the first participant goes, and this one comes.
    pub(super) comes_after_page_1: Option<Participant>,
    /// Whatever page is asked for, it is the first one.
    pub(super) same_page: bool,
    pub(super) per_page: usize,
    /// The total is too large by this.
    pub(super) total_off_by: i64,
    /// From which list on there is none.
    pub(super) no_total_from: Option<usize>,
    pub(super) meeting_is: Option<u16>,
    /// Creates take from one to so many milliseconds; 20 each if nothing is said.
    pub(super) answers_within: Option<u64>,
    next_id: u64,
}

impl State {
    fn settle_late(&mut self) {
        let now = tokio::time::Instant::now();
        let (due, later) = std::mem::take(&mut self.late).into_iter().partition(|(at, _)| *at <= now);
        self.late = later;
        self.participants.extend(due.into_iter().map(|(_, participant): (_, RemoteParticipant)| participant));
    }

    fn make(&mut self, participant: &Participant) -> RemoteParticipant {
        self.next_id += 1;
        RemoteParticipant {
            id: RemoteId::new(format!("remote-{}", self.next_id)).unwrap(),
            custom_participant_id: participant.key.custom_participant_id.clone(),
            preset_name: participant.preset_name.clone(),
            name: Some(participant.name.clone()),
            picture: participant.picture.clone(),
            created_at: "2026-01-01T00:00:00Z".to_owned(),
            updated_at: "2026-01-01T00:00:00Z".to_owned(),
        }
    }

    fn is_in(&self, held: &RemoteParticipant, meeting: MeetingId) -> bool {
        let elsewhere = self.elsewhere.get(&held.custom_participant_id);
        elsewhere.copied().unwrap_or_else(super::meeting) == meeting
    }

    /// How many living participants there are of each id.
    pub(super) fn counts(&mut self) -> HashMap<String, usize> {
        self.settle_late();
        let mut counts = HashMap::new();
        for participant in &self.participants {
            *counts.entry(participant.custom_participant_id.clone()).or_default() += 1;
        }
        counts
    }
}

impl FakeApi {
    /// The next creates of `id` meet these fates.
    pub(super) fn script(&self, id: &str, fates: impl IntoIterator<Item = Fate>) {
        self.state.lock().unwrap().script.insert(id.to_owned(), fates.into_iter().collect());
    }

    /// Somebody is in the meeting already.
    pub(super) fn hold(&self, participant: &Participant) {
        let mut state = self.state.lock().unwrap();
        let made = state.make(participant);
        state.participants.push(made);
    }

    pub(super) fn apply(&self, participant: &Participant) -> RemoteParticipant {
        let mut state = self.state.lock().unwrap();
        let made = state.make(participant);
        state.participants.push(made.clone());
        made
    }
}

fn reply<T>(answer: Answer<T>) -> Reply<T> {
    Reply { answer, limits: LimitHeaders::default() }
}

fn status<T>(status: u16) -> Answer<T> {
    Answer::Failure(Failure { status, code: Some(i64::from(status)), message: "no".to_owned() })
}

fn without_id<T>() -> Answer<T> {
    Answer::Flawed { flaw: Flaw::NoId, remote_id: None }
}

impl ParticipantApi for FakeApi {
    async fn add(&self, participant: &Participant) -> Reply<AddedParticipant> {
        let fate = {
            let mut state = self.state.lock().unwrap();
            let id = participant.key.custom_participant_id.clone();
            let scripted = state.script.get_mut(&id).and_then(VecDeque::pop_front);
            let fate = scripted.or(state.always);
            if fate != Some(Fate::NotConnected) {
                *state.posts.entry(id).or_default() += 1;
            }
            state.in_flight += 1;
            let now = tokio::time::Instant::now();
            state.asked_at = Some(now);
            state.asked.push((now, Asked::Create, participant.key.meeting));
            *state.creating.entry(participant.key.meeting).or_default() += 1;
            state.most_in_flight = state.most_in_flight.max(state.in_flight);
            fate
        };
        let milliseconds = {
            let state = self.state.lock().unwrap();
            state.answers_within.map_or(20, |most| 1 + state.posts.len() as u64 % most)
        };
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        {
            let mut state = self.state.lock().unwrap();
            state.in_flight -= 1;
            *state.creating.entry(participant.key.meeting).or_default() -= 1;
        }
        let lost = || Answer::Lost(Loss::Broken("reset".to_owned()));
        reply(match fate {
            None => {
                let participant = self.apply(participant);
                let token = JoinToken::new(format!("token of {}", participant.id.as_str()));
                Answer::Success(AddedParticipant { participant, token })
            }
            Some(Fate::Interrupts) => {
                self.interrupt.lock().unwrap().as_ref().unwrap().cancel();
                let participant = self.apply(participant);
                Answer::Success(AddedParticipant { participant, token: JoinToken::new("t".to_owned()) })
            }
            Some(Fate::AppliedThenLost) => {
                self.apply(participant);
                lost()
            }
            Some(Fate::Lost) => lost(),
            Some(Fate::AppliedLate(seconds)) => {
                let at = tokio::time::Instant::now() + Duration::from_secs(seconds);
                let mut state = self.state.lock().unwrap();
                let made = state.make(participant);
                state.late.push((at, made));
                lost()
            }
            Some(Fate::AppliedStatus(code)) => {
                self.apply(participant);
                status(code)
            }
            Some(Fate::Status(code)) => status(code),
            Some(Fate::AppliedWithoutId) => {
                self.apply(participant);
                without_id()
            }
            Some(Fate::FalseYes) => without_id(),
            Some(Fate::NotConnected) => Answer::NotSent(NotSent::NotConnected("refused".to_owned())),
            Some(Fate::AppliedThenPanic) => {
                self.apply(participant);
                panic!("the client broke")
            }
        })
    }

    async fn list(&self, meeting: MeetingId, page: PageRequest) -> Reply<Page<RemoteParticipant>> {
        let mut state = self.state.lock().unwrap();
        state.lists += 1;
        let now = tokio::time::Instant::now();
        state.asked_at = Some(now);
        state.asked.push((now, Asked::List, meeting));
        state.listed_amid_creates +=
            usize::from(state.creating.get(&meeting).is_some_and(|creates| *creates > 0));
        if state.unlistable == Some(meeting) {
            return reply(status(500));
        }
        if state.no_total_from.is_some_and(|first| state.lists >= first) {
            return reply(Answer::Flawed { flaw: Flaw::NotJson, remote_id: None });
        }
        state.settle_late();
        let per_page = if state.per_page == 0 { 100 } else { state.per_page };
        let first_page = u64::from(!state.pages_from_zero);
        let Some(index) = page.page_no.checked_sub(first_page) else { return reply(status(400)) };
        assert!(state.lists < 1_000, "an endless listing");
        let start = usize::try_from(index).unwrap() * per_page;
        let held: Vec<_> = state.participants.iter().filter(|held| state.is_in(held, meeting)).collect();
        let items: Vec<_> = held
            .iter()
            .skip(if state.same_page { 0 } else { start })
            .take(per_page)
            .map(|&held| held.clone())
            .collect();
        let end_offset = (start + items.len()) as u64;
        let total_count = held.len() as u64;
        let total_count = total_count.saturating_add_signed(state.total_off_by);
        if page.page_no == 1
            && let Some(comes) = state.comes_after_page_1.take()
        {
            state.participants.remove(0);
            let made = state.make(&comes);
            state.participants.push(made);
        }
        reply(Answer::Success(Page { items, total_count, start_offset: start as u64, end_offset }))
    }

    async fn participant(&self, _meeting: MeetingId, id: &RemoteId) -> Reply<RemoteParticipant> {
        let state = self.state.lock().unwrap();
        let found = state.participants.iter().find(|held| held.id == *id).cloned();
        reply(found.map_or_else(|| status(404), Answer::Success))
    }

    async fn update(
        &self,
        _meeting: MeetingId,
        id: &RemoteId,
        edit: &ParticipantEdit,
    ) -> Reply<AddedParticipant> {
        let mut state = self.state.lock().unwrap();
        state.updates += 1;
        let Some(held) = state.participants.iter_mut().find(|held| held.id == *id) else {
            return reply(status(404));
        };
        let ParticipantEdit { name, preset_name, picture } = edit.clone();
        held.name = name.or_else(|| held.name.take());
        held.preset_name = preset_name.unwrap_or_else(|| std::mem::take(&mut held.preset_name));
        match picture {
            None => {}
            Some(PictureEdit::Set(url)) => held.picture = Some(url),
            Some(PictureEdit::Clear) => held.picture = None,
        }
        let token = JoinToken::new(format!("token after the update of {}", id.as_str()));
        reply(Answer::Success(AddedParticipant { participant: held.clone(), token }))
    }

    async fn remove(&self, _meeting: MeetingId, id: &RemoteId) -> Reply<Removed> {
        let mut state = self.state.lock().unwrap();
        state.removals += 1;
        let before = state.participants.len();
        state.participants.retain(|held| held.id != *id);
        let gone = state.participants.len() == before;
        reply(Answer::Success(if gone { Removed::Gone } else { Removed::Deleted }))
    }

    async fn refresh_token(&self, _meeting: MeetingId, id: &RemoteId) -> Reply<JoinToken> {
        self.state.lock().unwrap().refreshes += 1;
        reply(Answer::Success(JoinToken::new(format!("refreshed token of {}", id.as_str()))))
    }

    async fn meeting(&self, _meeting: MeetingId) -> Reply<MeetingStatus> {
        match self.state.lock().unwrap().meeting_is {
            None => reply(Answer::Success(MeetingStatus::Active)),
            Some(code) => reply(status(code)),
        }
    }

    async fn presets(&self, _page: PageRequest) -> Reply<Page<String>> {
        let items = vec!["viewer".to_owned()];
        reply(Answer::Success(Page { items, total_count: 1, start_offset: 1, end_offset: 1 }))
    }
}
