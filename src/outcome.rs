//! What an answer means: the table of GUARANTEE.md section 2, pure.
//!
//! [`Answer`] is what came back of one request, in words of our own; no HTTP library is in it.
//! [`of_create`] and [`of_call`] say what follows. Only "could not be built" and "could not connect" prove that
//! nothing was sent: a stale keep-alive socket and a server that applied and then reset look the same from here.

#[cfg(test)]
mod tests;

use crate::model::{AddedParticipant, ParticipantKey, RemoteId};

/// One answer and what its headers said about limits.
#[derive(Debug, Clone)]
pub struct Reply<T> {
    /// What came back.
    pub answer: Answer<T>,
    /// The limit headers, as they came; empty if none did.
    pub limits: LimitHeaders,
}

/// The headers that lead the pacer, unparsed. A header that isn't text counts as absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitHeaders {
    /// Every `Ratelimit` field, in order.
    pub ratelimit: Vec<String>,
    /// Every `Ratelimit-Policy` field, in order.
    pub ratelimit_policy: Vec<String>,
    /// Every `Retry-After` field, in order.
    pub retry_after: Vec<String>,
    /// The answer's own `Date`, to measure a Retry-After date against.
    pub date: Option<String>,
}

/// What came back of one request.
#[derive(Debug, Clone)]
pub enum Answer<T> {
    /// Nothing was sent, provably.
    NotSent(NotSent),
    /// It may have been sent; no whole answer came.
    Lost(Loss),
    /// 2xx with everything in it that the call is for.
    Success(T),
    /// 2xx without it.
    Flawed {
        /// What is wrong with the body.
        flaw: Flaw,
        /// The participant id, if one could be read.
        remote_id: Option<RemoteId>,
    },
    /// Any other status.
    Failure(Failure),
}

/// Why nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSent {
    /// The client could not build the request.
    NotBuilt(String),
    /// DNS, refused, unreachable, TLS, connect timeout.
    NotConnected(String),
    /// The server's certificate isn't one that we trust.
    Untrusted(String),
}

/// Why no whole answer came to a request that may have been sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// The total timeout, after the connection stood.
    TimedOut,
    /// Reset, closed early, not HTTP.
    Broken(String),
    /// The task that sent it panicked or was aborted.
    Aborted,
}

/// What a 2xx body lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// Not the JSON that the contract says.
    NotJson,
    /// Larger than we read.
    TooLarge,
    /// `success` isn't true.
    NotSuccess,
    /// No id, or an empty one.
    NoId,
    /// No token, or an empty one.
    NoToken,
    /// Another `custom_participant_id` than the one we sent, or another participant than the one asked for.
    OtherEcho,
}

/// An answer that isn't a 2xx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The HTTP status.
    pub status: u16,
    /// The API's own code, from either of its two error shapes.
    pub code: Option<i64>,
    /// The API's message; empty if the body was HTML or nothing. Not yet escaped for printing.
    pub message: String,
}

/// Whether a create of this row may have reached the server before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// No create of this row was ever in doubt.
    First,
    /// An earlier create was in doubt: a refusal now proves nothing about that one.
    Repeated,
}

/// What follows for the row from the answer to its create.
#[derive(Debug, Clone)]
pub enum CreateOutcome {
    /// Added, with id and token.
    Added(AddedParticipant),
    /// The server applied it; we lack the details. Never to be sent again.
    Applied {
        /// What was wrong with the answer.
        flaw: Flaw,
        /// The participant id, if the answer held one.
        remote_id: Option<RemoteId>,
    },
    /// Refused: not created.
    Refused(Failure),
    /// Refused although an earlier create may have come through, or as a duplicate (409): look, never resend.
    Doubtful(Failure),
    /// Not sent: planned again after a shared back-off.
    NotSent(NotSent),
    /// 429: planned again, not counted as an attempt; the gate closes for everybody.
    Throttled,
    /// It may have been applied.
    Unknown(Doubt),
    /// The run can't go on.
    Stop(Stop),
}

/// Why a create may or may not have been applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// No whole answer.
    Lost(Loss),
    /// 408, 425, 499, 5xx, or a status that no rule knows.
    Failed(Failure),
}

