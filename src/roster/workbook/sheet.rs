//! The rows of one sheet, laid out for reading: the texts end to end, and where each cell's ends.

use std::sync::Arc;

use super::SheetDecision;
use super::cell::{Flaw, Value, push_text};
use super::error::WorkbookError;
use super::number_format::Shown;
use crate::roster::csv_records::{Fields, Next};
use crate::roster::error::RosterError;
use crate::roster::options::WorkbookCaps;
use crate::roster::table::SampleRow;

/// A sheet's cells that hold something, in their order.
#[derive(Debug, Default)]
pub(in crate::roster) struct Sheet {
    rows: Vec<Row>,
    cells: Vec<CellEnd>,
    text: String,
    /// In the order of the cells.
    flaws: Vec<(Position, Flaw)>,
    width: usize,
}

/// Row and column, from 0.
pub(super) type Position = (u32, u32);

#[derive(Debug, Clone, Copy)]
struct Row {
    row: u32,
    first_cell: usize,
    start: usize,
}

#[derive(Debug, Clone, Copy)]
struct CellEnd {
    column: u32,
    end: u32,
}

impl Sheet {
    /// Adds a cell. They come from left to right and from above.
    pub(super) fn push(
        &mut self,
        (row, column): Position,
        value: Value<'_>,
        shown: Shown,
        uncalculated: bool,
        caps: &WorkbookCaps,
    ) -> Result<(), WorkbookError> {
        let start = self.text.len();
        let flaw = push_text(value, shown, &mut self.text).or(uncalculated.then_some(Flaw::Uncalculated));
        if self.text.len() == start && flaw.is_none() {
            return Ok(());
        }
        self.begin_row(row, start)?;
        let first = self.rows.last().map_or(0, |row| row.first_cell);
        if self.cells[first..].last().is_some_and(|last| last.column >= column) {
            return Err(WorkbookError::damaged("its cells are out of order"));
        }
        if let Some(flaw) = flaw {
            self.flaws.push(((row, column), flaw));
        }
        let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.cells.push(CellEnd { column, end });
        self.width = self.width.max(column as usize + 1);
        self.within(caps)
    }

    fn begin_row(&mut self, row: u32, start: usize) -> Result<(), WorkbookError> {
        match self.rows.last() {
            Some(last) if last.row == row => return Ok(()),
            Some(last) if last.row > row => return Err(WorkbookError::damaged("its rows are out of order")),
            _ => {}
        }
        self.rows.push(Row { row, first_cell: self.cells.len(), start });
        Ok(())
    }

