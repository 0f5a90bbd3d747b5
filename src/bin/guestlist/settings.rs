//! What was typed, what the environment says and what the settings files say, laid over each other, checked and given its
//! meaning. The only reader of the environment and of settings files.
//!
//! Flags win over the environment, that over the profile that was asked for (the project file's before the user's), that
//! over the project's file, that over the user's, and all of them over the defaults. See `keys` for what a file may hold.

mod destination;
mod effective;
mod environment;
mod file;
mod files;
mod id_key;
mod import;
mod keys;
mod meetings;
mod origin;
mod reading;
mod secret_file;
mod surroundings;
mod token;
mod trust;
mod value;

use std::io;
use std::num::{NonZeroU16, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use guestlist::api::{InvalidApiUrl, InvalidToken};
use guestlist::dispatch::DispatchSettings;
use guestlist::export::{ExportSettings, Format, JoinUrl, JoinUrlError};
use guestlist::journal::{ExportFilter, OnNetwork, Resend};
use guestlist::model::{InvalidId, escape};
use guestlist::pacer::Rate;
use guestlist::probe::ProbeSettings;
use guestlist::roster::{DefaultMeeting, InvalidDialect, ReadOptions, ShortIdKey};

pub(crate) use destination::Destination;
pub(crate) use destination::token_source;
#[cfg(feature = "sandbox")]
pub(crate) use destination::{Trial, sandbox};
pub(crate) use effective::{effective, shown};
pub(crate) use environment::Environment;
pub(crate) use files::{FileKind, FilePlace, Files};
pub(crate) use import::Import;
pub(crate) use keys::{Settings, Shown, Typed};
pub(crate) use meetings::Meetings;
pub(crate) use origin::Origin;
pub(crate) use reading::{RejectedRows, RosterName};
pub(crate) use surroundings::Surroundings;
pub(crate) use value::to_toml;

use crate::args::{
    self, CheckArgs, ExportArgs, ExportFormat, JournalArgs, NetworkArgs, ProbeArgs, RosterArgs, ViewArgs,
};
use file::Mistake;

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
    #[error("the id key can't be read from {}: {source}; {}", escape(&.path.to_string_lossy()), id_key::how_to_make(.path))]
    KeyFile { path: PathBuf, source: io::Error },
    #[error("others can read the id key in {}: run chmod 600 on it; if they may have read it, they can compute the ids",
        escape(&.0.to_string_lossy()))]
    KeyFileOpen(PathBuf),
    #[error("the id key in {} is too short: {source}; {}", escape(&.path.to_string_lossy()), id_key::how_to_make(.path))]
    KeyTooShort { path: PathBuf, source: ShortIdKey },
    #[error("--id-key-file is for ids that are derived: say from which columns with --id-from")]
    KeyForNothing,
    #[error("the CA file {} can't be read: {source}", escape(&.path.to_string_lossy()))]
    CaFile { path: PathBuf, source: io::Error },
    #[error("standard input can be read once only: it is named more than once")]
    StandardInputTwice,
    #[error("two results can't go to the same file; name one for each")]
    SameFile,
    #[error("--preview and --report show what would be sent: add --dry-run, or use guestlist check")]
    ViewOfImport,
    #[error(
        "--accept-differing takes people as they are, and a sync updates them: leave it away, or use guestlist import"
    )]
    AcceptDifferingOfSync,
    #[error("{flag} does nothing for a plan, which changes nobody: leave it away; {instead} has it")]
    WithoutEffect { flag: &'static str, instead: &'static str },
    #[error("--excel is for CSV files: name one with --rejected or --export")]
    NothingForExcel,
    #[error(
        "--excel writes the rejected rows with semicolons, and --delimiter says that there are none in them; leave one of the two away"
    )]
    ExcelDelimiter,
    #[error("the state folder isn't known, since HOME isn't set: name the journal with --journal")]
    NoStateFolder,
    #[error(transparent)]
    JoinUrl(#[from] JoinUrlError),
    #[error(transparent)]
    Dialect(#[from] InvalidDialect),
    #[error("{origin}: {error}")]
    By { origin: Origin, error: Box<SettingsError> },
    #[error("the settings file {} can't be read: {source}", legible(.path))]
    File { path: PathBuf, source: io::Error },
    #[error("the settings file {} is not a file; name one with --config, or follow none with --no-config", legible(.0))]
    NoFile(PathBuf),
    #[error("the settings file {} is larger than 64 KiB: that is no settings file", legible(.0))]
    FileTooLarge(PathBuf),
    #[error("{}:{line}: this is not UTF-8; save the settings file as UTF-8", legible(.path))]
    FileNotUtf8 { path: PathBuf, line: usize },
    #[error("{}", file::listed(.0))]
    Mistakes(Vec<Mistake>),
    #[error("no settings file has a [profile.{}]{}", escape(.wanted), other_profiles(.did_you_mean.as_deref(), .profiles))]
    NoProfile { wanted: String, did_you_mean: Option<String>, profiles: Vec<String> },
    #[cfg(feature = "sandbox")]
    #[error(transparent)]
    Quota(#[from] guestlist::sandbox::InvalidQuota),
}

fn legible(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

fn other_profiles(did_you_mean: Option<&str>, profiles: &[String]) -> String {
    match did_you_mean {
        Some(meant) => format!("; did you mean {}?", escape(meant)),
        None if profiles.is_empty() => {
            "; there are no profiles: guestlist config path says where files are looked for".to_owned()
        }
        None => format!("; the profiles are {}", escape(&profiles.join(", "))),
    }
}

/// Where the journal is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JournalPlace {
    /// Named by the user.
    Named(PathBuf),
    /// The usual place, whose folder is made if need be.
    Usual(PathBuf),
    /// A folder that is removed afterwards: a try in the sandbox leaves nothing behind, nor does a look at a copy.
    Temporary,
}

impl JournalPlace {
    /// Where it is or will be, unless nobody but us knows.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Named(path) | Self::Usual(path) => Some(path),
            Self::Temporary => None,
        }
    }

    /// The journal, if there is one yet: a dry run makes none.
    pub(crate) fn existing(&self) -> Option<&Path> {
        self.path().filter(|path| path.exists())
    }
}

