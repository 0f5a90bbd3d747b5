//! New ids of people who seem to be in: held back, judged anew, and never by name alone.

use super::*;
use rstest::rstest;

/// Stages rows of an id, a name and an e-mail address, and accepts the run.
fn roster(journal: &mut Journal, rows: &[(&str, &str, &str)], same_person: SamePerson) {
    stage_people(journal, rows);
    journal.accept(at(0), Acceptance { same_person, ..Acceptance::default() }).unwrap();
}

fn stage_people(journal: &mut Journal, rows: &[(&str, &str, &str)]) {
    let row = |(id, name, email): &(&str, &str, &str)| {
        (Participant { name: (*name).to_owned(), ..participant(id) }, Person::of(name, email))
    };
    let rows: Vec<_> = rows.iter().map(row).collect();
    assert_eq!(journal.stage_people(&rows).unwrap(), []);
}

const ANN: (&str, &str, &str) = ("ticket-1", "Ann Lee", "ann@example.com");
const MENDED: (&str, &str, &str) = ("ticket-01", "ann lee", "Ann@example.com");

/// A run that adds Ann.
fn with_ann() -> TestFolder {
    let folder = TestFolder::new();
    let mut journal = folder.open();
    roster(&mut journal, &[ANN], SamePerson::Hold);
    let intent = journal.claim(1).remove(0);
    journal.record(&intent, at(0), added(&intent));
    folder
}

/// How many rows another run of this roster holds back, and whom it claims.
fn run(folder: &TestFolder, rows: &[(&str, &str, &str)], same_person: SamePerson) -> (u64, Vec<String>) {
    let mut journal = folder.open();
    roster(&mut journal, rows, same_person);
    let outcome = (journal.tally().unwrap().held, journal.claimed(9));
    assert_eq!(Verified::of(&folder.path()).unwrap().findings, []);
    outcome
}

#[test]
fn a_mended_id_invites_nobody_twice() {
    let folder = with_ann();
    let new = ("ticket-2", "Bo", "bo@example.com");
    assert_eq!(run(&folder, &[MENDED, new], SamePerson::Hold), (1, vec!["ticket-2".to_owned()]));
    assert_eq!(folder.state("ticket-01"), RowState::Held);
}

#[test]
fn both_rows_are_named() {
    let folder = with_ann();
    let mut journal = folder.open();
    roster(&mut journal, &[MENDED], SamePerson::Hold);
    let problem = journal.problems(9).unwrap().remove(0);
    let twin = problem.twin.unwrap();
    assert_eq!((problem.location.to_string().as_str(), problem.state), ("roster.csv:2", RowState::Held));
    assert_eq!(
        (twin.location.to_string().as_str(), twin.custom_participant_id.as_str()),
        ("roster.csv:2", "ticket-1")
    );
}

#[rstest]
#[case::another_name(&[("ticket-2", "Bo Lee", "ann@example.com")])]
#[case::another_address(&[("ticket-2", "Ann Lee", "bo@example.com")])]
#[case::no_address(&[("ticket-2", "Ann Lee", "")])]
#[case::both_are_named(&[ANN, ("ticket-2", "Ann Lee", "ann@example.com")])]
fn other_people_are_added(#[case] rows: &[(&str, &str, &str)]) {
    assert_eq!(run(&with_ann(), rows, SamePerson::Hold), (0, vec!["ticket-2".to_owned()]));
}

#[test]
fn two_people_of_one_roster_are_two_people() {
    let folder = TestFolder::new();
    let (held, claimed) = run(&folder, &[ANN, MENDED], SamePerson::Hold);
    assert_eq!((held, claimed.len()), (0, 2));
}

#[test]
fn somebody_in_another_meeting_is_no_twin() {
    let folder = with_ann();
    let mut journal = folder.open();
    let mut there = participant("ticket-01");
    there.key.meeting = OTHER_MEETING.parse().unwrap();
    // The run has rows in both meetings.
    let rows = [(there, Person::of("Ann Lee", "ann@example.com")), (participant("ticket-2"), None)];
    journal.stage_people(&rows).unwrap();
    journal.accept(at(0), Acceptance::default()).unwrap();
    assert_eq!(journal.tally().unwrap().held, 0);
}

#[test]
fn a_held_row_is_added_if_that_is_wanted() {
    let folder = with_ann();
    assert_eq!(run(&folder, &[MENDED], SamePerson::Hold).0, 1);
    assert_eq!(run(&folder, &[MENDED], SamePerson::Add), (0, vec!["ticket-01".to_owned()]));
    assert_eq!(folder.ask::<i64>("SELECT count(*) FROM twins"), 0);
}

#[test]
fn a_held_row_is_judged_anew_by_every_run_that_names_it() {
    let folder = with_ann();
    assert_eq!(run(&folder, &[MENDED], SamePerson::Hold).0, 1);
    assert_eq!(run(&folder, &[MENDED], SamePerson::Hold), (1, vec![]), "still");
    assert_eq!(run(&folder, &[ANN], SamePerson::Hold), (0, vec![]));
    assert_eq!(folder.state("ticket-01"), RowState::Held, "nobody named it");
    let renamed = (MENDED.0, "Ann Major", MENDED.2);
    assert_eq!(run(&folder, &[renamed], SamePerson::Hold), (0, vec!["ticket-01".to_owned()]));
    assert_eq!(
        folder.ask::<String>("SELECT name FROM participants WHERE custom_participant_id = 'ticket-01'"),
        "Ann Major"
    );
}

