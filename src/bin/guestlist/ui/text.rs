//! What people read: short, aligned, and ending with what to do next. Pure; nothing here prints.

mod audit;
mod check;
mod import;
mod invalid;
mod journal;
mod look_alike;
mod plan;
mod probe;
mod removal;
#[cfg(feature = "sandbox")]
mod sandbox;
mod settings;
mod status;
mod tickets;
mod tokens;

use std::path::Path;
use std::time::Duration;

use guestlist::event::StopReason;
use guestlist::import::LookUpError;
use guestlist::model::escape;
use guestlist::outcome::{Failure, Loss, NotSent, Stop, Trouble};

pub(crate) use audit::audited;
pub(crate) use check::{check, dry_run};
pub(crate) use import::{Ending, Work, exported, import};
pub(crate) use journal::{purged, verified};
pub(crate) use look_alike::look_alike;
pub(crate) use plan::{FirstChanges, SHOWN, plan, plan_report, report_heading, report_line, synced};
pub(crate) use probe::{PROBE_LEFT, PROBE_STOPS, probe, probe_advice, probe_begins, probe_finding};
pub(crate) use removal::{removal, undone};
#[cfg(feature = "sandbox")]
pub(crate) use sandbox::{sandbox, sandbox_stats};
pub(crate) use settings::{settings, settings_files};
pub(crate) use status::status;
pub(crate) use tokens::{ending_before_event, ending_soon, no_token, refreshed};

use super::progress::HumanCount;
use super::style::{BAD, paint};
use crate::error::CommandError;

/// `error: what happened`, and what to do.
pub(super) fn error(error: &CommandError) -> String {
    let advice = error.advice().map_or_else(String::new, |advice| format!("  {advice}\n"));
    format!("{} {}\n{advice}", paint(BAD, "error:"), message(error))
}

/// What happened, with what only the command can put into words.
pub(super) fn message(error: &CommandError) -> String {
    if let CommandError::Probe(error) = error {
        return probe::error(error);
    }
    match error.look_up() {
        Some(LookUpError::Stopped(reason)) => format!("{}; nothing was sent", stop(reason)),
        Some(LookUpError::Failed(trouble)) => {
            format!("the API can't be asked about presets and meetings ({}); nothing was sent", why(trouble))
        }
        Some(LookUpError::Refused(_)) | None => error.to_string(),
    }
}

fn why(trouble: &Trouble) -> String {
    match trouble {
        Trouble::NotSent(NotSent::NotBuilt(why) | NotSent::NotConnected(why) | NotSent::Untrusted(why)) => {
            escape(why)
        }
        Trouble::Lost(Loss::TimedOut) => "the answer took too long".to_owned(),
        Trouble::Lost(Loss::Broken(why)) => escape(why),
        Trouble::Lost(Loss::Aborted) => "the request was aborted".to_owned(),
        Trouble::Flawed(_) => "its answer isn't what RealtimeKit answers; check --api-url".to_owned(),
        Trouble::Failed(failure) => said(failure),
    }
}

/// Why a run, or a part of it, ended early.
pub(super) fn stop(reason: &StopReason) -> String {
    match reason {
        StopReason::Interrupted => "it was interrupted".to_owned(),
        StopReason::Answer(Stop::Unauthorized(failure)) => {
            format!("the API refuses the token ({}); check it and its permission Realtime", said(failure))
        }
        StopReason::Answer(Stop::Redirected(failure)) => format!(
            "the API sends us elsewhere ({}), which is never followed; check --api-url",
            said(failure)
        ),
        StopReason::Answer(Stop::NotBuilt(why)) => {
            format!("a request can't be built ({}): this is a bug, please report it", escape(why))
        }
        StopReason::Answer(Stop::Untrusted(why)) => format!(
            "the server's certificate isn't trusted ({}); if a company's proxy stands between, name its authority with --ca-file",
            escape(why)
        ),
        StopReason::Outage { lasted, trouble } => {
            let trouble =
                trouble.as_ref().map(|trouble| format!(" ({})", escape(trouble))).unwrap_or_default();
            format!(
                "no request has succeeded for {}{trouble}; check the network and --api-url",
                seconds(*lasted)
            )
        }
        StopReason::Throttled { retry_after: Some(after) } => {
            format!("the server refuses all requests for another {}; go on after that", seconds(*after))
        }
        StopReason::Throttled { retry_after: None } => {
            "the server refused every request as too many: somebody else may use up the account's limit"
                .to_owned()
        }
        StopReason::MeetingRefuses { meeting, failure: Some(failure) } => {
            format!("the meeting {meeting} takes nobody ({}); check it", said(failure))
        }
        StopReason::MeetingRefuses { meeting, failure: None } => {
            format!("the meeting {meeting} is inactive; activate it")
        }
        StopReason::ListingIncomplete { meeting } => format!(
            "who is in the meeting {meeting} could not be listed completely, so it was left alone; try again"
        ),
    }
}

/// An answer, as a person can look it up.
fn said(failure: &Failure) -> String {
    let code = failure.code.map_or_else(String::new, |code| format!(", code {code}"));
    let message = escape(failure.message.trim());
    let message = if message.is_empty() { message } else { format!(": {message}") };
    format!("HTTP {}{code}{message}", failure.status)
}

/// `4 s`, `5 min`; nobody reads fractions of a long time.
fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{:.1} s", duration.as_secs_f64()),
        1..=119 => format!("{seconds} s"),
        _ => format!("{} min", seconds.div_ceil(60)),
    }
}

pub(super) fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

/// `1 row`, `2 rows`.
fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

pub(super) fn rows(number: u64) -> String {
    counted(number, "row", "rows")
}

fn rows_are(number: u64) -> String {
    counted(number, "row is", "rows are")
}

/// A path, as a shell takes it.
fn quoted(path: &Path) -> String {
    let path = escape(&path.to_string_lossy());
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '~' | '+' | '@' | ':');
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// Numbers right, words left; rows that count nothing are left out.
fn count_lines(lines: &[(&str, u64, &str)]) -> String {
    let shown: Vec<_> = lines.iter().filter(|(_, number, _)| *number > 0).collect();
    let width = shown.iter().map(|(_, number, _)| count(*number).len()).max().unwrap_or_default();
    let names = shown.iter().map(|(name, ..)| name.len()).max().unwrap_or_default();
    shown
        .into_iter()
        .map(|(name, number, remark)| {
            let line = format!("  {name:<names$}  {:>width$}  {remark}", count(*number));
            format!("{}\n", line.trim_end())
        })
        .collect()
}

#[cfg(test)]
mod tests;
