//! The ceiling: a rate set by hand, or the published limit as long as no header is known.
#![expect(clippy::disallowed_types, reason = "the one owner of governor")]

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use governor::RateLimiter;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use tokio::time::Instant;

use super::{Pause, PauseReason, Quota, Rate, Server};

/// 1,200 requests per five minutes, less a tenth for others.
const PUBLISHED_INTERVAL: Duration = Duration::from_nanos(300_000_000_000 / 1_080);
/// How late a timer may wake us without loss: the burst of a rate set by hand is what fits in here, at least one.
const TIMER_SLACK: Duration = Duration::from_millis(50);

/// At most so many requests per time.
#[derive(Debug)]
pub(super) enum Ceiling {
    /// None.
    Absent,
    /// Set by hand: always.
    ByHand(Limiter),
    /// The published limit: as long as no header leads.
    UntilLed(Limiter),
}

impl Ceiling {
    pub(super) fn new(rate: &Rate, server: Server, burst: usize, now: Instant) -> Self {
        match (rate, server) {
            (Rate::Unlimited, _) | (Rate::Auto, Server::Loopback) => Self::Absent,
            (Rate::Quota(quota), _) => {
                Limiter::new(quota.interval(), small_burst(*quota), now).map_or(Self::Absent, Self::ByHand)
            }
            (Rate::Auto, Server::Cloudflare | Server::Other) => {
                let burst = u32::try_from(burst).unwrap_or(u32::MAX);
                Limiter::new(PUBLISHED_INTERVAL, burst, now).map_or(Self::Absent, Self::UntilLed)
            }
        }
    }

    /// Takes up to `wanted` permits.
    pub(super) fn admit(&self, wanted: NonZeroUsize, led: bool) -> Result<NonZeroUsize, Pause> {
        match self {
            Self::ByHand(limiter) => limiter.take(wanted),
            Self::UntilLed(limiter) if !led => limiter.take(wanted),
            Self::UntilLed(_) | Self::Absent => Ok(wanted),
        }
    }
}

/// governor's `per_second(10)` would admit 19 requests in the first second.
fn small_burst(quota: Quota) -> u32 {
    let fit = TIMER_SLACK.as_nanos() / quota.interval().as_nanos().max(1);
    u32::try_from(fit).unwrap_or(u32::MAX).max(1)
}

/// governor on tokio's clock, so that paused time holds for it too.
#[derive(Debug)]
pub(super) struct Limiter {
    limiter: RateLimiter<NotKeyed, InMemoryState, SinceStart, NoOpMiddleware<Duration>>,
    start: Instant,
}

#[derive(Debug, Clone, Copy)]
struct SinceStart(Instant);

impl Clock for SinceStart {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

impl Limiter {
    /// `None` for an interval of zero, which limits nothing.
    fn new(interval: Duration, burst: u32, start: Instant) -> Option<Self> {
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let quota = governor::Quota::with_period(interval)?.allow_burst(burst);
        Some(Self { limiter: RateLimiter::direct_with_clock(quota, SinceStart(start)), start })
    }

    fn take(&self, wanted: NonZeroUsize) -> Result<NonZeroUsize, Pause> {
        let mut taken = 0;
        while taken < wanted.get() {
            match self.limiter.check() {
                Ok(()) => taken += 1,
                Err(not_until) => {
                    let pause = || {
                        let until = self.start + not_until.earliest_possible();
                        Pause { until, reason: PauseReason::Paced }
                    };
                    return NonZeroUsize::new(taken).ok_or_else(pause);
                }
            }
        }
        Ok(wanted)
    }
}
