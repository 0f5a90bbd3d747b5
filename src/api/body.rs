//! What an answer's body says. Pure: bytes in, nouns out. A body may hold tokens: nothing of it reaches a message but
//! the API's own error text, redacted.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::wire::{Envelope, MeetingBody, ParticipantBody, PresetBody, TokenBody};
use super::{ApiToken, MeetingStatus, Page, Removed};
use crate::model::{AddedParticipant, JoinToken, Participant, RemoteId, RemoteParticipant};
use crate::outcome::{Failure, Flaw};

/// The longest error text that we keep, in characters.
const LONGEST_MESSAGE: usize = 300;

/// What the call is for, or what the body lacks.
pub(super) type Parsed<T> = Result<T, Flawed>;

/// What a 2xx body lacks, and the participant id if it has one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Flawed {
    pub(super) flaw: Flaw,
    pub(super) remote_id: Option<RemoteId>,
}

impl From<Flaw> for Flawed {
    fn from(flaw: Flaw) -> Self {
        Self { flaw, remote_id: None }
    }
}

/// An added participant with everything optional: an answer that lacks something still tells the id.
#[derive(Deserialize)]
struct Added<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    custom_participant_id: Option<String>,
    preset_name: Option<String>,
    name: Option<String>,
    picture: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    token: Option<String>,
}

/// The answer to an add of `sent`. Whether the id that it echoes is ours is for [`outcome`](crate::outcome) to say.
pub(super) fn added(json: &[u8], sent: &Participant) -> Parsed<AddedParticipant> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(default)]
        success: bool,
        #[serde(borrow)]
        data: Option<Added<'a>>,
    }
    let Answer { success, data } = parse(json)?;
    let remote_id = data.as_ref().and_then(|added| RemoteId::new(added.id.as_deref()?));
    let flawed = |flaw| Flawed { flaw, remote_id: remote_id.clone() };
    if !success {
        return Err(flawed(Flaw::NotSuccess));
    }
    let (Some(added), Some(id)) = (data, remote_id.clone()) else { return Err(flawed(Flaw::NoId)) };
    let token = added.token.filter(|token| !token.is_empty()).ok_or_else(|| flawed(Flaw::NoToken))?;
    let echo = added.custom_participant_id.ok_or_else(|| flawed(Flaw::OtherEcho))?;
    let participant = RemoteParticipant {
        id,
        custom_participant_id: echo,
        preset_name: added.preset_name.unwrap_or_else(|| sent.preset_name.clone()),
        name: added.name,
        picture: added.picture,
        created_at: added.created_at.unwrap_or_default(),
        updated_at: added.updated_at.unwrap_or_default(),
    };
    Ok(AddedParticipant { participant, token: JoinToken::new(token) })
}

/// The answer to an update of `asked`. What was updated may be updated again: an answer with a flaw keeps nothing.
pub(super) fn updated(json: &[u8], asked: &RemoteId) -> Parsed<AddedParticipant> {
    let mut body: ParticipantBody<'_> = one(json, Flaw::NoId)?;
    let token = body.token.take().filter(|token| !token.is_empty());
    let participant = the_one(body, asked)?;
    let token =
        token.ok_or_else(|| Flawed { flaw: Flaw::NoToken, remote_id: Some(participant.id.clone()) })?;
    Ok(AddedParticipant { participant, token: JoinToken::new(token.into_owned()) })
}

/// The answer to a look at `asked`.
pub(super) fn participant(json: &[u8], asked: &RemoteId) -> Parsed<RemoteParticipant> {
    Ok(the_one(one(json, Flaw::NoId)?, asked)?)
}

/// The answer to a removal. A 2xx of somebody else, such as a proxy, removes nobody.
pub(super) fn removed(json: &[u8]) -> Parsed<Removed> {
    let Envelope { success, .. } = parse::<Envelope<Value>>(json)?;
    if success { Ok(Removed::Deleted) } else { Err(Flaw::NotSuccess.into()) }
}

fn the_one(body: ParticipantBody<'_>, asked: &RemoteId) -> Result<RemoteParticipant, Flaw> {
    let found = remote(body)?;
    if found.id == *asked { Ok(found) } else { Err(Flaw::OtherEcho) }
}

fn remote(body: ParticipantBody<'_>) -> Result<RemoteParticipant, Flaw> {
    Ok(RemoteParticipant {
        id: RemoteId::new(body.id).ok_or(Flaw::NoId)?,
        custom_participant_id: body.custom_participant_id.into_owned(),
        preset_name: body.preset_name.into_owned(),
        name: body.name.map(Cow::into_owned),
        picture: body.picture.map(Cow::into_owned),
        created_at: body.created_at.into_owned(),
        updated_at: body.updated_at.into_owned(),
    })
}

