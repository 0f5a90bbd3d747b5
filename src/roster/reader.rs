//! The reader that everything else of this module serves: a source in, participants out.

use std::io::{self, Read as _};
use std::sync::Arc;

use crate::model::Location;

use super::columns::Columns;
use super::csv_records::CsvRecords;
use super::csv_rows::CsvRows;
use super::decisions::{ColumnDecision, Compression, Decisions, StatusDecision};
use super::decoded::Told;
use super::delimiter::{self, CsvShape};
use super::dialect::Dialect;
use super::directory::Directory;
use super::error::RosterError;
use super::field::Field;
use super::input::{Input, read_error};
use super::json_rows::JsonRows;
use super::options::{Caps, DialectChoice, FormatName, Header, ReadOptions};
use super::preset_map::TicketRows;
use super::records::AnyRecords;
use super::row::{Batch, Record, RejectedRow, RosterRow};
use super::row_error::{Column, Problems, RowError, RowErrorCode, cut};
use super::source::RosterSource;
use super::status::{LeftOut, StatusFilter};
use super::table::{TableShape, Vocabulary, locate};
use super::validate::Validator;
use super::workbook::{self, SheetRecords};

/// Reads a roster row by row.
pub struct Reader {
    context: Context,
    compression: Compression,
    /// `None` of a workbook.
    encoding: Option<Told>,
    rows: Rows,
    seen_any: bool,
    /// Whether there was a row that wasn't left out.
    kept_any: bool,
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// A valid row.
    Row,
    /// A row with problems.
    Invalid,
    /// A row of somebody who doesn't come: neither valid nor invalid, and not filled in.
    LeftOut,
    /// No more rows.
    End,
}

/// The two ways in which rows are written.
enum Rows {
    Csv(Box<CsvRows>),
    Json(Box<JsonRows>),
}

/// What rows of either kind are read with.
pub(super) struct Context {
    pub(super) file: Arc<str>,
    pub(super) options: ReadOptions,
    pub(super) columns: Columns,
    pub(super) validator: Validator,
    pub(super) statuses: StatusFilter,
}

impl Context {
    fn new(source: &RosterSource, options: ReadOptions, dialect: Option<Arc<Dialect>>) -> Self {
        Self {
            file: Arc::clone(source.name()),
            validator: Validator::new(options.clone()),
            statuses: StatusFilter::new(&options.coming, dialect.as_ref()),
            columns: Columns::of(dialect),
            options,
        }
    }

    pub(super) fn at(&self, line: u64) -> Location {
        Location { file: Arc::clone(&self.file), line }
    }

    /// Where the problems of a row go.
    pub(super) fn problems<'a>(&'a self, line: u64, errors: &'a mut Vec<RowError>) -> Problems<'a> {
        Problems { errors, file: &self.file, line, names: self.columns.names() }
    }

    /// What an error of reading means that kept this line from being read.
    pub(super) fn failed(&self, line: u64, error: io::Error) -> RosterError {
        read_error(&self.file, &self.options, line, error)
    }
}

impl Reader {
    /// Opens a source, finds out its format and, for CSV, maps its header.
    pub fn open(source: &RosterSource, options: ReadOptions) -> Result<Self, RosterError> {
        options.refuse_double_mapping()?;
        if let Some(byte @ (b'"' | b'\r' | b'\n' | 0 | 0x80..)) = options.delimiter {
            return Err(RosterError::BadDelimiter(byte));
        }
        let named = dialect_by_hand(&options)?;
        let words = Vocabulary::of(&options);
        if let Some(records) = open_workbook(source, &options, &words)? {
            return Self::of_sheet(source, options, words, records);
        }
        let input = Input::open(source, &options)?;
        let format = options.format.filter(|format| !format.is_workbook());
        match format.unwrap_or_else(|| format_of(&input.sample, &options)) {
            FormatName::Csv => Self::of_csv(source, options, words, input, None),
            FormatName::Tsv => Self::of_csv(source, options, words, input, Some(b'\t')),
            FormatName::Jsonl => Self::of_objects(source, options, named, input, JsonRows::of_lines),
            FormatName::Json => Self::of_objects(source, options, named, input, JsonRows::of_array),
            FormatName::Xlsx | FormatName::Xls | FormatName::Ods => {
                Err(RosterError::NoWorkbook(Arc::clone(source.name())))
            }
        }
    }

    fn of_sheet(
        source: &RosterSource,
        options: ReadOptions,
        words: Vocabulary,
        records: SheetRecords,
    ) -> Result<Self, RosterError> {
        let sample = records.sample();
        let shape = TableShape::of(&sample, locate(&sample, &options, &words), &options, 1);
        let mut context = Context::new(source, options, shape.dialect.clone());
        let blame = records.blame();
        let records = AnyRecords::Sheet(Box::new(records));
        let rows = CsvRows::open(records, &shape, words, &mut context).map_err(blame)?;
        Ok(Self::new(context, Compression::None, None, Rows::Csv(Box::new(rows))))
    }

