//! What others have done to a meeting since the journal last saw it.

use guestlist::sandbox::NullPicture;
use serde_json::json;

use super::Event;
use crate::support::Import;

/// Each token that an export hands out joins somebody who is in.
#[track_caller]
fn assert_tokens_join(event: &Event, file: &str) {
    let exported = event.0.text(file);
    let ids: Vec<_> = event.0.server().participants().iter().map(|one| one["id"].to_string()).collect();
    for line in exported.lines().filter(|line| line.contains(",eyJ")) {
        assert!(ids.iter().any(|id| line.contains(id.trim_matches('"'))), "nobody is in by {line}");
    }
}

/// Refused once, and put in by hand: they are there, and stay there once.
#[test]
fn a_refused_row_that_somebody_else_has_added_is_taken_over() {
    let event = Event::with("422=#2");
    event.roster(&[("1", "Ann"), ("2", "Bob"), ("3", "Cid")]);
    event.0.tell("import list.csv --json --journal j.db --settle 300ms --concurrency 1").exit(4).rejected(1);
    let refused = (1..=3).map(|id| id.to_string()).find(|id| !event.members().contains_key(id)).unwrap();
    event.0.server().add(&refused, "By hand", "group_call_participant");
    let ran = event.sync("--refresh-found").exit(0).added(0).present(3);
    assert_eq!(ran.summary()["updated"], 1);
    event.assert_members(&[("1", "Ann"), ("2", "Bob"), ("3", "Cid")]);
    event.sync("--remove").exit(0).present(3);
    // They aren't ours, so that they stay when the roster drops them.
    event.roster(&[("4", "Dan")]);
    event.sync("--remove --max-remove 100%").exit(0);
    assert_eq!(event.members().keys().collect::<Vec<_>>(), [&refused, &"4".to_owned()]);
}

/// Removed by us, put in by hand, and on the roster again: taken over, not stuck.
#[test]
fn a_removed_row_that_somebody_else_has_added_is_taken_over() {
    let event = Event::new();
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.sync("").exit(0);
    event.roster(&[("1", "Ann")]);
    event.sync("--remove").exit(0);
    event.0.server().add("2", "Robert", "group_call_participant");
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.sync("--refresh-found --export t.csv").exit(0).added(0).present(2);
    event.assert_members(&[("1", "Ann"), ("2", "Bob")]);
    assert_eq!(event.0.text("t.csv").matches(",eyJ").count(), 2);
    assert_tokens_join(&event, "t.csv");
}

/// The token in the journal joins nobody any more: it isn't handed out, and who is there now is known by their own id.
#[test]
fn a_replaced_participant_is_known_by_their_new_id() {
    let event = Event::new();
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.sync("").exit(0);
    event.0.server().remove("2");
    event.0.server().add("2", "Bob", "group_call_participant");
    let plan = event.run("plan").exit(0);
    assert_eq!(plan.lines_of("meeting_plan")[0]["replaced"], 1);
    event.sync("--export t.csv").exit(4).present(2).without_token(1);
    assert_tokens_join(&event, "t.csv");
    event.sync("--refresh-found --export t.csv").exit(0).present(2);
    assert_eq!(event.0.text("t.csv").matches(",eyJ").count(), 2);
    assert_tokens_join(&event, "t.csv");
    event.0.tell("verify --json --journal j.db --settle 0s").exit(0);
}

/// Killed after the update took effect, say: the token of before isn't handed out as that of now.
#[test]
fn who_is_already_as_wanted_gets_a_new_token() {
    let event = Event::new();
    event.roster(&[("1", "Ann")]);
    event.sync("--export t.csv").exit(0);
    let before = event.0.text("t.csv");
    event.0.server().change("1", &json!({ "name": "Anne" }));
    event.roster(&[("1", "Anne")]);
    let ran = event.sync("--export t.csv").exit(0).present(1);
    assert_eq!(ran.summary()["updated"], 0);
    assert_eq!(event.0.server().requests_of("token"), 1);
    let token = |text: &str| text.split(',').find(|cell| cell.starts_with("eyJ")).unwrap().to_owned();
    assert_ne!(token(&event.0.text("t.csv")), token(&before));
}

/// Whoever is about to be added beside an id that looks the same is told before.
#[test]
fn look_alikes_are_told() {
    let event = Event::new();
    event.roster(&[("ann-7", "Ann")]);
    event.sync("").exit(0);
    event.roster(&[("ann-7", "Ann"), ("Ann-7", "Ann")]);
    let ran = event.sync("--allow-same-person").exit(0).added(1);
    assert_eq!(ran.lines_of("look_alike")[0]["count"], 1);
}

