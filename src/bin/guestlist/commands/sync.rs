//! `guestlist plan` and `guestlist sync`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use guestlist::dispatch::Removal;
use guestlist::journal::{ChangeKind, Journal, PlannedChange};
use guestlist::sync::{Planned, SyncReport, SyncSettings};

use super::begin::{Begun, begin, kept};
use super::private_file::{Content, PrivateFile, PrivateWriter};
use super::saved_plan::{self, SavedPlan};
use super::session::{Session, Way};
use super::{Job, Shell, on_runtime, rosters};
use crate::args::{PlanArgs, RemovalArgs, SyncArgs};
use crate::error::CommandError;
use crate::exit::{self, Exit};
use crate::settings::{Import, SettingsError};
use crate::ui::{Line, Ui, text};

/// What `plan` was asked for beside the plan.
struct Wanted {
    removal: RemovalArgs,
    detailed_exitcode: bool,
    out: Option<PathBuf>,
}

pub(super) fn plan(args: &PlanArgs, shell: &Shell) -> Result<Exit, CommandError> {
    let settings = Import::planned(&args.import, &shell.surroundings()?)?;
    settings.notes.iter().for_each(|note| shell.ui.note(note));
    let wanted =
        Wanted { removal: args.removal, detailed_exitcode: args.detailed_exitcode, out: args.out.clone() };
    on_runtime(make_plan(settings, wanted, Arc::clone(&shell.ui)))
}

pub(super) fn sync(args: &SyncArgs, shell: &Shell) -> Result<Exit, CommandError> {
    let settings = Import::in_step(&args.import, &shell.surroundings()?)?;
    settings.notes.iter().for_each(|note| shell.ui.note(note));
    let ui = Arc::clone(&shell.ui);
    if settings.dry_run.is_some() {
        let wanted = Wanted { removal: args.removal, detailed_exitcode: false, out: None };
        return on_runtime(make_plan(settings, wanted, ui));
    }
    let saved = args.plan.as_deref().map(SavedPlan::read).transpose()?;
    on_runtime(bring_in_step(settings, args.removal, saved, &shell.job, ui))
}

impl RemovalArgs {
    fn removal(self) -> Removal {
        match (self.remove, self.remove_foreign) {
            (_, true) => Removal::Everybody,
            (true, false) => Removal::Ours,
            (false, false) => Removal::Nobody,
        }
    }
}

/// On a copy of the journal: whatever goes on with it meanwhile, nothing is written into it.
async fn make_plan(settings: Import, wanted: Wanted, ui: Arc<Ui>) -> Result<Exit, CommandError> {
    let keep = kept(&settings);
    let report = settings.dry_run.as_ref().and_then(|view| view.report.clone());
    if report.is_some() && report == wanted.out {
        return Err(SettingsError::SameFile.into());
    }
    for (content, path) in [(Content::Plan, &wanted.out), (Content::Report, &report)] {
        path.as_ref().map_or(Ok(()), |path| PrivateFile::refuse_unsafe(content, path, &keep))?;
    }
    let sources = rosters::open(&settings.rosters, settings.choices.reading.caps)?;
    let way = Way { destination: settings.destination, pace: settings.pace, on_network: settings.on_network };
    let source = settings.journal.existing();
    let (session, journal) = Session::on_a_copy(source, way, "plan", &ui).await?;
    let rosters = saved_plan::fingerprints(&sources)?;
    let sync = SyncSettings {
        import: settings.choices.import(session.connection.target.clone(), sources, None),
        removal: wanted.removal.removal(),
        most: wanted.removal.max_remove,
    };
    ui.begin_progress();
    let planned = guestlist::sync::plan(sync, session.context(journal)).await;
    ui.end_progress();
    let planned = planned?;
    let invalid = session.listener.take_invalid();
    let removal = wanted.removal.removal();
    tell(&ui, &planned, removal, &invalid)?;
    if let Some(path) = &report {
        write_report(path, &keep, &planned, removal)?;
    }
    if let Some(path) = &wanted.out {
        SavedPlan::of(&planned, removal, rosters)?.save(&planned, path, &keep)?;
    }
    let exit = exit::of_plan(&planned, removal, wanted.detailed_exitcode);
    ui.line(&Line::planned(&planned, removal, exit.code()));
    Ok(exit)
}

/// Every change for programs, the first of each kind for people.
fn tell(
    ui: &Ui,
    planned: &Planned,
    removal: Removal,
    invalid: &crate::ui::InvalidRows,
) -> Result<(), CommandError> {
    let mut first = text::FirstChanges::new();
    for kind in ChangeKind::ALL {
        first.push((kind, planned.journal.changes(kind, 0, text::SHOWN)?));
    }
    ui.text(|| text::plan(planned, removal, &first, invalid));
    planned.meetings.iter().for_each(|plan| ui.line(&Line::meeting_plan(plan)));
    if ui.format() == crate::ui::Format::Json {
        for kind in ChangeKind::ALL {
            each_change(&planned.journal, kind, |change| {
                ui.line(&Line::change(change));
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// Every change, one an item.
fn write_report(
    path: &Path,
    keep: &[PathBuf],
    planned: &Planned,
    removal: Removal,
) -> Result<(), CommandError> {
    let mut file = PrivateWriter::create(Content::Report, path, keep)?;
    file.write(text::plan_report(planned, removal).as_bytes())?;
    for kind in ChangeKind::ALL {
        let mut heading = Some(text::report_heading(kind));
        each_change(&planned.journal, kind, |change| {
            let text = heading.take().unwrap_or_default() + &text::report_line(change);
            file.write(text.as_bytes())
        })?;
    }
    file.finish()
}

/// All planned changes of a kind.
pub(crate) fn each_change(
    journal: &Journal,
    kind: ChangeKind,
    mut take: impl FnMut(&PlannedChange) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let mut after = 0;
    loop {
        let changes = journal.changes(kind, after, 1_000)?;
        let Some(last) = changes.last() else { return Ok(()) };
        after = last.number;
        changes.iter().try_for_each(&mut take)?;
    }
}

async fn bring_in_step(
    settings: Import,
    removal: RemovalArgs,
    saved: Option<SavedPlan>,
    job: &Job,
    ui: Arc<Ui>,
) -> Result<Exit, CommandError> {
    let Begun { settings, journal, after } = begin("sync", settings, job, Arc::clone(&ui)).await?;
    let fingerprints = saved_plan::fingerprints(&settings.rosters)?;
    let sync = SyncSettings { import: settings, removal: removal.removal(), most: removal.max_remove };
    ui.begin_progress();
    let mut moved = Ok(None);
    let approve = |planned: &Planned| {
        moved = saved.map_or(Ok(None), |saved| saved.moved(planned, removal.removal(), fingerprints));
        matches!(moved, Ok(None))
    };
    let report = guestlist::sync::sync(sync, after.session.context(journal), approve).await;
    ui.end_progress();
    let report: SyncReport = report?;
    let moved = moved?;
    Ok(after.conclude_sync(report, moved.as_ref(), job))
}
