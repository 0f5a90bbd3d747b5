//! Where in a file the table of people is: pure over rows of text, whatever they come from.
//!
//! A file may begin with other lines, and end with other tables. Its header is found by names that are known, and other
//! lines are passed over only if that is certain: a table whose first line is a header is read from its first line.

use std::collections::HashSet;
use std::sync::Arc;

use super::dialect::Dialect;
use super::dialects::Dialects;
use super::field::{Field, fold};
use super::options::{DialectChoice, Header, IdSource, ReadOptions};
use super::rejected::ERROR;

/// A row near the beginning of a file. Rows without any text are left out of samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SampleRow {
    /// The line that it begins on, from 1.
    pub(super) line: u64,
    /// Its cells, trimmed.
    pub(super) cells: Vec<String>,
}

/// Where the header is.
#[derive(Debug, Clone)]
pub(super) struct Located {
    /// Its index among the rows; `None` if the roster has none, or none on the line that was named.
    pub(super) row: Option<usize>,
    /// How sure that is.
    pub(super) certainty: Certainty,
    /// How many of its names are known.
    pub(super) known: usize,
    /// Whether these are rows that were rejected before.
    pub(super) mended: bool,
    /// Whose list it is.
    pub(super) dialect: Option<Arc<Dialect>>,
}

/// How a table is to be read.
#[derive(Debug, Default)]
pub(super) struct TableShape {
    /// Lines before the first record.
    pub(super) skipped: u64,
    /// The line of the header, if there is one.
    pub(super) header_line: Option<u64>,
    /// Whether something in the header is known.
    pub(super) header_known: bool,
    /// Whether it is a rejected file: what is said of the lines of the roster that it comes from doesn't hold.
    pub(super) mended: bool,
    /// Whose list it is.
    pub(super) dialect: Option<Arc<Dialect>>,
}

impl TableShape {
    /// `first_line` is the first one that may belong to the table.
    pub(super) fn of(rows: &[SampleRow], located: Located, options: &ReadOptions, first_line: u64) -> Self {
        let Located { row, certainty, mended, dialect, .. } = located;
        let found = row.map_or(first_line, |at| rows[at].line);
        let header_line = match &options.header {
            Header::Names(_) if !mended => None,
            Header::Line(line) if !mended => Some(line.get()),
            Header::Find | Header::Names(_) | Header::Line(_) => Some(found),
        };
        let header_known = certainty > Certainty::Unknown;
        let skipped = header_line.unwrap_or(first_line) - 1;
        Self { skipped, header_line, header_known, mended, dialect }
    }
}

/// How sure it is that a row is the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Certainty {
    /// It is the first one, and nothing in it is known.
    Unknown,
    /// It has a name that is known.
    Named,
    /// It looks like one by its names.
    Likely,
    /// It has all the columns that the user names.
    Wanted,
    /// It has a column for ids, or is recognised as some platform's; or the user says so.
    Certain,
}

/// The names that tell a header.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    known: HashSet<String>,
    /// Those that say who somebody is: a table without them is none of people.
    people: HashSet<String>,
    wanted: Vec<String>,
    ids: HashSet<String>,
}

impl Vocabulary {
    /// The general names, those of the dialects, and those that the user gives.
    pub(super) fn of(options: &ReadOptions) -> Self {
        let mut words = Self::default();
        for field in Field::ALL {
            let aliases = field.aliases().iter().map(|alias| (*alias).to_owned());
            words.learn(field, aliases);
        }
        for dialect in options.dialects.iter() {
            for (field, names) in dialect.fields() {
                words.learn(field, names.iter().map(|name| fold(name)));
            }
            words.known.extend(dialect.columns().map(|name| fold(name)));
        }
        words.ids = Field::Id.aliases().iter().map(|alias| (*alias).to_owned()).collect();
        let by_hand = options.mapping.iter().map(|(_, name)| name);
        let derived = match &options.id_source {
            IdSource::Column => &[][..],
            IdSource::Derived(names) => names,
        };
        words.wanted =
            by_hand.chain(derived).map(|name| fold(name)).filter(|name| !name.is_empty()).collect();
        words.known.extend(words.wanted.iter().cloned());
        words.people.extend(words.wanted.iter().cloned());
        words
    }

    fn learn(&mut self, field: Field, names: impl Iterator<Item = String>) {
        for name in names {
            if matches!(field, Field::Id | Field::Name | Field::FirstName | Field::LastName) {
                self.people.insert(name.clone());
            }
            self.known.insert(name);
        }
    }

