//! Answers without a connection: fuzz/'s door. Only a build with `cfg(fuzzing)` has it.

use reqwest::StatusCode;

use super::answer::{Body, of_removal, of_status};
use super::body::{self, Parsed};
use super::{MeetingStatus, Page, Removed};
use crate::model::{AddedParticipant, JoinToken, Participant, RemoteId, RemoteParticipant};
use crate::outcome::Answer;

/// What an add of `sent` is answered, as [`HttpApi`](super::HttpApi) reads it; `None` for a number that is no status.
pub fn added(status: u16, body: &[u8], sent: &Participant) -> Option<Answer<AddedParticipant>> {
    read(status, body, |json| body::added(json, sent))
}

/// What a listing is answered.
pub fn participants(status: u16, body: &[u8]) -> Option<Answer<Page<RemoteParticipant>>> {
    read(status, body, body::participants)
}

/// What an update of `asked` is answered.
pub fn updated(status: u16, body: &[u8], asked: &RemoteId) -> Option<Answer<AddedParticipant>> {
    read(status, body, |json| body::updated(json, asked))
}

/// What a look at `asked` is answered.
pub fn participant(status: u16, body: &[u8], asked: &RemoteId) -> Option<Answer<RemoteParticipant>> {
    read(status, body, |json| body::participant(json, asked))
}

/// What a removal is answered.
pub fn removed(status: u16, body: &[u8]) -> Option<Answer<Removed>> {
    read(status, body, body::removed).map(of_removal)
}

/// What a look at the presets is answered.
pub fn presets(status: u16, body: &[u8]) -> Option<Answer<Page<String>>> {
    read(status, body, body::presets)
}

/// What a token refresh is answered.
pub fn token(status: u16, body: &[u8]) -> Option<Answer<JoinToken>> {
    read(status, body, body::token)
}

/// What a look at a meeting is answered.
pub fn meeting(status: u16, body: &[u8]) -> Option<Answer<MeetingStatus>> {
    read(status, body, body::meeting)
}

fn read<T>(status: u16, body: &[u8], parse: impl FnOnce(&[u8]) -> Parsed<T>) -> Option<Answer<T>> {
    let status = StatusCode::from_u16(status).ok()?;
    let token = "the-api-token".parse().ok()?;
    Some(of_status(status, Body::Whole(body.to_vec()), &token, parse))
}
