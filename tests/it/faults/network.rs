//! N: connections that break, answers that lie.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guestlist::sandbox::MeetingStatus;
use rstest::rstest;

use crate::support::{Front, Import, Manner, Relay};

/// Requests that don't wait long.
const HURRIED: &str = "--timeout 1s --connect-timeout 500ms";

/// N01: nobody listens at first. Nothing was sent, so nothing is in doubt, and no settle time is needed.
#[test]
fn n01_refused_then_up() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let import = Import::new().people(20).server_with(|settings| settings.listen = port);
    let stranger = Import::new().people(20);
    let mut command = stranger.import("--settle 1h");
    command.env("CLOUDFLARE_BASE_URL", format!("http://{port}/client/v4"));
    let mut running = crate::support::Running::start(&stranger, command);
    running.until_warned("journal: ");
    import.server();
    running.end().exit(0).added(20);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}

/// N01, N02: nobody ever listens. Every row stays planned.
#[test]
fn n02_an_outage_ends_the_run_and_sends_nothing() {
    let import = Import::new().people(5);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [format!("http://{port}/client/v4"), "https://nowhere.invalid/client/v4".to_owned()] {
        let mut command = import.import("--max-outage 1s --journal other.db");
        command.env("CLOUDFLARE_BASE_URL", url);
        let ran = crate::support::Running::start(&import, command).end().exit(5).added(0).uncertain(0);
        assert!(ran.stderr.contains("nothing was sent"), "{}", ran.stderr);
        std::fs::remove_file(import.path("other.db")).unwrap();
    }
    assert_eq!(import.server().requests(), 0);
    import.finish_within(1);
}

/// N04, N06, N07: the connection ends before or after the create took effect, or later than the answer.
#[rstest]
fn n04_n06_n07_a_connection_that_ends(
    #[values("close", "close-after", "close-late", "reset", "reset-after", "reset-late", "stale")]
    fault: &str,
    #[values("1", "16")] concurrency: &str,
) {
    let import = Import::new().people(30).fault(&format!("{fault}=#3,4,20"));
    import.run_with(&format!("--concurrency {concurrency}")).exit(0).added(30);
    import.assert_everyone_is_in_once();
    // What took effect is found; only what didn't is sent again. A stale connection resets a create unread.
    let resent = if fault == "close" || fault == "reset" { 2 } else { 1 };
    assert_eq!(import.server().most_posts(), resent, "{:?}", import.server().stats());
    import.finish_within(1);
}

/// N09: it takes effect later than the settle time: the documented limit. Nobody notices at once; a listing that looks
/// names both, and touches neither.
#[test]
fn n09_a_create_that_takes_effect_after_the_settle_time() {
    let (relay, import) = Relay::before(Import::new().people(5), Front::Plain);
    relay.script(|request| if request.create == Some(3) { Manner::Keep } else { Manner::Pass });
    import.run_with(&format!("--concurrency 1 {HURRIED}")).exit(0).added(5);
    relay.deliver();
    assert_eq!((import.server().stats().duplicates, import.server().most_posts()), (1, 2));
    import.run().exit(0).added(0).present(5);
    import.lose_journal();
    let ran = import.run().exit(4).added(0).conflict(1);
    assert_eq!(ran.lines_of("problem")[0]["custom_participant_id"], "guest-0002");
    assert_eq!((import.server().stats().participants, import.server().stats().adds_received), (6, 6));
}

/// N09: with hold it is never sent again, however late it comes.
#[test]
fn n09_hold_needs_no_settle_time() {
    let (relay, import) = Relay::before(Import::new().people(5), Front::Plain);
    relay.script(|request| if request.create == Some(3) { Manner::Keep } else { Manner::Pass });
    let hold = format!("--concurrency 1 --uncertain hold {HURRIED}");
    import.run_with(&hold).exit(4).added(4).uncertain(1);
    import.run_with("--uncertain hold").exit(4).uncertain(1);
    relay.deliver();
    import.run_with("--uncertain hold").exit(0).present(5);
    assert_eq!(import.server().most_posts(), 1);
    import.finish_within(1);
}

/// N10, N11, N19: what comes instead of an answer is none.
#[rstest]
fn n10_n11_n19_noise(#[values("", "-after")] effect: &str) {
    let noises = ["garbage", "cut-head", "bad-length", "only-100", "flood-103", "html"];
    let mut import = Import::new().ids(noises);
    for noise in noises {
        import = import.fault(&format!("{noise}{effect}=ID:{noise}"));
    }
    import.run().exit(0).added(6);
    import.assert_everyone_is_in_once();
    let resent = if effect.is_empty() { 2 } else { 1 };
    assert!(noises.iter().all(|id| import.server().posts(id) == resent));
}

