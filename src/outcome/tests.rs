//! The table of GUARANTEE.md section 2: every status, every other answer.

use super::*;
use crate::model::{JoinToken, RemoteParticipant};
use rstest::rstest;

fn failure(status: u16) -> Failure {
    Failure { status, code: None, message: String::new() }
}

fn sent() -> ParticipantKey {
    let meeting = "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b".parse().expect("a UUID");
    ParticipantKey { meeting, custom_participant_id: "a".to_owned() }
}

fn added(echo: &str) -> AddedParticipant {
    let participant = RemoteParticipant {
        id: RemoteId::new("r").expect("an id"),
        custom_participant_id: echo.to_owned(),
        preset_name: String::new(),
        name: None,
        picture: None,
        created_at: String::new(),
        updated_at: String::new(),
    };
    AddedParticipant { participant, token: JoinToken::new("t".to_owned()) }
}

/// The variant's name, without what it holds.
fn name(outcome: &CreateOutcome) -> &'static str {
    match outcome {
        CreateOutcome::Added(_) => "added",
        CreateOutcome::Applied { .. } => "applied, details lost",
        CreateOutcome::Refused(_) => "refused",
        CreateOutcome::Doubtful(_) => "doubtful",
        CreateOutcome::NotSent(_) => "not sent",
        CreateOutcome::Throttled => "throttled",
        CreateOutcome::Unknown(_) => "unknown",
        CreateOutcome::Stop(Stop::Unauthorized(_)) => "stop, refused",
        CreateOutcome::Stop(Stop::Redirected(_)) => "stop, unknown",
        CreateOutcome::Stop(Stop::NotBuilt(_) | Stop::Untrusted(_)) => "stop, not sent",
    }
}

fn call_name<T>(outcome: &CallOutcome<T>) -> &'static str {
    match outcome {
        CallOutcome::Done(_) => "done",
        CallOutcome::Again(_) => "again",
        CallOutcome::Throttled => "throttled",
        CallOutcome::Refused(_) => "refused",
        CallOutcome::Stop(_) => "stop",
    }
}

/// Every status from 100 to 599 and what it means, neighbours of one meaning together.
fn ranges(meaning: impl Fn(u16) -> &'static str) -> String {
    let mut ranges: Vec<(u16, u16, &str)> = Vec::new();
    for status in 100..=599 {
        match ranges.last_mut() {
            Some((_, to, last)) if *last == meaning(status) => *to = status,
            _ => ranges.push((status, status, meaning(status))),
        }
    }
    let lines = ranges.into_iter().map(|(from, to, meaning)| match from == to {
        true => format!("{from}: {meaning}"),
        false => format!("{from}-{to}: {meaning}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn of_status(attempt: Attempt) -> impl Fn(u16) -> &'static str {
    move |status| name(&of_create(Answer::Failure(failure(status)), &sent(), attempt))
}

/// GUARANTEE.md section 2, status by status.
#[test]
fn every_status_of_a_rows_first_create() {
    insta::assert_snapshot!(ranges(of_status(Attempt::First)), @r"
    100-299: unknown
    300-399: stop, unknown
    400: refused
    401: stop, refused
    402: unknown
    403: stop, refused
    404-405: refused
    406: unknown
    407: stop, refused
    408: unknown
    409: doubtful
    410-412: unknown
    413-415: refused
    416-421: unknown
    422: refused
    423-428: unknown
    429: throttled
    430: unknown
    431: refused
    432-510: unknown
    511: stop, refused
    512-599: unknown
    ");
}

#[test]
fn every_status_of_a_create_after_one_in_doubt() {
    insta::assert_snapshot!(ranges(of_status(Attempt::Repeated)), @r"
    100-299: unknown
    300-399: stop, unknown
    400: doubtful
    401: stop, refused
    402: unknown
    403: stop, refused
    404-405: doubtful
    406: unknown
    407: stop, refused
    408: unknown
    409: doubtful
    410-412: unknown
    413-415: doubtful
    416-421: unknown
    422: doubtful
    423-428: unknown
    429: throttled
    430: unknown
    431: doubtful
    432-510: unknown
    511: stop, refused
    512-599: unknown
    ");
}

#[test]
fn every_status_of_a_call_that_may_be_repeated() {
    let meaning = |status| call_name(&of_call::<()>(Answer::Failure(failure(status))));
    insta::assert_snapshot!(ranges(meaning), @r"
    100-299: refused
    300-399: stop
    400: refused
    401: stop
    402: refused
    403: stop
    404-406: refused
    407: stop
    408: again
    409-424: refused
    425: again
    426-428: refused
    429: throttled
    430-498: refused
    499-510: again
    511: stop
    512-599: again
    ");
}

#[rstest]
#[case::not_built(Answer::NotSent(NotSent::NotBuilt(String::new())), "stop, not sent", "stop")]
#[case::untrusted(Answer::NotSent(NotSent::Untrusted(String::new())), "stop, not sent", "stop")]
#[case::not_connected(Answer::NotSent(NotSent::NotConnected(String::new())), "not sent", "again")]
#[case::timed_out(Answer::Lost(Loss::TimedOut), "unknown", "again")]
#[case::broken(Answer::Lost(Loss::Broken(String::new())), "unknown", "again")]
#[case::aborted(Answer::Lost(Loss::Aborted), "unknown", "again")]
#[case::success(Answer::Success(added("a")), "added", "done")]
#[case::other_echo(Answer::Success(added("A")), "applied, details lost", "done")]
#[case::not_json(flawed(Flaw::NotJson), "applied, details lost", "again")]
#[case::too_large(flawed(Flaw::TooLarge), "applied, details lost", "again")]
#[case::not_success(flawed(Flaw::NotSuccess), "applied, details lost", "again")]
#[case::no_id(flawed(Flaw::NoId), "applied, details lost", "again")]
#[case::no_token(flawed(Flaw::NoToken), "applied, details lost", "again")]
fn every_other_answer(#[case] answer: Answer<AddedParticipant>, #[case] create: &str, #[case] call: &str) {
    for attempt in [Attempt::First, Attempt::Repeated] {
        assert_eq!(name(&of_create(answer.clone(), &sent(), attempt)), create);
    }
    assert_eq!(call_name(&of_call(answer)), call);
}

fn flawed(flaw: Flaw) -> Answer<AddedParticipant> {
    Answer::Flawed { flaw, remote_id: None }
}

#[test]
fn another_echo_keeps_the_id_that_came() {
    let outcome = of_create(Answer::Success(added("A")), &sent(), Attempt::First);
    let CreateOutcome::Applied { flaw, remote_id } = outcome else { panic!("{outcome:?}") };
    assert_eq!((flaw, remote_id.as_ref().map(RemoteId::as_str)), (Flaw::OtherEcho, Some("r")));
}
