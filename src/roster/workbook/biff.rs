//! The stream of an `.xls`, measured before calamine reads it: it lays out each sheet as one rectangle, makes room for
//! whatever the file says, and holds all sheets at once. And how numbers are shown, which it doesn't tell.
//!
//! ([MS-XLS] is the format's description: records of a type, a length and data.)

use std::collections::BTreeMap;

use super::error::WorkbookError;
use super::number_format::{Shown, shown};
use super::opendocument::ShownCells;
use super::pieces::Pieces;
use crate::roster::options::WorkbookCaps;

/// What a record is whose type nobody knows.
const IGNORED: u16 = 0xffff;

const BOUND_SHEET: u16 = 0x0085;
const FILE_PASS: u16 = 0x002f;
const BOF: u16 = 0x0809;
const EOF: u16 = 0x000a;
pub(super) const CONTINUE: u16 = 0x003c;
const SST: u16 = 0x00fc;
const FORMAT: u16 = 0x041e;
const XF: u16 = 0x00e0;
const CODE_PAGE: u16 = 0x0042;
const DATE_MODE: u16 = 0x0022;
const NUMBER: u16 = 0x0203;
const LABEL: u16 = 0x0204;
const RICH_LABEL: u16 = 0x00d6;
const BOOL_OR_ERROR: u16 = 0x0205;
const STRING: u16 = 0x0207;
const RK: u16 = 0x027e;
const LABEL_SST: u16 = 0x00fd;
const MULTIPLE_RK: u16 = 0x00bd;
const FORMULA: u16 = 0x0006;

/// All that calamine needs for the values of cells. The others are made unreadable to it: those by which a file could
/// have it make room for billions of cells, or join names to formulas without end.
const NEEDED: [u16; 19] = [
    BOUND_SHEET,
    FILE_PASS,
    BOF,
    EOF,
    CONTINUE,
    SST,
    FORMAT,
    XF,
    CODE_PAGE,
    DATE_MODE,
    NUMBER,
    LABEL,
    RICH_LABEL,
    BOOL_OR_ERROR,
    STRING,
    RK,
    LABEL_SST,
    MULTIPLE_RK,
    FORMULA,
];

/// Sheets of a workbook.
const MOST_SHEETS: usize = 1_000;
/// Records, those of sheets that share them counted again.
const MOST_RECORDS: u64 = 20_000_000;

/// Looks through a stream, and leaves in it what calamine needs. Returns of each sheet the numbers that it doesn't
/// show as their plain digits.
pub(super) fn look_through(stream: &mut [u8], caps: &WorkbookCaps) -> Result<Vec<ShownCells>, WorkbookError> {
    let mut book = Book::new(caps);
    let mut at = 0;
    while let Some(record) = book.record(stream, at)? {
        at = record.end;
        match record.kind {
            FILE_PASS => return Err(WorkbookError::Password),
            BOUND_SHEET => book.sheets.push(
                word(stream, record.data, 0) as usize | ((word(stream, record.data, 2) as usize) << 16),
            ),
            BOF => book.is_unicode = word(stream, record.data, 0) == 0x0600,
            FORMAT => book.format(&stream[record.data..record.data + record.length]),
            XF => book.styles.push(word(stream, record.data, 2)),
            SST => book.texts(stream, record)?,
            EOF => break,
            _ => {}
        }
    }
    if book.sheets.len() > MOST_SHEETS {
        return Err(WorkbookError::TooLarge { what: "sheets", cap: MOST_SHEETS as u64 });
    }
    for begin in std::mem::take(&mut book.sheets) {
        let cells = book.sheet(stream, begin)?;
        book.shown.push(cells);
    }
    Ok(book.shown)
}

/// Where a record is.
#[derive(Debug, Clone, Copy)]
struct Record {
    kind: u16,
    data: usize,
    length: usize,
    end: usize,
}

