//! Whose file it is, how it is held, and that nothing else is touched.

use std::fs::{self, Permissions};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};

use super::*;
use crate::journal::open::{self, MIGRATIONS};
use rstest::rstest;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_journal_holds_as_the_promise_says() {
    let folder = TestFolder::new();
    let journal = folder.open();
    let pragma = |name: &str| -> String {
        let read = |row: &rusqlite::Row<'_>| row.get::<_, rusqlite::types::Value>(0);
        match journal.connection.pragma_query_value(None, name, read).unwrap() {
            rusqlite::types::Value::Text(text) => text,
            other => format!("{other:?}"),
        }
    };
    let held: Vec<_> =
        ["journal_mode", "synchronous", "foreign_keys", "trusted_schema", "secure_delete", "mmap_size"]
            .into_iter()
            .map(|name| format!("{name} = {}", pragma(name)))
            .collect();
    insta::assert_snapshot!(held.join("\n"), @r"
    journal_mode = wal
    synchronous = Integer(2)
    foreign_keys = Integer(1)
    trusted_schema = Integer(0)
    secure_delete = Integer(1)
    mmap_size = Integer(0)
    ");
}

/// Older ones may corrupt a WAL that two connections write.
#[test]
fn sqlite_is_new_enough() {
    let version: Vec<u32> = sqlite_version().split('.').map(|part| part.parse().unwrap()).collect();
    assert!(version >= vec![3, 51, 3], "{version:?}");
}

#[test]
fn the_migrations_are_the_folders() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let texts: Vec<_> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    assert_eq!(texts, MIGRATIONS);
    for (file, number) in files.iter().zip(1..) {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with(&format!("{number:04}_")), "{name}");
    }
}

#[test]
fn only_its_owner_can_read_it_whatever_the_umask() {
    let folder = TestFolder::new();
    let journal = folder.run(&["a"]);
    for suffix in ["", "-wal", "-shm", ".lock"] {
        assert_eq!(mode(Path::new(&format!("{}{suffix}", folder.path().display()))), 0o600, "{suffix:?}");
    }
    drop(journal);
    let left: Vec<_> = fs::read_dir(folder.0.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "the journal and its lock: {left:?}");
}

#[test]
fn one_run_at_a_time() {
    let folder = TestFolder::new();
    let first = folder.open();
    assert!(matches!(folder.refusal(), JournalError::InUse { .. }));
    drop(first);
    assert_eq!(folder.open().run().get(), 2);
}

/// Until then another run may have gone on sending, and what it sent must settle.
#[test]
fn a_run_asks_for_the_time_when_it_holds_the_lock() {
    let folder = TestFolder::new();
    let now = || {
        assert!(matches!(folder.refusal(), JournalError::InUse { .. }));
        at(7)
    };
    Journal::open(&folder.path(), ORIGIN, "import", now).unwrap();
}

#[test]
fn a_journal_belongs_to_one_api() {
    let folder = TestFolder::new();
    folder.open();
    let other = Journal::open(&folder.path(), "http://127.0.0.1:1", "import", || at(0));
    assert!(matches!(other, Err(JournalError::OtherOrigin { .. })));
    assert_eq!(folder.ask::<i64>("SELECT run FROM journal"), 1);
}

fn foreign_database(path: &Path) {
    Connection::open(path)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x); PRAGMA application_id = 7;")
        .unwrap();
}

#[rstest]
#[case::empty(|path: &Path| fs::write(path, "").unwrap())]
#[case::text(|path: &Path| fs::write(path, "id,name\n1,Ann\n").unwrap())]
#[case::short(|path: &Path| fs::write(path, "SQLite format 3\0").unwrap())]
#[case::foreign(foreign_database)]
fn what_is_not_ours_is_left_as_it_was(#[case] write: fn(&Path)) {
    let folder = TestFolder::new();
    write(&folder.path());
    let before = fs::read(folder.path()).unwrap();
    assert!(matches!(folder.refusal(), JournalError::NotOurs { .. }));
    assert!(matches!(JournalReader::open(&folder.path()), Err(JournalError::NotOurs { .. })));
    assert!(fs::read(folder.path()).unwrap() == before);
    assert!(!folder.path().with_extension("db-wal").exists());
}