/// An answer after which no further request may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// 401, 403, 407, 511: not created.
    Unauthorized(Failure),
    /// Any 3xx: never followed; whether it was applied is unknown.
    Redirected(Failure),
    /// The request could not be built: not sent.
    NotBuilt(String),
    /// The certificate isn't trusted: not sent.
    Untrusted(String),
}

/// The meaning of an answer to a create. Section 2's table, row by row.
pub fn of_create(answer: Answer<AddedParticipant>, sent: &ParticipantKey, attempt: Attempt) -> CreateOutcome {
    match answer {
        Answer::NotSent(NotSent::NotBuilt(why)) => CreateOutcome::Stop(Stop::NotBuilt(why)),
        Answer::NotSent(NotSent::Untrusted(why)) => CreateOutcome::Stop(Stop::Untrusted(why)),
        Answer::NotSent(why @ NotSent::NotConnected(_)) => CreateOutcome::NotSent(why),
        Answer::Lost(loss) => CreateOutcome::Unknown(Doubt::Lost(loss)),
        Answer::Success(added) if added.participant.custom_participant_id == sent.custom_participant_id => {
            CreateOutcome::Added(added)
        }
        Answer::Success(added) => {
            CreateOutcome::Applied { flaw: Flaw::OtherEcho, remote_id: Some(added.participant.id) }
        }
        Answer::Flawed { flaw, remote_id } => CreateOutcome::Applied { flaw, remote_id },
        Answer::Failure(failure) => of_failed_create(failure, attempt),
    }
}

fn of_failed_create(failure: Failure, attempt: Attempt) -> CreateOutcome {
    match (failure.status, attempt) {
        (400 | 404 | 405 | 413 | 414 | 415 | 422 | 431, Attempt::First) => CreateOutcome::Refused(failure),
        (400 | 404 | 405 | 409 | 413 | 414 | 415 | 422 | 431, _) => CreateOutcome::Doubtful(failure),
        (401 | 403 | 407 | 511, _) => CreateOutcome::Stop(Stop::Unauthorized(failure)),
        (429, _) => CreateOutcome::Throttled,
        (300..=399, _) => CreateOutcome::Stop(Stop::Redirected(failure)),
        // 408, 425, 499, 5xx and 52x as the table says; a status that no rule knows proves nothing either.
        _ => CreateOutcome::Unknown(Doubt::Failed(failure)),
    }
}

/// What follows from the answer to a call that may be repeated freely: list, get, presets, a token refresh, an update,
/// a removal.
#[derive(Debug, Clone)]
pub enum CallOutcome<T> {
    /// Here it is.
    Done(T),
    /// Ask again after a back-off.
    Again(Trouble),
    /// 429: ask again once the gate opens.
    Throttled,
    /// Asking again won't help.
    Refused(Failure),
    /// The run can't go on.
    Stop(Stop),
}

/// Why a repeatable call didn't succeed this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing was sent.
    NotSent(NotSent),
    /// No whole answer.
    Lost(Loss),
    /// A 2xx that doesn't hold what the contract says.
    Flawed(Flaw),
    /// 408, 425, 499 or 5xx.
    Failed(Failure),
}

/// The meaning of an answer to a call that may be repeated.
pub fn of_call<T>(answer: Answer<T>) -> CallOutcome<T> {
    match answer {
        Answer::NotSent(NotSent::NotBuilt(why)) => CallOutcome::Stop(Stop::NotBuilt(why)),
        Answer::NotSent(NotSent::Untrusted(why)) => CallOutcome::Stop(Stop::Untrusted(why)),
        Answer::NotSent(why @ NotSent::NotConnected(_)) => CallOutcome::Again(Trouble::NotSent(why)),
        Answer::Lost(loss) => CallOutcome::Again(Trouble::Lost(loss)),
        Answer::Success(value) => CallOutcome::Done(value),
        Answer::Flawed { flaw, .. } => CallOutcome::Again(Trouble::Flawed(flaw)),
        Answer::Failure(failure) => match failure.status {
            429 => CallOutcome::Throttled,
            401 | 403 | 407 | 511 => CallOutcome::Stop(Stop::Unauthorized(failure)),
            300..=399 => CallOutcome::Stop(Stop::Redirected(failure)),
            408 | 425 | 499 | 500..=599 => CallOutcome::Again(Trouble::Failed(failure)),
            _ => CallOutcome::Refused(failure),
        },
    }
}
