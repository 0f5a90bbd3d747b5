//! Whether a meeting is as the journal says: pure.
//!
//! [`audit`] says of one id what differs; the journal feeds it one id after another.

use crate::plan::{FieldChange, Known, Listed, Shown, field_changes};

/// Everything that is known of one `custom_participant_id` in one meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed<'a> {
    /// What the journal knows, if it knows the id.
    pub known: Option<Known<'a>>,
    /// What others should see of a confirmed row: what the roster wants, unless somebody has accepted that it differs.
    pub expected: Option<Shown<'a>>,
    /// Everybody in the complete listing with this id.
    pub listed: &'a [Listed<'a>],
}

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deviation {
    /// The journal has it as in, and the meeting doesn't hold it.
    Missing,
    /// The meeting holds it more than once.
    Duplicated,
    /// The meeting holds the id, but not the participant that the journal's token is for.
    Replaced,
    /// Others see something else of it than they should.
    Differing(Vec<FieldChange>),
    /// The meeting holds it, and the journal doesn't have it as in.
    Unconfirmed,
    /// The meeting holds it, and the journal doesn't know it.
    Foreign,
}

/// What differs, if anything does.
pub fn audit(claimed: Claimed<'_>) -> Option<Deviation> {
    let confirmed = claimed.known.filter(Known::is_confirmed);
    match (claimed.listed, confirmed) {
        ([], confirmed) => confirmed.map(|_| Deviation::Missing),
        ([_, _, ..], _) => Some(Deviation::Duplicated),
        ([only], Some(known)) if known.participant_id != Some(only.participant_id) => {
            Some(Deviation::Replaced)
        }
        ([only], Some(_)) => {
            // What is held comes first: what the meeting shows, then what it should.
            let fields =
                claimed.expected.map_or_else(Vec::new, |expected| field_changes(only.shown, expected));
            (!fields.is_empty()).then_some(Deviation::Differing(fields))
        }
        ([_], None) if claimed.known.is_some() => Some(Deviation::Unconfirmed),
        ([_], None) => Some(Deviation::Foreign),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::RowState;
    use crate::plan::{Origin, ShownField};
    use rstest::rstest;

    const ANN: Shown<'static> = Shown { name: "Ann", preset_name: "viewer", picture: None };

    fn known(state: RowState, participant_id: Option<&'static str>) -> Option<Known<'static>> {
        Some(Known { state, participant_id, origin: Origin::Created })
    }

    fn listed(participant_id: &'static str) -> Listed<'static> {
        Listed { participant_id, shown: ANN }
    }

    const DUPLICATED: Option<Deviation> = Some(Deviation::Duplicated);

    #[rstest]
    #[case::as_it_should_be(known(RowState::Added, Some("a")), &[listed("a")], None)]
    #[case::missing(known(RowState::Present, Some("a")), &[], Some(Deviation::Missing))]
    #[case::twice(known(RowState::Added, Some("a")), &[listed("a"), listed("b")], DUPLICATED)]
    #[case::known_to_be_twice(known(RowState::Conflict, None), &[listed("a"), listed("b")], DUPLICATED)]
    #[case::two_foreigners(None, &[listed("a"), listed("b")], DUPLICATED)]
    #[case::another_one(known(RowState::Added, Some("a")), &[listed("b")], Some(Deviation::Replaced))]
    #[case::foreign(None, &[listed("a")], Some(Deviation::Foreign))]
    #[case::in_doubt(known(RowState::Uncertain, None), &[listed("a")], Some(Deviation::Unconfirmed))]
    #[case::removed(known(RowState::Removed, None), &[listed("a")], Some(Deviation::Unconfirmed))]
    #[case::not_in_and_not_sent(known(RowState::Planned, None), &[], None)]
    #[case::nobody(None, &[], None)]
    fn what_differs(
        #[case] known: Option<Known<'static>>,
        #[case] listed: &[Listed<'static>],
        #[case] deviation: Option<Deviation>,
    ) {
        assert_eq!(audit(Claimed { known, expected: Some(ANN), listed }), deviation);
    }

    #[test]
    fn a_field_is_shown_as_it_is_and_as_it_should_be() {
        let expected = Some(Shown { preset_name: "host", ..ANN });
        let claimed = Claimed { known: known(RowState::Added, Some("a")), expected, listed: &[listed("a")] };
        let field =
            FieldChange { field: ShownField::Preset, old: "viewer".to_owned(), new: "host".to_owned() };
        assert_eq!(audit(claimed), Some(Deviation::Differing(vec![field])));
    }
}
