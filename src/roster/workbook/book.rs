//! Workbooks of every kind behind one interface: their tabs, and the cells of a sheet from left to right and from above.

use std::io::{BufReader, Cursor, Read, Seek};
use std::ops::ControlFlow;

use calamine::{Data, Ods, Range, Reader as _, Xls, Xlsx};

use super::WorkbookKind;
use super::biff;
use super::cell::{Flaw, Value};
use super::container::{compound_file_of, open_zip, workbook_stream};
use super::error::WorkbookError;
use super::number_format::{Shown, shown};
use super::opendocument::{ShownCells, Tables};
use super::parts::{Visitor, look_through, of_xlsx};
use super::sheet::{Position, Sheet};
use super::tabs::Tab;
use crate::roster::options::Caps;

/// An open workbook.
pub(super) struct Book<F: Read + Seek> {
    source: Source<F>,
    tabs: Vec<Tab>,
    caps: Caps,
}

/// Whom the cells come from.
enum Source<F: Read + Seek> {
    Xlsx { book: Box<Xlsx<BufReader<F>>>, styles: Vec<Shown> },
    Xls { book: Box<Xls<Cursor<Vec<u8>>>>, shown: Vec<ShownCells> },
    Ods { book: Box<Ods<BufReader<F>>>, shown: Vec<ShownCells> },
}

/// In Excel's own workbooks nothing but the general rules of parts is looked at.
struct NoVisitor;

impl Visitor for NoVisitor {
    fn see(&mut self, _: &str, _: &quick_xml::events::Event<'_>) -> Result<(), WorkbookError> {
        Ok(())
    }

    fn is_content(&self, _: &str) -> bool {
        false
    }
}

/// A cell as it is handed out.
pub(super) struct CellSeen<'a> {
    pub(super) position: Position,
    pub(super) value: Value<'a>,
    pub(super) is_formula: bool,
}

impl<F: Read + Seek> Book<F> {
    /// Looks a workbook through and opens it.
    pub(super) fn open(mut file: F, kind: WorkbookKind, caps: Caps) -> Result<Self, WorkbookError> {
        let limits = caps.workbook;
        let source = match kind {
            WorkbookKind::Xlsx => {
                look_through(&mut open_zip(&mut file, &limits)?, limits, caps.record, &mut NoVisitor)?;
                file.rewind().map_err(WorkbookError::Io)?;
                let mut book = Box::new(Xlsx::new(BufReader::new(file)).map_err(of_xlsx)?);
                let styles = styles_of(&mut book);
                Source::Xlsx { book, styles }
            }
            WorkbookKind::Xls => {
                let mut stream = workbook_stream(&mut file, &limits)?;
                let shown = biff::look_through(&mut stream, &limits)?;
                let container = compound_file_of(&stream)?;
                drop(stream);
                let book = Box::new(Xls::new(container).map_err(WorkbookError::damaged)?);
                Source::Xls { book, shown }
            }
            WorkbookKind::Ods => {
                let mut tables = Tables::new(limits);
                look_through(&mut open_zip(&mut file, &limits)?, limits, caps.record, &mut tables)?;
                file.rewind().map_err(WorkbookError::Io)?;
                let book = Ods::new(BufReader::new(file)).map_err(|error| match error {
                    calamine::OdsError::Password => WorkbookError::Password,
                    error => WorkbookError::damaged(error),
                })?;
                Source::Ods { book: Box::new(book), shown: tables.shown }
            }
        };
        let tabs = source.metadata().iter().map(Tab::from).collect();
        Ok(Self { source, tabs, caps })
    }

    pub(super) fn tabs(&self) -> &[Tab] {
        &self.tabs
    }

