//! What `journal verify` finds, and that it finds nothing where nothing is wrong.

use super::*;
use rstest::rstest;

/// One of every kind, twice over several runs.
pub(super) fn of_every_kind(folder: &TestFolder) -> Journal {
    let mut journal = folder.run(&["added", "rejected", "lost", "found", "twice", "planned", "sending"]);
    let items = [listed("r-1", "found"), listed("r-2", "twice"), listed("r-3", "twice")];
    journal.list(at(0), Resend::Allowed, &items);
    let intents = journal.claim(4);
    journal.record(&intents[0], at(0), added(&intents[0]));
    journal.record(&intents[1], at(0), refused());
    journal.record(&intents[2], at(0), doubtful(Proof::None));
    journal
}

fn codes(folder: &TestFolder) -> Vec<&'static str> {
    let verified = Verified::of(&folder.path()).unwrap();
    verified.findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn a_sound_journal_is_trusted() {
    let folder = TestFolder::new();
    let journal = of_every_kind(&folder);
    let verified = Verified::of(&folder.path()).unwrap();
    assert_eq!(verified.findings, []);
    assert_eq!((verified.rows, verified.confirmed, verified.tokens, verified.runs), (7, 2, 1, 1));
    drop(journal);
    let mut journal = folder.open();
    assert_eq!(codes(&folder), [""; 0], "after a death");
    journal.purge_tokens(at(0)).unwrap();
    assert_eq!(codes(&folder), [""; 0], "after a purge");
}

#[rstest]
#[case("UPDATE journal SET run = 7", "identity")]
#[case("DELETE FROM journal", "identity")]
#[case("UPDATE participants SET state = 'lost' WHERE state = 'planned'", "state")]
#[case("UPDATE participants SET state = 'added' WHERE state = 'planned'", "confirmed-without-id")]
#[case("UPDATE participants SET state = 'planned' WHERE state = 'present'", "id-without-confirmed")]
#[case("UPDATE participants SET confirmation = 3 - confirmation", "other-ones-id")]
#[case("UPDATE participants SET confirmation = 9 WHERE state = 'added'", "tie")]
#[case("UPDATE confirmations SET participant = 99", "orphan")]
#[case("UPDATE confirmations SET participant_id = 'same'", "shared-id")]
#[case("UPDATE participants SET sends = 0 WHERE state = 'added'", "sends")]
#[case("UPDATE participants SET roster = 9", "run")]
#[case("UPDATE participants SET sent_run = 99", "run")]
#[case("DELETE FROM doubts", "doubt")]
#[case("DELETE FROM refusals", "refusal")]
#[case("DELETE FROM conflicts WHERE participant_id = 'r-2'", "conflict")]
#[case("UPDATE participants SET state = 'held' WHERE state = 'planned'", "held")]
#[case("INSERT INTO twins SELECT min(participant), max(participant) FROM participants", "held")]
#[case("UPDATE participants SET state = 'held', sends = 1 WHERE state = 'planned'", "sends")]
#[case("UPDATE confirmations SET token = ''", "token")]
#[case("UPDATE confirmations SET token = NULL", "token")]
#[case("UPDATE confirmations SET token_purged_at = 1", "purged-token")]
#[case("UPDATE participants SET custom_participant_id = '' WHERE state = 'added'", "custom-id")]
#[case("UPDATE participants SET wanted = '{'", "wanted")]
#[case("UPDATE meetings SET meeting_id = 'main hall'", "meeting")]
#[case("DELETE FROM run_meetings", "meeting")]
#[case("UPDATE runs SET exit_code = 0, finished_at = NULL", "run-end")]
fn what_no_run_leaves_behind_is_found(#[case] sql: &str, #[case] code: &str) {
    let folder = TestFolder::new();
    of_every_kind(&folder);
    let forger = Connection::open(folder.path()).unwrap();
    forger.execute_batch("PRAGMA foreign_keys = 0; PRAGMA ignore_check_constraints = 1").unwrap();
    assert!(forger.execute(sql, []).unwrap() > 0);
    drop(forger);
    let found = codes(&folder);
    assert!(found.contains(&code), "{found:?}");
}

#[test]
fn a_file_beside_it_that_others_can_use_is_found() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TestFolder::new();
    folder.run(&["a"]);
    let lock = folder.path().with_extension("db.lock");
    std::fs::set_permissions(lock, std::fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(codes(&folder), ["open-file"]);
}