/// A clock that was set back since the last run doesn't make the next one wait for days.
#[test]
fn an_end_in_the_future_is_waited_for_no_longer_than_the_settle_time() {
    let event = Event::new();
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.sync("").exit(0);
    event.0.tamper("UPDATE runs SET finished_at = finished_at + 864000000");
    event.0.server().remove("2");
    event.sync("").exit(0).added(1);
    event.assert_members(&[("1", "Ann"), ("2", "Bob")]);
}

/// It keeps people as they are, and a sync changes them: both can't be meant.
#[test]
fn accepting_differences_is_refused() {
    let event = Event::new();
    event.roster(&[("1", "Ann")]);
    for command in ["sync", "plan"] {
        event.run(&format!("{command} --accept-differing")).exit(2);
    }
    assert_eq!(event.0.server().requests(), 0);
}

/// A plan is written over nothing that is still needed.
#[test]
fn a_plan_never_replaces_the_journal_or_the_roster() {
    let event = Event::new();
    event.roster(&[("1", "Ann")]);
    event.sync("").exit(0);
    let journal = event.0.read("j.db");
    for typed in [
        "plan list.csv --json --journal j.db --out j.db",
        "plan list.csv --json --journal j.db --report j.db",
        "plan list.csv --json --journal j.db --out p.json --report p.json",
        "import list.csv --dry-run --json --journal j.db --report j.db",
        "import list.csv --dry-run --json --journal j.db --rejected j.db",
        "plan list.csv --json --journal j.db --out list.csv",
    ] {
        let ran = event.0.tell(typed);
        assert!(matches!(ran.code(), 2 | 5), "{typed}: {}", ran.code());
        assert_eq!(event.0.read("j.db"), journal, "{typed}");
    }
    event.assert_members(&[("1", "Ann")]);
}

/// Two of one id, one of them ours: what the listing shows is said, though everybody on the roster is confirmed.
#[test]
fn somebody_who_is_in_twice_is_told() {
    let event = Event::new();
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.sync("").exit(0);
    event.0.server().add("2", "Bob", "group_call_participant");
    event.run("plan").exit(0);
    event.0.tell("plan list.csv --journal j.db").exit(0).says("somebody is in more than once");
    event.sync("").exit(4);
    event.0.tell("sync list.csv --journal j.db").exit(4).says("in more than once");
}

/// Whom others have replaced is known by the refused run already; the same plan is as good as before.
#[test]
fn a_refused_plan_can_be_applied_afterwards() {
    let event = Event::new();
    event.roster(&[("1", "Ann"), ("2", "Bob"), ("3", "Cid")]);
    event.sync("").exit(0);
    event.0.server().remove("2");
    event.0.server().add("2", "Bob", "group_call_participant");
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.run("plan --remove --out p.json").exit(0);
    event.sync("--plan p.json").exit(7);
    event.sync("--plan p.json --remove --refresh-found").exit(0);
    event.assert_members(&[("1", "Ann"), ("2", "Bob")]);
}

/// A roster of which every row is wrong is not an empty one: its rows are what to mend.
#[test]
fn a_roster_of_invalid_rows_only_is_invalid() {
    let event = Event::new();
    event.roster(&[("1", "Ann")]);
    event.sync("").exit(0);
    event.0.write("list.csv", "id,name,preset\n1,Ann,nonsense\n2,Bob,nonsense\n");
    let ran = event.sync("--remove").exit(3);
    assert_eq!(ran.lines_of("invalid").len(), 2);
    event.0.tell("sync list.csv --journal j.db").exit(3).says("no such preset");
    event.sync("--remove --on-invalid skip").exit(7);
    event.assert_members(&[("1", "Ann")]);
}

/// A picture that the API doesn't let go of: asked for again by each sync, and never said to be done.
#[test]
fn what_the_api_keeps_is_told() {
    let event = Event(Import::new().server_with(|settings| settings.moods.null_picture = NullPicture::Keeps));
    let roster = |name: &str, picture: &str| {
        format!(
            "id,name,preset,picture\n1,{name},group_call_participant,{picture}\n2,Bob,group_call_participant,\n"
        )
    };
    event.0.write("list.csv", roster("Ann", "https://example.org/a.png"));
    event.sync("").exit(0).added(2);
    event.0.write("list.csv", roster("Anne", ""));
    for _ in 0..2 {
        event.0.tell("sync list.csv --journal j.db --settle 300ms").exit(4).says("keeps what it had");
        event.assert_members(&[("1", "Anne"), ("2", "Bob")]);
    }
    event.sync("--export t.csv").exit(4);
    assert_eq!(event.0.text("t.csv").matches(",eyJ").count(), 2);
    assert_tokens_join(&event, "t.csv");
}

