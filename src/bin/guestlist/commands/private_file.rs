//! A file that holds personal data: 0600, written beside its place and put there when it is whole.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use guestlist::export::{self, ExportError};
use tempfile::NamedTempFile;

use crate::error::CommandError;

/// What is in it, as messages say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    RejectedRows,
    Report,
    Plan,
    Metrics,
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RejectedRows => "the rejected rows",
            Self::Report => "the report",
            Self::Plan => "the plan",
            Self::Metrics => "the metrics",
        })
    }
}

/// A file that isn't in its place yet.
pub(super) struct PrivateFile {
    content: Content,
    file: NamedTempFile,
    path: PathBuf,
}

impl PrivateFile {
    /// `keep` are files that must not be replaced.
    pub(super) fn create(content: Content, path: &Path, keep: &[PathBuf]) -> Result<Self, CommandError> {
        Self::refuse_unsafe(content, path, keep)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = NamedTempFile::with_prefix_in(".guestlist-", folder);
        Ok(Self {
            content,
            file: file.map_err(|source| failed(content, path, source))?,
            path: path.to_owned(),
        })
    }

    /// The refusal alone, for what is made only after a run.
    pub(super) fn refuse_unsafe(content: Content, path: &Path, keep: &[PathBuf]) -> Result<(), CommandError> {
        export::refuse_unsafe(path, keep).map_err(|error| refused(error, content, path))
    }

    /// What to write to; it must be flushed before [`put_in_place`](Self::put_in_place).
    pub(super) fn handle(&self) -> Result<File, CommandError> {
        self.file.as_file().try_clone().map_err(|source| self.failed(source))
    }

    /// Where it is now.
    pub(super) fn put_in_place(self) -> Result<PathBuf, CommandError> {
        let Self { content, file, path } = self;
        file.as_file().sync_all().map_err(|source| failed(content, &path, source))?;
        file.persist(&path).map_err(|error| failed(content, &path, error.error))?;
        Ok(path)
    }

    /// It couldn't be written.
    pub(super) fn failed(&self, source: io::Error) -> CommandError {
        failed(self.content, &self.path, source)
    }
}

/// Writes one piece by piece.
pub(super) struct PrivateWriter {
    file: PrivateFile,
    writer: BufWriter<File>,
}

impl PrivateWriter {
    /// `keep` are files that must not be replaced.
    pub(super) fn create(content: Content, path: &Path, keep: &[PathBuf]) -> Result<Self, CommandError> {
        let file = PrivateFile::create(content, path, keep)?;
        let writer = BufWriter::new(file.handle()?);
        Ok(Self { file, writer })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), CommandError> {
        self.writer.write_all(bytes).map_err(|source| self.file.failed(source))
    }

    /// It is whole: puts it in its place.
    pub(super) fn finish(mut self) -> Result<(), CommandError> {
        self.writer.flush().map_err(|source| self.file.failed(source))?;
        self.file.put_in_place().map(|_path| ())
    }
}

fn refused(error: ExportError, content: Content, path: &Path) -> CommandError {
    match error {
        ExportError::Refused { why, .. } => {
            CommandError::FileRefused { content, path: path.to_owned(), why: why.to_owned() }
        }
        ExportError::Write { source, .. } => failed(content, path, source),
        other @ ExportError::Journal(_) => other.into(),
    }
}

fn failed(content: Content, path: &Path, source: io::Error) -> CommandError {
    CommandError::File { content, path: path.to_owned(), source }
}
