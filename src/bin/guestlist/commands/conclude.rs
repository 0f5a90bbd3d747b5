//! The end of an import: its files put in place, its end noted in the journal, its result told.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use guestlist::export::{self, ExportError, ExportSettings, Exported};
use guestlist::import::ImportReport;
use guestlist::journal::{ExportFilter, Journal, JournalError, Problem};
use guestlist::sync::SyncReport;
use jiff::Timestamp;

use super::rejected::RejectedFile;
use super::session::Session;
use super::{Job, Moved, report};
use crate::error::CommandError;
use crate::exit::{self, Exit};
use crate::ui::{Line, SecondsLine, SummaryLine, Ui, stop_name, text};

/// Programs are told of so many rows that need a look; people of the few that the report names.
const PROBLEMS_FOR_PROGRAMS: u32 = 10_000;

/// What is to be done once the run has ended.
pub(super) struct After {
    pub(super) ui: Arc<Ui>,
    pub(super) session: Session,
    pub(super) rejected: Option<RejectedFile>,
    pub(super) export: Option<(PathBuf, export::Format)>,
    pub(super) event_start: Option<Timestamp>,
    /// Files that must not be written over.
    pub(super) keep: Vec<PathBuf>,
}

/// What came of it.
struct Kept {
    /// Where the invalid rows are.
    rejected: Option<PathBuf>,
    exported: Option<Exported>,
    problems: Vec<Problem>,
    /// More of them.
    problems_for_programs: Vec<Problem>,
    /// Tokens that end before the event begins, if it is known when that is.
    early: Option<u64>,
    /// The first thing that went wrong after the run.
    failed: Option<CommandError>,
}

impl After {
    /// Everything is tried, whatever fails.
    pub(super) fn conclude(mut self, mut run: ImportReport, job: &Job) -> Exit {
        let exit = exit::of_run(&run.summary, run.accepted, &run.stops);
        let kept = self.keep(&mut run, exit);
        let exit = kept.failed.as_ref().map_or(exit, |error| exit.or(exit::of_error(error)));
        self.tell(text::Work::Import, &run, exit, &kept);
        if let Some(error) = &kept.failed {
            report(&self.ui, error, exit);
        }
        let journal = self.session.file.path().to_string_lossy();
        let tokens_ending_before_event = kept.early;
        self.warn(kept.early);
        self.end(job, exit, &SummaryLine { tokens_ending_before_event, ..summary_line(&run, &journal) })
    }

    /// The same for a sync, whose plan comes first.
    pub(super) fn conclude_sync(mut self, mut sync: SyncReport, moved: Option<&Moved>, job: &Job) -> Exit {
        let exit = exit::of_sync(&sync, moved.is_some());
        let kept = self.keep(&mut sync.import, exit);
        let exit = kept.failed.as_ref().map_or(exit, |error| exit.or(exit::of_error(error)));
        // Where nothing was done, the reason is all there is to say; what kept people from being removed is none.
        if sync.import.accepted || exit == Exit::Forbidden {
            self.ui.text(|| text::synced(&sync, moved));
        }
        if exit != Exit::Forbidden {
            self.tell(text::Work::Sync, &sync.import, exit, &kept);
        }
        if let Some(error) = &kept.failed {
            report(&self.ui, error, exit);
        }
        sync.meetings.iter().for_each(|plan| self.ui.line(&Line::meeting_plan(plan)));
        let journal = self.session.file.path().to_string_lossy();
        self.warn(kept.early);
        let line = SummaryLine {
            tokens_ending_before_event: kept.early,
            updated: sync.changed.updated,
            removed: sync.changed.removed,
            unchangeable: sync.changed.failed,
            ..summary_line(&sync.import, &journal)
        };
        self.end(job, exit, &line)
    }

    fn end(&self, job: &Job, exit: Exit, line: &SummaryLine<'_>) -> Exit {
        job.end(&self.ui, exit, |exit| Line::Summary(SummaryLine { exit_code: exit.code(), ..line.clone() }))
    }

