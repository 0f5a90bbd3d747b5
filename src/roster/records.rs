//! Where records come from: the lines of a text, or the rows of a sheet.

use std::io;

use super::csv_records::{CsvRecords, Fields, Next};
use super::workbook::{Flaw, SheetRecords};

/// Records, whatever they are read from.
pub(super) enum AnyRecords {
    /// Of a text, with this byte between its fields.
    Csv { records: Box<CsvRecords>, delimiter: u8 },
    /// Of a sheet.
    Sheet(Box<SheetRecords>),
}

impl AnyRecords {
    /// Goes to the next record.
    pub(super) fn advance(&mut self) -> io::Result<Next> {
        match self {
            Self::Csv { records, .. } => records.advance(),
            Self::Sheet(records) => Ok(records.advance()),
        }
    }

    /// The line that was come to.
    pub(super) fn line(&self) -> u64 {
        match self {
            Self::Csv { records, .. } => records.line(),
            Self::Sheet(records) => records.line(),
        }
    }

    /// Passes over what begins on so many lines.
    pub(super) fn skip_lines(&mut self, lines: u64) -> io::Result<()> {
        match self {
            Self::Csv { records, .. } => records.skip_lines(lines),
            Self::Sheet(records) => {
                records.skip_lines(lines);
                Ok(())
            }
        }
    }

    /// The record that [`Next::Record`] announced.
    pub(super) fn fields(&self) -> Fields<'_> {
        match self {
            Self::Csv { records, .. } => records.fields(),
            Self::Sheet(records) => records.fields(),
        }
    }

    /// Whether in that record something stands between a closing quote and the end of its field.
    pub(super) fn is_badly_quoted(&self) -> bool {
        match self {
            Self::Csv { records, .. } => records.is_badly_quoted(),
            Self::Sheet(_) => false,
        }
    }

    /// What is wrong with cells of that record: row and column from 0, and what.
    pub(super) fn flaws(&self) -> &[((u32, u32), Flaw)] {
        match self {
            Self::Csv { .. } => &[],
            Self::Sheet(records) => records.flaws(),
        }
    }
}
