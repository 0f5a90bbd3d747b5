//! What is found in each mood.

use std::time::Duration;

use guestlist::sandbox::{
    ListOrder, Moods, NullPicture, Offsets, OlderTokens, Quota, SandboxSettings, SecondAdd,
};
use rstest::rstest;

use crate::support::Import;

fn in_mood(change: impl FnOnce(&mut Moods)) -> Import {
    Import::new().server_with(|settings| change(&mut settings.moods))
}

/// The sandbox as it is if nothing is said, with exactly as many requests as were announced.
#[test]
fn a_probe_of_the_usual_sandbox() {
    let import = Import::new();
    let ran = import.tell(&import.probe_command("").replace("--json ", "")).exit(0);
    let requests = import.server().requests();
    assert_eq!(requests, 34);
    assert!(ran.stderr.contains("with about 34 requests"), "{}", ran.stderr);
    let meeting = import.server().meeting().to_string();
    let text = ran.stdout.replace(&meeting, "MEETING");
    let lines = text.lines().map(|line| match line.split_once("at once (within ") {
        Some((question, _)) => format!("{question}at once (within …)"),
        None => line.trim_end().to_owned(),
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
    import.assert_nobody_is_left();
}

#[rstest]
#[case("another", "another", 9)]
#[case("refuse", "refused", 8)]
#[case("same", "same", 8)]
fn a_second_add(#[case] mood: SecondAdd, #[case] answer: &str, #[case] made: u64) {
    let import = in_mood(|moods| moods.second_add = mood);
    let ran = import.probe("").exit(0).finds("second_add", answer);
    assert_eq!(ran.probe()["made"], made);
    assert_eq!(import.server().stats().adds_applied, made);
    assert_eq!(ran.finding("second_add").get("status").is_some(), answer == "refused");
    let settle = &ran.lines_of("probe_advice")[0];
    assert_eq!(settle["setting"], "--settle");
    let short = settle["message"].as_str().unwrap().starts_with("--settle 10s is enough");
    assert_eq!(short, answer != "another", "{settle}");
    import.assert_nobody_is_left();
}

#[rstest]
#[case::limited(4, 6, "limited", 4)]
#[case::not_seen(100, 6, "at_least", 6)]
#[case::seen_with_more(10, 12, "limited", 10)]
fn a_page(#[case] max_per_page: u64, #[case] people: u64, #[case] answer: &str, #[case] count: u64) {
    let import = Import::new().server_with(|settings| settings.max_per_page = max_per_page);
    let ran = import.probe(&format!("--participants {people}")).exit(0).finds("page_size", answer);
    assert_eq!(ran.finding("page_size")["count"], count);
    import.assert_nobody_is_left();
}

#[rstest]
#[case::from_1(1, 100, "0_or_1")]
#[case::from_0(0, 100, "0")]
#[case::short_from_0(0, 3, "0")]
#[case::shorter_than_asked_for(0, 1, "0")]
fn the_first_page(#[case] first_page: u64, #[case] max_per_page: u64, #[case] answer: &str) {
    let import = Import::new().server_with(|settings| {
        settings.first_page = first_page;
        settings.max_per_page = max_per_page;
    });
    let ran = import.probe("").exit(0).finds("first_page", answer);
    let _ = ran.finds("offsets", "from_1").finds("list_lag", "at_once");
    import.assert_nobody_is_left();
}

/// The second, the fourth and the last list that are asked for are of page 0, the sixth is of a long page.
#[rstest]
#[case::page_0("400=#2,4,8@list", "1", "at_least")]
#[case::a_long_page("422=#6@list", "0_or_1", "refused")]
fn a_page_can_be_refused(#[case] fault: &str, #[case] first_page: &str, #[case] page_size: &str) {
    let import = Import::new().fault(fault);
    let ran = import.probe("").exit(0).finds("first_page", first_page).finds("page_size", page_size);
    let _ = ran.finds("list_order", "oldest_first").finds("offsets", "from_1");
    import.assert_nobody_is_left();
}

#[rstest]
#[case("1-3", "from_1")]
#[case("0-2", "from_0")]
#[case("0-3", "from_0_to_end")]
fn offsets(#[case] mood: Offsets, #[case] answer: &str) {
    let import = in_mood(|moods| moods.offsets = mood);
    let _ = import.probe("").exit(0).finds("offsets", answer);
    import.assert_nobody_is_left();
}

#[rstest]
#[case("oldest", "oldest_first")]
#[case("newest", "newest_first")]
#[case("scattered", "by_id")]
fn the_order(#[case] mood: ListOrder, #[case] answer: &str, #[values(100, 4)] max_per_page: u64) {
    let import =
        in_mood(|moods| moods.list_order = mood).server_with(|settings| settings.max_per_page = max_per_page);
    let _ = import.probe("").exit(0).finds("list_order", answer);
    import.assert_nobody_is_left();
}

#[test]
fn a_list_that_lags() {
    let lag = Duration::from_millis(600);
    let import = Import::new().fault("list-lag=1").server_with(|settings| settings.list_lag = lag);
    let ran = import.probe("").exit(0).finds("list_lag", "later");
    let seconds = ran.finding("list_lag")["seconds"].as_f64().unwrap();
    assert!((0.6..30.0).contains(&seconds), "{seconds}");
    // The young hide from the list that looks for leftovers too: it waits until they must show.
    import.assert_nobody_is_left();
}

#[rstest]
#[case(404)]
#[case(422)]
fn an_unknown_preset(#[case] status: u16) {
    let import = in_mood(|moods| moods.unknown_preset = Some(status));
    let ran = import.probe("--preset webinar_viewer").exit(0).finds("unknown_preset", "refused");
    assert_eq!(ran.finding("unknown_preset")["status"], status);
    assert_eq!(import.server().requests_of("presets"), 0);
    import.assert_nobody_is_left();
}

#[rstest]
#[case::any(None, "at_least", 1_024)]
#[case::short(Some(100), "limited", 64)]
#[case::middling(Some(255), "limited", 255)]
fn long_texts(#[case] longest_text: Option<usize>, #[case] answer: &str, #[case] count: u64) {
    let import = in_mood(|moods| moods.longest_text = longest_text);
    let ran = import.probe("").exit(0).finds("longest_id", answer).finds("longest_name", answer);
    assert_eq!(
        (&ran.finding("longest_id")["count"], &ran.finding("longest_name")["count"]),
        (&count.into(), &count.into())
    );
    import.assert_nobody_is_left();
}

#[rstest]
#[case("clears")]
#[case("keeps")]
fn a_picture_set_to_null(#[case] mood: NullPicture) {
    let import = in_mood(|moods| moods.null_picture = mood);
    let _ = import.probe("").exit(0).finds("null_picture", &mood.to_string());
    import.assert_nobody_is_left();
}

/// The sandbox may end older tokens: the probe says that it can't tell.
#[rstest]
#[case(OlderTokens::Stay)]
#[case(OlderTokens::End)]
fn tokens(#[case] older_tokens: OlderTokens) {
    let lasts = Duration::from_secs(2 * 60 * 60);
    let import = in_mood(|moods| moods.older_tokens = older_tokens)
        .server_with(|settings| settings.token_lifetime = lasts);
    let ran = import.probe("").exit(0).finds("refresh", "another_token").finds("update_token", "comes");
    assert_eq!(ran.finding("token_lifetime")["seconds"], 7_200.0);
    assert!(ran.finding("refresh")["message"].as_str().unwrap().contains("without joining"));
    import.assert_nobody_is_left();
}

#[test]
fn an_update_without_a_token() {
    let import = Import::new().fault("no-token=1@patch");
    let _ = import.probe("").exit(0).finds("update_token", "absent").finds("null_picture", "clears");
    import.assert_nobody_is_left();
}

#[test]
fn a_second_removal_with_another_answer() {
    let import = Import::new().fault("410=#2@delete");
    let ran = import.probe("").exit(0).finds("second_removal", "refused");
    assert_eq!(ran.finding("second_removal")["status"], 410);
    import.assert_nobody_is_left();
}

#[rstest]
#[case::come(Some("1200/5m"), "come", false)]
#[case::absent(None, "absent", true)]
fn limit_headers(#[case] quota: Option<&str>, #[case] answer: &str, #[case] advised: bool) {
    let quota: Option<Quota> = quota.map(|quota| quota.parse().unwrap());
    let import = Import::new().server_with(|settings: &mut SandboxSettings| settings.quota = quota);
    let ran = import.probe("").exit(0).finds("limit_headers", answer);
    let advice = ran.lines_of("probe_advice");
    assert_eq!(advice.iter().any(|advice| advice["setting"] == "--rate"), advised);
    import.assert_nobody_is_left();
}
