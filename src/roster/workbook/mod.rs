//! Workbooks: `.xlsx` and `.xlsm`, `.xls`, `.ods`.
//!
//! ```text
//! file ─ container (what is it?) ─▶ parts, biff (is it within the caps?) ─▶ calamine ─ book ─▶ tabs (which sheet?)
//!                                                          SheetRecords ◀─ sheet, cell (as what text?) ◀┘
//! ```
//! A workbook is told by its content, and nothing of it is believed: calamine makes room for whatever a file claims and
//! holds most of what it reads, so that each file is looked through first, in memory that doesn't depend on it.
//!
//! # The rules
//! * The first visible sheet with a roster's header is taken, or else the first visible one with cells; which, and which
//!   others there are, is said. A hidden sheet is taken only if it is asked for by its name.
//! * A row's line is its number in the sheet. Every row is as wide as the sheet; rows and columns that are hidden or
//!   filtered out are read like the others.
//! * Text is what the cell holds, whatever a hyperlink behind it points to. Whole numbers are their digits, with the
//!   zeros in front that the cell's format shows; from the sixteenth digit on, which Excel doesn't keep, they have its
//!   E notation, and an id of that kind is refused. Dates and times are ISO 8601.
//! * Of merged cells the first one has the value.
//! * Formulas are the results that are stored with them. One that has none, or a cell with an error, is a problem of
//!   its row if the column is used.

mod biff;
mod book;
mod caught;
mod cell;
mod container;
mod error;
mod number_format;
mod opendocument;
mod parts;
mod pieces;
mod sheet;
mod tabs;

use std::fmt;
use std::sync::Arc;

pub use caught::panics_are_caught;
pub(super) use cell::Flaw;
pub use error::WorkbookError;
pub(super) use error::hidden_sheets;
pub(super) use sheet::SheetRecords;

use self::book::Book;
use self::caught::caught;
use self::container::recognise;
use self::tabs::{Promise, Taken};
use super::error::RosterError;
use super::options::ReadOptions;
use super::source::RosterSource;
use super::table::{Certainty, Vocabulary, locate};

/// How many rows of a sheet are looked at for a roster's header.
const LOOKED_AT: usize = 100;

/// The kinds of workbooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkbookKind {
    /// Excel since 2007, with or without macros.
    Xlsx,
    /// Excel before 2007.
    Xls,
    /// LibreOffice and others.
    Ods,
}

impl WorkbookKind {
    /// The usual end of such a file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Xls => "xls",
            Self::Ods => "ods",
        }
    }
}

impl fmt::Display for WorkbookKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Xlsx => "Excel workbook",
            Self::Xls => "old Excel workbook (.xls)",
            Self::Ods => "OpenDocument workbook (.ods)",
        })
    }
}

/// What was taken out of a workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetDecision {
    /// The kind of workbook.
    pub kind: WorkbookKind,
    /// The sheet that was taken.
    pub sheet: Arc<str>,
    /// Whether it was asked for.
    pub asked: bool,
    /// Other visible sheets with cells; nothing is looked at if a sheet was asked for.
    pub others: Vec<Arc<str>>,
    /// Sheets that are hidden.
    pub hidden: Vec<Arc<str>>,
    /// Formulas of the sheet whose result isn't stored.
    pub uncalculated: usize,
    /// The row of the header, from 1, if there is one.
    pub header_line: Option<u64>,
}

/// Reads the roster of a workbook; `None` if the source is none.
pub(super) fn open(
    source: &RosterSource,
    options: &ReadOptions,
    words: &Vocabulary,
) -> Result<Option<SheetRecords>, RosterError> {
    let file = || Arc::clone(source.name());
    caught(|| read(source, options, words)).map_err(|error| match error {
        WorkbookError::Foreign { what, way_out } => RosterError::Foreign { file: file(), what, way_out },
        WorkbookError::Io(source) => RosterError::Io { file: file(), source },
        WorkbookError::OnlyHidden(hidden) => RosterError::HiddenSheets { file: file(), sheet: None, hidden },
        source => RosterError::Workbook { file: file(), source },
    })
}

fn read(
    source: &RosterSource,
    options: &ReadOptions,
    words: &Vocabulary,
) -> Result<Option<SheetRecords>, WorkbookError> {
    let Some(kind) = recognise(&mut source.seekable(), &options.caps.workbook)? else { return Ok(None) };
    let mut book = Book::open(source.seekable(), kind, options.caps)?;
    let Taken { at: taken, others, hidden_rosters } = match &options.sheet {
        Some(wanted) => {
            let at = tabs::asked(book.tabs(), wanted)?;
            Taken { at, others: Vec::new(), hidden_rosters: Vec::new() }
        }
        None => {
            let tabs = book.tabs().to_vec();
            tabs::found(&tabs, |tab| Ok(promise(&book.beginning(tab, LOOKED_AT)?, options, words)))?
        }
    };
    let sheet = book.sheet(taken)?;
    let name = Arc::clone(&book.tabs()[taken].name);
    if sheet.is_empty() {
        return Err(WorkbookError::EmptySheet { sheet: name, sheets: tabs::with_cells(book.tabs()) });
    }
    let decision = SheetDecision {
        kind,
        sheet: name,
        asked: options.sheet.is_some(),
        others,
        hidden: tabs::hidden(book.tabs(), Some(taken)).map(|at| Arc::clone(&book.tabs()[at].name)).collect(),
        uncalculated: sheet.uncalculated(),
        header_line: None,
    };
    Ok(Some(SheetRecords::new(sheet, decision, hidden_rosters, options.caps.record)))
}

/// A header has two names that are known, or those that the user gives.
fn promise(sheet: &sheet::Sheet, options: &ReadOptions, words: &Vocabulary) -> Promise {
    if sheet.is_empty() {
        return Promise::Empty;
    }
    let located = locate(&sheet.sample(LOOKED_AT), options, words);
    match located.certainty {
        Certainty::Likely | Certainty::Wanted => Promise::Header,
        _ if located.known > 1 => Promise::Header,
        _ => Promise::Cells,
    }
}
