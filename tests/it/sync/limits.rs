//! What keeps a sync from emptying a meeting.

use rstest::rstest;

use super::Event;

/// A meeting with so many people, and a roster without the last few of them.
fn without(event: &Event, all: usize, fewer: usize) {
    let people: Vec<_> = (0..all).map(|n| format!("{n:03}")).collect();
    let people: Vec<_> = people.iter().map(|id| (id.as_str(), "Guest")).collect();
    event.roster(&people);
    event.sync("").exit(0);
    event.roster(&people[..all - fewer]);
}

#[rstest]
#[case::a_fifth(30, 6, "", 0)]
#[case::more_than_a_fifth(30, 7, "", 7)]
#[case::five_of_a_few(6, 5, "", 0)]
#[case::six_of_a_few(7, 6, "", 7)]
#[case::by_number(10, 3, "--max-remove 3", 0)]
#[case::above_a_number(10, 4, "--max-remove 3", 7)]
#[case::none(10, 1, "--max-remove 0", 7)]
#[case::all_but_one(30, 29, "--max-remove 100%", 0)]
fn a_limit_holds_at_its_edge(
    #[case] all: usize,
    #[case] fewer: usize,
    #[case] limit: &str,
    #[case] exit: i32,
) {
    let event = Event::new();
    without(&event, all, fewer);
    let changes = event.changes();
    event.sync(&format!("--remove {limit}")).exit(exit);
    let left = if exit == 0 { all - fewer } else { all };
    assert_eq!(event.members().len(), left);
    assert!(exit == 0 || event.changes() == changes, "checked before the first change");
}

/// Who was there before us doesn't raise what may be removed.
#[test]
fn only_those_whom_we_manage_count() {
    let event = Event::new();
    for n in 0..30 {
        event.0.server().add(&format!("old-{n}"), "Old", "group_call_participant");
    }
    without(&event, 8, 6);
    event.sync("--remove").exit(7);
    assert_eq!(event.members().len(), 38);
}

#[rstest]
#[case::header_only("id,name,preset\n", 3)]
#[case::nothing("", 3)]
#[case::only_mistakes("id,name,preset\n,Ann,group_call_participant\n", 7)]
fn an_empty_roster_is_refused_whatever_is_said(#[case] roster: &str, #[case] exit: i32) {
    let event = Event::new();
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.sync("").exit(0);
    event.0.write("list.csv", roster);
    event.sync("--remove --max-remove 100% --on-invalid skip").exit(exit);
    event.assert_members(&[("1", "Ann"), ("2", "Bob")]);
}

/// A row that can't be read may be somebody who is to stay.
#[test]
fn with_invalid_rows_nobody_is_removed() {
    let event = Event::new();
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.sync("").exit(0);
    event.0.write("list.csv", "id,name,preset\n1,Ann,group_call_participant\n2,Bob,no_such_preset\n");
    event.sync("--remove").exit(3);
    event.sync("--remove --on-invalid skip").exit(4);
    let typed = "sync list.csv --remove --on-invalid skip --journal j.db --settle 300ms";
    event.0.tell(typed).exit(4).says("not removed").says("Nobody is removed: 1 row is invalid");
    event.assert_members(&[("1", "Ann"), ("2", "Bob")]);
}

/// A row that the API refuses is no reason to leave others in.
#[test]
fn a_refused_row_does_not_keep_others_in() {
    let event = Event::with("422=#3");
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.sync("").exit(0);
    event.roster(&[("1", "Ann"), ("3", "Cid")]);
    event.sync("--remove").exit(4).rejected(1);
    event.assert_members(&[("1", "Ann")]);
}

#[test]
fn strangers_stay_unless_they_are_meant() {
    let event = Event::new();
    event.0.server().add("7", "Old", "group_call_participant");
    event.roster(&[("1", "Ann"), ("7", "Old")]);
    event.sync("--refresh-found").exit(0).added(1);
    event.0.server().add("9", "Eve", "group_call_participant");
    event.roster(&[("1", "Ann")]);
    event.sync("--remove").exit(0);
    event.assert_members(&[("1", "Ann"), ("7", "Old"), ("9", "Eve")]);
    event.sync("--remove --remove-foreign").exit(0);
    event.assert_members(&[("1", "Ann")]);
}

/// An empty meeting is listed by one page.
const LISTS_OF_THE_FIRST: u64 = 1;

#[test]
fn from_a_list_that_does_not_add_up_nobody_is_removed() {
    // From the second sync on.
    let later: Vec<_> = (LISTS_OF_THE_FIRST + 1..60).map(|n| n.to_string()).collect();
    let event = Event::with(&format!("list-short=#{}", later.join(",")));
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.sync("").exit(0);
    assert_eq!(event.0.server().requests_of("list"), LISTS_OF_THE_FIRST);
    event.roster(&[("1", "Ann"), ("3", "Cid")]);
    event.sync("--remove").exit(5);
    event.assert_members(&[("1", "Ann"), ("2", "Bob")]);
}
