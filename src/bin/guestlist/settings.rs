//! What was typed and what the environment says, checked and given its meaning. The only reader of the environment.

mod destination;
mod environment;
mod reading;
mod token;

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use guestlist::api::{InvalidApiUrl, InvalidToken};
use guestlist::dispatch::DispatchSettings;
use guestlist::export::{ExportSettings, Format, JoinUrl, JoinUrlError};
use guestlist::import::OnInvalid;
use guestlist::journal::{ExportFilter, OnNetwork, Resend};
use guestlist::model::{InvalidId, escape};
use guestlist::pacer::Rate;
use guestlist::roster::{DefaultMeeting, ReadOptions};

pub(crate) use destination::Destination;
#[cfg(feature = "sandbox")]
pub(crate) use destination::{Trial, sandbox};
pub(crate) use environment::Environment;
pub(crate) use reading::RosterName;

use crate::args::{self, CheckArgs, ExportArgs, ExportFormat, ImportArgs, NetworkArgs, PaceArgs};
use destination::Route;

/// What can't be meant.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("no account is named: set CLOUDFLARE_ACCOUNT_ID or give --account-id")]
    NoAccount,
    #[error("no app is named: set REALTIMEKIT_APP_ID or give --app-id")]
    NoApp,
    #[error("there is no API token: set CLOUDFLARE_API_TOKEN or give --api-token-file")]
    NoToken,
    #[error("the {} \"{}\" is not valid: expected {}", .0.what, escape(&.0.value), .0.expected)]
    Id(#[from] InvalidId),
    #[error(transparent)]
    ApiUrl(#[from] InvalidApiUrl),
    #[error(transparent)]
    Token(#[from] InvalidToken),
    #[error("the API token can't be read from {}: {source}", escape(&.path.to_string_lossy()))]
    TokenFile { path: PathBuf, source: io::Error },
    #[error("others can read the API token in {}: run chmod 600 on it; if they may have read it, make a new one",
        escape(&.0.to_string_lossy()))]
    TokenFileOpen(PathBuf),
    #[error("the CA file {} can't be read: {source}", escape(&.path.to_string_lossy()))]
    CaFile { path: PathBuf, source: io::Error },
    #[error("standard input can be read once only: it is named more than once")]
    StandardInputTwice,
    #[error("the export and the rejected rows can't go to the same file")]
    SameFile,
    #[error("the state folder isn't known, since HOME isn't set: name the journal with --journal")]
    NoStateFolder,
    #[error(transparent)]
    JoinUrl(#[from] JoinUrlError),
    #[cfg(feature = "sandbox")]
    #[error(transparent)]
    Quota(#[from] guestlist::sandbox::InvalidQuota),
}

/// An import.
pub(crate) struct Import {
    pub(crate) destination: Destination,
    pub(crate) journal: JournalPlace,
    pub(crate) on_network: OnNetwork,
    pub(crate) rosters: Vec<RosterName>,
    pub(crate) reading: ReadOptions,
    pub(crate) on_invalid: OnInvalid,
    pub(crate) limit: Option<u64>,
    pub(crate) rejected: Option<PathBuf>,
    pub(crate) accept_differing: bool,
    pub(crate) new_id_source: bool,
    pub(crate) dispatch: DispatchSettings,
    pub(crate) pace: Pace,
    pub(crate) export: Option<(PathBuf, Format)>,
    pub(crate) dry_run: bool,
    /// What a person should know about them.
    pub(crate) notes: Vec<String>,
}

/// Where the journal is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JournalPlace {
    /// Named by the user.
    Named(PathBuf),
    /// The usual place, whose folder is made if need be.
    Usual(PathBuf),
    /// A folder that is removed afterwards: a try in the sandbox leaves nothing behind.
    #[cfg_attr(not(feature = "sandbox"), expect(dead_code, reason = "only a try in the sandbox has one"))]
    Temporary,
}

/// How fast.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) rate: Rate,
    pub(crate) concurrency: NonZeroUsize,
    pub(crate) max_outage: Duration,
}

/// A check.
pub(crate) struct Check {
    pub(crate) online: Option<Destination>,
    pub(crate) rosters: Vec<RosterName>,
    pub(crate) reading: ReadOptions,
    pub(crate) rejected: Option<PathBuf>,
    pub(crate) notes: Vec<String>,
}

/// An export.
pub(crate) struct Export {
    /// `None` is standard output.
    pub(crate) output: Option<PathBuf>,
    pub(crate) settings: ExportSettings,
    pub(crate) journal: PathBuf,
}