#[test]
fn a_newer_journal_is_left_as_it_was() {
    let folder = TestFolder::new();
    folder.open();
    Connection::open(folder.path())
        .unwrap()
        .execute_batch("PRAGMA journal_mode = delete; PRAGMA user_version = 99")
        .unwrap();
    let before = fs::read(folder.path()).unwrap();
    assert!(matches!(folder.refusal(), JournalError::Newer { found: 99, .. }));
    assert!(matches!(JournalReader::open(&folder.path()), Err(JournalError::Newer { found: 99, .. })));
    assert!(fs::read(folder.path()).unwrap() == before);
}

fn fifo(path: &Path) {
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    assert!(fs::metadata(path).unwrap().file_type().is_fifo());
}

fn linked(path: &Path, link: impl FnOnce(&Path, &Path)) {
    let real = TestFolder(tempfile::tempdir_in(path.parent().unwrap()).unwrap());
    real.open();
    let kept = path.with_extension("kept");
    fs::rename(real.path(), &kept).unwrap();
    link(&kept, path);
}

#[rstest]
#[case::symlink(|path: &Path| linked(path, |kept, path| symlink(kept, path).unwrap()), "symbolic link")]
#[case::dangling(|path: &Path| symlink("nowhere", path).unwrap(), "symbolic link")]
#[case::hard_link(|path: &Path| linked(path, |kept, path| fs::hard_link(kept, path).unwrap()), "second name")]
#[case::folder(|path: &Path| fs::create_dir(path).unwrap(), "folder")]
#[case::pipe(fifo, "no regular file")]
fn a_file_that_could_be_somebody_elses_is_refused(#[case] make: fn(&Path), #[case] why: &str) {
    let folder = TestFolder::new();
    make(&folder.path());
    let refusal = folder.refusal();
    assert!(matches!(refusal, JournalError::Unsafe { .. }) && refusal.to_string().contains(why), "{refusal}");
    assert!(matches!(JournalReader::open(&folder.path()), Err(JournalError::Unsafe { .. })));
}

#[test]
fn a_journal_that_others_can_read_is_refused() {
    let folder = TestFolder::new();
    folder.open();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o644)).unwrap();
    assert!(folder.refusal().to_string().contains("chmod 600"));
}

#[test]
fn a_lock_that_is_no_file_is_refused() {
    let folder = TestFolder::new();
    fifo(&folder.path().with_extension("db.lock"));
    assert!(matches!(folder.refusal(), JournalError::Unsafe { .. }));
    assert!(!folder.path().exists());
}

/// SQLite would replay a -wal that somebody has put there, and write tokens to what a link leads to.
#[rstest]
#[case::link(|wal: &Path| symlink("elsewhere", wal).unwrap())]
#[case::pipe(fifo)]
#[case::readable(|wal: &Path| {
    fs::write(wal, "frames").unwrap();
    fs::set_permissions(wal, Permissions::from_mode(0o644)).unwrap();
})]
#[case::twin(|wal: &Path| {
    fs::write(wal, "").unwrap();
    fs::set_permissions(wal, Permissions::from_mode(0o600)).unwrap();
    fs::hard_link(wal, wal.with_extension("twin")).unwrap();
})]
fn a_planted_wal_is_refused(
    #[case] plant: fn(&Path),
    #[values("db-wal", "db-shm", "db-journal")] suffix: &str,
) {
    let folder = TestFolder::new();
    folder.open();
    let beside = folder.path().with_extension(suffix);
    plant(&beside);
    assert!(matches!(folder.refusal(), JournalError::Unsafe { .. }));
    assert!(matches!(JournalReader::open(&folder.path()), Err(JournalError::Unsafe { .. })));
    assert!(!folder.0.path().join("elsewhere").exists());
}

/// SQLite would replay what is left of the old journal into the new one.
#[test]
fn the_remains_of_a_journal_that_is_gone_are_not_replayed_into_a_new_one() {
    let folder = TestFolder::new();
    fs::write(folder.path().with_extension("db-wal"), "frames").unwrap();
    assert!(matches!(folder.refusal(), JournalError::Unsafe { .. }));
    assert!(!folder.path().exists());
}

#[test]
fn what_a_reader_leaves_behind_is_no_journal() {
    let folder = TestFolder::new();
    folder.run(&["a"]);
    assert_eq!(folder.state("a"), RowState::Planned);
    fs::remove_file(folder.path()).unwrap();
    assert_eq!(folder.run(&["b"]).claimed(9), ["b"]);
}

