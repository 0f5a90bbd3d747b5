//! `guestlist probe`: asks the API what its documentation leaves open, in a meeting of its own.

use std::sync::Arc;

use guestlist::probe::{Leftovers, ProbeContext, ProbeReport};
use tokio_util::sync::CancellationToken;

use super::connect::Connection;
use super::{Shell, on_runtime};
use crate::args::ProbeArgs;
use crate::error::CommandError;
use crate::exit::{self, Exit};
use crate::settings::Probe;
use crate::signal;
use crate::ui::{Line, Listener, Ui, text};

pub(super) fn run(args: &ProbeArgs, shell: &Shell) -> Result<Exit, CommandError> {
    let Probe { destination, probe, notes } = Probe::new(args, &shell.surroundings()?)?;
    notes.iter().for_each(|note| shell.ui.note(note));
    let meeting = probe.meeting;
    shell.ui.note(&text::probe_begins(meeting, probe.requests_expected()));
    let ui = Arc::clone(&shell.ui);
    let report = on_runtime(async move {
        let connection = Connection::open(destination, Probe::pace()).await?;
        let cancel = CancellationToken::new();
        let told = Arc::clone(&ui);
        let notice = move || told.note(text::PROBE_STOPS);
        signal::listen(cancel.clone(), notice, || {}).map_err(CommandError::Runtime)?;
        let observer = Arc::new(Listener::new(ui));
        let context = ProbeContext { api: connection.api, pacer: connection.pacer, observer, cancel };
        Ok(guestlist::probe::probe(probe, context).await?)
    })?;
    let exit = exit::of_probe(&report);
    shell.ui.text(|| text::probe(meeting, &report));
    tell_programs(&shell.ui, &report, exit);
    if report.leftovers == Leftovers::Perhaps {
        shell.ui.note(text::PROBE_LEFT);
    }
    Ok(exit)
}

fn tell_programs(ui: &Ui, report: &ProbeReport, exit: Exit) {
    report.findings.iter().for_each(|finding| ui.line(&Line::probe_finding(finding)));
    report.advice.iter().for_each(|advice| ui.line(&Line::probe_advice(*advice)));
    ui.line(&Line::probe(report, exit.code()));
}
