//! What can be relied on: faults that repeat, headers by script, counts of when requests came.

use super::{Bench, SandboxSettings};
use crate::sandbox::{Sandbox, SandboxError};

/// What fifty requests are answered: statuses, and who was made.
async fn answers(seed: u64) -> Vec<(u16, Option<String>)> {
    let rules = ["conflict=ID:guest-3", "500-after=0.2", "throttle=0.2", "refuse=#7,9", "no-id=0.1"];
    let faults = rules.map(|rule| rule.parse().unwrap()).to_vec();
    let bench = Bench::start(SandboxSettings { faults, seed, ..SandboxSettings::default() }).await;
    let mut answers = Vec::new();
    for number in 0..50 {
        let got = bench.add(&format!("guest-{}", number % 20)).await;
        answers.push((got.status, got.json()["data"]["id"].as_str().map(str::to_owned)));
    }
    answers
}

#[tokio::test]
async fn the_same_seed_and_the_same_requests_get_the_same_answers() {
    let first = answers(7).await;
    assert_eq!(answers(7).await, first);
    assert_ne!(answers(8).await, first);
    for status in [201, 409, 422, 429, 500] {
        assert!(first.iter().any(|(got, _)| *got == status), "no {status}: {first:?}");
    }
}

#[tokio::test]
async fn headers_are_sent_as_the_script_has_them() {
    let settings = SandboxSettings {
        ratelimit: Some("\"a\";r=1;t=1, \"d\u{e9}faut\";r=-1".to_owned()),
        clock_offset: jiff::SignedDuration::from_hours(-24 * 365),
        ..SandboxSettings::default()
    };
    let bench = Bench::start(settings).await;
    let got = bench.add("a").await;
    assert_eq!(got.header("ratelimit"), Some("\"a\";r=1;t=1, \"d\u{e9}faut\";r=-1"));
    assert_eq!(got.header("ratelimit-policy"), Some("\"default\";q=1200;w=300"));
    let year = jiff::Timestamp::now().to_string()[..4].parse::<u16>().unwrap();
    let date = got.header("date").unwrap();
    assert!(date.contains(&format!(" {} ", year - 1)) || date.contains(&format!(" {year} ")), "{date}");
    assert_eq!(got.head.matches("date: ").count(), 1);
}

#[tokio::test]
async fn what_is_no_header_is_refused() {
    let settings = SandboxSettings { ratelimit: Some("two\nlines".to_owned()), ..SandboxSettings::default() };
    assert!(matches!(Sandbox::start(settings).await, Err(SandboxError::InvalidHeader(_))));
}

#[tokio::test]
async fn who_comes_back_too_early_is_counted() {
    let settings = SandboxSettings {
        faults: vec!["throttle=#1".parse().unwrap()],
        throttle_retry_after: Some("date+3600".to_owned()),
        ..SandboxSettings::default()
    };
    let bench = Bench::start(settings).await;
    for id in ["a", "a", "b"] {
        bench.add(id).await;
    }
    let stats = bench.sandbox.stats();
    assert_eq!((stats.throttled, stats.requests_too_early), (1, 2));
    assert!((1..=3).contains(&stats.most_within_a_second), "{stats:?}");
}
