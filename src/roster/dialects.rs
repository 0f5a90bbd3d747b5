//! The dialects that are known, and which of them a header is written in.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::dialect::{Dialect, InvalidDialect};
use super::field::fold;
use super::rejected::ERROR;

/// What we ship.
const BUILT_IN: &str = include_str!("dialects.toml");

/// Dialects by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dialects(BTreeMap<String, Arc<Dialect>>);

impl Dialects {
    /// Those that we ship.
    pub fn built_in() -> Arc<Self> {
        // A test reads it; were it unreadable all the same, the general names would still apply.
        static DIALECTS: LazyLock<Arc<Dialects>> = LazyLock::new(|| {
            let known = toml::from_str(BUILT_IN).unwrap_or_default();
            Arc::new(Dialects::default().with(known).unwrap_or_default())
        });
        Arc::clone(&DIALECTS)
    }

    /// These and others; of two with the same name the other one counts.
    pub fn with(&self, others: BTreeMap<String, Dialect>) -> Result<Self, InvalidDialect> {
        let mut dialects = self.clone();
        for (name, dialect) in others {
            let dialect = Dialect { name: name.clone(), ..dialect };
            dialect.check()?;
            dialects.0.insert(name, Arc::new(dialect));
        }
        Ok(dialects)
    }

