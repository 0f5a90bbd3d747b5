//! The loop that empties the queue: pace → claim → send → record.
//!
//! One task drives it: it takes in answers, lays results and wishes for rows on the [`Desk`], and sends what comes back.

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::call::{Called, call, given_up, signal};
use super::desk::{Desk, Exchanged};
use super::result::row_result;
use super::trial::{Trial, Verdict};
use super::{DispatchError, Dispatcher, Flow, JournalTask, RunClock};
use crate::api::{MeetingStatus, ParticipantApi};
use crate::event::{Event, Recorded, StopReason, WaitReason};
use crate::journal::{Intent, MeetingKey, Record, RowId, RowResult, RunMeeting};
use crate::model::{AddedParticipant, Participant, ParticipantKey};
use crate::outcome::{Answer, Attempt, CreateOutcome, LimitHeaders, Loss, Reply, of_create};
use crate::pacer::{Grant, Pause, PauseReason, Signal};
use crate::sabotage::{Sabotage, active};

/// A create that has come back.
struct Finished {
    row: RowId,
    meeting: MeetingKey,
    key: ParticipantKey,
    attempt: Attempt,
    reply: Reply<AddedParticipant>,
}

/// The state of the loop.
struct Sending {
    /// Meetings that may have planned rows.
    queue: VecDeque<MeetingKey>,
    trials: HashMap<MeetingKey, Trial>,
    /// Meetings to ask for before anything more is sent to them.
    suspects: Vec<(MeetingKey, Verdict)>,
    in_flight: JoinSet<Finished>,
    desk: Desk,
    /// Rows wished for that the journal hasn't answered yet.
    wished: usize,
    wait: Option<Pause>,
    draining: bool,
    /// The first fatal error; what is on its way still comes back.
    fatal: Option<DispatchError>,
}

impl<A: ParticipantApi> Dispatcher<A> {
    /// Sends every planned row of the run.
    pub(super) async fn send_planned(&mut self) -> Result<Flow, DispatchError> {
        let mut trials = HashMap::new();
        loop {
            let meetings = self.journal.call(|journal| journal.meetings()).await?;
            let queue: VecDeque<_> = meetings
                .iter()
                .filter(|meeting| meeting.has_planned && meeting.listed && !self.is_blocked(meeting))
                .map(|meeting| meeting.key)
                .collect();
            if queue.is_empty() {
                return Ok(Flow::GoOn);
            }
            let mut sending = Sending::new(queue, trials, Desk::before(self.journal.take()?));
            self.drive(&mut sending).await;
            let (journal, unrecorded) = sending.desk.clear().await?;
            self.journal = JournalTask::new(journal);
            if let Some(fatal) = sending.fatal {
                self.record_after_all(&fatal, unrecorded).await;
                return Err(fatal);
            }
            if self.stopped() {
                return Ok(Flow::Stop);
            }
            trials = sending.trials;
            for (key, verdict) in sending.suspects {
                if let Some(meeting) = meetings.iter().find(|meeting| meeting.key == key)
                    && self.try_meeting(*meeting, verdict, trials.get(&key)).await == Flow::Stop
                {
                    return Ok(Flow::Stop);
                }
            }
        }
    }

    fn is_blocked(&self, meeting: &RunMeeting) -> bool {
        self.stops.iter().any(|stop| match stop {
            StopReason::MeetingRefuses { meeting: id, .. }
            | StopReason::ListingIncomplete { meeting: id } => *id == meeting.id,
            _ => false,
        })
    }

    /// Asks for a meeting that refuses; blocks it if it is gone or inactive, or has refused everybody.
    async fn try_meeting(&mut self, meeting: RunMeeting, verdict: Verdict, trial: Option<&Trial>) -> Flow {
        let asked = call(self.line(), || self.api.meeting(meeting.id)).await;
        let failure = match (asked, verdict) {
            (Called::Stop(reason), _) => return self.stop(reason),
            (Called::Refused(failure), _) => Some(failure),
            (Called::Done(MeetingStatus::Inactive), _) => None,
            (Called::Done(MeetingStatus::Active) | Called::Failed(_), Verdict::Refuses) => {
                trial.and_then(Trial::last)
            }
            (Called::Done(MeetingStatus::Active) | Called::Failed(_), Verdict::Ask | Verdict::GoOn) => {
                return Flow::GoOn;
            }
        };
        self.stop(StopReason::MeetingRefuses { meeting: meeting.id, failure });
        Flow::GoOn
    }

