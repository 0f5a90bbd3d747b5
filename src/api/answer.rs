//! What came back of a request, in the words of [`outcome`](crate::outcome): the status, the limit headers, the body as
//! far as it came; or what the error proves.

use std::error::Error;

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{Response, StatusCode};

use super::body::{self, Parsed};
use super::{ApiToken, Removed};
use crate::outcome::{Answer, Flaw, LimitHeaders, Loss, NotSent, Reply};

static RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
static RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How many bytes of a body are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit(usize);

impl Limit {
    /// For one thing.
    pub(super) const ONE: Self = Self(1 << 20);
    /// For a page of things.
    pub(super) const PAGE: Self = Self(8 << 20);
}

/// How a body ended.
pub(super) enum Body {
    Whole(Vec<u8>),
    TooLarge,
    /// The connection broke, or the time ran out.
    CutShort,
}

/// Reads an answer whose head has come.
pub(super) async fn read<T>(
    response: Response,
    limit: Limit,
    token: &ApiToken,
    parse: impl FnOnce(&[u8]) -> Parsed<T>,
) -> Reply<T> {
    let status = response.status();
    let limits = limits(response.headers());
    let answer = of_status(status, read_body(response, limit).await, token, parse);
    Reply { answer, limits }
}

/// The status decides: without a 2xx, a body that is cut short or too large merely has no message.
pub(super) fn of_status<T>(
    status: StatusCode,
    body: Body,
    token: &ApiToken,
    parse: impl FnOnce(&[u8]) -> Parsed<T>,
) -> Answer<T> {
    if status.is_success() {
        return of_success(body, parse);
    }
    let json = if let Body::Whole(json) = body { json } else { Vec::new() };
    Answer::Failure(body::failure(status.as_u16(), &json, token))
}

/// Whom a removal doesn't find is gone.
pub(super) fn of_removal(answer: Answer<Removed>) -> Answer<Removed> {
    match answer {
        Answer::Failure(failure) if failure.status == 404 => Answer::Success(Removed::Gone),
        answer => answer,
    }
}

/// Whatever the body, the status says that it was applied.
fn of_success<T>(body: Body, parse: impl FnOnce(&[u8]) -> Parsed<T>) -> Answer<T> {
    let flawed = |flaw| Answer::Flawed { flaw, remote_id: None };
    match body {
        Body::Whole(json) => match parse(&json) {
            Ok(value) => Answer::Success(value),
            Err(flawed) => Answer::Flawed { flaw: flawed.flaw, remote_id: flawed.remote_id },
        },
        Body::TooLarge => flawed(Flaw::TooLarge),
        Body::CutShort => flawed(Flaw::NotJson),
    }
}

async fn read_body(mut response: Response, Limit(limit): Limit) -> Body {
    let announced =
        response.content_length().map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
    if announced > limit {
        return Body::TooLarge;
    }
    let mut body = Vec::with_capacity(announced);
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > limit => return Body::TooLarge,
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Body::Whole(body),
            Err(_) => return Body::CutShort,
        }
    }
}

fn limits(headers: &HeaderMap) -> LimitHeaders {
    let all = |name: &HeaderName| {
        let values = headers.get_all(name).iter();
        values.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect()
    };
    let mut limits = LimitHeaders {
        ratelimit: all(&RATELIMIT),
        ratelimit_policy: all(&RATELIMIT_POLICY),
        retry_after: all(&RETRY_AFTER),
        date: None,
    };
    if !limits.retry_after.is_empty() {
        limits.date = headers.get(DATE).and_then(|date| date.to_str().ok()).map(str::to_owned);
    }
    limits
}

/// What an error proves. Only "could not be built" and "could not connect" mean that nothing was sent.
pub(super) fn of_error<T>(error: &reqwest::Error) -> Answer<T> {
    let why = || causes(error);
    if error.is_builder() {
        Answer::NotSent(NotSent::NotBuilt(why()))
    } else if error.is_connect() {
        Answer::NotSent(if is_untrusted(error) {
            NotSent::Untrusted(why())
        } else {
            NotSent::NotConnected(why())
        })
    } else if error.is_timeout() {
        Answer::Lost(Loss::TimedOut)
    } else {
        Answer::Lost(Loss::Broken(why()))
    }
}

/// The causes without the outermost error, which only names the URL.
fn causes(error: &reqwest::Error) -> String {
    let mut causes: Vec<String> = Vec::new();
    for cause in chain(error).skip(1).map(ToString::to_string) {
        if causes.last().is_none_or(|last| *last != cause) {
            causes.push(cause);
        }
    }
    causes.join(": ")
}

/// An error and its causes. An I/O error shows its inner error's cause as its own, and hides the inner error, which is
/// where rustls is.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        inner.map_or_else(|| error.source(), |inner| Some(inner))
    })
}

fn is_untrusted(error: &reqwest::Error) -> bool {
    let mut tls = chain(error).filter_map(|cause| cause.downcast_ref::<rustls::Error>());
    tls.any(|error| matches!(error, rustls::Error::InvalidCertificate(_)))
}