    fn of_csv(
        source: &RosterSource,
        options: ReadOptions,
        words: Vocabulary,
        input: Input,
        usual: Option<u8>,
    ) -> Result<Self, RosterError> {
        let given = options.delimiter.or(usual);
        let CsvShape { delimiter, table } =
            delimiter::look(&input.sample, input.whole, given, &options, &words);
        if !table.mended {
            refuse_workbook_options(source, &options)?;
        }
        let mut context = Context::new(source, options, table.dialect.clone());
        let (compression, encoding) = (input.compression, Some(input.encoding.clone()));
        let records = Box::new(CsvRecords::new(joined(input), delimiter, context.options.caps));
        let rows = CsvRows::open(AnyRecords::Csv { records, delimiter }, &table, words, &mut context)?;
        Ok(Self::new(context, compression, encoding, Rows::Csv(Box::new(rows))))
    }

    fn of_objects(
        source: &RosterSource,
        options: ReadOptions,
        dialect: Option<Arc<Dialect>>,
        input: Input,
        rows: impl FnOnce(Box<dyn io::Read + Send>, Caps) -> JsonRows,
    ) -> Result<Self, RosterError> {
        refuse_workbook_options(source, &options)?;
        if options.header != Header::Find || options.last_line.is_some() {
            return Err(RosterError::NotATable(Arc::clone(source.name())));
        }
        // Keys come one after the other: an attendee's may come after a buyer's.
        let dialect = dialect.map(|dialect| Arc::new(dialect.without_buyer()));
        let context = Context::new(source, options, dialect);
        let (compression, encoding) = (input.compression, Some(input.encoding.clone()));
        let rows = rows(joined(input), context.options.caps);
        Ok(Self::new(context, compression, encoding, Rows::Json(Box::new(rows))))
    }

    fn new(context: Context, compression: Compression, encoding: Option<Told>, rows: Rows) -> Self {
        Self { context, compression, encoding, rows, seen_any: false, kept_any: false }
    }

    /// The roster as it was named.
    pub fn file(&self) -> &Arc<str> {
        &self.context.file
    }

    /// What was found out about the roster.
    pub fn decisions(&self) -> Decisions {
        let columns = &self.context.columns;
        let decide = |(at, (name, role)): (usize, (&Arc<str>, _))| ColumnDecision {
            name: Arc::clone(name),
            role,
            in_derived_id: columns.id_from().contains(&Some(at)),
        };
        let named = columns.names().iter().zip(columns.roles().iter().copied());
        Decisions {
            file: Arc::clone(&self.context.file),
            format: match &self.rows {
                Rows::Csv(rows) => rows.format(),
                Rows::Json(rows) => rows.format(),
            },
            compression: self.compression,
            encoding: self.encoding.as_ref().map(Told::encoding),
            dialect: columns.dialect().map(Arc::clone),
            status: self.status(),
            ends_before: match &self.rows {
                Rows::Csv(rows) => rows.ended(),
                Rows::Json(_) => None,
            },
            columns: named.enumerate().map(decide).collect(),
        }
    }

    fn status(&self) -> Option<StatusDecision> {
        let columns = &self.context.columns;
        let column = Arc::clone(&columns.names()[columns.field(Field::Status)?]);
        Some(StatusDecision { column, coming: self.context.statuses.coming() })
    }

    /// The rows that were left out so far, by their status.
    pub fn left_out(&self) -> &LeftOut {
        self.context.statuses.left_out()
    }

    /// The columns that fill no field of ours and are carried along. For JSON Lines it grows as keys appear.
    pub fn extra_columns(&self) -> &[Arc<str>] {
        self.context.columns.extra_names()
    }

    /// How many rows each entry of [`ReadOptions::preset_map`] has been the one of; nothing without a map.
    pub fn ticket_rows(&self) -> Vec<TicketRows> {
        self.context.validator.ticket_rows()
    }

    /// The columns that ids come from, folded, so that another spelling of a header is the same column. `None` as long as
    /// no object of JSON Lines has had an id.
    pub fn id_columns(&self) -> Option<Vec<String>> {
        self.context.columns.id_columns(&self.context.options)
    }

    /// Reads the next row into `row`, whose buffers are used again, and its problems into `errors`, which is emptied
    /// first. An error ends the reading.
    pub fn read(
        &mut self,
        row: &mut RosterRow,
        errors: &mut Vec<RowError>,
        directory: &mut impl Directory,
    ) -> Result<Read, RosterError> {
        errors.clear();
        (row.keyed, row.person) = (false, None);
        let found = match &mut self.rows {
            Rows::Csv(rows) => rows.read(&mut self.context, row, errors, directory)?,
            Rows::Json(rows) => rows.read(&mut self.context, row, errors, directory)?,
        };
        match found {
            Found::LeftOut => {
                self.seen_any = true;
                Ok(Read::LeftOut)
            }
            Found::Row => {
                (self.seen_any, self.kept_any) = (true, true);
                Ok(if errors.is_empty() { Read::Row } else { Read::Invalid })
            }
            Found::End if self.seen_any && !self.kept_any => Err(self.nobody_comes()),
            Found::End if self.seen_any => {
                // Objects have no header that could have told it before.
                if lacks_tickets(&self.context) {
                    let (file, columns) =
                        (Arc::clone(&self.context.file), self.context.columns.names().to_vec());
                    return Err(RosterError::NoTicketColumn { file, columns });
                }
                Ok(Read::End)
            }
            Found::End => Err(match self.rows {
                Rows::Csv(_) => RosterError::NoRows(Arc::clone(&self.context.file)),
                Rows::Json(_) => RosterError::EmptyArray(Arc::clone(&self.context.file)),
            }),
        }
    }

