//! The server's mind: one arrived request → admit → authenticate → fault → apply → reply, all under one lock.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Method, Uri};
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, Refusal};
use super::backend::{Backend, read_add};
use super::call::{Call, Operation};
use super::distort::{self, Reply};
use super::faults::{Effect, Fault, ListFlaw, Manner};
use super::headers;
use super::quota::{Admission, Meter, Verdict};
use super::rules::{Faults, Subject};
use super::settings::{OtherMeetings, SandboxSettings};
use super::stats::{Counters, Gauges, IdCounts, Stats};
use super::store::{Moment, Store};
use super::token::{self, TokenStanding};
use crate::model::{JoinToken, MeetingId};

/// The server behind the sockets.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) settings: SandboxSettings,
    pub(super) gauges: Gauges,
    pub(super) stop: CancellationToken,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// How far the wall clock has been set forward.
    ahead: Duration,
    store: Store,
    meter: Option<Meter>,
    faults: Faults,
    counters: Counters,
}

/// A request of which everything has arrived.
#[derive(Debug, Clone)]
pub(super) struct Arrived {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) authorization: Option<String>,
    pub(super) body: Bytes,
}

impl Server {
    pub(super) fn new(settings: SandboxSettings, stop: CancellationToken) -> Self {
        let state = State {
            ahead: Duration::ZERO,
            store: Store::new(settings.presets.clone(), &settings.meetings, Timestamp::now()),
            meter: settings.quota.map(|quota| Meter::new(quota, settings.block, settings.others)),
            faults: Faults::new(settings.faults.clone(), settings.seed),
            counters: Counters::default(),
        };
        Self { settings, gauges: Gauges::default(), stop, state: Mutex::new(state) }
    }

    pub(super) fn stats(&self) -> Stats {
        let state = self.lock();
        let others = state.meter.as_ref().map(Meter::others).unwrap_or_default();
        Stats::gather(&state.counters, &self.gauges, &state.store, others, state.faults.struck())
    }

    pub(super) fn token_standing(&self, token: &JoinToken) -> TokenStanding {
        let Some(claims) = token::read(token.expose()) else { return TokenStanding::Unknown };
        let state = self.lock();
        match state.store.get(claims.meeting_id, claims.participant_id) {
            Err(_) => TokenStanding::Gone,
            Ok(participant) if claims.serial < participant.good_from => TokenStanding::Ended,
            Ok(_) if claims.exp <= state.now().timestamp.as_second() => TokenStanding::Expired,
            Ok(_) => TokenStanding::Good,
        }
    }

    pub(super) fn set_clock_forward(&self, by: Duration) {
        let mut state = self.lock();
        state.ahead = state.ahead.saturating_add(by);
    }

    pub(super) fn id_counts(&self) -> BTreeMap<MeetingId, BTreeMap<String, IdCounts>> {
        self.lock().store.meetings().map(|meeting| (meeting.id, meeting.id_counts())).collect()
    }

    /// Does what a request asks for, or what a fault makes of it.
    pub(super) fn answer(self: &Arc<Self>, request: &Arrived) -> Reply {
        let mut state = self.lock();
        let now = state.now();
        let call = Call::read(&request.method, &request.uri);
        let kind = call.as_ref().map_or("other", |call| call.operation.kind().name());
        state.counters.arrived(kind, now.instant);
        let verdict = state.meter.as_mut().map(|meter| meter.admit(now.instant));
        let mut reply = match (verdict, &call) {
            (Some(verdict), _) if verdict.admission != Admission::Admitted => throttled(verdict),
            (_, Ok(call)) => self.admitted(&mut state, call, request, now),
            (_, Err(refusal)) => Reply::Whole(refusal.answer()),
        };
        state.note(call.as_ref().ok(), request, verdict, &mut reply);
        if let Some(answer) = reply.answer_mut() {
            headers::complete(answer, &self.settings, now.timestamp, verdict.zip(state.meter.as_ref()));
        }
        reply
    }

    fn admitted(self: &Arc<Self>, state: &mut State, call: &Call, request: &Arrived, now: Moment) -> Reply {
        let authorized = self.authorize(call, request);
        if let (Ok(()), OtherMeetings::Active, Some(meeting)) =
            (&authorized, self.settings.other_meetings, call.operation.meeting())
        {
            state.store.open(meeting, now.timestamp);
        }
        let subject = authorized.and_then(|()| state.subject(&call.operation, request));
        let fault = match subject {
            Ok(subject) => state.faults.decide(&subject),
            Err(refusal) => return Reply::Whole(refusal.answer()),
        };
        match fault {
            Some(fault) => self.misbehave(state, &fault, call.operation, request, now),
            None => Reply::Whole(state.apply(&self.settings, call.operation, &request.body, now, None)),
        }
    }

    fn authorize(&self, call: &Call, request: &Arrived) -> Result<(), Refusal> {
        let token = request.authorization.as_deref().and_then(|value| value.strip_prefix("Bearer "));
        if token != Some(self.settings.api_token.as_str()) {
            return Err(Refusal::Unauthorized);
        }
        if call.account_id != self.settings.account_id {
            return Err(Refusal::OtherAccount);
        }
        if call.app_id == self.settings.app_id { Ok(()) } else { Err(Refusal::UnknownApp) }
    }

