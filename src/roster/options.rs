//! How a roster is to be read: what the user may set.

use std::num::NonZeroU64;
use std::sync::Arc;

use crate::model::MeetingId;

use super::dialects::Dialects;
use super::encoding::EncodingLabel;
use super::error::RosterError;
use super::field::Field;
use super::id_key::IdKey;
use super::preset_map::PresetMap;

/// How a roster is to be read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Columns named by hand; they win over the aliases.
    pub mapping: Vec<(Field, String)>,
    /// How the rows are written; `None` finds it out.
    pub format: Option<FormatName>,
    /// The encoding of the text; `None` finds it out.
    pub encoding: Option<EncodingLabel>,
    /// The byte between CSV fields; `None` finds it out.
    pub delimiter: Option<u8>,
    /// The sheet of a workbook, by its name or its number; `None` finds it out. No other roster has one.
    pub sheet: Option<String>,
    /// Where the header is.
    pub header: Header,
    /// The last line of the table; `None`: it goes to the end of the file, or to where its dialect says.
    pub last_line: Option<NonZeroU64>,
    /// Whose list it is.
    pub dialect: DialectChoice,
    /// The dialects that are known.
    pub dialects: Arc<Dialects>,
    /// Who comes, by the status column.
    pub coming: Coming,
    /// The meeting of rows that name none.
    pub default_meeting: DefaultMeeting,
    /// The preset of rows that name none.
    pub default_preset: Option<String>,
    /// The presets by ticket type; the column of the presets isn't read then, and the default is for rows whose ticket
    /// type is empty where the map has no `*`.
    pub preset_map: Option<PresetMap>,
    /// The name of rows that have none: without one nobody can join (cloudflare-typescript#2737).
    pub default_name: String,
    /// Where ids come from.
    pub id_source: IdSource,
    /// The secret that derived ids are made with, if they are not to be computed by others.
    pub id_key: Option<IdKey>,
    /// What two rows for one participant mean.
    pub on_duplicate: OnDuplicate,
    /// Whether ids may look like personal data.
    pub personal_ids: PersonalIds,
    /// What is too large.
    pub caps: Caps,
    /// Whether each row keeps its input record, for the rejected file.
    pub records: Records,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            mapping: Vec::new(),
            format: None,
            encoding: None,
            delimiter: None,
            sheet: None,
            header: Header::Find,
            last_line: None,
            dialect: DialectChoice::Recognise,
            dialects: Dialects::built_in(),
            coming: Coming::Usual,
            default_meeting: DefaultMeeting::Missing,
            default_preset: None,
            preset_map: None,
            default_name: "Guest".to_owned(),
            id_source: IdSource::Column,
            id_key: None,
            on_duplicate: OnDuplicate::Stop,
            personal_ids: PersonalIds::Refuse,
            caps: Caps::default(),
            records: Records::Forget,
        }
    }
}

impl ReadOptions {
    /// Nothing may be said twice of one field.
    pub(super) fn refuse_double_mapping(&self) -> Result<(), RosterError> {
        if self.preset_map.is_some() && self.mapping.iter().any(|(field, _)| *field == Field::Preset) {
            return Err(RosterError::PresetsTwice);
        }
        for (at, (field, _)) in self.mapping.iter().enumerate() {
            let twice = self.mapping[..at].iter().any(|(other, _)| other == field);
            let derived = *field == Field::Id && self.id_source != IdSource::Column;
            if twice || derived {
                return Err(RosterError::MappedTwice { field: *field });
            }
        }
        Ok(())
    }

    /// Whether anything is made of a field, so that a broken value matters.
    pub(super) fn uses(&self, field: Field) -> bool {
        field.is_sent() || (field == Field::TicketType && self.preset_map.is_some())
    }
}

/// A format named by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatName {
    /// Separated values; [`ReadOptions::delimiter`] or the rows say by what.
    Csv,
    /// Values separated by tabs, unless [`ReadOptions::delimiter`] says otherwise.
    Tsv,
    /// One JSON object a line.
    Jsonl,
    /// One JSON array of objects.
    Json,
    /// A workbook of Excel 2007 or later.
    Xlsx,
    /// A workbook of Excel 97 to 2003.
    Xls,
    /// A workbook of LibreOffice.
    Ods,
}

impl FormatName {
    /// Whether it is one of a workbook.
    pub(super) fn is_workbook(self) -> bool {
        match self {
            Self::Csv | Self::Tsv | Self::Jsonl | Self::Json => false,
            Self::Xlsx | Self::Xls | Self::Ods => true,
        }
    }
}

