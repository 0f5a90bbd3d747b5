//! `guestlist import`.

use std::sync::Arc;

use super::begin::{Begun, begin};
use super::{Job, Shell, dry_run, on_runtime};
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
    let Begun { settings, journal, after } = begin("import", settings, job, Arc::clone(&ui)).await?;
    ui.begin_progress();
    let report = guestlist::import::import(settings, after.session.context(journal)).await;
    ui.end_progress();
    Ok(after.conclude(report?, job))
}
