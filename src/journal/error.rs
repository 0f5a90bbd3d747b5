//! What can be wrong with a journal.

use std::path::PathBuf;

use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_FULL, SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_WRITE};

use super::id_source::{IdSource, flags};
use crate::model::{MeetingId, escape};

/// Why the journal can't be used, or why a step of it failed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another run holds it.
    #[error("another run is using the journal {path} (lock file {lock}): wait until it has ended")]
    InUse {
        /// The journal.
        path: String,
        /// Its lock.
        lock: String,
    },
    /// Another run took over while we were running.
    #[error(
        "another run (number {newer}) has taken over the journal, so this one stops; never delete the lock file"
    )]
    Superseded {
        /// The number of the run that holds it now.
        newer: i64,
    },
    /// It was deleted, moved or replaced while we were running.
    #[error(
        "the journal {path}, or its -wal file, was deleted, moved or replaced while the run went on, so it stops: what \
         came last is not noted down. Put them back together if you can. Without them, the next run lists the meetings \
         first and adds nobody twice, but has no tokens for those who are in"
    )]
    Gone {
        /// The journal.
        path: String,
    },
    /// Another program holds it, and not as a run of ours.
    #[error(
        "another program has held the journal for too long while {doing}: end it (a database shell, a backup), then \
         run the same command again; it resumes"
    )]
    Busy {
        /// What we were doing.
        doing: &'static str,
    },
    /// Not a journal of ours; left as it was.
    #[error(
        "{path} is not a guestlist journal: {why}; it was left untouched, name another file with --journal"
    )]
    NotOurs {
        /// The file.
        path: String,
        /// What it is instead.
        why: &'static str,
    },
    /// Written by a newer guestlist; left as it was.
    #[error(
        "{path} was written by a newer guestlist (journal version {found}, this one knows {known}): update guestlist"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Written by an older guestlist, and opened to look at only; left as it was.
    #[error(
        "{path} was written by an older guestlist (journal version {found}, this one knows {known}): the next import \
         brings it up to date"
    )]
    Older {
        /// The file.
        path: String,
        /// Its version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// A place that a journal mustn't be in, or a file that mustn't be one.
    #[error("the journal can't be {path}: {why}")]
    Unsafe {
        /// The file.
        path: String,
        /// Why not, and the way out.
        why: &'static str,
    },
    /// Bound to another API.
    #[error("this journal belongs to {bound}, not to {asked}: name another file with --journal")]
    OtherOrigin {
        /// Where it belongs.
        bound: String,
        /// What was asked for.
        asked: String,
    },
    /// Ids of this meeting came from elsewhere until now.
    #[error(
        "meeting {meeting} was filled with ids from {bound}, and this roster takes them from {asked}: everybody would \
         be new and invited twice; nobody was added. Take the ids from {bound} again{again}, or, if the ids themselves \
         are the same or new ones are what you want, say --new-id-source"
    )]
    OtherIdSource {
        /// The meeting.
        meeting: String,
        /// Where its ids come from.
        bound: String,
        /// Where they would come from now.
        asked: String,
        /// The flags that take them from there again, in brackets; may be empty.
        again: String,
    },
    /// Two rosters of one run take the ids of one meeting from different places.
    #[error(
        "the rosters take the ids of meeting {meeting} from {first} and from {second}: who is on both would be invited \
         twice; nobody was added. Give both columns the same header, or derive the ids in both from columns that both \
         have, with --id-from"
    )]
    TwoIdSources {
        /// The meeting.
        meeting: String,
        /// Where the first roster takes them from.
        first: String,
        /// Where a later one does.
        second: String,
    },
    /// Its folder or files can't be read or written.
    #[error("{doing} {}: {source}", escape(&path.to_string_lossy()))]
    Io {
        /// What we were about to do.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The disk is full.
    #[error(
        "the disk is full, or a quota or a limit of file sizes is reached, while {doing}: make room, then run the same \
         command again; it resumes"
    )]
    DiskFull {
        /// What we were doing.
        doing: &'static str,
    },
    /// It may only be read.
    #[error(
        "the journal can't be written to ({doing}): make it and its folder writable for yourself (chmod u+w), then run \
         the same command again"
    )]
    ReadOnly {
        /// What we were doing.
        doing: &'static str,
    },
    /// The file is damaged.
    #[error(
        "the journal is damaged ({why}): restore it from a backup, or move it away and start with a new one; \
         the meetings are then listed first, and nobody who is in them is added again"
    )]
    Damaged {
        /// What SQLite found.
        why: String,
    },
    /// SQLite failed in another way.
    #[error("the journal failed while {doing}: {source}")]
    Sql {
        /// What we were doing.
        doing: &'static str,
        /// What SQLite said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A row would make a step that its life doesn't have; a bug.
    #[error("a row that is {state} can't {transition}: this is a bug, please report it")]
    Illegal {
        /// Where the row is.
        state: String,
        /// What it should have done.
        transition: String,
    },
}

impl JournalError {
    pub(super) fn other_id_source(meeting: MeetingId, bound: &str, asked: &IdSource) -> Self {
        Self::OtherIdSource {
            meeting: meeting.to_string(),
            bound: escape(bound),
            asked: escape(&asked.to_string()),
            again: escape(&flags(bound)),
        }
    }

    pub(super) fn two_id_sources(meeting: MeetingId, first: &str, second: &str) -> Self {
        Self::TwoIdSources { meeting: meeting.to_string(), first: escape(first), second: escape(second) }
    }

    /// Whether a second attempt at the same write could be believed: after a failed fsync it could not.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::DiskFull { .. })
    }

    pub(super) fn of_sqlite(source: rusqlite::Error, doing: &'static str) -> Self {
        match source.sqlite_error_code() {
            _ if is_out_of_room(&source) => Self::DiskFull { doing },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { why: source.to_string() }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { doing },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { doing },
            _ => Self::Sql { doing, source: Box::new(source) },
        }
    }
}

/// Names what was being done when SQLite failed.
pub(super) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, JournalError>;
}

impl<T> Doing<T> for Result<T, rusqlite::Error> {
    fn doing(self, doing: &'static str) -> Result<T, JournalError> {
        self.map_err(|source| JournalError::of_sqlite(source, doing))
    }
}

/// SQLite says FULL for ENOSPC only. A quota (EDQUOT) and a limit of file sizes (EFBIG) come as a failed write, and a
/// full disk under the -shm file as a failed growth. None of them is a failed sync.
fn is_out_of_room(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    code.is_some_and(|code| code == SQLITE_FULL || code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_SHMSIZE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use rusqlite::ffi;

    #[rstest]
    #[case::no_space(ffi::SQLITE_FULL, true)]
    #[case::quota_or_limit(ffi::SQLITE_IOERR_WRITE, true)]
    #[case::no_space_for_shm(ffi::SQLITE_IOERR_SHMSIZE, true)]
    #[case::failed_sync(ffi::SQLITE_IOERR_FSYNC, false)]
    #[case::failed_read(ffi::SQLITE_IOERR_READ, false)]
    #[case::busy(ffi::SQLITE_BUSY, false)]
    #[case::corrupt(ffi::SQLITE_CORRUPT, false)]
    fn only_want_of_room_is_a_full_disk(#[case] code: i32, #[case] full: bool) {
        let failed: Result<(), _> = Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        assert_eq!(failed.doing("writing").unwrap_err().is_disk_full(), full);
    }
}