    fn nobody_comes(&self) -> RosterError {
        let status = self.status();
        let (column, coming) = status.map(|status| (status.column, status.coming)).unwrap_or_default();
        RosterError::NobodyComes {
            file: Arc::clone(&self.context.file),
            column,
            left_out: self.left_out().clone(),
            coming: coming.unwrap_or_default(),
        }
    }

    /// The problem of a row just read that names the same participant as the row at `first`.
    pub fn duplicate(&self, row: &RosterRow, first: &Location) -> RowError {
        let columns = &self.context.columns;
        let column = columns
            .field(Field::Id)
            .map(|at| Column { index: at + 1, name: Arc::clone(&columns.names()[at]) });
        let hint = format!(
            "it is in {}:{} already; keep one of the rows, or choose with --on-duplicate",
            first.file, first.line
        );
        RowError {
            location: self.context.at(row.line),
            column,
            value: Some(cut(&row.participant.key.custom_participant_id)),
            code: RowErrorCode::DuplicateId,
            hint: hint.into(),
        }
    }

    /// Reads up to `limit` rows; [`Read::End`] with the last of them, [`Read::Row`] if there may be more.
    pub fn read_batch(
        &mut self,
        batch: &mut Batch,
        limit: usize,
        directory: &mut impl Directory,
    ) -> Result<Read, RosterError> {
        batch.clear();
        let mut errors = Vec::new();
        while batch.len() < limit {
            let row = batch.next();
            match self.read(row, &mut errors, directory)? {
                Read::Row => batch.keep(),
                Read::Invalid => {
                    let record = std::mem::replace(&mut row.record, Record::None);
                    let rejected =
                        RejectedRow { line: row.line, record, errors: std::mem::take(&mut errors) };
                    batch.rejected.push(rejected);
                }
                Read::LeftOut => batch.left_out += 1,
                Read::End => return Ok(Read::End),
            }
        }
        Ok(Read::Row)
    }
}

/// Whether there was another row, valid or not.
pub(super) enum Found {
    Row,
    LeftOut,
    End,
}

/// Whether presets are to follow from ticket types, and no column holds any.
fn lacks_tickets(context: &Context) -> bool {
    context.options.preset_map.is_some() && context.columns.field(Field::TicketType).is_none()
}

/// The rows of a workbook; `None` if it is none, or is to be read as a text.
fn open_workbook(
    source: &RosterSource,
    options: &ReadOptions,
    words: &Vocabulary,
) -> Result<Option<SheetRecords>, RosterError> {
    match options.format {
        Some(format) if !format.is_workbook() => Ok(None),
        Some(_) | None => workbook::open(source, options, words),
    }
}

/// What the rows look like. A delimiter given by hand says that it is CSV.
fn format_of(sample: &[u8], options: &ReadOptions) -> FormatName {
    let mut marks = sample.iter().filter(|b| !b.is_ascii_whitespace());
    match (options.delimiter, marks.next(), marks.next()) {
        (None, Some(b'{'), _) => FormatName::Jsonl,
        (None, Some(b'['), Some(b'{' | b']')) => FormatName::Json,
        _ => FormatName::Csv,
    }
}

fn joined(input: Input) -> Box<dyn io::Read + Send> {
    Box::new(io::Cursor::new(input.sample).chain(input.rest))
}

fn dialect_by_hand(options: &ReadOptions) -> Result<Option<Arc<Dialect>>, RosterError> {
    let DialectChoice::Named(name) = &options.dialect else { return Ok(None) };
    match options.dialects.get(name) {
        Some(dialect) => Ok(Some(Arc::clone(dialect))),
        None => Err(RosterError::NoSuchDialect {
            wanted: name.clone(),
            known: options.dialects.iter().map(|dialect| dialect.name.clone()).collect(),
        }),
    }
}

/// What is said of a workbook is an error of a text, but for a rejected file: it may come from one, and is read with the
/// same options.
fn refuse_workbook_options(source: &RosterSource, options: &ReadOptions) -> Result<(), RosterError> {
    let name = || Arc::clone(source.name());
    match options.format {
        Some(format) if format.is_workbook() => Err(RosterError::NoWorkbook(name())),
        _ if options.sheet.is_some() => Err(RosterError::SheetOfText(name())),
        _ => Ok(()),
    }
}
