//! Whose token is due, kept in a temporary table until the run ends; and how many tokens end before a time.

use jiff::Timestamp;
use rusqlite::{Row, params};

use super::error::{Doing, JournalError};
use super::export_rows::ExportFilter;
use super::reader::{JournalReader, REPORTING, seconds};
use super::state::read_state;
use super::tokens::{Tokenless, read_tokenless};
use super::{Journal, RowId, RunNumber};
use crate::lifecycle::RowState;
use crate::model::{MeetingId, Target};
use crate::plan::Origin;
use crate::renewal::{Held, Verdict, Wanted, judge};

const DOING: &str = "looking for tokens to renew";

/// What is to be done about the tokens of those who are in; the counts of the verdicts add up to `rows`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RenewalPlan {
    /// Those who are in, as far as the journal knows.
    pub rows: u64,
    /// See [`Verdict::Due`].
    pub due: u64,
    /// See [`Verdict::Lasts`].
    pub lasting: u64,
    /// See [`Verdict::Renewed`].
    pub renewed: u64,
    /// See [`Verdict::LeftFound`].
    pub found: u64,
    /// See [`Verdict::LeftPurged`].
    pub purged: u64,
}

impl RenewalPlan {
    fn slot(&mut self, verdict: Verdict) -> &mut u64 {
        match verdict {
            Verdict::Due => &mut self.due,
            Verdict::Lasts => &mut self.lasting,
            Verdict::Renewed => &mut self.renewed,
            Verdict::LeftFound => &mut self.found,
            Verdict::LeftPurged => &mut self.purged,
        }
    }
}

impl Journal {
    /// Judges the token of everybody who is in a meeting of `target`, or in this one; what the run `since` or a later
    /// one has renewed counts as renewed. [`due_tokens`](Self::due_tokens) gives those that are due.
    pub fn plan_renewal(
        &mut self,
        target: &Target,
        meeting: Option<MeetingId>,
        wanted: Wanted,
        since: Option<RunNumber>,
    ) -> Result<RenewalPlan, JournalError> {
        let since = since.map_or(i64::MAX, |run| run.0);
        let transaction = self.connection.transaction().doing(DOING)?;
        transaction
            .execute_batch(
                "CREATE TEMP TABLE IF NOT EXISTS due (participant INTEGER PRIMARY KEY) STRICT;
                 DELETE FROM temp.due",
            )
            .doing(DOING)?;
        let mut plan = RenewalPlan::default();
        {
            let mut select = transaction
                .prepare(
                    "SELECT p.participant, p.state, p.sends > 0, c.token IS NOT NULL, c.token_expires_at,
                            c.token_purged_at IS NOT NULL, coalesce(c.token_run >= ?4, FALSE)
                     FROM meetings m CROSS JOIN participants p USING (meeting)
                     CROSS JOIN confirmations c ON c.confirmation = p.confirmation
                     WHERE m.account_id = ?1 AND m.app_id = ?2 AND (?3 IS NULL OR m.meeting_id = ?3)",
                )
                .doing(DOING)?;
            let mut insert = transaction.prepare("INSERT INTO temp.due VALUES (?1)").doing(DOING)?;
            let meeting = meeting.map(|meeting| meeting.to_string());
            let mut rows =
                select.query(params![target.account_id(), target.app_id(), meeting, since]).doing(DOING)?;
            while let Some(row) = rows.next().doing(DOING)? {
                let (participant, origin, held) = read_held(row).doing(DOING)?;
                let verdict = judge(origin, held, wanted);
                plan.rows += 1;
                *plan.slot(verdict) += 1;
                if verdict == Verdict::Due {
                    insert.execute([participant]).doing(DOING)?;
                }
            }
        }
        transaction.commit().doing(DOING)?;
        Ok(plan)
    }

    /// Up to `count` participants whose token is due, after the row `after`.
    pub fn due_tokens(&self, after: Option<RowId>, count: usize) -> Result<Vec<Tokenless>, JournalError> {
        let after = after.map_or(0, |row| row.0);
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.connection
            .prepare_cached(
                "SELECT p.participant, m.meeting_id, c.participant_id, p.custom_participant_id
                 FROM temp.due d CROSS JOIN participants p USING (participant) CROSS JOIN meetings m USING (meeting)
                 CROSS JOIN confirmations c ON c.confirmation = p.confirmation
                 WHERE d.participant > ?1 ORDER BY d.participant LIMIT ?2",
            )
            .and_then(|mut select| select.query_map(params![after, count], read_tokenless)?.collect())
            .doing(DOING)
    }

    /// The first run of this very command, begun at `not_before` or later, that was interrupted and not finished by a
    /// later one: this run goes on with it.
    pub fn unfinished(
        &self,
        command: &str,
        not_before: Timestamp,
    ) -> Result<Option<RunNumber>, JournalError> {
        self.connection
            .query_row(
                "SELECT min(run) FROM runs WHERE command = ?1 AND run < ?2 AND started_at >= ?3
                   AND run > coalesce((SELECT max(run) FROM runs WHERE command = ?1 AND exit_code IN (0, 4)), 0)",
                params![command, self.run.0, not_before.as_millisecond()],
                |row| row.get(0),
            )
            .map(|run: Option<i64>| run.map(RunNumber))
            .doing(DOING)
    }
}

impl JournalReader {
    /// How many tokens of those who are in have an end that is before `then`.
    pub fn tokens_ending_before(&self, of: ExportFilter, then: Timestamp) -> Result<u64, JournalError> {
        let (meeting, run) = of.values();
        self.connection
            .query_row(
                "SELECT count(*) FROM confirmations c CROSS JOIN participants p ON p.confirmation = c.confirmation
                 CROSS JOIN meetings m USING (meeting)
                 WHERE c.token_expires_at < ?3 AND (?1 IS NULL OR m.meeting_id = ?1) AND (?2 IS NULL OR p.run = ?2)",
                params![meeting, run, then.as_second()],
                |row| row.get(0),
            )
            .doing(REPORTING)
    }
}

fn read_held(row: &Row<'_>) -> rusqlite::Result<(i64, Origin, Held)> {
    let origin = match (read_state(row, 1)?, row.get(2)?) {
        (RowState::Added, _) => Origin::Created,
        (_, true) => Origin::Reconciled,
        (_, false) => Origin::Found,
    };
    let held = match (row.get(3)?, row.get(5)?) {
        (true, _) => Held::Token { ends: seconds(row, 4)?, renewed: row.get(6)? },
        (false, true) => Held::Purged,
        (false, false) => Held::Nothing,
    };
    Ok((row.get(0)?, origin, held))
}
