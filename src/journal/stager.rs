//! One batch of a roster on its way into the journal: a row is new, known from an earlier run, or a duplicate.

use std::collections::HashMap;

use rusqlite::{CachedStatement, OptionalExtension, Row, Transaction, params};

use super::difference::Difference;
use super::error::{Doing, JournalError};
use super::id_source::IdSource;
use super::stage::{StageInto, StageRow};
use super::state::read_state;
use super::{MeetingKey, RowId, RunNumber, meeting_key, restaged};
use crate::lifecycle::RowState;
use crate::model::{Location, MeetingId, Participant};
use crate::roster::{OnDuplicate, Person};

const DOING: &str = "staging the roster";

/// The statements of one batch, prepared once.
pub(super) struct Stager<'t> {
    transaction: &'t Transaction<'t>,
    run: RunNumber,
    into: StageInto<'t>,
    meetings: HashMap<MeetingId, MeetingKey>,
    insert: CachedStatement<'t>,
    look_up: CachedStatement<'t>,
    update: CachedStatement<'t>,
    keep: CachedStatement<'t>,
    /// Whether another roster carries the same columns along.
    same_columns: HashMap<i64, bool>,
    /// Rows come in runs of new or known ones: look where the last one was.
    last_was_known: bool,
}

/// What the journal holds of a row already.
struct Known {
    row: RowId,
    state: RowState,
    run: i64,
    roster: i64,
    accepted: bool,
    same_difference: bool,
    same_extra: bool,
    same_person: bool,
    wanted: Option<String>,
}

impl<'t> Stager<'t> {
    pub(super) fn new(
        transaction: &'t Transaction<'t>,
        run: RunNumber,
        into: StageInto<'t>,
    ) -> Result<Self, JournalError> {
        let insert = transaction
            .prepare_cached(
                "INSERT INTO participants
                     (meeting, custom_participant_id, run, roster, line, name, preset_name, picture, extra, person)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (meeting, custom_participant_id) DO NOTHING",
            )
            .doing(DOING)?;
        let look_up = transaction
            .prepare_cached(
                "SELECT participant, state, run, name, preset_name, picture, wanted, difference_accepted, roster, extra,
                        person
                 FROM participants WHERE meeting = ?1 AND custom_participant_id = ?2",
            )
            .doing(DOING)?;
        let update = transaction
            .prepare_cached(
                "UPDATE participants SET run = ?2, roster = ?3, line = ?4, extra = ?5, wanted = ?6,
                        difference_accepted = ?7, person = coalesce(?8, person)
                 WHERE participant = ?1",
            )
            .doing(DOING)?;
        let keep = transaction.prepare_cached(restaged::KEEP).doing(DOING)?;
        Ok(Self {
            transaction,
            run,
            into,
            meetings: HashMap::new(),
            insert,
            look_up,
            update,
            keep,
            same_columns: HashMap::new(),
            last_was_known: false,
        })
    }

    /// Where the id stood first, if this run has named it before.
    pub(super) fn stage(&mut self, row: StageRow<'_>) -> Result<Option<Location>, JournalError> {
        let meeting = self.meeting(row.participant.key.meeting)?;
        if !self.last_was_known && self.insert(meeting, row)? {
            return Ok(None);
        }
        let Some(known) = self.look_up(meeting, row)? else {
            self.last_was_known = false;
            self.insert(meeting, row)?;
            return Ok(None);
        };
        self.last_was_known = true;
        if known.run == self.run.0 {
            let first = self.location(known.row)?;
            match self.into.on_duplicate {
                OnDuplicate::Stop | OnDuplicate::First => {}
                OnDuplicate::Last => self.name_again(&known, row)?,
            }
            return Ok(Some(first));
        }
        self.name_again(&known, row)?;
        Ok(None)
    }

    fn insert(&mut self, meeting: MeetingKey, row: StageRow<'_>) -> Result<bool, JournalError> {
        let Participant { key, name, preset_name, picture } = row.participant;
        let values = params![
            meeting.0,
            key.custom_participant_id,
            self.run.0,
            self.into.roster.0,
            row.line,
            name,
            preset_name,
            picture,
            row.extra,
            row.person.as_ref().map(Person::bytes)
        ];
        self.insert.execute(values).doing(DOING).map(|inserted| inserted == 1)
    }

    fn look_up(&mut self, meeting: MeetingKey, wanted: StageRow<'_>) -> Result<Option<Known>, JournalError> {
        self.look_up
            .query_row(params![meeting.0, wanted.participant.key.custom_participant_id], |row| {
                known(row, wanted)
            })
            .optional()
            .doing(DOING)
    }

    /// A row is named by this run, or once more by it: its place and extra columns are this roster's; its
    /// fields too as long as nothing was sent, otherwise they stay what the server holds.
    fn name_again(&mut self, known: &Known, row: StageRow<'_>) -> Result<(), JournalError> {
        let unsent = match known.state {
            RowState::Planned | RowState::Rejected | RowState::Held => true,
            RowState::Added
            | RowState::Present
            | RowState::Uncertain
            | RowState::Conflict
            | RowState::Sending
            | RowState::Removed => false,
        };
        let wanted = if unsent { None } else { known.wanted.as_deref() };
        self.keep_as_it_is(known)?;
        self.update
            .execute(params![
                known.row.0,
                self.run.0,
                self.into.roster.0,
                row.line,
                row.extra,
                wanted,
                known.accepted && known.same_difference,
                row.person.as_ref().map(Person::bytes)
            ])
            .doing(DOING)?;
        if unsent && known.wanted.is_some() {
            self.replace_fields(known.row, row.participant)?;
        }
        Ok(())
    }

