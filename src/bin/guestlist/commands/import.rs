//! `guestlist import`.

use std::sync::Arc;

use guestlist::export;
use guestlist::import::ImportSettings;

use super::conclude::After;
use super::journal_file::{self, JournalFile};
use super::rejected::RejectedFile;
use super::session::{Session, Way};
use super::{Job, Shell, dry_run, on_runtime, rosters};
use crate::args::ImportJobArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::settings::Import;
use crate::ui::Ui;

pub(super) fn run(args: &ImportJobArgs, shell: &Shell) -> Result<Exit, CommandError> {
    let settings = Import::new(&args.import, &shell.surroundings()?)?;
    settings.notes.iter().for_each(|note| shell.ui.note(note));
    let ui = Arc::clone(&shell.ui);
    if let Some(view) = settings.dry_run.clone() {
        return on_runtime(dry_run::run(settings, view, ui));
    }
    on_runtime(import(settings, &shell.job, ui))
}

async fn import(settings: Import, job: &Job, ui: Arc<Ui>) -> Result<Exit, CommandError> {
    let file = JournalFile::prepare(settings.journal)?;
    let keep: Vec<_> =
        journal_file::files(file.path()).into_iter().chain(rosters::files(&settings.rosters)).collect();
    if let Some((path, _)) = &settings.export {
        export::refuse_unsafe(path, &keep)?;
    }
    let rejected = RejectedFile::create(settings.rejected.as_ref(), &keep)?;
    let sources = rosters::open(&settings.rosters, settings.reading.caps)?;
    let command = format!("import {}", rosters::listed(&settings.rosters));
    let way = Way { destination: settings.destination, pace: settings.pace, on_network: settings.on_network };
    let (session, journal) = Session::begin(file, way, &command, job, &ui).await?;
    let import = ImportSettings {
        target: session.connection.target.clone(),
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
    ui.begin_progress();
    let report = guestlist::import::import(import, session.context(journal)).await;
    ui.end_progress();
    let (export, event_start) = (settings.export, settings.event_start);
    let ending = After { ui, session, rejected, export, event_start, keep };
    Ok(ending.conclude(report?))
}
