//! Rosters that change at random, against a server that misbehaves at random, with a stranger in the meeting and a
//! process that is killed: in the end the meeting is as the last roster wants it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fastrand::Rng;
use guestlist::sandbox::SandboxSettings;
use rstest::rstest;

use super::Event;
use crate::support::{Import, Running};

/// What goes wrong on the way. Creates that are lost, late or doubled by a broken connection are what an import
/// survives; here updates, removals and lists meet the same.
const FAULTS: [&str; 11] = [
    "close-after=0.04",
    "close=0.04",
    "late-apply=0.03",
    "502-after=0.03",
    "500=0.03",
    "truncated=0.02",
    "close-after=0.08@patch",
    "500=0.05@patch",
    "close-after=0.08@delete",
    "502-after=0.05@delete",
    "500=0.03@token",
];

/// What the roster wants, and who else is there.
pub(super) struct History {
    pub(super) event: Event,
    pub(super) random: Rng,
    pub(super) wanted: BTreeMap<String, String>,
    strangers: BTreeSet<String>,
}

impl History {
    pub(super) fn new(seed: u64, faults: &[&str], change: impl FnOnce(&mut SandboxSettings)) -> Self {
        let import = faults.iter().fold(Import::new(), |import, fault| import.fault(fault));
        let import = import.server_with(|settings| {
            settings.seed = seed;
            settings.max_per_page = 20;
            settings.late_by = Duration::from_millis(100);
            change(settings);
        });
        let random = Rng::with_seed(seed);
        Self { event: Event(import), random, wanted: BTreeMap::new(), strangers: BTreeSet::new() }
    }

    /// Some come, some go, some are renamed; somebody else adds a stranger now and then.
    pub(super) fn change(&mut self) {
        let mut random = self.random.clone();
        self.wanted.retain(|_, _| random.u8(..) > 40);
        for name in self.wanted.values_mut() {
            if random.u8(..) < 40 {
                *name = format!("Guest {}", random.u16(..));
            }
        }
        for _ in 0..random.usize(1..9) {
            self.wanted.insert(format!("p{}", random.u8(..60)), format!("Guest {}", random.u16(..)));
        }
        if random.bool() {
            let stranger = format!("stranger-{}", random.u16(..));
            self.event.0.server().try_add(&stranger, "Stranger", "group_call_participant");
        }
        self.random = random;
        let people: Vec<_> = self.wanted.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
        self.event.roster(&people);
    }

    /// A sync, killed at a random request or left to its end.
    fn sync(&mut self) {
        let typed = "sync list.csv --json --journal j.db --settle 1s --remove --max-remove 100%";
        let mut running = Running::start(&self.event.0, self.event.0.command(typed));
        if self.random.bool() {
            let seen = self.event.0.server().requests() + self.random.u64(1..25);
            running.until_or_ended(|stats| stats.requests.values().sum::<u64>() >= seen);
            running.kill();
        } else {
            running.end_somehow();
        }
    }

    /// Nobody twice, and every stranger still there.
    pub(super) fn assert_sound(&mut self, step: usize) {
        let members = self.event.members();
        self.strangers.extend(members.keys().filter(|id| id.starts_with("stranger-")).cloned());
        // The server's other writer takes them for ours, and may remove them.
        let counts = self.event.0.server().id_counts();
        self.strangers.retain(|id| counts[id].foreign_removed == 0);
        for (id, names) in &members {
            assert_eq!(names.len(), 1, "step {step}: {id} is in more than once");
        }
        for stranger in &self.strangers {
            assert!(members.contains_key(stranger), "step {step}: {stranger} was removed");
        }
    }

    /// These members are whom the roster names, and others whom we have nothing to do with.
    pub(super) fn assert_in_step(&self, members: &BTreeMap<String, Vec<String>>) {
        let mut expected: BTreeMap<_, _> =
            self.wanted.iter().map(|(id, name)| (id.clone(), vec![name.clone()])).collect();
        expected.extend(self.strangers.iter().map(|id| (id.clone(), vec!["Stranger".to_owned()])));
        let ours = members.iter().filter(|(id, _)| !id.starts_with("foreign-"));
        assert_eq!(ours.map(|(id, names)| (id.clone(), names.clone())).collect::<BTreeMap<_, _>>(), expected);
    }
}

/// Eight rosters, each applied or not, and then the last one until all is well.
fn play(seed: u64) {
    let mut history = History::new(seed, &FAULTS, |_| {});
    for step in 0..8 {
        history.change();
        history.sync();
        history.assert_sound(step);
    }
    let flags = "--settle 1s --remove --max-remove 100%";
    let exits: Vec<i32> =
        (0..12).map(|_| history.event.sync(flags).code()).take_while(|code| *code != 0).collect();
    assert!(exits.len() < 12, "seed {seed}: never exit 0: {exits:?}");
    history.assert_sound(usize::MAX);
    history.assert_in_step(&history.event.members());
}

#[rstest]
fn a_meeting_ends_as_its_last_roster_wants_it(#[values(1, 2, 3)] seed: u64) {
    play(seed);
}

#[test]
#[ignore = "part of the long part: minutes"]
fn three_hundred_meetings_end_as_their_last_rosters_want_them() {
    let next = AtomicU64::new(1_000);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let seed @ ..1_300 = next.fetch_add(1, Ordering::Relaxed) {
                    play(seed);
                }
            });
        }
    });
}
