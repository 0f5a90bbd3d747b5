//! Creates in doubt, and what complete listings say about them.

use super::*;
use rstest::rstest;

/// One row in doubt since 0.
fn in_doubt(folder: &TestFolder, proof: Proof) -> Journal {
    let mut journal = folder.run(&["a"]);
    let a = journal.claim(1).remove(0);
    journal.record(&a, at(0), doubtful(proof));
    journal
}

/// Twice absent after the settle time.
fn absent_twice(journal: &mut Journal, resend: Resend) -> Settled {
    assert_eq!(journal.list(at(500), resend, &[]), Settled::default(), "one scan decides nothing");
    journal.list(at(500), resend, &[])
}

fn due(journal: &Journal, resend: Resend) -> bool {
    journal.youngest_doubt(journal.key(), resend).unwrap().is_some()
}

#[rstest]
#[case::nothing_known(Proof::None, Resend::Allowed, RowState::Planned)]
#[case::nothing_known_hold(Proof::None, Resend::Hold, RowState::Uncertain)]
#[case::applied(Proof::Applied, Resend::Allowed, RowState::Uncertain)]
#[case::refused(Proof::Refused(failure(409)), Resend::Allowed, RowState::Rejected)]
#[case::refused_hold(Proof::Refused(failure(409)), Resend::Hold, RowState::Uncertain)]
fn what_two_listings_miss(#[case] proof: Proof, #[case] resend: Resend, #[case] state: RowState) {
    let folder = TestFolder::new();
    let mut journal = in_doubt(&folder, proof);
    absent_twice(&mut journal, resend);
    assert_eq!(folder.state("a"), state);
    assert!(!due(&journal, resend), "nothing is left that a further listing of this run could settle");
}

#[test]
fn an_absence_before_the_settle_time_counts_for_nothing() {
    let folder = TestFolder::new();
    let mut journal = in_doubt(&folder, Proof::None);
    for _ in 0..5 {
        journal.list(at(-1), Resend::Allowed, &[]);
    }
    assert_eq!(folder.state("a"), RowState::Uncertain);
    journal.list(at(0), Resend::Allowed, &[]);
    assert_eq!(folder.state("a"), RowState::Uncertain);
    journal.list(at(0), Resend::Allowed, &[]);
    assert_eq!(folder.state("a"), RowState::Planned);
}

#[test]
fn a_create_is_repeated_at_most_twice() {
    let folder = TestFolder::new();
    let mut journal = in_doubt(&folder, Proof::None);
    for _ in 0..2 {
        assert_eq!(absent_twice(&mut journal, Resend::Allowed).resend, 1);
        let a = journal.claim(1).remove(0);
        assert_eq!(a.attempt, Attempt::Repeated);
        journal.record(&a, at(0), doubtful(Proof::None));
        let absences: i64 = folder.ask("SELECT absences FROM doubts");
        assert_eq!(absences, 0, "a new doubt begins anew");
    }
    assert_eq!(absent_twice(&mut journal, Resend::Allowed).resend, 0);
    assert_eq!(folder.state("a"), RowState::Uncertain);
}

/// Planned again for the last time by a run that ended before it sent it: the next one sends it as often as any other.
#[test]
fn what_an_earlier_run_left_planned_is_sent_as_often_as_a_doubt() {
    let folder = TestFolder::new();
    let mut journal = in_doubt(&folder, Proof::None);
    absent_twice(&mut journal, Resend::Allowed);
    let a = journal.claim(1).remove(0);
    journal.record(&a, at(0), doubtful(Proof::None));
    absent_twice(&mut journal, Resend::Allowed);
    assert_eq!(folder.state("a"), RowState::Planned);
    drop(journal);
    let mut journal = folder.run(&["a"]);
    for resend in [1, 0] {
        let a = journal.claim(1).remove(0);
        journal.record(&a, at(0), doubtful(Proof::None));
        assert_eq!(absent_twice(&mut journal, Resend::Allowed).resend, resend);
    }
}

