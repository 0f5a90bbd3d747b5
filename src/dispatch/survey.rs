//! The meetings of a run looked at before anything is changed: each listed completely and held against the roster.

use futures::stream::{self, StreamExt};
use tokio::time::Instant;

use super::listing::{Care, Listed};
use super::reconciler::Reconciler;
use super::{DispatchError, Dispatcher, RunClock};
use crate::api::ParticipantApi;
use crate::event::StopReason;
use crate::journal::{MeetingPlan, RunMeeting};

/// Meetings that are looked at side by side.
const AT_ONCE: usize = 8;

impl<A: ParticipantApi> Dispatcher<A> {
    /// Lists each meeting of the run and plans what is to be done there; the plan stays in the journal until the run
    /// ends. A meeting that could not be listed completely has none, and is among the [`stops`](Self::stops).
    ///
    /// # Errors
    /// The journal failed.
    pub async fn survey(&mut self) -> Result<Vec<MeetingPlan>, DispatchError> {
        let meetings = self.journal.call(|journal| journal.meetings()).await?;
        let looked = self
            .with_reconciler(async |reconciler| {
                stream::iter(meetings)
                    .map(|meeting| reconciler.survey(meeting))
                    .buffer_unordered(AT_ONCE)
                    .collect::<Vec<_>>()
                    .await
            })
            .await?;
        let mut plans = Vec::new();
        for looked in looked {
            match looked? {
                Ok(plan) => plans.push(plan),
                Err(reason) => self.stop(reason),
            }
        }
        plans.sort_by_key(|plan| plan.meeting.key);
        Ok(plans)
    }
}

impl<A: ParticipantApi> Reconciler<A> {
    /// Whoever is missing from a list may only not show in it yet: absence counts when the settle time has passed since
    /// anybody was added.
    async fn survey(&self, meeting: RunMeeting) -> Result<Result<MeetingPlan, StopReason>, DispatchError> {
        loop {
            let began = self.clock.now();
            match self.list_alone(meeting).await? {
                Listed::Complete => {}
                Listed::Incomplete => return Ok(Err(StopReason::ListingIncomplete { meeting: meeting.id })),
                Listed::Stopped(reason) => return Ok(Err(reason)),
            }
            let (plan, active) = self
                .desk
                .call(move |journal| Ok((journal.plan_changes(meeting)?, journal.last_activity()?)))
                .await?;
            let settled = active.map(|active| RunClock::after(active, self.settings.settle()));
            let Some(settled) = settled.filter(|settled| *settled > began && plan.misses_anybody()) else {
                return self.adopt(meeting, plan).await;
            };
            let Some(remaining) = self.clock.until(settled) else { continue };
            self.waits.begin(
                meeting.key,
                plan.counts.add_again + plan.counts.gone,
                Instant::now() + remaining,
                self.observer.as_ref(),
            );
            let interrupted = tokio::select! {
                biased;
                () = self.halt.cancelled() => true,
                () = tokio::time::sleep(remaining) => false,
            };
            self.waits.end(meeting.key);
            if interrupted {
                return Ok(Err(StopReason::Interrupted));
            }
        }
    }

    async fn list_alone(&self, meeting: RunMeeting) -> Result<Listed, DispatchError> {
        let _slot = self.at_once.acquire().await;
        if self.halt.is_cancelled() {
            return Ok(Listed::Stopped(StopReason::Interrupted));
        }
        self.list(meeting, Care::Alone).await
    }

    /// What the listing shows of rows that weren't sent yet, or are in doubt, is taken over as before a first create.
    async fn adopt(
        &self,
        meeting: RunMeeting,
        plan: MeetingPlan,
    ) -> Result<Result<MeetingPlan, StopReason>, DispatchError> {
        let (settled_before, now) = (self.clock.ago(self.settings.settle()), self.clock.now());
        let resend = self.settings.resend;
        self.desk
            .call(move |journal| journal.apply_listing(meeting.key, settled_before, resend, now))
            .await?;
        Ok(Ok(plan))
    }
}
