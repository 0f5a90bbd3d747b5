//! One call that may be repeated freely (list, get, presets, a token refresh, an update, a removal): paced, and tried
//! again. Beside it, the same for one that may not.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::RunClock;
use super::desk::Desk;
use crate::event::{Event, Observer, StopReason, WaitReason};
use crate::journal::GateKeeper;
use crate::outcome::{Answer, CallOutcome, Failure, Loss, NotSent, Reply, Trouble, of_call};
use crate::pacer::{GiveUp, Pacer, Pause, PauseReason, Signal};

/// How often a call is tried that is answered, but not as it should be.
const MOST_TRIES: usize = 8;

/// What came of a repeated call.
#[derive(Debug)]
pub(crate) enum Called<T> {
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
pub(crate) struct Line<'a> {
    /// The pacer of the token.
    pub pacer: &'a Pacer,
    /// Cancelled when no new request may leave.
    pub cancel: &'a CancellationToken,
    /// Told of waits.
    pub observer: &'a dyn Observer,
    /// Where a closed gate is kept for the next run.
    pub gate: KeptGate<'a>,
}

/// Who keeps until when the server asked us to wait.
#[derive(Clone, Copy)]
pub(crate) enum KeptGate<'a> {
    /// Nobody: no journal is held.
    Nowhere,
    /// The journal, wherever it is.
    Beside(&'a GateKeeper, RunClock),
    /// The desk, with the next transaction; the loop tells of the wait when that is committed.
    OnDesk(&'a Desk, RunClock),
}

impl Line<'_> {
    /// Keeps the gate that a 429 has closed, before anybody is told. If that fails beside a run, it honours the gate all
    /// the same and only a restart might knock too early; whatever is wrong with the disk stops it at its next commit.
    async fn keep_gate(self) {
        let Some(pause) = self.pacer.gate() else { return };
        let remaining = pause.until.saturating_duration_since(Instant::now());
        let until = |clock: RunClock| RunClock::after(clock.now(), remaining);
        match self.gate {
            KeptGate::Nowhere => {}
            KeptGate::OnDesk(desk, clock) => {
                desk.keep_gate(until(clock));
                desk.carry();
            }
            KeptGate::Beside(keeper, clock) => {
                let (keeper, until) = (keeper.clone(), until(clock));
                match tokio::task::spawn_blocking(move || keeper.keep(until)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::debug!(%error, "the gate could not be kept"),
                    Err(error) => tracing::debug!(%error, "the gate could not be kept"),
                }
            }
        }
    }

    /// Tells that the gate is closed, if it is.
    fn tell_wait(self) {
        let Some(Pause { until, reason }) = self.pacer.gate() else { return };
        let reason = match (reason, self.gate) {
            (PauseReason::Throttled, KeptGate::OnDesk(..)) => return,
            (PauseReason::Throttled, KeptGate::Nowhere | KeptGate::Beside(..)) => WaitReason::Throttled,
            (PauseReason::Outage, _) => WaitReason::Outage,
            (PauseReason::Paced | PauseReason::Probing, _) => return,
        };
        let remaining = until.saturating_duration_since(Instant::now());
        self.observer.on(&Event::Waiting { reason, remaining });
    }
}

/// What came of a call that must not be repeated.
#[derive(Debug)]
pub(crate) struct Once<T> {
    /// The answer, if it was sent.
    pub answer: Option<Answer<T>>,
    /// Why no further request may be made, if so.
    pub stop: Option<StopReason>,
}

/// Sends `request` once; again only where it provably had no effect: it was not sent, or answered by a 429.
pub(crate) async fn once<T, F>(line: Line<'_>, mut request: impl FnMut() -> F) -> Once<T>
where
    F: Future<Output = Reply<T>>,
{
    let stopped = |reason| Once { answer: None, stop: Some(reason) };
    loop {
        line.tell_wait();
        tokio::select! {
            biased;
            () = line.cancel.cancelled() => return stopped(StopReason::Interrupted),
            permit = line.pacer.permit() => if let Err(why) = permit { return stopped(why.into()) },
        }
        let reply = request().await;
        let signal = signal(&reply.answer);
        let observed = line.pacer.observe(signal, &reply.limits);
        if signal == Signal::Throttled {
            line.keep_gate().await;
        }
        let stop = observed.err().map(|why| given_up(why, &reply.answer));
        let without_effect = matches!(signal, Signal::Throttled | Signal::NotConnected);
        if !without_effect || stop.is_some() {
            return Once { answer: Some(reply.answer), stop };
        }
    }
}

/// Repeats `request` until it succeeds, is refused, has been tried often enough, or the run ends.
pub(crate) async fn call<T, F>(line: Line<'_>, mut request: impl FnMut() -> F) -> Called<T>
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
        let signal = signal(&reply.answer);
        let observed = pacer.observe(signal, &reply.limits);
        if signal == Signal::Throttled {
            line.keep_gate().await;
        }
        if let Err(why) = observed {
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
