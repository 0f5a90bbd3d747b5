//! Another writer of the same meeting, who comes and goes while a client lists it. Pure.

use uuid::Uuid;

use super::faults::Deed;
use super::store::{Fields, Meeting, Moment, Writer};

/// How the ids of its participants begin.
const FOREIGN_ID: &str = "foreign-";

impl Meeting {
    /// The other writer does something. Whom it removes is drawn from the seed and how often it did so before.
    pub(super) fn suffer(&mut self, deed: Deed, seed: u64, preset_name: &str, now: Moment) {
        let chosen = match deed {
            Deed::Adds => return self.add_foreigner(seed, preset_name, now),
            Deed::Removes => self.choose(seed, Writer::Foreigner),
            Deed::RemovesOurs => self.choose(seed, Writer::Client),
        };
        if let Some(id) = chosen
            && let Ok(gone) = self.take_out(id)
        {
            self.counts(&gone.custom_participant_id).foreign_removed += 1;
        }
    }

    fn add_foreigner(&mut self, seed: u64, preset_name: &str, now: Moment) {
        let number = 1 + self.counts_of_ids().map(|counts| counts.foreign_added).sum::<u64>();
        let custom_participant_id = format!("{FOREIGN_ID}{number}");
        let name = Some(format!("Somebody else {number}"));
        let fields = Fields { preset_name: preset_name.to_owned(), name, picture: None };
        self.put_in(seed, &custom_participant_id, fields, now, Writer::Foreigner);
        self.counts(&custom_participant_id).foreign_added += 1;
    }

    fn choose(&self, seed: u64, made_by: Writer) -> Option<Uuid> {
        let candidates: Vec<Uuid> =
            self.participants().filter(|one| one.made_by == made_by).map(|one| one.id).collect();
        let before: u64 = self.counts_of_ids().map(|counts| counts.foreign_removed).sum();
        let dice = Uuid::new_v5(&Uuid::from_u64_pair(seed, 2), &before.to_be_bytes()).as_u64_pair().0;
        let index = usize::try_from(dice.checked_rem(candidates.len() as u64)?).ok()?;
        candidates.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MeetingId;
    use crate::sandbox::settings::MeetingStatus;
    use jiff::Timestamp;
    use tokio::time::Instant;

    fn now() -> Moment {
        Moment { instant: Instant::now(), timestamp: Timestamp::UNIX_EPOCH }
    }

    /// A meeting with one of ours, after these deeds.
    fn after(deeds: &[Deed], seed: u64) -> Meeting {
        let mut meeting = Meeting::new(MeetingId::new(Uuid::nil()), MeetingStatus::Active, now().timestamp);
        let fields = Fields { preset_name: "viewer".to_owned(), name: None, picture: None };
        meeting.add(seed, "ours", fields, now());
        deeds.iter().for_each(|deed| meeting.suffer(*deed, seed, "viewer", now()));
        meeting
    }

    fn ids(meeting: &Meeting) -> Vec<&str> {
        meeting.participants().map(|participant| participant.custom_participant_id.as_str()).collect()
    }

    #[test]
    fn it_adds_its_own_and_removes_its_own() {
        assert_eq!(ids(&after(&[Deed::Adds, Deed::Adds], 0)), ["ours", "foreign-1", "foreign-2"]);
        let meeting = after(&[Deed::Adds, Deed::Removes, Deed::Removes, Deed::Adds], 0);
        assert_eq!(ids(&meeting), ["ours", "foreign-2"]);
        let counts = &meeting.id_counts()["foreign-1"];
        assert_eq!((counts.foreign_added, counts.foreign_removed, counts.living), (1, 1, 0));
    }

    #[test]
    fn it_touches_ours_only_when_told() {
        assert_eq!(ids(&after(&[Deed::Removes; 3], 0)), ["ours"]);
        let meeting = after(&[Deed::Adds, Deed::RemovesOurs, Deed::RemovesOurs], 0);
        assert_eq!(ids(&meeting), ["foreign-1"]);
        let counts = &meeting.id_counts()["ours"];
        assert_eq!((counts.removed, counts.foreign_removed), (0, 1));
    }

    #[test]
    fn a_seed_repeats_whom_it_removes() {
        let mut deeds = vec![Deed::Adds; 20];
        deeds.extend([Deed::Removes; 10]);
        assert_eq!(ids(&after(&deeds, 1)), ids(&after(&deeds, 1)));
        assert_ne!(ids(&after(&deeds, 1)), ids(&after(&deeds, 2)));
    }
}
