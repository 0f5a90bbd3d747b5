//! Who is to be removed without a roster's wish: those whom a run has added, and the surplus of those who share an id.

use rusqlite::{Connection, OptionalExtension, params};

use super::change::{OtherCreates, remove, rows_of};
use super::compare::{CHANGES, InList, Journaled, walk};
use super::error::{Doing, JournalError};
use super::planned::ChangeKind;
use super::{Journal, MeetingKey, RunMeeting, RunNumber};
use crate::lifecycle::RowState;
use crate::surplus::{Keep, Twin, kept};

const PLANNING: &str = "looking for whom to remove";

/// Who is to be removed from a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemovalPlan {
    /// The meeting.
    pub meeting: RunMeeting,
    /// Ids that we manage there.
    pub managed: u64,
    /// Participants to remove.
    pub remove: u64,
    /// Those who were to be removed, and are gone already.
    pub gone: u64,
    /// Those whom a create in doubt may have made, and whom the listing doesn't show.
    pub in_doubt: u64,
    /// Ids that several share and that are left alone.
    pub left: u64,
}

impl RemovalPlan {
    fn of(meeting: RunMeeting) -> Self {
        Self { meeting, managed: 0, remove: 0, gone: 0, in_doubt: 0, left: 0 }
    }
}

impl Journal {
    /// The run of this number, if there was one.
    pub fn run_numbered(&self, number: i64) -> Result<Option<RunNumber>, JournalError> {
        self.connection
            .query_row("SELECT run FROM runs WHERE run = ?1 AND run < ?2", [number, self.run.0], |row| {
                row.get(0).map(RunNumber)
            })
            .optional()
            .doing(PLANNING)
    }

    /// Plans the removal of those whom `run` has added and whom the listing, which must be complete, shows under the same
    /// participant id. Whom it shows of those in doubt is taken over first.
    pub fn plan_undo(&mut self, meeting: RunMeeting, run: RunNumber) -> Result<RemovalPlan, JournalError> {
        self.adopt_listed(meeting.key)?;
        self.plan_removal(meeting, |planner, row, there| {
            let doubtful = |row: &&Journaled| {
                row.sent_run == run.0 && matches!(row.state, RowState::Sending | RowState::Uncertain)
            };
            planner.plan.in_doubt += u64::from(row.filter(doubtful).is_some());
            let Some(row) = row.filter(|row| row.known().is_confirmed() && row.origin.is_ours()) else {
                return Ok(());
            };
            let here = there.iter().find(|there| Some(&there.participant_id) == row.participant_id.as_ref());
            planner.plan.managed += u64::from(here.is_some());
            match here {
                _ if row.sent_run != run.0 => Ok(()),
                Some(here) => planner.remove(Some(row), here, None),
                None => planner.gone(row),
            }
        })
    }

    /// Plans the removal of the surplus of those who share an id that we manage.
    pub fn plan_dedupe(&mut self, meeting: RunMeeting, keep: Keep) -> Result<RemovalPlan, JournalError> {
        self.plan_removal(meeting, |planner, row, there| {
            let row = row.filter(|row| is_managed(row.state));
            planner.plan.managed += u64::from(row.is_some() && !there.is_empty());
            let journaled = row.and_then(|row| row.participant_id.as_deref());
            let first = match (there, row) {
                ([first, _, ..], _) => first,
                // An earlier one has removed ours, and died before it could note that.
                ([only], Some(row)) if journaled.is_some_and(|ours| ours != only.participant_id) => {
                    return planner.gone(row);
                }
                ([] | [_], _) => return Ok(()),
            };
            let twins: Vec<_> = there.iter().map(InList::twin).collect();
            let Some(whom) = row.and_then(|_| kept(keep, journaled, &twins)) else {
                return planner.leave(row, first);
            };
            if let Some(row) = row.filter(|_| {
                journaled.is_some_and(|ours| twins.iter().all(|twin| twin.participant_id != ours))
            }) {
                planner.gone(row)?;
            }
            for other in there.iter().filter(|other| other.participant_id != whom) {
                let ours = row.filter(|_| journaled == Some(other.participant_id.as_str()));
                planner.remove(ours, other, Some(whom))?;
            }
            Ok(())
        })
    }

