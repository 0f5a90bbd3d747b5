//! How an import or a sync begins: its files are made, its rosters opened, its run noted in the journal.

use std::path::PathBuf;
use std::sync::Arc;

use guestlist::export;
use guestlist::import::ImportSettings;
use guestlist::journal::{ExportFilter, Journal};

use super::conclude::After;
use super::journal_file::{self, JournalFile};
use super::rejected::RejectedFile;
use super::session::{Session, Way};
use super::{Job, rosters};
use crate::error::CommandError;
use crate::settings::Import;
use crate::ui::Ui;

/// A run that has begun.
pub(super) struct Begun {
    pub(super) settings: ImportSettings,
    pub(super) journal: Journal,
    pub(super) after: After,
}

/// The files that no result may replace: the journal's and the rosters.
pub(super) fn kept(settings: &Import) -> Vec<PathBuf> {
    let journal = settings.journal.path().into_iter().flat_map(journal_file::files);
    journal.chain(rosters::files(&settings.rosters)).collect()
}

/// Begins the run of a command, `import` say.
pub(super) async fn begin(
    command: &str,
    settings: Import,
    job: &Job,
    ui: Arc<Ui>,
) -> Result<Begun, CommandError> {
    let keep = kept(&settings);
    let file = JournalFile::prepare(settings.journal)?;
    if let Some((path, _)) = &settings.export {
        export::refuse_unsafe(path, &keep)?;
    }
    let rejected = RejectedFile::create(settings.rejected.as_ref(), &keep)?;
    let sources = rosters::open(&settings.rosters, settings.choices.reading.caps)?;
    let command = format!("{command} {}", rosters::listed(&settings.rosters));
    let way = Way { destination: settings.destination, pace: settings.pace, on_network: settings.on_network };
    let (session, journal) = Session::begin(file, way, &command, job, &ui).await?;
    let tokens = ExportFilter { meeting: None, run: Some(journal.run()) };
    job.watch(session.file.path(), &session.connection.pacer, tokens);
    let writer = rejected.as_ref().map(RejectedFile::writer).transpose()?;
    let import = settings.choices.import(session.connection.target.clone(), sources, writer);
    let (export, event_start) = (settings.export, settings.event_start);
    Ok(Begun { settings: import, journal, after: After { ui, session, rejected, export, event_start, keep } })
}
