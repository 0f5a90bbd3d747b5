//! The promise about pace: a long import uses at least nine tenths of what the headers allow after head-room, without a
//! single 429, also beside another client. Over many quotas, windows, latencies and loads, on paused time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::num::NonZeroUsize;
use std::time::Duration;

use rstest::rstest;
use tokio::time::{Instant, advance};

use super::super::{Grant, Pacer, PacerSettings, Rate, Server, Signal};
use super::MINUTE;
use super::simulation::led;
use crate::outcome::LimitHeaders;

/// How many windows an import lasts.
const WINDOWS: u32 = 6;
const WORKERS: usize = 16;
/// A timer wakes no sooner than asked, and up to so much later.
const LATE: Duration = Duration::from_millis(1);

/// When a quota is full again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reset {
    /// By the clock, whoever sends.
    ByTheClock,
    /// A window begins with the first request after the last one has ended.
    OnDemand,
    /// Each request counts for a window's time, and `t` says when the oldest is forgotten.
    Rolling,
}

/// A server with a quota, and another client that spends some of it.
struct Limited {
    quota: usize,
    window: Duration,
    reset: Reset,
    /// The requests that count just now.
    counted: VecDeque<Instant>,
    /// When the window began.
    since: Instant,
    others_every: Option<Duration>,
    others_next: Instant,
    others_starved: usize,
}

impl Limited {
    fn new(quota: usize, window: Duration, reset: Reset, others: f64) -> Self {
        let now = Instant::now();
        let others_every = (others > 0.0).then(|| window.div_f64(others * as_f64(quota)));
        Self {
            quota,
            window,
            reset,
            counted: VecDeque::new(),
            // The import begins somewhere in a window.
            since: now.checked_sub(window.mul_f64(0.3)).unwrap_or(now),
            others_every,
            others_next: now,
            others_starved: 0,
        }
    }

    fn forget(&mut self, now: Instant) {
        match self.reset {
            Reset::Rolling => {
                while self.counted.front().is_some_and(|at| now - *at >= self.window) {
                    self.counted.pop_front();
                }
            }
            Reset::ByTheClock => {
                while now - self.since >= self.window {
                    self.since += self.window;
                    self.counted.clear();
                }
            }
            Reset::OnDemand if now - self.since >= self.window || self.counted.is_empty() => {
                self.since = now;
                self.counted.clear();
            }
            Reset::OnDemand => {}
        }
    }

    fn admits(&mut self, now: Instant) -> bool {
        self.forget(now);
        let admits = self.counted.len() < self.quota;
        if admits {
            self.counted.push_back(now);
        }
        admits
    }

    fn answer(&mut self, now: Instant) -> (Signal, LimitHeaders) {
        while let Some(every) = self.others_every.filter(|_| self.others_next <= now) {
            let at = self.others_next;
            self.others_starved += usize::from(!self.admits(at));
            self.others_next += every;
        }
        let signal = if self.admits(now) { Signal::Answered } else { Signal::Throttled };
        let since = if self.reset == Reset::Rolling { self.counted.front() } else { Some(&self.since) };
        let resets_in = since.map_or(self.window, |since| self.window - (now - *since));
        let left = self.quota - self.counted.len();
        let limit = format!("\"default\";r={left};t={}", resets_in.as_secs_f64().ceil());
        (signal, led(&limit, &format!("\"default\";q={};w={}", self.quota, self.window.as_secs())))
    }
}

fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

enum Event {
    Arrives,
    Answered(Signal, LimitHeaders),
}

/// What a long import came to.
#[derive(Debug)]
struct Import {
    admitted: usize,
    throttled: usize,
    given_up: bool,
}

