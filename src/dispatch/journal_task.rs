//! The journal off the runtime: its calls block on the disk, so each goes to a blocking thread and comes back.

use super::DispatchError;
use crate::journal::{GateKeeper, Journal, JournalError};

/// A journal that is called from async code, one call at a time.
#[derive(Debug)]
pub struct JournalTask {
    /// `None` while it is lent out.
    journal: Option<Journal>,
    gate: GateKeeper,
}

impl JournalTask {
    /// Takes a journal over.
    pub fn new(journal: Journal) -> Self {
        Self { gate: journal.gate_keeper(), journal: Some(journal) }
    }

    /// The journal, when the run has ended.
    ///
    /// # Errors
    /// [`DispatchError::Writer`] if a call panicked: the journal went down with it.
    pub fn into_inner(self) -> Result<Journal, DispatchError> {
        self.journal.ok_or(DispatchError::Writer)
    }

    /// What keeps the gate, wherever the journal is.
    pub(super) fn gate(&self) -> &GateKeeper {
        &self.gate
    }

    /// Lends the journal out; [`new`](Self::new) takes it back.
    pub(super) fn take(&mut self) -> Result<Journal, DispatchError> {
        self.journal.take().ok_or(DispatchError::Writer)
    }

    /// One call, from beginning to end.
    pub(super) async fn call<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Journal) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, DispatchError> {
        let mut journal = self.take()?;
        let task = tokio::task::spawn_blocking(move || {
            let result = work(&mut journal);
            (journal, result)
        });
        let (journal, result) = task.await.map_err(|_| DispatchError::Writer)?;
        self.journal = Some(journal);
        Ok(result?)
    }
}
