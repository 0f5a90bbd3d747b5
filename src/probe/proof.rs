//! What the answers prove. Pure.

use super::findings::{
    FirstPage, Longest, Offsets, Order, PageSize, Refusal, SecondAdd, SecondRemoval, UpdateToken,
};
use crate::api::{Page, Removed};
use crate::model::{AddedParticipant, RemoteId, RemoteParticipant};
use crate::outcome::{Answer, CreateOutcome, Flaw};

impl SecondAdd {
    pub(super) fn of(outcome: &CreateOutcome, first: &RemoteId) -> Self {
        let another = |id: &RemoteId| if id == first { Self::Same } else { Self::Another };
        match outcome {
            CreateOutcome::Added(added) => another(&added.participant.id),
            CreateOutcome::Applied { remote_id: Some(id), .. } => another(id),
            CreateOutcome::Refused(failure) | CreateOutcome::Doubtful(failure) => {
                Self::Refused(failure.clone())
            }
            CreateOutcome::Applied { remote_id: None, .. }
            | CreateOutcome::NotSent(_)
            | CreateOutcome::Throttled
            | CreateOutcome::Unknown(_)
            | CreateOutcome::Stop(_) => Self::Unclear,
        }
    }
}

impl Refusal {
    pub(super) fn of(outcome: &CreateOutcome) -> Self {
        match outcome {
            CreateOutcome::Added(_) | CreateOutcome::Applied { .. } => Self::Accepted,
            CreateOutcome::Refused(failure) | CreateOutcome::Doubtful(failure) => {
                Self::Refused(failure.clone())
            }
            CreateOutcome::NotSent(_)
            | CreateOutcome::Throttled
            | CreateOutcome::Unknown(_)
            | CreateOutcome::Stop(_) => Self::Unclear,
        }
    }
}

impl Longest {
    /// Takes in what became of a text of so many characters; whether a shorter one is worth a try.
    pub(super) fn learn(&mut self, length: usize, refusal: Refusal) -> bool {
        match refusal {
            Refusal::Accepted => self.accepted = Some(length),
            Refusal::Refused(failure) => self.refused = Some((length, failure)),
            Refusal::Unclear => {}
        }
        self.accepted.is_none()
    }
}

impl FirstPage {
    /// What pages 0 and 1 prove, of which one may have been refused.
    pub(super) fn of(zero: Option<&[RemoteId]>, one: Option<&[RemoteId]>) -> Self {
        match (zero.filter(|page| !page.is_empty()), one.filter(|page| !page.is_empty())) {
            (None, Some(_)) => Self::One,
            (Some(zero), Some(one)) if zero == one => Self::OneAndZero,
            (Some(zero), Some(one)) if zero.iter().all(|id| !one.contains(id)) => Self::Zero,
            (Some(_), None) => Self::Zero,
            (Some(_), Some(_)) | (None, None) => Self::Unclear,
        }
    }
}

impl Offsets {
    /// What the first page says of itself.
    pub(super) fn of<T>(page: &Page<T>) -> Self {
        let (start, end, length) = (page.start_offset, page.end_offset, page.items.len() as u64);
        match (start, length.checked_sub(1)) {
            (_, None) => Self::Unclear,
            (1, Some(_)) if end == length => Self::FromOne,
            (0, Some(last)) if end == last => Self::FromZero,
            (0, Some(_)) if end == length => Self::FromZeroToEnd,
            _ => Self::Other { start, end, length },
        }
    }
}

impl PageSize {
    /// What a page proves for which more were asked than are `held`.
    pub(super) fn of(length: u64, held: u64) -> Self {
        match length {
            0 => Self::Unclear,
            length if length < held => Self::AtMost(length),
            length => Self::AtLeast(length),
        }
    }
}

impl Order {
    /// What the first page proves; `created` are all, in the order of creation.
    pub(super) fn of(page: &[RemoteParticipant], created: &[RemoteId]) -> Self {
        let ids = || page.iter().map(|participant| &participant.id);
        if page.len() < 2 {
            Self::Unclear
        } else if ids().eq(created.iter().take(page.len())) {
            Self::OldestFirst
        } else if ids().eq(created.iter().rev().take(page.len())) {
            Self::NewestFirst
        } else if page.is_sorted_by_key(|participant| &participant.custom_participant_id) {
            Self::ByCustomId
        } else if ids().is_sorted() {
            Self::ById
        } else {
            Self::Other
        }
    }
}

impl UpdateToken {
    pub(super) fn of(answer: &Answer<AddedParticipant>) -> Self {
        match answer {
            Answer::Success(_) => Self::Comes,
            Answer::Flawed { flaw: Flaw::NoToken, .. } => Self::Absent,
            Answer::Failure(failure) if (400..500).contains(&failure.status) => {
                Self::Refused(failure.clone())
            }
            Answer::Failure(_) | Answer::Flawed { .. } | Answer::Lost(_) | Answer::NotSent(_) => {
                Self::Unclear
            }
        }
    }
}

