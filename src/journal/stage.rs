//! Rows of a roster come in: staged under a run in bulk, then accepted by one commit.
//!
//! Only rows that the accepted run names are ever claimed, so a wrong file's people are never sent by the next run.

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::error::{Doing, JournalError};
use super::id_source::IdSource;
use super::stager::Stager;
use super::state::legal;
use super::twins::{SamePerson, had_rows, release, withhold};
use super::{Journal, RunNumber, restaged};
use crate::lifecycle::{RowState, Transition};
use crate::model::{Location, Participant, Target};
use crate::roster::{OnDuplicate, Person};
use crate::sabotage::{Sabotage, active};

/// A file that a run reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RosterKey(pub(super) i64);

/// A validated row on its way into the journal.
#[derive(Debug, Clone, Copy)]
pub struct StageRow<'a> {
    /// The participant.
    pub participant: &'a Participant,
    /// The line that it stands on.
    pub line: u64,
    /// The further columns: a JSON array aligned with the roster's extra columns.
    pub extra: Option<&'a str>,
    /// Who it is, whatever the id, if that is known.
    pub person: Option<Person>,
}

/// A row whose id this run has named before. It was not staged, unless the last row counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// Its index in the batch.
    pub index: usize,
    /// Where the id stood first.
    pub first: Location,
}

/// What is common to the rows of a batch.
#[derive(Debug, Clone, Copy)]
pub struct StageInto<'a> {
    /// The account and app.
    pub target: &'a Target,
    /// The file that they were read from.
    pub roster: RosterKey,
    /// Where their ids come from.
    pub id_source: &'a IdSource,
    /// Whether another source than before is wanted.
    pub new_id_source: bool,
    /// Which of two rows for one participant counts.
    pub on_duplicate: OnDuplicate,
}

/// What a run is accepted with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Acceptance {
    /// Invalid rows of its rosters.
    pub invalid: u64,
    /// Valid rows that were left out by a limit.
    pub left_out: u64,
    /// What to do with possible duplicates.
    pub same_person: SamePerson,
    /// Whether somebody has been shown already whom that holds back.
    pub judged: Judged,
}

/// Whether possible duplicates have been looked for before a run is accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Judged {
    /// No: whoever an earlier run has held back is judged anew.
    #[default]
    NotYet,
    /// By [`Journal::hold_back_twins`]: whom that has held back stays so, as was planned.
    Before,
}

impl Journal {
    /// Notes a file that the run reads.
    pub fn add_roster(&mut self, file: &str) -> Result<RosterKey, JournalError> {
        let doing = "noting a roster";
        self.write(doing, |transaction, run| {
            transaction
                .execute("INSERT INTO rosters (run, file) VALUES (?1, ?2)", params![run.0, file])
                .doing(doing)?;
            Ok(RosterKey(transaction.last_insert_rowid()))
        })
    }

    /// Notes the names of the columns that the file's rows carry along; known once it is read.
    pub fn name_extra_columns(&mut self, roster: RosterKey, names: &[String]) -> Result<(), JournalError> {
        let doing = "noting a roster's columns";
        let names = serde_json::Value::from(names).to_string();
        self.write(doing, |transaction, _run| {
            transaction
                .execute("UPDATE rosters SET extra_columns = ?2 WHERE roster = ?1", params![roster.0, names])
                .doing(doing)
                .map(|_| ())
        })
    }

