//! `guestlist refresh`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use guestlist::export::{self, ExportSettings, Exported};
use guestlist::journal::{ExportFilter, JournalReader};
use guestlist::model::MeetingId;
use guestlist::refresh::{RefreshReport, RefreshSettings, RefreshWhich};
use jiff::Timestamp;

use super::journal_file::{self, JournalFile};
use super::session::{Session, Way};
use super::{Job, Shell, on_runtime, report};
use crate::args::RefreshArgs;
use crate::error::CommandError;
use crate::exit::{self, Exit};
use crate::settings::{self, JournalPlace, Meetings};
use crate::ui::{Line, RefreshedLine, Ui, stop_name, text};

/// What was asked for beside the renewal itself.
struct Afterwards {
    export: Option<(PathBuf, export::Format)>,
    event_start: Option<Timestamp>,
}

pub(super) fn run(args: &RefreshArgs, shell: &Shell) -> Result<Exit, CommandError> {
    let mut meetings = Meetings::new(&args.meetings, &args.requests, None, &shell.surroundings()?)?;
    meetings.notes.iter().for_each(|note| shell.ui.note(note));
    meetings.dispatch.refresh_found = args.refresh_found;
    let which = match args.all {
        true => RefreshWhich::All,
        false => RefreshWhich::EndingWithin(args.expiring_within),
    };
    let export = args.export.as_deref().map(|path| settings::exported(path, false));
    let afterwards = Afterwards { export, event_start: args.event.event_start };
    on_runtime(refresh(meetings, which, afterwards, &shell.job, Arc::clone(&shell.ui)))
}

async fn refresh(
    meetings: Meetings,
    which: RefreshWhich,
    afterwards: Afterwards,
    job: &Job,
    ui: Arc<Ui>,
) -> Result<Exit, CommandError> {
    let path = journal_file::existing(&meetings.journal)?;
    journal_file::refuse_unknown(path, &meetings.target, meetings.meeting)?;
    let keep = files_to_keep(path)?;
    if let Some((export, _)) = &afterwards.export {
        export::refuse_unsafe(export, &keep)?;
    }
    let Meetings { meeting, dispatch, named, .. } = meetings;
    let file = JournalFile::prepare(match named {
        true => JournalPlace::Named(meetings.journal),
        false => JournalPlace::Usual(meetings.journal),
    })?;
    let way = Way { destination: meetings.destination, pace: meetings.pace, on_network: meetings.on_network };
    let command = command(which, meeting, dispatch.refresh_found);
    let (session, journal) = Session::begin(file, way, &command, job, &ui).await?;
    let tokens = ExportFilter { meeting, run: None };
    job.watch(session.file.path(), &session.connection.pacer, tokens);
    let target = session.connection.target.clone();
    let settings = RefreshSettings { target, meeting, which, command, dispatch };
    ui.begin_progress();
    let report = guestlist::refresh::refresh(settings, session.context(journal)).await;
    ui.end_progress();
    Ok(conclude(&ui, job, &session, report?, &afterwards, tokens, &keep))
}

/// The run, as the journal notes it: what is gone on with after an interruption has the same words.
fn command(which: RefreshWhich, meeting: Option<MeetingId>, found: bool) -> String {
    let which = match which {
        RefreshWhich::All => " --all",
        RefreshWhich::EndingWithin(_) => "",
    };
    let found = if found { " --refresh-found" } else { "" };
    let meeting = meeting.map_or_else(String::new, |meeting| format!(" --meeting {meeting}"));
    format!("refresh{which}{found}{meeting}")
}

fn files_to_keep(journal: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let rosters = JournalReader::open(journal)?.roster_files()?.into_iter().map(Into::into);
    Ok(journal_file::files(journal).into_iter().chain(rosters).collect())
}

/// Everything is tried, whatever fails.
fn conclude(
    ui: &Ui,
    job: &Job,
    session: &Session,
    mut run: RefreshReport,
    afterwards: &Afterwards,
    filter: ExportFilter,
    keep: &[PathBuf],
) -> Exit {
    let mut exit = exit::of_refresh(&run);
    let written = after(&run, afterwards, filter, keep);
    let (exported, early) = *written.as_ref().unwrap_or(&(None, None));
    let mut failed = written.err();
    if let Some(error) = &failed {
        exit = exit.or(exit::of_error(error));
    }
    if let Err(error) = run.journal.finish(session.clock.now(), exit.code()) {
        let error = CommandError::from(error);
        exit = exit.or(exit::of_error(&error));
        failed.get_or_insert(error);
    }
    ui.text(|| text::refreshed(&run, session.file.named()));
    if let (Some(early), Some(start)) = (early, afterwards.event_start) {
        ui.warn(&text::ending_before_event(early, start, session.file.named()));
    }
    run.failures.iter().for_each(|failure| ui.line(&Line::token_problem(failure)));
    if let (Some(exported), Some((path, _))) = (exported, &afterwards.export) {
        ui.text(|| text::exported(path, exported));
        let file = path.to_string_lossy();
        ui.line(&Line::Export { file: &file, rows: exported.rows, tokens: exported.tokens });
    }
    if let Some(error) = &failed {
        report(ui, error, exit);
    }
    let journal = session.file.path().to_string_lossy();
    job.end(ui, exit, |exit| Line::Refreshed(refreshed_line(&run, early, &journal, exit)))
}

/// What was exported, and how many tokens end before the event.
fn after(
    run: &RefreshReport,
    afterwards: &Afterwards,
    filter: ExportFilter,
    keep: &[PathBuf],
) -> Result<(Option<Exported>, Option<u64>), CommandError> {
    let reader = run.journal.reader()?;
    let early = afterwards.event_start.map(|start| reader.tokens_ending_before(filter, start)).transpose()?;
    let exported = afterwards.export.as_ref().map(|(path, format)| {
        export::to_file(&reader, &ExportSettings { format: *format, filter, join_url: None }, path, keep)
    });
    Ok((exported.transpose()?, early))
}

fn refreshed_line<'a>(
    run: &RefreshReport,
    early: Option<u64>,
    journal: &'a str,
    exit: Exit,
) -> RefreshedLine<'a> {
    let counts = run.counts;
    RefreshedLine {
        rows: counts.rows,
        renewed: counts.renewed,
        renewed_before: counts.renewed_before,
        lasting: counts.lasting,
        found: counts.found,
        tokens_purged: counts.purged,
        gone: counts.gone,
        failed: counts.failed,
        not_attempted: counts.not_attempted,
        tokens_ending_before_event: early,
        journal,
        run: run.journal.run().get(),
        stopped: run.stops.first().map(stop_name),
        exit_code: exit.code(),
    }
}
