//! `guestlist check`: reads and validates, offline unless told otherwise.

use std::sync::Arc;

use guestlist::import::ApiDirectory;
use guestlist::roster::{
    self, CheckEvent, CheckReport, Directory, Offline, ReadOptions, RejectedWriter, RosterRow, RosterSource,
};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::connect::Connection;
use super::rejected::RejectedFile;
use super::{Shell, on_runtime, rosters};
use crate::args::CheckArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::settings::{Check, Destination};
use crate::ui::{InvalidRows, Line, Listener, Ui, text};

pub(super) fn run(args: &CheckArgs, shell: &Shell) -> Result<Exit, CommandError> {
    let mut settings = Check::new(args, &shell.surroundings()?)?;
    settings.notes.iter().for_each(|note| shell.ui.note(note));
    let (report, invalid) = match settings.online.take() {
        Some(destination) => online(destination, settings, &shell.ui)?,
        None => check(&settings, &mut Offline, &shell.ui)?,
    };
    let exit = if report.invalid == 0 { Exit::Done } else { Exit::InvalidRoster };
    shell.ui.text(|| text::check(&report, &invalid, "guestlist import, with the same roster and options."));
    report.files.iter().for_each(|file| shell.ui.line(&Line::roster(file)));
    shell.ui.line(&Line::check(&report, exit.code()));
    Ok(exit)
}

fn online(
    destination: Destination,
    settings: Check,
    ui: &Arc<Ui>,
) -> Result<(CheckReport, InvalidRows), CommandError> {
    let ui = Arc::clone(ui);
    on_runtime(async move {
        let connection = Connection::open(destination, Check::pace()).await?;
        let mut directory = ask(&connection, CancellationToken::new(), &ui).await?;
        // The directory asks for meetings as they appear, and blocks meanwhile.
        let checking = tokio::task::spawn_blocking(move || check(&settings, &mut directory, &ui));
        checking.await.map_err(|_| CommandError::Panicked)?
    })
}

pub(super) async fn ask(
    connection: &Connection,
    cancel: CancellationToken,
    ui: &Arc<Ui>,
) -> Result<ApiDirectory<guestlist::api::HttpApi>, CommandError> {
    let (api, pacer) = (Arc::clone(&connection.api), connection.pacer.clone());
    let listener = Arc::new(Listener::new(Arc::clone(ui)));
    // No journal is held: a gate that a 429 closes ends with the process.
    Ok(ApiDirectory::ask(api, pacer, cancel, listener, Handle::current(), None).await?)
}

fn check<D: Directory>(
    settings: &Check,
    directory: &mut D,
    ui: &Ui,
) -> Result<(CheckReport, InvalidRows), CommandError> {
    let keep: Vec<_> = rosters::files(&settings.rosters).collect();
    let rejected = settings.rejected.as_deref().map(|path| RejectedFile::create(path, &keep)).transpose()?;
    let sources = rosters::open(&settings.rosters, settings.reading.caps)?;
    read(&sources, &settings.reading, directory, rejected, ui, |_| {})
}

/// Reads and validates: tells every problem, writes the invalid rows to `rejected`, hands out the valid ones.
pub(super) fn read<D: Directory>(
    sources: &[RosterSource],
    reading: &ReadOptions,
    directory: &mut D,
    file: Option<RejectedFile>,
    ui: &Ui,
    mut take: impl FnMut(&RosterRow),
) -> Result<(CheckReport, InvalidRows), CommandError> {
    let writer = file.as_ref().map(RejectedFile::writer).transpose()?;
    let mut rejected = writer.map(RejectedWriter::new);
    let mut unwritten = Ok(());
    let mut invalid = InvalidRows::default();
    let report = roster::check(sources, reading, directory, |event| match (event, &mut rejected) {
        (CheckEvent::Row(row), _) => take(row),
        (CheckEvent::Problem(error), _) => {
            invalid.add(error);
            ui.line(&Line::invalid(error));
        }
        (CheckEvent::Opened(decisions), Some(rejected)) if unwritten.is_ok() => {
            unwritten = rejected.begin(decisions);
        }
        (CheckEvent::Rejected { record, errors }, Some(rejected)) if unwritten.is_ok() => {
            unwritten = rejected.write(record, errors);
        }
        (CheckEvent::Opened(_) | CheckEvent::Rejected { .. }, _) => {}
    })?;
    unwritten?;
    rejected.map_or(Ok(None), RejectedWriter::finish)?;
    file.map_or(Ok(()), RejectedFile::put_in_place)?;
    Ok((report, invalid))
}
