//! Several meetings in one run: none waits for another one's trouble.

use std::time::Duration;

use tokio::time::Instant;

use super::fake::{Asked, Fate};
use super::{Scenario, Tally, meeting};
use crate::event::StopReason;
use crate::model::MeetingId;

pub(super) fn other() -> MeetingId {
    "4f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b".parse().unwrap()
}

/// When the requests of a kind about a meeting came.
fn times(scenario: &Scenario, kind: Asked, of: MeetingId) -> Vec<Instant> {
    let state = scenario.api.state.lock().unwrap();
    let asked = state.asked.iter().filter(|(_, asked, meeting)| (*asked, *meeting) == (kind, of));
    asked.map(|(at, _, _)| *at).collect()
}

#[tokio::test(start_paused = true)]
async fn a_meeting_that_cannot_be_listed_holds_up_no_other() {
    let scenario = Scenario::rows(10).elsewhere(other(), 10);
    scenario.api.state.lock().unwrap().unlistable = Some(meeting());
    let ran = scenario.run().await;
    assert_eq!(ran.stops, [StopReason::ListingIncomplete { meeting: meeting() }]);
    assert_eq!(ran.tally, Tally { added: 10, not_attempted: 10, ..Tally::default() });
    let (creates, listings) =
        (times(&scenario, Asked::Create, other()), times(&scenario, Asked::List, meeting()));
    assert!(creates.last() < listings.last(), "its rows were in before the other listing was given up");
    assert_eq!(times(&scenario, Asked::Create, meeting()), []);
}

#[tokio::test(start_paused = true)]
async fn a_doubt_is_settled_while_another_meeting_goes_on() {
    // A hundred rows a minute, so that the second meeting takes twenty minutes.
    let mut scenario = Scenario::rows(2).elsewhere(other(), 2_000);
    scenario.rate = "100/1m".parse().unwrap();
    scenario.api.script("id-001", [Fate::Lost]);
    let ran = scenario.run().await;
    assert_eq!(ran.tally, Tally { added: 2_002, ..Tally::default() });
    assert_eq!(scenario.api.state.lock().unwrap().posts["id-001"], 2);
    let (first, second) =
        (times(&scenario, Asked::Create, meeting()), times(&scenario, Asked::Create, other()));
    let resent_after = *first.last().unwrap() - first[0];
    assert!(resent_after < Duration::from_secs(200), "{resent_after:?}");
    assert!(second.last() > first.last());
    // Before its first create, and twice before the resend: an empty page; a page and one beyond it, twice.
    assert_eq!(times(&scenario, Asked::List, meeting()).len(), 1 + 2 + 2);
    assert!(ran.waits.is_empty(), "nobody is told to wait while others are being added");
}

/// GUARANTEE.md section 3: the meeting's creates pause while it is scanned.
#[tokio::test(start_paused = true)]
async fn no_create_leaves_for_a_meeting_while_it_is_listed() {
    let scenario = Scenario::rows(40).elsewhere(other(), 40);
    for id in ["id-003", "id-030", "there-007"] {
        scenario.api.script(id, [Fate::Lost, Fate::AppliedThenLost]);
    }
    assert_eq!(scenario.run().await.tally, Tally { added: 80, ..Tally::default() });
    assert_eq!(scenario.api.state.lock().unwrap().listed_amid_creates, 0);
}
