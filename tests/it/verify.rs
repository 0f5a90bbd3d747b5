//! `verify`: whether meetings are as the journal says; and `dedupe`, which tidies up who is in more than once.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Front, Import, Manner, Ran, Relay, Running};

fn verify(import: &Import, flags: &str) -> Ran {
    let settle = if flags.contains("--settle") { "" } else { "--settle 300ms" };
    import.tell_with_flags(&format!("verify --journal j.db --json {settle} {flags}"))
}

fn dedupe(import: &Import, flags: &str) -> Ran {
    import.tell_with_flags(&format!("dedupe --journal j.db --json --settle 300ms {flags}"))
}

/// The last line of a comparison, with its counts in the order missing, duplicated, replaced, differing, unconfirmed,
/// foreign.
#[track_caller]
fn audited(ran: &Ran) -> [u64; 6] {
    let lines = ran.lines_of("audited");
    let line = lines.last().unwrap_or_else(|| panic!("no end:\n{}\n{}", ran.stdout, ran.stderr));
    assert_eq!(line["exit_code"], ran.code());
    ["missing", "duplicated", "replaced", "differing", "unconfirmed", "foreign"]
        .map(|name| line[name].as_u64().unwrap())
}

#[track_caller]
fn removed(ran: &Ran) -> Value {
    let lines = ran.lines_of("removed");
    lines.last().unwrap_or_else(|| panic!("no end:\n{}\n{}", ran.stdout, ran.stderr)).clone()
}

