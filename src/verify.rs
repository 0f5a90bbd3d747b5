//! Holding meetings against the journal: list → compare → report. Nothing is sent but reads, and the journal is only to
//! be a copy: what differs is kept in it until it is removed.

use std::time::Duration;

use crate::api::ParticipantApi;
use crate::dispatch::{DispatchError, DispatchSettings, Dispatcher, JournalTask, honour_kept_gate};
use crate::event::StopReason;
use crate::import::ImportContext;
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
    context: ImportContext<A>,
) -> Result<VerifyReport, DispatchError> {
    let ImportContext { api, pacer, mut journal, clock, observer, cancel } = context;
    honour_kept_gate(&mut journal, &pacer, &clock, observer.as_ref())?;
    let meetings = journal.confirmed_meetings(&settings.target, settings.meeting)?;
    let mut dispatcher = Dispatcher {
        api,
        pacer,
        journal: JournalTask::new(journal),
        clock,
        observer,
        cancel,
        settings: settings.dispatch,
        stops: Vec::new(),
        settling: Duration::ZERO,
    };
    let meetings = dispatcher.audit(meetings).await?;
    Ok(VerifyReport { meetings, stops: dispatcher.stops, journal: dispatcher.journal.into_inner()? })
}
