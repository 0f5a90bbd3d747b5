//! The rows that a complete listing shows: adopted if it shows them once, in conflict if more often. Rows that were
//! refused or removed are among them: somebody else has added them since, and who is in must not be sent.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::difference::{Difference, Fields, parts};
use super::error::{Doing, JournalError};
use super::listing::{SETTLING, Settled};
use super::state::{legal, read_state};
use super::{MeetingKey, RowId, RunNumber};
use crate::lifecycle::{RowState, Transition};

/// A row that the listing shows, with both sides of the comparison.
struct Match {
    row: RowId,
    state: RowState,
    times: i64,
    ours: bool,
    remote_id: String,
    wanted: Fields,
    held: Fields,
    created_at: String,
    updated_at: String,
}

/// Adopts what is listed once, reports what is listed more than once.
pub(super) fn match_rows(
    transaction: &Transaction<'_>,
    meeting: MeetingKey,
) -> Result<Settled, JournalError> {
    transaction.execute("DELETE FROM temp.matches", []).doing(SETTLING)?;
    transaction
        .execute(
            "INSERT INTO temp.matches SELECT p.participant, count(*), min(l.participant_id)
             FROM temp.listed l CROSS JOIN participants p
               ON p.meeting = ?1 AND p.custom_participant_id = l.custom_participant_id
             WHERE l.meeting = ?1 AND p.state IN ('planned', 'uncertain', 'conflict', 'held', 'rejected', 'removed')
             GROUP BY p.participant",
            [meeting.0],
        )
        .doing(SETTLING)?;
    let mut settled = Settled::default();
    let mut after = 0;
    while let Some(matched) = next_match(transaction, after)? {
        after = matched.row.0;
        if matched.times > 1 {
            report_conflict(transaction, &matched)?;
            settled.conflicts += 1;
        } else {
            adopt(transaction, &matched)?;
            *(if matched.ours { &mut settled.reconciled } else { &mut settled.found }) += 1;
        }
    }
    Ok(settled)
}

/// Whether the rows matched last are of people among others whom `run` doesn't name.
pub(super) fn has_matched_others(
    transaction: &Transaction<'_>,
    run: RunNumber,
) -> Result<bool, JournalError> {
    transaction
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM temp.matches CROSS JOIN participants USING (participant)
                            WHERE run <> ?1 AND person IS NOT NULL)",
            [run.0],
            |row| row.get(0),
        )
        .doing(SETTLING)
}

fn next_match(transaction: &Transaction<'_>, after: i64) -> Result<Option<Match>, JournalError> {
    transaction
        .prepare_cached(
            "SELECT p.participant, p.state, x.times, p.sends > 0 AND p.state <> 'rejected', l.participant_id, p.name, p.preset_name, p.picture,
                    coalesce(l.name, ''), l.preset_name, l.picture, l.created_at, l.updated_at, p.wanted
             FROM temp.matches x CROSS JOIN participants p USING (participant)
             CROSS JOIN temp.listed l ON l.meeting = p.meeting AND l.participant_id = x.participant_id
             WHERE x.participant > ?1 ORDER BY x.participant LIMIT 1",
        )
        .and_then(|mut statement| statement.query_row([after], read_match).optional())
        .doing(SETTLING)
}

fn read_match(row: &Row<'_>) -> rusqlite::Result<Match> {
    let newest = Difference::read(row.get_ref(13)?.as_str_or_null()?);
    Ok(Match {
        row: RowId(row.get(0)?),
        state: read_state(row, 1)?,
        times: row.get(2)?,
        ours: row.get(3)?,
        remote_id: row.get(4)?,
        wanted: newest.of(&(row.get(5)?, row.get(6)?, row.get(7)?)),
        held: (row.get(8)?, row.get(9)?, row.get(10)?),
        created_at: row.get(11)?,
        updated_at: row.get(12)?,
    })
}

fn adopt(transaction: &Transaction<'_>, matched: &Match) -> Result<(), JournalError> {
    let state = legal(matched.state, Transition::Adopt)?;
    let (name, preset_name, picture) = &matched.held;
    let wanted = Difference::between(parts(&matched.wanted), parts(&matched.held));
    transaction
        .prepare_cached(
            "INSERT INTO confirmations (participant, participant_id, created_at, updated_at) VALUES (?1, ?2, ?3, ?4)",
        )
        .and_then(|mut insert| {
            let Match { row, remote_id, created_at, updated_at, .. } = matched;
            insert.execute(params![row.0, remote_id, created_at, updated_at])
        })
        .doing(SETTLING)?;
    let confirmation = transaction.last_insert_rowid();
    transaction
        .prepare_cached(
            "UPDATE participants SET state = ?2, confirmation = ?3, name = ?4, preset_name = ?5, picture = ?6,
                    wanted = ?7, difference_accepted = 0, sends = iif(state = 'rejected', 0, sends)
             WHERE participant = ?1",
        )
        .and_then(|mut update| {
            let row = matched.row.0;
            update.execute(params![row, state.name(), confirmation, name, preset_name, picture, wanted])
        })
        .doing(SETTLING)?;
    for table in [
        "DELETE FROM refusals WHERE participant = ?1",
        "DELETE FROM conflicts WHERE participant = ?1",
        "DELETE FROM twins WHERE participant = ?1",
    ] {
        transaction
            .prepare_cached(table)
            .and_then(|mut delete| delete.execute([matched.row.0]))
            .doing(SETTLING)?;
    }
    Ok(())
}

fn report_conflict(transaction: &Transaction<'_>, matched: &Match) -> Result<(), JournalError> {
    let state = legal(matched.state, Transition::FindTwice)?;
    transaction
        .execute(
            "UPDATE participants SET state = ?2 WHERE participant = ?1",
            params![matched.row.0, state.name()],
        )
        .doing(SETTLING)?;
    transaction.execute("DELETE FROM conflicts WHERE participant = ?1", [matched.row.0]).doing(SETTLING)?;
    transaction.execute("DELETE FROM twins WHERE participant = ?1", [matched.row.0]).doing(SETTLING)?;
    transaction
        .execute(
            "INSERT INTO conflicts SELECT ?1, l.participant_id FROM participants p JOIN temp.listed l
               ON l.meeting = p.meeting AND l.custom_participant_id = p.custom_participant_id
             WHERE p.participant = ?1 ON CONFLICT DO NOTHING",
            [matched.row.0],
        )
        .doing(SETTLING)
        .map(|_| ())
}
