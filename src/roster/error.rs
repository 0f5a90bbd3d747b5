//! Why a roster can't be read at all, or not to its end.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::model::{Location, escape};

use super::decisions::Compression;
use super::directory::DirectoryUnavailable;
use super::encoding::EncodingLabel;
use super::field::Field;
use super::json_array::ArrayFault;
use super::row_error::cut;
use super::status::LeftOut;
use super::workbook::{self, WorkbookError};

/// Why a roster can't be read at all, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    /// Nothing has that name.
    #[error("{}: there is no such file; give the path of a roster, or - for standard input", escape(.0))]
    NotFound(Arc<str>),
    /// A folder.
    #[error("{}: this is a folder; name the roster files in it", escape(.0))]
    Folder(Arc<str>),
    /// The system refuses to open or to read it.
    #[error("{}: can't be read ({}); check its permissions and its disk", escape(.file), escape(&.source.to_string()))]
    Io {
        /// The roster.
        file: Arc<str>,
        /// What the system says.
        source: io::Error,
    },
    /// Compressed data that doesn't expand.
    #[error("{}: the {compression} data is damaged or cut short; compress or download it again", escape(.file))]
    Damaged {
        /// The roster.
        file: Arc<str>,
        /// What it is wrapped in.
        compression: Compression,
    },
    /// zstd data that needs more memory than there is for it, or a dictionary.
    #[error("{}: this zstd data needs a dictionary or a window above 8 MiB; compress it again without --ultra, --long and -D", escape(.0))]
    UncommonZstd(Arc<str>),
    /// More than [`Caps::expanded`](super::Caps::expanded).
    #[error("{}: larger than {cap} bytes once expanded; split it", escape(.file))]
    TooLarge {
        /// The roster.
        file: Arc<str>,
        /// The cap in bytes.
        cap: u64,
    },
    /// Not a byte of text in it.
    #[error("{}: the file is empty; export the roster again", escape(.0))]
    Empty(Arc<str>),
    /// A header and no rows.
    #[error("{}: there is a header but no row; export the roster again", escape(.0))]
    NoRows(Arc<str>),
    /// A JSON array without an element.
    #[error("{}: the JSON array is empty; export the roster again", escape(.0))]
    EmptyArray(Arc<str>),
    /// A JSON array that is none.
    #[error("{location}: {fault}")]
    BadArray {
        /// Where.
        location: Location,
        /// What is wrong with it.
        fault: ArrayFault,
    },
    /// Something that isn't a text file.
    #[error("{}: this is {what}, not CSV, JSON or a workbook; {way_out}", escape(.file))]
    Foreign {
        /// The roster.
        file: Arc<str>,
        /// What it is.
        what: &'static str,
        /// What to do.
        way_out: &'static str,
    },
    /// A byte order mark, or the zero bytes of UTF-16, where another encoding was named by hand.
    #[error("{}: --encoding says {given}, but the file is {found}, as its first bytes show; leave --encoding out", escape(.file))]
    EncodingContradicted {
        /// The roster.
        file: Arc<str>,
        /// What was named.
        given: EncodingLabel,
        /// What it is.
        found: &'static str,
    },
    /// Bytes that are nothing in the encoding.
    #[error(
        "{location}: {bytes} (byte {place} of the text) is nothing in {encoding}; the file is damaged, or in another encoding: save it as \"CSV UTF-8\", or name its encoding with --encoding"
    )]
    Undecodable {
        /// Where.
        location: Location,
        /// The encoding.
        encoding: &'static str,
        /// The bytes, as `0xD8 0x3D`.
        bytes: String,
        /// Which byte of the expanded file the first of them is, from 1.
        place: u64,
    },
    /// Not UTF-8, and nothing else in which its words would be words.
    #[error("{location}: \"{}\" is not UTF-8, and it can't be told which encoding it is; save the roster as \"CSV UTF-8\", or name its encoding with --encoding, for example windows-1252 or macintosh", escape(.word))]
    UntoldEncoding {
        /// Where.
        location: Location,
        /// The word, its bytes as `\xfc`.
        word: String,
    },
    /// A workbook that can't be read.
    #[error("{}: {source}", escape(.file))]
    Workbook {
        /// The roster.
        file: Arc<str>,
        /// Why.
        source: WorkbookError,
    },
    /// A workbook whose roster is on a hidden sheet, which is read only if it is asked for.
    #[error("{}: {}; take one of them with --sheet NAME", escape(.file), workbook::hidden_sheets(.sheet.as_deref(), .hidden))]
    HiddenSheets {
        /// The roster.
        file: Arc<str>,
        /// The visible sheet that was read, if one holds a table.
        sheet: Option<Arc<str>>,
        /// The hidden ones.
        hidden: Vec<Arc<str>>,
    },
    /// It was said to be a workbook.
    #[error("{}: --format says that this is a workbook, and it is none; leave --format out", escape(.0))]
    NoWorkbook(Arc<str>),
    /// A sheet was asked for of something that has none.
    #[error("{}: --sheet is for workbooks, and this is none; leave it out", escape(.0))]
    SheetOfText(Arc<str>),
    /// NUL bytes amid the rows.
    #[error(
        "{0}: a NUL byte, which no text has; the file is damaged or not text: export it again as CSV UTF-8"
    )]
    Nul(Location),
    /// The header isn't UTF-8.
    #[error(
        "{0}: the header is not UTF-8; save the roster as \"CSV UTF-8\", or name its encoding with --encoding"
    )]
    HeaderNotUtf8(Location),
    /// The header is larger than a record may be.
    #[error("{0}: the header is too large, or has too many columns; is this a roster, with one row a line?")]
    HeaderTooLarge(Location),
    /// More columns than [`Caps::columns`](super::Caps::columns).
    #[error("{location}: more than {cap} columns; remove those that aren't needed")]
    TooManyColumns {
        /// Where.
        location: Location,
        /// The cap.
        cap: usize,
    },
    /// The file ends within quotes: all rows from there on are one field.
    #[error(
        "{0}: a quote opened in this row is never closed, so that it swallows the rest of the file; close it"
    )]
    UnclosedQuote(Location),
    /// Text after a closing quote in the header.
    #[error(
        "{0}: text after a closing quote in the header; close the quote before it, or write quotes within quotes twice"
    )]
    HeaderBadQuote(Location),
    /// No column for the ids.
    #[error("{}: no column holds the ids; columns: {}; {no_id}", escape(.file), list(.columns))]
    NoIdColumn {
        /// The roster.
        file: Arc<str>,
        /// The columns that there are.
        columns: Vec<Arc<str>>,
        /// What is known of it.
        no_id: NoId,
    },
    /// The status was to decide, and no column holds it.
    #[error("{}: no column holds the status that --status goes by; columns: {}; name it with --map status=COLUMN",
        escape(.file), list(.columns))]
    NoStatusColumn {
        /// The roster.
        file: Arc<str>,
        /// The columns that there are.
        columns: Vec<Arc<str>>,
    },
    /// Every row was left out by its status.
    #[error("{}: nobody comes: {} left out by the column \"{}\" ({}); only {} counts as coming; name others with --status VALUE,VALUE, or take everybody with --status any",
        escape(.file), rows_are(.left_out.total()), escape(.column), statuses(.left_out), alternatives(.coming))]
    NobodyComes {
        /// The roster.
        file: Arc<str>,
        /// The status column.
        column: Arc<str>,
        /// The rows by their status.
        left_out: LeftOut,
        /// The values that count.
        coming: Vec<String>,
    },
    /// No dialect has that name.
    #[error("there is no dialect \"{}\"; the dialects are {}; none switches them off", escape(.wanted), .known.join(", "))]
    NoSuchDialect {
        /// The name that was given.
        wanted: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// Something was said about the lines of a table, and the roster is none.
    #[error("{}: these are JSON objects, which have keys instead of a header; leave out --header-line, --last-line, --no-header and --columns", escape(.0))]
    NotATable(Arc<str>),
    /// The line that was named for the header isn't there, or has nothing on it.
    #[error(
        "{0}: there is nothing on this line, which --header-line names; give the line of the column names"
    )]
    NoHeaderLine(Location),
    /// A roster that was said to have no header has one.
    #[error(
        "{0}: this line holds column names, although --no-header says that there are none; leave out --no-header and --columns"
    )]
    HeaderAfterAll(Location),
    /// Another table in the same file.
    #[error("{location}: another table begins here, with the columns {}; say which one is the roster: --header-line N names the line of its column names, --last-line N the last line of its rows",
        list(.columns))]
    AnotherTable {
        /// Where its header is.
        location: Location,
        /// Its columns.
        columns: Vec<Arc<str>>,
    },
    /// No column for the presets and no default.
    #[error("{}: no column holds the presets; columns: {}; set one for all with --preset, or name the column with --map preset=COLUMN",
        escape(.file), list(.columns))]
    NoPresetColumn {
        /// The roster.
        file: Arc<str>,
        /// The columns that there are.
        columns: Vec<Arc<str>>,
    },
    /// No column for the ticket types, from which the presets are to follow.
    #[error("{}: no column holds the ticket types, which --preset-map needs; columns: {}; name it with --map ticket-type=COLUMN",
        escape(.file), list(.columns))]
    NoTicketColumn {
        /// The roster.
        file: Arc<str>,
        /// The columns that there are.
        columns: Vec<Arc<str>>,
    },
    /// The presets are to come from a column and from the ticket types.
    #[error("the presets are named twice, by --map preset and by --preset-map; keep one of the two")]
    PresetsTwice,
    /// The map of the presets names some that the app doesn't have.
    #[error("{}", unknown_presets(.0))]
    UnknownMappedPresets(Vec<UnknownPreset>),
    /// No column for the meetings and no default.
    #[error("{}: no column holds the meetings; columns: {}; set one for all with --meeting, or name the column with --map meeting=COLUMN",
        escape(.file), list(.columns))]
    NoMeetingColumn {
        /// The roster.
        file: Arc<str>,
        /// The columns that there are.
        columns: Vec<Arc<str>>,
    },
    /// A column named by hand isn't there.
    #[error("{}: there is no column \"{}\"; columns: {}", escape(.file), escape(.wanted), list(.columns))]
    NoSuchColumn {
        /// The roster.
        file: Arc<str>,
        /// The name that was given.
        wanted: String,
        /// The columns that there are.
        columns: Vec<Arc<str>>,
    },
    /// A column named by hand is there more than once.
    #[error("{}: more than one column is \"{}\"; rename one of them", escape(.file), escape(.wanted))]
    AmbiguousColumn {
        /// The roster.
        file: Arc<str>,
        /// The name that was given.
        wanted: String,
    },
    /// More than one column was named for a field.
    #[error("{field} is named more than once by --map or --id-from; name one source for each field")]
    MappedTwice {
        /// The field.
        field: Field,
    },
    /// A delimiter that CSV uses for something else, or that isn't ASCII.
    #[error("{:?} can't be the delimiter; use , ; | or a tab", char::from(*.0))]
    BadDelimiter(u8),
    /// It is not the file any more that was opened.
    #[error("{}: the roster was changed while it was being read; run again when it is complete", escape(.0))]
    Changed(Arc<str>),
    /// The API couldn't say what a row needs.
    #[error(transparent)]
    Directory(#[from] DirectoryUnavailable),
    /// A temporary file failed.
    #[error("a temporary file can't be used ({}); check the space in the system's temporary folder (TMPDIR)", escape(&.0.to_string()))]
    Temporary(#[source] io::Error),
}

/// A preset of a [`PresetMap`](super::PresetMap) that the app doesn't have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownPreset {
    /// The ticket type.
    pub ticket: String,
    /// The preset.
    pub preset: String,
    /// The preset that was probably meant.
    pub did_you_mean: Option<String>,
}

