//! Tokens that end: renewed by `refresh`, warned of by everything that gives them out.

use std::collections::BTreeMap;
use std::time::Duration;

use rstest::rstest;
use serde_json::Value;

use crate::support::{Import, Ran, Running};

/// The last line of a renewal, whose counts add up.
#[track_caller]
fn refreshed(ran: &Ran) -> Value {
    let lines = ran.lines_of("refreshed");
    let line = lines.last().unwrap_or_else(|| panic!("no end:\n{}\n{}", ran.stdout, ran.stderr)).clone();
    let parts =
        ["renewed", "renewed_before", "lasting", "found", "tokens_purged", "gone", "failed", "not_attempted"];
    let sum: u64 = parts.iter().map(|name| line[name].as_u64().unwrap()).sum();
    assert_eq!(line["rows"], sum, "the counts don't add up: {line}");
    assert_eq!(line["exit_code"], ran.code());
    line
}

fn refresh(import: &Import, flags: &str) -> Ran {
    import.tell(&format!("refresh --journal j.db --json {flags}"))
}

/// Everybody's token, by id.
fn tokens(import: &Import) -> BTreeMap<String, String> {
    import.tell("export --journal j.db --output t.jsonl").exit(0);
    let rows = import.text("t.jsonl");
    let rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.filter_map(|row| {
        let id = row["custom_participant_id"].as_str()?.to_owned();
        Some((id, row["token"].as_str()?.to_owned()))
    })
    .collect()
}

fn short_lived(import: Import) -> Import {
    import.server_with(|settings| settings.token_lifetime = Duration::from_secs(3600))
}

/// What ends soon is renewed, once more each time; the export gives the newest token; nobody is added.
#[test]
fn tokens_that_end_soon_are_renewed() {
    let import = short_lived(Import::new().people(40));
    import.run().exit(0).added(40);
    let before = tokens(&import);
    let line = refreshed(&refresh(&import, "--export new.jsonl").exit(0));
    assert_eq!((&line["renewed"], &line["rows"]), (&40.into(), &40.into()));
    let after = tokens(&import);
    assert_eq!(after.len(), 40);
    assert!(before.iter().all(|(id, token)| after[id] != *token));
    assert_eq!(import.text("new.jsonl"), import.text("t.jsonl"));
    assert_eq!(import.mode("new.jsonl"), 0o600);
    import.assert_everyone_is_in_once();
    assert_eq!((import.server().stats().adds_received, import.server().requests_of("token")), (40, 40));
}

/// What lasts is left alone: a new token may end the older one.
#[test]
fn tokens_that_last_are_left_alone() {
    let import = short_lived(Import::new().people(5));
    import.run().exit(0);
    let line = refreshed(&refresh(&import, "--expiring-within 30m").exit(0));
    assert_eq!((&line["lasting"], &line["renewed"]), (&5.into(), &0.into()));
    assert_eq!(import.server().requests_of("token"), 0);
    let line = refreshed(&refresh(&import, "--expiring-within 2h").exit(0));
    assert_eq!(line["renewed"], 5);
}

/// Killed again and again, a renewal of all tokens goes on: nobody's is asked for more often than the kills explain.
#[test]
fn a_renewal_of_all_goes_on_after_a_kill() {
    let import = Import::new().people(120).server_with(|settings| {
        settings.latency = Duration::from_millis(5);
    });
    import.run().exit(0).added(120);
    let before = tokens(&import);
    let typed = "refresh --all --journal j.db --json --concurrency 4";
    let mut running = Running::start(&import, import.command(typed));
    running.until("some are renewed", |stats| stats.requests.get("token").is_some_and(|count| *count >= 40));
    assert!(running.kill(), "it ended before it was killed");
    let asked = import.server().requests_of("token");
    let line = refreshed(&import.tell(typed).exit(0));
    let renewed_before = line["renewed_before"].as_u64().unwrap();
    assert!(renewed_before >= 1 && renewed_before <= asked, "{line}");
    assert_eq!(line["renewed"].as_u64().unwrap() + renewed_before, 120);
    let after = tokens(&import);
    assert!(before.iter().all(|(id, token)| after[id] != *token), "somebody has the old token still");
    // One that was finished is begun anew.
    assert_eq!(refreshed(&import.tell(typed).exit(0))["renewed"], 120);
}

/// Ctrl-C lets the answers on their way come back.
#[test]
fn an_interrupted_renewal_keeps_what_it_has() {
    let import = short_lived(Import::new().people(120)).server_with(|settings| {
        settings.latency = Duration::from_millis(5);
    });
    import.run().exit(0);
    let mut running =
        Running::start(&import, import.command("refresh --journal j.db --json --concurrency 4"));
    running.until("some are renewed", |stats| stats.requests.get("token").is_some_and(|count| *count >= 20));
    running.signal(rustix::process::Signal::INT);
    let ran = running.end().exit(130);
    let line = refreshed(&ran);
    assert_eq!(line["renewed"], import.server().requests_of("token"));
    assert_eq!(line["stopped"], "interrupted");
}

