//! Who a row is: where ids come from, ids that change, two rows for one person. Judged by what the server holds.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use rstest::rstest;
use serde_json::Value;

use crate::support::{Import, Ran};

const HEAD: &str = "Ticket ID,Full Name,E-mail,preset\n";

/// A roster of tickets, each with a name and an e-mail address.
fn tickets(rows: &[(&str, &str, &str)]) -> String {
    let row = |(id, name, email): &(&str, &str, &str)| format!("{id},{name},{email},webinar_viewer\n");
    HEAD.to_owned() + &rows.iter().map(row).collect::<String>()
}

const ANN: (&str, &str, &str) = ("t-1", "Ann Lee", "ann@example.com");
const BO: (&str, &str, &str) = ("t-2", "Bo Diaz", "bo@example.com");
/// Ann, whose ticket number was mended and whose name is written otherwise.
const MENDED: (&str, &str, &str) = ("t-01", "ann  LEE", "Ann@Example.com");

/// Ann and Bo are in.
fn both_in() -> Import {
    let import = Import::new().roster(tickets(&[ANN, BO]));
    import.run().exit(0).added(2);
    import
}

/// How many participants the meeting holds.
fn living(import: &Import) -> u64 {
    import.server().stats().participants
}

/// The ids of the meeting's participants.
fn ids(import: &Import) -> BTreeSet<String> {
    let id = |one: &Value| one["custom_participant_id"].as_str().unwrap().to_owned();
    import.server().participants().iter().map(id).collect()
}

/// The id column is another one: nobody is added, and the way back is named.
#[rstest]
#[case::another_column("User ID,Full Name,E-mail,preset\nu-1,Ann Lee,ann@example.com,webinar_viewer\n", "")]
#[case::another_key("{\"user_id\":\"u-1\",\"name\":\"Ann Lee\",\"preset\":\"webinar_viewer\"}\n", "")]
#[case::another_of_two("Ticket ID,Badge,preset\nt-1,b-1,webinar_viewer\n", "--map id=Badge")]
#[case::derived("Ticket ID,E-mail,preset\nt-1,ann@example.com,webinar_viewer\n", "--id-from E-mail")]
fn another_source_of_ids_adds_nobody(#[case] roster: &str, #[case] flags: &str) {
    let import = both_in();
    import.write("list.csv", roster);
    let (before, text) = (import.server().stats().adds_received, "(--map id=ticketid)");
    import.run_with(flags).exit(2).says(text).says("--new-id-source").says("invited twice");
    import.run_with(&format!("{flags} --dry-run")).exit(2).says(text);
    assert_eq!(import.server().stats().adds_received, before);
}

/// The same column, however it is written, in whatever format.
#[rstest]
#[case::another_spelling("TICKET-ID;Full Name;E-mail;preset\nt-1;Ann Lee;ann@example.com;webinar_viewer\n")]
#[case::json(
    "{\"x\":0,\"ticket_id\":\"t-1\",\"name\":\"Ann Lee\",\"email\":\"ann@example.com\",\"preset\":\"webinar_viewer\"}\n"
)]
fn the_same_column_is_the_same_source(#[case] roster: &str) {
    let import = both_in();
    import.write("list.csv", roster);
    import.run().exit(0).present(1);
}

/// Two rosters of one run with two id columns: who is on both would be in twice.
#[test]
fn two_rosters_with_two_id_columns_add_nobody() {
    let import = Import::new().roster(tickets(&[ANN]));
    import.write("b.csv", "User ID,Full Name,preset\nu-1,Ann Lee,webinar_viewer\n");
    for dry_run in ["", "--dry-run"] {
        let ran = import.tell(&format!("import list.csv b.csv --json --journal j.db {dry_run}")).exit(2);
        ran.says("ticketid").says("userid");
    }
    assert_eq!(import.server().stats().adds_received, 0);
}

