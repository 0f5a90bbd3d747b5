//! Tokens are keys: once the links are mailed, the journal can do without them.

use std::ops::Range;

use jiff::Timestamp;
use rusqlite::params;

use super::Journal;
use super::error::{Doing, JournalError};

/// So many rows a transaction: the -wal stays small.
const AT_ONCE: usize = 10_000;

const DOING: &str = "removing the tokens";

impl Journal {
    /// Removes all tokens of participants, for good; returns how many. They are overwritten with zeros in the journal
    /// (`secure_delete`), and the -wal, which holds older pages, is emptied. The rows stay what they are.
    ///
    /// # Errors
    /// [`JournalError::Busy`] if somebody reads the journal for too long: the -wal can't be emptied then, and the call is
    /// to be repeated.
    pub fn purge_tokens(&mut self, now: Timestamp) -> Result<u64, JournalError> {
        self.purge_in_steps_of(AT_ONCE, now)
    }

    pub(super) fn purge_in_steps_of(&mut self, rows: usize, now: Timestamp) -> Result<u64, JournalError> {
        let last: i64 = self
            .connection
            .query_row("SELECT coalesce(max(confirmation), 0) FROM confirmations", [], |row| row.get(0))
            .doing(DOING)?;
        let mut purged = 0;
        let width = i64::try_from(rows).unwrap_or(i64::MAX);
        for first in (1..=last).step_by(rows) {
            purged += self.purge_range(first..first.saturating_add(width), now)?;
        }
        self.empty_wal()?;
        Ok(purged)
    }

    fn purge_range(&mut self, range: Range<i64>, now: Timestamp) -> Result<u64, JournalError> {
        self.write(DOING, |transaction, _run| {
            transaction
                .prepare_cached(
                    "UPDATE confirmations SET token = NULL, token_expires_at = NULL, token_purged_at = ?3
                     WHERE confirmation >= ?1 AND confirmation < ?2 AND token IS NOT NULL",
                )
                .and_then(|mut update| update.execute(params![range.start, range.end, now.as_millisecond()]))
                .doing(DOING)
                .map(|rows| rows as u64)
        })
    }

    fn empty_wal(&self) -> Result<(), JournalError> {
        let doing = "emptying the journal's -wal file, which holds older pages";
        let blocked: bool = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .doing(doing)?;
        if blocked { Err(JournalError::Busy { doing }) } else { Ok(()) }
    }
}