    /// A row that is named otherwise than by an earlier run, or that this run may let go, is kept as it is until this one
    /// is accepted.
    fn keep_as_it_is(&mut self, known: &Known) -> Result<(), JournalError> {
        let same = known.same_difference && known.same_extra && known.same_person;
        if same && known.state != RowState::Held && self.carries_the_same(known.roster)? {
            return Ok(());
        }
        self.keep.execute([known.row.0]).doing(DOING).map(|_| ())
    }

    fn carries_the_same(&mut self, roster: i64) -> Result<bool, JournalError> {
        if let Some(same) = self.same_columns.get(&roster) {
            return Ok(*same);
        }
        let same = self
            .transaction
            .prepare_cached(
                "SELECT extra_columns = (SELECT extra_columns FROM rosters WHERE roster = ?2)
                 FROM rosters WHERE roster = ?1",
            )
            .and_then(|mut select| select.query_row([roster, self.into.roster.0], |row| row.get(0)))
            .doing(DOING)?;
        self.same_columns.insert(roster, same);
        Ok(same)
    }

    fn replace_fields(&self, row: RowId, wanted: &Participant) -> Result<(), JournalError> {
        self.transaction
            .prepare_cached(
                "UPDATE participants SET name = ?2, preset_name = ?3, picture = ?4 WHERE participant = ?1",
            )
            .and_then(|mut statement| {
                statement.execute(params![row.0, wanted.name, wanted.preset_name, wanted.picture])
            })
            .doing(DOING)
            .map(|_| ())
    }

    /// Rows of many meetings may come in turns: each is looked up once a batch.
    fn meeting(&mut self, id: MeetingId) -> Result<MeetingKey, JournalError> {
        if let Some(key) = self.meetings.get(&id) {
            return Ok(*key);
        }
        let key = meeting_key(self.transaction, self.into.target, id)?;
        let source = self.source(id, key)?;
        self.bind(id, key, &source)?;
        self.meetings.insert(id, key);
        Ok(key)
    }

    /// What the meeting's ids are taken from: what they came from until now, or nothing yet.
    fn source(&self, id: MeetingId, key: MeetingKey) -> Result<String, JournalError> {
        let asked = self.into.id_source;
        let bound: Option<String> = self
            .transaction
            .prepare_cached("SELECT id_source FROM meetings WHERE meeting = ?1")
            .and_then(|mut statement| statement.query_row([key.0], |row| row.get(0)))
            .doing(DOING)?;
        match bound {
            Some(_) if self.into.new_id_source => Ok(asked.to_string()),
            Some(bound) if !asked.fits(&bound) => Err(JournalError::other_id_source(id, &bound, asked)),
            // An export that comes back as a roster doesn't bind the meeting to itself.
            Some(bound) if asked.is_ours() => Ok(bound),
            Some(_) | None => Ok(asked.to_string()),
        }
    }

    /// Notes that the run has rows in the meeting, whose ids all come from one place.
    fn bind(&self, id: MeetingId, key: MeetingKey, source: &str) -> Result<(), JournalError> {
        let execute = |sql: &str| {
            self.transaction
                .prepare_cached(sql)
                .and_then(|mut statement| statement.execute(params![self.run.0, key.0, source]))
                .doing(DOING)
        };
        execute(
            "INSERT INTO run_meetings (run, meeting, id_source) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?;
        let first: String = self
            .transaction
            .prepare_cached("SELECT id_source FROM run_meetings WHERE run = ?1 AND meeting = ?2")
            .and_then(|mut select| select.query_row([self.run.0, key.0], |row| row.get(0)))
            .doing(DOING)?;
        if first == source || self.into.id_source.is_ours() {
            return Ok(());
        }
        if !IdSource::is_the_text_of_ours(&first) {
            return Err(JournalError::two_id_sources(id, &first, source));
        }
        execute("UPDATE run_meetings SET id_source = ?3 WHERE run = ?1 AND meeting = ?2").map(|_| ())
    }

    fn location(&self, row: RowId) -> Result<Location, JournalError> {
        self.transaction
            .query_row(
                "SELECT file, line FROM participants JOIN rosters USING (roster) WHERE participant = ?1",
                [row.0],
                |row| Ok(Location { file: row.get::<_, String>(0)?.into(), line: row.get(1)? }),
            )
            .doing(DOING)
    }
}

fn known(row: &Row<'_>, named: StageRow<'_>) -> rusqlite::Result<Known> {
    let wanted = named.participant;
    let held = (row.get_ref(3)?.as_str()?, row.get_ref(4)?.as_str()?, row.get_ref(5)?.as_str_or_null()?);
    let asked = (wanted.name.as_str(), wanted.preset_name.as_str(), wanted.picture.as_deref());
    let difference = Difference::between(asked, held);
    Ok(Known {
        row: RowId(row.get(0)?),
        state: read_state(row, 1)?,
        run: row.get(2)?,
        roster: row.get(8)?,
        accepted: row.get(7)?,
        same_extra: row.get_ref(9)?.as_str_or_null()? == named.extra,
        same_person: match named.person {
            Some(person) => row.get_ref(10)?.as_blob_or_null()? == Some(person.bytes()),
            None => true,
        },
        same_difference: row.get_ref(6)?.as_str_or_null()? == difference.as_deref(),
        wanted: difference,
    })
}
