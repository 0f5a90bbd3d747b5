//! Opening: creation, settings, migrations; for a run or to look at.
//!
//! Nothing is written to a file before its header says that it is ours. A new journal is built beside its place and
//! put there whole, so that a crash leaves no journal or a complete one.

use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tempfile::NamedTempFile;

use super::error::{Doing, JournalError};
use super::lock::Lock;
use super::network::{Medium, OnNetwork, admit};
use super::pages::{has_reason_to_look, refuse_damaged};
use super::place::{
    APPLICATION_ID, folder_of, io, refuse_foreign, refuse_planted, refuse_remains, refuse_unsafe_place,
    shown, sibling,
};
use crate::sabotage::{Sabotage, active};

/// How long a writer waits for a reader that holds a lock (somebody's `sqlite3` shell).
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// The schema's history. A test keeps it in step with the folder.
pub(super) const MIGRATIONS: [&str; 5] = [
    include_str!("../../migrations/0001_journal.sql"),
    include_str!("../../migrations/0002_purged_tokens.sql"),
    include_str!("../../migrations/0003_held.sql"),
    include_str!("../../migrations/0004_renewed_tokens.sql"),
    include_str!("../../migrations/0005_restaged.sql"),
];

/// What to do where there is no journal yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IfMissing {
    Create,
    Refuse,
}

/// Opens the journal for a run: locked, ours, whole and of the newest version.
pub(super) fn for_a_run(
    path: &Path,
    if_missing: IfMissing,
    on_network: OnNetwork,
) -> Result<(Connection, Lock, Medium), JournalError> {
    refuse_unsafe_place(path)?;
    let medium = admit(path, on_network)?;
    let lock = Lock::take(path)?;
    if if_missing == IfMissing::Create && !is_there(path)? {
        create(path)?;
    }
    refuse_foreign(path, known_version())?;
    refuse_planted(path)?;
    let suspect = has_reason_to_look(path, &lock)?;
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    on_close(&connection, OnClose::LeaveAsItIs);
    configure(&connection)?;
    if suspect {
        refuse_damaged(&connection)?;
    }
    on_close(&connection, OnClose::TidyUp);
    migrate(&mut connection, path)?;
    // The -wal file was made just now. SQLite syncs the folder for it, but goes on if that fails.
    sync_folder(path, "setting up the journal")?;
    Ok((connection, lock, medium))
}

/// A second connection of the process that holds the journal for its run, and knows whose it is.
///
/// SQLite alone may open the file then: a process that closes a file gives up all its locks on it, also those that
/// another connection holds (<https://www.sqlite.org/howtocorrupt.html>, 2.2), and a `sqlite3` shell would take away
/// the -wal under the run.
pub(super) fn beside_a_run(path: &Path) -> Result<Connection, JournalError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    configure(&connection)?;
    Ok(connection)
}

/// Opens an existing journal to look at; needs no lock and changes nothing.
pub(super) fn to_read(path: &Path) -> Result<Connection, JournalError> {
    let doing = "opening the journal to read";
    refuse_unsafe_place(path)?;
    refuse_foreign(path, known_version())?;
    refuse_planted(path)?;
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    if needs_side_files(&connection) && is_checkpointed(path) {
        connection = immutable(path)?;
    }
    connection.pragma_update(None, "query_only", true).doing(doing)?;
    match version(&connection)? {
        found if found == known_version() => Ok(connection),
        found => Err(not_this_version(path, found)),
    }
}

/// Whether reading fails for want of a -shm file, which can't be made on a medium that can't be written.
fn needs_side_files(connection: &Connection) -> bool {
    let read = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
    let code = read.err().and_then(|error| error.sqlite_error_code());
    matches!(code, Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

/// Whether all that was committed is in the journal's own file, and nobody has it open to write.
fn is_checkpointed(path: &Path) -> bool {
    sibling(path, "-wal").metadata().map_or(true, |wal| wal.len() == 0)
}

/// Opens a journal that can't change under us.
pub(super) fn immutable(path: &Path) -> Result<Connection, JournalError> {
    let path = percent_encode(path.as_os_str().as_bytes(), NON_ALPHANUMERIC);
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(format!("file:{path}?immutable=1"), flags)
        .doing("opening the journal to read")
}

fn is_there(path: &Path) -> Result<bool, JournalError> {
    path.try_exists().map_err(io("looking at the journal", path))
}

/// Builds the journal beside its place, readable by its owner only, and puts it there without replacing anything.
fn create(path: &Path) -> Result<(), JournalError> {
    let doing = "creating the journal";
    refuse_remains(path)?;
    let folder = folder_of(path);
    let new = NamedTempFile::with_prefix_in(".guestlist-journal-", folder).map_err(io(doing, folder))?;
    build(new.path())?;
    new.as_file().sync_all().map_err(io(doing, new.path()))?;
    new.persist_noclobber(path).map_err(|error| io(doing, path)(error.error))?;
    sync_folder(path, doing)
}

/// Names are on the disk only when their folder is.
fn sync_folder(path: &Path, doing: &'static str) -> Result<(), JournalError> {
    let folder = folder_of(path);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io(doing, folder))
}

fn build(path: &Path) -> Result<(), JournalError> {
    let doing = "creating the journal";
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "journal_mode", "memory").doing(doing)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID).doing(doing)?;
    migrate(&mut connection, path)?;
    use_wal(&connection, doing)?;
    connection.close().map_err(|(_, error)| error).doing(doing)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, JournalError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = match Connection::open_with_flags(path, flags) {
        // NOFOLLOW looks at every part of the path; a folder may be a link (/tmp on macOS), the file itself was
        // looked at above.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => {
            Connection::open_with_flags(path, flags & !OpenFlags::SQLITE_OPEN_NOFOLLOW)
        }
        other => other,
    }
    .doing("opening the journal")?;
    connection.busy_timeout(BUSY_TIMEOUT).doing("opening the journal")?;
    Ok(connection)
}

