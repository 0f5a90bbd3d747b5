//! The invalid rows of a run: grouped by what is wrong, the first places of each.

use std::collections::BTreeMap;

use guestlist::roster::{RowError, RowErrorCode};

/// So many places of each kind are kept and shown.
const SHOWN: usize = 20;

#[derive(Debug, Default)]
pub(crate) struct InvalidRows(BTreeMap<RowErrorCode, Group>);

/// Problems of one kind.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(super) count: u64,
    pub(super) first: Vec<RowError>,
}

impl Group {
    /// What to do, if it is the same for all: it is said once.
    pub(super) fn common_hint(&self) -> Option<&str> {
        let hint = self.first.first()?.hint.as_ref();
        self.first.iter().all(|error| error.hint == hint).then_some(hint)
    }

    /// How many aren't among the first.
    pub(super) fn others(&self) -> u64 {
        self.count - self.first.len() as u64
    }
}

impl InvalidRows {
    pub(crate) fn add(&mut self, error: &RowError) {
        let group = self.0.entry(error.code).or_default();
        group.count += 1;
        if group.first.len() < SHOWN {
            group.first.push(error.clone());
        }
    }

    /// The groups, the largest first.
    pub(crate) fn groups(&self) -> Vec<(RowErrorCode, &Group)> {
        let mut groups: Vec<_> = self.0.iter().map(|(code, group)| (*code, group)).collect();
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.count));
        groups
    }
}
