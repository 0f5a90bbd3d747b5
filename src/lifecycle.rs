//! A row's life: the state machine of GUARANTEE.md section 3, pure.
//!
//! ```text
//! planned ─claim─▶ sending ─▶ added | rejected | planned | uncertain
//! uncertain ─settled, listed─▶ present | conflict | planned | rejected
//! planned ─listed before the first create─▶ present | conflict
//! conflict ─listed again─▶ present | conflict | removed        rejected ─named again─▶ planned
//! rejected | removed ─listed: somebody else has added it─▶ present | conflict
//! planned, sent by an earlier run ─held─▶ uncertain
//! planned, its person is in already ─withheld─▶ held ─named again─▶ planned      held ─listed─▶ present | conflict
//! ```
//! [`next`] is the only place that knows which step is legal; the journal asks it before it writes, and the
//! schema's CHECKs repeat the shape.

use std::fmt;
use std::str::FromStr;

/// Where a row is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowState {
    /// In the roster, not sent.
    Planned,
    /// The intent to send is durable; the request may be on its way.
    Sending,
    /// The API answered with a participant id.
    Added,
    /// Found in the meeting's list.
    Present,
    /// Refused by the API: not created.
    Rejected,
    /// May have been created; to be looked up, never to be sent blindly.
    Uncertain,
    /// The meeting holds the id more than once; a person has to look.
    Conflict,
    /// Not sent: its person seems to be in the meeting under another id; a person has to look.
    Held,
    /// No longer in the meeting.
    Removed,
}

impl RowState {
    /// All of them, in the order in which they are reported.
    pub const ALL: [Self; 9] = [
        Self::Added,
        Self::Present,
        Self::Planned,
        Self::Sending,
        Self::Uncertain,
        Self::Rejected,
        Self::Conflict,
        Self::Held,
        Self::Removed,
    ];

    /// The name that the journal and the reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sending => "sending",
            Self::Added => "added",
            Self::Present => "present",
            Self::Rejected => "rejected",
            Self::Uncertain => "uncertain",
            Self::Conflict => "conflict",
            Self::Held => "held",
            Self::Removed => "removed",
        }
    }
}

impl fmt::Display for RowState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no state: the journal was written by something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no state of a row")]
pub struct UnknownState(pub String);

impl FromStr for RowState {
    type Err = UnknownState;

    fn from_str(name: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.name() == name).ok_or_else(|| UnknownState(name.to_owned()))
    }
}

/// What happens to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transition {
    /// The intent to send it is committed.
    Claim,
    /// The API answered with an id.
    Add,
    /// The API refused it.
    Refuse,
    /// It was provably not sent, or the server provably did nothing.
    TakeBack,
    /// Nobody knows whether it was applied: a lost answer, or the death of the process that sent it.
    LoseTrack,
    /// A complete scan found it once.
    Adopt,
    /// A complete scan found it more than once.
    FindTwice,
    /// Two complete scans after the settle time didn't find it, and it may be sent again.
    Resend,
    /// Two complete scans after the settle time didn't find it, and the API had refused it.
    GiveUp,
    /// A new run names it again.
    NameAgain,
    /// Our DELETE, or a complete scan of a sync that misses it, though it was in.
    Remove,
    /// It was removed, and is wanted again.
    Readd,
    /// A create of it may have arrived in an earlier run, and this run must not send it again.
    Hold,
    /// Its person seems to be in the meeting under an id that the roster doesn't name any more.
    Withhold,
}

/// The state after `transition`, or `None` if a row in `state` can't make it.
pub fn next(state: RowState, transition: Transition) -> Option<RowState> {
    use RowState::{Added, Conflict, Held, Planned, Present, Rejected, Removed, Sending, Uncertain};
    use Transition as T;
    let after = match (state, transition) {
        (Planned, T::Claim) => Sending,
        (Sending, T::Add) => Added,
        (Sending, T::Refuse) | (Uncertain, T::GiveUp) => Rejected,
        (Sending, T::TakeBack)
        | (Uncertain, T::Resend)
        | (Rejected | Held, T::NameAgain)
        | (Removed, T::Readd) => Planned,
        (Sending, T::LoseTrack) | (Planned, T::Hold) => Uncertain,
        (Planned, T::Withhold) => Held,
        (Planned | Uncertain | Conflict | Held | Rejected | Removed, T::Adopt) => Present,
        (Planned | Uncertain | Conflict | Held | Rejected | Removed, T::FindTwice) => Conflict,
        (Added | Present | Conflict, T::Remove) => Removed,
        _ => return None,
    };
    Some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRANSITIONS: [Transition; 14] = [
        Transition::Claim,
        Transition::Add,
        Transition::Refuse,
        Transition::TakeBack,
        Transition::LoseTrack,
        Transition::Adopt,
        Transition::FindTwice,
        Transition::Resend,
        Transition::GiveUp,
        Transition::NameAgain,
        Transition::Remove,
        Transition::Readd,
        Transition::Hold,
        Transition::Withhold,
    ];

    #[test]
    fn the_legal_steps_are_these_and_no_others() {
        let mut steps = Vec::new();
        for state in RowState::ALL {
            for transition in TRANSITIONS {
                if let Some(after) = next(state, transition) {
                    steps.push(format!("{state} -{transition:?}-> {after}"));
                }
            }
        }
        insta::assert_snapshot!(steps.join("\n"), @r"
        added -Remove-> removed
        present -Remove-> removed
        planned -Claim-> sending
        planned -Adopt-> present
        planned -FindTwice-> conflict
        planned -Hold-> uncertain
        planned -Withhold-> held
        sending -Add-> added
        sending -Refuse-> rejected
        sending -TakeBack-> planned
        sending -LoseTrack-> uncertain
        uncertain -Adopt-> present
        uncertain -FindTwice-> conflict
        uncertain -Resend-> planned
        uncertain -GiveUp-> rejected
        rejected -Adopt-> present
        rejected -FindTwice-> conflict
        rejected -NameAgain-> planned
        conflict -Adopt-> present
        conflict -FindTwice-> conflict
        conflict -Remove-> removed
        held -Adopt-> present
        held -FindTwice-> conflict
        held -NameAgain-> planned
        removed -Adopt-> present
        removed -FindTwice-> conflict
        removed -Readd-> planned
        ");
    }

    #[test]
    fn only_a_planned_row_is_ever_sent() {
        for state in RowState::ALL {
            assert_eq!(next(state, Transition::Claim).is_some(), state == RowState::Planned);
        }
    }

    #[test]
    fn a_confirmed_row_leaves_only_by_removal() {
        for state in [RowState::Added, RowState::Present] {
            for transition in TRANSITIONS {
                assert_eq!(next(state, transition).is_some(), transition == Transition::Remove);
            }
        }
    }

    #[test]
    fn names_are_read_back() {
        for state in RowState::ALL {
            assert_eq!(state.name().parse(), Ok(state));
        }
        assert!("done".parse::<RowState>().is_err());
    }
}
