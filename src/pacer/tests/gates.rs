//! 429s and outages: who waits, how long, and how it goes on.

use std::time::Duration;

use rstest::rstest;
use tokio::time::{Instant, advance};

use super::super::{GiveUp, Hindrance, Pacer, PacerSettings, PauseReason, Rate, Server, Signal};
use super::simulation::{led, run};
use super::{MINUTE, SECOND, bare, exchange, pacer, permits, retry_after};
use crate::outcome::LimitHeaders;

/// How long the gate stays closed.
fn closed_for(pacer: &Pacer) -> Duration {
    pacer.gate().map_or(Duration::ZERO, |pause| pause.until - Instant::now())
}

#[rstest]
#[case::seconds(retry_after("4"), 4)]
#[case::longest(retry_after("900"), 900)]
#[case::absent(bare(), 30)]
#[case::zero(retry_after("0"), 30)]
#[case::negative(retry_after("-5"), 30)]
#[case::scientific(retry_after("1e12"), 30)]
#[case::word(retry_after("abc"), 30)]
#[case::overflow(retry_after("99999999999999999999"), 30)]
#[case::two(LimitHeaders { retry_after: vec!["7".into(), "9".into()], ..bare() }, 9)]
#[case::date(LimitHeaders {
    retry_after: vec!["Wed, 21 Oct 2015 07:29:00 GMT".into()],
    date: Some("Wed, 21 Oct 2015 07:28:00 GMT".into()),
    ..bare()
}, 60)]
#[tokio::test(start_paused = true)]
async fn a_429_closes_the_gate_for_everybody(#[case] headers: LimitHeaders, #[case] seconds: u64) {
    let pacer = pacer("unlimited", Server::Loopback);
    assert_eq!(permits(&pacer, 16), 16);
    pacer.observe(Signal::Throttled, &headers).unwrap();
    let pause = Duration::from_secs(seconds);
    assert!((pause..=pause + SECOND).contains(&closed_for(&pacer)), "{:?}", closed_for(&pacer));
    assert_eq!(pacer.gate().unwrap().reason, PauseReason::Throttled);
    assert_eq!(permits(&pacer.clone(), 16), 0);
    advance(pause - SECOND / 2).await;
    assert_eq!(permits(&pacer, 1), 0);
    let before = Instant::now();
    pacer.permit().await.unwrap();
    assert!(before.elapsed() >= SECOND / 2);
}

/// What a metric says of a run: pauses that overlap count once, and what is still to come doesn't count.
#[tokio::test(start_paused = true)]
async fn how_often_and_how_long_the_gate_was_closed_is_counted() {
    let pacer = pacer("unlimited", Server::Loopback);
    assert_eq!(pacer.hindrance(), Hindrance::default());
    pacer.close_for(10 * SECOND, PauseReason::Throttled);
    advance(4 * SECOND).await;
    assert_eq!(pacer.hindrance().closed, 4 * SECOND);
    pacer.close_for(3 * SECOND, PauseReason::Outage);
    pacer.close_for(8 * SECOND, PauseReason::Throttled);
    advance(MINUTE).await;
    assert_eq!(pacer.hindrance(), Hindrance { throttled: 0, closed: 12 * SECOND });
    exchange(&pacer, Signal::Throttled, &retry_after("5")).await.unwrap();
    exchange(&pacer, Signal::Answered, &bare()).await.unwrap();
    let Hindrance { throttled, closed } = pacer.hindrance();
    assert_eq!(throttled, 1);
    assert!((17 * SECOND..=18 * SECOND).contains(&closed), "{closed:?}");
}

#[tokio::test(start_paused = true)]
async fn cloudflare_refuses_everything_for_five_minutes() {
    let pacer = pacer("auto", Server::Cloudflare);
    exchange(&pacer, Signal::Throttled, &bare()).await.unwrap();
    assert!(closed_for(&pacer) >= 5 * MINUTE);
}

