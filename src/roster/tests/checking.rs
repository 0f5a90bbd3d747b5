//! The body of `guestlist check`.

use super::*;

fn checked(sources: &[RosterSource]) -> (CheckReport, Vec<String>) {
    let mut problems = Vec::new();
    let report = check(sources, &options(), &mut App, |event| {
        if let CheckEvent::Problem(problem) = event {
            problems.push(problem.to_string());
        }
    });
    (report.expect("a report"), problems)
}

#[test]
fn duplicates_are_found_in_and_between_rosters() {
    let a = source("a.csv", format!("id,meeting\n1,{MEETING}\n2,{MEETING}\n1,{GONE}\n1,\n"));
    let b = source("b.jsonl", "{\"id\":2}\n{\"id\":3}\n{\"id\":3,\"preset\":\"x\"}\n{\"id\":4}\n");
    let (report, problems) = checked(&[a, b]);
    insta::assert_snapshot!(problems.join("\n"), @r#"
    a.csv:4: meeting "00000000-0000-4000-8000-000000000904": no such meeting; check the id, the account and the app
    b.jsonl:3: preset "x": no such preset; use a preset of the app
    a.csv:5: id "1": the same id twice for one meeting; it is in a.csv:2 already; keep one of the rows, or choose with --on-duplicate
    b.jsonl:1: id "2": the same id twice for one meeting; it is in a.csv:3 already; keep one of the rows, or choose with --on-duplicate
    b.jsonl:3: id "3": the same id twice for one meeting; it is in b.jsonl:2 already; keep one of the rows, or choose with --on-duplicate
    "#);
    assert_eq!((report.rows, report.valid, report.invalid), (8, 4, 4));
    assert_eq!(report.problems[&RowErrorCode::DuplicateId], 3);
    assert_eq!(report.files.iter().map(|file| file.rows).collect::<Vec<_>>(), [4, 4]);
}

#[test]
fn a_clean_roster_has_no_problems() {
    let (report, problems) = checked(&[source("a.csv", "id,x\n1,\n2,\n")]);
    assert_eq!((report.rows, report.valid, report.invalid, problems.len()), (2, 2, 0, 0));
    assert_eq!(*report.files[0].extra_columns[0], *"x");
}

#[test]
fn a_roster_that_changes_meanwhile_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("r.csv");
    std::fs::write(&path, "id\n1\n").expect("written");
    let source = RosterSource::open(&path, Caps::default()).expect("a source");
    let result = check(&[source], &options(), &mut App, |event| {
        if let CheckEvent::Row(_) = event {
            std::fs::write(&path, "id\n1\n2\n").expect("written");
        }
    });
    assert!(matches!(result, Err(RosterError::Changed(_))));
}

/// Only valid rows take part, in one meeting: an invalid one never counts instead of a valid one.
#[rstest::rstest]
fn of_two_rows_one_may_count(#[values(OnDuplicate::First, OnDuplicate::Last)] on_duplicate: OnDuplicate) {
    let a = source("a.csv", format!("id,meeting\n1,{MEETING}\n2,{GONE}\n1,{CLOSED}\n1,\n"));
    let b = source("b.jsonl", "{\"id\":1}\n{\"id\":2}\n{\"id\":3,\"preset\":\"x\"}\n{\"id\":3}\n");
    let options = ReadOptions { on_duplicate, ..options() };
    let report = check(&[a, b], &options, &mut App, |_| {}).expect("a report");
    assert_eq!((report.rows, report.valid, report.invalid, report.repeated), (8, 3, 3, 2));
    assert_eq!(report.problems.get(&RowErrorCode::DuplicateId), None);
}
