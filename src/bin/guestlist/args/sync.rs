//! `plan` and `sync`.

use std::path::PathBuf;

use guestlist::plan::RemovalLimit;

use super::{ImportArgs, JobArgs};

/// What a plan shares with an import and can't follow, or is anyway.
pub(super) const REFUSED_BY_PLAN: [&str; 7] =
    ["dry_run", "preview", "export", "rejected", "event_start", "excel", "accept_differing"];
/// What a sync shares with an import and can't follow: it is for doing away with differences.
pub(super) const REFUSED_BY_SYNC: [&str; 2] = ["preview", "accept_differing"];

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

const REMOVING: &str = "Removing";

/// Who may be removed. Each has the heading by itself: as the next one it would be that of an import's options, too.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct RemovalArgs {
    /// Remove from the meeting whom guestlist has added and the roster no longer names
    #[arg(long, help_heading = REMOVING)]
    pub(crate) remove: bool,
    /// Remove also those whom others have added, if the roster doesn't name them
    #[arg(long, requires = "remove", help_heading = REMOVING)]
    pub(crate) remove_foreign: bool,
    /// Change nothing if more would be removed from a meeting: a number, or a part of those whom guestlist has added
    /// there; of a part, five may go in any case
    #[arg(long, value_name = "N|N%", default_value = "20%", help_heading = REMOVING)]
    pub(crate) max_remove: RemovalLimit,
}
