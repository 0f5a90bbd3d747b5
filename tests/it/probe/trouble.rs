//! What goes wrong on the way, and that nobody is left all the same.

use std::time::Duration;

use rstest::rstest;
use rustix::process::Signal;

use crate::support::{Import, Running, wait_until};

fn slow() -> Import {
    Import::new().server_with(|settings| settings.latency = Duration::from_millis(20))
}

fn start(import: &Import) -> Running<'_> {
    Running::start(import, import.command(&import.probe_command("")))
}

/// Somebody else's meeting isn't touched.
#[rstest]
#[case::alone(0)]
#[case::behind_a_probes_leftovers(3)]
fn a_meeting_with_anybody_in_it_is_refused(#[case] leftovers: usize) {
    let import = Import::new().server_with(|settings| settings.max_per_page = 2);
    for number in 0..leftovers {
        import.server().add(
            &format!("guestlist-probe-00000000-{number}"),
            "guestlist probe",
            "webinar_viewer",
        );
    }
    import.server().add("guest-7", "Ann", "webinar_viewer");
    let ran = import.probe("").exit(2);
    let _ = ran.says("somebody is in the scratch meeting").says("guest-7");
    let stats = import.server().stats();
    assert_eq!((stats.adds_applied, stats.removals_applied), (leftovers as u64 + 1, 0));
}

#[test]
fn a_meeting_that_is_not_there_is_refused() {
    let import = Import::new();
    let ran = import.tell("probe --scratch-meeting 5a4db0c5-7e57-4000-8000-00000000dead").exit(2);
    assert!(ran.stderr.contains("HTTP 404"), "{}", ran.stderr);
    let _ = import.tell("probe --scratch-meeting nonsense").exit(2);
    assert_eq!(import.server().requests(), 1);
}

#[test]
fn a_preset_that_is_not_there_is_refused() {
    let import = Import::new();
    let _ = import.probe("--preset hots").exit(2).says("try another --preset");
    assert_eq!(import.server().stats().adds_applied, 0);
}

/// At whatever instant it is interrupted.
#[rstest]
#[case::while_it_adds("add", 3, Signal::INT, 130)]
#[case::while_it_asks("add", 8, Signal::TERM, 143)]
#[case::while_it_refreshes("token", 1, Signal::INT, 130)]
fn a_signal_ends_the_questions_and_empties_the_meeting(
    #[case] kind: &str,
    #[case] requests: u64,
    #[case] signal: Signal,
    #[case] code: i32,
) {
    let import = slow();
    let mut running = start(&import);
    running.until("it has come so far", |stats| stats.requests.get(kind).is_some_and(|n| *n >= requests));
    running.signal(signal);
    let ran = running.end().exit(code);
    assert_eq!((&ran.probe()["empty"], &ran.probe()["stopped"]), (&true.into(), &"interrupted".into()));
    assert!(ran.lines_of("probe_finding").len() < 16);
    import.assert_nobody_is_left();
}

/// Killed, it leaves people behind; the next one finds and removes them, and nothing else is needed for that.
#[rstest]
#[case::while_it_adds("add", 3)]
#[case::while_it_removes("delete", 4)]
fn the_next_probe_removes_whom_a_killed_one_left(#[case] kind: &str, #[case] requests: u64) {
    let import = slow();
    let mut running = start(&import);
    running.until("it has come so far", |stats| stats.requests.get(kind).is_some_and(|n| *n >= requests));
    assert!(running.kill());
    wait_until("nothing is on its way", || import.server().stats().in_flight == 0);
    let left = import.server().stats().participants;
    assert!(left > 0);
    let ran = import.probe("").exit(0).finds("second_add", "another");
    assert_eq!(ran.probe()["left_by_an_earlier_one"], left);
    import.assert_nobody_is_left();
}

/// An add whose answer is lost has made somebody all the same.
#[rstest]
fn whom_no_answer_told_of_is_removed_too(
    #[values("reset-after=#2", "500-after=#4", "no-id=#1", "wrong-echo=#3", "hang-after=#5")] fault: &str,
) {
    let import = Import::new().fault(fault);
    let ran = import.probe("--timeout 1s --connect-timeout 500ms");
    assert_eq!(ran.probe()["empty"], true, "{}", ran.stdout);
    let _ = ran.exit(0).finds("second_add", "another").finds("list_lag", "at_once");
    import.assert_nobody_is_left();
}

/// The run can't go on, but it can still clean up.
#[test]
fn an_end_in_the_middle_empties_the_meeting() {
    let import = Import::new().fault("forbidden=#7");
    let ran = import.probe("").exit(5);
    assert_eq!(ran.probe()["stopped"], "unauthorized");
    assert_eq!(ran.finding("first_page")["answer"], "0_or_1");
    import.assert_nobody_is_left();
}

/// It can't even clean up: it says so, and the next one does.
#[test]
fn what_it_cannot_remove_the_next_one_does() {
    let import = Import::new().fault("422=#1,2,3,4@delete");
    let ran = import.probe("").exit(0);
    assert_eq!(ran.probe()["empty"], true, "the list showed them, and they were removed then");
    import.assert_nobody_is_left();
    let many: Vec<String> = (1..=60).map(|number| number.to_string()).collect();
    let import = Import::new().fault(&format!("422=#{}@delete", many.join(",")));
    let ran = import.probe("").exit(5);
    assert_eq!(ran.probe()["empty"], false);
    let _ = ran.says("run the same command again");
}

/// Nobody is added to a meeting of which it can't be told whether somebody is in it.
#[rstest]
#[case("list-short=1", "never came whole")]
#[case("unauthorized=1@meeting", "refuses the token")]
fn without_a_whole_list_nothing_is_changed(#[case] fault: &str, #[case] why: &str) {
    let import = Import::new().fault(fault);
    let _ = import.probe("").exit(5).says(why);
    assert_eq!(import.server().requests_of("add"), 0);
}

#[test]
fn a_429_is_waited_for() {
    let import = Import::new().fault("throttle=#3").fault("throttle=#2@list");
    let _ = import.probe("").exit(0).finds("second_add", "another").finds("list_order", "oldest_first");
    assert_eq!((import.server().stats().requests_too_early, import.server().stats().throttled), (0, 2));
    import.assert_nobody_is_left();
}
