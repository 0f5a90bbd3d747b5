//! Why a workbook can't be read.

use std::io;
use std::sync::Arc;

use crate::model::escape;

/// What to do about a workbook that can't be read as it is.
const WAY_OUT: &str =
    "open it in Excel or LibreOffice and save it again, or export the sheet as \"CSV UTF-8\"";

/// Why a workbook can't be read.
#[derive(Debug, thiserror::Error)]
pub enum WorkbookError {
    /// The system refuses to read it.
    #[error("can't be read ({}); check its permissions and its disk", escape(&.0.to_string()))]
    Io(#[source] io::Error),
    /// It isn't what its kind of file is.
    #[error("the workbook is damaged, or not written as Excel writes it ({}); {WAY_OUT}", escape(.0))]
    Damaged(String),
    /// Something else that comes in the same container.
    #[error("this is {what}; {way_out}")]
    Foreign {
        /// What it is.
        what: &'static str,
        /// What to do.
        way_out: &'static str,
    },
    /// Encrypted.
    #[error("the workbook is protected with a password; open it, take the password away, and save it again")]
    Password,
    /// More than [`WorkbookCaps`](crate::roster::WorkbookCaps) allow.
    #[error("the workbook has more than {cap} {what}; split it, or export the sheet as \"CSV UTF-8\"")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// The cap.
        cap: u64,
    },
    /// No sheet holds rows.
    #[error("no sheet holds a table; export the roster again")]
    NoTable,
    /// No visible sheet holds rows; these are hidden.
    #[error("{}", hidden_sheets(None, .0))]
    OnlyHidden(Vec<Arc<str>>),
    /// No sheet has the name or number that was asked for.
    #[error("there is no sheet \"{}\"; {}sheets: {}", escape(.wanted), near(.did_you_mean.as_deref()), list(.sheets))]
    NoSuchSheet {
        /// What was asked for.
        wanted: String,
        /// The sheets that there are, hidden ones included.
        sheets: Vec<Arc<str>>,
        /// The one that was probably meant.
        did_you_mean: Option<Arc<str>>,
    },
    /// A chart, a macro sheet or a dialog was asked for.
    #[error("the sheet \"{}\" is a chart or a macro sheet and holds no rows; sheets: {}", escape(.sheet), list(.sheets))]
    NotAWorksheet {
        /// What was asked for.
        sheet: Arc<str>,
        /// The sheets that hold cells.
        sheets: Vec<Arc<str>>,
    },
    /// The sheet that was asked for holds nothing.
    #[error("the sheet \"{}\" is empty; name another one with --sheet: {}", escape(.sheet), list(.sheets))]
    EmptySheet {
        /// What was asked for.
        sheet: Arc<str>,
        /// The sheets that there are.
        sheets: Vec<Arc<str>>,
    },
}

impl WorkbookError {
    /// Something in the file that isn't as it should be.
    #[expect(clippy::needless_pass_by_value, reason = "so that it can be given to map_err")]
    pub(super) fn damaged(reason: impl ToString) -> Self {
        Self::Damaged(reason.to_string())
    }

    /// What an error of reading the file, or of expanding it, means.
    pub(super) fn of_io(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(ours) => ours,
            Err(error) => match error.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
                    Self::damaged(error)
                }
                _ => Self::Io(error),
            },
        }
    }
}

/// `"Guests", "Staff"`.
fn list(sheets: &[Arc<str>]) -> String {
    const SHOWN: usize = 20;
    let quoted = |name: &Arc<str>| format!("\"{}\"", escape(name));
    let mut text = sheets.iter().take(SHOWN).map(quoted).collect::<Vec<_>>().join(", ");
    if sheets.len() > SHOWN {
        text.push_str(&format!(" and {} more", sheets.len() - SHOWN));
    }
    text
}

fn near(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!("did you mean \"{}\"? ", escape(name)))
}

/// Where a roster may be, after a look at the visible sheets, or at this one of them.
pub(in crate::roster) fn hidden_sheets(read: Option<&str>, hidden: &[Arc<str>]) -> String {
    let found = read.map_or("no visible sheet holds a table; hidden sheets".to_owned(), |sheet| {
        format!("the sheet \"{}\" holds no roster; hidden sheets that look like one", escape(sheet))
    });
    format!("{found}: {}", list(hidden))
}
