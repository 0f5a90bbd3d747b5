//! Planned rows that look like somebody who is in the meeting and are somebody else to the API, which compares ids byte
//! by byte: another case, another normal form, spaces around. They are told, never matched.

use rusqlite::functions::FunctionFlags;
use rusqlite::{Row, Transaction, params};
use unicode_normalization::UnicodeNormalization;

use super::error::{Doing, JournalError};
use super::listing::SETTLING;
use super::{MeetingKey, RunNumber};
use crate::event::Lookalike;

/// So many are named; all are counted.
const NAMED: i64 = 5;

/// Planned rows of a run whose ids a complete listing shows in another spelling only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lookalikes {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub first: Vec<Lookalike>,
}

/// Looks for them in the listing under way. What a listing shows exactly is planned no more.
pub(super) fn lookalikes(
    transaction: &Transaction<'_>,
    run: RunNumber,
    meeting: MeetingKey,
) -> Result<Lookalikes, JournalError> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    transaction
        .create_scalar_function("folded", 1, flags, |call| call.get::<String>(0).map(|id| folded(&id)))
        .doing(SETTLING)?;
    let mut select = transaction.prepare_cached(ALIKE).doing(SETTLING)?;
    let rows = select.query_map(params![run.0, meeting.0, NAMED], read).doing(SETTLING)?;
    let mut found = Lookalikes::default();
    for row in rows {
        let (lookalike, count) = row.doing(SETTLING)?;
        found.count = count;
        found.first.push(lookalike);
    }
    Ok(found)
}

const ALIKE: &str = "WITH
     rows AS MATERIALIZED (
         SELECT participant, custom_participant_id AS id, folded(custom_participant_id) AS folded
         FROM participants INDEXED BY participants_open
         WHERE confirmation IS NULL AND meeting = ?2 AND state = 'planned' AND run = ?1
           AND EXISTS (SELECT 1 FROM temp.listed WHERE meeting = ?2)),
     present AS MATERIALIZED (
         SELECT folded(custom_participant_id) AS folded, min(custom_participant_id) AS id
         FROM temp.listed WHERE meeting = ?2 AND EXISTS (SELECT 1 FROM rows) GROUP BY 1)
     SELECT rows.id, present.id, count(*) OVER () FROM rows JOIN present USING (folded)
     ORDER BY participant LIMIT ?3";

fn read(row: &Row<'_>) -> rusqlite::Result<(Lookalike, u64)> {
    Ok((Lookalike { planned: row.get(0)?, present: row.get(1)? }, row.get(2)?))
}

fn folded(id: &str) -> String {
    let normal: String = id.trim().nfc().collect();
    normal.to_lowercase().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::case("Ann-7", "ann-7")]
    #[case::normal_form("cafe\u{301}", "caf\u{e9}")]
    #[case::both("CAFE\u{301}", "caf\u{e9}")]
    #[case::spaces(" ann-7\u{a0}", "ann-7")]
    #[case::case_that_decomposes("\u{130}", "i\u{307}")]
    fn what_looks_alike_folds_alike(#[case] one: &str, #[case] other: &str) {
        assert_eq!(folded(one), folded(other));
    }

    #[rstest]
    #[case("ann-7", "ann-8")]
    #[case("ann-7", "ann 7")]
    #[case("ann7", "ann-7")]
    #[case("cafe", "caf\u{e9}")]
    fn what_differs_otherwise_does_not(#[case] one: &str, #[case] other: &str) {
        assert_ne!(folded(one), folded(other));
    }
}
