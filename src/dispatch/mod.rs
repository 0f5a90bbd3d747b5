//! The dispatcher: pace → claim → send → record, and the settling of what stays in doubt.
//!
//! * `call`: one repeatable call, paced and tried again.
//! * `course`: where each meeting stands: listed, sent to, settled; meetings don't wait for each other.
//! * `send`: the loop that empties the queue; `result`: what the journal keeps of an outcome; `desk`: where results,
//!   wishes and errands wait for the journal.
//! * `errands`: what is done about meetings beside the sending, and what follows from it; `reconciler`: what those tasks
//!   share; `listing`: a complete listing of a meeting, or none; `scan`: whether its pages add up;
//!   `settle`: waiting, listing twice, deciding; `tokens`: those of what was found, and those that are due.
//! * `survey`: the meetings looked at before a sync; `changes`: what a sync changes of those who are in.
//! * `trial`: whether a meeting takes anybody at all; `context`: what a run works with.
//!
//! Rules of the loop: every attempt is paced before its claim; a request in flight is never dropped; a slot is free
//! again only when its result is committed; the first fatal error is kept while the rest drains.

mod call;
mod changes;
mod clock;
mod context;
mod course;
mod desk;
mod errands;
mod journal_task;
mod listing;
mod reconciler;
mod result;
mod scan;
mod send;
mod settle;
mod survey;
#[cfg(test)]
mod tests;
mod tokens;
mod trial;

use std::mem::discriminant;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

pub(crate) use call::{Called, KeptGate, Line, Once, call, once};
pub use changes::{ChangeFailure, Changed, NotMade, Removal};
pub use clock::RunClock;
pub(crate) use context::Requester;
pub use context::RunContext;
pub use journal_task::JournalTask;
pub use tokens::{Fetched, NoToken, TokenFailure};

use course::Courses;
use desk::Desk;
use reconciler::{Reconciler, Waits};
use send::Sending;

use crate::api::ParticipantApi;
use crate::event::{Event, Observer, StopReason, WaitReason};
use crate::journal::{Journal, JournalError, Resend};
use crate::pacer::{GiveUp, LONGEST_SENSIBLE, Pacer, PauseReason};
use crate::sabotage::{Sabotage, active};

/// How to dispatch.
#[derive(Debug, Clone, Copy)]
pub struct DispatchSettings {
    /// Most creates on their way at once; half as many other requests may be on theirs.
    pub concurrency: NonZeroUsize,
    /// How long a create that we stopped waiting for may still take effect.
    pub settle: Duration,
    /// What to do with a create that stayed absent.
    pub resend: Resend,
    /// Whether participants that were there before us get a new token, too; it may end the one in their mail.
    pub refresh_found: bool,
}

impl DispatchSettings {
    /// How long a create in doubt may still take effect.
    fn settle(&self) -> Duration {
        if active(Sabotage::SettleZero) { Duration::ZERO } else { self.settle }
    }
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
    /// How long the run did nothing but wait for doubts and look them up.
    pub settling: Duration,
}

/// Closes the gate for as long as the server asked an earlier run to wait. To be called before the first request.
///
/// By a clock that was set back since, that may be days. A wait that no server asks for counts as that of a 429 without
/// a `Retry-After`, and is kept so; a probe then finds out.
///
/// # Errors
/// The journal can't be read or written.
pub fn honour_kept_gate(
    journal: &mut Journal,
    pacer: &Pacer,
    clock: &RunClock,
    observer: &dyn Observer,
) -> Result<(), JournalError> {
    let now = clock.now();
    let Some(mut remaining) = journal.gate_until()?.and_then(|until| clock.until(until)) else {
        return Ok(());
    };
    if remaining > LONGEST_SENSIBLE || journal.clock_was_set_back(now)? {
        remaining = remaining.min(pacer.usual_pause());
        journal.keep_gate(Some(RunClock::after(now, remaining)))?;
    }
    pacer.close_for(remaining, PauseReason::Throttled);
    observer.on(&Event::Waiting { reason: WaitReason::Throttled, remaining });
    Ok(())
}

impl<A: ParticipantApi> Dispatcher<A> {
    /// Sends what the journal has planned for this run and settles what stays in doubt. What ended it early is in
    /// [`stops`](Self::stops).
    ///
    /// # Errors
    /// The journal failed: the first error, after everything on its way had come back.
    pub async fn run(&mut self) -> Result<(), DispatchError> {
        if self.settings.resend == Resend::Hold {
            let now = self.clock.now();
            self.journal.call(move |journal| journal.hold_back(now)).await?;
        }
        let meetings = self.journal.call(|journal| journal.meetings()).await?;
        let (journal, thread) = self.journal.take()?;
        let (desk, transactions) = Desk::before(journal, thread);
        let mut sending = Sending::new(self.reconciler(desk.clone()), transactions, Courses::new(meetings));
        self.drive(&mut sending).await;
        let fatal = sending.fatal.take();
        drop(sending);
        match (desk.clear().await, fatal) {
            (Ok((journal, _)), None) => {
                self.journal.take_back(journal);
                Ok(())
            }
            (Ok((journal, unrecorded)), Some(fatal)) => {
                self.journal.take_back(journal);
                self.record_after_all(&fatal, unrecorded).await;
                Err(fatal)
            }
            (Err(error), fatal) => Err(fatal.unwrap_or(error)),
        }
    }

    fn reconciler(&self, desk: Desk) -> Reconciler<A> {
        Reconciler {
            api: Arc::clone(&self.api),
            pacer: self.pacer.clone(),
            desk,
            clock: self.clock,
            observer: Arc::clone(&self.observer),
            halt: self.cancel.child_token(),
            settings: self.settings,
            at_once: reconciler::at_once(self.settings.concurrency),
            waits: Waits::default(),
        }
    }

    /// Lends the journal out for work that needs no loop of its own; a gate that a 429 closes is told meanwhile.
    async fn with_reconciler<T>(
        &mut self,
        work: impl AsyncFnOnce(&Reconciler<A>) -> T,
    ) -> Result<T, DispatchError> {
        let (journal, thread) = self.journal.take()?;
        let (desk, mut transactions) = Desk::before(journal, thread);
        let reconciler = self.reconciler(desk.clone());
        reconciler.waits.nothing_else(true, self.observer.as_ref());
        let done = {
            let work = work(&reconciler);
            tokio::pin!(work);
            loop {
                tokio::select! {
                    biased;
                    done = &mut work => break done,
                    exchanged = transactions.next() => self.tell_gate(exchanged.gate),
                }
            }
        };
        drop(reconciler);
        let (journal, _) = desk.clear().await?;
        self.journal.take_back(journal);
        Ok(done)
    }

    /// Told only when it is kept: whoever reads it may rely on the next run's knowing it, too.
    fn tell_gate(&self, gate: Option<Timestamp>) {
        if let Some(remaining) = gate.and_then(|until| self.clock.until(until)) {
            self.tell_waiting(WaitReason::Throttled, remaining);
        }
    }

    fn tell_waiting(&self, reason: WaitReason, remaining: Duration) {
        self.observer.on(&Event::Waiting { reason, remaining });
    }

    /// Notes why the run, or a part of it, ends early. What ends all of it is told once, however many answers say so.
    fn stop(&mut self, reason: StopReason) {
        let told = |stop: &StopReason| {
            *stop == reason || (stop.ends_the_run() && discriminant(stop) == discriminant(&reason))
        };
        if !self.stops.iter().any(told) {
            self.observer.on(&Event::Stopped(&reason));
            self.stops.push(reason);
        }
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
