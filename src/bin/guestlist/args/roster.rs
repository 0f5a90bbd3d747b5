//! How a roster is read.

use std::num::NonZeroU64;
use std::path::PathBuf;

use guestlist::roster::{EncodingLabel, Field, PresetMap};

use super::OnDuplicate;
use super::parse::{self, Delimiter};

/// Which ones.
#[derive(Debug, clap::Args)]
pub(crate) struct RosterNames {
    /// The rosters: CSV, JSON Lines or a JSON array, also gzip or zstd, or workbooks (.xlsx, .xls, .ods); - for standard
    /// input
    #[arg(value_name = "ROSTER", required = true, help_heading = "Arguments")]
    pub(crate) rosters: Vec<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Roster")]
pub(crate) struct RosterArgs {
    /// The meeting of rows that name none [env: REALTIMEKIT_MEETING_ID]
    #[arg(short, long, value_name = "UUID")]
    pub(crate) meeting: Option<String>,
    /// The preset of rows that name none
    #[arg(short, long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// Take the presets from the ticket types: TICKET=PRESET, and * for all others, such as
    /// 'VIP=webinar_presenter,*=webinar_viewer'; a ticket type with a comma in quotes
    #[arg(long, value_name = "MAP")]
    pub(crate) preset_map: Option<PresetMap>,
    /// The name of rows that have none: without a name nobody can join [default: Guest]
    #[arg(long, value_name = "TEXT")]
    pub(crate) default_name: Option<String>,
    /// Take a field from this column; fields: id, name, first-name, last-name, preset, picture, meeting,
    /// email, ticket-type, status
    #[arg(long = "map", value_name = "FIELD=COLUMN", value_parser = parse::mapping)]
    pub(crate) mapping: Vec<(Field, String)>,
    /// Derive the ids from these columns, for rosters that have no id of their own; upper and lower case and spaces
    /// don't count
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) id_from: Option<Vec<String>>,
    /// Derive them with the secret in this file, which only you can read and have to keep: nobody else can compute
    /// them
    #[arg(long, value_name = "FILE")]
    pub(crate) id_key_file: Option<PathBuf>,
    /// What two rows with one id for one meeting mean [default: stop]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) on_duplicate: Option<OnDuplicate>,
    /// Accept e-mail addresses and phone numbers as ids, although Cloudflare forbids personal data there
    #[arg(long)]
    pub(crate) allow_pii_ids: bool,
    /// How the rows are written [default: found out from the content]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<RosterFormat>,
    /// The encoding of the text, such as utf-8, utf-16, windows-1252 or macintosh [default: found out]
    #[arg(long, value_name = "LABEL")]
    pub(crate) encoding: Option<EncodingLabel>,
    /// The character between fields of CSV, or tab [default: found out]
    #[arg(long, value_name = "CHAR")]
    pub(crate) delimiter: Option<Delimiter>,
    /// The sheet of a workbook, by its name or by its number among the visible ones [default: the first one
    /// with a roster's header]
    #[arg(long, value_name = "NAME|NUMBER")]
    pub(crate) sheet: Option<String>,
    /// Take the roster for a list of this platform, such as luma or eventbrite; none: only what columns are generally
    /// called counts [default: recognised by the columns]
    #[arg(long, value_name = "NAME|none")]
    pub(crate) dialect: Option<String>,
    /// Only those come whose status is one of these values; any: everybody does [default: as the platform says]
    #[arg(long, value_name = "VALUE", value_delimiter = ',')]
    pub(crate) status: Option<Vec<String>>,
    /// The line of the column names [default: found out]
    #[arg(long, value_name = "N")]
    pub(crate) header_line: Option<NonZeroU64>,
    /// The last line of the table; nothing is read after it
    #[arg(long, value_name = "N")]
    pub(crate) last_line: Option<NonZeroU64>,
    /// The roster has no line of column names; --columns names them
    #[arg(long, requires = "columns", conflicts_with = "header_line")]
    pub(crate) no_header: bool,
    /// The columns of a roster without column names, in their order, such as id,name,email
    #[arg(long, value_name = "NAME", value_delimiter = ',', requires = "no_header")]
    pub(crate) columns: Vec<String>,
    /// Write the invalid rows to this file: the input and what is wrong with it
    #[arg(long, value_name = "FILE")]
    pub(crate) rejected: Option<PathBuf>,
    /// Write CSV files as Excel opens them where numbers have decimal commas: with semicolons, and marked as UTF-8
    #[arg(long)]
    pub(crate) excel: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum RosterFormat {
    /// Separated values
    Csv,
    /// Values separated by tabs
    Tsv,
    /// One JSON object a line
    Jsonl,
    /// One JSON array of objects
    Json,
    /// A workbook of Excel 2007 or later (.xlsx, .xlsm)
    Xlsx,
    /// A workbook of Excel 97 to 2003
    Xls,
    /// A workbook of LibreOffice
    Ods,
}
