//! Where the ids of a meeting come from, and what a journal remembers of that.

use std::fmt;

/// Where the ids of a meeting come from. Another source would make everybody new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdSource {
    /// A column of the roster, named as it is compared: another spelling of a header is the same column.
    Column(String),
    /// Derived from columns, by a rule with a version: `v2 of email, name`.
    Derived(String),
}

/// The column that our exports have, folded: whatever was behind the ids before, it holds the ids themselves.
const OURS: &str = "customparticipantid";

/// What journals of versions 1 and 2 say of a column, whichever it was.
const ANY_COLUMN: &str = "the roster's id column";

impl fmt::Display for IdSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(name) => write!(f, "the column \"{name}\""),
            Self::Derived(rule) => write!(f, "the rule {rule}"),
        }
    }
}

impl IdSource {
    /// Whether it is what a meeting is bound to, or holds the ids themselves.
    pub(super) fn fits(&self, bound: &str) -> bool {
        let any_column = matches!(self, Self::Column(_)) && bound == ANY_COLUMN;
        any_column || self.is_ours() || self.to_string() == bound
    }

    /// Whether it is the ids themselves, as an export has them: it says nothing of where they came from.
    pub(super) fn is_ours(&self) -> bool {
        matches!(self, Self::Column(name) if name == OURS)
    }

    /// The same, of a text that was kept.
    pub(super) fn is_the_text_of_ours(kept: &str) -> bool {
        kept == Self::Column(OURS.to_owned()).to_string()
    }
}

/// The flags that take the ids from what a meeting is bound to, in brackets.
pub(super) fn flags(bound: &str) -> String {
    let column = bound.strip_prefix("the column \"").and_then(|rest| rest.strip_suffix('"'));
    if let Some(column) = column {
        return format!(" (--map id={column})");
    }
    let Some((_, columns)) = bound.split_once(" of ") else { return String::new() };
    match columns.split_once(", keyed ") {
        Some((columns, key)) => {
            format!(" (--id-from {}, with --id-key-file and the key {key})", columns.replace(", ", ","))
        }
        None => format!(" (--id-from {})", columns.replace(", ", ",")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::the_same("the column \"ticketno\"", true)]
    #[case::another("the column \"id\"", false)]
    #[case::of_an_older_journal(ANY_COLUMN, true)]
    #[case::derived("the rule v2 of email", false)]
    fn a_column_is_bound_by_its_name(#[case] bound: &str, #[case] fits: bool) {
        assert_eq!(IdSource::Column("ticketno".to_owned()).fits(bound), fits);
    }

    #[rstest]
    #[case("the column \"ticketno\"")]
    #[case("the rule v2 of email")]
    #[case(ANY_COLUMN)]
    fn the_column_of_an_export_holds_the_ids_of_any_source(#[case] bound: &str) {
        assert!(IdSource::Column(OURS.to_owned()).fits(bound));
    }

    #[rstest]
    #[case::the_same("the rule v2 of email", true)]
    #[case::another_rule("the rule v1 of email", false)]
    #[case::a_key("the rule v2 of email, keyed 1a2b3c4d", false)]
    #[case::a_column_of_an_older_journal(ANY_COLUMN, false)]
    fn a_rule_is_bound_to_the_letter(#[case] bound: &str, #[case] fits: bool) {
        assert_eq!(IdSource::Derived("v2 of email".to_owned()).fits(bound), fits);
    }

    #[rstest]
    #[case("the column \"ticketno\"", " (--map id=ticketno)")]
    #[case("the rule v2 of email, fullname", " (--id-from email,fullname)")]
    #[case(
        "the rule v2 of email, name, keyed 1a2b3c4d",
        " (--id-from email,name, with --id-key-file and the key 1a2b3c4d)"
    )]
    #[case(ANY_COLUMN, "")]
    fn the_way_back_is_named(#[case] bound: &str, #[case] typed: &str) {
        assert_eq!(flags(bound), typed);
    }
}
