//! K08, K09: somebody stops it.

use std::time::Duration;

use guestlist::sandbox::MeetingStatus;
use rstest::rstest;
use rustix::process::Signal;

use crate::support::Import;

/// K08: the first signal lets what is on its way come back, and nothing else leaves.
#[rstest]
#[case(Signal::INT, 130)]
#[case(Signal::TERM, 143)]
fn k08_a_signal_drains(#[case] signal: Signal, #[case] code: i32) {
    let import =
        Import::new().people(400).server_with(|settings| settings.latency = Duration::from_millis(40));
    let mut running = import.spawn_with("--concurrency 8");
    running.until("some are in", |stats| stats.adds_applied >= 50);
    running.signal(signal);
    running.until_warned("stopping");
    let received = import.server().stats().adds_received;
    let ran = running.end().exit(code).stopped("interrupted").uncertain(0);
    let stats = import.server().stats();
    assert_eq!(ran.summary()["added"], stats.adds_applied);
    // Those whose intent was committed when the signal came, and that hadn't arrived at the server yet.
    assert!(stats.adds_received <= received + 8, "{received} {stats:?}");
    import.run().exit(0);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}

/// K08: also while it waits for doubts to settle, and at a closed gate.
#[rstest]
#[case("close=#3", "--settle 1h", "settling")]
#[case("throttle=#3", "--settle 1s", "throttled")]
fn k08_a_signal_ends_a_wait(#[case] fault: &str, #[case] flags: &str, #[case] waiting: &str) {
    let import = Import::new()
        .people(20)
        .fault(fault)
        .server_with(|settings| settings.throttle_retry_after = Some("600".to_owned()));
    let mut running = import.spawn_with(&format!("{flags} --concurrency 1"));
    running.until_said(&format!("\"{waiting}\""));
    running.signal(Signal::INT);
    running.end().exit(130).stopped("interrupted");
    import.assert_nobody_is_in_twice();
}

/// K09: the second signal ends it at once; what was on its way is in doubt, and is found.
#[test]
fn k09_two_signals_end_it_at_once() {
    let import = Import::new().people(40).fault("hang-after=#5,6,7,8");
    let mut running = import.spawn_with("--concurrency 4 --timeout 1h");
    running.until("four hang", |stats| stats.adds_received == 8);
    running.signal(Signal::INT);
    running.until_warned("stopping");
    running.signal(Signal::INT);
    // Nobody else would end it: the answers never come, and their timeout is longer than a test waits.
    running.end().exit(130);
    assert_eq!(import.ask::<u64>("SELECT count(*) FROM participants WHERE state = 'sending'"), 4);
    assert_eq!(import.ask::<u64>("SELECT count(*) FROM runs WHERE finished_at IS NOT NULL"), 0);
    import.run().exit(0);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}

/// A run that has nothing left but a doubt: everybody else, of any meeting, is in; it says why it waits and for how
/// long, and can be ended; so can the next one, which has nothing but the doubt from its beginning.
#[test]
fn k08_a_run_with_only_a_doubt_left() {
    let second = "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b";
    let rows = (0..40).map(|n| format!("g{n},webinar_viewer,{}\n", if n % 2 == 0 { "" } else { second }));
    let import = Import::new()
        .roster(format!("id,preset,meeting_id\n{}", rows.collect::<String>()))
        .fault("close=#1")
        .server_with(|settings| settings.meetings.push((second.parse().unwrap(), MeetingStatus::Active)));
    for added in [39, 0] {
        let mut running = import.spawn_with("--settle 1h");
        running.until_said("\"settling\"");
        assert_eq!(import.server().stats().adds_applied, 39);
        running.signal(Signal::INT);
        let ran = running.end().exit(130).stopped("interrupted").added(added).uncertain(1);
        let seconds = ran.lines_of("waiting")[0]["seconds"].as_f64().unwrap();
        assert!((3000.0..=3600.0).contains(&seconds), "{seconds}");
    }
    import.run().exit(0).added(1).present(39);
    assert_eq!((import.server().stats().duplicates, import.server().stats().participants), (0, 40));
}
