//! `guestlist import --dry-run`: what an import would do, by the API's presets and meetings and by the journal.

use std::sync::Arc;

use guestlist::export;
use guestlist::import::id_source;
use guestlist::journal::{IdSource, JournalError, Rehearsal, RehearsalSettings, Rehearsed};
use guestlist::roster::{CheckReport, ReadOptions, RosterRow};
use tokio_util::sync::CancellationToken;

use super::begin::kept;
use super::check::{self, Asked, Checked, Wanted};
use super::connect::Connection;
use super::page_file::PageFile;
use super::rejected::RejectedFile;
use super::rosters;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::settings::{Import, View};
use crate::ui::{Line, SecondsLine, SummaryLine, Ui, text};

/// What would become of the rows that are not invalid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) would_add: u64,
    pub(crate) rest: Rehearsed,
}

/// What the rows are held against.
struct Planner {
    rehearsal: Rehearsal,
    reading: ReadOptions,
    failed: Option<JournalError>,
}

pub(super) async fn run(settings: Import, view: View, ui: Arc<Ui>) -> Result<Exit, CommandError> {
    let keep = kept(&settings);
    if let Some((path, _)) = &settings.export {
        export::refuse_unsafe(path, &keep)?;
    }
    let page = PageFile::create(view.report.as_deref(), &keep)?;
    let rejected = RejectedFile::create(settings.rejected.as_ref(), &keep)?;
    let sources = rosters::open(&settings.rosters, settings.choices.reading.caps)?;
    let connection = Connection::open(settings.destination, settings.pace).await?;
    let rehearsal = RehearsalSettings {
        target: connection.target.clone(),
        on_duplicate: settings.choices.reading.on_duplicate,
        same_person: settings.choices.same_person,
        limit: settings.choices.limit,
        new_id_source: settings.choices.new_id_source,
    };
    let mut planner = Planner {
        rehearsal: Rehearsal::begin(settings.journal.existing(), rehearsal)?,
        reading: settings.choices.reading.clone(),
        failed: None,
    };
    let mut directory = check::ask(&connection, CancellationToken::new(), &ui).await?;
    let (reading, reader) = (settings.choices.reading, Arc::clone(&ui));
    let wanted = Wanted { rejected, preview: view.preview };
    // The directory asks for meetings as they appear, and blocks meanwhile.
    let checking = tokio::task::spawn_blocking(move || {
        let checked =
            check::read(&sources, &reading, &mut directory, wanted, &reader, |row| planner.row(row))?;
        Ok::<_, CommandError>((planner.finish(&checked.report)?, checked))
    });
    let (plan, checked) = checking.await.map_err(|_| CommandError::Panicked)??;
    let mut checked = Checked { asked: Asked::Api, ..checked };
    if let Some(page) = page {
        page.write(&mut checked, Some(plan))?;
    }
    let exit = if checked.report.invalid == 0 { Exit::Done } else { Exit::InvalidRoster };
    ui.text(|| text::dry_run(&checked, plan, Ui::width()));
    ui.lines_of_check(&checked);
    ui.line(&Line::plan(plan));
    ui.line(&Line::Summary(summary(&checked.report, plan, exit)));
    Ok(exit)
}

impl Planner {
    fn row(&mut self, row: &RosterRow) {
        if self.failed.is_none() {
            self.failed = self.rehearsal.row(&row.participant.key, row.person).err();
        }
    }

    /// A row that names somebody again is known as such only now.
    fn finish(self, report: &CheckReport) -> Result<Plan, JournalError> {
        self.failed.map_or(Ok(()), Err)?;
        self.rehearsal.refuse_other_source(&id_sources(report, &self.reading))?;
        let rest = self.rehearsal.finish()?;
        let Rehearsed { already_in, unsettled, held, removed, left_out, repeated } = rest;
        let others = report.invalid + already_in + unsettled + held + removed + left_out + repeated;
        Ok(Plan { would_add: report.rows.saturating_sub(others), rest })
    }
}

/// Where the rosters' ids come from.
fn id_sources(report: &CheckReport, reading: &ReadOptions) -> Vec<IdSource> {
    let columns = report.files.iter().filter_map(|file| file.id_columns.clone());
    columns.filter_map(|columns| id_source(reading, columns)).collect()
}

/// Its counts add up like those of an import: who would be added, or was removed before, is not attempted.
fn summary(report: &CheckReport, plan: Plan, exit: Exit) -> SummaryLine<'static> {
    SummaryLine {
        rows: report.rows,
        added: 0,
        present: plan.rest.already_in,
        rejected: 0,
        uncertain: plan.rest.unsettled,
        conflict: 0,
        held: plan.rest.held,
        not_attempted: plan.would_add + plan.rest.removed,
        invalid: report.invalid,
        left_out: plan.rest.left_out,
        repeated: plan.rest.repeated,
        not_coming: report.not_coming,
        exit_code: exit.code(),
        differing: 0,
        without_token: 0,
        tokens_purged: 0,
        seconds: SecondsLine::default(),
        journal: None,
        run: None,
        stopped: None,
        ..SummaryLine::default()
    }
}
