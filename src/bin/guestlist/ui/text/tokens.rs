//! Tokens: what was renewed, what could not be, and what ends too soon.

use std::path::Path;

use guestlist::dispatch::{NoToken, TokenFailure};
use guestlist::model::escape;
use guestlist::refresh::RefreshReport;
use jiff::Timestamp;

use super::super::style::{BAD, GOOD, STRONG, paint};
use super::{count_lines, counted, import, said};
use crate::exit::{self, Exit};

/// So many of those without a new token are named.
const SHOWN: usize = 20;

/// What a renewal did.
pub(crate) fn refreshed(report: &RefreshReport, named_journal: Option<&Path>) -> String {
    let counts = report.counts;
    let renewed = tokens(counts.renewed);
    let headline = match exit::of_refresh(report) {
        Exit::Done if counts.renewed == 0 => paint(GOOD, "Nothing was due: no token was renewed."),
        Exit::Done => paint(GOOD, format_args!("{renewed} renewed.")),
        Exit::Interrupted(_) => paint(BAD, format_args!("Interrupted: {renewed} renewed.")),
        Exit::Incomplete => paint(BAD, format_args!("{renewed} renewed, but some need a look.")),
        _ => format!(
            "{}\n{renewed} renewed.",
            paint(BAD, format_args!("Stopped early{}.", import::reasons(&report.stops)))
        ),
    };
    let counts = count_lines(&[
        ("renewed", counts.renewed, "by this run"),
        ("renewed before", counts.renewed_before, "by the interrupted run that this one went on with"),
        ("lasting", counts.lasting, "end later, or don't say when"),
        ("there before us", counts.found, "left alone; --refresh-found renews them, too"),
        ("purged", counts.purged, "removed on purpose; --all or --refresh-found gets new ones"),
        ("gone", counts.gone, "no longer in the meeting"),
        ("failed", counts.failed, "the API refused it, or didn't answer"),
        ("not attempted", counts.not_attempted, ""),
        ("participants", counts.rows, "in, as far as the journal knows"),
    ]);
    let failures: String = report.failures.iter().take(SHOWN).map(failure).collect();
    let failures = if failures.is_empty() { failures } else { format!("\n{failures}") };
    format!("{headline}\n\n{counts}{failures}\n{}", next(report, named_journal))
}

fn failure(failure: &TokenFailure) -> String {
    let id = escape(&failure.participant.custom_participant_id);
    format!("  {id}  {}\n", no_token(&failure.why))
}

/// Why there is no token.
pub(crate) fn no_token(why: &NoToken) -> String {
    match why {
        NoToken::Gone => "no longer in the meeting".to_owned(),
        NoToken::Refused(failure) => said(failure),
        NoToken::Unanswered => "no answer".to_owned(),
    }
}

fn next(report: &RefreshReport, named_journal: Option<&Path>) -> String {
    let journal = option(named_journal);
    let next = if !report.stops.is_empty() {
        "the same command goes on where this one stopped.".to_owned()
    } else if report.counts.gone > 0 {
        format!("guestlist verify{journal} shows who is gone; guestlist sync adds them again.")
    } else if report.counts.failed > 0 {
        "the same command asks again for those that failed.".to_owned()
    } else if report.counts.renewed > 0 {
        format!(
            "guestlist export{journal} --output FILE gives the new tokens; the older ones may have ended."
        )
    } else {
        return String::new();
    };
    format!("{} {next}\n", paint(STRONG, "Next:"))
}

/// A warning: some tokens end too soon for the event.
pub(crate) fn ending_before_event(
    early: u64,
    start: Timestamp,
    named_journal: Option<&Path>,
) -> Option<String> {
    (early > 0).then(|| {
        format!(
            "warning: {} before the event begins ({}): shortly before it, renew them with guestlist refresh --all{}",
            counted(early, "token ends", "tokens end"),
            start.strftime("%Y-%m-%d %H:%M UTC"),
            option(named_journal),
        )
    })
}

/// A warning: some tokens have ended, or end within a day.
pub(crate) fn ending_soon(ended: u64, within_a_day: u64, named_journal: Option<&Path>) -> Option<String> {
    let soon = within_a_day.saturating_sub(ended);
    let (ended, ends) = (tokens_have(ended), counted(soon, "token ends", "tokens end"));
    let what = match (within_a_day > soon, soon > 0) {
        (false, false) => return None,
        (true, false) => format!("{ended} ended"),
        (false, true) => format!("{ends} within 24 hours"),
        (true, true) => format!("{ended} ended and {ends} within 24 hours"),
    };
    Some(format!(
        "warning: {what}: renew them with guestlist refresh{} (those of people who were there before us only with \
         --refresh-found)",
        option(named_journal)
    ))
}

fn tokens(number: u64) -> String {
    counted(number, "token was", "tokens were")
}

fn tokens_have(number: u64) -> String {
    counted(number, "token has", "tokens have")
}

/// What has to be typed for a journal that isn't in the usual place.
pub(super) fn option(named_journal: Option<&Path>) -> String {
    named_journal.map_or_else(String::new, |path| format!(" --journal {}", escape(&path.to_string_lossy())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_says_what_ends_and_what_to_do() {
        let start = "2026-11-28T08:00:00Z".parse().unwrap();
        let warnings = [
            ending_soon(0, 0, None),
            ending_soon(1, 1, None),
            ending_soon(0, 3, Some(Path::new("j.db"))),
            ending_soon(2, 3, None),
            ending_before_event(0, start, None),
            ending_before_event(1200, start, None),
        ];
        let warnings: Vec<_> =
            warnings.map(|warning| warning.unwrap_or("-".to_owned())).into_iter().collect();
        insta::assert_snapshot!(warnings.join("\n"), @"
        -
        warning: 1 token has ended: renew them with guestlist refresh (those of people who were there before us only with --refresh-found)
        warning: 3 tokens end within 24 hours: renew them with guestlist refresh --journal j.db (those of people who were there before us only with --refresh-found)
        warning: 2 tokens have ended and 1 token ends within 24 hours: renew them with guestlist refresh (those of people who were there before us only with --refresh-found)
        -
        warning: 1,200 tokens end before the event begins (2026-11-28 08:00 UTC): shortly before it, renew them with guestlist refresh --all
        ");
    }
}
