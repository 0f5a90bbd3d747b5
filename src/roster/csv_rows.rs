//! CSV records, or those of a sheet, to rows: the header, the cells, what is wrong with a record as such.

use std::str;
use std::sync::Arc;

use super::columns::{Columns, Role};
use super::csv_records::{Fields, Next};
use super::decisions::Format;
use super::directory::Directory;
use super::error::RosterError;
use super::field::Field;
use super::formula::unguard;
use super::options::Records;
use super::reader::{Context, Found};
use super::records::AnyRecords;
use super::row::{Record, RosterRow};
use super::row_error::{Problems, RowError, RowErrorCode as Code, legible};
use super::validate::{Case, Cells};
use super::workbook::{Flaw, SheetDecision};

/// The rows of a CSV roster, or of a sheet.
pub(super) struct CsvRows {
    records: AnyRecords,
    header_line: u64,
}

impl CsvRows {
    /// Reads the header and maps its columns.
    pub(super) fn open(records: AnyRecords, context: &mut Context) -> Result<Self, RosterError> {
        let caps = context.options.caps;
        let mut rows = Self { records, header_line: 1 };
        rows.header_line = match rows.advance(context)? {
            Next::Record(line) => line,
            Next::TooLarge(line) => return Err(RosterError::HeaderTooLarge(context.at(line))),
            Next::Unclosed(line) => return Err(RosterError::UnclosedQuote(context.at(line))),
            Next::End => return Err(RosterError::Empty(Arc::clone(&context.file))),
        };
        let location = context.at(rows.header_line);
        if rows.records.is_badly_quoted() {
            return Err(RosterError::HeaderBadQuote(location));
        }
        let fields = rows.records.fields();
        if fields.ends.len() > caps.columns {
            return Err(RosterError::TooManyColumns { location, cap: caps.columns });
        }
        let name = |field| str::from_utf8(field).map(|text| Arc::from(unguard(text).trim()));
        let names: Result<Vec<Arc<str>>, _> = fields.iter().map(name).collect();
        let names = names.map_err(|_| RosterError::HeaderNotUtf8(location))?;
        context.columns.add(names, &context.options, &context.file)?;
        context.columns.require(&context.options, &context.file)?;
        Ok(rows)
    }

    pub(super) fn format(&self) -> Format {
        let header_line = self.header_line;
        match &self.records {
            AnyRecords::Csv { delimiter, .. } => Format::Csv { delimiter: *delimiter, header_line },
            AnyRecords::Sheet(records) => {
                Format::Workbook(SheetDecision { header_line, ..records.decision().clone() })
            }
        }
    }

    /// Reads the next row.
    pub(super) fn read(
        &mut self,
        context: &mut Context,
        row: &mut RosterRow,
        errors: &mut Vec<RowError>,
        directory: &mut impl Directory,
    ) -> Result<Found, RosterError> {
        match self.advance(context)? {
            Next::End => return Ok(Found::End),
            Next::Unclosed(line) => return Err(RosterError::UnclosedQuote(context.at(line))),
            Next::TooLarge(line) => {
                (row.line, row.record) = (line, Record::None);
                context.problems(line, errors).row(Code::RecordTooLarge, None);
            }
            Next::Record(line) => {
                row.line = line;
                let fields = self.records.fields();
                keep(fields, context.options.records, &mut row.record);
                if self.records.is_badly_quoted() {
                    context.problems(line, errors).row(Code::BadQuote, None);
                }
                let flaws = self.records.flaws();
                match Plain::new(fields, context.columns.names().len(), context.options.caps.field) {
                    Some(cells) if flaws.is_empty() => finish(&cells, context, row, errors, directory)?,
                    _ => {
                        let cap = context.options.caps.field;
                        let mut cells = Mended::new(fields, cap, &mut context.problems(line, errors));
                        for flaw in flaws {
                            cells.refuse(*flaw, &context.columns, &mut context.problems(line, errors));
                        }
                        finish(&cells, context, row, errors, directory)?;
                    }
                }
            }
        }
        Ok(Found::Row)
    }

    /// The next record that isn't blank. A line of nothing but delimiters, as spreadsheets leave them at the end, is.
    fn advance(&mut self, context: &Context) -> Result<Next, RosterError> {
        loop {
            let next = self.records.advance().map_err(|e| context.failed(self.records.line(), e))?;
            let Next::Record(line) = next else { return Ok(next) };
            let bytes = self.records.fields().bytes;
            if bytes.contains(&0) {
                return Err(RosterError::Nul(context.at(line)));
            }
            if !bytes.trim_ascii_start().is_empty() {
                return Ok(next);
            }
        }
    }
}

fn finish(
    cells: &impl Cells,
    context: &mut Context,
    row: &mut RosterRow,
    errors: &mut Vec<RowError>,
    directory: &mut impl Directory,
) -> Result<(), RosterError> {
    let Context { file, columns, validator, .. } = context;
    let mut problems = Problems { errors, file, line: row.line, names: columns.names() };
    validator.validate(&mut Case { cells, columns, problems: &mut problems }, row, directory)?;
    carry(cells, columns.extras(), &mut row.extra);
    Ok(())
}

