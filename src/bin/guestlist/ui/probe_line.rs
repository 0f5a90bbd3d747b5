//! What programs are told of a probe.

use guestlist::outcome::Failure;
use guestlist::probe::{
    Advice, Finding, FirstPage, Lag, Leftovers, Longest, NullPicture, Offsets, Order, PageSize, ProbeReport,
    Refreshed, Refusal, SecondAdd, SecondRemoval, TokenLifetime, UpdateToken,
};
use serde::Serialize;

use super::{Line, stop_name, text};

/// The answer to one question; the words are stable, the message is for people.
#[derive(Debug, Serialize)]
pub(crate) struct ProbeFindingLine {
    question: &'static str,
    answer: &'static str,
    /// Of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Of a refusal: the API's own code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i64>,
    /// Of a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    /// Of a length or a size.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    message: String,
}

/// The end of a probe.
#[derive(Debug, Serialize)]
pub(crate) struct ProbeLine {
    requests: u64,
    made: u64,
    left_by_an_earlier_one: u64,
    /// Whether the meeting is known to be empty again.
    empty: bool,
    stopped: Option<&'static str>,
    exit_code: u8,
}

impl Line<'_> {
    pub(crate) fn probe_finding(finding: &Finding) -> Self {
        let Parts { question, answer, failure, seconds, count } = parts(finding);
        Self::ProbeFinding(ProbeFindingLine {
            question,
            answer,
            status: failure.map(|failure| failure.status),
            code: failure.and_then(|failure| failure.code),
            seconds,
            count,
            message: text::probe_finding(finding).1,
        })
    }

    pub(crate) fn probe_advice(advice: Advice) -> Self {
        let (setting, message) = text::probe_advice(advice);
        Self::ProbeAdvice { setting, message }
    }

    pub(crate) fn probe(report: &ProbeReport, exit_code: u8) -> Self {
        Self::Probe(ProbeLine {
            requests: report.requests,
            made: report.made,
            left_by_an_earlier_one: report.found,
            empty: report.leftovers == Leftovers::Nobody,
            stopped: report.stop.as_ref().map(stop_name),
            exit_code,
        })
    }
}

/// What a finding is made of.
struct Parts<'a> {
    question: &'static str,
    answer: &'static str,
    failure: Option<&'a Failure>,
    seconds: Option<f64>,
    count: Option<u64>,
}

fn parts(finding: &Finding) -> Parts<'_> {
    let plain = |question, answer| Parts { question, answer, failure: None, seconds: None, count: None };
    let of_failure = |question, (answer, failure)| Parts { failure, ..plain(question, answer) };
    match finding {
        Finding::SecondAdd(found) => of_failure("second_add", second_add(found)),
        Finding::UnknownPreset(found) => of_failure("unknown_preset", refusal(found)),
        Finding::UnknownMeeting(found) => of_failure("unknown_meeting", refusal(found)),
        Finding::LongId(found) => longest("longest_id", found),
        Finding::LongName(found) => longest("longest_name", found),
        Finding::Lag(found) => {
            let (answer, seconds) = lag(*found);
            Parts { seconds, ..plain("list_lag", answer) }
        }
        Finding::FirstPage(found) => plain("first_page", first_page(*found)),
        Finding::Offsets(found) => plain("offsets", offsets(*found)),
        Finding::PageSize(found) => page_size(found),
        Finding::Order(found) => plain("list_order", order(*found)),
        Finding::TokenLifetime(TokenLifetime { added, refreshed }) => {
            let seconds = added.or(*refreshed).map(|lifetime| lifetime.as_secs_f64());
            let answer = if seconds.is_some() { "known" } else { "unclear" };
            Parts { seconds, ..plain("token_lifetime", answer) }
        }
        Finding::Refresh(found) => of_failure("refresh", refreshed(found)),
        Finding::UpdateToken(found) => of_failure("update_token", update_token(found)),
        Finding::NullPicture(found) => plain("null_picture", null_picture(*found)),
        Finding::SecondRemoval(found) => of_failure("second_removal", second_removal(found)),
        Finding::Limits(limits) => {
            let none = limits.ratelimit.is_empty() && limits.ratelimit_policy.is_empty();
            plain("limit_headers", if none { "absent" } else { "come" })
        }
    }
}

