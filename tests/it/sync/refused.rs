//! A roster that is refused, or never accepted, leaves no trace.

use rstest::rstest;

use super::Event;
use crate::support::{Import, Running};

/// Mail addresses that have slipped by a row, a preset and a name: nothing of a roster that is refused is exported, and
/// nothing is held against the meeting.
#[rstest]
#[case::by_a_limit("sync list.csv --remove", 7)]
#[case::by_an_invalid_row("import list.csv", 3)]
#[case::by_an_invalid_row_of_a_sync("sync list.csv", 3)]
fn a_refused_roster_leaves_no_trace(#[case] typed: &str, #[case] exit: i32) {
    let event = Event::new();
    let row =
        |id: usize, mail: usize| format!("{id},Guest {id},group_call_participant,g{mail}@example.org\n");
    let rows: String = (1..=20).map(|n| row(n, n)).collect();
    event.0.write("list.csv", format!("id,name,preset,Email\n{rows}"));
    event.sync("--export before.csv").exit(0);
    let mut rows: String = (1..=8).map(|n| row(n, n + 1)).collect();
    rows += "9,Guest 9,webinar_viewer,g10@example.org\n10,Changed,group_call_participant,\n";
    if exit == 3 {
        rows += "11,Bad,nonsense,\n";
    }
    event.0.write("list.csv", format!("id,name,preset,Email\n{rows}"));
    event.0.tell(&format!("{typed} --json --journal j.db --settle 300ms")).exit(exit);
    event.0.tell("export --journal j.db --output after.csv").exit(0);
    assert_eq!(event.0.text("after.csv"), event.0.text("before.csv"));
    event.0.tell("verify --journal j.db --settle 0s").exit(0);
    event.0.tell("journal verify j.db").exit(0);
}

/// The same where the run is killed before it could be refused, and while it is on.
#[test]
fn a_roster_that_was_never_accepted_leaves_no_trace() {
    let event = Event(Import::new().server_with(|settings| {
        settings.latency = std::time::Duration::from_millis(200);
    }));
    event.0.write("list.csv", "id,name,preset,Email\n1,Ann,group_call_participant,ann@example.org\n");
    event.sync("--export before.csv").exit(0);
    event.0.write("list.csv", "id,name,preset,Mail\n1,Anne,group_call_host,bob@example.org\n");
    let lists = event.0.server().requests_of("list");
    let typed = "sync list.csv --json --journal j.db --settle 300ms";
    let mut running = Running::start(&event.0, event.0.command(typed));
    running.until("it lists", |stats| stats.requests.get("list").is_some_and(|count| *count > lists));
    event.0.tell("export --journal j.db --output during.csv").exit(0);
    assert!(running.kill(), "it ended before it was killed");
    event.0.tell("export --journal j.db --output after.csv").exit(0);
    for name in ["during.csv", "after.csv"] {
        assert_eq!(event.0.text(name), event.0.text("before.csv"), "{name}");
    }
    event.0.tell("verify --journal j.db --settle 0s").exit(0);
    event.sync("--export t.csv").exit(0);
    let exported = event.0.text("t.csv");
    assert!(exported.contains("bob@example.org") && exported.contains(",eyJ"), "{exported}");
}

/// A row that was refused by the API, too: its name and mail address stay those of the roster that was sent.
#[test]
fn a_refused_roster_leaves_no_trace_on_a_rejected_row() {
    let event = Event::with("422=#2");
    let roster = |names: [&str; 3], mails: [&str; 3]| {
        let rows = (0..3).map(|n| format!("{},{},group_call_participant,{}\n", n + 1, names[n], mails[n]));
        format!("id,name,preset,Email\n{}", rows.collect::<String>())
    };
    event.0.write("list.csv", roster(["Ann", "Bob", "Cid"], ["a@x.org", "b@x.org", "c@x.org"]));
    event.sync("--concurrency 1").exit(4).rejected(1);
    event.0.tell("export --journal j.db --output before.csv").exit(0);
    let bad = roster(["Anne", "Bobby", "Cyd"], ["b@x.org", "c@x.org", "a@x.org"]);
    event.0.write("list.csv", bad + "4,Bad,nonsense,d@x.org\n");
    event.sync("").exit(3);
    event.0.tell("export --journal j.db --output after.csv").exit(0);
    assert_eq!(event.0.text("after.csv"), event.0.text("before.csv"));
    event.0.tell("journal verify j.db").exit(0);
}

/// What its listing has shown stays, compared with what the last accepted roster wants.
#[test]
fn a_refused_roster_leaves_what_its_listing_has_shown() {
    let event = Event::new();
    let people: Vec<(String, String)> = (1..=20).map(|n| (n.to_string(), format!("Guest {n}"))).collect();
    let people: Vec<(&str, &str)> = people.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
    event.roster(&people);
    event.sync("").exit(0).added(20);
    event.0.server().remove("1");
    event.0.server().add("1", "Somebody", "group_call_participant");
    event.roster(&[("1", "Other")]);
    event.sync("--remove").exit(7);
    let ran = event.0.tell("verify --json --journal j.db --settle 0s").exit(4);
    let deviation = &ran.lines_of("deviation")[0];
    let field = &deviation["fields"][0];
    assert_eq!((&field["old"], &field["new"]), (&"Somebody".into(), &"Guest 1".into()), "{deviation}");
    event.0.tell("journal verify j.db").exit(0);
}

/// Whom only the refused roster names: in no export, and not held against whoever is in by their id.
#[rstest]
#[case::by_a_limit("--remove", 7)]
#[case::by_an_invalid_row("", 3)]
fn whom_only_a_refused_roster_names_leaves_no_trace(#[case] flags: &str, #[case] exit: i32) {
    let event = Event::new();
    let rows: String =
        (1..=20).map(|n| format!("{n},Guest {n},group_call_participant,g{n}@x.org\n")).collect();
    event.0.write("list.csv", format!("id,name,preset,Email\n{rows}"));
    event.sync("--export before.csv").exit(0);
    event.0.server().add("other", "Somebody", "group_call_participant");
    let mut rows = "1,Guest 1,group_call_participant,g1@x.org\n".to_owned();
    rows += "new,New,group_call_participant,new@x.org\nother,Other,group_call_host,other@x.org\n";
    if exit == 3 {
        rows += "bad,Bad,nonsense,\n";
    }
    event.0.write("list.csv", format!("id,name,preset,Email\n{rows}"));
    event.sync(flags).exit(exit);
    event.0.tell("export --journal j.db --output after.csv").exit(0);
    assert_eq!(event.0.text("after.csv"), event.0.text("before.csv"));
    event.0.tell("verify --journal j.db --settle 0s --allow-foreign").exit(0);
    event.0.tell("journal verify j.db").exit(0);
}