#[tokio::test(start_paused = true)]
async fn too_long_a_pause_ends_the_run_with_the_time_to_resume() {
    let pacer = pacer("auto", Server::Loopback);
    let end = exchange(&pacer, Signal::Throttled, &retry_after("901")).await;
    let too_long = GiveUp::ThrottledTooLong { retry_after: 901 * SECOND };
    assert_eq!(end, Err(too_long.clone()));
    assert!(closed_for(&pacer) >= 901 * SECOND);
    assert_eq!(pacer.permit().await, Err(too_long));
}

#[tokio::test(start_paused = true)]
async fn the_longest_pause_of_those_in_flight_counts() {
    let pacer = pacer("unlimited", Server::Loopback);
    assert_eq!(permits(&pacer, 3), 3);
    for seconds in ["10", "60", "20"] {
        pacer.observe(Signal::Throttled, &retry_after(seconds)).unwrap();
    }
    assert!((60 * SECOND..=61 * SECOND).contains(&closed_for(&pacer)), "{:?}", closed_for(&pacer));
}

#[tokio::test(start_paused = true)]
async fn after_the_gate_one_probes_and_then_twice_as_many_go_each_time() {
    let pacer = pacer("unlimited", Server::Loopback);
    exchange(&pacer, Signal::Throttled, &retry_after("5")).await.unwrap();
    advance(7 * SECOND).await;
    for wave in [1, 2, 4, 8] {
        assert_eq!((permits(&pacer, 64), permits(&pacer, 64)), (wave, 0));
        for _ in 0..wave {
            pacer.observe(Signal::Answered, &bare()).unwrap();
        }
    }
    assert_eq!((permits(&pacer, 64), permits(&pacer, 64)), (16, 64));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_was_not_sent_leaves_the_way_to_another() {
    let pacer = pacer("unlimited", Server::Loopback);
    exchange(&pacer, Signal::Throttled, &retry_after("5")).await.unwrap();
    advance(7 * SECOND).await;
    assert_eq!((permits(&pacer, 16), permits(&pacer, 16)), (1, 0));
    pacer.give_back(0);
    assert_eq!(permits(&pacer, 16), 0, "the probe is out");
    pacer.give_back(1);
    assert_eq!((permits(&pacer, 16), permits(&pacer, 16)), (1, 0));
    pacer.observe(Signal::Answered, &led("\"a\";r=0;t=5", "")).unwrap();
    advance(5 * SECOND).await;
    assert_eq!((permits(&pacer, 16), permits(&pacer, 16)), (1, 0));
    pacer.give_back(1);
    assert_eq!((permits(&pacer, 16), permits(&pacer, 16)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn giving_back_nothing_lets_nobody_in() {
    let pacer = pacer("unlimited", Server::Loopback);
    exchange(&pacer, Signal::Throttled, &retry_after("5")).await.unwrap();
    advance(7 * SECOND).await;
    assert_eq!(permits(&pacer, 16), 1);
    pacer.give_back(0);
    assert_eq!(permits(&pacer, 16), 0, "a second probe");
}

#[rstest]
#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_probe_goes_on_with_its_answer(#[values(true, false)] answered: bool) {
    let pacer = pacer("unlimited", Server::Loopback);
    pacer.close_for(5 * SECOND, PauseReason::Throttled);
    pacer.permit().await.unwrap();
    let waiting = tokio::spawn({
        let pacer = pacer.clone();
        async move { pacer.permit().await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    let now = Instant::now();
    if answered {
        pacer.observe(Signal::Answered, &bare()).unwrap();
    } else {
        pacer.give_back(1);
    }
    waiting.await.unwrap().unwrap();
    assert_eq!(now.elapsed(), Duration::ZERO, "it waited for a timer");
}

#[rstest]
#[case::without_retry_after(bare())]
#[case::a_second(retry_after("1"))]
#[case::five_minutes(retry_after("300"))]
#[tokio::test(start_paused = true)]
async fn a_server_that_always_throttles_ends_the_run_after_few_requests(#[case] headers: LimitHeaders) {
    let pacer = pacer("auto", Server::Loopback);
    let (start, mut requests) = (Instant::now(), 0);
    let end = loop {
        requests += 1;
        if let Err(end) = exchange(&pacer, Signal::Throttled, &headers).await {
            break end;
        }
    };
    assert!(matches!(end, GiveUp::NeverAdmitted { lasted } if lasted >= 15 * MINUTE), "{end:?}");
    assert!(start.elapsed() <= 21 * MINUTE, "{:?}", start.elapsed());
    assert!(requests <= 20, "{requests}");
}

#[tokio::test(start_paused = true)]
async fn a_gate_is_no_outage() {
    let settings =
        PacerSettings { rate: Rate::Auto, server: Server::Loopback, burst: 16, max_outage: 10 * SECOND };
    let pacer = Pacer::new(settings);
    for _ in 0..20 {
        exchange(&pacer, Signal::Throttled, &retry_after("300")).await.unwrap();
        exchange(&pacer, Signal::Answered, &bare()).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_gate_kept_from_before_a_restart_holds() {
    let pacer = pacer("auto", Server::Cloudflare);
    pacer.close_for(300 * SECOND, PauseReason::Throttled);
    let start = Instant::now();
    pacer.permit().await.unwrap();
    assert!(start.elapsed() >= 300 * SECOND);
    assert_eq!(permits(&pacer, 16), 0, "a kept gate too ends with one probe");
}

#[tokio::test(start_paused = true)]
async fn a_gate_of_for_ever_is_cut() {
    let pacer = pacer("auto", Server::Cloudflare);
    pacer.close_for(Duration::MAX, PauseReason::Throttled);
    assert!(closed_for(&pacer) <= 24 * 60 * MINUTE);
    assert!(matches!(pacer.permit().await, Err(GiveUp::ThrottledTooLong { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_single_failure_among_successes_stops_nobody() {
    let pacer = pacer("unlimited", Server::Loopback);
    for _ in 0..50 {
        assert_eq!(permits(&pacer, 16), 16);
        pacer.observe(Signal::Failed, &bare()).unwrap();
        for _ in 0..15 {
            pacer.observe(Signal::Answered, &bare()).unwrap();
        }
        assert_eq!(pacer.gate(), None);
    }
}

#[rstest]
#[case::in_a_row(5, 0)]
#[case::every_third(1, 2)]
#[tokio::test(start_paused = true)]
async fn many_failures_close_the_gate(#[case] failures: usize, #[case] successes: usize) {
    let pacer = pacer("unlimited", Server::Loopback);
    assert_eq!(permits(&pacer, 100), 100);
    for _ in 0..20 {
        for _ in 0..failures {
            pacer.observe(Signal::Failed, &bare()).unwrap();
        }
        if let Some(pause) = pacer.gate() {
            assert_eq!(pause.reason, PauseReason::Outage);
            return;
        }
        for _ in 0..successes {
            pacer.observe(Signal::Answered, &bare()).unwrap();
        }
    }
    panic!("the gate never closed");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_fails_closes_the_gate_at_once() {
    let pacer = pacer("unlimited", Server::Loopback);
    exchange(&pacer, Signal::NotConnected, &bare()).await.unwrap();
    assert_eq!(pacer.gate().map(|pause| pause.reason), Some(PauseReason::Outage));
}

/// A breaker: while nothing gets through, requests are few.
#[rstest]
#[tokio::test(start_paused = true)]
async fn an_outage_ends_the_run_in_time_and_after_few_requests(
    #[values(Signal::NotConnected, Signal::Failed)] signal: Signal,
) {
    let run = run(&pacer("unlimited", Server::Loopback), &mut || (signal, bare()), 100).await;
    assert!(matches!(run.end, Err(GiveUp::Outage { lasted }) if lasted >= 15 * MINUTE), "{:?}", run.end);
    assert!(run.lasted() <= 15 * MINUTE + SECOND, "{:?}", run.lasted());
    assert!(run.sent.len() <= 100, "{}", run.sent.len());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_comes_back_is_used_again() {
    let start = Instant::now();
    let mut server = || {
        let signal = if start.elapsed() < 5 * SECOND { Signal::NotConnected } else { Signal::Answered };
        (signal, bare())
    };
    let run = run(&pacer("unlimited", Server::Loopback), &mut server, 200).await;
    assert_eq!(run.end, Ok(()));
    assert!(run.lasted() < 20 * SECOND, "{:?}", run.lasted());
}

/// An early failure and one much later, with nothing in between, are no outage of all that time.
#[tokio::test(start_paused = true)]
async fn two_failures_far_apart_are_no_outage() {
    let pacer = pacer("unlimited", Server::Loopback);
    exchange(&pacer, Signal::Failed, &bare()).await.unwrap();
    advance(20 * MINUTE).await;
    exchange(&pacer, Signal::Failed, &bare()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_success_lets_the_back_off_begin_anew() {
    let pacer = pacer("unlimited", Server::Loopback);
    for _ in 0..10 {
        exchange(&pacer, Signal::NotConnected, &bare()).await.unwrap();
    }
    exchange(&pacer, Signal::Answered, &bare()).await.unwrap();
    exchange(&pacer, Signal::NotConnected, &bare()).await.unwrap();
    assert!(closed_for(&pacer) <= SECOND / 4, "{:?}", closed_for(&pacer));
}

#[tokio::test(start_paused = true)]
async fn late_answers_to_what_left_before_the_gate_are_no_refused_probe() {
    let settings =
        PacerSettings { rate: Rate::Auto, server: Server::Loopback, burst: 16, max_outage: 10 * SECOND };
    let pacer = Pacer::new(settings);
    assert_eq!(permits(&pacer, 2), 2);
    pacer.observe(Signal::Throttled, &bare()).unwrap();
    advance(20 * SECOND).await;
    pacer.observe(Signal::Throttled, &bare()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_closed_gate_opens_no_sooner() {
    let pacer = pacer("auto", Server::Loopback);
    pacer.close_for(60 * SECOND, PauseReason::Throttled);
    pacer.close_for(10 * SECOND, PauseReason::Throttled);
    assert_eq!(closed_for(&pacer), 60 * SECOND);
}

/// A pacer whose gate has opened and whose probe was answered: two may leave.
async fn ramping() -> Pacer {
    let pacer = pacer("unlimited", Server::Loopback);
    pacer.close_for(SECOND, PauseReason::Throttled);
    exchange(&pacer, Signal::Answered, &bare()).await.unwrap();
    pacer
}

#[tokio::test(start_paused = true)]
async fn failures_and_unused_permits_never_stop_the_ramp() {
    let pacer = ramping().await;
    assert_eq!(permits(&pacer, 16), 2);
    pacer.give_back(2);
    assert_eq!(permits(&pacer, 16), 2);
    pacer.observe(Signal::Failed, &bare()).unwrap();
    pacer.observe(Signal::Failed, &bare()).unwrap();
    assert_eq!(permits(&pacer, 16), 2);
}

#[tokio::test(start_paused = true)]
async fn after_a_probe_a_single_failure_is_single_again() {
    let pacer = pacer("unlimited", Server::Loopback);
    for _ in 0..5 {
        exchange(&pacer, Signal::Failed, &bare()).await.unwrap();
    }
    assert!(pacer.gate().is_some());
    exchange(&pacer, Signal::Answered, &bare()).await.unwrap();
    exchange(&pacer, Signal::Failed, &bare()).await.unwrap();
    assert_eq!(pacer.gate(), None);
}

#[tokio::test(start_paused = true)]
async fn a_success_takes_back_that_the_run_was_given_up() {
    let pacer = pacer("unlimited", Server::Loopback);
    assert_eq!(permits(&pacer, 2), 2);
    pacer.observe(Signal::Throttled, &retry_after("901")).unwrap_err();
    pacer.observe(Signal::Answered, &bare()).unwrap();
    pacer.permit().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn not_all_who_waited_come_back_at_once() {
    let mut ends = Vec::new();
    for _ in 0..20 {
        let pacer = pacer("unlimited", Server::Loopback);
        exchange(&pacer, Signal::Throttled, &retry_after("4")).await.unwrap();
        ends.push(closed_for(&pacer));
    }
    ends.dedup();
    assert!(ends.len() > 1, "no jitter");
}