#[test]
fn what_is_found_once_is_ours_if_we_sent_it_and_was_there_before_if_not() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["sent", "unsent", "nobody"]);
    let sent = journal.claim(1).remove(0);
    journal.record(&sent, at(0), doubtful(Proof::Applied));
    let settled = journal.list(
        at(-9),
        Resend::Allowed,
        &[listed("r1", "sent"), listed("r2", "unsent"), listed("r3", "other")],
    );
    assert_eq!(settled, Settled { found: 1, reconciled: 1, ..Settled::default() });
    let tally = journal.tally().unwrap();
    assert_eq!((tally.added, tally.present, tally.not_attempted, tally.without_token), (1, 1, 1, 2));
    let tokenless = |found| {
        journal
            .without_token(None, found, 9)
            .unwrap()
            .into_iter()
            .map(|row| row.id.as_str().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (tokenless(false), tokenless(true)),
        (vec!["r1".to_owned()], vec!["r1".to_owned(), "r2".to_owned()])
    );
    assert!(journal.meetings().unwrap()[0].listed);
}

/// L08: only rows that are about to be added, by this run; all are counted, the first few named, and that once in a run.
#[test]
fn rows_that_only_look_like_somebody_are_told_once() {
    let folder = TestFolder::new();
    folder.open().stage_from(&id_column(), &participants(&["LEFT"])).unwrap();
    let many: Vec<String> = (0..7).map(|n| format!("ID-{n}")).collect();
    let ids: Vec<&str> = many.iter().map(String::as_str).chain(["exact", "other"]).collect();
    let mut journal = folder.run(&ids);
    let there = ["id-0", "Id-0", "id-1", "id-2", "id-3", "id-4", "id-5", "id-6", "exact", "EXACT", "left"];
    let there: Vec<_> = there.iter().zip(0..).map(|(id, n)| listed(&format!("r{n}"), id)).collect();
    let found = journal.list(at(0), Resend::Allowed, &there);
    assert_eq!((found.found, found.lookalikes.count), (1, 7));
    let pairs: Vec<_> = found.lookalikes.first.iter().map(|it| (&*it.planned, &*it.present)).collect();
    let expected = [("ID-0", "id-0"), ("ID-1", "id-1"), ("ID-2", "id-2"), ("ID-3", "id-3"), ("ID-4", "id-4")];
    assert_eq!(pairs, expected);
    assert_eq!(journal.list(at(0), Resend::Allowed, &there).lookalikes.count, 0);
}

#[test]
fn tokens_are_asked_for_page_by_page_and_kept() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a", "b", "c"]);
    journal.list(at(0), Resend::Hold, &[listed("r1", "a"), listed("r2", "b"), listed("r3", "c")]);
    let first = journal.without_token(None, true, 2).unwrap();
    assert_eq!(first.len(), 2);
    assert_eq!(journal.without_token(Some(first[1].row), true, 2).unwrap().len(), 1);
    journal.keep_tokens(&[(first[0].row, JoinToken::new("t".into()))]).unwrap();
    assert_eq!(journal.without_token(None, true, 9).unwrap().len(), 2);
    assert_eq!(folder.exported()[0].token.as_ref().unwrap().expose(), "t");
}

#[test]
fn a_viewer_never_gets_a_hosts_link() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a"]);
    let host = RemoteParticipant { preset_name: "host".into(), ..listed("r", "a") };
    journal.list(at(0), Resend::Hold, &[host]);
    let row = journal.without_token(None, true, 1).unwrap().remove(0).row;
    journal.keep_tokens(&[(row, JoinToken::new("t".into()))]).unwrap();
    assert_eq!(journal.tally().unwrap().differing, 1);
    assert!(folder.exported()[0].token.is_none());
    journal.accept_differing().unwrap();
    assert!(folder.exported()[0].token.is_some());
}

