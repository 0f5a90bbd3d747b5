//! Work leaves, results enter.

use super::*;
use rstest::rstest;

#[test]
fn a_row_is_handed_out_once() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a", "b", "c"]);
    assert_eq!(journal.claimed(2), ["a", "b"]);
    assert_eq!(journal.claimed(2), ["c"]);
    assert_eq!(journal.claimed(2), Vec::<String>::new());
}

#[test]
fn what_was_taken_back_is_handed_out_again_after_the_rest() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a", "b", "c"]);
    let a = journal.claim(1).remove(0);
    journal.record(&a, at(0), RowResult::TakenBack);
    assert_eq!(journal.claimed(1), ["b"]);
    assert_eq!(journal.claimed(5), ["a", "c"]);
    assert_eq!(a.attempt, Attempt::First);
}

#[test]
fn results_and_claims_are_one_transaction() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a", "b"]);
    let a = journal.claim(1).remove(0);
    let key = journal.key();
    let mut twice = [
        Record { row: a.row, at: at(0), result: added(&a) },
        Record { row: a.row, at: at(0), result: refused() },
    ];
    let failed = journal.exchange(&mut twice, Some((key, 1)));
    assert!(matches!(failed, Err(JournalError::Illegal { .. })));
    assert_eq!((folder.state("a"), folder.state("b")), (RowState::Sending, RowState::Planned));
    assert_eq!(folder.ask::<i64>("SELECT count(*) FROM confirmations"), 0);
    assert_eq!(journal.claimed(5), ["b"]);
}

#[rstest]
#[case::added(|intent: &Intent| added(intent))]
#[case::refused(|_: &Intent| refused())]
#[case::taken_back(|_: &Intent| RowResult::TakenBack)]
#[case::doubtful(|_: &Intent| doubtful(Proof::None))]
fn a_row_that_is_not_sending_takes_no_result(#[case] result: fn(&Intent) -> RowResult) {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a"]);
    let a = journal.claim(1).remove(0);
    journal.record(&a, at(0), added(&a));
    let late = journal.exchange(&mut [Record { row: a.row, at: at(0), result: result(&a) }], None);
    assert!(matches!(late, Err(JournalError::Illegal { .. })));
    assert_eq!(folder.state("a"), RowState::Added);
}

#[test]
fn rows_of_another_run_and_another_meeting_are_left_alone() {
    let folder = TestFolder::new();
    folder.run(&["left"]);
    let mut there = participant("there");
    there.key.meeting = OTHER_MEETING.parse().unwrap();
    let mut journal = folder.open();
    journal.take_in(&[participant("here"), there]);
    assert_eq!(journal.claimed(9), ["here"]);
    assert_eq!(folder.state("left"), RowState::Planned);
}

#[test]
fn a_superseded_run_can_neither_claim_nor_record() {
    let folder = TestFolder::new();
    let mut first = folder.run(&["a", "b"]);
    let a = first.claim(1).remove(0);
    std::fs::remove_file(folder.0.path().join("journal.db.lock")).unwrap();
    let mut second = folder.run(&["a", "b"]);
    let key = second.key();
    let superseded =
        |result: Result<_, JournalError>| matches!(result, Err(JournalError::Superseded { newer: 2 }));
    assert!(superseded(first.exchange(&mut [], Some((key, 1))).map(|_| ())));
    let mut record = [Record { row: a.row, at: at(0), result: added(&a) }];
    assert!(superseded(first.exchange(&mut record, None).map(|_| ())));
    assert!(superseded(first.stage_from(&id_column(), &participants(&["z"])).map(|_| ())));
    assert!(superseded(first.accept(at(0), Acceptance::default())));
    assert!(superseded(first.apply_listing(key, at(0), Resend::Allowed, at(0)).map(|_| ())));
    assert_eq!(folder.state("a"), RowState::Uncertain);
    assert_eq!(second.claimed(9), ["b"]);
}

#[test]
fn sends_are_counted_only_if_they_may_have_arrived() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["taken-back", "refused", "lost"]);
    let intents = journal.claim(3);
    journal.record(&intents[0], at(0), RowResult::TakenBack);
    journal.record(&intents[1], at(0), refused());
    journal.record(&intents[2], at(0), doubtful(Proof::None));
    let sends = |id: &str| {
        folder.ask::<i64>(&format!("SELECT sends FROM participants WHERE custom_participant_id = '{id}'"))
    };
    assert_eq!((sends("taken-back"), sends("refused"), sends("lost")), (0, 0, 1));
}

/// A create of the first run came through; the second run only found that out.
#[test]
fn added_is_what_this_run_sent() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a"]);
    let a = journal.claim(1).remove(0);
    journal.record(&a, at(0), doubtful(Proof::None));
    drop(journal);
    let mut journal = folder.run(&["a"]);
    journal.list(at(500), Resend::Allowed, &[]);
    journal.list(at(500), Resend::Allowed, &[]);
    let again = journal.claim(1).remove(0);
    journal.record(&again, at(0), RowResult::TakenBack);
    assert_eq!(journal.list(at(500), Resend::Allowed, &[listed("r", "a")]).reconciled, 1);
    let tally = journal.tally().unwrap();
    assert_eq!((tally.added, tally.present), (0, 1));
}

#[test]
fn a_dead_runs_creates_are_in_doubt_from_now_on() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a", "b"]);
    journal.claim(1);
    drop(journal);
    let mut journal = folder.open_at(at(1_000));
    journal.take_in(&participants(&["a", "b"]));
    assert_eq!((folder.state("a"), folder.state("b")), (RowState::Uncertain, RowState::Planned));
    assert_eq!(journal.youngest_doubt(journal.key(), Resend::Allowed).unwrap(), Some(at(1_000)));
    assert_eq!(journal.list(at(0), Resend::Allowed, &[listed("r", "a")]).reconciled, 1);
    assert_eq!(journal.tally().unwrap().present, 1, "the dead run sent it, not this one");
    assert_eq!(folder.reader().runs(5).unwrap().last().unwrap().added, 1);
}

#[test]
fn a_doubt_of_the_future_begins_now() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a"]);
    let a = journal.claim(1).remove(0);
    journal.record(&a, at(99_999), doubtful(Proof::None));
    drop(journal);
    let mut journal = folder.run(&["a"]);
    assert_eq!(journal.youngest_doubt(journal.key(), Resend::Allowed).unwrap(), Some(at(0)));
    journal.finish(at(5), 0).unwrap();
}

/// A full disk: the transaction is undone, the results are still the caller's, and room makes it work again.
#[test]
fn a_full_disk_undoes_the_transaction_and_room_mends_it() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a", "b"]);
    let a = journal.claim(1).remove(0);
    let limit = |pages: i64| journal.connection.pragma_update(None, "max_page_count", pages).unwrap();
    limit(1);
    let RowResult::Added(mut large) = added(&a) else { unreachable!() };
    large.token = JoinToken::new("x".repeat(100_000));
    let mut records = [Record { row: a.row, at: at(0), result: RowResult::Added(large) }];
    let full = journal.exchange(&mut records, None).unwrap_err();
    assert!(full.is_disk_full(), "{full}");
    assert_eq!(folder.state("a"), RowState::Sending);
    journal.connection.pragma_update(None, "max_page_count", 100_000).unwrap();
    journal.exchange(&mut records, None).unwrap();
    assert_eq!(folder.state("a"), RowState::Added);
}
