//! What a probe found, and what follows from it.

use std::time::Duration;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use guestlist::model::{MeetingId, escape};
use guestlist::outcome::{Failure, LimitHeaders};
use guestlist::probe::{
    Advice, Finding, FirstPage, Lag, Leftovers, Longest, NullPicture, Offsets, Order, PageSize, ProbeError,
    ProbeReport, Refreshed, Refusal, SecondAdd, SecondRemoval, TokenLifetime, UpdateToken,
};
use jiff::SignedDuration;

use super::super::style::{BAD, GOOD, STRONG, paint};
use super::{count, counted, said, stop, why};

/// Said at the first Ctrl-C.
pub(crate) const PROBE_STOPS: &str = "stopping: removing the probe's participants; press Ctrl-C again to stop at \
     once, then the next probe removes them";
/// Said when the meeting may not be empty.
pub(crate) const PROBE_LEFT: &str = "some of the probe's participants may still be in the scratch meeting: run the \
     same command again, it removes them";

/// Why nothing was found, with what only the command can put into words.
pub(super) fn error(error: &ProbeError) -> String {
    match error {
        ProbeError::Stopped(reason) => format!("{}; nobody was added", stop(reason)),
        ProbeError::Failed(trouble) => {
            format!("the API can't be asked about the scratch meeting ({}); nobody was added", why(trouble))
        }
        _ => error.to_string(),
    }
}

/// Before the first request.
pub(crate) fn probe_begins(meeting: MeetingId, requests: u64) -> String {
    format!("probing the scratch meeting {meeting} with about {}", counted(requests, "request", "requests"))
}

/// The whole report.
pub(crate) fn probe(meeting: MeetingId, report: &ProbeReport) -> String {
    let requests = counted(report.requests, "request", "requests");
    let mut text = match &report.stop {
        None => format!("{} in the meeting {meeting}, {requests}\n", paint(GOOD, "Probed")),
        Some(reason) => format!("{}: {}.\n", paint(BAD, "The probe ended early"), stop(reason)),
    };
    text += &format!("{}\n\n", whereabouts(report));
    text += &format!("{}\n", paint(STRONG, "What the API does"));
    text += &format!("{}\n", table(&report.findings));
    if !report.advice.is_empty() {
        text += &format!("\n{}\n", paint(STRONG, "What follows"));
        report.advice.iter().for_each(|advice| text += &format!("  {}\n", probe_advice(*advice).1));
    }
    text
}

fn whereabouts(report: &ProbeReport) -> String {
    let made = counted(report.made, "participant was", "participants were");
    let before = match report.found {
        0 => String::new(),
        found => format!(
            "; {} left by an earlier probe and removed",
            counted(found, "participant was", "participants were")
        ),
    };
    match report.leftovers {
        Leftovers::Nobody => format!("{made} added and removed again{before}."),
        Leftovers::Perhaps => format!("{made} added, and perhaps not all removed again{before}."),
    }
}

fn table(findings: &[Finding]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    for finding in findings {
        let (question, answer) = probe_finding(finding);
        table.add_row([question.to_owned(), answer]);
    }
    table
}

/// A question, and its answer.
pub(crate) fn probe_finding(finding: &Finding) -> (&'static str, String) {
    match finding {
        Finding::SecondAdd(found) => ("a second add of an id", second_add(found)),
        Finding::UnknownPreset(found) => ("a preset that isn't there", refusal(found)),
        Finding::UnknownMeeting(found) => ("a meeting that isn't there", refusal(found)),
        Finding::LongId(found) => ("the longest id", longest(found)),
        Finding::LongName(found) => ("the longest name", longest(found)),
        Finding::Lag(found) => ("a new participant shows in the list", lag(*found)),
        Finding::FirstPage(found) => ("the first page of a list", first_page(*found).to_owned()),
        Finding::Offsets(found) => ("offsets count", offsets(*found)),
        Finding::PageSize(found) => ("the longest page", page_size(found)),
        Finding::Order(found) => ("the order of a list", order(*found).to_owned()),
        Finding::TokenLifetime(found) => ("a token lasts", lifetime(*found)),
        Finding::Refresh(found) => ("a refresh of a token", refreshed(found)),
        Finding::UpdateToken(found) => ("an update", update_token(found)),
        Finding::NullPicture(found) => ("a picture set to null", null_picture(*found).to_owned()),
        Finding::SecondRemoval(found) => ("a second removal", second_removal(found)),
        Finding::Limits(found) => ("limit headers", limits(found)),
    }
}

