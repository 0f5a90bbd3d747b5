//! Presets by ticket type: what each participant got, as the server holds it.

use std::collections::BTreeMap;

use rstest::rstest;

use crate::support::{Import, Ran};

const ROSTER: &str = "id,name,Ticket Type,Role\na,Ann,VIP,webinar_viewer\nb,Bea,\"General, early bird\",x\nc,Cy,,x\nd,Dan, vip ,x\n";
const MAP: &str = "VIP=webinar_presenter,\"General, early bird\"=webinar_viewer,*=group_call_participant";

/// An import with a map, whose spaces the other helpers would part at.
fn import(import: &Import, map: &str, flags: &str) -> Ran {
    let mut command = import.import(flags);
    command.args(["--preset-map", map]);
    crate::support::Running::start(import, command).end()
}

/// The preset of each id.
fn presets(import: &Import) -> BTreeMap<String, String> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let held = import.server().participants();
    held.iter().map(|one| (text(&one["custom_participant_id"]), text(&one["preset_name"]))).collect()
}

#[test]
fn everybody_gets_the_preset_of_their_ticket() {
    let guests = Import::new().roster(ROSTER);
    import(&guests, MAP, "").exit(0).added(4);
    let expected = [
        ("a", "webinar_presenter"),
        ("b", "webinar_viewer"),
        ("c", "group_call_participant"),
        ("d", "webinar_presenter"),
    ];
    assert_eq!(presets(&guests), expected.map(|(id, preset)| (id.to_owned(), preset.to_owned())).into());
}

#[test]
fn a_ticket_type_without_an_entry_stops_the_import_unless_it_is_skipped() {
    let guests = Import::new().roster(ROSTER);
    let map = "VIP=webinar_presenter";
    let ran = import(&guests, map, "--preset webinar_viewer").exit(3).invalid(1);
    assert_eq!(ran.lines_of("invalid")[0]["code"], "unmapped-ticket");
    assert_eq!(guests.server().stats().adds_received, 0);
    import(&guests, map, "--preset webinar_viewer --on-invalid skip").exit(4).added(3).invalid(1);
    let held = presets(&guests);
    assert_eq!((held.len(), &held["a"][..], &held["c"][..]), (3, "webinar_presenter", "webinar_viewer"));
}

/// Also a preset that no row needs, and whatever is said of invalid rows: the map is wrong, not a row.
#[rstest]
#[case::import("")]
#[case::skip("--on-invalid skip")]
#[case::dry_run("--dry-run")]
fn an_unknown_preset_in_the_map_stops_it_before_anything_is_sent(#[case] flags: &str) {
    let guests = Import::new().roster(ROSTER);
    let map = "Press=webinar_presentr,*=webinar_viewer";
    import(&guests, map, flags).exit(3).says("did you mean \\\"webinar_presenter\\\"?");
    assert_eq!(guests.server().stats().adds_received, 0);
    guests.tell(&format!("check list.csv --online --preset-map {map}")).exit(3).says("ticket type \"Press\"");
    guests.tell(&format!("check list.csv --preset-map {map}")).exit(0);
}

#[rstest]
#[case::no_ticket_column("--map ticket-type=Kategorie", 2, "there is no column \\\"Kategorie\\\"")]
#[case::two_sources("--map preset=Role", 2, "named twice, by --map preset and by --preset-map")]
fn a_map_that_can_not_be_followed_is_refused(#[case] flags: &str, #[case] exit: i32, #[case] says: &str) {
    let guests = Import::new().roster(ROSTER);
    import(&guests, MAP, flags).exit(exit).says(says);
    assert_eq!(guests.server().stats().adds_received, 0);
}

#[test]
fn a_roster_without_ticket_types_is_refused_with_its_columns() {
    let guests = Import::new().roster("id,Kategorie\na,VIP\n");
    import(&guests, MAP, "").exit(3).says("columns: id, Kategorie; name it with --map ticket-type=COLUMN");
    import(&guests, MAP, "--map ticket-type=Kategorie").exit(0).added(1);
    assert_eq!(presets(&guests)["a"], "webinar_presenter");
}

#[test]
fn a_check_shows_which_ticket_type_gets_which_preset() {
    let guests = Import::new().roster(ROSTER);
    let ran = guests.tell("check list.csv --preset-map VIP=webinar_presenter,*=webinar_viewer").exit(0);
    insta::assert_snapshot!(ran.stdout);
    let ran =
        guests.tell("check list.csv --json --preset-map VIP=webinar_presenter,*=webinar_viewer").exit(0);
    let tickets = &ran.lines_of("roster")[0]["tickets"];
    assert_eq!((&tickets[0]["rows"], &tickets[1]["rows"]), (&2.into(), &2.into()));
    assert_eq!(tickets[1]["stood_for"], serde_json::json!(["General, early bird", ""]));
}