/// Planned again by a run that was refused, while nothing is to be sent twice: the plan doesn't say that it would be added.
#[test]
fn what_may_have_been_sent_is_not_planned_to_be_sent_again() {
    let event = Event::with("close=#2");
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.sync("--concurrency 1 --uncertain hold").exit(4).uncertain(1);
    event.roster(&[("2", "Bob")]);
    event.sync("--remove --max-remove 0").exit(7);
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    let plan = event.run("plan --uncertain hold").exit(0);
    let plan = &plan.lines_of("meeting_plan")[0];
    assert_eq!((&plan["add"], &plan["unsettled"]), (&0.into(), &1.into()), "{plan}");
    event.sync("--uncertain hold").exit(4).added(0).uncertain(1);
    event.sync("").exit(0).added(1);
    event.assert_members(&[("1", "Ann"), ("2", "Bob")]);
}

/// Sent twice, since the first create got lost; removed, and put in by hand: theirs, not ours.
#[test]
fn a_removed_row_that_was_sent_twice_is_not_ours_when_others_add_it() {
    let event = Event::with("close=#2");
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.sync("--concurrency 1").exit(0).added(2);
    assert_eq!(event.0.server().most_posts(), 2);
    event.roster(&[("3", "Cid")]);
    event.sync("--remove").exit(0);
    event.assert_members(&[("3", "Cid")]);
    for id in ["1", "2"] {
        event.0.server().add(id, "By hand", "group_call_participant");
    }
    event.sync("--remove").exit(0);
    event.assert_members(&[("1", "By hand"), ("2", "By hand"), ("3", "Cid")]);
}

/// Removed on purpose, put in by hand since: an import finds them, though it has nobody to send.
#[test]
fn an_import_finds_who_was_removed_and_is_in_again() {
    let event = Event::new();
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.sync("").exit(0);
    event.roster(&[("1", "Ann")]);
    event.sync("--remove").exit(0);
    event.0.server().add("2", "Bob", "group_call_participant");
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.0.run().added(0).present(2);
}

/// Removed on purpose: an import leaves them out, its dry run says so, and both name them.
#[test]
fn an_import_and_its_dry_run_leave_out_who_was_removed() {
    let event = Event::new();
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.sync("").exit(0);
    event.roster(&[("1", "Ann")]);
    event.sync("--remove").exit(0);
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    let ran = event.0.run_with("--dry-run").exit(0).present(1);
    let plan = &ran.lines_of("plan")[0];
    assert_eq!((&plan["would_add"], &plan["removed"]), (&0.into(), &1.into()));
    assert_eq!(ran.summary()["not_attempted"], 1);
    let ran = event.0.run().exit(4).added(0).present(1);
    assert_eq!(ran.summary()["not_attempted"], 1);
    event.0.tell("import list.csv --journal j.db").exit(4).says("guestlist sync adds it again");
    event.assert_members(&[("1", "Ann")]);
}

/// Two of one id, and both are gone since: whom the roster names gets their place again, and isn't in conflict for ever.
#[test]
fn whoever_was_in_twice_and_is_gone_is_added_again() {
    let event = Event::new();
    for id in ["1", "1", "2", "2"] {
        event.0.server().add(id, "By hand", "group_call_participant");
    }
    event.roster(&[("1", "Ann"), ("2", "Bob"), ("3", "Cid")]);
    event.sync("").exit(4).added(1).conflict(2);
    event.0.server().remove("1");
    event.0.server().remove("2");
    event.roster(&[("1", "Ann"), ("3", "Cid")]);
    let plan = event.run("plan").exit(0);
    let plan = &plan.lines_of("meeting_plan")[0];
    assert_eq!((&plan["add_again"], &plan["gone"]), (&1.into(), &1.into()), "{plan}");
    event.sync("").exit(0).added(1).present(1);
    event.assert_members(&[("1", "Ann"), ("3", "Cid")]);
    event.0.tell("journal verify j.db").exit(0);
}

/// The token of before is not handed out, and a new one can't be had: the journal is in order nevertheless.
#[test]
fn a_token_that_others_have_made_useless_leaves_the_journal_in_order() {
    let event = Event::with("404=1@token");
    event.roster(&[("1", "Ann")]);
    event.sync("").exit(0);
    event.0.server().change("1", &json!({ "name": "Anne" }));
    event.roster(&[("1", "Anne")]);
    event.sync("").exit(4).without_token(1);
    event.0.tell("journal verify j.db").exit(0);
}
