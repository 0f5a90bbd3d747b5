//! Watches over the rows after the header: what isn't a person is not to be taken for one.

use std::sync::Arc;

use super::columns::{Columns, Role};
use super::dialect::Dialect;
use super::field::{Field, fold};
use super::rejected::ERROR;
use super::row_error::RowErrorCode as Code;
use super::table::{Vocabulary, fold_into, only_text};
use super::validate::Cells;

/// What a row after the header is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Somebody.
    Person,
    /// The header again.
    HeaderAgain,
    /// The header of another table.
    OtherHeader,
    /// The title of what comes after the table.
    End,
}

/// Looks at the rows after the header: nothing that isn't a person is to be taken for one.
pub(super) struct Watch {
    /// The folded names; nothing where an earlier round's `error` stands, which differs from row to row.
    header: Vec<Option<String>>,
    /// Whether the header itself has what names mostly haven't.
    odd: bool,
    dialect: Option<Arc<Dialect>>,
    words: Vocabulary,
    folded: String,
}

impl Watch {
    /// `names` are the columns.
    pub(super) fn new(names: &[Arc<str>], dialect: Option<Arc<Dialect>>, words: Vocabulary) -> Self {
        let header: Vec<_> = names.iter().map(|name| (&**name != ERROR).then(|| fold(name))).collect();
        let odd = names.iter().any(|name| &**name == ERROR || !may_be_names(name.as_bytes()));
        let dialect = dialect.filter(|dialect| !dialect.ends.is_empty());
        Self { header, odd, dialect, words, folded: String::new() }
    }

    /// Whether rows that [can't be names](may_be_names) are people's for sure.
    pub(super) fn looks_only_at_names(&self) -> bool {
        self.dialect.is_none() && !self.odd
    }

    /// What a row is, by its cells; `named` says whether they [may be names](may_be_names).
    pub(super) fn look<'a>(&mut self, cells: impl Iterator<Item = &'a str> + Clone, named: bool) -> Kind {
        if let Some(dialect) = &self.dialect
            && only_text(cells.clone()).is_some_and(|title| dialect.ends_before(title))
        {
            return Kind::End;
        }
        if (named || self.odd) && self.is_header(cells.clone()) {
            return Kind::HeaderAgain;
        }
        match named && self.words.judge(cells, &mut self.folded).is_header() {
            true => Kind::OtherHeader,
            false => Kind::Person,
        }
    }

    fn is_header<'a>(&mut self, mut cells: impl Iterator<Item = &'a str>) -> bool {
        let mut named = false;
        for name in &self.header {
            let cell = cells.next().unwrap_or("");
            let Some(name) = name else { continue };
            fold_into(cell, &mut self.folded);
            if self.folded != *name {
                return false;
            }
            named |= !name.is_empty();
        }
        named
    }
}

/// Knows totals, notes and small tables by what sets their rows apart from those of the people above them.
#[derive(Debug, Default)]
pub(super) struct Filling {
    /// How the ids of people look, by [`Look`].
    looks: [bool; 3],
    /// The fewest columns that anybody's row fills, up to its last filled cell.
    narrowest: Option<usize>,
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
        match id {
            _ if id.contains(char::is_whitespace) => Self::Phrase,
            _ if id.contains(char::is_numeric) => Self::Numbered,
            _ => Self::Word,
        }
    }
}

/// A row as it counts here.
#[derive(Default)]
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
        let row = Filled::of(cells, columns);
        let short = fields < columns.names().len();
        self.place = self.place_of(&row, short, after_blank);
        // Without names in the table no row is nobody's: they may be mere ids.
        let nobody = !row.named && !row.addressed && who(columns).next().is_some();
        let strange = row.id.is_none_or(|look| self.is_strange(look));
        let code = match self.place {
            _ if nobody && strange && row.cells == 1 => Some(Code::LoneCell),
            Place::OtherTable => Some(Code::OtherShape),
            Place::Table if nobody && strange && row.sums && self.has_seen(Look::Numbered) => {
                Some(Code::Total)
            }
            Place::Table => None,
        };
        if code.is_none() {
            self.learn(&row, short);
        }
        code
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
    fn learn(&mut self, row: &Filled, short: bool) {
        if let Some(look) = row.id {
            self.looks[look as usize] = true;
        }
        self.narrowest = Some(self.narrowest.map_or(row.end, |narrowest| narrowest.min(row.end)));
        self.lengths = match self.lengths {
            Lengths::Unknown | Lengths::Whole if !short => Lengths::Whole,
            Lengths::Unknown | Lengths::Whole | Lengths::Ragged => Lengths::Ragged,
        };
    }
}