#[rstest]
#[case::planned(None)]
#[case::uncertain(Some(Proof::None))]
fn an_id_that_is_there_twice_is_a_conflict_and_nothing_is_sent(#[case] proof: Option<Proof>) {
    let folder = TestFolder::new();
    let mut journal = match proof {
        Some(proof) => in_doubt(&folder, proof),
        None => folder.run(&["a"]),
    };
    let settled = journal.list(at(500), Resend::Allowed, &[listed("r1", "a"), listed("r2", "a")]);
    assert_eq!(settled, Settled { conflicts: 1, ..Settled::default() });
    assert_eq!(journal.claimed(9), Vec::<String>::new());
    assert_eq!(journal.problems(9).unwrap()[0].detail, "in the meeting as r1, r2");
}

#[test]
fn a_conflict_shows_the_ids_of_the_newest_listing() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a"]);
    journal.list(at(0), Resend::Allowed, &[listed("r1", "a"), listed("r2", "a")]);
    journal.list(at(0), Resend::Allowed, &[listed("r2", "a"), listed("r3", "a")]);
    assert_eq!(journal.problems(9).unwrap()[0].detail, "in the meeting as r2, r3");
}

#[test]
fn a_conflict_is_looked_at_once_in_every_run_until_one_is_left() {
    let folder = TestFolder::new();
    let twice = [listed("r1", "a"), listed("r2", "a")];
    folder.run(&["a"]).list(at(0), Resend::Allowed, &twice);
    let mut journal = folder.run(&["a"]);
    assert!(due(&journal, Resend::Allowed));
    journal.list(at(0), Resend::Allowed, &twice);
    assert!(!due(&journal, Resend::Allowed), "once is enough");
    drop(journal);
    let mut journal = folder.run(&["a"]);
    journal.list(at(0), Resend::Allowed, &twice[..1]);
    assert_eq!(folder.state("a"), RowState::Present);
    assert_eq!(folder.ask::<i64>("SELECT count(*) FROM conflicts"), 0);
    drop(journal);
    assert!(!due(&folder.run(&["a"]), Resend::Allowed));
}

#[rstest]
#[case::held(Proof::None, Resend::Hold)]
#[case::applied(Proof::Applied, Resend::Allowed)]
fn a_doubt_that_stays_is_looked_at_once_in_every_run(#[case] proof: Proof, #[case] resend: Resend) {
    let folder = TestFolder::new();
    absent_twice(&mut in_doubt(&folder, proof), resend);
    for _ in 0..2 {
        let mut journal = folder.run(&["a"]);
        assert!(due(&journal, resend));
        journal.list(at(500), resend, &[]);
        assert!(!due(&journal, resend));
    }
    folder.run(&["a"]).list(at(500), resend, &[listed("r", "a")]);
    assert_eq!(folder.state("a"), RowState::Present);
}

#[test]
fn a_held_doubt_is_sent_again_by_a_run_that_may() {
    let folder = TestFolder::new();
    absent_twice(&mut in_doubt(&folder, Proof::None), Resend::Hold);
    let mut journal = folder.run(&["a"]);
    assert!(due(&journal, Resend::Allowed));
    assert_eq!(journal.list(at(500), Resend::Allowed, &[]).resend, 1);
}

#[test]
fn a_listing_of_one_meeting_says_nothing_of_another() {
    let folder = TestFolder::new();
    let mut there = participant("a");
    there.key.meeting = OTHER_MEETING.parse().unwrap();
    let mut journal = folder.open();
    journal.take_in(&[participant("a"), there]);
    let other = journal.meetings().unwrap()[1].key;
    let intent = journal.exchange(&mut [], Some((other, 1))).unwrap().remove(0);
    journal.record(&intent, at(0), doubtful(Proof::None));
    journal.list(at(500), Resend::Allowed, &[listed("r", "a")]);
    journal.list(at(500), Resend::Allowed, &[]);
    assert_eq!(journal.doubts(other).unwrap(), 1);
    assert_eq!(journal.youngest_doubt(other, Resend::Allowed).unwrap(), Some(at(0)));
    assert!(!journal.meetings().unwrap()[1].listed);
}

