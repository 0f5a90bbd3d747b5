//! Who comes: rows whose status doesn't count are left out, and counted by what it says.

use std::sync::Arc;

use super::dialect::Dialect;
use super::field::fold;
use super::options::Coming;

/// Different values that are counted one by one.
const MOST_VALUES: usize = 20;

/// The longest value that is counted by itself, in bytes.
const MAX_VALUE: usize = 80;

/// Decides over rows by their status.
#[derive(Debug, Default)]
pub(super) struct StatusFilter {
    /// The values that count, folded and as they are written; `None`: everybody comes.
    coming: Option<Vec<(String, String)>>,
    /// Whether they are only those of the dialect: they say nothing of a row that has no status at all.
    usual: bool,
    /// Values that were seen to count: a roster has few of them.
    seen: Vec<String>,
    left_out: LeftOut,
}

/// Rows that were left out, by their status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// How many rows there are of each value, as it was first written; not yet safe to print.
    pub values: Vec<(String, u64)>,
    /// Rows of values that are too many, or too long, to be counted one by one.
    pub others: u64,
}

impl StatusFilter {
    pub(super) fn new(coming: &Coming, dialect: Option<&Arc<Dialect>>) -> Self {
        let values = match coming {
            Coming::Everybody => None,
            Coming::With(values) => Some(values),
            Coming::Usual => dialect.map(|dialect| &dialect.coming).filter(|values| !values.is_empty()),
        };
        let coming_values =
            values.map(|values| values.iter().map(|value| (fold(value), value.clone())).collect());
        Self { coming: coming_values, usual: *coming == Coming::Usual, ..Self::default() }
    }

    /// Whether anybody may be left out.
    pub(super) fn is_active(&self) -> bool {
        self.coming.is_some()
    }

    /// The values that count, if not all do.
    pub(super) fn coming(&self) -> Option<Vec<String>> {
        Some(self.coming.as_ref()?.iter().map(|(_, value)| value.clone()).collect())
    }

    /// The rows left out so far.
    pub(super) fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// Whether a row of this status is left out; it is counted then. `None`: there is no status column.
    pub(super) fn leaves_out(&mut self, status: Option<&str>) -> bool {
        let Some(coming) = &self.coming else { return false };
        let status = match status {
            Some(status) => status.trim(),
            None if self.usual => return false,
            None => "",
        };
        if self.seen.iter().any(|seen| seen == status) {
            return false;
        }
        if self.left_out.count_again(status) {
            return true;
        }
        let folded = fold(status);
        let comes = coming.iter().any(|(value, _)| *value == folded);
        if comes && self.seen.len() < MOST_VALUES {
            self.seen.push(status.to_owned());
        } else if !comes {
            self.left_out.count_new(status);
        }
        !comes
    }
}

impl LeftOut {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.values.iter().map(|(_, rows)| rows).sum::<u64>() + self.others
    }

    /// Adds those of another roster.
    pub fn add(&mut self, other: &Self) {
        for (value, rows) in &other.values {
            let at = self.values.iter().position(|(known, _)| known == value);
            match at {
                Some(at) => self.values[at].1 += rows,
                None if self.values.len() < MOST_VALUES => self.values.push((value.clone(), *rows)),
                None => self.others += rows,
            }
        }
        self.others += other.others;
    }

    fn count_again(&mut self, value: &str) -> bool {
        let known = self.values.iter_mut().find(|(known, _)| known == value);
        known.map(|(_, rows)| *rows += 1).is_some()
    }

    fn count_new(&mut self, value: &str) {
        if self.values.len() < MOST_VALUES && value.len() <= MAX_VALUE {
            self.values.push((value.to_owned(), 1));
        } else {
            self.others += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn filter(values: &[&str]) -> StatusFilter {
        let coming = Coming::With(values.iter().map(|value| (*value).to_owned()).collect());
        StatusFilter::new(&coming, None)
    }

    #[rstest]
    #[case::as_written("approved", false)]
    #[case::case_and_spaces(" Approved ", false)]
    #[case::punctuation("checked-in", false)]
    #[case::another("pending_approval", true)]
    #[case::blank("", true)]
    #[case::a_part("approve", true)]
    fn a_status_counts_or_not(#[case] status: &str, #[case] left_out: bool) {
        let mut filter = filter(&["Approved", "Checked In"]);
        assert_eq!([filter.leaves_out(Some(status)), filter.leaves_out(Some(status))], [left_out; 2]);
        assert_eq!(filter.left_out().total(), 2 * u64::from(left_out));
    }

    #[test]
    fn a_blank_status_counts_only_if_it_is_named() {
        assert!(!filter(&["no", ""]).leaves_out(Some(" ")));
    }

    #[test]
    fn a_list_without_a_status_is_left_out_only_by_values_that_were_typed() {
        let dialect = Arc::new(Dialect { coming: vec!["approved".into()], ..Dialect::default() });
        assert!(!StatusFilter::new(&Coming::Usual, Some(&dialect)).leaves_out(None));
        assert!(StatusFilter::new(&Coming::Usual, Some(&dialect)).leaves_out(Some("declined")));
        assert!(!StatusFilter::new(&Coming::Everybody, Some(&dialect)).leaves_out(Some("declined")));
        assert!(filter(&["approved"]).leaves_out(None));
    }

    #[test]
    fn hostile_values_are_counted_in_bounded_memory() {
        let mut filter = filter(&["yes"]);
        for n in 0..10_000 {
            assert!(filter.leaves_out(Some(&format!("value {n}"))));
        }
        assert!(filter.leaves_out(Some(&"x".repeat(1 << 20))));
        let left_out = filter.left_out();
        assert_eq!((left_out.values.len(), left_out.others, left_out.total()), (20, 9_981, 10_001));
    }

    #[test]
    fn the_counts_of_rosters_add_up() {
        let of = |values: &[&str]| {
            let mut filter = filter(&["yes"]);
            values.iter().for_each(|value| assert!(filter.leaves_out(Some(value))));
            filter.left_out().clone()
        };
        let mut all = of(&["no", "maybe", "no"]);
        all.add(&of(&["no", "late"]));
        let named = |value: &str, rows| (value.to_owned(), rows);
        assert_eq!(all.values, [named("no", 3), named("maybe", 1), named("late", 1)]);
        assert_eq!(all.total(), 5);
    }
}
