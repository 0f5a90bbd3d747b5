//! Whether a meeting takes anybody at all: one that refuses everybody must not burn the quota. Pure.

use crate::outcome::{CreateOutcome, Failure};

/// So many creates of a meeting are on trial (GUARANTEE.md section 2).
const ON_TRIAL: usize = 20;

/// What the first creates of a meeting say about it.
#[derive(Debug, Clone, Default)]
pub(super) struct Trial {
    in_flight: usize,
    refused: usize,
    last: Option<Failure>,
    passed: bool,
    asked: bool,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Go on sending.
    GoOn,
    /// Send nothing more before the meeting itself has been asked for.
    Ask,
    /// It refuses everybody.
    Refuses,
}

impl Trial {
    /// How many of `wanted` creates may be sent now.
    pub(super) fn admits(&self, wanted: usize) -> usize {
        if self.passed { wanted } else { wanted.min(ON_TRIAL.saturating_sub(self.refused + self.in_flight)) }
    }

    /// Creates leave.
    pub(super) fn sent(&mut self, count: usize) {
        self.in_flight += count;
    }

    /// There were fewer rows than that.
    pub(super) fn not_sent(&mut self, count: usize) {
        self.in_flight = self.in_flight.saturating_sub(count);
    }

    /// The answer to one of them.
    pub(super) fn answered(&mut self, outcome: &CreateOutcome) -> Verdict {
        self.in_flight = self.in_flight.saturating_sub(1);
        match outcome {
            CreateOutcome::Refused(failure) | CreateOutcome::Doubtful(failure) => self.refused(failure),
            CreateOutcome::Added(_) | CreateOutcome::Applied { .. } => {
                self.passed = true;
                Verdict::GoOn
            }
            CreateOutcome::NotSent(_)
            | CreateOutcome::Throttled
            | CreateOutcome::Unknown(_)
            | CreateOutcome::Stop(_) => Verdict::GoOn,
        }
    }

    fn refused(&mut self, failure: &Failure) -> Verdict {
        if !self.passed {
            let same = self
                .last
                .as_ref()
                .is_none_or(|last| (last.status, last.code) == (failure.status, failure.code));
            self.refused += 1;
            // Refused for different reasons: it is the rows, not the meeting.
            self.passed = !same;
            self.last = Some(failure.clone());
            if !self.passed && self.refused >= ON_TRIAL {
                return Verdict::Refuses;
            }
        }
        if failure.status == 404 && !self.asked {
            self.asked = true;
            self.last = Some(failure.clone());
            return Verdict::Ask;
        }
        Verdict::GoOn
    }

    /// The refusal that it ended with.
    pub(super) fn last(&self) -> Option<Failure> {
        self.last.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Doubt, Loss};

    fn refused(status: u16) -> CreateOutcome {
        CreateOutcome::Refused(Failure { status, code: None, message: String::new() })
    }

    fn verdicts(outcomes: impl IntoIterator<Item = CreateOutcome>) -> Vec<Verdict> {
        let mut trial = Trial::default();
        outcomes
            .into_iter()
            .map(|outcome| {
                trial.sent(1);
                trial.answered(&outcome)
            })
            .collect()
    }

    #[test]
    fn twenty_equal_refusals_and_no_success_condemn_a_meeting() {
        let all = verdicts((0..20).map(|_| refused(422)));
        assert_eq!(all[18], Verdict::GoOn);
        assert_eq!(all[19], Verdict::Refuses);
    }

    #[test]
    fn different_refusals_are_the_rows_fault() {
        let mixed = (0..40).map(|n| refused(if n == 5 { 400 } else { 422 }));
        assert!(verdicts(mixed).iter().all(|verdict| *verdict == Verdict::GoOn));
    }

    #[test]
    fn the_first_404_asks_once() {
        assert_eq!(verdicts([refused(404), refused(404)]), [Verdict::Ask, Verdict::GoOn]);
    }

    #[test]
    fn no_more_than_twenty_are_risked_until_one_is_in() {
        let mut trial = Trial::default();
        assert_eq!(trial.admits(64), 20);
        trial.sent(15);
        assert_eq!(trial.admits(64), 5);
        trial.answered(&refused(422));
        assert_eq!(trial.admits(64), 5);
        trial.answered(&CreateOutcome::Unknown(Doubt::Lost(Loss::TimedOut)));
        assert_eq!(trial.admits(64), 6);
        trial.answered(&CreateOutcome::Applied { flaw: crate::outcome::Flaw::NoId, remote_id: None });
        assert_eq!(trial.admits(64), 64);
    }
}
