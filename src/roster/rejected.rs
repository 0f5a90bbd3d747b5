//! The rejected file: the input as it was, and why it wasn't taken. Mended, it is a roster again.

use std::borrow::Cow;
use std::io::{self, Write};
use std::str;
use std::sync::Arc;

use crate::model::escape;

use super::columns::Role;
use super::decisions::{Decisions, Format};
use super::formula::{guard, guard_raw};
use super::json_lines::parse;
use super::row::Record;
use super::row_error::{RowError, legible};

/// The column, or key, that we add.
const ERROR: &str = "error";

/// Writes rejected rows in the format of the roster they came from: its columns and `error`. Cells are guarded
/// against being run as formulas (see [`formula`](super::formula)); read back, they are what they were.
pub struct RejectedWriter<W: Write> {
    output: Option<W>,
    sheet: Option<Sheet<W>>,
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

/// Where a roster's columns are in its records.
struct Layout {
    /// All but an earlier round's `error`.
    kept: Vec<usize>,
    /// Columns of the header.
    width: usize,
}

/// A rejected file whose columns are settled.
enum Sheet<W: Write> {
    Csv { writer: Box<csv::Writer<W>>, names: Vec<Arc<str>>, layout: Layout },
    Json(W),
}

impl<W: Write> RejectedWriter<W> {
    /// Writes nothing yet.
    pub fn new(output: W) -> Self {
        Self { output: Some(output), sheet: None }
    }

    /// Announces a roster; its rows follow. The first one settles the columns.
    pub fn begin(&mut self, decisions: &Decisions) -> Result<(), RejectedError> {
        let other = || Err(RejectedError::OtherColumns(Arc::clone(&decisions.file)));
        let (names, new) = layout(decisions);
        match (&mut self.sheet, decisions.format) {
            (Some(Sheet::Json(_)), Format::JsonLines) => Ok(()),
            (Some(Sheet::Csv { names: settled, layout, .. }), Format::Csv { .. }) if *settled == names => {
                *layout = new;
                Ok(())
            }
            (Some(_), _) => other(),
            (none, format) => {
                let Some(output) = self.output.take() else { return other() };
                *none = Some(Sheet::open(output, format, names, new)?);
                Ok(())
            }
        }
    }

    /// Writes a row and all its problems. Before the first [`begin`](Self::begin) it writes nothing.
    pub fn write(&mut self, record: &Record, errors: &[RowError]) -> Result<(), RejectedError> {
        let why = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ");
        match &mut self.sheet {
            None => {}
            Some(Sheet::Csv { writer, layout, .. }) => write_cells(writer, record, layout, &why)?,
            Some(Sheet::Json(writer)) => write_object(writer, record, &why)?,
        }
        Ok(())
    }

    /// Writes out what is buffered and gives the output back.
    pub fn finish(self) -> Result<Option<W>, RejectedError> {
        Ok(match self.sheet {
            None => self.output,
            Some(Sheet::Json(mut writer)) => {
                writer.flush()?;
                Some(writer)
            }
            Some(Sheet::Csv { writer, .. }) => {
                Some(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
            }
        })
    }
}

impl<W: Write> Sheet<W> {
    fn open(output: W, format: Format, names: Vec<Arc<str>>, layout: Layout) -> io::Result<Self> {
        let Format::Csv { delimiter, .. } = format else { return Ok(Self::Json(output)) };
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(output);
        let header = names.iter().map(|name| guard(name)).chain([Cow::Borrowed(ERROR)]);
        writer.write_record(header.map(Cow::into_owned))?;
        Ok(Self::Csv { writer: Box::new(writer), names, layout })
    }
}

fn layout(decisions: &Decisions) -> (Vec<Arc<str>>, Layout) {
    let columns = decisions.columns.iter().enumerate();
    let kept = columns.filter(|(_, column)| column.role != Role::Dropped);
    let (names, kept) = kept.map(|(at, column)| (Arc::clone(&column.name), at)).unzip();
    (names, Layout { kept, width: decisions.columns.len() })
}

/// What a record has more of than the header comes after the error, so that nothing is lost and the row stays ragged.
fn write_cells<W: Write>(
    writer: &mut csv::Writer<W>,
    record: &Record,
    layout: &Layout,
    why: &str,
) -> io::Result<()> {
    let empty = csv::ByteRecord::new();
    let record = match record {
        Record::Csv(record) => record,
        Record::None | Record::Json(_) => &empty,
    };
    for at in &layout.kept {
        writer.write_field(guard_raw(record.get(*at).unwrap_or_default()))?;
    }
    writer.write_field(guard(why).as_bytes())?;
    for surplus in record.iter().skip(layout.width).filter(|cell| !cell.trim_ascii().is_empty()) {
        writer.write_field(guard_raw(surplus))?;
    }
    writer.write_record(None::<&[u8]>)?;
    Ok(())
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