/// I13: an id is mended between two runs. A build that doesn't hold the row back adds Ann a second time.
#[test]
fn i13_a_mended_id_invites_nobody_twice() {
    let import = both_in();
    import.write("list.csv", tickets(&[MENDED, BO, ("t-3", "Cy Oh", "cy@example.com")]));
    let ran = import.run();
    assert_eq!((living(&import), import.server().posts("t-01")), (3, 0), "Ann was invited twice");
    let ran = ran.exit(4).added(1).present(1).held(1);
    let problem = &ran.lines_of("problem")[0];
    assert_eq!((&problem["line"], &problem["state"]), (&2.into(), &"held".into()));
    let twin = &problem["twin"];
    assert_eq!((&twin["file"], &twin["line"]), (&"list.csv".into(), &2.into()));
    assert_eq!(twin["custom_participant_id"], "t-1");
    import.tell("status --journal j.db").exit(0).says("1 row held back as possible duplicates");
    import.tell("journal verify j.db").exit(0);
    import.run().exit(4).added(0).present(2).held(1);
    assert_eq!(living(&import), 3);
}

#[test]
fn a_person_reads_who_is_held_back_and_why() {
    let import = both_in();
    import.write("list.csv", tickets(&[MENDED, BO]));
    let ran = import.tell("import list.csv --journal j.db").exit(4);
    ran.says("Held back 1 possible duplicate").says("list.csv:2  t-01; was t-1 in list.csv:2");
}

#[test]
fn who_is_held_back_is_added_if_that_is_wanted() {
    let import = both_in();
    import.write("list.csv", tickets(&[MENDED, BO]));
    import.run().exit(4).held(1);
    import.run_with("--allow-same-person").exit(0).added(1).held(0);
    assert_eq!((living(&import), import.server().posts("t-01")), (3, 1));
    import.run().exit(0).present(2).held(0);
}

/// Both rows are named, so that they are two people; a roster that takes the mending back is as if it had not been.
#[rstest]
#[case::both(&[ANN, BO, MENDED], 3)]
#[case::taken_back(&[ANN, BO], 2)]
fn a_twin_that_is_named_again_holds_nobody_back(#[case] rows: &[(&str, &str, &str)], #[case] people: u64) {
    let import = both_in();
    import.write("list.csv", tickets(&[MENDED, BO]));
    import.run().exit(4).held(1);
    import.write("list.csv", tickets(rows));
    import.run().exit(0).present(2).held(0);
    assert_eq!(living(&import), people);
}

/// Two people on one e-mail address, and one name with two addresses, are two people each.
#[rstest]
#[case::one_address(("t-9", "Dan Lee", "ann@example.com"))]
#[case::one_name(("t-9", "Ann Lee", "ann@example.org"))]
#[case::no_address(("t-9", "Ann Lee", ""))]
fn two_people_are_two_people(#[case] other: (&str, &str, &str)) {
    let import = both_in();
    import.write("list.csv", tickets(&[other]));
    import.run().exit(0).added(1);
    assert_eq!(living(&import), 3);
}

/// K: killed when the roster is accepted and nobody is sent yet; the held row stays held.
#[test]
fn killed_between_the_acceptance_and_the_first_create() {
    let import = Import::new().roster(tickets(&[ANN, BO])).fault("hang=#2@list");
    import.run().exit(0).added(2);
    import.write("list.csv", tickets(&[MENDED, BO, ("t-3", "Cy Oh", "cy@example.com")]));
    let before = import.server().stats().adds_received;
    let mut running = import.spawn();
    running.until("the list hangs", |stats| stats.requests.get("list").is_some_and(|lists| *lists >= 2));
    assert!(running.kill());
    assert_eq!(import.server().stats().adds_received, before);
    import.tell("status --journal j.db").exit(0).says("1 row held back");
    import.run().exit(4).added(1).present(1).held(1);
    assert_eq!((living(&import), import.server().posts("t-01")), (3, 0));
}

/// What a dry run says of possible duplicates is what the import then does.
#[test]
fn a_dry_run_says_who_would_be_held_back() {
    let import = both_in();
    import.write("list.csv", tickets(&[MENDED, BO, ("t-3", "Cy Oh", "cy@example.com")]));
    let ran = import.run_with("--dry-run").exit(0).present(1).held(1);
    let plan = &ran.lines_of("plan")[0];
    assert_eq!((&plan["would_add"], &plan["held"]), (&1.into(), &1.into()));
    import.run_with("--dry-run --allow-same-person").exit(0).held(0);
    import.run().exit(4).added(1).present(1).held(1);
}

