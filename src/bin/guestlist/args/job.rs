//! For a job that runs by itself, on a schedule.

use std::path::PathBuf;
use std::time::Duration;

use super::{Command, parse};

/// What a scheduled job needs beside its work.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Scheduled jobs")]
pub(crate) struct JobArgs {
    /// Wait up to this long for another run that holds the journal, rather than end with 6 at once
    #[arg(long, value_name = "TIME", value_parser = parse::duration)]
    pub(crate) wait_lock: Option<Duration>,
    /// Append to this file what --json prints, one JSON object a line with the time, but without guests' names; it is
    /// made readable by its owner only, and never rotated
    #[arg(long, value_name = "FILE", value_parser = parse::file)]
    pub(crate) log_file: Option<PathBuf>,
    /// Write the counts of this run to this file afterwards, for the textfile collector of Prometheus' node exporter;
    /// everybody can read it, it names nobody
    #[arg(long, value_name = "FILE.prom", value_parser = parse::metrics_file)]
    pub(crate) metrics_file: Option<PathBuf>,
}

impl Command {
    /// What a scheduled job was given, where the command can be one.
    pub(crate) fn job(&self) -> Option<&JobArgs> {
        match self {
            Self::Import(args) => Some(&args.job),
            Self::Sync(args) => Some(&args.job),
            Self::Refresh(args) => Some(&args.job),
            Self::Dedupe(args) => Some(&args.job),
            Self::Undo(args) => Some(&args.job),
            _ => None,
        }
    }

    /// Whether it only looks at what it would do.
    pub(crate) fn only_looks(&self) -> bool {
        match self {
            Self::Import(args) => args.import.dry_run,
            Self::Sync(args) => args.import.dry_run,
            Self::Dedupe(args) => !args.consent.yes,
            Self::Undo(args) => !args.consent.yes,
            _ => false,
        }
    }

    /// Its name, where it can be a scheduled job.
    pub(crate) fn job_name(&self) -> &'static str {
        match self {
            Self::Import(_) => "import",
            Self::Sync(_) => "sync",
            Self::Refresh(_) => "refresh",
            Self::Dedupe(_) => "dedupe",
            Self::Undo(_) => "undo",
            _ => "",
        }
    }
}
