//! K08, K09: somebody stops it.

use std::time::Duration;

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
    assert!(stats.adds_received <= received + 16, "{received} {stats:?}");
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
    let mut running = import.spawn_with("--concurrency 4");
    running.until("four hang", |stats| stats.adds_received == 8);
    running.signal(Signal::INT);
    running.until_warned("stopping");
    running.signal(Signal::INT);
    running.end().exit(130);
    import.run().exit(0);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}
