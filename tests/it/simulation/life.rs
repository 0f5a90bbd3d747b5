//! One life of the process: it opens the journal, stages its roster, runs, and ends or dies.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use guestlist::dispatch::{DispatchSettings, Dispatcher, JournalTask, RunClock, honour_kept_gate};
use guestlist::event::{Event, Observer, Silent, StopReason};
use guestlist::journal::{
    Acceptance, ExportFilter, IdSource, Journal, JournalError, JournalReader, StageInto, StageRow, Tally,
};
use guestlist::model::Participant;
use guestlist::pacer::{Pacer, PacerSettings, Rate, Server};
use guestlist::roster::OnDuplicate;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::api::{Api, target};
use super::world::{Life, World};

/// How a life ends, unless its work is done before.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Done,
    /// It dies after so many milliseconds.
    DiesAt(u64),
    /// It dies when it has told so many events: between a commit and what follows it, say.
    DiesAtEvent(u64),
    /// It dies at the departure of this request.
    DiesAtRequest(u64),
    /// It dies before its roster is accepted.
    DiesStaging,
    /// Ctrl-C after so many milliseconds.
    Interrupted(u64),
    /// Ctrl-C when it has told so many events: with rows claimed that haven't left, say.
    InterruptedAtEvent(u64),
}

/// What a life that came to its end said.
pub(super) struct Ran {
    pub(super) tally: Tally,
    pub(super) stops: Vec<StopReason>,
    pub(super) filter: ExportFilter,
}

/// No run may take longer.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// No run is woken more often: it would spin.
const MOST_WAKES: u64 = 30_000;

/// What a life starts with.
pub(super) struct Birth<'a> {
    pub(super) world: &'a Arc<World>,
    pub(super) journal: &'a Path,
    pub(super) roster: &'a [Participant],
    pub(super) number: u32,
    pub(super) end: End,
    /// By how many seconds the clock on the wall is wrong.
    pub(super) clock_off_by: i64,
}

