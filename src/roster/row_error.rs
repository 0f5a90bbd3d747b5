//! What is wrong with a row: where, in which column, which value, and what to do.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::model::{Location, escape};

/// Longest part of a value that an error keeps, in bytes.
const MAX_VALUE: usize = 120;

/// One problem of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// The file and the line that the row begins on.
    pub location: Location,
    /// The column, if it is about one.
    pub column: Option<Column>,
    /// The value as it came, cut if it is long; not yet safe to print.
    pub value: Option<String>,
    /// What is wrong.
    pub code: RowErrorCode,
    /// What to do; not yet safe to print.
    pub hint: Cow<'static, str>,
}

/// A column of a roster, or a key of its JSON objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// From 1; for JSON keys in the order in which they first appeared.
    pub index: usize,
    /// As the header names it; may be empty.
    pub name: Arc<str>,
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.trim().is_empty() {
            return write!(f, "column {}", self.index);
        }
        f.write_str(&escape(&self.name))
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.location)?;
        match (&self.column, &self.value) {
            (Some(column), Some(value)) => write!(f, "{column} \"{}\": ", escape(value))?,
            (Some(column), None) => write!(f, "{column}: ")?,
            (None, Some(value)) => write!(f, "\"{}\": ", escape(value))?,
            (None, None) => {}
        }
        write!(f, "{}; {}", self.code.what(), escape(&self.hint))
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $name:literal, $what:literal, $hint:literal;)*) => {
        /// What can be wrong with a row. The names are stable: programs may rely on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum RowErrorCode { $($(#[$doc])* $code,)* }

        impl RowErrorCode {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// The stable name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            /// What is wrong, for a person.
            pub fn what(self) -> &'static str {
                match self { $(Self::$code => $what,)* }
            }

            /// What to do, unless the row tells more.
            pub(super) fn hint(self) -> &'static str {
                match self { $(Self::$code => $hint,)* }
            }
        }
    };
}

codes! {
    /// No id, or none of the columns that it is derived from has a value.
    MissingId = "missing-id", "no id", "give each person an id of your own, or derive one with --id-from";
    /// An id with control or invisible characters.
    IdControlCharacter = "id-control-character", "the id holds a control or invisible character", "remove it";
    /// An id that is an e-mail address.
    IdEmail = "id-email", "the id is an e-mail address, and an id must not be personal data",
        "use an internal id, derive one with --id-from, or insist with --allow-pii-ids";
    /// An id that is a phone number.
    IdPhone = "id-phone", "the id is a phone number, and an id must not be personal data",
        "use an internal id, derive one with --id-from, or insist with --allow-pii-ids";
    /// An id above [`MAX_ID_CHARS`](super::MAX_ID_CHARS).
    IdTooLong = "id-too-long", "the id is longer than 256 characters", "use a shorter one, or derive one with --id-from";
    /// A number that a spreadsheet has rounded to its E notation.
    IdRounded = "id-rounded", "a spreadsheet has rounded this id",
        "format the column as text in the original and export it again: the lost digits can't be restored";
    /// An id in a cell that holds a date.
    IdDate = "id-date", "this id is a date: a spreadsheet makes dates of what looks like one",
        "format the column as text in the original, type the id again, and export it again";
    /// An id in a cell that shows its number with text or marks amid its digits.
    IdShownOtherwise = "id-shown-otherwise", "the sheet shows this number with other signs in it, so that it isn't the id that people see",
        "turn the column into text as it is shown (=TEXT(…) in Excel), or name another one with --map id=COLUMN";
    /// The same id twice for one meeting.
    DuplicateId = "duplicate-id", "the same id twice for one meeting",
        "keep one of the rows, or choose with --on-duplicate";
    /// A name with control characters.
    NameControlCharacter = "name-control-character", "the name holds a line break or another control character",
        "remove it; if the value goes on over several rows, a quote isn't closed";
    /// No preset, and no default.
    MissingPreset = "missing-preset", "no preset", "fill it in, or set one for all such rows with --preset";
    /// A ticket type that the preset map has no entry for.
    UnmappedTicket = "unmapped-ticket", "no preset is named for this ticket type",
        "add it to --preset-map, or *=PRESET for all that aren't named";
    /// A preset that the app doesn't have.
    UnknownPreset = "unknown-preset", "no such preset", "use a preset of the app";
    /// A preset with control characters.
    PresetControlCharacter = "preset-control-character", "the preset's name holds a control or invisible character",
        "remove it";
    /// A picture that is no absolute http(s) URL.
    BadPicture = "bad-picture", "not an absolute http or https URL", "give a full URL such as https://example.com/a.png, or leave it empty";
    /// A meeting id that is no UUID.
    BadMeetingId = "bad-meeting-id", "not a meeting id", "a meeting id is a UUID such as 3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b";
    /// No meeting, and no default.
    MissingMeeting = "missing-meeting", "no meeting", "fill it in, or set one for all such rows with --meeting";
    /// A meeting that the app doesn't have.
    UnknownMeeting = "unknown-meeting", "no such meeting", "check the id, the account and the app";
    /// A meeting that nobody can join.
    InactiveMeeting = "inactive-meeting", "the meeting is inactive: nobody can join it", "activate it, or name another one";
    /// Bytes that are no UTF-8.
    NotUtf8 = "not-utf8", "not UTF-8",
        "save the roster as \"CSV UTF-8\", or name its encoding with --encoding";
    /// A cell with an error such as `#N/A`.
    CellError = "cell-error", "the cell holds an error, not a value", "mend its formula, or type the value";
    /// U+FFFD in an id or a name.
    Damaged = "damaged-text", "some program has replaced a character by \u{fffd}, so that it is lost",
        "type the value again, or export the list again from where it is whole";
    /// A formula in a workbook without a result.
    FormulaEmpty = "formula-empty", "no result is stored for this formula",
        "open the workbook in Excel or LibreOffice and save it, so that it is calculated";
    /// A field above the cap.
    FieldTooLarge = "field-too-large", "the field is too large", "shorten it; if it goes on over several rows, a quote isn't closed";
    /// A record above the cap.
    RecordTooLarge = "record-too-large", "the row is too large", "shorten it; if it swallows the following rows, a quote isn't closed";
    /// More or fewer fields than the header has.
    RaggedRow = "ragged-row", "not as many fields as the header has", "check the row for a missing or a surplus delimiter or quote";
    /// The header once more amid the rows.
    HeaderAgain = "header-again", "these are the column names once more", "remove this line";
    /// One filled cell, and it names nobody.
    LoneCell = "lone-cell", "only one cell is filled, as of a total or a note: no name and no e-mail address",
        "remove the row, end the table before it with --last-line N, or leave it out with --on-invalid skip; if it is a person, give them a name";
    /// A word and numbers, and they name nobody.
    Total = "total", "a word and numbers, as of a total: no name, no e-mail address, and an id unlike those of the others",
        "remove the row, end the table before it with --last-line N, or leave it out with --on-invalid skip; if it is a person, give them a name";
    /// A row of a narrower table, after a blank line.
    OtherShape = "other-shape", "after a blank line, fewer fields are filled than in the table: another table, or a note",
        "remove the row, end the table before it with --last-line N, or leave it out with --on-invalid skip; if it is a person, remove the blank line";
    /// Text after a closing quote.
    BadQuote = "bad-quote", "text after a closing quote",
        "write a quote within quotes twice; if the row swallows the following ones, a quote before it isn't closed";
    /// No JSON.
    BadJson = "bad-json", "not valid JSON", "write each person as one JSON object";
    /// JSON, but no object.
    JsonNotObject = "json-not-object", "not a JSON object", "write each person as one JSON object";
    /// JSON nested too deeply.
    JsonTooDeep = "json-too-deep", "nested too deeply", "at most 100 levels are read";
    /// A JSON value of another type than its field.
    JsonWrongType = "json-wrong-type", "a value of the wrong type", "write it as a string";
}

