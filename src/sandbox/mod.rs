//! A local RealtimeKit to try and test against: it keeps to `realtimekit.openapi.yaml`, sends and enforces the rate
//! limits of api.cloudflare.com, and misbehaves by name. It listens on loopback only and holds everything in memory.
//!
//! # Layout
//! * pure: [`settings`](SandboxSettings), `call` (method and path → what is asked for), `store` (participants),
//!   `quota` (the limit, its block, and who else spends it), `headers` (what they say of it), `moods` (what the contract
//!   leaves open), `faults` (named faults) and `rules` (when they strike), `foreign` (who else writes), `token` (fake
//!   JWTs), `answer` (statuses and bodies), `backend` (the operations, done rightly), `distort` (an answer, spoilt),
//!   `stats` (what was counted).
//! * `server`: one arrived request → admit → authenticate → fault → apply → reply, under one lock.
//! * edges: `routes` (axum), `connection` (the socket: FIN or RST on demand).
//!
//! ```text
//! socket ─▶ routes ─ whole body read ─▶ server.answer ─▶ Reply ─▶ routes ─▶ connection
//! ```
//! What a client is promised least is what it gets: unless told otherwise, every add makes another participant, also one
//! with a `custom_participant_id` that is already there.

mod answer;
mod backend;
mod call;
mod connection;
mod distort;
mod faults;
mod foreign;
mod headers;
mod moods;
mod quota;
mod routes;
mod rules;
mod server;
mod settings;
mod stats;
mod store;
mod token;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use call::Kind;
pub use faults::{Fault, UnknownFault};
pub use moods::{ListOrder, Moods, NullPicture, Offsets, OlderTokens, SecondAdd, UnknownMood};
pub use quota::{InvalidQuota, Quota};
pub use rules::{FaultRule, InvalidFaultRule, Strikes};
pub use settings::{Connection, MeetingStatus, OtherMeetings, SandboxSettings};
pub use stats::{IdCounts, Stats};
pub use token::TokenStanding;

use crate::model::{InvalidId, JoinToken, MeetingId, Target};
use connection::ObservedListener;
use server::Server;

/// How long [`Sandbox::shutdown`] waits for requests that are being answered.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// A running sandbox. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    server: Arc<Server>,
    stop: CancellationToken,
    task: JoinHandle<io::Result<()>>,
}

/// Why a sandbox didn't start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address could be reached from other machines.
    #[error(
        "the sandbox listens on this machine only, and {0} is not a loopback address: use 127.0.0.1 or [::1]"
    )]
    NotLoopback(SocketAddr),
    /// The account or app id is none.
    #[error("the sandbox can't use these ids: {0}")]
    InvalidId(#[from] InvalidId),
    /// There is no meeting to add anyone to.
    #[error("the sandbox needs a meeting: give it one or use the default")]
    NoMeeting,
    /// A header can't be sent.
    #[error("{0:?} can't be sent as a header: it must be one line")]
    InvalidHeader(String),
    /// The port is taken, or may not be used.
    #[error("the sandbox can't listen on {address}: {source}; choose another port, or 0 for any free one")]
    Listen {
        /// Where it should have listened.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The server's task ended by itself.
    #[error("the sandbox stopped: {0}")]
    Ended(String),
}

impl Sandbox {
    /// Listens, and serves on the current tokio runtime (which needs its I/O and time drivers).
    pub async fn start(settings: SandboxSettings) -> Result<Self, SandboxError> {
        check(&settings)?;
        let address = settings.listen;
        let listener = TcpListener::bind(address).await;
        let (listener, address) = listener
            .and_then(|listener| listener.local_addr().map(|bound| (listener, bound)))
            .map_err(|source| SandboxError::Listen { address, source })?;
        let stop = CancellationToken::new();
        let server = Arc::new(Server::new(settings, stop.clone()));
        let service = routes::service(Arc::clone(&server));
        let listener = ObservedListener::new(listener, Arc::clone(&server));
        let stopped = stop.clone().cancelled_owned();
        let task = tokio::spawn(axum::serve(listener, service).with_graceful_shutdown(stopped).into_future());
        Ok(Self { address, server, stop, task })
    }

    /// The base URL to give to a client: `http://127.0.0.1:PORT/client/v4`.
    pub fn api_url(&self) -> String {
        format!("http://{}{}", self.address, call::BASE_PATH)
    }

    /// What it was started with.
    pub fn settings(&self) -> &SandboxSettings {
        &self.server.settings
    }

    /// Everything that a client must know to use it.
    pub fn connection(&self) -> Connection<'_> {
        Connection::new(self.api_url(), &self.server.settings)
    }

    /// What was received and what is held, in totals.
    pub fn stats(&self) -> Stats {
        self.server.stats()
    }

    /// What was received and what is held, per meeting and `custom_participant_id`.
    pub fn id_counts(&self) -> BTreeMap<MeetingId, BTreeMap<String, IdCounts>> {
        self.server.id_counts()
    }

    /// Whether somebody could join with this participant's token now.
    pub fn token_standing(&self, token: &JoinToken) -> TokenStanding {
        self.server.token_standing(token)
    }

    /// Sets its wall clock forward, so that tokens end. Limits, lags and pauses go by another clock, which stays.
    pub fn set_clock_forward(&self, by: Duration) {
        self.server.set_clock_forward(by);
    }

    /// Accepts no more, waits up to a second for the requests that are being answered, and ends.
    pub async fn shutdown(mut self) -> Result<(), SandboxError> {
        self.stop.cancel();
        match tokio::time::timeout(SHUTDOWN_GRACE, &mut self.task).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(SandboxError::Ended(error.to_string())),
            Ok(Err(error)) => Err(SandboxError::Ended(error.to_string())),
            // Someone holds a connection with half a request: it ends with the runtime.
            Err(_elapsed) => {
                self.task.abort();
                Ok(())
            }
        }
    }

    /// Serves until `cancelled` completes, then shuts down.
    pub async fn run_until(self, cancelled: impl Future<Output = ()>) -> Result<(), SandboxError> {
        cancelled.await;
        self.shutdown().await
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn check(settings: &SandboxSettings) -> Result<(), SandboxError> {
    if !settings.listen.ip().is_loopback() {
        return Err(SandboxError::NotLoopback(settings.listen));
    }
    Target::new(&settings.account_id, &settings.app_id)?;
    if settings.meetings.is_empty() {
        return Err(SandboxError::NoMeeting);
    }
    let headers = [&settings.ratelimit, &settings.ratelimit_policy, &settings.throttle_retry_after];
    match headers.into_iter().flatten().find(|text| HeaderValue::try_from(text.as_str()).is_err()) {
        Some(text) => Err(SandboxError::InvalidHeader(text.clone())),
        None => Ok(()),
    }
}
