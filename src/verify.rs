//! Holding meetings against the journal: list → compare → report. Nothing is sent but reads, and the journal is only to
//! be a copy: what differs is kept in it until it is removed.

use crate::api::ParticipantApi;
use crate::dispatch::{DispatchError, DispatchSettings, RunContext};
use crate::event::StopReason;
use crate::journal::{DeviationKind, Journal, MeetingAudit};
use crate::model::{MeetingId, Target};

/// What to look at.
#[derive(Debug, Clone)]
pub struct VerifySettings {
    /// The account and app.
    pub target: Target,
    /// Only this meeting.
    pub meeting: Option<MeetingId>,
    /// How.
    pub dispatch: DispatchSettings,
}

/// What was found.
#[derive(Debug)]
pub struct VerifyReport {
    /// How each meeting that could be listed completely compares with the journal.
    pub meetings: Vec<MeetingAudit>,
    /// What kept a meeting, or all of them, from being looked at.
    pub stops: Vec<StopReason>,
    /// The journal, with the ids that differ.
    pub journal: Journal,
}

impl VerifyReport {
    /// How many ids differ in a way.
    pub fn of(&self, kind: DeviationKind) -> u64 {
        self.meetings.iter().map(|meeting| meeting.of(kind)).sum()
    }
}

/// Looks at every meeting of the app that the journal has somebody in.
///
/// # Errors
/// The journal failed. That something differs is no error: it is in the report.
pub async fn verify<A: ParticipantApi>(
    settings: VerifySettings,
    context: RunContext<A>,
) -> Result<VerifyReport, DispatchError> {
    let (requester, journal) = context.begin()?;
    let meetings = journal.meetings_with_somebody(&settings.target, settings.meeting)?;
    let mut dispatcher = requester.dispatcher(journal, settings.dispatch);
    let meetings = dispatcher.audit(meetings).await?;
    Ok(VerifyReport { meetings, stops: dispatcher.stops, journal: dispatcher.journal.into_inner()? })
}
