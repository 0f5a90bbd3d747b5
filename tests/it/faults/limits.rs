//! R: limits of the server.

use std::time::Duration;

use guestlist::sandbox::Quota;
use rstest::rstest;

use crate::support::Import;

/// R01, R05: a 429 to any kind of request closes the gate; it is no attempt, and puts nothing in doubt.
#[rstest]
#[case::add("throttle=#5,6")]
#[case::list("throttle=#1@list")]
#[case::presets("throttle=#1@presets")]
#[case::meeting("throttle=#1@meeting")]
fn r01_r05_a_throttled_request_waits_and_is_repeated(#[case] fault: &str) {
    let import = Import::new().people(30).fault(fault);
    import.run_with("--settle 1h --concurrency 4").exit(0).added(30);
    assert!(import.server().stats().throttled > 0);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}

/// R05: also a 429 to a token refresh.
#[test]
fn r05_a_throttled_token_refresh() {
    let import = Import::new().people(3).fault("close-after=ID:guest-0001").fault("throttle=#1@token");
    import.run().exit(0).added(3).without_token(0);
    assert_eq!(import.server().requests_of("token"), 2);
}

/// R01: while the gate is closed nobody knocks.
#[test]
fn r01_one_gate_for_all_workers() {
    let import = Import::new().people(60).fault("throttle=#10");
    let ran = import.run_with("--concurrency 8 --settle 1h").exit(0).added(60);
    // The server asked for a second; that is a lower bound, so a busy machine doesn't matter.
    assert!(ran.summary()["seconds"]["send"].as_f64().unwrap() >= 1.0);
    let stats = import.server().stats();
    // The other seven were on their way already.
    assert!(stats.throttled <= 8 && stats.adds_received <= 60 + 8, "{stats:?}");
}

/// R04: a wait that nobody wants to sit out ends the run.
#[test]
fn r04_a_wait_of_hours_ends_the_run() {
    let import = Import::new()
        .people(10)
        .fault("throttle=#3")
        .server_with(|settings| settings.throttle_retry_after = Some("3600".to_owned()));
    import.run_with("--concurrency 1").exit(5).stopped("throttled").added(2).uncertain(0);
}

/// R10, R12: a roster larger than the quota, led by the server's headers: not one 429.
#[test]
fn r10_the_quota_is_respected_without_a_single_429() {
    let quota = Quota { requests: 60, window: Duration::from_secs(2) };
    let import = Import::new().people(100).server_with(|settings| settings.quota = Some(quota));
    import.run().exit(0).added(100);
    let stats = import.server().stats();
    assert_eq!((stats.throttled, stats.requests_while_blocked), (0, 0), "{stats:?}");
    import.assert_everyone_is_in_once();
}

/// K14: the gate outlives the process: a restart doesn't knock on a closed door.
#[test]
fn k14_a_restart_honours_a_closed_gate() {
    let import = Import::new()
        .people(40)
        .fault("throttle=#10")
        .server_with(|settings| settings.throttle_retry_after = Some("30".to_owned()));
    let mut running = import.spawn_with("--concurrency 2");
    running.until_said("\"throttled\"");
    running.kill();
    let before = import.server().stats().adds_received;
    let mut again = import.spawn();
    again.until_said("\"throttled\"");
    again.signal(rustix::process::Signal::INT);
    again.end().exit(130);
    assert_eq!(import.server().stats().adds_received, before);
    assert_eq!(import.server().requests_of("list"), 1);
}
