//! `guestlist completions` and `guestlist man`.

use clap::CommandFactory;
use clap_complete::Shell as Kind;

use super::Shell;
use crate::args::Args;
use crate::error::CommandError;
use crate::exit::Exit;

pub(super) fn completions(kind: Kind, shell: &Shell) -> Result<Exit, CommandError> {
    let mut page = Vec::new();
    clap_complete::generate(kind, &mut Args::command(), "guestlist", &mut page);
    print(&page, shell)
}

/// A page for the whole and one for each command, one after the other.
pub(super) fn manual(shell: &Shell) -> Result<Exit, CommandError> {
    let mut command = Args::command();
    command.build();
    let mut pages = Vec::new();
    let commands = command.get_subcommands().filter(|command| command.get_name() != "help");
    for command in std::iter::once(&command).chain(commands) {
        clap_mangen::Man::new(command.clone()).render(&mut pages).map_err(CommandError::Output)?;
    }
    print(&pages, shell)
}

fn print(page: &[u8], shell: &Shell) -> Result<Exit, CommandError> {
    shell.ui.data(|into| into.write_all(page)).map_err(CommandError::Output)?;
    Ok(Exit::Done)
}
