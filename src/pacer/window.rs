//! What the server's `Ratelimit` headers leave us, and how it is spread. Pure.
//!
//! Of a fresh window, half of what is available may be spent at once: people who are to join now get in now. The rest
//! is spread evenly over what remains of the window, so that the account's live application is never starved. When
//! what is left falls faster than we spend, others spend too: what they leave is spread.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::time::Instant;

use super::{ANSWER_POLL, Pause, PauseReason, RateLimit, Signal};

/// Led by headers alone, at most 50 requests leave in a second.
pub(super) const FASTEST_INTERVAL: Duration = Duration::from_millis(20);
/// A window's end moves by up to a second, since headers count whole seconds.
const ROUNDING: Duration = Duration::from_secs(1);
/// And by as much as one answer is slower than another.
const SLOWER: Duration = Duration::from_secs(2);
/// How much unused time may be made up for: timers wake late.
const CREDIT: Duration = Duration::from_millis(50);
/// A server that names another limit in each answer fills no memory.
const MOST_WINDOWS: usize = 8;

/// Every limit that the server reports; each is obeyed.
#[derive(Debug)]
pub(super) struct Windows {
    windows: Vec<Window>,
    fastest: Duration,
}

#[derive(Debug)]
struct Window {
    name: String,
    /// What is left of the quota, ours and others', as last reported.
    remaining: u64,
    reported_at: Instant,
    others: Others,
    /// What we leave to others in any case.
    reserve: u64,
    resets_at: Instant,
    /// How many may leave before the spreading begins.
    at_once: u64,
    /// Up to when the even spread is used up.
    spread_to: Instant,
    /// The window has ended and one request has left to see the next.
    probing: bool,
    /// Requests that were on their way when the window was first seen: their answers may tell of the one before.
    stragglers: usize,
}

impl Windows {
    /// `fastest`: the shortest time between two requests, `None` where a rate set by hand says it.
    pub(super) fn new(fastest: Option<Duration>) -> Self {
        Self { windows: Vec::new(), fastest: fastest.unwrap_or_default() }
    }

    /// Whether headers lead.
    pub(super) fn lead(&self) -> bool {
        !self.windows.is_empty()
    }

    /// How many of `wanted` may leave now.
    pub(super) fn admit(
        &self,
        now: Instant,
        wanted: NonZeroUsize,
        in_flight: usize,
    ) -> Result<NonZeroUsize, Pause> {
        let mut permits = Ok(wanted);
        for window in &self.windows {
            permits = match (permits, window.admit(now, wanted, in_flight, self.fastest)) {
                (Ok(a), Ok(b)) => Ok(a.min(b)),
                (Ok(_), Err(pause)) | (Err(pause), Ok(_)) => Err(pause),
                (Err(a), Err(b)) => Err(if a.until > b.until { a } else { b }),
            };
        }
        permits
    }

    /// So many have left; `in_flight` as it was at [`admit`](Self::admit).
    pub(super) fn granted(&mut self, now: Instant, permits: usize, in_flight: usize) {
        for window in &mut self.windows {
            window.granted(now, permits, in_flight, self.fastest);
        }
    }

    /// A permit came back unused; it may have been the probe.
    pub(super) fn give_back(&mut self) {
        for window in &mut self.windows {
            window.probing = false;
        }
    }

    /// What an answer's headers say; `in_flight` without the request that it answers.
    pub(super) fn observe(&mut self, now: Instant, signal: Signal, limits: &[RateLimit], in_flight: usize) {
        if signal != Signal::NotConnected {
            self.windows.retain_mut(|window| {
                // A limit that the answer to its probe no longer names is no more.
                let named = limits.iter().any(|limit| limit.name == window.name);
                let gone = !named && window.probing && signal == Signal::Answered;
                window.remaining = window.remaining.saturating_sub(u64::from(!named));
                window.others.own += 1;
                !gone
            });
        }
        self.give_back();
        for limit in limits {
            let full = self.windows.len() >= MOST_WINDOWS;
            match self.windows.iter_mut().find(|window| window.name == limit.name) {
                Some(window) => window.update(now, limit, in_flight),
                None if full => {}
                None => self.windows.push(Window::begin(now, limit, in_flight, 0.0)),
            }
        }
    }
}

impl Window {
    fn begin(now: Instant, limit: &RateLimit, in_flight: usize, habit: f64) -> Self {
        let quota = limit.quota.map_or(limit.remaining, |quota| quota.max(limit.remaining));
        let mut window = Self {
            name: limit.name.clone(),
            remaining: limit.remaining,
            reported_at: now,
            others: Others { habit, since: now, length: limit.resets_in, left_then: limit.remaining, own: 0 },
            reserve: (quota / 20).max(1),
            resets_at: now + limit.resets_in,
            at_once: 0,
            spread_to: now,
            probing: false,
            stragglers: in_flight,
        };
        window.at_once = window.available(now, in_flight) / 2;
        window
    }

