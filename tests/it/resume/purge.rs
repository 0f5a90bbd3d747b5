//! `journal purge-tokens` and `journal verify`, as somebody types them.

use std::process::Command;

use crate::support::{Import, Ran, Running};

/// Every file of the folder that belongs to the journal, one after the other.
fn journal_bytes(import: &Import) -> Vec<u8> {
    ["j.db", "j.db-wal", "j.db-shm", "j.db.lock"]
        .iter()
        .filter(|name| import.path(name).exists())
        .flat_map(|name| import.read(name))
        .collect()
}

fn tokens(import: &Import) -> Vec<String> {
    import.tell("export --journal j.db --output t.csv").exit(0);
    let text = import.text("t.csv");
    let cells = text.lines().flat_map(|line| line.split(','));
    cells.filter(|cell| cell.starts_with("eyJ")).map(str::to_owned).collect()
}

fn holds_any(bytes: &[u8], tokens: &[String]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    tokens.iter().any(|token| text.contains(token.as_str()))
}

fn says_last(ran: &Ran) -> serde_json::Value {
    serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap()
}

/// The tokens are gone from every byte, everybody stays in, and a rerun neither creates nor refreshes anybody.
#[test]
fn purged_tokens_are_gone_for_good() {
    let import = Import::new().people(40).fault("close-after=#3");
    import.run().exit(0).added(40);
    let tokens = tokens(&import);
    assert_eq!(tokens.len(), 40);
    assert!(holds_any(&journal_bytes(&import), &tokens));
    std::fs::remove_file(import.path("t.csv")).unwrap();
    let ran = import.tell("journal purge-tokens j.db --json").exit(0);
    assert_eq!((&says_last(&ran)["type"], &says_last(&ran)["tokens"]), (&"purged".into(), &40.into()));
    assert!(!holds_any(&journal_bytes(&import), &tokens));
    let (adds, refreshes) = (import.server().stats().adds_received, import.server().requests_of("token"));
    let ran = import.run().exit(0).present(40).without_token(0);
    assert_eq!(ran.summary()["tokens_purged"], 40);
    assert_eq!(import.server().stats().adds_received, adds);
    assert_eq!(
        import.server().requests_of("token"),
        refreshes,
        "a refresh may end the links in people's mail"
    );
    assert!(!holds_any(&journal_bytes(&import), &tokens));
    let status = import.tell("status --journal j.db").exit(0);
    assert!(status.stdout.contains("purged"), "{}", status.stdout);
    import.tell("journal verify j.db").exit(0).says("can be trusted");
    // Somebody who says so gets new ones.
    let ran = import.run_with("--refresh-found").exit(0).present(40);
    assert_eq!(ran.summary()["tokens_purged"], 0);
    assert_eq!(import.server().requests_of("token"), refreshes + 40);
    import.assert_everyone_is_in_once();
}

/// An organiser reads what it means.
#[test]
fn an_organiser_is_told_what_a_purge_means() {
    let import = Import::new().people(3);
    import.run().exit(0);
    import
        .tell("journal purge-tokens j.db")
        .exit(0)
        .says("3 tokens were removed from j.db, for good")
        .says("links that are out still work");
    let mut command = import.command("import list.csv --journal j.db");
    command.env("NO_COLOR", "1");
    Running::start(&import, command)
        .end()
        .exit(0)
        .says("Everybody is in")
        .says("the token was removed from the journal with purge-tokens");
}

/// Nothing is purged under a run that goes on, and none is made where there is nothing.
#[test]
fn a_purge_takes_the_lock_and_makes_no_journal() {
    let import = Import::new().people(10).fault("hang-after=#5");
    let mut running = import.spawn_with("--concurrency 1 --timeout 60s");
    running.until("one hangs", |stats| stats.adds_received == 5);
    import.tell("journal purge-tokens j.db").exit(6);
    import.tell("journal verify j.db").exit(0);
    running.kill();
    import.tell("journal purge-tokens j.db").exit(0);
    import.finish_within(1);
    assert_eq!(import.server().most_posts(), 1);
    import.tell("journal purge-tokens other.db").exit(2).says("there is no journal");
    import.tell("journal verify other.db").exit(2).says("there is no journal");
    assert!(!import.path("other.db").exists() && !import.path("other.db.lock").exists());
}

/// It says what is wrong, and changes nothing.
#[test]
fn a_forged_journal_is_not_trusted() {
    let import = Import::new().people(5);
    // One after the other, so that the third person's answer comes third.
    import.run_with("--concurrency 1").exit(0);
    let forger = rusqlite::Connection::open(import.path("j.db")).unwrap();
    forger.execute_batch("PRAGMA foreign_keys = 0; PRAGMA ignore_check_constraints = 1").unwrap();
    forger.execute("UPDATE participants SET confirmation = 3 WHERE participant = 2", []).unwrap();
    drop(forger);
    let before = import.read("j.db");
    let ran = import.tell("journal verify j.db --json").exit(4);
    let finding = &ran.lines_of("finding")[0];
    let of = |name: &str| finding[name].as_str().unwrap().to_owned();
    assert_eq!((of("code"), of("example")), ("other-ones-id".to_owned(), "guest-0001".to_owned()));
    assert_eq!((&says_last(&ran)["trusted"], &says_last(&ran)["findings"]), (&false.into(), &2.into()));
    import.tell("journal verify j.db").exit(4).says("can't be trusted").says("such as guest-0001");
    assert!(import.read("j.db") == before);
}

/// What an import would refuse, it refuses as well.
#[test]
fn what_is_no_journal_is_not_verified() {
    let import = Import::new().people(1);
    import.write("text.db", "my notes\n");
    import.tell("journal verify text.db").exit(2).says("not a guestlist journal");
    std::os::unix::fs::symlink("nowhere", import.path("link.db")).unwrap();
    import.tell("journal verify link.db").exit(2).says("symbolic link");
    let mut command: Command = import.command("journal verify");
    command.env("GUESTLIST_JOURNAL", "text.db");
    Running::start(&import, command).end().exit(2).says("text.db");
}
