//! A sync on paused time: what a roster that changes does to a meeting, judged by what the meeting holds.

use super::meetings::other;
use super::*;
use crate::dispatch::{Changed, Removal};
use crate::journal::{ChangeCounts, MeetingPlan, SamePerson};
use crate::lifecycle::RowState;
use crate::model::RemoteParticipant;

/// What a sync came to.
struct Synced {
    plans: Vec<MeetingPlan>,
    changed: Changed,
    ran: Ran,
}

impl Scenario {
    /// A sync, as the use case does it, begun so many seconds after the first run.
    async fn sync(&self, seconds: i64, removal: Removal) -> Synced {
        let wall = Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        let clock = RunClock::starting_at(wall);
        let waits = Arc::new(Waits::default());
        let mut dispatcher = self.dispatcher(clock, &waits);
        let plans = dispatcher.survey(SamePerson::Hold).await.unwrap();
        accept(&mut dispatcher, clock).await;
        dispatcher.journal.call(Journal::begin_changes).await.unwrap();
        dispatcher.run().await.unwrap();
        let changed = dispatcher.change(removal).await.unwrap();
        let mut journal = dispatcher.journal.into_inner().unwrap();
        journal.finish(clock.now(), 0).unwrap();
        let waits = waits.waits.lock().unwrap().clone();
        let ran = Ran { tally: journal.tally().unwrap(), stops: dispatcher.stops, waits };
        Synced { plans, changed, ran }
    }

    fn roster(&mut self, ids: &[&str]) {
        self.roster = ids.iter().map(|id| participant(id)).collect();
    }

    /// The ids in the meeting, sorted.
    fn in_meeting(&self) -> Vec<String> {
        let mut state = self.api.state.lock().unwrap();
        let mut ids: Vec<_> =
            state.counts().into_iter().flat_map(|(id, count)| std::iter::repeat_n(id, count)).collect();
        ids.sort();
        ids
    }

    fn held(&self, id: &str) -> RemoteParticipant {
        let state = self.api.state.lock().unwrap();
        state.participants.iter().find(|held| held.custom_participant_id == id).unwrap().clone()
    }

    fn removed_by_others(&self, id: &str) {
        self.api.state.lock().unwrap().participants.retain(|held| held.custom_participant_id != id);
    }

    fn state_of(&self, id: &str) -> RowState {
        let rows = self.exported();
        rows.iter().find(|row| row.custom_participant_id == id).unwrap().state
    }
}

/// Long after everything that an earlier run did.
const LATER: i64 = 3_600;

#[tokio::test(start_paused = true)]
async fn a_meeting_follows_its_roster() {
    let mut scenario = Scenario::of(["ann", "bob", "cid"]);
    scenario.sync(0, Removal::Nobody).await;
    scenario.roster(&["ann", "bob", "dan"]);
    scenario.roster[1].name = "Robert".to_owned();
    scenario.roster[1].preset_name = "host".to_owned();
    let synced = scenario.sync(LATER, Removal::Ours).await;
    let counts = ChangeCounts { add: 1, update: 1, unchanged: 1, remove: 1, ..ChangeCounts::default() };
    assert_eq!((synced.plans[0].counts, synced.plans[0].managed), (counts, 3));
    assert_eq!((synced.changed.updated, synced.changed.removed, synced.changed.failed), (1, 1, 0));
    assert_eq!(scenario.in_meeting(), ["ann", "bob", "dan"]);
    let bob = scenario.held("bob");
    assert_eq!((bob.name.as_deref(), bob.preset_name.as_str()), (Some("Robert"), "host"));
    assert_eq!(synced.ran.tally, Tally { added: 1, present: 2, ..Tally::default() });
    assert_eq!(scenario.state_of("cid"), RowState::Removed);
    let exported = scenario.exported();
    let token = |id: &str| {
        let row = exported.iter().find(|row| row.custom_participant_id == id).unwrap();
        row.token.as_ref().map(|token| token.expose().to_owned())
    };
    assert_eq!(token("bob").as_deref(), Some("token after the update of remote-2"));
    assert_eq!(token("cid"), None, "the key of whoever was removed is gone");
}

