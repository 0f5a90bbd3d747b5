//! What can be typed, and nothing about what it means: that is `settings`.

mod api;
mod import;
mod job;
mod journal;
mod meetings;
mod parse;
mod probe;
mod refresh;
mod roster;
#[cfg(feature = "sandbox")]
mod sandbox;
mod settings;
mod sync;

use std::path::PathBuf;

use clap::{Arg, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use api::ApiArgs;
pub(crate) use import::{
    CheckArgs, ImportArgs, ImportJobArgs, OnDuplicate, OnInvalid, OnInvalidArgs, PaceArgs, RequestArgs,
    SettlingArgs, Uncertain, ViewArgs,
};
pub(crate) use job::JobArgs;
pub(crate) use journal::{JournalCommand, JournalFileArgs, NetworkArgs, PurgeTokensArgs};
pub(crate) use meetings::{ConsentArgs, DedupeArgs, KeepWhom, UndoArgs, VerifyArgs};
pub(crate) use parse::Delimiter;
pub(crate) use probe::ProbeArgs;
pub(crate) use refresh::{EventArgs, MeetingsArgs, RefreshArgs};
pub(crate) use roster::{RosterArgs, RosterFormat, RosterNames};
#[cfg(feature = "sandbox")]
pub(crate) use sandbox::{ImportSandboxArgs, MoodArgs, SandboxArgs};
pub(crate) use settings::{ConfigCommand, ConfigShowArgs, SettingsArgs};
pub(crate) use sync::{PlanArgs, RemovalArgs, SyncArgs};

use crate::build;

const EXIT_CODES: &str = "\
Exit codes:
  0  every row is confirmed in the meeting
  1  a bug, or an unexpected failure
  2  usage or settings, or a journal that can't be used for this
  3  the roster is invalid; nothing was sent
  4  finished, but some rows need a look
  5  stopped early; the same command resumes
  6  another run holds the journal
  7  a safety limit stopped it before the first change
  10  a plan has changes (--detailed-exitcode)
  130, 143  interrupted; the same command resumes";

/// Loads an attendee list into Cloudflare RealtimeKit meetings: never twice, never lost, resumable at any instant.
#[derive(Debug, Parser)]
#[command(name = "guestlist", version = build::SHORT, long_version = build::long(), after_help = EXIT_CODES)]
#[command(propagate_version = false, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How every command speaks.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct OutputArgs {
    /// Print one JSON object a line on standard output, for programs
    #[arg(long, global = true, display_order = 900)]
    pub(crate) json: bool,
    /// Print no progress and no notes, only results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose", display_order = 901)]
    pub(crate) quiet: bool,
    /// Say in detail what is done, on standard error
    #[arg(short, long, global = true, display_order = 902)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add everybody on a roster to a meeting; run again, it goes on where it stopped and adds nobody twice
    Import(Box<ImportJobArgs>),
    /// Read and validate a roster without adding anybody
    Check(Box<CheckArgs>),
    /// Show what a roster would change in a meeting: who would be added, updated and removed
    #[command(mut_args(|arg| hidden(arg, &sync::REFUSED_BY_PLAN)))]
    Plan(Box<PlanArgs>),
    /// Bring a meeting in step with a roster: add, update, and with --remove remove
    #[command(mut_args(|arg| hidden(arg, &sync::REFUSED_BY_SYNC)))]
    Sync(Box<SyncArgs>),
    /// Renew the tokens that end soon, and get those that are missing
    Refresh(Box<RefreshArgs>),
    /// Say whether everybody is in as the journal says: who is missing, in twice, different or not ours
    Verify(Box<VerifyArgs>),
    /// Show who is in a meeting more than once, and with --yes remove the surplus
    Dedupe(Box<DedupeArgs>),
    /// Show whom a run has added, and with --yes remove them
    Undo(Box<UndoArgs>),
    /// Show what the journal holds, per meeting and run; also while a run is going on
    Status(StatusArgs),
    /// Write the participants and their tokens to a file
    Export(ExportArgs),
    /// Look after the journal: whether it can be trusted, and removing its tokens
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Find out, in an empty meeting, what the API does where its documentation says nothing, and which settings follow
    Probe(ProbeArgs),
    /// Show the settings that hold here, and where they come from
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Run a local RealtimeKit to try and test against
    #[cfg(feature = "sandbox")]
    Sandbox(Box<SandboxArgs>),
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page (roff), with all commands
    Man,
}

#[derive(Debug, clap::Args)]
pub(crate) struct JournalArgs {
    /// The journal: what was intended and what came of it, never to be deleted between runs [env:
    /// GUESTLIST_JOURNAL] [default: guestlist/journal.db in the user's state folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) event: EventArgs,
    #[command(flatten)]
    pub(crate) journal: JournalArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// Where to: a file, readable by its owner only, or - for standard output
    #[arg(short, long, value_name = "FILE|-")]
    pub(crate) output: PathBuf,
    /// The format [default: by the file's ending, csv unless it is .jsonl or .ndjson]
    #[arg(long, value_enum)]
    pub(crate) format: Option<ExportFormat>,
    /// Write CSV as Excel opens it where numbers have decimal commas: with semicolons, and marked as UTF-8
    #[arg(long)]
    pub(crate) excel: bool,
    /// Only this meeting's participants
    #[arg(long, value_name = "UUID")]
    pub(crate) meeting: Option<String>,
    /// Add a column with each participant's link, such as 'https://example.com/join?authToken={token}'
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) join_url: Option<String>,
    #[command(flatten)]
    pub(crate) journal: JournalArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// Comma-separated, safe to open in a spreadsheet
    Csv,
    /// One JSON object a line, exact
    Jsonl,
}

/// The help doesn't offer what the command refuses; whoever types it is told what to do instead.
fn hidden(arg: Arg, refused: &[&str]) -> Arg {
    let is_refused = refused.contains(&arg.get_id().as_str());
    arg.hide(is_refused)
}

#[cfg(test)]
mod tests;
