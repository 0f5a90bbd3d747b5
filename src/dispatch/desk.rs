//! The desk before the journal: results and wishes for rows are laid down here, and a blocking thread carries them to
//! the disk, one synced transaction after another, for as long as there are any.
//!
//! While a transaction is on its way, more gathers; the next one takes all of it. So results are committed in groups
//! without waiting for any, and the disk never waits for the runtime. The thread ends when the desk is empty, so that
//! paused time can go on in tests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::DispatchError;
use crate::journal::{Intent, Journal, JournalError, MeetingKey, Record};

/// The desk, as the runtime sees it.
pub(super) struct Desk {
    shared: Arc<Mutex<Shared>>,
    to_runtime: UnboundedSender<Exchanged>,
    from_journal: UnboundedReceiver<Exchanged>,
    carrier: Option<JoinHandle<()>>,
    /// Transactions that `next` has handed out.
    answered: u64,
}

/// What lies on it.
struct Shared {
    /// `None` while the carrier has it.
    journal: Option<Journal>,
    records: Vec<Record>,
    claim: Option<(MeetingKey, usize)>,
    /// Until when the server asked us to wait.
    gate: Option<Timestamp>,
    /// Transactions that the carrier has begun.
    begun: u64,
    /// A journal that failed once is not believed again.
    failed: bool,
}

/// What a transaction was asked to do, and what came of it.
pub(super) struct Exchanged {
    pub(super) records: Vec<Record>,
    pub(super) claim: Option<(MeetingKey, usize)>,
    pub(super) gate: Option<Timestamp>,
    pub(super) result: Result<Vec<Intent>, JournalError>,
}

impl Desk {
    pub(super) fn before(journal: Journal) -> Self {
        let (to_runtime, from_journal) = unbounded_channel();
        let shared = Shared {
            journal: Some(journal),
            records: Vec::new(),
            claim: None,
            gate: None,
            begun: 0,
            failed: false,
        };
        Self { shared: Arc::new(Mutex::new(shared)), to_runtime, from_journal, carrier: None, answered: 0 }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lays down a result.
    pub(super) fn put(&self, record: Record) {
        self.shared().records.push(record);
    }

    /// Lays down until when the server asked us to wait, so that a restart doesn't knock on a closed door.
    pub(super) fn keep_gate(&self, until: Timestamp) {
        self.shared().gate = Some(until);
    }

    /// Whether a wish for this meeting's rows can be laid down: one meeting at a time.
    pub(super) fn takes_wishes_for(&self, meeting: MeetingKey) -> bool {
        self.shared().claim.is_none_or(|(other, _)| other == meeting)
    }

    /// Wishes for `count` more rows of a meeting. Whoever wishes keeps the count within the slots that are free, or
    /// become free by the results on the desk: both are taken to the journal in one transaction.
    pub(super) fn wish(&self, meeting: MeetingKey, count: usize) {
        let mut shared = self.shared();
        let wished = shared.claim.map_or(0, |(_, wished)| wished);
        shared.claim = Some((meeting, wished + count));
    }

    /// Sends the carrier if it is at rest and there is anything to carry. Whether [`next`](Self::next) has something to
    /// wait for.
    pub(super) fn carry(&mut self) -> bool {
        let mut shared = self.shared();
        if shared.is_empty() || shared.failed {
            return shared.begun > self.answered;
        }
        if let Some(journal) = shared.journal.take() {
            drop(shared);
            let (shared, to_runtime) = (Arc::clone(&self.shared), self.to_runtime.clone());
            self.carrier = Some(tokio::task::spawn_blocking(move || carry(journal, &shared, &to_runtime)));
        }
        true
    }

    /// The next finished transaction; never, if none is under way.
    pub(super) async fn next(&mut self) -> Exchanged {
        match self.from_journal.recv().await {
            Some(exchanged) => {
                self.answered += 1;
                exchanged
            }
            // Can't be: the desk holds a sender itself.
            None => std::future::pending().await,
        }
    }

    /// Waits until the carrier rests. The journal, and the results that it could not take.
    pub(super) async fn clear(mut self) -> Result<(Journal, Vec<Record>), DispatchError> {
        if let Some(carrier) = self.carrier.take() {
            carrier.await.map_err(|_| DispatchError::Writer)?;
        }
        let mut shared = self.shared();
        let journal = shared.journal.take().ok_or(DispatchError::Writer)?;
        Ok((journal, std::mem::take(&mut shared.records)))
    }
}

impl Shared {
    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.claim.is_none() && self.gate.is_none()
    }
}

/// Carries what lies on the desk, until nothing does or the journal fails.
fn carry(mut journal: Journal, shared: &Mutex<Shared>, to_runtime: &UnboundedSender<Exchanged>) {
    loop {
        let (mut records, claim, gate) = {
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            if shared.is_empty() || shared.failed {
                shared.journal = Some(journal);
                return;
            }
            shared.begun += 1;
            (std::mem::take(&mut shared.records), shared.claim.take(), shared.gate.take())
        };
        let kept = gate.map_or(Ok(()), |until| journal.keep_gate(Some(until)));
        let result = kept.and_then(|()| journal.exchange(&mut records, claim));
        if result.is_err() {
            shared.lock().unwrap_or_else(PoisonError::into_inner).failed = true;
        }
        // The runtime is gone only if the process ends: what is committed is committed.
        let _ = to_runtime.send(Exchanged { records, claim, gate, result });
    }
}
