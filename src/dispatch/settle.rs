//! What needs a listing: who was in a meeting before us, and what became of creates in doubt.

use futures::stream::{self, StreamExt};

use super::call::{Called, call};
use super::clock::RunClock;
use super::listing::Listed;
use super::{DispatchError, Dispatcher, Flow};
use crate::api::ParticipantApi;
use crate::event::{Event, StopReason, WaitReason};
use crate::journal::{RowId, RunMeeting, Settled, Tokenless};
use crate::model::JoinToken;

impl<A: ParticipantApi> Dispatcher<A> {
    /// Lists every meeting once before its first create and adopts who is there: even a lost journal then makes no
    /// duplicates.
    pub(super) async fn list_before_the_first_create(&mut self) -> Result<Flow, DispatchError> {
        let meetings = self.journal.call(|journal| journal.meetings()).await?;
        for meeting in meetings.into_iter().filter(|meeting| meeting.has_planned && !meeting.listed) {
            match self.compare(meeting).await? {
                Ok(_) => {}
                Err(StopReason::ListingIncomplete { .. }) => {
                    self.stop(StopReason::ListingIncomplete { meeting: meeting.id });
                }
                Err(reason) => return Ok(self.stop(reason)),
            }
        }
        Ok(Flow::GoOn)
    }

    /// Waits until the run's creates in doubt have settled, then lists their meetings, twice where something stays
    /// absent. Whether any row is planned again.
    pub(super) async fn settle_doubts(&mut self) -> Result<bool, DispatchError> {
        let mut resend = false;
        for meeting in self.journal.call(|journal| journal.meetings()).await? {
            // Two listings; the first adopts, the second decides about what both miss.
            for _ in 0..2 {
                if !self.wait_until_settled(meeting).await? {
                    if self.stopped() {
                        return Ok(false);
                    }
                    break;
                }
                match self.compare(meeting).await? {
                    Ok(settled) => resend |= settled.resend > 0,
                    // Its rows stay uncertain, and are reported so.
                    Err(StopReason::ListingIncomplete { .. }) => break,
                    Err(reason) => {
                        self.stop(reason);
                        return Ok(false);
                    }
                }
            }
        }
        Ok(resend)
    }

    /// Waits for a meeting's creates in doubt. `false` if it has none that a listing can settle, or the run ends.
    async fn wait_until_settled(&mut self, meeting: RunMeeting) -> Result<bool, DispatchError> {
        let resend = self.settings.resend;
        let (youngest, rows) = self
            .journal
            .call(move |journal| {
                Ok((journal.youngest_doubt(meeting.key, resend)?, journal.doubts(meeting.key)?))
            })
            .await?;
        let Some(youngest) = youngest else { return Ok(false) };
        if let Some(remaining) = self.clock.until(RunClock::after(youngest, self.settle())) {
            self.tell_waiting(WaitReason::Settling { rows }, remaining);
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => {
                    self.stop(StopReason::Interrupted);
                    return Ok(false);
                }
                () = tokio::time::sleep(remaining) => {}
            }
        }
        Ok(true)
    }

    /// Lists a meeting and applies the listing to its rows.
    async fn compare(&mut self, meeting: RunMeeting) -> Result<Result<Settled, StopReason>, DispatchError> {
        let settled_before = self.clock.ago(self.settle());
        match self.list(meeting).await? {
            Listed::Complete => {}
            Listed::Incomplete => return Ok(Err(StopReason::ListingIncomplete { meeting: meeting.id })),
            Listed::Stopped(reason) => return Ok(Err(reason)),
        }
        let (now, resend) = (self.clock.now(), self.settings.resend);
        let settled = self
            .journal
            .call(move |journal| journal.apply_listing(meeting.key, settled_before, resend, now))
            .await?;
        self.observer.on(&Event::Compared {
            meeting: meeting.id,
            found: settled.found,
            reconciled: settled.reconciled,
            conflicts: settled.conflicts,
            resend: settled.resend,
        });
        Ok(Ok(settled))
    }

    /// Asks for the tokens that were never handed out: those of rows that our own lost creates made, and of rows that
    /// were there before us if the user wants that.
    pub(super) async fn fetch_tokens(&mut self) -> Result<Flow, DispatchError> {
        let found = self.settings.refresh_found;
        let batch = self.settings.concurrency.get();
        let mut after = None;
        loop {
            let rows = self.journal.call(move |journal| journal.without_token(after, found, batch)).await?;
            let Some(last) = rows.last() else { return Ok(Flow::GoOn) };
            after = Some(last.row);
            let (tokens, stop) = self.ask_for_tokens(rows).await;
            let refreshed = tokens.len() as u64;
            self.journal.call(move |journal| journal.keep_tokens(&tokens)).await?;
            self.observer.on(&Event::Tokens { refreshed });
            if let Some(reason) = stop {
                return Ok(self.stop(reason));
            }
        }
    }

    async fn ask_for_tokens(&self, rows: Vec<Tokenless>) -> (Vec<(RowId, JoinToken)>, Option<StopReason>) {
        let asked: Vec<_> = stream::iter(rows)
            .map(|row| async move {
                let token = call(self.line(), || self.api.refresh_token(row.meeting, &row.id)).await;
                (row.row, token)
            })
            .buffer_unordered(self.settings.concurrency.get())
            .collect()
            .await;
        let mut tokens = Vec::with_capacity(asked.len());
        let mut stop = None;
        for (row, called) in asked {
            match called {
                Called::Done(token) => tokens.push((row, token)),
                // Reported as a row without a token; the next run asks again.
                Called::Refused(_) | Called::Failed(_) => {}
                Called::Stop(reason) => stop = stop.or(Some(reason)),
            }
        }
        (tokens, stop)
    }
}
