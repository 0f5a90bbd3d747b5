//! J: what others do to a journal while a run holds it.

use std::time::Duration;

use rstest::rstest;
use rusqlite::Connection;

use crate::support::{Import, Running, skipped, wait_until};

/// Requests on their way at once, in these tests.
const AT_ONCE: u64 = 2;

/// A slow import, so that it is under way for a while.
fn slow() -> Import {
    Import::new()
        .people(60)
        .flags("--concurrency 2")
        .server_with(|settings| settings.latency = Duration::from_millis(10))
}

fn delete(import: &Import, name: &str) {
    std::fs::remove_file(import.path(name)).unwrap();
}

fn rename(import: &Import, from: &str, to: &str) {
    std::fs::rename(import.path(from), import.path(to)).unwrap();
}

fn nothing(_: &Import) {}

/// The journal is deleted, moved or replaced: the run stops, since nobody would find what it notes down.
#[rstest]
#[case::all_deleted(Import::lose_journal, nothing)]
#[case::deleted(|import: &Import| delete(import, "j.db"), |import: &Import| delete(import, "j.db-wal"))]
#[case::moved(|import: &Import| rename(import, "j.db", "moved.db"), |import: &Import| rename(import, "moved.db", "j.db"))]
#[case::replaced(|import: &Import| rename(import, "old.db", "j.db"), nothing)]
#[case::wal_deleted(|import: &Import| delete(import, "j.db-wal"), nothing)]
fn a_journal_that_goes_away_stops_the_run(#[case] happen: fn(&Import), #[case] mend: fn(&Import)) {
    let import = slow();
    import.run_with("--limit 5").exit(0).added(5);
    std::fs::copy(import.path("j.db"), import.path("old.db")).unwrap();
    let mut running = import.spawn();
    running.until("some are in", |stats| stats.adds_applied >= 15);
    happen(&import);
    running.end().exit(5).says("was deleted, moved or replaced");
    let sent = import.server().stats().adds_received;
    assert!(sent < 60, "it went on");
    mend(&import);
    // The tokens of those who are in are lost with the journal: exit 4, unless none was.
    assert!([0, 4].contains(&import.run().code()));
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}

/// A journal that was moved away is whole again with the -wal that stayed: no token is lost.
#[test]
fn a_journal_that_was_moved_is_put_back() {
    let import = slow();
    let mut running = import.spawn();
    running.until("some are in", |stats| stats.adds_applied >= 15);
    rename(&import, "j.db", "moved.db");
    running.end().exit(5);
    import.run().exit(2).says("put the journal back beside it");
    rename(&import, "moved.db", "j.db");
    import.finish_within(1);
    assert_eq!(import.server().most_posts(), 1);
}

/// Another meeting's journal takes its place: what the run had still in its -wal is not replayed into that.
#[test]
fn a_journal_that_takes_the_place_of_another_stays_as_it_was() {
    let import = slow();
    import.run_with("--limit 5 --journal other.db").exit(0);
    let other = import.read("other.db");
    let mut running = import.spawn();
    running.until("some are in", |stats| stats.adds_applied >= 15);
    rename(&import, "other.db", "j.db");
    running.end().exit(5);
    assert!(import.read("j.db") == other && !import.path("j.db-wal").exists());
    assert!([0, 4].contains(&import.run().code()));
    import.assert_everyone_is_in_once();
}

/// Somebody's database shell, holding the journal.
fn shell(import: &Import) -> Connection {
    let shell = Connection::open(import.path("j.db")).unwrap();
    shell.busy_timeout(Duration::from_secs(60)).unwrap();
    shell.execute_batch("BEGIN EXCLUSIVE").unwrap();
    shell
}

/// The run waits until nobody sends anything any more. Returns how many creates had come when it was held.
fn held(import: &Import, running: &mut Running<'_>) -> (Connection, u64) {
    running.until("some are in", |stats| stats.adds_applied >= 10);
    let shell = shell(import);
    let received = import.server().stats().adds_received;
    (shell, received)
}

/// J13: another program holds the journal for a while: nothing is sent meanwhile, and then the run goes on.
#[test]
fn j13_a_journal_that_is_held_for_a_while() {
    let import = slow();
    let mut running = import.spawn();
    let (shell, received) = held(&import, &mut running);
    // What had its intent on the disk may still leave. When nothing has been on its way for so many looks, the run
    // has results to write down, and can't.
    let mut quiet = 0;
    wait_until("nothing is on its way any more", || {
        quiet = if import.server().stats().in_flight == 0 { quiet + 1 } else { 0 };
        quiet == 300
    });
    assert!(import.server().stats().adds_received <= received + AT_ONCE);
    shell.execute_batch("COMMIT").unwrap();
    running.end().exit(0).added(60);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}

/// J13: it is held for longer than a run waits: the run stops, and nothing was sent meanwhile.
#[test]
fn j13_a_journal_that_is_held_for_too_long() {
    let import = slow();
    let mut running = import.spawn();
    let (shell, received) = held(&import, &mut running);
    running.end().exit(5).says("another program has held the journal for too long");
    assert!(import.server().stats().adds_received <= received + AT_ONCE);
    import.tell("journal verify j.db").exit(0);
    shell.execute_batch("COMMIT").unwrap();
    drop(shell);
    import.finish_within(1);
    assert_eq!(import.server().most_posts(), 1);
}

/// J14: the files beside the journal, which are gone when the run has ended.
#[test]
fn j14_the_files_beside_it_are_their_owners_while_it_runs() {
    let import = Import::new().people(5).fault("hang=#2");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "umask 000; exec \"$@\"", "sh"]).arg(env!("CARGO_BIN_EXE_guestlist"));
    command.args("import list.csv --json --settle 1s --journal j.db --concurrency 1".split_whitespace());
    import.prepare(&mut command);
    let mut running = Running::start(&import, command);
    running.until("one hangs", |stats| stats.adds_received == 2);
    for file in ["j.db", "j.db-wal", "j.db-shm", "j.db.lock"] {
        assert_eq!(import.mode(file), 0o600, "{file}");
    }
    running.kill();
    import.finish_within(1);
}

/// J15: a journal that belongs to somebody else. Only root can make one here.
#[test]
fn j15_a_journal_of_another_user_is_refused() {
    let import = Import::new().people(3);
    import.run_with("--limit 1").exit(0);
    let before = import.server().requests();
    if std::os::unix::fs::chown(import.path("j.db"), Some(12_345), None).is_err() {
        return skipped("only root can give a file away, so no test of somebody else's journal");
    }
    import.run().exit(2).says("belongs to another user");
    import.tell("journal verify j.db").exit(2).says("belongs to another user");
    assert_eq!(import.server().requests(), before);
}

/// J16: on a local disk, to accept a network changes nothing and warns of nothing.
#[test]
fn j16_a_local_disk_needs_no_word() {
    let import = Import::new().people(3);
    let ran = import.run_with("--allow-network-journal").exit(0);
    assert!(!ran.stderr.contains("network"), "{}", ran.stderr);
    import.tell("journal purge-tokens --allow-network-journal j.db").exit(0);
}