/// A page of participants.
pub(super) fn participants(json: &[u8]) -> Parsed<Page<RemoteParticipant>> {
    page(json, remote)
}

/// A page of presets' names.
pub(super) fn presets(json: &[u8]) -> Parsed<Page<String>> {
    page(json, |item: PresetBody<'_>| Ok(item.name.into_owned()))
}

/// Paging with any numbers: the contract says neither that offsets are whole nor that an empty page's last isn't -1.
#[derive(Deserialize)]
struct Paging {
    total_count: f64,
    #[serde(default)]
    start_offset: f64,
    #[serde(default)]
    end_offset: f64,
}

fn page<'a, Item: Deserialize<'a>, T>(
    json: &'a [u8],
    read: impl Fn(Item) -> Result<T, Flaw>,
) -> Parsed<Page<T>> {
    #[derive(Deserialize)]
    struct Answer<Item> {
        success: bool,
        data: Vec<Item>,
        paging: Paging,
    }
    let answer: Answer<Item> = parse(json)?;
    if !answer.success {
        return Err(Flaw::NotSuccess.into());
    }
    let Paging { total_count, start_offset, end_offset } = answer.paging;
    if total_count < 0.0 || total_count.fract() != 0.0 {
        return Err(Flaw::NotJson.into());
    }
    let items = answer.data.into_iter().map(read).collect::<Result<_, _>>()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    let whole = |number: f64| number as u64;
    Ok(Page {
        items,
        total_count: whole(total_count),
        start_offset: whole(start_offset),
        end_offset: whole(end_offset),
    })
}

/// A refreshed token.
pub(super) fn token(json: &[u8]) -> Parsed<JoinToken> {
    let TokenBody { token } = one(json, Flaw::NoToken)?;
    if token.is_empty() { Err(Flaw::NoToken.into()) } else { Ok(JoinToken::new(token.into_owned())) }
}

/// A meeting's status; one that the contract doesn't know counts as active, since then the API will say what's wrong.
pub(super) fn meeting(json: &[u8]) -> Parsed<MeetingStatus> {
    let MeetingBody { status, .. } = one(json, Flaw::NoId)?;
    Ok(if status.as_deref() == Some("INACTIVE") { MeetingStatus::Inactive } else { MeetingStatus::Active })
}

fn one<'a, T: Deserialize<'a>>(json: &'a [u8], absent: Flaw) -> Parsed<T> {
    let Envelope { success, data } = parse(json)?;
    if success { data.ok_or(absent.into()) } else { Err(Flaw::NotSuccess.into()) }
}

fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Flaw> {
    serde_json::from_slice(json).map_err(|_| Flaw::NotJson)
}

/// An error in either of the two shapes: RealtimeKit's `error`, the gateway's `errors`. HTML and nothing at all say no
/// more than the status. Its text is redacted before it is cut: half a token is a secret, too.
pub(super) fn failure(status: u16, json: &[u8], token: &ApiToken) -> Failure {
    let body: Value = serde_json::from_slice(json).unwrap_or_default();
    let item = body.get("error").filter(|item| item.is_object()).or_else(|| body.get("errors")?.get(0));
    let message = item.and_then(|item| item.get("message")?.as_str()).unwrap_or_default();
    Failure {
        status,
        code: item.and_then(|item| item.get("code")?.as_i64()),
        message: token.redacted(message).chars().take(LONGEST_MESSAGE).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ParticipantKey;
    use proptest::prelude::*;
    use rstest::rstest;

    fn api_token() -> ApiToken {
        "s3cret".parse().unwrap()
    }

    fn sent() -> Participant {
        Participant {
            key: ParticipantKey {
                meeting: "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b".parse().unwrap(),
                custom_participant_id: "p-1".to_owned(),
            },
            name: "Ada".to_owned(),
            preset_name: "sent".to_owned(),
            picture: None,
        }
    }

    #[rstest]
    #[case::not_json("<html>", Flaw::NotJson, None)]
    #[case::nothing("", Flaw::NotJson, None)]
    #[case::cut_short(r#"{"success":true,"data":{"id":"r-1""#, Flaw::NotJson, None)]
    #[case::more_than_one("{} {}", Flaw::NotJson, None)]
    #[case::not_utf8("{\"success\":true,\"data\":{\"id\":\"\\ud800\"}}", Flaw::NotJson, None)]
    #[case::number_as_id(r#"{"success":true,"data":{"id":5}}"#, Flaw::NotJson, None)]
    #[case::no_success(
        r#"{"data":{"id":"r-1","token":"t","custom_participant_id":"p-1"}}"#,
        Flaw::NotSuccess,
        Some("r-1")
    )]
    #[case::success_false(r#"{"success":false}"#, Flaw::NotSuccess, None)]
    #[case::no_data(r#"{"success":true}"#, Flaw::NoId, None)]
    #[case::null_data(r#"{"success":true,"data":null}"#, Flaw::NoId, None)]
    #[case::no_id(r#"{"success":true,"data":{"token":"t"}}"#, Flaw::NoId, None)]
    #[case::empty_id(r#"{"success":true,"data":{"id":"","token":"t"}}"#, Flaw::NoId, None)]
    #[case::no_token(r#"{"success":true,"data":{"id":"r-1"}}"#, Flaw::NoToken, Some("r-1"))]
    #[case::empty_token(r#"{"success":true,"data":{"id":"r-1","token":""}}"#, Flaw::NoToken, Some("r-1"))]
    #[case::no_echo(r#"{"success":true,"data":{"id":"r-1","token":"t"}}"#, Flaw::OtherEcho, Some("r-1"))]
    fn an_add_that_lacks_something_tells_what_and_the_id(
        #[case] json: &str,
        #[case] flaw: Flaw,
        #[case] id: Option<&str>,
    ) {
        let flawed = added(json.as_bytes(), &sent()).unwrap_err();
        assert_eq!(flawed, Flawed { flaw, remote_id: id.and_then(RemoteId::new) });
    }

    #[test]
    fn an_add_needs_no_more_than_id_token_and_echo() {
        let json =
            br#"{"success":true,"data":{"id":"r-1","token":"t","custom_participant_id":"other"},"new":1}"#;
        let participant = added(json, &sent()).unwrap().participant;
        assert_eq!(
            (participant.custom_participant_id, participant.preset_name),
            ("other".into(), "sent".into())
        );
    }

    const ITEM: &str =
        r#"{"id":"r","custom_participant_id":"p","preset_name":"x","created_at":"c","updated_at":"u"}"#;

    #[rstest]
    #[case::empty("[]", r#"{"total_count":0,"start_offset":0,"end_offset":-1}"#, Ok(0))]
    #[case::whole_as_a_fraction("[]", r#"{"total_count":3.0,"start_offset":1.0,"end_offset":3.0}"#, Ok(3))]
    #[case::no_offsets("[]", r#"{"total_count":3}"#, Ok(3))]
    #[case::no_paging("[]", "null", Err(Flaw::NotJson))]
    #[case::no_total("[]", r#"{"start_offset":0,"end_offset":0}"#, Err(Flaw::NotJson))]
    #[case::half_a_participant("[]", r#"{"total_count":1.5}"#, Err(Flaw::NotJson))]
    #[case::negative_total("[]", r#"{"total_count":-1}"#, Err(Flaw::NotJson))]
    #[case::no_list("{}", r#"{"total_count":0}"#, Err(Flaw::NotJson))]
    #[case::broken_item(r#"[{"id":"r"}]"#, r#"{"total_count":1}"#, Err(Flaw::NotJson))]
    fn a_page_needs_its_total(#[case] data: &str, #[case] paging: &str, #[case] total: Result<u64, Flaw>) {
        let json = format!(r#"{{"success":true,"data":{data},"paging":{paging}}}"#);
        let page = participants(json.as_bytes()).map(|page| page.total_count).map_err(|flawed| flawed.flaw);
        assert_eq!(page, total);
    }

    #[test]
    fn a_page_with_an_empty_id_is_flawed() {
        let item = ITEM.replace("\"r\"", "\"\"");
        let json = format!(r#"{{"success":true,"data":[{ITEM},{item}],"paging":{{"total_count":2}}}}"#);
        assert_eq!(participants(json.as_bytes()).unwrap_err().flaw, Flaw::NoId);
    }

    #[test]
    fn a_page_without_success_is_flawed() {
        let json = br#"{"success":false,"data":[],"paging":{"total_count":0}}"#;
        assert_eq!(presets(json).unwrap_err().flaw, Flaw::NotSuccess);
    }

    #[rstest]
    #[case::token(r#"{"success":true,"data":{"token":"t"}}"#, None)]
    #[case::no_success(r#"{"success":false,"data":{"token":"t"}}"#, Some(Flaw::NotSuccess))]
    #[case::no_data(r#"{"success":true}"#, Some(Flaw::NoToken))]
    #[case::no_token(r#"{"success":true,"data":{}}"#, Some(Flaw::NotJson))]
    fn a_refreshed_token_needs_success(#[case] json: &str, #[case] flaw: Option<Flaw>) {
        assert_eq!(token(json.as_bytes()).err().map(|flawed| flawed.flaw), flaw);
    }

    const ASKED: &str = r#"{"id":"r-1","custom_participant_id":"p","preset_name":"x","created_at":"c","updated_at":"u","token":"t"}"#;

    #[rstest]
    #[case::whole(ASKED, true, None, None)]
    #[case::not_json("7", true, Some(Flaw::NotJson), Some(Flaw::NotJson))]
    #[case::no_data("null", true, Some(Flaw::NoId), Some(Flaw::NoId))]
    #[case::no_success(ASKED, false, Some(Flaw::NotSuccess), Some(Flaw::NotSuccess))]
    #[case::no_token(&ASKED.replace(r#","token":"t""#, ""), true, Some(Flaw::NoToken), None)]
    #[case::empty_token(&ASKED.replace(r#""t""#, r#""""#), true, Some(Flaw::NoToken), None)]
    #[case::empty_id(&ASKED.replace("r-1", ""), true, Some(Flaw::NoId), Some(Flaw::NoId))]
    #[case::of_another(&ASKED.replace("r-1", "r-2"), true, Some(Flaw::OtherEcho), Some(Flaw::OtherEcho))]
    fn an_update_answers_whom_it_was_about_and_a_token(
        #[case] data: &str,
        #[case] success: bool,
        #[case] of_update: Option<Flaw>,
        #[case] of_look: Option<Flaw>,
    ) {
        let json = format!(r#"{{"success":{success},"data":{data}}}"#);
        let asked = RemoteId::new("r-1").unwrap();
        let flaws = (
            updated(json.as_bytes(), &asked).err().map(|flawed| flawed.flaw),
            participant(json.as_bytes(), &asked).err().map(|flawed| flawed.flaw),
        );
        assert_eq!(flaws, (of_update, of_look));
    }

    #[rstest]
    #[case::as_the_contract_says(
        r#"{"success":true,"data":{"custom_participant_id":"p"}}"#,
        Ok(Removed::Deleted)
    )]
    #[case::no_more_than_yes(r#"{"success":true}"#, Ok(Removed::Deleted))]
    #[case::no(r#"{"success":false}"#, Err(Flaw::NotSuccess))]
    #[case::nothing("", Err(Flaw::NotJson))]
    #[case::page_of_a_proxy("<html>welcome</html>", Err(Flaw::NotJson))]
    fn a_removal_needs_success(#[case] json: &str, #[case] expected: Result<Removed, Flaw>) {
        assert_eq!(removed(json.as_bytes()).map_err(|flawed| flawed.flaw), expected);
    }

    #[rstest]
    #[case::realtimekit(
        r#"{"success":false,"error":{"code":404,"message":"no such meeting"}}"#,
        Some(404),
        "no such meeting"
    )]
    #[case::gateway(
        r#"{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}"#,
        Some(10000),
        "Authentication error"
    )]
    #[case::both(r#"{"error":null,"errors":[{"code":7,"message":"x"}]}"#, Some(7), "x")]
    #[case::no_errors(r#"{"success":false,"errors":[]}"#, None, "")]
    #[case::null(r#"{"error":null,"errors":null}"#, None, "")]
    #[case::text_code(r#"{"error":{"code":"x","message":"y"}}"#, None, "y")]
    #[case::html("<html><h1>502</h1></html>", None, "")]
    #[case::nothing("", None, "")]
    #[case::list("[1]", None, "")]
    fn a_failure_is_read_from_either_shape(
        #[case] json: &str,
        #[case] code: Option<i64>,
        #[case] message: &str,
    ) {
        let expected = Failure { status: 400, code, message: message.to_owned() };
        assert_eq!(failure(400, json.as_bytes(), &api_token()), expected);
    }

    #[test]
    fn a_long_message_is_cut_between_characters_and_not_within_a_secret() {
        let json = format!(r#"{{"error":{{"code":1,"message":"{}"}}}}"#, "é".repeat(1000));
        assert_eq!(failure(400, json.as_bytes(), &api_token()).message.chars().count(), LONGEST_MESSAGE);
        let json = format!(r#"{{"error":{{"message":"{}s3cret"}}}}"#, "x".repeat(LONGEST_MESSAGE - 3));
        assert!(!failure(400, json.as_bytes(), &api_token()).message.contains("s3c"));
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(json in "[\\[\\]{}\",:a-z0-9.e-]{0,60}") {
            let json = json.as_bytes();
            let _ = (added(json, &sent()), participants(json), presets(json), token(json), meeting(json));
            let asked = RemoteId::new("r").unwrap();
            let _ = (updated(json, &asked), participant(json, &asked), removed(json));
            let _ = failure(500, json, &api_token());
        }
    }
}
