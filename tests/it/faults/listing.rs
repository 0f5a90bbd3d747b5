//! L: what a meeting's list says, and what it doesn't.

use rstest::rstest;

use crate::support::Import;

/// L01: the list lags behind the creates, but by less than the settle time.
#[test]
fn l01_a_list_that_lags() {
    let import = Import::new()
        .people(20)
        .fault("list-lag=1")
        .fault("close-after=#3,9")
        .server_with(|settings| settings.list_lag = std::time::Duration::from_millis(300));
    import.run().exit(0).added(20);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}

/// L02: small pages, and pages that count from 0.
#[rstest]
fn l02_pages_of_any_shape(#[values(0, 1)] first_page: u64, #[values(7, 100)] per_page: u64) {
    let import = Import::new().people(40).fault("close-after=#3,9,30").server_with(|settings| {
        settings.first_page = first_page;
        settings.max_per_page = per_page;
    });
    import.run().exit(0).added(40);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}

/// L04, L05: a listing that isn't complete concludes nothing: nobody is sent again, nobody is taken for in.
#[rstest]
fn l04_l05_an_incomplete_listing_concludes_nothing(
    #[values("list-short", "list-long", "list-empty", "list-first", "404")] fault: &str,
) {
    // As many as a run asks for at the most, except that a refusal is not asked for again.
    let spoilt = if fault == "404" { 1 } else { 5 * 5 };
    let lists: Vec<_> = (2..2 + spoilt).map(|n: u64| n.to_string()).collect();
    let import = Import::new()
        .people(20)
        .fault("close=#3")
        .fault(&format!("{fault}=#{}@list", lists.join(",")))
        .server_with(|settings| settings.max_per_page = 7);
    import.run().exit(4).added(19).uncertain(1);
    assert_eq!(import.server().most_posts(), 1);
    // The lists are right again soon.
    import.finish_within(5);
}

/// L04: a listing that stays incomplete before the first create: nobody is added.
#[test]
fn l04_nobody_is_added_to_a_meeting_that_cannot_be_listed() {
    let import = Import::new().people(5).fault("list-short=1");
    import.run().exit(5).stopped("listing_incomplete").added(0);
    assert_eq!(import.server().stats().adds_received, 0);
}

/// L05: a page that fails is asked for again.
#[test]
fn l05_a_page_that_fails_once() {
    let import = Import::new()
        .people(40)
        .fault("close-after=#3")
        .fault("list-no-total=#2")
        .fault("list-500=#3")
        .fault("reset=#4@list")
        .server_with(|settings| settings.max_per_page = 10);
    import.run().exit(0).added(40);
    import.assert_everyone_is_in_once();
}

/// L06: somebody has an id twice: reported with both, nothing created or deleted.
#[test]
fn l06_two_participants_share_an_id() {
    let import = Import::new().people(5);
    import.server().add("guest-0002", "Guest 2", "group_call_participant");
    import.server().add("guest-0002", "Guest 2", "group_call_participant");
    let ran = import.run().exit(4).added(4).conflict(1);
    let detail = ran.lines_of("problem")[0]["detail"].as_str().unwrap().to_owned();
    let twins: Vec<_> = import
        .server()
        .participants()
        .into_iter()
        .filter(|one| one["custom_participant_id"] == "guest-0002")
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(twins.len(), 2);
    assert!(twins.iter().all(|id| detail.contains(id)), "{detail}");
    assert_eq!(import.server().posts("guest-0002"), 2, "both of them somebody else's");
    import.run().exit(4).added(0).present(4).conflict(1);
}

/// L07: who is in already is adopted; nobody is created, no token refreshed.
#[test]
fn l07_who_is_in_already_is_adopted() {
    let import = Import::new().people(5);
    import.server().add("guest-0002", "Guest 2", "group_call_participant");
    import.run().exit(4).added(4).present(1).without_token(1);
    import.assert_everyone_is_in_once();
    assert_eq!((import.server().posts("guest-0002"), import.server().requests_of("token")), (1, 0));
    import.run_with("--refresh-found").exit(0).present(5);
    assert_eq!(import.server().requests_of("token"), 1);
    import.finish_within(1);
}

/// L07: who is in with another preset is no match until somebody says so, and gets no link meant for another.
#[test]
fn l07_a_viewer_never_gets_a_hosts_link() {
    let import = Import::new().people(2).flags("--refresh-found --export t.jsonl");
    import.server().add("guest-0001", "Guest 1", "group_call_host");
    import.run().exit(4).added(1).present(1).differing(1);
    assert!(!import.text("t.jsonl").lines().any(|line| line.contains("guest-0001") && line.contains("eyJ")));
    import.run_with("--accept-differing").exit(0).present(2).differing(0);
    assert!(import.text("t.jsonl").lines().any(|line| line.contains("guest-0001") && line.contains("eyJ")));
    assert_eq!(import.server().posts("guest-0001"), 1);
    // It stays accepted.
    import.run().exit(0).present(2).differing(0);
}

