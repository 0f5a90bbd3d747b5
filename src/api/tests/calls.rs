//! What the calls send, and what they read from the answers.

use super::server::Server;
use super::{MEETING, add, api, participant};
use crate::api::{MeetingStatus, PageRequest, ParticipantApi, Removed};
use crate::model::{ParticipantEdit, PictureEdit, RemoteId};
use crate::outcome::{Answer, Flaw, LimitHeaders, NotSent};
use rstest::rstest;

const ADDED: &str = r#"{"success":true,"data":{"id":"r-1","token":"s3cret.jwt","custom_participant_id":"p-1",
    "preset_name":"group_call_host","name":"Zo\u00eb","picture":null,"created_at":"c","updated_at":"u"}}"#;

#[tokio::test]
async fn an_add_sends_one_post_with_what_the_contract_asks() {
    let server = Server::answering("201 Created", "", ADDED).await;
    add(&server.url).await;
    let [request] = &server.requests()[..] else { panic!("{:?}", server.requests()) };
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut head: Vec<&str> = head.lines().collect();
    head[1..].sort_unstable();
    let expected = [
        format!("POST /client/v4/accounts/acc0/realtime/kit/app0/meetings/{MEETING}/participants HTTP/1.1"),
        "accept: */*".to_owned(),
        "authorization: Bearer s3cret".to_owned(),
        format!("content-length: {}", body.len()),
        "content-type: application/json".to_owned(),
        format!("host: {}", &server.url["http://".len()..server.url.len() - "/client/v4".len()]),
        format!("user-agent: guestlist/{}", env!("CARGO_PKG_VERSION")),
    ];
    assert_eq!(head, expected);
    assert_eq!(
        body,
        r#"{"custom_participant_id":"p-1","preset_name":"group_call_host","name":"Zoë \"Z\" 李"}"#
    );
}

#[tokio::test]
async fn an_added_participant_is_read() {
    let server = Server::answering("201 Created", "", ADDED).await;
    let answer = add(&server.url).await.answer;
    let Answer::Success(added) = answer else { panic!("{answer:?}") };
    assert_eq!((added.participant.id.as_str(), added.token.expose()), ("r-1", "s3cret.jwt"));
    assert_eq!(added.participant.name.as_deref(), Some("Zoë"));
}

#[tokio::test]
async fn connections_are_kept() {
    let server = Server::answering("201 Created", "", ADDED).await;
    let api = api(&server.url);
    for _ in 0..3 {
        api.add(&participant()).await;
    }
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn limit_headers_come_along_as_they_are() {
    let headers = "Ratelimit: \"burst\";r=1;t=1\r\nRatelimit: \"default\";r=50;t=30\r\nRatelimit: \"\u{e9}\"\r\n\
        Ratelimit-Policy: \"burst\";q=100;w=60\r\nRetry-After: 4\r\nRetry-After: abc\r\nDate: now\r\n";
    let server = Server::answering("429 Too Many Requests", headers, "").await;
    let expected = LimitHeaders {
        ratelimit: vec!["\"burst\";r=1;t=1".to_owned(), "\"default\";r=50;t=30".to_owned()],
        ratelimit_policy: vec!["\"burst\";q=100;w=60".to_owned()],
        retry_after: vec!["4".to_owned(), "abc".to_owned()],
        date: Some("now".to_owned()),
    };
    assert_eq!(add(&server.url).await.limits, expected);
}

#[tokio::test]
async fn a_page_is_asked_for_and_read() {
    let item =
        r#"{"id":"r-1","custom_participant_id":"p-1","preset_name":"x","created_at":"c","updated_at":"u"}"#;
    let body = format!(
        r#"{{"success":true,"data":[{item}],"paging":{{"total_count":7,"start_offset":0,"end_offset":-1}}}}"#
    );
    let server = Server::answering("200 OK", "", &body).await;
    let page = PageRequest { page_no: 2, per_page: 100 };
    let answer = api(&server.url).list(MEETING.parse().unwrap(), page).await.answer;
    let Answer::Success(page) = answer else { panic!("{answer:?}") };
    assert_eq!((page.items.len(), page.total_count, page.end_offset), (1, 7, 0));
    let path = format!(
        "GET /client/v4/accounts/acc0/realtime/kit/app0/meetings/{MEETING}/participants?page_no=2&per_page=100 "
    );
    assert!(server.requests()[0].starts_with(&path), "{:?}", server.requests());
}

#[tokio::test]
async fn presets_are_read() {
    let body = r#"{"success":true,"data":[{"id":"1","name":"a"},{"id":"2","name":"b"}],
        "paging":{"total_count":2,"start_offset":1,"end_offset":2}}"#;
    let server = Server::answering("200 OK", "", body).await;
    let answer = api(&server.url).presets(PageRequest { page_no: 1, per_page: 50 }).await.answer;
    let Answer::Success(page) = answer else { panic!("{answer:?}") };
    assert_eq!(page.items, ["a", "b"]);
    let path = "GET /client/v4/accounts/acc0/realtime/kit/app0/presets?page_no=1&per_page=50 ";
    assert!(server.requests()[0].starts_with(path), "{:?}", server.requests());
}

