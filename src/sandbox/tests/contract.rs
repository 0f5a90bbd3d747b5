//! What the contract says, it does.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Bench, Got};
use crate::model::{JoinToken, MeetingId};
use crate::sandbox::{MeetingStatus, Quota, Sandbox, SandboxError, SandboxSettings};

const PRESET: &str = r#""preset_name":"webinar_viewer""#;

async fn bench() -> Bench {
    Bench::start(SandboxSettings::default()).await
}

#[tokio::test]
async fn an_added_participant_comes_with_a_token() {
    let got = bench().await.add("a-1").await;
    let body = got.json();
    assert_eq!((got.status, &body["success"]), (201, &Value::Bool(true)));
    assert_eq!(body["data"]["custom_participant_id"], "a-1");
    assert_eq!(body["data"]["name"], "Ann");
    assert_eq!(body["data"]["picture"], Value::Null);
    let token = JoinToken::new(body["data"]["token"].as_str().unwrap().to_owned());
    let created: jiff::Timestamp = body["data"]["created_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(token.expires_at().map(jiff::Timestamp::as_second), Some(created.as_second() + 24 * 60 * 60));
}

#[tokio::test]
async fn the_same_id_twice_makes_two_participants() {
    let bench = bench().await;
    let (first, second) = (bench.add("a").await.json(), bench.add("a").await.json());
    assert_ne!(first["data"]["id"], second["data"]["id"]);
    let stats = bench.sandbox.stats();
    assert_eq!((stats.adds_received, stats.adds_applied, stats.participants), (2, 2, 2));
    assert_eq!((stats.max_participants_per_id, stats.duplicates), (2, 1));
}

#[tokio::test]
async fn ids_are_the_same_in_every_run() {
    let (first, second) = (bench().await, bench().await);
    let later = second.add("b").await.json();
    let one = first.add("a").await.json();
    assert_eq!(one["data"]["id"], second.add("a").await.json()["data"]["id"]);
    assert_eq!(later["data"]["id"], first.add("b").await.json()["data"]["id"]);
}

#[tokio::test]
async fn pages_hold_everyone_once_in_order_and_no_token() {
    let bench = Bench::start(SandboxSettings { max_per_page: 3, ..SandboxSettings::default() }).await;
    for id in ["d", "a", "c", "b"] {
        bench.add(id).await;
    }
    assert_eq!(bench.listed("").await, ["d", "a", "c"]);
    assert_eq!(bench.listed("?page_no=1&per_page=100").await, ["d", "a", "c"]);
    assert_eq!(bench.listed("?page_no=2&per_page=3").await, ["b"]);
    assert_eq!(bench.listed("?page_no=2&per_page=2").await, ["c", "b"]);
    assert!(bench.listed("?page_no=18446744073709551615&per_page=9").await.is_empty());
    let page = bench.call("GET", &format!("{}?page_no=2", bench.participants()), "").await.json();
    assert_eq!(page["paging"], json!({"total_count": 4, "start_offset": 4, "end_offset": 4}));
    assert_eq!(page["data"][0].get("token"), None);
}

#[tokio::test]
async fn pages_can_begin_with_0() {
    let bench = Bench::start(SandboxSettings { first_page: 0, ..SandboxSettings::default() }).await;
    bench.add("a").await;
    assert_eq!(bench.listed("?page_no=0&per_page=1").await, ["a"]);
    assert!(bench.listed("?page_no=1&per_page=1").await.is_empty());
}

#[tokio::test]
async fn a_participant_is_read_changed_refreshed_and_removed() {
    let bench = bench().await;
    let added = bench.add("a").await.json();
    let path = format!("{}/{}", bench.participants(), added["data"]["id"].as_str().unwrap());

    let found = bench.call("GET", &path, "").await.json();
    assert_eq!((&found["data"]["name"], found["data"].get("token")), (&json!("Ann"), None));

    let changed = bench.call("PATCH", &path, r#"{"name":"Bo","preset_name":"group_call_host"}"#).await.json();
    assert_eq!(
        (&changed["data"]["name"], &changed["data"]["preset_name"]),
        (&json!("Bo"), &json!("group_call_host"))
    );
    assert_eq!(bench.call("PATCH", &path, r#"{"preset_name":"nobody"}"#).await.status, 422);

    let refreshed = bench.call("POST", &format!("{path}/token"), "").await;
    assert_eq!(refreshed.status, 200);
    let tokens = [&added["data"]["token"], &changed["data"]["token"], &refreshed.json()["data"]["token"]];
    assert!(tokens.iter().all(|token| token.is_string()) && tokens[0] != tokens[1] && tokens[1] != tokens[2]);

    let removed = bench.call("DELETE", &path, "").await;
    assert_eq!((removed.status, &removed.json()["data"]["custom_participant_id"]), (200, &json!("a")));
    assert_eq!(bench.call("DELETE", &path, "").await.status, 404);
    for (method, path) in [("POST", format!("{path}/token")), ("PATCH", path.clone()), ("GET", path)] {
        assert_eq!(bench.call(method, &path, "{}").await.status, 404, "{method}");
    }
    assert_eq!((bench.participants_held(), bench.sandbox.stats().adds_applied), (0, 1));
}

#[tokio::test]
async fn removing_one_leaves_the_others_where_they_are() {
    let bench = bench().await;
    bench.add("a").await;
    let gone = bench.add("b").await.json();
    bench.add("c").await;
    bench
        .call("DELETE", &format!("{}/{}", bench.participants(), gone["data"]["id"].as_str().unwrap()), "")
        .await;
    let last = bench.add("d").await.json();
    assert_eq!(bench.listed("").await, ["a", "c", "d"]);
    let path = format!("{}/{}", bench.participants(), last["data"]["id"].as_str().unwrap());
    assert_eq!(bench.call("GET", &path, "").await.json()["data"]["custom_participant_id"], "d");
}

#[tokio::test]
async fn meetings_and_presets_are_told() {
    let inactive = MeetingId::new(Uuid::from_u128(7));
    let mut settings = SandboxSettings::default();
    settings.meetings.push((inactive, MeetingStatus::Inactive));
    let bench = Bench::start(settings).await;
    let meeting = bench.call("GET", &format!("/meetings/{inactive}"), "").await.json();
    assert_eq!((&meeting["data"]["id"], &meeting["data"]["status"]), (&json!(inactive), &json!("INACTIVE")));
    let presets = bench.call("GET", "/presets?page_no=2&per_page=3", "").await.json();
    assert_eq!(presets["data"][0]["name"], "webinar_viewer");
    assert_eq!(presets["paging"]["total_count"], 4);
}

#[rstest]
#[case::not_json("{", 400)]
#[case::nothing("", 400)]
#[case::no_object("[]", 422)]
#[case::no_id(&format!("{{{PRESET}}}"), 422)]
#[case::empty_id(&format!(r#"{{"custom_participant_id":"",{PRESET}}}"#), 422)]
#[case::no_text(&format!(r#"{{"custom_participant_id":7,{PRESET}}}"#), 422)]
#[case::no_preset(r#"{"custom_participant_id":"a"}"#, 422)]
#[case::unknown_preset(r#"{"custom_participant_id":"a","preset_name":"Webinar_Viewer"}"#, 422)]
#[case::no_picture(&format!(r#"{{"custom_participant_id":"a",{PRESET},"picture":"me.png"}}"#), 422)]
#[case::too_large(&" ".repeat(300 * 1024), 413)]
#[case::nulls(&format!(r#"{{"custom_participant_id":"a",{PRESET},"name":null,"picture":null}}"#), 201)]
#[tokio::test]
async fn a_body_is_checked(#[case] body: &str, #[case] status: u16) {
    let bench = bench().await;
    assert_eq!(bench.call("POST", &bench.participants(), body).await.status, status);
    assert_eq!(bench.participants_held(), u64::from(status == 201));
}

#[tokio::test]
async fn unknown_things_are_404_in_realtimekits_shape() {
    let bench = bench().await;
    let unknown = "/meetings/5a4db0c5-7e57-4000-8000-00000000dead";
    for (method, path) in
        [("GET", ""), ("GET", "/participants"), ("GET", "/participants/5a4db0c5-7e57-4000-8000-000000000001")]
    {
        let got = bench.call(method, &format!("{unknown}{path}"), "").await;
        assert_eq!((got.status, &got.json()["error"]["code"]), (404, &json!(404)), "{path}");
    }
    let body = format!(r#"{{"custom_participant_id":"a",{PRESET}}}"#);
    assert_eq!(bench.call("POST", &format!("{unknown}/participants"), &body).await.status, 404);
    assert_eq!(bench.call("GET", "/nothing", "").await.json()["errors"][0]["code"], 7003);
    assert_eq!(bench.sandbox.stats().requests["other"], 1);
}

#[rstest]
#[case::token("Bearer ", "Bearer x", 401, Some(10000))]
#[case::no_token("authorization: ", "x-nothing: ", 401, Some(10000))]
#[case::account("/accounts/", "/accounts/x", 403, Some(10000))]
#[case::app("/kit/", "/kit/x", 404, None)]
#[tokio::test]
async fn strangers_are_turned_away(
    #[case] from: &str,
    #[case] to: &str,
    #[case] status: u16,
    #[case] gateway_code: Option<i64>,
) {
    let bench = bench().await;
    let got = Got::read(&bench.send(&bench.add_request("a").replacen(from, to, 1)).await.unwrap());
    assert_eq!((got.status, got.json()["errors"][0]["code"].as_i64()), (status, gateway_code));
    assert_eq!(bench.participants_held(), 0);
}

#[tokio::test]
async fn an_exceeded_quota_blocks_every_request() {
    let quota = Some(Quota { requests: 2, window: Duration::from_secs(300) });
    let bench = Bench::start(SandboxSettings { quota, ..SandboxSettings::default() }).await;
    let first = bench.add("a").await;
    assert_eq!(first.header("ratelimit"), Some(r#""default";r=1;t=300"#));
    assert_eq!(first.header("ratelimit-policy"), Some(r#""default";q=2;w=300"#));
    bench.add("b").await;
    let exceeding = bench.add("c").await;
    assert_eq!((exceeding.status, exceeding.header("retry-after")), (429, Some("300")));
    assert!(exceeding.json()["errors"][0]["code"].is_i64());
    assert_eq!(bench.call("GET", "/presets", "").await.status, 429);
    let stats = bench.sandbox.stats();
    assert_eq!((stats.throttled, stats.requests_while_blocked, stats.adds_received), (2, 1, 3));
    let meeting = bench.sandbox.settings().meetings[0].0;
    let counts = bench.sandbox.id_counts()[&meeting]["c"];
    assert_eq!((counts.posts, counts.throttled, counts.living), (1, 1, 0));
}

#[tokio::test]
async fn without_a_quota_nothing_is_announced() {
    let got = Bench::with_faults(&[]).await.add("a").await;
    assert_eq!((got.status, got.header("ratelimit"), got.header("ratelimit-policy")), (201, None, None));
}

#[tokio::test]
async fn the_counters_can_be_asked_for_without_spending_quota() {
    let quota = Some(Quota { requests: 2, window: Duration::from_secs(300) });
    let bench = Bench::start(SandboxSettings { quota, ..SandboxSettings::default() }).await;
    bench.add("a").await;
    let ask = async |query: &str| {
        let request = format!("GET /__sandbox/stats{query} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        Got::read(&bench.send(&request).await.unwrap()).json()
    };
    let plain = ask("").await;
    assert_eq!((&plain["requests"], plain.get("ids")), (&json!({"add": 1}), None));
    let meeting = bench.sandbox.settings().meetings[0].0.to_string();
    let counted = &ask("?ids=1").await["ids"][meeting]["a"];
    assert_eq!((&counted["posts"], &counted["added"], &counted["living"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(bench.add("b").await.header("ratelimit"), Some(r#""default";r=0;t=300"#));
    assert_eq!((bench.sandbox.stats().connections, bench.sandbox.stats().largest_in_flight), (4, 1));
}

#[rstest]
#[case("0.0.0.0:0")]
#[case("192.0.2.1:0")]
#[case("[::]:0")]
#[tokio::test]
async fn it_listens_on_this_machine_only(#[case] listen: &str) {
    let settings = SandboxSettings { listen: listen.parse().unwrap(), ..SandboxSettings::default() };
    assert!(matches!(Sandbox::start(settings).await, Err(SandboxError::NotLoopback(_))));
}

#[tokio::test]
async fn what_it_cannot_serve_it_does_not_start_with() {
    let taken = bench().await;
    let start = async |change: &dyn Fn(&mut SandboxSettings)| {
        let mut settings = SandboxSettings::default();
        change(&mut settings);
        Sandbox::start(settings).await
    };
    assert!(matches!(start(&|s| s.listen = taken.address).await, Err(SandboxError::Listen { .. })));
    assert!(matches!(start(&|s| s.account_id.push('/')).await, Err(SandboxError::InvalidId(_))));
    assert!(matches!(start(&|s| s.meetings.clear()).await, Err(SandboxError::NoMeeting)));
}

#[tokio::test]
async fn after_a_shutdown_nobody_listens() {
    let bench = bench().await;
    bench.add("a").await;
    bench.sandbox.shutdown().await.unwrap();
    assert!(tokio::net::TcpStream::connect(bench.address).await.is_err());
}