/// How the journal holds: GUARANTEE.md section 4. FULL, because with NORMAL a power cut takes acknowledged commits.
fn configure(connection: &Connection) -> Result<(), JournalError> {
    let doing = "setting up the journal";
    use_wal(connection, doing)?;
    let synchronous = if active(Sabotage::SynchronousNormal) { 1 } else { 2 };
    for (pragma, value) in
        [("synchronous", synchronous), ("foreign_keys", 1), ("trusted_schema", 0), ("secure_delete", 1)]
    {
        connection.pragma_update(None, pragma, value).doing(doing)?;
    }
    for (pragma, value) in [("mmap_size", 0), ("cache_size", -8_000), ("wal_autocheckpoint", 4_000)] {
        connection.pragma_update(None, pragma, value).doing(doing)?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// The answer is read to its end: the change is committed, or fails to be, only after the row that names the mode.
fn use_wal(connection: &Connection, doing: &'static str) -> Result<(), JournalError> {
    let modes: Vec<String> = connection
        .prepare("PRAGMA journal_mode = wal")
        .and_then(|mut pragma| pragma.query_map([], |row| row.get(0))?.collect())
        .doing(doing)?;
    match modes.as_slice() {
        [mode] if mode == "wal" => Ok(()),
        _ => Err(JournalError::Damaged { why: format!("its journal mode is {}, not wal", modes.concat()) }),
    }
}

/// What closing does to the -wal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnClose {
    /// Writes it into the journal and deletes it by its name.
    TidyUp,
    /// Nothing: the journal may be damaged, and what can be saved is to be saved; or the -wal is somebody else's.
    LeaveAsItIs,
}

pub(super) fn on_close(connection: &Connection, what: OnClose) {
    let leave = what == OnClose::LeaveAsItIs;
    // A connection that can't be told so is a broken one, which writes nothing.
    let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leave);
}

#[expect(clippy::cast_possible_wrap, reason = "a handful of migrations")]
pub(super) fn known_version() -> i64 {
    MIGRATIONS.len() as i64
}

fn version(connection: &Connection) -> Result<i64, JournalError> {
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .doing("reading the journal's version")
}

fn not_this_version(path: &Path, found: i64) -> JournalError {
    let (path, known) = (shown(path), known_version());
    if found > known {
        JournalError::Newer { path, found, known }
    } else {
        JournalError::Older { path, found, known }
    }
}

/// A step that SQLite doesn't understand is one that these tables have behind them, or were never ready for.
fn misfit(error: rusqlite::Error, doing: &'static str) -> JournalError {
    match error.sqlite_error_code() {
        Some(ErrorCode::Unknown) => {
            JournalError::Damaged { why: format!("its version doesn't fit its tables: {error}") }
        }
        _ => JournalError::of_sqlite(error, doing),
    }
}

/// Brings the schema to the newest version, each step in a transaction of its own.
fn migrate(connection: &mut Connection, path: &Path) -> Result<(), JournalError> {
    let found = version(connection)?;
    let Some(steps) = usize::try_from(found).ok().and_then(|found| MIGRATIONS.get(found..)) else {
        return Err(not_this_version(path, found));
    };
    for (number, step) in (found + 1..).zip(steps) {
        let doing = "bringing the journal up to date";
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).doing(doing)?;
        transaction.execute_batch(step).map_err(|error| misfit(error, doing))?;
        transaction.pragma_update(None, "user_version", number).doing(doing)?;
        transaction.commit().doing(doing)?;
    }
    Ok(())
}