    /// Takes in a batch of rows, in one transaction. Rows that the run has named before come back as duplicates.
    pub fn stage<'r>(
        &mut self,
        into: StageInto<'_>,
        rows: impl IntoIterator<Item = StageRow<'r>>,
    ) -> Result<Vec<Duplicate>, JournalError> {
        self.write("staging the roster", |transaction, run| {
            let mut stager = Stager::new(transaction, run, into)?;
            let mut duplicates = Vec::new();
            for (index, row) in rows.into_iter().enumerate() {
                if let Some(first) = stager.stage(row)? {
                    duplicates.push(Duplicate { index, first });
                }
            }
            Ok(duplicates)
        })
    }

    /// Accepts the run: its last row is validated, its rows may be sent from now on. Rejected and held rows that it
    /// names are planned again, new rows of people who seem to be in are held back, and its meetings are bound to the
    /// source of its ids.
    pub fn accept(&mut self, now: Timestamp, acceptance: Acceptance) -> Result<(), JournalError> {
        let Acceptance { invalid, left_out, same_person, judged } = acceptance;
        self.write(ACCEPTING, |transaction, run| {
            plan_rejected(transaction, run)?;
            send_anew(transaction, run)?;
            match judged {
                Judged::NotYet => release(transaction, run)?,
                Judged::Before => {}
            }
            hold_back(transaction, run, same_person)?;
            bind_id_sources(transaction, run)?;
            restaged::forget(transaction, ACCEPTING)?;
            transaction
                .execute(
                    "UPDATE runs SET accepted_at = ?2, invalid = ?3, left_out = ?4 WHERE run = ?1",
                    params![run.0, now.as_millisecond(), invalid, left_out],
                )
                .doing(ACCEPTING)
                .map(|_| ())
        })?;
        self.same_person = Some(same_person);
        Ok(())
    }

    /// Holds back possible duplicates among the run's new rows, as [`accept`](Self::accept) does: for who wants to know
    /// before.
    pub fn hold_back_twins(&mut self, same_person: SamePerson) -> Result<(), JournalError> {
        self.write(ACCEPTING, |transaction, run| {
            release(transaction, run)?;
            hold_back(transaction, run, same_person)
        })
    }

    /// Accepts, for good, that the run's rows differ from what the roster wants.
    pub fn accept_differing(&mut self) -> Result<(), JournalError> {
        let doing = "accepting differences";
        self.write(doing, |transaction, run| {
            transaction
                .execute(
                    "UPDATE participants SET difference_accepted = 1
                     WHERE run = ?1 AND wanted IS NOT NULL AND difference_accepted = 0",
                    [run.0],
                )
                .doing(doing)
                .map(|_| ())
        })
    }
}

pub(super) const ACCEPTING: &str = "accepting the run";

/// Every rejected row has a refusal: the few of them lead, not the many rows of the roster.
pub(super) const PLAN_REJECTED: &str = "UPDATE participants SET state = ?2
     WHERE run = ?1 AND state = 'rejected' AND participant IN (SELECT participant FROM refusals)";

/// What was said against rows that are planned again.
pub(super) const FORGET_REFUSALS: &str = "DELETE FROM refusals WHERE participant IN (
     SELECT participant FROM refusals CROSS JOIN participants USING (participant)
     WHERE run = ?1 AND state = 'planned')";

/// The run names them again: planned.
fn plan_rejected(transaction: &Transaction<'_>, run: RunNumber) -> Result<(), JournalError> {
    let planned = legal(RowState::Rejected, Transition::NameAgain)?;
    transaction.execute(PLAN_REJECTED, params![run.0, planned.name()]).doing(ACCEPTING)?;
    transaction.execute(FORGET_REFUSALS, [run.0]).doing(ACCEPTING).map(|_| ())
}

pub(super) fn hold_back(
    transaction: &Transaction<'_>,
    run: RunNumber,
    same_person: SamePerson,
) -> Result<(), JournalError> {
    match same_person {
        SamePerson::Hold if !active(Sabotage::TwinsAdded) => withhold(transaction, run),
        SamePerson::Hold | SamePerson::Add => Ok(()),
    }
}

/// How often somebody may be sent again counts within a run: else nobody could ever get them in whose creates have been
/// lost too often. Whom an earlier run left planned after that has stayed absent as well.
pub(super) const SEND_ANEW: &str = "UPDATE participants INDEXED BY participants_open SET sends = 1
     WHERE confirmation IS NULL AND run = ?1 AND state IN ('planned', 'uncertain') AND sends > 1
       AND meeting IN (SELECT meeting FROM run_meetings WHERE run = ?1)";

fn send_anew(transaction: &Transaction<'_>, run: RunNumber) -> Result<(), JournalError> {
    if !had_rows(transaction, run)? {
        return Ok(());
    }
    transaction.execute(SEND_ANEW, [run.0]).doing(ACCEPTING).map(|_| ())
}

fn bind_id_sources(transaction: &Transaction<'_>, run: RunNumber) -> Result<(), JournalError> {
    transaction
        .execute(
            "UPDATE meetings SET id_source = r.id_source FROM run_meetings r
             WHERE r.run = ?1 AND r.meeting = meetings.meeting",
            [run.0],
        )
        .doing(ACCEPTING)
        .map(|_| ())
}
