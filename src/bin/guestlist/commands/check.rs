//! `guestlist check`: reads and validates, offline unless told otherwise.

use std::path::PathBuf;
use std::sync::Arc;

use guestlist::import::ApiDirectory;
use guestlist::roster::{
    self, CheckEvent, CheckReport, Directory, Offline, ReadOptions, RosterRow, RosterSource,
};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::connect::Connection;
use super::page_file::PageFile;
use super::rejected::RejectedFile;
use super::{Shell, on_runtime, rosters};
use crate::args::CheckArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::settings::{Check, Destination};
use crate::ui::{InvalidRows, Line, Listener, Preview, Ui, text};

/// What a check found, and where it was written to.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) report: CheckReport,
    pub(crate) invalid: InvalidRows,
    pub(crate) preview: Preview,
    pub(crate) asked: Asked,
    pub(crate) rejected: Option<PathBuf>,
    pub(crate) page: Option<PathBuf>,
}

/// Whether the presets and meetings are known to exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Nobody was asked.
    #[default]
    Nobody,
    /// The API was asked.
    Api,
}

/// What is made of the rows beside the result.
pub(super) struct Wanted {
    pub(super) rejected: Option<RejectedFile>,
    /// Rows to show as they would be sent.
    pub(super) preview: usize,
}

pub(super) fn run(args: &CheckArgs, shell: &Shell) -> Result<Exit, CommandError> {
    let mut settings = Check::new(args, &shell.surroundings()?)?;
    settings.notes.iter().for_each(|note| shell.ui.note(note));
    let keep: Vec<_> = rosters::files(&settings.rosters).collect();
    let page = PageFile::create(settings.view.report.as_deref(), &keep)?;
    let mut checked = match settings.online.take() {
        Some(destination) => online(destination, settings, &shell.ui)?,
        None => check(&settings, &mut Offline, &shell.ui)?,
    };
    if let Some(page) = page {
        page.write(&mut checked, None)?;
    }
    let exit = if checked.report.invalid == 0 { Exit::Done } else { Exit::InvalidRoster };
    let next = "guestlist import, with the same roster and options.";
    shell.ui.text(|| text::check(&checked, next, Ui::width()));
    shell.ui.lines_of_check(&checked);
    shell.ui.line(&Line::check(&checked.report, exit.code()));
    Ok(exit)
}

fn online(destination: Destination, settings: Check, ui: &Arc<Ui>) -> Result<Checked, CommandError> {
    let ui = Arc::clone(ui);
    on_runtime(async move {
        let connection = Connection::open(destination, Check::pace()).await?;
        let mut directory = ask(&connection, CancellationToken::new(), &ui).await?;
        // The directory asks for meetings as they appear, and blocks meanwhile.
        let checking = tokio::task::spawn_blocking(move || check(&settings, &mut directory, &ui));
        let checked = checking.await.map_err(|_| CommandError::Panicked)??;
        Ok(Checked { asked: Asked::Api, ..checked })
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

fn check<D: Directory>(settings: &Check, directory: &mut D, ui: &Ui) -> Result<Checked, CommandError> {
    let keep: Vec<_> = rosters::files(&settings.rosters).collect();
    let rejected = RejectedFile::create(settings.rejected.as_ref(), &keep)?;
    let sources = rosters::open(&settings.rosters, settings.reading.caps)?;
    let wanted = Wanted { rejected, preview: settings.view.preview };
    read(&sources, &settings.reading, directory, wanted, ui, |_| {})
}

/// Reads and validates: tells every problem, writes down what is wanted, hands out the valid rows.
pub(super) fn read<D: Directory>(
    sources: &[RosterSource],
    reading: &ReadOptions,
    directory: &mut D,
    wanted: Wanted,
    ui: &Ui,
    mut take: impl FnMut(&RosterRow),
) -> Result<Checked, CommandError> {
    let Wanted { rejected: file, preview } = wanted;
    let mut rejected = file.as_ref().map(RejectedFile::writer).transpose()?;
    let mut unwritten = Ok(());
    let (mut invalid, mut preview) = (InvalidRows::default(), Preview::of(preview, reading.on_duplicate));
    let report = roster::check(sources, reading, directory, |event| match event {
        CheckEvent::Opened(decisions) => {
            preview.open(&decisions.file);
            if let Some(rejected) = rejected.as_mut().filter(|_| unwritten.is_ok()) {
                unwritten = rejected.begin(decisions);
            }
        }
        CheckEvent::Row(row) => {
            preview.add(row);
            take(row);
        }
        CheckEvent::Problem(error) => {
            invalid.add(error);
            ui.line(&Line::invalid(error));
        }
        CheckEvent::Rejected { record, errors } => {
            errors.iter().for_each(|error| preview.withdraw(&error.location));
            if let Some(rejected) = rejected.as_mut().filter(|_| unwritten.is_ok()) {
                unwritten = rejected.write(record, errors);
            }
        }
    })?;
    unwritten?;
    if let Some(rejected) = rejected {
        rejected.finish()?;
    }
    let rejected = file.map(RejectedFile::put_in_place).transpose()?;
    Ok(Checked { report, invalid, preview, rejected, ..Checked::default() })
}
