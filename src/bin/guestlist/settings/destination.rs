//! Where the participants go: an app of an account, or a sandbox.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
#[cfg(feature = "sandbox")]
use std::time::Duration;

use guestlist::api::{ApiUrl, HttpSettings};
use guestlist::model::{Target, escape};
use guestlist::roster::ReadOptions;
#[cfg(feature = "sandbox")]
use guestlist::{
    roster::DefaultMeeting,
    sandbox::{MeetingStatus, Moods, OlderTokens, OtherMeetings, SandboxSettings},
};

use crate::args::ImportArgs;
#[cfg(feature = "sandbox")]
use crate::args::{MoodArgs, SandboxArgs};

use super::origin::{Origin, Setting};
use super::{
    Environment, JournalPlace, Settings, SettingsError, Surroundings, journal_place, token, workers,
};

/// Where the participants go.
pub(crate) enum Destination {
    /// An app of an account.
    Account(Box<HttpSettings>),
    /// A RealtimeKit inside this process.
    #[cfg(feature = "sandbox")]
    Sandbox(Box<Trial>),
}

/// A try in the sandbox: what it is started with, and how it is spoken to.
#[cfg(feature = "sandbox")]
pub(crate) struct Trial {
    pub(crate) sandbox: SandboxSettings,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) concurrency: NonZeroUsize,
}

/// Where an import goes and where it is noted down.
pub(super) struct Route {
    pub(super) destination: Destination,
    pub(super) journal: JournalPlace,
    pub(super) notes: Vec<String>,
}

/// The settings decide; in a sandbox, `reading` gets the sandbox's defaults.
pub(super) fn route(
    args: &ImportArgs,
    settings: &Settings,
    surroundings: &Surroundings,
    reading: &mut ReadOptions,
) -> Result<Route, SettingsError> {
    let environment = &surroundings.environment;
    #[cfg(feature = "sandbox")]
    if args.sandbox.sandbox {
        return Ok(trial(args, settings, environment, reading));
    }
    #[cfg(not(feature = "sandbox"))]
    let _ = (args, reading);
    let http = account(settings, environment, workers(settings))?;
    Ok(Route {
        notes: notes(&http, settings, environment),
        journal: journal_place(settings, environment)?,
        destination: Destination::Account(Box::new(http)),
    })
}

/// What a person should know of where requests go.
pub(super) fn notes(http: &HttpSettings, settings: &Settings, environment: &Environment) -> Vec<String> {
    let elsewhere = settings.api_url().filter(|url| url.value != ApiUrl::CLOUDFLARE);
    let by_file = elsewhere.and_then(|url| url.place().map(|place| (&url.value, place)));
    let by_file = by_file.map(|(url, place)| format!("requests go to {}, as {place} says", escape(url)));
    by_file.into_iter().chain(environment.proxy_note(&http.api_url)).collect()
}

/// How to speak to an account's app.
pub(super) fn account(
    settings: &Settings,
    environment: &Environment,
    concurrency: NonZeroUsize,
) -> Result<HttpSettings, SettingsError> {
    let account = named(settings.account_id()).ok_or(SettingsError::NoAccount)?;
    let app = named(settings.app_id()).ok_or(SettingsError::NoApp)?;
    let ca_file = settings.ca_file().map(|Setting { value: path, .. }| {
        fs::read(path).map_err(|source| SettingsError::CaFile { path: path.clone(), source })
    });
    Ok(HttpSettings {
        api_url: api_url(settings)?,
        target: target(account, app)?,
        token: token::read(token_file(settings, environment), environment)?,
        timeout: settings.timeout(),
        connect_timeout: settings.connecting(),
        ca_file: ca_file.transpose()?,
        concurrency: concurrency.get(),
    })
}

/// What is set is what it should be.
pub(super) fn verify(settings: &Settings) -> Result<(), SettingsError> {
    api_url(settings)?;
    if let Some(account) = named(settings.account_id()) {
        account.meant(|account| Target::new(account, "app"))?;
    }
    if let Some(app) = named(settings.app_id()) {
        app.meant(|app| Target::new("account", app))?;
    }
    Ok(())
}

/// Empty is not named.
fn named(id: Option<&Setting<String>>) -> Option<&Setting<String>> {
    id.filter(|id| !id.value.is_empty())
}

/// The account is looked at first, so that an error is about the one or the other.
fn target(account: &Setting<String>, app: &Setting<String>) -> Result<Target, SettingsError> {
    account.meant(|account| Target::new(account, "app"))?;
    app.meant(|app| Target::new(&account.value, app))
}

