//! The summary of an import: is everybody in, who isn't and why, is nobody in twice, and what to do next.

use std::path::Path;

use guestlist::event::StopReason;
use guestlist::export::Exported;
use guestlist::import::RunSummary;
use guestlist::journal::Problem;
use guestlist::lifecycle::RowState;
use guestlist::model::escape;
use guestlist::roster::LeftOut;

use super::super::decisions::statuses;
use super::super::rows::InvalidRows;
use super::super::style::{BAD, GOOD, STRONG, paint};
use super::{count, count_lines, counted, invalid, quoted, rows, rows_are, stop};
use crate::exit::Exit;

/// What the roster was brought into the meeting by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Adds, and nothing else.
    Import,
    /// Also updates and removes.
    Sync,
}

/// How an import or a sync ended, as far as a person wants to know.
pub(crate) struct Ending<'a> {
    pub(crate) work: Work,
    pub(crate) exit: Exit,
    pub(crate) summary: &'a RunSummary,
    pub(crate) accepted: bool,
    pub(crate) stops: &'a [StopReason],
    pub(crate) problems: &'a [Problem],
    pub(crate) invalid: &'a InvalidRows,
    pub(crate) not_coming: &'a LeftOut,
    /// What was exported, and where to.
    pub(crate) exported: Option<(&'a Path, Exported)>,
    pub(crate) rejected: Option<&'a Path>,
    /// What `--journal` must say for the next command; `None` if it is the usual place.
    pub(crate) named_journal: Option<&'a Path>,
    /// Whether the journal is gone afterwards.
    pub(crate) leaves_nothing: bool,
}

pub(crate) fn import(ending: &Ending<'_>) -> String {
    let mut text = format!("{}\n\n{}", headline(ending), counts(ending));
    text += &format!("\n  {}\n", times(ending.summary));
    text += &notes(ending);
    text += &invalid::invalid(ending.invalid);
    text += &problems(ending);
    text + "\n" + &next(ending)
}

/// Is everybody in, and is nobody in twice?
fn headline(ending: &Ending<'_>) -> String {
    let RunSummary { rows, not_coming, tally, left_out, repeated, invalid, .. } = *ending.summary;
    let all = rows.saturating_sub(not_coming);
    let confirmed = tally.added + tally.present;
    let twice = match tally.conflict {
        0 => "nobody was added twice".to_owned(),
        conflict => format!("{} in the meeting more than once", count(conflict)),
    };
    let so_far = format!("{} of {} confirmed in the meeting, {twice}", count(confirmed), rows_are(all));
    match ending.exit {
        Exit::Done if left_out + repeated > 0 => paint(
            GOOD,
            format_args!(
                "{} confirmed in the meeting, each once; {} left out.",
                rows_are(confirmed),
                count(left_out + repeated)
            ),
        ),
        Exit::Done if not_coming > 0 => paint(
            GOOD,
            format_args!(
                "Everybody who comes is in: {} confirmed in the meeting, each once; {} not coming.",
                rows_are(all),
                count(not_coming)
            ),
        ),
        Exit::Done if all == 1 => paint(GOOD, "Everybody is in: the row is confirmed in the meeting, once."),
        Exit::Done => paint(
            GOOD,
            format_args!("Everybody is in: all {} confirmed in the meeting, each once.", rows_are(all)),
        ),
        Exit::InvalidRoster => {
            paint(BAD, format_args!("Nobody was added: {} of {} invalid.", count(invalid), rows_are(all)))
        }
        Exit::Interrupted(_) if !ending.accepted => {
            paint(BAD, "Interrupted while the roster was read: nobody was added.")
        }
        Exit::Interrupted(_) => paint(BAD, format_args!("Interrupted: {so_far}.")),
        Exit::Incomplete if confirmed + repeated == all => {
            paint(STRONG, format_args!("Everybody is in, but some need a look: {so_far}."))
        }
        Exit::Incomplete => paint(BAD, format_args!("Not everybody is in: {so_far}.")),
        Exit::Stopped | Exit::Unexpected | Exit::Usage | Exit::Busy | Exit::Forbidden | Exit::Changes => {
            format!("{}\n{so_far}.", paint(BAD, format_args!("Stopped early{}.", reasons(ending.stops))))
        }
    }
}

pub(super) fn reasons(stops: &[StopReason]) -> String {
    let reasons: Vec<_> = stops.iter().map(stop).collect();
    if reasons.is_empty() { reasons.concat() } else { format!(": {}", reasons.join("; ")) }
}

fn counts(ending: &Ending<'_>) -> String {
    let (summary, tally) = (ending.summary, ending.summary.tally);
    let statuses = format!("by their status: {}", statuses(ending.not_coming));
    count_lines(&[
        ("added", tally.added, "by this run"),
        ("already in", tally.present, ""),
        ("refused", tally.rejected, "by the API; not in the meeting"),
        ("in doubt", tally.uncertain, "may be in; looked up before anything is sent again"),
        ("conflict", tally.conflict, "in the meeting more than once; nothing was touched"),
        ("held back", tally.held, "possible duplicates; not added"),
        ("not attempted", tally.not_attempted, "nothing was sent for them"),
        ("invalid", summary.invalid, "never sent"),
        ("left out", summary.left_out, "by --limit"),
        ("repeated", summary.repeated, "another row for the same participant was taken"),
        ("not coming", summary.not_coming, &statuses),
        ("rows", summary.rows, ""),
    ])
}

fn times(summary: &RunSummary) -> String {
    let seconds = summary.seconds;
    // Reading and staging overlap.
    let mut text =
        format!("{:.1} s to read, {:.1} s to send", seconds.validate.max(seconds.stage), seconds.send);
    if seconds.settle >= 0.05 {
        text += &format!(", {:.1} s to look up what was in doubt", seconds.settle);
    }
    text
}

