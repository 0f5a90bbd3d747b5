//! `guestlist dedupe` and `guestlist undo`: shown, and with `--yes` done.

use std::sync::Arc;

use guestlist::journal::{ChangeKind, ExportFilter, Journal};
use guestlist::removal::{RemovalReport, RemovalSettings, Removing};
use guestlist::surplus::Keep;

use super::journal_file::{self, JournalFile};
use super::session::{Session, Way};
use super::sync::each_change;
use super::{Job, Shell, on_runtime, report};
use crate::args::{ConsentArgs, DedupeArgs, KeepWhom, UndoArgs};
use crate::error::CommandError;
use crate::exit::{self, Exit};
use crate::settings::{JournalPlace, Meetings};
use crate::ui::{Line, Ui, text};

/// Whom to remove, as it was typed.
#[derive(Clone, Copy)]
enum Whom {
    Run(i64),
    Surplus(Keep),
}

pub(super) fn dedupe(args: &DedupeArgs, shell: &Shell) -> Result<Exit, CommandError> {
    let surroundings = shell.surroundings()?;
    let meetings = Meetings::new(&args.meetings, &args.requests, Some(&args.settling), &surroundings)?;
    let keep = match args.keep {
        KeepWhom::Oldest => Keep::Oldest,
        KeepWhom::Journal => Keep::Journal,
    };
    begin(meetings, Whom::Surplus(keep), args.consent, shell)
}

pub(super) fn undo(args: &UndoArgs, shell: &Shell) -> Result<Exit, CommandError> {
    let surroundings = shell.surroundings()?;
    let meetings = Meetings::new(&args.meetings, &args.requests, Some(&args.settling), &surroundings)?;
    begin(meetings, Whom::Run(args.run), args.consent, shell)
}

fn begin(meetings: Meetings, whom: Whom, consent: ConsentArgs, shell: &Shell) -> Result<Exit, CommandError> {
    meetings.notes.iter().for_each(|note| shell.ui.note(note));
    on_runtime(remove(meetings, whom, consent, &shell.job, Arc::clone(&shell.ui)))
}

async fn remove(
    meetings: Meetings,
    whom: Whom,
    consent: ConsentArgs,
    job: &Job,
    ui: Arc<Ui>,
) -> Result<Exit, CommandError> {
    let path = journal_file::existing(&meetings.journal)?.to_owned();
    journal_file::refuse_unknown(&path, &meetings.target, meetings.meeting)?;
    let Meetings { meeting, dispatch, named, .. } = meetings;
    let way = Way { destination: meetings.destination, pace: meetings.pace, on_network: meetings.on_network };
    // To look, a copy will do: nothing is written, and no other run is in the way.
    let (session, journal) = if consent.yes {
        let place = if named { JournalPlace::Named } else { JournalPlace::Usual };
        let file = JournalFile::prepare(place(path))?;
        let (session, journal) = Session::begin(file, way, &command(whom), job, &ui).await?;
        let tokens = ExportFilter { meeting, run: None };
        job.watch(session.file.path(), &session.connection.pacer, tokens);
        (session, journal)
    } else {
        Session::on_a_copy(Some(&path), way, &command(whom), &ui).await?
    };
    let settings = RemovalSettings {
        target: session.connection.target.clone(),
        meeting,
        whom: of_the_journal(whom, &journal)?,
        most: consent.max_remove,
        dispatch,
    };
    ui.begin_progress();
    let run = if consent.yes {
        guestlist::removal::remove(settings, session.context(journal)).await
    } else {
        guestlist::removal::show(settings, session.context(journal)).await
    };
    ui.end_progress();
    conclude(&ui, job, &session, run?, whom, consent)
}

/// The run, as the journal notes it.
fn command(whom: Whom) -> String {
    match whom {
        Whom::Run(run) => format!("undo --run {run}"),
        Whom::Surplus(Keep::Oldest) => "dedupe --keep oldest".to_owned(),
        Whom::Surplus(Keep::Journal) => "dedupe --keep journal".to_owned(),
    }
}

fn of_the_journal(whom: Whom, journal: &Journal) -> Result<Removing, CommandError> {
    match whom {
        Whom::Run(run) => journal.run_numbered(run)?.map(Removing::AddedBy).ok_or(CommandError::NoRun(run)),
        Whom::Surplus(keep) => Ok(Removing::Surplus(keep)),
    }
}

fn conclude(
    ui: &Ui,
    job: &Job,
    session: &Session,
    mut run: RemovalReport,
    whom: Whom,
    consent: ConsentArgs,
) -> Result<Exit, CommandError> {
    let mut exit = exit::of_removal(&run);
    let first = (
        run.journal.changes(ChangeKind::Remove, 0, text::SHOWN)?,
        run.journal.changes(ChangeKind::Conflict, 0, text::SHOWN)?,
    );
    ui.text(|| text::removal(&run, &first, exit));
    if let Whom::Run(_) = whom
        && run.changed.removed > 0
    {
        ui.text(text::undone);
    }
    if ui.has_programs() {
        for kind in [ChangeKind::Remove, ChangeKind::Gone, ChangeKind::Conflict] {
            each_change(&run.journal, kind, |change| {
                ui.line(&Line::change(change));
                Ok(())
            })?;
        }
    }
    run.meetings.iter().for_each(|plan| ui.line(&Line::removal_plan(plan)));
    if consent.yes
        && let Err(error) = run.journal.finish(session.clock.now(), exit.code())
    {
        let error = CommandError::from(error);
        exit = exit.or(exit::of_error(&error));
        report(ui, &error, exit);
    }
    Ok(job.end(ui, exit, |exit| Line::removed(&run, exit.code())))
}
