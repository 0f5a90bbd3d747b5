//! What programs are told of a roster: what it was taken for, and its rows with a problem.

use std::sync::Arc;

use guestlist::roster::{
    ColumnDecision, EncodingReason, FileReport, Format, LeftOut, Role, RowError, SheetDecision, TicketRows,
};
use serde::Serialize;

use super::Line;
use super::check::column_name;

/// The sheet that was taken, and those that weren't.
#[derive(Serialize)]
pub(crate) struct SheetLine<'a> {
    sheet: &'a str,
    other_sheets: Vec<&'a str>,
    hidden_sheets: Vec<&'a str>,
    uncalculated: usize,
}

impl<'a> SheetLine<'a> {
    fn of(decision: &'a SheetDecision) -> Self {
        let names = |names: &'a [Arc<str>]| names.iter().map(|name| &**name).collect();
        Self {
            sheet: &decision.sheet,
            other_sheets: names(&decision.others),
            hidden_sheets: names(&decision.hidden),
            uncalculated: decision.uncalculated,
        }
    }
}

/// A column and what it is used for.
#[derive(Serialize)]
pub(crate) struct ColumnLine<'a> {
    name: &'a str,
    role: &'static str,
    in_derived_id: bool,
}

/// A ticket type and the preset that it stands for.
#[derive(Serialize)]
pub(crate) struct TicketLine<'a> {
    ticket: &'a str,
    preset: &'a str,
    rows: u64,
    stood_for: &'a [String],
    more: bool,
}

impl<'a> TicketLine<'a> {
    fn of(rows: &'a TicketRows) -> Self {
        let TicketRows { ticket, preset, rows, stood_for, more } = rows;
        Self { ticket, preset, rows: *rows, stood_for, more: *more }
    }
}

/// A status column, the values by which somebody comes (`null`: everybody does), and the rows of the others.
#[derive(Serialize)]
pub(crate) struct StatusLine<'a> {
    column: &'a str,
    coming: Option<&'a [String]>,
    left_out: Vec<LeftOutLine<'a>>,
}

/// The rows of a status; `null` are the others together.
#[derive(Serialize)]
pub(crate) struct LeftOutLine<'a> {
    status: Option<&'a str>,
    rows: u64,
}

impl<'a> Line<'a> {
    pub(crate) fn invalid(error: &'a RowError) -> Self {
        Self::Invalid {
            file: &error.location.file,
            line: error.location.line,
            column: column_name(error),
            value: error.value.as_deref(),
            code: error.code.name(),
            message: format!("{}; {}", error.code.what(), error.hint),
        }
    }

    pub(crate) fn roster(report: &'a FileReport) -> Self {
        let decisions = &report.decisions;
        let (format, delimiter, header_line, sheet) = match &decisions.format {
            Format::Csv { delimiter, header_line } => {
                ("csv", Some(char::from(*delimiter)), *header_line, None)
            }
            Format::JsonLines => ("jsonl", None, None, None),
            Format::JsonArray => ("json", None, None, None),
            Format::Workbook(decision) => {
                (decision.kind.name(), None, decision.header_line, Some(SheetLine::of(decision)))
            }
        };
        let encoding = decisions.encoding.as_ref();
        let column = |column: &'a ColumnDecision| ColumnLine {
            name: &column.name,
            role: match column.role {
                Role::Field(field) => field.name(),
                Role::PassedOver(_) | Role::Overruled(_) => "passed_over",
                Role::Extra => "extra",
                Role::Dropped => "dropped",
            },
            in_derived_id: column.in_derived_id,
        };
        Self::Roster {
            file: &decisions.file,
            format,
            compression: decisions.compression.name(),
            encoding: encoding.map(|it| it.name),
            encoding_reason: encoding.map(|it| reason_name(&it.how)),
            encoding_word: encoding.and_then(|it| match &it.how {
                EncodingReason::Guessed { word } => Some(word.as_str()),
                _ => None,
            }),
            delimiter,
            header_line,
            sheet,
            ends_before: decisions.ends_before,
            dialect: decisions.dialect.as_ref().map(|dialect| dialect.name.as_str()),
            dialect_title: decisions.dialect.as_ref().map(|dialect| dialect.title.as_str()),
            status: decisions.status.as_ref().map(|status| StatusLine {
                column: &status.column,
                coming: status.coming.as_deref(),
                left_out: left_out(&report.not_coming),
            }),
            columns: decisions.columns.iter().map(column).collect(),
            rows: report.rows,
            not_coming: report.not_coming.total(),
            tickets: report.tickets.iter().map(TicketLine::of).collect(),
        }
    }
}

fn left_out(rows: &LeftOut) -> Vec<LeftOutLine<'_>> {
    let values = rows.values.iter().map(|(status, rows)| LeftOutLine { status: Some(status), rows: *rows });
    let others = Some(rows.others).filter(|rows| *rows > 0).map(|rows| LeftOutLine { status: None, rows });
    values.chain(others).collect()
}

fn reason_name(reason: &EncodingReason) -> &'static str {
    match reason {
        EncodingReason::Given => "given",
        EncodingReason::Marked => "byte_order_mark",
        EncodingReason::ZeroBytes => "zero_bytes",
        EncodingReason::Valid => "valid",
        EncodingReason::Guessed { .. } => "guessed",
    }
}
