//! A row as it leaves the roster, and batches of rows for another thread.

use uuid::Uuid;

use crate::model::{MeetingId, Participant, ParticipantKey};

use super::person::Person;
use super::row_error::RowError;

/// A row of a roster. It is used again for the next one, with its buffers.
#[derive(Debug, Clone)]
pub struct RosterRow {
    /// Who is to be added. Of an invalid row only what was valid; see [`RosterRow::key`].
    pub participant: Participant,
    /// The line that the row begins on, from 1.
    pub line: u64,
    /// The values of the [extra columns](super::Reader::extra_columns) as the text of a JSON array, in their order;
    /// values that are missing at the end are left out.
    pub extra: String,
    /// Who it is, by name and e-mail address, if it has one.
    pub person: Option<Person>,
    /// The input record, if [`Records::Keep`](super::Records::Keep) was asked for.
    pub record: Record,
    pub(super) keyed: bool,
}

/// The input of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Record {
    /// Not kept, or too large to keep.
    #[default]
    None,
    /// The fields as they were found.
    Csv(csv::ByteRecord),
    /// The line.
    Json(Vec<u8>),
}

impl RosterRow {
    /// A row to read into.
    pub fn new() -> Self {
        let key =
            ParticipantKey { meeting: MeetingId::new(Uuid::nil()), custom_participant_id: String::new() };
        let participant = Participant { key, name: String::new(), preset_name: String::new(), picture: None };
        Self { participant, line: 0, extra: String::new(), person: None, record: Record::None, keyed: false }
    }

    /// The meeting and id; `None` if the row is invalid for them.
    pub fn key(&self) -> Option<&ParticipantKey> {
        self.keyed.then_some(&self.participant.key)
    }
}

impl Default for RosterRow {
    fn default() -> Self {
        Self::new()
    }
}

/// A row with problems.
#[derive(Debug, Clone)]
pub struct RejectedRow {
    /// The line that the row begins on, from 1.
    pub line: u64,
    /// The input record, if it was kept.
    pub record: Record,
    /// All its problems.
    pub errors: Vec<RowError>,
}

/// Rows in the order of the roster, to be sent to another thread and back, to be filled again without allocating.
#[derive(Debug, Default)]
pub struct Batch {
    rows: Vec<RosterRow>,
    filled: usize,
    /// The rows with problems among them.
    pub rejected: Vec<RejectedRow>,
    /// How many rows among them are of people who don't come.
    pub left_out: usize,
}

impl Batch {
    /// The valid rows.
    pub fn rows(&self) -> &[RosterRow] {
        &self.rows[..self.filled]
    }

    /// Whether no row was read at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn clear(&mut self) {
        (self.filled, self.left_out) = (0, 0);
        self.rejected.clear();
    }

    /// The rows that were read: valid, invalid and left out.
    pub fn len(&self) -> usize {
        self.filled + self.rejected.len() + self.left_out
    }

    /// The row to read into next.
    pub(super) fn next(&mut self) -> &mut RosterRow {
        if self.filled == self.rows.len() {
            self.rows.push(RosterRow::new());
        }
        &mut self.rows[self.filled]
    }

    /// The row just read is valid.
    pub(super) fn keep(&mut self) {
        self.filled += 1;
    }
}
