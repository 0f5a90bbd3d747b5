//! Commands about the meetings that a journal knows: `verify`, `dedupe`, `undo`.

use guestlist::plan::RemovalLimit;

use super::{JobArgs, MeetingsArgs, RequestArgs, SettlingArgs};

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// Exit with 0 even if others have added people: they are counted, and nothing more
    #[arg(long)]
    pub(crate) allow_foreign: bool,
    #[command(flatten)]
    pub(crate) meetings: MeetingsArgs,
    #[command(flatten)]
    pub(crate) requests: RequestArgs,
    #[command(flatten)]
    pub(crate) settling: SettlingArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DedupeArgs {
    /// Whom to keep of those who share an id
    #[arg(long, value_enum, value_name = "WHOM")]
    pub(crate) keep: KeepWhom,
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    #[command(flatten)]
    pub(crate) meetings: MeetingsArgs,
    #[command(flatten)]
    pub(crate) requests: RequestArgs,
    #[command(flatten)]
    pub(crate) settling: SettlingArgs,
    #[command(flatten)]
    pub(crate) job: JobArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct UndoArgs {
    /// The run whose people are to be removed; guestlist status shows the runs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) run: i64,
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    #[command(flatten)]
    pub(crate) meetings: MeetingsArgs,
    #[command(flatten)]
    pub(crate) requests: RequestArgs,
    #[command(flatten)]
    pub(crate) settling: SettlingArgs,
    #[command(flatten)]
    pub(crate) job: JobArgs,
}

/// What somebody has to say before anybody is removed.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Removing")]
pub(crate) struct ConsentArgs {
    /// Remove them; without it they are only shown
    #[arg(long)]
    pub(crate) yes: bool,
    /// Remove nobody if it were more in a meeting: a number, or a part of those whom guestlist has added there; of a
    /// part, five may go in any case
    #[arg(long, value_name = "N|N%", default_value = "20%")]
    pub(crate) max_remove: RemovalLimit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum KeepWhom {
    /// The one that was created first
    Oldest,
    /// The one that the journal knows, whose token was handed out; ids whose journal row knows none are left alone
    Journal,
}
