//! J09: whether a journal's pages are whole, before anything is believed or sent.
//!
//! To look at every page of a million rows takes a third of the processor time of a whole rerun, and reads a gigabyte, so
//! a large journal is looked at only where something can have happened to it: its last run was killed (there is a -wal, or no
//! noted end), or somebody has written to the file since. What no run and no program did, a disk that changes bits by
//! itself, is found in a small journal, and by `journal verify`, which always looks at everything.

use std::path::Path;

use rusqlite::Connection;

use super::error::{Doing, JournalError};
use super::lock::Lock;
use super::place::{io, sibling};

/// Journals up to this size, in bytes, are always looked at.
const SMALL: u64 = 32 << 20;

/// Whether every page of the journal is to be looked at.
pub(super) fn has_reason_to_look(path: &Path, lock: &Lock) -> Result<bool, JournalError> {
    let journal = path.symlink_metadata().map_err(io("looking at the journal", path))?;
    let wal = sibling(path, "-wal").symlink_metadata().map_or(0, |wal| wal.len());
    Ok(is_suspect(journal.len(), wal, lock.knows(&journal)))
}

fn is_suspect(size: u64, wal: u64, known: bool) -> bool {
    size <= SMALL || wal > 0 || !known
}

/// The full check, of contents against indexes too: a flipped bit in an id makes two rows of one person, which the
/// quick check doesn't see.
pub(super) fn refuse_damaged(connection: &Connection) -> Result<(), JournalError> {
    match damages(connection, 1)?.into_iter().next() {
        None => Ok(()),
        Some(why) => Err(JournalError::Damaged { why }),
    }
}

/// The first `most` damages that SQLite finds in pages, contents and indexes.
pub(super) fn damages(connection: &Connection, most: u32) -> Result<Vec<String>, JournalError> {
    let doing = "looking for damage in the journal";
    let said: Vec<String> = connection
        .prepare(&format!("PRAGMA integrity_check({most})"))
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .doing(doing)?;
    Ok(said.into_iter().filter(|line| line != "ok").map(|line| line.replace('\n', "; ")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::small(SMALL, 0, true, true)]
    #[case::large_and_untouched(SMALL + 1, 0, true, false)]
    #[case::killed(SMALL + 1, 1, true, true)]
    #[case::touched_or_not_ended(SMALL + 1, 0, false, true)]
    fn it_is_looked_at_where_something_can_be_found(
        #[case] size: u64,
        #[case] wal: u64,
        #[case] known: bool,
        #[case] suspect: bool,
    ) {
        assert_eq!(is_suspect(size, wal, known), suspect);
    }
}
