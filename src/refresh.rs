//! Renewing tokens: judge → ask → keep, in groups.
//!
//! What is kept is renewed: an interrupted run is gone on with by the next one. Without `all`, since what was renewed
//! ends later; with it, since the journal knows which run renewed a token.

use std::time::Duration;

use jiff::SignedDuration;

use crate::api::ParticipantApi;
use crate::dispatch::{DispatchError, DispatchSettings, Fetched, RunClock, RunContext, TokenFailure};
use crate::event::{Event, StopReason};
use crate::journal::{Journal, RenewalPlan};
use crate::model::{MeetingId, Target};
use crate::renewal::{Wanted, Which};

/// An interrupted renewal of all tokens is gone on with for so long; after that it begins anew.
const GOES_ON: SignedDuration = SignedDuration::from_hours(24);

/// Whose tokens to renew and how.
#[derive(Debug, Clone)]
pub struct RefreshSettings {
    /// The account and app.
    pub target: Target,
    /// Only this meeting's.
    pub meeting: Option<MeetingId>,
    /// Which tokens.
    pub which: RefreshWhich,
    /// The command as the journal notes it: an interrupted one of the same text is gone on with.
    pub command: String,
    /// How; `refresh_found` says whether those who were there before us get one, too.
    pub dispatch: DispatchSettings,
}

/// Which tokens to renew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshWhich {
    /// Those that end within this time, or have ended, and those that were never had.
    EndingWithin(Duration),
    /// Everybody's.
    All,
}

/// How a renewal ended.
#[derive(Debug)]
pub struct RefreshReport {
    /// The counts.
    pub counts: RefreshCounts,
    /// The first tokens that could not be had.
    pub failures: Vec<TokenFailure>,
    /// What ended the run early.
    pub stops: Vec<StopReason>,
    /// The journal.
    pub journal: Journal,
}

/// The counts of a renewal; all others add up to `rows`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RefreshCounts {
    /// Participants that are in, as far as the journal knows.
    pub rows: u64,
    /// Tokens renewed by this run.
    pub renewed: u64,
    /// Tokens renewed by the interrupted run that this one goes on with.
    pub renewed_before: u64,
    /// Tokens that last long enough, or don't say when they end.
    pub lasting: u64,
    /// Participants that were there before us: left alone.
    pub found: u64,
    /// Tokens that were removed on purpose: left so.
    pub purged: u64,
    /// Participants that the API no longer knows.
    pub gone: u64,
    /// Tokens that the API refused, or didn't answer.
    pub failed: u64,
    /// Tokens that were not asked for any more.
    pub not_attempted: u64,
}

impl RefreshCounts {
    fn of(plan: RenewalPlan, fetched: &Fetched) -> Self {
        let Fetched { renewed, gone, failed, .. } = *fetched;
        Self {
            rows: plan.rows,
            renewed,
            renewed_before: plan.renewed,
            lasting: plan.lasting,
            found: plan.found,
            purged: plan.purged,
            gone,
            failed,
            not_attempted: plan.due.saturating_sub(renewed + gone + failed),
        }
    }
}

/// Renews tokens.
///
/// # Errors
/// The journal failed; what had been renewed is in it. Tokens that can't be had are no errors: they are in the report.
pub async fn refresh<A: ParticipantApi>(
    settings: RefreshSettings,
    context: RunContext<A>,
) -> Result<RefreshReport, DispatchError> {
    let (requester, mut journal) = context.begin()?;
    let now = requester.clock.now();
    let (which, since) = match settings.which {
        RefreshWhich::EndingWithin(within) => (Which::EndingBefore(RunClock::after(now, within)), None),
        RefreshWhich::All => {
            let not_before = now.saturating_sub(GOES_ON).unwrap_or(jiff::Timestamp::MIN);
            (Which::All, journal.unfinished(&settings.command, not_before)?)
        }
    };
    let wanted = Wanted { which, found: settings.dispatch.refresh_found };
    let plan = journal.plan_renewal(&settings.target, settings.meeting, wanted, since)?;
    requester.observer.on(&Event::TokensDue { due: plan.due });
    let mut dispatcher = requester.dispatcher(journal, settings.dispatch);
    let fetched = dispatcher.renew().await?;
    let journal = dispatcher.journal.into_inner()?;
    let counts = RefreshCounts::of(plan, &fetched);
    Ok(RefreshReport { counts, failures: fetched.failures, stops: dispatcher.stops, journal })
}