/// Everybody gets a new id on purpose: who is in under the old one is still not invited again.
#[test]
fn a_new_source_of_ids_adds_only_who_is_new() {
    let import = both_in();
    import.write(
        "list.csv",
        "Badge ID,Full Name,E-mail,preset\nb-1,Ann Lee,ann@example.com,webinar_viewer\nb-3,Cy Oh,cy@example.com,webinar_viewer\n",
    );
    import.run_with("--map id=Badge_ID --new-id-source").exit(4).added(1).held(1);
    assert_eq!(living(&import), 3);
}

const TWICE: &str = "t-1,Ann Lee,ann@example.com,webinar_viewer\nt-2,Bo Diaz,bo@example.com,webinar_viewer\n\
                     t-1,Annabel Lee,ann@example.com,webinar_viewer\n";

fn counts(ran: &Ran) -> (u64, u64) {
    let summary = ran.summary();
    (summary["repeated"].as_u64().unwrap(), summary["invalid"].as_u64().unwrap())
}

/// I01: two rows for one participant, in one roster and over two; check, dry run and import say the same.
#[rstest]
#[case::stop("stop", 3, (0, 2), None)]
#[case::first("first", 0, (2, 0), Some("Ann Lee"))]
#[case::last("last", 0, (2, 0), Some("Ann Leigh"))]
fn i01_of_two_rows_one_may_count(
    #[case] which: &str,
    #[case] exit: i32,
    #[case] left_out: (u64, u64),
    #[case] name: Option<&str>,
) {
    let import = Import::new().roster(HEAD.to_owned() + TWICE);
    import.write("b.csv", tickets(&[("t-1", "Ann Leigh", "ann@example.com")]));
    let typed = format!("list.csv b.csv --on-duplicate {which} --json");
    let checked = import.tell(&format!("check {typed}")).exit(exit).lines_of("check").remove(0);
    assert_eq!((&checked["repeated"], &checked["invalid"]), (&left_out.0.into(), &left_out.1.into()));
    let planned = import.tell(&format!("import {typed} --dry-run --journal j.db")).exit(exit);
    assert_eq!(counts(&planned), left_out);
    let ran = import.tell(&format!("import {typed} --journal j.db")).exit(exit);
    assert_eq!(counts(&ran), left_out);
    let names: Vec<Value> = import.server().participants();
    let ann = names.iter().find(|one| one["custom_participant_id"] == "t-1");
    assert_eq!(ann.map(|ann| ann["name"].as_str().unwrap()), name);
    assert_eq!(living(&import), if exit == 0 { 2 } else { 0 });
}

/// I01: the same id in two meetings is two people, whatever is said of duplicates.
#[rstest]
fn i01_one_id_in_two_meetings_is_two_people(#[values("stop", "first", "last")] which: &str) {
    let import = Import::new().server_with(|settings| {
        let other = "00000000-0000-4000-8000-000000000002".parse().unwrap();
        let active = settings.meetings[0].1;
        settings.meetings.push((other, active));
    });
    let here = import.server().meeting();
    let rows = format!(
        "id,meeting,preset\na,{here},webinar_viewer\na,00000000-0000-4000-8000-000000000002,webinar_viewer\n"
    );
    import.write("list.csv", rows);
    import.run_with(&format!("--on-duplicate {which}")).exit(0).added(2).repeated(0);
    assert_eq!(living(&import), 2);
}

/// The same people, written otherwise: derived ids stay the same.
#[test]
fn a_derived_id_is_the_same_in_another_spelling() {
    let import = Import::new().roster("E-mail,Name,preset\nann@example.com,Zoë  Lee,webinar_viewer\n");
    import.run_with("--id-from E-mail,Name").exit(0).added(1);
    import.write("list.csv", "NAME,EMAIL,preset\nZOE\u{308} LEE, Ann@Example.COM ,webinar_viewer\n");
    import.run_with("--id-from email,name --accept-differing").exit(0).present(1);
    assert_eq!(import.server().stats().adds_received, 1);
    assert!(ids(&import).iter().all(|id| !id.contains('@') && id.as_bytes()[14] == b'5'));
}

