//! The roster of each life: the same people, sometimes some more, some less, in another order, with other wishes. Pure.

use std::collections::BTreeMap;

use fastrand::Rng;
use guestlist::model::{Participant, ParticipantKey};

use super::fate::pick;
use super::nature::Nature;
use super::world::Key;

pub(super) const PRESETS: [&str; 3] = ["viewer", "host", "presenter"];

/// The roster as it is now, and everybody whom it ever named.
pub(super) struct Rosters {
    pub(super) rows: Vec<Participant>,
    /// With their newest wishes.
    ever: BTreeMap<Key, Participant>,
    named: usize,
}

impl Rosters {
    pub(super) fn of(dice: &mut Rng, nature: &Nature) -> Self {
        let mut rosters = Self { rows: Vec::new(), ever: BTreeMap::new(), named: 0 };
        for _ in 0..dice.usize(9..=15) {
            rosters.add(dice, nature);
        }
        rosters
    }

    fn add(&mut self, dice: &mut Rng, nature: &Nature) {
        self.named += 1;
        // The same id in two meetings is two people.
        let number = if self.named % 4 == 3 { self.named - 1 } else { self.named };
        let key = ParticipantKey {
            meeting: pick(dice, &nature.meetings),
            custom_participant_id: format!("id-{number}"),
        };
        if self.rows.iter().any(|row| row.key == key) {
            return;
        }
        self.rows.push(Participant {
            name: format!("Name {}", self.named),
            preset_name: pick(dice, &PRESETS).to_owned(),
            picture: None,
            key,
        });
        self.keep();
    }

    /// Somebody edits the file between two runs.
    pub(super) fn edit(&mut self, dice: &mut Rng, nature: &Nature) {
        match dice.u32(0..8) {
            0 => self.add(dice, nature),
            1 if self.rows.len() > 1 => {
                self.rows.remove(dice.usize(0..self.rows.len()));
            }
            2 => dice.shuffle(&mut self.rows),
            3 => {
                let at = dice.usize(0..self.rows.len());
                self.rows[at].name.push('!');
                self.rows[at].preset_name = pick(dice, &PRESETS).to_owned();
            }
            _ => {}
        }
        self.keep();
    }

    fn keep(&mut self) {
        for row in &self.rows {
            let key = (row.key.meeting, row.key.custom_participant_id.clone());
            self.ever.insert(key, row.clone());
        }
    }

    /// Everybody whom it ever named.
    pub(super) fn everybody(&self) -> Vec<Participant> {
        self.ever.values().cloned().collect()
    }
}
