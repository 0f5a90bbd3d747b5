//! `guestlist verify`.

use std::sync::Arc;

use guestlist::journal::{Deviant, DeviationKind, Journal};
use guestlist::verify::{VerifyReport, VerifySettings};

use super::session::{Session, Way};
use super::{Shell, journal_file, on_runtime};
use crate::args::VerifyArgs;
use crate::error::CommandError;
use crate::exit::{self, Exit};
use crate::settings::Meetings;
use crate::ui::{Format, Line, Ui, text};

/// How many are read of the journal at once.
const AT_ONCE: usize = 1000;

pub(super) fn run(args: &VerifyArgs, shell: &Shell) -> Result<Exit, CommandError> {
    let surroundings = shell.surroundings()?;
    let meetings = Meetings::new(&args.meetings, &args.requests, Some(&args.settling), &surroundings)?;
    meetings.notes.iter().for_each(|note| shell.ui.note(note));
    on_runtime(verify(meetings, args.allow_foreign, Arc::clone(&shell.ui)))
}

/// On a copy of the journal: whatever goes on with it meanwhile, nothing is written into it.
async fn verify(meetings: Meetings, allow_foreign: bool, ui: Arc<Ui>) -> Result<Exit, CommandError> {
    let path = journal_file::existing(&meetings.journal)?;
    journal_file::refuse_unknown(path, &meetings.target, meetings.meeting)?;
    let named = meetings.named.then_some(path);
    let (meeting, dispatch) = (meetings.meeting, meetings.dispatch);
    let way = Way { destination: meetings.destination, pace: meetings.pace, on_network: meetings.on_network };
    let (session, journal) = Session::on_a_copy(Some(path), way, "verify", &ui).await?;
    let settings = VerifySettings { target: session.connection.target.clone(), meeting, dispatch };
    ui.begin_progress();
    let report = guestlist::verify::verify(settings, session.context(journal)).await;
    ui.end_progress();
    let report = report?;
    let exit = exit::of_audit(&report, allow_foreign);
    tell(&ui, &report, exit, named)?;
    report.meetings.iter().for_each(|meeting| ui.line(&Line::audit(meeting)));
    ui.line(&Line::audited(&report, exit.code()));
    Ok(exit)
}

/// Everything that differs for programs, the first of each kind for people.
fn tell(
    ui: &Ui,
    report: &VerifyReport,
    exit: Exit,
    named: Option<&std::path::Path>,
) -> Result<(), CommandError> {
    let mut first = Vec::new();
    for kind in DeviationKind::ALL {
        first.push((kind, report.journal.deviants(kind, 0, text::SHOWN)?));
    }
    ui.text(|| text::audited(report, &first, exit, named));
    if ui.format() == Format::Json {
        for kind in DeviationKind::ALL {
            each(&report.journal, kind, |deviant| ui.line(&Line::deviation(deviant)))?;
        }
    }
    Ok(())
}

fn each(journal: &Journal, kind: DeviationKind, mut take: impl FnMut(&Deviant)) -> Result<(), CommandError> {
    let mut after = 0;
    loop {
        let deviants = journal.deviants(kind, after, AT_ONCE)?;
        let Some(last) = deviants.last() else { return Ok(()) };
        after = last.number;
        deviants.iter().for_each(&mut take);
    }
}