/// An import without end, watched for some time: events one after another, each request half a latency on its way
/// there and half on its way back, some slower than others.
async fn import(server: &mut Limited, latency: Duration, length: Duration) -> Import {
    let settings = PacerSettings {
        rate: Rate::Auto,
        server: Server::Cloudflare,
        burst: WORKERS,
        max_outage: 15 * MINUTE,
    };
    let pacer = Pacer::new(settings);
    let mut random = fastrand::Rng::with_seed(7);
    let mut half = || latency.mul_f64(0.3 + 0.4 * random.f64());
    let end = Instant::now() + length;
    let (mut events, mut waiting) = (BinaryHeap::new(), Vec::new());
    let mut import = Import { admitted: 0, throttled: 0, given_up: false };
    let (mut in_flight, mut answered) = (0_usize, 0);
    loop {
        let mut wake = end;
        // Presets, a meeting and its list are asked for first, one after another.
        let workers = if answered < 3 { 1 } else { WORKERS };
        if let Some(free) = NonZeroUsize::new(workers.saturating_sub(in_flight)) {
            match pacer.take(free.get()) {
                Grant::Permits(permits) => {
                    in_flight += permits.get();
                    for _ in 0..permits.get() {
                        events.push(Reverse((Instant::now() + half(), waiting.len())));
                        waiting.push(Some(Event::Arrives));
                    }
                }
                Grant::Wait(pause) => wake = end.min(pause.until + LATE),
            }
        }
        let next = events.peek().map_or(wake, |Reverse((at, _))| wake.min(*at));
        if next >= end {
            return import;
        }
        advance(next.saturating_duration_since(Instant::now())).await;
        let Some(Reverse((_, number))) = events.peek().filter(|Reverse((at, _))| *at <= next).copied() else {
            continue;
        };
        events.pop();
        match waiting[number].take() {
            Some(Event::Arrives) => {
                let (signal, headers) = server.answer(Instant::now());
                import.admitted += usize::from(signal == Signal::Answered);
                import.throttled += usize::from(signal == Signal::Throttled);
                events.push(Reverse((Instant::now() + half(), waiting.len())));
                waiting.push(Some(Event::Answered(signal, headers)));
            }
            Some(Event::Answered(signal, headers)) => {
                in_flight -= 1;
                answered += 1;
                import.given_up |= pacer.observe(signal, &headers).is_err();
            }
            None => {}
        }
    }
}

/// Nine tenths of what is left of each window after the head-room of 5 % and after what others use; where that is more
/// than 50 a second or than sixteen workers can carry, it is no matter of the headers.
#[rstest]
#[tokio::test(start_paused = true)]
async fn a_long_import_uses_nine_tenths_of_what_the_headers_allow_without_a_429(
    #[values(Reset::ByTheClock, Reset::OnDemand, Reset::Rolling)] reset: Reset,
    #[values((20, 10), (20, 300), (100, 10), (100, 60), (100, 300), (1_200, 60), (1_200, 300))] quota: (
        usize,
        u64,
    ),
) {
    let (quota, window) = (quota.0, Duration::from_secs(quota.1));
    let mut wrong = Vec::new();
    for (latency, others) in situations(reset, window) {
        let mut server = Limited::new(quota, window, reset, others);
        let import = import(&mut server, latency, window * WINDOWS).await;
        let allowed = as_f64(quota - (quota / 20).max(1)) - others * as_f64(quota);
        let carried = as_f64(WORKERS) / latency.as_secs_f64() * window.as_secs_f64();
        let used = as_f64(import.admitted) / f64::from(WINDOWS) / allowed.min(carried);
        // Half of the first window is spent before it can be known that others want more than the other half.
        let starved = if others > 0.5 { (quota / 5).max(10) } else { 1 };
        if used < 0.9 || import.throttled > 0 || import.given_up || server.others_starved > starved {
            let starved = server.others_starved;
            wrong.push(format!(
                "{latency:?}, others {others}: {used:.3} of {allowed:.1}, {import:?}, {starved} starved"
            ));
        }
    }
    assert!(wrong.is_empty(), "{quota} in {window:?}, {reset:?}:\n{}", wrong.join("\n"));
}

/// Latencies of up to a twentieth of the window, and what part of the quota others want. Where a rolling quota says
/// when the oldest request is forgotten, nobody can tell how much others leave then: there we are alone.
fn situations(reset: Reset, window: Duration) -> impl Iterator<Item = (Duration, f64)> {
    let latencies = [20, 250, 1_500].map(Duration::from_millis).into_iter();
    let others: &[f64] = if reset == Reset::Rolling { &[0.0] } else { &[0.0, 0.1, 0.25, 0.4, 0.6] };
    latencies
        .filter(move |latency| *latency * 20 <= window)
        .flat_map(move |latency| others.iter().map(move |others| (latency, *others)))
}
