//! Limit headers: no text leads to a pause above the longest one, to a pause for ever, or past the limit.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use guestlist::outcome::LimitHeaders;
use guestlist::pacer::fuzzing::{Limit, rate_limits, retry_after as read_retry_after};
use guestlist::pacer::{GiveUp, Grant, LONGEST_GATE, Pacer, PacerSettings, Server, Signal};
use tokio::time::{Instant, advance};

use crate::head;

const DAY: Duration = Duration::from_secs(86_400);
const OUTAGE: Duration = Duration::from_secs(900);
/// The jitter that is added to a gate.
const JITTER: Duration = Duration::from_secs(1);
/// By how much the end of a window may be taken to come earlier than this answer says.
const ROUNDING: Duration = Duration::from_secs(4);
/// Limits that the pacer keeps; above that it obeys those that it knows.
const KEPT_LIMITS: usize = 8;

/// `Retry-After`: two dates and a line of text.
pub fn retry_after(input: &[u8]) {
    let Some((numbers, text)) = head::<8>(input) else { return };
    let text = String::from_utf8_lossy(text);
    let (start, length) = (u32::from_be_bytes([0, numbers[1], numbers[2], numbers[3]]), numbers[4]);
    let date = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(start) << 8));
    let end = (u64::from(start) << 8) + (u64::from(length) << (numbers[5] % 12));
    let end_date = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(end));

    let headers = |values: Vec<String>, date: &str| LimitHeaders {
        retry_after: values,
        date: Some(date.to_owned()),
        ..LimitHeaders::default()
    };
    let dated = read_retry_after(&headers(vec![end_date], &date));
    let expected = Duration::from_secs(end - (u64::from(start) << 8));
    assert_eq!(dated, Some(expected).filter(|pause| !pause.is_zero() && *pause <= DAY));

    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for headers in [headers(lines.clone(), &date), headers(vec![text.trim().to_owned()], &text)] {
        let asked = read_retry_after(&headers);
        assert!(asked.is_none_or(|pause| !pause.is_zero() && pause <= DAY), "{asked:?}");
        if let ([value], Ok(seconds @ 1..=86_400)) = (&headers.retry_after[..], text.trim().parse::<u32>())
            && value.bytes().all(|b| b.is_ascii_digit())
        {
            assert_eq!(asked, Some(Duration::from_secs(u64::from(seconds))));
        }
        closes_for(asked, &headers);
    }
}

/// A 429 with these headers closes the gate for what they ask for, or ends the run.
fn closes_for(asked: Option<Duration>, headers: &LimitHeaders) {
    let pacer = Pacer::new(PacerSettings::new(Server::Cloudflare));
    assert!(matches!(pacer.take(1), Grant::Permits(_)));
    match (pacer.observe(Signal::Throttled, headers), asked) {
        (Ok(()), asked) => {
            let pause = pacer.gate().expect("a closed gate").until - Instant::now();
            assert!(pause <= LONGEST_GATE + JITTER, "{pause:?}");
            assert!(asked.is_none_or(|asked| pause + JITTER >= asked), "{pause:?} for {asked:?}");
        }
        (Err(GiveUp::ThrottledTooLong { retry_after }), Some(asked)) => {
            assert!(asked == retry_after && asked > LONGEST_GATE);
        }
        (Err(why), asked) => panic!("{why:?} for {asked:?}"),
    }
}

/// A line is an answer: a letter for what it is, a character for how much time has passed, and after tabs its
/// `Ratelimit`, `Ratelimit-Policy` and `Retry-After`.
pub fn ratelimit(input: &[u8]) {
    let Some(([settings], text)) = head::<1>(input) else { return };
    let text = String::from_utf8_lossy(text);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let mut run = Run::new(*settings);
        for line in text.lines() {
            if run.step(line).await.is_none() {
                break;
            }
        }
    });
}

struct Run {
    pacer: Pacer,
    in_flight: usize,
    started: Instant,
    names: HashSet<String>,
    /// Never more than one request on its way: answers can't overtake each other.
    in_turn: bool,
}

impl Run {
    fn new(settings: u8) -> Self {
        let server = [Server::Loopback, Server::Cloudflare, Server::Other][usize::from(settings) % 3];
        let rate = ["auto", "4/s", "1200/5m", "unlimited"][usize::from(settings / 3) % 4];
        let rate = rate.parse().expect("a rate");
        let settings = PacerSettings { rate, max_outage: OUTAGE, ..PacerSettings::new(server) };
        Self {
            pacer: Pacer::new(settings),
            in_flight: 0,
            started: Instant::now(),
            names: HashSet::new(),
            in_turn: true,
        }
    }