#[test]
fn a_repeated_item_is_counted_once() {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a"]);
    let key = journal.key();
    journal.begin_listing(key).unwrap();
    assert_eq!(journal.add_listed(key, &[listed("r1", "a"), listed("r1", "a")]).unwrap(), 1);
    assert_eq!(journal.add_listed(key, &[listed("r1", "a"), listed("r2", "b")]).unwrap(), 1);
    journal.begin_listing(key).unwrap();
    assert_eq!(journal.add_listed(key, &[listed("r1", "a")]).unwrap(), 1);
}

/// Two meetings that are listed at the same time, and share a participant id.
#[test]
fn listings_of_two_meetings_do_not_mix() {
    let folder = TestFolder::new();
    let mut there = participant("a");
    there.key.meeting = OTHER_MEETING.parse().unwrap();
    let mut journal = folder.open();
    journal.take_in(&[participant("a"), there]);
    let keys: Vec<_> = journal.meetings().unwrap().iter().map(|meeting| meeting.key).collect();
    journal.begin_listing(keys[0]).unwrap();
    journal.begin_listing(keys[1]).unwrap();
    assert_eq!(journal.add_listed(keys[1], &[listed("r1", "a")]).unwrap(), 1);
    assert_eq!(journal.add_listed(keys[0], &[listed("r1", "b")]).unwrap(), 1);
    let found =
        |journal: &mut Journal, key| journal.apply_listing(key, at(0), Resend::Allowed, at(0)).unwrap().found;
    assert_eq!((found(&mut journal, keys[0]), found(&mut journal, keys[1])), (0, 1));
}

/// Somebody came and went between the two: an absent participant may have been on the page that moved.
#[test]
fn two_listings_decide_only_if_they_show_the_same() {
    let folder = TestFolder::new();
    let mut journal = in_doubt(&folder, Proof::None);
    journal.list(at(500), Resend::Allowed, &[listed("r1", "others"), listed("r2", "others too")]);
    journal.list(at(500), Resend::Allowed, &[listed("r1", "others"), listed("r3", "another")]);
    assert_eq!(folder.state("a"), RowState::Uncertain);
    journal.list(at(500), Resend::Allowed, &[listed("r3", "another"), listed("r1", "others")]);
    assert_eq!(folder.state("a"), RowState::Planned);
}

/// An absence of an earlier run says nothing: who was in the meeting then isn't known any more.
#[test]
fn an_absence_of_an_earlier_run_does_not_count() {
    let folder = TestFolder::new();
    let mut journal = in_doubt(&folder, Proof::None);
    journal.list(at(500), Resend::Allowed, &[]);
    drop(journal);
    let mut journal = folder.run(&["a"]);
    journal.list(at(500), Resend::Allowed, &[]);
    assert_eq!(folder.state("a"), RowState::Uncertain);
    journal.list(at(500), Resend::Allowed, &[]);
    assert_eq!(folder.state("a"), RowState::Planned);
}

/// A create that may have arrived is that of the run that sent it, though a later one holds it back.
#[test]
fn who_is_held_back_is_of_the_run_that_sent_them() {
    let folder = TestFolder::new();
    let mut journal = in_doubt(&folder, Proof::None);
    for _ in 0..2 {
        journal.list(at(500), Resend::Allowed, &[]);
    }
    assert_eq!(folder.state("a"), RowState::Planned);
    drop(journal);
    let mut journal = folder.run(&["a"]);
    assert_eq!(journal.hold_back(at(0)).unwrap(), 1);
    assert_eq!(journal.list(at(500), Resend::Hold, &[listed("r1", "a")]).reconciled, 1);
    assert_eq!(folder.ask::<i64>("SELECT sent_run FROM participants"), 1);
    let tally = journal.tally().unwrap();
    assert_eq!((tally.added, tally.present), (0, 1));
}
