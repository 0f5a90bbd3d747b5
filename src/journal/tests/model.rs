//! Any sequence of runs, claims, answers, deaths and listings, against a meeting in memory that may apply a create and
//! lose its answer. Judged by what the meeting holds: at most one participant for every id. Two ids each are of one
//! person: of those, none is sent while a run doesn't name the other one, and that one is in.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use proptest::prelude::*;

/// How many rows are sent at once.
const CONCURRENCY: usize = 2;
const IDS: usize = 5;

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    /// The process dies; what is on its way is applied, or not. Another run names some ids, and is accepted or not.
    Run { applied: bool, named: BTreeSet<usize>, accepted: bool },
    /// As many rows as there are free slots are claimed.
    Claim,
    /// The oldest row on its way comes back.
    Answer(How),
    /// Its tokens are removed.
    Purge,
    /// A complete listing, begun before or after the settle time.
    List { settled: bool, resend: Resend },
}

/// How a create comes back.
#[derive(Debug, Clone, Copy)]
enum How {
    Added,
    AppliedButLost,
    AppliedWithoutDetails,
    NotAppliedAndLost,
    Refused,
    TakenBack,
}

fn step() -> impl Strategy<Value = Step> {
    let how = prop::sample::select(vec![
        How::Added,
        How::AppliedButLost,
        How::AppliedWithoutDetails,
        How::NotAppliedAndLost,
        How::Refused,
        How::TakenBack,
    ]);
    let resend = prop::sample::select(vec![Resend::Allowed, Resend::Hold]);
    let run = (any::<bool>(), prop::collection::btree_set(0..IDS, 1..=IDS), prop::bool::weighted(0.8));
    prop_oneof![
        1 => run.prop_map(|(applied, named, accepted)| Step::Run { applied, named, accepted }),
        4 => Just(Step::Claim),
        5 => how.prop_map(Step::Answer),
        1 => Just(Step::Purge),
        3 => (prop::bool::weighted(0.7), resend).prop_map(|(settled, resend)| Step::List { settled, resend }),
    ]
}

/// A journal, and all that it should know.
struct World {
    folder: TestFolder,
    journal: Option<Journal>,
    on_their_way: Vec<Intent>,
    /// How many participants the meeting holds of each id.
    meeting: BTreeMap<String, u64>,
    /// All ids that any run named.
    known: BTreeSet<String>,
    /// The ids that this run names, and whether it was accepted.
    named: BTreeSet<String>,
    accepted: bool,
    /// Who counted as in when it was accepted, and isn't named by it.
    left: BTreeSet<String>,
}

fn id(number: usize) -> String {
    format!("id-{number}")
}

/// The other id of the same person.
fn other(id: &str) -> String {
    let number: usize = id.trim_start_matches("id-").parse().unwrap();
    self::id(number ^ 1)
}

