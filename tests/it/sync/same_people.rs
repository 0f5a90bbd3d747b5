//! Mended ids: whoever seems to be in under another id is held back, and nobody loses their place for them.

use super::Event;
use crate::support::Ran;

const IMPORT: &str = "import list.csv --json --journal j.db --settle 300ms --concurrency 1";

impl Event {
    /// The roster is Ann, and Bob by this id, each with a mail address.
    fn bob_is(&self, id: &str) {
        let row = |id: &str, name: &str| format!("{id},{name},group_call_participant,{name}@x.org\n");
        self.0.write("list.csv", format!("id,name,preset,Email\n{}{}", row("a", "Ann"), row(id, "Bob")));
    }
}

/// How many the plan says to hold back, to add and to remove.
fn planned(ran: &Ran) -> [u64; 3] {
    let plan = &ran.lines_of("meeting_plan")[0];
    ["held", "add", "remove"].map(|kind| plan[kind].as_u64().unwrap())
}

/// The plan says what the sync does about it, which is to hold it back and to leave the old one.
#[test]
fn a_possible_duplicate_is_held_back_by_the_plan_as_well() {
    let event = Event::new();
    event.bob_is("b");
    event.sync("").exit(0).added(2);
    event.bob_is("b2");
    for _ in 0..2 {
        let plan = event.run("plan --remove --detailed-exitcode --out p.json").exit(0);
        assert_eq!(planned(&plan), [1, 0, 0]);
        event.sync("--remove --plan p.json").exit(4).added(0).held(1);
        event.assert_members(&[("a", "Ann"), ("b", "Bob")]);
    }
    assert_eq!(planned(&event.run("plan --remove --allow-same-person").exit(0)), [0, 1, 1]);
    event.sync("--remove --allow-same-person").exit(0).added(1);
    event.assert_members(&[("a", "Ann"), ("b2", "Bob")]);
}

/// Held back once, and dropped by the roster since: nobody has to wait for a place any more.
#[test]
fn a_twin_is_spared_only_for_who_is_on_the_roster() {
    let event = Event::new();
    event.bob_is("b");
    event.sync("").exit(0).added(2);
    event.bob_is("b2");
    event.sync("--remove").exit(4).held(1);
    event.roster(&[("a", "Ann")]);
    event.sync("--remove").exit(0);
    event.assert_members(&[("a", "Ann")]);
}

/// A mended id whose old one others have removed: they get their place by the next sync, and not never.
#[test]
fn a_twin_that_is_gone_holds_nobody_back() {
    let event = Event::new();
    event.bob_is("b");
    event.sync("").exit(0).added(2);
    event.0.server().remove("b");
    event.bob_is("b2");
    event.sync("--remove");
    event.sync("--remove").exit(0).held(0);
    event.assert_members(&[("a", "Ann"), ("b2", "Bob")]);
}

/// Refused once, put in by hand, and on the roster under a mended id: the plan says that it is held back, and who is in
/// doesn't lose their place.
#[test]
fn a_twin_that_others_have_added_is_known_to_the_plan() {
    let event = Event::with("422=#2");
    event.bob_is("b");
    event.sync("--concurrency 1").exit(4).rejected(1);
    event.0.server().add("b", "Bob", "group_call_participant");
    event.bob_is("b2");
    let plan = event.run("plan --remove --remove-foreign").exit(0);
    assert_eq!(planned(&plan), [1, 0, 0]);
    assert_eq!(plan.lines_of("meeting_plan")[0]["remove_found"], 0);
    event.sync("--remove --remove-foreign").exit(4).added(0).held(1);
    event.assert_members(&[("a", "Ann"), ("b", "Bob")]);
}

/// The same by an import, which lists the meeting only when it is accepted.
#[test]
fn a_twin_that_others_have_added_is_known_to_an_import() {
    let event = Event::with("422=#2");
    event.bob_is("b");
    event.0.tell(IMPORT).exit(4).rejected(1);
    event.0.server().add("b", "Bob", "group_call_participant");
    event.bob_is("b2");
    event.0.tell(IMPORT).exit(4).added(0).held(1);
    event.assert_members(&[("a", "Ann"), ("b", "Bob")]);
    event.0.tell(&format!("{IMPORT} --allow-same-person")).exit(0).added(1);
    event.0.tell("journal verify j.db").exit(0);
}

/// In doubt when the plan was made, and found to be absent for good by the same listing: a sync does what was planned,
/// and the next one adds them.
#[test]
fn who_is_held_back_by_the_plan_is_held_back_by_the_sync() {
    let event = Event::with("close=#2");
    event.bob_is("b");
    event.sync("--concurrency 1 --uncertain hold").exit(4).uncertain(1);
    event.bob_is("b2");
    assert_eq!(planned(&event.run("plan --out p.json").exit(0)), [1, 0, 0]);
    event.sync("--plan p.json").exit(4).added(0).held(1);
    event.sync("").exit(0).added(1);
    event.assert_members(&[("a", "Ann"), ("b2", "Bob")]);
}

/// Refused by the API when they were sent on purpose: held back from now on, and the plan says so.
#[test]
fn a_possible_duplicate_that_was_refused_is_held_back_by_the_plan_as_well() {
    let event = Event::with("422=#3");
    event.bob_is("b");
    event.sync("--concurrency 1").exit(0).added(2);
    event.bob_is("b2");
    event.sync("--concurrency 1 --allow-same-person").exit(4).rejected(1);
    assert_eq!(planned(&event.run("plan --remove --out p.json").exit(0)), [1, 0, 0]);
    event.sync("--remove --plan p.json").exit(4).added(0).held(1);
    event.assert_members(&[("a", "Ann"), ("b", "Bob")]);
    event.sync("--remove --allow-same-person").exit(0).added(1);
    event.assert_members(&[("a", "Ann"), ("b2", "Bob")]);
}
