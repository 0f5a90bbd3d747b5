//! What `status`, the summary and the export read.

use super::*;

/// One of each: added, rejected, uncertain, not sent.
fn mixed(folder: &TestFolder) -> Journal {
    let mut journal = folder.run(&["added", "rejected", "lost", "planned"]);
    let intents = journal.claim(3);
    journal.record(&intents[0], at(0), added(&intents[0]));
    journal.record(&intents[1], at(0), refused());
    journal.record(&intents[2], at(0), doubtful(Proof::None));
    journal
}

#[test]
fn problems_come_in_the_order_of_the_roster_with_what_is_known() {
    let folder = TestFolder::new();
    let shown: Vec<_> = mixed(&folder)
        .problems(9)
        .unwrap()
        .into_iter()
        .map(|it| format!("{} {} {}: {}", it.location, it.custom_participant_id, it.state, it.detail))
        .collect();
    assert_eq!(
        shown,
        ["roster.csv:3 rejected rejected: HTTP 422 (7): no", "roster.csv:4 lost uncertain: lost"]
    );
}

#[test]
fn no_more_problems_than_asked_for() {
    let folder = TestFolder::new();
    assert_eq!(mixed(&folder).problems(1).unwrap().len(), 1);
}

#[test]
fn runs_are_told_newest_first() {
    let folder = TestFolder::new();
    let mut journal = mixed(&folder);
    journal.finish(at(60), 5).unwrap();
    drop(journal);
    let mut journal = folder.open_at(at(100));
    journal.stage_from(&id_column(), &participants(&["added", "new"])).unwrap();
    let runs = folder.reader().runs(9).unwrap();
    let of = |run: &RunInfo| (run.run, run.accepted, run.rows, run.added, run.exit_code, run.finished_at);
    assert_eq!(of(&runs[0]), (2, false, 2, 0, None, None));
    assert_eq!(of(&runs[1]), (1, true, 3, 1, Some(5), Some(at(60))));
    assert_eq!(folder.reader().runs(1).unwrap().len(), 1);
}

#[test]
fn a_meeting_counts_its_states_tokens_and_the_soonest_end() {
    let folder = TestFolder::new();
    let mut journal = mixed(&folder);
    let row = journal.claim(1).remove(0);
    let RowResult::Added(mut expiring) = added(&row) else { unreachable!() };
    expiring.token = JoinToken::new("e30.eyJleHAiOjE5MDAwMDAwMDB9.c2ln".to_owned());
    journal.record(&row, at(0), RowResult::Added(expiring));
    drop(journal);
    let counts = folder.reader().meetings().unwrap().remove(0);
    assert_eq!(
        (counts.account_id.as_str(), counts.app_id.as_str(), counts.meeting_id.as_str()),
        ("account", "app", MEETING)
    );
    assert_eq!((counts.tokens, counts.left_behind), (2, 0));
    assert_eq!(counts.soonest_expiry, Timestamp::from_second(1_900_000_000).ok());
    assert_eq!(counts.states.iter().map(|(_, count)| count).sum::<u64>(), 4);
}

#[test]
fn the_soonest_end_is_of_a_meeting_or_of_a_run() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["old"]);
    let row = journal.claim(1).remove(0);
    let RowResult::Added(mut expiring) = added(&row) else { unreachable!() };
    expiring.token = JoinToken::new("e30.eyJleHAiOjE5MDAwMDAwMDB9.c2ln".to_owned());
    journal.record(&row, at(0), RowResult::Added(expiring));
    let first = journal.run();
    drop(journal);
    let second = folder.run(&["new"]).run();
    let soonest = |meeting, run| folder.reader().soonest_expiry(ExportFilter { meeting, run }).unwrap();
    let end = Timestamp::from_second(1_900_000_000).ok();
    assert_eq!((soonest(None, None), soonest(MEETING.parse().ok(), Some(first))), (end, end));
    assert_eq!(
        (soonest(None, Some(second)), soonest(Some(MeetingId::new(Default::default())), None)),
        (None, None)
    );
}

#[test]
fn an_export_is_of_a_meeting_or_of_a_run() {
    let folder = TestFolder::new();
    folder.run(&["a", "b"]);
    let run = folder.run(&["b"]).run();
    let ids = |filter| {
        let mut ids = Vec::new();
        let take = |row: ExportRow| {
            ids.push(row.custom_participant_id);
            Ok::<_, JournalError>(())
        };
        folder.reader().export(filter, take).unwrap();
        ids
    };
    assert_eq!(ids(ExportFilter::default()), ["a", "b"]);
    assert_eq!(ids(ExportFilter { run: Some(run), meeting: None }), ["b"]);
    assert_eq!(ids(ExportFilter { meeting: Some(meeting()), run: None }), ["a", "b"]);
    assert_eq!(ids(ExportFilter { meeting: OTHER_MEETING.parse().ok(), run: None }), Vec::<String>::new());
}

#[test]
fn a_gate_outlives_the_run_that_kept_it() {
    let folder = TestFolder::new();
    folder.open().keep_gate(Some(at(77))).unwrap();
    assert_eq!(folder.open().gate_until().unwrap(), Some(at(77)));
    folder.open().keep_gate(None).unwrap();
    assert_eq!(folder.open().gate_until().unwrap(), None);
}

#[test]
fn a_clock_that_was_set_back_between_two_runs_is_noticed_once() {
    let folder = TestFolder::new();
    folder.open_at(at(50));
    assert!(!folder.open_at(at(51)).clock_was_set_back(at(51)).unwrap());
    assert!(folder.open_at(at(20)).clock_was_set_back(at(20)).unwrap());
    assert!(!folder.open_at(at(21)).clock_was_set_back(at(21)).unwrap());
}

/// A call that meets a 429 while the journal is with another thread keeps the gate all the same; a run that is
/// superseded doesn't.
#[test]
fn the_gate_is_kept_without_the_journal_at_hand() {
    let folder = TestFolder::new();
    let journal = folder.open();
    let keeper = journal.gate_keeper();
    keeper.keep(at(77)).unwrap();
    assert_eq!(journal.gate_until().unwrap(), Some(at(77)));
    drop(journal);
    let next = folder.open();
    assert!(matches!(keeper.keep(at(99)), Err(JournalError::Superseded { .. })));
    assert_eq!(next.gate_until().unwrap(), Some(at(77)));
}
