//! The roster comes in: one thread reads and validates, another one stages what is valid.
//!
//! Batches go to the stager and come back to be filled again, with the duplicates that the journal found among them;
//! how many are on their way bounds the memory.

use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::directory::LookUpError;
use super::{ImportError, ImportReport, ImportSettings, RunSummary, Seconds};
use crate::dispatch::RunClock;
use crate::event::{Event, Observer, StopReason};
use crate::journal::{Duplicate, IdSource, Journal, JournalError, RosterKey, StageInto, StageRow, Tally};
use crate::model::Target;
use crate::roster::{
    self, Batch, DERIVATION_VERSION, Directory, FileReport, LeftOut, OnDuplicate, Read, ReadOptions, Reader,
    RejectedWriter, RosterError, RosterRow, RosterSource, verify_preset_map,
};

/// Batches on their way between the threads.
const BATCHES: usize = 4;
/// Rows of a batch; each is one transaction.
const BATCH_ROWS: usize = 4_096;

/// What the roster came to.
pub(crate) struct Intake {
    pub(crate) journal: Journal,
    pub(crate) rows: u64,
    pub(crate) invalid: u64,
    pub(crate) left_out: u64,
    pub(crate) repeated: u64,
    pub(crate) not_coming: LeftOut,
    pub(crate) seconds: Seconds,
}

impl Intake {
    /// The report of a roster that wasn't accepted: nothing was sent.
    pub(crate) fn report_unaccepted(self, stops: Vec<StopReason>) -> ImportReport {
        let others = self.invalid + self.left_out + self.repeated + self.not_coming.total();
        let not_attempted = self.rows.saturating_sub(others);
        let summary = self.summary(Tally { not_attempted, ..Tally::default() });
        let (not_coming, journal) = (self.not_coming, self.journal);
        ImportReport { summary, not_coming, accepted: false, stops, problems: Vec::new(), journal }
    }

    /// The counts of the rows, of which those that the journal took have come to `tally`.
    pub(super) fn summary(&self, tally: Tally) -> RunSummary {
        RunSummary {
            rows: self.rows,
            tally,
            invalid: self.invalid,
            left_out: self.left_out,
            repeated: self.repeated,
            not_coming: self.not_coming.total(),
            seconds: self.seconds,
        }
    }
}

/// What goes to the stager.
enum Parcel {
    /// A roster begins, which carries these columns along as far as is known yet.
    Roster(Arc<str>, Vec<String>),
    /// Some of its rows, and where their ids come from; unknown if none has one.
    Rows(Batch, Option<IdSource>),
    /// It has ended; these columns are carried along.
    End(Vec<String>),
}

/// What comes back: a batch to fill again, and which of its rows the run has named before.
type Staged = (Batch, Vec<Duplicate>);

/// Reads, validates and stages all rosters.
pub(super) async fn take_in<D: Directory + Send + 'static>(
    settings: ImportSettings,
    directory: D,
    journal: Journal,
    clock: RunClock,
    observer: Arc<dyn Observer>,
    cancel: CancellationToken,
) -> Result<Intake, ImportError> {
    let (to_stage, parcels) = sync_channel(BATCHES);
    let (to_reader, staged) = sync_channel(BATCHES + 1);
    let stager = Stager {
        journal,
        target: settings.target,
        new_id_source: settings.new_id_source,
        on_duplicate: settings.reading.on_duplicate,
        room: settings.limit.unwrap_or(u64::MAX),
        left_out: 0,
        busy: Duration::ZERO,
    };
    let reading = Reading {
        options: settings.reading,
        directory,
        rejected: settings.rejected,
        observer,
        cancel,
        to_stage,
        staged,
        on_their_way: 0,
        rows: 0,
        invalid: 0,
        repeated: 0,
        not_coming: LeftOut::default(),
        waited: Duration::ZERO,
    };
    let stager = on_its_own_thread(move || stager.run(&parcels, &to_reader));
    let reading = tokio::task::spawn_blocking(move || reading.run(&settings.rosters));
    let (stager, reading) = (stager.await, reading.await);
    // The stager's error comes first: the reader then only finds nobody to read for.
    let mut stager = stager.map_err(|_| ImportError::Reader)??;
    let reading = match reading.map_err(|_| ImportError::Reader).flatten() {
        Ok(reading) => reading,
        Err(error) => {
            // A run that ended is told from one that was killed; that it can't be noted is the lesser trouble.
            let _ = stager.journal.end(clock.now());
            return Err(error);
        }
    };
    let seconds = Seconds { validate: reading.busy, stage: stager.busy.as_secs_f64(), ..Seconds::default() };
    Ok(Intake {
        journal: stager.journal,
        rows: reading.rows,
        invalid: reading.invalid,
        left_out: stager.left_out,
        repeated: reading.repeated,
        not_coming: reading.not_coming,
        seconds,
    })
}

