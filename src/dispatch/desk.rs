//! The desk before the journal: results, wishes for rows and calls are laid down here, and a blocking thread carries
//! them to the disk for as long as there are any.
//!
//! While a transaction is on its way, more gathers; the next one takes all of it. So results are committed in groups
//! without waiting for any, and the disk never waits for the runtime. What was laid down first is never overtaken by
//! a call. The thread ends when the desk is empty, so that paused time can go on in tests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::DispatchError;
use super::journal_task::Thread;
use crate::journal::{Intent, Journal, JournalError, MeetingKey, Record};

/// The desk, as the runtime sees it. Clones are the same desk.
#[derive(Clone)]
pub(crate) struct Desk {
    shared: Arc<Mutex<Shared>>,
    to_runtime: UnboundedSender<Exchanged>,
    thread: Thread,
}

/// A call of the journal: whether it went well, and what tells its caller.
type Call = Box<dyn FnOnce(&mut Journal) -> (bool, Tell) + Send>;
type Tell = Box<dyn FnOnce() + Send>;

/// What lies on it.
struct Shared {
    /// `None` while the carrier has it.
    journal: Option<Journal>,
    load: Load,
    carrier: Option<JoinHandle<()>>,
    /// Transactions that the carrier has begun, and those that the runtime has heard of.
    begun: u64,
    heard: u64,
    /// A journal that failed once is not believed again.
    failed: bool,
}

/// What the carrier takes at once.
#[derive(Default)]
struct Load {
    records: Vec<Record>,
    claim: Option<(MeetingKey, usize)>,
    /// Until when the server asked us to wait.
    gate: Option<Timestamp>,
    calls: Vec<Call>,
}

/// What a transaction was asked to do, and what came of it.
pub(super) struct Exchanged {
    pub(super) records: Vec<Record>,
    pub(super) claim: Option<(MeetingKey, usize)>,
    pub(super) gate: Option<Timestamp>,
    pub(super) result: Result<Vec<Intent>, DispatchError>,
}

/// The transactions that have ended, one after another.
pub(super) struct Transactions {
    from_journal: UnboundedReceiver<Exchanged>,
    shared: Arc<Mutex<Shared>>,
}

impl Transactions {
    /// The next one; never, if none is under way.
    pub(super) async fn next(&mut self) -> Exchanged {
        match self.from_journal.recv().await {
            Some(exchanged) => {
                lock(&self.shared).heard += 1;
                exchanged
            }
            // Can't be: the desk holds a sender itself.
            None => std::future::pending().await,
        }
    }
}

impl Desk {
    pub(super) fn before(journal: Journal, thread: Thread) -> (Self, Transactions) {
        let (to_runtime, from_journal) = unbounded_channel();
        let shared = Shared {
            journal: Some(journal),
            load: Load::default(),
            carrier: None,
            begun: 0,
            heard: 0,
            failed: false,
        };
        let shared = Arc::new(Mutex::new(shared));
        (Self { shared: Arc::clone(&shared), to_runtime, thread }, Transactions { from_journal, shared })
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }

    /// Lays down a result.
    pub(super) fn put(&self, record: Record) {
        self.shared().load.records.push(record);
    }

    /// Lays down until when the server asked us to wait, so that a restart doesn't knock on a closed door.
    pub(super) fn keep_gate(&self, until: Timestamp) {
        self.shared().load.gate = Some(until);
    }

    /// Whether a wish for this meeting's rows can be laid down: one meeting at a time.
    pub(super) fn takes_wishes_for(&self, meeting: MeetingKey) -> bool {
        self.shared().load.claim.is_none_or(|(other, _)| other == meeting)
    }

    /// Wishes for `count` more rows of a meeting. Whoever wishes keeps the count within the slots that are free, or
    /// become free by the results on the desk: both are taken to the journal in one transaction.
    pub(super) fn wish(&self, meeting: MeetingKey, count: usize) {
        let claim = &mut self.shared().load.claim;
        let wished = claim.map_or(0, |(_, wished)| wished);
        *claim = Some((meeting, wished + count));
    }

    /// Sends the carrier if it is at rest and there is anything to carry. Whether a transaction is under way that
    /// [`Transactions::next`] will tell of.
    pub(super) fn carry(&self) -> bool {
        self.send_carrier();
        let shared = self.shared();
        shared.begun > shared.heard || (shared.load.has_transaction() && !shared.failed)
    }

    fn send_carrier(&self) {
        let mut shared = self.shared();
        if shared.load.is_empty() || shared.failed {
            return;
        }
        let Some(journal) = shared.journal.take() else { return };
        match self.thread {
            Thread::Blocking => {
                let desk = self.clone();
                shared.carrier = Some(tokio::task::spawn_blocking(move || desk.carry_all(journal)));
            }
            Thread::Callers => {
                drop(shared);
                self.carry_all(journal);
            }
        }
    }

