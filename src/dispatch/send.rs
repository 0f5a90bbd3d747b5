//! The loop that empties the queue: pace → claim → send → record.
//!
//! One task drives it: it takes in answers, lays results and wishes for rows on the [`Desk`], and sends what comes back.
//! What is done about meetings beside the sending is started from here, see `errands`.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::call::{given_up, signal};
use super::course::{Courses, Stage};
use super::desk::{Exchanged, Transactions};
use super::errands::Errand;
use super::reconciler::Reconciler;
use super::result::row_result;
use super::trial::Verdict;
use super::{DispatchError, Dispatcher, RunClock};
use crate::api::ParticipantApi;
use crate::event::{Event, Recorded, StopReason, WaitReason};
use crate::journal::{Intent, MeetingKey, Record, RowId, RowResult};
use crate::model::{AddedParticipant, Participant, ParticipantKey};
use crate::outcome::{Answer, Attempt, CreateOutcome, LimitHeaders, Loss, Reply, of_create};
use crate::pacer::{Grant, Pause, PauseReason, Signal};
use crate::sabotage::{Sabotage, active};

/// A create that has come back.
pub(super) struct Finished {
    row: RowId,
    meeting: MeetingKey,
    key: ParticipantKey,
    attempt: Attempt,
    reply: Reply<AddedParticipant>,
}

/// The state of the loop.
pub(super) struct Sending<A> {
    pub(super) reconciler: Arc<Reconciler<A>>,
    transactions: Transactions,
    pub(super) courses: Courses,
    in_flight: JoinSet<Finished>,
    pub(super) errands: JoinSet<Errand>,
    pub(super) tokens: Tokens,
    /// Rows wished for that the journal hasn't answered yet.
    wished: usize,
    wait: Option<Pause>,
    pub(super) draining: bool,
    /// Since when creates in doubt are all that is waited for.
    settling_since: Option<Instant>,
    /// The first fatal error; what is on its way still comes back.
    pub(super) fatal: Option<DispatchError>,
}

/// Tokens that no create handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tokens {
    /// Some may be missing.
    Due,
    /// They are being fetched; whether more have come to be missing meanwhile.
    Fetching { again: bool },
    /// None is missing that can be had.
    Fetched,
}

impl<A: ParticipantApi> Dispatcher<A> {
    pub(super) async fn drive(&mut self, sending: &mut Sending<A>) {
        let cancel = self.cancel.clone();
        self.begin_errands(sending);
        loop {
            while let Some(finished) = sending.in_flight.try_join_next() {
                self.take_in(sending, finished);
            }
            match (sending.draining, cancel.is_cancelled()) {
                (false, false) => {
                    self.wish(sending);
                    self.fetch_tokens(sending);
                }
                // Here, too: with nothing on its way there is nothing to select from.
                (false, true) => self.interrupt(sending),
                (true, _) => {}
            }
            self.note_settling(sending);
            let sends = !sending.draining && sending.courses.queued() > 0;
            let wait = sending.wait.map(|pause| pause.until).filter(|_| sends);
            let carried = sending.reconciler.desk.carry();
            if !carried && sending.in_flight.is_empty() && sending.errands.is_empty() && wait.is_none() {
                return;
            }
            tokio::select! {
                biased;
                () = cancel.cancelled(), if !sending.draining => self.interrupt(sending),
                exchanged = sending.transactions.next() => self.take_out(sending, exchanged),
                Some(finished) = sending.in_flight.join_next() => self.take_in(sending, finished),
                Some(errand) = sending.errands.join_next() => self.take_up(sending, errand),
                () = sleep_until(wait) => sending.wait = None,
            }
        }
    }

    /// Wishes for as many rows as may leave now; permits are taken for them.
    fn wish(&self, sending: &mut Sending<A>) {
        let taken = sending.in_flight.len() + sending.wished;
        let free = self.settings.concurrency.get().saturating_sub(taken);
        if free == 0 || sending.wait.is_some_and(|pause| Instant::now() < pause.until) {
            return;
        }
        for _ in 0..sending.courses.queued() {
            let Some(course) = sending.courses.next() else { return };
            let meeting = course.meeting.key;
            let admitted = course.trial.admits(free);
            if admitted == 0 {
                sending.courses.pass();
                continue;
            }
            if !sending.reconciler.desk.takes_wishes_for(meeting) {
                // Another meeting's wish is there already: after its transaction it is this one's turn.
                return;
            }
            match self.pacer.take(admitted) {
                Grant::Permits(permits) => {
                    sending.wait = None;
                    course.trial.sent(permits.get());
                    course.open += permits.get();
                    sending.wished += permits.get();
                    sending.reconciler.desk.wish(meeting, permits.get());
                }
                Grant::Wait(pause) => {
                    self.tell_pause(sending, pause);
                    sending.wait = Some(pause);
                }
            }
            return;
        }
    }

    fn tell_pause(&self, sending: &Sending<A>, pause: Pause) {
        let reason = match pause.reason {
            PauseReason::Outage => WaitReason::Outage,
            PauseReason::Throttled | PauseReason::Paced | PauseReason::Probing => return,
        };
        if sending.wait.is_none_or(|last| last.reason != pause.reason) {
            self.tell_waiting(reason, pause.until.saturating_duration_since(Instant::now()));
        }
    }

