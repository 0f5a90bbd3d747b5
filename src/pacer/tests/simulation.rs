//! A server with a quota, and workers that send through a pacer, on paused time.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::super::{GiveUp, Grant, Pacer, Signal};
use crate::outcome::LimitHeaders;

/// Answers a request: what it signals and what its headers say.
pub(super) trait Server {
    fn answer(&mut self) -> (Signal, LimitHeaders);
}

impl<F: FnMut() -> (Signal, LimitHeaders)> Server for F {
    fn answer(&mut self) -> (Signal, LimitHeaders) {
        self()
    }
}

/// A fixed window, which other clients use too.
pub(super) struct FixedWindow {
    pub(super) quota: u64,
    pub(super) length: Duration,
    /// How many requests others send in a second.
    pub(super) others: f64,
    /// How many of the others' requests found nothing left.
    pub(super) starved: u64,
    start: Instant,
    own: u64,
}

impl FixedWindow {
    pub(super) fn new(quota: u64, length: Duration, others: f64) -> Self {
        Self { quota, length, others, starved: 0, start: Instant::now(), own: 0 }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
    fn used_by_others(&self, elapsed: Duration) -> u64 {
        (self.others * elapsed.as_secs_f64()) as u64
    }
}

impl Server for FixedWindow {
    fn answer(&mut self) -> (Signal, LimitHeaders) {
        while self.start.elapsed() >= self.length {
            self.starved += (self.own + self.used_by_others(self.length)).saturating_sub(self.quota);
            self.start += self.length;
            self.own = 0;
        }
        let others = self.used_by_others(self.start.elapsed());
        let left = self.quota.saturating_sub(self.own + others);
        let resets_in = (self.length - self.start.elapsed()).as_secs_f64().ceil();
        if left == 0 {
            let headers =
                LimitHeaders { retry_after: vec![resets_in.to_string()], ..LimitHeaders::default() };
            return (Signal::Throttled, headers);
        }
        self.own += 1;
        let policy = format!("\"default\";q={};w={}", self.quota, self.length.as_secs());
        (Signal::Answered, led(&format!("\"default\";r={};t={resets_in}", left - 1), &policy))
    }
}

pub(super) fn led(ratelimit: &str, policy: &str) -> LimitHeaders {
    LimitHeaders {
        ratelimit: vec![ratelimit.to_owned()],
        ratelimit_policy: vec![policy.to_owned()],
        ..LimitHeaders::default()
    }
}

/// What a run looked like.
pub(super) struct Run {
    /// When each request left, since the start.
    pub(super) sent: Vec<Duration>,
    /// How many were answered with 429.
    pub(super) throttled: usize,
    /// How it ended.
    pub(super) end: Result<(), GiveUp>,
}

impl Run {
    /// The most requests that left within any `length`.
    pub(super) fn most_within(&self, length: Duration) -> usize {
        let within =
            |from: &Duration| self.sent.iter().filter(|at| (*from..*from + length).contains(*at)).count();
        self.sent.iter().map(within).max().unwrap_or(0)
    }

    pub(super) fn lasted(&self) -> Duration {
        self.sent.last().copied().unwrap_or_default()
    }
}

pub(super) const LATENCY: Duration = Duration::from_millis(80);

/// Sends until `rows` requests have succeeded: as the dispatcher does, with 16 workers and each answer 80 ms later.
pub(super) async fn run(pacer: &Pacer, server: &mut impl Server, rows: usize) -> Run {
    let start = Instant::now();
    let mut run = Run { sent: Vec::new(), throttled: 0, end: Ok(()) };
    let mut in_flight = JoinSet::new();
    let mut done = 0;
    while done < rows {
        let free =
            16_usize.saturating_sub(in_flight.len()).min(rows - done - in_flight.len().min(rows - done));
        let pause = match NonZeroUsize::new(free).map(|free| pacer.take(free.get())) {
            Some(Grant::Permits(permits)) => {
                for _ in 0..permits.get() {
                    run.sent.push(start.elapsed());
                    in_flight.spawn(sleep(LATENCY));
                }
                continue;
            }
            Some(Grant::Wait(pause)) => Some(pause.until),
            None => None,
        };
        tokio::select! {
            Some(_) = in_flight.join_next() => {
                let (signal, headers) = server.answer();
                done += usize::from(signal == Signal::Answered);
                run.throttled += usize::from(signal == Signal::Throttled);
                run.end = pacer.observe(signal, &headers);
                if run.end.is_err() {
                    return run;
                }
            }
            () = sleep_until(pause.unwrap_or_else(Instant::now)), if pause.is_some() => {}
        }
    }
    run
}
