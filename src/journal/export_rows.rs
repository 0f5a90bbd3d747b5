//! The rows that an export is made of.

use jiff::Timestamp;
use rusqlite::{Row, params};

use super::RunNumber;
use super::difference::Difference;
use super::error::{Doing, JournalError};
use super::reader::{JournalReader, REPORTING, seconds};
use super::restaged::last_known_row;
use super::state::read_state;
use crate::lifecycle::RowState;
use crate::model::{JoinToken, MeetingId};

/// The rows of an export, in the order in which they came into the journal, one at a time.
pub(super) const EXPORT: &str = concat!(
    "SELECT custom_participant_id, iif(confirmation IS NULL, coalesce(r.name, p.name), p.name),
            iif(confirmation IS NULL, coalesce(r.preset_name, p.preset_name), p.preset_name),
            iif(r.participant IS NULL OR confirmation IS NOT NULL, p.picture, r.picture), meeting_id, c.participant_id,
            token, token_expires_at, created_at, updated_at,
            CASE WHEN r.participant IS NULL OR state NOT IN ('planned', 'held') THEN state
                 WHEN r.twin IS NULL THEN 'planned' ELSE 'held' END,
            coalesce(r.roster, p.roster),
            iif(r.participant IS NULL, p.extra, r.extra), iif(r.participant IS NULL, p.wanted, r.wanted),
            coalesce(r.difference_accepted, p.difference_accepted)
     FROM participants p CROSS JOIN meetings USING (meeting) LEFT JOIN confirmations c USING (confirmation)
          LEFT JOIN restaged r ON r.participant = p.participant
     WHERE (?1 IS NULL OR meeting_id = ?1) AND (?2 IS NULL OR coalesce(r.run, p.run) = ?2)
       AND p.participant <= coalesce(",
    last_known_row!(),
    ", p.participant)
     ORDER BY p.participant"
);

/// A participant as the export shows it.
#[derive(Debug, Clone)]
pub struct ExportRow {
    /// Its id.
    pub custom_participant_id: String,
    /// Its name.
    pub name: String,
    /// Its preset.
    pub preset_name: String,
    /// Its picture.
    pub picture: Option<String>,
    /// Its meeting.
    pub meeting_id: String,
    /// The API's id.
    pub participant_id: Option<String>,
    /// The token; withheld while the preset differs from the roster's and nobody has accepted that.
    pub token: Option<JoinToken>,
    /// When the token ends.
    pub token_expires_at: Option<Timestamp>,
    /// As the API wrote it.
    pub created_at: Option<String>,
    /// As the API wrote it.
    pub updated_at: Option<String>,
    /// Its state.
    pub state: RowState,
    /// The roster that named it last.
    pub roster: i64,
    /// The further columns' values: a JSON array.
    pub extra: Option<String>,
}

/// Which rows an export is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExportFilter {
    /// Only this meeting's.
    pub meeting: Option<MeetingId>,
    /// Only those that this run names.
    pub run: Option<RunNumber>,
}

impl JournalReader {
    /// The names of the further columns of the exported rows' rosters: for every roster its own, in order.
    pub fn extra_columns(&self, filter: ExportFilter) -> Result<Vec<(i64, Vec<String>)>, JournalError> {
        let (meeting, run) = filter.values();
        self.connection
            .prepare(concat!(
                "SELECT roster, extra_columns FROM rosters WHERE roster IN (
                     SELECT DISTINCT coalesce(r.roster, p.roster) FROM participants p JOIN meetings USING (meeting)
                     LEFT JOIN restaged r ON r.participant = p.participant
                     WHERE (?1 IS NULL OR meeting_id = ?1) AND (?2 IS NULL OR coalesce(r.run, p.run) = ?2)
                       AND p.participant <= coalesce(",
                last_known_row!(),
                ", p.participant))
                 ORDER BY roster",
            ))
            .and_then(|mut statement| {
                let rows = statement.query_map(params![meeting, run], |row| {
                    let names: String = row.get(1)?;
                    Ok((row.get(0)?, serde_json::from_str(&names).unwrap_or_default()))
                })?;
                rows.collect()
            })
            .doing(REPORTING)
    }

    /// Hands out the rows to export, in the order in which they came into the journal; stops at the first error.
    pub fn export<E: From<JournalError>>(
        &self,
        filter: ExportFilter,
        mut take: impl FnMut(ExportRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let (meeting, run) = filter.values();
        let mut statement = self.connection.prepare(EXPORT).doing(REPORTING)?;
        let mut rows = statement.query(params![meeting, run]).doing(REPORTING)?;
        while let Some(row) = rows.next().doing(REPORTING)? {
            take(read_export(row).doing(REPORTING)?)?;
        }
        Ok(())
    }
}

impl ExportFilter {
    pub(super) fn values(self) -> (Option<String>, Option<i64>) {
        (self.meeting.map(|meeting| meeting.to_string()), self.run.map(RunNumber::get))
    }
}

fn read_export(row: &Row<'_>) -> rusqlite::Result<ExportRow> {
    let wanted = Difference::read(row.get_ref(13)?.as_str_or_null()?);
    let withheld = wanted.preset_name.is_some() && !row.get::<_, bool>(14)?;
    let token: Option<String> = row.get(6)?;
    Ok(ExportRow {
        custom_participant_id: row.get(0)?,
        name: row.get(1)?,
        preset_name: row.get(2)?,
        picture: row.get(3)?,
        meeting_id: row.get(4)?,
        participant_id: row.get(5)?,
        token: token.filter(|_| !withheld).map(JoinToken::new),
        token_expires_at: if withheld { None } else { seconds(row, 7)? },
        created_at: row.get(8)?,
        updated_at: row.get(9)?,
        state: read_state(row, 10)?,
        roster: row.get(11)?,
        extra: row.get(12)?,
    })
}