    /// Counts the time in which creates in doubt are all that is waited for, and has the waits told then.
    fn note_settling(&mut self, sending: &mut Sending<A>) {
        let sends = sending.wished + sending.in_flight.len() + sending.courses.queued() > 0;
        let only_settle = !sends && !sending.draining && sending.courses.only_settle();
        match (sending.settling_since, only_settle) {
            (None, true) => sending.settling_since = Some(Instant::now()),
            (Some(since), false) => {
                self.settling += since.elapsed();
                sending.settling_since = None;
            }
            (None, false) | (Some(_), true) => return,
        }
        sending.reconciler.waits.nothing_else(only_settle, self.observer.as_ref());
    }

    /// A transaction has ended: its results are durable, its intents leave.
    fn take_out(&mut self, sending: &mut Sending<A>, exchanged: Exchanged) {
        let Exchanged { records, claim, gate, result } = exchanged;
        let (meeting, permits) = claim.unzip();
        let permits = permits.unwrap_or_default();
        sending.wished -= permits;
        let intents = match result {
            Ok(intents) => intents,
            Err(error) => {
                self.pacer.give_back(permits);
                records.into_iter().for_each(|record| sending.reconciler.desk.put(record));
                return self.fail(sending, error);
            }
        };
        self.tell_recorded(&records);
        self.tell_gate(gate);
        let Some(meeting) = meeting else { return };
        let unused = permits - intents.len();
        self.pacer.give_back(unused);
        if unused > 0 {
            sending.courses.exhausted(meeting);
        }
        if let Some(course) = sending.courses.of(meeting) {
            course.trial.not_sent(unused);
            course.open -= unused;
        }
        if sending.draining || self.cancel.is_cancelled() {
            return self.release(sending, &intents);
        }
        for intent in intents {
            self.send(sending, intent);
        }
        self.settle_if_through(sending, meeting);
    }

    /// Intents that came after the run was asked to stop: nothing was sent for them.
    fn release(&self, sending: &mut Sending<A>, intents: &[Intent]) {
        self.pacer.give_back(intents.len());
        let at = self.clock.now();
        for intent in intents {
            sending.reconciler.desk.put(Record { row: intent.row, at, result: RowResult::TakenBack });
        }
    }

    fn send(&self, sending: &mut Sending<A>, intent: Intent) {
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
    fn take_in(&mut self, sending: &mut Sending<A>, finished: Result<Finished, tokio::task::JoinError>) {
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
        let verdict = sending.courses.of(meeting).map_or(Verdict::GoOn, |course| {
            course.open -= 1;
            course.trial.answered(&outcome)
        });
        if let CreateOutcome::Stop(stop) = &outcome {
            self.stop(StopReason::Answer(stop.clone()));
            self.drain(sending);
        }
        let result = row_result(outcome);
        let taken_back = matches!(result, RowResult::TakenBack);
        sending.reconciler.desk.put(Record { row, at: self.clock.now(), result });
        let sends = sending
            .courses
            .of(meeting)
            .is_some_and(|course| course.stage == Stage::Sending && !self.is_blocked(course.meeting));
        if taken_back && sends {
            sending.courses.comes_back(meeting);
        }
        self.ask_if_suspect(sending, meeting, verdict);
        self.settle_if_through(sending, meeting);
    }

    fn keep_gate(&self, sending: &Sending<A>) {
        if let Some(Pause { until, reason: PauseReason::Throttled }) = self.pacer.gate() {
            let remaining = until.saturating_duration_since(Instant::now());
            sending.reconciler.desk.keep_gate(RunClock::after(self.clock.now(), remaining));
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

    fn interrupt(&mut self, sending: &mut Sending<A>) {
        self.stop(StopReason::Interrupted);
        self.drain(sending);
    }

    pub(super) fn drain(&self, sending: &mut Sending<A>) {
        if !sending.draining {
            sending.draining = true;
            sending.reconciler.halt.cancel();
            self.observer.on(&Event::Draining { in_flight: sending.in_flight.len() });
        }
    }

    /// The journal's own error counts, whoever hears first that it goes on no more.
    pub(super) fn fail(&self, sending: &mut Sending<A>, error: DispatchError) {
        tracing::debug!(%error, "the run can't go on");
        match sending.fatal {
            Some(DispatchError::Journal(_)) => {}
            Some(DispatchError::Writer) | None => sending.fatal = Some(error),
        }
        self.drain(sending);
    }

    /// The disk was full, and everything on its way has come back: try once more to record it. After any other failure
    /// (a sync that failed, say) a second try could not be believed; the rows stay in sending, and are settled.
    pub(super) async fn record_after_all(&mut self, why: &DispatchError, mut records: Vec<Record>) {
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

impl<A: ParticipantApi> Sending<A> {
    pub(super) fn new(reconciler: Reconciler<A>, transactions: Transactions, courses: Courses) -> Self {
        Self {
            reconciler: Arc::new(reconciler),
            transactions,
            courses,
            in_flight: JoinSet::new(),
            errands: JoinSet::new(),
            tokens: Tokens::Due,
            wished: 0,
            wait: None,
            draining: false,
            settling_since: None,
            fatal: None,
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
