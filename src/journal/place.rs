//! Whose file it is: refusing what isn't ours or isn't safe. Nothing here writes to the journal.

use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::error::JournalError;
use crate::model::escape;

/// `gstl` in ASCII: what SQLite's `application_id` says in a journal of ours.
pub(super) const APPLICATION_ID: i32 = 0x6773_746c;

/// What the system said, of a file.
pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            JournalError::DiskFull { doing }
        }
        _ => JournalError::Io { doing, path, source },
    }
}

pub(super) fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

/// Symlinks, hard links, devices, folders and other people's files are refused before anything touches them.
pub(super) fn refuse_unsafe_place(path: &Path) -> Result<(), JournalError> {
    let not = |why| Err(JournalError::Unsafe { path: shown(path), why });
    let Some(metadata) = metadata_of(path)? else { return Ok(()) };
    if metadata.is_symlink() {
        return not("it is a symbolic link; name the file itself");
    }
    if metadata.is_dir() {
        return not("it is a folder; name a file in it");
    }
    if !metadata.is_file() {
        return not("it is no regular file");
    }
    if metadata.nlink() != 1 {
        return not("it has a second name (a hard link), which SQLite's side files don't follow");
    }
    if !is_ours(&metadata) {
        return not("it belongs to another user");
    }
    Ok(())
}

/// SQLite believes what it finds in a -wal or -journal, and writes tokens there: they must be files as we make them.
pub(super) fn refuse_planted(path: &Path) -> Result<(), JournalError> {
    for suffix in ["-wal", "-shm", "-journal"] {
        let Some(beside) = metadata_of(&sibling(path, suffix))? else { continue };
        if !beside.is_file() || beside.nlink() != 1 || !is_ours(&beside) || !is_private(&beside) {
            return Err(JournalError::Unsafe {
                path: shown(path),
                why: "its -wal, -shm or -journal file is none of ours: a link, another user's, or open to others; if nobody else \
                      has written to it, chmod 600 it, else put back a journal that you trust",
            });
        }
    }
    Ok(())
}

fn metadata_of(path: &Path) -> Result<Option<Metadata>, JournalError> {
    match path.symlink_metadata() {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io("looking at the journal", path)(error)),
    }
}

fn is_ours(file: &Metadata) -> bool {
    file.uid() == rustix::process::geteuid().as_raw()
}

fn is_private(file: &Metadata) -> bool {
    file.mode() & 0o077 == 0
}

pub(super) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Reads the header by hand: SQLite itself may write to a file that it opens (a foreign WAL is checkpointed).
pub(super) fn refuse_foreign(path: &Path, known_version: i64) -> Result<(), JournalError> {
    let not = |why| Err(JournalError::NotOurs { path: shown(path), why });
    let mut header = Vec::with_capacity(100);
    File::open(path)
        .and_then(|file| file.take(100).read_to_end(&mut header))
        .map_err(io("reading the journal", path))?;
    if header.is_empty() {
        return not("the file is empty");
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return not("it is no SQLite database");
    }
    // https://www.sqlite.org/fileformat2.html: user_version stands at offset 60, the application id at 68, big-endian.
    if header.get(68..72) != Some(APPLICATION_ID.to_be_bytes().as_slice()) {
        return not("it is another program's database");
    }
    match header
        .get(60..64)
        .and_then(|version| version.try_into().ok())
        .map(i32::from_be_bytes)
        .map(i64::from)
    {
        Some(found) if found > known_version => {
            Err(JournalError::Newer { path: shown(path), found, known: known_version })
        }
        _ => refuse_readable(path),
    }
}

/// It holds tokens.
fn refuse_readable(path: &Path) -> Result<(), JournalError> {
    let metadata = path.symlink_metadata().map_err(io("looking at the journal", path))?;
    if is_private(&metadata) {
        return Ok(());
    }
    Err(JournalError::Unsafe {
        path: shown(path),
        why: "others than its owner may use it, and it holds tokens; chmod 600 it, if nobody else has written to it",
    })
}

/// SQLite would replay what is left of an old journal into a new one of the same name. Empty files, which a reader
/// leaves behind, hold nothing.
pub(super) fn refuse_remains(path: &Path) -> Result<(), JournalError> {
    for suffix in ["-wal", "-journal"] {
        let remains = sibling(path, suffix);
        if remains.symlink_metadata().is_ok_and(|remains| remains.len() > 0) {
            return Err(JournalError::Unsafe {
                path: shown(path),
                why: "there is no such journal, but its -wal or -journal file; put the journal back beside it, or move \
                      that file away, too",
            });
        }
    }
    Ok(())
}

/// The folder that a file is, or will be, in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
