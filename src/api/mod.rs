//! The RealtimeKit REST API, one request and one answer at a time: no loop, no retry, no sleep.
//!
//! [`ParticipantApi`] is what the dispatcher needs of it; [`HttpApi`] speaks it over HTTP. The shapes are those of
//! Cloudflare's published contract; what the contract leaves open is never relied on.

mod answer;
mod body;
mod client;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod redact;
mod token;
mod url;
pub mod wire;

use std::future::Future;

pub use client::{HttpError, HttpSettings};
pub use http::HttpApi;
pub use token::{ApiToken, InvalidToken};
pub use url::{ApiUrl, InvalidApiUrl};

use crate::model::{
    AddedParticipant, JoinToken, MeetingId, Participant, ParticipantEdit, RemoteId, RemoteParticipant,
};
use crate::outcome::Reply;

/// The calls that the use cases make. Each sends at most one request and never repeats it; all but `add` may be repeated
/// by whoever calls them.
pub trait ParticipantApi: Send + Sync + 'static {
    /// Adds a participant. Not idempotent: never repeat one whose answer is in doubt.
    fn add(&self, participant: &Participant) -> impl Future<Output = Reply<AddedParticipant>> + Send;

    /// One page of a meeting's participants.
    fn list(
        &self,
        meeting: MeetingId,
        page: PageRequest,
    ) -> impl Future<Output = Reply<Page<RemoteParticipant>>> + Send;

    /// One participant, without a token.
    fn participant(
        &self,
        meeting: MeetingId,
        id: &RemoteId,
    ) -> impl Future<Output = Reply<RemoteParticipant>> + Send;

    /// Changes a participant. Repeated with the same values it changes nothing more, but answers another token; whether
    /// that ends the older ones is not documented, so the last one is the one to keep.
    fn update(
        &self,
        meeting: MeetingId,
        id: &RemoteId,
        edit: &ParticipantEdit,
    ) -> impl Future<Output = Reply<AddedParticipant>> + Send;

    /// Removes a participant: nobody can join with its tokens any longer.
    fn remove(&self, meeting: MeetingId, id: &RemoteId) -> impl Future<Output = Reply<Removed>> + Send;

    /// A new token for an existing participant; it may end the older ones.
    fn refresh_token(
        &self,
        meeting: MeetingId,
        id: &RemoteId,
    ) -> impl Future<Output = Reply<JoinToken>> + Send;

    /// Whether the meeting can be joined.
    fn meeting(&self, meeting: MeetingId) -> impl Future<Output = Reply<MeetingStatus>> + Send;

    /// One page of the names of the app's presets.
    fn presets(&self, page: PageRequest) -> impl Future<Output = Reply<Page<String>>> + Send;
}

/// What a removal found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// The participant, who is no longer in.
    Deleted,
    /// Nobody (404): removed before, by us or by others.
    Gone,
}

/// Which page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// `page_no`. Whether the first is 0 or 1 is not documented.
    pub page_no: u64,
    /// `per_page`. The largest that the server grants is not documented.
    pub per_page: u64,
}

/// One page of a list, with the paging that came along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the server's order.
    pub items: Vec<T>,
    /// `paging.total_count`: how many there are on all pages.
    pub total_count: u64,
    /// `paging.start_offset`; base and inclusiveness are not documented.
    pub start_offset: u64,
    /// `paging.end_offset`; base and inclusiveness are not documented.
    pub end_offset: u64,
}

/// Whether users can join a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeetingStatus {
    /// They can; also when the API names no status.
    Active,
    /// They can't (`INACTIVE`).
    Inactive,
}

#[cfg(test)]
mod tests;
