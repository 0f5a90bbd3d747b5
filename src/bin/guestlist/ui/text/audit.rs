//! How meetings compare with the journal, for a person.

use std::path::Path;

use guestlist::journal::{Deviant, DeviationKind, MeetingAudit};
use guestlist::model::escape;
use guestlist::verify::VerifyReport;

use super::super::style::{BAD, GOOD, STRONG, paint};
use super::tokens::option;
use super::{count, count_lines, counted, import};
use crate::exit::Exit;

/// `first` are the first of each kind.
pub(crate) fn audited(
    report: &VerifyReport,
    first: &[(DeviationKind, Vec<Deviant>)],
    exit: Exit,
    named_journal: Option<&Path>,
) -> String {
    let mut text = format!("{}\n", headline(report, exit));
    text += &report.meetings.iter().map(meeting).collect::<String>();
    for (kind, deviants) in first {
        text += &group(*kind, deviants, report.of(*kind));
    }
    text + &next(report, named_journal)
}

fn headline(report: &VerifyReport, exit: Exit) -> String {
    let differing: u64 = DeviationKind::ALL.into_iter().map(|kind| report.of(kind)).sum();
    let foreign = report.of(DeviationKind::Foreign);
    match exit {
        Exit::Done if report.meetings.is_empty() => {
            "The journal has nobody in a meeting: there is nothing to compare.".to_owned()
        }
        Exit::Done if foreign > 0 => paint(
            GOOD,
            format_args!("Everybody is in as the journal says; {} more added by others.", count(foreign)),
        ),
        Exit::Done => paint(GOOD, "Everybody is in, each once, as the journal says, and nobody else."),
        Exit::Incomplete => {
            paint(BAD, format_args!("{} not as the journal says.", counted(differing, "id is", "ids are")))
        }
        _ => paint(BAD, format_args!("Not everything could be compared{}.", import::reasons(&report.stops))),
    }
}

fn meeting(audit: &MeetingAudit) -> String {
    format!("\nMeeting {}\n", audit.meeting.id)
        + &count_lines(&[
            ("in the journal", audit.confirmed, "confirmed to be in"),
            ("in the meeting", audit.listed, ""),
            ("missing", audit.of(DeviationKind::Missing), "in the journal, not in the meeting"),
            ("duplicated", audit.of(DeviationKind::Duplicated), "in the meeting more than once"),
            (
                "replaced",
                audit.of(DeviationKind::Replaced),
                "another participant has the id; our link ends nowhere",
            ),
            ("differing", audit.of(DeviationKind::Differing), "another name, preset or picture"),
            ("unconfirmed", audit.of(DeviationKind::Unconfirmed), "in the meeting, not in by the journal"),
            ("foreign", audit.of(DeviationKind::Foreign), "added by others"),
        ])
}

fn group(kind: DeviationKind, deviants: &[Deviant], all: u64) -> String {
    if deviants.is_empty() {
        return String::new();
    }
    let name = match kind {
        DeviationKind::Missing => "Missing from the meeting",
        DeviationKind::Duplicated => "In the meeting more than once",
        DeviationKind::Replaced => "Replaced by another participant",
        DeviationKind::Differing => "Differing",
        DeviationKind::Unconfirmed => "In the meeting, not in by the journal",
        DeviationKind::Foreign => "Added by others",
    };
    let mut text = format!("\n{}\n", paint(STRONG, name));
    text += &deviants.iter().map(|deviant| format!("  {}\n", line(deviant))).collect::<String>();
    let left = all.saturating_sub(deviants.len() as u64);
    if left > 0 {
        text += &format!("  … and {} more; --json shows all\n", count(left));
    }
    text
}

fn line(deviant: &Deviant) -> String {
    let mut text = format!("{}  {}", escape(&deviant.custom_participant_id), escape(&deviant.name));
    for field in &deviant.fields {
        let (is, should) = (escape(&field.old), escape(&field.new));
        text += &format!("  {}: \"{is}\", should be \"{should}\"", field.field.name());
    }
    if deviant.kind == DeviationKind::Duplicated {
        text += &format!("  {}", escape(&deviant.listed.join(", ")));
    }
    if let Some(location) = &deviant.location {
        text += &format!("  {location}");
    }
    text
}

fn next(report: &VerifyReport, named_journal: Option<&Path>) -> String {
    let some = |kind| report.of(kind) > 0;
    let next = if !report.stops.is_empty() {
        "the same command again.".to_owned()
    } else if some(DeviationKind::Duplicated) {
        format!("guestlist dedupe --keep oldest{} shows who would be removed.", option(named_journal))
    } else if [DeviationKind::Missing, DeviationKind::Replaced, DeviationKind::Differing]
        .into_iter()
        .any(some)
    {
        "guestlist plan, with the roster, shows what guestlist sync would mend.".to_owned()
    } else if some(DeviationKind::Unconfirmed) {
        "the import of the same roster takes them over.".to_owned()
    } else {
        return String::new();
    };
    format!("\n{} {next}\n", paint(STRONG, "Next:"))
}
