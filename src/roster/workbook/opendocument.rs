//! The sheets of an OpenDocument workbook, measured before calamine reads them: it writes out every repeated cell and
//! row, and holds all sheets at once. And how numbers are shown, which it doesn't tell.

use std::collections::HashMap;

use quick_xml::events::{BytesStart, Event};

use super::error::WorkbookError;
use super::number_format::{Shown, shown_as};
use super::parts::{Visitor, attribute};
use super::sheet::Position;
use crate::roster::options::WorkbookCaps;

/// What calamine copies into every repeated cell.
const COPIED: [&str; 4] = ["office:string-value", "office:date-value", "office:time-value", "table:formula"];

/// Columns that calamine reads.
const MOST_COLUMNS: u64 = 16_384;
/// Rows that calamine reads.
const MOST_ROWS: u64 = 1_048_576;

/// Numbers that a sheet doesn't show as their plain digits.
pub(super) type ShownCells = HashMap<Position, Shown>;

/// Measures the tables of `content.xml`.
pub(super) struct Tables {
    caps: WorkbookCaps,
    /// Of each sheet in its order.
    pub(super) shown: Vec<ShownCells>,
    /// Cells of all sheets, as their rows are written and once all of them are written out, and their text.
    written: u64,
    held: u64,
    text: u64,
    table: Option<Table>,
    row: Row,
    cell: Option<Cell>,
}

/// The area of a table that holds something.
#[derive(Default)]
struct Table {
    rows: u64,
    first_row: Option<u64>,
    end_row: u64,
    end_column: u64,
}

#[derive(Default)]
struct Row {
    repeats: u64,
    columns: u64,
    /// Up to the last cell that holds something.
    filled: u64,
    text: u64,
}

struct Cell {
    repeats: u64,
    holds: bool,
    number: Option<f64>,
    /// A formula's error, which is a string for OpenDocument; LibreOffice notes what it is.
    is_error: bool,
    shown: String,
    length: u64,
    in_note: bool,
}

