//! The environment, read once.
#![expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use etcetera::BaseStrategy;
use etcetera::base_strategy::Xdg;
use guestlist::api::ApiUrl;

/// What reqwest takes a proxy for https from.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// What the environment says. What clap reads itself (`env = …`) isn't in it.
#[derive(Default)]
pub(crate) struct Environment {
    /// `CLOUDFLARE_API_TOKEN`.
    pub(super) api_token: Option<OsString>,
    /// `GUESTLIST_JOURNAL`.
    pub(super) journal: Option<PathBuf>,
    /// `$XDG_STATE_HOME`, or `~/.local/state`, on macOS too.
    pub(super) state_folder: Option<PathBuf>,
    /// The variable that sends requests through a proxy.
    pub(super) proxy: Option<&'static str>,
}

impl Environment {
    pub(crate) fn read() -> Self {
        Self {
            api_token: set("CLOUDFLARE_API_TOKEN"),
            journal: set("GUESTLIST_JOURNAL").map(PathBuf::from),
            state_folder: Xdg::new().ok().and_then(|folders| folders.state_dir()),
            proxy: PROXIES.into_iter().find(|name| set(name).is_some()),
        }
    }

    /// Said once, since a forgotten proxy explains a lot. Its URL may hold a password and isn't shown.
    pub(super) fn proxy_note(&self, api_url: &ApiUrl) -> Option<String> {
        let proxy = self.proxy.filter(|_| !api_url.is_loopback())?;
        Some(format!("requests go through the proxy that {proxy} names"))
    }
}

/// A variable that is set to nothing is not set.
fn set(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}
