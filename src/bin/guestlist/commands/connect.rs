//! The API that a command speaks to: an account's app, or a sandbox that is started for it.

use std::sync::Arc;

use guestlist::api::{ApiUrl, HttpApi, HttpSettings};
use guestlist::model::Target;
use guestlist::pacer::{Pacer, PacerSettings, Server};
#[cfg(feature = "sandbox")]
use guestlist::sandbox::Sandbox;

use crate::error::CommandError;
use crate::settings::{Destination, Pace};
#[cfg(feature = "sandbox")]
use crate::settings::{SettingsError, Trial};

/// What a journal of a try is bound to: the sandbox's port is another one each time.
#[cfg(feature = "sandbox")]
const SANDBOX_ORIGIN: &str = "sandbox://guestlist";

/// The API, and the pacer of its token.
pub(crate) struct Connection {
    pub(crate) api: Arc<HttpApi>,
    pub(crate) pacer: Pacer,
    pub(crate) target: Target,
    /// What the journal is bound to.
    pub(crate) origin: String,
    /// Runs as long as it is here.
    #[cfg(feature = "sandbox")]
    _sandbox: Option<Sandbox>,
}

impl Connection {
    /// Nothing is sent to an account's app yet.
    pub(crate) async fn open(destination: Destination, pace: Pace) -> Result<Self, CommandError> {
        match destination {
            Destination::Account(settings) => Self::with(&settings, pace),
            #[cfg(feature = "sandbox")]
            Destination::Sandbox(trial) => Self::with_sandbox(*trial, pace).await,
        }
    }

    fn with(settings: &HttpSettings, pace: Pace) -> Result<Self, CommandError> {
        let pacer = PacerSettings {
            rate: pace.rate,
            server: server(&settings.api_url),
            burst: pace.concurrency.get(),
            max_outage: pace.max_outage,
        };
        Ok(Self {
            api: Arc::new(HttpApi::new(settings)?),
            pacer: Pacer::new(pacer),
            target: settings.target.clone(),
            origin: settings.api_url.origin(),
            #[cfg(feature = "sandbox")]
            _sandbox: None,
        })
    }

    #[cfg(feature = "sandbox")]
    async fn with_sandbox(trial: Trial, pace: Pace) -> Result<Self, CommandError> {
        let sandbox = Sandbox::start(trial.sandbox).await?;
        let used_with = sandbox.connection();
        let settings = HttpSettings {
            api_url: used_with.api_url.parse().map_err(SettingsError::from)?,
            target: Target::new(used_with.account_id, used_with.app_id).map_err(SettingsError::from)?,
            token: used_with.api_token.parse().map_err(SettingsError::from)?,
            timeout: trial.timeout,
            connect_timeout: trial.connect_timeout,
            ca_file: None,
            concurrency: trial.concurrency.get(),
        };
        let origin = SANDBOX_ORIGIN.to_owned();
        Ok(Self { origin, _sandbox: Some(sandbox), ..Self::with(&settings, pace)? })
    }
}

fn server(url: &ApiUrl) -> Server {
    if url.is_cloudflare() {
        Server::Cloudflare
    } else if url.is_loopback() {
        Server::Loopback
    } else {
        Server::Other
    }
}