    fn plan_removal(
        &mut self,
        meeting: RunMeeting,
        mut judge: impl FnMut(&mut Planner<'_>, Option<&Journaled>, &[InList]) -> Result<(), JournalError>,
    ) -> Result<RemovalPlan, JournalError> {
        let transaction = self.connection.transaction().doing(PLANNING)?;
        transaction.execute_batch(CHANGES).doing(PLANNING)?;
        transaction
            .execute("DELETE FROM temp.changes WHERE meeting = ?1", [meeting.key.0])
            .doing(PLANNING)?;
        let mut planner = Planner { connection: &transaction, plan: RemovalPlan::of(meeting) };
        walk(&transaction, self.run, meeting.key, |row, there| judge(&mut planner, row, there))?;
        let plan = planner.plan;
        transaction.commit().doing(PLANNING)?;
        Ok(plan)
    }

    /// Keeps that those who were to be removed and are gone already are no longer in.
    pub fn keep_gone(&mut self) -> Result<(), JournalError> {
        // No meeting may have been looked at.
        self.connection.execute_batch(CHANGES).doing(PLANNING)?;
        // Of those who share an id somebody stays, and is looked at again.
        self.write(PLANNING, |transaction, _run| {
            remove(transaction, rows_of(transaction, ChangeKind::Gone)?, OtherCreates::Possible)
        })
    }
}

/// Whether an id in this state is ours to tidy up: in, or maybe.
fn is_managed(state: RowState) -> bool {
    match state {
        RowState::Added | RowState::Present | RowState::Conflict | RowState::Uncertain => true,
        RowState::Planned | RowState::Held | RowState::Sending | RowState::Rejected | RowState::Removed => {
            false
        }
    }
}

/// Keeps who is to be removed.
struct Planner<'c> {
    connection: &'c Connection,
    plan: RemovalPlan,
}

impl Planner<'_> {
    fn remove(
        &mut self,
        row: Option<&Journaled>,
        there: &InList,
        kept: Option<&str>,
    ) -> Result<(), JournalError> {
        self.plan.remove += 1;
        self.keep(ChangeKind::Remove, row, (&there.id, &there.shown.0), Some(&there.participant_id), kept)
    }

    fn gone(&mut self, row: &Journaled) -> Result<(), JournalError> {
        self.plan.gone += 1;
        self.keep(ChangeKind::Gone, Some(row), (&row.id, &row.held.0), None, None)
    }

    fn leave(&mut self, row: Option<&Journaled>, there: &InList) -> Result<(), JournalError> {
        self.plan.left += 1;
        self.keep(ChangeKind::Conflict, row, (&there.id, &there.shown.0), None, None)
    }

    fn keep(
        &self,
        kind: ChangeKind,
        row: Option<&Journaled>,
        (id, name): (&str, &str),
        participant_id: Option<&str>,
        kept: Option<&str>,
    ) -> Result<(), JournalError> {
        let MeetingKey(meeting) = self.plan.meeting.key;
        self.connection
            .prepare_cached(
                "INSERT INTO temp.changes (meeting, kind, participant, custom_participant_id, name, participant_id, kept)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )
            .and_then(|mut insert| {
                let row = row.map(|row| row.row);
                insert.execute(params![meeting, kind.name(), row, id, name, participant_id, kept])
            })
            .doing(PLANNING)
            .map(|_| ())
    }
}

impl InList {
    fn twin(&self) -> Twin<'_> {
        Twin { participant_id: &self.participant_id, created_at: &self.created_at }
    }
}
