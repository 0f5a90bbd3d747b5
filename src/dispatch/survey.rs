//! Meetings looked at before anything is changed: each listed completely and held against the roster or the journal.

use std::cell::Cell;
use std::future;

use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use tokio::time::Instant;

use super::listing::{Care, Listed};
use super::reconciler::Reconciler;
use super::{DispatchError, Dispatcher, RunClock};
use crate::api::ParticipantApi;
use crate::event::StopReason;
use crate::journal::{
    DeviationKind, Journal, JournalError, MeetingAudit, MeetingPlan, RemovalPlan, RunMeeting, SamePerson,
    Settled,
};

/// Meetings that are looked at side by side.
const AT_ONCE: usize = 8;

/// What a complete listing showed.
struct Seen<T> {
    found: T,
    /// When the listing began.
    began: Timestamp,
}

/// What became of looking at a meeting.
type Look<T> = Result<Result<T, StopReason>, DispatchError>;

impl<A: ParticipantApi> Dispatcher<A> {
    /// Holds back possible duplicates, lists each meeting of the run and plans what is to be done there; the plan stays in
    /// the journal until the run ends. A meeting that could not be listed completely has none, and is among the
    /// [`stops`](Self::stops).
    ///
    /// # Errors
    /// The journal failed.
    pub async fn survey(&mut self, same_person: SamePerson) -> Result<Vec<MeetingPlan>, DispatchError> {
        let meetings = self
            .journal
            .call(move |journal| {
                journal.hold_back_twins(same_person)?;
                journal.meetings()
            })
            .await?;
        self.each(meetings, async |reconciler, meeting| reconciler.survey(meeting, same_person).await).await
    }

    /// Lists each of these meetings and compares it with what the journal says.
    ///
    /// # Errors
    /// The journal failed.
    pub async fn audit(&mut self, meetings: Vec<RunMeeting>) -> Result<Vec<MeetingAudit>, DispatchError> {
        let misses = |audit: &MeetingAudit| audit.of(DeviationKind::Missing);
        self.each(meetings, async |reconciler, meeting| {
            Ok(reconciler.look(meeting, Journal::audit, misses).await?.map(|seen| seen.found))
        })
        .await
    }

    /// Lists each of these meetings and plans who is to be removed.
    ///
    /// # Errors
    /// The journal failed.
    pub async fn plan_removals(
        &mut self,
        meetings: Vec<RunMeeting>,
        plan: impl Fn(&mut Journal, RunMeeting) -> Result<RemovalPlan, JournalError> + Copy + Send + 'static,
    ) -> Result<Vec<RemovalPlan>, DispatchError> {
        self.each(meetings, async |reconciler, meeting| {
            Ok(reconciler.look(meeting, plan, |plan| plan.gone + plan.in_doubt).await?.map(|seen| seen.found))
        })
        .await
    }

    /// Lists each of these meetings once more and applies the listing to its rows. How many ids it holds more than once
    /// still.
    ///
    /// # Errors
    /// The journal failed.
    pub async fn look_again(
        &mut self,
        meetings: impl IntoIterator<Item = RunMeeting>,
    ) -> Result<u64, DispatchError> {
        let meetings = meetings.into_iter().collect();
        let settled = self
            .each(meetings, async |reconciler, meeting| reconciler.compare(meeting, Care::Alone).await)
            .await?;
        Ok(settled.iter().map(|settled| settled.conflicts).sum())
    }

    /// Keeps that those who were to be removed and are gone already are no longer in.
    ///
    /// # Errors
    /// The journal failed.
    pub async fn keep_gone(&mut self) -> Result<(), DispatchError> {
        self.journal.call(Journal::keep_gone).await
    }

