//! Confirmed rows as the last accepted run named them, kept while a run that isn't accepted yet names them otherwise.

use rusqlite::Transaction;

use super::error::{Doing, JournalError};

/// Keeps a row as it is. Of two runs that were never accepted the first counts.
pub(super) const KEEP: &str = "INSERT INTO restaged
     SELECT participant, roster, line, extra, wanted, difference_accepted, person FROM participants
     WHERE participant = ?1 ON CONFLICT DO NOTHING";

/// The run is accepted: what it says holds.
pub(super) fn forget(transaction: &Transaction<'_>, doing: &'static str) -> Result<(), JournalError> {
    transaction.execute("DELETE FROM restaged", []).doing(doing).map(|_| ())
}

/// The run ended without being accepted, or died: what was said before holds.
pub(super) fn put_back(transaction: &Transaction<'_>, doing: &'static str) -> Result<(), JournalError> {
    transaction
        .execute(
            "UPDATE participants SET roster = r.roster, line = r.line, extra = r.extra, wanted = r.wanted,
                    difference_accepted = r.difference_accepted, person = r.person
             FROM restaged r
             WHERE r.participant = participants.participant AND participants.confirmation IS NOT NULL",
            [],
        )
        .doing(doing)?;
    forget(transaction, doing)
}
