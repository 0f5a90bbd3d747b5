//! A complete listing held against what the journal says of a meeting; what differs is kept in a temporary table until
//! the run ends.

use rusqlite::{Connection, params};

use super::compare::{InList, Journaled, read_fields, shown, walk};
use super::error::{Doing, JournalError};
use super::{Journal, MeetingKey, RunMeeting, RunNumber};
use crate::audit::{Claimed, Deviation, audit};
use crate::model::{Location, MeetingId, Target};
use crate::plan::FieldChange;

const AUDITING: &str = "comparing the meeting with the journal";

/// What differs; forgotten when the run ends.
const DEVIATIONS: &str = "CREATE TEMP TABLE IF NOT EXISTS deviations (
     number INTEGER PRIMARY KEY, meeting INTEGER NOT NULL, kind TEXT NOT NULL, participant INTEGER,
     custom_participant_id TEXT NOT NULL, name TEXT NOT NULL, journaled TEXT, listed TEXT NOT NULL, fields TEXT
 ) STRICT;
 CREATE INDEX IF NOT EXISTS temp.deviations_by_kind ON deviations (kind, number);";

/// The kinds of [`Deviation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeviationKind {
    /// See [`Deviation::Missing`].
    Missing,
    /// See [`Deviation::Duplicated`].
    Duplicated,
    /// See [`Deviation::Replaced`].
    Replaced,
    /// See [`Deviation::Differing`].
    Differing,
    /// See [`Deviation::Unconfirmed`].
    Unconfirmed,
    /// See [`Deviation::Foreign`].
    Foreign,
}

impl DeviationKind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Missing, Self::Duplicated, Self::Replaced, Self::Differing, Self::Unconfirmed, Self::Foreign];

    /// The name that reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Duplicated => "duplicated",
            Self::Replaced => "replaced",
            Self::Differing => "differing",
            Self::Unconfirmed => "unconfirmed",
            Self::Foreign => "foreign",
        }
    }
}

/// How a meeting compares with the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeetingAudit {
    /// The meeting.
    pub meeting: RunMeeting,
    /// Participants in the listing.
    pub listed: u64,
    /// Rows that the journal has as in.
    pub confirmed: u64,
    /// Ids that differ, in the order of [`DeviationKind::ALL`].
    deviations: [u64; 6],
}

impl MeetingAudit {
    /// How many ids differ in a way.
    pub fn of(&self, kind: DeviationKind) -> u64 {
        DeviationKind::ALL
            .into_iter()
            .zip(self.deviations)
            .find(|(other, _)| *other == kind)
            .map_or(0, |(_, n)| n)
    }

    fn count(&mut self, kind: DeviationKind) {
        for (other, count) in DeviationKind::ALL.into_iter().zip(&mut self.deviations) {
            *count += u64::from(other == kind);
        }
    }
}

/// An id that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviant {
    /// Its place among all of them.
    pub number: i64,
    /// The meeting.
    pub meeting: MeetingId,
    /// In which way.
    pub kind: DeviationKind,
    /// Whose id it is.
    pub custom_participant_id: String,
    /// Their name, as the meeting shows it or as the journal has it.
    pub name: String,
    /// The API's id in the journal.
    pub journaled: Option<String>,
    /// The API's ids in the meeting.
    pub listed: Vec<String>,
    /// What differs: as it is, and as it should be.
    pub fields: Vec<FieldChange>,
    /// Where a roster named it last.
    pub location: Option<Location>,
}

impl Journal {
    /// The meetings of an app that the journal has somebody in: confirmed, in conflict, or in doubt; or this one of them.
    pub fn meetings_with_somebody(
        &self,
        target: &Target,
        meeting: Option<MeetingId>,
    ) -> Result<Vec<RunMeeting>, JournalError> {
        let held = "p.confirmation IS NOT NULL OR p.state IN ('sending', 'uncertain', 'conflict')";
        self.meetings_with(held, target, meeting, None)
    }

    /// The meetings of an app that this run has sent somebody to who is or may be in; or this one of them.
    pub fn meetings_sent_to(
        &self,
        target: &Target,
        meeting: Option<MeetingId>,
        run: RunNumber,
    ) -> Result<Vec<RunMeeting>, JournalError> {
        let sent = "p.sent_run = ?4 AND (p.confirmation IS NOT NULL OR p.state IN ('sending', 'uncertain'))";
        self.meetings_with(sent, target, meeting, Some(run))
    }

