//! What programs are told of a run: its events, its counts, the rows to look at.

use guestlist::dispatch::{NoToken, TokenFailure};
use guestlist::event::{Event, Lookalike, StopReason, WaitReason};
use guestlist::journal::Problem;
use guestlist::model::MeetingId;
use serde::Serialize;

use super::super::text;
use super::Line;

/// A row in the journal.
#[derive(Serialize)]
pub(crate) struct TwinLine<'a> {
    file: &'a str,
    line: u64,
    custom_participant_id: &'a str,
}

/// An id of the roster, and the one that it looks like.
#[derive(Serialize)]
pub(crate) struct PairLine<'a> {
    custom_participant_id: &'a str,
    in_meeting: &'a str,
}

/// The counts of an import: those of the rows add up to `rows`.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct SummaryLine<'a> {
    pub(crate) rows: u64,
    pub(crate) added: u64,
    pub(crate) present: u64,
    pub(crate) rejected: u64,
    pub(crate) uncertain: u64,
    pub(crate) conflict: u64,
    pub(crate) held: u64,
    pub(crate) not_attempted: u64,
    pub(crate) invalid: u64,
    pub(crate) left_out: u64,
    pub(crate) repeated: u64,
    /// Left out by their status.
    pub(crate) not_coming: u64,
    pub(crate) exit_code: u8,
    /// Of the confirmed rows.
    pub(crate) differing: u64,
    /// Of the confirmed rows.
    pub(crate) without_token: u64,
    /// Of the confirmed rows, and in none of the counts that need a look: removed on purpose.
    pub(crate) tokens_purged: u64,
    pub(crate) seconds: SecondsLine,
    pub(crate) journal: Option<&'a str>,
    pub(crate) run: Option<i64>,
    /// Why it ended early, if it did.
    pub(crate) stopped: Option<&'static str>,
    /// Of a sync: who was in, and was changed.
    pub(crate) updated: u64,
    /// Of a sync: who was removed. They are none of its rows.
    pub(crate) removed: u64,
    /// Of a sync: updates and removals that were refused or not answered.
    pub(crate) unchangeable: u64,
    /// Of the rows with a token: it ends before the event begins. Null if no --event-start was given.
    pub(crate) tokens_ending_before_event: Option<u64>,
}

/// The counts of a renewal of tokens: they add up to `rows`.
#[derive(Serialize)]
pub(crate) struct RefreshedLine<'a> {
    pub(crate) rows: u64,
    pub(crate) renewed: u64,
    pub(crate) renewed_before: u64,
    pub(crate) lasting: u64,
    pub(crate) found: u64,
    pub(crate) tokens_purged: u64,
    pub(crate) gone: u64,
    pub(crate) failed: u64,
    pub(crate) not_attempted: u64,
    pub(crate) tokens_ending_before_event: Option<u64>,
    pub(crate) journal: &'a str,
    pub(crate) run: i64,
    pub(crate) stopped: Option<&'static str>,
    pub(crate) exit_code: u8,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct SecondsLine {
    pub(crate) validate: f64,
    pub(crate) stage: f64,
    pub(crate) send: f64,
    pub(crate) settle: f64,
}

impl<'a> Line<'a> {
    /// The events that programs hear of as they come; the others have a line of their own.
    pub(in super::super) fn of_event(event: &Event<'_>) -> Option<Self> {
        Some(match event {
            Event::Accepted { to_send, present } => Self::Accepted { to_send: *to_send, present: *present },
            Event::Listing { meeting, listed, total } => {
                Self::Listing { meeting_id: meeting.to_string(), listed: *listed, total: *total }
            }
            Event::Compared { meeting, found, reconciled, conflicts, resend } => Self::Compared {
                meeting_id: meeting.to_string(),
                found: *found,
                reconciled: *reconciled,
                conflicts: *conflicts,
                resend: *resend,
            },
            Event::Waiting { reason, remaining } => {
                Self::Waiting { reason: wait_name(*reason), seconds: remaining.as_secs_f64() }
            }
            Event::Draining { in_flight } => Self::Draining { in_flight: *in_flight },
            Event::Changed { updated, removed } => Self::Changed { updated: *updated, removed: *removed },
            Event::Tokens { refreshed } => Self::Tokens { refreshed: *refreshed },
            Event::Stopped(reason) => {
                Self::Stopped { reason: stop_name(reason), message: text::stop(reason) }
            }
            Event::TokensDue { due } => Self::TokensDue { due: *due },
            Event::Read { .. }
            | Event::RosterRead(_)
            | Event::Invalid(_)
            | Event::LookAlike { .. }
            | Event::Recorded(_) => {
                return None;
            }
        })
    }

    pub(in super::super) fn look_alike(meeting: MeetingId, count: u64, first: &'a [Lookalike]) -> Self {
        let pair = |pair: &'a Lookalike| PairLine {
            custom_participant_id: &pair.planned,
            in_meeting: &pair.present,
        };
        let pairs = first.iter().map(pair).collect();
        Self::LookAlike { meeting_id: meeting.to_string(), count, pairs }
    }

    pub(crate) fn problem(problem: &'a Problem) -> Self {
        Self::Problem {
            file: &problem.location.file,
            line: problem.location.line,
            meeting_id: problem.meeting.to_string(),
            custom_participant_id: &problem.custom_participant_id,
            state: problem.state.name(),
            detail: &problem.detail,
            twin: problem.twin.as_ref().map(|twin| TwinLine {
                file: &twin.location.file,
                line: twin.location.line,
                custom_participant_id: &twin.custom_participant_id,
            }),
        }
    }

    pub(crate) fn token_problem(failure: &'a TokenFailure) -> Self {
        Self::TokenProblem {
            meeting_id: failure.participant.meeting.to_string(),
            custom_participant_id: &failure.participant.custom_participant_id,
            reason: match failure.why {
                NoToken::Gone => "gone",
                NoToken::Refused(_) => "refused",
                NoToken::Unanswered => "unanswered",
            },
            detail: text::no_token(&failure.why),
        }
    }
}

/// The stable names of the reasons.
pub(crate) fn stop_name(reason: &StopReason) -> &'static str {
    use guestlist::outcome::Stop;
    match reason {
        StopReason::Interrupted => "interrupted",
        StopReason::Answer(Stop::Unauthorized(_)) => "unauthorized",
        StopReason::Answer(Stop::Redirected(_)) => "redirected",
        StopReason::Answer(Stop::NotBuilt(_)) => "not_built",
        StopReason::Answer(Stop::Untrusted(_)) => "untrusted",
        StopReason::Outage { .. } => "outage",
        StopReason::Throttled { .. } => "throttled",
        StopReason::MeetingRefuses { .. } => "meeting_refuses",
        StopReason::ListingIncomplete { .. } => "listing_incomplete",
    }
}

fn wait_name(reason: WaitReason) -> &'static str {
    match reason {
        WaitReason::Throttled => "throttled",
        WaitReason::Outage => "outage",
        WaitReason::Settling { .. } => "settling",
    }
}
