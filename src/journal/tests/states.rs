//! The counts add up for a row in any state, and the schema refuses what no row can be.

use super::*;
use rstest::rstest;

/// A row of this run, forced into a state.
fn forced(state: RowState) -> (TestFolder, Journal) {
    let folder = TestFolder::new();
    let journal = folder.run(&["a"]);
    let confirmation = "INSERT INTO confirmations (participant, participant_id, created_at, updated_at) VALUES (1, 'r', '', '')";
    journal.connection.execute(confirmation, []).unwrap();
    let confirmed = matches!(state, RowState::Added | RowState::Present);
    // What is held back was never sent.
    let sends = i64::from(state != RowState::Held);
    let update = "UPDATE participants SET state = ?1, sends = ?3, sent_run = 1, confirmation = ?2";
    journal.connection.execute(update, params![state.name(), confirmed.then_some(1), sends]).unwrap();
    (folder, journal)
}

#[test]
fn a_row_in_any_state_is_counted_once() {
    for state in RowState::ALL {
        let (folder, journal) = forced(state);
        let tally = journal.tally().unwrap();
        assert_eq!(tally.rows(), 1, "{state}: {tally:?}");
        let counts = folder.reader().meetings().unwrap().remove(0);
        let counted: Vec<_> = counts.states.into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [(state, 1)]);
    }
}

#[rstest]
#[case(RowState::Added, |tally: Tally| tally.added)]
#[case(RowState::Present, |tally: Tally| tally.added)]
#[case(RowState::Planned, |tally: Tally| tally.not_attempted)]
#[case(RowState::Sending, |tally: Tally| tally.uncertain)]
#[case(RowState::Uncertain, |tally: Tally| tally.uncertain)]
#[case(RowState::Rejected, |tally: Tally| tally.rejected)]
#[case(RowState::Conflict, |tally: Tally| tally.conflict)]
#[case(RowState::Held, |tally: Tally| tally.held)]
#[case(RowState::Removed, |tally: Tally| tally.not_attempted)]
fn a_state_is_counted_as(#[case] state: RowState, #[case] slot: fn(Tally) -> u64) {
    assert_eq!(slot(forced(state).1.tally().unwrap()), 1);
}

#[rstest]
#[case::added_without_an_id("state = 'added', sends = 1")]
#[case::present_without_an_id("state = 'present'")]
#[case::added_without_a_send("state = 'added', confirmation = 1")]
#[case::sending_without_an_intent("state = 'sending'")]
#[case::planned_with_an_id("confirmation = 1")]
#[case::uncertain_without_a_send("state = 'uncertain'")]
#[case::held_and_sent("state = 'held', sends = 1")]
#[case::held_with_an_id("state = 'held', confirmation = 1")]
#[case::no_state("state = 'done'")]
#[case::fewer_than_no_sends("sends = -1")]
fn the_schema_refuses(#[case] assignment: &str) {
    let (_folder, journal) = forced(RowState::Planned);
    journal.connection.execute("UPDATE participants SET sends = 0", []).unwrap();
    let refused = journal.connection.execute(&format!("UPDATE participants SET {assignment}"), []);
    assert!(refused.is_err());
}
