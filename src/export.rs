//! Tokens out of the journal, to CSV or JSON Lines: whole or not at all, readable by their owner only.
//!
//! The file is written beside its place with mode 0600, synced, and renamed over it, so that whoever reads it sees the
//! old export or the new one. Symbolic links, folders and devices are refused: the tokens would go elsewhere.

mod columns;
mod csv_rows;
mod join_url;
mod json_rows;
#[cfg(test)]
mod tests;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

pub use join_url::{JoinUrl, JoinUrlError};

use crate::journal::{ExportFilter, JournalError, JournalReader};
use crate::model::escape;

/// What an export is to be.
#[derive(Debug, Clone)]
pub struct ExportSettings {
    /// The format.
    pub format: Format,
    /// Which rows.
    pub filter: ExportFilter,
    /// The link to send to each participant.
    pub join_url: Option<JoinUrl>,
}

/// The format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, with a header; text that a spreadsheet would take for a formula is guarded.
    Csv,
    /// The same as Excel opens it where numbers have decimal commas: semicolons, and a byte order mark for the accents.
    ExcelCsv,
    /// A JSON object a line; exact.
    Jsonl,
}

/// What was exported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// Participants written.
    pub rows: u64,
    /// Of them, those with a token.
    pub tokens: u64,
}

/// Why nothing was exported; an older export is still in place.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The journal can't be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It must not go there.
    #[error("the export can't go to {path}: {why}")]
    Refused {
        /// Where it should have gone, safe to print.
        path: String,
        /// Why not.
        why: &'static str,
    },
    /// It can't be written.
    #[error("the export can't be written to {}: {source}; an older export there is untouched", escape(&.path.to_string_lossy()))]
    Write {
        /// Where it should have gone.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Writes an export to `path`, replacing a regular file there. `keep` are files that must not be replaced: the journal
/// and the rosters.
pub fn to_file(
    journal: &JournalReader,
    settings: &ExportSettings,
    path: &Path,
    keep: &[PathBuf],
) -> Result<Exported, ExportError> {
    refuse_unsafe(path, keep)?;
    let failed = |source| ExportError::Write { path: path.to_owned(), source };
    let folder = folder_of(path);
    let mut file = NamedTempFile::with_prefix_in(".guestlist-export-", folder).map_err(failed)?;
    let exported =
        to_writer(journal, settings, BufWriter::new(file.as_file_mut())).map_err(|error| at(error, path))?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(exported)
}

/// Writes an export to anything, standard output say.
pub fn to_writer(
    journal: &JournalReader,
    settings: &ExportSettings,
    into: impl Write,
) -> Result<Exported, ExportError> {
    match settings.format {
        Format::Csv => csv_rows::write(journal, settings, b',', into),
        Format::ExcelCsv => csv_rows::write_for_excel(journal, settings, into),
        Format::Jsonl => json_rows::write(journal, settings, into),
    }
}

/// A failed write, before it is known where to.
fn unwritable(source: impl Into<io::Error>) -> ExportError {
    ExportError::Write { path: PathBuf::from("-"), source: source.into() }
}

fn at(error: ExportError, path: &Path) -> ExportError {
    match error {
        ExportError::Write { source, .. } => ExportError::Write { path: path.to_owned(), source },
        other => other,
    }
}

/// Refuses places where tokens would be lost or would destroy something. Also useful before a long run begins.
pub fn refuse_unsafe(path: &Path, keep: &[PathBuf]) -> Result<(), ExportError> {
    let refused = |why| Err(ExportError::Refused { path: escape(&path.to_string_lossy()), why });
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_kept(path, keep) => {
            return refused(KEPT);
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return folder_is_there(path);
        }
        Err(source) => return Err(ExportError::Write { path: path.to_owned(), source }),
    };
    if metadata.is_symlink() {
        return refused("it is a symbolic link; name the file itself");
    }
    if metadata.is_dir() {
        return refused("it is a folder; name a file in it");
    }
    if !metadata.is_file() {
        return refused("it is no regular file; use - for standard output");
    }
    if is_kept(path, keep) {
        return refused(KEPT);
    }
    Ok(())
}

const KEPT: &str = "it is the journal or one of its rosters";

fn is_kept(path: &Path, keep: &[PathBuf]) -> bool {
    let place = place(path);
    place.is_some() && keep.iter().any(|kept| self::place(kept) == place)
}

/// The file itself; of one that isn't there yet (a journal to be made) its folder and name.
fn place(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok().or_else(|| Some(folder_of(path).canonicalize().ok()?.join(path.file_name()?)))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn folder_is_there(path: &Path) -> Result<(), ExportError> {
    match folder_of(path).metadata() {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(ExportError::Refused {
            path: escape(&path.to_string_lossy()),
            why: "the place that it should be in is no folder",
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ExportError::Refused {
            path: escape(&path.to_string_lossy()),
            why: "its folder isn't there; make it first",
        }),
        Err(source) => Err(ExportError::Write { path: path.to_owned(), source }),
    }
}