/// How fast.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) rate: Rate,
    pub(crate) concurrency: NonZeroUsize,
    pub(crate) max_outage: Duration,
}

impl Pace {
    fn of(settings: &Settings) -> Self {
        Self { rate: settings.rate(), concurrency: workers(settings), max_outage: settings.max_outage() }
    }
}

/// What is seen before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    /// How many rows are shown as they would be sent.
    pub(crate) preview: usize,
    /// Where the page goes.
    pub(crate) report: Option<PathBuf>,
}

/// A check.
pub(crate) struct Check {
    pub(crate) online: Option<Destination>,
    pub(crate) rosters: Vec<RosterName>,
    pub(crate) reading: ReadOptions,
    pub(crate) rejected: Option<RejectedRows>,
    pub(crate) view: View,
    pub(crate) notes: Vec<String>,
}

/// A probe.
pub(crate) struct Probe {
    pub(crate) destination: Destination,
    pub(crate) probe: ProbeSettings,
    pub(crate) notes: Vec<String>,
}

/// An export.
pub(crate) struct Export {
    /// `None` is standard output.
    pub(crate) output: Option<PathBuf>,
    pub(crate) settings: ExportSettings,
    pub(crate) journal: PathBuf,
}

impl View {
    fn new(args: &ViewArgs, roster: &RosterArgs) -> Result<Self, SettingsError> {
        if args.report.is_some() && args.report == roster.rejected {
            return Err(SettingsError::SameFile);
        }
        Ok(Self { preview: args.preview.unwrap_or(PREVIEW).into(), report: args.report.clone() })
    }
}

impl Check {
    pub(crate) fn new(args: &CheckArgs, surroundings: &Surroundings) -> Result<Self, SettingsError> {
        if args.roster.excel && args.roster.rejected.is_none() {
            return Err(SettingsError::NothingForExcel);
        }
        let typed = Typed { api: Some(&args.api), roster: Some(&args.roster), ..Typed::default() };
        let settings = surroundings.settings(typed);
        let rosters = reading::names(&args.rosters, &settings)?;
        let mut notes: Vec<_> = surroundings.files.note().into_iter().collect();
        let online = if args.online {
            let http = destination::account(&settings, &surroundings.environment, CHECKERS)?;
            notes.extend(destination::notes(&http, &settings, &surroundings.environment));
            Some(Destination::Account(Box::new(http)))
        } else {
            None
        };
        let default = if args.online { DefaultMeeting::Missing } else { DefaultMeeting::NotNeeded };
        Ok(Self {
            online,
            rosters,
            reading: reading::options(&args.roster, &settings, surroundings, default)?,
            rejected: reading::rejected(&args.roster, &settings)?,
            view: View::new(&args.view, &args.roster)?,
            notes,
        })
    }

