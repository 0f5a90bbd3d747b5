//! What a sandbox is started with, and what a client must know to use it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use jiff::SignedDuration;
use serde::Serialize;
use uuid::Uuid;

use super::moods::Moods;
use super::quota::Quota;
use super::rules::FaultRule;
use crate::model::MeetingId;

const FIVE_MINUTES: Duration = Duration::from_secs(5 * 60);

/// What a sandbox is started with. The default is the same every time, so that a first run can be repeated.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    /// Where it listens: loopback only; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The limit that it announces and enforces; `None`: neither.
    pub quota: Option<Quota>,
    /// How long an exceeded quota blocks every request; `None`: one window.
    pub block: Option<Duration>,
    /// How fast another client of the same token spends the quota, steadily; `None`: there is none.
    pub others: Option<Quota>,
    /// The text of `Ratelimit`, instead of what is left of the quota.
    pub ratelimit: Option<String>,
    /// The text of `Ratelimit-Policy`, instead of the quota.
    pub ratelimit_policy: Option<String>,
    /// How far its clock is ahead of (or behind) this machine's: in `Date` and in what follows from it.
    pub clock_offset: SignedDuration,
    /// How long an answer takes; half of it passes before the request takes effect.
    pub latency: Duration,
    /// What goes wrong, and when. The first rule that strikes a request decides.
    pub faults: Vec<FaultRule>,
    /// Makes the chances of the faults repeatable.
    pub seed: u64,
    /// After how long a `late-apply` takes effect.
    pub late_by: Duration,
    /// For how long `list-lag` hides a new participant.
    pub list_lag: Duration,
    /// The wait between two bytes of `slow`.
    pub slow_byte: Duration,
    /// `Retry-After` of the fault `throttle`, as it is sent, or `date+4` for the date in four seconds; `None`: no such
    /// header.
    pub throttle_retry_after: Option<String>,
    /// How long a participant's token lasts.
    pub token_lifetime: Duration,
    /// The API token that it accepts. It protects nothing and may be printed.
    pub api_token: String,
    /// The account: at most 32 characters.
    pub account_id: String,
    /// The app: at most 32 characters.
    pub app_id: String,
    /// The meetings, at least one.
    pub meetings: Vec<(MeetingId, MeetingStatus)>,
    /// What it makes of a meeting that isn't among them.
    pub other_meetings: OtherMeetings,
    /// The names of the presets.
    pub presets: Vec<String>,
    /// The most items on a page, whatever is asked for.
    pub max_per_page: u64,
    /// The number of a list's first page: 1, as other clients of the API believe, or 0.
    pub first_page: u64,
    /// What else the contract leaves open.
    pub moods: Moods,
}

/// What the sandbox makes of a meeting that it wasn't told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherMeetings {
    /// There is none: 404.
    Unknown,
    /// It comes into being, active and empty: so that a roster with meetings of its own can be tried.
    Active,
}

/// Whether users can join a meeting. Adding participants works either way: the contract doesn't forbid it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeetingStatus {
    /// They can.
    Active,
    /// They can't.
    Inactive,
}

impl MeetingStatus {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
        }
    }
}

impl Default for SandboxSettings {
    fn default() -> Self {
        let meeting = MeetingId::new(Uuid::from_u128(0x5a4d_b0c5_7e57_4000_8000_0000_0000_0001));
        let presets = ["group_call_host", "group_call_participant", "webinar_presenter", "webinar_viewer"];
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            quota: Some(Quota { requests: 1200, window: FIVE_MINUTES }),
            block: None,
            others: None,
            ratelimit: None,
            ratelimit_policy: None,
            clock_offset: SignedDuration::ZERO,
            latency: Duration::ZERO,
            faults: Vec::new(),
            seed: 0,
            late_by: Duration::from_secs(5),
            list_lag: Duration::from_secs(2),
            slow_byte: Duration::from_millis(200),
            throttle_retry_after: Some("1".to_owned()),
            token_lifetime: Duration::from_secs(24 * 60 * 60),
            api_token: "sandbox-token-that-protects-nothing".to_owned(),
            account_id: "5a4db0c5acc0004000800000000000a1".to_owned(),
            app_id: "5a4db0c5a990004000800000000000b1".to_owned(),
            meetings: vec![(meeting, MeetingStatus::Active)],
            other_meetings: OtherMeetings::Unknown,
            presets: presets.map(str::to_owned).to_vec(),
            max_per_page: 100,
            first_page: 1,
            moods: Moods::default(),
        }
    }
}

/// What a client must know to use a sandbox; as JSON it is the first line of `guestlist sandbox --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "sandbox")]
pub struct Connection<'a> {
    /// The base URL.
    pub api_url: String,
    /// The account.
    pub account_id: &'a str,
    /// The app.
    pub app_id: &'a str,
    /// The first meeting.
    pub meeting_id: Option<MeetingId>,
    /// The API token; it protects nothing.
    pub api_token: &'a str,
    /// The names of the presets.
    pub presets: &'a [String],
}

impl<'a> Connection<'a> {
    pub(super) fn new(api_url: String, settings: &'a SandboxSettings) -> Self {
        Self {
            api_url,
            account_id: &settings.account_id,
            app_id: &settings.app_id,
            meeting_id: settings.meetings.first().map(|(id, _)| *id),
            api_token: &settings.api_token,
            presets: &settings.presets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_told_everything_in_one_line() {
        let settings = SandboxSettings::default();
        let line =
            serde_json::to_string(&Connection::new("http://127.0.0.1:8787/client/v4".to_owned(), &settings));
        insta::assert_snapshot!(line.unwrap(), @r#"{"type":"sandbox","api_url":"http://127.0.0.1:8787/client/v4","account_id":"5a4db0c5acc0004000800000000000a1","app_id":"5a4db0c5a990004000800000000000b1","meeting_id":"5a4db0c5-7e57-4000-8000-000000000001","api_token":"sandbox-token-that-protects-nothing","presets":["group_call_host","group_call_participant","webinar_presenter","webinar_viewer"]}"#);
    }
}
