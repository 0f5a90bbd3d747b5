//! Rosters come in: new rows, rows named again, duplicates, and rosters that are never accepted.

use super::*;

#[test]
fn nothing_is_claimed_before_the_run_is_accepted() {
    let folder = TestFolder::new();
    let mut journal = folder.open();
    journal.stage_from(&id_column(), &participants(&["a", "b"])).unwrap();
    assert_eq!(journal.claimed(9), Vec::<String>::new());
    journal.accept(at(0), Acceptance::default()).unwrap();
    assert_eq!(journal.claimed(9), ["a", "b"]);
}

#[test]
fn rows_of_a_wrong_file_are_never_sent_by_the_next_run() {
    let folder = TestFolder::new();
    folder.open().stage_from(&id_column(), &participants(&["wrong", "both"])).unwrap();
    let mut journal = folder.run(&["both", "right"]);
    assert_eq!(journal.claimed(9), ["both", "right"]);
    assert_eq!(folder.ask::<i64>("SELECT count(*) FROM participants"), 2, "nobody knows of the wrong one");
}

#[test]
fn a_row_left_by_an_unaccepted_run_takes_the_fields_of_the_next() {
    let folder = TestFolder::new();
    let wrong =
        Participant { preset_name: "host".into(), picture: Some("https://x".into()), ..participant("a") };
    folder.open().stage_from(&id_column(), &[wrong]).unwrap();
    let mut journal = folder.run(&["a"]);
    assert_eq!(journal.claim(1)[0].participant, participant("a"));
}

#[test]
fn an_id_named_twice_is_a_duplicate_wherever_it_stood_first() {
    let folder = TestFolder::new();
    folder.run(&["old"]);
    let mut journal = folder.open();
    let first = journal.stage_from(&id_column(), &participants(&["old", "new", "old"])).unwrap();
    let second = journal.stage_from(&id_column(), &participants(&["fresh", "new", "fresh"])).unwrap();
    let shown = |found: Vec<Duplicate>| -> Vec<_> {
        found.into_iter().map(|it| (it.index, it.first.to_string())).collect()
    };
    assert_eq!(shown(first), [(2, "roster.csv:2".to_owned())]);
    assert_eq!(shown(second), [(1, "roster.csv:3".to_owned()), (2, "roster.csv:2".to_owned())]);
}

#[test]
fn one_id_in_two_meetings_is_two_rows() {
    let folder = TestFolder::new();
    let mut there = participant("a");
    there.key.meeting = OTHER_MEETING.parse().unwrap();
    let mut journal = folder.open();
    let rows = [participant("a"), there, participant("b")];
    assert_eq!(journal.stage_from(&id_column(), &rows).unwrap(), []);
    assert_eq!(journal.meetings().unwrap().len(), 2);
}

/// J17: an id of another account or app is another participant's, even in a meeting of the same id.
#[test]
fn one_id_of_several_accounts_and_apps_is_a_row_of_each() {
    let folder = TestFolder::new();
    let mut journal = folder.open();
    let targets = [("account", "app"), ("account", "other"), ("another", "app")];
    for (account, app) in targets {
        let target = Target::new(account, app).unwrap();
        let roster = journal.add_roster("roster.csv").unwrap();
        let into = StageInto {
            target: &target,
            roster,
            id_source: &id_column(),
            new_id_source: false,
            on_duplicate: OnDuplicate::Stop,
        };
        let row = StageRow { participant: &participant("a"), line: 2, extra: None, person: None };
        assert_eq!(journal.stage(into, [row]).unwrap(), [], "{account} {app}");
    }
    journal.accept(at(0), Acceptance::default()).unwrap();
    let keys: Vec<_> = journal.meetings().unwrap().iter().map(|meeting| meeting.key).collect();
    assert_eq!(keys.len(), 3);
    let first = journal.exchange(&mut [], Some((keys[0], 9))).unwrap();
    journal.record(&first[0], at(0), added(&first[0]));
    for key in &keys[1..] {
        assert_eq!(journal.exchange(&mut [], Some((*key, 9))).unwrap().len(), 1, "not in there yet");
    }
}

