//! When a run, or a part of it, must end early.

use std::time::Duration;

use rstest::rstest;

use super::fake::Fate;
use super::{Pacer, PacerSettings, RunClock, Scenario, Server, Tally, honour_kept_gate};
use crate::event::StopReason;
use crate::outcome::Stop;

#[rstest]
#[case(401)]
#[case(403)]
#[case(511)]
#[tokio::test(start_paused = true)]
async fn an_unauthorized_run_stops_at_once_and_resumes(#[case] status: u16) {
    let scenario = Scenario::rows(100);
    scenario.api.script("id-040", [Fate::Status(status)]);
    let ran = scenario.run().await;
    assert!(matches!(ran.stops.as_slice(), [StopReason::Answer(Stop::Unauthorized(_))]));
    let posts: usize = scenario.api.state.lock().unwrap().posts.values().sum();
    assert!(posts <= 41 + 8, "{posts}");
    assert_eq!(ran.tally.added + ran.tally.not_attempted, 100);
    assert_eq!(scenario.run().await.tally.rows(), 100);
    assert_eq!(scenario.api.state.lock().unwrap().participants.len(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_never_followed_and_its_row_is_in_doubt() {
    let scenario = Scenario::rows(1);
    scenario.api.script("id-000", [Fate::Status(307)]);
    let ran = scenario.run().await;
    assert!(matches!(ran.stops.as_slice(), [StopReason::Answer(Stop::Redirected(_))]));
    assert_eq!(ran.tally, Tally { uncertain: 1, ..Tally::default() });
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_run_keeps_what_was_on_its_way_and_sends_nothing_more() {
    let scenario = Scenario::rows(100);
    scenario.api.script("id-040", [Fate::Interrupts]);
    *scenario.api.interrupt.lock().unwrap() = Some(scenario.cancel.clone());
    let ran = scenario.run().await;
    assert_eq!(ran.stops, [StopReason::Interrupted]);
    let posts: usize = scenario.api.state.lock().unwrap().posts.values().sum();
    assert_eq!(ran.tally.added, posts as u64);
    assert_eq!(ran.tally.added + ran.tally.not_attempted, 100);
    assert!(posts < 60, "{posts}");
}

/// K14: interrupted while the gate is closed; the next run doesn't knock before it opens.
#[tokio::test(start_paused = true)]
async fn a_closed_gate_stays_closed_for_the_next_run() {
    let mut scenario = Scenario::rows(1);
    scenario.api.script("id-000", [Fate::Status(429)]);
    scenario.interrupted_by_results = true;
    assert_eq!(scenario.run().await.tally, Tally { not_attempted: 1, ..Tally::default() });
    let closed_at = tokio::time::Instant::now();
    scenario.interrupted_by_results = false;
    scenario.cancel = tokio_util::sync::CancellationToken::new();
    assert_eq!(scenario.run().await.tally, Tally { added: 1, ..Tally::default() });
    let asked_at = scenario.api.state.lock().unwrap().asked_at.unwrap();
    assert!(asked_at - closed_at >= Duration::from_secs(29), "{:?}", asked_at - closed_at);
}

/// M01: the clock is set back while the gate is closed. By the new time it opens long after anybody asked for; it opens
/// after the usual pause, and the journal knows.
#[rstest]
#[case::by_an_hour(Duration::from_secs(3_600))]
#[case::by_a_month(Duration::from_secs(30 * 86_400))]
#[tokio::test(start_paused = true)]
async fn a_gate_is_not_closed_for_longer_because_the_clock_is_set_back(#[case] back: Duration) {
    let mut scenario = Scenario::rows(1);
    scenario.api.script("id-000", [Fate::Status(429)]);
    scenario.interrupted_by_results = true;
    let before = RunClock::starting_at(jiff::Timestamp::from_second(1_800_000_000).unwrap());
    assert_eq!(scenario.run_at(before).await.tally, Tally { not_attempted: 1, ..Tally::default() });
    scenario.interrupted_by_results = false;
    scenario.cancel = tokio_util::sync::CancellationToken::new();
    let closed_at = tokio::time::Instant::now();
    let after = RunClock::starting_at(before.ago(back));
    assert_eq!(scenario.run_at(after).await.tally, Tally { added: 1, ..Tally::default() });
    let asked_at = scenario.api.state.lock().unwrap().asked_at.unwrap();
    let closed_for = (asked_at - closed_at).as_secs();
    assert!((29..=31).contains(&closed_for), "{closed_for} s");
}

/// M01: a gate further ahead than any server asks for, whatever made it so.
#[rstest]
#[case::a_month(30 * 86_400, 30)]
#[case::a_second_too_long(86_401, 30)]
#[case::the_longest(86_400, 86_400)]
#[case::shorter_than_the_usual(7, 7)]
#[tokio::test(start_paused = true)]
async fn a_gate_that_no_server_asks_for_is_kept_for_the_usual_pause(
    #[case] kept: u64,
    #[case] closed_for: u64,
) {
    let scenario = Scenario::rows(1);
    let clock = RunClock::starting_at(jiff::Timestamp::from_second(1_800_000_000).unwrap());
    let until = |seconds| Some(RunClock::after(clock.now(), Duration::from_secs(seconds)));
    scenario.stage(clock).unwrap().keep_gate(until(kept)).unwrap();
    let mut journal = scenario.stage(clock).unwrap();
    let settings = PacerSettings::new(Server::Loopback);
    let pacer = Pacer::new(settings);
    honour_kept_gate(&mut journal, &pacer, &clock, &crate::event::Silent).unwrap();
    assert_eq!(journal.gate_until().unwrap(), until(closed_for), "the next run finds it so");
    let closed = pacer.gate().unwrap().until - tokio::time::Instant::now();
    assert_eq!(closed, Duration::from_secs(closed_for));
}

/// K08: the interruption comes while further rows are being claimed.
#[tokio::test(start_paused = true)]
async fn rows_claimed_while_the_run_was_interrupted_are_not_sent() {
    let mut scenario = Scenario::rows(100);
    scenario.interrupted_by_results = true;
    let ran = scenario.run().await;
    assert_eq!(ran.stops, [StopReason::Interrupted]);
    let posts: usize = scenario.api.state.lock().unwrap().posts.values().sum();
    assert_eq!(posts, 8);
    assert_eq!(ran.tally, Tally { added: 8, not_attempted: 92, ..Tally::default() });
}

/// K08: the interruption comes while the last page of the listing before the first create is on its way.
#[tokio::test(start_paused = true)]
async fn a_run_interrupted_before_its_first_create_ends_and_sends_nothing() {
    let mut scenario = Scenario::rows(10);
    scenario.interrupted_by_a_listing = true;
    let ran = scenario.run().await;
    assert_eq!(ran.stops, [StopReason::Interrupted]);
    assert_eq!(ran.tally, Tally { not_attempted: 10, ..Tally::default() });
    assert!(scenario.api.state.lock().unwrap().posts.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_meeting_that_refuses_everybody_does_not_burn_the_quota() {
    let mut scenario = Scenario::rows(500);
    scenario.settings.concurrency = 64.try_into().unwrap();
    scenario.api.state.lock().unwrap().always = Some(Fate::Status(422));
    let ran = scenario.run().await;
    assert!(matches!(ran.stops.as_slice(), [StopReason::MeetingRefuses { .. }]));
    assert_eq!(ran.tally, Tally { rejected: 20, not_attempted: 480, ..Tally::default() });
}

#[tokio::test(start_paused = true)]
async fn a_meeting_that_is_gone_is_left_alone() {
    let scenario = Scenario::rows(500);
    {
        let mut state = scenario.api.state.lock().unwrap();
        state.always = Some(Fate::Status(404));
        state.meeting_is = Some(404);
    }
    let ran = scenario.run().await;
    assert!(matches!(ran.stops.as_slice(), [StopReason::MeetingRefuses { .. }]));
    assert!(ran.tally.rejected <= 8 && ran.tally.rejected + ran.tally.not_attempted == 500);
}

#[tokio::test(start_paused = true)]
async fn some_refused_rows_do_not_hold_up_the_others_and_are_tried_again_by_the_next_run() {
    let scenario = Scenario::rows(100);
    for id in ["id-003", "id-050"] {
        scenario.api.script(id, [Fate::Status(422)]);
    }
    assert_eq!(scenario.run().await.tally, Tally { added: 98, rejected: 2, ..Tally::default() });
    assert_eq!(scenario.run().await.tally, Tally { added: 2, present: 98, ..Tally::default() });
}

#[tokio::test(start_paused = true)]
async fn an_outage_ends_the_run_with_every_row_planned() {
    let mut scenario = Scenario::rows(30);
    scenario.max_outage = Duration::from_secs(60);
    scenario.api.state.lock().unwrap().always = Some(Fate::NotConnected);
    let ran = scenario.run().await;
    assert!(matches!(ran.stops.as_slice(), [StopReason::Outage { .. }]));
    assert_eq!(ran.tally, Tally { not_attempted: 30, ..Tally::default() });
}