    fn misbehave(
        self: &Arc<Self>,
        state: &mut State,
        fault: &Fault,
        operation: Operation,
        request: &Arrived,
        now: Moment,
    ) -> Reply {
        if let (Manner::Foreign(deed), Some(meeting)) = (fault.manner, operation.meeting()) {
            state.store.suffer(meeting, deed, self.settings.seed, now);
        }
        let flaw = if let Manner::List(flaw) = fault.manner { Some(flaw) } else { None };
        let answer = match fault.effect {
            Effect::None => None,
            Effect::BeforeAnswer => Some(state.apply(&self.settings, operation, &request.body, now, flaw)),
            Effect::Late => {
                self.apply_later(operation, request.body.clone());
                None
            }
        };
        match (fault.manner, answer) {
            (Manner::Status(status), _) => Reply::Whole(Answer::error(status)),
            (Manner::Throttle, _) => Reply::Whole(self.throttle(state, now)),
            (Manner::Html, _) => Reply::Whole(Answer::html()),
            (Manner::Redirect, _) => Reply::Whole(Answer::redirect(request.uri.path())),
            (Manner::Silence(silence), _) => Reply::Silence(silence),
            (Manner::Noise(noise), _) => Reply::Noise(distort::noise(noise)),
            (Manner::Spoilt(spoil), Some(answer)) => distort::spoil(answer, spoil),
            (Manner::List(_) | Manner::Foreign(_), Some(answer)) => Reply::Whole(answer),
            // No name leads here: what spoils an answer takes effect before it.
            (Manner::Spoilt(_) | Manner::List(_) | Manner::Foreign(_), None) => {
                Reply::Whole(Answer::error(500))
            }
        }
    }

    fn throttle(&self, state: &mut State, now: Moment) -> Answer {
        let mut answer = Refusal::Throttled.answer();
        if let Some(wait) = &self.settings.throttle_retry_after {
            let (value, pause) = headers::retry_after(wait, &self.settings, now.timestamp);
            answer.headers.push(("retry-after", value));
            state.counters.asked_to_wait(now.instant, pause);
        }
        answer
    }

    fn apply_later(self: &Arc<Self>, operation: Operation, body: Bytes) {
        let server = Arc::clone(self);
        tokio::spawn(async move {
            tokio::select! {
                () = server.stop.cancelled() => return,
                () = tokio::time::sleep(server.settings.late_by) => {}
            }
            let mut state = server.lock();
            let now = state.now();
            state.apply(&server.settings, operation, &body, now, None);
        });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// To be read under the lock, so that the store's moments never run backwards.
    fn now(&self) -> Moment {
        let timestamp = Timestamp::now().saturating_add(self.ahead).unwrap_or(Timestamp::MAX);
        Moment { instant: Instant::now(), timestamp }
    }

    fn apply(
        &mut self,
        settings: &SandboxSettings,
        operation: Operation,
        body: &[u8],
        now: Moment,
        flaw: Option<ListFlaw>,
    ) -> Answer {
        Backend { store: &mut self.store, settings, now }.apply(operation, body, flaw)
    }

    /// What a request is about, once its body is one.
    fn subject(&self, operation: &Operation, request: &Arrived) -> Result<Subject, Refusal> {
        let (meeting, about) = match *operation {
            Operation::Add(meeting) => {
                (Some(meeting), read_add(&request.body)?.custom_participant_id.into_owned())
            }
            Operation::One(_, meeting, id) => {
                let custom_id = self.store.get(meeting, id).map(|found| found.custom_participant_id.clone());
                (Some(meeting), custom_id.unwrap_or_else(|_| id.to_string()))
            }
            Operation::List(meeting, page) => (Some(meeting), format!("page {:?}", page.page_no)),
            Operation::Meeting(meeting) => (Some(meeting), String::new()),
            Operation::Presets(page) => (None, format!("page {:?}", page.page_no)),
        };
        Ok(Subject { kind: operation.kind(), meeting, about })
    }

    /// Counts what became of a request.
    fn note(&mut self, call: Option<&Call>, request: &Arrived, verdict: Option<Verdict>, reply: &mut Reply) {
        let throttled = reply.answer_mut().is_some_and(|answer| answer.status == 429);
        self.counters.throttled += u64::from(throttled);
        let blocked = verdict.is_some_and(|verdict| verdict.admission == Admission::Blocked);
        self.counters.while_blocked += u64::from(blocked);
        if let Some(Operation::Add(meeting)) = call.map(|call| call.operation)
            && let Ok(add) = read_add(&request.body)
        {
            self.store.count_post(meeting, &add.custom_participant_id, throttled);
        }
    }
}

fn throttled(verdict: Verdict) -> Reply {
    let mut answer = Refusal::Throttled.answer();
    answer.headers.push(("retry-after", verdict.retry_after()));
    Reply::Whole(answer)
}
