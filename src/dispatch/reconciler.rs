//! What is done about meetings beside the sending: listing, settling, asking, fetching tokens. Each is a task of its
//! own, so that no meeting waits for another one's listing.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::call::{Called, KeptGate, Line, call};
use super::desk::Desk;
use super::{DispatchSettings, RunClock};
use crate::api::{MeetingStatus, ParticipantApi};
use crate::event::{Event, Observer, WaitReason};
use crate::journal::{MeetingKey, RunMeeting};
use crate::pacer::Pacer;

/// What those tasks share.
pub(super) struct Reconciler<A> {
    pub(super) api: Arc<A>,
    pub(super) pacer: Pacer,
    pub(super) desk: Desk,
    pub(super) clock: RunClock,
    pub(super) observer: Arc<dyn Observer>,
    /// Cancelled when no new request may leave, whatever the reason.
    pub(super) halt: CancellationToken,
    pub(super) settings: DispatchSettings,
    /// Of these tasks, so many make requests at once: half as many as there may be creates.
    pub(super) at_once: Semaphore,
    pub(super) waits: Waits,
}

impl<A: ParticipantApi> Reconciler<A> {
    /// What its calls go through.
    pub(super) fn line(&self) -> Line<'_> {
        let gate = KeptGate::OnDesk(&self.desk, self.clock);
        Line { pacer: &self.pacer, cancel: &self.halt, observer: self.observer.as_ref(), gate }
    }

    /// Asks whether a meeting takes anybody.
    pub(super) async fn ask(&self, meeting: RunMeeting) -> Called<MeetingStatus> {
        let _slot = self.at_once.acquire().await;
        call(self.line(), || self.api.meeting(meeting.id)).await
    }
}

/// How many of those tasks make requests at once.
pub(super) fn at_once(creates: NonZeroUsize) -> Semaphore {
    Semaphore::new(creates.get().div_ceil(2))
}

/// Waits for creates in doubt; told as one, and only while nothing else goes on.
#[derive(Debug, Default)]
pub(super) struct Waits(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    nothing_else: bool,
    meetings: HashMap<MeetingKey, (u64, Instant)>,
    told: Option<(u64, Instant)>,
}

impl Waits {
    fn state(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A meeting's `rows` in doubt are waited for.
    pub(super) fn begin(&self, meeting: MeetingKey, rows: u64, until: Instant, observer: &dyn Observer) {
        let mut state = self.state();
        state.meetings.insert(meeting, (rows, until));
        state.tell(observer);
    }

    /// They are no longer.
    pub(super) fn end(&self, meeting: MeetingKey) {
        self.state().meetings.remove(&meeting);
    }

    /// Whether these waits are all that goes on.
    pub(super) fn nothing_else(&self, nothing_else: bool, observer: &dyn Observer) {
        let mut state = self.state();
        state.nothing_else = nothing_else;
        state.tell(observer);
    }
}

impl Waiting {
    fn tell(&mut self, observer: &dyn Observer) {
        let Some(until) = self.meetings.values().map(|(_, until)| *until).max() else { return };
        let rows = self.meetings.values().map(|(rows, _)| rows).sum();
        if self.nothing_else && self.told != Some((rows, until)) {
            self.told = Some((rows, until));
            let remaining = until.saturating_duration_since(Instant::now());
            observer.on(&Event::Waiting { reason: WaitReason::Settling { rows }, remaining });
        }
    }
}