    fn within(&self, caps: &WorkbookCaps) -> Result<(), WorkbookError> {
        let area = self.rows.len().saturating_mul(self.width);
        let too_large = |what, cap| Err(WorkbookError::TooLarge { what, cap });
        match () {
            () if self.cells.len() as u64 > caps.cells => too_large("cells in a sheet", caps.cells),
            () if self.text.len() as u64 > caps.text => too_large("bytes of text in a sheet", caps.text),
            () if area as u64 > caps.area => {
                too_large("cells between the first and the last of a sheet", caps.area)
            }
            () => Ok(()),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Notes that the last cell's text isn't what was written.
    pub(super) fn mark_last(&mut self, position: Position, flaw: Flaw) {
        self.flaws.push((position, flaw));
    }

    /// The cells of the nth row that holds something: column and text.
    pub(super) fn cells(&self, nth: usize) -> impl Iterator<Item = (usize, &str)> {
        let row = self.rows.get(nth);
        let after = self.rows.get(nth + 1).map_or(self.cells.len(), |row| row.first_cell);
        let cells = row.map_or(&[][..], |row| &self.cells[row.first_cell..after]);
        let mut start = row.map_or(0, |row| row.start);
        cells.iter().map(move |cell| {
            let text = &self.text[start..cell.end as usize];
            start = cell.end as usize;
            (cell.column as usize, text)
        })
    }

    /// The first rows, each as wide as its last cell.
    pub(super) fn sample(&self, rows: usize) -> Vec<SampleRow> {
        let row = |(nth, row): (usize, &Row)| {
            let mut cells = Vec::new();
            for (column, text) in self.cells(nth).filter(|(_, text)| !text.trim().is_empty()) {
                cells.resize(column, String::new());
                cells.push(text.trim().to_owned());
            }
            SampleRow { line: u64::from(row.row) + 1, cells }
        };
        let rows = self.rows.iter().take(rows).enumerate().map(row);
        rows.filter(|row| !row.cells.is_empty()).collect()
    }

    /// How many formulas have no result.
    pub(super) fn uncalculated(&self) -> usize {
        self.flaws.iter().filter(|(_, flaw)| *flaw == Flaw::Uncalculated).count()
    }
}

/// How many rows of the sheet that is taken are looked at for where its table begins.
const SAMPLE_ROWS: usize = 1000;

/// A sheet read row by row, as CSV is. Its lines are the rows as Excel numbers them.
#[derive(Debug)]
pub(in crate::roster) struct SheetRecords {
    sheet: Sheet,
    decision: SheetDecision,
    hidden_rosters: Vec<Arc<str>>,
    next: usize,
    bytes: std::ops::Range<usize>,
    ends: Vec<usize>,
    flaws: std::ops::Range<usize>,
    record_cap: usize,
}

impl SheetRecords {
    pub(super) fn new(
        sheet: Sheet,
        decision: SheetDecision,
        hidden_rosters: Vec<Arc<str>>,
        record_cap: usize,
    ) -> Self {
        let ends = Vec::with_capacity(sheet.width);
        Self { sheet, decision, hidden_rosters, next: 0, bytes: 0..0, ends, flaws: 0..0, record_cap }
    }

    /// What was taken out of the workbook; the header isn't known yet.
    pub(in crate::roster) fn decision(&self) -> &SheetDecision {
        &self.decision
    }

    /// Whom to blame if this sheet has no ids: the hidden ones, if the roster is on one of them.
    pub(in crate::roster) fn blame(&self) -> impl FnOnce(RosterError) -> RosterError + use<> {
        let (sheet, hidden) = (Arc::clone(&self.decision.sheet), self.hidden_rosters.clone());
        |error| match error {
            RosterError::NoIdColumn { file, .. } if !hidden.is_empty() => {
                RosterError::HiddenSheets { file, sheet: Some(sheet), hidden }
            }
            other => other,
        }
    }

    /// The row after the last one, as Excel numbers it.
    pub(in crate::roster) fn line(&self) -> u64 {
        let last = self.next.checked_sub(1).and_then(|at| self.sheet.rows.get(at));
        last.map_or(1, |row| u64::from(row.row) + 2)
    }

    /// Its first rows.
    pub(in crate::roster) fn sample(&self) -> Vec<SampleRow> {
        self.sheet.sample(SAMPLE_ROWS)
    }

    /// Passes over so many rows, as Excel numbers them.
    pub(in crate::roster) fn skip_lines(&mut self, lines: u64) {
        self.next = self.sheet.rows.partition_point(|row| u64::from(row.row) < lines);
        let flawed = self.sheet.flaws.partition_point(|((row, _), _)| u64::from(*row) < lines);
        self.flaws = flawed..flawed;
    }

    /// Goes to the next row that holds something.
    pub(in crate::roster) fn advance(&mut self) -> Next {
        let Some(row) = self.sheet.rows.get(self.next).copied() else { return Next::End };
        let nth = self.next;
        self.next += 1;
        let line = u64::from(row.row) + 1;
        let end = self.sheet.rows.get(nth + 1).map_or(self.sheet.text.len(), |next| next.start);
        self.bytes = row.start..end;
        let flaws = &self.sheet.flaws[self.flaws.end..];
        let count = flaws.iter().take_while(|((at, _), _)| *at == row.row).count();
        self.flaws = self.flaws.end..self.flaws.end + count;
        self.lay_out(row, nth);
        if self.bytes.len() > self.record_cap { Next::TooLarge(line) } else { Next::Record(line) }
    }

    /// Every row is as wide as the sheet.
    fn lay_out(&mut self, row: Row, nth: usize) {
        let Self { sheet, ends, .. } = self;
        let after = sheet.rows.get(nth + 1).map_or(sheet.cells.len(), |row| row.first_cell);
        let mut end = 0;
        ends.clear();
        for cell in &sheet.cells[row.first_cell..after] {
            ends.resize(cell.column as usize, end);
            end = cell.end as usize - row.start;
            ends.push(end);
        }
        ends.resize(sheet.width, end);
    }

    pub(in crate::roster) fn fields(&self) -> Fields<'_> {
        Fields { bytes: &self.sheet.text.as_bytes()[self.bytes.clone()], ends: &self.ends }
    }

    /// What is wrong with cells of this row: column, and flaw.
    pub(in crate::roster) fn flaws(&self) -> &[((u32, u32), Flaw)] {
        &self.sheet.flaws[self.flaws.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::WorkbookKind;

    const CAPS: WorkbookCaps = WorkbookCaps { cells: 6, text: 20, area: 40, ..WorkbookCaps::DEFAULT };

    fn sheet(cells: &[(u32, u32, &str)]) -> Result<Sheet, WorkbookError> {
        let mut sheet = Sheet::default();
        for (row, column, text) in cells {
            sheet.push((*row, *column), Value::Text(text), Shown::Plain, false, &CAPS)?;
        }
        Ok(sheet)
    }

    fn records(sheet: Sheet) -> SheetRecords {
        let decision = SheetDecision {
            kind: WorkbookKind::Xlsx,
            sheet: "Guests".into(),
            asked: false,
            others: Vec::new(),
            hidden: Vec::new(),
            uncalculated: 0,
            header_line: None,
        };
        SheetRecords::new(sheet, decision, Vec::new(), 100)
    }

    #[test]
    fn rows_come_with_their_numbers_and_as_wide_as_the_sheet() {
        let sheet = sheet(&[(2, 1, "id"), (2, 3, "name"), (4, 0, ""), (5, 2, "x")]).expect("a sheet");
        assert_eq!(sheet.cells(0).collect::<Vec<_>>(), [(1, "id"), (3, "name")]);
        let mut records = records(sheet);
        let mut rows = Vec::new();
        while let Next::Record(line) = records.advance() {
            let cells = records.fields().iter().map(|cell| String::from_utf8_lossy(cell).into_owned());
            rows.push((line, cells.collect::<Vec<_>>().join("|")));
        }
        assert_eq!(rows, [(3, "|id||name".to_owned()), (6, "||x|".to_owned())]);
    }

    #[test]
    fn a_flaw_belongs_to_its_row() {
        let mut sheet = sheet(&[(0, 0, "id")]).expect("a sheet");
        sheet.push((1, 1), Value::Empty, Shown::Plain, true, &CAPS).expect("a cell");
        sheet.push((2, 0), Value::Text("a"), Shown::Plain, false, &CAPS).expect("a cell");
        let mut records = records(sheet);
        let mut flaws = Vec::new();
        while records.advance() != Next::End {
            flaws.push(records.flaws().to_vec());
        }
        assert_eq!(flaws, [vec![], vec![((1, 1), Flaw::Uncalculated)], vec![]]);
    }

    #[test]
    fn a_sheet_out_of_order_or_too_large_is_refused() {
        let damaged = |cells: &[_]| matches!(sheet(cells), Err(WorkbookError::Damaged(_)));
        assert!(damaged(&[(1, 0, "a"), (0, 0, "b")]) && damaged(&[(1, 1, "a"), (1, 1, "b")]));
        let what = |cells: &[_]| match sheet(cells) {
            Err(WorkbookError::TooLarge { what, .. }) => what,
            other => panic!("{other:?}"),
        };
        let many: Vec<_> = (0..7).map(|row| (row, 0, "a")).collect();
        assert_eq!(what(&many), "cells in a sheet");
        assert_eq!(what(&[(0, 0, "aaaaaaaaaaa"), (1, 0, "aaaaaaaaaaa")]), "bytes of text in a sheet");
        assert!(what(&[(0, 0, "a"), (1, 30, "a")]).starts_with("cells between"));
    }
}