const UNCLEAR: &str = "unclear: no answer told";

fn refused(failure: &Failure) -> String {
    format!("is refused ({})", said(failure))
}

fn second_add(found: &SecondAdd) -> String {
    match found {
        SecondAdd::Another => "makes another participant".to_owned(),
        SecondAdd::Same => "answers the participant that is there".to_owned(),
        SecondAdd::Refused(failure) => refused(failure),
        SecondAdd::Unclear => UNCLEAR.to_owned(),
    }
}

fn refusal(found: &Refusal) -> String {
    match found {
        Refusal::Refused(failure) => refused(failure),
        Refusal::Accepted => "is accepted".to_owned(),
        Refusal::Unclear => UNCLEAR.to_owned(),
    }
}

fn longest(found: &Longest) -> String {
    let characters = |length: usize| format!("{} characters", count(length as u64));
    match (found.accepted, &found.refused) {
        (Some(accepted), None) => format!("{} or more", characters(accepted)),
        (Some(accepted), Some((length, failure))) => {
            format!("{} or more, but not {} ({})", characters(accepted), count(*length as u64), said(failure))
        }
        (None, Some((length, failure))) => format!("less than {} ({})", characters(*length), said(failure)),
        (None, None) => UNCLEAR.to_owned(),
    }
}

fn lag(found: Lag) -> String {
    match found {
        Lag::AtOnce(shown) => format!("at once (within {})", precise(shown)),
        Lag::Between(not_yet, shown) => format!("after {} to {}", precise(not_yet), precise(shown)),
        Lag::NotWithin(waited) => format!("not within {}", precise(waited)),
        Lag::Unclear => UNCLEAR.to_owned(),
    }
}

fn precise(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

fn first_page(found: FirstPage) -> &'static str {
    match found {
        FirstPage::One => "is page 1",
        FirstPage::OneAndZero => "is page 1; page 0 answers the same",
        FirstPage::Zero => "is page 0",
        FirstPage::Unclear => UNCLEAR,
    }
}

fn offsets(found: Offsets) -> String {
    match found {
        Offsets::FromOne => "from 1, the last one included".to_owned(),
        Offsets::FromZero => "from 0, the last one included".to_owned(),
        Offsets::FromZeroToEnd => "from 0, the last one not included".to_owned(),
        Offsets::Other { start, end, length } => {
            format!("in another way: the first page of {length} says {start} to {end}")
        }
        Offsets::Unclear => UNCLEAR.to_owned(),
    }
}

fn page_size(found: &PageSize) -> String {
    match found {
        PageSize::AtMost(length) => format!("has {}", counted(*length, "participant", "participants")),
        PageSize::AtLeast(length) => format!(
            "has {} or more; more were not there (see --participants)",
            counted(*length, "participant", "participants")
        ),
        PageSize::Refused { asked, failure } => {
            format!("is shorter than {}, which {}", count(*asked), refused(failure))
        }
        PageSize::Unclear => UNCLEAR.to_owned(),
    }
}

fn order(found: Order) -> &'static str {
    match found {
        Order::OldestFirst => "is that of creation, the oldest first",
        Order::NewestFirst => "is that of creation, the newest first",
        Order::ByCustomId => "is that of the custom_participant_id",
        Order::ById => "is that of the participants' ids",
        Order::Other => "is none that can be told",
        Order::Unclear => UNCLEAR,
    }
}

