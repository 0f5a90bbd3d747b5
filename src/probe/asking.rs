//! One paced request at a time, all of them counted, and everybody remembered who may have come of one.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{ID_PREFIX, ProbeContext};
use crate::api::{Page, PageRequest, ParticipantApi};
use crate::dispatch::{Called, KeptGate, Line, Once, call, once};
use crate::event::{Observer, StopReason};
use crate::model::{MeetingId, Participant, RemoteId, RemoteParticipant};
use crate::outcome::{Answer, Attempt, CreateOutcome, Failure, LimitHeaders, Reply, of_create};
use crate::pacer::Pacer;

/// What all answers together showed.
#[derive(Default)]
struct Seen {
    requests: u64,
    limits: LimitHeaders,
}

/// Asks, and knows whom it has made.
pub(super) struct Prober<'a, A> {
    pub(super) api: &'a A,
    pub(super) meeting: MeetingId,
    pub(super) cancel: CancellationToken,
    pacer: &'a Pacer,
    observer: &'a dyn Observer,
    seen: Mutex<Seen>,
    /// What the ids of this probe begin with.
    pub(super) prefix: String,
    /// Whom answers told of and who is still in.
    pub(super) known: Vec<RemoteId>,
    /// Who is gone again.
    pub(super) removed: Vec<RemoteId>,
    /// Adds that may have made somebody of whom no answer told.
    pub(super) doubts: u64,
    pub(super) made: u64,
}

impl<'a, A: ParticipantApi> Prober<'a, A> {
    pub(super) fn new(meeting: MeetingId, context: &'a ProbeContext<A>) -> Self {
        Self {
            api: context.api.as_ref(),
            meeting,
            cancel: context.cancel.clone(),
            pacer: &context.pacer,
            observer: context.observer.as_ref(),
            seen: Mutex::default(),
            prefix: format!("{ID_PREFIX}{:08x}-", fastrand::u32(..)),
            known: Vec::new(),
            removed: Vec::new(),
            doubts: 0,
            made: 0,
        }
    }

    /// How many requests were made, and the last limit headers that came.
    pub(super) fn seen(&self) -> (u64, LimitHeaders) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        (seen.requests, seen.limits.clone())
    }

    fn line(&self) -> Line<'_> {
        let gate = KeptGate::Nowhere;
        Line { pacer: self.pacer, cancel: &self.cancel, observer: self.observer, gate }
    }

    fn note<T>(&self, reply: Reply<T>) -> Reply<T> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.requests += u64::from(!matches!(reply.answer, Answer::NotSent(_)));
        if !reply.limits.ratelimit.is_empty() || !reply.limits.ratelimit_policy.is_empty() {
            seen.limits = reply.limits.clone();
        }
        reply
    }

    /// A request that may be repeated, until it is answered well.
    pub(super) async fn call<T, F>(&self, mut request: impl FnMut() -> F) -> Called<T>
    where
        F: Future<Output = Reply<T>>,
    {
        call(self.line(), || {
            let reply = request();
            async { self.note(reply.await) }
        })
        .await
    }

    /// A request that isn't repeated.
    pub(super) async fn once<T, F>(&self, mut request: impl FnMut() -> F) -> Result<Answer<T>, StopReason>
    where
        F: Future<Output = Reply<T>>,
    {
        let asked = once(self.line(), || {
            let reply = request();
            async { self.note(reply.await) }
        });
        match asked.await {
            Once { stop: Some(reason), .. } => Err(reason),
            Once { answer: Some(answer), stop: None } => Ok(answer),
            Once { answer: None, stop: None } => Err(StopReason::Interrupted),
        }
    }

    /// A page; `None`: there is none of that number, or no answer was good.
    pub(super) async fn page(&self, page: PageRequest) -> Result<Paged, StopReason> {
        match self.call(|| self.api.list(self.meeting, page)).await {
            Called::Done(page) => Ok(Paged::Page(page)),
            Called::Refused(failure) => Ok(Paged::Refused(failure)),
            Called::Failed(_) => Ok(Paged::Failed),
            Called::Stop(reason) => Err(reason),
        }
    }

    /// Adds somebody, once. Whoever may have come of it is remembered, whatever the answer.
    pub(super) async fn add(&mut self, participant: &Participant) -> Result<CreateOutcome, StopReason> {
        let asked = once(self.line(), || async { self.note(self.api.add(participant).await) });
        let Once { answer, stop } = asked.await;
        let outcome = answer.map(|answer| of_create(answer, &participant.key, Attempt::First));
        match &outcome {
            Some(CreateOutcome::Added(added)) => self.remember(&added.participant.id),
            Some(CreateOutcome::Applied { remote_id: Some(id), .. }) => self.remember(id),
            Some(CreateOutcome::Applied { remote_id: None, .. } | CreateOutcome::Unknown(_)) => {
                self.doubts += 1;
            }
            _ => {}
        }
        match (outcome, stop) {
            (Some(CreateOutcome::Stop(stop)), _) => Err(StopReason::Answer(stop)),
            (_, Some(reason)) => Err(reason),
            (Some(outcome), None) => Ok(outcome),
            (None, None) => Err(StopReason::Interrupted),
        }
    }

    fn remember(&mut self, id: &RemoteId) {
        if !self.known.contains(id) {
            self.known.push(id.clone());
            self.made += 1;
        }
    }

    pub(super) async fn wait(&self, wait: Duration) -> Result<(), StopReason> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(StopReason::Interrupted),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }
}

/// What came of asking for a page.
pub(super) enum Paged {
    Page(Page<RemoteParticipant>),
    /// There is none of that number or length.
    Refused(Failure),
    /// No answer was good.
    Failed,
}

impl Paged {
    pub(super) fn page(self) -> Option<Page<RemoteParticipant>> {
        if let Self::Page(page) = self { Some(page) } else { None }
    }
}