    /// `None` when the run has ended.
    async fn step(&mut self, line: &str) -> Option<()> {
        let mut columns = line.split('\t');
        let mut letters = columns.next()?.chars();
        let (kind, time) = (letters.next()?, u64::from(u32::from(letters.next().unwrap_or('0'))));
        let header = |value: Option<&str>| value.into_iter().map(str::to_owned).collect();
        let mut headers = LimitHeaders {
            ratelimit: header(columns.next()),
            ratelimit_policy: header(columns.next()),
            retry_after: header(columns.next()),
            date: None,
        };
        let signal = match kind {
            'A' => Signal::Answered,
            'T' => Signal::Throttled,
            'F' => Signal::Failed,
            'N' => {
                headers = LimitHeaders::default();
                Signal::NotConnected
            }
            // More at once, without waiting.
            'M' => {
                self.take(usize::try_from(time).unwrap_or_default());
                self.in_turn &= self.in_flight < 2;
                return Some(());
            }
            'G' => {
                self.pacer.give_back(self.in_flight);
                self.in_flight = 0;
                return Some(());
            }
            _ => {
                advance(Duration::from_millis((time * time) % 1_000_000)).await;
                return Some(());
            }
        };
        self.permit().await;
        self.answer(signal, &headers).await
    }

    /// At least one permit in flight: whatever was answered before, it comes in bounded time.
    async fn permit(&mut self) {
        let start = Instant::now();
        for _ in 0..1_000 {
            if self.in_flight > 0 {
                return;
            }
            let Some(until) = self.take(1) else { continue };
            advance(until - Instant::now()).await;
        }
        panic!("no permit after {:?}", start.elapsed());
    }

    /// Up to so many permits, or until when to wait.
    fn take(&mut self, wanted: usize) -> Option<Instant> {
        match self.pacer.take(wanted) {
            Grant::Permits(permits) => {
                assert!(permits.get() <= wanted.max(1));
                self.in_flight += permits.get();
                None
            }
            Grant::Wait(pause) => {
                let sleep = pause.until.checked_duration_since(Instant::now()).expect("not in the past");
                assert!(!sleep.is_zero() && sleep <= LONGEST_GATE + JITTER, "{pause:?}: {sleep:?}");
                Some(pause.until)
            }
        }
    }

    async fn answer(&mut self, signal: Signal, headers: &LimitHeaders) -> Option<()> {
        let limits = rate_limits(headers);
        assert!(limits.len() <= KEPT_LIMITS);
        for limit in &limits {
            assert!((Duration::from_secs(1)..=LONGEST_GATE).contains(&limit.resets_in), "{limit:?}");
        }
        let asked = read_retry_after(headers);
        let result = self.pacer.observe(signal, headers);
        self.in_flight -= 1;
        if let Err(why) = result {
            self.ends_with_reason(signal, asked, &why);
            return None;
        }
        self.names.extend(limits.iter().map(|limit| limit.name.clone()));
        let strictest = limits.iter().min_by_key(|limit| limit.remaining);
        if let Some(limit) = strictest.filter(|_| self.in_turn && self.names.len() <= KEPT_LIMITS) {
            self.keeps_within(limit).await;
        }
        Some(())
    }

    /// What has just been said to be left is not passed, whatever is asked for while the window lasts.
    async fn keeps_within(&mut self, limit: &Limit) {
        let mut granted = 0;
        for _ in 0..5 {
            if let Grant::Permits(permits) = self.pacer.take(10_000) {
                granted += permits.get();
            }
            advance(limit.resets_in.saturating_sub(ROUNDING) / 5).await;
        }
        assert!(granted as u64 <= limit.remaining, "{granted} of {limit:?}");
        self.pacer.give_back(granted);
    }

    fn ends_with_reason(&self, signal: Signal, asked: Option<Duration>, why: &GiveUp) {
        match *why {
            GiveUp::ThrottledTooLong { retry_after } => {
                assert!(
                    signal == Signal::Throttled && asked == Some(retry_after) && retry_after > LONGEST_GATE
                );
            }
            GiveUp::Outage { lasted } => {
                assert!(matches!(signal, Signal::Failed | Signal::NotConnected));
                assert!(lasted >= OUTAGE && lasted <= self.started.elapsed());
            }
            GiveUp::NeverAdmitted { lasted } => {
                assert!(signal == Signal::Throttled);
                assert!(lasted >= OUTAGE && lasted <= self.started.elapsed());
            }
        }
    }
}
