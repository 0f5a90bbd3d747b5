//! Plans: what they show, that they change nothing, and that an old one is refused.

use super::Event;

#[test]
fn a_plan_only_reads() {
    let event = Event::new();
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.run("plan --detailed-exitcode").exit(10);
    assert!(!event.0.path("j.db").exists(), "a plan makes no journal");
    event.sync("").exit(0);
    event.0.server().add("9", "Eve", "group_call_participant");
    event.roster(&[("1", "Anna"), ("3", "Cid")]);
    let (journal, changes) = (event.0.read("j.db"), event.changes());
    let ran = event.run("plan --remove --detailed-exitcode --out p.json --report p.md").exit(10);
    assert_eq!((event.0.read("j.db"), event.changes()), (journal, changes));
    let kinds: Vec<_> = ran.lines_of("change").iter().map(|line| line["change"].clone()).collect();
    assert_eq!(kinds, ["add", "update", "remove", "foreign"]);
    let updates = ran.lines_of("change");
    assert_eq!(updates[1]["fields"][0]["old"], "Ann");
    assert_eq!(updates[1]["fields"][0]["new"], "Anna");
    let report = event.0.text("p.md");
    assert!(report.contains("\"Ann\" → \"Anna\"") && report.contains("9  Eve"), "{report}");
    assert_eq!((event.0.mode("p.json"), event.0.mode("p.md")), (0o600, 0o600));
    assert!(!event.0.text("p.json").contains("eyJ"), "no token leaves the journal by a plan");
}

#[test]
fn nothing_to_do_is_told_by_the_exit_code() {
    let event = Event::new();
    event.roster(&[("1", "Ann")]);
    event.sync("").exit(0);
    event.run("plan --detailed-exitcode").exit(0);
    event.run("plan").exit(0);
}

#[test]
fn a_saved_plan_is_applied() {
    let event = Event::new();
    event.roster(&[("1", "Ann")]);
    event.run("plan --out p.json").exit(0);
    event.sync("--plan p.json").exit(0).added(1);
    event.assert_members(&[("1", "Ann")]);
}

#[test]
fn a_plan_is_refused_when_anything_has_moved() {
    let event = Event::new();
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.sync("").exit(0);
    event.roster(&[("1", "Ann"), ("2", "Bob"), ("3", "Cid")]);
    event.run("plan --out p.json").exit(0);
    let changes = event.changes();
    // The roster.
    event.roster(&[("1", "Ann"), ("2", "Bob"), ("3", "Cis")]);
    event.sync("--plan p.json").exit(7);
    event.roster(&[("1", "Ann"), ("2", "Bob"), ("3", "Cid")]);
    // What is asked for.
    event.sync("--plan p.json --remove").exit(7);
    assert_eq!(event.changes(), changes);
    // The meeting.
    event.0.server().add("9", "Eve", "group_call_participant");
    let changes = event.changes();
    event.sync("--plan p.json").exit(7);
    assert_eq!(event.changes(), changes);
    // The journal.
    event.run("plan --out p.json").exit(0);
    event.sync("").exit(0).added(1);
    event.sync("--plan p.json").exit(7);
    // What was refused has moved nothing: a plan of now is applied.
    event.run("plan --out p.json").exit(0);
    event.sync("--plan p.json").exit(0).added(0);
}

/// A plan that somebody has edited, or of which a part is missing, isn't the one that was looked at.
#[test]
fn a_plan_is_refused_when_it_was_changed() {
    let event = Event::new();
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.run("plan --out p.json").exit(0);
    let saved = event.0.text("p.json");
    assert_eq!(saved.lines().count(), 3, "what it was made of, and two changes");
    let first = saved.lines().next().unwrap();
    for changed in [saved.replace("Bob", "Bo"), format!("{first}\n"), first.to_owned(), format!("{saved}\n")]
    {
        event.0.write("p.json", changed);
        event.sync("--plan p.json").exit(2).says("it isn't as it was saved");
    }
    assert_eq!(event.changes(), 0);
    event.0.write("p.json", saved);
    event.sync("--plan p.json").exit(0).added(2);
}

#[test]
fn what_is_no_plan_is_refused() {
    let event = Event::new();
    event.roster(&[("1", "Ann")]);
    for content in ["", "{}", "[1]", "{\"guestlist_plan\":2}"] {
        event.0.write("p.json", content);
        event.sync("--plan p.json").exit(2).says("can't be used");
    }
    event.sync("--plan none.json").exit(2).says("can't be used");
    assert_eq!(event.changes(), 0);
}