/// N13, N14: an error, or a timeout of a server in between, proves nothing.
#[rstest]
fn n13_n14_errors_that_prove_nothing(#[values("", "-after", "-late")] effect: &str) {
    let statuses =
        ["408", "425", "499", "500", "502", "503", "504", "520", "521", "522", "524", "530", "599"];
    let ids = statuses.map(|status| format!("row-{status}"));
    let mut import = Import::new().ids(ids.iter().map(String::as_str));
    for status in statuses {
        import = import.fault(&format!("{status}{effect}=ID:row-{status}"));
    }
    import.run().exit(0).added(13);
    import.assert_everyone_is_in_once();
    let resent = if effect.is_empty() { 2 } else { 1 };
    for id in &ids {
        assert_eq!(import.server().posts(id), resent, "{id}");
    }
    import.finish_within(1);
}

/// N14: a duplicate that took effect is adopted; one that no listing shows is rejected, and the run sends it once.
#[test]
fn n14_a_duplicate_is_looked_up_and_never_sent_again() {
    let import = Import::new().people(5).fault("409-after=ID:guest-0001").fault("409=ID:guest-0002");
    import.run().exit(4).added(4).rejected(1);
    assert_eq!((import.server().posts("guest-0001"), import.server().posts("guest-0002")), (1, 1));
    // The empty meeting's before the first create, then two whole ones: a page, and one beyond it.
    assert_eq!(import.server().requests_of("list"), 1 + 2 + 2);
    import.assert_nobody_is_in_twice();
}

/// N16: the API said yes, but not what it must say. Nobody is sent again.
#[test]
fn n16_a_yes_that_lacks_something() {
    let spoilt = ["truncated", "empty", "not-json", "not-success", "no-id", "empty-id", "wrong-echo", "gzip"];
    let mut import = Import::new().ids(spoilt);
    for spoil in spoilt {
        import = import.fault(&format!("{spoil}=ID:{spoil}"));
    }
    import.run().exit(0).added(8);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
    // Each struck, once: who is in was found, not answered.
    let struck = import.server().stats().faults;
    assert!(struck.len() == 8 && struck.values().all(|times| *times == 1), "{struck:?}");
    assert_eq!(import.ask::<u64>("SELECT count(*) FROM participants WHERE state = 'present'"), 8);
    import.finish_within(1);
}

/// N16: also when no list shows who the API said yes to: it may lag for longer than anybody waits.
#[test]
fn n16_a_yes_is_never_sent_again() {
    let import = Import::new()
        .people(5)
        .fault("truncated=ID:guest-0003")
        .fault("list-lag=1")
        .server_with(|settings| settings.list_lag = std::time::Duration::from_secs(3600));
    import.run().exit(4).added(4).uncertain(1);
    import.run().exit(4).added(0).uncertain(1);
    assert_eq!(import.server().most_posts(), 1);
}

/// N17: an answer of 50 MiB costs no memory, and its participant is found.
#[test]
fn n17_a_huge_answer() {
    let import = Import::new().people(8).fault("huge=#2,3,4,5");
    // An address space that four such answers don't fit into.
    let mut command = std::process::Command::new("sh");
    let limited = format!("ulimit -v {}; exec \"$@\"", 1024 * 1024);
    command.args(["-c", &limited, "sh"]).arg(env!("CARGO_BIN_EXE_guestlist"));
    command.args("import list.csv --json --settle 1s --journal j.db".split_whitespace());
    import.prepare(&mut command);
    let mut running = crate::support::Running::start(&import, command);
    let peak = running.peak_memory_kib();
    running.end().exit(0).added(8);
    assert!(peak < 64 * 1024, "{peak} KiB");
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}

/// N18: an answer that trickles in, and none at all: after the timeout it is in doubt.
#[test]
fn n18_slow_and_silent_answers() {
    let import = Import::new()
        .people(6)
        .fault("slow=ID:guest-0001")
        .fault("hang=ID:guest-0002")
        .fault("hang-after=ID:guest-0003")
        .flags(HURRIED);
    import.run().exit(0).added(6);
    import.assert_everyone_is_in_once();
    let posts = [1, 2, 3].map(|n| import.server().posts(&format!("guest-000{n}")));
    assert_eq!(posts, [1, 2, 1]);
}

/// N24: the token is refused in the middle; what is on its way comes back, nothing else leaves.
#[rstest]
#[case("unauthorized", "unauthorized")]
#[case("forbidden", "unauthorized")]
fn n24_a_token_that_is_refused_in_the_middle(#[case] fault: &str, #[case] reason: &str) {
    let import = Import::new().people(200).fault(&format!("{fault}=#57"));
    let ran = import.run_with("--concurrency 4").exit(5).stopped(reason).uncertain(0);
    assert!(ran.summary()["not_attempted"].as_u64().unwrap() > 100);
    assert!(import.server().stats().adds_received <= 57 + 4, "{:?}", import.server().stats());
    import.run().exit(0);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().stats().adds_received, 201);
}

