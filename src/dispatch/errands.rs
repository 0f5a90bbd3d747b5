//! What is done about meetings beside the sending, as the loop sees it: which task is started when, and what follows
//! from its end.

use std::sync::Arc;

use tokio::task::JoinError;

use super::call::Called;
use super::course::{Course, Stage};
use super::listing::Care;
use super::send::{Sending, Tokens};
use super::settle::Looked;
use super::tokens::{Fetched, Whose};
use super::trial::Verdict;
use super::{DispatchError, Dispatcher};
use crate::api::{MeetingStatus, ParticipantApi};
use crate::event::StopReason;
use crate::journal::{MeetingKey, RunMeeting, Settled};

/// A task that has ended.
pub(super) enum Errand {
    /// A meeting's listing before its first create.
    Listed(RunMeeting, Result<Result<Settled, StopReason>, DispatchError>),
    /// The settling of a meeting's creates in doubt.
    Settled(RunMeeting, Result<Result<Looked, StopReason>, DispatchError>),
    /// Whether a meeting takes anybody.
    Asked(RunMeeting, Called<MeetingStatus>),
    /// The fetching of tokens.
    Tokens(Result<Option<StopReason>, DispatchError>),
}

impl<A: ParticipantApi> Dispatcher<A> {
    /// Starts each meeting on its course.
    pub(super) fn begin_errands(&self, sending: &mut Sending<A>) {
        let stages: Vec<_> = sending.courses.all().map(|course| (course.meeting, course.stage)).collect();
        for (meeting, stage) in stages {
            match stage {
                Stage::Listing => self.list(sending, meeting),
                Stage::Settling => self.settle(sending, meeting),
                Stage::Sending | Stage::Asking(_) | Stage::Done => {}
            }
        }
    }

    fn list(&self, sending: &mut Sending<A>, meeting: RunMeeting) {
        let reconciler = Arc::clone(&sending.reconciler);
        sending
            .errands
            .spawn(async move { Errand::Listed(meeting, reconciler.compare(meeting, Care::Alone).await) });
    }

    fn settle(&self, sending: &mut Sending<A>, meeting: RunMeeting) {
        let reconciler = Arc::clone(&sending.reconciler);
        sending.errands.spawn(async move { Errand::Settled(meeting, reconciler.settle(meeting).await) });
    }

    /// Looks after creates in doubt as soon as all of a meeting's rows have been sent and answered.
    pub(super) fn settle_if_through(&self, sending: &mut Sending<A>, meeting: MeetingKey) {
        if !sending.draining
            && sending.courses.is_through(meeting)
            && let Some(course) = sending.courses.of(meeting)
        {
            let meeting = course.meeting;
            self.settle(sending, meeting);
        }
    }

    /// Nothing more is sent to a meeting that refuses before it has been asked whether it takes anybody.
    pub(super) fn ask_if_suspect(&self, sending: &mut Sending<A>, meeting: MeetingKey, verdict: Verdict) {
        if verdict == Verdict::GoOn || sending.draining {
            return;
        }
        sending.courses.dequeue(meeting);
        let Some(course) = sending.courses.of(meeting) else { return };
        let asking = matches!(course.stage, Stage::Asking(_));
        course.stage = Stage::Asking(verdict);
        if !asking {
            let (meeting, reconciler) = (course.meeting, Arc::clone(&sending.reconciler));
            sending.errands.spawn(async move { Errand::Asked(meeting, reconciler.ask(meeting).await) });
        }
    }

    /// Fetches the tokens that may be missing, one pass at a time.
    pub(super) fn fetch_tokens(&self, sending: &mut Sending<A>) {
        if sending.tokens == Tokens::Due {
            sending.tokens = Tokens::Fetching { again: false };
            let reconciler = Arc::clone(&sending.reconciler);
            sending.errands.spawn(async move {
                let mut fetched = Fetched::default();
                Errand::Tokens(reconciler.fetch_tokens(Whose::Tokenless, &mut fetched).await)
            });
        }
    }