    fn update(&mut self, now: Instant, limit: &RateLimit, in_flight: usize) {
        let resets_at = now + limit.resets_in;
        if self.is_overtaken(now, resets_at) {
            return;
        }
        let moves = ROUNDING + SLOWER.min(self.others.length / 10);
        let later = resets_at > self.resets_at + moves;
        let habit = self.habit_of_others(in_flight);
        if now >= self.resets_at || (later && now + moves >= self.resets_at) {
            *self = Self::begin(now, limit, in_flight, habit);
        } else if later {
            // A sliding window: no fresh one to spend half of.
            let fresh = Self::begin(now, limit, in_flight, habit);
            *self = Self { at_once: self.at_once, spread_to: self.spread_to, ..fresh };
        } else {
            // Answers overtake each other: the lowest report is the latest.
            self.remaining = self.remaining.min(limit.remaining);
            self.resets_at = self.resets_at.min(resets_at);
            self.reported_at = now;
        }
    }

    /// Whether a report is of the window before this one: an answer that was overtaken by the first of the new window.
    /// Taken at its word it would show a quota that others had all but used up.
    fn is_overtaken(&mut self, now: Instant, resets_at: Instant) -> bool {
        let Some(others) = self.stragglers.checked_sub(1) else { return false };
        self.stragglers = others;
        now < self.resets_at && resets_at < self.others.since + self.others.length / 2
    }

    /// What we may spend: less the requests in flight, which may not be counted in `remaining` yet, less the head-room,
    /// less what others have used since the last report and will use. A tenth is ours whatever they do, since only
    /// our own requests tell us when they cease.
    fn available(&self, now: Instant, in_flight: usize) -> u64 {
        let habit = self.habit_of_others(in_flight);
        let used = expected(habit, now - self.reported_at);
        let in_flight = u64::try_from(in_flight).unwrap_or(u64::MAX);
        let left = self.remaining.saturating_sub(in_flight.saturating_add(self.reserve).saturating_add(used));
        let others = expected(habit, self.resets_at.saturating_duration_since(now));
        left.saturating_sub(others).max(left.div_ceil(10))
    }

    /// The lowest report may count requests of ours whose answers it has overtaken.
    fn habit_of_others(&self, in_flight: usize) -> f64 {
        let in_flight = u64::try_from(in_flight).unwrap_or(u64::MAX);
        self.others.habit(self.reported_at, self.remaining.saturating_add(in_flight))
    }

    fn admit(
        &self,
        now: Instant,
        wanted: NonZeroUsize,
        in_flight: usize,
        fastest: Duration,
    ) -> Result<NonZeroUsize, Pause> {
        let paced = |until| Err(Pause { until, reason: PauseReason::Paced });
        if now >= self.resets_at {
            let poll = Pause { until: now + ANSWER_POLL, reason: PauseReason::Probing };
            return if self.probing { Err(poll) } else { Ok(NonZeroUsize::MIN) };
        }
        let available = self.available(now, in_flight);
        if available == 0 {
            let answer = if in_flight == 0 { self.resets_at } else { now + ANSWER_POLL };
            return paced(self.resets_at.min(answer));
        }
        let interval = self.interval(available, fastest);
        let from = self.spread_from(now, interval);
        let due = (now - from).as_nanos().checked_div(interval.as_nanos()).unwrap_or(u128::MAX);
        let most = if self.at_once > 0 { self.at_once.min(available) } else { available };
        let permits = usize::try_from(due.min(u128::from(most))).unwrap_or(usize::MAX).min(wanted.get());
        NonZeroUsize::new(permits).map_or_else(|| paced(from + interval), Ok)
    }

    fn granted(&mut self, now: Instant, permits: usize, in_flight: usize, fastest: Duration) {
        if now >= self.resets_at {
            self.probing = true;
            return;
        }
        let interval = self.interval(self.available(now, in_flight), fastest);
        let used = interval.saturating_mul(u32::try_from(permits).unwrap_or(u32::MAX));
        self.spread_to = self.spread_from(now, interval) + used;
        self.at_once = self.at_once.saturating_sub(u64::try_from(permits).unwrap_or(u64::MAX));
    }

    /// The time between two requests.
    fn interval(&self, available: u64, fastest: Duration) -> Duration {
        if self.at_once > 0 {
            return fastest;
        }
        let shares = u32::try_from(available).unwrap_or(u32::MAX).saturating_add(1);
        (self.resets_at.saturating_duration_since(self.spread_to) / shares).max(fastest)
    }

    /// Where the unused time begins. Time that nobody asked for is lost, lest it all be spent at once.
    fn spread_from(&self, now: Instant, interval: Duration) -> Instant {
        now.checked_sub(interval.max(CREDIT)).map_or(self.spread_to, |earliest| earliest.max(self.spread_to))
    }
}

/// What others spend of a window's quota.
#[derive(Debug)]
struct Others {
    /// Requests a second, as they were in the window before.
    habit: f64,
    /// The window's first report, and how long the window had to go then.
    since: Instant,
    length: Duration,
    /// What was left then.
    left_then: u64,
    /// How many of our own requests were answered since then.
    own: u64,
}

impl Others {
    /// Requests a second: what was seen, beside what was the habit, which counts as much as a tenth of a window.
    fn habit(&self, now: Instant, left: u64) -> f64 {
        let seen = self.left_then.saturating_sub(left).saturating_sub(self.own);
        let known = self.length.as_secs_f64() / 10.0;
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let seen = seen as f64;
        (self.habit * known + seen) / (known + (now - self.since).as_secs_f64())
    }
}

fn expected(habit: f64, time: Duration) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    let requests = (habit * time.as_secs_f64()).ceil() as u64;
    requests
}