#[test]
fn a_rejected_row_is_planned_again_once_a_run_that_names_it_is_accepted() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a"]);
    let intent = journal.claim(1).remove(0);
    journal.record(&intent, at(0), refused());
    drop(journal);
    let mut journal = folder.open();
    let mended = Participant { name: "Ann".into(), ..participant("a") };
    journal.stage_from(&id_column(), std::slice::from_ref(&mended)).unwrap();
    assert_eq!(folder.state("a"), RowState::Rejected, "as long as the roster isn't accepted");
    journal.accept(at(0), Acceptance::default()).unwrap();
    assert_eq!(folder.state("a"), RowState::Planned);
    assert_eq!(folder.ask::<i64>("SELECT count(*) FROM refusals"), 0);
    let intent = journal.claim(1).remove(0);
    assert_eq!((intent.participant, intent.attempt), (mended, Attempt::First));
}

#[test]
fn a_rejected_row_that_no_roster_names_again_stays_rejected() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a"]);
    let intent = journal.claim(1).remove(0);
    journal.record(&intent, at(0), refused());
    drop(journal);
    folder.run(&["b"]);
    assert_eq!(folder.state("a"), RowState::Rejected);
    assert_eq!(folder.ask::<i64>("SELECT count(*) FROM refusals"), 1);
}

#[test]
fn an_id_source_binds_a_meeting_only_once_a_run_is_accepted() {
    let derived = IdSource::Derived("v1 of email".to_owned());
    let folder = TestFolder::new();
    folder.open().stage_from(&id_column(), &participants(&["x"])).unwrap();
    let mut journal = folder.open();
    journal.stage_from(&derived, &participants(&["a"])).unwrap();
    journal.accept(at(0), Acceptance::default()).unwrap();
    drop(journal);
    let other = folder.open().stage_from(&id_column(), &participants(&["b"]));
    assert!(matches!(other, Err(JournalError::OtherIdSource { .. })));
    assert!(folder.open().stage_from(&derived, &participants(&["a"])).is_ok());
}