/// A name that ids are derived from is put right: a build that tells people by their names invites Ann a second time.
#[rstest]
#[case::name("E-mail,Name,preset\n", "Ann Lee", "Anne Lee", "E-mail,Name")]
#[case::first_and_last_name(
    "E-mail,First name,Last name,preset\n",
    "Ann,Lee",
    "Ann,Leigh",
    "E-mail,First_name,Last_name"
)]
fn a_corrected_name_in_a_derived_id_invites_nobody_twice(
    #[case] head: &str,
    #[case] name: &str,
    #[case] corrected: &str,
    #[case] id_from: &str,
) {
    let roster = |name: &str| format!("{head}ann@example.com,{name},webinar_viewer\n");
    let import = Import::new().roster(roster(name)).flags(&format!("--id-from {id_from}"));
    import.run().exit(0).added(1);
    import.write("list.csv", roster(corrected));
    import.run().exit(4).added(0).held(1);
    assert_eq!(import.server().stats().adds_received, 1);
    import.run_with("--allow-same-person").exit(0).added(1).held(0);
}

const KEY: &str = "0123456789-a-key-that-nobody-knows";

/// Ids made with a key: other ones, bound to it, and the key is shown nowhere.
#[test]
fn a_key_makes_ids_that_nobody_else_can_compute() {
    let import = Import::new().roster("E-mail,Name,preset\nann@example.com,Ann,webinar_viewer\n");
    write_key(&import, KEY, 0o600);
    let keyed = "--id-from E-mail --id-key-file id.key";
    let ran = import.run_with(&format!("{keyed} -v")).exit(0).added(1);
    assert!(!ran.stdout.contains(KEY) && !ran.stderr.contains(KEY));
    let journal = import.read("j.db");
    assert!(!journal.windows(KEY.len()).any(|window| window == KEY.as_bytes()));
    assert!(ids(&import).iter().all(|id| id.as_bytes()[14] == b'8'), "{:?}", ids(&import));
    write_key(&import, &format!("{KEY}\n"), 0o600);
    import.run_with(keyed).exit(0).present(1);
    import.run_with("--id-from E-mail").exit(2).says("with --id-key-file and the key");
    write_key(&import, &KEY.to_uppercase(), 0o600);
    import.run_with(keyed).exit(2).says("invited twice");
    assert_eq!(import.server().stats().adds_received, 1);
}

fn write_key(import: &Import, key: &str, mode: u32) {
    import.write("id.key", key);
    std::fs::set_permissions(import.path("id.key"), PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn a_key_that_protects_nothing_is_refused() {
    let import = Import::new().roster("E-mail,preset\nann@example.com,webinar_viewer\n");
    let keyed = "--id-from E-mail --id-key-file id.key";
    import.run_with(keyed).exit(2).says("(umask 077; head -c 32 /dev/urandom | base64 > id.key)");
    write_key(&import, KEY, 0o644);
    import.run_with(keyed).exit(2).says("chmod 600");
    write_key(&import, "short", 0o600);
    import.run_with(keyed).exit(2).says("at least 16 bytes");
    import.run_with("--id-key-file id.key").exit(2).says("--id-from");
    assert_eq!(import.server().stats().adds_received, 0);
}

/// What the error says is what helps: the flag is taken from it as it stands.
#[rstest]
#[case::no_id_column(
    "E-mail,Full Name,preset\nann@example.com,Ann,webinar_viewer\nann@example.com,Bo,webinar_viewer\n"
)]
#[case::addresses_for_ids(
    "ID,First Name,Last Name,preset\nann@example.com,Ann,Lee,webinar_viewer\nann@example.com,Bo,Lee,webinar_viewer\n"
)]
#[case::json(
    "{\"Mail\":\"ann@example.com\",\"name\":\"Ann\",\"preset\":\"webinar_viewer\"}\n{\"Mail\":\"ann@example.com\",\"name\":\"Bo\",\"preset\":\"webinar_viewer\"}\n"
)]
fn the_way_out_of_addresses_as_ids_is_named(#[case] roster: &str) {
    let import = Import::new().roster(roster);
    let ran = import.tell("import list.csv --journal j.db").exit(3);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    let columns = said.split_once("--id-from \"").unwrap().1.split_once('"').unwrap().0;
    let mut command = import.command("import list.csv --json --journal j.db --settle 1s --id-from");
    command.arg(columns);
    crate::support::Running::start(&import, command).end().exit(0).added(2);
    assert_eq!(living(&import), 2);
}
