//! Tokens asked for in groups, each kept in one transaction: those that no create handed out, and those that are due.

use futures::stream::{self, StreamExt};

use super::call::{Called, call};
use super::reconciler::Reconciler;
use super::{DispatchError, Dispatcher};
use crate::api::ParticipantApi;
use crate::event::{Event, StopReason};
use crate::journal::{RowId, Tokenless};
use crate::model::JoinToken;
use crate::outcome::{Failure, Trouble};

/// The most refusals that a report names.
const NAMED: usize = 20;

/// Whose tokens are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Whose {
    /// Those of the run's participants that no create handed out; of found ones, too, if the settings say so.
    Tokenless,
    /// Those that the journal has planned to renew.
    Due,
}

/// What came of asking.
#[derive(Debug, Default)]
pub struct Fetched {
    /// Tokens kept.
    pub renewed: u64,
    /// Participants that are gone (404).
    pub gone: u64,
    /// Tokens that the API refused, or didn't answer.
    pub failed: u64,
    /// The first of those, and of the gone.
    pub failures: Vec<TokenFailure>,
}

/// A token that could not be had.
#[derive(Debug, Clone)]
pub struct TokenFailure {
    /// Whose.
    pub participant: Tokenless,
    /// Why.
    pub why: NoToken,
}

/// Why a token could not be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoToken {
    /// The participant is no longer in the meeting.
    Gone,
    /// The API said no.
    Refused(Failure),
    /// No answer that helps came.
    Unanswered,
}

impl<A: ParticipantApi> Dispatcher<A> {
    /// Renews the tokens that the journal has planned to renew. What ended it early is in [`stops`](Self::stops).
    ///
    /// # Errors
    /// The journal failed.
    pub async fn renew(&mut self) -> Result<Fetched, DispatchError> {
        let mut fetched = Fetched::default();
        let stopped = self
            .with_reconciler(async |reconciler| reconciler.fetch_tokens(Whose::Due, &mut fetched).await)
            .await??;
        if let Some(reason) = stopped {
            self.stop(reason);
        }
        Ok(fetched)
    }
}

impl<A: ParticipantApi> Reconciler<A> {
    /// Asks for tokens, group by group. Why it ended early, if it did.
    pub(super) async fn fetch_tokens(
        &self,
        whose: Whose,
        fetched: &mut Fetched,
    ) -> Result<Option<StopReason>, DispatchError> {
        let found = self.settings.refresh_found;
        let group = self.settings.concurrency.get();
        let mut after = None;
        loop {
            let rows = self
                .desk
                .call(move |journal| match whose {
                    Whose::Tokenless => journal.without_token(after, found, group),
                    Whose::Due => journal.due_tokens(after, group),
                })
                .await?;
            let Some(last) = rows.last() else { return Ok(None) };
            after = Some(last.row);
            let (tokens, stop) = self.ask_for_tokens(rows, fetched).await;
            let refreshed = tokens.len() as u64;
            self.desk.call(move |journal| journal.keep_tokens(&tokens)).await?;
            fetched.renewed += refreshed;
            self.observer.on(&Event::Tokens { refreshed });
            if stop.is_some() {
                return Ok(stop);
            }
        }
    }

    async fn ask_for_tokens(
        &self,
        rows: Vec<Tokenless>,
        fetched: &mut Fetched,
    ) -> (Vec<(RowId, JoinToken)>, Option<StopReason>) {
        let asked: Vec<_> = stream::iter(rows)
            .map(|row| async move {
                let _slot = self.at_once.acquire().await;
                let token = call(self.line(), || self.api.refresh_token(row.meeting, &row.id)).await;
                (row, token)
            })
            .buffer_unordered(self.settings.concurrency.get())
            .collect()
            .await;
        let mut tokens = Vec::with_capacity(asked.len());
        let mut stop = None;
        for (row, called) in asked {
            match called {
                Called::Done(token) => tokens.push((row.row, token)),
                // Reported; the next run asks again.
                Called::Refused(failure) if failure.status == 404 => fetched.note(row, NoToken::Gone),
                Called::Refused(failure) | Called::Failed(Trouble::Failed(failure)) => {
                    fetched.note(row, NoToken::Refused(failure));
                }
                Called::Failed(_) => fetched.note(row, NoToken::Unanswered),
                Called::Stop(reason) => stop = stop.or(Some(reason)),
            }
        }
        (tokens, stop)
    }
}

impl Fetched {
    fn note(&mut self, participant: Tokenless, why: NoToken) {
        *(if why == NoToken::Gone { &mut self.gone } else { &mut self.failed }) += 1;
        if self.failures.len() < NAMED {
            self.failures.push(TokenFailure { participant, why });
        }
    }
}
