//! What a sync would do, or has done, for a person.

use std::fmt::Write;

use guestlist::dispatch::{Changed, NotMade, Removal};
use guestlist::journal::{ChangeCounts, ChangeKind, MeetingPlan, PlannedChange};
use guestlist::model::escape;
use guestlist::sync::{Barrier, Planned, SyncReport, conflicts, removals};

use super::super::rows::InvalidRows;
use super::super::style::{BAD, GOOD, STRONG, paint};
use super::{count, count_lines, invalid, rows_are, said, stop};
use crate::commands::Moved;

/// So many changes of each kind are shown.
pub(crate) const SHOWN: usize = 10;

/// The first changes of each kind.
pub(crate) type FirstChanges = Vec<(ChangeKind, Vec<PlannedChange>)>;

/// What a sync would do.
pub(crate) fn plan(
    planned: &Planned,
    removal: Removal,
    first: &FirstChanges,
    problems: &InvalidRows,
) -> String {
    let mut text = format!("{}\n", headline(planned, removal));
    for plan in &planned.meetings {
        text += &meeting(plan, removal);
    }
    for (kind, changes) in first {
        text += &group(*kind, changes, planned.meetings.iter().map(|plan| plan.counts.of(*kind)).sum());
    }
    text += &barriers(&planned.barriers);
    for reason in &planned.stops {
        let _ = writeln!(text, "\n{}", paint(BAD, stop(reason)));
    }
    text += &invalid::invalid(problems);
    text + &format!("\n{} {}\n", paint(STRONG, "Next:"), next(planned, removal))
}

fn headline(planned: &Planned, removal: Removal) -> String {
    if !planned.readable {
        return paint(
            BAD,
            format_args!(
                "No plan: {} of {} invalid.",
                count(planned.summary.invalid),
                rows_are(planned.summary.rows)
            ),
        );
    }
    if planned.is_forbidden() {
        return paint(BAD, "A sync would change nothing: a safety limit forbids it.");
    }
    match planned.has_changes(removal) {
        true => paint(STRONG, "A sync would change this; nothing has been changed yet."),
        false if conflicts(&planned.meetings) > 0 => {
            paint(BAD, "A sync has nothing to change, but somebody is in more than once.")
        }
        false => paint(GOOD, "Nothing to change: the meeting is as the roster wants it."),
    }
}

fn meeting(plan: &MeetingPlan, removal: Removal) -> String {
    let ChangeCounts {
        add,
        add_again,
        held,
        update,
        unchanged,
        replaced,
        remove,
        remove_found,
        gone,
        foreign,
        conflict,
        unsettled,
    } = plan.counts;
    let kept = |does: bool| if does { "" } else { "stay, without --remove" };
    let others = |does: bool| if does { "would be removed" } else { "stay, without --remove-foreign" };
    let everybody = removal == Removal::Everybody;
    format!("\nMeeting {}\n", plan.meeting.id)
        + &count_lines(&[
            ("add", add, ""),
            ("add again", add_again, "others have removed them"),
            (
                "held back",
                held,
                "they seem to be in under another id; --allow-same-person adds them all the same",
            ),
            ("update", update, ""),
            ("remove", remove, kept(removal != Removal::Nobody)),
            ("there before us", remove_found, others(everybody)),
            ("foreign", foreign, others(everybody)),
            ("gone", gone, "not on the roster, and not in the meeting any more"),
            ("conflict", conflict, "an id that is in the meeting more than once; nothing is touched"),
            ("in doubt", unsettled, "looked up first"),
            ("unchanged", unchanged, ""),
            (
                "replaced",
                replaced,
                "others have put them in anew: they are counted above, their old tokens join nobody",
            ),
        ])
}

fn group(kind: ChangeKind, changes: &[PlannedChange], all: u64) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", paint(STRONG, kind_name(kind)));
    for change in changes {
        text += &format!("  {}\n", line(change));
    }
    let left = all.saturating_sub(changes.len() as u64);
    if left > 0 {
        text += &format!("  … and {} more; --report FILE.md shows all\n", count(left));
    }
    text
}

fn kind_name(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Add => "To add",
        ChangeKind::AddAgain => "To add again",
        ChangeKind::Held => "Held back as possible duplicates",
        ChangeKind::Update => "To update",
        ChangeKind::Replaced => "Replaced by another participant of the same id",
        ChangeKind::Remove => "No longer on the roster",
        ChangeKind::RemoveFound => "No longer on the roster, and there before us",
        ChangeKind::Gone => "No longer on the roster, and gone",
        ChangeKind::Foreign => "Neither on the roster nor ours",
        ChangeKind::Conflict => "In the meeting more than once",
        ChangeKind::Unsettled => "In doubt",
    }
}

/// `guest-0001  Ann  list.csv:4`, and what changes.
pub(super) fn line(change: &PlannedChange) -> String {
    let mut text = format!("{}  {}", escape(&change.custom_participant_id), escape(&change.name));
    for field in &change.fields {
        text += &format!("  {}: \"{}\" → \"{}\"", field.field.name(), escape(&field.old), escape(&field.new));
    }
    if let Some(location) = &change.location {
        text += &format!("  {location}");
    }
    text
}

pub(super) fn not_made(why: &NotMade) -> String {
    match why {
        NotMade::Refused(failure) => said(failure),
        NotMade::NoAnswer => "no answer".to_owned(),
        NotMade::Kept => "the API accepted it, and keeps what it had".to_owned(),
    }
}

pub(crate) fn barriers(barriers: &[Barrier]) -> String {
    barriers.iter().map(|barrier| format!("\n{}\n", paint(BAD, self::barrier(barrier)))).collect()
}

