//! The queue: results in, intents out, in one synced transaction.
//!
//! A request may leave only after its intent is committed here, and a slot is free again only once its result is.

use jiff::Timestamp;
use rusqlite::{CachedStatement, Row, Transaction, params};

use super::error::{Doing, JournalError};
use super::state::legal;
use super::{Journal, MeetingKey, RowId, RunNumber};
use crate::lifecycle::{RowState, Transition};
use crate::model::{AddedParticipant, MeetingId, Participant, ParticipantKey, RemoteId};
use crate::outcome::{Attempt, Failure};
use crate::sabotage::{Sabotage, active};

/// A row that may be sent now: its intent is on the disk.
#[derive(Debug, Clone)]
pub struct Intent {
    /// The row.
    pub row: RowId,
    /// Its meeting's row.
    pub meeting: MeetingKey,
    /// Whom to add.
    pub participant: Participant,
    /// Whether an earlier create of it was in doubt.
    pub attempt: Attempt,
}

/// What came of a claimed row.
#[derive(Debug, Clone)]
pub struct Record {
    /// The row.
    pub row: RowId,
    /// When: the settle time of a doubt runs from here.
    pub at: Timestamp,
    /// What.
    pub result: RowResult,
}

/// What came of a create.
#[derive(Debug, Clone)]
pub enum RowResult {
    /// The API answered with an id and a token.
    Added(Box<AddedParticipant>),
    /// The API refused it: not created.
    Refused(Failure),
    /// Not sent, or not applied for sure: planned again, not counted.
    TakenBack,
    /// It may have been created.
    Doubtful {
        /// What is known of it.
        proof: Proof,
        /// Why it is in doubt, for people.
        cause: String,
        /// The participant id, if one could be read.
        remote_id: Option<RemoteId>,
    },
}

/// What is known of a create in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Nothing: absent for good, it may be sent again.
    None,
    /// A 2xx came: it must never be sent again.
    Applied,
    /// It was refused, as a duplicate or after an earlier create in doubt: absent for good, it is rejected.
    Refused(Failure),
}

impl Journal {
    /// Records results and claims up to `count` planned rows of a meeting, in one synced transaction.
    ///
    /// # Errors
    /// None of it has happened then; the results are still the caller's.
    pub fn exchange(
        &mut self,
        records: &mut [Record],
        claim: Option<(MeetingKey, usize)>,
    ) -> Result<Vec<Intent>, JournalError> {
        // In the order of the rows, so that the pages of a table are written once and filled from the end.
        records.sort_unstable_by_key(|record| record.row);
        let after = self.claimed_up_to;
        let intents = self.write("recording results and intents", |transaction, run| {
            enter_all(transaction, records)?;
            match claim {
                Some((meeting, count)) => take(transaction, run, meeting, after, count),
                None => Ok(Vec::new()),
            }
        })?;
        if let Some((meeting, count)) = claim {
            // Fewer than asked for: next time from the beginning, where rows may have been taken back.
            let last = intents.last().filter(|_| intents.len() == count).map_or(RowId(0), |last| last.row);
            self.claimed_up_to = (meeting, last);
        }
        Ok(intents)
    }
}

const CLAIMING: &str = "claiming rows";

/// Planned rows of an accepted run in one meeting, after a row.
pub(super) const PLANNED: &str =
    "SELECT participant, m.meeting_id, custom_participant_id, name, preset_name, picture, sends
     FROM meetings m CROSS JOIN participants p INDEXED BY participants_open
     WHERE m.meeting = ?2 AND p.meeting = ?2 AND p.confirmation IS NULL
       AND p.participant > ?3 AND p.state = 'planned' AND p.run = ?1
       AND (SELECT accepted_at FROM runs WHERE run = ?1) IS NOT NULL
     ORDER BY p.participant LIMIT ?4";

