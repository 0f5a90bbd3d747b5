//! What was found out about a roster: nothing is guessed silently.

use std::fmt;
use std::sync::Arc;

use super::columns::Role;
use super::dialect::Dialect;
use super::encoding::TextEncoding;
use super::workbook::SheetDecision;

/// What was taken a roster for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decisions {
    /// The roster as it was named.
    pub file: Arc<str>,
    /// Its format.
    pub format: Format,
    /// What it was wrapped in.
    pub compression: Compression,
    /// The encoding of its text; as long as there was nothing but ASCII, UTF-8. `None` of what has none.
    pub encoding: Option<TextEncoding>,
    /// The columns in their order. For JSON those that have appeared so far.
    /// Whose list it is, if that is known.
    pub dialect: Option<Arc<Dialect>>,
    /// The status column, if there is one, and whom it leaves out.
    pub status: Option<StatusDecision>,
    /// The first line after the table where something else follows it; known once it was reached.
    pub ends_before: Option<u64>,
    /// The columns in their order. For JSON Lines those that have appeared so far.
    pub columns: Vec<ColumnDecision>,
}

/// How the rows are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// Separated values.
    Csv {
        /// The byte between fields.
        delimiter: u8,
        /// The line of the header, from 1; `None`: it has none, and the user named its columns.
        header_line: Option<u64>,
    },
    /// One JSON object a line.
    JsonLines,
    /// One JSON array of objects.
    JsonArray,
    /// A sheet of a workbook.
    Workbook(SheetDecision),
}

/// What a status column does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusDecision {
    /// The column.
    pub column: Arc<str>,
    /// The values by which somebody comes; `None`: nobody is left out.
    pub coming: Option<Vec<String>>,
}

/// What a roster was wrapped in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Nothing.
    None,
    /// gzip, of one member or several.
    Gzip,
    /// zstd, of one frame or several.
    Zstd,
}

impl Compression {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a column is used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDecision {
    /// As the header names it.
    pub name: Arc<str>,
    /// Its use.
    pub role: Role,
    /// Whether ids are derived from it.
    pub in_derived_id: bool,
}
