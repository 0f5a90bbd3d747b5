//! What was decided about a roster, for people: one list that the terminal and the page show alike, so that a new
//! decision is a line here.

use std::sync::Arc;

use guestlist::model::escape;
use guestlist::roster::{
    ColumnDecision, Compression, Decisions, EncodingReason, Field, FileReport, Format, Role, SheetDecision,
    TextEncoding,
};

use super::text::count;

/// What was decided, in words.
pub(super) struct Decided {
    pub(super) what: &'static str,
    pub(super) how: String,
}

/// All that was decided about a roster, but for its columns.
pub(super) fn decided(file: &FileReport) -> Vec<Decided> {
    let decisions = &file.decisions;
    let mut decided = vec![("format", format(decisions))];
    decided.extend(decisions.encoding.as_ref().map(|it| ("encoding", encoding(it))));
    match &decisions.format {
        Format::Csv { delimiter, header_line } => {
            decided.push(("delimiter", delimiter_name(*delimiter)));
            decided.push(("header", format!("line {header_line}")));
        }
        Format::Workbook(sheet) => decided.extend(sheet_lines(sheet)),
        Format::JsonLines | Format::JsonArray => {}
    }
    decided.push(("rows", count(file.rows)));
    decided.into_iter().map(|(what, how)| Decided { what, how }).collect()
}

/// Which sheet, which others there are, and what is missing in it.
fn sheet_lines(sheet: &SheetDecision) -> Vec<(&'static str, String)> {
    let named = |names: &[Arc<str>]| {
        let shown: Vec<_> =
            names.iter().take(MOST_NAMES).map(|name| format!("\"{}\"", escape(name))).collect();
        let more = names.len().saturating_sub(MOST_NAMES);
        shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
    };
    let mut lines = vec![
        ("sheet", format!("\"{}\"", escape(&sheet.sheet))),
        ("header", format!("row {}", sheet.header_line)),
    ];
    if !sheet.others.is_empty() {
        lines.push(("other sheets", format!("{}: not read; take one with --sheet", named(&sheet.others))));
    }
    if !sheet.hidden.is_empty() {
        lines.push(("hidden sheets", format!("{}: not read", named(&sheet.hidden))));
    }
    if sheet.uncalculated > 0 {
        let how = "have no stored result; open and save the workbook in Excel or LibreOffice";
        lines.push(("formulas", format!("{} {how}", count(sheet.uncalculated as u64))));
    }
    lines
}

/// A workbook may have many sheets.
const MOST_NAMES: usize = 20;

fn format(decisions: &Decisions) -> String {
    let format = match &decisions.format {
        Format::Csv { .. } => "CSV".to_owned(),
        Format::JsonLines => "JSON Lines".to_owned(),
        Format::JsonArray => "a JSON array".to_owned(),
        Format::Workbook(sheet) => sheet.kind.to_string(),
    };
    match decisions.compression {
        Compression::None => format,
        compression => format!("{format}, compressed with {compression}"),
    }
}

/// `Windows-1252, a guess: is "Müller" read right? If not, name it with --encoding`.
fn encoding(encoding: &TextEncoding) -> String {
    let name = match encoding.name {
        "windows-1252" => "Windows-1252",
        "macintosh" => "Mac Roman",
        "UTF-16LE" => "UTF-16 LE",
        "UTF-16BE" => "UTF-16 BE",
        name => name,
    };
    match &encoding.how {
        EncodingReason::Given => format!("{name}, as --encoding says"),
        EncodingReason::Marked => format!("{name}, with a byte order mark"),
        EncodingReason::Guessed { word } => {
            format!("{name}, a guess: is \"{}\" read right? If not, name it with --encoding", escape(word))
        }
        EncodingReason::ZeroBytes | EncodingReason::Valid => name.to_owned(),
    }
}

fn delimiter_name(delimiter: u8) -> String {
    match delimiter {
        b',' => "comma (,)".to_owned(),
        b';' => "semicolon (;)".to_owned(),
        b'\t' => "tab".to_owned(),
        b'|' => "vertical bar (|)".to_owned(),
        other => char::from(other).to_string(),
    }
}

/// What a column is used for.
pub(super) fn column_use(column: &ColumnDecision) -> String {
    let role = match column.role {
        Role::Field(field) => field_use(field),
        Role::PassedOver(field) => format!("kept, not used: another column is the {field}"),
        Role::Overruled(field) => format!("kept, not used: the {field} follows from the ticket type"),
        Role::Extra => "kept: it comes back in the export".to_owned(),
        Role::Dropped => "left out: what was wrong in an earlier round".to_owned(),
    };
    match (column.in_derived_id, column.role) {
        (false, _) => role,
        (true, Role::Extra) => "the id is derived from it".to_owned(),
        (true, _) => role + "; the id is derived from it",
    }
}

/// The name that `--map` knows, and what that isn't enough to know.
fn field_use(field: Field) -> String {
    let more = match field {
        Field::Id | Field::Name | Field::Preset | Field::Picture | Field::Meeting => "",
        Field::FirstName => ", joined with the last name",
        Field::LastName => ", joined with the first name",
        Field::Email | Field::TicketType => ", kept and never sent",
    };
    format!("{field}{more}")
}

/// Whether it is only carried along.
pub(super) fn is_only_kept(column: &ColumnDecision) -> bool {
    column.role == Role::Extra && !column.in_derived_id
}

/// Whether the rows of a roster may be for different meetings.
pub(super) fn names_meetings(file: &FileReport) -> bool {
    let is_meeting = |column: &ColumnDecision| column.role == Role::Field(Field::Meeting);
    file.decisions.columns.iter().any(is_meeting)
}
