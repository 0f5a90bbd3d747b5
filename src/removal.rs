//! Removing people without a roster: those whom a run has added, or the surplus of those who share an id.
//! list → plan → limits → remove → look again.
//!
//! Nothing is kept of the plan: an interrupted removal is planned anew by the next one, and a DELETE may be repeated.

use crate::api::ParticipantApi;
use crate::dispatch::{Changed, DispatchError, DispatchSettings, Dispatcher, Removal, RunContext};
use crate::event::StopReason;
use crate::journal::{Journal, RemovalPlan, Resend, RunNumber};
use crate::model::{MeetingId, Target};
use crate::plan::RemovalLimit;
use crate::surplus::Keep;

/// Who is to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removing {
    /// Those whom this run has added, as far as they are in still; never those who were there before us.
    AddedBy(RunNumber),
    /// The surplus of those who share an id that we manage.
    Surplus(Keep),
}

/// Whom to remove and how.
#[derive(Debug, Clone)]
pub struct RemovalSettings {
    /// The account and app.
    pub target: Target,
    /// Only from this meeting.
    pub meeting: Option<MeetingId>,
    /// Whom.
    pub whom: Removing,
    /// The most that may be removed from one meeting.
    pub most: RemovalLimit,
    /// How.
    pub dispatch: DispatchSettings,
}

/// How a removal ended.
#[derive(Debug)]
pub struct RemovalReport {
    /// Who was to be removed from each meeting that could be listed completely.
    pub meetings: Vec<RemovalPlan>,
    /// Meetings that more would be removed from than the limit allows: nobody was removed from any.
    pub too_many: Vec<TooMany>,
    /// Whether the plan was carried out.
    pub carried_out: bool,
    /// Who was removed.
    pub changed: Changed,
    /// Ids that the meetings hold more than once still.
    pub conflicts: u64,
    /// What ended it early, or kept a meeting from being looked at.
    pub stops: Vec<StopReason>,
    /// The journal, with those who were to be removed.
    pub journal: Journal,
}

/// More would be removed from a meeting than the limit allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// What would be done there.
    pub plan: RemovalPlan,
    /// How many may be removed.
    pub most: u64,
}

/// Finds out who would be removed. The meetings are not changed, nor is anything but plans in the journal: it is for a
/// copy of one.
///
/// # Errors
/// The journal failed.
pub async fn show<A: ParticipantApi>(
    settings: RemovalSettings,
    context: RunContext<A>,
) -> Result<RemovalReport, DispatchError> {
    let (mut dispatcher, meetings, too_many) = plan(settings, context).await?;
    let stops = std::mem::take(&mut dispatcher.stops);
    let journal = dispatcher.journal.into_inner()?;
    Ok(RemovalReport {
        meetings,
        too_many,
        carried_out: false,
        changed: Changed::default(),
        conflicts: 0,
        stops,
        journal,
    })
}

/// Removes them, unless a limit forbids it.
///
/// # Errors
/// The journal failed; what had been done is in it. That somebody can't be removed is no error: it is in the report.
pub async fn remove<A: ParticipantApi>(
    settings: RemovalSettings,
    context: RunContext<A>,
) -> Result<RemovalReport, DispatchError> {
    let whom = settings.whom;
    let (mut dispatcher, meetings, too_many) = plan(settings, context).await?;
    let carried_out = too_many.is_empty() && dispatcher.stops.is_empty();
    let (mut changed, mut conflicts) = (Changed::default(), 0);
    if carried_out {
        dispatcher.keep_gone().await?;
        changed = dispatcher.change(Removal::Ours).await?;
        if let Removing::Surplus(_) = whom {
            conflicts = dispatcher.look_again(meetings.iter().map(|plan| plan.meeting)).await?;
        }
    }
    let stops = std::mem::take(&mut dispatcher.stops);
    let journal = dispatcher.journal.into_inner()?;
    Ok(RemovalReport { meetings, too_many, carried_out, changed, conflicts, stops, journal })
}

async fn plan<A: ParticipantApi>(
    settings: RemovalSettings,
    context: RunContext<A>,
) -> Result<(Dispatcher<A>, Vec<RemovalPlan>, Vec<TooMany>), DispatchError> {
    let RemovalSettings { target, meeting, whom, most, dispatch } = settings;
    let (requester, journal) = context.begin()?;
    let meetings = match whom {
        Removing::AddedBy(run) => journal.meetings_sent_to(&target, meeting, run)?,
        Removing::Surplus(_) => journal.meetings_with_somebody(&target, meeting)?,
    };
    // Nothing is sent again by this: what stays in doubt is the next import's.
    let mut dispatcher = requester.dispatcher(journal, DispatchSettings { resend: Resend::Hold, ..dispatch });
    let meetings = match whom {
        Removing::AddedBy(run) => {
            dispatcher
                .plan_removals(meetings, move |journal, meeting| journal.plan_undo(meeting, run))
                .await?
        }
        Removing::Surplus(keep) => {
            dispatcher
                .plan_removals(meetings, move |journal, meeting| journal.plan_dedupe(meeting, keep))
                .await?
        }
    };
    let too_many = meetings.iter().filter_map(|plan| too_many(*plan, most)).collect();
    Ok((dispatcher, meetings, too_many))
}

fn too_many(plan: RemovalPlan, limit: RemovalLimit) -> Option<TooMany> {
    let most = limit.most(plan.managed);
    (plan.remove > most).then_some(TooMany { plan, most })
}
