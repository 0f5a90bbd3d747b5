//! What a meeting keeps.

use super::*;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Add(u8),
    /// Removes the living participant at this place, if there are so many.
    Delete(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![3 => (0..6_u8).prop_map(Step::Add), 1 => (0..12_usize).prop_map(Step::Delete)]
}

fn meeting() -> MeetingId {
    MeetingId::new(Uuid::nil())
}

fn store() -> Store {
    let meetings = [(meeting(), MeetingStatus::Active)];
    Store::new(vec!["viewer".to_owned()], &meetings, Timestamp::UNIX_EPOCH)
}

fn fields() -> Fields {
    Fields { preset_name: "viewer".to_owned(), name: None, picture: None }
}

proptest! {
    /// Whatever is added and removed: the pages hold the living, in order, each once, and the counts say so.
    #[test]
    fn the_pages_hold_the_living(steps in prop::collection::vec(step(), 0..60), per_page in 1_u64..7) {
        let now = Moment { instant: Instant::now(), timestamp: Timestamp::UNIX_EPOCH };
        let mut store = store();
        let mut living: Vec<(Uuid, String)> = Vec::new();
        for step in steps {
            match step {
                Step::Add(who) => {
                    let added = store.add(0, meeting(), &format!("id-{who}"), fields(), now).unwrap();
                    living.push((added.id, added.custom_participant_id.clone()));
                }
                Step::Delete(place) if place < living.len() => {
                    let (id, custom_id) = living.remove(place);
                    prop_assert_eq!(store.delete(meeting(), id).unwrap().custom_participant_id, custom_id);
                    prop_assert_eq!(store.get(meeting(), id).err(), Some(Refusal::UnknownParticipant));
                }
                Step::Delete(_) => {}
            }
        }
        let held = store.meeting(meeting()).unwrap();
        let mut listed = Vec::new();
        for page in 0..=living.len() as u64 / per_page {
            let slice = held.slice(page * per_page, per_page, ListOrder::Oldest, now.instant, Duration::ZERO);
            prop_assert_eq!(slice.total, living.len() as u64);
            listed.extend(slice.participants.iter().map(|p| (p.id, p.custom_participant_id.clone())));
        }
        for (id, custom_id) in &living {
            prop_assert_eq!(&store.get(meeting(), *id).unwrap().custom_participant_id, custom_id);
        }
        let counted: u64 = held.counts_of_ids().map(|counts| counts.living).sum();
        prop_assert_eq!(counted, living.len() as u64);
        prop_assert_eq!(listed, living);
    }
}

#[test]
fn a_lag_hides_the_young_and_takes_them_off_the_total() {
    let start = Instant::now();
    let at =
        |seconds| Moment { instant: start + Duration::from_secs(seconds), timestamp: Timestamp::UNIX_EPOCH };
    let mut store = store();
    for second in [0, 5, 9] {
        store.add(0, meeting(), &second.to_string(), fields(), at(second)).unwrap();
    }
    let held = store.meeting(meeting()).unwrap();
    let slice = held.slice(0, 9, ListOrder::Oldest, at(10).instant, Duration::from_secs(5));
    assert_eq!((slice.participants.len(), slice.total), (2, 2));
}

#[test]
fn posts_are_counted_whatever_becomes_of_them() {
    let mut store = store();
    store.count_post(meeting(), "a", true);
    store.count_post(meeting(), "a", false);
    store.count_post(MeetingId::new(Uuid::max()), "a", false);
    let counts = store.meeting(meeting()).unwrap().id_counts();
    assert_eq!(counts["a"], IdCounts { posts: 2, throttled: 1, ..IdCounts::default() });
}