impl fmt::Display for RowErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Collects the problems of one row.
pub(super) struct Problems<'a> {
    pub(super) errors: &'a mut Vec<RowError>,
    pub(super) file: &'a Arc<str>,
    pub(super) line: u64,
    pub(super) names: &'a [Arc<str>],
}

impl Problems<'_> {
    /// A problem of the row as a whole.
    pub(super) fn row(&mut self, code: RowErrorCode, hint: Option<String>) {
        self.push(None, None, code, hint);
    }

    /// A problem of one column, which may be known by its default only.
    pub(super) fn cell(
        &mut self,
        column: Option<usize>,
        value: Option<&str>,
        code: RowErrorCode,
        hint: Option<String>,
    ) {
        let column = column.map(|at| Column { index: at + 1, name: self.name(at) });
        self.push(column, value.map(cut), code, hint);
    }

    /// Whether this column has a problem already: one is enough.
    pub(super) fn has(&self, column: usize) -> bool {
        self.errors.iter().any(|e| e.column.as_ref().is_some_and(|c| c.index == column + 1))
    }

    fn name(&self, column: usize) -> Arc<str> {
        self.names.get(column).map_or_else(|| Arc::from(""), Arc::clone)
    }

    fn push(
        &mut self,
        column: Option<Column>,
        value: Option<String>,
        code: RowErrorCode,
        hint: Option<String>,
    ) {
        let location = Location { file: Arc::clone(self.file), line: self.line };
        let hint = hint.map_or(Cow::Borrowed(code.hint()), Cow::Owned);
        self.errors.push(RowError { location, column, value, code, hint });
    }
}

/// The beginning of a value, so that a hostile roster's errors stay small.
pub(super) fn cut(value: &str) -> String {
    if value.len() <= MAX_VALUE {
        return value.to_owned();
    }
    let start = (0..=MAX_VALUE).rev().find_map(|end| value.get(..end)).unwrap_or_default();
    format!("{start}…")
}

/// Bytes that may not be UTF-8: what is, as it is, the others as `\xfc`.
pub(super) fn legible(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().escape_ascii().map(char::from));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_names_of_their_own() {
        let mut names: Vec<&str> = RowErrorCode::ALL.iter().map(|code| code.name()).collect();
        assert!(
            names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b == b'8'))
        );
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RowErrorCode::ALL.len());
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        assert_eq!(cut(&"ä".repeat(60)).chars().count(), 60);
        assert_eq!(cut(&format!("a{}", "ä".repeat(60))), format!("a{}…", "ä".repeat(59)));
    }
}
