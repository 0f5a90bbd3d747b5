//! One call that may be repeated freely (list, get, presets, a token refresh): paced, and tried again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::event::{Event, Observer, StopReason, WaitReason};
use crate::outcome::{Answer, CallOutcome, Failure, Loss, NotSent, Reply, Trouble, of_call};
use crate::pacer::{GiveUp, Pacer, Pause, PauseReason, Signal};

/// How often a call is tried that is answered, but not as it should be.
const MOST_TRIES: usize = 8;

/// What came of a repeated call.
#[derive(Debug)]
pub enum Called<T> {
    /// Here it is.
    Done(T),
    /// Asking again won't help.
    Refused(Failure),
    /// Tried often enough.
    Failed(Trouble),
    /// The run can't go on.
    Stop(StopReason),
}

/// What the pacer should make of an answer.
pub(super) fn signal<T>(answer: &Answer<T>) -> Signal {
    match answer {
        Answer::NotSent(NotSent::NotConnected(_)) => Signal::NotConnected,
        Answer::NotSent(NotSent::NotBuilt(_) | NotSent::Untrusted(_)) => Signal::Answered,
        Answer::Lost(_) => Signal::Failed,
        Answer::Success(_) | Answer::Flawed { .. } => Signal::Answered,
        Answer::Failure(failure) => match failure.status {
            429 => Signal::Throttled,
            500..=599 => Signal::Failed,
            _ => Signal::Answered,
        },
    }
}

/// Why the run ends, told by the answer after which the pacer gave up.
pub(super) fn given_up<T>(why: GiveUp, answer: &Answer<T>) -> StopReason {
    let trouble = match answer {
        Answer::NotSent(NotSent::NotBuilt(why) | NotSent::NotConnected(why) | NotSent::Untrusted(why)) => {
            why.clone()
        }
        Answer::Lost(Loss::TimedOut) => "no answer came in time".to_owned(),
        Answer::Lost(Loss::Broken(why)) => why.clone(),
        Answer::Failure(failure) => format!("HTTP {}: {}", failure.status, failure.message),
        Answer::Lost(Loss::Aborted) | Answer::Success(_) | Answer::Flawed { .. } => return why.into(),
    };
    match StopReason::from(why) {
        StopReason::Outage { lasted, .. } => StopReason::Outage { lasted, trouble: Some(trouble) },
        other => other,
    }
}

/// What every call goes through.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    /// The pacer of the token.
    pub pacer: &'a Pacer,
    /// Cancelled when no new request may leave.
    pub cancel: &'a CancellationToken,
    /// Told of waits.
    pub observer: &'a dyn Observer,
}

impl Line<'_> {
    /// Tells that the gate is closed, if it is.
    fn tell_wait(self) {
        let Some(Pause { until, reason }) = self.pacer.gate() else { return };
        let reason = match reason {
            PauseReason::Throttled => WaitReason::Throttled,
            PauseReason::Outage => WaitReason::Outage,
            PauseReason::Paced | PauseReason::Probing => return,
        };
        let remaining = until.saturating_duration_since(Instant::now());
        self.observer.on(&Event::Waiting { reason, remaining });
    }
}

/// Repeats `request` until it succeeds, is refused, has been tried often enough, or the run ends.
pub async fn call<T, F>(line: Line<'_>, mut request: impl FnMut() -> F) -> Called<T>
where
    F: Future<Output = Reply<T>>,
{
    let mut delays = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(10))
        .with_max_times(MOST_TRIES - 1)
        .with_jitter()
        .build();
    let Line { pacer, cancel, .. } = line;
    loop {
        line.tell_wait();
        tokio::select! {
            biased;
            () = cancel.cancelled() => return Called::Stop(StopReason::Interrupted),
            permit = pacer.permit() => if let Err(why) = permit { return Called::Stop(why.into()) },
        }
        let reply = request().await;
        if let Err(why) = pacer.observe(signal(&reply.answer), &reply.limits) {
            return Called::Stop(given_up(why, &reply.answer));
        }
        let trouble = match of_call(reply.answer) {
            CallOutcome::Done(value) => return Called::Done(value),
            CallOutcome::Refused(failure) => return Called::Refused(failure),
            CallOutcome::Stop(stop) => return Called::Stop(StopReason::Answer(stop)),
            // Neither a 429 nor a missing connection says anything about this call: the gate decides.
            CallOutcome::Throttled | CallOutcome::Again(Trouble::NotSent(_)) => continue,
            CallOutcome::Again(trouble) => trouble,
        };
        let Some(delay) = delays.next() else { return Called::Failed(trouble) };
        tokio::select! {
            biased;
            () = cancel.cancelled() => return Called::Stop(StopReason::Interrupted),
            () = tokio::time::sleep(delay) => {}
        }
    }
}
