//! `journal`: looking after the journal itself.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Say whether the journal can be trusted: every page and every row is looked at, nothing is changed
    Verify(JournalFileArgs),
    /// Remove everybody's token from the journal, for good; nobody is removed from a meeting
    PurgeTokens(PurgeTokensArgs),
}

/// A journal that is there.
#[derive(Debug, clap::Args)]
pub(crate) struct JournalFileArgs {
    /// The journal [env: GUESTLIST_JOURNAL] [default: guestlist/journal.db in the user's state folder]
    #[arg(value_name = "JOURNAL")]
    pub(crate) journal: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PurgeTokensArgs {
    #[command(flatten)]
    pub(crate) file: JournalFileArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

/// For commands that write to a journal.
#[derive(Debug, clap::Args)]
pub(crate) struct NetworkArgs {
    /// Use a journal on a network file system, although locks and synced writes can't be relied on there
    #[arg(long)]
    pub(crate) allow_network_journal: bool,
}