    async fn drive(&mut self, sending: &mut Sending) {
        let cancel = self.cancel.clone();
        loop {
            while let Some(finished) = sending.in_flight.try_join_next() {
                self.take_in(sending, finished);
            }
            if !sending.draining && !cancel.is_cancelled() {
                self.wish(sending);
            }
            let wait = sending.wait.map(|pause| pause.until).filter(|_| !sending.draining);
            if !sending.desk.carry() && sending.in_flight.is_empty() && wait.is_none() {
                return;
            }
            tokio::select! {
                biased;
                () = cancel.cancelled(), if !sending.draining => {
                    self.stop(StopReason::Interrupted);
                    self.drain(sending);
                }
                exchanged = sending.desk.next() => self.take_out(sending, exchanged),
                Some(finished) = sending.in_flight.join_next() => self.take_in(sending, finished),
                () = sleep_until(wait) => sending.wait = None,
            }
        }
    }

    /// Wishes for as many rows as may leave now; permits are taken for them.
    fn wish(&self, sending: &mut Sending) {
        let taken = sending.in_flight.len() + sending.wished;
        let free = self.settings.concurrency.get().saturating_sub(taken);
        if free == 0 || sending.wait.is_some_and(|pause| Instant::now() < pause.until) {
            return;
        }
        for _ in 0..sending.queue.len() {
            let Some(meeting) = sending.queue.front().copied() else { return };
            let trial = sending.trials.entry(meeting).or_default();
            let admitted = trial.admits(free);
            if admitted == 0 || !sending.desk.takes_wishes_for(meeting) {
                sending.queue.rotate_left(1);
                continue;
            }
            match self.pacer.take(admitted) {
                Grant::Permits(permits) => {
                    sending.wait = None;
                    trial.sent(permits.get());
                    sending.wished += permits.get();
                    sending.desk.wish(meeting, permits.get());
                }
                Grant::Wait(pause) => {
                    self.tell_pause(sending, pause);
                    sending.wait = Some(pause);
                }
            }
            return;
        }
    }

    fn tell_pause(&self, sending: &Sending, pause: Pause) {
        let reason = match pause.reason {
            PauseReason::Outage => WaitReason::Outage,
            PauseReason::Throttled | PauseReason::Paced | PauseReason::Probing => return,
        };
        if sending.wait.is_none_or(|last| last.reason != pause.reason) {
            self.tell_waiting(reason, pause.until.saturating_duration_since(Instant::now()));
        }
    }

    /// A transaction has ended: its results are durable, its intents leave.
    fn take_out(&mut self, sending: &mut Sending, exchanged: Exchanged) {
        let Exchanged { records, claim, gate, result } = exchanged;
        let (meeting, permits) = claim.unzip();
        let permits = permits.unwrap_or_default();
        sending.wished -= permits;
        let intents = match result {
            Ok(intents) => intents,
            Err(error) => {
                self.pacer.give_back(permits);
                records.into_iter().for_each(|record| sending.desk.put(record));
                return self.fail(sending, error.into());
            }
        };
        self.tell_recorded(&records);
        // Told only now: whoever reads it may rely on the next run's knowing it, too.
        if let Some(remaining) = gate.and_then(|until| self.clock.until(until)) {
            self.tell_waiting(WaitReason::Throttled, remaining);
        }
        let Some(meeting) = meeting else { return };
        let unused = permits - intents.len();
        self.pacer.give_back(unused);
        sending.trials.entry(meeting).or_default().not_sent(unused);
        if unused > 0 {
            sending.queue.retain(|queued| *queued != meeting);
        }
        if sending.draining || self.cancel.is_cancelled() {
            return self.release(sending, &intents);
        }
        for intent in intents {
            self.send(sending, intent);
        }
    }

    /// Intents that came after the run was asked to stop: nothing was sent for them.
    fn release(&self, sending: &mut Sending, intents: &[Intent]) {
        self.pacer.give_back(intents.len());
        let at = self.clock.now();
        for intent in intents {
            sending.desk.put(Record { row: intent.row, at, result: RowResult::TakenBack });
        }
    }

    fn send(&self, sending: &mut Sending, intent: Intent) {
        let api = self.api.clone();
        sending.in_flight.spawn(async move {
            let Intent { row, meeting, participant, attempt } = intent;
            // A panic in the client proves nothing about the request.
            let reply =
                AssertUnwindSafe(add(&*api, &participant)).catch_unwind().await.unwrap_or_else(|_| Reply {
                    answer: Answer::Lost(Loss::Aborted),
                    limits: LimitHeaders::default(),
                });
            Finished { row, meeting, key: participant.key, attempt, reply }
        });
    }

