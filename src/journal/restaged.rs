//! Rows as the last accepted run named them, kept while a run that isn't accepted yet names them otherwise; and rows that
//! only such a run has named.

use rusqlite::{Row, Transaction, params};

use super::difference::{Difference, Fields, parts};
use super::error::{Doing, JournalError};
use super::state::{legal, read_state};
use crate::lifecycle::{RowState, Transition};

/// Keeps a row as it is. What it was before the first of the runs that name it otherwise counts.
pub(super) const KEEP: &str = "INSERT INTO restaged
     SELECT participant, run, roster, line, name, preset_name, picture, extra, wanted, difference_accepted, person,
            (SELECT twin FROM twins t WHERE t.participant = p.participant)
     FROM participants p WHERE participant = ?1 ON CONFLICT DO NOTHING";

/// Keeps the run's rows that are to be held back, and weren't before.
pub(super) const KEEP_PAIRED: &str = "INSERT INTO restaged
     SELECT participant, run, roster, line, name, preset_name, picture, extra, wanted, difference_accepted, person, NULL
     FROM twins CROSS JOIN participants USING (participant) WHERE run = ?1 AND state = 'planned'
     ON CONFLICT DO NOTHING";

/// A row that was named otherwise, as it is now and as it was.
struct Restaged {
    row: i64,
    state: RowState,
    held: Fields,
    /// What the last accepted run wanted of it.
    wanted: Fields,
    /// The difference that somebody has accepted.
    accepted: Option<String>,
}

/// The run is accepted: what it says holds.
pub(super) fn forget(transaction: &Transaction<'_>, doing: &'static str) -> Result<(), JournalError> {
    transaction.execute("DELETE FROM restaged", []).doing(doing).map(|_| ())
}

/// The journal's last row before the last run, if that isn't accepted: nobody knows of the later ones.
macro_rules! last_known_row {
    () => {
        "(SELECT last_row FROM runs WHERE run = (SELECT max(run) FROM runs) AND accepted_at IS NULL)"
    };
}
pub(super) use last_known_row;

/// The last run ended without being accepted, or died: what was said before holds. What its listings have shown since
/// then stays, and is compared with what was wanted before.
pub(super) fn put_back(transaction: &Transaction<'_>, doing: &'static str) -> Result<(), JournalError> {
    transaction
        .execute(
            "UPDATE participants SET run = r.run, roster = r.roster, line = r.line, extra = r.extra, person = r.person
             FROM restaged r WHERE r.participant = participants.participant",
            [],
        )
        .doing(doing)?;
    hold_back_as_before(transaction, doing)?;
    let mut select = transaction
        .prepare(
            "SELECT participant, state, p.name, p.preset_name, p.picture, r.name, r.preset_name, r.picture, r.wanted,
                    r.difference_accepted
             FROM restaged r CROSS JOIN participants p USING (participant)",
        )
        .doing(doing)?;
    let rows = select.query_map([], read).doing(doing)?;
    for row in rows {
        want_again(transaction, &row.doing(doing)?).doing(doing)?;
    }
    forget(transaction, doing)?;
    forget_new(transaction, doing)
}

/// Whom the run has let go is held back again, and whom it has held back is planned again.
fn hold_back_as_before(transaction: &Transaction<'_>, doing: &'static str) -> Result<(), JournalError> {
    let planned = legal(RowState::Held, Transition::NameAgain)?;
    let held = legal(RowState::Planned, Transition::Withhold)?;
    transaction
        .execute("DELETE FROM twins WHERE participant IN (SELECT participant FROM restaged)", [])
        .doing(doing)?;
    transaction
        .execute(
            "UPDATE participants SET state = iif(r.twin IS NULL, ?1, ?2) FROM restaged r
             WHERE r.participant = participants.participant AND sends = 0 AND state IN (?1, ?2)",
            [planned.name(), held.name()],
        )
        .doing(doing)?;
    transaction
        .execute(
            "INSERT INTO twins SELECT participant, twin FROM restaged CROSS JOIN participants USING (participant)
             WHERE twin IS NOT NULL AND state = ?1",
            [held.name()],
        )
        .doing(doing)
        .map(|_| ())
}

/// Whom only the last run has named, which isn't accepted: nothing was sent for them, and whoever a listing has shown to
/// be in by their id is another one's.
fn forget_new(transaction: &Transaction<'_>, doing: &'static str) -> Result<(), JournalError> {
    let last: Option<i64> =
        transaction.query_row(concat!("SELECT ", last_known_row!()), [], |row| row.get(0)).doing(doing)?;
    let Some(last) = last else { return Ok(()) };
    for delete in [
        "DELETE FROM conflicts WHERE participant > ?1",
        "DELETE FROM twins WHERE participant > ?1",
        "DELETE FROM participants WHERE participant > ?1",
        // No create of theirs was answered, so that none has a token.
        "DELETE FROM confirmations WHERE token IS NULL AND participant > ?1",
    ] {
        transaction.execute(delete, [last]).doing(doing)?;
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Restaged> {
    let difference = row.get_ref(8)?.as_str_or_null()?;
    Ok(Restaged {
        row: row.get(0)?,
        state: read_state(row, 1)?,
        held: (row.get(2)?, row.get(3)?, row.get(4)?),
        wanted: Difference::read(difference).of(&(row.get(5)?, row.get(6)?, row.get(7)?)),
        accepted: row.get::<_, bool>(9)?.then(|| difference.map(str::to_owned)).flatten(),
    })
}

/// What was wanted is wanted again: as what is to be sent, or as what differs from what was sent or found.
fn want_again(transaction: &Transaction<'_>, row: &Restaged) -> rusqlite::Result<()> {
    let (fields, difference) = match row.state {
        RowState::Planned | RowState::Rejected | RowState::Held => (&row.wanted, None),
        RowState::Added
        | RowState::Present
        | RowState::Uncertain
        | RowState::Conflict
        | RowState::Sending
        | RowState::Removed => (&row.held, Difference::between(parts(&row.wanted), parts(&row.held))),
    };
    let accepted = difference.is_some() && difference == row.accepted;
    transaction
        .prepare_cached(
            "UPDATE participants SET name = ?2, preset_name = ?3, picture = ?4, wanted = ?5, difference_accepted = ?6
             WHERE participant = ?1",
        )?
        .execute(params![row.row, fields.0, fields.1, fields.2, difference, accepted])
        .map(|_| ())
}
