//! `guestlist import --dry-run`: what an import would do, by the API's presets and meetings and by the journal.

use std::sync::Arc;

use guestlist::export;
use guestlist::journal::{JournalError, JournalReader};
use guestlist::lifecycle::RowState;
use guestlist::model::Target;
use guestlist::roster::{CheckReport, RosterRow};
use tokio_util::sync::CancellationToken;

use super::check::{self, Asked, Checked, Wanted};
use super::connect::Connection;
use super::page_file::PageFile;
use super::rejected::RejectedFile;
use super::rosters;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::settings::{Import, JournalPlace, View};
use crate::ui::{Line, SecondsLine, SummaryLine, Ui, text};

/// What would become of the valid rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) would_add: u64,
    pub(crate) already_in: u64,
    /// Uncertain or in conflict: looked up before anything else.
    pub(crate) unsettled: u64,
    pub(crate) left_out: u64,
}

/// What the rows are held against.
struct Planner {
    journal: Option<JournalReader>,
    target: Target,
    room: u64,
    plan: Plan,
    failed: Option<JournalError>,
}

pub(super) async fn run(settings: Import, view: View, ui: Arc<Ui>) -> Result<Exit, CommandError> {
    let keep: Vec<_> = rosters::files(&settings.rosters).collect();
    if let Some((path, _)) = &settings.export {
        export::refuse_unsafe(path, &keep)?;
    }
    let page = PageFile::create(view.report.as_deref(), &keep)?;
    let rejected = RejectedFile::create(settings.rejected.as_ref(), &keep)?;
    let sources = rosters::open(&settings.rosters, settings.reading.caps)?;
    let connection = Connection::open(settings.destination, settings.pace).await?;
    let mut planner = Planner {
        journal: existing_journal(&settings.journal)?,
        target: connection.target.clone(),
        room: settings.limit.unwrap_or(u64::MAX),
        plan: Plan::default(),
        failed: None,
    };
    let mut directory = check::ask(&connection, CancellationToken::new(), &ui).await?;
    let (reading, reader) = (settings.reading, Arc::clone(&ui));
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

/// A dry run makes none.
fn existing_journal(place: &JournalPlace) -> Result<Option<JournalReader>, JournalError> {
    match place {
        JournalPlace::Named(path) | JournalPlace::Usual(path) if path.exists() => {
            JournalReader::open(path).map(Some)
        }
        JournalPlace::Named(_) | JournalPlace::Usual(_) | JournalPlace::Temporary => Ok(None),
    }
}

impl Planner {
    /// A row that names somebody again was counted before that was known.
    fn finish(self, report: &CheckReport) -> Result<Plan, JournalError> {
        self.failed.map_or(Ok(()), Err)?;
        let Plan { already_in, unsettled, left_out, .. } = self.plan;
        let would_add = report.valid.saturating_sub(already_in + unsettled + left_out);
        Ok(Plan { would_add, ..self.plan })
    }

    fn row(&mut self, row: &RosterRow) {
        if self.room == 0 {
            self.plan.left_out += 1;
            return;
        }
        self.room -= 1;
        let slot = match self.state(row) {
            Ok(Some(RowState::Added | RowState::Present)) => &mut self.plan.already_in,
            Ok(Some(RowState::Sending | RowState::Uncertain | RowState::Conflict)) => {
                &mut self.plan.unsettled
            }
            Ok(Some(RowState::Planned | RowState::Rejected | RowState::Removed) | None) => {
                &mut self.plan.would_add
            }
            Err(error) => {
                self.failed.get_or_insert(error);
                return;
            }
        };
        *slot += 1;
    }

    fn state(&self, row: &RosterRow) -> Result<Option<RowState>, JournalError> {
        let Some(journal) = &self.journal else { return Ok(None) };
        let key = &row.participant.key;
        journal.state_of(&self.target, key.meeting, &key.custom_participant_id)
    }
}

/// Its counts add up like those of an import: who would be added is not attempted.
fn summary(report: &CheckReport, plan: Plan, exit: Exit) -> SummaryLine<'static> {
    SummaryLine {
        rows: report.rows,
        added: 0,
        present: plan.already_in,
        rejected: 0,
        uncertain: plan.unsettled,
        conflict: 0,
        not_attempted: plan.would_add,
        invalid: report.invalid,
        left_out: plan.left_out,
        exit_code: exit.code(),
        differing: 0,
        without_token: 0,
        tokens_purged: 0,
        seconds: SecondsLine::default(),
        journal: None,
        run: None,
        stopped: None,
    }
}
