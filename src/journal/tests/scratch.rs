//! A copy to plan in.

use super::*;

fn opening() -> Opening<'static> {
    Opening { command: "plan", origin: Some(ORIGIN), on_network: OnNetwork::Refuse }
}

#[test]
fn a_copy_holds_everything_but_the_tokens_and_leaves_the_journal_alone() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["ann", "bob", "cid"]);
    let intents = journal.claim(2);
    journal.record(&intents[0], at(1), added(&intents[0]));
    journal.record(&intents[1], at(1), doubtful(Proof::None));
    // Another run holds the journal meanwhile.
    let before: String = folder.ask("SELECT group_concat(participant || state || run) FROM participants");
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("plan.db");
    let copy = Journal::open_copy(Some(&folder.path()), &path, opening(), at(2)).unwrap();
    assert_eq!(copy.run().get(), journal.run().get() + 1);
    let ask = |sql: &str| -> String {
        Connection::open(&path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(ask("SELECT group_concat(participant || state || run) FROM participants"), before);
    assert_eq!(
        ask("SELECT group_concat(participant_id || ifnull(token, '-')) FROM confirmations"),
        "remote-ann-"
    );
    assert_eq!(ask("SELECT count(*) || '' FROM doubts"), "1");
    assert_eq!(folder.ask::<i64>("SELECT run FROM journal"), journal.run().get());
    assert_eq!(folder.ask::<i64>("SELECT count(*) FROM confirmations WHERE token IS NOT NULL"), 1);
}

#[test]
fn without_a_journal_there_is_an_empty_one_to_plan_in() {
    let scratch = tempfile::tempdir().unwrap();
    let copy = Journal::open_copy(None, &scratch.path().join("plan.db"), opening(), at(0)).unwrap();
    assert_eq!(copy.run().get(), 1);
    assert!(copy.meetings().unwrap().is_empty());
}

#[test]
fn a_copy_is_not_for_another_api() {
    let folder = TestFolder::new();
    drop(folder.run(&["ann"]));
    let scratch = tempfile::tempdir().unwrap();
    let opening = Opening { origin: Some("https://other.example"), ..opening() };
    let refused = Journal::open_copy(Some(&folder.path()), &scratch.path().join("plan.db"), opening, at(0));
    assert!(matches!(refused, Err(JournalError::OtherOrigin { .. })));
}
