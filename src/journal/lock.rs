//! The lock of a journal, on a file beside it. The file also notes what the journal looked like when a run last closed
//! it, so that the next one knows whether anybody has touched it since.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::error::JournalError;
use super::place::{io, shown, sibling};

/// The lock of a journal; released when dropped, or by the system when the process dies.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    /// Takes the lock of the journal at `path`, at once or not at all.
    pub(super) fn take(path: &Path) -> Result<Self, JournalError> {
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
        if !file.metadata().is_ok_and(|lock| lock.is_file()) {
            return Err(JournalError::Unsafe {
                path: shown(path),
                why: "its lock file is no regular file; move that away",
            });
        }
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => {
                Err(JournalError::InUse { path: shown(path), lock: shown(&lock_path) })
            }
            Err(TryLockError::Error(error)) => Err(io("locking the journal", &lock_path)(error)),
        }
    }

    /// Whether the journal's file looks as the run that closed it last noted.
    pub(super) fn knows(&self, journal: &Metadata) -> bool {
        let mut noted = String::new();
        let read = (&self.0).take(200).read_to_string(&mut noted);
        read.is_ok() && noted == look(journal)
    }

    /// Notes what the journal's file looks like. If that fails, the next run looks at every page: the safe side.
    pub(super) fn note(&self, journal: &Metadata) {
        let mut file = &self.0;
        let _ = self
            .0
            .set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(look(journal).as_bytes()));
    }
}

/// What changes when anybody writes to a file, replaces it, or puts back an older one. Not the device: its number may
/// change when the machine starts.
fn look(file: &Metadata) -> String {
    format!(
        "closed {} {} {}.{:09} {}.{:09}\n",
        file.ino(),
        file.size(),
        file.mtime(),
        file.mtime_nsec(),
        file.ctime(),
        file.ctime_nsec()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_known_until_somebody_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        std::fs::write(&path, "a journal").unwrap();
        let look = || std::fs::metadata(&path).unwrap();
        let lock = Lock::take(&path).unwrap();
        assert!(!lock.knows(&look()), "nothing noted yet");
        lock.note(&look());
        drop(lock);
        let lock = Lock::take(&path).unwrap();
        assert!(lock.knows(&look()));
        drop(lock);
        std::fs::write(&path, "a journal!").unwrap();
        assert!(!Lock::take(&path).unwrap().knows(&look()));
    }
}
