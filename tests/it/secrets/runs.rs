//! Imports through every kind of trouble that a sandbox can make.

use rstest::rstest;

use super::canary::Canary;
use super::traces::{Traces, tokens_of};
use super::{API_TOKEN, MAIL, PEOPLE, SURNAME, assert_kept, guests, import};

/// What is secret stays so, in each manner of speaking.
#[rstest]
#[case::unauthorized("unauthorized=#3", 5)]
#[case::forbidden("forbidden=#3", 5)]
#[case::a_bug_before("500=#3", 4)]
#[case::a_bug_after("500-after=#3", 4)]
#[case::cut_in_the_token("truncated=#3", 4)]
#[case::not_success("not-success=#3", 4)]
#[case::no_id("no-id=#3", 4)]
#[case::another_id("wrong-echo=#3", 4)]
#[case::gzip("gzip=#3", 4)]
#[case::redirected("redirect=#3", 5)]
#[case::throttled("throttle=#3", 4)]
#[case::reset("reset-after=#3", 4)]
#[case::closed("close-after=#3", 4)]
#[case::no_http("garbage-after=#3", 4)]
#[case::html("html-after=#3", 4)]
#[case::refused("refuse=#3", 4)]
#[case::a_token_that_does_not_come("500=#1,2@token", 4)]
#[case::a_cut_token("truncated=#1@token", 4)]
#[case::a_cut_list("truncated=#1@list", 4)]
#[case::a_preset_lookup_that_fails("500=1@presets", 5)]
fn secrets_are_kept_in_trouble(
    #[case] fault: &str,
    #[case] exit: i32,
    #[values("", "-v --json")] manner: &str,
) {
    let guests = guests().fault(fault);
    let guests = if fault.contains("@token") { guests.fault("close-after=#3") } else { guests };
    let patience = if fault.contains("@presets") { "--max-outage 300ms" } else { "" };
    let traces = Traces::of(&guests, import(&guests, &format!("{manner} {patience}"))).exit(exit);
    let struck = guests.server().stats().faults;
    assert!(struck.values().all(|times| *times > 0), "{struck:?}");
    assert_kept(&guests, &traces, manner.contains("-v"));
}

/// The same when all goes well; and the control: each secret is found where it belongs, so the search works.
#[rstest]
fn secrets_are_where_they_belong(#[values("", "-v --json")] manner: &str) {
    let guests = guests();
    let traces = Traces::of(&guests, import(&guests, manner)).exit(4);
    assert_kept(&guests, &traces, manner.contains("-v"));
    traces.assert_shown(&Canary::new("API token", API_TOKEN), "environment");
    traces.assert_shown(&Canary::of_any_token(guests.server().settings()), "t.csv");
    traces.assert_shown(&Canary::of_any_token(guests.server().settings()), "j.db");
    let tokens = tokens_of(&guests.path("j.db"));
    assert_eq!(tokens.len(), PEOPLE);
    for token in &tokens {
        let token = Canary::new("participant's token", token);
        traces.assert_shown(&token, "j.db");
        traces.assert_shown(&token, "t.csv");
    }
    for personal in [SURNAME, MAIL] {
        for place in ["list.csv", "r.csv", "t.csv"] {
            traces.assert_shown(&Canary::new("guest", personal), place);
        }
    }
    // Arguments are what was typed: the watching itself works.
    traces.assert_shown(&Canary::new("argument", "--connect-timeout"), "arguments");
}

/// The sandbox's `truncated` ends in the middle of a token, as the case above means it.
#[test]
fn a_truncated_answer_ends_within_the_token() {
    use std::io::{Read, Write};
    let guests = guests().fault("truncated=1");
    let (settings, url) = (guests.server().settings(), guests.server().api_url());
    let (address, base) = url.trim_start_matches("http://").split_once('/').unwrap();
    let body = r#"{"custom_participant_id":"a","preset_name":"webinar_viewer","name":"A"}"#;
    let (account, app, meeting) = (&settings.account_id, &settings.app_id, guests.server().meeting());
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /{base}/accounts/{account}/realtime/kit/{app}/meetings/{meeting}/participants HTTP/1.1\r\n\
         host: x\r\nauthorization: Bearer {API_TOKEN}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let (_, token) = answer.split_once("\"token\":\"").unwrap();
    assert!(token.starts_with("eyJ") && !token.contains('"'), "{answer}");
}
