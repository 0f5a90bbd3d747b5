//! Answers: whatever the body, the status keeps its meaning, and only what the body says becomes a participant.

use guestlist::api::Removed;
use guestlist::api::fuzzing::{
    added, meeting, participant, participants, presets, removed, token, updated,
};
use guestlist::model::{AddedParticipant, Participant, ParticipantKey, RemoteId};
use guestlist::outcome::{
    Answer, Attempt, CallOutcome, CreateOutcome, Failure, Flaw, Stop, of_call, of_create,
};
use serde_json::Value;

use crate::head;

/// Ids that were sent; the second and the third are one letter in two normal forms.
const IDS: [&str; 3] = ["p-1", "\u{e9}", "e\u{301}"];

/// The token that the door's client bears: an answer may quote it, no message may.
const API_TOKEN: &str = "the-api-token";

/// A status, and a body that is read as the answer to each call.
pub fn answers(input: &[u8]) {
    let Some(([class, number, id], body)) = head::<3>(input) else { return };
    let status = match class % 4 {
        0 | 1 => [200, 201, 202, 204, 206][usize::from(*number) % 5],
        _ => 100 + (u16::from_be_bytes([*class, *number]) >> 2) % 900,
    };
    let sent = Participant {
        key: ParticipantKey {
            meeting: "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b".parse().expect("a UUID"),
            custom_participant_id: IDS[usize::from(*id) % IDS.len()].to_owned(),
        },
        name: "Ann".to_owned(),
        preset_name: "host".to_owned(),
        picture: None,
    };
    // Members that nobody reads may hold anything.
    let json: Value = serde_json::from_str(&String::from_utf8_lossy(body)).unwrap_or_default();
    let answer = added(status, body, &sent).expect("a status");
    no_token_is_printed(&answer, &json, body);
    for attempt in [Attempt::First, Attempt::Repeated] {
        create(status, &json, answer.clone(), &sent, attempt);
    }
    calls(status, body, &json);
    of_one_participant(status, body, &json);
}

/// The table of GUARANTEE.md section 2, written anew.
fn create(status: u16, json: &Value, answer: Answer<AddedParticipant>, sent: &Participant, attempt: Attempt) {
    let first = attempt == Attempt::First;
    match (status, of_create(answer, &sent.key, attempt)) {
        (200..=299, CreateOutcome::Added(added)) => is_what_the_body_says(&added, json, sent),
        (200..=299, CreateOutcome::Applied { flaw, remote_id }) => {
            assert!(flaw != Flaw::TooLarge);
            assert!(json.is_null() || remote_id.is_none_or(|id| json["data"]["id"] == id.as_str()));
        }
        (400 | 404 | 405 | 413 | 414 | 415 | 422 | 431, CreateOutcome::Refused(failure)) if first => {
            of_the_api(&failure, status, json);
        }
        (400 | 404 | 405 | 409 | 413 | 414 | 415 | 422 | 431, CreateOutcome::Doubtful(failure)) => {
            assert!(!first || status == 409);
            of_the_api(&failure, status, json);
        }
        (401 | 403 | 407 | 511, CreateOutcome::Stop(Stop::Unauthorized(failure))) => {
            of_the_api(&failure, status, json);
        }
        (300..=399, CreateOutcome::Stop(Stop::Redirected(failure))) => of_the_api(&failure, status, json),
        (429, CreateOutcome::Throttled) => {}
        (200..=431 | 511, outcome) if known(status) => panic!("{status}: {outcome:?}"),
        (_, CreateOutcome::Unknown(_)) => {}
        (_, outcome) => panic!("{status}: {outcome:?}"),
    }
}

/// Whether the table names this status as something else than unknown.
fn known(status: u16) -> bool {
    matches!(
        status,
        200..=399 | 400 | 401 | 403 | 404 | 405 | 407 | 409 | 413 | 414 | 415 | 422 | 429 | 431 | 511
    )
}

fn is_what_the_body_says(added: &AddedParticipant, json: &Value, sent: &Participant) {
    let (participant, data) = (&added.participant, &json["data"]);
    assert!(!participant.id.as_str().is_empty() && !added.token.expose().is_empty());
    assert_eq!(participant.custom_participant_id, sent.key.custom_participant_id);
    let _ = added.token.expires_at();
    if !json.is_null() {
        assert_eq!(json["success"], true);
        assert_eq!(data["id"], participant.id.as_str());
        assert_eq!(data["custom_participant_id"], sent.key.custom_participant_id.as_str());
        assert_eq!(data["token"], added.token.expose());
    }
}