    fn meetings_with(
        &self,
        rows: &'static str,
        target: &Target,
        meeting: Option<MeetingId>,
        run: Option<RunNumber>,
    ) -> Result<Vec<RunMeeting>, JournalError> {
        let meeting = meeting.map(|meeting| meeting.to_string());
        let found: Vec<(i64, String)> = self
            .connection
            .prepare(&format!(
                "SELECT meeting, meeting_id FROM meetings m
                 WHERE account_id = ?1 AND app_id = ?2 AND (?3 IS NULL OR meeting_id = ?3) AND ?4 IS ?4
                   AND EXISTS (SELECT 1 FROM participants p WHERE p.meeting = m.meeting AND ({rows}))
                 ORDER BY meeting"
            ))
            .and_then(|mut select| {
                let key = params![target.account_id(), target.app_id(), meeting, run.map(|run| run.0)];
                select.query_map(key, |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
            })
            .doing(AUDITING)?;
        let read = |(key, id): (i64, String)| {
            let id = id.parse().map_err(|_| JournalError::Damaged { why: format!("meeting id {id:?}") })?;
            Ok(RunMeeting { key: MeetingKey(key), id, listed: false, wants_listing: false })
        };
        found.into_iter().map(read).collect()
    }

    /// Compares the meeting's listing, which must be complete, with what the journal says. Nothing that the journal holds
    /// is changed.
    pub fn audit(&mut self, meeting: RunMeeting) -> Result<MeetingAudit, JournalError> {
        let transaction = self.connection.transaction().doing(AUDITING)?;
        transaction.execute_batch(DEVIATIONS).doing(AUDITING)?;
        transaction
            .execute("DELETE FROM temp.deviations WHERE meeting = ?1", [meeting.key.0])
            .doing(AUDITING)?;
        let mut found = MeetingAudit { meeting, listed: 0, confirmed: 0, deviations: [0; 6] };
        walk(&transaction, self.run, meeting.key, |row, there| {
            found.listed += there.len() as u64;
            found.confirmed += u64::from(row.is_some_and(|row| row.known().is_confirmed()));
            let listed: Vec<_> = there.iter().map(InList::listed).collect();
            let expected = row.map(|row| shown(if row.accepted { &row.held } else { &row.wanted }));
            let known = row.map(Journaled::known);
            let Some(deviation) = audit(Claimed { known, expected, listed: &listed }) else { return Ok(()) };
            let (kind, fields) = kind_of(deviation);
            found.count(kind);
            keep(&transaction, meeting.key, kind, &fields, row, there)
        })?;
        transaction.commit().doing(AUDITING)?;
        Ok(found)
    }

    /// Up to `count` ids that differ in a way, after a place among them, in their order.
    pub fn deviants(
        &self,
        kind: DeviationKind,
        after: i64,
        count: usize,
    ) -> Result<Vec<Deviant>, JournalError> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        // No meeting may have been looked at.
        self.connection.execute_batch(DEVIATIONS).doing(AUDITING)?;
        self.connection
            .prepare_cached(
                "SELECT x.number, m.meeting_id, x.custom_participant_id, x.name, x.journaled, x.listed, x.fields,
                        r.file, p.line
                 FROM temp.deviations x CROSS JOIN meetings m USING (meeting)
                 LEFT JOIN participants p USING (participant) LEFT JOIN rosters r USING (roster)
                 WHERE x.kind = ?1 AND x.number > ?2 ORDER BY x.number LIMIT ?3",
            )
            .and_then(|mut select| {
                select.query_map(params![kind.name(), after, count], |row| read_deviant(row, kind))?.collect()
            })
            .doing(AUDITING)
    }
}

fn kind_of(deviation: Deviation) -> (DeviationKind, Vec<FieldChange>) {
    match deviation {
        Deviation::Missing => (DeviationKind::Missing, Vec::new()),
        Deviation::Duplicated => (DeviationKind::Duplicated, Vec::new()),
        Deviation::Replaced => (DeviationKind::Replaced, Vec::new()),
        Deviation::Differing(fields) => (DeviationKind::Differing, fields),
        Deviation::Unconfirmed => (DeviationKind::Unconfirmed, Vec::new()),
        Deviation::Foreign => (DeviationKind::Foreign, Vec::new()),
    }
}

fn keep(
    connection: &Connection,
    meeting: MeetingKey,
    kind: DeviationKind,
    fields: &[FieldChange],
    row: Option<&Journaled>,
    there: &[InList],
) -> Result<(), JournalError> {
    let id = row.map(|row| &row.id).or(there.first().map(|there| &there.id));
    let name = there.first().map(|there| &there.shown.0).or(row.map(|row| &row.held.0));
    let listed: Vec<_> = there.iter().map(|there| &there.participant_id).collect();
    let fields: Vec<_> =
        fields.iter().map(|change| (change.field.name(), &change.old, &change.new)).collect();
    connection
        .prepare_cached(
            "INSERT INTO temp.deviations (meeting, kind, participant, custom_participant_id, name, journaled, listed,
                 fields)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                meeting.0,
                kind.name(),
                row.map(|row| row.row),
                id,
                name,
                row.and_then(|row| row.participant_id.as_ref()),
                serde_json::json!(listed).to_string(),
                (!fields.is_empty()).then(|| serde_json::json!(fields).to_string()),
            ])
        })
        .doing(AUDITING)
        .map(|_| ())
}

fn read_deviant(row: &rusqlite::Row<'_>, kind: DeviationKind) -> rusqlite::Result<Deviant> {
    let not_ours =
        |column| rusqlite::Error::InvalidColumnType(column, String::new(), rusqlite::types::Type::Text);
    let file: Option<String> = row.get(7)?;
    let line: Option<u64> = row.get(8)?;
    Ok(Deviant {
        number: row.get(0)?,
        meeting: row.get_ref(1)?.as_str()?.parse().map_err(|_| not_ours(1))?,
        kind,
        custom_participant_id: row.get(2)?,
        name: row.get(3)?,
        journaled: row.get(4)?,
        listed: serde_json::from_str(row.get_ref(5)?.as_str()?).map_err(|_| not_ours(5))?,
        fields: read_fields(row.get_ref(6)?.as_str_or_null()?),
        location: file.zip(line).map(|(file, line)| Location { file: file.into(), line }),
    })
}
