//! Whether the pages of a scan add up to all of a meeting. Pure: nothing is concluded from a partial listing.
//!
//! The rules are those of GUARANTEE.md section 3; `listing` asks for the pages and counts who is new.

/// What the pages so far add up to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    /// How many participants there are, as the first page said.
    pub(super) total: u64,
    /// How many different ones have come.
    pub(super) unique: u64,
    next_offset: Option<u64>,
}

/// Where a scan stands after a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// There is more to come.
    Unfinished,
    /// As many as there are have come, each once.
    Complete,
    /// The pages are over, and somebody is missing.
    Short,
    /// The pages don't fit together: somebody writes meanwhile, or the server repeats itself.
    Disturbed,
}

impl Progress {
    /// Whether a page of `length` participants follows those before it: same total, offsets without a gap.
    pub(super) fn follows(&mut self, total: u64, start_offset: u64, length: u64) -> bool {
        let Some(expected) = self.next_offset.replace(start_offset.saturating_add(length)) else {
            self.total = total;
            return true;
        };
        // Where an empty page says to begin means nothing.
        total == self.total && (length == 0 || start_offset == expected)
    }

    /// Where the scan stands after a page of `length` participants, `new` of which, already counted, hadn't come before.
    pub(super) fn standing(self, length: u64, new: u64) -> Standing {
        if new < length || self.unique > self.total {
            Standing::Disturbed
        } else if self.unique == self.total {
            Standing::Complete
        } else if length == 0 {
            Standing::Short
        } else {
            Standing::Unfinished
        }
    }

    /// Where it stands after page 0, asked for when the pages from 1 on were short. On a server that counts from 1 it
    /// may be anything: only that everybody is there now counts.
    pub(super) fn standing_with_page_zero(self, total: u64) -> Standing {
        if total == self.total && self.unique == self.total {
            Standing::Complete
        } else {
            Standing::Disturbed
        }
    }
}

