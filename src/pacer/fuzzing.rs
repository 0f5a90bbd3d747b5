//! The parsers of limit headers: fuzz/'s door. Only a build with `cfg(fuzzing)` has it.

use std::time::Duration;

use crate::outcome::LimitHeaders;

/// A limit as it was read from an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Its name.
    pub name: String,
    /// How many requests are left.
    pub remaining: u64,
    /// How long the window lasts yet.
    pub resets_in: Duration,
    /// How many requests the window allows.
    pub quota: Option<u64>,
}

/// The limits that `Ratelimit` and `Ratelimit-Policy` name.
pub fn rate_limits(headers: &LimitHeaders) -> Vec<Limit> {
    let limits = super::quota::rate_limits(headers).into_iter();
    limits
        .map(|limit| Limit {
            name: limit.name,
            remaining: limit.remaining,
            resets_in: limit.resets_in,
            quota: limit.quota,
        })
        .collect()
}

/// What `Retry-After` asks for.
pub fn retry_after(headers: &LimitHeaders) -> Option<Duration> {
    super::retry_after::retry_after(headers)
}
