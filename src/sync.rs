//! Keeping meetings in step with a roster: read → validate → stage → survey → limits → accept → add → update → remove.
//!
//! Nothing is kept of what was planned beside the journal's rows themselves: a sync that was interrupted is compared
//! anew by the next one, and updates and removals may be repeated freely. People are added as an import adds them.

use std::time::Instant;

use crate::api::ParticipantApi;
use crate::dispatch::{Changed, DispatchSettings, Removal, Requester, RunContext};
use crate::event::{Event, StopReason};
use crate::import::{
    ImportError, ImportReport, ImportSettings, Intake, OnInvalid, PROBLEMS_SHOWN, RunSummary, read_in,
};
use crate::journal::{Acceptance, Journal, Judged, MeetingPlan};
use crate::plan::RemovalLimit;
use crate::roster::LeftOut;

/// What to keep in step and how.
pub struct SyncSettings {
    /// The roster, and how to read and send it. Differences are updated, so that none is accepted.
    pub import: ImportSettings,
    /// Who is to be removed.
    pub removal: Removal,
    /// The most that may be removed from one meeting.
    pub most: RemovalLimit,
}

/// What a roster would change.
#[derive(Debug)]
pub struct Planned {
    /// The counts of the rows that were read; nothing was sent.
    pub summary: RunSummary,
    /// The rows of people who don't come, by their status.
    pub not_coming: LeftOut,
    /// What is to be done in each meeting that could be listed completely.
    pub meetings: Vec<MeetingPlan>,
    /// Why nobody may be removed, or nothing be done at all.
    pub barriers: Vec<Barrier>,
    /// What kept a meeting, or all of them, from being looked at.
    pub stops: Vec<StopReason>,
    /// Whether the roster could be taken: if not, `meetings` is empty.
    pub readable: bool,
    /// The journal, with the planned changes.
    pub journal: Journal,
}

/// Why nobody may be removed, or nothing be done at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barrier {
    /// Some rows are invalid: who they are isn't known, so that nobody can be said to be missing from the roster.
    InvalidRows(u64),
    /// Some valid rows were left out by a limit.
    LeftOut(u64),
    /// Nobody is on the roster: that is more likely a mistake than a wish.
    EmptyRoster,
    /// More would be removed from a meeting than the limit allows.
    TooMany {
        /// What would be done there.
        meeting: MeetingPlan,
        /// How many would be removed.
        removals: u64,
        /// How many may be.
        most: u64,
    },
}

impl Barrier {
    /// Whether nothing at all is done; otherwise people are added and updated, and nobody is removed.
    pub fn forbids_everything(self) -> bool {
        match self {
            Self::EmptyRoster | Self::TooMany { .. } => true,
            Self::InvalidRows(_) | Self::LeftOut(_) => false,
        }
    }
}

impl Planned {
    /// Whether a safety limit forbids every change.
    pub fn is_forbidden(&self) -> bool {
        self.barriers.iter().any(|barrier| barrier.forbids_everything())
    }

    /// Whether a sync would change anything in a meeting, removals as `removal` says.
    pub fn has_changes(&self, removal: Removal) -> bool {
        let changes = |plan: &MeetingPlan| {
            let counts = plan.counts;
            counts.add + counts.add_again + counts.update + counts.unsettled + removals(plan, removal) > 0
        };
        self.meetings.iter().any(changes)
    }

    /// Who may be removed, everything considered.
    fn allowed(&self, wanted: Removal) -> Removal {
        if self.barriers.is_empty() && self.stops.is_empty() { wanted } else { Removal::Nobody }
    }
}

/// How many ids these meetings hold more than once.
pub fn conflicts(meetings: &[MeetingPlan]) -> u64 {
    meetings.iter().map(|plan| plan.counts.conflict).sum()
}

/// How many a sync would remove from a meeting.
pub fn removals(plan: &MeetingPlan, removal: Removal) -> u64 {
    removal.kinds().iter().map(|kind| plan.counts.of(*kind)).sum()
}

/// How a sync ended.
#[derive(Debug)]
pub struct SyncReport {
    /// What was to be done in each meeting.
    pub meetings: Vec<MeetingPlan>,
    /// Why nobody was removed, or nothing was done at all.
    pub barriers: Vec<Barrier>,
    /// Who was to be removed, unless a barrier forbids it.
    pub removal: Removal,
    /// What was updated and removed.
    pub changed: Changed,
    /// The rows, as an import reports them.
    pub import: ImportReport,
}

/// A roster taken in and compared, with what is needed to go on.
struct Surveyed<A> {
    planned: Planned,
    requester: Requester<A>,
    dispatch: DispatchSettings,
}

/// Finds out what a sync would do. The journal is changed, the meetings are not: it is for a copy of a journal.
///
/// # Errors
/// It could not be carried out.
pub async fn plan<A: ParticipantApi>(
    settings: SyncSettings,
    context: RunContext<A>,
) -> Result<Planned, ImportError> {
    Ok(survey(settings, context).await?.planned)
}