/// Does `work` on a thread that nothing else waits for; there is no answer if there can be no thread, or it panics.
///
/// Where memory has run out, tokio lets a task wait for a thread that it has: a reader that waits for the thread of
/// its stager would wait for ever.
fn on_its_own_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> oneshot::Receiver<T> {
    let (answer, answered) = oneshot::channel();
    // A thread that can't be had drops the work, and with it the answer.
    let _ = std::thread::Builder::new().name("stager".to_owned()).spawn(move || answer.send(work()));
    answered
}

/// Where a roster's ids come from, as the journal remembers it.
pub fn id_source(options: &ReadOptions, columns: Vec<String>) -> Option<IdSource> {
    match &options.id_source {
        roster::IdSource::Column => columns.into_iter().next().map(IdSource::Column),
        roster::IdSource::Derived(_) => {
            let key = options.id_key.as_ref().map(|key| format!(", keyed {}", key.fingerprint()));
            let rule = format!("v{DERIVATION_VERSION} of {}", columns.join(", "));
            Some(IdSource::Derived(rule + &key.unwrap_or_default()))
        }
    }
}

/// The reading thread.
struct Reading<D> {
    options: ReadOptions,
    directory: D,
    rejected: Option<RejectedWriter<File>>,
    observer: Arc<dyn Observer>,
    cancel: CancellationToken,
    to_stage: SyncSender<Parcel>,
    staged: Receiver<Staged>,
    on_their_way: usize,
    rows: u64,
    invalid: u64,
    repeated: u64,
    not_coming: LeftOut,
    waited: Duration,
}

/// What the reading thread found.
struct ReadAll {
    rows: u64,
    invalid: u64,
    repeated: u64,
    not_coming: LeftOut,
    busy: f64,
}

impl<D: Directory> Reading<D> {
    fn run(mut self, rosters: &[RosterSource]) -> Result<ReadAll, ImportError> {
        let began = Instant::now();
        verify_preset_map(&self.options, &mut self.directory).map_err(import_error)?;
        for source in rosters {
            if !self.cancel.is_cancelled() {
                self.read(source)?;
            }
        }
        for source in rosters {
            source.verify_unchanged()?;
        }
        if let Some(rejected) = self.rejected.take() {
            rejected.finish()?;
        }
        let busy = began.elapsed().saturating_sub(self.waited).as_secs_f64();
        let Self { rows, invalid, repeated, not_coming, .. } = self;
        Ok(ReadAll { rows, invalid, repeated, not_coming, busy })
    }

    fn read(&mut self, source: &RosterSource) -> Result<(), ImportError> {
        let mut reader = Reader::open(source, self.options.clone())?;
        if let Some(rejected) = &mut self.rejected {
            rejected.begin(&reader.decisions())?;
        }
        self.hand_over(Parcel::Roster(Arc::clone(source.name()), columns(&reader)));
        let before = self.rows;
        let mut more = Read::Row;
        while more != Read::End && !self.cancel.is_cancelled() {
            let mut batch =
                if self.on_their_way < BATCHES { Batch::default() } else { self.take_back(&reader)? };
            more = reader.read_batch(&mut batch, BATCH_ROWS, &mut self.directory).map_err(import_error)?;
            self.rows += batch.len() as u64;
            self.observer.on(&Event::Read { rows: self.rows });
            self.reject(&batch)?;
            self.on_their_way += 1;
            let id_source = reader.id_columns().and_then(|columns| id_source(&self.options, columns));
            self.hand_over(Parcel::Rows(batch, id_source));
        }
        while self.on_their_way > 0 {
            self.take_back(&reader)?;
        }
        let file = FileReport {
            decisions: reader.decisions(),
            extra_columns: reader.extra_columns().to_vec(),
            id_columns: reader.id_columns(),
            tickets: reader.ticket_rows(),
            rows: self.rows - before,
            not_coming: reader.left_out().clone(),
        };
        self.not_coming.add(&file.not_coming);
        if more == Read::End {
            self.observer.on(&Event::RosterRead(&file));
        }
        self.hand_over(Parcel::End(columns(&reader)));
        Ok(())
    }

    /// A stager that has ended takes nothing any more; its own error says why.
    fn hand_over(&mut self, parcel: Parcel) {
        let began = Instant::now();
        if self.to_stage.send(parcel).is_err() {
            self.on_their_way = 0;
            self.cancel_reading();
        }
        self.waited += began.elapsed();
    }

