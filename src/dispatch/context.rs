//! What a run works with.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{DispatchSettings, Dispatcher, JournalTask, RunClock, honour_kept_gate};
use crate::event::Observer;
use crate::journal::{Journal, JournalError};
use crate::pacer::Pacer;

/// Where things happen.
pub struct RunContext<A> {
    /// The API.
    pub api: Arc<A>,
    /// The pacer of the token.
    pub pacer: Pacer,
    /// The journal, in which this run has begun.
    pub journal: Journal,
    /// The run's clock.
    pub clock: RunClock,
    /// Who listens.
    pub observer: Arc<dyn Observer>,
    /// Cancelled when no new request may leave.
    pub cancel: CancellationToken,
}

impl<A> RunContext<A> {
    /// Closes the gate as an earlier run has left it, and parts the journal from what requests are made with.
    pub(crate) fn begin(self) -> Result<(Requester<A>, Journal), JournalError> {
        let Self { api, pacer, mut journal, clock, observer, cancel } = self;
        honour_kept_gate(&mut journal, &pacer, &clock, observer.as_ref())?;
        Ok((Requester { api, pacer, clock, observer, cancel }, journal))
    }
}

/// A [`RunContext`] whose journal is elsewhere.
pub(crate) struct Requester<A> {
    pub(crate) api: Arc<A>,
    pub(crate) pacer: Pacer,
    pub(crate) clock: RunClock,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) cancel: CancellationToken,
}

impl<A> Requester<A> {
    pub(crate) fn dispatcher(self, journal: Journal, settings: DispatchSettings) -> Dispatcher<A> {
        let Self { api, pacer, clock, observer, cancel } = self;
        let journal = JournalTask::new(journal);
        let (stops, settling) = (Vec::new(), Duration::ZERO);
        Dispatcher { api, pacer, journal, clock, observer, cancel, settings, stops, settling }
    }
}

// Derived, it would ask for an API that can be cloned.
impl<A> Clone for Requester<A> {
    fn clone(&self) -> Self {
        Self {
            api: Arc::clone(&self.api),
            pacer: self.pacer.clone(),
            clock: self.clock,
            observer: Arc::clone(&self.observer),
            cancel: self.cancel.clone(),
        }
    }
}
