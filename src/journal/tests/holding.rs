//! That a journal stays where it is and what it is, while a run holds it.

use std::fs;
use std::time::Duration;

use super::*;
use rstest::rstest;

fn wal(folder: &TestFolder) -> std::path::PathBuf {
    folder.path().with_extension("db-wal")
}

fn replaced(path: &Path) {
    let other = path.with_extension("other");
    fs::copy(path, &other).unwrap();
    fs::rename(other, path).unwrap();
}

#[rstest]
#[case::deleted(|folder: &TestFolder| fs::remove_file(folder.path()).unwrap())]
#[case::moved(|folder: &TestFolder| fs::rename(folder.path(), folder.path().with_extension("old")).unwrap())]
#[case::replaced(|folder: &TestFolder| replaced(&folder.path()))]
#[case::wal_deleted(|folder: &TestFolder| fs::remove_file(wal(folder)).unwrap())]
#[case::wal_replaced(|folder: &TestFolder| replaced(&wal(folder)))]
fn a_journal_that_nobody_would_find_is_written_to_no_more(#[case] happen: fn(&TestFolder)) {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a", "b"]);
    let key = journal.key();
    assert_eq!(journal.claim(1).len(), 1);
    happen(&folder);
    let claimed = journal.exchange(&mut [], Some((key, 1)));
    assert!(matches!(claimed, Err(JournalError::Gone { .. })), "{claimed:?}");
    assert!(matches!(journal.finish(at(0), 0), Err(JournalError::Gone { .. })));
}

#[test]
fn the_wal_of_somebody_else_is_left_alone() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a"]);
    replaced(&wal(&folder));
    assert!(journal.finish(at(0), 0).is_err());
    let theirs = fs::read(wal(&folder)).unwrap();
    drop(journal);
    assert!(fs::read(wal(&folder)).unwrap() == theirs);
}

#[test]
fn a_lock_that_lasts_ends_the_wait_and_nothing_was_claimed() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a", "b"]);
    let key = journal.key();
    journal.connection.busy_timeout(Duration::from_millis(1)).unwrap();
    let shell = Connection::open(folder.path()).unwrap();
    shell.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let claimed = journal.exchange(&mut [], Some((key, 2)));
    assert!(matches!(claimed, Err(JournalError::Busy { .. })), "{claimed:?}");
    shell.execute_batch("COMMIT").unwrap();
    assert_eq!(journal.claimed(2), ["a", "b"]);
}

#[test]
fn a_run_waits_for_ten_seconds() {
    let folder = TestFolder::new();
    let waits: i64 =
        folder.open().connection.pragma_query_value(None, "busy_timeout", |row| row.get(0)).unwrap();
    assert_eq!(waits, 10_000);
}

/// Whether the next run trusts the file as this one left it.
#[rstest]
#[case::ended(true, true)]
#[case::killed_or_failed(false, false)]
fn what_an_ended_run_left_is_known(#[case] ended: bool, #[case] known: bool) {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a"]);
    if ended {
        journal.finish(at(0), 0).unwrap();
    }
    drop(journal);
    let lock = lock::Lock::take(&folder.path()).unwrap();
    assert_eq!(lock.knows(&fs::metadata(folder.path()).unwrap()), known);
}
