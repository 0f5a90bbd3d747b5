//! What a complete listing of a meeting says about its rows.
//!
//! The listing is kept in a temporary table, page by page, so that it needs no memory of its size and its completeness
//! is counted by a primary key.

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::adopt::{has_matched_others, match_rows};
use super::error::{Doing, JournalError};
use super::lookalikes::{Lookalikes, lookalikes};
use super::stage::hold_back;
use super::state::legal;
use super::{Journal, MeetingKey};
use crate::lifecycle::{RowState, Transition};
use crate::model::RemoteParticipant;

/// A create that stayed absent may be sent again this often.
const MOST_RESENDS: i64 = 2;

/// What to do with a create that stayed absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resend {
    /// Plan it again, at most twice.
    Allowed,
    /// Report it only.
    Hold,
}

/// What a complete listing of one meeting changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// Rows that were there before us.
    pub found: u64,
    /// Rows that one of our creates in doubt had made.
    pub reconciled: u64,
    /// Rows whose id the meeting holds more than once.
    pub conflicts: u64,
    /// Rows that are planned again.
    pub resend: u64,
    /// Rows that stay rejected.
    pub given_up: u64,
    /// Rows that will be added beside somebody whose id looks the same, if this is the run's first listing.
    pub lookalikes: Lookalikes,
}

const LISTING: &str = "keeping a listing";
pub(super) const SETTLING: &str = "comparing with a listing";

impl Journal {
    /// Begins a listing of a meeting, forgetting any earlier one of it.
    pub fn begin_listing(&mut self, meeting: MeetingKey) -> Result<(), JournalError> {
        self.sights.insert(meeting, Sight::default());
        self.connection
            .execute_batch(
                "CREATE TEMP TABLE IF NOT EXISTS listed (
                     meeting INTEGER NOT NULL, participant_id TEXT NOT NULL, custom_participant_id TEXT NOT NULL,
                     name TEXT, preset_name TEXT NOT NULL, picture TEXT, created_at TEXT NOT NULL,
                     updated_at TEXT NOT NULL, PRIMARY KEY (meeting, participant_id)
                 ) STRICT, WITHOUT ROWID;
                 CREATE TEMP TABLE IF NOT EXISTS matches (
                     participant INTEGER PRIMARY KEY, times INTEGER NOT NULL, participant_id TEXT NOT NULL
                 ) STRICT;",
            )
            .and_then(|()| self.connection.execute("DELETE FROM temp.listed WHERE meeting = ?1", [meeting.0]))
            .doing(LISTING)
            .map(|_| ())
    }

    /// Adds a page. Returns how many of its participants had not been listed yet.
    pub fn add_listed(
        &mut self,
        meeting: MeetingKey,
        page: &[RemoteParticipant],
    ) -> Result<u64, JournalError> {
        let transaction = self.connection.transaction().doing(LISTING)?;
        let mut new = 0;
        {
            let mut insert = transaction
                .prepare_cached(
                    "INSERT INTO temp.listed VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
                )
                .doing(LISTING)?;
            for item in page {
                new += insert
                    .execute(params![
                        meeting.0,
                        item.id.as_str(),
                        item.custom_participant_id,
                        item.name,
                        item.preset_name,
                        item.picture,
                        item.created_at,
                        item.updated_at
                    ])
                    .doing(LISTING)? as u64;
            }
        }
        transaction.commit().doing(LISTING)?;
        if new == page.len() as u64 {
            self.sights.entry(meeting).or_default().add(page);
        }
        Ok(new)
    }

    /// Whom the listing of a meeting has shown so far.
    pub fn sight(&self, meeting: MeetingKey) -> Sight {
        self.sights.get(&meeting).copied().unwrap_or_default()
    }

    /// Applies the listing, which must be complete, to the meeting's rows: adopts, reports conflicts, and counts the
    /// absence of doubts that began at `settled_before` or earlier; at the second absence they are planned again or
    /// rejected, unless `resend` or a 2xx forbids it.
    pub fn apply_listing(
        &mut self,
        meeting: MeetingKey,
        settled_before: Timestamp,
        resend: Resend,
        now: Timestamp,
    ) -> Result<Settled, JournalError> {
        let sight = self.sight(meeting);
        let before = self.compared.get(&meeting).copied();
        let moved = before.is_some_and(|before| before != sight);
        let same_person = self.same_person;
        let settled = self.write(SETTLING, |transaction, run| {
            let mut settled = match_rows(transaction, meeting)?;
            // Others may have added whom the roster names by another id now.
            if let Some(same_person) = same_person
                && has_matched_others(transaction, run)?
            {
                hold_back(transaction, run, same_person)?;
            }
            if moved {
                forget_absences(transaction, meeting)?;
            }
            count_absences(transaction, meeting, settled_before)?;
            // A rejected row is sent again by the next run that names it, so that with hold none is given up either.
            if resend == Resend::Allowed {
                settled.given_up = give_up(transaction, meeting)?;
                settled.resend = plan_again(transaction, meeting)?;
            }
            if before.is_none() {
                settled.lookalikes = lookalikes(transaction, run, meeting)?;
            }
            transaction
                .execute(
                    "DELETE FROM doubts WHERE participant IN (
                         SELECT d.participant FROM doubts d CROSS JOIN participants p USING (participant)
                         WHERE p.meeting = ?1 AND p.state NOT IN ('sending', 'uncertain'))",
                    [meeting.0],
                )
                .doing(SETTLING)?;
            transaction
                .execute(
                    "UPDATE meetings SET listed_at = coalesce(listed_at, ?2) WHERE meeting = ?1",
                    params![meeting.0, now.as_millisecond()],
                )
                .doing(SETTLING)?;
            transaction.execute("DELETE FROM temp.listed WHERE meeting = ?1", [meeting.0]).doing(SETTLING)?;
            Ok(settled)
        })?;
        self.compared.insert(meeting, sight);
        Ok(settled)
    }

    /// Takes over whom the listing, which must be complete, shows of rows that aren't confirmed: those that are there once,
    /// and the conflicts. It is the part of [`apply_listing`](Self::apply_listing) that may be done before it is known
    /// what the run is for.
    pub fn adopt_listed(&mut self, meeting: MeetingKey) -> Result<Settled, JournalError> {
        self.write(SETTLING, |transaction, _run| match_rows(transaction, meeting))
    }

    /// When the youngest doubt of a meeting began, if there is one that a listing can still settle. What stayed open
    /// after two listings (a conflict, a doubt that must not be sent again) is looked at once more in every run.
    pub fn youngest_doubt(
        &self,
        meeting: MeetingKey,
        resend: Resend,
    ) -> Result<Option<Timestamp>, JournalError> {
        let first_look = !self.compared.contains_key(&meeting);
        let since: Option<i64> = self
            .connection
            .query_row(
                "SELECT max(since) FROM (
                     SELECT since FROM doubts CROSS JOIN participants USING (participant)
                     WHERE meeting = ?1 AND state = 'uncertain'
                       AND (?4 OR absences < 2 OR (?2 AND proof = 'none' AND sends <= ?3))
                     UNION ALL
                     SELECT 0 FROM conflicts CROSS JOIN participants USING (participant)
                     WHERE ?4 AND meeting = ?1 AND state = 'conflict')",
                params![meeting.0, resend == Resend::Allowed, MOST_RESENDS, first_look],
                |row| row.get(0),
            )
            .doing(SETTLING)?;
        Ok(since.and_then(|since| Timestamp::from_millisecond(since).ok()))
    }

    /// How many rows of a meeting are uncertain.
    pub fn doubts(&self, meeting: MeetingKey) -> Result<u64, JournalError> {
        self.connection
            .query_row(
                "SELECT count(*) FROM participants INDEXED BY participants_open
                 WHERE confirmation IS NULL AND state = 'uncertain' AND meeting = ?1",
                [meeting.0],
                |row| row.get(0),
            )
            .doing(SETTLING)
    }
}

