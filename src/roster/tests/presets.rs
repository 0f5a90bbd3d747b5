//! Presets by ticket type.

use rstest::rstest;

use super::*;

/// `VIP` is a host, the others as `map` says.
fn by_ticket(map: &str) -> ReadOptions {
    ReadOptions { preset_map: Some(map.parse().expect("a map")), default_preset: None, ..options() }
}

fn presets(text: &str, options: ReadOptions) -> Vec<String> {
    let outcome = read_with(text, options).expect("a roster");
    assert!(outcome.rejected.is_empty(), "{:?}", outcome.messages());
    outcome.rows.into_iter().map(|row| row.participant.preset_name).collect()
}

#[rstest]
#[case::an_entry_before_the_others("id,Ticket Type\n1, vip\n2,Student\n", "*=guest,VIP=host", &["host", "guest"])]
#[case::no_ticket_is_one_of_the_others("id,Ticket Type\n1,\n2,VIP\n", "VIP=host,*=guest", &["guest", "host"])]
#[case::a_column_for_presets_is_not_read("id,preset,ticket name\n1,guest,VIP\n", "VIP=host", &["host"])]
#[case::json("{\"id\":1,\"ticket_type\":\"VIP\"}\n{\"id\":2}\n", "VIP=host,*=guest", &["host", "guest"])]
fn a_ticket_type_stands_for_a_preset(#[case] text: &str, #[case] map: &str, #[case] expected: &[&str]) {
    assert_eq!(presets(text, by_ticket(map)), expected);
}

#[test]
fn the_default_is_for_rows_without_a_ticket_type_where_the_map_has_no_others() {
    let with_default = |map| ReadOptions { default_preset: Some("guest".into()), ..by_ticket(map) };
    assert_eq!(presets("id,ticket type\n1,\n2,VIP\n", with_default("VIP=host")), ["guest", "host"]);
    assert_eq!(presets("id,ticket type\n1,\n", with_default("*=host")), ["host"]);
}

#[test]
fn the_column_may_be_named_by_hand() {
    let mapping = vec![(Field::TicketType, "Kategorie".to_owned())];
    let options = ReadOptions { mapping, ..by_ticket("VIP=host,*=guest") };
    assert_eq!(presets("id,Kategorie,Ticket Type\n1,VIP,x\n", options), ["host"]);
}

#[test]
fn a_ticket_type_without_an_entry_makes_the_row_invalid() {
    let with_default = ReadOptions { default_preset: Some("guest".into()), ..by_ticket("VIP=host") };
    let outcome = read_with("id,ticket type\n1,Press\n2,VIP\n3,vip \n", with_default).expect("a roster");
    insta::assert_snapshot!(outcome.messages().join("\n"), @r#"r.csv:2: ticket type "Press": no preset is named for this ticket type; add it to --preset-map, or *=PRESET for all that aren't named"#);
    assert_eq!(outcome.ids(), ["2", "3"]);
}

#[test]
fn a_row_without_a_ticket_type_or_a_default_has_no_preset() {
    let outcome = read_with("id,ticket type\n1,\n", by_ticket("VIP=host")).expect("a roster");
    assert_eq!(outcome.problems(), [(2, "missing-preset")]);
}

/// Taken for an empty one, it would fall to the others in silence.
#[test]
fn a_ticket_type_that_is_no_text_makes_the_row_invalid() {
    let text = "{\"id\":1,\"ticket_type\":[\"VIP\"]}\n";
    let outcome = read_with(text, by_ticket("VIP=host,*=guest")).expect("a roster");
    assert_eq!(outcome.problems(), [(1, "json-wrong-type")]);
    assert_eq!(read(text).ids(), ["1"], "without a map it doesn't matter");
}

#[rstest]
#[case::no_ticket_column(
    "id,Kategorie\n1,VIP\n",
    Vec::new(),
    "r.csv: no column holds the ticket types, which --preset-map needs; columns: id, Kategorie; name it with --map ticket-type=COLUMN"
)]
#[case::no_object_has_one(
    "{\"id\":1,\"kind\":\"VIP\"}\n",
    Vec::new(),
    "r.csv: no column holds the ticket types, which --preset-map needs; columns: id, kind; name it with --map ticket-type=COLUMN"
)]
#[case::two_sources("id,Role,ticket type\n1,a,VIP\n", vec![(Field::Preset, "Role".to_owned())], "the presets are named twice, by --map preset and by --preset-map; keep one of the two")]
fn what_a_map_needs(#[case] text: &str, #[case] mapping: Vec<(Field, String)>, #[case] says: &str) {
    let options = ReadOptions { mapping, ..by_ticket("VIP=host,*=guest") };
    assert_eq!(refusal(text, options), says);
}

#[test]
fn a_column_that_yields_to_the_map_is_kept() {
    let outcome = read_with("id,role,ticket type\n1,x,VIP\n", by_ticket("VIP=host")).expect("a roster");
    let decisions = outcome.decisions.expect("decisions");
    assert_eq!(decisions.columns[1].role, Role::Overruled(Field::Preset));
    assert_eq!(outcome.extra_columns, ["role", "ticket type"]);
    assert_eq!(outcome.rows[0].extra, r#"["x","VIP"]"#);
}

#[test]
fn every_preset_of_the_map_must_exist_also_one_that_no_row_has() {
    let options = by_ticket("VIP=host,Press=gest,*=moderator");
    let roster = source("r.csv", "id,ticket type\n1,VIP\n");
    let error =
        check(std::slice::from_ref(&roster), &options, &mut App, |_| {}).expect_err("unknown presets");
    insta::assert_snapshot!(error, @r#"
    no such preset: "gest", which the preset map names for the ticket type "Press"; did you mean "guest"?
      no such preset: "moderator", which the preset map names for the ticket type "*"; use a preset of the app
    "#);
    assert!(check(&[roster], &options, &mut Offline, |_| {}).is_ok(), "nobody was asked");
}

#[test]
fn a_check_counts_the_rows_of_each_ticket_type() {
    let roster = source("r.csv", "id,ticket type\n1,VIP\n2,Day\n2,day\n,VIP\n");
    let report =
        check(&[roster], &by_ticket("VIP=host,*=guest,Press=guest"), &mut App, |_| {}).expect("a report");
    let counts =
        report.files[0].tickets.iter().map(|one| (one.ticket.as_str(), one.rows)).collect::<Vec<_>>();
    assert_eq!(counts, [("VIP", 2), ("*", 2), ("Press", 0)]);
    assert_eq!(report.files[0].tickets[1].stood_for, ["Day"]);
}
