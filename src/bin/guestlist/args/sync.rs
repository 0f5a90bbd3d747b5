//! `plan` and `sync`.

use std::path::PathBuf;

use guestlist::plan::RemovalLimit;

use super::{ImportArgs, JobArgs};

#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) removal: RemovalArgs,
    /// Exit with 10 if there is anything to change, and with 0 if not
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Save the plan to this file, for sync --plan
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) import: ImportArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SyncArgs {
    #[command(flatten)]
    pub(crate) removal: RemovalArgs,
    /// Apply this plan, and nothing if the roster, the journal or a meeting has changed since it was made
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub(crate) plan: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) import: ImportArgs,
    #[command(flatten)]
    pub(crate) job: JobArgs,
}

/// Who may be removed.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Removing")]
pub(crate) struct RemovalArgs {
    /// Remove from the meeting whom guestlist has added and the roster no longer names
    #[arg(long)]
    pub(crate) remove: bool,
    /// Remove also those whom others have added, if the roster doesn't name them
    #[arg(long, requires = "remove")]
    pub(crate) remove_foreign: bool,
    /// Change nothing if more would be removed from a meeting: a number, or a part of those whom guestlist has added
    /// there; of a part, five may go in any case
    #[arg(long, value_name = "N|N%", default_value = "20%")]
    pub(crate) max_remove: RemovalLimit,
}
