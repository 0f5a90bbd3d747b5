//! What breaks, where, and what that proves.

use rstest::rstest;
use tokio::net::TcpListener;

use super::server::{End, Script, Server, answer};
use super::{add, api, hurried, participant, settings};
use crate::api::{HttpApi, HttpError, ParticipantApi};
use crate::outcome::{Answer, Flaw, Loss, NotSent};

#[tokio::test]
async fn a_refused_connection_sends_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let answer = add(&url).await.answer;
    let Answer::NotSent(NotSent::NotConnected(why)) = answer else { panic!("{answer:?}") };
    assert!(why.contains("refused") && !why.contains("acc0"), "{why}");
}

#[tokio::test]
async fn an_unknown_name_sends_nothing() {
    // Some resolvers take their time to say no.
    let answer = hurried("https://guestlist.invalid").add(&participant()).await.answer;
    assert!(matches!(answer, Answer::NotSent(NotSent::NotConnected(_))), "{answer:?}");
}

/// A server that closes may have applied before: nothing but a failed connection proves the contrary.
#[rstest]
#[case::closed_before_reading(Script::CloseUnread)]
#[case::closed_after_reading(Script::Answer(vec![], End::Fin))]
#[case::reset_after_reading(Script::Answer(vec![], End::Rst))]
#[case::partial_status_line(Script::Answer(b"HTTP/1.1 20".to_vec(), End::Fin))]
#[case::partial_head(Script::Answer(b"HTTP/1.1 201 Created\r\nContent-Le".to_vec(), End::Fin))]
#[case::only_continue(Script::Answer(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), End::Fin))]
#[case::only_early_hints(Script::Answer(b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec(), End::Fin))]
#[case::garbage(Script::Answer(b"\0\xff\x16\x03garbage\r\n\r\n".to_vec(), End::Fin))]
#[case::http_0_9(Script::Answer(b"<html>hello</html>".to_vec(), End::Fin))]
#[case::negative_length(Script::Answer(b"HTTP/1.1 201 Created\r\nContent-Length: -1\r\n\r\n".to_vec(), End::Fin))]
#[case::two_hundred_headers(Script::Answer(many_headers(200), End::Fin))]
#[case::huge_head(Script::Answer(huge_head(), End::Fin))]
#[tokio::test]
async fn a_broken_answer_proves_nothing(#[case] script: Script) {
    let server = Server::always(script).await;
    let answer = add(&server.url).await.answer;
    assert!(matches!(answer, Answer::Lost(Loss::Broken(_))), "{answer:?}");
    assert!(server.requests().len() <= 1, "sent again: {:?}", server.requests());
}

fn many_headers(count: usize) -> Vec<u8> {
    let headers: String = (0..count).map(|n| format!("X-{n}: y\r\n")).collect();
    answer("201 Created", &headers, "{}")
}

fn huge_head() -> Vec<u8> {
    answer("201 Created", &format!("X: {}\r\n", "y".repeat(1 << 20)), "{}")
}

#[rstest]
#[case::hang_before_reading(Script::Hang)]
#[case::hang_after_reading(Script::Answer(vec![], End::Silence))]
#[case::hang_in_the_head(Script::Answer(b"HTTP/1.1 201 Created\r\n".to_vec(), End::Silence))]
#[case::endless_continue(Script::Drip(b"HTTP/1.1 100 Continue\r\n\r\n".repeat(50)))]
#[case::a_byte_now_and_then(Script::Drip(answer("201 Created", "", "{}")))]
#[tokio::test]
async fn a_silent_server_costs_the_timeout_and_proves_nothing(#[case] script: Script) {
    let server = Server::always(script).await;
    let answer = hurried(&server.url).add(&participant()).await.answer;
    assert!(matches!(answer, Answer::Lost(Loss::TimedOut)), "{answer:?}");
}

