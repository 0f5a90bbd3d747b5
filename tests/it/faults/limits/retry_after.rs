//! R03, R04: `Retry-After`, in both forms and in forms that are none.

use jiff::SignedDuration;
use rstest::rstest;

use crate::support::{Import, Ran};

fn throttled_once(people: usize, retry_after: &str) -> Import {
    Import::new().people(people).fault("throttle=#3").server_with(|settings| {
        settings.throttle_retry_after = Some(retry_after.to_owned());
    })
}

/// The longest wait that it announced.
fn longest_wait(ran: &Ran) -> f64 {
    ran.lines_of("waiting").iter().filter_map(|line| line["seconds"].as_f64()).fold(0.0, f64::max)
}

/// R03: a date counts from the answer's own `Date`: whose clock is off by an hour doesn't matter.
#[rstest]
#[case::ahead(1)]
#[case::behind(-1)]
#[case::right(0)]
fn r03_a_date_counts_from_the_servers_own_clock(#[case] hours: i64) {
    let import = throttled_once(10, "date+3")
        .server_with(|settings| settings.clock_offset = SignedDuration::from_hours(hours));
    let ran = import.run_with("--concurrency 1").exit(0).added(10);
    assert_eq!(import.server().stats().requests_too_early, 0);
    // What it asked for, and a second of jitter at the most: not the half minute of a wait without a date.
    assert!(longest_wait(&ran) <= 4.0, "{}", ran.stdout);
}

/// R04: a wait that nobody wants to sit out ends the run; the next one doesn't ask before it is over.
#[rstest]
#[case::seconds("3600")]
#[case::a_date("date+3600")]
#[case::just_above("901")]
fn r04_a_wait_of_hours_ends_the_run(#[case] retry_after: &str) {
    let import = throttled_once(10, retry_after);
    import.run_with("--concurrency 1").exit(5).stopped("throttled").added(2).uncertain(0);
    let before = import.server().requests();
    import.run().exit(5).says("refuses all requests for another");
    assert_eq!(import.server().requests(), before, "it knocked on a closed door");
}

/// R01: a 429 that doesn't say for how long is waited for half a minute, and counts as no attempt.
#[test]
fn r01_a_429_without_a_retry_after() {
    let import = throttled_once(10, "").server_with(|settings| settings.throttle_retry_after = None);
    let mut running = import.spawn_with("--concurrency 1");
    running.until_said("\"throttled\"").signal(rustix::process::Signal::INT);
    let ran = running.end().exit(130).added(2).uncertain(0);
    assert!((20.0..=31.0).contains(&longest_wait(&ran)), "{}", ran.stdout);
    assert_eq!(import.server().stats().adds_received, 3);
    assert_eq!(import.ask::<u64>("SELECT count(*) FROM participants WHERE sends > 0"), 2);
}

/// R04: what makes no sense counts as absent: half a minute. The run is stopped there; what matters is that it waits.
#[rstest]
fn r04_a_senseless_wait_counts_as_absent(
    #[values("-5", "0", "1e12", "abc", "99999999999999999999", "1000000000000")] retry_after: &str,
) {
    let import = throttled_once(10, retry_after);
    let mut running = import.spawn_with("--concurrency 1");
    running.until_said("\"throttled\"").signal(rustix::process::Signal::INT);
    let ran = running.end().exit(130).added(2).uncertain(0);
    assert!((1.0..=31.0).contains(&longest_wait(&ran)), "{}", ran.stdout);
    assert_eq!(import.server().stats().adds_received, 3);
}
