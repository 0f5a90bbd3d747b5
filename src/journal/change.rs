//! What a sync does to rows that are in: who was found to be gone, what was updated, who was removed.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, params};

use super::compare::{CHANGES, PLANNING};
use super::error::{Doing, JournalError};
use super::planned::ChangeKind;
use super::state::legal;
use super::tokens::KEEP_TOKEN;
use super::twins::{REFUSED_TWINS, REMOVALS, spare_twins};
use super::{Journal, MeetingKey, RowId, RunNumber};
use crate::lifecycle::{RowState, Transition};
use crate::model::JoinToken;

const UPDATING: &str = "keeping what was updated";
const REMOVING: &str = "noting who was removed";

/// The fields that the roster wants, where the row holds others.
const AS_WANTED: &str = "name = coalesce(wanted ->> 'name', name),
     preset_name = coalesce(wanted ->> 'preset_name', preset_name),
     picture = nullif(coalesce(wanted ->> 'picture', picture), ''), wanted = NULL, difference_accepted = 0";

impl Journal {
    /// Takes over what the planned changes have shown of rows that were in: fields that others have changed, and who is
    /// gone. Those of them whom the roster names are planned again. Whose new id was held back only when the run was
    /// accepted stays, too. To be called once it is.
    pub fn begin_changes(&mut self) -> Result<(), JournalError> {
        self.connection.execute_batch(CHANGES).doing(PLANNING)?;
        self.connection.execute_batch(REFUSED_TWINS).doing(PLANNING)?;
        self.write(PLANNING, |transaction, run| {
            for kind in REMOVALS {
                spare_twins(transaction, run, None, kind)?;
            }
            transaction
                .execute(
                    "UPDATE participants SET name = x.shown_name, preset_name = x.shown_preset,
                            picture = x.shown_picture, wanted = x.wanted,
                            difference_accepted = difference_accepted AND participants.wanted IS x.wanted
                     FROM temp.changes x
                     WHERE x.kind IN ('update', 'unchanged') AND x.participant = participants.participant
                       AND participants.state IN ('added', 'present')",
                    [],
                )
                .doing(PLANNING)?;
            // Others have made them so, or an update whose answer we never saw: the token may be of what they were before.
            transaction
                .execute(
                    "UPDATE confirmations SET token = NULL, token_expires_at = NULL, token_run = ?1
                     WHERE token IS NOT NULL
                       AND participant IN (SELECT participant FROM temp.changes WHERE kind = 'unchanged')",
                    [run.0],
                )
                .doing(PLANNING)?;
            remove(transaction, rows_of(transaction, ChangeKind::Gone)?, OtherCreates::None)?;
            remove(transaction, rows_of(transaction, ChangeKind::AddAgain)?, OtherCreates::None)?;
            let planned = legal(RowState::Removed, Transition::Readd)?;
            transaction
                .execute(
                    &format!(
                        "UPDATE participants SET state = ?1, sends = 0, sent_run = -1, {AS_WANTED}
                         WHERE state = 'removed'
                           AND participant IN (SELECT participant FROM temp.changes WHERE kind = 'add_again')"
                    ),
                    [planned.name()],
                )
                .doing(PLANNING)
                .map(|_| ())
        })
    }

    /// Keeps that those whom others have replaced in a meeting are no longer in; the listing, when it is applied, shows
    /// who is. To be called before that.
    pub fn forget_replaced(&mut self, meeting: MeetingKey) -> Result<(), JournalError> {
        self.write(PLANNING, |transaction, _run| {
            let replaced: Vec<i64> = transaction
                .prepare("SELECT participant FROM temp.changes WHERE kind = ?1 AND meeting = ?2")
                .and_then(|mut select| {
                    select
                        .query_map(params![ChangeKind::Replaced.name(), meeting.0], |row| row.get(0))?
                        .collect()
                })
                .doing(PLANNING)?;
            remove(transaction, replaced, OtherCreates::Possible)
        })
    }

    /// Keeps that rows have been updated to what their roster wants, and the tokens that came along.
    pub fn keep_updates(&mut self, updated: &[(RowId, Option<JoinToken>)]) -> Result<(), JournalError> {
        self.write(UPDATING, |transaction, run| {
            let mut update = transaction
                .prepare_cached(&format!("UPDATE participants SET {AS_WANTED} WHERE participant = ?1"))
                .doing(UPDATING)?;
            let mut keep = transaction.prepare_cached(KEEP_TOKEN).doing(UPDATING)?;
            for (row, token) in updated {
                update.execute([row.0]).doing(UPDATING)?;
                if let Some(token) = token {
                    let expires_at = token.expires_at().map(Timestamp::as_second);
                    keep.execute(params![row.0, token.expose(), expires_at, run.0]).doing(UPDATING)?;
                }
            }
            Ok(())
        })
    }