fn notes(ending: &Ending<'_>) -> String {
    let tally = &ending.summary.tally;
    let mut text = String::new();
    if tally.held > 0 {
        text += &format!(
            "\nHeld back {}: a new id, but the e-mail address of somebody who is in the meeting, or may \
             be, and whom this roster doesn't name any more. If an id was mended, put the old one back: they are in \
             under it. If they are other people, add them with --allow-same-person\n",
            counted(tally.held, "possible duplicate", "possible duplicates")
        );
    }
    if tally.differing > 0 {
        let advice = match ending.work {
            Work::Import => {
                "take them as they are with --accept-differing, or update them with guestlist sync"
            }
            Work::Sync => "they have not been updated; the same command tries it again",
        };
        text += &format!(
            "\n{} in the meeting with another name, preset or picture than the roster's; {advice}\n",
            rows(tally.differing)
        );
    }
    if tally.without_token > 0 {
        text += &format!(
            "\n{} without a token here: found in the meeting, so links may be in their mail already; get new tokens \
             with --refresh-found\n",
            rows(tally.without_token)
        );
    }
    if tally.purged > 0 {
        text += &format!(
            "\n{} in the meeting, and the token was removed from the journal with purge-tokens: links that are out still \
             work, an export has none; --refresh-found gets new tokens, and may end those links\n",
            rows_are(tally.purged)
        );
    }
    text
}

/// The first rows that need a look, those with the same cause together.
fn problems(ending: &Ending<'_>) -> String {
    let mut groups: Vec<((RowState, &str), Vec<&Problem>)> = Vec::new();
    for problem in ending.problems {
        let cause = (problem.state, problem.detail.as_str());
        match groups.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, members)) => members.push(problem),
            None => groups.push((cause, vec![problem])),
        }
    }
    let mut text: String =
        groups.iter().map(|((state, detail), members)| cause(*state, detail, members)).collect();
    let tally = &ending.summary.tally;
    let all =
        tally.held + tally.rejected + tally.uncertain + tally.conflict + tally.removed + tally.differing;
    let left = all.saturating_sub(ending.problems.len() as u64);
    if left > 0 {
        text += &format!("  … and {} more; guestlist export shows the state of each\n", count(left));
    }
    text
}

fn cause(state: RowState, detail: &str, members: &[&Problem]) -> String {
    let detail = match state {
        RowState::Added | RowState::Present => wanted(detail).unwrap_or_else(|| detail.to_owned()),
        _ => detail.to_owned(),
    };
    let state = match state {
        RowState::Rejected => "refused",
        RowState::Uncertain | RowState::Sending => "in doubt",
        RowState::Conflict => "conflict",
        RowState::Held => "held back",
        RowState::Added | RowState::Present => "differing",
        RowState::Planned | RowState::Removed => "not attempted",
    };
    let mut text = format!("\n{}: {}\n", paint(STRONG, state), escape(&detail));
    for problem in members {
        text += &format!("  {}  {}", problem.location, escape(&problem.custom_participant_id));
        if let Some(twin) = &problem.twin {
            text += &format!("; was {} in {}", escape(&twin.custom_participant_id), twin.location);
        }
        text += "\n";
    }
    text
}

/// What the roster wants, as a person says it; the journal keeps it as an object of the API's fields.
fn wanted(detail: &str) -> Option<String> {
    let (words, fields) = detail.split_at(detail.find('{')?);
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(fields).ok()?;
    let said = [("name", "the name"), ("preset_name", "the preset"), ("picture", "the picture")]
        .into_iter()
        .filter_map(|(field, name)| match fields.get(field)?.as_str()? {
            "" => Some(format!("no {field}")),
            value => Some(format!("{name} \"{value}\"")),
        });
    Some(words.to_owned() + &said.collect::<Vec<_>>().join(", "))
}

fn next(ending: &Ending<'_>) -> String {
    let journal =
        ending.named_journal.map_or_else(String::new, |path| format!(" --journal {}", quoted(path)));
    let mut text = String::new();
    if let Some((path, exported)) = ending.exported {
        text += &self::exported(path, exported);
    }
    if let (Some(path), true) = (ending.rejected, ending.summary.invalid > 0) {
        text += &format!("The invalid rows are in {}.\n", quoted(path));
    }
    let advice = match ending.exit {
        Exit::Done if ending.leaves_nothing => {
            "this was a try; set up your account and run it without --sandbox.".to_owned()
        }
        Exit::Done if ending.exported.is_none() => {
            format!("guestlist export --output tokens.csv{journal}")
        }
        Exit::Done => {
            format!("guestlist export --output links.csv{journal} --join-url 'https://…?authToken={{token}}'")
        }
        Exit::InvalidRoster => "mend these rows and run the same command again.".to_owned(),
        Exit::Incomplete => {
            "mend what is named above and run the same command again; who is in is not added twice."
                .to_owned()
        }
        Exit::Stopped | Exit::Interrupted(_) => {
            "run the same command again; it resumes, and adds nobody twice.".to_owned()
        }
        Exit::Unexpected | Exit::Usage | Exit::Busy | Exit::Forbidden | Exit::Changes => {
            format!("guestlist status{journal}")
        }
    };
    format!("{text}{} {advice}\n", paint(STRONG, "Next:"))
}

/// What was exported, and where to.
pub(crate) fn exported(path: &Path, exported: Exported) -> String {
    let tokens = count(exported.tokens);
    let written = rows(exported.rows);
    match path.as_os_str() == "-" {
        true => format!("{written} written, {tokens} with a token"),
        false => format!(
            "{written} written to {}, {tokens} with a token; only you can read that file.\n",
            quoted(path)
        ),
    }
}