impl Progress {
    /// Where it stands after one more page than the count asked for: a total that is too small by the length of the last
    /// page looks whole without it. What a server answers beyond its last page is not documented; somebody `new` there,
    /// already counted, is what must not be.
    pub(super) fn standing_beyond(self, total: u64, new: u64) -> Standing {
        if new == 0 && total == self.total { Standing::Complete } else { Standing::Disturbed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;
    use std::collections::HashSet;

    /// A page as it came: total, start offset, participants.
    type Page = (u64, u64, Vec<u32>);

    /// Goes over the pages from 1 on, as `listing` does, and over page 0 if those are short.
    fn scan(pages: &[Page], page_zero: Option<&Page>) -> Standing {
        let (mut progress, mut seen) = (Progress::default(), HashSet::new());
        let mut keep = |progress: &mut Progress, ids: &[u32]| {
            let new = ids.iter().filter(|id| seen.insert(**id)).count() as u64;
            progress.unique += new;
            new
        };
        for (total, start, ids) in pages {
            let length = ids.len() as u64;
            if !progress.follows(*total, *start, length) {
                return Standing::Disturbed;
            }
            let new = keep(&mut progress, ids);
            match (progress.standing(length, new), page_zero) {
                (Standing::Unfinished, _) => {}
                (Standing::Short, Some((total, _, ids))) => {
                    keep(&mut progress, ids);
                    return progress.standing_with_page_zero(*total);
                }
                (standing, _) => return standing,
            }
        }
        Standing::Unfinished
    }

    #[rstest]
    #[case::nobody(&[(0, 0, vec![])], Standing::Complete)]
    #[case::one_page(&[(2, 1, vec![1, 2])], Standing::Complete)]
    #[case::two_pages(&[(3, 0, vec![1, 2]), (3, 2, vec![3])], Standing::Complete)]
    #[case::shorter_than_asked_for(&[(3, 5, vec![1]), (3, 6, vec![2]), (3, 7, vec![3])], Standing::Complete)]
    #[case::more_to_come(&[(3, 1, vec![1, 2])], Standing::Unfinished)]
    #[case::over_too_soon(&[(3, 1, vec![1, 2]), (3, 3, vec![])], Standing::Short)]
    #[case::empty_at_once(&[(3, 0, vec![])], Standing::Short)]
    #[case::empty_pages_begin_anywhere(&[(3, 1, vec![1, 2]), (3, 77, vec![])], Standing::Short)]
    #[case::more_than_the_total(&[(1, 1, vec![1, 2])], Standing::Disturbed)]
    #[case::somebody_came(&[(3, 1, vec![1, 2]), (4, 3, vec![3, 4])], Standing::Disturbed)]
    #[case::somebody_left(&[(3, 1, vec![1, 2]), (2, 3, vec![])], Standing::Disturbed)]
    #[case::a_gap(&[(3, 1, vec![1, 2]), (3, 4, vec![3])], Standing::Disturbed)]
    #[case::an_overlap(&[(3, 1, vec![1, 2]), (3, 2, vec![3])], Standing::Disturbed)]
    #[case::somebody_twice(&[(3, 1, vec![1, 2]), (3, 3, vec![2])], Standing::Disturbed)]
    #[case::twice_on_a_page(&[(2, 1, vec![1, 1])], Standing::Disturbed)]
    #[case::the_last_page_repeats_and_adds(&[(3, 1, vec![1, 2]), (3, 3, vec![2, 3])], Standing::Disturbed)]
    fn pages_add_up_or_they_do_not(#[case] pages: &[Page], #[case] standing: Standing) {
        assert_eq!(scan(pages, None), standing);
    }

    #[rstest]
    #[case::the_first_were_there((3, 0, vec![1, 2]), Standing::Complete)]
    #[case::it_is_page_1_again((3, 2, vec![3]), Standing::Disturbed)]
    #[case::one_is_still_missing((3, 0, vec![1]), Standing::Disturbed)]
    #[case::too_many((3, 0, vec![1, 2, 4]), Standing::Disturbed)]
    #[case::another_total((4, 0, vec![1, 2]), Standing::Disturbed)]
    #[case::another_total_that_fits((2, 0, vec![1]), Standing::Disturbed)]
    fn page_zero_completes_a_short_scan(#[case] page_zero: Page, #[case] standing: Standing) {
        assert_eq!(scan(&[(3, 2, vec![3]), (3, 3, vec![])], Some(&page_zero)), standing);
    }

    #[rstest]
    #[case::nobody(2, &[], Standing::Complete)]
    #[case::the_last_page_again(2, &[2], Standing::Complete)]
    #[case::the_total_was_too_small(2, &[3], Standing::Disturbed)]
    #[case::another_total(3, &[], Standing::Disturbed)]
    fn nobody_new_comes_beyond_the_count(
        #[case] total: u64,
        #[case] beyond: &[u32],
        #[case] standing: Standing,
    ) {
        let progress = Progress { total: 2, unique: 2, next_offset: Some(2) };
        let new = beyond.iter().filter(|id| **id > 2).count() as u64;
        assert_eq!(progress.standing_beyond(total, new), standing);
    }

    #[test]
    fn offsets_at_the_end_of_numbers_do_no_harm() {
        assert_eq!(scan(&[(2, u64::MAX, vec![1]), (2, u64::MAX, vec![2])], None), Standing::Complete);
    }

    proptest! {
        /// Whatever pages come: complete means that as many as the total came, each once, and none else.
        #[test]
        fn a_complete_scan_holds_everybody_once(
            pages in prop::collection::vec((0u64..5, 0u64..5, prop::collection::vec(0u32..6, 0..4)), 0..5)
        ) {
            if scan(&pages, None) == Standing::Complete {
                let needed = (1..=pages.len()).find(|n| scan(&pages[..*n], None) == Standing::Complete);
                let pages = &pages[..needed.unwrap_or_default()];
                let ids: Vec<u32> = pages.iter().flat_map(|(_, _, ids)| ids.clone()).collect();
                let unique: HashSet<u32> = ids.iter().copied().collect();
                prop_assert_eq!(unique.len(), ids.len());
                prop_assert!(pages.iter().all(|(total, ..)| *total == ids.len() as u64));
            }
        }

        /// However a quiet server cuts its pages, and wherever it counts offsets from, the scan is complete.
        #[test]
        fn a_quiet_meeting_is_scanned_whole(count in 0u32..30, length in 1usize..8, base in 0u64..3) {
            let ids: Vec<u32> = (0..count).collect();
            let total = u64::from(count);
            let mut pages: Vec<Page> = ids
                .chunks(length)
                .enumerate()
                .map(|(nth, ids)| (total, base + (nth * length) as u64, ids.to_vec()))
                .collect();
            pages.push((total, 0, Vec::new()));
            prop_assert_eq!(scan(&pages, None), Standing::Complete);
        }
    }
}