    /// Keeps that participants are no longer in the meeting; their tokens go with them.
    pub fn keep_removals(&mut self, removed: &[(RowId, OtherCreates)]) -> Result<(), JournalError> {
        self.write(REMOVING, |transaction, _run| {
            removed.iter().try_for_each(|(row, others)| remove(transaction, [row.0], *others))
        })
    }

    /// The number of the last run whose roster was accepted: as long as it is the same, the journal hasn't moved.
    pub fn last_accepted(&self) -> Result<Option<RunNumber>, JournalError> {
        self.connection
            .query_row("SELECT max(run) FROM runs WHERE accepted_at IS NOT NULL", [], |row| row.get(0))
            .map(|run: Option<i64>| run.map(RunNumber))
            .doing(PLANNING)
    }

    /// When the last run before this one that may have added anybody had ended, at the latest: what was confirmed by then
    /// may be missing from a list that lags until the settle time has passed since.
    ///
    /// One that died had ended when the next one began. None ended after this one began, whatever a clock that was set
    /// back since says.
    pub fn last_activity(&self) -> Result<Option<Timestamp>, JournalError> {
        let ended: Option<i64> = self
            .connection
            .query_row(
                "SELECT min(max(coalesce(r.finished_at, (SELECT n.started_at FROM runs n WHERE n.run > r.run
                                                         ORDER BY n.run LIMIT 1))),
                            (SELECT started_at FROM runs WHERE run = ?1))
                 FROM runs r WHERE r.run < ?1 AND r.accepted_at IS NOT NULL",
                [self.run.0],
                |row| row.get(0),
            )
            .doing(PLANNING)?;
        Ok(ended.and_then(|ended| Timestamp::from_millisecond(ended).ok()))
    }
}

/// Rows that the planned changes of one kind are about.
pub(super) fn rows_of(transaction: &Transaction<'_>, kind: ChangeKind) -> Result<Vec<i64>, JournalError> {
    transaction
        .prepare("SELECT participant FROM temp.changes WHERE kind = ?1 AND participant IS NOT NULL")
        .and_then(|mut select| select.query_map([kind.name()], |row| row.get(0))?.collect())
        .doing(PLANNING)
}

/// Whether somebody else with the id of a participant who is gone may be another create of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherCreates {
    /// A complete listing showed nobody else: whoever has the id from now on is another one's.
    None,
    /// Somebody else has the id: ours, if we have sent it more than once.
    Possible,
}

/// Confirmed rows, and those whom several shared, are in the meeting no longer. The create that had made them goes with
/// them.
pub(super) fn remove(
    transaction: &Transaction<'_>,
    rows: impl IntoIterator<Item = i64>,
    others: OtherCreates,
) -> Result<(), JournalError> {
    let prepare = |sql: &str| transaction.prepare_cached(sql).doing(REMOVING);
    let mut look = prepare(
        "SELECT confirmation FROM participants WHERE participant = ?1 AND state IN ('added', 'present', 'conflict')",
    )?;
    // What they were is of no account any more; whoever comes in their place is compared with what the roster wants.
    let mut update = prepare(&format!(
        "UPDATE participants SET state = ?2, confirmation = NULL, sends = iif(?3, max(sends - 1, 0), 0), sent_run = -1,
             {AS_WANTED}
         WHERE participant = ?1",
    ))?;
    let mut forget = prepare("DELETE FROM confirmations WHERE confirmation = ?1")?;
    let mut forget_shared = prepare("DELETE FROM conflicts WHERE participant = ?1")?;
    let removed = legal(RowState::Added, Transition::Remove)?;
    for row in rows {
        let was_in: Option<Option<i64>> =
            look.query_row([row], |found| found.get(0)).optional().doing(REMOVING)?;
        if let Some(confirmation) = was_in {
            let possible = others == OtherCreates::Possible;
            update.execute(params![row, removed.name(), possible]).doing(REMOVING)?;
            forget.execute([confirmation]).doing(REMOVING)?;
            forget_shared.execute([row]).doing(REMOVING)?;
        }
    }
    Ok(())
}
