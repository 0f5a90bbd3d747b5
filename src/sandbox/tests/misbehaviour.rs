//! What a fault's name says, it does: to the client and to what is held.

use std::io::{self, Read};
use std::time::Duration;

use rstest::rstest;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{Bench, Got};
use crate::sandbox::SandboxSettings;

#[rstest]
#[case("refuse", 422, false)]
#[case("not-found", 404, false)]
#[case("unauthorized", 401, false)]
#[case("forbidden", 403, false)]
#[case("conflict", 409, false)]
#[case("conflict-after", 409, true)]
#[case("throttle", 429, false)]
#[case("400", 400, false)]
#[case("408", 408, false)]
#[case("408-after", 408, true)]
#[case("500", 500, false)]
#[case("500-after", 500, true)]
#[case("502-after", 502, true)]
#[case("503", 503, false)]
#[case("504-after", 504, true)]
#[case("520", 520, false)]
#[case("524-after", 524, true)]
#[case("html", 502, false)]
#[case("redirect", 307, false)]
#[case("empty", 201, true)]
#[case("not-json", 201, true)]
#[case("not-success", 201, true)]
#[case("no-id", 201, true)]
#[case("wrong-echo", 201, true)]
#[case("gzip", 201, true)]
#[case("stale", 201, true)]
#[tokio::test]
async fn an_answer_of_a_fault_has_its_status_and_its_effect(
    #[case] fault: &str,
    #[case] status: u16,
    #[case] applied: bool,
) {
    let bench = Bench::with_faults(&[&format!("{fault}=1")]).await;
    assert_eq!(bench.add("a").await.status, status);
    let stats = bench.sandbox.stats();
    assert_eq!((stats.adds_received, stats.adds_applied), (1, u64::from(applied)));
    assert_eq!(stats.faults[fault], 1);
}

#[rstest]
#[case("close", None, false)]
#[case("close-after", None, true)]
#[case("reset", Some(io::ErrorKind::ConnectionReset), false)]
#[case("reset-after", Some(io::ErrorKind::ConnectionReset), true)]
#[case("late-apply", None, false)]
#[tokio::test]
async fn a_connection_ends_without_an_answer(
    #[case] fault: &str,
    #[case] error: Option<io::ErrorKind>,
    #[case] applied: bool,
) {
    let bench = Bench::with_faults(&[&format!("{fault}=1")]).await;
    match bench.send(&bench.add_request("a")).await {
        Ok(bytes) => assert_eq!((bytes.len(), error), (0, None)),
        Err(seen) => assert_eq!(Some(seen.kind()), error),
    }
    assert_eq!(bench.participants_held(), u64::from(applied));
}

#[tokio::test]
async fn a_kept_connection_can_end_too() {
    let bench = Bench::with_faults(&["reset-after=#2"]).await;
    let (first, second) = (bench.add_request("a"), bench.add_request("b"));
    let kept = first.replace("connection: close\r\n", "");
    let error = bench.send(&format!("{kept}{second}")).await.unwrap_err();
    assert_eq!((error.kind(), bench.participants_held()), (io::ErrorKind::ConnectionReset, 2));
}

#[rstest]
#[case("garbage", b"\0\xff")]
#[case("cut-head", b"HTTP/1.1 20")]
#[case("bad-length", b"HTTP/1.1 201 Created\r\ncontent-length: -7")]
#[case("only-100-after", b"HTTP/1.1 100")]
#[case("flood-103", b"HTTP/1.1 103")]
#[tokio::test]
async fn noise_comes_in_place_of_an_answer(#[case] fault: &str, #[case] beginning: &[u8]) {
    let bench = Bench::with_faults(&[&format!("{fault}=1")]).await;
    let bytes = bench.send(&bench.add_request("a")).await.unwrap();
    assert!(bytes.starts_with(beginning));
    assert_eq!(bench.participants_held(), u64::from(fault.ends_with("-after")));
}

