//! What needs a listing: who was in a meeting before us, and what became of creates in doubt.

use tokio::time::Instant;

use super::DispatchError;
use super::clock::RunClock;
use super::listing::{Care, Listed};
use super::reconciler::Reconciler;
use crate::api::ParticipantApi;
use crate::event::{Event, StopReason};
use crate::journal::{Lookalikes, RunMeeting, Settled};

/// How many listings are compared with each other until two in a row show the same.
const MOST_LOOKS: u32 = 5;

impl<A: ParticipantApi> Reconciler<A> {
    /// Waits until a meeting's creates in doubt have settled, then lists it, twice where something stays absent.
    /// Whether any row is planned again.
    pub(super) async fn settle(
        &self,
        meeting: RunMeeting,
    ) -> Result<Result<Looked, StopReason>, DispatchError> {
        let mut looked = Looked::default();
        // Two listings that agree: the first adopts, the second decides about what both miss.
        for _ in 0..MOST_LOOKS {
            match self.wait_until_settled(meeting).await? {
                Wait::Over => {}
                Wait::NothingInDoubt => break,
                Wait::Interrupted => return Ok(Err(StopReason::Interrupted)),
            }
            match self.compare(meeting, Care::OneOfTwo).await? {
                Ok(settled) => {
                    looked.resend += settled.resend;
                    looked.adopted += self.tokenless(&settled);
                }
                // Its rows stay uncertain, and are reported so.
                Err(StopReason::ListingIncomplete { .. }) => break,
                Err(reason) => return Ok(Err(reason)),
            }
        }
        Ok(Ok(looked))
    }

    /// How many of the rows that a listing found may need a token.
    pub(super) fn tokenless(&self, settled: &Settled) -> u64 {
        settled.reconciled + if self.settings.refresh_found { settled.found } else { 0 }
    }

    async fn wait_until_settled(&self, meeting: RunMeeting) -> Result<Wait, DispatchError> {
        let resend = self.settings.resend;
        let (youngest, rows) = self
            .desk
            .call(move |journal| {
                Ok((journal.youngest_doubt(meeting.key, resend)?, journal.doubts(meeting.key)?))
            })
            .await?;
        let Some(youngest) = youngest else { return Ok(Wait::NothingInDoubt) };
        let Some(remaining) = self.clock.until(RunClock::after(youngest, self.settings.settle())) else {
            return Ok(Wait::Over);
        };
        self.waits.begin(meeting.key, rows, Instant::now() + remaining, self.observer.as_ref());
        let wait = tokio::select! {
            biased;
            () = self.halt.cancelled() => Wait::Interrupted,
            () = tokio::time::sleep(remaining) => Wait::Over,
        };
        self.waits.end(meeting.key);
        Ok(wait)
    }

    /// Lists a meeting and applies the listing to its rows.
    ///
    /// The meeting's creates pause meanwhile: nothing of it is on its way when this is called.
    pub(super) async fn compare(
        &self,
        meeting: RunMeeting,
        care: Care,
    ) -> Result<Result<Settled, StopReason>, DispatchError> {
        let slot = self.at_once.acquire().await;
        if self.halt.is_cancelled() {
            return Ok(Err(StopReason::Interrupted));
        }
        let settled_before = self.clock.ago(self.settings.settle());
        match self.list(meeting, care).await? {
            Listed::Complete => {}
            Listed::Incomplete => return Ok(Err(StopReason::ListingIncomplete { meeting: meeting.id })),
            Listed::Stopped(reason) => return Ok(Err(reason)),
        }
        let (now, resend) = (self.clock.now(), self.settings.resend);
        let settled = self
            .desk
            .call(move |journal| journal.apply_listing(meeting.key, settled_before, resend, now))
            .await?;
        drop(slot);
        self.tell_compared(meeting, &settled);
        Ok(Ok(settled))
    }

    pub(super) fn tell_compared(&self, meeting: RunMeeting, settled: &Settled) {
        self.observer.on(&Event::Compared {
            meeting: meeting.id,
            found: settled.found,
            reconciled: settled.reconciled,
            conflicts: settled.conflicts,
            resend: settled.resend,
        });
        let Lookalikes { count, first } = &settled.lookalikes;
        if *count > 0 {
            self.observer.on(&Event::LookAlike { meeting: meeting.id, count: *count, first });
        }
    }
}

/// What listings of a meeting have shown.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Looked {
    /// Rows that are planned again.
    pub(super) resend: u64,
    /// Rows that turned out to be in the meeting: some may lack a token.
    pub(super) adopted: u64,
}

/// How a wait for creates in doubt ended.
enum Wait {
    Over,
    NothingInDoubt,
    Interrupted,
}
