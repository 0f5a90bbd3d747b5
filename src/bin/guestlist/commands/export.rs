//! `guestlist export`.

use guestlist::export::{self, Exported};
use guestlist::journal::JournalReader;

use super::{Shell, journal_file};
use crate::args::ExportArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::settings::Export;
use crate::ui::{Line, text};

pub(super) fn run(args: &ExportArgs, shell: &Shell) -> Result<Exit, CommandError> {
    let Export { output, settings, journal: path } = Export::new(args, &shell.surroundings()?)?;
    if !path.exists() {
        return Err(CommandError::NoJournal(path));
    }
    let journal = JournalReader::open(&path)?;
    match output {
        Some(output) => {
            let rosters = journal.roster_files()?.into_iter().map(Into::into);
            let keep: Vec<_> = journal_file::files(&path).into_iter().chain(rosters).collect();
            let exported = export::to_file(&journal, &settings, &output, &keep)?;
            shell.ui.text(|| text::exported(&output, exported));
            let file = output.to_string_lossy();
            shell.ui.line(&Line::Export { file: &file, rows: exported.rows, tokens: exported.tokens });
        }
        None => {
            let mut exported = Exported::default();
            shell.ui.data(|into| {
                exported = export::to_writer(&journal, &settings, into)?;
                Ok::<_, CommandError>(())
            })?;
            shell.ui.note(&text::exported(std::path::Path::new("-"), exported));
        }
    }
    Ok(Exit::Done)
}