#[tokio::test(start_paused = true)]
async fn a_second_sync_changes_nothing() {
    let mut scenario = Scenario::of(["ann", "bob"]);
    scenario.sync(0, Removal::Ours).await;
    scenario.roster(&["ann"]);
    scenario.roster[0].picture = Some("https://example.com/a.png".to_owned());
    scenario.sync(LATER, Removal::Ours).await;
    let posts = scenario.api.state.lock().unwrap().posts.clone();
    let again = scenario.sync(2 * LATER, Removal::Ours).await;
    assert_eq!(again.plans[0].counts, ChangeCounts { unchanged: 1, ..ChangeCounts::default() });
    assert_eq!((again.changed.updated, again.changed.removed), (0, 0));
    assert_eq!(scenario.api.state.lock().unwrap().posts, posts);
    assert_eq!(scenario.api.state.lock().unwrap().updates, 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_others_removed_is_added_again() {
    let scenario = Scenario::of(["ann", "bob"]);
    scenario.sync(0, Removal::Ours).await;
    scenario.removed_by_others("ann");
    let synced = scenario.sync(LATER, Removal::Ours).await;
    assert_eq!(synced.plans[0].counts.add_again, 1);
    assert!(synced.ran.waits.is_empty());
    assert_eq!(scenario.in_meeting(), ["ann", "bob"]);
    let ann = scenario.held("ann");
    assert_eq!(ann.name.as_deref(), Some("Name of ann"));
}

/// A list may not show yet who was added a moment ago: added again, they would be in twice.
#[tokio::test(start_paused = true)]
async fn whoever_a_list_does_not_show_yet_is_waited_for() {
    let scenario = Scenario::of(["ann", "bob"]);
    scenario.sync(0, Removal::Ours).await;
    let hidden = {
        let mut state = scenario.api.state.lock().unwrap();
        let at = state.participants.iter().position(|held| held.custom_participant_id == "ann").unwrap();
        let ann = state.participants.remove(at);
        let shows = tokio::time::Instant::now() + Duration::from_secs(100);
        state.late.push((shows, ann));
        shows
    };
    let synced = scenario.sync(10, Removal::Ours).await;
    assert!(tokio::time::Instant::now() >= hidden);
    assert_eq!(synced.plans[0].counts.unchanged, 2);
    assert_eq!(scenario.in_meeting(), ["ann", "bob"]);
}

#[tokio::test(start_paused = true)]
async fn strangers_and_those_who_were_there_before_stay_unless_asked_for() {
    let mut scenario = Scenario::of(["ann", "bob"]);
    scenario.api.apply(&participant("bob"));
    scenario.api.apply(&participant("eve"));
    scenario.sync(0, Removal::Ours).await;
    scenario.roster(&["ann"]);
    let synced = scenario.sync(LATER, Removal::Ours).await;
    let counts = synced.plans[0].counts;
    assert_eq!((counts.remove, counts.remove_found, counts.foreign, synced.plans[0].managed), (0, 1, 1, 1));
    assert_eq!(scenario.in_meeting(), ["ann", "bob", "eve"]);
    let synced = scenario.sync(2 * LATER, Removal::Everybody).await;
    assert_eq!(synced.changed.removed, 2);
    assert_eq!(scenario.in_meeting(), ["ann"]);
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_in_twice_is_left_alone() {
    let mut scenario = Scenario::of(["ann", "bob"]);
    scenario.sync(0, Removal::Ours).await;
    scenario.api.apply(&participant("bob"));
    scenario.roster(&["ann"]);
    let synced = scenario.sync(LATER, Removal::Everybody).await;
    assert_eq!((synced.plans[0].counts.conflict, synced.changed.removed), (1, 0));
    assert_eq!(scenario.in_meeting(), ["ann", "bob", "bob"]);
}

/// Somebody else has put another participant with our id in the place of ours.
#[tokio::test(start_paused = true)]
async fn who_stands_in_our_place_is_not_ours() {
    let mut scenario = Scenario::of(["ann", "bob"]);
    scenario.sync(0, Removal::Ours).await;
    scenario.removed_by_others("bob");
    scenario.api.apply(&participant("bob"));
    scenario.roster(&["ann"]);
    let synced = scenario.sync(LATER, Removal::Ours).await;
    assert_eq!((synced.plans[0].counts.foreign, synced.changed.removed), (1, 0));
    assert_eq!(scenario.in_meeting(), ["ann", "bob"]);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_removed_from_a_meeting_that_cannot_be_listed() {
    let mut scenario = Scenario::of(["ann", "bob"]);
    scenario.sync(0, Removal::Ours).await;
    scenario.roster(&["ann"]);
    scenario.api.state.lock().unwrap().unlistable = Some(meeting());
    let synced = scenario.sync(LATER, Removal::Everybody).await;
    assert_eq!(synced.ran.stops, [StopReason::ListingIncomplete { meeting: meeting() }]);
    assert_eq!(scenario.in_meeting(), ["ann", "bob"]);
}

/// What is wanted of the other one is done all the same; only who may be missing from a list isn't.
#[tokio::test(start_paused = true)]
async fn a_meeting_that_cannot_be_listed_holds_up_removals_only() {
    let mut scenario = Scenario::of(["ann"]).elsewhere(other(), 3);
    scenario.sync(0, Removal::Ours).await;
    scenario.roster.truncate(3);
    scenario.roster[1].name = "Another name".to_owned();
    scenario.api.state.lock().unwrap().unlistable = Some(meeting());
    let synced = scenario.sync(LATER, Removal::Ours).await;
    assert_eq!(synced.ran.stops, [StopReason::ListingIncomplete { meeting: meeting() }]);
    assert_eq!(scenario.held("there-000").name.as_deref(), Some("Another name"));
    assert_eq!((synced.changed.updated, synced.changed.removed), (1, 0));
    assert_eq!(scenario.in_meeting(), ["ann", "there-000", "there-001", "there-002"]);
}

/// What others have changed is changed back, whatever the journal believes.
#[tokio::test(start_paused = true)]
async fn what_others_changed_is_changed_back() {
    let scenario = Scenario::of(["ann"]);
    scenario.sync(0, Removal::Ours).await;
    scenario.api.state.lock().unwrap().participants[0].preset_name = "host".to_owned();
    let synced = scenario.sync(LATER, Removal::Ours).await;
    assert_eq!(synced.changed.updated, 1);
    assert_eq!(scenario.held("ann").preset_name, "viewer");
    assert_eq!(scenario.exported()[0].preset_name, "viewer");
    assert_eq!(synced.ran.tally.differing, 0);
}
