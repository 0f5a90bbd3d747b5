//! K: the process dies.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use rstest::rstest;

use crate::support::{Door, Front, Import, Manner, Relay, Running, wait_until};

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
    // Late by more than a restart takes on a busy machine: whoever doesn't wait for it must be caught every time.
    let import = Import::new()
        .people(30)
        .fault(&format!("{fault}=#1,2,3,4,5,6,7,8"))
        .server_with(|settings| settings.late_by = Duration::from_secs(3))
        .flags(if fault == "hang-late" { "--settle 5s" } else { "--settle 300ms" });
    let mut running = import.spawn_with("--concurrency 8");
    running.until("eight hang", |stats| stats.adds_received == 8);
    running.kill();
    import.run().exit(0);
    import.assert_everyone_is_in_once();
    let sent = if fault == "hang" { 2 } else { 1 };
    assert_eq!(import.server().most_posts(), sent, "so often a create was sent");
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

/// K02: killed when the intents are durable and no connection stands yet. Nobody can know that nothing was sent: with
/// `hold` they are only reported, else they are looked up first.
#[test]
fn k02_killed_before_it_is_connected() {
    let (relay, import) = Relay::before(Import::new().people(30), Front::Tls("localhost"));
    // A connection for each request, and from some create on they hang before a byte of the request can leave.
    relay.script(|_| Manner::Last);
    relay.door(|seen| if seen.creates < 4 { Door::Open } else { Door::Silent });
    let running = import.spawn_with("--concurrency 8");
    wait_until("eight have no connection", || relay.seen().turned_away == 8);
    running.kill();
    relay.recover();
    import.run_with("--uncertain hold").exit(4).uncertain(8);
    assert_eq!(import.server().stats().adds_received, 30 - 8);
    import.finish_within(1);
    assert_eq!(import.server().most_posts(), 1);
}

