//! How fast requests leave.

use std::time::Duration;

use proptest::prelude::*;
use rstest::rstest;

use super::super::{Grant, PauseReason, Server, Signal};
use super::simulation::{FixedWindow, LATENCY, led, run};
use super::{MINUTE, SECOND, bare, pacer, permits};

#[tokio::test(start_paused = true)]
async fn five_hundred_people_are_in_a_fresh_quota_within_about_ten_seconds() {
    let mut server = FixedWindow::new(1_200, 5 * MINUTE, 0.0);
    let mut run = run(&pacer("auto", Server::Cloudflare), &mut server, 500).await;
    assert!(run.lasted() <= 10 * SECOND, "{:?}", run.lasted());
    assert_eq!((run.throttled, &run.end), (0, &Ok(())));
    // One worker set leaves before the first answer says anything; what leaves after it keeps to 50 a second.
    let unled = run.sent.len();
    run.sent.retain(|at| *at >= LATENCY);
    assert_eq!(unled - run.sent.len(), 16);
    assert!((49..=51).contains(&run.most_within(SECOND)), "{}", run.most_within(SECOND));
}

/// Nine tenths of what is left after the head-room of 5 %, and after what others use.
#[rstest]
#[case::alone(1_200, 300, 0.0, 0)]
#[case::beside_others(1_200, 300, 1.5, 0)]
// Half of the first window is spent before it can be known that others want three quarters of each.
#[case::beside_heavy_use(1_200, 300, 3.0, 310)]
#[case::small_windows(100, 10, 2.0, 0)]
#[tokio::test(start_paused = true)]
async fn a_long_import_uses_what_the_headers_allow(
    #[case] quota: u32,
    #[case] seconds: u32,
    #[case] others: f64,
    #[case] starved: u64,
) {
    let length = SECOND * seconds;
    let mut server = FixedWindow::new(quota.into(), length, others);
    let run = run(&pacer("auto", Server::Cloudflare), &mut server, 4_000).await;
    assert_eq!(run.throttled, 0);
    assert!(server.starved <= starved, "the live application was starved by {}", server.starved);
    let allowed = f64::from(quota) * 0.95 - others * length.as_secs_f64();
    let windows = run.lasted().as_secs_f64() / length.as_secs_f64();
    let used = 4_000.0 / windows / allowed;
    assert!(used >= 0.9, "{used} of {allowed} in each of {windows} windows");
}

#[tokio::test(start_paused = true)]
async fn another_client_that_eats_the_quota_slows_us_down_and_costs_no_429() {
    let mut left: u64 = 600;
    let end = tokio::time::Instant::now() + 5 * MINUTE;
    let mut server = || {
        left = left.saturating_sub(5);
        let signal = if left == 0 { Signal::Throttled } else { Signal::Answered };
        (
            signal,
            led(
                &format!("\"a\";r={left};t={}", (end - tokio::time::Instant::now()).as_secs()),
                "\"a\";q=600;w=300",
            ),
        )
    };
    let run = run(&pacer("auto", Server::Cloudflare), &mut server, 100).await;
    assert_eq!(run.throttled, 0);
}

#[tokio::test(start_paused = true)]
async fn every_limit_is_obeyed() {
    let mut default = FixedWindow::new(1_200, 5 * MINUTE, 0.0);
    let mut burst = FixedWindow::new(20, 2 * SECOND, 0.0);
    let mut server = || {
        use super::simulation::Server as _;
        let ((first, mut headers), (second, more)) = (default.answer(), burst.answer());
        headers.ratelimit.extend(more.ratelimit.iter().map(|limit| limit.replace("default", "burst")));
        headers.ratelimit_policy.extend(more.ratelimit_policy.iter().map(|q| q.replace("default", "burst")));
        (if second == Signal::Throttled { second } else { first }, headers)
    };
    let run = run(&pacer("auto", Server::Cloudflare), &mut server, 300).await;
    assert_eq!(run.throttled, 0);
    // 19 of 20 in two seconds, and not much less.
    assert!((25 * SECOND..60 * SECOND).contains(&run.lasted()), "{:?}", run.lasted());
}

#[rstest]
#[case::never_recovers("\"a\";r=50;t=1000000000")]
#[case::nothing_left_for_ever("\"a\";r=0;t=1000000000")]
#[case::nothing_left_and_no_time("\"a\";r=0;t=0")]
#[case::less_than_the_head_room("\"a\";r=1;t=30")]
#[tokio::test(start_paused = true)]
async fn senseless_limits_are_probed_and_never_stop_us_for_ever(#[case] limit: &str) {
    let mut server = || (Signal::Answered, led(limit, ""));
    let run = run(&pacer("auto", Server::Cloudflare), &mut server, 20).await;
    assert_eq!(run.end, Ok(()));
    assert!(run.lasted() <= 21 * 5 * MINUTE, "{:?}", run.lasted());
}

