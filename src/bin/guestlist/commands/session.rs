//! What every command shares that speaks to the API over a journal.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use guestlist::api::HttpApi;
use guestlist::dispatch::{RunClock, RunContext};
use guestlist::event::Observer;
use guestlist::journal::{Journal, JournalError, OnNetwork, Opening};
use guestlist::model::escape;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Job;
use super::connect::Connection;
use super::journal_file::{self, JournalFile};
use crate::error::CommandError;
use crate::settings::{Destination, JournalPlace, Pace};
use crate::signal;
use crate::ui::{Line, Listener, Ui};

/// How the API is reached, and what the journal may lie on.
pub(super) struct Way {
    pub(super) destination: Destination,
    pub(super) pace: Pace,
    pub(super) on_network: OnNetwork,
}

/// A connection and a journal's file, with a clock, a listener, and Ctrl-C heeded.
pub(super) struct Session {
    pub(super) file: JournalFile,
    pub(super) connection: Connection,
    pub(super) clock: RunClock,
    pub(super) listener: Arc<Listener>,
    cancel: CancellationToken,
}

impl Session {
    /// Holds the journal for a run of `command`, waiting for another run as long as the job has patience. From here on
    /// signals are heeded: a service manager doesn't wait for another run.
    pub(super) async fn begin(
        file: JournalFile,
        way: Way,
        command: &str,
        job: &Job,
        ui: &Arc<Ui>,
    ) -> Result<(Self, Journal), CommandError> {
        let cancel = listen(ui, &file)?;
        let connection = Connection::open(way.destination, way.pace).await?;
        let opening = Opening { command, origin: Some(&connection.origin), on_network: way.on_network };
        let (journal, clock) = hold(opening, file.path(), job.wait_lock, &cancel, ui).await?;
        journal_file::warn_of_network(&journal, ui);
        let afterwards = if file.is_temporary() { " (removed afterwards)" } else { "" };
        ui.note(&format!("journal: {}{afterwards}", escape(&file.path().to_string_lossy())));
        Ok((Self::with(file, connection, clock, cancel, ui), journal))
    }

    /// Works on a copy of the journal at `source`, which is removed afterwards: whatever goes on with the journal
    /// meanwhile, nothing is written into it.
    pub(super) async fn on_a_copy(
        source: Option<&Path>,
        way: Way,
        command: &str,
        ui: &Arc<Ui>,
    ) -> Result<(Self, Journal), CommandError> {
        let copy = JournalFile::prepare(JournalPlace::Temporary)?;
        let cancel = listen(ui, &copy)?;
        let (connection, clock) = (Connection::open(way.destination, way.pace).await?, now());
        let opening = Opening { command, origin: Some(&connection.origin), on_network: way.on_network };
        let journal = Journal::open_copy(source, copy.path(), opening, clock.now())?;
        Ok((Self::with(copy, connection, clock, cancel, ui), journal))
    }

    fn with(
        file: JournalFile,
        connection: Connection,
        clock: RunClock,
        cancel: CancellationToken,
        ui: &Arc<Ui>,
    ) -> Self {
        let listener = Arc::new(Listener::new(Arc::clone(ui)));
        Self { file, connection, clock, listener, cancel }
    }

    /// Where the library does its work.
    pub(super) fn context(&self, journal: Journal) -> RunContext<HttpApi> {
        RunContext {
            api: Arc::clone(&self.connection.api),
            pacer: self.connection.pacer.clone(),
            journal,
            clock: self.clock,
            observer: Arc::clone(&self.listener) as Arc<dyn Observer>,
            cancel: self.cancel.clone(),
        }
    }
}

/// How often another run is looked after.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// The journal, once no other run holds it, and the clock of a run that begins then.
async fn hold(
    opening: Opening<'_>,
    path: &Path,
    patience: Duration,
    cancel: &CancellationToken,
    ui: &Ui,
) -> Result<(Journal, RunClock), CommandError> {
    let began = Instant::now();
    let mut told = false;
    loop {
        let clock = now();
        let left = patience.saturating_sub(began.elapsed());
        match Journal::open_for(opening, path, || clock.now()) {
            Err(JournalError::InUse { .. }) if !left.is_zero() => {
                if !std::mem::replace(&mut told, true) {
                    tell_wait(path, patience, ui);
                }
                let look_again = tokio::time::sleep(BETWEEN_LOOKS.min(left));
                if cancel.run_until_cancelled(look_again).await.is_none() {
                    return Err(CommandError::Interrupted);
                }
            }
            opened => return Ok((opened?, clock)),
        }
    }
}

fn tell_wait(journal: &Path, patience: Duration, ui: &Ui) {
    let journal = escape(&journal.to_string_lossy());
    ui.note(&format!("another run is using the journal {journal}: waiting until it has ended"));
    ui.line(&Line::Waiting { reason: "journal_in_use", seconds: patience.as_secs_f64() });
}

fn now() -> RunClock {
    RunClock::starting_at(Timestamp::now())
}

/// The first Ctrl-C drains, the second ends the process.
fn listen(ui: &Arc<Ui>, file: &JournalFile) -> Result<CancellationToken, CommandError> {
    let (cancel, ui) = (CancellationToken::new(), Arc::clone(ui));
    let notice = move || {
        ui.note("stopping: waiting for the answers on their way; press Ctrl-C again to stop at once");
    };
    signal::listen(cancel.clone(), notice, file.remover()).map_err(CommandError::Runtime)?;
    Ok(cancel)
}
