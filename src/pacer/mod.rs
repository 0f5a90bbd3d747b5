//! The one pacer: every request of the token, of whatever kind and every attempt, asks it first.
//!
//! It sets the rate, never the number of workers. Three things have a say, and the strictest is obeyed:
//! * the gate: closed for everybody by a 429 or an outage, then one probe, then a ramp;
//! * the windows: what the server's `Ratelimit` headers leave us;
//! * the ceiling: a rate set by hand, or the published limit as long as no header is known.
//!
//! Everything below this file takes the time as an argument and is pure; this file holds clock and lock.

mod backoff;
mod ceiling;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod gate;
mod quota;
mod rate;
mod retry_after;
mod window;

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::outcome::LimitHeaders;
use crate::sabotage::{Sabotage, active};
use ceiling::Ceiling;
use gate::Gate;
use window::Windows;

use quota::{RateLimit, rate_limits};
pub use rate::{InvalidRate, Quota, Rate};
pub(crate) use retry_after::LONGEST_SENSIBLE;
use retry_after::retry_after;

/// The longest gate that a run waits for. Above it the run ends, and says when to resume.
pub const LONGEST_GATE: Duration = Duration::from_secs(900);

/// How soon to ask again when only another request's answer can open the way.
const ANSWER_POLL: Duration = Duration::from_millis(100);

/// Who answers, as far as the pace is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// api.cloudflare.com: 1,200 requests per five minutes, and five minutes of 429 for who exceeds them.
    Cloudflare,
    /// A loopback address: as fast as it goes until a header says otherwise.
    Loopback,
    /// Anything else, most likely a proxy before api.cloudflare.com.
    Other,
}

/// What a pacer is made of.
#[derive(Debug, Clone, Copy)]
pub struct PacerSettings {
    /// `--rate`.
    pub rate: Rate,
    /// Who answers.
    pub server: Server,
    /// One worker set: how many requests may leave at once where nothing says otherwise.
    pub burst: usize,
    /// How long no request may succeed before the run ends.
    pub max_outage: Duration,
}

impl PacerSettings {
    /// What the command does unless told otherwise.
    pub fn new(server: Server) -> Self {
        Self { rate: Rate::Auto, server, burst: 16, max_outage: Duration::from_secs(15 * 60) }
    }
}

/// The pacer. Clones share one state.
#[derive(Debug, Clone)]
pub struct Pacer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    in_flight: usize,
    gate: Gate,
    windows: Windows,
    ceiling: Ceiling,
    given_up: Option<GiveUp>,
    /// Single requests that wait for their permit.
    waiting: usize,
    turn: Turn,
    /// 429s so far.
    throttled: u64,
}

/// Who asks for permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    /// The sender of creates, for many at once.
    Sender,
    /// Any other request, for itself.
    Single,
}

/// Who goes first if both wait for the next permit: they take turns, so that a long import starves no lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Anybody,
    Singles,
}

/// Counts a waiting request for as long as it waits.
struct Waiting<'a>(&'a Pacer);

impl<'a> Waiting<'a> {
    fn begin(pacer: &'a Pacer) -> Self {
        pacer.state().waiting += 1;
        Self(pacer)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}

/// What [`Pacer::take`] answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// So many requests may leave now.
    Permits(NonZeroUsize),
    /// None may leave yet.
    Wait(Pause),
}

/// Until when nothing may leave, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// When to ask again.
    pub until: Instant,
    /// Why.
    pub reason: PauseReason,
}

/// How much the server has held up everybody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hindrance {
    /// How often it answered 429.
    pub throttled: u64,
    /// How long the gate was closed, by a 429 or an outage.
    pub closed: Duration,
}

/// Why nothing may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseReason {
    /// The server answered 429.
    Throttled,
    /// The server can't be reached, or fails.
    Outage,
    /// The rate: the headers', ours, or the one set by hand.
    Paced,
    /// The answer to a probe is awaited.
    Probing,
}

/// What an answer says about the server's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Any answer that is none of the following.
    Answered,
    /// 429.
    Throttled,
    /// Nothing was sent: no connection.
    NotConnected,
    /// 5xx, or no whole answer.
    Failed,
}

/// Why the run can't go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GiveUp {
    /// No success for `--max-outage`.
    #[error("the server hasn't answered for {lasted:?}; the same command resumes")]
    Outage {
        /// Since the first failure after the last success.
        lasted: Duration,
    },
    /// The server asks for a longer pause than [`LONGEST_GATE`].
    #[error(
        "the server refuses all requests of this account for {retry_after:?}; the same command resumes after that"
    )]
    ThrottledTooLong {
        /// Until the server accepts requests again.
        retry_after: Duration,
    },
    /// Every pause that the server asked for was kept, and every probe after it was refused, for `--max-outage`.
    #[error(
        "the server has answered 429 to every request for {lasted:?}: somebody else uses the account's whole \
         limit; the same command resumes"
    )]
    NeverAdmitted {
        /// Since the first 429 after the last success.
        lasted: Duration,
    },
}