fn api_url(settings: &Settings) -> Result<ApiUrl, SettingsError> {
    match named(settings.api_url()) {
        Some(url) => url.meant(|url| url.parse()),
        None => Ok(ApiUrl::CLOUDFLARE.parse()?),
    }
}

/// Where the API token would come from.
pub(crate) fn token_source(settings: &Settings, environment: &Environment) -> Option<Origin> {
    let file = token_file(settings, environment).and(settings.api_token_file());
    let variable = || environment.api_token.as_ref().map(|_| Origin::Variable("CLOUDFLARE_API_TOKEN"));
    file.map(|file| file.origin.clone()).or_else(variable)
}

/// The file of the API token, unless the environment holds the token and comes first.
pub(super) fn token_file<'a>(settings: &'a Settings, environment: &Environment) -> Option<&'a Path> {
    let file = settings.api_token_file();
    file.filter(|file| file.is_typed() || environment.api_token.is_none()).map(|file| file.value.as_path())
}

/// A meeting that was named is one of the sandbox's; the journal is a new one, unless one was typed.
#[cfg(feature = "sandbox")]
fn trial(
    args: &ImportArgs,
    settings: &Settings,
    environment: &Environment,
    reading: &mut ReadOptions,
) -> Route {
    let wanted = &args.sandbox;
    let mut sandbox = SandboxSettings {
        quota: wanted.sandbox_quota,
        block: wanted.sandbox_block,
        latency: wanted.sandbox_latency,
        faults: wanted.sandbox_fault.clone(),
        other_meetings: OtherMeetings::Active,
        ..SandboxSettings::default()
    };
    match reading.default_meeting {
        DefaultMeeting::Given(meeting) => sandbox.meetings = vec![(meeting, MeetingStatus::Active)],
        DefaultMeeting::Missing | DefaultMeeting::NotNeeded => {
            if let Some((meeting, _)) = sandbox.meetings.first() {
                reading.default_meeting = DefaultMeeting::Given(*meeting);
            }
        }
    }
    reading.default_preset.get_or_insert_with(|| TRIAL_PRESET.to_owned());
    let trial = Trial {
        sandbox,
        timeout: settings.timeout(),
        connect_timeout: settings.connecting(),
        concurrency: workers(settings),
    };
    let journal = settings.journal().map(|journal| journal.value.clone());
    Route {
        destination: Destination::Sandbox(Box::new(trial)),
        journal: journal.map_or(JournalPlace::Temporary, JournalPlace::Named),
        notes: trial_notes(settings, environment),
    }
}

/// What rows without a preset get in a try: the app's default set has it.
#[cfg(feature = "sandbox")]
const TRIAL_PRESET: &str = "group_call_participant";

#[cfg(feature = "sandbox")]
fn trial_notes(settings: &Settings, environment: &Environment) -> Vec<String> {
    let mut notes = vec!["this is a try in a sandbox: nobody is added to a real meeting".to_owned()];
    let token = environment.api_token.is_some() || settings.api_token_file().is_some();
    if token || named(settings.api_url()).is_some() {
        notes.push("--sandbox wins: the API token and the API URL that are set are not used".to_owned());
    }
    notes
}

/// `guestlist sandbox`.
#[cfg(feature = "sandbox")]
pub(crate) fn sandbox(args: &SandboxArgs) -> Result<SandboxSettings, SettingsError> {
    let trouble = &args.trouble;
    Ok(SandboxSettings {
        listen: args.listen,
        quota: match args.quota.as_str() {
            "none" => None,
            quota => Some(quota.parse()?),
        },
        block: args.block,
        others: args.others,
        ratelimit: trouble.ratelimit.clone(),
        ratelimit_policy: trouble.ratelimit_policy.clone(),
        clock_offset: trouble.clock_offset,
        latency: args.latency,
        faults: args.fault.clone(),
        seed: trouble.seed,
        late_by: trouble.late_by,
        list_lag: trouble.list_lag,
        slow_byte: trouble.slow_byte,
        throttle_retry_after: Some(trouble.throttle_retry_after.clone()).filter(|value| !value.is_empty()),
        token_lifetime: trouble.token_lifetime,
        max_per_page: trouble.max_per_page,
        first_page: trouble.first_page,
        moods: moods(&args.moods),
        ..SandboxSettings::default()
    })
}

#[cfg(feature = "sandbox")]
fn moods(args: &MoodArgs) -> Moods {
    Moods {
        second_add: args.second_add,
        older_tokens: if args.refresh_ends_tokens { OlderTokens::End } else { OlderTokens::Stay },
        null_picture: args.null_picture,
        list_order: args.list_order,
        offsets: args.offsets,
        unknown_preset: Some(args.unknown_preset),
        longest_text: args.longest_text,
    }
}