#[rstest]
#[case::active(r#","status":"ACTIVE""#, MeetingStatus::Active)]
#[case::inactive(r#","status":"INACTIVE""#, MeetingStatus::Inactive)]
#[case::unsaid("", MeetingStatus::Active)]
#[case::new_word(r#","status":"PLANNED""#, MeetingStatus::Active)]
#[tokio::test]
async fn a_meeting_says_whether_it_can_be_joined(#[case] status: &str, #[case] expected: MeetingStatus) {
    let body = format!(r#"{{"success":true,"data":{{"id":"{MEETING}"{status}}}}}"#);
    let server = Server::answering("200 OK", "", &body).await;
    let answer = api(&server.url).meeting(MEETING.parse().unwrap()).await.answer;
    assert!(matches!(answer, Answer::Success(found) if found == expected), "{answer:?}");
    assert!(server.requests()[0].contains(&format!("/app0/meetings/{MEETING} HTTP/1.1")));
}

#[tokio::test]
async fn a_token_is_refreshed_by_a_post_whose_path_holds_the_escaped_id() {
    let server = Server::answering("200 OK", "", r#"{"success":true,"data":{"token":"new"}}"#).await;
    let id = RemoteId::new("a/../b?c#d%2F é").unwrap();
    let answer = api(&server.url).refresh_token(MEETING.parse().unwrap(), &id).await.answer;
    assert!(matches!(&answer, Answer::Success(token) if token.expose() == "new"), "{answer:?}");
    let request = &server.requests()[0];
    assert!(request.starts_with("POST ") && request.contains("content-length: 0\r\n"), "{request}");
    assert!(request.contains("/participants/a%2F..%2Fb%3Fc%23d%252F%20%C3%A9/token HTTP/1.1"), "{request}");
}

#[rstest]
#[tokio::test]
async fn an_id_that_leads_elsewhere_is_never_sent(#[values(".", "..")] id: &str) {
    let server = Server::answering("200 OK", "", "").await;
    let (api, meeting, id) = (api(&server.url), MEETING.parse().unwrap(), RemoteId::new(id).unwrap());
    assert!(is_not_sent(&api.refresh_token(meeting, &id).await.answer));
    assert!(is_not_sent(&api.participant(meeting, &id).await.answer));
    assert!(is_not_sent(&api.update(meeting, &id, &ParticipantEdit::default()).await.answer));
    assert!(is_not_sent(&api.remove(meeting, &id).await.answer));
    assert_eq!(server.requests().len(), 0);
}

fn is_not_sent<T>(answer: &Answer<T>) -> bool {
    matches!(answer, Answer::NotSent(NotSent::NotBuilt(_)))
}

#[rstest]
#[case::nothing(ParticipantEdit::default(), "{}")]
#[case::name(ParticipantEdit { name: Some("Zoë".to_owned()), ..Default::default() }, r#"{"name":"Zoë"}"#)]
#[case::everything(
    ParticipantEdit {
        name: Some(String::new()),
        preset_name: Some("host".to_owned()),
        picture: Some(PictureEdit::Set("https://example.com/z.png".to_owned())),
    },
    r#"{"preset_name":"host","name":"","picture":"https://example.com/z.png"}"#
)]
#[case::no_picture(ParticipantEdit { picture: Some(PictureEdit::Clear), ..Default::default() }, r#"{"picture":null}"#)]
#[tokio::test]
async fn an_update_sends_one_patch_with_nothing_but_what_changes(
    #[case] edit: ParticipantEdit,
    #[case] body: &str,
) {
    let server = Server::answering("200 OK", "", ADDED).await;
    let id = RemoteId::new("r-1").unwrap();
    let answer = api(&server.url).update(MEETING.parse().unwrap(), &id, &edit).await.answer;
    let Answer::Success(updated) = answer else { panic!("{answer:?}") };
    assert_eq!(
        (updated.participant.preset_name.as_str(), updated.token.expose()),
        ("group_call_host", "s3cret.jwt")
    );
    let [request] = &server.requests()[..] else { panic!("{:?}", server.requests()) };
    let (head, sent) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("PATCH /client/v4/accounts/acc0/realtime/kit/app0/meetings/"), "{head}");
    assert!(head.contains(&format!("{MEETING}/participants/r-1 HTTP/1.1")), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    assert_eq!(sent, body);
}

