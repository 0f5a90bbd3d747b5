//! The log of a scheduled job: what programs are told, with the time, and without what a guest may be known by. Only
//! their ids stay, which say whom to look for in the roster.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::{Line, json};
use crate::error::CommandError;

/// How every line begins: a file that begins otherwise is no log of ours.
const BEGINNING: &[u8] = br#"{"at":""#;

pub(crate) struct LogFile {
    path: PathBuf,
    log: Mutex<Log>,
}

/// The file and the first thing that went wrong with it: a run isn't ended by it.
struct Log {
    file: File,
    broken: bool,
    failed: Option<io::Error>,
}

impl LogFile {
    /// Opens it and notes that `command` begins, so that one that can't be written is known before anything is sent.
    pub(crate) fn open(path: &Path, command: &str) -> Result<Self, CommandError> {
        let refused = |why: String| CommandError::LogRefused { path: path.to_owned(), why };
        let is_torn = look(path).map_err(&refused)?;
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        let file = file.map_err(|error| refused(error.to_string()))?;
        let log = Log { file, broken: false, failed: None };
        let log = Self { path: path.to_owned(), log: Mutex::new(log) };
        if is_torn {
            log.log().append(b"\n");
        }
        log.write(&Line::Begun { command, guestlist: env!("CARGO_PKG_VERSION") });
        log.finish()?;
        Ok(log)
    }

    pub(super) fn write(&self, line: &Line<'_>) {
        self.log().append(&json::logged(line, Timestamp::now()));
    }

    /// What went wrong, and wasn't told yet.
    pub(super) fn finish(&self) -> Result<(), CommandError> {
        let failed = self.log().failed.take();
        failed.map_or(Ok(()), |source| Err(CommandError::Log { path: self.path.clone(), source }))
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    /// A line in one piece, so that those of two runs don't mix. After a failure nothing more is written.
    fn append(&mut self, line: &[u8]) {
        if !self.broken {
            self.failed = self.file.write_all(line).err();
            self.broken = self.failed.is_some();
        }
    }
}

/// Whether the last line is torn; an error if something else is in the file, such as a roster or a journal.
fn look(path: &Path) -> Result<bool, String> {
    let Ok(metadata) = path.metadata() else { return Ok(false) };
    if !metadata.is_file() || metadata.len() == 0 {
        return Ok(false);
    }
    let (mut beginning, mut end) = ([0; BEGINNING.len()], [0]);
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut end)?;
        file.rewind()?;
        file.read_exact(&mut beginning)
    });
    match read {
        Ok(()) if beginning == BEGINNING => Ok(end != *b"\n"),
        Ok(()) => Err("there is something else in it; name another file".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err("there is something else in it; name another file".to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}