    /// A batch comes back; the rows that the run has named before are invalid after all, unless one of them counts.
    fn take_back(&mut self, reader: &Reader) -> Result<Batch, ImportError> {
        let began = Instant::now();
        let received = self.staged.recv();
        self.waited += began.elapsed();
        self.on_their_way = self.on_their_way.saturating_sub(1);
        let (batch, duplicates) = match received {
            Ok(staged) => staged,
            Err(RecvError) => {
                self.on_their_way = 0;
                self.cancel_reading();
                (Batch::default(), Vec::new())
            }
        };
        if self.options.on_duplicate != OnDuplicate::Stop {
            self.repeated += duplicates.len() as u64;
            return Ok(batch);
        }
        for Duplicate { index, first } in duplicates {
            let Some(row) = batch.rows().get(index) else { continue };
            let error = reader.duplicate(row, &first);
            self.invalid += 1;
            self.observer.on(&Event::Invalid(&error));
            if let Some(rejected) = &mut self.rejected {
                rejected.write(&row.record, &[error])?;
            }
        }
        Ok(batch)
    }

    fn cancel_reading(&mut self) {
        self.cancel = CancellationToken::new();
        self.cancel.cancel();
    }

    fn reject(&mut self, batch: &Batch) -> Result<(), ImportError> {
        for row in &batch.rejected {
            self.invalid += 1;
            row.errors.iter().for_each(|error| self.observer.on(&Event::Invalid(error)));
            if let Some(rejected) = &mut self.rejected {
                rejected.write(&row.record, &row.errors)?;
            }
        }
        Ok(())
    }
}

/// The columns that are carried along, as far as is known yet.
fn columns(reader: &Reader) -> Vec<String> {
    reader.extra_columns().iter().map(ToString::to_string).collect()
}

/// What kept the API from being asked is an error of its own kind.
fn import_error(error: RosterError) -> ImportError {
    match error {
        RosterError::Directory(unavailable) => match unavailable.0.downcast::<LookUpError>() {
            Ok(error) => ImportError::LookUp(*error),
            Err(other) => RosterError::Directory(roster::DirectoryUnavailable(other)).into(),
        },
        other => other.into(),
    }
}

/// The staging thread.
struct Stager {
    journal: Journal,
    target: Target,
    new_id_source: bool,
    on_duplicate: OnDuplicate,
    /// How many more rows may be taken.
    room: u64,
    left_out: u64,
    busy: Duration,
}

impl Stager {
    fn run(
        mut self,
        parcels: &Receiver<Parcel>,
        to_reader: &SyncSender<Staged>,
    ) -> Result<Self, JournalError> {
        let mut roster = None;
        while let Ok(parcel) = parcels.recv() {
            let began = Instant::now();
            match (parcel, roster) {
                (Parcel::Roster(file, columns), _) => {
                    let added = self.journal.add_roster(&file)?;
                    self.journal.name_extra_columns(added, &columns)?;
                    roster = Some(added);
                }
                (Parcel::Rows(batch, id_source), Some(roster)) => {
                    let duplicates = match &id_source {
                        Some(id_source) => self.stage(&batch, roster, id_source)?,
                        None => Vec::new(),
                    };
                    // A reader that has failed takes nothing back; its own error says why.
                    let _ = to_reader.send((batch, duplicates));
                }
                (Parcel::End(columns), Some(roster)) => self.journal.name_extra_columns(roster, &columns)?,
                (Parcel::Rows(..) | Parcel::End(_), None) => {}
            }
            self.busy += began.elapsed();
        }
        Ok(self)
    }

    /// Stages as many rows as there is room for. Duplicates take none.
    fn stage(
        &mut self,
        batch: &Batch,
        roster: RosterKey,
        id_source: &IdSource,
    ) -> Result<Vec<Duplicate>, JournalError> {
        let Self { target, new_id_source, on_duplicate, .. } = self;
        let (new_id_source, on_duplicate) = (*new_id_source, *on_duplicate);
        let into = StageInto { target, roster, id_source, new_id_source, on_duplicate };
        let mut rest = batch.rows();
        let mut duplicates = Vec::new();
        while self.room > 0 && !rest.is_empty() {
            let begin = batch.rows().len() - rest.len();
            let (taken, after) =
                rest.split_at(rest.len().min(usize::try_from(self.room).unwrap_or(usize::MAX)));
            let found = self.journal.stage(into, taken.iter().map(stage_row))?;
            self.room -= (taken.len() - found.len()) as u64;
            duplicates.extend(found.into_iter().map(|it| Duplicate { index: begin + it.index, ..it }));
            rest = after;
        }
        self.left_out += rest.len() as u64;
        Ok(duplicates)
    }
}

fn stage_row(row: &RosterRow) -> StageRow<'_> {
    StageRow {
        participant: &row.participant,
        line: row.line,
        extra: Some(row.extra.as_str()).filter(|extra| !extra.is_empty() && *extra != "[]"),
        person: row.person,
    }
}