/// Whom a listing showed: a sum of hashes, so that the order doesn't matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sight(u64);

impl Sight {
    fn add(&mut self, page: &[RemoteParticipant]) {
        for item in page {
            let mut hasher = DefaultHasher::new();
            item.id.as_str().hash(&mut hasher);
            self.0 = self.0.wrapping_add(hasher.finish());
        }
    }
}

/// What an earlier listing missed may have been there.
fn forget_absences(transaction: &Transaction<'_>, meeting: MeetingKey) -> Result<(), JournalError> {
    transaction
        .execute(
            "UPDATE doubts SET absences = 0 WHERE absences = 1 AND participant IN (
                 SELECT participant FROM participants INDEXED BY participants_open
                 WHERE confirmation IS NULL AND state = 'uncertain' AND meeting = ?1)",
            [meeting.0],
        )
        .doing(SETTLING)
        .map(|_| ())
}

/// The rows in doubt long enough that this listing, begun after the settle time, must show them if they exist.
fn count_absences(
    transaction: &Transaction<'_>,
    meeting: MeetingKey,
    settled_before: Timestamp,
) -> Result<(), JournalError> {
    transaction
        .execute(
            "UPDATE doubts SET absences = min(absences + 1, 2)
             WHERE since <= ?2 AND participant IN (
                 SELECT participant FROM participants INDEXED BY participants_open
                 WHERE confirmation IS NULL AND state = 'uncertain' AND meeting = ?1)",
            params![meeting.0, settled_before.as_millisecond()],
        )
        .doing(SETTLING)
        .map(|_| ())
}

fn give_up(transaction: &Transaction<'_>, meeting: MeetingKey) -> Result<u64, JournalError> {
    let state = legal(RowState::Uncertain, Transition::GiveUp)?;
    transaction
        .execute(
            "UPDATE participants SET state = ?2 WHERE participant IN (
                 SELECT participant FROM participants p INDEXED BY participants_open
                 JOIN doubts d USING (participant)
                 WHERE p.confirmation IS NULL AND p.state = 'uncertain' AND p.meeting = ?1
                   AND d.absences = 2 AND d.proof = 'refused')",
            params![meeting.0, state.name()],
        )
        .doing(SETTLING)
        .map(|rows| rows as u64)
}

/// Rows that may be sent again take the fields that the newest roster wants.
fn plan_again(transaction: &Transaction<'_>, meeting: MeetingKey) -> Result<u64, JournalError> {
    let state = legal(RowState::Uncertain, Transition::Resend)?;
    transaction
        .execute(
            "UPDATE participants SET state = ?2, wanted = NULL, difference_accepted = 0,
                    name = coalesce(wanted ->> 'name', name),
                    preset_name = coalesce(wanted ->> 'preset_name', preset_name),
                    picture = nullif(coalesce(wanted ->> 'picture', picture), '')
             WHERE participant IN (
                 SELECT participant FROM participants p INDEXED BY participants_open
                 JOIN doubts d USING (participant)
                 WHERE p.confirmation IS NULL AND p.state = 'uncertain' AND p.meeting = ?1
                   AND d.absences = 2 AND d.proof = 'none' AND p.sends <= ?3)",
            params![meeting.0, state.name(), MOST_RESENDS],
        )
        .doing(SETTLING)
        .map(|rows| rows as u64)
}