#[rstest]
#[case("hang", 0)]
#[case("hang-after", 1)]
#[tokio::test]
async fn a_hanging_answer_never_comes_and_ends_with_the_client(
    #[case] fault: &str,
    #[case] participants: u64,
) {
    let bench = Bench::with_faults(&[&format!("{fault}=ID:a")]).await;
    let mut stream = TcpStream::connect(bench.address).await.unwrap();
    stream.write_all(bench.add_request("a").as_bytes()).await.unwrap();
    bench.until(|stats| stats.adds_received > 0).await;
    assert_eq!(bench.participants_held(), participants);
    assert_eq!(stream.try_read(&mut [0; 1]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert_eq!(bench.sandbox.stats().in_flight, 1);
    drop(stream);
    bench.until(|stats| stats.in_flight == 0).await;
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_hanging_answer() {
    let bench = Bench::with_faults(&["hang=1"]).await;
    let mut stream = TcpStream::connect(bench.address).await.unwrap();
    stream.write_all(bench.add_request("a").as_bytes()).await.unwrap();
    bench.until(|stats| stats.adds_received > 0).await;
    bench.sandbox.shutdown().await.unwrap();
    let mut rest = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest).await.unwrap();
    assert!(rest.is_empty());
}

#[tokio::test]
async fn half_a_request_delays_no_shutdown_and_takes_no_effect_after_it() {
    let bench = Bench::with_faults(&[]).await;
    let request = bench.add_request("a");
    let (first, second) = request.as_bytes().split_at(request.len() - 1);
    let mut stream = TcpStream::connect(bench.address).await.unwrap();
    stream.write_all(first).await.unwrap();
    bench.until(|stats| stats.in_flight > 0).await;
    let server = std::sync::Arc::clone(&bench.sandbox.server);
    bench.sandbox.shutdown().await.unwrap();
    stream.write_all(second).await.unwrap();
    let mut rest = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest).await.unwrap();
    assert_eq!((rest.len(), server.stats().adds_received), (0, 0));
}

#[tokio::test]
async fn a_late_add_takes_effect_after_its_answer() {
    let faults = vec!["504-late=1".parse().unwrap()];
    let late_by = Duration::from_millis(20);
    let bench = Bench::start(SandboxSettings { faults, late_by, ..SandboxSettings::default() }).await;
    assert_eq!(bench.add("a").await.status, 504);
    bench.until(|stats| stats.participants > 0).await;
    assert_eq!(bench.listed("").await, ["a"]);
}

#[tokio::test]
async fn a_truncated_answer_announces_more_than_comes() {
    let bench = Bench::with_faults(&["truncated=1"]).await;
    let got = bench.add("a").await;
    let announced: usize = got.header("content-length").unwrap().parse().unwrap();
    assert_eq!((got.status, got.body.len()), (201, announced / 2));
    assert_eq!(bench.participants_held(), 1);
}

#[tokio::test]
async fn a_slow_answer_comes_whole_in_the_end() {
    let faults = vec!["slow=1".parse().unwrap()];
    let bench =
        Bench::start(SandboxSettings { faults, slow_byte: Duration::ZERO, ..SandboxSettings::default() })
            .await;
    assert_eq!(bench.add("a").await.json()["data"]["custom_participant_id"], "a");
}

#[tokio::test]
async fn a_huge_answer_is_huge() {
    let bench = Bench::with_faults(&["huge=1"]).await;
    let got = bench.add("a").await;
    assert_eq!(got.status, 201);
    assert!(got.body.len() > 50 * 1024 * 1024);
}

#[tokio::test]
async fn a_gzip_answer_is_gzip() {
    let bench = Bench::with_faults(&["gzip=1"]).await;
    let got = bench.add("a").await;
    let mut text = String::new();
    flate2::read::GzDecoder::new(got.body.as_slice()).read_to_string(&mut text).unwrap();
    assert_eq!(got.header("content-encoding"), Some("gzip"));
    assert!(text.contains(r#""custom_participant_id":"a""#));
}

#[tokio::test]
async fn a_redirect_leads_to_itself() {
    let bench = Bench::with_faults(&["redirect=1"]).await;
    let got = bench.add("a").await;
    assert!(got.header("location").unwrap().ends_with(&bench.participants()));
}

#[rstest]
#[case(Some("-5"))]
#[case(None)]
#[tokio::test]
async fn a_throttle_says_what_the_settings_say(#[case] retry_after: Option<&str>) {
    let settings = SandboxSettings {
        faults: vec!["throttle=1".parse().unwrap()],
        throttle_retry_after: retry_after.map(str::to_owned),
        ..SandboxSettings::default()
    };
    let bench = Bench::start(settings).await;
    assert_eq!(bench.add("a").await.header("retry-after"), retry_after);
    assert_eq!(bench.sandbox.stats().throttled, 1);
}

#[tokio::test]
async fn a_list_can_lag() {
    let faults = vec!["list-lag=#1".parse().unwrap()];
    let list_lag = Duration::from_secs(3_600);
    let bench = Bench::start(SandboxSettings { faults, list_lag, ..SandboxSettings::default() }).await;
    bench.add("a").await;
    assert!(bench.listed("").await.is_empty());
    assert_eq!(bench.listed("").await, ["a"]);
}

#[tokio::test]
async fn a_list_can_be_shorter_than_it_says() {
    let bench = Bench::with_faults(&["list-short=#1", "list-500=#2"]).await;
    bench.add("a").await;
    let page = bench.call("GET", &bench.participants(), "").await.json();
    assert_eq!((&page["paging"]["total_count"], page["data"].as_array().map(Vec::len)), (&2.into(), Some(1)));
    assert_eq!(bench.call("GET", &bench.participants(), "").await.status, 500);
}

#[rstest]
#[case("list-short", 5, &["b", "c"])]
#[case("list-long", 3, &["b", "c"])]
#[case("list-empty", 4, &[])]
#[case("list-first", 4, &["a", "d"])]
#[tokio::test]
async fn a_page_can_be_wrong(#[case] fault: &str, #[case] total: u64, #[case] shown: &[&str]) {
    let bench = Bench::with_faults(&[&format!("{fault}=1")]).await;
    for id in ["a", "d", "b", "c"] {
        bench.add(id).await;
    }
    let query = "?page_no=2&per_page=2";
    let page = bench.call("GET", &format!("{}{query}", bench.participants()), "").await.json();
    assert_eq!(
        (page["paging"]["total_count"].as_u64(), bench.listed(query).await),
        (Some(total), owned(shown))
    );
}

fn owned(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[tokio::test]
async fn a_page_can_have_no_total() {
    let bench = Bench::with_faults(&["list-no-total=1"]).await;
    let page = bench.call("GET", &bench.participants(), "").await.json();
    assert_eq!((page["paging"].get("total_count"), page["paging"]["start_offset"].as_u64()), (None, Some(0)));
}

#[tokio::test]
async fn a_stale_connection_answers_once() {
    let bench = Bench::with_faults(&["stale=1"]).await;
    let kept = bench.add_request("a").replace("connection: close\r\n", "");
    let mut stream = TcpStream::connect(bench.address).await.unwrap();
    stream.write_all(kept.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 201");
    // The system may refuse the write already, if it has seen the reset.
    let _ = stream.write_all(bench.add_request("b").as_bytes()).await;
    let error = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(bench.sandbox.stats().adds_received, 1);
}

#[tokio::test]
async fn a_fault_can_be_of_another_kind_of_request() {
    let bench = Bench::with_faults(&["503=ID:a@token", "418=1@presets"]).await;
    let added = bench.add("a").await.json();
    let path = format!("{}/{}/token", bench.participants(), added["data"]["id"].as_str().unwrap());
    assert_eq!(bench.call("POST", &path, "").await.status, 503);
    assert_eq!(bench.call("POST", &path, "").await.status, 200);
    assert_eq!(bench.call("GET", "/presets", "").await.status, 418);
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_take_back_its_add() {
    let latency = Duration::from_millis(40);
    let bench = Bench::start(SandboxSettings { latency, ..SandboxSettings::default() }).await;
    let mut stream = TcpStream::connect(bench.address).await.unwrap();
    stream.write_all(bench.add_request("a").as_bytes()).await.unwrap();
    bench.until(|stats| stats.largest_in_flight > 0).await;
    drop(stream);
    bench.until(|stats| stats.participants > 0).await;
}

#[rstest]
#[case("nonsense\r\n\r\n")]
#[case("GET / HTTP/1.1\r\n\r\n")]
#[case(
    "POST /client/v4/accounts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\nzz\r\n"
)]
#[case("GET /__sandbox/stats/%00?ids HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")]
#[tokio::test]
async fn what_is_no_request_gets_a_4xx(#[case] request: &str) {
    let bench = Bench::with_faults(&[]).await;
    let mut stream = TcpStream::connect(bench.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut bytes = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut bytes).await.unwrap();
    assert!((400..500).contains(&Got::read(&bytes).status));
    assert_eq!(bench.add("a").await.status, 201);
}
