//! `guestlist import`.

use std::sync::Arc;

use guestlist::dispatch::RunClock;
use guestlist::event::Observer;
use guestlist::export;
use guestlist::import::{ImportContext, ImportSettings};
use guestlist::journal::{Journal, Opening};
use guestlist::model::escape;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::conclude::After;
use super::connect::Connection;
use super::journal_file::{self, JournalFile};
use super::rejected::RejectedFile;
use super::{Shell, dry_run, on_runtime, rosters};
use crate::args::ImportArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::settings::Import;
use crate::signal;
use crate::ui::{Listener, Ui};

pub(super) fn run(args: &ImportArgs, shell: &Shell) -> Result<Exit, CommandError> {
    let settings = Import::new(args, &shell.surroundings()?)?;
    settings.notes.iter().for_each(|note| shell.ui.note(note));
    let ui = Arc::clone(&shell.ui);
    if let Some(view) = settings.dry_run.clone() {
        return on_runtime(dry_run::run(settings, view, ui));
    }
    on_runtime(import(settings, ui))
}

async fn import(settings: Import, ui: Arc<Ui>) -> Result<Exit, CommandError> {
    let file = JournalFile::prepare(settings.journal)?;
    let keep: Vec<_> =
        journal_file::files(file.path()).into_iter().chain(rosters::files(&settings.rosters)).collect();
    if let Some((path, _)) = &settings.export {
        export::refuse_unsafe(path, &keep)?;
    }
    let rejected = RejectedFile::create(settings.rejected.as_ref(), &keep)?;
    let sources = rosters::open(&settings.rosters, settings.reading.caps)?;
    let connection = Connection::open(settings.destination, settings.pace).await?;
    let clock = RunClock::starting_at(Timestamp::now());
    let command = format!("import {}", rosters::listed(&settings.rosters));
    let opening =
        Opening { command: &command, origin: Some(&connection.origin), on_network: settings.on_network };
    let journal = Journal::open_for(opening, file.path(), || clock.now())?;
    journal_file::warn_of_network(&journal, &ui);
    let afterwards = if file.is_temporary() { " (removed afterwards)" } else { "" };
    ui.note(&format!("journal: {}{afterwards}", escape(&file.path().to_string_lossy())));
    let cancel = CancellationToken::new();
    listen(&cancel, &ui, &file)?;
    let listener = Arc::new(Listener::new(Arc::clone(&ui)));
    let import = ImportSettings {
        target: connection.target.clone(),
        rosters: sources,
        reading: settings.reading,
        on_invalid: settings.on_invalid,
        limit: settings.limit,
        rejected: rejected.as_ref().map(RejectedFile::writer).transpose()?,
        accept_differing: settings.accept_differing,
        new_id_source: settings.new_id_source,
        same_person: settings.same_person,
        dispatch: settings.dispatch,
    };
    let context = ImportContext {
        api: Arc::clone(&connection.api),
        pacer: connection.pacer.clone(),
        journal,
        clock,
        observer: Arc::clone(&listener) as Arc<dyn Observer>,
        cancel,
    };
    ui.begin_progress();
    let report = guestlist::import::import(import, context).await;
    ui.end_progress();
    let export = settings.export;
    let ending = After { ui, listener, clock, file, rejected, export, keep };
    Ok(ending.conclude(report?))
}

/// The first Ctrl-C drains, the second ends the process.
pub(super) fn listen(
    cancel: &CancellationToken,
    ui: &Arc<Ui>,
    file: &JournalFile,
) -> Result<(), CommandError> {
    let ui = Arc::clone(ui);
    let notice = move || {
        ui.note("stopping: waiting for the answers on their way; press Ctrl-C again to stop at once");
    };
    signal::listen(cancel.clone(), notice, file.remover()).map_err(CommandError::Runtime)
}
