//! The gate: until when the server asked us to wait. It is kept, so that a restart doesn't knock on a closed door.

use std::path::PathBuf;

use jiff::Timestamp;
use rusqlite::Transaction;

use super::error::Doing;
use super::{Journal, JournalError, RunNumber, open, write};

const DOING: &str = "keeping the gate";

/// Keeps the gate of a run whose journal is somewhere else just now: with the thread that stages the roster, or with
/// the one that carries results. For the rare 429, by a connection of its own.
#[derive(Debug, Clone)]
pub struct GateKeeper {
    path: PathBuf,
    run: RunNumber,
}

impl GateKeeper {
    /// Keeps until when the server asked us to wait. Blocks on the disk.
    ///
    /// # Errors
    /// The disk fails, or another run has taken over.
    pub fn keep(&self, until: Timestamp) -> Result<(), JournalError> {
        let mut connection = open::beside_a_run(&self.path)?;
        write(&mut connection, self.run, DOING, |transaction, _run| set(transaction, Some(until)))
    }
}

impl Journal {
    /// Until when the server asked an earlier run to wait.
    pub fn gate_until(&self) -> Result<Option<Timestamp>, JournalError> {
        let until: Option<i64> = self
            .connection
            .query_row("SELECT gate_until FROM journal", [], |row| row.get(0))
            .doing("reading the gate")?;
        Ok(until.and_then(|until| Timestamp::from_millisecond(until).ok()))
    }

    /// Whether the run before this one began later than `now`: the clock has been set back since, and a gate that was
    /// kept by the old time says nothing any more.
    pub fn clock_was_set_back(&self, now: Timestamp) -> Result<bool, JournalError> {
        self.connection
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM runs WHERE run = ?1 - 1 AND started_at > ?2)",
                (self.run.0, now.as_millisecond()),
                |row| row.get(0),
            )
            .doing("reading the gate")
    }

    /// Keeps until when the server asked us to wait.
    pub fn keep_gate(&mut self, until: Option<Timestamp>) -> Result<(), JournalError> {
        self.write(DOING, |transaction, _run| set(transaction, until))
    }

    /// What keeps this run's gate without the journal at hand.
    pub fn gate_keeper(&self) -> GateKeeper {
        GateKeeper { path: self.path().to_owned(), run: self.run }
    }
}

fn set(transaction: &Transaction<'_>, until: Option<Timestamp>) -> Result<(), JournalError> {
    transaction
        .execute("UPDATE journal SET gate_until = ?1", [until.map(Timestamp::as_millisecond)])
        .doing(DOING)
        .map(|_| ())
}