/// Brings meetings in step with a roster. `approve` is shown the plan before anything is changed: if it says no, nothing
/// is.
///
/// # Errors
/// It could not be carried out; what had been done is in the journal. Rows that can't be added are no errors.
pub async fn sync<A: ParticipantApi>(
    settings: SyncSettings,
    context: RunContext<A>,
    approve: impl FnOnce(&Planned) -> bool,
) -> Result<SyncReport, ImportError> {
    let wanted = settings.removal;
    let same_person = settings.import.same_person;
    let Surveyed { mut planned, requester, dispatch } = survey(settings, context).await?;
    if requester.cancel.is_cancelled() && !planned.stops.contains(&StopReason::Interrupted) {
        planned.stops.push(StopReason::Interrupted);
    }
    let removal = planned.allowed(wanted);
    let ended = planned.stops.iter().any(StopReason::ends_the_run);
    if !planned.readable || planned.is_forbidden() || ended || !approve(&planned) {
        let Planned { meetings, barriers, stops, journal, summary, not_coming, .. } = planned;
        let import =
            ImportReport { summary, accepted: false, stops, problems: Vec::new(), not_coming, journal };
        return Ok(SyncReport { meetings, barriers, removal: wanted, changed: Changed::default(), import });
    }
    let Planned { meetings, barriers, stops, mut journal, not_coming, mut summary, .. } = planned;
    let acceptance = Acceptance {
        invalid: summary.invalid,
        left_out: summary.left_out,
        same_person,
        judged: Judged::Before,
    };
    journal.accept(requester.clock.now(), acceptance)?;
    journal.begin_changes()?;
    let before = journal.tally()?;
    requester.observer.on(&Event::Accepted { to_send: before.not_attempted, present: before.present });
    let mut dispatcher = requester.dispatcher(journal, dispatch);
    dispatcher.stops = stops;
    let began = Instant::now();
    dispatcher.run().await?;
    let changed = dispatcher.change(removal).await?;
    let waited = dispatcher.settling;
    let journal = dispatcher.journal.into_inner()?;
    summary.tally = journal.tally()?;
    summary.seconds.settle = waited.as_secs_f64();
    summary.seconds.send = began.elapsed().saturating_sub(waited).as_secs_f64();
    let problems = journal.problems(PROBLEMS_SHOWN)?;
    let import =
        ImportReport { summary, accepted: true, stops: dispatcher.stops, problems, not_coming, journal };
    Ok(SyncReport { meetings, barriers, removal: wanted, changed, import })
}

/// Takes the roster in and looks at every meeting that it names.
async fn survey<A: ParticipantApi>(
    settings: SyncSettings,
    context: RunContext<A>,
) -> Result<Surveyed<A>, ImportError> {
    let SyncSettings { import, removal, most } = settings;
    let (on_invalid, dispatch, same_person) = (import.on_invalid, import.dispatch, import.same_person);
    let (intake, requester) = read_in(import, context).await?;
    let refused = on_invalid == OnInvalid::Stop && intake.invalid > 0;
    let interrupted = requester.cancel.is_cancelled();
    let (summary, not_coming, journal) = unaccepted(intake);
    // Of a roster that is refused it isn't known whom it names.
    let mut barriers = if refused { vec![Barrier::InvalidRows(summary.invalid)] } else { barriers(&summary) };
    if refused || interrupted || barriers.contains(&Barrier::EmptyRoster) {
        let stops = if interrupted { vec![StopReason::Interrupted] } else { Vec::new() };
        let readable = !refused && !interrupted;
        let planned =
            Planned { summary, not_coming, meetings: Vec::new(), barriers, stops, readable, journal };
        return Ok(Surveyed { planned, requester, dispatch });
    }
    let mut dispatcher = requester.clone().dispatcher(journal, dispatch);
    let meetings = dispatcher.survey(same_person).await?;
    let (stops, journal) = (dispatcher.stops, dispatcher.journal.into_inner()?);
    barriers.extend(meetings.iter().filter_map(|plan| too_many(plan, removal, most)));
    let planned = Planned { summary, not_coming, meetings, barriers, stops, readable: true, journal };
    Ok(Surveyed { planned, requester, dispatch })
}

fn unaccepted(intake: Intake) -> (RunSummary, LeftOut, Journal) {
    let report = intake.report_unaccepted(Vec::new());
    (report.summary, report.not_coming, report.journal)
}

fn barriers(counts: &RunSummary) -> Vec<Barrier> {
    let mut barriers = Vec::new();
    if counts.rows == counts.invalid + counts.left_out + counts.repeated + counts.not_coming {
        barriers.push(Barrier::EmptyRoster);
    }
    if counts.invalid > 0 {
        barriers.push(Barrier::InvalidRows(counts.invalid));
    }
    if counts.left_out > 0 {
        barriers.push(Barrier::LeftOut(counts.left_out));
    }
    barriers
}

fn too_many(plan: &MeetingPlan, removal: Removal, limit: RemovalLimit) -> Option<Barrier> {
    let (removals, most) = (removals(plan, removal), limit.most(plan.managed));
    (removals > most).then_some(Barrier::TooMany { meeting: *plan, removals, most })
}
