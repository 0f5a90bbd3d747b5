//! What a journal holds, read by somebody else.

use std::collections::BTreeMap;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::support::Import;
use crate::support::power::{Files, files_in};
use crate::support::shim::JOURNAL;

/// A row, as far as these tests look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) state: String,
    /// Creates that may have reached the server.
    pub(super) sends: u64,
}

impl Row {
    pub(super) fn is_confirmed(&self) -> bool {
        ["added", "present"].contains(&self.state.as_str())
    }
}

/// Rows by their custom_participant_id.
pub(super) type Rows = BTreeMap<String, Row>;

/// The rows of a journal whose files these are; none where there is no journal.
pub(super) fn rows_of(files: &Files) -> Rows {
    let folder = tempfile::tempdir().unwrap();
    put(files, folder.path());
    if !files.contains_key("j.db") {
        return Rows::new();
    }
    let journal = rusqlite::Connection::open(folder.path().join("j.db")).unwrap();
    let check: String = journal.query_row("PRAGMA quick_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    let mut rows = journal.prepare("SELECT custom_participant_id, state, sends FROM participants").unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, Row { state: row.get(1)?, sends: row.get(2)? })));
    rows.unwrap().map(Result::unwrap).collect()
}

/// The rows of the journal that lies there now.
pub(super) fn rows_in(import: &Import) -> Rows {
    rows_of(&files_in(&import.path(""), JOURNAL))
}

/// Every create that the server has received stands in the journal as one that may have reached it: how many don't.
pub(super) fn creates_without_intent(import: &Import, rows: &Rows) -> u64 {
    let received = import.server().received();
    let missing =
        received.iter().map(|(id, posts)| posts.saturating_sub(rows.get(id).map_or(0, |row| row.sends)));
    missing.sum()
}

/// Writes these files, for their owner only.
pub(super) fn put(files: &Files, folder: &Path) {
    for (name, content) in files {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(folder.join(name)).unwrap();
        std::io::Write::write_all(&mut file, content).unwrap();
    }
}

/// Takes the place of the journal that lies there.
pub(super) fn replace(files: &Files, import: &Import) {
    for name in files_in(&import.path(""), JOURNAL).keys() {
        std::fs::remove_file(import.path(name)).unwrap();
    }
    let _ = std::fs::remove_file(import.path("j.db-shm"));
    put(files, &import.path(""));
}