/// What is known of a workbook so far.
struct Book<'a> {
    caps: &'a WorkbookCaps,
    is_unicode: bool,
    sheets: Vec<usize>,
    formats: BTreeMap<u16, Shown>,
    /// The format of each style.
    styles: Vec<u16>,
    /// Bytes of each shared text.
    text_lengths: Vec<u32>,
    shown: Vec<ShownCells>,
    records: u64,
    held: u64,
    text: u64,
}

/// The rectangle of the cells that hold something.
struct Area {
    rows: (u64, u64),
    columns: (u64, u64),
    cells: u64,
}

impl<'a> Book<'a> {
    fn new(caps: &'a WorkbookCaps) -> Self {
        Self {
            caps,
            is_unicode: true,
            sheets: Vec::new(),
            formats: BTreeMap::new(),
            styles: Vec::new(),
            text_lengths: Vec::new(),
            shown: Vec::new(),
            records: 0,
            held: 0,
            text: 0,
        }
    }

    /// The record that begins here. One that isn't needed loses its type.
    fn record(&mut self, stream: &mut [u8], at: usize) -> Result<Option<Record>, WorkbookError> {
        self.records += 1;
        if self.records > MOST_RECORDS {
            return Err(WorkbookError::TooLarge { what: "records", cap: MOST_RECORDS });
        }
        if stream.len().saturating_sub(at) < 4 {
            return Ok(None);
        }
        let (kind, length) = (word(stream, at, 0), word(stream, at, 2) as usize);
        let data = at + 4;
        if stream.len() - data < length {
            return Err(WorkbookError::damaged("a record is cut short"));
        }
        if !NEEDED.contains(&kind) {
            stream[at..at + 2].copy_from_slice(&IGNORED.to_le_bytes());
        }
        Ok(Some(Record { kind, data, length, end: data + length }))
    }

    fn format(&mut self, data: &[u8]) {
        let [low, high, rest @ ..] = data else { return };
        let code: Vec<u8> = match rest {
            [_, _, 1, wide @ ..] if self.is_unicode => wide.iter().copied().step_by(2).collect(),
            [_, _, _, narrow @ ..] if self.is_unicode => narrow.to_vec(),
            [_, narrow @ ..] => narrow.to_vec(),
            [] => return,
        };
        let shown = shown(&String::from_utf8_lossy(&code));
        self.formats.insert(u16::from_le_bytes([*low, *high]), shown);
    }

    fn shown(&self, style: u16) -> Shown {
        let format = self.styles.get(usize::from(style));
        format.and_then(|format| self.formats.get(format)).copied().unwrap_or_default()
    }

    /// Measures the shared texts: a text's length may be said in one piece and its characters go on in the next.
    fn texts(&mut self, stream: &[u8], first: Record) -> Result<(), WorkbookError> {
        let mut pieces = Pieces::new(stream, first.data, first.end)?;
        pieces.skip(8)?;
        while !pieces.is_at_end() {
            let characters = u32::from(pieces.word()?);
            let flags = pieces.byte()?;
            let runs = if flags & 8 != 0 { u64::from(pieces.word()?) } else { 0 };
            let extra = if flags & 4 != 0 {
                u64::from(pieces.word()?) | (u64::from(pieces.word()?) << 16)
            } else {
                0
            };
            pieces.skip_characters(characters, flags & 1 != 0)?;
            pieces.skip(4 * runs + extra)?;
            // Narrow characters are those of Latin-1, nearly all of them ASCII.
            self.text_lengths.push(if flags & 1 != 0 { 3 * characters } else { characters });
            if self.text_lengths.len() as u64 > self.caps.strings {
                return Err(WorkbookError::TooLarge { what: "different texts", cap: self.caps.strings });
            }
        }
        Ok(())
    }