fn barrier(barrier: &Barrier) -> String {
    match barrier {
        Barrier::InvalidRows(rows) => format!(
            "Nobody is removed: {} invalid, and who they are isn't known. Mend them first.",
            rows_are(*rows)
        ),
        Barrier::LeftOut(rows) => {
            format!("Nobody is removed: {} left out by --limit.", rows_are(*rows))
        }
        Barrier::EmptyRoster => {
            "Nobody is on the roster. That is refused, whatever else is said: is it the right file?"
                .to_owned()
        }
        Barrier::TooMany { meeting, removals, most } => format!(
            "{} would be removed from the meeting {}, more than the {} that --max-remove allows. Is it the right roster? \
             If it is, allow them: --max-remove {removals}",
            count(*removals),
            meeting.meeting.id,
            count(*most)
        ),
    }
}

fn next(planned: &Planned, removal: Removal) -> &'static str {
    if !planned.readable {
        "mend these rows and plan again."
    } else if planned.is_forbidden() {
        "look at the plan above before you allow more."
    } else if planned.has_changes(removal) {
        "guestlist sync, with the same roster and options."
    } else if conflicts(&planned.meetings) > 0 {
        "guestlist dedupe, which shows them; somebody has to decide who stays."
    } else {
        "nothing."
    }
}

/// The plan as Markdown; the changes follow, see [`report_line`].
pub(crate) fn plan_report(planned: &Planned, removal: Removal) -> String {
    let mut text = "# What a sync would change\n".to_owned();
    for plan in &planned.meetings {
        let _ = writeln!(text, "\n## Meeting {}\n\n| | |\n|---|---|", plan.meeting.id);
        for kind in ChangeKind::ALL.into_iter().filter(|kind| plan.counts.of(*kind) > 0) {
            let _ = writeln!(text, "| {} | {} |", kind_name(kind), plan.counts.of(kind));
        }
        let _ = writeln!(text, "| Unchanged | {} |", plan.counts.unchanged);
        let _ = writeln!(text, "\nRemoved by a sync as asked for: {}.", removals(plan, removal));
    }
    for barrier in &planned.barriers {
        let _ = writeln!(text, "\n**{}**", self::barrier(barrier));
    }
    text
}

/// The heading of a kind's changes.
pub(crate) fn report_heading(kind: ChangeKind) -> String {
    format!("\n## {}\n\n", kind_name(kind))
}

/// A change as an item of a Markdown list: what is in it can neither be markup nor end the line.
pub(crate) fn report_line(change: &PlannedChange) -> String {
    let special = |c: char| c.is_ascii_punctuation() && !matches!(c, '.' | ':' | ',' | '-' | '"' | '/');
    let escaped = line(change).chars().fold(String::new(), |mut text, c| {
        if special(c) {
            text.push('\\');
        }
        text.push(c);
        text
    });
    format!("- {escaped}\n")
}

/// What a sync did about those who were in, and what kept it from more.
pub(crate) fn synced(report: &SyncReport, moved: Option<&Moved>) -> String {
    let forbidden = report.barriers.iter().any(|barrier| barrier.forbids_everything());
    let mut text = if forbidden || moved.is_some() {
        paint(BAD, "Nothing was changed: a safety limit forbids it.") + "\n"
    } else {
        String::new()
    };
    if forbidden {
        text += &report.meetings.iter().map(|plan| meeting(plan, report.removal)).collect::<String>();
    }
    text += &moved.map_or_else(String::new, |moved| format!("\n{}\n", self::moved(moved)));
    text += &barriers(&report.barriers);
    match (text.is_empty(), report.import.accepted) {
        (true, _) => changed(report),
        (false, true) => text + "\n" + &changed(report),
        (false, false) => text + &format!("\n{} guestlist plan, to see all of it.\n", paint(STRONG, "Next:")),
    }
}

fn moved(moved: &Moved) -> String {
    match moved {
        Moved::Roster => "The roster is not the one that the plan was made of; plan again.".to_owned(),
        Moved::Journal => "Another run has been there since the plan was made; plan again.".to_owned(),
        Moved::Meeting(meeting) => {
            format!(
                "Somebody has come, gone or changed in the meeting {meeting} since the plan was made; plan again."
            )
        }
        Moved::Options => {
            "The plan was made with other options; plan again, or give the same ones.".to_owned()
        }
    }
}

/// What was changed of those who were in.
fn changed(report: &SyncReport) -> String {
    let all = |count: fn(ChangeCounts) -> u64| report.meetings.iter().map(|plan| count(plan.counts)).sum();
    let stay = if report.removal == Removal::Nobody { all(|counts| counts.remove) } else { 0 };
    let foreign = match report.removal {
        Removal::Everybody => 0,
        Removal::Nobody | Removal::Ours => all(|counts| counts.foreign + counts.remove_found),
    };
    let Changed { updated, removed, failed, failures } = &report.changed;
    let planned: u64 = report.meetings.iter().map(|plan| removals(plan, report.removal)).sum();
    let mut text = count_lines(&[
        ("updated", *updated, "their tokens are new; older links may end"),
        ("removed", *removed, ""),
        ("not changed", *failed, "the API refused it, kept what it had, or didn't answer"),
        (
            "not removed",
            planned.saturating_sub(removed + failed),
            "the run was stopped, or it isn't known who is missing",
        ),
        ("stay", stay, "no longer on the roster; --remove removes them"),
        ("foreign", foreign, "in the meeting, neither on the roster nor added by us; left alone"),
        (
            "conflict",
            conflicts(&report.meetings),
            "ids that are in more than once; guestlist dedupe shows them",
        ),
    ]);
    for failure in failures {
        let _ = writeln!(text, "  {}: {}", line(&failure.change), not_made(&failure.why));
    }
    if text.is_empty() { text } else { text + "\n" }
}