#[test]
fn a_twin_that_the_roster_names_again_holds_nobody_back() {
    let folder = with_ann();
    assert_eq!(run(&folder, &[MENDED], SamePerson::Hold).0, 1);
    assert_eq!(run(&folder, &[ANN, MENDED], SamePerson::Hold), (0, vec!["ticket-01".to_owned()]));
}

#[test]
fn an_unaccepted_run_holds_nothing_back_and_releases_nothing() {
    let folder = with_ann();
    stage_people(&mut folder.open(), &[MENDED]);
    assert_eq!(run(&folder, &[MENDED], SamePerson::Hold).0, 1);
    stage_people(&mut folder.open(), &[MENDED]);
    assert_eq!(folder.state("ticket-01"), RowState::Held);
    assert_eq!(run(&folder, &[ANN], SamePerson::Hold).0, 0);
}

/// What became of Ann's first row, and whether her second one waits for that.
#[rstest]
#[case::lost(doubtful(Proof::None), 1)]
#[case::refused(refused(), 0)]
#[case::not_sent(RowResult::TakenBack, 0)]
fn only_who_may_be_in_holds_others_back(#[case] result: RowResult, #[case] held: u64) {
    let folder = TestFolder::new();
    let mut journal = folder.open();
    roster(&mut journal, &[ANN], SamePerson::Hold);
    let intent = journal.claim(1).remove(0);
    journal.record(&intent, at(0), result);
    drop(journal);
    assert_eq!(run(&folder, &[MENDED], SamePerson::Hold).0, held);
}

#[rstest]
#[case::died_while_sending(&[])]
#[case::twice_in_the_meeting(&[listed("r-1", "ticket-1"), listed("r-2", "ticket-1")])]
fn who_is_in_doubt_or_conflict_may_be_in(#[case] items: &[RemoteParticipant]) {
    let folder = TestFolder::new();
    let mut journal = folder.open();
    roster(&mut journal, &[ANN], SamePerson::Hold);
    if items.is_empty() {
        journal.claim(1);
    } else {
        journal.list(at(0), Resend::Allowed, items);
    }
    drop(journal);
    assert_eq!(run(&folder, &[MENDED], SamePerson::Hold).0, 1);
}

/// A create that was sent stays what it is: only what was never sent is held back.
#[test]
fn a_row_that_was_sent_before_is_not_held_back() {
    let folder = TestFolder::new();
    let mut journal = folder.open();
    roster(&mut journal, &[ANN, MENDED], SamePerson::Hold);
    let intents = journal.claim(2);
    journal.record(&intents[0], at(0), added(&intents[0]));
    journal.record(&intents[1], at(0), doubtful(Proof::None));
    journal.list(at(500), Resend::Allowed, &[listed("r-1", "ticket-1")]);
    assert_eq!(journal.list(at(500), Resend::Allowed, &[listed("r-1", "ticket-1")]).resend, 1);
    drop(journal);
    assert_eq!(run(&folder, &[MENDED], SamePerson::Hold), (0, vec!["ticket-01".to_owned()]));
}

#[rstest]
#[case::once(&[listed("r-2", "ticket-01")], RowState::Present)]
#[case::twice(&[listed("r-2", "ticket-01"), listed("r-3", "ticket-01")], RowState::Conflict)]
fn a_held_row_that_turns_out_to_be_in_is_taken_as_it_is(
    #[case] items: &[RemoteParticipant],
    #[case] state: RowState,
) {
    let folder = with_ann();
    assert_eq!(run(&folder, &[MENDED], SamePerson::Hold).0, 1);
    let mut journal = folder.open();
    roster(&mut journal, &[MENDED], SamePerson::Hold);
    journal.list(at(0), Resend::Allowed, items);
    assert_eq!(folder.state("ticket-01"), state);
    assert_eq!(Verified::of(&folder.path()).unwrap().findings, []);
}

/// Journals of earlier versions know no persons: they are learnt as rosters name the rows again.
#[test]
fn a_person_is_learnt_when_the_row_is_named_again_and_kept() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["ticket-1"]);
    let intent = journal.claim(1).remove(0);
    journal.record(&intent, at(0), added(&intent));
    drop(journal);
    assert_eq!(run(&folder, &[ANN], SamePerson::Hold).0, 0);
    folder.run(&["ticket-1"]);
    assert_eq!(run(&folder, &[MENDED], SamePerson::Hold).0, 1);
}

/// Whether a run that isn't accepted would let a held row go or hold another one back: the state of before is told, and
/// holds.
#[rstest]
#[case::let_go(&[MENDED], &[ANN, MENDED], RowState::Held)]
#[case::held_back(&[ANN, MENDED], &[MENDED], RowState::Planned)]
#[case::still_held(&[MENDED], &[MENDED], RowState::Held)]
fn an_unaccepted_run_leaves_who_is_held_back_as_it_was(
    #[case] before: &[(&str, &str, &str)],
    #[case] rows: &[(&str, &str, &str)],
    #[case] state: RowState,
    #[values(true, false)] ended: bool,
) {
    let folder = with_ann();
    roster(&mut folder.open(), before, SamePerson::Hold);
    assert_eq!(folder.state(MENDED.0), state);
    let mut journal = folder.open();
    stage_people(&mut journal, rows);
    journal.hold_back_twins(SamePerson::Hold).unwrap();
    let exported = || folder.exported().into_iter().find(|row| row.custom_participant_id == MENDED.0);
    assert_eq!(exported().unwrap().state, state, "while it is on");
    if ended {
        journal.end(at(1)).unwrap();
    }
    drop(journal);
    folder.open();
    assert_eq!(folder.state(MENDED.0), state);
    assert_eq!(Verified::of(&folder.path()).unwrap().findings, []);
}