#[test]
fn another_column_is_another_source() {
    let folder = TestFolder::new();
    folder.run(&["a"]);
    let badge = IdSource::Column("badge".to_owned());
    let other = folder.open().stage_from(&badge, &participants(&["b"])).unwrap_err();
    insta::assert_snapshot!(other, @r#"meeting 3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b was filled with ids from the column "id", and this roster takes them from the column "badge": everybody would be new and invited twice; nobody was added. Take the ids from the column "id" again (--map id=id), or, if the ids themselves are the same or new ones are what you want, say --new-id-source"#);
}

/// Journals of versions 1 and 2 don't say which column it was.
#[test]
fn a_column_of_an_older_journal_is_any_column_until_it_is_known() {
    let folder = TestFolder::new();
    folder.run(&["a"]);
    let legacy = "UPDATE meetings SET id_source = 'the roster''s id column'";
    Connection::open(folder.path()).unwrap().execute(legacy, []).unwrap();
    let derived = IdSource::Derived("v2 of email".to_owned());
    assert!(folder.open().stage_from(&derived, &participants(&["b"])).is_err());
    let badge = IdSource::Column("badge".to_owned());
    let mut journal = folder.open();
    journal.stage_from(&badge, &participants(&["a"])).unwrap();
    journal.accept(at(0), Acceptance::default()).unwrap();
    drop(journal);
    assert!(folder.open().stage_from(&id_column(), &participants(&["a"])).is_err());
    assert!(folder.open().stage_from(&badge, &participants(&["a"])).is_ok());
}

#[test]
fn two_rosters_of_a_run_take_the_ids_of_a_meeting_from_one_place() {
    let folder = TestFolder::new();
    let mut journal = folder.open();
    journal.stage_from(&id_column(), &participants(&["a"])).unwrap();
    let badge = IdSource::Column("badge".to_owned());
    let mut there = participant("b");
    there.key.meeting = OTHER_MEETING.parse().unwrap();
    assert_eq!(journal.stage_from(&badge, &[there]).unwrap(), [], "another meeting");
    let other = journal.stage_from(&badge, &participants(&["b"])).unwrap_err();
    insta::assert_snapshot!(other, @r#"the rosters take the ids of meeting 3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b from the column "id" and from the column "badge": who is on both would be invited twice; nobody was added. Give both columns the same header, or derive the ids in both from columns that both have, with --id-from"#);
}

/// An export that comes back as a roster: the ids are the same, wherever they came from, and stay bound to that.
#[test]
fn the_column_of_an_export_is_no_other_source() {
    let ours = IdSource::Column("customparticipantid".to_owned());
    let folder = TestFolder::new();
    folder.run(&["a"]);
    let mut journal = folder.open();
    journal.stage_from(&ours, &participants(&["a"])).unwrap();
    journal.accept(at(0), Acceptance::default()).unwrap();
    drop(journal);
    assert_eq!(folder.ask::<String>("SELECT id_source FROM meetings"), "the column \"id\"");
    assert!(folder.open().stage_from(&id_column(), &participants(&["a"])).is_ok());
}

#[rstest::rstest]
fn an_export_beside_another_roster_is_no_second_source(#[values(true, false)] export_first: bool) {
    let ours = IdSource::Column("customparticipantid".to_owned());
    let folder = TestFolder::new();
    let mut journal = folder.open();
    let (first, second) = if export_first { (ours, id_column()) } else { (id_column(), ours) };
    journal.stage_from(&first, &participants(&["a"])).unwrap();
    journal.stage_from(&second, &participants(&["b"])).unwrap();
    journal.accept(at(0), Acceptance::default()).unwrap();
    assert_eq!(folder.ask::<String>("SELECT id_source FROM meetings"), "the column \"id\"");
}

pub(super) fn stage_twice(journal: &mut Journal, on_duplicate: OnDuplicate, rows: &[Participant]) -> usize {
    let roster = journal.add_roster("roster.csv").unwrap();
    let (target, id_source) = (target(), id_column());
    let into =
        StageInto { target: &target, roster, id_source: &id_source, new_id_source: false, on_duplicate };
    let rows = rows.iter().zip(2..);
    let rows = rows.map(|(participant, line)| StageRow { participant, line, extra: None, person: None });
    journal.stage(into, rows).unwrap().len()
}

fn accept_twice(journal: &mut Journal, on_duplicate: OnDuplicate, rows: &[Participant]) -> usize {
    let repeated = stage_twice(journal, on_duplicate, rows);
    journal.accept(at(0), Acceptance::default()).unwrap();
    repeated
}

#[rstest::rstest]
#[case(OnDuplicate::First, "Name of a", 2)]
#[case(OnDuplicate::Last, "Newest", 4)]
fn of_two_rows_for_one_id_the_one_that_counts_is_sent(
    #[case] on_duplicate: OnDuplicate,
    #[case] name: &str,
    #[case] line: i64,
) {
    let folder = TestFolder::new();
    let newest = Participant { name: "Newest".into(), ..participant("a") };
    let mut journal = folder.open();
    let rows = [participant("a"), participant("b"), newest];
    assert_eq!(accept_twice(&mut journal, on_duplicate, &rows), 1);
    assert_eq!(journal.claim(1)[0].participant.name, name);
    assert_eq!(folder.ask::<i64>("SELECT line FROM participants WHERE custom_participant_id = 'a'"), line);
}

#[test]
fn of_two_rows_for_somebody_who_is_in_the_last_one_says_what_differs() {
    let folder = TestFolder::new();
    with_added(&folder, participant("a"));
    let renamed = Participant { name: "Ann".into(), ..participant("a") };
    let mut journal = folder.open();
    accept_twice(&mut journal, OnDuplicate::Last, &[renamed.clone(), participant("a")]);
    assert_eq!(journal.tally().unwrap().differing, 0);
    drop(journal);
    let mut journal = folder.open();
    accept_twice(&mut journal, OnDuplicate::Last, &[participant("a"), renamed]);
    assert_eq!(journal.tally().unwrap().differing, 1);
}

#[test]
fn another_id_source_is_taken_if_that_is_wanted() {
    let folder = TestFolder::new();
    folder.run(&["a"]);
    let mut journal = folder.open();
    let roster = journal.add_roster("roster.csv").unwrap();
    let (target, id_source) = (target(), IdSource::Derived("v1 of email".to_owned()));
    let into = StageInto {
        target: &target,
        roster,
        id_source: &id_source,
        new_id_source: true,
        on_duplicate: OnDuplicate::Stop,
    };
    let participant = participant("b");
    let row = StageRow { participant: &participant, line: 2, extra: None, person: None };
    assert_eq!(journal.stage(into, [row]).unwrap(), []);
    journal.accept(at(0), Acceptance::default()).unwrap();
    drop(journal);
    assert!(folder.open().stage_from(&id_source, &[]).is_ok());
    let bound: String = folder.ask("SELECT id_source FROM meetings");
    assert_eq!(bound, "the rule v1 of email");
}

/// A row that was added as [`participant`] wants it.
pub(super) fn with_added(folder: &TestFolder, wanted: Participant) {
    let mut journal = folder.open();
    journal.take_in(&[wanted]);
    let intent = journal.claim(1).remove(0);
    journal.record(&intent, at(0), added(&intent));
}

fn differing_after(folder: &TestFolder, wanted: Participant) -> (u64, Option<JoinToken>) {
    let mut journal = folder.open();
    journal.take_in(&[wanted]);
    (journal.tally().unwrap().differing, folder.exported().remove(0).token)
}

#[test]
fn a_roster_edited_afterwards_differs_until_it_is_edited_back() {
    let folder = TestFolder::new();
    with_added(&folder, participant("a"));
    let renamed = Participant { name: "Ann".into(), ..participant("a") };
    let (differing, token) = differing_after(&folder, renamed);
    assert!(differing == 1 && token.is_some(), "another name keeps nobody out");
    let promoted = Participant { preset_name: "host".into(), ..participant("a") };
    let (differing, token) = differing_after(&folder, promoted);
    assert!(differing == 1 && token.is_none(), "another preset withholds the token");
    let (differing, token) = differing_after(&folder, participant("a"));
    assert!(differing == 0 && token.is_some());
    assert_eq!(folder.exported()[0].name, "Name of a", "what the server holds");
}

#[test]
fn a_picture_taken_out_of_the_roster_is_a_difference() {
    let folder = TestFolder::new();
    with_added(&folder, Participant { picture: Some("https://x/a.png".into()), ..participant("a") });
    assert_eq!(differing_after(&folder, participant("a")).0, 1);
    let wanted: String = folder.ask("SELECT wanted FROM participants");
    assert_eq!(wanted, r#"{"picture":""}"#);
}

#[test]
fn an_accepted_difference_stays_accepted_until_it_changes() {
    let folder = TestFolder::new();
    let host = Participant { preset_name: "host".into(), ..participant("a") };
    with_added(&folder, participant("a"));
    let mut journal = folder.open();
    journal.take_in(std::slice::from_ref(&host));
    journal.accept_differing().unwrap();
    assert_eq!(journal.tally().unwrap().differing, 0);
    drop(journal);
    let (differing, token) = differing_after(&folder, host.clone());
    assert!(differing == 0 && token.is_some());
    let moderator = Participant { preset_name: "moderator".into(), ..host };
    let (differing, token) = differing_after(&folder, moderator);
    assert!(differing == 1 && token.is_none());
}

#[test]
fn only_this_runs_differences_are_accepted() {
    let folder = TestFolder::new();
    with_added(&folder, participant("a"));
    differing_after(&folder, Participant { preset_name: "host".into(), ..participant("a") });
    let mut journal = folder.run(&["b"]);
    journal.accept_differing().unwrap();
    assert!(folder.exported()[0].token.is_none());
}

#[test]
fn a_row_in_doubt_keeps_what_was_sent_until_it_is_planned_again() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a"]);
    let intent = journal.claim(1).remove(0);
    journal.record(&intent, at(0), doubtful(Proof::None));
    drop(journal);
    let newest = Participant { name: "Ann".into(), picture: Some("https://x".into()), ..participant("a") };
    let mut journal = folder.open();
    journal.take_in(std::slice::from_ref(&newest));
    let name: String = folder.ask("SELECT name FROM participants");
    assert_eq!(name, "Name of a");
    journal.list(at(500), Resend::Allowed, &[]);
    assert_eq!(journal.list(at(500), Resend::Allowed, &[]).resend, 1);
    let intent = journal.claim(1).remove(0);
    assert_eq!((intent.participant, intent.attempt), (newest, Attempt::Repeated));
}