type Refusable<'a> = (&'static str, Option<&'a Failure>);

fn second_add(found: &SecondAdd) -> Refusable<'_> {
    match found {
        SecondAdd::Another => ("another", None),
        SecondAdd::Same => ("same", None),
        SecondAdd::Refused(failure) => ("refused", Some(failure)),
        SecondAdd::Unclear => ("unclear", None),
    }
}

fn refusal(found: &Refusal) -> Refusable<'_> {
    match found {
        Refusal::Refused(failure) => ("refused", Some(failure)),
        Refusal::Accepted => ("accepted", None),
        Refusal::Unclear => ("unclear", None),
    }
}

fn longest<'a>(question: &'static str, found: &'a Longest) -> Parts<'a> {
    let (answer, failure) = match (found.accepted, &found.refused) {
        (Some(_), None) => ("at_least", None),
        (Some(_), Some((_, failure))) => ("limited", Some(failure)),
        (None, Some((_, failure))) => ("refused", Some(failure)),
        (None, None) => ("unclear", None),
    };
    let count = found.accepted.map(|accepted| accepted as u64);
    Parts { question, answer, failure, seconds: None, count }
}

/// The time by which it was there, or wasn't.
fn lag(found: Lag) -> (&'static str, Option<f64>) {
    match found {
        Lag::AtOnce(by) => ("at_once", Some(by.as_secs_f64())),
        Lag::Between(_, by) => ("later", Some(by.as_secs_f64())),
        Lag::NotWithin(waited) => ("not_seen", Some(waited.as_secs_f64())),
        Lag::Unclear => ("unclear", None),
    }
}

fn first_page(found: FirstPage) -> &'static str {
    match found {
        FirstPage::One => "1",
        FirstPage::OneAndZero => "0_or_1",
        FirstPage::Zero => "0",
        FirstPage::Unclear => "unclear",
    }
}

fn offsets(found: Offsets) -> &'static str {
    match found {
        Offsets::FromOne => "from_1",
        Offsets::FromZero => "from_0",
        Offsets::FromZeroToEnd => "from_0_to_end",
        Offsets::Other { .. } => "other",
        Offsets::Unclear => "unclear",
    }
}

fn page_size(found: &PageSize) -> Parts<'_> {
    let (answer, failure, count) = match found {
        PageSize::AtMost(length) => ("limited", None, Some(*length)),
        PageSize::AtLeast(length) => ("at_least", None, Some(*length)),
        PageSize::Refused { asked, failure } => ("refused", Some(failure), Some(*asked)),
        PageSize::Unclear => ("unclear", None, None),
    };
    Parts { question: "page_size", answer, failure, seconds: None, count }
}

fn order(found: Order) -> &'static str {
    match found {
        Order::OldestFirst => "oldest_first",
        Order::NewestFirst => "newest_first",
        Order::ByCustomId => "by_custom_participant_id",
        Order::ById => "by_id",
        Order::Other => "other",
        Order::Unclear => "unclear",
    }
}

fn refreshed(found: &Refreshed) -> Refusable<'_> {
    match found {
        Refreshed::AnotherToken => ("another_token", None),
        Refreshed::SameToken => ("same_token", None),
        Refreshed::Refused(failure) => ("refused", Some(failure)),
        Refreshed::Unclear => ("unclear", None),
    }
}

fn update_token(found: &UpdateToken) -> Refusable<'_> {
    match found {
        UpdateToken::Comes => ("comes", None),
        UpdateToken::Absent => ("absent", None),
        UpdateToken::Refused(failure) => ("refused", Some(failure)),
        UpdateToken::Unclear => ("unclear", None),
    }
}

fn null_picture(found: NullPicture) -> &'static str {
    match found {
        NullPicture::Clears => "clears",
        NullPicture::Keeps => "keeps",
        NullPicture::Unclear => "unclear",
    }
}

fn second_removal(found: &SecondRemoval) -> Refusable<'_> {
    match found {
        SecondRemoval::Gone => ("404", None),
        SecondRemoval::Success => ("success", None),
        SecondRemoval::Refused(failure) => ("refused", Some(failure)),
        SecondRemoval::Unclear => ("unclear", None),
    }
}