/// 1,200 per five minutes, less a tenth, after one worker set.
#[rstest]
#[tokio::test(start_paused = true)]
async fn without_headers_the_published_limit_holds(
    #[values(Server::Cloudflare, Server::Other)] server: Server,
    #[values("", "junk;;", "\"d\u{e9}faut\";r=50000;t=1", "r=50000;t=1", "\"a\";r=-1;t=1")] limit: &str,
) {
    let run = run(&pacer("auto", server), &mut || (Signal::Answered, led(limit, "")), 1_080).await;
    assert_eq!(run.most_within(SECOND), 16 + 3);
    assert!((294 * SECOND..=301 * SECOND).contains(&run.lasted()), "{:?}", run.lasted());
}

#[tokio::test(start_paused = true)]
async fn headers_that_cease_leave_the_published_limit() {
    let pacer = pacer("auto", Server::Cloudflare);
    let mut answers = 0;
    let mut server = || {
        answers += 1;
        (Signal::Answered, if answers <= 5 { led("\"a\";r=1000;t=5", "") } else { bare() })
    };
    let run = run(&pacer, &mut server, 600).await;
    assert!((80 * SECOND..180 * SECOND).contains(&run.lasted()), "{:?}", run.lasted());
}

#[tokio::test(start_paused = true)]
async fn a_loopback_address_without_headers_is_not_limited() {
    let pacer = pacer("auto", Server::Loopback);
    for _ in 0..1_000 {
        assert_eq!(permits(&pacer, 64), 64);
    }
}

#[tokio::test(start_paused = true)]
async fn headers_are_obeyed_on_a_loopback_address_and_without_a_ceiling() {
    for (rate, server) in
        [("auto", Server::Loopback), ("unlimited", Server::Loopback), ("unlimited", Server::Cloudflare)]
    {
        let mut window = FixedWindow::new(100, 30 * SECOND, 0.0);
        let run = run(&pacer(rate, server), &mut window, 300).await;
        assert_eq!(run.throttled, 0, "{rate} {server:?}");
        assert!(run.lasted() > 60 * SECOND, "{:?}", run.lasted());
    }
}

/// Any second holds at most the rate and the small burst; the start is no burst of all workers.
#[rstest]
#[case("10/s", 11)]
#[case("50/s", 52)]
#[case("4/s", 5)]
#[case("1200/5m", 5)]
#[tokio::test(start_paused = true)]
async fn a_rate_set_by_hand_is_a_ceiling(
    #[case] rate: &str,
    #[case] most: usize,
    #[values(Server::Cloudflare, Server::Loopback)] server: Server,
) {
    let run = run(&pacer(rate, server), &mut || (Signal::Answered, bare()), 200).await;
    assert!(run.most_within(SECOND) <= most, "{}", run.most_within(SECOND));
    assert!(run.most_within(SECOND) + 2 >= most, "{}", run.most_within(SECOND));
    assert!(run.most_within(Duration::from_millis(1)) <= 2);
}

#[tokio::test(start_paused = true)]
async fn a_rate_set_by_hand_holds_beside_generous_headers() {
    let mut server = || (Signal::Answered, led("\"a\";r=100000;t=300", ""));
    let run = run(&pacer("10/s", Server::Cloudflare), &mut server, 200).await;
    assert!(run.most_within(SECOND) <= 11, "{}", run.most_within(SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_pause_says_when_and_why() {
    let pacer = pacer("1/s", Server::Loopback);
    assert_eq!(permits(&pacer, 16), 1);
    let Grant::Wait(pause) = pacer.take(16) else { panic!("no pause") };
    assert_eq!((pause.until - tokio::time::Instant::now(), pause.reason), (SECOND, PauseReason::Paced));
}

proptest! {
    /// Whatever happens: no panic, no wait of more than a day, no permit while the gate is closed, never more than wanted.
    #[test]
    fn nothing_makes_it_panic_or_wait_for_ever(
        steps in proptest::collection::vec((0u8..7, any::<u64>(), 0u64..2_000, 0u64..400), 1..200),
        rate in prop_oneof![Just("auto"), Just("5/s"), Just("unlimited")],
        server in prop_oneof![Just(Server::Cloudflare), Just(Server::Loopback)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let pacer = pacer(rate, server);
            for (step, large, small, t) in steps {
                let headers = led(&format!("\"a\";r={small};t={t}"), &format!("\"a\";q={};w=300", large / 2));
                let _ = match step {
                    0 => {
                        let closed = pacer.gate().is_some();
                        match pacer.take(16) {
                            Grant::Permits(permits) => assert!(permits.get() <= 16 && !closed),
                            Grant::Wait(pause) => {
                                assert!(pause.until <= tokio::time::Instant::now() + 24 * 60 * MINUTE + SECOND);
                            }
                        }
                        Ok(())
                    }
                    1 => pacer.observe(Signal::Answered, &headers),
                    2 => pacer.observe(Signal::Throttled, &super::retry_after(&large.to_string())),
                    3 => pacer.observe(Signal::NotConnected, &bare()),
                    4 => pacer.observe(Signal::Failed, &headers),
                    5 => { pacer.give_back(usize::try_from(large).unwrap()); Ok(()) }
                    _ => { tokio::time::advance(Duration::from_millis(small)).await; Ok(()) }
                };
            }
        });
    }
}
