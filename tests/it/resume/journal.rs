//! J: the journal, its place and its lock.

use std::os::unix::fs::PermissionsExt;

use rstest::rstest;

use crate::support::{Import, Running, command_without_privileges};

/// J08: what isn't ours is refused, and not a byte of it changes.
#[rstest]
#[case::text(b"my notes\n".to_vec())]
#[case::empty(Vec::new())]
#[case::a_header_and_nothing(b"SQLite format 3\0".to_vec())]
#[case::binary((0..=255).collect())]
fn j08_a_file_of_somebody_else_is_refused_and_unchanged(#[case] content: Vec<u8>) {
    let import = Import::new().people(3);
    import.write("j.db", &content);
    import.run().exit(2).says("journal");
    assert_eq!(import.read("j.db"), content);
    assert_eq!(import.server().requests(), 0);
    assert!(!import.path("j.db-wal").exists() && !import.path("j.db-shm").exists());
}

/// J08: another program's database, also one with changes that only its WAL holds.
#[test]
fn j08_a_database_of_somebody_else_is_refused_and_unchanged() {
    let import = Import::new().people(3);
    let other = rusqlite::Connection::open(import.path("j.db")).unwrap();
    other.pragma_update(None, "journal_mode", "wal").unwrap();
    other.execute_batch("PRAGMA application_id = 7; CREATE TABLE t (a); INSERT INTO t VALUES (1);").unwrap();
    let before = (import.read("j.db"), import.read("j.db-wal"));
    import.run().exit(2).says("journal");
    assert_eq!((import.read("j.db"), import.read("j.db-wal")), before);
    assert_eq!(import.server().requests(), 0);
}

/// J10: a newer guestlist wrote it.
#[test]
fn j10_a_newer_journal_is_refused_and_unchanged() {
    let import = Import::new().people(3);
    import.run().exit(0);
    let requests = import.server().requests();
    let journal = rusqlite::Connection::open(import.path("j.db")).unwrap();
    journal.execute_batch("PRAGMA user_version = 999; PRAGMA wal_checkpoint(TRUNCATE);").unwrap();
    drop(journal);
    let before = import.read("j.db");
    import.run().exit(2).says("newer");
    assert_eq!(import.read("j.db"), before);
    assert_eq!(import.server().requests(), requests);
}

/// J06: a folder or a journal that can't be written to.
#[rstest]
fn j06_what_cannot_be_written_to(#[values(true, false)] folder: bool) {
    let import = Import::new().people(3);
    let mode = |mode| PermissionsExt::from_mode(mode);
    std::fs::create_dir(import.path("closed")).unwrap();
    if folder {
        std::fs::set_permissions(import.path("closed"), mode(0o500)).unwrap();
    } else {
        import.run_with("--journal closed/j.db --limit 1").exit(0);
        std::fs::set_permissions(import.path("closed/j.db"), mode(0o400)).unwrap();
    }
    let Some(mut command) = command_without_privileges(&import.path("")) else { return };
    command.args("import list.csv --json --settle 1s --journal closed/j.db".split_whitespace());
    import.prepare(&mut command);
    let before = import.server().requests();
    let says = if folder { "ermission denied" } else { "can't be written to" };
    Running::start(&import, command).end().exit(5).says(says);
    assert_eq!(import.server().requests(), before);
    // So that the folder can be removed by whoever made it.
    std::fs::set_permissions(import.path("closed"), mode(0o700)).unwrap();
}

/// J15: what is no plain file of its own is refused.
#[rstest]
#[case::symlink("link")]
#[case::dangling("dangling")]
#[case::hard_link("twin")]
#[case::folder("folder")]
#[case::device("/dev/null")]
#[case::pipe("pipe")]
fn j15_what_is_no_plain_file_is_refused(#[case] name: &str) {
    let import = Import::new().people(3);
    import.run_with("--journal real.db --limit 1").exit(0);
    std::os::unix::fs::symlink("real.db", import.path("link")).unwrap();
    std::os::unix::fs::symlink("nothing", import.path("dangling")).unwrap();
    std::fs::hard_link(import.path("real.db"), import.path("twin")).unwrap();
    std::fs::create_dir(import.path("folder")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, import.path("pipe"), rustix::fs::Mode::RWXU).unwrap();
    let before = (import.read("real.db"), import.server().requests());
    import.run_with(&format!("--journal {name}")).exit(2);
    assert_eq!((import.read("real.db"), import.server().requests()), before);
    assert!(!import.path("nothing").exists());
}

/// J14: nobody else can read what we write, whatever the umask.
#[rstest]
fn j14_files_are_their_owners(#[values("000", "022", "077")] umask: &str) {
    let import = Import::new().roster("id,name\n,Nobody\na,Ann\nb,Bea\n");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &format!("umask {umask}; exec \"$@\""), "sh"]).arg(env!("CARGO_BIN_EXE_guestlist"));
    let typed = "import list.csv --json --preset webinar_viewer --journal j.db --export t.csv --rejected r.csv \
                 --on-invalid skip";
    command.args(typed.split_whitespace());
    import.prepare(&mut command);
    Running::start(&import, command).end().exit(4).added(2);
    for file in ["j.db", "j.db.lock", "t.csv", "r.csv"] {
        assert_eq!(import.mode(file), 0o600, "{file}");
    }
    for file in ["j.db-wal", "j.db-shm"].iter().filter(|file| import.path(file).exists()) {
        assert_eq!(import.mode(file), 0o600, "{file}");
    }
}