    /// The first rows of a sheet.
    pub(super) fn beginning(&mut self, tab: usize, rows: usize) -> Result<Sheet, WorkbookError> {
        let (mut sheet, caps) = (Sheet::default(), self.caps.workbook);
        self.walk(tab, |cell| {
            sheet.push(cell.position, cell.value, Shown::Plain, false, &caps)?;
            Ok(if sheet.rows() > rows { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(sheet)
    }

    /// A sheet as a whole.
    pub(super) fn sheet(&mut self, tab: usize) -> Result<Sheet, WorkbookError> {
        let (mut sheet, caps) = (Sheet::default(), self.caps.workbook);
        let shown = self.shown_cells(tab)?;
        let may_be_lossy = matches!(self.source, Source::Xls { .. });
        self.walk(tab, |CellSeen { position, value, is_formula }| {
            let shown = shown.get(&position).copied().unwrap_or_default();
            let uncalculated = is_formula && value == Value::Empty;
            sheet.push(position, value, shown, uncalculated, &caps)?;
            if may_be_lossy
                && matches!(value, Value::Text(text) if text.contains(char::REPLACEMENT_CHARACTER))
            {
                sheet.mark_last(position, Flaw::Undecodable);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(sheet)
    }

    fn walk(
        &mut self,
        tab: usize,
        mut visit: impl FnMut(CellSeen<'_>) -> Result<ControlFlow<()>, WorkbookError>,
    ) -> Result<(), WorkbookError> {
        let name = &*self.tabs[tab].name;
        match &mut self.source {
            Source::Xlsx { book, .. } => {
                let mut cells = book.worksheet_cells_reader(name).map_err(of_xlsx)?;
                while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(of_xlsx)? {
                    let (position, is_formula) = (cell.pos, cell.formula.is_some());
                    let value = Value::from(&cell.value);
                    if visit(CellSeen { position, value, is_formula })?.is_break() {
                        break;
                    }
                }
                Ok(())
            }
            Source::Xls { book, .. } => {
                let values = book.worksheet_range(name).map_err(WorkbookError::damaged)?;
                let formulas = book.worksheet_formula(name).map_err(WorkbookError::damaged)?;
                walk_range(&values, &formulas, visit)
            }
            Source::Ods { book, .. } => {
                let values = book.worksheet_range(name).map_err(WorkbookError::damaged)?;
                let formulas = book.worksheet_formula(name).map_err(WorkbookError::damaged)?;
                walk_range(&values, &formulas, visit)
            }
        }
    }

    /// The cells that don't show a number as its plain digits.
    fn shown_cells(&mut self, tab: usize) -> Result<ShownCells, WorkbookError> {
        let name = &*self.tabs[tab].name;
        match &mut self.source {
            Source::Xls { shown, .. } | Source::Ods { shown, .. } => {
                Ok(shown.get_mut(tab).map(std::mem::take).unwrap_or_default())
            }
            Source::Xlsx { styles, .. } if styles.iter().all(|shown| *shown == Shown::Plain) => {
                Ok(ShownCells::new())
            }
            Source::Xlsx { book, styles } => {
                let mut found = ShownCells::new();
                let mut cells = book.worksheet_cells_reader(name).map_err(of_xlsx)?;
                while let Some((row, column, style)) = cells.next_style_id().map_err(of_xlsx)? {
                    match styles.get(style).copied().unwrap_or_default() {
                        Shown::Plain => {}
                        shown => drop(found.insert((row, column), shown)),
                    }
                    let cap = self.caps.workbook.held;
                    if found.len() as u64 > cap {
                        return Err(WorkbookError::TooLarge {
                            what: "numbers with a format of their own",
                            cap,
                        });
                    }
                }
                Ok(found)
            }
        }
    }
}

impl<F: Read + Seek> Source<F> {
    fn metadata(&self) -> &[calamine::Sheet] {
        match self {
            Self::Xlsx { book, .. } => book.sheets_metadata(),
            Self::Xls { book, .. } => book.sheets_metadata(),
            Self::Ods { book, .. } => book.sheets_metadata(),
        }
    }
}

/// How each style of a workbook shows numbers.
fn styles_of<F: Read + Seek>(book: &mut Xlsx<F>) -> Vec<Shown> {
    // The palette belongs to the workbook; calamine hands it out with any sheet.
    let names = book.sheet_names();
    let mut styles = names.iter().find_map(|name| {
        let cells = book.worksheet_cells_reader(name).ok()?;
        let code =
            |style: &calamine::Style| style.number_format.as_ref().map(|format| format.format_code.clone());
        Some(cells.styles().iter().map(code).collect::<Vec<_>>())
    });
    let codes = styles.take().unwrap_or_default();
    codes.iter().map(|code| code.as_deref().map_or(Shown::Plain, shown)).collect()
}

fn walk_range(
    values: &Range<Data>,
    formulas: &Range<String>,
    mut visit: impl FnMut(CellSeen<'_>) -> Result<ControlFlow<()>, WorkbookError>,
) -> Result<(), WorkbookError> {
    let (first_row, first_column) = first(values.start(), formulas.start());
    let (end_row, end_column) = end(values.end(), formulas.end());
    for row in first_row..end_row {
        for column in first_column..end_column {
            let position = (row, column);
            let is_formula = formulas.get_value(position).is_some_and(|formula| !formula.is_empty());
            let value = values.get_value(position).map_or(Value::Empty, Value::from);
            if (is_formula || value != Value::Empty)
                && visit(CellSeen { position, value, is_formula })?.is_break()
            {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn first(values: Option<Position>, formulas: Option<Position>) -> Position {
    let (values, formulas) =
        (values.unwrap_or((u32::MAX, u32::MAX)), formulas.unwrap_or((u32::MAX, u32::MAX)));
    (values.0.min(formulas.0), values.1.min(formulas.1))
}

fn end(values: Option<Position>, formulas: Option<Position>) -> Position {
    let after = |position: Option<Position>| position.map_or((0, 0), |(row, column)| (row + 1, column + 1));
    let (values, formulas) = (after(values), after(formulas));
    (values.0.max(formulas.0), values.1.max(formulas.1))
}