/// N24: a wrong token from the beginning.
#[test]
fn n24_a_wrong_token_adds_nobody() {
    let import = Import::new().people(5);
    let mut command = import.import("");
    command.env("CLOUDFLARE_API_TOKEN", "wr0ng-t0ken");
    let ran = crate::support::Running::start(&import, command).end().exit(5);
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("wr0ng-t0ken"));
    assert_eq!(import.server().stats().adds_received, 0);
    import.finish_within(1);
}

/// N25: some rows are refused, the others go in; the rerun tries the refused ones again, and only them.
#[test]
fn n25_some_rows_are_refused() {
    let import = Import::new()
        .people(60)
        .fault("refuse=ID:guest-0007")
        .fault("413=ID:guest-0030")
        .fault("400=ID:guest-0044");
    let ran = import.run().exit(4).added(57).rejected(3);
    let problems = ran.lines_of("problem");
    assert_eq!(problems.len(), 3);
    assert!(problems.iter().all(|problem| problem["state"] == "rejected" && problem["detail"] != ""));
    import.run().exit(0).added(3).present(57);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().stats().adds_received, 63);
}

/// N25: a meeting that refuses everybody burns no quota.
#[test]
fn n25_a_meeting_that_refuses_everybody() {
    let import = Import::new().people(300).fault("refuse=1");
    import.run().exit(5).stopped("meeting_refuses").rejected(20);
    assert_eq!(import.server().stats().adds_received, 20);
}

/// N25: one meeting is gone, another takes everybody: that one is filled, and the run ends with exit 5. When the meeting is
/// back, the same command adds the rest.
#[test]
fn n25_a_meeting_that_is_gone_beside_one_that_is_not() {
    let gone = "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b";
    let rows: String = (0..60)
        .map(|n| format!("here-{n:02},webinar_viewer,\nthere-{n:02},webinar_viewer,{gone}\n"))
        .collect();
    let mut import = Import::new()
        .roster(format!("id,preset,meeting_id\n{rows}"))
        // Both meetings are asked for while the roster is read; then it goes.
        .fault("not-found=#3@meeting")
        .server_with(|settings| settings.meetings.push((gone.parse().unwrap(), MeetingStatus::Active)));
    for n in 0..60 {
        import = import.fault(&format!("not-found=ID:there-{n:02}"));
    }
    let ran = import.run_with("--concurrency 4").exit(5).stopped("meeting_refuses").added(60);
    let server = import.server();
    let posts = |id: String| server.counts(gone.parse().unwrap(), &id).posts;
    let attempted = (0..60).map(|n| posts(format!("there-{n:02}"))).sum::<u64>();
    assert!((1..=4).contains(&attempted), "{attempted}");
    assert_eq!(ran.summary()["rejected"], attempted);
    assert_eq!(ran.summary()["not_attempted"], 60 - attempted);
    // Whoever hasn't been refused yet is refused once more, one by one.
    assert!((0..4).any(|_| import.run().code() == 0), "never exit 0");
    let stats = import.server().stats();
    assert_eq!((stats.participants, stats.duplicates), (120, 0));
}

/// N26: a refresh that fails creates nobody and is asked for again; the last token is exported.
#[test]
fn n26_token_refreshes_that_fail() {
    let import = Import::new()
        .people(3)
        .fault("close-after=ID:guest-0001")
        .fault("500=#1@token")
        .fault("reset-after=#2@token")
        .fault("hang-after=#3@token")
        .flags("--export t.csv")
        .flags(HURRIED);
    import.run().exit(0).added(3).without_token(0);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().requests_of("token"), 4);
    let exported = import.text("t.csv");
    assert_eq!(exported.lines().filter(|line| line.contains(",eyJ")).count(), 3);
    // The create made the first, the two refreshes that took effect and were lost the next.
    let line = exported.lines().find(|line| line.starts_with("guest-0001,")).unwrap();
    assert_eq!(serial(line), 4, "an older token than the last is exported");
}

/// The how-manieth token of its participant the one in this line is.
fn serial(line: &str) -> u64 {
    let token = line.split(',').find(|cell| cell.starts_with("eyJ")).unwrap();
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    claims["serial"].as_u64().unwrap()
}

/// A redirect is never followed: the create has taken effect, and would be made again.
#[test]
fn a_redirect_stops_the_run_and_its_row_is_looked_up() {
    let import = Import::new().people(10).fault("redirect-after=#5");
    let ran = import.run_with("--concurrency 1");
    import.assert_nobody_is_in_twice();
    ran.exit(5).stopped("redirected").uncertain(1);
    import.run().exit(0);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}
