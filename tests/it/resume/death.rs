//! K: the process dies.

use std::time::Duration;

use rstest::rstest;

use crate::support::Import;

/// K02, K04, K05: killed again and again, at moments that the server chooses, while the server misbehaves in every way.
/// Afterwards the same command adds who is missing, and nobody twice.
#[rstest]
fn k02_k04_k05_killed_again_and_again(#[values(1, 2)] seed: u64) {
    let import = misbehaving(seed);
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..13 {
        // Deaths come between a request's departure and its answer, between two of them, and while lists are read.
        let more = random.u64(1..25);
        let seen_before = import.server().requests();
        let mut running = import.spawn();
        running.until_or_ended(|stats| stats.requests.values().sum::<u64>() >= seen_before + more);
        running.kill();
        import.assert_nobody_is_in_twice();
    }
    import.finish_within(10);
}

fn misbehaving(seed: u64) -> Import {
    let faults = [
        "close=0.03",
        "close-after=0.03",
        "reset-after=0.03",
        "late-apply=0.03",
        "500=0.02",
        "502-after=0.03",
        "504-late=0.02",
        "truncated=0.02",
        "wrong-echo=0.01",
        "409-after=0.01",
        "stale=0.02",
        "throttle=0.01",
        "list-lag=0.2",
        "list-500=0.05",
        "reset=0.05@list",
        "500=0.03@token",
        "reset-after=0.03@token",
    ];
    let import = Import::new().people(200).server_with(|settings| {
        settings.seed = seed;
        settings.latency = Duration::from_millis(4);
        settings.list_lag = Duration::from_millis(200);
        settings.throttle_retry_after = Some("1".to_owned());
        settings.max_per_page = 60;
    });
    faults.into_iter().fold(import, Import::fault)
}

/// K02: killed between the intent and the answer, with everything on its way taking effect or not.
#[rstest]
fn k02_killed_with_requests_on_their_way(#[values("hang", "hang-after", "hang-late")] fault: &str) {
    let import = Import::new().people(30).fault(&format!("{fault}=#1,2,3,4,5,6,7,8"));
    let mut running = import.spawn_with("--concurrency 8");
    running.until("eight hang", |stats| stats.adds_received == 8);
    running.kill();
    import.run().exit(0);
    import.assert_everyone_is_in_once();
    let resent = if fault == "hang" { 2 } else { 1 };
    assert_eq!(import.server().most_posts(), resent);
    import.finish_within(1);
}

/// K04: killed when the server has answered: what isn't recorded yet is adopted, and gets a token of its own.
#[rstest]
fn k04_killed_at_the_answer(#[values(1, 7, 16, 40)] answered: u64) {
    let import = Import::new().people(60).flags("--export t.csv");
    let mut running = import.spawn();
    running.until("so many are in", |stats| stats.adds_applied >= answered);
    running.kill();
    import.run().exit(0).without_token(0);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
    assert_eq!(import.text("t.csv").lines().filter(|line| line.contains(",eyJ")).count(), 60);
}

/// K05: killed while it reads the list, before the first create and while it settles.
#[test]
fn k05_killed_while_it_lists() {
    let import = Import::new()
        .people(50)
        .fault("close-after=#2")
        .fault("hang=#1,4@list")
        .server_with(|settings| settings.max_per_page = 10);
    let mut first = import.spawn();
    first.until("the first list hangs", |stats| stats.requests.get("list") == Some(&1));
    first.kill();
    assert_eq!(import.server().stats().adds_received, 0);
    let mut second = import.spawn();
    second.until("a later list hangs", |stats| stats.requests.get("list") == Some(&4));
    second.kill();
    import.finish_within(2);
    assert_eq!(import.server().most_posts(), 1);
}

/// K07: killed in its first moments: no journal or a whole one is in place, and nothing was sent.
#[test]
fn k07_killed_while_the_journal_is_made() {
    let import = Import::new().people(3);
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..25 {
        import.lose_journal();
        let mut running = import.spawn();
        let moment = random.u8(0..3);
        running.until_or_ended(|_| match moment {
            0 => import.path("j.db.lock").exists(),
            1 => import.path("j.db.new").exists() || import.path("j.db").exists(),
            _ => import.path("j.db").exists(),
        });
        running.kill();
        if let Ok(metadata) = std::fs::metadata(import.path("j.db")) {
            assert!(metadata.len() > 0);
            import.tell("status --journal j.db").exit(0);
        }
    }
    import.run().code();
    import.assert_everyone_is_in_once();
}

/// K10, M02: the process sleeps for longer than its timeout, in the middle.
#[test]
fn k10_a_process_that_sleeps() {
    let import = Import::new()
        .people(100)
        .server_with(|settings| settings.latency = Duration::from_millis(20))
        .flags("--timeout 500ms --connect-timeout 200ms --concurrency 4");
    let mut running = import.spawn();
    for so_many in [10, 40, 70] {
        running.until("so many are in", |stats| stats.adds_applied >= so_many);
        running.sleep_for(Duration::from_millis(700));
    }
    running.end().exit(0).added(100);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}

/// K11: it sleeps for longer than the settle time, and dies as a create leaves; the settle time begins anew.
#[test]
fn k11_a_sleep_and_a_death() {
    let import = Import::new().people(20).fault("hang-late=#10,11,12,13");
    let mut running = import.spawn_with("--concurrency 4");
    running.until("four hang", |stats| stats.adds_received == 13);
    running.kill();
    import.run().exit(0);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}

/// K13: it runs out of memory, in the middle.
#[test]
fn k13_out_of_memory() {
    let import = Import::new().people(200);
    for megabytes in [40, 60, 80, 100, 140] {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &format!("ulimit -v {}; exec \"$@\"", megabytes * 1024), "sh"]);
        command.arg(env!("CARGO_BIN_EXE_guestlist"));
        command.args("import list.csv --json --settle 1s --journal j.db".split_whitespace());
        import.prepare(&mut command);
        crate::support::Running::start(&import, command).end_somehow();
        import.assert_nobody_is_in_twice();
    }
    import.finish_within(3);
}

/// M01: between two runs the clock is set forward or back; the settle time passes all the same.
#[rstest]
fn m01_a_clock_that_jumps_between_runs(#[values(-86_400_000, 86_400_000)] milliseconds: i64) {
    let import = Import::new()
        .people(20)
        .fault("late-apply=#5")
        .server_with(|settings| settings.late_by = Duration::from_millis(1500))
        .flags("--settle 3s");
    let mut running = import.spawn_with("--concurrency 1");
    running.until_said("\"settling\"");
    running.signal(rustix::process::Signal::INT);
    running.end().exit(130).uncertain(1);
    // What the journal noted a moment ago was noted a day ago, or will be tomorrow.
    let journal = rusqlite::Connection::open(import.path("j.db")).unwrap();
    let noted = journal.execute("UPDATE doubts SET since = since - ?1", [milliseconds]).unwrap();
    assert_eq!(noted, 1);
    drop(journal);
    import.run().exit(0);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}
