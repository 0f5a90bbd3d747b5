//! `refresh`, and what it shares with other commands that need no roster.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::{ApiArgs, JobArgs, JournalArgs, NetworkArgs, RequestArgs, parse};

#[derive(Debug, clap::Args)]
pub(crate) struct RefreshArgs {
    /// Renew the tokens that end within this time
    #[arg(long, value_name = "TIME", value_parser = parse::duration, default_value = "24h", conflicts_with = "all")]
    pub(crate) expiring_within: Duration,
    /// Renew everybody's token, also those that last, and those that were removed from the journal
    #[arg(long)]
    pub(crate) all: bool,
    /// Renew also the tokens of those who were in the meeting before: links in their mail may end
    #[arg(long)]
    pub(crate) refresh_found: bool,
    /// Write everybody's tokens to this file afterwards (.csv, .jsonl)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) export: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) event: EventArgs,
    #[command(flatten)]
    pub(crate) meetings: MeetingsArgs,
    #[command(flatten)]
    pub(crate) requests: RequestArgs,
    #[command(flatten)]
    pub(crate) job: JobArgs,
}

/// When it begins.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct EventArgs {
    /// Warn about tokens that end before the event begins: a local date and time such as 2026-11-28T09:00, or one with
    /// an offset such as 2026-11-28T09:00:00+01:00
    #[arg(long, value_name = "TIME", value_parser = parse::moment)]
    pub(crate) event_start: Option<Timestamp>,
}

/// The meetings that a journal knows.
#[derive(Debug, clap::Args)]
pub(crate) struct MeetingsArgs {
    /// Only this meeting
    #[arg(long, value_name = "UUID")]
    pub(crate) meeting: Option<String>,
    #[command(flatten)]
    pub(crate) journal: JournalArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    #[command(flatten)]
    pub(crate) api: ApiArgs,
}
