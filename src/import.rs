//! Importing a roster: read → validate → stage → accept → dispatch → report.

mod directory;
pub(crate) mod intake;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::Handle;

use crate::api::ParticipantApi;
use crate::dispatch::{DispatchError, DispatchSettings, Requester, RunContext};
use crate::event::{Event, StopReason};
use crate::journal::{Acceptance, Journal, JournalError, Judged, Problem, SamePerson, Tally};
use crate::model::Target;
use crate::roster::{LeftOut, ReadOptions, RejectedError, RejectedWriter, RosterError, RosterSource};

pub use directory::{ApiDirectory, LookUpError};
pub(crate) use intake::Intake;
pub use intake::id_source;

/// What to import and how.
pub struct ImportSettings {
    /// The account and app.
    pub target: Target,
    /// The rosters, in the order in which they are read.
    pub rosters: Vec<RosterSource>,
    /// How to read them.
    pub reading: ReadOptions,
    /// What invalid rows mean for the others.
    pub on_invalid: OnInvalid,
    /// Take only so many valid rows.
    pub limit: Option<u64>,
    /// Where the invalid rows go, as input plus what is wrong with them.
    pub rejected: Option<RejectedWriter<File>>,
    /// Whether participants that differ from the roster are taken as they are.
    pub accept_differing: bool,
    /// Whether ids may come from another source than those of earlier runs.
    pub new_id_source: bool,
    /// What to do with new ids of people who seem to be in already.
    pub same_person: SamePerson,
    /// How to dispatch.
    pub dispatch: DispatchSettings,
}

impl ImportSettings {
    /// What the command does unless told otherwise.
    pub fn new(target: Target, rosters: Vec<RosterSource>, reading: ReadOptions) -> Self {
        Self {
            target,
            rosters,
            reading,
            on_invalid: OnInvalid::Stop,
            limit: None,
            rejected: None,
            accept_differing: false,
            new_id_source: false,
            same_person: SamePerson::Hold,
            dispatch: DispatchSettings::default(),
        }
    }
}

/// What invalid rows mean for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnInvalid {
    /// Nobody is added.
    Stop,
    /// The valid ones are added.
    Skip,
}

/// How an import ended.
#[derive(Debug)]
pub struct ImportReport {
    /// The counts.
    pub summary: RunSummary,
    /// The rows of people who don't come, by their status.
    pub not_coming: LeftOut,
    /// Whether the roster was accepted: if not, nothing was sent.
    pub accepted: bool,
    /// What ended the run, or parts of it, early.
    pub stops: Vec<StopReason>,
    /// The first rows that a person should look at.
    pub problems: Vec<Problem>,
    /// The journal.
    pub journal: Journal,
}

/// The counts of an import; those of the rows add up to `rows`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RunSummary {
    /// The roster's rows.
    pub rows: u64,
    /// What became of those that the journal took.
    pub tally: Tally,
    /// Invalid rows.
    pub invalid: u64,
    /// Valid rows left out by a limit.
    pub left_out: u64,
    /// Valid rows left out since another row for the same participant counts.
    pub repeated: u64,
    /// Rows of people who don't come, by their status.
    pub not_coming: u64,
    /// Where the time went.
    pub seconds: Seconds,
}

/// Where the time of an import went. Validating and staging overlap.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Seconds {
    /// Reading and validating.
    pub validate: f64,
    /// Writing the rows into the journal.
    pub stage: f64,
    /// Listing before the first create, and sending.
    pub send: f64,
    /// Waiting for creates in doubt and looking them up.
    pub settle: f64,
}

/// Why an import could not be carried out; what had been done is in the journal.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A roster can't be read.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The API could not be asked for presets or meetings.
    #[error(transparent)]
    LookUp(#[from] LookUpError),
    /// The journal or its writer failed.
    #[error(transparent)]
    Dispatch(#[from] DispatchError),
    /// The rejected rows could not be written.
    #[error(transparent)]
    Rejected(#[from] RejectedError),
    /// The reading thread panicked.
    #[error("reading the roster ended unexpectedly: this is a bug, please report it; nothing was sent")]
    Reader,
}

impl From<JournalError> for ImportError {
    fn from(error: JournalError) -> Self {
        Self::Dispatch(error.into())
    }
}

/// Asks the API what there is, then reads, validates and stages the rosters. Nothing is sent by that.
pub(crate) async fn read_in<A: ParticipantApi>(
    settings: ImportSettings,
    context: RunContext<A>,
) -> Result<(Intake, Requester<A>), ImportError> {
    let (requester, mut journal) = context.begin()?;
    let Requester { api, pacer, clock, observer, cancel } = requester.clone();
    let directory = ApiDirectory::ask(
        api,
        pacer,
        cancel.clone(),
        Arc::clone(&observer),
        Handle::current(),
        Some((journal.gate_keeper(), clock)),
    )
    .await;
    let directory = match directory {
        Ok(directory) => directory,
        Err(error) => {
            // A run that ended is told from one that was killed; that it can't be noted is the lesser trouble.
            let _ = journal.end(clock.now());
            return Err(error.into());
        }
    };
    Ok((intake::take_in(settings, directory, journal, clock, observer, cancel).await?, requester))
}

/// The most problems that a report names.
pub(crate) const PROBLEMS_SHOWN: u32 = 20;

/// Imports a roster.
///
/// # Errors
/// The run could not be carried out. Rows that can't be added are no errors: they are in the report.
pub async fn import<A: ParticipantApi>(
    settings: ImportSettings,
    context: RunContext<A>,
) -> Result<ImportReport, ImportError> {
    let (on_invalid, accept_differing) = (settings.on_invalid, settings.accept_differing);
    let same_person = settings.same_person;
    let dispatch = settings.dispatch;
    let (intake, requester) = read_in(settings, context).await?;
    let refused = on_invalid == OnInvalid::Stop && intake.invalid > 0;
    let interrupted = requester.cancel.is_cancelled();
    if refused || interrupted {
        let stops = if interrupted { vec![StopReason::Interrupted] } else { Vec::new() };
        return Ok(intake.report_unaccepted(stops));
    }
    let mut summary = intake.summary(Tally::default());
    let Intake { mut journal, invalid, left_out, not_coming, .. } = intake;
    journal.accept(
        requester.clock.now(),
        Acceptance { invalid, left_out, same_person, judged: Judged::NotYet },
    )?;
    if accept_differing {
        journal.accept_differing()?;
    }
    let before = journal.tally()?;
    requester.observer.on(&Event::Accepted { to_send: before.not_attempted, present: before.present });
    let mut dispatcher = requester.dispatcher(journal, dispatch);
    let began = Instant::now();
    dispatcher.run().await?;
    let waited = dispatcher.settling;
    let mut journal = dispatcher.journal.into_inner()?;
    if accept_differing {
        journal.accept_differing()?;
    }
    summary.tally = journal.tally()?;
    summary.seconds.settle = waited.as_secs_f64();
    summary.seconds.send = began.elapsed().saturating_sub(waited).as_secs_f64();
    let problems = journal.problems(PROBLEMS_SHOWN)?;
    Ok(ImportReport { summary, not_coming, accepted: true, stops: dispatcher.stops, problems, journal })
}