    /// One call of the journal, from beginning to end.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Journal) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, DispatchError> {
        let (tell, told) = oneshot::channel();
        {
            let mut shared = self.shared();
            if shared.failed {
                return Err(DispatchError::Writer);
            }
            shared.load.calls.push(Box::new(move |journal| {
                let result = work(journal);
                let well = result.is_ok();
                // Nobody waits any more only if the process ends.
                (well, Box::new(move || drop(tell.send(result))))
            }));
        }
        self.send_carrier();
        Ok(told.await.map_err(|_| DispatchError::Writer)??)
    }

    /// Waits until the carrier rests. The journal, and the results that it could not take.
    pub(super) async fn clear(self) -> Result<(Journal, Vec<Record>), DispatchError> {
        let carrier = self.shared().carrier.take();
        if let Some(carrier) = carrier {
            carrier.await.map_err(|_| DispatchError::Writer)?;
        }
        let mut shared = self.shared();
        let journal = shared.journal.take().ok_or(DispatchError::Writer)?;
        Ok((journal, std::mem::take(&mut shared.load.records)))
    }

    /// Carries what lies on the desk, until nothing does or the journal fails.
    fn carry_all(&self, mut journal: Journal) {
        let _guard = Guard(self);
        loop {
            let load = {
                let mut shared = self.shared();
                if shared.failed {
                    shared.load.calls.clear();
                }
                if shared.load.is_empty() || shared.failed {
                    shared.journal = Some(journal);
                    return;
                }
                shared.begun += u64::from(shared.load.has_transaction());
                std::mem::take(&mut shared.load)
            };
            self.carry_one(&mut journal, load);
        }
    }

    /// What comes after a failure is not begun.
    fn carry_one(&self, journal: &mut Journal, load: Load) {
        let transaction = load.has_transaction();
        let Load { mut records, claim, gate, calls } = load;
        if transaction {
            let kept = gate.map_or(Ok(()), |until| journal.keep_gate(Some(until)));
            let result = kept.and_then(|()| journal.exchange(&mut records, claim));
            let well = result.is_ok();
            let exchanged = Exchanged { records, claim, gate, result: result.map_err(DispatchError::from) };
            // The runtime is gone only if the process ends: what is committed is committed.
            self.tell(well, || drop(self.to_runtime.send(exchanged)));
            if !well {
                return;
            }
        }
        for call in calls {
            let (well, tell) = call(journal);
            self.tell(well, tell);
            if !well {
                return;
            }
        }
    }

    /// Tells what came of something. Who hears of a failure, or of the desk's refusal to go on, must find both: else
    /// somebody waits for a carrier that has gone to rest, or hears of the refusal before the reason.
    fn tell(&self, well: bool, tell: impl FnOnce()) {
        let mut shared = self.shared();
        shared.failed |= !well;
        tell();
    }
}

/// A panic takes the journal with it: nobody may wait for it any more.
struct Guard<'a>(&'a Desk);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.shared().load.calls.clear();
            let result = Err(DispatchError::Writer);
            let exchanged = Exchanged { records: Vec::new(), claim: None, gate: None, result };
            self.0.tell(false, || drop(self.0.to_runtime.send(exchanged)));
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Load {
    fn has_transaction(&self) -> bool {
        !self.records.is_empty() || self.claim.is_some() || self.gate.is_some()
    }

    fn is_empty(&self) -> bool {
        !self.has_transaction() && self.calls.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;

    fn desk(folder: &tempfile::TempDir) -> (Desk, Transactions) {
        let path = folder.path().join("journal.db");
        let journal = Journal::open(&path, "http://fake", "import", || Timestamp::UNIX_EPOCH).unwrap();
        Desk::before(journal, Thread::Blocking)
    }

    #[tokio::test]
    async fn nobody_waits_for_a_journal_that_went_down() {
        let folder = tempfile::tempdir().unwrap();
        let (desk, mut transactions) = desk(&folder);
        let panics = desk.call(|_| -> Result<(), JournalError> { panic!("on purpose") }).await;
        assert!(matches!(panics, Err(DispatchError::Writer)));
        assert!(matches!(transactions.next().await.result, Err(DispatchError::Writer)));
        desk.keep_gate(Timestamp::UNIX_EPOCH);
        assert!(!desk.carry(), "nothing is to be waited for");
        assert!(matches!(desk.call(|_| Ok(())).await, Err(DispatchError::Writer)));
        assert!(matches!(desk.clear().await, Err(DispatchError::Writer)));
    }

    #[tokio::test]
    async fn nothing_is_waited_for_after_a_call_that_failed() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..50 {
            let (desk, _transactions) = desk(&folder);
            let failed =
                desk.call(|_| -> Result<(), _> { Err(JournalError::Damaged { why: String::new() }) });
            assert!(matches!(failed.await, Err(DispatchError::Journal(_))));
            desk.keep_gate(Timestamp::UNIX_EPOCH);
            assert!(!desk.carry(), "whoever hears of the failure finds the desk at rest");
            let (_journal, records) = desk.clear().await.unwrap();
            assert!(records.is_empty());
        }
    }
}