impl Filled {
    fn of(cells: &impl Cells, columns: &Columns) -> Self {
        let text = |at: usize| cells.get(at).trim();
        let id = id_column(columns).filter(|at| !text(*at).is_empty());
        let kept = (0..columns.names().len()).filter(|at| columns.roles()[*at] != Role::Dropped);
        let mut row = Self { sums: id.is_some(), id: id.map(|at| Look::of(text(at))), ..Self::default() };
        for at in kept.filter(|at| !text(*at).is_empty()) {
            (row.cells, row.end) = (row.cells + 1, at + 1);
            row.sums &= id == Some(at) || is_sum(text(at));
        }
        for name in NAMES.into_iter().filter_map(|field| columns.field(field)).map(text) {
            row.named |= !name.is_empty() && !is_sum(name);
            row.misnamed |= is_sum(name);
        }
        let address = columns.field(Field::Email).map_or("", text);
        row.addressed = address.contains('@');
        row.misnamed |= !address.is_empty() && !row.addressed;
        row
    }
}

/// The columns that say who somebody is, but for an id.
fn who(columns: &Columns) -> impl Iterator<Item = usize> {
    NAMES.into_iter().chain([Field::Email]).filter_map(|field| columns.field(field))
}

/// The column that ids are in, or the first that they are derived from and that doesn't say who somebody is.
fn id_column(columns: &Columns) -> Option<usize> {
    let derived =
        || columns.id_from().iter().flatten().copied().find(|at| who(columns).all(|who| who != *at));
    columns.field(Field::Id).or_else(derived)
}

/// A number, with whatever signs: nobody's name.
fn is_sum(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit()) && !text.contains(char::is_alphabetic)
}

/// A column name has neither a digit nor an @; nearly every person's row has one, and needs no closer look.
pub(super) fn may_be_names(row: &[u8]) -> bool {
    !row.iter().any(|byte| byte.is_ascii_digit() || *byte == b'@')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::options::ReadOptions;
    use rstest::rstest;

    fn kind(header: &str, dialect: Option<&str>, row: &str) -> Kind {
        let options = ReadOptions::default();
        let names: Vec<Arc<str>> = header.split(',').map(Arc::from).collect();
        let dialect = dialect.and_then(|name| options.dialects.get(name)).cloned();
        let mut watch = Watch::new(&names, dialect, Vocabulary::of(&options));
        watch.look(row.split(','), may_be_names(row.as_bytes()))
    }

    #[rstest]
    #[case::person("id,name", None, "7,Ann", Kind::Person)]
    #[case::person_of_letters("id,name", None, "ann,Ann", Kind::Person)]
    #[case::called_like_a_column("id,name,role", None, "ann,Name,speaker", Kind::Person)]
    #[case::again("id,name", None, "ID,Name", Kind::HeaderAgain)]
    #[case::again_with_more("id,name", None, "id,name,error", Kind::HeaderAgain)]
    #[case::again_with_digits("id,e-mail 1", None, "id,e-mail 1", Kind::HeaderAgain)]
    #[case::again_in_a_rejected_file(
        "id,name,guestlist error",
        None,
        "id,name,list.csv:3: remove it",
        Kind::HeaderAgain
    )]
    #[case::person_in_a_rejected_file(
        "id,name,guestlist error",
        None,
        "7,Ann,list.csv:3: mend it",
        Kind::Person
    )]
    #[case::other("id,name", None, "Name,Email,Role", Kind::OtherHeader)]
    #[case::no_people("id,name", None, "Email,Role,Status", Kind::Person)]
    #[case::title("Attended,Email", Some("zoom-attendees"), "Other Attended", Kind::End)]
    #[case::title_and_commas("Attended,Email", Some("zoom-attendees"), "Other Attended,,", Kind::End)]
    #[case::title_with_digits("Name,Email", Some("teams"), "3. In-Meeting Activities", Kind::End)]
    #[case::title_amid_a_row("Attended,Email", Some("zoom-attendees"), "Other Attended,x", Kind::Person)]
    #[case::title_of_nobodys_list("Attended,Email", None, "Other Attended", Kind::Person)]
    fn nothing_else_is_taken_for_a_person(
        #[case] header: &str,
        #[case] dialect: Option<&str>,
        #[case] row: &str,
        #[case] expected: Kind,
    ) {
        assert_eq!(kind(header, dialect, row), expected);
    }
}