/// Turns up to `count` planned rows of the accepted run into intents: those after the last claimed one, then, if that
/// was not the beginning, those before it.
fn take(
    transaction: &Transaction<'_>,
    run: RunNumber,
    meeting: MeetingKey,
    after: (MeetingKey, RowId),
    count: usize,
) -> Result<Vec<Intent>, JournalError> {
    let after = if after.0 == meeting { after.1 } else { RowId(0) };
    let mut intents = select_planned(transaction, run, meeting, after, count)?;
    if intents.len() < count && after != RowId(0) {
        intents = select_planned(transaction, run, meeting, RowId(0), count)?;
    }
    let sending = legal(RowState::Planned, Transition::Claim)?;
    let mut update = transaction
        .prepare_cached("UPDATE participants SET state = ?2, sends = sends + 1 WHERE participant = ?1")
        .doing(CLAIMING)?;
    for intent in &intents {
        update.execute(params![intent.row.0, sending.name()]).doing(CLAIMING)?;
    }
    Ok(intents)
}

fn select_planned(
    transaction: &Transaction<'_>,
    run: RunNumber,
    meeting: MeetingKey,
    after: RowId,
    count: usize,
) -> Result<Vec<Intent>, JournalError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    transaction
        .prepare_cached(PLANNED)
        .and_then(|mut select| {
            select
                .query_map(params![run.0, meeting.0, after.0, count], |row| read_intent(row, meeting))?
                .collect()
        })
        .doing(CLAIMING)
}

fn read_intent(row: &Row<'_>, meeting: MeetingKey) -> rusqlite::Result<Intent> {
    let id: MeetingId = row.get_ref(1)?.as_str()?.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, Box::new(error))
    })?;
    let earlier_sends: i64 = row.get(6)?;
    Ok(Intent {
        row: RowId(row.get(0)?),
        meeting,
        participant: Participant {
            key: ParticipantKey { meeting: id, custom_participant_id: row.get(2)? },
            name: row.get(3)?,
            preset_name: row.get(4)?,
            picture: row.get(5)?,
        },
        attempt: if earlier_sends > 0 { Attempt::Repeated } else { Attempt::First },
    })
}

const RECORDING: &str = "recording results";

/// The statements that every result needs, prepared once. A row in sending was claimed by the run that names it, so
/// that is the run of its create.
struct Entry<'t> {
    transaction: &'t Transaction<'t>,
    add: CachedStatement<'t>,
    confirm: CachedStatement<'t>,
    leave: CachedStatement<'t>,
}

fn enter_all(transaction: &Transaction<'_>, records: &[Record]) -> Result<(), JournalError> {
    if records.is_empty() {
        return Ok(());
    }
    let prepare = |sql| transaction.prepare_cached(sql).doing(RECORDING);
    let mut entry = Entry {
        transaction,
        add: prepare(
            "UPDATE participants SET state = ?2, confirmation = ?3, sent_run = run
             WHERE participant = ?1 AND state = 'sending'",
        )?,
        confirm: prepare(
            "INSERT INTO confirmations (participant, participant_id, created_at, updated_at, token, token_expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?,
        leave: prepare(
            "UPDATE participants SET state = ?2, sends = sends - ?3,
                    sent_run = CASE ?3 WHEN 0 THEN run ELSE sent_run END
             WHERE participant = ?1 AND state = 'sending'",
        )?,
    };
    records.iter().try_for_each(|record| entry.enter(record))
}

impl Entry<'_> {
    fn enter(&mut self, record: &Record) -> Result<(), JournalError> {
        match &record.result {
            RowResult::Added(added) => self.enter_added(record.row, added),
            RowResult::Refused(failure) => {
                self.leave_sending(record.row, Transition::Refuse, 1)?;
                enter_refusal(self.transaction, record.row, failure)
            }
            RowResult::TakenBack => self.leave_sending(record.row, Transition::TakeBack, 1),
            RowResult::Doubtful { proof, cause, remote_id } => {
                self.leave_sending(record.row, Transition::LoseTrack, 0)?;
                enter_doubt(self.transaction, record, proof, cause, remote_id.as_ref())
            }
        }
    }

    fn enter_added(&mut self, row: RowId, added: &AddedParticipant) -> Result<(), JournalError> {
        let AddedParticipant { participant, token } = added;
        self.confirm
            .execute(params![
                row.0,
                participant.id.as_str(),
                participant.created_at,
                participant.updated_at,
                token.expose(),
                token.expires_at().map(Timestamp::as_second)
            ])
            .doing(RECORDING)?;
        let confirmation = self.transaction.last_insert_rowid();
        let state = legal(RowState::Sending, Transition::Add)?;
        let changed = self.add.execute(params![row.0, state.name(), confirmation]).doing(RECORDING)?;
        expect_one(changed, Transition::Add)
    }

    /// A row leaves sending; `proven` creates turned out to have done nothing.
    fn leave_sending(&mut self, row: RowId, transition: Transition, proven: i64) -> Result<(), JournalError> {
        let state = legal(RowState::Sending, transition)?;
        let changed = self.leave.execute(params![row.0, state.name(), proven]).doing(RECORDING)?;
        expect_one(changed, transition)
    }
}

