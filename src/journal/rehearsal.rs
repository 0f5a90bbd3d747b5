//! What an import would do with a roster's rows by what the journal knows, found out without writing to it.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use super::error::{Doing, JournalError};
use super::id_source::IdSource;
use super::open;
use super::state::read_state;
use super::twins::{SamePerson, may_be_in};
use crate::lifecycle::RowState;
use crate::model::{MeetingId, ParticipantKey, Target};
use crate::roster::{OnDuplicate, Person};

const DOING: &str = "comparing the roster with the journal";

/// As which import it is meant.
#[derive(Debug, Clone)]
pub struct RehearsalSettings {
    /// The account and app.
    pub target: Target,
    /// Which of two rows for one participant counts.
    pub on_duplicate: OnDuplicate,
    /// What to do with possible duplicates.
    pub same_person: SamePerson,
    /// Take only so many valid rows.
    pub limit: Option<u64>,
    /// Whether another source of ids than before is wanted.
    pub new_id_source: bool,
}

/// What would become of the valid rows that would not be added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rehearsed {
    /// Added or present.
    pub already_in: u64,
    /// Uncertain or in conflict: looked up before anything else.
    pub unsettled: u64,
    /// Possible duplicates.
    pub held: u64,
    /// Removed before: an import leaves them out.
    pub removed: u64,
    /// Beyond the limit.
    pub left_out: u64,
    /// Left out since another row for the same participant counts.
    pub repeated: u64,
}

/// An import without its writes. The rows are kept in a temporary file, not in memory.
#[derive(Debug)]
pub struct Rehearsal {
    connection: Connection,
    has_journal: bool,
    settings: RehearsalSettings,
    room: u64,
    /// The journal's number of each meeting; those that it doesn't know have negative ones.
    meetings: HashMap<MeetingId, i64>,
    counts: Rehearsed,
}

/// What the journal says of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Never sent: a candidate for a possible duplicate.
    New,
    In,
    Unsettled,
    Removed,
    /// Sent before, and to be sent again.
    Again,
}

impl Rehearsal {
    /// Beside the journal at `path`, or with none.
    ///
    /// # Errors
    /// As [`JournalReader::open`](super::JournalReader::open).
    pub fn begin(path: Option<&Path>, settings: RehearsalSettings) -> Result<Self, JournalError> {
        let connection = match path {
            Some(path) => open::to_read(path)?,
            None => Connection::open("").doing(DOING)?,
        };
        // The journal is opened to be read only; what is temporary may be written.
        connection.pragma_update(None, "query_only", false).doing(DOING)?;
        connection
            .execute_batch(
                "BEGIN;
                 CREATE TEMP TABLE named (
                     meeting INTEGER NOT NULL, custom_participant_id TEXT NOT NULL, taken INTEGER NOT NULL,
                     new INTEGER NOT NULL, person BLOB, PRIMARY KEY (meeting, custom_participant_id)
                 ) STRICT, WITHOUT ROWID;",
            )
            .doing(DOING)?;
        Ok(Self {
            connection,
            has_journal: path.is_some(),
            room: settings.limit.unwrap_or(u64::MAX),
            settings,
            meetings: HashMap::new(),
            counts: Rehearsed::default(),
        })
    }

    /// Takes note of a valid row.
    pub fn row(&mut self, key: &ParticipantKey, person: Option<Person>) -> Result<(), JournalError> {
        let (room, stops) = (self.room > 0, self.settings.on_duplicate == OnDuplicate::Stop);
        if !room && !stops {
            self.counts.left_out += 1;
            return Ok(());
        }
        let meeting = self.meeting(key.meeting)?;
        let standing = self.standing(meeting, &key.custom_participant_id)?;
        if !self.name(meeting, key, room, standing, person)? {
            // Where duplicates stop the import, the check reports them as invalid.
            self.counts.repeated += u64::from(!stops);
        } else if room {
            self.room -= 1;
            match standing {
                Standing::In => self.counts.already_in += 1,
                Standing::Unsettled => self.counts.unsettled += 1,
                Standing::Removed => self.counts.removed += 1,
                Standing::New | Standing::Again => {}
            }
        } else {
            self.counts.left_out += 1;
        }
        Ok(())
    }

