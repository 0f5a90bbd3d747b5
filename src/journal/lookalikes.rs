//! Planned rows that look like somebody who is in the meeting and are somebody else to the API, which compares ids byte
//! by byte: another case, another normal form, spaces around. They are told, never matched.

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, Transaction, params};
use unicode_normalization::UnicodeNormalization;

use super::error::{Doing, JournalError};
use super::listing::SETTLING;
use super::{MeetingKey, RunNumber};
use crate::event::Lookalike;

/// So many are named; all are counted.
const NAMED: usize = 5;

/// Planned rows of a run whose ids a complete listing shows in another spelling only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lookalikes {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub first: Vec<Lookalike>,
}

/// Makes room for what is compared, and teaches SQLite the comparison.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection
        .create_scalar_function("folded", 1, flags, |call| call.get::<String>(0).map(|id| folded(&id)))?;
    connection.execute_batch(
        "CREATE TEMP TABLE IF NOT EXISTS spellings (
             folded TEXT PRIMARY KEY, custom_participant_id TEXT NOT NULL
         ) STRICT, WITHOUT ROWID;
         DELETE FROM temp.spellings;",
    )
}

/// Looks for them in the listing under way. What a listing shows exactly is planned no more.
pub(super) fn lookalikes(
    transaction: &Transaction<'_>,
    run: RunNumber,
    meeting: MeetingKey,
) -> Result<Lookalikes, JournalError> {
    prepare(transaction).doing(SETTLING)?;
    transaction.execute(SPELLINGS, params![run.0, meeting.0]).doing(SETTLING)?;
    let mut select = transaction.prepare_cached(ALIKE).doing(SETTLING)?;
    let pairs = select
        .query_map(params![run.0, meeting.0], |row| {
            Ok(Lookalike { planned: row.get(0)?, present: row.get(1)? })
        })
        .doing(SETTLING)?;
    let mut found = Lookalikes::default();
    for pair in pairs {
        let pair = pair.doing(SETTLING)?;
        found.count += 1;
        if found.first.len() < NAMED {
            found.first.push(pair);
        }
    }
    Ok(found)
}

/// Whoever is listed, once for all spellings of an id; nobody, if nobody is about to be added.
pub(super) const SPELLINGS: &str = "INSERT INTO temp.spellings
     SELECT folded(custom_participant_id), custom_participant_id FROM temp.listed
     WHERE meeting = ?2
       AND EXISTS (SELECT 1 FROM participants INDEXED BY participants_open
                   WHERE confirmation IS NULL AND meeting = ?2 AND state = 'planned' AND run = ?1)
     ON CONFLICT DO NOTHING";

pub(super) const ALIKE: &str = "SELECT p.custom_participant_id, s.custom_participant_id
     FROM participants p INDEXED BY participants_open
     CROSS JOIN temp.spellings s ON s.folded = folded(p.custom_participant_id)
     WHERE p.confirmation IS NULL AND p.meeting = ?2 AND p.state = 'planned' AND p.run = ?1
       AND EXISTS (SELECT 1 FROM temp.spellings)
     ORDER BY p.participant";

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
