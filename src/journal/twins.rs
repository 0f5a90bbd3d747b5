//! People who seem to be in a meeting already, under an id that the roster doesn't name any more: a mended ticket
//! number must not invite them again.

use rusqlite::{Connection, Transaction, params};

use super::compare::PLANNING;
use super::error::{Doing, JournalError};
use super::planned::ChangeKind;
use super::stage::ACCEPTING;
use super::state::legal;
use super::{MeetingKey, RunNumber, restaged};
use crate::lifecycle::{RowState, Transition};

/// What to do with a new id whose name and e-mail address are those of somebody in the meeting whom the roster doesn't
/// name any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SamePerson {
    /// Hold it back and report both.
    #[default]
    Hold,
    /// Add it: it is another person, or is to be in twice.
    Add,
}

/// The states of people who are, or may be, in the meeting. Who was never sent, refused or removed keeps nobody out.
macro_rules! may_be_in {
    () => {
        "state IN ('added', 'present', 'uncertain', 'sending', 'conflict')"
    };
}
pub(super) use may_be_in;

/// Whether the run has a row with a person that was never sent: a rerun hasn't.
pub(super) const HAS_NEW: &str = "SELECT EXISTS (SELECT 1 FROM participants INDEXED BY participants_open
     WHERE confirmation IS NULL AND state IN ('planned', 'rejected') AND run = ?1 AND sends = 0 AND person IS NOT NULL)";

/// Who may be in this run's meetings and isn't named by it: one pass over the table in its own order, sorted before it is
/// kept, so that its memory is bounded.
pub(super) const FIND_LEFT: &str = concat!(
    "INSERT INTO temp.left_in_meeting
     SELECT meeting, person, min(participant) FROM participants NOT INDEXED
     WHERE run <> ?1 AND person IS NOT NULL AND ",
    may_be_in!(),
    " AND meeting IN (SELECT meeting FROM run_meetings WHERE run = ?1) GROUP BY meeting, person"
);

pub(super) const PAIR: &str = "INSERT INTO twins (participant, twin)
     SELECT p.participant, l.participant
     FROM participants p INDEXED BY participants_open
     CROSS JOIN temp.left_in_meeting l ON l.meeting = p.meeting AND l.person = p.person
     WHERE p.confirmation IS NULL AND p.state = 'planned' AND p.run = ?1 AND p.sends = 0";

/// Refused rows of the run that will be held back, and whom for: they stay refused until it is accepted.
pub(super) const REFUSED_TWINS: &str = "CREATE TEMP TABLE IF NOT EXISTS refused_twins (
         participant INTEGER PRIMARY KEY, twin INTEGER NOT NULL
     ) STRICT;";

const PAIR_REFUSED: &str = "INSERT INTO temp.refused_twins
     SELECT p.participant, l.participant
     FROM participants p INDEXED BY participants_open
     CROSS JOIN temp.left_in_meeting l ON l.meeting = p.meeting AND l.person = p.person
     WHERE p.confirmation IS NULL AND p.state = 'rejected' AND p.run = ?1 AND p.sends = 0";

/// Every held row has a twin, and nobody else has.
pub(super) const WITHHOLD: &str = "UPDATE participants SET state = ?2
     WHERE run = ?1 AND state = 'planned' AND participant IN (SELECT participant FROM twins)";

pub(super) const RELEASE: &str = "UPDATE participants SET state = ?2
     WHERE run = ?1 AND state = 'held' AND participant IN (SELECT participant FROM twins)";

/// The rows of this run are judged anew.
pub(super) const FORGET_TWINS: &str = "DELETE FROM twins WHERE participant IN (
     SELECT participant FROM twins CROSS JOIN participants USING (participant) WHERE run = ?1)";