impl From<Removed> for SecondRemoval {
    fn from(removed: Removed) -> Self {
        match removed {
            Removed::Gone => Self::Gone,
            Removed::Deleted => Self::Success,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Failure;
    use rstest::rstest;

    fn id(id: &str) -> RemoteId {
        RemoteId::new(id).unwrap()
    }

    fn ids(text: &str) -> Vec<RemoteId> {
        text.split_whitespace().map(id).collect()
    }

    #[rstest]
    #[case::refused(None, Some("a b"), FirstPage::One)]
    #[case::empty(Some(""), Some("a b"), FirstPage::One)]
    #[case::the_same(Some("a b"), Some("a b"), FirstPage::OneAndZero)]
    #[case::the_one_before(Some("a b"), Some("c d"), FirstPage::Zero)]
    #[case::all_on_page_0(Some("a b"), Some(""), FirstPage::Zero)]
    #[case::page_1_refused(Some("a b"), None, FirstPage::Zero)]
    #[case::shifted(Some("a b"), Some("b c"), FirstPage::Unclear)]
    #[case::nothing(Some(""), None, FirstPage::Unclear)]
    fn two_pages_tell_which_is_the_first(
        #[case] zero: Option<&str>,
        #[case] one: Option<&str>,
        #[case] expected: FirstPage,
    ) {
        let (zero, one) = (zero.map(ids), one.map(ids));
        assert_eq!(FirstPage::of(zero.as_deref(), one.as_deref()), expected);
    }

    #[rstest]
    #[case(1, 3, 3, Offsets::FromOne)]
    #[case(0, 2, 3, Offsets::FromZero)]
    #[case(0, 3, 3, Offsets::FromZeroToEnd)]
    #[case(1, 4, 3, Offsets::Other { start: 1, end: 4, length: 3 })]
    #[case(3, 5, 3, Offsets::Other { start: 3, end: 5, length: 3 })]
    #[case::alone(1, 1, 1, Offsets::FromOne)]
    #[case::alone_from_0(0, 0, 1, Offsets::FromZero)]
    #[case::nobody(0, 0, 0, Offsets::Unclear)]
    fn a_page_tells_how_it_counts(
        #[case] start_offset: u64,
        #[case] end_offset: u64,
        #[case] length: usize,
        #[case] expected: Offsets,
    ) {
        let page = Page { items: vec![(); length], total_count: 9, start_offset, end_offset };
        assert_eq!(Offsets::of(&page), expected);
    }

    #[rstest]
    #[case(3, 6, PageSize::AtMost(3))]
    #[case(6, 6, PageSize::AtLeast(6))]
    #[case(7, 6, PageSize::AtLeast(7))]
    #[case(0, 6, PageSize::Unclear)]
    fn a_page_tells_how_many_fit(#[case] length: u64, #[case] held: u64, #[case] expected: PageSize) {
        assert_eq!(PageSize::of(length, held), expected);
    }

    /// Created in the order m, c, x with the custom ids 2, 3, 1.
    #[rstest]
    #[case("m c x", Order::OldestFirst)]
    #[case("m c", Order::OldestFirst)]
    #[case("x c m", Order::NewestFirst)]
    #[case("x c", Order::NewestFirst)]
    #[case("x m c", Order::ByCustomId)]
    #[case("c m x", Order::ById)]
    #[case("c x m", Order::Other)]
    #[case("m", Order::Unclear)]
    #[case("", Order::Unclear)]
    fn a_page_tells_the_order(#[case] listed: &str, #[case] expected: Order) {
        let created = ids("m c x");
        let custom_id = |id: &RemoteId| match id.as_str() {
            "m" => "2",
            "c" => "3",
            _ => "1",
        };
        let page: Vec<_> = ids(listed)
            .into_iter()
            .map(|id| RemoteParticipant {
                custom_participant_id: custom_id(&id).to_owned(),
                id,
                preset_name: String::new(),
                name: None,
                picture: None,
                created_at: String::new(),
                updated_at: String::new(),
            })
            .collect();
        assert_eq!(Order::of(&page, &created), expected);
    }

    #[test]
    fn lengths_are_tried_until_one_is_accepted() {
        let failure = Failure { status: 422, code: None, message: String::new() };
        let mut longest = Longest::default();
        assert!(longest.learn(1_024, Refusal::Refused(failure.clone())));
        assert!(longest.learn(255, Refusal::Unclear));
        assert!(!longest.learn(64, Refusal::Accepted));
        assert_eq!(longest, Longest { accepted: Some(64), refused: Some((1_024, failure)) });
    }
}
