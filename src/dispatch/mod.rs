//! The dispatcher: pace → claim → send → record, and the settling of what stays in doubt.
//!
//! * `call`: one repeatable call, paced and tried again.
//! * `listing`: a complete listing of a meeting, or none.
//! * `send`: the loop that empties the queue; `result`: what the journal keeps of an outcome; `desk`: where results
//!   wait for the journal.
//! * `settle`: waiting, listing twice, deciding; and the tokens of what was found.
//! * `trial`: whether a meeting takes anybody at all.
//!
//! Rules of the loop: every attempt is paced before its claim; a request in flight is never dropped; a slot is free
//! again only when its result is committed; the first fatal error is kept while the rest drains.

mod call;
mod clock;
mod desk;
mod journal_task;
mod listing;
mod result;
mod send;
mod settle;
#[cfg(test)]
mod tests;
mod trial;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use call::{Called, Line, call};
pub use clock::RunClock;
pub use journal_task::JournalTask;

use crate::api::ParticipantApi;
use crate::event::{Event, Observer, StopReason, WaitReason};
use crate::journal::{Journal, JournalError, Resend};
use crate::pacer::{GiveUp, Pacer, PauseReason};
use crate::sabotage::{Sabotage, active};

/// How to dispatch.
#[derive(Debug, Clone, Copy)]
pub struct DispatchSettings {
    /// Most requests on their way at once.
    pub concurrency: NonZeroUsize,
    /// How long a create that we stopped waiting for may still take effect.
    pub settle: Duration,
    /// What to do with a create that stayed absent.
    pub resend: Resend,
    /// Whether participants that were there before us get a new token, too; it may end the one in their mail.
    pub refresh_found: bool,
}

impl Default for DispatchSettings {
    /// What the command does unless told otherwise.
    fn default() -> Self {
        Self {
            concurrency: NonZeroUsize::MIN.saturating_add(15),
            settle: Duration::from_secs(150),
            resend: Resend::Allowed,
            refresh_found: false,
        }
    }
}

/// Why dispatching failed; what had been sent is in the journal.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The thread that wrote the journal panicked.
    #[error(
        "the journal's writer ended unexpectedly: this is a bug, please report it; the same command resumes"
    )]
    Writer,
}

/// What dispatching works with.
pub struct Dispatcher<A> {
    /// The API.
    pub api: Arc<A>,
    /// The pacer of the token.
    pub pacer: Pacer,
    /// The journal.
    pub journal: JournalTask,
    /// The run's clock.
    pub clock: RunClock,
    /// Who listens.
    pub observer: Arc<dyn Observer>,
    /// Cancelled when no new request may leave.
    pub cancel: CancellationToken,
    /// How.
    pub settings: DispatchSettings,
    /// What ended the run, or parts of it, early.
    pub stops: Vec<StopReason>,
    /// How long the run waited for doubts and looked them up.
    pub settling: Duration,
}

/// Closes the gate for as long as the server asked an earlier run to wait. To be called before the first request.
///
/// # Errors
/// The journal can't be read.
pub fn honour_kept_gate(
    journal: &Journal,
    pacer: &Pacer,
    clock: &RunClock,
    observer: &dyn Observer,
) -> Result<(), JournalError> {
    if let Some(remaining) = journal.gate_until()?.and_then(|until| clock.until(until)) {
        pacer.close_for(remaining, PauseReason::Throttled);
        observer.on(&Event::Waiting { reason: WaitReason::Throttled, remaining });
    }
    Ok(())
}

/// Whether the run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    GoOn,
    Stop,
}

impl<A: ParticipantApi> Dispatcher<A> {
    /// Sends what the journal has planned for this run and settles what stays in doubt. What ended it early is in
    /// [`stops`](Self::stops).
    ///
    /// # Errors
    /// The journal failed: the first error, after everything on its way had come back.
    pub async fn run(&mut self) -> Result<(), DispatchError> {
        if self.list_before_the_first_create().await? == Flow::Stop {
            return Ok(());
        }
        loop {
            if self.send_planned().await? == Flow::Stop || self.fetch_tokens().await? == Flow::Stop {
                return Ok(());
            }
            let began = Instant::now();
            let resend = self.settle_doubts().await?;
            self.settling += began.elapsed();
            if self.stopped() || self.fetch_tokens().await? == Flow::Stop || !resend {
                return Ok(());
            }
        }
    }

    /// How long a create in doubt may still take effect.
    fn settle(&self) -> Duration {
        if active(Sabotage::SettleZero) { Duration::ZERO } else { self.settings.settle }
    }

    /// What its calls go through.
    fn line(&self) -> Line<'_> {
        Line { pacer: &self.pacer, cancel: &self.cancel, observer: self.observer.as_ref() }
    }

    fn tell_waiting(&self, reason: WaitReason, remaining: Duration) {
        self.observer.on(&Event::Waiting { reason, remaining });
    }

    /// Notes why the run, or a part of it, ends early.
    fn stop(&mut self, reason: StopReason) -> Flow {
        if !self.stops.contains(&reason) {
            self.observer.on(&Event::Stopped(&reason));
            self.stops.push(reason);
        }
        Flow::Stop
    }

    /// Whether something ended the whole run.
    fn stopped(&self) -> bool {
        self.stops.iter().any(|stop| match stop {
            StopReason::Interrupted
            | StopReason::Answer(_)
            | StopReason::Outage { .. }
            | StopReason::Throttled { .. } => true,
            StopReason::MeetingRefuses { .. } | StopReason::ListingIncomplete { .. } => false,
        })
    }
}

impl From<GiveUp> for StopReason {
    fn from(why: GiveUp) -> Self {
        match why {
            GiveUp::Outage { lasted } => Self::Outage { lasted, trouble: None },
            GiveUp::ThrottledTooLong { retry_after } => Self::Throttled { retry_after: Some(retry_after) },
            GiveUp::NeverAdmitted { .. } => Self::Throttled { retry_after: None },
        }
    }
}