/// K06: killed while it exports: the old file or the new one, whole, and nobody else can read either.
#[test]
fn k06_killed_while_it_exports() {
    let import = Import::new().people(3000);
    import.run_with("--export t.csv").exit(0).added(3000);
    let (old, new) = (b"what was there before".to_vec(), import.read("t.csv"));
    let mut random = fastrand::Rng::with_seed(6);
    let mut halves = 0;
    for _ in 0..40 {
        import.write("t.csv", &old);
        let mut running = Running::start(&import, import.command("export -o t.csv --journal j.db"));
        let begun = || leftovers(&import, "export").next().is_some() || import.read("t.csv") != old;
        while !begun() && !running.has_ended() {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_micros(random.u64(0..20_000)));
        running.kill();
        let there = import.read("t.csv");
        assert!(there == old || there == new, "{} bytes", there.len());
        assert!(there == old || import.mode("t.csv") == 0o600);
        for half in leftovers(&import, "export") {
            assert_eq!(std::fs::metadata(&half).unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::remove_file(half).unwrap();
            halves += 1;
        }
    }
    assert!(halves > 0, "it never died while it wrote");
}

/// K07: killed in its first moments, 200 times: no journal or a whole one is in place, and whoever was sent is in it.
#[test]
fn k07_killed_while_the_journal_is_made() {
    let import = Import::new().people(1);
    let mut random = fastrand::Rng::with_seed(7);
    let mut journals = 0;
    for attempt in 0..200 {
        import.lose_journal();
        leftovers(&import, "journal").for_each(|file| std::fs::remove_file(file).unwrap());
        let id = format!("attempt-{attempt}");
        import.write("list.csv", format!("id,name,preset\n{id},Guest,webinar_viewer\n"));
        let mut running = import.spawn();
        let milestone = random.u8(0..4);
        while !running.has_ended() {
            std::thread::yield_now();
            let reached = match milestone {
                0 => import.path("j.db.lock").exists(),
                1 => leftovers(&import, "journal").next().is_some(),
                2 => import.path("j.db").exists(),
                _ => import.path("j.db-wal").exists(),
            };
            if reached {
                break;
            }
        }
        std::thread::sleep(Duration::from_micros(random.u64(0..3000)));
        running.kill();
        journals += u32::from(is_whole_or_missing(&import, &id));
    }
    assert!((10..=190).contains(&journals), "the moments of death are no good any more: {journals}");
}

/// Files that are being written beside their place, or never were written to the end.
fn leftovers(import: &Import, what: &str) -> impl Iterator<Item = PathBuf> {
    let beginning = format!(".guestlist-{what}-");
    let files = std::fs::read_dir(import.path("")).unwrap().map(|file| file.unwrap().path());
    files.filter(move |file| file.to_string_lossy().contains(&beginning))
}

/// Whether there is a journal.
fn is_whole_or_missing(import: &Import, id: &str) -> bool {
    let path = import.path("j.db");
    if !path.exists() {
        assert_eq!(import.server().posts(id), 0, "sent without a journal");
        return false;
    }
    assert_ne!(std::fs::metadata(&path).unwrap().len(), 0);
    let journal = rusqlite::Connection::open(path).unwrap();
    let ask = |sql: &str| journal.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let check: String = journal.query_row("PRAGMA quick_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    assert!(ask("PRAGMA application_id") != 0 && ask("SELECT count(*) FROM journal") == 1);
    let intents = ask("SELECT count(*) FROM participants WHERE state <> 'planned'");
    assert!(import.server().posts(id) <= u64::try_from(intents).unwrap(), "sent without an intent");
    true
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

/// K11: it sleeps for longer than the settle time while creates are on their way, and dies. They arrive while the next
/// run waits: its settle time began when it took the journal over, not when they were sent.
#[test]
fn k11_a_sleep_and_a_death() {
    let (relay, import) = Relay::before(Import::new().people(20), Front::Plain);
    relay.script(|request| match request.create {
        Some(10..=13) => Manner::Keep,
        _ => Manner::Pass,
    });
    let mut running = import.spawn_with("--concurrency 4");
    wait_until("four are on their way", || relay.seen().creates == 13);
    running.sleep_for(Duration::from_millis(2100));
    running.kill();
    let mut resumed = import.spawn_with("--settle 2s");
    resumed.until_said("\"settling\"");
    relay.deliver();
    resumed.end().exit(0);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}

/// K11: so is a run that sleeps before it takes the lock, while the one that holds it goes on sending, and dies: what
/// that sent last has the whole settle time.
#[cfg(target_os = "linux")]
#[test]
fn k11_a_sleep_before_the_lock() {
    use crate::support::shim::{self, Call, Deed, STOPPED, Strike};
    if !shim::available() {
        return;
    }
    let (relay, import) = Relay::before(Import::new().people(20), Front::Plain);
    relay.script(|request| match request.create {
        Some(10..=13) => Manner::Keep,
        _ => Manner::Pass,
    });
    let mut command = import.import("--settle 2s");
    let strike = Strike { call: Call::Lock, nth: 1, deed: Deed::Stop };
    shim::between(&mut command, &import.path(""), "j.db.lock", Some(strike));
    let mut resumed = Running::start(&import, command);
    wait_until("it is about to take the lock", || import.path(STOPPED).exists());
    let before = import.spawn_with("--concurrency 4");
    wait_until("four are on their way", || relay.seen().creates == 13);
    std::thread::sleep(Duration::from_millis(2100));
    before.kill();
    std::fs::remove_file(import.path(STOPPED)).unwrap();
    resumed.until_said("\"settling\"");
    relay.deliver();
    resumed.end().exit(0);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}

/// K13: it runs out of memory, whenever it asks for some: at its start, while it reads.
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

/// K13: and in the middle: from its first add on it gets no more. The allocator of glibc keeps nothing in reserve that an
/// answer of 50 MiB would fit into, so that it is the first of those that ends the run.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn k13_out_of_memory_in_the_middle() {
    use std::os::unix::process::ExitStatusExt;
    let import = Import::new()
        .people(800)
        .server_with(|settings| settings.latency = Duration::from_millis(5))
        .fault("huge=0.05");
    let mut command = import.import("");
    command.envs([("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "65536")]);
    let mut running = Running::start(&import, command);
    running.until("somebody is added", |stats| stats.adds_applied > 0);
    running.get_no_more_memory();
    let (status, _) = running.end_told();
    let added = import.server().stats().adds_applied;
    assert!((1..800).contains(&added), "it ended after {added}");
    assert_eq!(status.signal(), Some(rustix::process::Signal::ABORT.as_raw()), "it ran out of memory");
    import.assert_nobody_is_in_twice();
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

/// M01: the clock is set while a create in doubt is waited for: the wait is neither cut short nor drawn out.
#[cfg(target_os = "linux")]
#[rstest]
fn m01_a_clock_that_jumps_in_the_middle(#[values(-86_400, 86_400)] seconds: i64) {
    use crate::support::shim;
    if !shim::available() {
        return;
    }
    let import = Import::new()
        .people(20)
        .fault("late-apply=#5")
        .server_with(|settings| settings.late_by = Duration::from_millis(1500));
    let mut command = import.import("--settle 3s --concurrency 4");
    shim::clock_set(&mut command, &import.path("set"), seconds);
    let mut running = Running::start(&import, command);
    running.until_said("\"settling\"");
    import.write("set", "");
    running.end().exit(0).added(20);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
    let noted = import.ask::<i64>("SELECT (finished_at - started_at) / 1000 FROM runs");
    assert!((0..3_600).contains(&noted), "the run noted its end {noted} s after its beginning");
    import.finish_within(1);
}

/// K12: what serves a request panics, with all that it holds in the message: the rows are in doubt, the run ends as
/// runs do, and neither a token nor a name is told.
#[cfg(feature = "sabotage")]
#[test]
fn k12_a_panic_in_a_request() {
    let import = Import::new().people(6).fault("list-lag=#2,3");
    let mut command = import.import("--concurrency 4 --uncertain hold --verbose");
    command.env("GUESTLIST_SABOTAGE", "panic").env("RUST_BACKTRACE", "1");
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("\"uncertain\":6,") && said.contains("send.rs"), "{said}");
    for secret in ["eyJ", import.server().settings().api_token.as_str(), "Guest "] {
        assert!(!said.contains(secret), "{secret:?} was told: {said}");
    }
    import.finish_within(2);
    assert_eq!(import.server().most_posts(), 1);
}
