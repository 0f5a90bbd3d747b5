//! Journals that earlier versions wrote, resumed by this one. Judged by what the server holds.

#![expect(clippy::disallowed_types, reason = "a test looks into a journal by itself")]

use std::os::unix::fs::PermissionsExt;

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;

use crate::support::Import;

/// How they were made, and who is in them: tests/fixtures/journal-v1.md and journal-v2.md.
const V1: &[u8] = include_bytes!("../fixtures/journal-v1.db");
const V2: &[u8] = include_bytes!("../fixtures/journal-v2.db");
/// The version that this guestlist writes.
const NEWEST: i64 = 5;

/// In the meeting before the journal's last run was killed.
const IN: [&str; 9] = [
    "added-01",
    "added-02",
    "added-03",
    "added-04",
    "added-05",
    "reconciled-01",
    "found-01",
    "later-01",
    "later-02",
];
/// Not in the meeting, as far as anybody knows.
const OUT: [&str; 7] =
    ["refused-01", "doubtful-01", "sending-02", "planned-01", "planned-02", "planned-03", "planned-04"];

/// A server as the journal left it, and the journal, bound to it.
fn left_behind(journal: &[u8]) -> Import {
    let preset = "group_call_participant";
    let people = IN.iter().chain(&OUT).chain(&["sending-01", "differing-01", "twice-01"]);
    let import = Import::new().ids(people.copied());
    for id in IN.iter().chain(&["sending-01", "twice-01", "twice-01"]) {
        import.server().add(id, "Guest", preset);
    }
    import.server().add("differing-01", "Guest", "group_call_host");
    import.write("j.db", journal);
    std::fs::set_permissions(import.path("j.db"), PermissionsExt::from_mode(0o600)).unwrap();
    let url = import.server().api_url();
    let origin = url.trim_end_matches("/client/v4");
    tell(&import, "UPDATE journal SET api_origin = ?1, gate_until = NULL", [origin]);
    import
}

/// Changes the journal by hand.
fn tell(import: &Import, sql: &str, values: impl rusqlite::Params) {
    let journal = rusqlite::Connection::open(import.path("j.db")).unwrap();
    assert_eq!(journal.execute(sql, values).unwrap(), 1);
    journal.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
}

