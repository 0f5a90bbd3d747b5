//! Totals, notes and small tables below the people: nobody of them is to be invited.
//!
//! A row with a name is somebody's, unless it follows a blank line and is narrower than all rows before it. Without a
//! name it is somebody's if its id looks like one: like those of the people above it, or with a digit and without a
//! blank. `Total: 12` and `Speakers` don't.

use super::columns::{Columns, Role};
use super::field::Field;
use super::row_error::RowErrorCode as Code;
use super::validate::Cells;

/// Knows totals, notes and small tables by what sets their rows apart from those of the people above them.
#[derive(Debug, Default)]
pub(super) struct Filling {
    /// How the ids of people look, by [`Look`].
    looks: [bool; 3],
    /// The fewest columns that anybody's row fills, up to its last filled cell.
    narrowest: Option<usize>,
    /// How many rows have told that.
    people: usize,
    lengths: Lengths,
    place: Place,
}

/// How many fields the rows of people have.
#[derive(Debug, Default, PartialEq, Eq)]
enum Lengths {
    #[default]
    Unknown,
    /// As many as the header.
    Whole,
    /// Some have fewer, so that fewer say nothing.
    Ragged,
}

impl Lengths {
    fn learn(&mut self, short: bool) {
        *self = match self {
            Self::Unknown | Self::Whole if !short => Self::Whole,
            Self::Unknown | Self::Whole | Self::Ragged => Self::Ragged,
        };
    }
}

/// So many people tell how the rows of all the others look.
const ENOUGH: usize = 10_000;

/// Where the reading is.
#[derive(Debug, Default, PartialEq, Eq)]
enum Place {
    /// Among people.
    #[default]
    Table,
    /// In a narrower table below them.
    OtherTable,
}

/// What an id looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// `T-12`: no total and no title is written so.
    Numbered,
    /// `ann`, but also `Total`.
    Word,
    /// `seat 12`, but also `Total guests: 12`.
    Phrase,
}

impl Look {
    fn of(id: &str) -> Self {
        // Nearly every id; the others are looked at character by character.
        let is_plain = id.bytes().all(|b| b.is_ascii_graphic());
        match id {
            _ if is_plain && id.bytes().any(|b| b.is_ascii_digit()) => Self::Numbered,
            _ if is_plain => Self::Word,
            _ if id.contains(char::is_whitespace) => Self::Phrase,
            _ if id.contains(char::is_numeric) => Self::Numbered,
            _ => Self::Word,
        }
    }
}

/// A row as it counts here.
struct Filled {
    id: Option<Look>,
    named: bool,
    addressed: bool,
    /// Whether something stands where a name or an address belongs that is none.
    misnamed: bool,
    /// How many cells are filled, and up to which column.
    cells: usize,
    end: usize,
    /// Whether there is an id, and all the others are numbers.
    sums: bool,
}

const NAMES: [Field; 3] = [Field::Name, Field::FirstName, Field::LastName];

impl Filling {
    /// What is wrong with a row of so many fields.
    pub(super) fn look(
        &mut self,
        cells: &impl Cells,
        columns: &Columns,
        fields: usize,
        after_blank: bool,
    ) -> Option<Code> {
        let short = fields < columns.names().len();
        let look_of = || id_of(cells, columns).map(Look::of);
        // Nearly every row.
        if self.place == Place::Table && !after_blank && is_named(cells, columns) {
            self.lengths.learn(short);
            if self.people < ENOUGH {
                self.learn(look_of(), end_of(cells, columns));
            }
            return None;
        }
        let row = Filled::of(look_of(), cells, columns);
        self.place = self.place_of(&row, short, after_blank);
        let nobody = self.is_nobody(&row, columns);
        let code = match self.place {
            _ if nobody && row.cells == 1 => Some(Code::LoneCell),
            Place::OtherTable => Some(Code::OtherShape),
            Place::Table if nobody && row.sums && self.has_seen(Look::Numbered) => Some(Code::Total),
            Place::Table => None,
        };
        if code.is_none() {
            self.lengths.learn(short);
            self.learn(row.id, row.end);
        }
        code
    }

    /// Whether a row has no name, and what stands for its id may be a title. Without names in the table it may be a mere
    /// id, and so it may in the first row of two columns.
    fn is_nobody(&self, row: &Filled, columns: &Columns) -> bool {
        let kept = columns.roles().iter().filter(|role| **role != Role::Dropped).count();
        let strange = row.id.is_none_or(|look| self.is_strange(look));
        let may_be_first = kept <= 2 && self.narrowest.is_none();
        !row.named && !row.addressed && strange && !may_be_first && who(columns).next().is_some()
    }