    /// Refused if the import would be, for where the ids of its rosters come from. Of several rosters and several
    /// meetings it isn't known who names which: that is left to the import.
    ///
    /// # Errors
    /// [`JournalError::OtherIdSource`] and [`JournalError::TwoIdSources`].
    pub fn refuse_other_source(&self, sources: &[IdSource]) -> Result<(), JournalError> {
        let mut sources = sources.iter().filter(|source| !source.is_ours());
        let Some(first) = sources.next() else { return Ok(()) };
        let other = sources.find(|source| *source != first);
        for (meeting, key) in &self.meetings {
            match (other, self.bound(*key)?) {
                (Some(other), _) if self.meetings.len() == 1 => {
                    return Err(JournalError::two_id_sources(
                        *meeting,
                        &first.to_string(),
                        &other.to_string(),
                    ));
                }
                (None, Some(bound)) if !first.fits(&bound) && !self.settings.new_id_source => {
                    return Err(JournalError::other_id_source(*meeting, &bound, first));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What would become of the rows.
    pub fn finish(mut self) -> Result<Rehearsed, JournalError> {
        if self.has_journal && self.settings.same_person == SamePerson::Hold {
            self.counts.held = self.count_held()?;
        }
        Ok(self.counts)
    }

    fn meeting(&mut self, id: MeetingId) -> Result<i64, JournalError> {
        if let Some(known) = self.meetings.get(&id) {
            return Ok(*known);
        }
        let key = if self.has_journal { self.known_meeting(id)? } else { None };
        let unknown = -i64::try_from(self.meetings.len()).unwrap_or(i64::MAX) - 1;
        let key = key.unwrap_or(unknown);
        self.meetings.insert(id, key);
        Ok(key)
    }

    fn known_meeting(&self, id: MeetingId) -> Result<Option<i64>, JournalError> {
        let target = &self.settings.target;
        self.connection
            .prepare_cached(
                "SELECT meeting FROM meetings WHERE account_id = ?1 AND app_id = ?2 AND meeting_id = ?3",
            )
            .and_then(|mut select| {
                let key = params![target.account_id(), target.app_id(), id.to_string()];
                select.query_row(key, |row| row.get(0)).optional()
            })
            .doing(DOING)
    }

    fn bound(&self, meeting: i64) -> Result<Option<String>, JournalError> {
        if meeting < 0 {
            return Ok(None);
        }
        self.connection
            .query_row("SELECT id_source FROM meetings WHERE meeting = ?1", [meeting], |row| row.get(0))
            .doing(DOING)
    }

    fn standing(&self, meeting: i64, id: &str) -> Result<Standing, JournalError> {
        if meeting < 0 {
            return Ok(Standing::New);
        }
        let known = self
            .connection
            .prepare_cached(
                "SELECT state, sends FROM participants WHERE meeting = ?1 AND custom_participant_id = ?2",
            )
            .and_then(|mut select| {
                select
                    .query_row(params![meeting, id], |row| Ok((read_state(row, 0)?, row.get::<_, u64>(1)?)))
                    .optional()
            })
            .doing(DOING)?;
        Ok(match known {
            None | Some((RowState::Planned | RowState::Rejected | RowState::Held, 0)) => Standing::New,
            Some((RowState::Planned | RowState::Rejected | RowState::Held, _)) => Standing::Again,
            Some((RowState::Removed, _)) => Standing::Removed,
            Some((RowState::Added | RowState::Present, _)) => Standing::In,
            Some((RowState::Sending | RowState::Uncertain | RowState::Conflict, _)) => Standing::Unsettled,
        })
    }

    /// Whether it is the first row for its participant.
    fn name(
        &self,
        meeting: i64,
        key: &ParticipantKey,
        taken: bool,
        standing: Standing,
        person: Option<Person>,
    ) -> Result<bool, JournalError> {
        let person = person.as_ref().map(Person::bytes);
        let named = self
            .connection
            .prepare_cached("INSERT INTO temp.named VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING")
            .and_then(|mut insert| {
                let new = standing == Standing::New;
                insert.execute(params![meeting, key.custom_participant_id, taken, new, person])
            })
            .doing(DOING)?;
        if named == 0 && self.settings.on_duplicate == OnDuplicate::Last {
            self.connection
                .prepare_cached(
                    "UPDATE temp.named SET person = coalesce(?3, person)
                     WHERE meeting = ?1 AND custom_participant_id = ?2",
                )
                .and_then(|mut update| update.execute(params![meeting, key.custom_participant_id, person]))
                .doing(DOING)?;
        }
        Ok(named == 1)
    }

    /// As [`twins`](super::twins) holds them back.
    fn count_held(&self) -> Result<u64, JournalError> {
        self.connection.execute_batch(FIND_LEFT).doing(DOING)?;
        self.connection
            .query_row(
                "SELECT count(*) FROM temp.named n JOIN temp.left_in_meeting l USING (meeting, person)
                 WHERE n.taken AND n.new",
                [],
                |row| row.get(0),
            )
            .doing(DOING)
    }
}

const FIND_LEFT: &str = concat!(
    "CREATE TEMP TABLE left_in_meeting (
         meeting INTEGER NOT NULL, person BLOB NOT NULL, PRIMARY KEY (meeting, person)
     ) STRICT, WITHOUT ROWID;
     INSERT INTO temp.left_in_meeting
     SELECT meeting, person FROM participants p NOT INDEXED
     WHERE person IS NOT NULL AND ",
    may_be_in!(),
    " AND EXISTS (SELECT 1 FROM temp.named n WHERE n.meeting = p.meeting)
      AND NOT EXISTS (SELECT 1 FROM temp.named n WHERE n.taken AND n.meeting = p.meeting
                      AND n.custom_participant_id = p.custom_participant_id)
     GROUP BY meeting, person"
);