impl Birth<'_> {
    /// Lives. `None`: it died.
    pub(super) async fn live(self) -> Option<Ran> {
        let world = self.world;
        world.note(&format!("life {} of {} rows: {:?}", self.number, self.roster.len(), self.end));
        self.enter();
        let clock = self.clock();
        let journal = self.open(clock).await;
        if matches!(self.end, End::DiesStaging) {
            return None;
        }
        let filter = ExportFilter { run: Some(journal.run()), ..ExportFilter::default() };
        if world.nature.watches_the_journal {
            world.state().reader = JournalReader::open(self.journal).ok();
        }
        let ended = self.dispatch(journal, clock).await;
        world.state().reader = None;
        world.note(&format!("life {} ends: {:?}", self.number, ended.as_ref().map(|(tally, _)| tally)));
        ended.map(|(tally, stops)| Ran { tally, stops, filter })
    }

    fn enter(&self) {
        let mut life = Life::new(self.number);
        if let End::DiesAtRequest(request) = self.end {
            life.dies_at_request = Some(request);
        }
        self.world.state().life = life;
    }

    fn clock(&self) -> RunClock {
        let since = SignedDuration::from_millis(i64::try_from(self.world.now()).unwrap());
        let wall = Timestamp::from_second(1_800_000_000 + self.clock_off_by).unwrap() + since;
        RunClock::starting_at(wall)
    }

    /// The journal with the roster in it; waits until a dead life's last write has let go of it.
    async fn open(&self, clock: RunClock) -> Journal {
        let mut journal = loop {
            match Journal::open(self.journal, "http://simulated", "import", || clock.now()) {
                Ok(journal) => break journal,
                Err(JournalError::InUse { .. }) => tokio::task::yield_now().await,
                Err(error) => panic!("the journal can't be opened: {error}"),
            }
        };
        let roster = journal.add_roster("roster.csv").unwrap();
        let target = target();
        let into = StageInto {
            target: &target,
            roster,
            id_source: &IdSource::Column("id".to_owned()),
            new_id_source: false,
            on_duplicate: OnDuplicate::Stop,
        };
        let rows = self.roster.iter().zip(2..);
        let rows = rows.map(|(participant, line)| StageRow { participant, line, extra: None, person: None });
        assert_eq!(journal.stage(into, rows).unwrap(), []);
        if !matches!(self.end, End::DiesStaging) {
            journal.accept(clock.now(), Acceptance::default()).unwrap();
            let keys = self.roster.iter().map(|row| &row.key);
            let keys = keys.map(|key| (key.meeting, key.custom_participant_id.clone()));
            self.world.state().life.sends = keys.collect();
        }
        journal
    }

    async fn dispatch(&self, mut journal: Journal, clock: RunClock) -> Option<(Tally, Vec<StopReason>)> {
        let nature = &self.world.nature;
        let pacer = Pacer::new(PacerSettings {
            rate: Rate::Unlimited,
            server: Server::Loopback,
            burst: nature.concurrency,
            max_outage: Duration::from_secs(900),
        });
        honour_kept_gate(&mut journal, &pacer, &clock, &Silent).unwrap();
        let cancel = CancellationToken::new();
        let (world, events) = (Arc::clone(self.world), AtomicU64::new(0));
        let watcher = Watcher { world, end: self.end, cancel: cancel.clone(), events };
        let mut dispatcher = Dispatcher {
            api: Arc::new(Api { world: Arc::clone(self.world), life: self.number }),
            pacer,
            journal: if nature.one_thread {
                JournalTask::on_this_thread(journal)
            } else {
                JournalTask::new(journal)
            },
            clock,
            observer: Arc::new(watcher) as Arc<dyn Observer>,
            cancel: cancel.clone(),
            settings: DispatchSettings {
                concurrency: NonZeroUsize::new(nature.concurrency).unwrap(),
                settle: Duration::from_millis(nature.settle),
                resend: nature.resend,
                refresh_found: nature.refresh_found,
            },
            stops: Vec::new(),
            settling: Duration::ZERO,
        };
        let lived = self.until_its_end(dispatcher.run(), cancel).await;
        if !lived {
            drop(dispatcher);
            self.bury().await;
            return None;
        }
        let stops = std::mem::take(&mut dispatcher.stops);
        match dispatcher.journal.into_inner() {
            Ok(journal) => Some((journal.tally().unwrap(), stops)),
            Err(error) => {
                self.world.violation(format!("the run lost its journal: {error}"));
                None
            }
        }
    }

    /// Whether the run came to its end before its life did.
    async fn until_its_end<E: std::fmt::Display>(
        &self,
        run: impl Future<Output = Result<(), E>>,
        cancel: CancellationToken,
    ) -> bool {
        let doom = self.world.state().life.doom.clone();
        let dies_at = match self.end {
            End::DiesAt(at) => Duration::from_millis(at),
            _ => LONGEST,
        };
        let ended = tokio::select! {
            biased;
            () = doom.cancelled() => None,
            () = tokio::time::sleep(dies_at) => {
                if dies_at == LONGEST {
                    self.world.violation("the run doesn't end".to_owned());
                }
                None
            }
            () = self.interrupt_in_time(&cancel) => None,
            ended = woken_at_most(MOST_WAKES, run) => {
                if ended.is_none() && !matches!(self.end, End::DiesAtEvent(_)) {
                    self.world.violation("the run spins".to_owned());
                }
                ended
            }
        };
        if let Some(Err(error)) = &ended {
            self.world.violation(format!("the run failed: {error}"));
        }
        ended.is_some()
    }

    /// Presses Ctrl-C, and never ends.
    async fn interrupt_in_time(&self, cancel: &CancellationToken) {
        if let End::Interrupted(at) = self.end {
            tokio::time::sleep(Duration::from_millis(at)).await;
            interrupt(self.world, cancel);
        }
        std::future::pending::<()>().await;
    }

    /// Waits until what the dead life had on its way goes on by itself.
    async fn bury(&self) {
        self.world.note("it is dead");
        while self.world.state().life.under_way.values().sum::<usize>() > 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// Ctrl-C.
fn interrupt(world: &World, cancel: &CancellationToken) {
    // With several on their way, what was about to leave at this moment may still do so.
    let at = if world.nature.concurrency == 1 { 0 } else { world.now() };
    world.note("Ctrl-C");
    world.state().life.interrupted_at = Some(at);
    cancel.cancel();
}

/// Thrown to end a life on the spot: how far it would still come otherwise is up to the threads.
struct Death;

/// Ends a life, or presses Ctrl-C, at one of the events that it tells.
struct Watcher {
    world: Arc<World>,
    end: End,
    cancel: CancellationToken,
    events: AtomicU64,
}

impl Observer for Watcher {
    fn on(&self, _event: &Event<'_>) {
        let number = 1 + self.events.fetch_add(1, Ordering::Relaxed);
        match self.end {
            End::DiesAtEvent(at) if at == number => {
                // The event may be told by a task, whose unwinding ends nobody else.
                self.world.state().life.doom.cancel();
                resume_unwind(Box::new(Death))
            }
            End::InterruptedAtEvent(at) if at == number => interrupt(&self.world, &self.cancel),
            _ => {}
        }
    }
}

/// The future's result, unless it dies, or is woken more often than that.
async fn woken_at_most<T>(most: u64, future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let mut wakes = 0;
    std::future::poll_fn(move |context| {
        wakes += 1;
        if wakes > most {
            return Poll::Ready(None);
        }
        catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context).map(Some))).unwrap_or_else(|thrown| {
            if thrown.is::<Death>() { Poll::Ready(None) } else { resume_unwind(thrown) }
        })
    })
    .await
}
