//! The gate before everybody: closed by a 429 or an outage, then one probe, then a ramp. Pure.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::time::Instant;

use super::backoff::Backoff;
use super::{ANSWER_POLL, GiveUp, LONGEST_GATE, LONGEST_SENSIBLE, Pause, PauseReason, Server, Signal};

/// The pause after a 429 without a sensible `Retry-After`.
const USUAL_PAUSE: Duration = Duration::from_secs(30);
/// api.cloudflare.com refuses everything for five minutes; no pause of our own making is longer either.
const CLOUDFLARE_PAUSE: Duration = Duration::from_secs(300);
/// Added at random to a pause that the server asked for, so that not all who waited come back at once.
const PAUSE_JITTER: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Gate {
    phase: Phase,
    usual_pause: Duration,
    burst: usize,
    max_outage: Duration,
    /// 429s since the last success.
    throttled: Option<Throttled>,
    /// The first failure since the last success.
    failing_since: Option<Instant>,
    /// For how long it has been closed, or will have been when it opens.
    closed: Duration,
    backoff: Backoff,
    budget: FailureBudget,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    Closed(Pause),
    /// One request may leave, or has left.
    Probing(Probe),
    /// `credit` may leave now, each success admits two more; open once `missing` have left.
    Ramp {
        credit: usize,
        missing: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probe {
    Due,
    Sent,
}

#[derive(Debug, Clone, Copy)]
struct Throttled {
    since: Instant,
    pause: Duration,
}

impl Gate {
    pub(super) fn new(server: Server, burst: usize, max_outage: Duration) -> Self {
        Self {
            phase: Phase::Open,
            usual_pause: match server {
                Server::Cloudflare => CLOUDFLARE_PAUSE,
                Server::Loopback | Server::Other => USUAL_PAUSE,
            },
            burst,
            max_outage,
            throttled: None,
            failing_since: None,
            closed: Duration::ZERO,
            backoff: Backoff::new(),
            budget: FailureBudget::full(),
        }
    }

    pub(super) fn usual_pause(&self) -> Duration {
        self.usual_pause
    }

    /// How many of `wanted` may leave now.
    pub(super) fn admit(&mut self, now: Instant, wanted: NonZeroUsize) -> Result<NonZeroUsize, Pause> {
        let awaiting = Pause { until: now + ANSWER_POLL, reason: PauseReason::Probing };
        match self.phase {
            Phase::Open => Ok(wanted),
            Phase::Closed(pause) if pause.until > now => Err(pause),
            Phase::Closed(_) => {
                self.phase = Phase::Probing(Probe::Due);
                Ok(NonZeroUsize::MIN)
            }
            Phase::Probing(Probe::Due) => Ok(NonZeroUsize::MIN),
            Phase::Probing(Probe::Sent) => Err(awaiting),
            Phase::Ramp { credit, .. } => NonZeroUsize::new(credit.min(wanted.get())).ok_or(awaiting),
        }
    }

    /// So many have left.
    pub(super) fn granted(&mut self, permits: usize) {
        self.phase = match self.phase {
            Phase::Probing(_) => Phase::Probing(Probe::Sent),
            Phase::Ramp { missing, .. } if missing <= permits => Phase::Open,
            Phase::Ramp { credit, missing } => {
                Phase::Ramp { credit: credit.saturating_sub(permits), missing: missing - permits }
            }
            other @ (Phase::Open | Phase::Closed(_)) => other,
        };
    }

    /// So many permits came back unused.
    pub(super) fn give_back(&mut self, permits: usize) {
        if permits == 0 {
            // A probe that is out stays out.
            return;
        }
        self.phase = match self.phase {
            Phase::Probing(_) => Phase::Probing(Probe::Due),
            Phase::Ramp { credit, missing } => Phase::Ramp {
                credit: credit.saturating_add(permits),
                missing: missing.saturating_add(permits),
            },
            other @ (Phase::Open | Phase::Closed(_)) => other,
        };
    }

    /// Until when it is closed, and why.
    pub(super) fn closed(&self, now: Instant) -> Option<Pause> {
        match self.phase {
            Phase::Closed(pause) if pause.until > now => Some(pause),
            _ => None,
        }
    }

    /// For how long it has been closed so far.
    pub(super) fn closed_so_far(&self, now: Instant) -> Duration {
        let to_come = self.closed(now).map_or(Duration::ZERO, |pause| pause.until - now);
        self.closed.saturating_sub(to_come)
    }

    /// Closes it for `remaining`, at most a day.
    pub(super) fn close_for(&mut self, now: Instant, remaining: Duration, reason: PauseReason) {
        let until = now + remaining.min(LONGEST_SENSIBLE);
        let earlier = self.closed(now);
        self.closed += until.saturating_duration_since(earlier.map_or(now, |pause| pause.until));
        self.phase = Phase::Closed(match earlier {
            Some(pause) if pause.until > until => pause,
            _ => Pause { until, reason },
        });
    }

    /// What an answer says.
    pub(super) fn observe(
        &mut self,
        now: Instant,
        signal: Signal,
        retry_after: Option<Duration>,
    ) -> Result<(), GiveUp> {
        match signal {
            Signal::Answered => self.answered(),
            Signal::Throttled => return self.throttled(now, retry_after),
            Signal::NotConnected => return self.failed(now, true),
            Signal::Failed => {
                let spent = self.budget.spend();
                return self.failed(now, spent);
            }
        }
        Ok(())
    }

    fn answered(&mut self) {
        (self.throttled, self.failing_since) = (None, None);
        self.backoff.reset();
        self.budget.refill();
        self.phase = match self.phase {
            Phase::Probing(Probe::Sent) => {
                self.budget = FailureBudget::full();
                Phase::Ramp { credit: 2, missing: self.burst }
            }
            Phase::Ramp { credit, missing } => Phase::Ramp { credit: credit.saturating_add(2), missing },
            other @ (Phase::Open | Phase::Closed(_) | Phase::Probing(Probe::Due)) => other,
        };
    }

    /// A server that answers 429 is no outage. Pauses in a row double, up to five minutes.
    fn throttled(&mut self, now: Instant, retry_after: Option<Duration>) -> Result<(), GiveUp> {
        self.failing_since = None;
        let asked = retry_after.unwrap_or(self.usual_pause);
        let (since, pause) = match self.throttled {
            // An answer to a request that left before the gate closed.
            Some(earlier) if self.closed(now).is_some() => (earlier.since, earlier.pause.max(asked)),
            Some(earlier) => (earlier.since, asked.max((earlier.pause * 2).min(CLOUDFLARE_PAUSE))),
            None => (now, asked),
        };
        let probed = self.phase == Phase::Probing(Probe::Sent);
        self.throttled = Some(Throttled { since, pause });
        let jitter = self.backoff.jitter(PAUSE_JITTER);
        self.close_for(now, pause + jitter, PauseReason::Throttled);
        let lasted = now - since;
        if asked > LONGEST_GATE {
            return Err(GiveUp::ThrottledTooLong { retry_after: asked });
        }
        if probed && lasted >= self.max_outage { Err(GiveUp::NeverAdmitted { lasted }) } else { Ok(()) }
    }

    /// `stop`: even if nothing else fails. A single failure among successes stops nobody.
    fn failed(&mut self, now: Instant, stop: bool) -> Result<(), GiveUp> {
        let since = *self.failing_since.get_or_insert(now);
        let lasted = now - since;
        match self.phase {
            Phase::Ramp { credit, missing } if !stop => {
                self.phase = Phase::Ramp { credit: credit.saturating_add(1), missing };
                return Ok(());
            }
            Phase::Open | Phase::Probing(Probe::Due) if !stop => return Ok(()),
            Phase::Closed(pause) if pause.until > now => {}
            Phase::Open | Phase::Closed(_) | Phase::Probing(_) | Phase::Ramp { .. } => {
                let last_chance = self.max_outage.saturating_sub(lasted);
                let delay = self.backoff.next().unwrap_or_default();
                let delay = if last_chance.is_zero() { delay } else { delay.min(last_chance) };
                self.close_for(now, delay, PauseReason::Outage);
            }
        }
        if lasted >= self.max_outage { Err(GiveUp::Outage { lasted }) } else { Ok(()) }
    }
}

/// How many requests may fail before everybody pauses: five in a row, or more than about a tenth (gRFC A6's retry
/// throttling, with its usual numbers: ten tokens, a failure takes one, a success returns a tenth, half is the limit).
#[derive(Debug)]
struct FailureBudget {
    tenths: u32,
}

impl FailureBudget {
    const FULL: u32 = 100;

    fn full() -> Self {
        Self { tenths: Self::FULL }
    }

    fn refill(&mut self) {
        self.tenths = (self.tenths + 1).min(Self::FULL);
    }

    /// Whether it is used up.
    fn spend(&mut self) -> bool {
        self.tenths = self.tenths.saturating_sub(10);
        self.tenths <= Self::FULL / 2
    }
}