/// The extra values as a JSON array of strings.
fn carry(cells: &impl Cells, extras: &[usize], into: &mut String) {
    into.clear();
    into.push('[');
    for (nth, column) in extras.iter().enumerate() {
        if nth > 0 {
            into.push(',');
        }
        push_json_string(into, cells.get(*column));
    }
    into.push(']');
}

/// A JSON string (RFC 8259 section 7).
fn push_json_string(into: &mut String, text: &str) {
    let plain = |b: u8| b >= 0x20 && b != b'"' && b != b'\\';
    if text.bytes().all(plain) {
        into.push('"');
        into.push_str(text);
        into.push('"');
    } else {
        into.push_str(&serde_json::Value::from(text).to_string());
    }
}

fn keep(fields: Fields<'_>, records: Records, into: &mut Record) {
    match (records, into) {
        (Records::Forget, into) => *into = Record::None,
        (Records::Keep, Record::Csv(record)) => {
            record.clear();
            fields.iter().for_each(|field| record.push_field(field));
        }
        (Records::Keep, into) => *into = Record::Csv(fields.iter().collect()),
    }
}

/// The cells of a record that has nothing wrong with it as such: what nearly all are.
struct Plain<'a> {
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> Plain<'a> {
    /// `None` if it isn't UTF-8, if a field is above the cap, or if there aren't as many as the header has.
    fn new(fields: Fields<'a>, width: usize, cap: usize) -> Option<Self> {
        let text = str::from_utf8(fields.bytes).ok()?;
        let whole = fields.ends.iter().all(|end| text.is_char_boundary(*end));
        let small = text.len() <= cap || fields.iter().all(|field| field.len() <= cap);
        (whole && small && fields.ends.len() == width).then_some(Self { text, ends: fields.ends })
    }
}

impl Cells for Plain<'_> {
    fn get(&self, column: usize) -> &str {
        let start = if column == 0 { 0 } else { self.ends[column - 1] };
        unguard(&self.text[start..self.ends[column]])
    }
}

/// The cells of a record that has something wrong with it; a broken cell is empty.
struct Mended<'a>(Vec<&'a str>);

impl<'a> Mended<'a> {
    fn new(fields: Fields<'a>, cap: usize, problems: &mut Problems<'_>) -> Self {
        let width = problems.names.len();
        let surplus = fields.iter().skip(width).any(|field| !field.trim_ascii().is_empty());
        if surplus {
            let hint = format!(
                "the header has {width} columns, the row {}; check its delimiters and quotes",
                fields.ends.len()
            );
            problems.row(Code::RaggedRow, Some(hint));
        }
        Self(
            fields.iter().take(width).enumerate().map(|(at, field)| mend(at, field, cap, problems)).collect(),
        )
    }

    /// Empties a cell whose text can't be taken for its field's, and says so. What is only carried along stays as it is.
    fn refuse(
        &mut self,
        ((row, column), flaw): ((u32, u32), Flaw),
        columns: &Columns,
        problems: &mut Problems<'_>,
    ) {
        let at = column as usize;
        let role = columns.roles().get(at).copied();
        let is_sent = matches!(role, Some(Role::Field(field)) if field.is_sent());
        let is_used = is_sent || columns.id_from().contains(&Some(at));
        let is_id = role == Some(Role::Field(Field::Id));
        let code = match flaw {
            Flaw::Error if is_used => Code::CellError,
            Flaw::Uncalculated if is_used => Code::FormulaEmpty,
            Flaw::Date if is_id => Code::IdDate,
            Flaw::ShownOtherwise if is_id => Code::IdShownOtherwise,
            Flaw::Undecodable => Code::NotUtf8,
            Flaw::Error | Flaw::Uncalculated | Flaw::Date | Flaw::ShownOtherwise => return,
        };
        let value = self.0.get_mut(at).map(std::mem::take).filter(|value| !value.is_empty());
        let hint = format!("{} (cell {})", code.hint(), address(row, column));
        problems.cell(Some(at), value, code, Some(hint));
    }
}

fn mend<'a>(column: usize, field: &'a [u8], cap: usize, problems: &mut Problems<'_>) -> &'a str {
    match str::from_utf8(field) {
        _ if field.len() > cap => {
            let start = legible(&field[..field.len().min(40)]);
            problems.cell(Some(column), Some(&start), Code::FieldTooLarge, None);
            ""
        }
        Ok(text) => unguard(text),
        Err(_) => {
            problems.cell(Some(column), Some(&legible(field)), Code::NotUtf8, None);
            ""
        }
    }
}

/// `B17`.
fn address(row: u32, column: u32) -> String {
    let (mut letters, mut rest) = (Vec::new(), column + 1);
    while rest > 0 {
        letters.insert(0, b'A' + ((rest - 1) % 26) as u8);
        rest = (rest - 1) / 26;
    }
    format!("{}{}", String::from_utf8_lossy(&letters), u64::from(row) + 1)
}

impl Cells for Mended<'_> {
    fn get(&self, column: usize) -> &str {
        self.0.get(column).copied().unwrap_or("")
    }
}
