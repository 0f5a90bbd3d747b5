//! What the contract leaves open, in every mood; another writer; what is counted of updates, removals and tokens.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};

use super::{Bench, Got};
use crate::model::JoinToken;
use crate::sandbox::{
    IdCounts, ListOrder, Moods, NullPicture, Offsets, OlderTokens, SandboxSettings, SecondAdd, TokenStanding,
};

async fn in_mood(moods: Moods) -> Bench {
    Bench::start(SandboxSettings { moods, quota: None, ..SandboxSettings::default() }).await
}

fn path(bench: &Bench, participant: &Value) -> String {
    format!("{}/{}", bench.participants(), participant["data"]["id"].as_str().unwrap())
}

fn token(answer: &Value) -> JoinToken {
    JoinToken::new(answer["data"]["token"].as_str().unwrap().to_owned())
}

fn counts(bench: &Bench, id: &str) -> IdCounts {
    let meeting = bench.sandbox.settings().meetings[0].0;
    bench.sandbox.id_counts()[&meeting][id]
}

#[rstest]
#[case(SecondAdd::Another, 201, 2, false)]
#[case(SecondAdd::Refuse, 409, 1, false)]
#[case(SecondAdd::Same, 201, 1, true)]
#[tokio::test]
async fn a_second_add_of_an_id(
    #[case] second_add: SecondAdd,
    #[case] status: u16,
    #[case] held: u64,
    #[case] same: bool,
) {
    let bench = in_mood(Moods { second_add, ..Moods::default() }).await;
    let (first, second) = (bench.add("a").await.json(), bench.add("a").await);
    assert_eq!((second.status, bench.participants_held()), (status, held));
    assert_eq!(second.json()["data"]["id"] == first["data"]["id"], same);
    assert_eq!(second.json()["data"]["token"].is_string(), status == 201);
    assert_eq!(bench.sandbox.stats().adds_applied, held);
    assert_eq!(bench.sandbox.stats().duplicates, held - 1);
}

#[rstest]
#[tokio::test]
async fn who_was_removed_is_added_again_in_any_mood(#[values("another", "refuse", "same")] mood: &str) {
    let bench = in_mood(Moods { second_add: mood.parse().unwrap(), ..Moods::default() }).await;
    let first = bench.add("a").await.json();
    bench.call("DELETE", &path(&bench, &first), "").await;
    let again = bench.add("a").await;
    assert_eq!(again.status, 201);
    assert_ne!(again.json()["data"]["id"], first["data"]["id"]);
}

#[rstest]
#[case(OlderTokens::Stay, TokenStanding::Good)]
#[case(OlderTokens::End, TokenStanding::Ended)]
#[tokio::test]
async fn what_a_new_token_does_to_the_older_ones(
    #[case] older_tokens: OlderTokens,
    #[case] standing: TokenStanding,
) {
    let bench = in_mood(Moods { older_tokens, ..Moods::default() }).await;
    let added = bench.add("a").await.json();
    let path = path(&bench, &added);
    let refreshed = bench.call("POST", &format!("{path}/token"), "").await.json();
    assert_eq!(bench.sandbox.token_standing(&token(&added)), standing);
    let updated = bench.call("PATCH", &path, "{}").await.json();
    assert_eq!(bench.sandbox.token_standing(&token(&refreshed)), standing);
    assert_eq!(bench.sandbox.token_standing(&token(&updated)), TokenStanding::Good);
    bench.call("DELETE", &path, "").await;
    assert_eq!(bench.sandbox.token_standing(&token(&updated)), TokenStanding::Gone);
    assert_eq!(bench.sandbox.token_standing(&JoinToken::new("x".to_owned())), TokenStanding::Unknown);
}

#[tokio::test]
async fn a_token_is_good_until_its_end() {
    let settings = SandboxSettings { token_lifetime: Duration::ZERO, ..SandboxSettings::default() };
    let bench = Bench::start(settings).await;
    let added = bench.add("a").await.json();
    assert_eq!(bench.sandbox.token_standing(&token(&added)), TokenStanding::Expired);
}