impl Import {
    pub(crate) fn new(args: &ImportArgs, environment: &Environment) -> Result<Self, SettingsError> {
        let ImportArgs { roster, pace, .. } = args;
        if args.export.is_some() && args.export == roster.rejected {
            return Err(SettingsError::SameFile);
        }
        // Before anything reads standard input.
        let rosters = reading::names(roster, &args.api)?;
        let mut reading = reading::options(roster, DefaultMeeting::Missing)?;
        let Route { destination, journal, notes } = destination::route(args, environment, &mut reading)?;
        let concurrency = workers(pace);
        Ok(Self {
            destination,
            journal,
            on_network: on_network(&args.network),
            rosters,
            reading,
            on_invalid: on_invalid(args.on_invalid),
            limit: args.limit.map(Into::into),
            rejected: roster.rejected.clone(),
            accept_differing: pace.accept_differing,
            new_id_source: args.new_id_source,
            dispatch: dispatch(pace),
            pace: Pace { rate: pace.rate, concurrency, max_outage: pace.max_outage },
            export: args.export.clone().map(|path| (path.clone(), format_by_name(&path))),
            dry_run: args.dry_run,
            notes,
        })
    }
}

impl Check {
    pub(crate) fn new(args: &CheckArgs, environment: &Environment) -> Result<Self, SettingsError> {
        let rosters = reading::names(&args.roster, &args.api)?;
        let (online, notes) = if args.online {
            let settings = destination::account(&args.api, environment, CHECKERS)?;
            let notes = environment.proxy_note(&settings.api_url).into_iter().collect();
            (Some(Destination::Account(Box::new(settings))), notes)
        } else {
            (None, Vec::new())
        };
        let default = if args.online { DefaultMeeting::Missing } else { DefaultMeeting::NotNeeded };
        Ok(Self {
            online,
            rosters,
            reading: reading::options(&args.roster, default)?,
            rejected: args.roster.rejected.clone(),
            notes,
        })
    }

    /// How fast an online check asks.
    pub(crate) fn pace() -> Pace {
        Pace { rate: Rate::Auto, concurrency: CHECKERS, max_outage: Duration::from_secs(60) }
    }
}

impl Export {
    pub(crate) fn new(args: &ExportArgs, environment: &Environment) -> Result<Self, SettingsError> {
        let format = match args.format {
            Some(ExportFormat::Csv) => Format::Csv,
            Some(ExportFormat::Jsonl) => Format::Jsonl,
            None => format_by_name(&args.output),
        };
        let meeting = args.meeting.as_deref().map(str::parse).transpose()?;
        let join_url = args.join_url.as_deref().map(str::parse::<JoinUrl>).transpose()?;
        Ok(Self {
            output: Some(args.output.clone()).filter(|path| path.as_os_str() != "-"),
            settings: ExportSettings { format, filter: ExportFilter { meeting, run: None }, join_url },
            journal: journal_file(args.journal.journal.as_deref(), environment)?,
        })
    }
}

/// The journal of a command that makes none.
pub(crate) fn journal_file(
    named: Option<&Path>,
    environment: &Environment,
) -> Result<PathBuf, SettingsError> {
    match journal_place(named, environment)? {
        JournalPlace::Named(path) | JournalPlace::Usual(path) => Ok(path),
        JournalPlace::Temporary => Err(SettingsError::NoStateFolder),
    }
}

/// Flag, environment, state folder.
fn journal_place(named: Option<&Path>, environment: &Environment) -> Result<JournalPlace, SettingsError> {
    match (named, environment.journal.as_deref(), &environment.state_folder) {
        (Some(named), _, _) | (None, Some(named), _) => Ok(JournalPlace::Named(named.to_owned())),
        (None, None, Some(folder)) => Ok(JournalPlace::Usual(folder.join("guestlist").join("journal.db"))),
        (None, None, None) => Err(SettingsError::NoStateFolder),
    }
}

pub(crate) fn on_network(args: &NetworkArgs) -> OnNetwork {
    if args.allow_network_journal { OnNetwork::Accept } else { OnNetwork::Refuse }
}

/// Requests on their way at once while a check asks.
const CHECKERS: NonZeroUsize = NonZeroUsize::MIN;

fn workers(pace: &PaceArgs) -> NonZeroUsize {
    NonZeroUsize::new(pace.concurrency.into()).unwrap_or(NonZeroUsize::MIN)
}

fn dispatch(pace: &PaceArgs) -> DispatchSettings {
    DispatchSettings {
        concurrency: workers(pace),
        settle: pace.settle,
        resend: match pace.uncertain {
            args::Uncertain::Resend => Resend::Allowed,
            args::Uncertain::Hold => Resend::Hold,
        },
        refresh_found: pace.refresh_found,
    }
}

fn on_invalid(typed: args::OnInvalid) -> OnInvalid {
    match typed {
        args::OnInvalid::Stop => OnInvalid::Stop,
        args::OnInvalid::Skip => OnInvalid::Skip,
    }
}

fn format_by_name(path: &Path) -> Format {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    match ending.to_ascii_lowercase().as_str() {
        "jsonl" | "ndjson" => Format::Jsonl,
        _ => Format::Csv,
    }
}

#[cfg(test)]
mod tests;