fn person(number: usize) -> Option<Person> {
    Person::of("Somebody", &format!("{}@example.com", number / 2))
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            folder: TestFolder::new(),
            journal: None,
            on_their_way: Vec::new(),
            meeting: BTreeMap::new(),
            known: BTreeSet::new(),
            named: BTreeSet::new(),
            accepted: false,
            left: BTreeSet::new(),
        };
        world.run(false, &(0..IDS).collect(), true);
        world
    }

    fn journal(&mut self) -> &mut Journal {
        self.journal.as_mut().unwrap()
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Run { applied, named, accepted } => self.run(applied, &named, accepted),
            Step::Claim => self.claim(),
            Step::Answer(how) => self.answer(how),
            Step::Purge => {
                self.journal().purge_tokens(at(0)).unwrap();
            }
            Step::List { settled, resend } => self.list(settled, resend),
        }
        self.check();
    }

    fn run(&mut self, applied: bool, named: &BTreeSet<usize>, accepted: bool) {
        for intent in std::mem::take(&mut self.on_their_way) {
            if applied {
                self.apply(&intent);
            }
        }
        self.journal = None;
        let mut journal = self.folder.open();
        // The order of writes is what is tested here, not the disk.
        journal.connection.pragma_update(None, "synchronous", 0).unwrap();
        self.named = named.iter().copied().map(id).collect();
        self.known.extend(self.named.iter().cloned());
        let left = self.known.iter().filter(|id| !self.named.contains(*id));
        let is_in = |id: &str| matches!(self.folder.state(id), RowState::Added | RowState::Present);
        self.left = left.filter(|id| is_in(id)).cloned().collect();
        let rows: Vec<_> = named.iter().map(|number| (participant(&id(*number)), person(*number))).collect();
        assert_eq!(journal.stage_people(&rows).unwrap(), []);
        if accepted {
            journal.accept(at(0), Acceptance::default()).unwrap();
        }
        self.accepted = accepted;
        self.journal = Some(journal);
    }

    fn claim(&mut self) {
        let free = CONCURRENCY - self.on_their_way.len();
        let intents = self.journal().claim(free);
        assert!(intents.len() <= free);
        for intent in &intents {
            let id = &intent.participant.key.custom_participant_id;
            assert!(self.accepted && self.named.contains(id), "{id} is no row of an accepted run");
            let again = intent.attempt == Attempt::Repeated;
            assert!(again || !self.left.contains(&other(id)), "{id} is somebody who is in");
            assert!(self.on_their_way.iter().all(|other| other.row != intent.row), "{id} was claimed twice");
        }
        self.on_their_way.extend(intents);
    }

    fn apply(&mut self, intent: &Intent) {
        *self.meeting.entry(intent.participant.key.custom_participant_id.clone()).or_default() += 1;
    }

    fn answer(&mut self, how: How) {
        if self.on_their_way.is_empty() {
            return;
        }
        let intent = self.on_their_way.remove(0);
        if matches!(how, How::Added | How::AppliedButLost | How::AppliedWithoutDetails) {
            self.apply(&intent);
        }
        let result = match how {
            How::Added => added(&intent),
            How::AppliedButLost | How::NotAppliedAndLost => doubtful(Proof::None),
            How::AppliedWithoutDetails => doubtful(Proof::Applied),
            How::Refused if intent.attempt == Attempt::First => refused(),
            How::Refused => doubtful(Proof::Refused(failure(422))),
            How::TakenBack => RowResult::TakenBack,
        };
        self.journal().record(&intent, at(0), result);
    }

    /// The meeting's creates pause while it is listed.
    fn list(&mut self, settled: bool, resend: Resend) {
        if !self.on_their_way.is_empty() {
            return;
        }
        let items: Vec<_> = self
            .meeting
            .iter()
            .flat_map(|(id, times)| (0..*times).map(move |time| listed(&format!("remote-{id}-{time}"), id)))
            .collect();
        self.journal().list(at(if settled { 500 } else { -1 }), resend, &items);
    }

    fn check(&mut self) {
        assert!(self.meeting.values().all(|times| *times <= 1), "somebody is in twice: {:?}", self.meeting);
        let tally = self.journal().tally().unwrap();
        assert_eq!(tally.rows(), self.named.len() as u64, "{tally:?}");
        let states = self.folder.reader().meetings().unwrap().remove(0).states;
        let count = |wanted| states.iter().find(|(state, _)| *state == wanted).unwrap().1;
        assert_eq!(states.iter().map(|(_, count)| count).sum::<u64>(), self.known.len() as u64);
        assert_eq!(count(RowState::Sending), self.on_their_way.len() as u64);
        assert_eq!(count(RowState::Conflict), 0);
        for id in &self.known {
            if matches!(self.folder.state(id), RowState::Added | RowState::Present) {
                assert_eq!(self.meeting.get(id), Some(&1), "{id} counts as in, and is not");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn nobody_is_added_twice_and_every_row_is_counted_once(steps in prop::collection::vec(step(), 1..50)) {
        let mut world = World::new();
        steps.into_iter().for_each(|step| world.take(step));
        prop_assert_eq!(Verified::of(&world.folder.path()).unwrap().findings, []);
    }
}
