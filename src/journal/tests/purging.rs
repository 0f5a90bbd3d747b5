//! Tokens are removed for good, and nobody asks for them again by itself.

use std::fs;

use super::*;

/// People with tokens from short to longer than a page, some of them replaced by newer ones.
fn filled(folder: &TestFolder, tokens: &mut Vec<String>) -> Journal {
    let ids: Vec<_> = (0..300).map(|number| format!("id-{number}")).collect();
    let mut journal = folder.run(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let intents = journal.claim(ids.len());
    let mut token = |number: usize| {
        tokens.push(format!("<{}-{}>", "s".repeat(number * 37 % 6_000), tokens.len()));
        JoinToken::new(tokens[tokens.len() - 1].clone())
    };
    let records = intents.iter().enumerate().map(|(number, intent)| {
        let RowResult::Added(mut added) = added(intent) else { unreachable!() };
        added.token = token(number);
        Record { row: intent.row, at: at(0), result: RowResult::Added(added) }
    });
    journal.exchange(&mut records.collect::<Vec<_>>(), None).unwrap();
    let newer: Vec<_> =
        intents.iter().step_by(7).map(|intent| (intent.row, token(intent.row.0 as usize))).collect();
    journal.keep_tokens(&newer).unwrap();
    journal
}

/// What the files of the folder hold, one after the other.
fn bytes(folder: &TestFolder) -> String {
    let files = fs::read_dir(folder.0.path()).unwrap();
    files.map(|file| String::from_utf8_lossy(&fs::read(file.unwrap().path()).unwrap()).into_owned()).collect()
}

fn is_anywhere(folder: &TestFolder, text: &str) -> bool {
    bytes(folder).contains(text)
}

#[test]
fn no_file_holds_a_token_afterwards() {
    let folder = TestFolder::new();
    let mut tokens = Vec::new();
    let mut journal = filled(&folder, &mut tokens);
    // The number at its end tells one token from another, whatever is left of it.
    let left = || {
        let bytes = bytes(&folder);
        (0..tokens.len()).filter(|number| bytes.contains(&format!("s-{number}>"))).count()
            + usize::from(bytes.contains("ssss"))
    };
    assert!(left() >= 300);
    assert_eq!(journal.purge_in_steps_of(7, at(9)).unwrap(), 300);
    assert_eq!(left(), 0, "while it is open");
    journal.finish(at(9), 0).unwrap();
    drop(journal);
    assert_eq!(left(), 0, "when it is closed");
}

#[test]
fn what_was_purged_is_asked_for_only_if_somebody_says_so() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a", "b"]);
    for intent in journal.claim(1) {
        journal.record(&intent, at(0), added(&intent));
    }
    journal.list(at(0), Resend::Allowed, &[listed("remote-a", "a"), listed("remote-b", "b")]);
    assert_eq!(journal.purge_tokens(at(1)).unwrap(), 1);
    let tally = journal.tally().unwrap();
    assert_eq!((tally.without_token, tally.purged), (1, 1), "b was found, and never had one");
    assert_eq!(journal.without_token(None, false, 9).unwrap(), []);
    let asked = journal.without_token(None, true, 9).unwrap();
    assert_eq!(asked.len(), 2);
    assert_eq!((folder.state("a"), folder.state("b")), (RowState::Added, RowState::Present));
    let counts = folder.reader().meetings().unwrap().remove(0);
    assert_eq!((counts.tokens, counts.purged, counts.soonest_expiry), (0, 1, None));
    journal.keep_tokens(&[(asked[0].row, JoinToken::new("new".to_owned()))]).unwrap();
    let tally = journal.tally().unwrap();
    assert_eq!((tally.without_token, tally.purged), (1, 0));
}

/// Somebody deleted the "stale" lock of a run that goes on: what it still hears is kept no more.
#[test]
fn a_run_that_was_superseded_by_a_purge_keeps_no_token() {
    let folder = TestFolder::new();
    let mut running = folder.run(&["a"]);
    let a = running.claim(1).remove(0);
    fs::remove_file(folder.path().with_extension("db.lock")).unwrap();
    let opening = Opening { command: "purge", origin: None, on_network: OnNetwork::Refuse };
    Journal::open_for(opening, &folder.path(), || at(1)).unwrap().purge_tokens(at(1)).unwrap();
    let mut records = [Record { row: a.row, at: at(2), result: added(&a) }];
    let recorded = running.exchange(&mut records, None);
    assert!(matches!(recorded, Err(JournalError::Superseded { .. })));
    assert!(!is_anywhere(&folder, "token-a"));
}

#[test]
fn what_is_not_there_is_not_made_to_be_purged() {
    let folder = TestFolder::new();
    let opening = Opening { command: "purge", origin: None, on_network: OnNetwork::Refuse };
    assert!(matches!(Journal::open_for(opening, &folder.path(), || at(1)), Err(JournalError::Io { .. })));
    assert!(!folder.path().exists());
}

#[test]
fn a_purge_is_repeated_while_somebody_reads() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a"]);
    for intent in journal.claim(1) {
        journal.record(&intent, at(0), added(&intent));
    }
    let reader = Connection::open(folder.path()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM participants;").unwrap();
    journal.connection.busy_timeout(std::time::Duration::ZERO).unwrap();
    assert!(matches!(journal.purge_tokens(at(1)), Err(JournalError::Busy { .. })));
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(journal.purge_tokens(at(1)).unwrap(), 0, "they were gone, but older pages were not");
    assert!(!is_anywhere(&folder, "token-a"));
}
