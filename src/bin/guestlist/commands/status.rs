//! `guestlist status`: what the journal holds. Reads only, also while a run is going on.

use std::time::Duration;

use guestlist::dispatch::RunClock;
use guestlist::journal::{ExportFilter, JournalReader};
use jiff::Timestamp;

use super::Shell;
use crate::args::StatusArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::settings;
use crate::ui::{Line, text};

const RUNS_SHOWN: u32 = 10;
/// Tokens that end within this time are warned of.
const SOON: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn run(args: &StatusArgs, shell: &Shell) -> Result<Exit, CommandError> {
    let path = settings::journal_file(&args.journal, &shell.surroundings()?)?;
    if !path.exists() {
        return Err(CommandError::NoJournal(path));
    }
    let journal = JournalReader::open(&path)?;
    let (origin, meetings, runs) = (journal.origin()?, journal.meetings()?, journal.runs(RUNS_SHOWN)?);
    let now = Timestamp::now();
    let ending = |then| journal.tokens_ending_before(ExportFilter::default(), then);
    let (ended, soon) = (ending(now)?, ending(RunClock::after(now, SOON))?);
    let early = args.event.event_start.map(ending).transpose()?;
    shell.ui.text(|| text::status(&path, origin.as_deref(), &meetings, &runs, now));
    let file = path.to_string_lossy().into_owned();
    shell.ui.line(&Line::Journal { file, api: origin });
    meetings.iter().for_each(|meeting| shell.ui.line(&Line::meeting(meeting)));
    runs.iter().for_each(|run| shell.ui.line(&Line::run(run)));
    shell.ui.line(&Line::TokenEnds { ended, ending_within_24h: soon - ended, ending_before_event: early });
    let named = args.journal.journal.as_deref();
    shell.ui.warn(&text::ending_soon(ended, soon, named));
    if let (Some(early), Some(start)) = (early, args.event.event_start) {
        shell.ui.warn(&text::ending_before_event(early, start, named));
    }
    Ok(Exit::Done)
}
