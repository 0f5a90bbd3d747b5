use super::*;
use proptest::prelude::*;
use rstest::rstest;

const ANN: Shown<'static> = Shown { name: "Ann", preset_name: "viewer", picture: None };
const BOB: Shown<'static> = Shown { name: "Bob", preset_name: "host", picture: Some("https://e.org/b.png") };

fn known(state: RowState, participant_id: Option<&'static str>, origin: Origin) -> Option<Known<'static>> {
    Some(Known { state, participant_id, origin })
}

fn listed(participant_id: &'static str, shown: Shown<'static>) -> Listed<'static> {
    Listed { participant_id, shown }
}

#[rstest]
#[case::new(Some(ANN), None, &[], Change::Add)]
#[case::planned(Some(ANN), known(RowState::Planned, None, Origin::Found), &[], Change::Add)]
#[case::refused_once(Some(ANN), known(RowState::Rejected, None, Origin::Found), &[], Change::Add)]
#[case::in_doubt(Some(ANN), known(RowState::Uncertain, None, Origin::Found), &[], Change::Unsettled)]
#[case::removed_by_others(Some(ANN), known(RowState::Added, Some("a"), Origin::Created), &[], Change::AddAgain)]
#[case::removed_by_us(Some(ANN), known(RowState::Removed, None, Origin::Created), &[], Change::AddAgain)]
#[case::all_of_them_removed(Some(ANN), known(RowState::Conflict, None, Origin::Found), &[], Change::AddAgain)]
#[case::all_of_them_gone(None, known(RowState::Conflict, None, Origin::Found), &[], Change::Gone)]
#[case::as_wanted(Some(ANN), known(RowState::Added, Some("a"), Origin::Created), &[listed("a", ANN)], Change::Unchanged)]
#[case::there_before_us(Some(ANN), None, &[listed("a", ANN)], Change::Unchanged)]
#[case::twice(Some(ANN), None, &[listed("a", ANN), listed("b", ANN)], Change::Conflict)]
#[case::twice_and_unwanted(None, known(RowState::Added, Some("a"), Origin::Created), &[listed("a", ANN), listed("b", ANN)], Change::Conflict)]
#[case::dropped(None, known(RowState::Added, Some("a"), Origin::Created), &[listed("a", ANN)], Change::Remove(Origin::Created))]
#[case::dropped_found(None, known(RowState::Present, Some("a"), Origin::Found), &[listed("a", ANN)], Change::Remove(Origin::Found))]
#[case::in_our_place(None, known(RowState::Added, Some("a"), Origin::Created), &[listed("b", ANN)], Change::Foreign)]
#[case::never_confirmed(None, known(RowState::Planned, None, Origin::Found), &[listed("a", ANN)], Change::Foreign)]
#[case::in_doubt_and_dropped(None, known(RowState::Uncertain, None, Origin::Found), &[listed("a", ANN)], Change::Unsettled)]
#[case::foreign(None, None, &[listed("a", ANN)], Change::Foreign)]
#[case::gone(None, known(RowState::Present, Some("a"), Origin::Reconciled), &[], Change::Gone)]
#[case::nobody(None, known(RowState::Rejected, None, Origin::Found), &[], Change::Nothing)]
fn what_is_done_about_somebody(
    #[case] wanted: Option<Shown<'static>>,
    #[case] known: Option<Known<'static>>,
    #[case] listed: &[Listed<'static>],
    #[case] change: Change,
) {
    assert_eq!(judge(Seen { wanted, known, listed }), change);
}

#[test]
fn fields_change_one_by_one() {
    let change =
        |field, old: &str, new: &str| FieldChange { field, old: old.to_owned(), new: new.to_owned() };
    let Change::Update(changes) = judge(Seen { wanted: Some(BOB), known: None, listed: &[listed("a", ANN)] })
    else {
        panic!("an update");
    };
    assert_eq!(
        changes,
        [
            change(ShownField::Name, "Ann", "Bob"),
            change(ShownField::Preset, "viewer", "host"),
            change(ShownField::Picture, "", "https://e.org/b.png"),
        ]
    );
}

#[rstest]
#[case("20%", 100, 20)]
#[case("20%", 24, 5)]
#[case("20%", 30, 6)]
#[case("0%", 1000, 5)]
#[case("100%", 1000, 1000)]
#[case("0", 1000, 0)]
#[case("7", 3, 7)]
fn a_limit_allows_so_many(#[case] limit: RemovalLimit, #[case] managed: u64, #[case] most: u64) {
    assert_eq!(limit.most(managed), most);
}

#[rstest]
fn what_is_no_limit_is_refused(#[values("", "%", "101%", "-1", "many", "5 people")] text: &str) {
    assert!(text.parse::<RemovalLimit>().is_err());
}

fn any_known() -> impl Strategy<Value = Option<Known<'static>>> {
    let origin = prop::sample::select(vec![Origin::Created, Origin::Reconciled, Origin::Found]);
    let known = (prop::sample::select(RowState::ALL.to_vec()), prop::option::of(Just("a")), origin);
    prop::option::of(known.prop_map(|(state, participant_id, origin)| Known {
        state,
        participant_id,
        origin,
    }))
}

proptest! {
    /// The rule that nobody may get wrong: who is removed was confirmed to us, under this very id, and isn't wanted.
    #[test]
    fn only_who_is_ours_and_unwanted_is_removed(
        wanted in prop::option::of(Just(ANN)), known in any_known(), ids in prop::collection::vec(prop::sample::select(vec!["a", "b"]), 0..3)
    ) {
        let listed: Vec<_> = ids.iter().map(|id| listed(id, BOB)).collect();
        if let Change::Remove(origin) = judge(Seen { wanted, known, listed: &listed }) {
            let known = known.expect("known");
            prop_assert!(wanted.is_none() && listed.len() == 1 && known.is_confirmed());
            prop_assert_eq!(known.participant_id, Some(listed[0].participant_id));
            prop_assert_eq!(origin, known.origin);
        }
    }

    /// Nobody is added whom the meeting shows, or of whom a create is in doubt.
    #[test]
    fn nobody_is_added_who_is_or_may_be_in(
        wanted in prop::option::of(Just(ANN)), known in any_known(), there in any::<bool>()
    ) {
        let listed = [listed("a", ANN)];
        let seen = Seen { wanted, known, listed: if there { &listed } else { &[] } };
        if matches!(judge(seen), Change::Add | Change::AddAgain) {
            prop_assert!(wanted.is_some() && !there);
            prop_assert!(!known.is_some_and(|known| matches!(known.state, RowState::Sending | RowState::Uncertain)));
        }
    }
}
