//! What became of a run: its counts, and the rows that a person should look at.

use rusqlite::{Row, params};

use super::Journal;
use super::error::{Doing, JournalError};
use super::state::read_state;
use crate::lifecycle::RowState;
use crate::model::{Location, MeetingId};

/// What became of the rows that a run named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Confirmed, by a create of this run.
    pub added: u64,
    /// Confirmed, and there before this run.
    pub present: u64,
    /// Refused by the API.
    pub rejected: u64,
    /// Maybe created.
    pub uncertain: u64,
    /// More than once in the meeting.
    pub conflict: u64,
    /// Held back: their person seems to be in under another id.
    pub held: u64,
    /// Planned, or removed before.
    pub not_attempted: u64,
    /// Of those: removed before, so that only a sync adds them again.
    pub removed: u64,
    /// Of the confirmed: with another name, preset or picture than the roster's, and that isn't accepted.
    pub differing: u64,
    /// Of the confirmed: without a token, and it wasn't removed on purpose.
    pub without_token: u64,
    /// Of the confirmed: their token was removed on purpose. That is as somebody wanted it.
    pub purged: u64,
}

impl Tally {
    /// The rows named.
    pub fn rows(&self) -> u64 {
        self.added
            + self.present
            + self.rejected
            + self.uncertain
            + self.conflict
            + self.held
            + self.not_attempted
    }
}

/// A row that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where the roster names it.
    pub location: Location,
    /// Its meeting.
    pub meeting: MeetingId,
    /// Its id.
    pub custom_participant_id: String,
    /// Its state.
    pub state: RowState,
    /// What is known: the API's refusal, the cause of the doubt, the ids in conflict, who the row seems to be, the
    /// differences. Not escaped.
    pub detail: String,
    /// Whom a held row seems to be.
    pub twin: Option<Twin>,
}

/// A row whose person a held one seems to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// Where a roster named it last.
    pub location: Location,
    /// Its id.
    pub custom_participant_id: String,
}

const DOING: &str = "counting the rows of the run";

impl Journal {
    /// What became of the rows that this run names.
    pub fn tally(&self) -> Result<Tally, JournalError> {
        let mut statement = self
            .connection
            .prepare(
                "SELECT state, sent_run = ?1 AND sends > 0, count(*),
                        count(*) FILTER (WHERE wanted IS NOT NULL AND difference_accepted = 0)
                 FROM participants WHERE run = ?1 GROUP BY 1, 2",
            )
            .doing(DOING)?;
        let mut rows = statement.query([self.run.0]).doing(DOING)?;
        let mut tally = Tally::default();
        while let Some(row) = rows.next().doing(DOING)? {
            count_group(&mut tally, row).doing(DOING)?;
        }
        (tally.without_token, tally.purged) = self.count_without_token()?;
        Ok(tally)
    }

    /// Those that never had one, and those whose token was removed.
    fn count_without_token(&self) -> Result<(u64, u64), JournalError> {
        self.connection
            .query_row(
                "SELECT count(*) FILTER (WHERE c.token_purged_at IS NULL),
                        count(*) FILTER (WHERE c.token_purged_at IS NOT NULL)
                 FROM confirmations c INDEXED BY confirmations_without_token
                 CROSS JOIN participants p USING (participant)
                 WHERE c.token IS NULL AND p.run = ?1 AND p.confirmation = c.confirmation",
                [self.run.0],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .doing(DOING)
    }

    /// Up to `count` rows of this run that a person should look at, in the order of the roster.
    pub fn problems(&self, count: u32) -> Result<Vec<Problem>, JournalError> {
        self.connection
            .prepare(
                "SELECT file, line, meeting_id, custom_participant_id, state,
                        CASE state
                            WHEN 'rejected' THEN (SELECT 'HTTP ' || status || coalesce(' (' || code || ')', '') || ': '
                                || message FROM refusals x WHERE x.participant = p.participant)
                            WHEN 'uncertain' THEN (SELECT cause FROM doubts x WHERE x.participant = p.participant)
                            WHEN 'conflict' THEN (SELECT 'in the meeting as ' || group_concat(participant_id, ', ')
                                FROM conflicts x WHERE x.participant = p.participant)
                            WHEN 'held' THEN 'the e-mail address of somebody in the meeting'
                            WHEN 'removed' THEN 'removed before; guestlist sync adds it again'
                            ELSE 'the roster wants ' || wanted END,
                        (SELECT twin FROM twins x WHERE x.participant = p.participant)
                 FROM participants p JOIN rosters USING (roster) JOIN meetings USING (meeting)
                 WHERE p.run = ?1 AND (state IN ('rejected', 'uncertain', 'conflict', 'held', 'removed')
                    OR (state IN ('added', 'present') AND wanted IS NOT NULL AND difference_accepted = 0))
                 ORDER BY p.roster, p.line LIMIT ?2",
            )
            .and_then(|mut statement| {
                statement.query_map(params![self.run.0, count], |row| self.read_problem(row))?.collect()
            })
            .doing(DOING)
    }

    fn read_problem(&self, row: &Row<'_>) -> rusqlite::Result<Problem> {
        let not_ours = |_| rusqlite::Error::InvalidColumnType(2, String::new(), rusqlite::types::Type::Text);
        let twin: Option<i64> = row.get(6)?;
        Ok(Problem {
            location: Location { file: row.get::<_, String>(0)?.into(), line: row.get(1)? },
            meeting: row.get_ref(2)?.as_str()?.parse().map_err(not_ours)?,
            custom_participant_id: row.get(3)?,
            state: read_state(row, 4)?,
            detail: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
            twin: twin.map(|twin| self.twin(twin)).transpose()?,
        })
    }

    fn twin(&self, participant: i64) -> rusqlite::Result<Twin> {
        self.connection
            .prepare_cached(
                "SELECT file, line, custom_participant_id FROM participants JOIN rosters USING (roster)
                 WHERE participant = ?1",
            )?
            .query_row([participant], |row| {
                let location = Location { file: row.get::<_, String>(0)?.into(), line: row.get(1)? };
                Ok(Twin { location, custom_participant_id: row.get(2)? })
            })
    }
}

fn count_group(tally: &mut Tally, row: &Row<'_>) -> rusqlite::Result<()> {
    let (ours, count): (bool, u64) = (row.get(1)?, row.get(2)?);
    let slot = match read_state(row, 0)? {
        RowState::Added | RowState::Present => {
            tally.differing += row.get::<_, u64>(3)?;
            if ours { &mut tally.added } else { &mut tally.present }
        }
        RowState::Rejected => &mut tally.rejected,
        RowState::Uncertain | RowState::Sending => &mut tally.uncertain,
        RowState::Conflict => &mut tally.conflict,
        RowState::Held => &mut tally.held,
        RowState::Planned => &mut tally.not_attempted,
        RowState::Removed => {
            tally.removed += count;
            &mut tally.not_attempted
        }
    };
    *slot += count;
    Ok(())
}
