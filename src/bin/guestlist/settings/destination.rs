//! Where the participants go: an app of an account, or a sandbox.

use std::fs;
use std::num::NonZeroUsize;
#[cfg(feature = "sandbox")]
use std::time::Duration;

use guestlist::api::{ApiUrl, HttpSettings};
use guestlist::model::Target;
use guestlist::roster::ReadOptions;
#[cfg(feature = "sandbox")]
use guestlist::{
    roster::DefaultMeeting,
    sandbox::{MeetingStatus, OtherMeetings, SandboxSettings},
};

#[cfg(feature = "sandbox")]
use crate::args::SandboxArgs;
use crate::args::{ApiArgs, ImportArgs};

use super::{Environment, JournalPlace, SettingsError, journal_place, token, workers};

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

/// What was typed decides; in a sandbox, `reading` gets the sandbox's defaults.
pub(super) fn route(
    args: &ImportArgs,
    environment: &Environment,
    reading: &mut ReadOptions,
) -> Result<Route, SettingsError> {
    #[cfg(feature = "sandbox")]
    if args.sandbox.sandbox {
        return Ok(trial(args, environment, reading));
    }
    #[cfg(not(feature = "sandbox"))]
    let _ = reading;
    let settings = account(&args.api, environment, workers(&args.pace))?;
    Ok(Route {
        notes: environment.proxy_note(&settings.api_url).into_iter().collect(),
        journal: journal_place(args.journal.journal.as_deref(), environment)?,
        destination: Destination::Account(Box::new(settings)),
    })
}

/// How to speak to an account's app.
pub(super) fn account(
    api: &ApiArgs,
    environment: &Environment,
    concurrency: NonZeroUsize,
) -> Result<HttpSettings, SettingsError> {
    let account = api.account_id.as_deref().filter(|id| !id.is_empty()).ok_or(SettingsError::NoAccount)?;
    let app = api.app_id.as_deref().filter(|id| !id.is_empty()).ok_or(SettingsError::NoApp)?;
    let ca_file = api
        .ca_file
        .as_ref()
        .map(|path| fs::read(path).map_err(|source| SettingsError::CaFile { path: path.clone(), source }));
    Ok(HttpSettings {
        api_url: typed_url(api).unwrap_or(ApiUrl::CLOUDFLARE).parse()?,
        target: Target::new(account, app)?,
        token: token::read(api.api_token_file.as_deref(), environment)?,
        timeout: api.timeout,
        connect_timeout: api.connect_timeout,
        ca_file: ca_file.transpose()?,
        concurrency: concurrency.get(),
    })
}

fn typed_url(api: &ApiArgs) -> Option<&str> {
    api.api_url.as_deref().filter(|url| !url.is_empty())
}

/// A meeting that was named is one of the sandbox's; the journal is a new one, unless one was typed: that of the
/// environment is for the real thing.
#[cfg(feature = "sandbox")]
fn trial(args: &ImportArgs, environment: &Environment, reading: &mut ReadOptions) -> Route {
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
        timeout: args.api.timeout,
        connect_timeout: args.api.connect_timeout,
        concurrency: workers(&args.pace),
    };
    Route {
        destination: Destination::Sandbox(Box::new(trial)),
        journal: args.journal.journal.clone().map_or(JournalPlace::Temporary, JournalPlace::Named),
        notes: trial_notes(&args.api, environment),
    }
}

/// What rows without a preset get in a try: the app's default set has it.
#[cfg(feature = "sandbox")]
const TRIAL_PRESET: &str = "group_call_participant";

#[cfg(feature = "sandbox")]
fn trial_notes(api: &ApiArgs, environment: &Environment) -> Vec<String> {
    let mut notes = vec!["this is a try in a sandbox: nobody is added to a real meeting".to_owned()];
    let given = environment.api_token.is_some() || api.api_token_file.is_some() || typed_url(api).is_some();
    if given {
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
        ..SandboxSettings::default()
    })
}