/// Where the header of a table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Header {
    /// It is found by its names.
    Find,
    /// On this line, from 1.
    Line(NonZeroU64),
    /// There is none; these are the names of the columns.
    Names(Vec<String>),
}

/// Whose list a roster is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialectChoice {
    /// It is recognised by its columns, if it is certain.
    Recognise,
    /// Nobody's: only the general names count.
    None,
    /// One of this dialect.
    Named(String),
}

/// Who comes, where a list has a status column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coming {
    /// Whoever the list's dialect says; everybody if nobody's dialect says it.
    Usual,
    /// Everybody.
    Everybody,
    /// Those with one of these values.
    With(Vec<String>),
}

/// The meeting of rows that name none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultMeeting {
    /// This one.
    Given(MeetingId),
    /// There is none: a row has to name its own.
    Missing,
    /// Nobody is going to be added (an offline check): without a meeting column, rows get the nil UUID.
    NotNeeded,
}

impl DefaultMeeting {
    /// Whether every row has to name its own.
    pub(super) fn is_missing(self) -> bool {
        match self {
            Self::Missing => true,
            Self::Given(_) | Self::NotNeeded => false,
        }
    }
}

/// Where a row's `custom_participant_id` comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdSource {
    /// The column of the ids.
    Column,
    /// A UUID of these columns' values; see [`DERIVATION_VERSION`](super::DERIVATION_VERSION) for the rule.
    Derived(Vec<String>),
}

/// What it means that two valid rows name one participant: the same id for the same meeting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnDuplicate {
    /// The later row is invalid.
    #[default]
    Stop,
    /// The first row counts, the later ones are left out.
    First,
    /// The last row counts: its fields win over those of the rows before it.
    Last,
}

/// Whether ids may look like e-mail addresses or phone numbers. Cloudflare forbids personal data there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonalIds {
    /// Such a row is invalid.
    Refuse,
    /// The user takes it upon himself.
    Allow,
}

/// Whether rows keep the input record they were made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Records {
    /// They do.
    Keep,
    /// They don't.
    Forget,
}

/// What is too large: bounds of memory and time, far above any real roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Bytes of one field.
    pub field: usize,
    /// Bytes of one record, JSON line or element of a JSON array.
    pub record: usize,
    /// Columns of a roster, or different keys of all its JSON objects.
    pub columns: usize,
    /// Bytes of a compressed roster after expansion, and of what is spooled from a pipe.
    pub expanded: u64,
    /// What is too large in a workbook.
    pub workbook: WorkbookCaps,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            field: 64 << 10,
            record: 1 << 20,
            columns: 10_000,
            expanded: 4 << 30,
            workbook: WorkbookCaps::DEFAULT,
        }
    }
}

/// What is too large in a workbook, of which more has to be held than of a text: with the defaults, 384 MiB at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkbookCaps {
    /// Bytes of the file.
    pub file: u64,
    /// Bytes of an `.xls`, which is held as a whole.
    pub held_file: u64,
    /// Entries in the zip directory.
    pub entries: u64,
    /// Bytes of one entry once expanded.
    pub part: u64,
    /// Bytes of all entries once expanded.
    pub expanded: u64,
    /// Bytes of the texts that are held: those of the sheet, and those that sheets share.
    pub text: u64,
    /// Different texts that sheets share.
    pub strings: u64,
    /// Cells of a sheet that hold something.
    pub cells: u64,
    /// Rows times columns of a sheet.
    pub area: u64,
    /// Rows times columns of all sheets of an `.xls` or `.ods`, which are held as a whole; and numbers with zeros in
    /// front of any sheet.
    pub held: u64,
    /// Bytes of the texts of such sheets.
    pub held_text: u64,
}

impl WorkbookCaps {
    /// A sheet of 100,000 people and 40 columns, and a tenth of that for the older kinds.
    pub const DEFAULT: Self = Self {
        file: 64 << 20,
        held_file: 32 << 20,
        entries: 10_000,
        part: 256 << 20,
        expanded: 512 << 20,
        text: 64 << 20,
        strings: 1_000_000,
        cells: 4_000_000,
        area: 64_000_000,
        held: 1_000_000,
        held_text: 24 << 20,
    };
}

impl Default for WorkbookCaps {
    fn default() -> Self {
        Self::DEFAULT
    }
}
