//! The file of the invalid rows: 0600, written beside its place and put there when it is whole.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use guestlist::export::{self, ExportError};
use tempfile::NamedTempFile;

use crate::error::CommandError;

pub(crate) struct RejectedFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl RejectedFile {
    /// `keep` are files that must not be replaced.
    pub(crate) fn create(path: &Path, keep: &[PathBuf]) -> Result<Self, CommandError> {
        export::refuse_unsafe(path, keep).map_err(|error| refused(error, path))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = NamedTempFile::with_prefix_in(".guestlist-rejected-", folder);
        Ok(Self { file: file.map_err(|source| failed(path, source))?, path: path.to_owned() })
    }

    /// Where the rows are written; it must be flushed before [`put_in_place`](Self::put_in_place).
    pub(crate) fn writer(&self) -> Result<Box<dyn Write + Send>, CommandError> {
        let file = self.file.as_file().try_clone().map_err(|source| failed(&self.path, source))?;
        Ok(Box::new(BufWriter::new(file)))
    }

    pub(crate) fn put_in_place(self) -> Result<(), CommandError> {
        let path = self.path;
        self.file.as_file().sync_all().map_err(|source| failed(&path, source))?;
        self.file.persist(&path).map(|_| ()).map_err(|error| failed(&path, error.error))
    }
}

fn refused(error: ExportError, path: &Path) -> CommandError {
    match error {
        ExportError::Refused { why, .. } => {
            CommandError::RejectedRefused { path: path.to_owned(), why: why.to_owned() }
        }
        ExportError::Write { source, .. } => failed(path, source),
        other @ ExportError::Journal(_) => other.into(),
    }
}

fn failed(path: &Path, source: io::Error) -> CommandError {
    CommandError::RejectedFile { path: path.to_owned(), source }
}