    /// A task has ended.
    pub(super) fn take_up(&mut self, sending: &mut Sending<A>, errand: Result<Errand, JoinError>) {
        // A task that panicked is a bug; what it was about is in the journal.
        let Ok(errand) = errand else { return self.fail(sending, DispatchError::Writer) };
        match errand {
            Errand::Listed(meeting, Ok(Ok(settled))) => {
                sending.tokens.may_be_due(sending.reconciler.tokenless(&settled));
                self.go_on(sending, meeting);
            }
            Errand::Listed(meeting, Ok(Err(reason @ StopReason::ListingIncomplete { .. }))) => {
                self.stop(reason);
                self.go_on(sending, meeting);
            }
            Errand::Settled(meeting, Ok(Ok(looked))) => {
                sending.tokens.may_be_due(looked.adopted);
                let resend = looked.resend > 0 && !self.is_blocked(meeting);
                if let Some(course) = sending.courses.of(meeting.key) {
                    course.stage = if resend { Stage::Sending } else { Stage::Done };
                }
                if resend {
                    sending.courses.enqueue_first(meeting.key);
                }
            }
            Errand::Asked(meeting, Called::Stop(reason)) => self.end(sending, reason, Some(meeting)),
            Errand::Asked(meeting, asked) => {
                if let Some(course) = sending.courses.of(meeting.key)
                    && let Some(reason) = refuses(course, asked)
                {
                    self.stop(reason);
                }
                self.go_on(sending, meeting);
            }
            Errand::Tokens(Ok(None)) => sending.tokens.fetched(),
            Errand::Listed(meeting, Ok(Err(reason))) | Errand::Settled(meeting, Ok(Err(reason))) => {
                self.end(sending, reason, Some(meeting));
            }
            Errand::Tokens(Ok(Some(reason))) => self.end(sending, reason, None),
            Errand::Listed(_, Err(error)) | Errand::Settled(_, Err(error)) | Errand::Tokens(Err(error)) => {
                self.fail(sending, error);
            }
        }
    }

    /// A meeting's planned rows are sent, unless it is blocked; then only what is in doubt is looked after.
    fn go_on(&self, sending: &mut Sending<A>, meeting: RunMeeting) {
        if let Some(course) = sending.courses.of(meeting.key) {
            course.stage = Stage::Sending;
        }
        if !self.is_blocked(meeting) {
            sending.courses.enqueue(meeting.key);
        }
        self.settle_if_through(sending, meeting.key);
    }

    pub(super) fn is_blocked(&self, meeting: RunMeeting) -> bool {
        self.stops.iter().any(|stop| match stop {
            StopReason::MeetingRefuses { meeting: id, .. }
            | StopReason::ListingIncomplete { meeting: id } => *id == meeting.id,
            StopReason::Interrupted
            | StopReason::Answer(_)
            | StopReason::Outage { .. }
            | StopReason::Throttled { .. } => false,
        })
    }

    /// The run ends; while it drains, tasks that end early only say so.
    fn end(&mut self, sending: &mut Sending<A>, reason: StopReason, meeting: Option<RunMeeting>) {
        if !sending.draining {
            tracing::debug!(?reason, meeting = ?meeting.map(|meeting| meeting.id), "the run ends early");
            self.stop(reason);
            self.drain(sending);
        }
    }
}

/// Why a meeting that was asked gets no more creates: it is gone or inactive, or has refused everybody.
fn refuses(course: &Course, asked: Called<MeetingStatus>) -> Option<StopReason> {
    let failure = match (asked, course.stage) {
        (Called::Refused(failure), _) => Some(failure),
        (Called::Done(MeetingStatus::Inactive), _) => None,
        (_, Stage::Asking(Verdict::Refuses)) => course.trial.last(),
        _ => return None,
    };
    Some(StopReason::MeetingRefuses { meeting: course.meeting.id, failure })
}

impl Tokens {
    /// So many rows came to be in the meeting without a create's answer.
    fn may_be_due(&mut self, adopted: u64) {
        *self = match *self {
            _ if adopted == 0 => *self,
            Self::Fetching { .. } => Self::Fetching { again: true },
            Self::Due | Self::Fetched => Self::Due,
        };
    }

    fn fetched(&mut self) {
        *self = match *self {
            Self::Fetching { again: true } | Self::Due => Self::Due,
            Self::Fetching { again: false } | Self::Fetched => Self::Fetched,
        };
    }
}