    /// The dialect of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Dialect>> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Dialect>> {
        self.0.values()
    }

    /// Only this one.
    pub(super) fn only(dialect: &Arc<Dialect>) -> Self {
        Self(BTreeMap::from([(dialect.name.clone(), Arc::clone(dialect))]))
    }

    /// The dialect of a header: the one that knows most of its columns. If two know as many, it is neither's.
    /// `title` is the only text of the line before; a rejected file doesn't have it any more.
    pub(super) fn recognise(&self, header: &[String], title: Option<&str>) -> Option<&Arc<Dialect>> {
        // No dialect is recognised by a single column, and most rows that are no header have no more.
        if header.len() < 2 {
            return None;
        }
        let folded: Vec<String> = header.iter().map(|name| fold(name)).collect();
        let mut best: Option<(usize, &Arc<Dialect>)> = None;
        let mut tied = false;
        let untitled = header.iter().any(|name| name == ERROR);
        for dialect in self.iter().filter(|dialect| untitled || dialect.begins_after(title)) {
            let Some(known) = dialect.recognises(&folded) else { continue };
            match best {
                Some((most, _)) if most > known => {}
                Some((most, _)) if most == known => tied = true,
                Some(_) | None => (best, tied) = (Some((known, dialect)), false),
            }
        }
        best.filter(|_| !tied).map(|(_, dialect)| dialect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn user(text: &str) -> Result<Dialects, String> {
        let tables: BTreeMap<String, Dialect> = toml::from_str(text).map_err(|error| error.to_string())?;
        Dialects::built_in().with(tables).map_err(|error| error.to_string())
    }

    fn recognised(dialects: &Dialects, header: &str) -> Option<String> {
        let header: Vec<String> = header.split(',').map(str::to_owned).collect();
        dialects.recognise(&header, None).map(|dialect| dialect.name.clone())
    }

    #[test]
    fn what_we_ship_is_read_whole_and_says_where_it_is_from() {
        let known: BTreeMap<String, Dialect> = toml::from_str(BUILT_IN).expect("TOML");
        let names: Vec<&str> = known.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "bevy",
                "eventbrite",
                "google-contacts",
                "google-forms",
                "luma",
                "meetup",
                "pretix",
                "teams",
                "tito",
                "zoom-attendees",
                "zoom-registration",
                "zoom-usage",
                "zoom-visitors"
            ]
        );
        let dialects = Dialects::default().with(known.clone()).expect("all of them are valid");
        assert_eq!(*Dialects::built_in(), dialects);
        for dialect in dialects.iter() {
            let sources = &dialect.sources;
            assert!(
                !sources.is_empty() && sources.iter().all(|url| url.starts_with("https://")),
                "{dialect:?}"
            );
            let e_mail = |name: &String| fold(name).contains("mail") || fold(name).contains("upn");
            assert!(!dialect.id.iter().any(e_mail), "an e-mail address is no id: {dialect:?}");
            assert!(
                !dialect.id.iter().any(|name| fold(name).contains("order")),
                "shared by several: {dialect:?}"
            );
            assert!(!dialect.id.is_empty() || !dialect.ids_from.is_empty(), "no way to an id: {dialect:?}");
            assert!(!dialect.full_name.is_empty() || !dialect.first_name.is_empty(), "no name: {dialect:?}");
        }
    }

    #[test]
    fn a_set_of_columns_tells_its_own_dialect() {
        let dialects = Dialects::built_in();
        for dialect in dialects.iter() {
            for set in &dialect.recognised_by {
                let title = dialect.begins.first().map(String::as_str);
                let found = dialects.recognise(set, title).map(|found| found.name.as_str());
                assert_eq!(found, Some(dialect.name.as_str()), "{set:?}");
            }
        }
    }

    #[rstest]
    #[case::one_column_short("api_id,email", None)]
    #[case::our_own("id,name,email,preset", None)]
    #[case::folded("API ID,E-Mail,Approval Status", Some("luma"))]
    #[case::the_larger_of_two(
        "Attended,First Name,Last Name,Email,Registration Time,Approval Status",
        Some("zoom-attendees")
    )]
    #[case::without_the_title("Attended,User Name (Original Name),Email,Join Time", None)]
    #[case::two_as_well("api_id,guest_id,email,approval_status,Name,User ID,RSVP,Order number", Some("luma"))]
    fn a_header_is_recognised_for_certain_or_not_at_all(#[case] header: &str, #[case] name: Option<&str>) {
        assert_eq!(recognised(&Dialects::built_in(), header).as_deref(), name);
    }

    #[test]
    fn a_tie_is_nobodys() {
        let both = "[a]\ntitle = \"A\"\nrecognised-by = [[\"x\", \"y\"]]\n[b]\ntitle = \"B\"\nrecognised-by = [[\"x\", \"z\"]]";
        let dialects = user(both).expect("two dialects");
        assert_eq!(recognised(&dialects, "x,y"), Some("a".to_owned()));
        assert_eq!(recognised(&dialects, "x,y,z"), None);
    }

    #[test]
    fn a_users_dialect_replaces_ours_of_the_same_name() {
        let own = "[luma]\ntitle = \"Ours\"\nrecognised-by = [[\"badge\", \"guest\"]]\nid = [\"badge\"]";
        let dialects = user(own).expect("a dialect");
        assert_eq!(recognised(&dialects, "Badge,Guest"), Some("luma".to_owned()));
        assert_eq!(recognised(&dialects, "api_id,email,approval_status"), None);
    }

    #[rstest]
    #[case::unknown_key("[a]\ntitle = \"A\"\nrecognised-by = [[\"x\", \"y\"]]\nnmae = [\"x\"]", "nmae")]
    #[case::no_title("[a]\ntitle = \" \"\nrecognised-by = [[\"x\", \"y\"]]", "no title")]
    #[case::one_column("[a]\ntitle = \"A\"\nrecognised-by = [[\"x\"]]", "at least two columns")]
    #[case::name("[None]\ntitle = \"A\"\nrecognised-by = [[\"x\", \"y\"]]", "lower case")]
    #[case::reserved("[none]\ntitle = \"A\"\nrecognised-by = [[\"x\", \"y\"]]", "this name")]
    #[case::status_alone(
        "[a]\ntitle = \"A\"\nrecognised-by = [[\"x\", \"y\"]]\nstatus = [\"x\"]",
        "status and coming"
    )]
    #[case::blank_column("[a]\ntitle = \"A\"\nrecognised-by = [[\"x\", \"--\"]]", "\"--\"")]
    #[case::twice(
        "[a]\ntitle = \"A\"\nrecognised-by = [[\"x\", \"y\"]]\nid = [\"X\"]\nname = [\"x\"]",
        "two things"
    )]
    fn a_dialect_that_cannot_be_meant_is_refused(#[case] text: &str, #[case] says: &str) {
        let error = user(text).expect_err("refused");
        assert!(error.contains(says), "{error}");
    }
}