    /// How fast an online check asks.
    pub(crate) fn pace() -> Pace {
        Pace { rate: Rate::Auto, concurrency: CHECKERS, max_outage: Duration::from_secs(60) }
    }
}

impl Probe {
    pub(crate) fn new(args: &ProbeArgs, surroundings: &Surroundings) -> Result<Self, SettingsError> {
        let probe = ProbeSettings {
            meeting: args.scratch_meeting.parse()?,
            preset: args.preset.clone(),
            participants: NonZeroU16::new(args.participants).unwrap_or(NonZeroU16::MIN),
        };
        let settings = surroundings.settings(Typed { api: Some(&args.api), ..Typed::default() });
        let http = destination::account(&settings, &surroundings.environment, CHECKERS)?;
        let mut notes = destination::notes(&http, &settings, &surroundings.environment);
        notes.extend(surroundings.files.note());
        Ok(Self { destination: Destination::Account(Box::new(http)), probe, notes })
    }

    /// One request after the other.
    pub(crate) fn pace() -> Pace {
        Check::pace()
    }
}

impl Export {
    pub(crate) fn new(args: &ExportArgs, surroundings: &Surroundings) -> Result<Self, SettingsError> {
        let format = match args.format {
            Some(ExportFormat::Csv) => csv(args.excel),
            Some(ExportFormat::Jsonl) => Format::Jsonl,
            None => format_by_name(&args.output, args.excel),
        };
        if args.excel && format == Format::Jsonl {
            return Err(SettingsError::NothingForExcel);
        }
        let meeting = args.meeting.as_deref().map(str::parse).transpose()?;
        let join_url = args.join_url.as_deref().map(str::parse::<JoinUrl>).transpose()?;
        Ok(Self {
            output: Some(args.output.clone()).filter(|path| path.as_os_str() != "-"),
            settings: ExportSettings { format, filter: ExportFilter { meeting, run: None }, join_url },
            journal: journal_file(&args.journal, surroundings)?,
        })
    }
}

/// The journal of a command that makes none.
pub(crate) fn journal_file(
    args: &JournalArgs,
    surroundings: &Surroundings,
) -> Result<PathBuf, SettingsError> {
    let settings = surroundings.settings(Typed { journal: Some(args), ..Typed::default() });
    match journal_place(&settings, &surroundings.environment)? {
        JournalPlace::Named(path) | JournalPlace::Usual(path) => Ok(path),
        JournalPlace::Temporary => Err(SettingsError::NoStateFolder),
    }
}

/// As the settings say, else in the state folder.
fn journal_place(settings: &Settings, environment: &Environment) -> Result<JournalPlace, SettingsError> {
    match (settings.journal(), &environment.state_folder) {
        (Some(named), _) => Ok(JournalPlace::Named(named.value.clone())),
        (None, Some(folder)) => Ok(JournalPlace::Usual(folder.join("guestlist").join("journal.db"))),
        (None, None) => Err(SettingsError::NoStateFolder),
    }
}

pub(crate) fn on_network(args: &NetworkArgs) -> OnNetwork {
    if args.allow_network_journal { OnNetwork::Accept } else { OnNetwork::Refuse }
}

/// Rows that are shown as they would be sent.
const PREVIEW: u8 = 5;

/// Requests on their way at once while a check asks.
const CHECKERS: NonZeroUsize = NonZeroUsize::MIN;

fn workers(settings: &Settings) -> NonZeroUsize {
    NonZeroUsize::new(settings.concurrency().into()).unwrap_or(NonZeroUsize::MIN)
}

fn dispatch(settings: &Settings, refresh_found: bool) -> DispatchSettings {
    DispatchSettings {
        concurrency: workers(settings),
        settle: settings.settle(),
        resend: match settings.uncertain() {
            args::Uncertain::Resend => Resend::Allowed,
            args::Uncertain::Hold => Resend::Hold,
        },
        refresh_found,
    }
}

fn csv(excel: bool) -> Format {
    if excel { Format::ExcelCsv } else { Format::Csv }
}

/// Where an export goes, and its format.
pub(crate) fn exported(path: &Path, excel: bool) -> (PathBuf, Format) {
    (path.to_owned(), format_by_name(path, excel))
}

fn format_by_name(path: &Path, excel: bool) -> Format {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    match ending.to_ascii_lowercase().as_str() {
        "jsonl" | "ndjson" => Format::Jsonl,
        _ => csv(excel),
    }
}

#[cfg(test)]
mod tests;