fn lifetime(found: TokenLifetime) -> String {
    match (found.added, found.refreshed) {
        (Some(added), Some(refreshed)) if added == refreshed => format!("{added:#}"),
        (Some(added), Some(refreshed)) => format!("{added:#}, and {refreshed:#} after a refresh"),
        (Some(one), None) | (None, Some(one)) => format!("{one:#}"),
        (None, None) => "unclear: its payload doesn't say".to_owned(),
    }
}

fn refreshed(found: &Refreshed) -> String {
    match found {
        Refreshed::AnotherToken => {
            "answers another token; whether that ends the older one can't be seen without joining".to_owned()
        }
        Refreshed::SameToken => "answers the same token, which so stays good".to_owned(),
        Refreshed::Refused(failure) => refused(failure),
        Refreshed::Unclear => UNCLEAR.to_owned(),
    }
}

fn update_token(found: &UpdateToken) -> String {
    match found {
        UpdateToken::Comes => "answers a token".to_owned(),
        UpdateToken::Absent => "answers no token".to_owned(),
        UpdateToken::Refused(failure) => refused(failure),
        UpdateToken::Unclear => UNCLEAR.to_owned(),
    }
}

fn null_picture(found: NullPicture) -> &'static str {
    match found {
        NullPicture::Clears => "is taken away",
        NullPicture::Keeps => "stays",
        NullPicture::Unclear => UNCLEAR,
    }
}

fn second_removal(found: &SecondRemoval) -> String {
    match found {
        SecondRemoval::Gone => "answers 404".to_owned(),
        SecondRemoval::Success => "answers success again".to_owned(),
        SecondRemoval::Refused(failure) => refused(failure),
        SecondRemoval::Unclear => UNCLEAR.to_owned(),
    }
}

fn limits(found: &LimitHeaders) -> String {
    let named = |name: &str, values: &[String]| {
        (!values.is_empty()).then(|| format!("{name}: {}", escape(&values.join(", "))))
    };
    let headers = [named("Ratelimit", &found.ratelimit), named("Ratelimit-Policy", &found.ratelimit_policy)];
    let headers: Vec<String> = headers.into_iter().flatten().collect();
    if headers.is_empty() { "don't come".to_owned() } else { headers.join("; ") }
}

/// The setting that it is about, and what to do.
pub(crate) fn probe_advice(advice: Advice) -> (Option<&'static str>, String) {
    match advice {
        Advice::ShortSettle(settle) => (
            Some("--settle"),
            format!(
                "--settle {}s is enough: an add that is sent again makes nobody twice here.",
                settle.as_secs()
            ),
        ),
        Advice::KeepSettle => (
            Some("--settle"),
            "Keep --settle at its default of 150s or longer: it is what keeps a lost answer from adding somebody \
             twice."
                .to_owned(),
        ),
        Advice::LongSettle(settle) => (
            Some("--settle"),
            format!("Use --settle {}s: lists lag, and the default may be too short for that.", settle.as_secs()),
        ),
        Advice::HoldUncertain => (
            Some("--uncertain"),
            "Use --uncertain hold: lists lag so long that somebody whose answer was lost can't be looked up."
                .to_owned(),
        ),
        Advice::CheckPresets => (
            None,
            "Check rosters with guestlist check --online: an add with a wrong preset isn't refused.".to_owned(),
        ),
        Advice::ShortIds(longest) => {
            (None, format!("Keep ids to {} characters: longer ones may be refused.", count(longest as u64)))
        }
        Advice::ShortNames(longest) => {
            (None, format!("Keep names to {} characters: longer ones may be refused.", count(longest as u64)))
        }
        Advice::RefreshTokens(lifetime) => (None, refresh_tokens(lifetime)),
        Advice::PicturesStay => {
            (None, "A picture can be replaced, but not taken away: remove and add such a participant.".to_owned())
        }
        Advice::NoLimitHeaders => (
            Some("--rate"),
            "No limit headers come, so that others who use the same token aren't noticed: leave them room with \
             --rate, such as --rate 2/s."
                .to_owned(),
        ),
    }
}

fn refresh_tokens(lifetime: SignedDuration) -> String {
    format!(
        "Tokens end {lifetime:#} after they are given: give or refresh them no earlier than that before the event ends."
    )
}