    /// Does something about meetings, some of them side by side; what stops it is noted. After a stop that ends the run no
    /// further one is looked at.
    async fn each<T>(
        &mut self,
        meetings: Vec<RunMeeting>,
        look: impl AsyncFn(&Reconciler<A>, RunMeeting) -> Look<T>,
    ) -> Result<Vec<T>, DispatchError> {
        let looked = self
            .with_reconciler(async |reconciler| {
                let ended = Cell::new(false);
                let looks = stream::iter(meetings).map(async |meeting| {
                    if ended.get() {
                        return None;
                    }
                    let looked = look(reconciler, meeting).await;
                    if let Ok(Err(reason)) = &looked {
                        ended.set(ended.get() || reason.ends_the_run());
                    }
                    Some(looked)
                });
                looks.buffered(AT_ONCE).filter_map(future::ready).collect::<Vec<_>>().await
            })
            .await?;
        let mut found = Vec::new();
        for looked in looked {
            match looked? {
                Ok(one) => found.push(one),
                Err(reason) => self.stop(reason),
            }
        }
        Ok(found)
    }
}

impl<A: ParticipantApi> Reconciler<A> {
    async fn survey(&self, meeting: RunMeeting, same_person: SamePerson) -> Look<MeetingPlan> {
        let misses = |(plan, _): &(MeetingPlan, Settled)| {
            plan.counts.add_again + plan.counts.gone + plan.counts.replaced + plan.in_doubt
        };
        let resend = self.settings.resend;
        // A create in doubt may have made somebody whom the roster doesn't name any more: ours, and to be removed.
        let compare = move |journal: &mut Journal, meeting: RunMeeting| {
            let adopted = journal.adopt_listed(meeting.key)?;
            if adopted.found + adopted.reconciled + adopted.conflicts > 0 {
                // Others may have added whom the roster names by another id now.
                journal.hold_back_twins(same_person)?;
            }
            Ok((journal.plan_changes(meeting, resend)?, adopted))
        };
        match self.look(meeting, compare, misses).await? {
            Ok(Seen { found: (plan, adopted), began }) => {
                self.adopt(meeting, began, &adopted).await?;
                Ok(Ok(plan))
            }
            Err(reason) => Ok(Err(reason)),
        }
    }

    /// Lists a meeting and has the journal compare it. Whoever is missing from a list may only not show in it yet: absence
    /// counts when the settle time has passed since anybody was added.
    async fn look<T: Send + 'static>(
        &self,
        meeting: RunMeeting,
        compare: impl Fn(&mut Journal, RunMeeting) -> Result<T, JournalError> + Copy + Send + 'static,
        misses: impl Fn(&T) -> u64,
    ) -> Look<Seen<T>> {
        loop {
            let began = self.clock.now();
            match self.list_alone(meeting).await? {
                Listed::Complete => {}
                Listed::Incomplete => return Ok(Err(StopReason::ListingIncomplete { meeting: meeting.id })),
                Listed::Stopped(reason) => return Ok(Err(reason)),
            }
            let (found, active) = self
                .desk
                .call(move |journal| Ok((compare(journal, meeting)?, journal.last_activity()?)))
                .await?;
            let missing = misses(&found);
            let settled = active.map(|active| RunClock::after(active, self.settings.settle()));
            let Some(settled) = settled.filter(|settled| *settled > began && missing > 0) else {
                return Ok(Ok(Seen { found, began }));
            };
            let Some(remaining) = self.clock.until(settled) else { continue };
            let until = Instant::now() + remaining;
            self.waits.begin(meeting.key, missing, until, self.observer.as_ref());
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

    /// What the listing shows of rows that aren't confirmed is taken over as before a first create; absence counts for
    /// doubts that had settled when it began.
    async fn adopt(
        &self,
        meeting: RunMeeting,
        began: Timestamp,
        adopted: &Settled,
    ) -> Result<(), DispatchError> {
        let settled_before = RunClock::before(began, self.settings.settle());
        let (now, resend) = (self.clock.now(), self.settings.resend);
        let mut settled = self
            .desk
            .call(move |journal| {
                journal.forget_replaced(meeting.key)?;
                journal.apply_listing(meeting.key, settled_before, resend, now)
            })
            .await?;
        settled.found += adopted.found;
        settled.reconciled += adopted.reconciled;
        settled.conflicts += adopted.conflicts;
        self.tell_compared(meeting, &settled);
        Ok(())
    }
}
