//! Whose file it is: refusing what isn't ours or isn't safe, and the lock. Nothing here writes to the journal.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::JournalError;
use crate::model::escape;

/// `gstl` in ASCII: what SQLite's `application_id` says in a journal of ours.
pub(super) const APPLICATION_ID: i32 = 0x6773_746c;

/// The lock of a journal; released when dropped, or by the system when the process dies.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "held for its lock, which ends with it")] File);

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
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io("looking at the journal", path)(error)),
    };
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
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return not("it belongs to another user");
    }
    Ok(())
}

pub(super) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

pub(super) fn lock(path: &Path) -> Result<Lock, JournalError> {
    let lock_path = sibling(path, ".lock");
    let no_follow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(no_follow)
        .open(&lock_path)
        .map_err(io("opening the journal's lock file", &lock_path))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => {
            Err(JournalError::InUse { path: shown(path), lock: shown(&lock_path) })
        }
        Err(TryLockError::Error(error)) => Err(io("locking the journal", &lock_path)(error)),
    }
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
    if metadata.mode() & 0o077 == 0 {
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

/// C1 of the promise: a local disk that honours fsync and locks.
#[cfg(target_os = "linux")]
pub(super) fn refuse_network(path: &Path) -> Result<(), JournalError> {
    let folder = folder_of(path);
    let found = rustix::fs::statfs(folder)
        .map_err(|error| io("looking at the journal's folder", folder)(error.into()))?;
    if !is_network(found.f_type as u32) {
        return Ok(());
    }
    Err(JournalError::Unsafe {
        path: shown(path),
        why: "it would lie on a network file system, where locks and synced writes can't be relied on; name a file on \
              a local disk with --journal",
    })
}

/// Elsewhere there is nothing to ask that can be tested here.
#[cfg(not(target_os = "linux"))]
pub(super) fn refuse_network(_path: &Path) -> Result<(), JournalError> {
    Ok(())
}

/// By the magic numbers of statfs(2): NFS, SMB, CIFS, SMB 2, AFS, Ceph, Coda, Lustre.
#[cfg(target_os = "linux")]
fn is_network(magic: u32) -> bool {
    const NETWORK: [u32; 8] =
        [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x5346_414f, 0x00c3_6400, 0x7375_7245, 0x0bd0_0bd0];
    NETWORK.contains(&magic)
}

/// The folder that a file is, or will be, in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::nfs(0x6969, true)]
    #[case::cifs(0xff53_4d42, true)]
    #[case::smb2(0xfe53_4d42, true)]
    #[case::ext4(0xef53, false)]
    #[case::xfs(0x5846_5342, false)]
    #[case::btrfs(0x9123_683e, false)]
    #[case::overlay(0x794c_7630, false)]
    #[case::tmpfs(0x0102_1994, false)]
    fn a_network_is_no_local_disk(#[case] magic: u32, #[case] network: bool) {
        assert_eq!(is_network(magic), network);
    }
}