    /// What there is of names in a row. `folded` is used again for each cell.
    pub(super) fn judge<'a>(&self, cells: impl Iterator<Item = &'a str>, folded: &mut String) -> Judged {
        let mut judged = Judged::default();
        for cell in cells.filter(|cell| !cell.trim().is_empty()) {
            judged.texts += 1;
            fold_into(cell, folded);
            judged.known += usize::from(self.known.contains(folded.as_str()));
            judged.people |= self.people.contains(folded.as_str());
        }
        judged
    }

    fn judge_row(&self, row: &SampleRow) -> Judged {
        self.judge(row.cells.iter().map(String::as_str), &mut String::new())
    }

    fn has_id(&self, row: &SampleRow) -> bool {
        row.cells.iter().any(|cell| self.ids.contains(&fold(cell)))
    }

    /// Whether all columns that the user names are there.
    fn has_wanted(&self, row: &SampleRow) -> bool {
        !self.wanted.is_empty()
            && self.wanted.iter().all(|name| row.cells.iter().any(|cell| fold(cell) == *name))
    }
}

/// How many cells of a row are what.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Judged {
    texts: usize,
    known: usize,
    people: bool,
}

impl Judged {
    /// No row of a person has names of columns for half of its values, one of them a name or an id.
    pub(super) fn is_header(self) -> bool {
        self.people && self.known >= 2 && 2 * self.known >= self.texts
    }

    /// The same of a table of one column, which is only believed before a table begins.
    fn may_be_first_header(self) -> bool {
        self.is_header() || (self.people && self.known == self.texts)
    }
}

/// Finds the header among the first rows.
pub(super) fn locate(rows: &[SampleRow], options: &ReadOptions, words: &Vocabulary) -> Located {
    let dialects = candidates(options);
    let known = |row: Option<usize>| row.map_or(0, |at| words.judge_row(&rows[at]).known);
    // A rejected file has a header on its first line, whatever the roster had that it comes from.
    let mended = rows.first().is_some_and(|first| first.cells.iter().any(|cell| cell == ERROR));
    let (row, certainty) = match &options.header {
        _ if mended => (Some(0), Certainty::Certain),
        Header::Names(_) => (None, Certainty::Certain),
        Header::Line(line) => (rows.iter().position(|row| row.line == line.get()), Certainty::Certain),
        Header::Find => find(rows, words, &dialects),
    };
    let dialect = match (&options.dialect, &options.header) {
        (DialectChoice::Named(name), _) => options.dialects.get(name).cloned(),
        (DialectChoice::Recognise | DialectChoice::None, Header::Names(_)) => None,
        (DialectChoice::Recognise | DialectChoice::None, Header::Find | Header::Line(_)) => {
            row.and_then(|at| recognise(rows, at, &dialects)).cloned()
        }
    };
    Located { row, certainty, known: known(row), mended, dialect }
}

/// The dialects that may be recognised.
fn candidates(options: &ReadOptions) -> Dialects {
    match &options.dialect {
        DialectChoice::Recognise => (*options.dialects).clone(),
        DialectChoice::None => Dialects::default(),
        DialectChoice::Named(name) => options.dialects.get(name).map(Dialects::only).unwrap_or_default(),
    }
}

fn find(rows: &[SampleRow], words: &Vocabulary, dialects: &Dialects) -> (Option<usize>, Certainty) {
    let Some(first) = rows.first() else { return (None, Certainty::Unknown) };
    if words.has_id(first) {
        return (Some(0), Certainty::Certain);
    }
    if let Some(at) = (0..rows.len()).find(|at| recognise(rows, *at, dialects).is_some()) {
        return (Some(at), Certainty::Certain);
    }
    if words.has_wanted(first) {
        return (Some(0), Certainty::Wanted);
    }
    let mut widest = 0;
    for (at, row) in rows.iter().enumerate() {
        let wider = row.cells.len() > widest;
        if at > 0 && (is_later_header(row, words) || (wider && words.has_wanted(row))) {
            return (Some(at), Certainty::Likely);
        }
        widest = widest.max(row.cells.len());
    }
    let named = words.judge_row(first).known > 0;
    (Some(0), if named { Certainty::Named } else { Certainty::Unknown })
}

/// Of what follows other lines, more is asked.
fn is_later_header(row: &SampleRow, words: &Vocabulary) -> bool {
    let wanted = words.wanted.is_empty() || words.has_wanted(row);
    wanted && words.judge_row(row).may_be_first_header()
}

fn recognise<'d>(rows: &[SampleRow], at: usize, dialects: &'d Dialects) -> Option<&'d Arc<Dialect>> {
    let title = at.checked_sub(1).and_then(|before| only_text(rows[before].cells.iter().map(String::as_str)));
    dialects.recognise(&rows[at].cells, title)
}

/// The text of a row that has no other.
pub(super) fn only_text<'a>(mut cells: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let first = cells.next().map(str::trim).filter(|text| !text.is_empty())?;
    cells.all(|cell| cell.trim().is_empty()).then_some(first)
}