    fn keep(&mut self, run: &mut ImportReport, exit: Exit) -> Kept {
        let mut failed = None;
        let rejected = self.rejected.take().map(RejectedFile::put_in_place);
        let rejected = rejected.and_then(|rejected| kept(rejected, &mut failed));
        // Also of a run that ended early: who is in can have their links.
        let export = self.export.as_ref().filter(|_| run.accepted);
        let exported = export.map(|(path, format)| export_run(&run.journal, path, *format, &self.keep));
        let exported = exported.and_then(|exported| kept(exported, &mut failed));
        let early = self.event_start.filter(|_| run.accepted);
        let early = early.and_then(|start| kept(ending_before(&run.journal, start), &mut failed));
        let problems = std::mem::take(&mut run.problems);
        let for_programs = self.ui.has_programs().then(|| run.journal.problems(PROBLEMS_FOR_PROGRAMS));
        let problems_for_programs = for_programs.and_then(|read| kept(read, &mut failed)).unwrap_or_default();
        kept(run.journal.finish(self.session.clock.now(), exit.code()), &mut failed);
        Kept { rejected, exported, problems, problems_for_programs, early, failed }
    }

    fn warn(&self, early: Option<u64>) {
        if let (Some(early), Some(start)) = (early, self.event_start) {
            self.ui.warn(&text::ending_before_event(early, start, self.session.file.named()));
        }
    }

    fn tell(&self, work: text::Work, run: &ImportReport, exit: Exit, kept: &Kept) {
        let exported = self.export.as_ref().map(|(path, _)| path.as_path()).zip(kept.exported);
        let invalid = self.session.listener.take_invalid();
        self.ui.text(|| {
            text::import(&text::Ending {
                work,
                exit,
                summary: &run.summary,
                accepted: run.accepted,
                stops: &run.stops,
                problems: &kept.problems,
                invalid: &invalid,
                not_coming: &run.not_coming,
                exported,
                rejected: kept.rejected.as_deref(),
                named_journal: self.session.file.named(),
                leaves_nothing: self.session.file.is_temporary(),
            })
        });
        kept.problems_for_programs.iter().for_each(|problem| self.ui.line(&Line::problem(problem)));
        if let Some((path, exported)) = exported {
            let file = path.to_string_lossy();
            self.ui.line(&Line::Export { file: &file, rows: exported.rows, tokens: exported.tokens });
        }
    }
}

/// The value, or the first failure remembered.
fn kept<T, E: Into<CommandError>>(result: Result<T, E>, failed: &mut Option<CommandError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            failed.get_or_insert(error.into());
            None
        }
    }
}

/// Of the run's tokens.
fn ending_before(journal: &Journal, start: Timestamp) -> Result<u64, JournalError> {
    let filter = ExportFilter { meeting: None, run: Some(journal.run()) };
    journal.reader()?.tokens_ending_before(filter, start)
}

fn export_run(
    journal: &Journal,
    path: &Path,
    format: export::Format,
    keep: &[PathBuf],
) -> Result<Exported, ExportError> {
    let filter = ExportFilter { meeting: None, run: Some(journal.run()) };
    let settings = ExportSettings { format, filter, join_url: None };
    export::to_file(&journal.reader()?, &settings, path, keep)
}

/// All but the exit code.
fn summary_line<'a>(report: &ImportReport, journal: &'a str) -> SummaryLine<'a> {
    let summary = &report.summary;
    let (tally, seconds) = (&summary.tally, summary.seconds);
    SummaryLine {
        rows: summary.rows,
        added: tally.added,
        present: tally.present,
        rejected: tally.rejected,
        uncertain: tally.uncertain,
        conflict: tally.conflict,
        held: tally.held,
        not_attempted: tally.not_attempted,
        invalid: summary.invalid,
        left_out: summary.left_out,
        repeated: summary.repeated,
        not_coming: summary.not_coming,
        differing: tally.differing,
        without_token: tally.without_token,
        tokens_purged: tally.purged,
        seconds: SecondsLine {
            validate: seconds.validate,
            stage: seconds.stage,
            send: seconds.send,
            settle: seconds.settle,
        },
        journal: Some(journal),
        run: Some(report.journal.run().get()),
        stopped: report.stops.first().map(stop_name),
        ..SummaryLine::default()
    }
}
