//! Watches over the rows after the header: what isn't a person is not to be taken for one.

use std::sync::Arc;

use super::dialect::Dialect;
use super::field::fold;
use super::rejected::ERROR;
use super::table::{Vocabulary, fold_into, only_text};

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
