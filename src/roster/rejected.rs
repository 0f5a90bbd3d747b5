//! The rejected file: the input as it was, and why it wasn't taken. Mended, it is a roster again, and the same command
//! with the same options reads it.
//!
//! CSV gets the roster's own delimiter, which is what its owner's spreadsheet writes and opens, and a byte order mark
//! as soon as anything in it isn't ASCII: without one Excel takes UTF-8 for something else and spoils every accent.

use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::str;
use std::sync::Arc;

use crate::model::escape;

use super::columns::Role;
use super::decisions::{Decisions, Format};
use super::encoding::EncodingReason;
use super::formula::{guard, guard_raw};
use super::json_lines::parse;
use super::row::Record;
use super::row_error::{RowError, legible};

/// UTF-8's.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The column, or key, that we add. A roster's own `error` is another one, carried along like any other.
pub(super) const ERROR: &str = "guestlist error";

/// Writes rejected rows in the format of the roster they came from: its columns and `guestlist error`. Cells are
/// guarded against being run as formulas (see [`formula`](super::formula)); read back, they are what they were.
pub struct RejectedWriter<W: Write> {
    output: Option<W>,
    style: RejectedStyle,
    sheet: Option<Sheet<W>>,
}

/// How CSV is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectedStyle {
    /// With the roster's delimiter, and a byte order mark where it is needed.
    AsRead,
    /// As Excel opens it where numbers have decimal commas: semicolons, and a byte order mark always.
    Excel,
}

/// Why a rejected file can't be written.
#[derive(Debug, thiserror::Error)]
pub enum RejectedError {
    /// The disk, or whatever it goes to.
    #[error("the rejected rows can't be written ({}); check the folder and its space", escape(&.0.to_string()))]
    Io(#[from] io::Error),
    /// A second roster doesn't fit into the first one's rejected file.
    #[error("{}: its columns differ from those of the roster before it, so that their rejected rows don't fit into one file; import them one by one", escape(.0))]
    OtherColumns(Arc<str>),
}

/// A rejected file whose columns are settled.
enum Sheet<W: Write> {
    Csv(Box<CsvSheet<W>>),
    Json(BufWriter<W>),
}

struct CsvSheet<W: Write> {
    writer: csv::Writer<W>,
    names: Vec<Arc<str>>,
    layout: Layout,
    needs_mark: bool,
}

/// Where a roster's columns are in its records.
struct Layout {
    /// All but an earlier round's `guestlist error`.
    kept: Vec<usize>,
    /// Columns of the header.
    width: usize,
}

impl<W: Read + Write + Seek> RejectedWriter<W> {
    /// Writes nothing yet. The output is empty, and read again at the end only.
    pub fn new(output: W, style: RejectedStyle) -> Self {
        Self { output: Some(output), style, sheet: None }
    }

    /// Announces a roster; its rows follow. The first one settles the columns.
    pub fn begin(&mut self, decisions: &Decisions) -> Result<(), RejectedError> {
        let other = || Err(RejectedError::OtherColumns(Arc::clone(&decisions.file)));
        let (names, layout) = layout(decisions);
        match (&mut self.sheet, &decisions.format) {
            (Some(Sheet::Json(_)), Format::JsonLines | Format::JsonArray) => Ok(()),
            (Some(Sheet::Csv(sheet)), Format::Csv { .. } | Format::Workbook(_)) if sheet.names == names => {
                sheet.layout = layout;
                sheet.needs_mark |= needs_mark(decisions);
                Ok(())
            }
            (Some(_), _) => other(),
            (none, format) => {
                let Some(output) = self.output.take() else { return other() };
                *none = Some(match format {
                    Format::JsonLines | Format::JsonArray => Sheet::Json(BufWriter::new(output)),
                    Format::Csv { .. } | Format::Workbook(_) => {
                        let (delimiter, needs_mark) = match self.style {
                            RejectedStyle::AsRead => (delimiter_of(format), needs_mark(decisions)),
                            RejectedStyle::Excel => (b';', true),
                        };
                        let sheet = CsvSheet::open(output, delimiter, names, layout, needs_mark)?;
                        Sheet::Csv(Box::new(sheet))
                    }
                });
                Ok(())
            }
        }
    }

    /// Writes a row and all its problems. Before the first [`begin`](Self::begin) it writes nothing.
    pub fn write(&mut self, record: &Record, errors: &[RowError]) -> Result<(), RejectedError> {
        let why = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ");
        match &mut self.sheet {
            None => {}
            Some(Sheet::Csv(sheet)) => sheet.write(record, &why)?,
            Some(Sheet::Json(writer)) => write_object(writer, record, &why)?,
        }
        Ok(())
    }

