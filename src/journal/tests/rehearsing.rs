//! What an import would do, and that it then does just that.

use super::*;
use rstest::rstest;

/// An id and an e-mail address.
type Row = (&'static str, &'static str);

fn person(row: Row) -> Option<Person> {
    Person::of("Ann Lee", row.1)
}

fn settings(on_duplicate: OnDuplicate, limit: Option<u64>) -> RehearsalSettings {
    RehearsalSettings {
        target: target(),
        on_duplicate,
        same_person: SamePerson::Hold,
        limit,
        new_id_source: false,
    }
}

fn rehearsed(path: Option<&Path>, rows: &[Row], settings: RehearsalSettings) -> Rehearsed {
    let mut rehearsal = Rehearsal::begin(path, settings).unwrap();
    for row in rows {
        rehearsal.row(&participant(row.0).key, person(*row)).unwrap();
    }
    rehearsal.finish().unwrap()
}

fn stage(journal: &mut Journal, rows: &[Row], on_duplicate: OnDuplicate) -> Result<usize, JournalError> {
    let roster = journal.add_roster("new.csv")?;
    let (target, id_source) = (target(), id_column());
    let into =
        StageInto { target: &target, roster, id_source: &id_source, new_id_source: false, on_duplicate };
    let participants: Vec<_> = rows.iter().map(|row| participant(row.0)).collect();
    let rows = participants.iter().zip(rows).zip(2..).map(|((participant, row), line)| StageRow {
        participant,
        line,
        extra: None,
        person: person(*row),
    });
    Ok(journal.stage(into, rows)?.len())
}

/// Ann was added, Bea is in doubt, Cy was never sent, Dan was removed.
fn earlier_run() -> TestFolder {
    let folder = TestFolder::new();
    let mut journal = folder.open();
    let rows = [("dan", "dan@x.org"), ("ann", "ann@x.org"), ("bea", "bea@x.org"), ("cy", "cy@x.org")];
    stage(&mut journal, &rows, OnDuplicate::Stop).unwrap();
    journal.accept(at(0), Acceptance::default()).unwrap();
    let intents = journal.claim(3);
    journal.record(&intents[0], at(0), added(&intents[0]));
    journal.keep_removals(&[(intents[0].row, OtherCreates::None)]).unwrap();
    journal.record(&intents[1], at(0), added(&intents[1]));
    journal.record(&intents[2], at(0), doubtful(Proof::None));
    folder
}

#[rstest]
#[case::the_same_roster(&[("ann", "ann@x.org"), ("bea", "bea@x.org"), ("cy", "cy@x.org")])]
#[case::removed_before(&[("ann", "ann@x.org"), ("dan", "dan@x.org"), ("dan-1", "dan@x.org")])]
#[case::mended_ids(&[("ann-1", "ann@x.org"), ("bea-1", "bea@x.org"), ("cy-1", "cy@x.org")])]
#[case::both_named(&[("ann-1", "ann@x.org"), ("ann", "ann@x.org"), ("new", "new@x.org")])]
#[case::repeated(&[("ann-1", "ann@x.org"), ("ann-1", "ann@x.org"), ("ann", ""), ("ann", "ann@x.org")])]
#[case::the_last_one_is_somebody_else(&[("ann-1", "ann@x.org"), ("ann-1", "dan@x.org")])]
fn an_import_does_what_its_rehearsal_said(
    #[case] rows: &[Row],
    #[values(OnDuplicate::First, OnDuplicate::Last)] on_duplicate: OnDuplicate,
) {
    let folder = earlier_run();
    let said = rehearsed(Some(&folder.path()), rows, settings(on_duplicate, None));
    let mut journal = folder.open();
    let repeated = stage(&mut journal, rows, on_duplicate).unwrap() as u64;
    journal.accept(at(0), Acceptance::default()).unwrap();
    let tally = journal.tally().unwrap();
    let done = Rehearsed {
        already_in: tally.present,
        unsettled: tally.uncertain + tally.conflict,
        held: tally.held,
        removed: tally.removed,
        left_out: 0,
        repeated,
    };
    assert_eq!(said, done);
}

#[test]
fn a_rehearsal_changes_nothing() {
    let folder = earlier_run();
    let before = std::fs::read(folder.path()).unwrap();
    let said = rehearsed(Some(&folder.path()), &[("ann-1", "ann@x.org")], settings(OnDuplicate::Stop, None));
    assert_eq!(said, Rehearsed { held: 1, ..Rehearsed::default() });
    assert!(std::fs::read(folder.path()).unwrap() == before);
}

/// Rows beyond the limit are neither compared nor named: whom they would name counts as left.
#[rstest]
#[case::first(OnDuplicate::First, Rehearsed { held: 1, left_out: 2, repeated: 1, ..Rehearsed::default() })]
#[case::stop(OnDuplicate::Stop, Rehearsed { held: 1, left_out: 1, ..Rehearsed::default() })]
fn a_limit_takes_so_many_participants(#[case] on_duplicate: OnDuplicate, #[case] expected: Rehearsed) {
    let folder = earlier_run();
    let rows = [("ann-1", "ann@x.org"), ("ann-1", "ann@x.org"), ("new", ""), ("ann", ""), ("ann", "")];
    assert_eq!(rehearsed(Some(&folder.path()), &rows, settings(on_duplicate, Some(2))), expected);
}

#[test]
fn without_a_journal_everybody_is_new() {
    let rows = [("a", "a@x.org"), ("b", "a@x.org"), ("a", "")];
    let said = rehearsed(None, &rows, settings(OnDuplicate::First, None));
    assert_eq!(said, Rehearsed { repeated: 1, ..Rehearsed::default() });
}

#[rstest]
#[case::the_same(vec![id_column(), id_column()], false, "")]
#[case::another(vec![IdSource::Column("badge".to_owned())], false, "was filled with ids from")]
#[case::another_on_purpose(vec![IdSource::Column("badge".to_owned())], true, "")]
#[case::two(vec![id_column(), IdSource::Column("badge".to_owned())], true, "the rosters take the ids")]
#[case::an_export(vec![IdSource::Column("customparticipantid".to_owned()), id_column()], false, "")]
#[case::none(vec![], false, "")]
fn another_source_of_ids_is_refused_as_the_import_would(
    #[case] sources: Vec<IdSource>,
    #[case] new_id_source: bool,
    #[case] says: &str,
) {
    let folder = earlier_run();
    let settings = RehearsalSettings { new_id_source, ..settings(OnDuplicate::Stop, None) };
    let mut rehearsal = Rehearsal::begin(Some(&folder.path()), settings).unwrap();
    rehearsal.row(&participant("x").key, None).unwrap();
    let refused = rehearsal.refuse_other_source(&sources).err().map(|error| error.to_string());
    assert_eq!(refused.is_some(), !says.is_empty(), "{refused:?}");
    assert!(refused.unwrap_or_default().contains(says));
}