pub(super) fn fold_into(text: &str, into: &mut String) {
    into.clear();
    super::field::fold_onto(text, into);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn rows(text: &str) -> Vec<SampleRow> {
        let split = |line: &str| line.split(',').map(|cell| cell.trim().to_owned()).collect();
        text.lines().zip(1..).map(|(line, number)| SampleRow { line: number, cells: split(line) }).collect()
    }

    fn located(text: &str, options: &ReadOptions) -> (Option<usize>, Option<String>) {
        let located = locate(&rows(text), options, &Vocabulary::of(options));
        (located.row, located.dialect.map(|dialect| dialect.name.clone()))
    }

    fn mapped(wanted: &[(Field, &str)]) -> ReadOptions {
        let mapping = wanted.iter().map(|(field, name)| (*field, (*name).to_owned())).collect();
        ReadOptions { mapping, ..ReadOptions::default() }
    }

    const ZOOM: &str = "Attended,First Name,Last Name,Email,Registration Time,Approval Status";

    #[rstest]
    #[case::first("id,name\n1,Ann", 0)]
    #[case::first_with_one_known_name_of_many("id,w,x,y,z\nName,Email,id,a,b", 0)]
    #[case::nothing_known("ticket,holder\n1,Ann", 0)]
    #[case::preamble("Our guests\nof 2026, all\nTicket ID,Name,Table\n1,Ann,4", 2)]
    #[case::one_column("Our guests\nid\n1", 1)]
    #[case::key_and_value("Name,Spring meeting\nDate,2026\nGuest ID,Name\n1,Ann", 2)]
    #[case::people_without_ids("name,e-mail,x\nAnn,a@example.com,\nid,name,email", 2)]
    #[case::half_of_a_row("Guests\nid,Ann,Bob,Cy\nx", 0)]
    fn the_header_is_found_by_its_names(#[case] text: &str, #[case] row: usize) {
        assert_eq!(located(text, &ReadOptions::default()).0, Some(row));
    }

    #[test]
    fn a_platforms_header_is_found_behind_other_tables() {
        let hosts = "Attended,User Name (Original Name),Email,Join Time";
        let text =
            format!("Report\nHost Details\n{hosts}\nYes,Ann,ann@example.com,9:00\nAttendee Details\n{ZOOM}");
        assert_eq!(located(&text, &ReadOptions::default()), (Some(5), Some("zoom-attendees".to_owned())));
        let text =
            format!("Report\nHost Details\n{hosts}\nYes,Ann,ann@example.com,9:00\nAttendee Details\n{hosts}");
        assert_eq!(located(&text, &ReadOptions::default()), (Some(5), Some("zoom-visitors".to_owned())));
        let none = ReadOptions { dialect: DialectChoice::None, ..ReadOptions::default() };
        assert_eq!(located(&text, &none).1, None);
        let named = ReadOptions { dialect: DialectChoice::Named("luma".into()), ..ReadOptions::default() };
        assert_eq!(located("id,name", &named), (Some(0), Some("luma".to_owned())));
    }

    #[rstest]
    #[case::in_the_first_line("Badge,Holder\n1,Ann", 0)]
    #[case::further_down_in_a_wider_row("Guests of 2026\nBadge,Holder\n1,Ann", 1)]
    #[case::a_value_of_a_table("Number,Holder\nBadge,Ann", 0)]
    fn a_column_named_by_hand_tells_the_header(#[case] text: &str, #[case] row: usize) {
        assert_eq!(located(text, &mapped(&[(Field::Id, "badge")])).0, Some(row));
    }

    /// Cells as they come, column names among them.
    fn cell() -> impl Strategy<Value = String> {
        prop_oneof![Just("id".to_owned()), Just("Name".to_owned()), Just("E-Mail".to_owned()), ".{0,6}"]
    }

    proptest! {
        #[test]
        fn a_first_line_with_a_column_of_ids_is_the_header(
            mut header in prop::collection::vec(cell(), 0..6),
            at in 0usize..6,
            id in prop_oneof![Just("id"), Just("Ticket #"), Just(" Participant ID ")],
            others in prop::collection::vec(prop::collection::vec(cell(), 0..6), 0..8),
        ) {
            header.insert(at.min(header.len()), id.to_owned());
            let all = std::iter::once(header).chain(others).zip(1..);
            let rows: Vec<_> = all.map(|(cells, line)| SampleRow { line, cells }).collect();
            let options = ReadOptions::default();
            prop_assert_eq!(locate(&rows, &options, &Vocabulary::of(&options)).row, Some(0));
        }

        #[test]
        fn any_rows_have_a_header_among_them(rows in prop::collection::vec(prop::collection::vec(cell(), 0..5), 0..8)) {
            let rows: Vec<_> = rows.into_iter().zip(1..).map(|(cells, line)| SampleRow { line, cells }).collect();
            let options = ReadOptions::default();
            let located = locate(&rows, &options, &Vocabulary::of(&options));
            prop_assert_eq!(located.row.is_none(), rows.is_empty());
            prop_assert!(located.row.is_none_or(|at| at < rows.len()));
        }
    }
}
