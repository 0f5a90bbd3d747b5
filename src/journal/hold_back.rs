//! What a run that holds must not send again (`--uncertain hold`).

use jiff::Timestamp;
use rusqlite::params;

use super::Journal;
use super::error::{Doing, JournalError};
use super::state::legal;
use crate::lifecycle::{RowState, Transition};

impl Journal {
    /// Puts this run's planned rows in doubt of which a create may have arrived in an earlier run: one that was allowed
    /// to send them again, or had them rejected after two listings without them. Returns how many there are.
    pub fn hold_back(&mut self, now: Timestamp) -> Result<u64, JournalError> {
        let doing = "holding back rows that were sent before";
        self.write(doing, |transaction, run| {
            let uncertain = legal(RowState::Planned, Transition::Hold)?;
            transaction
                .execute(
                    "INSERT OR REPLACE INTO doubts (participant, since, proof, cause)
                     SELECT participant, ?2, 'none', 'an earlier run sent it, and this one sends nothing twice'
                     FROM participants INDEXED BY participants_open
                     WHERE confirmation IS NULL AND state = 'planned' AND sends > 0 AND run = ?1",
                    params![run.0, now.as_millisecond()],
                )
                .doing(doing)?;
            transaction
                .execute(
                    "UPDATE participants SET state = ?2
                     WHERE state = 'planned' AND run = ?1 AND participant IN (SELECT participant FROM doubts)",
                    params![run.0, uncertain.name()],
                )
                .doing(doing)
                .map(|rows| rows as u64)
        })
    }
}