    /// Writes out what is buffered and gives the output back.
    pub fn finish(self) -> Result<Option<W>, RejectedError> {
        Ok(match self.sheet {
            None => self.output,
            Some(Sheet::Json(writer)) => Some(writer.into_inner().map_err(io::IntoInnerError::into_error)?),
            Some(Sheet::Csv(sheet)) => {
                let CsvSheet { writer, needs_mark, .. } = *sheet;
                let mut output = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
                if needs_mark {
                    prepend(BYTE_ORDER_MARK, &mut output)?;
                }
                Some(output)
            }
        })
    }
}

impl<W: Write> CsvSheet<W> {
    fn open(
        output: W,
        delimiter: u8,
        names: Vec<Arc<str>>,
        layout: Layout,
        needs_mark: bool,
    ) -> io::Result<Self> {
        let writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(output);
        let mut sheet = Self { writer, names: Vec::new(), layout, needs_mark };
        for name in &names {
            sheet.field(&guard_raw(guard(name).as_bytes()))?;
        }
        sheet.field(ERROR.as_bytes())?;
        sheet.writer.write_record(None::<&[u8]>)?;
        sheet.names = names;
        Ok(sheet)
    }

    /// What a record has more of than the header comes after the error, so that nothing is lost and the row stays
    /// ragged.
    fn write(&mut self, record: &Record, why: &str) -> io::Result<()> {
        let empty = csv::ByteRecord::new();
        let record = match record {
            Record::Csv(record) => record,
            Record::None | Record::Json(_) => &empty,
        };
        for nth in 0..self.layout.kept.len() {
            self.field(&guard_raw(record.get(self.layout.kept[nth]).unwrap_or_default()))?;
        }
        self.field(guard(why).as_bytes())?;
        for surplus in record.iter().skip(self.layout.width).filter(|cell| !cell.trim_ascii().is_empty()) {
            self.field(&guard_raw(surplus))?;
        }
        self.writer.write_record(None::<&[u8]>)?;
        Ok(())
    }

    fn field(&mut self, field: &[u8]) -> io::Result<()> {
        self.needs_mark |= !field.is_ascii();
        Ok(self.writer.write_field(field)?)
    }
}

/// As the roster has it; a workbook has none.
fn delimiter_of(format: &Format) -> u8 {
    match format {
        Format::Csv { delimiter, .. } => *delimiter,
        Format::Workbook(_) | Format::JsonLines | Format::JsonArray => b',',
    }
}

/// Whether the file must be marked as UTF-8, since its roster was, or was no UTF-8: what reads it would guess again.
fn needs_mark(decisions: &Decisions) -> bool {
    decisions.encoding.as_ref().is_some_and(|encoding| match encoding.how {
        EncodingReason::Valid => false,
        EncodingReason::Given => encoding.name != "UTF-8",
        EncodingReason::Marked | EncodingReason::ZeroBytes | EncodingReason::Guessed { .. } => true,
    })
}

fn layout(decisions: &Decisions) -> (Vec<Arc<str>>, Layout) {
    let columns = decisions.columns.iter().enumerate();
    let kept = columns.filter(|(_, column)| column.role != Role::Dropped);
    let (names, kept) = kept.map(|(at, column)| (Arc::clone(&column.name), at)).unzip();
    (names, Layout { kept, width: decisions.columns.len() })
}

fn write_object(writer: &mut impl Write, record: &Record, why: &str) -> io::Result<()> {
    let mut object = String::from("{");
    let line = match record {
        Record::Json(line) => line.as_slice(),
        Record::None | Record::Csv(_) => b"{}",
    };
    match str::from_utf8(line).ok().and_then(|line| parse(line).ok()) {
        Some(members) => {
            for (key, value) in members.0.iter().filter(|(key, _)| key != ERROR) {
                object.push_str(&format!("{}:{},", serde_json::Value::from(&**key), value.get()));
            }
        }
        None => object.push_str(&format!("\"input\":{},", serde_json::Value::from(legible(line)))),
    }
    writeln!(writer, "{object}\"{ERROR}\":{}}}", serde_json::Value::from(why))
}

/// Whether the mark is needed is known when all is written: what is there is moved up, its end first.
fn prepend(mark: &[u8], output: &mut (impl Read + Write + Seek)) -> io::Result<()> {
    let mut chunk = vec![0; 64 << 10];
    let mut left = output.stream_position()?;
    while left > 0 {
        let length = chunk.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        left -= length as u64;
        output.seek(SeekFrom::Start(left))?;
        output.read_exact(&mut chunk[..length])?;
        output.seek(SeekFrom::Start(left + mark.len() as u64))?;
        output.write_all(&chunk[..length])?;
    }
    output.seek(SeekFrom::Start(0))?;
    output.write_all(mark)?;
    output.seek(SeekFrom::End(0))?;
    output.flush()
}
