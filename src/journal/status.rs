//! What `status` shows: what the journal holds of each meeting, and the runs.

use jiff::Timestamp;
use rusqlite::Row;

use super::error::{Doing, JournalError};
use super::reader::{JournalReader, REPORTING, milliseconds, seconds};
use super::state::read_state;
use crate::lifecycle::RowState;

/// The counts of one meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeetingCounts {
    /// Account and app.
    pub account_id: String,
    /// The app.
    pub app_id: String,
    /// The meeting.
    pub meeting_id: String,
    /// Rows by state, in the order of [`RowState::ALL`].
    pub states: Vec<(RowState, u64)>,
    /// Tokens kept.
    pub tokens: u64,
    /// Tokens that were removed on purpose.
    pub purged: u64,
    /// The soonest end of a token that says when it ends.
    pub soonest_expiry: Option<Timestamp>,
    /// Planned rows that the newest accepted run doesn't name: no run will send them until a roster names them again.
    pub left_behind: u64,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunInfo {
    /// Its number.
    pub run: i64,
    /// What was run.
    pub command: String,
    /// When it began.
    pub started_at: Timestamp,
    /// Whether its roster was accepted.
    pub accepted: bool,
    /// When it ended; `None` while it runs, or if it was killed.
    pub finished_at: Option<Timestamp>,
    /// How it ended.
    pub exit_code: Option<u8>,
    /// Rows that it was the last to name.
    pub rows: u64,
    /// Creates that it was the last to send and that are confirmed.
    pub added: u64,
    /// Rows that were invalid.
    pub invalid: u64,
}

impl JournalReader {
    /// The counts of every meeting.
    pub fn meetings(&self) -> Result<Vec<MeetingCounts>, JournalError> {
        let mut statement = self
            .connection
            .prepare(
                "SELECT m.account_id, m.app_id, m.meeting_id, count(c.token), min(c.token_expires_at),
                        count(*) FILTER (WHERE p.state = 'planned'
                            AND p.run IS NOT (SELECT max(run) FROM runs WHERE accepted_at IS NOT NULL)),
                        count(c.token_purged_at), m.meeting
                 FROM meetings m LEFT JOIN participants p USING (meeting) LEFT JOIN confirmations c USING (confirmation)
                 GROUP BY m.meeting ORDER BY m.meeting",
            )
            .doing(REPORTING)?;
        let meetings = statement
            .query_map([], |row| Ok((read_meeting(row)?, row.get(7)?)))
            .and_then(Iterator::collect::<Result<Vec<(MeetingCounts, i64)>, _>>)
            .doing(REPORTING)?;
        meetings
            .into_iter()
            .map(|(counts, key)| Ok(MeetingCounts { states: self.states(key)?, ..counts }))
            .collect()
    }

    fn states(&self, meeting: i64) -> Result<Vec<(RowState, u64)>, JournalError> {
        let counted = self
            .connection
            .prepare_cached("SELECT state, count(*) FROM participants WHERE meeting = ?1 GROUP BY state")
            .and_then(|mut statement| {
                statement.query_map([meeting], |row| Ok((read_state(row, 0)?, row.get(1)?)))?.collect()
            })
            .doing(REPORTING)?;
        let counted: Vec<(RowState, u64)> = counted;
        let count =
            |state| counted.iter().find(|(counted, _)| *counted == state).map_or(0, |(_, count)| *count);
        Ok(RowState::ALL.into_iter().map(|state| (state, count(state))).collect())
    }

    /// The last `count` runs, the newest first.
    pub fn runs(&self, count: u32) -> Result<Vec<RunInfo>, JournalError> {
        self.connection
            .prepare(
                "WITH named AS (SELECT run, count(*) AS rows FROM participants GROUP BY run),
                      sent AS (SELECT sent_run, count(*) AS rows FROM participants
                               WHERE confirmation IS NOT NULL AND sends > 0 GROUP BY sent_run)
                 SELECT r.run, command, started_at, accepted_at IS NOT NULL, finished_at, exit_code,
                        coalesce(named.rows, 0), coalesce(sent.rows, 0), invalid
                 FROM runs r LEFT JOIN named USING (run) LEFT JOIN sent ON sent.sent_run = r.run
                 ORDER BY r.run DESC LIMIT ?1",
            )
            .and_then(|mut statement| statement.query_map([count], read_run)?.collect())
            .doing(REPORTING)
    }
}

fn read_meeting(row: &Row<'_>) -> rusqlite::Result<MeetingCounts> {
    Ok(MeetingCounts {
        account_id: row.get(0)?,
        app_id: row.get(1)?,
        meeting_id: row.get(2)?,
        states: Vec::new(),
        tokens: row.get(3)?,
        soonest_expiry: seconds(row, 4)?,
        left_behind: row.get(5)?,
        purged: row.get(6)?,
    })
}

fn read_run(row: &Row<'_>) -> rusqlite::Result<RunInfo> {
    Ok(RunInfo {
        run: row.get(0)?,
        command: row.get(1)?,
        started_at: milliseconds(row, 2)?.unwrap_or_default(),
        accepted: row.get(3)?,
        finished_at: milliseconds(row, 4)?,
        exit_code: row.get(5)?,
        rows: row.get(6)?,
        added: row.get(7)?,
        invalid: row.get(8)?,
    })
}
