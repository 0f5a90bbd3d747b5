//! What a scheduled job needs beside its work: patience with another run, a log, metrics, and a last line that is right.

use std::fs::Permissions;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use guestlist::journal::{ExportFilter, JournalReader};
use guestlist::pacer::{Hindrance, Pacer};
use jiff::Timestamp;

use super::private_file::{Content, PrivateFile};
use super::report;
use crate::args::Command;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::ui::{Counts, Line, LogFile, Metrics, Ui, counts, last_success};

/// A file of metrics has a few hundred bytes a run; more of what is there isn't read.
const LONGEST_METRICS: u64 = 64 * 1024;

pub(crate) struct Job {
    began: Instant,
    command: &'static str,
    metrics: Option<PathBuf>,
    /// How long another run that holds the journal is waited for.
    pub(super) wait_lock: Duration,
    /// Once there is a run.
    run: Mutex<Option<Run>>,
}

/// Where the numbers of a run come from.
struct Run {
    journal: PathBuf,
    pacer: Pacer,
    /// Whose tokens are its business.
    tokens: ExportFilter,
}

impl Job {
    /// Nothing is done yet.
    pub(super) fn new(command: &Command) -> Self {
        let typed = command.job();
        Self {
            began: Instant::now(),
            command: command.job_name(),
            metrics: typed.and_then(|job| job.metrics_file.clone()),
            wait_lock: typed.and_then(|job| job.wait_lock).unwrap_or_default(),
            run: Mutex::default(),
        }
    }

    /// Looks whether the metrics can be written, and opens the log: before anything is read or sent.
    pub(super) fn begin(&mut self, command: &Command, ui: &mut Ui) -> Result<(), CommandError> {
        if let Some(path) = self.metrics.take() {
            if command.only_looks() {
                return Err(CommandError::MetricsOfALook);
            }
            PrivateFile::create(Content::Metrics, &path, &[])?;
            // From here on, whatever goes wrong is told there.
            self.metrics = Some(path);
        }
        if let Some(log) = command.job().and_then(|job| job.log_file.as_deref()) {
            ui.log_to(LogFile::open(log, self.command)?);
        }
        Ok(())
    }

    /// A run has begun.
    pub(super) fn watch(&self, journal: &Path, pacer: &Pacer, tokens: ExportFilter) {
        *self.run.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Run { journal: journal.to_owned(), pacer: pacer.clone(), tokens });
    }

    /// Tells how it ended: a collector first and then, with the last line, programs. Whatever can't be written so far
    /// is in that line's exit code.
    pub(super) fn end<'a>(&self, ui: &Ui, exit: Exit, line: impl Fn(Exit) -> Line<'a>) -> Exit {
        let exit = self.end_without_line(ui, exit, counts(&line(exit)));
        ui.line(&line(exit));
        exit
    }

    /// The same where there is no last line.
    pub(super) fn end_without_line(&self, ui: &Ui, exit: Exit, counts: Option<Counts>) -> Exit {
        let exit = ui.finish().map_or_else(|error| report(ui, &error, exit), |()| exit);
        let written = self.write_metrics(exit, counts);
        written.map_or_else(|error| report(ui, &error, exit), |()| exit)
    }

    /// In one piece: a collector never reads half of it.
    fn write_metrics(&self, exit: Exit, counts: Option<Counts>) -> Result<(), CommandError> {
        let Some(path) = &self.metrics else { return Ok(()) };
        let run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        let run = run.as_ref();
        let Hindrance { throttled, closed } = run.map(|run| run.pacer.hindrance()).unwrap_or_default();
        let now = (exit == Exit::Done).then(Timestamp::now);
        let metrics = Metrics {
            command: self.command,
            file: &path.file_stem().unwrap_or_default().to_string_lossy(),
            counts,
            exit_code: exit.code(),
            duration: self.began.elapsed(),
            last_success: now.or_else(|| last_success(&read(path)?, self.command)),
            soonest_expiry: run.and_then(soonest_expiry),
            throttled,
            gate: closed,
        };
        write(path, &metrics.render())
    }
}

/// What an earlier run has written, if it can be read.
fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path).ok()?;
    file.take(LONGEST_METRICS).read_to_string(&mut text).ok()?;
    Some(text)
}

/// A journal that can't be read has made the run fail already.
fn soonest_expiry(run: &Run) -> Option<Timestamp> {
    JournalReader::open(&run.journal).and_then(|journal| journal.soonest_expiry(run.tokens)).ok()?
}

/// Everybody may read it: the node exporter runs as another user, and nobody is named in it.
fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let file = PrivateFile::create(Content::Metrics, path, &[])?;
    let written = file.handle().map(|mut handle| {
        handle.write_all(text.as_bytes())?;
        handle.set_permissions(Permissions::from_mode(0o644))
    });
    written?.map_err(|source| file.failed(source))?;
    file.put_in_place().map(drop)
}
