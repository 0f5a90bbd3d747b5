//! What was decided about a roster, for people: one list that the terminal and the page show alike, so that a new
//! decision is a line here.

use std::sync::Arc;

use guestlist::model::escape;
use guestlist::roster::{
    ColumnDecision, Compression, Decisions, EncodingReason, Field, FileReport, Format, LeftOut, Role,
    SheetDecision, StatusDecision, TextEncoding,
};

use super::text::{count, rows};

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
            decided.push(("header", header("line", *header_line)));
        }
        Format::Workbook(sheet) => {
            decided.extend(sheets(sheet));
            decided.push(("header", header("row", sheet.header_line)));
            decided.extend(uncalculated(sheet));
        }
        Format::JsonLines | Format::JsonArray => {}
    }
    decided.extend(found(file));
    decided.push(("rows", count(file.rows)));
    decided.into_iter().map(|(what, how)| Decided { what, how }).collect()
}

/// Whose list it is, what of it isn't read, and who of it comes: as far as there is something to say.
fn found(file: &FileReport) -> Vec<(&'static str, String)> {
    let decisions = &file.decisions;
    let dialect = decisions
        .dialect
        .as_ref()
        .map(|dialect| format!("{} (another: --dialect NAME; none: --dialect none)", escape(&dialect.title)));
    let status = decisions.status.as_ref().map(|status| coming(status, &file.not_coming));
    let found = [("recognised as", dialect), ("not read", not_read(decisions)), ("who comes", status)];
    found.into_iter().filter_map(|(what, how)| Some((what, how?))).collect()
}

/// What was guessed or chosen, in one line, if there is anything to say.
pub(super) fn roster_note(file: &FileReport) -> Option<String> {
    let chosen = guessed(&file.decisions).into_iter().chain(found(file));
    let chosen: Vec<_> = chosen.map(|(what, how)| format!("{what}: {how}")).collect();
    (!chosen.is_empty()).then(|| format!("{}: {}", escape(&file.decisions.file), chosen.join("; ")))
}

/// An encoding by its words, and one sheet of several: nobody has said that it is this one.
fn guessed(decisions: &Decisions) -> Vec<(&'static str, String)> {
    let guessed = decisions.encoding.as_ref().filter(|it| matches!(it.how, EncodingReason::Guessed { .. }));
    let mut lines: Vec<_> = guessed.map(|it| ("encoding", encoding(it))).into_iter().collect();
    if let Format::Workbook(sheet) = &decisions.format
        && !(sheet.asked || sheet.others.is_empty() && sheet.hidden.is_empty())
    {
        lines.extend(sheets(sheet));
    }
    lines
}

/// What comes before the table, and after it.
fn not_read(decisions: &Decisions) -> Option<String> {
    let (unit, header_line) = match &decisions.format {
        Format::Csv { header_line, .. } => ("line", *header_line),
        Format::Workbook(sheet) => ("row", sheet.header_line),
        Format::JsonLines | Format::JsonArray => return None,
    };
    let before = header_line.filter(|line| *line > 1);
    let before = before.map(|line| format!("what comes before {unit} {}", count(line)));
    let after = decisions.ends_before.map(|line| format!("what comes from {unit} {} on", count(line)));
    let both: Vec<_> = [before, after].into_iter().flatten().collect();
    (!both.is_empty()).then(|| both.join(", and "))
}

fn header(unit: &str, line: Option<u64>) -> String {
    line.map_or_else(|| "none; --columns names the columns".to_owned(), |line| format!("{unit} {line}"))
}

fn coming(status: &StatusDecision, left_out: &LeftOut) -> String {
    let column = escape(&status.column);
    let Some(coming) = &status.coming else {
        return format!(
            "everybody: nobody is left out by the column {column} (--status VALUE,VALUE does so)"
        );
    };
    let values: Vec<_> = coming.iter().map(|value| status_name(value)).collect();
    let who = format!("only those whose {column} is {}", values.join(" or "));
    match left_out.total() {
        0 => format!("{who}: all of them"),
        total => format!("{who}; left out: {} ({})", rows(total), statuses(left_out)),
    }
}

/// `invited 600, declined 128`, the most first.
pub(super) fn statuses(left_out: &LeftOut) -> String {
    let mut values: Vec<_> = left_out.values.iter().collect();
    values.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    let one = |(value, rows): &(String, u64)| format!("{} {}", status_name(value), count(*rows));
    let others = (left_out.others > 0).then(|| format!("others {}", count(left_out.others)));
    values.into_iter().map(one).chain(others).collect::<Vec<_>>().join(", ")
}

fn status_name(value: &str) -> String {
    if value.trim().is_empty() { "(blank)".to_owned() } else { escape(value) }
}

/// Which sheet, and which others there are.
fn sheets(sheet: &SheetDecision) -> Vec<(&'static str, String)> {
    let named = |names: &[Arc<str>]| {
        let shown: Vec<_> =
            names.iter().take(MOST_NAMES).map(|name| format!("\"{}\"", escape(name))).collect();
        let more = names.len().saturating_sub(MOST_NAMES);
        shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
    };
    let mut lines = vec![("sheet", format!("\"{}\"", escape(&sheet.sheet)))];
    if !sheet.others.is_empty() {
        lines.push(("other sheets", format!("{}: not read; take one with --sheet", named(&sheet.others))));
    }
    if !sheet.hidden.is_empty() {
        lines.push(("hidden sheets", format!("{}: not read", named(&sheet.hidden))));
    }
    lines
}

/// What is missing in a sheet.
fn uncalculated(sheet: &SheetDecision) -> Option<(&'static str, String)> {
    let how = "have no stored result; open and save the workbook in Excel or LibreOffice";
    (sheet.uncalculated > 0).then(|| ("formulas", format!("{} {how}", count(sheet.uncalculated as u64))))
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
        Field::Email | Field::TicketType | Field::Status => ", kept and never sent",
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