/// A participant who is gone, by 404, makes exit 4; the others get theirs.
#[test]
fn whoever_is_gone_is_reported() {
    let import = short_lived(Import::new().people(5));
    import.run().exit(0);
    import.server().remove("guest-0003");
    let ran = refresh(&import, "").exit(4);
    let line = refreshed(&ran);
    assert_eq!((&line["renewed"], &line["gone"]), (&4.into(), &1.into()));
    let problems = ran.lines_of("token_problem");
    assert_eq!(problems.len(), 1);
    assert_eq!(
        (&problems[0]["custom_participant_id"], &problems[0]["reason"]),
        (&"guest-0003".into(), &"gone".into())
    );
}

/// Whoever was there before us keeps the link in their mail, and what was purged stays purged, unless somebody says so.
#[test]
fn found_and_purged_tokens_are_left_alone() {
    let import = short_lived(Import::new().people(4));
    import.server().add("guest-0001", "Guest 1", "group_call_participant");
    import.run().exit(4).added(3).present(1);
    let line = refreshed(&refresh(&import, "--all").exit(0));
    assert_eq!((&line["renewed"], &line["found"]), (&3.into(), &1.into()));
    import.tell("journal purge-tokens j.db").exit(0);
    let line = refreshed(&refresh(&import, "").exit(0));
    assert_eq!((&line["tokens_purged"], &line["found"]), (&3.into(), &1.into()));
    let line = refreshed(&refresh(&import, "--refresh-found").exit(0));
    assert_eq!(line["renewed"], 4);
    assert_eq!(tokens(&import).len(), 4);
}

/// The second of two runs at once sends nothing.
#[test]
fn a_renewal_needs_the_lock() {
    let import = Import::new().people(40).server_with(|settings| {
        settings.latency = Duration::from_millis(50);
    });
    let mut running = import.spawn_with("--concurrency 1");
    running.until("it sends", |stats| stats.adds_received > 0);
    refresh(&import, "").exit(6);
    assert_eq!(import.server().requests_of("token"), 0);
    running.end().exit(0);
}

/// Without a journal there is nothing to renew, and none is made.
#[test]
fn without_a_journal_nothing_is_renewed() {
    let import = Import::new().people(1);
    refresh(&import, "").exit(2).says("there is no journal");
    assert!(!import.path("j.db").exists());
    assert_eq!(import.server().requests(), 0);
}

/// Tokens that end before the event are warned of by everything that gives them out; the exit code stays.
#[test]
fn tokens_that_end_before_the_event_are_warned_of() {
    let import = short_lived(Import::new().people(3));
    let start = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(5);
    let ran =
        import.run_with(&format!("--event-start {start}")).exit(0).says("3 tokens end before the event");
    assert_eq!(ran.summary()["tokens_ending_before_event"], 3);
    let near = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(10);
    let ran = import.run_with(&format!("--event-start {near}")).exit(0);
    assert_eq!(ran.summary()["tokens_ending_before_event"], 0);
    assert!(!ran.stderr.contains("before the event"), "{}", ran.stderr);
    let ran = refresh(&import, &format!("--event-start {start}")).exit(0).says("before the event");
    assert_eq!(refreshed(&ran)["tokens_ending_before_event"], 3);
    let typed = format!("status --journal j.db --json --event-start {start}");
    let ran = import
        .tell(&typed)
        .exit(0)
        .says("3 tokens end within 24 hours")
        .says("guestlist refresh --journal j.db");
    let ends = &ran.lines_of("token_ends")[0];
    assert_eq!((&ends["ended"], &ends["ending_within_24h"]), (&0.into(), &3.into()));
    assert_eq!(ends["ending_before_event"], 3);
}

/// A 429 closes the gate, and the token is asked for again.
#[test]
fn a_renewal_is_paced() {
    let import = Import::new().people(30).fault("throttle=#5@token");
    import.run().exit(0);
    let line = refreshed(&refresh(&import, "--all").exit(0));
    assert_eq!(line["renewed"], 30);
}

/// A mistyped meeting is none where all is well: not for any command that takes its meetings from the journal.
#[rstest]
#[case::refresh("refresh --all")]
#[case::verify("verify")]
#[case::undo("undo --run 1")]
#[case::undo_for_real("undo --run 1 --yes")]
#[case::dedupe("dedupe --keep journal")]
fn a_meeting_that_the_journal_does_not_know_is_refused(#[case] command: &str) {
    let import = Import::new().people(2);
    import.run().exit(0);
    let (requests, known) = (import.server().requests(), import.server().meeting());
    let unknown = "11111111-1111-4111-8111-111111111111";
    let with = |meeting: &str| import.tell(&format!("{command} --journal j.db --json --meeting {meeting}"));
    with(unknown).exit(2).says(unknown).says("guestlist status");
    assert_eq!(import.server().requests(), requests);
    let status = import.tell("status --journal j.db --json").exit(0);
    assert_eq!(status.lines_of("run").len(), 1, "it was noted as a run");
    with(&known.to_string());
    assert!(import.server().requests() > requests, "the known one is refused, too");
}
