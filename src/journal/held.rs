//! The files of a journal, as a run holds them: whether they are still in their place, and their lock.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::error::JournalError;
use super::lock::Lock;
use super::network::Medium;
use super::place::{io, shown, sibling};

/// Which file a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

/// The files of a journal that is open, and their lock. To be dropped after the connection: what the journal looks like
/// is noted when nobody writes to it any more.
#[derive(Debug)]
pub(super) struct Held {
    path: PathBuf,
    wal: PathBuf,
    journal: Identity,
    wal_file: Option<Identity>,
    medium: Medium,
    ended: bool,
    lock: Lock,
}

impl Held {
    /// Holds the journal at `path`, which is open and has been written to.
    pub(super) fn new(path: &Path, medium: Medium, lock: Lock) -> Result<Self, JournalError> {
        let wal = sibling(path, "-wal");
        let journal = path.symlink_metadata().map_err(io("looking at the journal", path))?;
        Ok(Self {
            path: path.to_owned(),
            journal: identity(&journal),
            wal_file: identity_of(&wal),
            wal,
            medium,
            ended: false,
            lock,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn medium(&self) -> Medium {
        self.medium
    }

    /// Refused if the journal or its -wal was deleted, moved or replaced: what is written now would be found by nobody.
    /// Two calls of stat, a few microseconds.
    pub(super) fn refuse_gone(&self) -> Result<(), JournalError> {
        if identity_of(&self.path) == Some(self.journal) && self.holds_wal() {
            return Ok(());
        }
        Err(JournalError::Gone { path: shown(&self.path) })
    }

    /// Whether the -wal in its place is the one that we write to.
    pub(super) fn holds_wal(&self) -> bool {
        self.wal_file.is_none_or(|ours| identity_of(&self.wal) == Some(ours))
    }

    /// Whether another journal has taken its place, with our -wal beside it: that would be replayed into it.
    fn is_beside_another(&self) -> bool {
        identity_of(&self.path).is_some_and(|there| there != self.journal) && self.holds_wal()
    }

    /// Takes our -wal away from a journal that isn't ours. One that was deleted or moved keeps it: together they are
    /// whole again.
    pub(super) fn leave(&self) {
        if self.is_beside_another() {
            // What can't be removed is found by the next run's look at every page.
            let _ = std::fs::remove_file(&self.wal);
            let _ = std::fs::remove_file(sibling(&self.path, "-shm"));
        }
    }

    /// The run has come to its end: the file may be trusted as it is left.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.ended
            && let Ok(journal) = self.path.symlink_metadata()
            && identity(&journal) == self.journal
        {
            self.lock.note(&journal);
        }
    }
}

fn identity(file: &Metadata) -> Identity {
    Identity { device: file.dev(), inode: file.ino() }
}

fn identity_of(path: &Path) -> Option<Identity> {
    path.symlink_metadata().ok().map(|file| identity(&file))
}