    fn sheet(&mut self, stream: &mut [u8], begin: usize) -> Result<ShownCells, WorkbookError> {
        let (mut at, mut depth) = (begin, 0_u32);
        let mut area = Area { rows: (u64::MAX, 0), columns: (u64::MAX, 0), cells: 0 };
        let mut cells = ShownCells::new();
        let (before, mut last) = (self.held, (0, 0));
        while let Some(record) = self.record(stream, at)? {
            at = record.end;
            match record.kind {
                BOF => depth += 1,
                EOF if depth <= 1 => break,
                EOF => depth -= 1,
                _ if depth > 1 => {} // a chart
                STRING => {
                    area.add(last, last.1);
                    self.text += record.length as u64;
                }
                NUMBER | LABEL | RICH_LABEL | BOOL_OR_ERROR | RK | LABEL_SST | MULTIPLE_RK | FORMULA
                    if record.length >= 6 =>
                {
                    last = self.cell(stream, record, &mut area, &mut cells);
                }
                _ => {}
            }
            self.held = before + area.held();
            self.measure()?;
        }
        Ok(cells)
    }

    /// Where the first cell of the record is.
    fn cell(
        &mut self,
        stream: &mut [u8],
        record: Record,
        area: &mut Area,
        cells: &mut ShownCells,
    ) -> (u64, u64) {
        let at = |offset| word(stream, record.data, offset);
        let (row, column, style) = (at(0), at(2), at(4));
        let position = (u64::from(row), u64::from(column));
        let mut numbers = 0..0;
        match record.kind {
            MULTIPLE_RK => numbers = 0..(record.length - 6) / 6,
            NUMBER | RK | FORMULA => numbers = 0..1,
            LABEL_SST if record.length >= 10 => {
                let text = usize::from(at(6)) | (usize::from(at(8)) << 16);
                self.text += u64::from(self.text_lengths.get(text).copied().unwrap_or_default());
            }
            _ => self.text += record.length as u64,
        }
        area.add(position, position.1 + (numbers.len() as u64).saturating_sub(1));
        for nth in numbers {
            let style = if record.kind == MULTIPLE_RK { at(4 + 6 * nth) } else { style };
            let shown = self.shown(style);
            if shown != Shown::Plain {
                cells.insert((u32::from(row), u32::from(column) + nth as u32), shown);
            }
        }
        if record.kind == FORMULA {
            forget_formula(stream, record);
        }
        position
    }

    fn measure(&self) -> Result<(), WorkbookError> {
        if self.held > self.caps.held {
            return Err(WorkbookError::TooLarge { what: "cells", cap: self.caps.held });
        }
        if self.text > self.caps.held_text {
            return Err(WorkbookError::TooLarge { what: "bytes of text", cap: self.caps.held_text });
        }
        Ok(())
    }
}

impl Area {
    fn add(&mut self, (row, column): (u64, u64), last_column: u64) {
        self.cells += 1 + last_column - column;
        self.rows = (self.rows.0.min(row), self.rows.1.max(row + 1));
        self.columns = (self.columns.0.min(column), self.columns.1.max(last_column + 1));
    }

    /// As a list and as a rectangle.
    fn held(&self) -> u64 {
        match self.cells {
            0 => 0,
            cells => cells.max((self.rows.1 - self.rows.0).saturating_mul(self.columns.1 - self.columns.0)),
        }
    }
}

/// Leaves of a formula its result: a number becomes the record of a number, which begins alike, and whatever else a
/// formula of no tokens.
fn forget_formula(stream: &mut [u8], record: Record) {
    const RESULT_END: usize = 14;
    const TOKENS: usize = 20;
    let data = &mut stream[record.data - 4..record.end];
    if record.length < TOKENS + 2 {
        return;
    }
    if data[4 + RESULT_END - 2..4 + RESULT_END] == [0xff, 0xff] {
        data[4 + TOKENS..4 + TOKENS + 2].copy_from_slice(&[0, 0]);
    } else {
        data[..2].copy_from_slice(&NUMBER.to_le_bytes());
    }
}

/// Two bytes, zero where there are none.
pub(super) fn word(stream: &[u8], data: usize, offset: usize) -> u16 {
    let bytes = stream.get(data + offset..data + offset + 2);
    bytes.map_or(0, |bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
}
