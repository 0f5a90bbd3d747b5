//! `import` and `check`.

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use guestlist::pacer::Rate;

#[cfg(feature = "sandbox")]
use super::ImportSandboxArgs;
use super::{ApiArgs, EventArgs, JobArgs, JournalArgs, NetworkArgs, RosterArgs, RosterNames, parse};

/// `import` itself; a plan and a sync share the rest.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportJobArgs {
    #[command(flatten)]
    pub(crate) import: ImportArgs,
    #[command(flatten)]
    pub(crate) job: JobArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// Validate against the API and say what would be done; write neither journal nor meeting
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) view: ViewArgs,
    /// Take only the first N valid rows
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<NonZeroU64>,
    /// Write the participants of this run and their tokens to this file afterwards (.csv, .jsonl)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) export: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) event: EventArgs,
    #[command(flatten)]
    pub(crate) journal: JournalArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    #[command(flatten)]
    pub(crate) rosters: RosterNames,
    #[command(flatten)]
    pub(crate) roster: RosterArgs,
    #[command(flatten)]
    pub(crate) rows: OnInvalidArgs,
    /// Take the ids from another source than earlier runs did, although everybody gets a new id by that
    #[arg(long)]
    pub(crate) new_id_source: bool,
    /// Also add those with a new id whose name and e-mail address are those of somebody who is in the meeting and whom
    /// the roster doesn't name any more; otherwise they are held back
    #[arg(long)]
    pub(crate) allow_same_person: bool,
    #[command(flatten)]
    pub(crate) api: ApiArgs,
    #[command(flatten)]
    pub(crate) pace: PaceArgs,
    #[cfg(feature = "sandbox")]
    #[command(flatten)]
    pub(crate) sandbox: ImportSandboxArgs,
}

/// What to do with some rows for the sake of the others.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Roster")]
pub(crate) struct OnInvalidArgs {
    /// What invalid rows mean for the others [default: stop]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) on_invalid: Option<OnInvalid>,
}

/// How fast, and what to do in doubt.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Sending")]
pub(crate) struct PaceArgs {
    #[command(flatten)]
    pub(crate) requests: RequestArgs,
    #[command(flatten)]
    pub(crate) settling: SettlingArgs,
    /// What to do with somebody whose answer was lost and who isn't in the meeting after the settle time [default:
    /// resend]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) uncertain: Option<Uncertain>,
    /// Get new tokens also for those who were in the meeting before, or whose tokens were removed from the journal:
    /// links in their mail may end
    #[arg(long)]
    pub(crate) refresh_found: bool,
    /// Take participants as they are who differ from the roster in name, preset or picture
    #[arg(long)]
    pub(crate) accept_differing: bool,
}

/// How fast.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Sending")]
pub(crate) struct RequestArgs {
    /// Most requests a time: auto, unlimited, or such as 4/s or 1200/5m; the server's limits are obeyed all the same
    /// [default: auto]
    #[arg(long, value_name = "RATE")]
    pub(crate) rate: Option<Rate>,
    /// Most adds on their way at once; half as many other requests may be beside them [default: 16]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) concurrency: Option<u16>,
    /// Give up after so long without an answer; the same command resumes [default: 15m]
    #[arg(long, value_name = "TIME", value_parser = parse::duration)]
    pub(crate) max_outage: Option<Duration>,
}

/// How long a list may lag.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Sending")]
pub(crate) struct SettlingArgs {
    /// How long a request whose answer was lost may still take effect: it is looked up after that [default: 150s]
    #[arg(long, value_name = "TIME", value_parser = parse::duration)]
    pub(crate) settle: Option<Duration>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Also ask the API whether the presets and meetings exist; still adds nobody
    #[arg(long)]
    pub(crate) online: bool,
    #[command(flatten)]
    pub(crate) rosters: RosterNames,
    #[command(flatten)]
    pub(crate) view: ViewArgs,
    #[command(flatten)]
    pub(crate) roster: RosterArgs,
    #[command(flatten)]
    pub(crate) api: ApiArgs,
}

/// What is seen before anything is sent.
#[derive(Debug, clap::Args)]
pub(crate) struct ViewArgs {
    /// Show the first N valid rows as they would be sent [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(..=100))]
    pub(crate) preview: Option<u8>,
    /// Write what was found to a file that can be forwarded: a page for a browser, of a plan Markdown; it names guests
    #[arg(long, value_name = "FILE", value_parser = parse::file)]
    pub(crate) report: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnInvalid {
    /// Add nobody, exit 3
    Stop,
    /// Add the others, exit 4
    Skip,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnDuplicate {
    /// The later row is invalid
    Stop,
    /// The first row counts
    First,
    /// The last row counts
    Last,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Uncertain {
    /// Send again, at most twice
    Resend,
    /// Never send again, only report
    Hold,
}
