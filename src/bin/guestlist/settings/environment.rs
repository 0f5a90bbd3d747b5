//! The environment, read once.
#![expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use etcetera::BaseStrategy;
use etcetera::base_strategy::Xdg;
use guestlist::api::ApiUrl;

use super::keys::Settings;
use super::origin::{Origin, Setting};
use super::value::OfVariable;

/// What reqwest takes a proxy for https from.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// What the environment says.
#[derive(Default, Clone)]
pub(crate) struct Environment {
    /// `CLOUDFLARE_API_TOKEN`.
    pub(super) api_token: Option<OsString>,
    /// The variables of the settings.
    pub(super) settings: BTreeMap<&'static str, OsString>,
    /// `GUESTLIST_CONFIG`.
    pub(super) config: Option<PathBuf>,
    /// `GUESTLIST_PROFILE`.
    pub(super) profile: Option<String>,
    /// `$XDG_CONFIG_HOME`, or `~/.config`, on macOS too.
    pub(super) config_folder: Option<PathBuf>,
    /// `$XDG_STATE_HOME`, or `~/.local/state`, on macOS too.
    pub(super) state_folder: Option<PathBuf>,
    /// `CREDENTIALS_DIRECTORY`: where a service manager puts the secrets of its service, systemd.exec(5).
    pub(super) credentials_folder: Option<PathBuf>,
    /// The variable that sends requests through a proxy.
    pub(super) proxy: Option<&'static str>,
}

impl Environment {
    pub(crate) fn read() -> Self {
        let folders = Xdg::new().ok();
        let variable = |name: &&'static str| set(name).map(|value| (*name, value));
        Self {
            api_token: set("CLOUDFLARE_API_TOKEN"),
            settings: Settings::VARIABLES.iter().filter_map(variable).collect(),
            config: set("GUESTLIST_CONFIG").map(PathBuf::from),
            profile: set("GUESTLIST_PROFILE").map(OfVariable::of_variable),
            config_folder: folders.as_ref().map(Xdg::config_dir),
            state_folder: folders.as_ref().and_then(Xdg::state_dir),
            credentials_folder: set("CREDENTIALS_DIRECTORY").map(PathBuf::from),
            proxy: PROXIES.into_iter().find(|name| set(name).is_some()),
        }
    }

    /// A setting that has a variable.
    pub(super) fn setting<T: OfVariable>(&self, name: &'static str) -> Option<Setting<T>> {
        let value = self.settings.get(name)?.clone();
        Some(Setting { value: T::of_variable(value), origin: Origin::Variable(name) })
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
