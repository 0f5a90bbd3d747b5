//! A journal opened to look at.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::{Doing, JournalError};
use super::export_rows::ExportFilter;
use super::state::read_state;
use super::{Journal, open};
use crate::lifecycle::RowState;
use crate::model::{MeetingId, Target};

pub(super) const REPORTING: &str = "reading the journal";

/// A journal opened to look at: no lock, nothing changed, also while a run is going on.
#[derive(Debug)]
pub struct JournalReader {
    pub(super) connection: Connection,
}

impl JournalReader {
    /// Opens the journal at `path`. The process that holds it for a run takes [`Journal::reader`] instead.
    ///
    /// # Errors
    /// As [`Journal::open`](super::Journal::open), but a missing file is an error here.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        Ok(Self { connection: open::to_read(path)? })
    }

    /// The API that it belongs to.
    pub fn origin(&self) -> Result<Option<String>, JournalError> {
        self.connection.query_row("SELECT api_origin FROM journal", [], |row| row.get(0)).doing(REPORTING)
    }

    /// The rosters that runs have read, as they were named.
    pub fn roster_files(&self) -> Result<Vec<String>, JournalError> {
        self.connection
            .prepare("SELECT DISTINCT file FROM rosters")
            .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
            .doing(REPORTING)
    }

    /// When the first of these tokens ends, or has ended.
    pub fn soonest_expiry(&self, of: ExportFilter) -> Result<Option<Timestamp>, JournalError> {
        let (meeting, run) = of.values();
        self.connection
            .query_row(
                "SELECT min(c.token_expires_at) FROM participants p JOIN meetings m USING (meeting)
                 JOIN confirmations c ON c.confirmation = p.confirmation
                 WHERE (?1 IS NULL OR m.meeting_id = ?1) AND (?2 IS NULL OR p.run = ?2)",
                params![meeting, run],
                |row| seconds(row, 0),
            )
            .doing(REPORTING)
    }

    /// The state of a participant, if the journal knows it.
    pub fn state_of(
        &self,
        target: &Target,
        meeting: MeetingId,
        custom_participant_id: &str,
    ) -> Result<Option<RowState>, JournalError> {
        self.connection
            .prepare_cached(
                "SELECT state FROM participants JOIN meetings USING (meeting)
                 WHERE account_id = ?1 AND app_id = ?2 AND meeting_id = ?3 AND custom_participant_id = ?4",
            )
            .and_then(|mut statement| {
                let key =
                    params![target.account_id(), target.app_id(), meeting.to_string(), custom_participant_id];
                statement.query_row(key, |row| read_state(row, 0)).optional()
            })
            .doing(REPORTING)
    }
}

impl Journal {
    /// A look at what this run has committed so far.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn reader(&self) -> Result<JournalReader, JournalError> {
        let connection = open::beside_a_run(self.path())?;
        connection.pragma_update(None, "query_only", true).doing(REPORTING)?;
        Ok(JournalReader { connection })
    }
}

pub(super) fn seconds(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let seconds: Option<i64> = row.get(column)?;
    Ok(seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()))
}

pub(super) fn milliseconds(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let milliseconds: Option<i64> = row.get(column)?;
    Ok(milliseconds.and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok()))
}