/// J17: another API with the same journal would count a try in a sandbox as done in production.
#[test]
fn j17_another_api_is_refused() {
    let import = Import::new().people(3);
    import.run().exit(0).added(3);
    let other = Import::new().people(3);
    std::fs::copy(import.path("j.db"), other.path("j.db")).unwrap();
    other.run().exit(2).says("belongs to");
    assert_eq!(other.server().requests(), 0);
}

/// J17: another meeting, account or app has rows of its own.
#[test]
fn j17_another_meeting_has_rows_of_its_own() {
    let second = "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b";
    let import = Import::new().people(3).server_with(|settings| {
        settings.meetings.push((second.parse().unwrap(), guestlist::sandbox::MeetingStatus::Active));
    });
    import.run().exit(0).added(3);
    import.run_with(&format!("--meeting {second}")).exit(0).added(3).present(0);
    assert_eq!(import.server().stats().adds_applied, 6);
    import.assert_nobody_is_in_twice();
}

/// Exit 6: while a run goes on, another one sends nothing; afterwards it does.
#[test]
fn two_runs_at_once_are_one() {
    let import = Import::new().people(30).fault("hang-after=#5");
    let mut running = import.spawn_with("--concurrency 1 --timeout 60s");
    running.until("one hangs", |stats| stats.adds_received == 5);
    let before = import.server().requests();
    import.run().exit(6);
    import.tell("status --journal j.db").exit(0);
    assert_eq!(import.server().requests(), before);
    running.kill();
    import.finish_within(1);
    assert_eq!(import.server().most_posts(), 1);
}

/// Somebody deletes the "stale" lock: the run number stops the first run before its next create.
#[test]
fn a_deleted_lock_supersedes_the_first_run() {
    let import = Import::new().people(60).fault("hang-after=#5");
    let mut first = import.spawn_with("--concurrency 1 --timeout 60s");
    first.until("one hangs", |stats| stats.adds_received == 5);
    std::fs::remove_file(import.path("j.db.lock")).unwrap();
    import.run().exit(0);
    import.assert_everyone_is_in_once();
    let received = import.server().stats().adds_received;
    // The first run's create comes back only when the server goes; what it can still do is nothing.
    first.signal(rustix::process::Signal::INT);
    first.until_warned("stopping");
    first.kill();
    assert_eq!(import.server().stats().adds_received, received);
    assert_eq!(import.server().most_posts(), 1);
}

/// J03: the disk is full at some point; nothing is sent that isn't noted down, and the same command resumes.
#[test]
fn j03_a_file_that_cannot_grow() {
    let import = Import::new().people(300);
    for blocks in [1, 40, 100, 150, 200, 300, 500, 800] {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"]);
        command.arg(env!("CARGO_BIN_EXE_guestlist"));
        command.args("import list.csv --json --settle 1s --journal j.db".split_whitespace());
        import.prepare(&mut command);
        let ran = Running::start(&import, command).end();
        assert!([0, 5].contains(&ran.code()), "{}\n{}", ran.stdout, ran.stderr);
        import.assert_nobody_is_in_twice();
    }
    import.finish_within(3);
}

/// J09: a crash takes the end of the WAL, or all of it: what was sent is found, and nobody is sent again.
#[rstest]
fn j09_a_journal_that_forgot_its_newest_part(#[values(0, 2, 3)] parts_of_four: u64) {
    let import = Import::new().people(300);
    let mut running = import.spawn_with("--concurrency 8");
    running.until("some are in", |stats| stats.adds_applied >= 100);
    running.kill();
    let wal = std::fs::OpenOptions::new().write(true).open(import.path("j.db-wal")).unwrap();
    wal.set_len(wal.metadata().unwrap().len() / 4 * parts_of_four).unwrap();
    // Tokens that were forgotten are asked for only if somebody says so: exit 4.
    assert!([0, 4].contains(&import.run().code()));
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}

/// J09: the whole WAL of a second run is deleted: the journal shows a first run that ended well, and nothing else.
#[test]
fn j09_a_journal_that_forgot_its_newest_run() {
    let import = Import::new().people(300);
    import.run_with("--limit 10").exit(0).added(10);
    let mut running = import.spawn_with("--concurrency 8");
    running.until("some are in", |stats| stats.adds_applied >= 100);
    running.kill();
    std::fs::remove_file(import.path("j.db-wal")).unwrap();
    std::fs::remove_file(import.path("j.db-shm")).unwrap();
    import.run().exit(4);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}

/// J12: the journal was copied, or somebody else used one of their own: one after the other they add everybody once.
#[rstest]
fn j12_two_journals_one_after_the_other(#[values(true, false)] copied: bool) {
    let import = Import::new().people(60);
    import.run_with("--limit 10").exit(0).added(10);
    if copied {
        std::fs::copy(import.path("j.db"), import.path("other.db")).unwrap();
    }
    assert!([0, 4].contains(&import.run_with("--journal other.db").code()));
    import.run().exit(4).added(0).present(60);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}