/// The run names held rows again: planned, as new ones are.
pub(super) fn release(transaction: &Transaction<'_>, run: RunNumber) -> Result<(), JournalError> {
    let planned = legal(RowState::Held, Transition::NameAgain)?;
    transaction.execute(RELEASE, params![run.0, planned.name()]).doing(ACCEPTING)?;
    transaction.execute(FORGET_TWINS, [run.0]).doing(ACCEPTING).map(|_| ())
}

/// Holds back this run's new rows whose person seems to be in the meeting already.
pub(super) fn withhold(transaction: &Transaction<'_>, run: RunNumber) -> Result<(), JournalError> {
    transaction
        .execute_batch(REFUSED_TWINS)
        .and_then(|()| transaction.execute_batch("DELETE FROM temp.refused_twins"))
        .doing(ACCEPTING)?;
    if !had_rows(transaction, run)? || !ask(transaction, HAS_NEW, run)? {
        return Ok(());
    }
    begin_left(transaction)?;
    transaction.execute(FIND_LEFT, [run.0]).doing(ACCEPTING)?;
    transaction.execute(PAIR, [run.0]).doing(ACCEPTING)?;
    transaction.execute(restaged::KEEP_PAIRED, [run.0]).doing(ACCEPTING)?;
    transaction.execute(PAIR_REFUSED, [run.0]).doing(ACCEPTING)?;
    let held = legal(RowState::Planned, Transition::Withhold)?;
    transaction.execute(WITHHOLD, params![run.0, held.name()]).doing(ACCEPTING)?;
    transaction.execute("DELETE FROM temp.left_in_meeting", []).doing(ACCEPTING).map(|_| ())
}

/// Whether an earlier run had rows in the meetings of this one: the first import of a million asks no more than this.
pub(super) fn had_rows(transaction: &Transaction<'_>, run: RunNumber) -> Result<bool, JournalError> {
    const HAD_ROWS: &str = "SELECT EXISTS (SELECT 1 FROM run_meetings WHERE run <> ?1
         AND meeting IN (SELECT meeting FROM run_meetings WHERE run = ?1))";
    ask(transaction, HAD_ROWS, run)
}

fn begin_left(transaction: &Transaction<'_>) -> Result<(), JournalError> {
    transaction
        .execute_batch(
            "CREATE TEMP TABLE IF NOT EXISTS left_in_meeting (
                 meeting INTEGER NOT NULL, person BLOB NOT NULL, participant INTEGER NOT NULL,
                 PRIMARY KEY (meeting, person)
             ) STRICT, WITHOUT ROWID;
             DELETE FROM temp.left_in_meeting;",
        )
        .doing(ACCEPTING)
}

fn ask(transaction: &Transaction<'_>, sql: &str, run: RunNumber) -> Result<bool, JournalError> {
    transaction.query_row(sql, [run.0], |row| row.get(0)).doing(ACCEPTING)
}

/// The kinds of change by which somebody loses their place.
pub(super) const REMOVALS: [ChangeKind; 3] =
    [ChangeKind::Remove, ChangeKind::RemoveFound, ChangeKind::Foreign];

/// Whose new id this run holds back as a possible duplicate stays: they would lose their place without getting one. How
/// many there are of a kind, in a meeting or in all of them.
pub(super) fn spare_twins(
    connection: &Connection,
    run: RunNumber,
    meeting: Option<MeetingKey>,
    kind: ChangeKind,
) -> Result<u64, JournalError> {
    connection
        .prepare_cached(
            "DELETE FROM temp.changes WHERE kind = ?3 AND (?2 IS NULL OR meeting = ?2) AND participant IN (
                 SELECT twin FROM twins CROSS JOIN participants p USING (participant)
                 WHERE p.state = 'held' AND p.run = ?1
                 UNION ALL SELECT twin FROM temp.refused_twins)",
        )
        .and_then(|mut delete| delete.execute(params![run.0, meeting.map(|meeting| meeting.0), kind.name()]))
        .doing(PLANNING)
        .map(|spared| spared as u64)
}
