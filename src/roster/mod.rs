//! Bytes to participants: a roster is decoded, split into rows, its columns mapped to fields, and every row checked.
//!
//! ```text
//! RosterSource ─ input (compression, caps, signatures) ─ decoded ─▶ csv_records ─▶ columns ─▶ status ─▶ validate ─▶ RosterRow
//!                └ workbook                                         json_lines                          └▶ RowError ─▶ report,
//!                                                                   json_array                                         RejectedWriter
//!         delimiter, table, dialects: where in it the table is, and whose list it is
//! ```
//! [`Reader`] streams in memory that doesn't grow with the roster; what a row may weigh is bounded by [`Caps`].
//! Nothing here asks the network: what only the API knows comes through a [`Directory`].
//!
//! # The rules
//! * Text is UTF-8, UTF-16 (by its byte order mark or its zero bytes), or of an encoding whose letters make words;
//!   bytes that are nothing in it are an error with line and place. Names are sent in NFC, ids as they are.
//! * The header is the first line that isn't empty, unless it is certain that other lines come before it. Its cells are
//!   matched to [`Field`]s by the list's [`Dialect`], if it is recognised for certain, and by a table of aliases, with
//!   case, spaces and punctuation folded. What matches nothing is kept and carried along.
//! * Nothing after the table is taken for people: a dialect knows the titles of what follows it; another header is an
//!   error. Rows of people who don't come, by their status, are left out and counted.
//! * Cells are trimmed; a `'` before a formula character is taken away ([`formula`]). A line whose cells are all
//!   empty is no row.
//! * With a [`PresetMap`] the preset follows from the ticket type, and a column of presets isn't read.
//! * In JSON Lines, and in a JSON array, the keys of the objects are the columns. An object with the same key twice is
//!   refused.
//! * A sheet of a workbook is read like CSV; its module has the rules for cells and sheets.

mod check;
mod columns;
mod compression;
mod csv_bytes;
mod csv_records;
mod csv_rows;
mod decisions;
mod decoded;
mod delimiter;
mod dialect;
mod dialects;
mod directory;
mod duplicates;
mod encoding;
mod error;
mod field;
mod filling;
mod foreign;
pub mod formula;
mod guess;
mod id;
mod id_key;
mod input;
mod json_array;
mod json_lines;
mod json_rows;
mod normal;
mod options;
mod person;
mod picture;
mod preset_map;
mod reader;
mod records;
mod rejected;
mod row;
mod row_error;
mod source;
mod spoiled;
mod status;
mod stray;
mod table;
#[cfg(test)]
mod tests;
mod transcoder;
mod validate;
mod watch;
mod workbook;

pub use check::{CheckEvent, CheckReport, FileReport, check};
pub use columns::Role;
pub use decisions::{ColumnDecision, Compression, Decisions, Format, StatusDecision};
pub use dialect::{Buyer, Dialect, InvalidDialect};
pub use dialects::Dialects;
pub use directory::{
    Directory, DirectoryUnavailable, MeetingStanding, Offline, PresetStanding, near_miss, verify_preset_map,
};
pub use encoding::{EncodingLabel, EncodingReason, TextEncoding, UnknownEncoding};
pub use error::{NoId, RosterError, UnknownPreset};
pub use field::{Field, UnknownField};
pub use id::{DERIVATION_NAMESPACE, DERIVATION_VERSION, MAX_ID_CHARS};
pub use id_key::{IdKey, ShortIdKey};
pub use json_array::ArrayFault;
pub use options::{
    Caps, Coming, DefaultMeeting, DialectChoice, FormatName, Header, IdSource, OnDuplicate, PersonalIds,
    ReadOptions, Records, WorkbookCaps,
};
pub use person::Person;
pub use preset_map::{InvalidPresetMap, PresetMap, TicketRows};
pub use reader::{Read, Reader};
pub use rejected::{RejectedError, RejectedStyle, RejectedWriter};
pub use row::{Batch, Record, RejectedRow, RosterRow};
pub use row_error::{Column, RowError, RowErrorCode};
pub use source::RosterSource;
pub use status::LeftOut;
pub use workbook::{SheetDecision, WorkbookError, WorkbookKind, panics_are_caught};
