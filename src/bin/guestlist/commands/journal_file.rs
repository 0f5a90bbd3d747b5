//! Where the journal's file is, made ready to be opened.

use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use guestlist::journal::{Journal, JournalReader, MeetingCounts};
use guestlist::model::{MeetingId, Target};
use tempfile::TempDir;

use crate::error::CommandError;
use crate::settings::JournalPlace;
use crate::ui::Ui;

/// The journal of an import.
pub(crate) struct JournalFile {
    path: PathBuf,
    /// Whether the user named it, and so has to name it again.
    named: bool,
    temporary: Option<TempDir>,
}

impl JournalFile {
    /// Makes the folder, where that is ours to do.
    pub(crate) fn prepare(place: JournalPlace) -> Result<Self, CommandError> {
        match place {
            JournalPlace::Named(path) => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                match folder {
                    Some(folder) if !folder.is_dir() => Err(CommandError::NoJournalFolder(path)),
                    _ => Ok(Self { path, named: true, temporary: None }),
                }
            }
            JournalPlace::Usual(path) => {
                let folder = path.parent().unwrap_or(Path::new("/"));
                let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
                made.map_err(|source| CommandError::JournalFolder { folder: folder.to_owned(), source })?;
                Ok(Self { path, named: false, temporary: None })
            }
            JournalPlace::Temporary => {
                let folder = tempfile::Builder::new()
                    .prefix("guestlist-sandbox-")
                    .permissions(Permissions::from_mode(0o700))
                    .tempdir()
                    .map_err(|source| CommandError::JournalFolder { folder: std::env::temp_dir(), source })?;
                Ok(Self { path: folder.path().join("journal.db"), named: false, temporary: Some(folder) })
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What `--journal` must say for the next command.
    pub(crate) fn named(&self) -> Option<&Path> {
        self.named.then_some(&self.path)
    }

    pub(crate) fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// Takes a temporary journal away where nothing is dropped any more: before the process ends at once.
    pub(crate) fn remover(&self) -> impl FnOnce() + Send + use<> {
        let folder = self.temporary.as_ref().map(|folder| folder.path().to_owned());
        move || {
            // What can't be removed is left to the system's cleaning of its temporary folder.
            let _ = folder.map(std::fs::remove_dir_all);
        }
    }
}

/// The journal of a command that makes none.
pub(crate) fn existing(path: &Path) -> Result<&Path, CommandError> {
    // A link that leads nowhere is something, too: it is refused as a link.
    let missing = path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    if missing { Err(CommandError::NoJournal(path.to_owned())) } else { Ok(path) }
}

/// Refuses a meeting that was named and that the journal doesn't know: nothing would be done for a mistyped one, and that
/// would look as if all were well.
pub(crate) fn refuse_unknown(
    path: &Path,
    target: &Target,
    meeting: Option<MeetingId>,
) -> Result<(), CommandError> {
    let Some(meeting) = meeting else { return Ok(()) };
    // Whoever opens it next says what is wrong with it.
    let Ok(known) = JournalReader::open(path).and_then(|journal| journal.meetings()) else { return Ok(()) };
    let id = meeting.to_string();
    let is_it = |known: &MeetingCounts| {
        known.account_id == target.account_id() && known.app_id == target.app_id() && known.meeting_id == id
    };
    if known.iter().any(is_it) { Ok(()) } else { Err(CommandError::NoMeeting(meeting)) }
}

/// Somebody has said that it may lie there; what that means is theirs to answer for.
pub(crate) fn warn_of_network(journal: &Journal, ui: &Ui) {
    if journal.is_on_network() {
        ui.note(
            "warning: the journal lies on a network file system. If that loses a synced write or a lock, people may be \
             added twice; never start two runs at once",
        );
    }
}

/// The journal and the files that SQLite and the lock keep beside it: nothing may be written over them.
pub(crate) fn files(journal: &Path) -> Vec<PathBuf> {
    ["", "-wal", "-shm", ".lock"]
        .into_iter()
        .map(|suffix| {
            let mut path = journal.as_os_str().to_owned();
            path.push(suffix);
            path.into()
        })
        .collect()
}