/// The participants of an id, by their ids.
fn twins(import: &Import, id: &str) -> Vec<String> {
    let all = import.server().participants().into_iter();
    all.filter(|one| one["custom_participant_id"] == id)
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

/// What the export holds of an id.
fn exported(import: &Import, id: &str) -> Value {
    import.tell("export --journal j.db --output t.jsonl").exit(0);
    let rows = import.text("t.jsonl");
    let rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.into_iter().find(|row| row["custom_participant_id"] == id).unwrap()
}

/// Everybody is in: exit 0, only reads, and not a byte of the journal changes.
#[test]
fn a_meeting_as_it_should_be() {
    let import = Import::new().people(130).fault("close-after=#3");
    import.run().exit(0).added(130);
    let (journal, writes) = (import.read("j.db"), import.server().stats().adds_received);
    let ran = verify(&import, "").exit(0);
    assert_eq!(audited(&ran), [0; 6]);
    assert_eq!(ran.lines_of("meeting_audit")[0]["confirmed"], 130);
    assert_eq!(import.read("j.db"), journal);
    assert_eq!(import.server().stats().adds_received, writes);
    import.tell("verify --journal j.db --settle 0s").exit(0).says("as the journal says, and nobody else");
}

/// Answers that never come are given up soon.
const HURRIED: &str = "--concurrency 1 --timeout 500ms --connect-timeout 400ms --settle 300ms";

/// The answer to the third create is lost, and it takes effect when the relay delivers it.
fn with_a_late_create() -> (Relay, Import) {
    let (relay, import) = Relay::before(Import::new().people(5), Front::Plain);
    relay.script(|request| if request.create == Some(3) { Manner::Keep } else { Manner::Pass });
    (relay, import)
}

/// N09: a create that takes effect after the settle time is the documented limit: verify finds the duplicate, and dedupe
/// removes it.
#[test]
fn n09_verify_finds_a_create_that_took_effect_after_the_settle_time() {
    let (relay, import) = with_a_late_create();
    import.run_with(HURRIED).exit(0).added(5);
    assert_eq!(audited(&verify(&import, "").exit(0)), [0; 6]);
    relay.deliver();
    assert_eq!(import.server().stats().duplicates, 1);
    let ran = verify(&import, "").exit(4);
    assert_eq!(audited(&ran), [0, 1, 0, 0, 0, 0]);
    let deviation = &ran.lines_of("deviation")[0];
    assert_eq!(deviation["listed"].as_array().unwrap().len(), 2, "{deviation}");
    assert!(deviation["listed"].as_array().unwrap().contains(&deviation["participant_id"]));
    dedupe(&import, "--keep journal --yes").exit(0);
    import.assert_everyone_is_in_once();
    assert_eq!(audited(&verify(&import, "").exit(0)), [0; 6]);
    import.run().exit(0).present(5);
}

/// N09: with hold there is none: the late create is the only one, and the next import takes it over.
#[test]
fn n09_verify_names_a_late_create_that_was_held() {
    let (relay, import) = with_a_late_create();
    import.run_with(&format!("{HURRIED} --uncertain hold")).exit(4).added(4).uncertain(1);
    assert_eq!(audited(&verify(&import, "").exit(0)), [0; 6]);
    relay.deliver();
    assert_eq!(audited(&verify(&import, "").exit(4)), [0, 0, 0, 0, 1, 0]);
    import.run_with("--uncertain hold").exit(0).present(5);
    assert_eq!(audited(&verify(&import, "").exit(0)), [0; 6]);
}

/// L09: somebody whom others have removed: the journal keeps them, verify says so, nobody is added again in silence.
#[test]
fn l09_deleted_by_others_after_creation() {
    let import = Import::new().people(10);
    import.run().exit(0).added(10);
    import.server().remove("guest-0004");
    import.run().exit(0).added(0).present(10);
    let ran = verify(&import, "").exit(4);
    assert_eq!(audited(&ran), [1, 0, 0, 0, 0, 0]);
    assert_eq!(ran.lines_of("deviation")[0]["custom_participant_id"], "guest-0004");
    assert_eq!(import.server().posts("guest-0004"), 1);
}

/// Fields that others have changed, people whom others have added or replaced.
#[test]
fn whatever_differs_is_named() {
    let import = Import::new().people(10);
    import.run().exit(0);
    import.server().change("guest-0001", &json!({"preset_name": "group_call_host"}));
    import.server().add("stranger", "Stranger", "group_call_participant");
    import.server().remove("guest-0002");
    import.server().add("guest-0002", "Guest 2", "group_call_participant");
    let ran = verify(&import, "").exit(4);
    assert_eq!(audited(&ran), [0, 0, 1, 1, 0, 1]);
    let differing =
        ran.lines_of("deviation").into_iter().find(|line| line["deviation"] == "differing").unwrap();
    assert_eq!(
        differing["fields"],
        json!([{"field": "preset_name", "old": "group_call_host", "new": "group_call_participant"}])
    );
    import.tell("verify --journal j.db --settle 0s").exit(4).says("should be \"group_call_participant\"");
}

/// Foreigners alone are no reason for an exit code, if somebody says so.
#[test]
fn foreigners_can_be_allowed() {
    let import = Import::new().people(3);
    import.run().exit(0);
    import.server().add("stranger", "Stranger", "group_call_participant");
    assert_eq!(audited(&verify(&import, "").exit(4))[5], 1);
    assert_eq!(audited(&verify(&import, "--allow-foreign").exit(0))[5], 1);
    import.server().remove("guest-0001");
    verify(&import, "--allow-foreign").exit(4);
}

/// Whoever is missing from a list that lags is not missing: the settle time is waited for.
#[test]
fn a_list_that_lags_misses_nobody() {
    let import = Import::new().people(5).fault("list-lag=1").server_with(|settings| {
        settings.list_lag = Duration::from_millis(1500);
    });
    import.run_with("--settle 3s").exit(0).added(5);
    let ran = verify(&import, "--settle 3s").exit(0);
    assert_eq!(audited(&ran), [0; 6]);
    assert!(!ran.lines_of("waiting").is_empty(), "it didn't have to wait: {}", ran.stdout);
}

/// Also while another run holds the journal.
#[test]
fn verify_needs_no_lock() {
    let import = Import::new().people(40).server_with(|settings| {
        settings.latency = Duration::from_millis(50);
    });
    let mut running = import.spawn_with("--concurrency 1");
    running.until("some are in", |stats| stats.adds_received > 5);
    running.signal(Signal::STOP);
    let ran = verify(&import, "--settle 0s");
    assert!([0, 4].contains(&ran.code()), "{}", ran.stderr);
    running.signal(Signal::CONT);
    assert_eq!(audited(&ran)[5], 0, "nobody on the roster is foreign");
    running.end().exit(0).added(40);
}

/// A listing that stays incomplete says nothing.
#[test]
fn an_incomplete_listing_says_nothing() {
    let import = Import::new().people(5);
    import.run().exit(0);
    let spoilt = Import::new().people(5).fault("list-short=#2,3,4,5,6,7,8,9,10,11,12,13,14,15,16");
    spoilt.run().exit(0);
    let ran = verify(&spoilt, "").exit(5);
    assert_eq!(audited(&ran), [0; 6]);
    assert!(ran.lines_of("deviation").is_empty());
}

/// Shown first, removed with --yes; who came first is kept, and keeps the token that was handed out.
#[test]
fn the_oldest_is_kept() {
    let import = Import::new().people(10);
    import.run().exit(0);
    let before = exported(&import, "guest-0002");
    import.server().add("guest-0002", "Guest 2", "group_call_participant");
    let ran = dedupe(&import, "--keep oldest").exit(0);
    assert_eq!((&removed(&ran)["to_remove"], &removed(&ran)["removed"]), (&1.into(), &0.into()));
    assert_eq!(twins(&import, "guest-0002").len(), 2, "nothing is removed without --yes");
    let ran = dedupe(&import, "--keep oldest --yes").exit(0);
    assert_eq!(removed(&ran)["removed"], 1);
    assert_eq!(exported(&import, "guest-0002"), before);
    assert_eq!(twins(&import, "guest-0002"), [before["participant_id"].as_str().unwrap()]);
    import.assert_everyone_is_in_once();
    // Again: nothing to do.
    assert_eq!(removed(&dedupe(&import, "--keep oldest --yes").exit(0))["removed"], 0);
}

/// Where somebody else's is the older one, ours goes, and the row is theirs: no token of ours is exported for it.
#[test]
fn the_oldest_may_be_somebody_elses() {
    let import = Import::new().people(5).fault("list-lag=#2").server_with(|settings| {
        settings.list_lag = Duration::from_secs(3600);
    });
    import.server().add("guest-0002", "Guest 2", "group_call_participant");
    let theirs = twins(&import, "guest-0002").remove(0);
    // The list before the first create is the second one.
    import.run().exit(0).added(5);
    assert_eq!(twins(&import, "guest-0002").len(), 2);
    dedupe(&import, "--keep oldest --yes").exit(0);
    assert_eq!(twins(&import, "guest-0002"), [theirs.as_str()]);
    let row = exported(&import, "guest-0002");
    assert_eq!((&row["state"], &row["participant_id"]), (&"present".into(), &theirs.into()));
    assert_eq!(row["token"], Value::Null);
    assert_eq!(audited(&verify(&import, "").exit(0)), [0; 6]);
    import.tell("journal verify j.db").exit(0);
}

/// A conflict becomes present; with `journal`, nobody knows which one is ours, and both stay.
#[test]
fn a_conflict_is_settled_by_the_oldest_only() {
    let import = Import::new().people(5);
    import.server().add("guest-0002", "Guest 2", "group_call_participant");
    import.server().add("guest-0002", "Guest 2", "group_call_participant");
    import.run().exit(4).added(4).conflict(1);
    let ran = dedupe(&import, "--keep journal --yes").exit(4);
    assert_eq!((&removed(&ran)["removed"], &removed(&ran)["left_alone"]), (&0.into(), &1.into()));
    let oldest = twins(&import, "guest-0002").remove(0);
    dedupe(&import, "--keep oldest --yes").exit(0);
    assert_eq!(twins(&import, "guest-0002"), [oldest]);
    assert_eq!(exported(&import, "guest-0002")["state"], "present");
    import.run().exit(4).present(5).conflict(0).without_token(1);
}

/// Ids that the journal has nothing to do with are left alone, whoever shares them.
#[test]
fn strangers_are_left_alone() {
    let import = Import::new().people(3);
    import.run().exit(0);
    import.server().add("stranger", "One", "group_call_participant");
    import.server().add("stranger", "Two", "group_call_participant");
    for keep in ["oldest", "journal"] {
        let ran = dedupe(&import, &format!("--keep {keep} --yes --max-remove 100%")).exit(4);
        assert_eq!(removed(&ran)["left_alone"], 1);
    }
    assert_eq!(twins(&import, "stranger").len(), 2);
}

/// Above the limit nobody is removed.
#[test]
fn a_limit_forbids_all_of_it() {
    let import = Import::new().people(30);
    import.run().exit(0);
    for n in 0..7 {
        import.server().add(&format!("guest-{n:04}"), "Twin", "group_call_participant");
    }
    dedupe(&import, "--keep oldest --yes").exit(7);
    assert_eq!(import.server().stats().duplicates, 7);
    dedupe(&import, "--keep oldest --yes --max-remove 7").exit(0);
    import.assert_everyone_is_in_once();
}

/// Killed once some are removed, and run again.
fn killed_dedupe(import: &Import, flags: &str) {
    let typed = format!(
        "dedupe --journal j.db --json --settle 300ms --yes --max-remove 100% --concurrency 2 {flags}"
    );
    let mut running = Running::start(import, import.command(&typed));
    running.until("some are removed", |stats| stats.requests.get("delete").is_some_and(|count| *count >= 10));
    assert!(running.kill(), "it ended before it was killed");
    import.tell(&typed).exit(0);
    import.assert_nobody_is_in_twice();
    assert_eq!(import.server().participants().len(), 40);
}

/// Killed on the way, the next one goes on, and nobody goes who should stay.
#[test]
fn a_killed_dedupe_goes_on() {
    let import = Import::new().people(40).server_with(|settings| {
        settings.latency = Duration::from_millis(5);
    });
    import.run().exit(0);
    for n in 0..40 {
        import.server().add(&format!("guest-{n:04}"), "Twin", "group_call_participant");
    }
    killed_dedupe(&import, "--keep journal");
    import.assert_everyone_is_in_once();
    assert_eq!(audited(&verify(&import, "").exit(0)), [0; 6]);
}

/// The same where ours is the one that goes: killed after it went and before that was noted, the next one takes over who
/// stayed.
#[test]
fn a_killed_dedupe_takes_over_who_stayed() {
    let import = Import::new().people(40).fault("list-lag=#1").server_with(|settings| {
        settings.latency = Duration::from_millis(5);
        settings.list_lag = Duration::from_secs(3600);
    });
    for n in 0..40 {
        import.server().add(&format!("guest-{n:04}"), "Twin", "group_call_participant");
    }
    // The list before the first create doesn't show them yet.
    import.run().exit(0).added(40);
    killed_dedupe(&import, "--keep oldest");
    assert_eq!(audited(&verify(&import, "").exit(4))[..3], [0; 3], "only their names differ");
}

/// Two twins by others, and ours is gone: the one that stays is taken over at once.
#[test]
fn dedupe_knows_that_ours_is_gone() {
    let import = Import::new().people(3);
    import.run().exit(0);
    import.server().remove("guest-0001");
    for _ in 0..2 {
        import.server().add("guest-0001", "Guest 1", "group_call_participant");
    }
    dedupe(&import, "--keep oldest --yes").exit(0);
    import.assert_nobody_is_in_twice();
    assert_eq!(audited(&verify(&import, "").exit(0)), [0; 6]);
}