#[rstest]
#[case(NullPicture::Clears, Value::Null)]
#[case(NullPicture::Keeps, json!("https://example.com/a.png"))]
#[tokio::test]
async fn what_null_does_to_a_picture(#[case] null_picture: NullPicture, #[case] left: Value) {
    let bench = in_mood(Moods { null_picture, ..Moods::default() }).await;
    let path = path(&bench, &bench.add("a").await.json());
    let patch = async |body: &str| bench.call("PATCH", &path, body).await.json();
    patch(r#"{"picture":"https://example.com/a.png"}"#).await;
    let named = patch(r#"{"name":"Bo"}"#).await;
    assert_eq!(named["data"]["picture"], "https://example.com/a.png");
    assert_eq!(patch(r#"{"picture":null}"#).await["data"]["picture"], left);
    assert_eq!(bench.call("GET", &path, "").await.json()["data"]["picture"], left);
    assert_eq!(bench.call("PATCH", &path, r#"{"picture":"me.png"}"#).await.status, 422);
}

#[rstest]
#[case(ListOrder::Oldest, &["d", "a", "c", "b"])]
#[case(ListOrder::Newest, &["b", "c", "a", "d"])]
#[tokio::test]
async fn the_order_of_a_list(#[case] list_order: ListOrder, #[case] order: &[&str]) {
    let bench = in_mood(Moods { list_order, ..Moods::default() }).await;
    for id in ["d", "a", "c", "b"] {
        bench.add(id).await;
    }
    assert_eq!(bench.listed("").await, order);
    assert_eq!(bench.listed("?page_no=2&per_page=3").await, order[3..]);
}

#[tokio::test]
async fn a_scattered_list_holds_everyone_once() {
    let bench = in_mood(Moods { list_order: ListOrder::Scattered, ..Moods::default() }).await;
    let ids: Vec<String> = (0..9).map(|n| n.to_string()).collect();
    for id in &ids {
        bench.add(id).await;
    }
    let mut listed = bench.listed("?page_no=1&per_page=4").await;
    listed.extend(bench.listed("?page_no=2&per_page=4").await);
    listed.extend(bench.listed("?page_no=3&per_page=4").await);
    assert_ne!(listed, ids);
    listed.sort();
    assert_eq!(listed, ids);
}

#[rstest]
#[case("1-3", 3, 4)]
#[case("0-2", 2, 3)]
#[case("0-3", 2, 4)]
#[tokio::test]
async fn how_pages_count(#[case] offsets: Offsets, #[case] start: u64, #[case] end: u64) {
    let bench = in_mood(Moods { offsets, ..Moods::default() }).await;
    for id in ["a", "b", "c", "d"] {
        bench.add(id).await;
    }
    let page = bench.call("GET", &format!("{}?page_no=2&per_page=2", bench.participants()), "").await.json();
    assert_eq!(page["paging"], json!({"total_count": 4, "start_offset": start, "end_offset": end}));
}

#[tokio::test]
async fn an_unknown_preset_is_refused_with_the_status_that_was_set() {
    let bench = in_mood(Moods { unknown_preset: Some(404), ..Moods::default() }).await;
    let path = path(&bench, &bench.add("a").await.json());
    let body = r#"{"custom_participant_id":"b","preset_name":"hots"}"#;
    assert_eq!(bench.call("POST", &bench.participants(), body).await.status, 404);
    assert_eq!(bench.call("PATCH", &path, r#"{"preset_name":"hots"}"#).await.status, 404);
}

#[rstest]
#[case("aaaaa", 201)]
#[case("ééééé", 201)]
#[case("aaaaaa", 422)]
#[tokio::test]
async fn a_text_that_is_too_long_is_refused(#[case] text: &str, #[case] status: u16) {
    let bench = in_mood(Moods { longest_text: Some(5), ..Moods::default() }).await;
    assert_eq!(bench.add(text).await.status, status);
    let body = json!({"custom_participant_id": "x", "preset_name": "webinar_viewer", "name": text});
    let named = bench.call("POST", &bench.participants(), &body.to_string()).await;
    assert_eq!(named.status, status);
    if status == 201 {
        let changed = bench.call("PATCH", &path(&bench, &named.json()), r#"{"name":"Bartholomew"}"#).await;
        assert_eq!(changed.status, 422);
    }
}

/// Updates, removals and refreshes are counted for each id where they took effect, and only there.
#[tokio::test]
async fn what_happens_to_each_id_is_counted() {
    let bench = in_mood(Moods::default()).await;
    let path = path(&bench, &bench.add("a").await.json());
    bench.add("b").await;
    for (method, suffix, body) in [
        ("PATCH", "", r#"{"name":"Bo"}"#),
        ("PATCH", "", r#"{"preset_name":"hots"}"#),
        ("PATCH", "", "{"),
        ("POST", "/token", ""),
        ("POST", "/token", ""),
        ("DELETE", "", ""),
        ("DELETE", "", ""),
        ("PATCH", "", "{}"),
        ("POST", "/token", ""),
    ] {
        bench.call(method, &format!("{path}{suffix}"), body).await;
    }
    let expected =
        IdCounts { posts: 1, added: 1, updated: 1, refreshed: 2, removed: 1, ..IdCounts::default() };
    assert_eq!(counts(&bench, "a"), expected);
    assert_eq!(counts(&bench, "b"), IdCounts { posts: 1, added: 1, living: 1, ..IdCounts::default() });
    let stats = bench.sandbox.stats();
    assert_eq!((stats.updates_applied, stats.tokens_refreshed, stats.removals_applied), (1, 2, 1));
    assert_eq!(bench.listed("").await, ["b"]);
}

#[tokio::test]
async fn another_writer_comes_and_goes_between_two_pages() {
    let bench = Bench::with_faults(&["foreign-adds=#1,2,3", "foreign-removes=#5"]).await;
    for id in ["a", "b"] {
        bench.add(id).await;
    }
    let total = async |page: u64| {
        let query = format!("{}?page_no={page}&per_page=2", bench.participants());
        bench.call("GET", &query, "").await.json()["paging"]["total_count"].as_u64().unwrap()
    };
    assert_eq!([total(1).await, total(2).await, total(3).await], [3, 4, 5]);
    assert_eq!([total(1).await, total(1).await], [5, 4]);
    let stats = bench.sandbox.stats();
    assert_eq!((stats.participants, stats.adds_applied, stats.max_participants_per_id), (2, 2, 1));
    assert_eq!((stats.foreign_participants, stats.foreign_added, stats.foreign_removed), (2, 3, 1));
    assert_eq!((stats.foreign_removed_ours, stats.foreign_touched), (0, 0));
}

#[tokio::test]
async fn who_removed_whom_can_be_told() {
    let bench = Bench::with_faults(&["foreign-adds=#1", "foreign-removes-ours=#2"]).await;
    bench.add("a").await;
    let page = bench.call("GET", &bench.participants(), "").await.json();
    let foreign = Got::json(&bench.call("GET", &bench.participants(), "").await);
    assert_eq!((page["data"].as_array().unwrap().len(), foreign["data"].as_array().unwrap().len()), (2, 1));
    let id = foreign["data"][0]["id"].as_str().unwrap();
    bench.call("DELETE", &format!("{}/{id}", bench.participants()), "").await;
    let stats = bench.sandbox.stats();
    assert_eq!((stats.foreign_removed_ours, stats.foreign_touched, stats.foreign_removed), (1, 1, 0));
    assert_eq!((counts(&bench, "a").foreign_removed, counts(&bench, "a").removed), (1, 0));
    assert_eq!((counts(&bench, "foreign-1").removed, stats.participants), (1, 0));
}

#[tokio::test]
async fn an_answer_can_lack_its_token() {
    let bench = Bench::with_faults(&["no-token=1@patch"]).await;
    let added = bench.add("a").await.json();
    let changed = bench.call("PATCH", &path(&bench, &added), r#"{"name":"Bo"}"#).await.json();
    assert_eq!((&changed["data"]["name"], changed["data"].get("token")), (&json!("Bo"), None));
}
