//! K14: the gate outlives the process: a restart doesn't knock on a closed door, whatever kind of request had closed it.

use rstest::rstest;

use crate::support::Import;

/// Every kind of request that an import makes, at each place where it makes it.
#[rstest]
#[case::add("throttle=#10", "")]
#[case::presets("throttle=#1@presets", "")]
#[case::meeting_of_the_roster("throttle=#1@meeting", "")]
#[case::meeting_that_refuses("throttle=#2@meeting", "not-found=ID:guest-0007")]
#[case::list_before_the_first_create("throttle=#1@list", "")]
#[case::list_of_doubts("throttle=#2@list", "close-after=ID:guest-0007")]
#[case::token("throttle=#1@token", "close-after=ID:guest-0007")]
fn k14_a_restart_honours_a_closed_gate(#[case] throttle: &str, #[case] other: &str) {
    let import = Import::new().people(40).fault(throttle);
    let import = if other.is_empty() { import } else { import.fault(other) };
    let import = import.server_with(|settings| settings.throttle_retry_after = Some("60".to_owned()));
    let mut running = import.spawn_with("--concurrency 2");
    running.until_said("\"throttled\"");
    running.kill();
    let before = import.server().requests();
    let mut again = import.spawn();
    again.until_said("\"throttled\"");
    again.signal(rustix::process::Signal::INT);
    again.end().exit(130);
    assert_eq!(import.server().requests(), before, "it knocked on a closed door");
}

/// M01: the clock is set back between the two: by an hour, or it is only known that the gate lies a month ahead. The
/// restart waits half a minute, as after any 429 that doesn't say for how long; it neither knocks nor gives up.
#[rstest]
#[case::with_the_run_that_kept_it(1, true)]
#[case::nobody_knows_why(30 * 24, false)]
fn m01_a_gate_after_the_clock_was_set_back(#[case] hours: i64, #[case] runs: bool) {
    let import = Import::new().people(5).fault("throttle=#3");
    let import = import.server_with(|settings| settings.throttle_retry_after = Some("60".to_owned()));
    let mut running = import.spawn_with("--concurrency 1");
    running.until_said("\"throttled\"");
    running.kill();
    // What was noted a moment ago lies ahead now.
    let ahead = hours * 3_600_000;
    import.tamper(&format!("UPDATE journal SET gate_until = gate_until + {ahead}"));
    if runs {
        import.tamper(&format!("UPDATE runs SET started_at = started_at + {ahead}"));
    }
    let before = import.server().requests();
    let mut again = import.spawn();
    again.until_said("\"waiting\"").signal(rustix::process::Signal::INT);
    let ran = again.end().exit(130);
    let seconds = ran.lines_of("waiting")[0]["seconds"].as_f64().unwrap();
    assert!((1.0..=30.0).contains(&seconds), "{seconds}");
    assert_eq!(import.server().requests(), before, "it knocked on a closed door");
    // The next one finds it so.
    let kept = import.ask::<i64>("SELECT gate_until FROM journal");
    assert!(kept <= jiff::Timestamp::now().as_millisecond() + 30_000, "{kept}");
}

/// A kept gate opens: the run goes on when it is over, with a probe.
#[test]
fn k14_a_kept_gate_opens_in_time() {
    let import = Import::new().people(20).fault("throttle=#10@add");
    let import = import.server_with(|settings| settings.throttle_retry_after = Some("4".to_owned()));
    let mut running = import.spawn_with("--concurrency 1");
    running.until_said("\"throttled\"");
    running.kill();
    import.run().exit(0);
    assert_eq!(import.server().stats().requests_too_early, 0);
    import.assert_everyone_is_in_once();
}