fn unknown_presets(unknown: &[UnknownPreset]) -> String {
    let one = |unknown: &UnknownPreset| {
        let meant = unknown.did_you_mean.as_ref().map(|name| format!("; did you mean \"{}\"?", escape(name)));
        format!(
            "no such preset: \"{}\", which the preset map names for the ticket type \"{}\"{}",
            escape(&cut(&unknown.preset)),
            escape(&cut(&unknown.ticket)),
            meant.unwrap_or_else(|| "; use a preset of the app".to_owned())
        )
    };
    unknown.iter().map(one).collect::<Vec<_>>().join("\n  ")
}

/// Why a roster has no column for the ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoId {
    /// None of its columns is known to be one.
    Unnamed {
        /// The flag that derives ids, if it is known which columns are good for that.
        derive: Option<String>,
    },
    /// Nothing in its header is known: perhaps it is none.
    NoHeader,
    /// Its platform has none.
    OfDialect {
        /// What a person calls such a list.
        title: String,
        /// The flag that derives ids, if it is known which columns are good for that.
        derive: Option<String>,
    },
}

impl fmt::Display for NoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flag = |derive: &Option<String>, otherwise| escape(derive.as_deref().unwrap_or(otherwise));
        match self {
            Self::Unnamed { derive } => {
                let derive = flag(derive, "--id-from COLUMN");
                write!(f, "name it with --map id=COLUMN, or derive ids with {derive}")
            }
            Self::NoHeader => f.write_str(
                "name it with --map id=COLUMN, or derive ids with --id-from COLUMN; if the column names stand further \
                 down, name their line with --header-line N; if there are none, name the columns with --no-header \
                 --columns id,name,…",
            ),
            Self::OfDialect { title, derive } => {
                let derive = flag(derive, "--id-from COLUMN,COLUMN");
                write!(f, "a list like this ({}) has none: derive ids with {derive}", escape(title))
            }
        }
    }
}

fn rows_are(rows: u64) -> String {
    if rows == 1 { "the one row is".to_owned() } else { format!("all {rows} rows are") }
}

fn alternatives(coming: &[String]) -> String {
    coming.iter().map(|value| status(value)).collect::<Vec<_>>().join(" or ")
}

fn statuses(left_out: &LeftOut) -> String {
    let mut text: Vec<_> =
        left_out.values.iter().map(|(value, rows)| format!("{} {rows}", status(value))).collect();
    if left_out.others > 0 {
        text.push(format!("others {}", left_out.others));
    }
    text.join(", ")
}

fn status(value: &str) -> String {
    if value.trim().is_empty() { "(blank)".to_owned() } else { escape(&cut(value)) }
}

/// The columns, as a person looks them up.
fn list(columns: &[Arc<str>]) -> String {
    const SHOWN: usize = 40;
    let mut text = columns.iter().take(SHOWN).map(|name| escape(&cut(name))).collect::<Vec<_>>().join(", ");
    if columns.len() > SHOWN {
        text.push_str(&format!(" and {} more", columns.len() - SHOWN));
    }
    text
}
