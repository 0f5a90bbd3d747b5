//! K04, K06, K10: killed or stopped at moments that only the disk knows.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use super::held::rows_in;
use super::{LOG, disk_now, each_of, shimmed};
use crate::support::power::{files_in, writes_after_syncs};
use crate::support::shim::{self, Call, Deed, EXPORT, STOPPED, Strike};
use crate::support::{Import, Running, wait_until};

/// K04: killed when the answer has come and nothing of its result is written: the participant is found, not added
/// again, and gets a token.
#[test]
fn k04_killed_between_the_answer_and_its_commit() {
    if !shim::available() {
        return;
    }
    let import = one_by_one();
    shimmed(&import, None).end().exit(0);
    let begins = writes_after_syncs(&import.read(LOG));
    let moments = begins.into_iter().filter(|nth| killed_before_write(*nth)).count();
    // One for each of the six people, had the writes the same numbers in every run.
    assert!(moments >= 4, "it was killed {moments} times between an answer and its commit");
}

/// K10: the process sleeps for twice its timeout when an intent is on the disk and its request hasn't left: it leaves
/// then, once.
#[test]
fn k10_a_sleep_between_the_intent_and_its_request() {
    if !shim::available() {
        return;
    }
    let moments = AtomicUsize::new(0);
    let syncs: Vec<u64> = (1..=recorded_syncs()).collect();
    each_of(&syncs, |nth| {
        moments.fetch_add(usize::from(sleeps_after_sync(*nth)), Ordering::Relaxed);
    });
    let moments = moments.into_inner();
    assert!(moments >= 4, "it slept {moments} times between an intent and its request");
}

fn recorded_syncs() -> u64 {
    let import = one_by_one();
    shimmed(&import, None).end().exit(0);
    disk_now(&one_by_one()).replay(&import.read(LOG)).calls().0
}

/// Whether it was such a moment.
fn sleeps_after_sync(nth: u64) -> bool {
    let import = one_by_one().flags("--timeout 500ms --connect-timeout 400ms --settle 2s");
    let mut running = shimmed(&import, Some(Strike { call: Call::Sync, nth, deed: Deed::FreezeAfter }));
    wait_until("it stops", || running.is_stopped() || running.has_ended());
    let rows = rows_in(&import);
    let sending: Vec<_> = rows.iter().filter(|(_, row)| row.state == "sending").map(|(id, _)| id).collect();
    let moment = matches!(sending[..], [id] if import.server().posts(id) == 0);
    std::thread::sleep(Duration::from_secs(1));
    if !running.has_ended() {
        running.signal(Signal::CONT);
    }
    running.end().exit(0).added(6);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
    moment
}

fn one_by_one() -> Import {
    Import::new().people(6).flags("--concurrency 1 --export t.csv")
}

/// Whether it was such a moment.
fn killed_before_write(nth: u64) -> bool {
    let import = one_by_one();
    let mut running = shimmed(&import, Some(Strike { call: Call::Write, nth, deed: Deed::Stop }));
    wait_until("it is about to write", || import.path(STOPPED).exists() || running.has_ended());
    let answered = import.server().stats().adds_applied;
    let rows = rows_in(&import);
    let sending: Vec<_> = rows.iter().filter(|(_, row)| row.state == "sending").map(|(id, _)| id).collect();
    let recorded = rows.values().filter(|row| row.is_confirmed()).count() as u64;
    let [id] = sending[..] else {
        running.kill();
        return false;
    };
    // One at a time: whoever writes now has the answer.
    assert_eq!(answered, recorded + 1);
    wait_until("it is answered", || import.server().stats().in_flight == 0);
    running.kill();
    import.run().exit(0).without_token(0);
    import.assert_everyone_is_in_once();
    assert_eq!((import.server().posts(id), import.server().most_posts()), (1, 1));
    assert_eq!(import.server().requests_of("token"), 1);
    assert_eq!(import.text("t.csv").lines().filter(|line| line.contains(",eyJ")).count(), 6);
    true
}

/// K06: killed at every write and every sync of an export, so before and after its rename, too: the old one is there or
/// the new one, whole, and nobody else can read any of it.
#[test]
fn k06_killed_while_it_exports() {
    if !shim::available() {
        return;
    }
    let import = Import::new().people(40);
    import.run().exit(0);
    import.tell("export --journal j.db --output new.csv").exit(0);
    let new = import.text("new.csv");
    for call in [Call::Write, Call::Sync] {
        for deed in [Deed::KillBefore, Deed::KillAfter] {
            let kills =
                (1..).take_while(|nth| export_killed(&import, &new, Strike { call, nth: *nth, deed }));
            assert!(kills.count() >= 2, "an export is written and synced, and its folder is synced");
        }
    }
}

/// Whether it was killed.
fn export_killed(import: &Import, new: &str, strike: Strike) -> bool {
    const OLD: &str = "the old export\n";
    import.tell("export --journal j.db --output t.csv").exit(0);
    import.write("t.csv", OLD);
    let mut command = import.command("export --journal j.db --output t.csv");
    shim::between(&mut command, &import.path(""), EXPORT, Some(strike));
    let (status, _) = Running::start(import, command).end_told();
    let held = import.text("t.csv");
    assert!(held == OLD || held == new, "{strike:?}: {held}");
    for name in files_in(&import.path(""), EXPORT).keys() {
        assert_eq!(import.mode(name), 0o600, "{strike:?}: {name}");
    }
    // The temporary file is synced first, the folder last: between them the new one takes the place.
    match (strike.call, strike.nth, strike.deed) {
        (Call::Write, ..) | (Call::Sync, 1, _) if !status.success() => assert_eq!(held, OLD, "{strike:?}"),
        _ => assert_eq!(held, new, "{strike:?}"),
    }
    !status.success()
}