#[tokio::test]
async fn one_participant_is_asked_for_by_its_escaped_id() {
    let server = Server::answering("200 OK", "", &ADDED.replace("r-1", "a/b")).await;
    let id = RemoteId::new("a/b").unwrap();
    let answer = api(&server.url).participant(MEETING.parse().unwrap(), &id).await.answer;
    assert!(matches!(&answer, Answer::Success(found) if found.custom_participant_id == "p-1"), "{answer:?}");
    let request = &server.requests()[0];
    assert!(request.starts_with("GET ") && request.contains("/participants/a%2Fb HTTP/1.1\r\n"), "{request}");
}

/// 404 says that nobody is there; no other answer does.
#[rstest]
#[case::removed(
    "200 OK",
    r#"{"success":true,"data":{"custom_participant_id":"p-1"}}"#,
    Some(Removed::Deleted)
)]
#[case::gone(
    "404 Not Found",
    r#"{"success":false,"error":{"code":404,"message":"no"}}"#,
    Some(Removed::Gone)
)]
#[case::conflict("409 Conflict", "", None)]
#[case::gone_for_good("410 Gone", "", None)]
#[case::broken("500 Oops", "", None)]
#[case::not_json("200 OK", "<html>", None)]
#[case::nothing("204 No Content", "", None)]
#[tokio::test]
async fn a_removal_sends_one_delete(
    #[case] status: &str,
    #[case] body: &str,
    #[case] expected: Option<Removed>,
) {
    let server = Server::answering(status, "", body).await;
    let id = RemoteId::new("r-1").unwrap();
    let answer = api(&server.url).remove(MEETING.parse().unwrap(), &id).await.answer;
    let removed = if let Answer::Success(removed) = answer { Some(removed) } else { None };
    assert_eq!(removed, expected, "{answer:?}");
    let [request] = &server.requests()[..] else { panic!("{:?}", server.requests()) };
    assert!(request.starts_with("DELETE /client/v4/accounts/acc0/realtime/kit/app0/meetings/"), "{request}");
    assert!(request.contains("/participants/r-1 HTTP/1.1\r\n"), "{request}");
}

#[tokio::test]
async fn an_empty_refreshed_token_is_none() {
    let server = Server::answering("200 OK", "", r#"{"success":true,"data":{"token":""}}"#).await;
    let answer = api(&server.url).refresh_token(MEETING.parse().unwrap(), &RemoteId::new("a").unwrap()).await;
    assert!(matches!(answer.answer, Answer::Flawed { flaw: Flaw::NoToken, .. }), "{answer:?}");
}