fn ask<T: rusqlite::types::FromSql>(import: &Import, sql: &str) -> T {
    let journal = rusqlite::Connection::open(import.path("j.db")).unwrap();
    journal.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Nobody who was in is created again, everybody else is in once; who was in twice is left alone.
#[track_caller]
fn assert_everyone_is_in_as_they_should(import: &Import) {
    let server = import.server();
    for id in IN.iter().chain(&["sending-01", "differing-01"]) {
        let counts = server.counts(server.meeting(), id);
        assert_eq!((counts.living, counts.posts), (1, 1), "{id} was in already: {counts:?}");
    }
    for id in OUT {
        let counts = server.counts(server.meeting(), id);
        assert_eq!((counts.living, counts.posts), (1, 1), "{id}: {counts:?}");
    }
    assert_eq!(server.posts("twice-01"), 2, "both of them somebody else's");
    assert_eq!(server.stats().duplicates, 1, "twice-01");
}

/// J11: every state that a journal of an earlier version can hold goes on where it was.
#[rstest]
fn j11_an_older_journal_is_resumed(#[values(V1, V2)] journal: &[u8]) {
    let import = left_behind(journal);
    // found-01 and differing-01 have no token, differing-01 differs, twice-01 is in conflict.
    let ran = import.run().exit(4).added(7).present(11).conflict(1).differing(1).without_token(2);
    assert_everyone_is_in_as_they_should(&import);
    let summary = ran.summary();
    assert_eq!((&summary["rejected"], &summary["uncertain"]), (&0.into(), &0.into()));
    assert_eq!(ask::<i64>(&import, "PRAGMA user_version"), NEWEST);
    import.tell("journal verify j.db --json").exit(0);
    let sent = import.server().stats().adds_received;
    import.run().exit(4).added(0).present(18);
    assert_eq!(import.server().stats().adds_received, sent, "a rerun sends nothing");
    import.tell("export --journal j.db --output t.csv").exit(0);
    assert_eq!(import.text("t.csv").lines().filter(|line| line.contains(",eyJ")).count(), 16);
}

/// J11: its gate is kept, too.
#[rstest]
fn j11_the_gate_of_an_older_journal_is_kept(#[values(V1, V2)] journal: &[u8]) {
    let import = left_behind(journal);
    let tomorrow = Timestamp::now() + SignedDuration::from_hours(24);
    tell(&import, "UPDATE journal SET gate_until = ?1", [tomorrow.as_millisecond()]);
    let before = import.server().requests();
    import.run().exit(5).says("the server refuses all requests");
    assert_eq!(import.server().requests(), before);
}

/// J11: what only looks at a journal doesn't bring it up to date, and says who does.
#[rstest]
fn j11_a_look_changes_nothing(#[values(V1, V2)] journal: &[u8]) {
    let import = left_behind(journal);
    let before = import.read("j.db");
    for typed in ["status --journal j.db", "journal verify j.db", "export --journal j.db --output t.csv"] {
        import.tell(typed).exit(2).says("the next import brings it up to date");
    }
    assert!(import.read("j.db") == before);
}

/// What each step leaves behind, and since which version.
const STEPS: [(i64, &str); 6] = [
    (2, "SELECT count(*) > 0 FROM pragma_table_info('confirmations') WHERE name = 'token_purged_at'"),
    (3, "SELECT count(*) > 0 FROM pragma_table_info('participants') WHERE name = 'person'"),
    (3, "SELECT count(*) > 0 FROM pragma_table_info('twins')"),
    (3, "SELECT sql LIKE '%WHEN ''held''%' FROM sqlite_schema WHERE name = 'participants'"),
    (4, "SELECT count(*) > 0 FROM pragma_table_info('confirmations') WHERE name = 'token_run'"),
    (5, "SELECT count(*) > 0 FROM pragma_table_info('restaged')"),
];

/// J11, K07: killed while the journal is brought up to date: it is the old one or the new one.
#[test]
fn j11_k07_killed_while_it_is_brought_up_to_date() {
    let import = left_behind(V1);
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..20 {
        import.lose_journal();
        import.write("j.db", V1);
        std::fs::set_permissions(import.path("j.db"), PermissionsExt::from_mode(0o600)).unwrap();
        // Bound to its own API, so that it goes no further than its journal.
        let mut running = import.spawn();
        let frames = random.u64(0..6) * 4_120;
        running.until_or_ended(|_| {
            std::fs::metadata(import.path("j.db-wal")).is_ok_and(|wal| wal.len() >= frames)
        });
        running.kill();
        let version = ask::<i64>(&import, "PRAGMA user_version");
        assert!((1..=NEWEST).contains(&version), "version {version}");
        for (since, step) in STEPS {
            assert_eq!(
                ask::<bool>(&import, step),
                version >= since,
                "half of a step, version {version}: {step}"
            );
        }
        assert_eq!(ask::<String>(&import, "PRAGMA integrity_check"), "ok");
    }
    let url = import.server().api_url();
    tell(
        &import,
        "UPDATE journal SET api_origin = ?1, gate_until = NULL",
        [url.trim_end_matches("/client/v4")],
    );
    import.run().exit(4);
    assert_everyone_is_in_as_they_should(&import);
}

/// J11: an older journal doesn't say which column its ids came from. The next accepted run does; who is left from
/// before is known by name and e-mail address once a roster has named them again.
#[rstest]
fn j11_an_older_journal_learns_where_its_ids_come_from_and_who_is_in_it(#[values(V1, V2)] journal: &[u8]) {
    let import = left_behind(journal);
    let preset = "group_call_participant";
    let row = |id: &str| format!("{id},Guest,{preset},{id}@example.com\n");
    let people: String = IN.into_iter().map(row).collect();
    let head = "Ticket ID,name,preset,email\n";
    import.write("list.csv", format!("{head}{people}"));
    let before = import.server().stats().adds_received;
    import.run_with("--id-from email").exit(2).says("--new-id-source");
    import.run().exit(4).present(9).held(0);
    import.write("list.csv", format!("User ID,name,preset,email\n{people}"));
    import.run().exit(2).says("the column \\\"ticketid\\\"").says("--map id=ticketid");
    import.write("list.csv", format!("{head}{}", people.replace("added-01,", "added-1,")));
    import.run().exit(4).present(8).held(1);
    assert_eq!(import.server().stats().adds_received, before);
    import.tell("journal verify j.db").exit(0);
}

/// J11: a journal that was brought up to date is the same as a new one.
#[rstest]
fn j11_an_updated_journal_has_the_tables_of_a_new_one(#[values(V1, V2)] journal: &[u8]) {
    let import = left_behind(journal);
    import.run().exit(4);
    import.run_with("--journal new.db").exit(4);
    let schema = |name: &str| -> Vec<String> {
        let journal = rusqlite::Connection::open(import.path(name)).unwrap();
        let mut select =
            journal.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
        let sql = select.query_map([], |row| row.get(0)).unwrap();
        sql.collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(schema("j.db"), schema("new.db"));
}