impl Pacer {
    /// A pacer that has sent nothing yet. Needs no runtime.
    pub fn new(settings: PacerSettings) -> Self {
        let now = Instant::now();
        let burst = settings.burst.max(1);
        let fastest = matches!(settings.rate, Rate::Auto).then_some(window::FASTEST_INTERVAL);
        let state = State {
            in_flight: 0,
            gate: Gate::new(settings.server, burst, settings.max_outage),
            windows: Windows::new(fastest),
            ceiling: Ceiling::new(&settings.rate, settings.server, burst, now),
            given_up: None,
            waiting: 0,
            turn: Turn::Anybody,
            throttled: 0,
        };
        Self(Arc::new(Shared { state: Mutex::new(state), changed: Notify::new() }))
    }

    /// Up to `wanted` permits, or how long to wait. Permits count as in flight until each is
    /// [observed](Self::observe) or [given back](Self::give_back).
    pub fn take(&self, wanted: usize) -> Grant {
        self.state().take(Instant::now(), wanted, Asker::Sender)
    }

    /// Returns permits for which nothing was sent. None returned says nothing about a probe that is under way.
    pub fn give_back(&self, permits: usize) {
        if permits == 0 {
            return;
        }
        let mut state = self.state();
        state.in_flight = state.in_flight.saturating_sub(permits);
        state.gate.give_back(permits);
        state.windows.give_back();
        drop(state);
        self.0.changed.notify_waiters();
    }

    /// One permit, as soon as there is one.
    pub async fn permit(&self) -> Result<(), GiveUp> {
        loop {
            let changed = self.0.changed.notified();
            let grant = {
                let mut state = self.state();
                if let Some(why) = state.given_up.clone() {
                    return Err(why);
                }
                state.take(Instant::now(), 1, Asker::Single)
            };
            let Grant::Wait(pause) = grant else { return Ok(()) };
            let _waiting = Waiting::begin(self);
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep_until(pause.until) => {}
            }
        }
    }

    /// What a request's answer says: exactly once per permit used. An error ends the run.
    pub fn observe(&self, signal: Signal, limits: &LimitHeaders) -> Result<(), GiveUp> {
        let result = self.state().observe(Instant::now(), signal, limits);
        self.0.changed.notify_waiters();
        result
    }

    /// Whether the gate is closed for everybody, until when and why.
    pub fn gate(&self) -> Option<Pause> {
        self.state().gate.closed(Instant::now())
    }

    /// How long the gate closes after a 429 that doesn't say for how long.
    pub fn usual_pause(&self) -> Duration {
        self.state().gate.usual_pause()
    }

    /// How much the server has held it up so far.
    pub fn hindrance(&self) -> Hindrance {
        let state = self.state();
        Hindrance { throttled: state.throttled, closed: state.gate.closed_so_far(Instant::now()) }
    }

    /// Closes the gate as it was before a restart.
    pub fn close_for(&self, remaining: Duration, reason: PauseReason) {
        let mut state = self.state();
        state.gate.close_for(Instant::now(), remaining, reason);
        if remaining > LONGEST_GATE && reason == PauseReason::Throttled {
            state.given_up = Some(GiveUp::ThrottledTooLong { retry_after: remaining });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics; and if it did, a pacer that goes on is better than none.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, now: Instant, wanted: usize, asker: Asker) -> Grant {
        match self.admit(now, NonZeroUsize::new(wanted).unwrap_or(NonZeroUsize::MIN), asker) {
            Ok(permits) => {
                self.turn = match asker {
                    Asker::Sender => Turn::Singles,
                    Asker::Single => Turn::Anybody,
                };
                self.gate.granted(permits.get());
                self.windows.granted(now, permits.get(), self.in_flight);
                self.in_flight += permits.get();
                Grant::Permits(permits)
            }
            Err(pause) => Grant::Wait(pause),
        }
    }

    fn admit(&mut self, now: Instant, wanted: NonZeroUsize, asker: Asker) -> Result<NonZeroUsize, Pause> {
        let open = self.gate.admit(now, wanted)?;
        let led = self.windows.admit(now, open, self.in_flight)?;
        if asker == Asker::Sender && self.turn == Turn::Singles && self.waiting > 0 {
            return Err(Pause { until: now + ANSWER_POLL, reason: PauseReason::Paced });
        }
        self.ceiling.admit(led, self.windows.lead())
    }

    fn observe(&mut self, now: Instant, signal: Signal, headers: &LimitHeaders) -> Result<(), GiveUp> {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.throttled += u64::from(signal == Signal::Throttled);
        self.windows.observe(now, signal, &rate_limits(headers), self.in_flight);
        if signal == Signal::Throttled && active(Sabotage::GatePerWorker) {
            return Ok(());
        }
        let result = self.gate.observe(now, signal, retry_after(headers));
        match &result {
            Ok(()) if signal == Signal::Answered => self.given_up = None,
            Ok(()) => {}
            Err(why) => self.given_up = Some(why.clone()),
        }
        result
    }
}

#[cfg(test)]
mod tests;
