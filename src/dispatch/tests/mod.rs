//! The dispatcher on paused time, against a meeting in memory that loses answers by script. Judged by what the meeting
//! holds.

mod changes;
mod fake;
mod meetings;
mod promise;
mod stops;

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{DispatchSettings, Dispatcher, RunClock, RunContext, honour_kept_gate};
use crate::event::{Event, Observer, StopReason};
use crate::journal::{
    Acceptance, ExportFilter, ExportRow, IdSource, Journal, JournalError, JournalReader, Resend, StageInto,
    StageRow, Tally,
};
use crate::model::{MeetingId, Participant, ParticipantKey, Target};
use crate::pacer::{Pacer, PacerSettings, Rate, Server};
use crate::roster::OnDuplicate;
use fake::FakeApi;

const MEETING: &str = "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b";
const SETTLE: Duration = Duration::from_secs(150);

fn meeting() -> MeetingId {
    MEETING.parse().unwrap()
}

fn participant(id: &str) -> Participant {
    Participant {
        key: ParticipantKey { meeting: meeting(), custom_participant_id: id.to_owned() },
        name: format!("Name of {id}"),
        preset_name: "viewer".to_owned(),
        picture: None,
    }
}

/// One run after another over one journal and one meeting.
struct Scenario {
    folder: TempDir,
    api: Arc<FakeApi>,
    roster: Vec<Participant>,
    settings: DispatchSettings,
    max_outage: Duration,
    rate: Rate,
    cancel: CancellationToken,
    interrupted_by_results: bool,
    interrupted_by_a_listing: bool,
}

/// What a run came to.
struct Ran {
    tally: Tally,
    stops: Vec<StopReason>,
    waits: Vec<Duration>,
}

/// Notes the waits; interrupts the run as soon as results are durable or a listing was compared, if asked to.
#[derive(Default)]
struct Waits {
    waits: Mutex<Vec<Duration>>,
    interrupt: Option<CancellationToken>,
    interrupt_after_listing: Option<CancellationToken>,
}

impl Observer for Waits {
    fn on(&self, event: &Event<'_>) {
        let interrupt = match event {
            Event::Waiting { remaining, .. } => return self.waits.lock().unwrap().push(*remaining),
            Event::Recorded(_) => &self.interrupt,
            Event::Compared { .. } => &self.interrupt_after_listing,
            _ => return,
        };
        interrupt.iter().for_each(CancellationToken::cancel);
    }
}

/// From here on it is sent.
async fn accept(dispatcher: &mut Dispatcher<FakeApi>, clock: RunClock) {
    let now = clock.now();
    let accepted = dispatcher.journal.call(move |journal| journal.accept(now, Acceptance::default())).await;
    accepted.unwrap();
}

impl Scenario {
    /// A roster of `ids`, and an empty meeting.
    fn of(ids: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            api: Arc::new(FakeApi::default()),
            roster: ids.into_iter().map(|id| participant(id.as_ref())).collect(),
            settings: DispatchSettings {
                concurrency: NonZeroUsize::new(8).unwrap(),
                settle: SETTLE,
                resend: Resend::Allowed,
                refresh_found: false,
            },
            max_outage: Duration::from_secs(900),
            rate: Rate::Unlimited,
            cancel: CancellationToken::new(),
            interrupted_by_results: false,
            interrupted_by_a_listing: false,
        }
    }

    fn rows(count: usize) -> Self {
        Self::of((0..count).map(|n| format!("id-{n:03}")))
    }

    /// So many further rows, in another meeting.
    fn elsewhere(mut self, meeting: MeetingId, count: usize) -> Self {
        for n in 0..count {
            let mut participant = participant(&format!("there-{n:03}"));
            participant.key.meeting = meeting;
            let id = participant.key.custom_participant_id.clone();
            self.api.state.lock().unwrap().elsewhere.insert(id, meeting);
            self.roster.push(participant);
        }
        self
    }

    fn journal(&self) -> std::path::PathBuf {
        self.folder.path().join("journal.db")
    }

    /// Stages the roster in a new run.
    fn stage(&self, clock: RunClock) -> Result<Journal, JournalError> {
        let mut journal = Journal::open(&self.journal(), "http://fake", "import", || clock.now())?;
        let target = Target::new("account", "app").unwrap();
        let roster = journal.add_roster("roster.csv")?;
        let into = StageInto {
            target: &target,
            roster,
            id_source: &IdSource::Column("id".to_owned()),
            new_id_source: false,
            on_duplicate: OnDuplicate::Stop,
        };
        let rows = self.roster.iter().zip(2..).map(|(participant, line)| StageRow {
            participant,
            line,
            extra: None,
            person: None,
        });
        let duplicates = journal.stage(into, rows)?;
        assert_eq!(duplicates, []);
        Ok(journal)
    }

    async fn run(&self) -> Ran {
        let clock = RunClock::starting_at(Timestamp::from_second(1_800_000_000).unwrap());
        self.run_at(clock).await
    }

    /// What a run with the roster works with, its gate as an earlier run has left it.
    fn dispatcher(&self, clock: RunClock, waits: &Arc<Waits>) -> Dispatcher<FakeApi> {
        let context = RunContext {
            api: Arc::clone(&self.api),
            pacer: Pacer::new(PacerSettings {
                rate: self.rate,
                server: Server::Loopback,
                burst: 8,
                max_outage: self.max_outage,
            }),
            journal: self.stage(clock).unwrap(),
            clock,
            observer: Arc::clone(waits) as Arc<dyn Observer>,
            cancel: self.cancel.clone(),
        };
        let (requester, journal) = context.begin().unwrap();
        requester.dispatcher(journal, self.settings)
    }

    async fn run_at(&self, clock: RunClock) -> Ran {
        let waits = Arc::new(Waits {
            interrupt: self.interrupted_by_results.then(|| self.cancel.clone()),
            interrupt_after_listing: self.interrupted_by_a_listing.then(|| self.cancel.clone()),
            ..Waits::default()
        });
        let mut dispatcher = self.dispatcher(clock, &waits);
        accept(&mut dispatcher, clock).await;
        dispatcher.run().await.unwrap();
        let journal = dispatcher.journal.into_inner().unwrap();
        let waits = waits.waits.lock().unwrap().clone();
        Ran { tally: journal.tally().unwrap(), stops: dispatcher.stops, waits }
    }

    fn exported(&self) -> Vec<ExportRow> {
        let reader = JournalReader::open(&self.journal()).unwrap();
        let mut rows = Vec::new();
        reader
            .export(ExportFilter::default(), |row| {
                rows.push(row);
                Ok::<_, JournalError>(())
            })
            .unwrap();
        rows
    }
}