#[test]
fn a_file_beside_the_journal_is_nobodys_to_delete() {
    let folder = TestFolder::new();
    let mine = folder.path().with_extension("db.new");
    fs::write(&mine, "mine").unwrap();
    folder.open();
    assert_eq!(fs::read_to_string(&mine).unwrap(), "mine");
}

#[test]
fn a_missing_folder_is_named() {
    let folder = TestFolder::new();
    let error =
        Journal::open(&folder.0.path().join("no/journal.db"), ORIGIN, "import", || at(0)).unwrap_err();
    assert!(error.to_string().contains("/no"), "{error}");
}

#[test]
fn reading_goes_on_beside_a_run() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a", "b"]);
    let reader = folder.reader();
    let a = journal.claim(1).remove(0);
    journal.record(&a, at(0), added(&a));
    assert_eq!(reader.state_of(&target(), meeting(), "a").unwrap(), Some(RowState::Added));
}

/// A copy taken while the writer runs is what a killed writer leaves: a journal with its -wal and no lock.
fn killed(folder: &TestFolder) -> TestFolder {
    let journal = folder.run(&["a"]);
    let dead = TestFolder::new();
    for name in ["journal.db", "journal.db-wal"] {
        fs::copy(folder.0.path().join(name), dead.0.path().join(name)).unwrap();
    }
    drop(journal);
    dead
}

#[test]
fn what_a_killed_run_committed_is_read_and_left_as_it_was() {
    let alive = TestFolder::new();
    let dead = killed(&alive);
    let before = fs::read(dead.path()).unwrap();
    assert_eq!(dead.state("a"), RowState::Planned);
    assert!(fs::read(dead.path()).unwrap() == before, "reading changes nothing");
    assert_eq!(dead.run(&["a"]).claimed(1), ["a"]);
}

#[test]
fn a_journal_on_a_medium_that_cant_be_written_is_read() {
    let folder = TestFolder::new();
    folder.run(&["a"]);
    let connection = open::immutable(&folder.path()).unwrap();
    let rows: i64 = connection.query_row("SELECT count(*) FROM participants", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1);
    assert!(!folder.path().with_extension("db-shm").exists());
}

#[test]
fn a_reader_can_write_nothing() {
    let folder = TestFolder::new();
    folder.run(&["a"]);
    assert!(folder.reader().connection.execute("DELETE FROM participants", []).is_err());
}

#[test]
fn an_older_journal_waits_for_the_next_import() {
    let folder = TestFolder::new();
    folder.open();
    Connection::open(folder.path()).unwrap().pragma_update(None, "user_version", 1).unwrap();
    let refused = JournalReader::open(&folder.path()).unwrap_err();
    assert!(refused.to_string().contains("the next import brings it up to date"), "{refused}");
}

/// A flipped bit in the version, say: nothing is migrated that is there already.
#[test]
fn a_version_that_does_not_fit_the_tables_is_damage() {
    let folder = TestFolder::new();
    folder.run(&["a"]);
    Connection::open(folder.path()).unwrap().pragma_update(None, "user_version", 1).unwrap();
    assert!(matches!(folder.refusal(), JournalError::Damaged { .. }));
    assert_eq!(folder.ask::<i64>("PRAGMA user_version"), 1);
}

/// Whether this process holds a lock of SQLite's on the file.
///
/// The kernel may leave a lock out of its list while others come and go: it is looked for more than once.
#[cfg(target_os = "linux")]
fn is_locked(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (inode, process) = (fs::metadata(path).unwrap().ino(), std::process::id());
    (0..100).any(|_| {
        let locks = fs::read_to_string("/proc/locks").unwrap();
        locks.lines().any(|lock| {
            let fields: Vec<_> = lock.split_whitespace().collect();
            fields[1] == "POSIX"
                && fields[4] == process.to_string()
                && fields[5].ends_with(&format!(":{inode}"))
        })
    })
}

/// Without it, a `sqlite3` shell that ends takes the -wal away under the run.
#[cfg(target_os = "linux")]
#[test]
fn a_run_keeps_its_hold_on_the_journal_whoever_else_in_it_looks() {
    let folder = TestFolder::new();
    let journal = folder.open();
    assert!(is_locked(journal.path()));
    journal.gate_keeper().keep(at(1)).unwrap();
    assert_eq!(journal.reader().unwrap().roster_files().unwrap(), Vec::<String>::new());
    assert!(is_locked(journal.path()));
}