/// The status has come: it was applied, whatever becomes of the body.
#[rstest]
#[case::cut_short(Script::Answer(cut_short("201 Created"), End::Fin), Flaw::NotJson)]
#[case::reset(Script::Answer(cut_short("201 Created"), End::Rst), Flaw::NotJson)]
#[case::empty(Script::Answer(answer("201 Created", "", ""), End::Fin), Flaw::NotJson)]
#[case::no_content(Script::Answer(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(), End::Fin), Flaw::NotJson)]
#[case::gzip(Script::Answer(gzipped(), End::Fin), Flaw::NotJson)]
#[case::broken_chunks(Script::Answer(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec(), End::Fin), Flaw::NotJson)]
#[case::announced_too_large(Script::Answer(b"HTTP/1.1 201 Created\r\nContent-Length: 50000000\r\n\r\n{".to_vec(), End::Silence), Flaw::TooLarge)]
#[case::grows_too_large(Script::Answer(too_large(), End::Silence), Flaw::TooLarge)]
#[tokio::test]
async fn a_2xx_without_its_body_was_applied(#[case] script: Script, #[case] flaw: Flaw) {
    let server = Server::always(script).await;
    let answer = add(&server.url).await.answer;
    let Answer::Flawed { flaw: found, remote_id: None } = answer else { panic!("{answer:?}") };
    assert_eq!(found, flaw);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_2xx_whose_body_never_ends_was_applied() {
    let server = Server::always(Script::Answer(cut_short("201 Created"), End::Silence)).await;
    let answer = hurried(&server.url).add(&participant()).await.answer;
    assert!(matches!(answer, Answer::Flawed { flaw: Flaw::NotJson, .. }), "{answer:?}");
}

fn cut_short(status: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: 900\r\n\r\n{{\"success\":true,").into_bytes()
}

fn gzipped() -> Vec<u8> {
    let body = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";
    let head =
        format!("HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn too_large() -> Vec<u8> {
    let head = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n".to_vec();
    [head, b" ".repeat(0x0020_0000)].concat()
}

#[tokio::test]
async fn a_failure_that_is_cut_short_is_still_that_failure() {
    let server = Server::always(Script::Answer(cut_short("422 Unprocessable"), End::Fin)).await;
    let answer = add(&server.url).await.answer;
    let Answer::Failure(failure) = answer else { panic!("{answer:?}") };
    assert_eq!((failure.status, failure.code, failure.message.as_str()), (422, None, ""));
}

/// A POST on a kept connection that dies after it was read is lost; the client must not send it again by itself.
#[rstest]
#[tokio::test]
async fn nothing_is_sent_twice_on_a_connection_that_dies(#[values(End::Fin, End::Rst)] end: End) {
    let kept = Script::DieOnSecond(answer("500 Oops", "", ""), end);
    let server = Server::start(vec![kept, Script::Answer(answer("500 Oops", "", ""), End::KeepAlive)]).await;
    let api = api(&server.url);
    api.add(&participant()).await;
    let answer = api.add(&participant()).await.answer;
    assert!(matches!(answer, Answer::Lost(Loss::Broken(_))), "{answer:?}");
    assert_eq!(server.requests().len(), 2);
}

#[rstest]
#[case("301 Moved")]
#[case("302 Found")]
#[case("303 See Other")]
#[case("307 Temporary Redirect")]
#[case("308 Permanent Redirect")]
#[tokio::test]
async fn a_redirect_is_never_followed(#[case] status: &str) {
    let server = Server::answering(status, "Location: /client/v4/elsewhere\r\n", "").await;
    let answer = add(&server.url).await.answer;
    let Answer::Failure(failure) = answer else { panic!("{answer:?}") };
    assert_eq!(failure.status.to_string(), status[..3]);
    assert_eq!(server.requests().len(), 1);
}

#[rstest]
#[case("408 Request Timeout")]
#[case("425 Too Early")]
#[case("429 Too Many Requests")]
#[case("500 Oops")]
#[case("503 Unavailable")]
#[case("524 A Timeout Occurred")]
#[case("599 What")]
#[tokio::test]
async fn no_status_makes_the_client_send_again(#[case] status: &str) {
    let server = Server::answering(status, "Retry-After: 0\r\n", "").await;
    let answer = add(&server.url).await.answer;
    assert!(matches!(answer, Answer::Failure(_)), "{answer:?}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_connect_timeout_that_could_not_be_told_from_the_timeout_is_refused() {
    let mut settings = settings("http://127.0.0.1:1");
    settings.connect_timeout = settings.timeout;
    assert!(matches!(HttpApi::new(&settings), Err(HttpError::Timeouts { .. })));
}
