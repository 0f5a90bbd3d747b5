//! CSV records, or those of a sheet, to rows: the header, the cells, what is wrong with a record as such.

use std::num::NonZeroU64;
use std::str;
use std::sync::Arc;

use memchr::memchr;

use crate::model::Location;

use super::columns::{Columns, Role};
use super::csv_records::{Fields, Next};
use super::decisions::Format;
use super::directory::Directory;
use super::error::RosterError;
use super::field::Field;
use super::filling::Filling;
use super::formula::unguard;
use super::options::{Header, Records};
use super::reader::{Context, Found};
use super::records::AnyRecords;
use super::row::{Record, RosterRow};
use super::row_error::{Problems, RowError, RowErrorCode as Code, legible};
use super::table::{TableShape, Vocabulary};
use super::validate::{Case, Cells};
use super::watch::{Kind, Watch, may_be_names};
use super::workbook::{Flaw, SheetDecision};

/// The rows of a CSV roster, or of a sheet.
pub(super) struct CsvRows {
    records: AnyRecords,
    header_line: Option<u64>,
    watch: Watch,
    filling: Filling,
    last_line: u64,
    ended: Option<u64>,
}

impl CsvRows {
    /// Reads the header and maps its columns.
    pub(super) fn open(
        mut records: AnyRecords,
        shape: &TableShape,
        words: Vocabulary,
        context: &mut Context,
    ) -> Result<Self, RosterError> {
        records.skip_lines(shape.skipped).map_err(|e| context.failed(records.line(), e))?;
        let names = match (&context.options.header, shape.header_line) {
            (Header::Names(names), None) => names.iter().map(|name| Arc::from(name.trim())).collect(),
            (_, line) => header(&mut records, line, context)?,
        };
        let watch = Watch::new(&names, shape.dialect.clone(), words);
        context.columns.add(names, &context.options, &context.file)?;
        context.columns.require(&context.options, &context.file, shape.header_known)?;
        // What was mended has other lines than the roster that it comes from.
        let last_line = context.options.last_line.filter(|_| !shape.mended);
        let last_line = last_line.map_or(u64::MAX, NonZeroU64::get);
        let (header_line, filling) = (shape.header_line, Filling::default());
        Ok(Self { records, header_line, watch, filling, last_line, ended: None })
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

    /// The first line after the table, if that has been reached and isn't the end of the file.
    pub(super) fn ended(&self) -> Option<u64> {
        self.ended
    }

    /// Reads the next row.
    pub(super) fn read(
        &mut self,
        context: &mut Context,
        row: &mut RosterRow,
        errors: &mut Vec<RowError>,
        directory: &mut impl Directory,
    ) -> Result<Found, RosterError> {
        if self.ended.is_some() {
            return Ok(Found::End);
        }
        let next_line = self.records.line();
        match advance(&mut self.records, context)? {
            Next::End => return Ok(Found::End),
            Next::Record(line) | Next::TooLarge(line) | Next::Unclosed(line) if line > self.last_line => {
                self.ended = Some(line);
                return Ok(Found::End);
            }
            Next::Unclosed(line) => return Err(RosterError::UnclosedQuote(context.at(line))),
            Next::TooLarge(line) => {
                (row.line, row.record) = (line, Record::None);
                context.problems(line, errors).row(Code::RecordTooLarge, None);
            }
            Next::Record(line) => {
                row.line = line;
                let fields = self.records.fields();
                match look(&mut self.watch, fields) {
                    Kind::Person => {}
                    Kind::End => {
                        self.ended = Some(line);
                        return Ok(Found::End);
                    }
                    Kind::HeaderAgain if self.header_line.is_some() => {
                        context.problems(line, errors).row(Code::HeaderAgain, None);
                        keep(fields, context.options.records, &mut row.record);
                        return Ok(Found::Row);
                    }
                    Kind::HeaderAgain | Kind::OtherHeader if self.header_line.is_none() => {
                        return Err(RosterError::HeaderAfterAll(context.at(line)));
                    }
                    Kind::HeaderAgain | Kind::OtherHeader => {
                        return Err(another_table(fields, context.at(line)));
                    }
                }
                keep(fields, context.options.records, &mut row.record);
                if self.records.is_badly_quoted() {
                    context.problems(line, errors).row(Code::BadQuote, None);
                }
                let flaws = self.records.flaws();
                let mut shape = Shape {
                    filling: &mut self.filling,
                    fields: fields.ends.len(),
                    after_blank: line > next_line,
                };
                match Plain::new(fields, context.columns.names().len(), context.options.caps.field) {
                    Some(cells) if flaws.is_empty() => {
                        return finish(&cells, &mut shape, context, row, errors, directory);
                    }
                    _ => {
                        let cap = context.options.caps.field;
                        let mut cells = Mended::new(fields, cap, &mut context.problems(line, errors));
                        for flaw in flaws {
                            cells.refuse(*flaw, &context.columns, &mut context.problems(line, errors));
                        }
                        return finish(&cells, &mut shape, context, row, errors, directory);
                    }
                }
            }
        }
        Ok(Found::Row)
    }
}

/// The names of the columns, which stand on this line.
fn header(
    records: &mut AnyRecords,
    expected: Option<u64>,
    context: &Context,
) -> Result<Vec<Arc<str>>, RosterError> {
    let wanted = expected.filter(|_| matches!(context.options.header, Header::Line(_)));
    let line = match advance(records, context)? {
        Next::Record(line) => line,
        Next::TooLarge(line) => return Err(RosterError::HeaderTooLarge(context.at(line))),
        Next::Unclosed(line) => return Err(RosterError::UnclosedQuote(context.at(line))),
        Next::End => {
            let empty = || RosterError::Empty(Arc::clone(&context.file));
            return Err(wanted.map_or_else(empty, |line| RosterError::NoHeaderLine(context.at(line))));
        }
    };
    if let Some(wanted) = wanted.filter(|wanted| *wanted != line) {
        return Err(RosterError::NoHeaderLine(context.at(wanted)));
    }
    let (location, cap) = (context.at(line), context.options.caps.columns);
    if records.is_badly_quoted() {
        return Err(RosterError::HeaderBadQuote(location));
    }
    let fields = records.fields();
    if fields.ends.len() > cap {
        return Err(RosterError::TooManyColumns { location, cap });
    }
    let name = |field| str::from_utf8(field).map(|text| Arc::from(unguard(text).trim()));
    fields.iter().map(name).collect::<Result<_, _>>().map_err(|_| RosterError::HeaderNotUtf8(location))
}

/// The next record that isn't blank. A line of nothing but delimiters, as spreadsheets leave them at the end, is.
fn advance(records: &mut AnyRecords, context: &Context) -> Result<Next, RosterError> {
    loop {
        let next = records.advance().map_err(|e| context.failed(records.line(), e))?;
        let Next::Record(line) = next else { return Ok(next) };
        let bytes = records.fields().bytes;
        if memchr(0, bytes).is_some() {
            return Err(RosterError::Nul(context.at(line)));
        }
        if !bytes.trim_ascii_start().is_empty() {
            return Ok(next);
        }
    }
}

fn look(watch: &mut Watch, fields: Fields<'_>) -> Kind {
    let named = may_be_names(fields.bytes);
    if !named && watch.looks_only_at_names() {
        return Kind::Person;
    }
    // What isn't text is no name.
    let cells = fields.iter().map(|field| str::from_utf8(field).map_or("", unguard));
    watch.look(cells, named)
}

fn another_table(fields: Fields<'_>, location: Location) -> RosterError {
    let columns = fields.iter().map(|field| Arc::from(String::from_utf8_lossy(field).trim())).collect();
    RosterError::AnotherTable { location, columns }
}

/// A record's outer shape, and what those before it had.
struct Shape<'a> {
    filling: &'a mut Filling,
    fields: usize,
    /// Whether a blank line stands before it.
    after_blank: bool,
}

fn finish(
    cells: &impl Cells,
    shape: &mut Shape<'_>,
    context: &mut Context,
    row: &mut RosterRow,
    errors: &mut Vec<RowError>,
    directory: &mut impl Directory,
) -> Result<Found, RosterError> {
    let Context { file, columns, validator, statuses, .. } = context;
    // A row that is broken as such may have its status in another column.
    if statuses.is_active()
        && errors.is_empty()
        && statuses.leaves_out(columns.field(Field::Status).map(|at| cells.get(at)))
    {
        return Ok(Found::LeftOut);
    }
    // A cell that is broken looks like an empty one.
    let is_broken = !errors.is_empty();
    let mut problems = Problems { errors, file, line: row.line, names: columns.names() };
    if !is_broken && let Some(code) = shape.filling.look(cells, columns, shape.fields, shape.after_blank) {
        problems.row(code, None);
        return Ok(Found::Row);
    }
    validator.validate(&mut Case { cells, columns, problems: &mut problems }, row, directory)?;
    carry(cells, columns.extras(), &mut row.extra);
    Ok(Found::Row)
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
