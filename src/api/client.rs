//! The HTTP client: built so that it sends each request once, and only to the API.
#![expect(clippy::disallowed_types, reason = "the one owner of reqwest")]

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, InvalidHeaderValue};
use reqwest::{Certificate, Client, ClientBuilder, redirect, retry};
use rustls::crypto::{CryptoProvider, ring};

use super::{ApiToken, ApiUrl};
use crate::model::Target;
use crate::sabotage::{Sabotage, active};

/// Shorter than servers keep an idle connection (Node: 5 s): a request on one that the server has just closed is lost,
/// and a needless doubt.
const IDLE: Duration = Duration::from_secs(4);

/// What an [`HttpApi`](super::HttpApi) is made of.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Where the API is.
    pub api_url: ApiUrl,
    /// The account and the app.
    pub target: Target,
    /// What every request bears.
    pub token: ApiToken,
    /// From the call to the last byte of the answer.
    pub timeout: Duration,
    /// Name, connection and TLS; shorter than `timeout`, so that "not sent" is known from "perhaps sent".
    pub connect_timeout: Duration,
    /// Further authorities to trust, PEM.
    pub ca_file: Option<Vec<u8>>,
    /// How many requests are in flight at most: so many connections are kept.
    pub concurrency: usize,
}

impl HttpSettings {
    /// What the command does unless told otherwise.
    pub fn new(api_url: ApiUrl, target: Target, token: ApiToken) -> Self {
        let (timeout, connect_timeout) = (Duration::from_secs(60), Duration::from_secs(10));
        Self { api_url, target, token, timeout, connect_timeout, ca_file: None, concurrency: 16 }
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Then a connect timeout could not be told from an answer that didn't come.
    #[error("the connect timeout ({connect_timeout:?}) must be shorter than the timeout ({timeout:?})")]
    Timeouts {
        /// As given.
        timeout: Duration,
        /// As given.
        connect_timeout: Duration,
    },
    /// The further authorities can't be read.
    #[error(
        "the CA file holds no certificate that can be read: it must be PEM, with BEGIN CERTIFICATE lines"
    )]
    CaFile,
    /// The token can't be put into a header.
    #[error("the API token can't be put into a header")]
    Token(#[from] InvalidHeaderValue),
    /// The client can't be built.
    #[error("the HTTP client can't be built")]
    Client(#[source] reqwest::Error),
}

/// A client for one API and one token.
pub(super) fn build(settings: &HttpSettings) -> Result<Client, HttpError> {
    let (timeout, connect_timeout) = (settings.timeout, settings.connect_timeout);
    if connect_timeout >= timeout {
        return Err(HttpError::Timeouts { timeout, connect_timeout });
    }
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, settings.token.header()?);
    trusting(settings, || unsecured(settings, headers.clone()))
}

/// Everything but the authorities.
fn unsecured(settings: &HttpSettings, headers: HeaderMap) -> ClientBuilder {
    let builder = once_only(Client::builder())
        .referer(false)
        .user_agent(concat!("guestlist/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .timeout(settings.timeout)
        .connect_timeout(settings.connect_timeout)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(settings.concurrency.max(1))
        .tcp_nodelay(true);
    // Proxies come from the environment; none is asked for this machine.
    if settings.api_url.is_loopback() { builder.no_proxy() } else { builder }
}

/// Nothing between us and the API repeats a POST.
fn once_only(builder: ClientBuilder) -> ClientBuilder {
    if active(Sabotage::DefaultRetry) {
        return builder.redirect(redirect::Policy::none());
    }
    let builder = builder.retry(retry::never()).http1_only();
    if active(Sabotage::DefaultRedirects) { builder } else { builder.redirect(redirect::Policy::none()) }
}

/// Adds whom to trust: the system's authorities, those of Mozilla where the system has none (a slim container), and
/// the further ones. `builder` is asked anew for each try.
fn trusting(settings: &HttpSettings, builder: impl Fn() -> ClientBuilder) -> Result<Client, HttpError> {
    provide_cryptography();
    if !settings.api_url.is_https() {
        return builder().tls_certs_only([]).build().map_err(HttpError::Client);
    }
    let further = settings.ca_file.as_deref().map(authorities).transpose()?;
    match (builder().build(), further) {
        (Ok(client), None) => Ok(client),
        (Ok(_), Some(further)) => builder().tls_certs_merge(further).build().map_err(|_| HttpError::CaFile),
        (Err(_), further) => {
            let mozilla = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
            let mozilla: Result<Vec<_>, _> = mozilla.map(|der| Certificate::from_der(der)).collect();
            let builder = builder().tls_certs_only(mozilla.map_err(HttpError::Client)?);
            match further {
                None => builder.build().map_err(HttpError::Client),
                Some(further) => builder.tls_certs_only(further).build().map_err(|_| HttpError::CaFile),
            }
        }
    }
}

fn authorities(pem: &[u8]) -> Result<Vec<Certificate>, HttpError> {
    let certificates = Certificate::from_pem_bundle(pem).map_err(|_| HttpError::CaFile)?;
    if certificates.is_empty() { Err(HttpError::CaFile) } else { Ok(certificates) }
}

/// reqwest panics where no provider is installed. Whoever embeds us may have installed their own.
fn provide_cryptography() {
    if CryptoProvider::get_default().is_none() {
        // An error means that another thread was faster.
        let _ = ring::default_provider().install_default();
    }
}
