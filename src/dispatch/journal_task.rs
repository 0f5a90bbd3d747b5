//! The journal off the runtime: its calls block on the disk, so each goes to a blocking thread and comes back.

use super::DispatchError;
use crate::journal::{Journal, JournalError};

/// A journal that is called from async code, one call at a time.
#[derive(Debug)]
pub struct JournalTask {
    /// `None` while it is lent out.
    journal: Option<Journal>,
    thread: Thread,
}

/// On which thread the journal's calls block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thread {
    /// One of the runtime's blocking threads.
    Blocking,
    /// The caller's.
    Callers,
}

impl JournalTask {
    /// Takes a journal over.
    pub fn new(journal: Journal) -> Self {
        Self { journal: Some(journal), thread: Thread::Blocking }
    }

    /// The same for who has one thread and wants one order of events: every call blocks the caller. With paused time a
    /// run is then the same each time.
    pub fn on_this_thread(journal: Journal) -> Self {
        Self { journal: Some(journal), thread: Thread::Callers }
    }

    /// The journal, when the run has ended.
    ///
    /// # Errors
    /// [`DispatchError::Writer`] if a call panicked: the journal went down with it.
    pub fn into_inner(self) -> Result<Journal, DispatchError> {
        self.journal.ok_or(DispatchError::Writer)
    }

    /// Lends the journal out; [`take_back`](Self::take_back) ends that.
    pub(super) fn take(&mut self) -> Result<(Journal, Thread), DispatchError> {
        Ok((self.journal.take().ok_or(DispatchError::Writer)?, self.thread))
    }

    pub(super) fn take_back(&mut self, journal: Journal) {
        self.journal = Some(journal);
    }

    /// One call, from beginning to end.
    pub(super) async fn call<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Journal) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, DispatchError> {
        let (mut journal, thread) = self.take()?;
        let (journal, result) = match thread {
            Thread::Callers => {
                let result = work(&mut journal);
                (journal, result)
            }
            Thread::Blocking => {
                let task = tokio::task::spawn_blocking(move || {
                    let result = work(&mut journal);
                    (journal, result)
                });
                task.await.map_err(|_| DispatchError::Writer)?
            }
        };
        self.take_back(journal);
        Ok(result?)
    }
}
