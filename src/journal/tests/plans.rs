//! The queries that must not scan a million rows, as SQLite means to run them.

use super::*;
use rstest::rstest;

/// Only the export reads every row, and whoever looks for possible duplicates; only the open ones are looked through for
/// the dead. No temporary b-tree but one that goes to the disk, so no memory of the roster's size.
#[rstest]
#[case::claim(crate::journal::queue::PLANNED, &[
    "SEARCH m USING INTEGER PRIMARY KEY (rowid=?)",
    "SCALAR SUBQUERY 1",
    "SEARCH runs USING INTEGER PRIMARY KEY (rowid=?)",
    "SEARCH p USING INDEX participants_open (meeting=? AND participant>?)",
])]
#[case::meetings(MEETINGS, &[
    "SEARCH m USING INTEGER PRIMARY KEY (rowid=?)",
    "LIST SUBQUERY 2",
    "SEARCH run_meetings USING PRIMARY KEY (run=?)",
    "CORRELATED SCALAR SUBQUERY 1",
    "SEARCH p USING INDEX participants_open (meeting=?)",
])]
#[case::without_token(tokens::WITHOUT_TOKEN, &[
    "SEARCH c USING INDEX confirmations_without_token (participant>?)",
    "SEARCH p USING INTEGER PRIMARY KEY (rowid=?)",
    "SEARCH m USING INTEGER PRIMARY KEY (rowid=?)",
])]
#[case::the_dead_are_doubted(crate::journal::queue::DOUBT_THE_DEAD, &[
    "SCAN participants USING INDEX participants_open",
])]
#[case::the_dead_are_lost(crate::journal::queue::LOSE_THE_DEAD, &[
    "SEARCH participants USING INTEGER PRIMARY KEY (rowid=?)",
    "USING ROWID SEARCH ON TABLE doubts FOR IN-OPERATOR",
])]
#[case::spellings(lookalikes::SPELLINGS, &[
    "SEARCH participants EXISTS USING INDEX participants_open (meeting=?)",
    "SEARCH temp.listed USING PRIMARY KEY (meeting=?)",
])]
#[case::look_alike(lookalikes::ALIKE, &[
    "SEARCH p USING INDEX participants_open (meeting=?)",
    "SCAN temp.spellings EXISTS",
    "SEARCH s USING PRIMARY KEY (folded=?)",
])]
#[case::plan_rejected(stage::PLAN_REJECTED, &[
    "SEARCH participants USING INTEGER PRIMARY KEY (rowid=?)",
    "USING ROWID SEARCH ON TABLE refusals FOR IN-OPERATOR",
])]
#[case::send_anew(stage::SEND_ANEW, &[
    "SEARCH participants USING INDEX participants_open (meeting=?)",
    "LIST SUBQUERY 1",
    "SEARCH run_meetings USING PRIMARY KEY (run=?)",
])]
#[case::forget_refusals(stage::FORGET_REFUSALS, &[
    "SEARCH refusals USING INTEGER PRIMARY KEY (rowid=?)",
    "LIST SUBQUERY 1",
    "SCAN refusals",
    "SEARCH participants USING INTEGER PRIMARY KEY (rowid=?)",
])]
#[case::has_new(crate::journal::twins::HAS_NEW, &[
    "SCAN CONSTANT ROW",
    "SCALAR SUBQUERY 1",
    "SCAN participants USING INDEX participants_open",
])]
#[case::find_left(crate::journal::twins::FIND_LEFT, &[
    "SCAN participants",
    "LIST SUBQUERY 1",
    "SEARCH run_meetings USING PRIMARY KEY (run=?)",
    "CREATE BLOOM FILTER",
    "USE TEMP B-TREE FOR GROUP BY",
])]
#[case::pair(crate::journal::twins::PAIR, &[
    "SCAN p USING INDEX participants_open",
    "SEARCH l USING PRIMARY KEY (meeting=? AND person=?)",
])]
#[case::withhold(crate::journal::twins::WITHHOLD, &[
    "SEARCH participants USING INTEGER PRIMARY KEY (rowid=?)",
    "USING ROWID SEARCH ON TABLE twins FOR IN-OPERATOR",
])]
#[case::release(crate::journal::twins::RELEASE, &[
    "SEARCH participants USING INTEGER PRIMARY KEY (rowid=?)",
    "USING ROWID SEARCH ON TABLE twins FOR IN-OPERATOR",
])]
#[case::forget_twins(crate::journal::twins::FORGET_TWINS, &[
    "SEARCH twins USING INTEGER PRIMARY KEY (rowid=?)",
    "LIST SUBQUERY 1",
    "SCAN twins",
    "SEARCH participants USING INTEGER PRIMARY KEY (rowid=?)",
])]
#[case::export(export_rows::EXPORT, &[
    "SCAN p",
    "SCALAR SUBQUERY 2",
    "SEARCH runs USING INTEGER PRIMARY KEY (rowid=?)",
    "SCALAR SUBQUERY 1",
    "SEARCH runs",
    "SEARCH meetings USING INTEGER PRIMARY KEY (rowid=?)",
    "SEARCH c USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN",
    "SEARCH r USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN",
])]
fn a_query_is_run_as_meant(#[case] sql: &str, #[case] plan: &[&str]) {
    let folder = TestFolder::new();
    let mut journal = folder.run(&["a"]);
    // So that the temporary tables are there.
    journal.begin_listing(journal.key()).unwrap();
    lookalikes::prepare(&journal.connection).unwrap();
    let temporary = "CREATE TEMP TABLE left_in_meeting (
        meeting INTEGER NOT NULL, person BLOB NOT NULL, participant INTEGER NOT NULL, PRIMARY KEY (meeting, person)
    ) STRICT, WITHOUT ROWID";
    journal.connection.execute_batch(temporary).unwrap();
    let mut statement = journal.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    for index in 1..=statement.parameter_count() {
        statement.raw_bind_parameter(index, 1).unwrap();
    }
    let steps: Vec<String> =
        statement.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>().unwrap();
    assert_eq!(steps, plan);
}