fn of_the_api(failure: &Failure, status: u16, json: &Value) {
    assert_eq!(failure.status, status);
    assert!(failure.message.chars().count() <= 300);
    assert!(!failure.message.contains(API_TOKEN));
    let items = [&json["error"], &json["errors"][0]];
    let said =
        |item: &&Value| item["message"].as_str().is_some_and(|text| text.starts_with(&failure.message));
    let redacted = json.to_string().contains(API_TOKEN);
    assert!(redacted || failure.message.is_empty() || items.iter().any(said));
    assert!(failure.code.is_none_or(|code| items.iter().any(|item| item["code"] == code)));
}

/// A token that the body names once is nowhere in what is written for people. It looks like one, not like our own words.
fn no_token_is_printed(answer: &Answer<AddedParticipant>, json: &Value, body: &[u8]) {
    let token_like = |token: &&str| token.len() >= 8 && token.contains('.') && !token.contains(' ');
    let Some(token) = json["data"]["token"].as_str().filter(token_like) else { return };
    let times = String::from_utf8_lossy(body).matches(token).count();
    let elsewhere = json.to_string().matches(token).count() > 1;
    if times == 1 && !elsewhere {
        assert!(!format!("{answer:?}").contains(token));
    }
}

fn calls(status: u16, body: &[u8], json: &Value) {
    let page = call(status, of_call(participants(status, body).expect("a status")));
    let presets = call(status, of_call(presets(status, body).expect("a status")));
    let token = call(status, of_call(token(status, body).expect("a status")));
    call(status, of_call(meeting(status, body).expect("a status")));
    if json.is_null() {
        return;
    }
    let items = json["data"].as_array();
    if let CallOutcome::Done(page) = page {
        assert_eq!(json["success"], true);
        assert_eq!(items.map(Vec::len), Some(page.items.len()));
        assert!(json["paging"]["total_count"].as_f64().is_some_and(|count| count >= 0.0));
        for (item, listed) in items.into_iter().flatten().zip(&page.items) {
            assert_eq!(item["id"], listed.id.as_str());
            assert_eq!(item["custom_participant_id"], listed.custom_participant_id.as_str());
        }
    }
    if let CallOutcome::Done(page) = presets {
        assert_eq!(items.map(Vec::len), Some(page.items.len()));
    }
    if let CallOutcome::Done(token) = token {
        assert!(json["data"]["token"] == token.expose() && !token.expose().is_empty());
    }
}

/// A look, an update and a removal are done only with a body that says so of the participant that was asked for.
fn of_one_participant(status: u16, body: &[u8], json: &Value) {
    let id = json["data"]["id"].as_str().and_then(RemoteId::new);
    let asked = id.clone().or_else(|| RemoteId::new("r-1")).expect("an id");
    let found = call(status, of_call(participant(status, body, &asked).expect("a status")));
    let answer = updated(status, body, &asked).expect("a status");
    no_token_is_printed(&answer, json, body);
    let updated = call(status, of_call(answer));
    let removal = of_call(removed(status, body).expect("a status"));
    if status == 404 {
        assert!(matches!(removal, CallOutcome::Done(Removed::Gone)));
    } else if let CallOutcome::Done(removed) = call(status, removal) {
        assert!(removed == Removed::Deleted && (json.is_null() || json["success"] == true));
    }
    if json.is_null() {
        return;
    }
    if let CallOutcome::Done(found) = found {
        assert!(Some(&found.id) == id.as_ref() && json["success"] == true);
    }
    if let CallOutcome::Done(updated) = updated {
        assert!(Some(&updated.participant.id) == id.as_ref() && json["success"] == true);
        assert_eq!(json["data"]["token"], updated.token.expose());
    }
}

/// A call that may be repeated is done only with a 2xx, and never repeated after a refusal.
fn call<T>(status: u16, outcome: CallOutcome<T>) -> CallOutcome<T> {
    let fits = match &outcome {
        CallOutcome::Done(_) => (200..=299).contains(&status),
        CallOutcome::Again(_) => matches!(status, 200..=299 | 408 | 425 | 499..=599),
        CallOutcome::Throttled => status == 429,
        CallOutcome::Refused(_) => !matches!(status, 200..=399 | 401 | 403 | 407 | 429 | 511),
        CallOutcome::Stop(_) => matches!(status, 300..=399 | 401 | 403 | 407 | 511),
    };
    assert!(fits, "{status}");
    outcome
}
