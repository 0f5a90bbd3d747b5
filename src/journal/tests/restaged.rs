//! Runs that are never accepted: what they named otherwise is as before, and whom only they named is forgotten.

use rstest::rstest;

use super::staging::{stage_twice, with_added};
use super::*;

/// The participant `a`, named otherwise.
fn other() -> Participant {
    Participant { name: "Other".into(), ..participant("a") }
}

/// A run that names `a` otherwise, and isn't accepted.
fn names_otherwise(folder: &TestFolder) -> Journal {
    let mut journal = folder.open();
    journal.stage_from(&id_column(), &[other()]).unwrap();
    journal
}

/// What a row holds, and what is wanted of it where that differs.
fn name_and_wanted(folder: &TestFolder) -> (String, Option<String>) {
    (folder.ask("SELECT name FROM participants"), folder.ask("SELECT wanted ->> 'name' FROM participants"))
}

/// Whatever became of a row before: a run that names it otherwise and isn't accepted changes nothing about it.
#[rstest]
#[case::planned(|_: &Intent| RowResult::TakenBack)]
#[case::added(added)]
#[case::rejected(|_: &Intent| refused())]
#[case::uncertain(|_: &Intent| doubtful(Proof::None))]
fn a_run_that_is_not_accepted_leaves_a_row_as_it_was(#[case] result: fn(&Intent) -> RowResult) {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a"]);
    let a = journal.claim(1).remove(0);
    journal.record(&a, at(0), result(&a));
    drop(journal);
    let row = "SELECT json_array(state, run, roster, line, name, wanted, sends) FROM participants";
    let before: String = folder.ask(row);
    let mut journal = names_otherwise(&folder);
    journal.end(at(1)).unwrap();
    assert_eq!(folder.ask::<String>(row), before);
}

/// Of two rows for one id the first is as before, and the last one counts.
#[test]
fn a_run_that_is_not_accepted_leaves_a_row_as_it_was_though_it_names_it_twice() {
    let folder = TestFolder::new();
    with_added(&folder, participant("a"));
    let mut journal = folder.open();
    assert_eq!(stage_twice(&mut journal, OnDuplicate::Last, &[participant("a"), other()]), 1);
    journal.end(at(1)).unwrap();
    assert_eq!(name_and_wanted(&folder), (participant("a").name, None));
}

/// A listing of a run that isn't accepted finds it: what it holds stays, and is compared with the roster of before.
#[test]
fn what_a_run_that_is_not_accepted_has_found_is_compared_with_the_roster_of_before() {
    let folder = TestFolder::new();
    folder.run(&["a"]);
    let mut journal = names_otherwise(&folder);
    let found = RemoteParticipant { name: Some("Found".into()), ..listed("remote", "a") };
    assert_eq!(journal.list(at(500), Resend::Allowed, &[found]).found, 1);
    assert_eq!(name_and_wanted(&folder), ("Found".into(), Some("Other".into())));
    journal.end(at(1)).unwrap();
    assert_eq!(name_and_wanted(&folder), ("Found".into(), Some(participant("a").name)));
}

/// A doubt that a run planned again, and that wasn't accepted, is sent as the roster of before wants it.
#[test]
fn what_a_run_that_is_not_accepted_plans_again_is_sent_as_before() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a"]);
    let a = journal.claim(1).remove(0);
    journal.record(&a, at(0), doubtful(Proof::None));
    drop(journal);
    let mut journal = names_otherwise(&folder);
    for _ in 0..2 {
        journal.list(at(500), Resend::Allowed, &[]);
    }
    assert_eq!((folder.state("a"), name_and_wanted(&folder)), (RowState::Planned, ("Other".into(), None)));
    drop(journal);
    folder.open();
    assert_eq!(
        (folder.state("a"), name_and_wanted(&folder)),
        (RowState::Planned, (participant("a").name, None))
    );
}

/// Whom only a run names that isn't accepted: not exported while it is on, and forgotten once it has ended or died, even
/// if its listing has shown somebody by their id.
#[rstest]
#[case::ended(true)]
#[case::died(false)]
fn whom_only_an_unaccepted_run_has_named_is_forgotten(#[case] ended: bool) {
    let folder = TestFolder::new();
    with_added(&folder, participant("a"));
    let mut journal = folder.open();
    journal.stage_from(&id_column(), &participants(&["a", "new", "found", "twice"])).unwrap();
    let shown = [listed("r-1", "found"), listed("r-2", "twice"), listed("r-3", "twice")];
    let settled = journal.list(at(500), Resend::Allowed, &shown);
    assert_eq!((settled.found, settled.conflicts), (1, 1));
    assert_eq!(folder.exported().len(), 1);
    if ended {
        journal.end(at(1)).unwrap();
    }
    drop(journal);
    let mut journal = folder.open();
    assert_eq!(folder.ask::<i64>("SELECT count(*) FROM participants"), 1);
    assert_eq!(Verified::of(&folder.path()).unwrap().findings, []);
    journal.take_in(&participants(&["a", "new"]));
    assert_eq!(journal.claimed(9), ["new"]);
}

/// Another one has taken the place of somebody whose preset differed: it differs as before, whatever becomes of the run.
#[test]
fn what_is_wanted_of_who_was_replaced_stays() {
    let folder = TestFolder::new();
    let host = |id| RemoteParticipant { preset_name: "host".into(), ..listed(id, "a") };
    let mut journal = folder.run(&["a"]);
    assert_eq!(journal.list(at(500), Resend::Allowed, &[host("r-1")]).found, 1);
    let wanted = "SELECT wanted FROM participants";
    let before: String = folder.ask(wanted);
    drop(journal);
    let mut journal = folder.open();
    journal.stage_from(&id_column(), &participants(&["a"])).unwrap();
    let meeting = journal.meetings().unwrap().remove(0);
    journal.begin_listing(meeting.key).unwrap();
    journal.add_listed(meeting.key, &[host("r-2")]).unwrap();
    assert_eq!(journal.plan_changes(meeting, Resend::Allowed).unwrap().counts.replaced, 1);
    journal.forget_replaced(meeting.key).unwrap();
    journal.apply_listing(meeting.key, at(500), Resend::Allowed, at(0)).unwrap();
    journal.end(at(1)).unwrap();
    assert_eq!(folder.ask::<String>(wanted), before);
}