    /// An answer has come: what it means for the row, the meeting, the pacer and the run.
    fn take_in(&mut self, sending: &mut Sending, finished: Result<Finished, tokio::task::JoinError>) {
        let Ok(finished) = finished else {
            // The task itself can't fail: it catches the request's panic. Its row stays in sending, so it is settled.
            return self.fail(sending, DispatchError::Writer);
        };
        let Finished { row, meeting, key, attempt, reply } = finished;
        if let Err(why) = self.pacer.observe(signal(&reply.answer), &reply.limits) {
            self.stop(given_up(why, &reply.answer));
            self.drain(sending);
        }
        let outcome = of_create(reply.answer, &key, attempt);
        if let CreateOutcome::Throttled = outcome {
            self.keep_gate(sending);
        }
        match sending.trials.entry(meeting).or_default().answered(&outcome) {
            Verdict::GoOn => {}
            verdict @ (Verdict::Ask | Verdict::Refuses) => sending.suspect(meeting, verdict),
        }
        if let CreateOutcome::Stop(stop) = &outcome {
            self.stop(StopReason::Answer(stop.clone()));
            self.drain(sending);
        }
        let result = row_result(outcome);
        if matches!(result, RowResult::TakenBack) {
            sending.requeue(meeting);
        }
        sending.desk.put(Record { row, at: self.clock.now(), result });
    }

    fn keep_gate(&self, sending: &Sending) {
        if let Some(Pause { until, reason: PauseReason::Throttled }) = self.pacer.gate() {
            let remaining = until.saturating_duration_since(Instant::now());
            sending.desk.keep_gate(RunClock::after(self.clock.now(), remaining));
        }
    }

    fn tell_recorded(&self, records: &[Record]) {
        if records.is_empty() {
            return;
        }
        let mut recorded = Recorded::default();
        for record in records {
            *(match record.result {
                RowResult::Added(_) => &mut recorded.added,
                RowResult::Refused(_) => &mut recorded.rejected,
                RowResult::Doubtful { .. } => &mut recorded.uncertain,
                RowResult::TakenBack => &mut recorded.taken_back,
            }) += 1;
        }
        self.observer.on(&Event::Recorded(recorded));
    }

    fn drain(&self, sending: &mut Sending) {
        if !sending.draining {
            sending.draining = true;
            self.observer.on(&Event::Draining { in_flight: sending.in_flight.len() });
        }
    }

    fn fail(&self, sending: &mut Sending, error: DispatchError) {
        if sending.fatal.is_none() {
            tracing::debug!(%error, "the run can't go on");
            sending.fatal = Some(error);
        }
        self.drain(sending);
    }

    /// The disk was full, and everything on its way has come back: try once more to record it. After any other failure
    /// (a sync that failed, say) a second try could not be believed; the rows stay in sending, and are settled.
    async fn record_after_all(&mut self, why: &DispatchError, mut records: Vec<Record>) {
        let disk_full = matches!(why, DispatchError::Journal(error) if error.is_disk_full());
        if !disk_full || records.is_empty() {
            return;
        }
        let recorded = self.journal.call(move |journal| {
            journal.exchange(&mut records, None)?;
            Ok(records)
        });
        if let Ok(records) = recorded.await {
            self.tell_recorded(&records);
        }
    }
}

impl Sending {
    fn new(queue: VecDeque<MeetingKey>, trials: HashMap<MeetingKey, Trial>, desk: Desk) -> Self {
        Self {
            queue,
            trials,
            suspects: Vec::new(),
            in_flight: JoinSet::new(),
            desk,
            wished: 0,
            wait: None,
            draining: false,
            fatal: None,
        }
    }

    fn suspect(&mut self, meeting: MeetingKey, verdict: Verdict) {
        self.queue.retain(|queued| *queued != meeting);
        self.suspects.retain(|(suspect, _)| *suspect != meeting);
        self.suspects.push((meeting, verdict));
    }

    fn requeue(&mut self, meeting: MeetingKey) {
        let suspected = self.suspects.iter().any(|(suspect, _)| *suspect == meeting);
        if !suspected && !self.queue.contains(&meeting) {
            self.queue.push_back(meeting);
        }
    }
}

/// One create; with safeguards taken away, what goes wrong in a request's own task.
async fn add(api: &impl ParticipantApi, participant: &Participant) -> Reply<AddedParticipant> {
    let reply = api.add(participant).await;
    #[expect(clippy::panic, reason = "what must not happen, made to happen by a test")]
    if active(Sabotage::Panic) {
        panic!("on purpose: {participant:?} {reply:?}");
    }
    if active(Sabotage::GatePerWorker) && signal(&reply.answer) == Signal::Throttled {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    reply
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