impl Tables {
    pub(super) fn new(caps: WorkbookCaps) -> Self {
        Self {
            caps,
            shown: Vec::new(),
            written: 0,
            held: 0,
            text: 0,
            table: None,
            row: Row::default(),
            cell: None,
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), WorkbookError> {
        match start.name().as_ref() {
            "table:table" => {
                self.shown.push(ShownCells::new());
                self.table = Some(Table::default());
            }
            "table:table-row" => {
                self.row = Row { repeats: repeats(start, "table:number-rows-repeated")?, ..Row::default() };
            }
            "table:table-cell" | "table:covered-table-cell" => self.cell = Some(cell(start)?),
            "office:annotation" => self.set_note(true),
            "text:s" => {
                let spaces = repeats(start, "text:c")?;
                if let Some(cell) = &mut self.cell {
                    cell.length = cell.length.saturating_add(spaces);
                    self.measure()?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &str) -> Result<(), WorkbookError> {
        match name {
            "table:table-cell" | "table:covered-table-cell" => self.end_cell(),
            "table:table-row" => self.end_row(),
            "table:table" => {
                self.table = None;
                Ok(())
            }
            "office:annotation" => {
                self.set_note(false);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn set_note(&mut self, in_note: bool) {
        if let Some(cell) = &mut self.cell {
            cell.in_note = in_note;
        }
    }

    fn text(&mut self, text: &str) -> Result<(), WorkbookError> {
        let Some(cell) = self.cell.as_mut().filter(|cell| !cell.in_note) else { return Ok(()) };
        cell.length += text.len() as u64;
        cell.holds |= !text.trim().is_empty();
        if cell.number.is_some() && cell.shown.len() < 64 {
            cell.shown.push_str(text);
        }
        self.measure()
    }

    fn end_cell(&mut self) -> Result<(), WorkbookError> {
        let Some(cell) = self.cell.take() else { return Ok(()) };
        let column = self.row.columns;
        self.row.columns = (column + cell.repeats).min(MOST_COLUMNS);
        if !cell.holds {
            return Ok(());
        }
        self.row.filled = self.row.columns;
        let repeats = self.row.columns - column;
        self.row.text = self.row.text.saturating_add(cell.length.saturating_mul(repeats));
        let shown = match cell.number {
            _ if cell.is_error => Shown::Error,
            Some(number) => shown_as(number, cell.shown.trim()),
            None => Shown::Plain,
        };
        if shown != Shown::Plain && repeats == 1 {
            self.note_shown(column, shown);
        }
        self.measure()
    }

    /// Rows that are repeated as a whole name nobody twice on purpose: the first is enough.
    fn note_shown(&mut self, column: u64, shown: Shown) {
        let row = self.table.as_ref().map_or(0, |table| table.rows);
        if let (Some(cells), Ok(row), Ok(column)) =
            (self.shown.last_mut(), u32::try_from(row), u32::try_from(column))
        {
            cells.insert((row, column), shown);
        }
    }

    fn end_row(&mut self) -> Result<(), WorkbookError> {
        let row = std::mem::take(&mut self.row);
        let Some(table) = &mut self.table else { return Ok(()) };
        let before = table.area();
        let begin = table.rows;
        table.rows = begin.saturating_add(row.repeats).min(MOST_ROWS);
        self.written = self.written.saturating_add(row.filled);
        if row.filled > 0 {
            table.first_row.get_or_insert(begin);
            table.end_row = table.rows;
            table.end_column = table.end_column.max(row.filled);
        }
        self.held = self.held.saturating_add(table.area() - before);
        self.text = self.text.saturating_add(row.text.saturating_mul(table.rows - begin));
        self.measure()
    }

    fn measure(&self) -> Result<(), WorkbookError> {
        let here = self.row.text.saturating_add(self.cell.as_ref().map_or(0, |cell| cell.length));
        if self.held.max(self.written) > self.caps.held {
            return Err(WorkbookError::TooLarge { what: "cells", cap: self.caps.held });
        }
        if self.text.saturating_add(here) > self.caps.held_text {
            return Err(WorkbookError::TooLarge { what: "bytes of text", cap: self.caps.held_text });
        }
        Ok(())
    }
}

impl Table {
    fn area(&self) -> u64 {
        (self.end_row - self.first_row.unwrap_or(self.end_row)).saturating_mul(self.end_column)
    }
}

impl Visitor for Tables {
    fn see(&mut self, part: &str, event: &Event<'_>) -> Result<(), WorkbookError> {
        match event {
            _ if part != "content.xml" => Ok(()),
            Event::Start(start) => self.start(start),
            Event::End(end) => self.end(end.name().as_ref()),
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(_) => self.text("&"),
            _ => Ok(()),
        }
    }

    fn is_content(&self, part: &str) -> bool {
        part == "content.xml"
    }
}

fn cell(start: &BytesStart<'_>) -> Result<Cell, WorkbookError> {
    let repeats = repeats(start, "table:number-columns-repeated")?.min(MOST_COLUMNS);
    let (mut holds, mut length, mut number, mut is_error) = (false, 0, None, false);
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(WorkbookError::damaged)?;
        let name = attribute.key.as_ref();
        holds |= name.starts_with("office:") || name == "table:formula";
        if COPIED.contains(&name) {
            length += attribute.value.len() as u64;
        }
        if name == "office:value" {
            number = attribute.value.parse().ok();
        }
        is_error |= name == "calcext:value-type" && &*attribute.value == "error";
    }
    Ok(Cell { repeats, holds, number, is_error, shown: String::new(), length, in_note: false })
}

fn repeats(start: &BytesStart<'_>, name: &str) -> Result<u64, WorkbookError> {
    match attribute(start, name)? {
        None => Ok(1),
        // Calamine decodes references; nobody writes a number with them.
        Some(text) => text.parse().map_err(WorkbookError::damaged),
    }
}