    /// Whether this is the first id that looks so, and might be a title.
    fn is_strange(&self, look: Look) -> bool {
        look != Look::Numbered && !self.has_seen(look)
    }

    fn has_seen(&self, look: Look) -> bool {
        self.looks[look as usize]
    }

    /// Where a row leads. A spreadsheet gives all rows the same number of fields, so that it takes more than blank ones
    /// to tell them apart there.
    fn place_of(&self, row: &Filled, short: bool, after_blank: bool) -> Place {
        let narrow = !row.addressed && self.narrowest.is_some_and(|narrowest| row.end < narrowest);
        let stranger = row.misnamed || row.id.is_some_and(|look| self.is_strange(look));
        let is_other = short && self.lengths == Lengths::Whole || narrow && stranger;
        match self.place {
            Place::Table if is_other && after_blank => Place::OtherTable,
            Place::OtherTable if is_other => Place::OtherTable,
            Place::Table | Place::OtherTable => Place::Table,
        }
    }

    /// Takes a row for somebody's.
    fn learn(&mut self, id: Option<Look>, end: usize) {
        self.people += 1;
        if let Some(look) = id {
            self.looks[look as usize] = true;
        }
        self.narrowest = Some(self.narrowest.map_or(end, |narrowest| narrowest.min(end)));
    }
}

impl Filled {
    fn of(id: Option<Look>, cells: &impl Cells, columns: &Columns) -> Self {
        let text = |at: usize| cells.get(at).trim();
        let is_sum_of = |at: usize| Some(at) == id_column(columns) || is_sum(text(at));
        let address = columns.field(Field::Email).map_or("", text);
        Self {
            id,
            named: is_named(cells, columns),
            addressed: address.contains('@'),
            misnamed: NAMES.into_iter().filter_map(|field| columns.field(field)).any(|at| is_sum(text(at)))
                || !address.is_empty() && !address.contains('@'),
            cells: filled(cells, columns).count(),
            end: end_of(cells, columns),
            sums: id.is_some() && filled(cells, columns).all(is_sum_of),
        }
    }
}

/// The columns with something in them.
fn filled(cells: &impl Cells, columns: &Columns) -> impl DoubleEndedIterator<Item = usize> {
    let kept = (0..columns.names().len()).filter(|at| columns.roles().get(*at) != Some(&Role::Dropped));
    kept.filter(|at| is_filled(cells.get(*at)))
}

fn is_filled(cell: &str) -> bool {
    cell.as_bytes().first().is_some_and(u8::is_ascii_graphic) || !cell.trim().is_empty()
}

/// Up to which column a row is filled.
fn end_of(cells: &impl Cells, columns: &Columns) -> usize {
    filled(cells, columns).next_back().map_or(0, |at| at + 1)
}

/// Whether a row has a name, and one that is no number.
fn is_named(cells: &impl Cells, columns: &Columns) -> bool {
    let mut names = NAMES.into_iter().filter_map(|field| columns.field(field)).map(|at| cells.get(at));
    names.any(|name| {
        name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) || is_filled(name) && !is_sum(name)
    })
}

/// The columns that say who somebody is, but for an id.
fn who(columns: &Columns) -> impl Iterator<Item = usize> {
    NAMES.into_iter().chain([Field::Email]).filter_map(|field| columns.field(field))
}

fn id_of<'a>(cells: &'a impl Cells, columns: &Columns) -> Option<&'a str> {
    let trimmed = |cell: &'a str| match cell.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => cell,
        _ => cell.trim(),
    };
    id_column(columns).map(|at| trimmed(cells.get(at))).filter(|id| !id.is_empty())
}

/// The column that ids are in, or the first that they are derived from and that doesn't say who somebody is.
fn id_column(columns: &Columns) -> Option<usize> {
    let derived =
        || columns.id_from().iter().flatten().copied().find(|at| who(columns).all(|who| who != *at));
    columns.field(Field::Id).or_else(derived)
}

/// A number, with whatever signs: nobody's name.
fn is_sum(text: &str) -> bool {
    !text.contains(char::is_alphabetic) && text.bytes().any(|b| b.is_ascii_digit())
}
