//! Never twice, never lost.

use std::time::Duration;

use rstest::rstest;

use super::fake::Fate;
use super::{RunClock, SETTLE, Scenario, participant};
use crate::event::StopReason;
use crate::journal::{Resend, Tally};
use crate::lifecycle::RowState;

/// Every id of the roster is in the meeting once.
fn assert_once(scenario: &Scenario) {
    let counts = scenario.api.state.lock().unwrap().counts();
    for row in &scenario.roster {
        let id = &row.key.custom_participant_id;
        assert_eq!(counts.get(id), Some(&1), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_roster_is_added_and_a_rerun_adds_nobody() {
    let scenario = Scenario::rows(50);
    assert_eq!(scenario.run().await.tally, Tally { added: 50, ..Tally::default() });
    assert_eq!(scenario.run().await.tally, Tally { present: 50, ..Tally::default() });
    assert_once(&scenario);
    assert_eq!(scenario.api.state.lock().unwrap().posts.values().sum::<usize>(), 50);
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_are_on_their_way_than_allowed() {
    let scenario = Scenario::rows(60);
    scenario.run().await;
    assert_eq!(scenario.api.state.lock().unwrap().most_in_flight, 8);
}

/// On real time, since answers then come while transactions are on their way to the disk.
#[tokio::test]
async fn no_more_requests_are_on_their_way_than_allowed_while_the_disk_is_busy() {
    let scenario = Scenario::rows(400);
    scenario.api.state.lock().unwrap().answers_within = Some(5);
    assert_eq!(scenario.run().await.tally.added, 400);
    assert!(scenario.api.state.lock().unwrap().most_in_flight <= 8);
}

#[rstest]
#[case::lost(Fate::AppliedThenLost)]
#[case::late(Fate::AppliedLate(149))]
#[case::bad_gateway(Fate::AppliedStatus(502))]
#[case::timeout(Fate::AppliedStatus(524))]
#[case::unknown_status(Fate::AppliedStatus(418))]
#[case::request_timeout(Fate::AppliedStatus(408))]
#[case::duplicate(Fate::AppliedStatus(409))]
#[case::yes_without_id(Fate::AppliedWithoutId)]
#[case::panic(Fate::AppliedThenPanic)]
#[tokio::test(start_paused = true)]
async fn a_create_that_was_applied_is_found_and_never_repeated(#[case] fate: Fate) {
    let scenario = Scenario::rows(10);
    scenario.api.script("id-004", [fate]);
    let ran = scenario.run().await;
    assert_eq!(ran.tally, Tally { added: 10, ..Tally::default() });
    assert_once(&scenario);
    assert_eq!(scenario.api.state.lock().unwrap().posts["id-004"], 1);
    let found = scenario.exported().into_iter().find(|row| row.custom_participant_id == "id-004").unwrap();
    assert_eq!(found.state, RowState::Present);
    assert!(found.token.unwrap().expose().starts_with("refreshed token of "));
}

#[rstest]
#[case::lost(Fate::Lost)]
#[case::bad_gateway(Fate::Status(502))]
#[case::request_timeout(Fate::Status(408))]
#[tokio::test(start_paused = true)]
async fn a_create_that_was_not_applied_is_sent_again_after_the_settle_time(#[case] fate: Fate) {
    let scenario = Scenario::rows(10);
    scenario.api.script("id-004", [fate]);
    let ran = scenario.run().await;
    assert_eq!(ran.tally, Tally { added: 10, ..Tally::default() });
    assert_once(&scenario);
    assert_eq!(scenario.api.state.lock().unwrap().posts["id-004"], 2);
    assert_eq!(ran.waits.len(), 1);
    // One listing before the first create, two before the resend.
    // The first one is empty; each of the other two has a page, and one beyond it.
    assert_eq!(scenario.api.state.lock().unwrap().lists, 1 + 2 + 2);
}

#[rstest]
#[case::throttled(Fate::Status(429))]
#[case::not_connected(Fate::NotConnected)]
#[tokio::test(start_paused = true)]
async fn what_was_surely_not_applied_is_sent_again_without_a_listing(#[case] fate: Fate) {
    let scenario = Scenario::rows(10);
    scenario.api.script("id-004", [fate]);
    assert_eq!(scenario.run().await.tally, Tally { added: 10, ..Tally::default() });
    assert_once(&scenario);
    assert_eq!(scenario.api.state.lock().unwrap().lists, 1);
}

#[tokio::test(start_paused = true)]
async fn a_doubt_is_sent_again_twice_by_each_run() {
    let scenario = Scenario::rows(3);
    scenario.api.script("id-001", [Fate::Lost; 5]);
    let uncertain = Tally { uncertain: 1, ..Tally::default() };
    assert_eq!(scenario.run().await.tally, Tally { added: 2, ..uncertain });
    assert_eq!(scenario.api.state.lock().unwrap().posts["id-001"], 3);
    assert_eq!(scenario.run().await.tally, Tally { present: 2, ..uncertain });
    assert_eq!(scenario.api.state.lock().unwrap().posts["id-001"], 5);
    assert_eq!(scenario.run().await.tally, Tally { added: 1, present: 2, ..Tally::default() });
    assert_once(&scenario);
}

#[tokio::test(start_paused = true)]
async fn a_yes_without_an_id_is_never_sent_again_even_if_nobody_is_there() {
    let scenario = Scenario::rows(3);
    scenario.api.script("id-001", [Fate::FalseYes]);
    assert_eq!(scenario.run().await.tally, Tally { added: 2, uncertain: 1, ..Tally::default() });
    assert_eq!(scenario.run().await.tally, Tally { present: 2, uncertain: 1, ..Tally::default() });
    assert_eq!(scenario.api.state.lock().unwrap().posts["id-001"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_that_no_listing_shows_is_rejected_and_not_resent() {
    let scenario = Scenario::rows(3);
    scenario.api.script("id-001", [Fate::Status(409)]);
    assert_eq!(scenario.run().await.tally, Tally { added: 2, rejected: 1, ..Tally::default() });
    assert_eq!(scenario.api.state.lock().unwrap().posts["id-001"], 1);
}

#[tokio::test(start_paused = true)]
async fn with_hold_a_create_in_doubt_is_reported_and_never_sent_again() {
    let mut scenario = Scenario::rows(3);
    scenario.settings.resend = Resend::Hold;
    scenario.api.script("id-001", [Fate::Lost]);
    scenario.api.script("id-002", [Fate::AppliedThenLost]);
    assert_eq!(scenario.run().await.tally, Tally { added: 2, uncertain: 1, ..Tally::default() });
    assert_eq!(scenario.run().await.tally, Tally { present: 2, uncertain: 1, ..Tally::default() });
    assert_eq!(scenario.api.state.lock().unwrap().posts["id-001"], 1);
}

/// With hold C2 isn't needed: what an earlier run would have sent again, this one doesn't.
#[rstest]
#[case::planned_again_by_a_run_that_was_interrupted(Fate::Lost, &[Fate::Lost, Fate::Interrupts])]
#[case::rejected_as_a_duplicate_that_no_listing_shows(Fate::Status(409), &[])]
#[tokio::test(start_paused = true)]
async fn a_run_that_holds_sends_nothing_that_an_earlier_run_sent(
    #[case] held: Fate,
    #[case] before_it: &[Fate],
) {
    let mut scenario = Scenario::rows(2);
    scenario.settings.concurrency = std::num::NonZeroUsize::MIN;
    scenario.api.script("id-000", before_it.iter().copied());
    scenario.api.script("id-001", [held]);
    *scenario.api.interrupt.lock().unwrap() = Some(scenario.cancel.clone());
    scenario.run().await;
    let before = scenario.api.state.lock().unwrap().posts.clone();
    scenario.cancel = tokio_util::sync::CancellationToken::new();
    scenario.settings.resend = Resend::Hold;
    let tally = scenario.run().await.tally;
    assert_eq!((tally.rejected, tally.not_attempted), (0, 0), "{tally:?}");
    assert!(tally.uncertain > 0, "{tally:?}");
    assert_eq!(scenario.api.state.lock().unwrap().posts, before);
}

/// A rejected row would be planned again by the next run.
#[tokio::test(start_paused = true)]
async fn with_hold_a_duplicate_that_no_listing_shows_is_reported_and_never_sent_again() {
    let mut scenario = Scenario::rows(3);
    scenario.settings.resend = Resend::Hold;
    scenario.api.script("id-001", [Fate::Status(409)]);
    assert_eq!(scenario.run().await.tally, Tally { added: 2, uncertain: 1, ..Tally::default() });
    assert_eq!(scenario.run().await.tally, Tally { present: 2, uncertain: 1, ..Tally::default() });
    assert_eq!(scenario.api.state.lock().unwrap().posts["id-001"], 1);
}

#[tokio::test(start_paused = true)]
async fn who_was_there_before_us_is_adopted_without_a_create_or_a_new_token() {
    let scenario = Scenario::rows(5);
    scenario.api.hold(&participant("id-002"));
    let ran = scenario.run().await;
    assert_eq!(ran.tally, Tally { added: 4, present: 1, without_token: 1, ..Tally::default() });
    assert_once(&scenario);
    assert_eq!(scenario.api.state.lock().unwrap().refreshes, 0);
}

#[tokio::test(start_paused = true)]
async fn who_was_there_before_us_gets_a_token_if_the_user_wants_it() {
    let mut scenario = Scenario::rows(5);
    scenario.settings.refresh_found = true;
    scenario.api.hold(&participant("id-002"));
    assert_eq!(scenario.run().await.tally, Tally { added: 4, present: 1, ..Tally::default() });
}

#[tokio::test(start_paused = true)]
async fn a_viewer_never_gets_a_hosts_link() {
    let mut scenario = Scenario::rows(2);
    scenario.settings.refresh_found = true;
    let mut host = participant("id-001");
    host.preset_name = "host".to_owned();
    scenario.api.hold(&host);
    let ran = scenario.run().await;
    assert_eq!(ran.tally, Tally { added: 1, present: 1, differing: 1, ..Tally::default() });
    let row = scenario.exported().into_iter().find(|row| row.custom_participant_id == "id-001").unwrap();
    assert!(row.token.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_there_twice_is_a_conflict_and_nothing_is_touched() {
    let scenario = Scenario::rows(3);
    scenario.api.hold(&participant("id-001"));
    scenario.api.hold(&participant("id-001"));
    assert_eq!(scenario.run().await.tally, Tally { added: 2, conflict: 1, ..Tally::default() });
    assert_eq!(scenario.api.state.lock().unwrap().participants.len(), 4);
    // Somebody removes one of them: the next run looks.
    scenario.api.state.lock().unwrap().participants.remove(0);
    assert_eq!(scenario.run().await.tally, Tally { present: 3, without_token: 1, ..Tally::default() });
}

#[tokio::test(start_paused = true)]
async fn a_lost_journal_makes_no_duplicates() {
    let scenario = Scenario::rows(230);
    scenario.run().await;
    std::fs::remove_file(scenario.journal()).unwrap();
    let ran = scenario.run().await;
    assert_eq!(ran.tally, Tally { present: 230, without_token: 230, ..Tally::default() });
    assert_once(&scenario);
}

#[rstest]
#[case::from_zero(true, 100)]
#[case::small_pages(false, 7)]
#[case::small_pages_from_zero(true, 7)]
#[tokio::test(start_paused = true)]
async fn a_listing_is_complete_however_its_pages_are_cut(
    #[case] pages_from_zero: bool,
    #[case] per_page: usize,
) {
    let scenario = Scenario::rows(30);
    for row in &scenario.roster[5..] {
        scenario.api.hold(row);
    }
    {
        let mut state = scenario.api.state.lock().unwrap();
        (state.pages_from_zero, state.per_page) = (pages_from_zero, per_page);
    }
    let ran = scenario.run().await;
    assert_eq!((ran.tally.added, ran.tally.present), (5, 25));
    assert_once(&scenario);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_added_to_a_meeting_whose_listing_stays_incomplete() {
    let scenario = Scenario::rows(3);
    scenario.api.state.lock().unwrap().total_off_by = 1;
    let ran = scenario.run().await;
    assert_eq!(ran.tally, Tally { not_attempted: 3, ..Tally::default() });
    assert_eq!(ran.stops.len(), 1);
    assert!(scenario.api.state.lock().unwrap().posts.is_empty());
}

/// L04: a total that is too small by just the last page.
#[tokio::test(start_paused = true)]
async fn a_total_that_hides_the_last_page_concludes_nothing() {
    let scenario = Scenario::rows(14);
    scenario.roster.iter().for_each(|row| scenario.api.hold(row));
    {
        let mut state = scenario.api.state.lock().unwrap();
        (state.total_off_by, state.per_page) = (-7, 7);
    }
    assert_eq!(scenario.run().await.tally, Tally { not_attempted: 14, ..Tally::default() });
    assert!(scenario.api.state.lock().unwrap().posts.is_empty());
}

/// L04: lists without a total, for ever: before the first create nobody is added, and with a row in doubt it stays so.
#[tokio::test(start_paused = true)]
async fn without_a_total_nothing_is_concluded() {
    let scenario = Scenario::rows(3);
    scenario.api.state.lock().unwrap().no_total_from = Some(1);
    let ran = scenario.run().await;
    assert_eq!(ran.tally, Tally { not_attempted: 3, ..Tally::default() });
    assert!(matches!(ran.stops.as_slice(), [StopReason::ListingIncomplete { .. }]), "{:?}", ran.stops);
    assert!(scenario.api.state.lock().unwrap().posts.is_empty());

    let scenario = Scenario::rows(3);
    scenario.api.script("id-001", [Fate::Lost]);
    scenario.api.state.lock().unwrap().no_total_from = Some(2);
    assert_eq!(scenario.run().await.tally, Tally { added: 2, uncertain: 1, ..Tally::default() });
    assert_eq!(scenario.run().await.tally, Tally { present: 2, uncertain: 1, ..Tally::default() });
    assert_eq!(scenario.api.state.lock().unwrap().posts["id-001"], 1);
    assert!(
        scenario.api.state.lock().unwrap().lists <= 1 + 2 * 8,
        "each page is asked for eight times at the most"
    );
}

/// Somebody goes just as another comes: the pages add up, and whoever moved to a page that was read is missing.
#[tokio::test(start_paused = true)]
async fn who_moves_from_page_to_page_is_not_added_again() {
    let scenario = Scenario::rows(13);
    scenario.api.hold(&participant("somebody"));
    scenario.roster.iter().for_each(|row| scenario.api.hold(row));
    {
        let mut state = scenario.api.state.lock().unwrap();
        (state.per_page, state.comes_after_page_1) = (7, Some(participant("another")));
    }
    assert_eq!(scenario.run().await.tally.present, 13);
    assert_once(&scenario);
}

/// L05: the same page for ever.
#[tokio::test(start_paused = true)]
async fn a_listing_that_repeats_itself_comes_to_an_end() {
    let scenario = Scenario::rows(30);
    for row in &scenario.roster[5..] {
        scenario.api.hold(row);
    }
    {
        let mut state = scenario.api.state.lock().unwrap();
        (state.same_page, state.per_page) = (true, 7);
    }
    let ran = scenario.run().await;
    assert_eq!(ran.tally, Tally { not_attempted: 30, ..Tally::default() });
    assert!(scenario.api.state.lock().unwrap().lists <= 15);
}

/// K04, K11: a process that died after its POST left; the next run settles from its own beginning.
#[tokio::test(start_paused = true)]
async fn what_a_dead_process_had_sent_is_settled_from_the_start_of_the_next_run() {
    let scenario = Scenario::rows(3);
    let clock = RunClock::starting_at(jiff::Timestamp::from_second(1_800_000_000).unwrap());
    let mut dead = scenario.stage(clock).unwrap();
    dead.accept(clock.now(), crate::journal::Acceptance::default()).unwrap();
    let meeting = dead.meetings().unwrap()[0];
    assert_eq!(dead.exchange(&mut [], Some((meeting.key, 2))).unwrap().len(), 2);
    drop(dead);
    // The first of the two takes effect just before the settle time is over.
    {
        let mut state = scenario.api.state.lock().unwrap();
        let at = tokio::time::Instant::now() + SETTLE - Duration::from_secs(1);
        let made = crate::model::RemoteParticipant {
            id: crate::model::RemoteId::new("late").unwrap(),
            custom_participant_id: "id-000".to_owned(),
            preset_name: "viewer".to_owned(),
            name: Some("Name of id-000".to_owned()),
            picture: None,
            created_at: String::new(),
            updated_at: String::new(),
        };
        state.late.push((at, made));
    }
    let ran = scenario.run_at(clock).await;
    assert_eq!((ran.tally.added, ran.tally.present), (2, 1));
    assert_once(&scenario);
    assert!(!scenario.api.state.lock().unwrap().posts.contains_key("id-000"));
}
