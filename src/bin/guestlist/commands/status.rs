//! `guestlist status`: what the journal holds. Reads only, also while a run is going on.

use guestlist::journal::JournalReader;
use jiff::Timestamp;

use super::Shell;
use crate::args::StatusArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::settings;
use crate::ui::{Line, text};

const RUNS_SHOWN: u32 = 10;

pub(super) fn run(args: &StatusArgs, shell: &Shell) -> Result<Exit, CommandError> {
    let path = settings::journal_file(&args.journal, &shell.surroundings()?)?;
    if !path.exists() {
        return Err(CommandError::NoJournal(path));
    }
    let journal = JournalReader::open(&path)?;
    let (origin, meetings, runs) = (journal.origin()?, journal.meetings()?, journal.runs(RUNS_SHOWN)?);
    shell.ui.text(|| text::status(&path, origin.as_deref(), &meetings, &runs, Timestamp::now()));
    let file = path.to_string_lossy().into_owned();
    shell.ui.line(&Line::Journal { file, api: origin });
    meetings.iter().for_each(|meeting| shell.ui.line(&Line::meeting(meeting)));
    runs.iter().for_each(|run| shell.ui.line(&Line::run(run)));
    Ok(Exit::Done)
}
