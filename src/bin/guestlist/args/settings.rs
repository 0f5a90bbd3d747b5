//! Which settings files are followed, and `config`, which shows what comes of it.

use std::path::PathBuf;

use clap::Subcommand;

use super::{ApiArgs, JournalArgs, OnInvalidArgs, PaceArgs, RosterArgs};

/// Which settings files are followed.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct SettingsArgs {
    /// The project's settings file [env: GUESTLIST_CONFIG] [default: guestlist.toml in the current folder, if there]
    #[arg(long, global = true, value_name = "FILE", display_order = 910)]
    pub(crate) config: Option<PathBuf>,
    /// Follow no settings file, neither the project's nor the user's
    #[arg(long, global = true, conflicts_with_all = ["config", "profile"], display_order = 911)]
    pub(crate) no_config: bool,
    /// Take the settings of [profile.NAME] before the others of the files [env: GUESTLIST_PROFILE]
    #[arg(long, global = true, value_name = "NAME", display_order = 912)]
    pub(crate) profile: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the settings that hold here, as TOML: those of the flags, the environment and the files, and the defaults
    Show(Box<ConfigShowArgs>),
    /// Print where the settings files are looked for, and which of them are there
    Path,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ConfigShowArgs {
    /// Also say of each setting where it comes from
    #[arg(long)]
    pub(crate) origin: bool,
    #[command(flatten)]
    pub(crate) journal: JournalArgs,
    #[command(flatten)]
    pub(crate) roster: RosterArgs,
    #[command(flatten)]
    pub(crate) rows: OnInvalidArgs,
    #[command(flatten)]
    pub(crate) api: ApiArgs,
    #[command(flatten)]
    pub(crate) pace: PaceArgs,
}
