//! Who would be removed, or was, without a roster's wish.

use std::fmt::Write;

use guestlist::dispatch::Changed;
use guestlist::journal::{PlannedChange, RemovalPlan};
use guestlist::model::escape;
use guestlist::removal::{RemovalReport, TooMany};

use super::super::style::{BAD, GOOD, STRONG, paint};
use super::{count, count_lines, counted, import, plan};
use crate::exit::Exit;

/// `first` are the first of those to remove, and of the ids that are left alone.
pub(crate) fn removal(
    report: &RemovalReport,
    (remove, left): &(Vec<PlannedChange>, Vec<PlannedChange>),
    exit: Exit,
) -> String {
    let all: u64 = report.meetings.iter().map(|plan| plan.remove).sum();
    let mut text = format!("{}\n", headline(report, all, exit));
    text += &report.meetings.iter().map(meeting).collect::<String>();
    if !report.carried_out {
        text += &group("To remove", remove, all);
    }
    let left_alone = report.meetings.iter().map(|plan| plan.left).sum();
    text += &group("Left alone", left, left_alone);
    text += &report.too_many.iter().map(too_many).collect::<String>();
    text += &failures(&report.changed);
    text + &next(report, all)
}

/// What an import makes of those who were removed.
pub(crate) fn undone() -> String {
    "\nAn import leaves them out from now on; guestlist sync, with a roster that names them, adds them again.\n".to_owned()
}

fn headline(report: &RemovalReport, all: u64, exit: Exit) -> String {
    let removed = counted(report.changed.removed, "participant was", "participants were");
    match exit {
        Exit::Forbidden => paint(BAD, "Nobody was removed: a safety limit forbids it."),
        Exit::Done if all == 0 => paint(GOOD, "There is nobody to remove."),
        Exit::Done if report.carried_out => paint(GOOD, format_args!("{removed} removed.")),
        Exit::Done => {
            let would = counted(all, "participant", "participants");
            paint(STRONG, format_args!("{would} would be removed. Nothing has been changed yet."))
        }
        Exit::Interrupted(_) => paint(BAD, format_args!("Interrupted: {removed} removed.")),
        Exit::Incomplete => paint(BAD, format_args!("{removed} removed, but some need a look.")),
        _ => format!(
            "{}\n{removed} removed.",
            paint(BAD, format_args!("Stopped early{}.", import::reasons(&report.stops)))
        ),
    }
}

fn meeting(plan: &RemovalPlan) -> String {
    format!("\nMeeting {}\n", plan.meeting.id)
        + &count_lines(&[
            ("to remove", plan.remove, ""),
            ("gone", plan.gone, "removed already"),
            ("in doubt", plan.in_doubt, "their answers were lost, and the meeting doesn't show them"),
            ("left alone", plan.left, "ids of several; which of them is ours isn't known, or none is"),
            ("managed", plan.managed, "ids of the journal that are in; --max-remove N% is a part of these"),
        ])
}

fn group(name: &str, changes: &[PlannedChange], all: u64) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", paint(STRONG, name));
    text += &changes.iter().map(line).collect::<String>();
    let more = all.saturating_sub(changes.len() as u64);
    if more > 0 {
        text += &format!("  … and {} more; --json shows all\n", count(more));
    }
    text
}

fn line(change: &PlannedChange) -> String {
    let mut text = format!("  {}", plan::line(change));
    if let Some(id) = &change.participant_id {
        let _ = write!(text, "  {}", escape(id.as_str()));
    }
    if let Some(kept) = &change.kept {
        let _ = write!(text, "  ({} is kept)", escape(kept.as_str()));
    }
    text + "\n"
}

fn too_many(too_many: &TooMany) -> String {
    let TooMany { plan, most } = too_many;
    format!(
        "\n{}\n",
        paint(
            BAD,
            format_args!(
                "{} would be removed from the meeting {}, more than the {} that --max-remove allows. If that is meant, \
                 allow them: --max-remove {}",
                count(plan.remove),
                plan.meeting.id,
                count(*most),
                plan.remove
            )
        )
    )
}

fn failures(changed: &Changed) -> String {
    let mut text = String::new();
    if changed.failed > 0 {
        let _ = writeln!(text, "\n{}", paint(BAD, "Not removed"));
    }
    for failure in &changed.failures {
        let _ = writeln!(text, "  {}: {}", plan::line(&failure.change), plan::not_made(&failure.why));
    }
    text
}

fn next(report: &RemovalReport, all: u64) -> String {
    let next = if !report.too_many.is_empty() {
        return String::new();
    } else if !report.stops.is_empty() || report.changed.failed > 0 {
        "the same command goes on."
    } else if report.conflicts > 0 {
        "the list shows some more than once still, as lists may for a while; the same command looks again."
    } else if !report.carried_out && all > 0 {
        "the same command with --yes removes them."
    } else {
        return String::new();
    };
    format!("\n{} {next}\n", paint(STRONG, "Next:"))
}