/// L08: an id that only looks alike is somebody else, and told before anybody is added; what is there exactly is not.
#[test]
fn l08_ids_match_exactly() {
    let import = Import::new().ids(["Ann-7", "caf\u{e9}", "there", "alone"]);
    for other in ["ann-7", "cafe\u{301}", "there", "THERE"] {
        import.server().add(other, "Guest", "group_call_participant");
    }
    let ran = import.run().exit(4).added(3).present(1).without_token(1);
    import.assert_everyone_is_in_once();
    let told = &ran.lines_of("look_alike")[..];
    let [told] = told else { panic!("once: {told:?}") };
    assert_eq!(told["count"], 2);
    let pairs = [("Ann-7", "ann-7"), ("caf\u{e9}", "cafe\u{301}")];
    let pairs =
        pairs.map(|(id, there)| serde_json::json!({"custom_participant_id": id, "in_meeting": there}));
    assert_eq!(told["pairs"], serde_json::Value::from(pairs.to_vec()));
    let line = |kind: &str| ran.stdout.lines().position(|line| line.contains(kind)).unwrap();
    assert!(line("\"look_alike\"") < line("\"progress\""), "{}", ran.stdout);
    assert!(ran.stderr.contains("\"Ann-7\" beside \"ann-7\""), "{}", ran.stderr);
    // Whoever is in is nobody's double any more.
    assert_eq!(import.run().exit(4).present(4).lines_of("look_alike").len(), 0);
}

/// L09: somebody else removes who was added. A rerun doesn't notice, and doesn't add them again behind anybody's back:
/// neither a rerun that has nothing to send nor one that lists the meeting.
#[test]
fn l09_who_was_removed_by_somebody_else_is_not_added_again() {
    let import = Import::new().people(7);
    import.run_with("--limit 5").exit(0).added(5);
    import.server().remove("guest-0002");
    import.run_with("--limit 5").exit(0).added(0).present(5);
    assert_eq!(import.server().stats().adds_received, 5);
    import.run().exit(0).added(2).present(5);
    let removed = import.server().counts(import.server().meeting(), "guest-0002");
    assert_eq!((removed.posts, removed.living), (1, 0));
    assert_eq!(import.ask::<i64>("SELECT count(*) FROM participants WHERE state = 'added'"), 7);
}

/// L10: the journal is lost: everybody is found, nobody is added, no link that is in somebody's mail ends.
#[test]
fn l10_a_lost_journal_makes_no_duplicates() {
    let import = Import::new().people(230);
    import.run().exit(0).added(230);
    import.lose_journal();
    import.run().exit(4).added(0).present(230).without_token(230);
    assert_eq!((import.server().stats().adds_received, import.server().requests_of("token")), (230, 0));
    import.run_with("--refresh-found").exit(0).present(230).without_token(0);
    import.assert_everyone_is_in_once();
}

/// L11: with hold, a create in doubt is never sent again.
#[test]
fn l11_hold_never_sends_again() {
    let import = Import::new()
        .people(10)
        .fault("close=ID:guest-0001")
        .fault("hang=ID:guest-0002")
        .fault("close-after=ID:guest-0003")
        .flags("--uncertain hold --timeout 1s --connect-timeout 500ms");
    import.run().exit(4).added(8).uncertain(2);
    import.run().exit(4).added(0).present(8).uncertain(2);
    assert_eq!(import.server().most_posts(), 1);
}

/// L12: two listings, of so many pages and two more at the most, serve all the doubts of a meeting of thousands.
#[test]
fn l12_one_pair_of_listings_for_many_doubts() {
    const CROWD: u64 = 3_000;
    // With answers between them: many losses on end are an outage, whose waits grow.
    let numbers = |first: u64| (0..12).map(|n| (first + 4 * n).to_string()).collect::<Vec<_>>().join(",");
    let import = Import::new()
        .people(60)
        .fault(&format!("close-after=#{}", numbers(CROWD + 5)))
        .fault(&format!("close=#{}", numbers(CROWD + 7)))
        .flags("--concurrency 8");
    let crowd: String = (0..CROWD).map(|n| format!("crowd-{n},Guest,group_call_participant\n")).collect();
    import.write("crowd.csv", format!("id,name,preset\n{crowd}"));
    import.tell("import crowd.csv --json --journal crowd.db").exit(0).added(CROWD);
    let before = import.server().requests_of("list");
    import.run().exit(0).added(60);
    import.assert_everyone_is_in_once();
    let lists = import.server().requests_of("list") - before;
    let pages = |people: u64| people.div_ceil(100) + 2;
    // Two passes before the first create, two listings after the last.
    assert!(lists <= 2 * pages(CROWD) + 2 * pages(CROWD + 60), "{lists}");
}
