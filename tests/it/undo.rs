//! `undo`: what a run has added is removed, and nobody else.

use std::time::Duration;

use rstest::rstest;
use serde_json::Value;

use crate::support::{Import, Ran, Running};

fn undo(import: &Import, flags: &str) -> Ran {
    import.tell(&format!("undo --journal j.db --json --settle 300ms {flags}"))
}

#[track_caller]
fn removed(ran: &Ran) -> Value {
    let lines = ran.lines_of("removed");
    lines.last().unwrap_or_else(|| panic!("no end:\n{}\n{}", ran.stdout, ran.stderr)).clone()
}

fn roster(people: usize) -> String {
    let rows = (0..people).map(|n| format!("guest-{n:04},Guest {n},group_call_participant\n"));
    format!("id,name,preset\n{}", rows.collect::<String>())
}

fn is_in(import: &Import, person: usize) -> bool {
    import.server().counts(import.server().meeting(), &format!("guest-{person:04}")).living == 1
}

/// Shown first; a whole import needs the limit raised; who was there before us, and who came by another run, stays.
#[test]
fn only_what_the_run_has_added_is_removed() {
    let import = Import::new().people(10).fault("close-after=#5");
    import.server().add("guest-0001", "Guest 1", "group_call_participant");
    import.run().exit(4).added(9).present(1);
    import.write("list.csv", roster(13));
    import.run().exit(4).added(3).present(10);
    undo(&import, "--run 1").exit(7);
    let ran = undo(&import, "--run 1 --max-remove 100%").exit(0);
    assert_eq!((&removed(&ran)["to_remove"], &removed(&ran)["carried_out"]), (&9.into(), &false.into()));
    assert_eq!(import.server().requests_of("delete"), 0);
    let ran = undo(&import, "--run 1 --yes").exit(7);
    assert_eq!(removed(&ran)["removed"], 0);
    assert_eq!(import.server().requests_of("delete"), 0);
    let ran = undo(&import, "--run 1 --yes --max-remove 100%").exit(0);
    assert_eq!(removed(&ran)["removed"], 9);
    let left: Vec<_> = (0..13).filter(|person| is_in(&import, *person)).collect();
    assert_eq!(left, [1, 10, 11, 12]);
    // The journal knows it, and a second time there is nothing to do.
    import.tell("verify --journal j.db --settle 0s").exit(0);
    import.tell("journal verify j.db").exit(0);
    assert_eq!(removed(&undo(&import, "--run 1 --yes").exit(0))["to_remove"], 0);
    // An import doesn't bring back in silence who was removed on purpose.
    import.run().exit(4).added(0).present(4);
}

/// A fifth of those whom we manage may go, not one more.
#[rstest]
#[case::a_fifth(6, 0)]
#[case::one_more(7, 7)]
fn the_limit_is_exact(#[case] newest: usize, #[case] exit: i32) {
    let import = Import::new().people(30);
    import.write("list.csv", roster(30 - newest));
    import.run().exit(0);
    import.write("list.csv", roster(30));
    import.run().exit(0).added(newest as u64);
    undo(&import, "--run 2 --yes").exit(exit);
    let left = import.server().participants().len();
    assert_eq!(left, if exit == 0 { 30 - newest } else { 30 });
}

/// Whoever others have removed already is gone, and no error.
#[test]
fn whoever_is_gone_already_is_no_error() {
    let import = Import::new().people(5);
    import.run().exit(0);
    import.server().remove("guest-0003");
    let ran = undo(&import, "--run 1 --yes --max-remove 5").exit(0);
    assert_eq!((&removed(&ran)["removed"], &removed(&ran)["gone"]), (&4.into(), &1.into()));
    assert!(import.server().participants().is_empty());
}

/// Somebody else's participant in the place of ours is not ours to remove.
#[test]
fn whoever_took_the_place_stays() {
    let import = Import::new().people(5);
    import.run().exit(0);
    import.server().remove("guest-0003");
    import.server().add("guest-0003", "Guest 3", "group_call_participant");
    undo(&import, "--run 1 --yes --max-remove 100%").exit(0);
    assert!(is_in(&import, 3) && import.server().participants().len() == 1);
}

/// Killed on the way, the next one goes on.
#[test]
fn a_killed_undo_goes_on() {
    let import = Import::new().people(60).server_with(|settings| {
        settings.latency = Duration::from_millis(5);
    });
    import.run().exit(0);
    let typed = "undo --run 1 --yes --max-remove 100% --journal j.db --json --settle 300ms --concurrency 4";
    let mut running = Running::start(&import, import.command(typed));
    running.until("some are removed", |stats| stats.requests.get("delete").is_some_and(|count| *count >= 20));
    assert!(running.kill(), "it ended before it was killed");
    import.tell(typed).exit(0);
    assert!(import.server().participants().is_empty());
    import.tell("verify --journal j.db --settle 0s").exit(0);
}

/// A run that never was.
#[test]
fn an_unknown_run_is_refused() {
    let import = Import::new().people(3);
    import.run().exit(0);
    undo(&import, "--run 9 --yes").exit(2).says("knows no run 9");
    // Nor the one that asks.
    undo(&import, "--run 3 --yes").exit(2);
    assert_eq!(import.server().participants().len(), 3);
}

/// Whom a killed run has put in without learning it: they are found, and go with the others.
#[test]
fn those_whose_answer_was_lost_are_removed_as_well() {
    let import = Import::new().people(20).server_with(|settings| {
        settings.latency = Duration::from_millis(50);
    });
    let mut running = import.spawn_with("--concurrency 4 --settle 60s");
    running.until("some are on their way", |stats| stats.adds_received >= 4);
    assert!(running.kill(), "it ended before it was killed");
    import.tell("verify --journal j.db --json --settle 0s").exit(4);
    undo(&import, "--run 1 --yes --max-remove 100%").exit(0);
    assert!(import.server().participants().is_empty());
    import.tell("verify --journal j.db --json --settle 0s").exit(0);
}