fn expect_one(changed: usize, transition: Transition) -> Result<(), JournalError> {
    if changed == 1 {
        return Ok(());
    }
    Err(JournalError::Illegal { state: "not sending".to_owned(), transition: format!("{transition:?}") })
}

fn enter_refusal(transaction: &Transaction<'_>, row: RowId, failure: &Failure) -> Result<(), JournalError> {
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO refusals (participant, status, code, message) VALUES (?1, ?2, ?3, ?4)",
        )
        .and_then(|mut insert| insert.execute(params![row.0, failure.status, failure.code, failure.message]))
        .doing(RECORDING)
        .map(|_| ())
}

fn enter_doubt(
    transaction: &Transaction<'_>,
    record: &Record,
    proof: &Proof,
    cause: &str,
    remote_id: Option<&RemoteId>,
) -> Result<(), JournalError> {
    let proof = match proof {
        Proof::None => "none",
        Proof::Applied => "applied",
        Proof::Refused(failure) => {
            enter_refusal(transaction, record.row, failure)?;
            "refused"
        }
    };
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO doubts (participant, since, proof, cause, remote_id)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                record.row.0,
                record.at.as_millisecond(),
                proof,
                cause,
                remote_id.map(RemoteId::as_str)
            ])
        })
        .doing(RECORDING)
        .map(|_| ())
}

/// The rows that a dead process left in sending are in doubt.
pub(super) const DOUBT_THE_DEAD: &str = "INSERT OR REPLACE INTO doubts (participant, since, proof, cause)
     SELECT participant, ?1, 'none', 'the run ended before the answer was recorded'
     FROM participants INDEXED BY participants_open
     WHERE confirmation IS NULL AND state = 'sending'";

/// Only rows in doubt can be such rows by now.
pub(super) const LOSE_THE_DEAD: &str = "UPDATE participants SET state = ?1, sent_run = run
     WHERE state = 'sending' AND participant IN (SELECT participant FROM doubts)";

/// Rows that a dead process left in sending may have been created: uncertain, and the settle time begins now. That of
/// every other doubt begins anew as well: between two runs the clock may have been set forward, and then would say that
/// the settle time is over when it isn't.
pub(super) fn lose_track_of_the_dead(
    transaction: &Transaction<'_>,
    now: Timestamp,
) -> Result<(), JournalError> {
    let doing = "taking over from an interrupted run";
    let uncertain = legal(RowState::Sending, Transition::LoseTrack)?;
    let now = now.as_millisecond();
    if active(Sabotage::IntentOff) {
        transaction
            .execute(
                "UPDATE participants SET state = 'planned', sends = sends - 1 WHERE state = 'sending'",
                [],
            )
            .doing(doing)?;
    }
    transaction.execute(DOUBT_THE_DEAD, [now]).doing(doing)?;
    transaction.execute(LOSE_THE_DEAD, [uncertain.name()]).doing(doing)?;
    transaction
        .execute("UPDATE doubts SET since = ?1, absences = CASE absences WHEN 2 THEN 2 ELSE 0 END", [now])
        .doing(doing)?;
    Ok(())
}
