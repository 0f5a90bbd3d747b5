//! `guestlist journal`: looking after the journal itself.

use std::path::PathBuf;

use guestlist::journal::{Journal, Opening, Verified};
use jiff::Timestamp;

use super::{Shell, journal_file};
use crate::args::{JournalArgs, JournalCommand, JournalFileArgs, PurgeTokensArgs};
use crate::error::CommandError;
use crate::exit::{self, Exit};
use crate::settings;
use crate::ui::{Line, text};

pub(super) fn run(command: &JournalCommand, shell: &Shell) -> Result<Exit, CommandError> {
    match command {
        JournalCommand::Verify(args) => verify(args, shell),
        JournalCommand::PurgeTokens(args) => purge_tokens(args, shell),
    }
}

/// Reads only, also while a run is going on.
fn verify(args: &JournalFileArgs, shell: &Shell) -> Result<Exit, CommandError> {
    let path = existing(args, shell)?;
    let verified = Verified::of(&path)?;
    let exit = exit::of_verification(&verified);
    shell.ui.text(|| text::verified(&path, &verified));
    let file = path.to_string_lossy();
    verified.findings.iter().for_each(|finding| shell.ui.line(&Line::finding(finding)));
    shell.ui.line(&Line::verified(&file, &verified, exit.code()));
    Ok(exit)
}

/// A run of its own: it takes the lock, and its number supersedes whoever believes to hold it still.
fn purge_tokens(args: &PurgeTokensArgs, shell: &Shell) -> Result<Exit, CommandError> {
    let path = existing(&args.file, shell)?;
    let on_network = settings::on_network(&args.network);
    let opening = Opening { command: "journal purge-tokens", origin: None, on_network };
    let mut journal = Journal::open_for(opening, &path, Timestamp::now)?;
    journal_file::warn_of_network(&journal, &shell.ui);
    let tokens = journal.purge_tokens(Timestamp::now())?;
    journal.finish(Timestamp::now(), Exit::Done.code())?;
    shell.ui.text(|| text::purged(&path, tokens));
    shell.ui.line(&Line::Purged { file: &path.to_string_lossy(), tokens, exit_code: Exit::Done.code() });
    Ok(Exit::Done)
}

fn existing(args: &JournalFileArgs, shell: &Shell) -> Result<PathBuf, CommandError> {
    let named = JournalArgs { journal: args.journal.clone() };
    let path = settings::journal_file(&named, &shell.surroundings()?)?;
    journal_file::existing(&path)?;
    Ok(path)
}
