//! One schedule: lives of the process, one after another, over one journal and one world; all of it from one seed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use guestlist::model::Participant;

use super::fate::pick;
use super::life::{Birth, End, Ran};
use super::nature::Nature;
use super::oracle::Report;
use super::rosters::{PRESETS, Rosters};
use super::world::{State, World};

/// What a schedule amounted to.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) runs: u64,
    pub(crate) deaths: u64,
    pub(crate) rows: u64,
    pub(crate) posts: u64,
}

/// What went wrong in a schedule.
pub(crate) struct Failure {
    pub(crate) seed: u64,
    pub(crate) violations: Vec<String>,
    pub(crate) trace: Vec<String>,
}

/// The schedule as it goes on.
struct Schedule {
    dice: Rng,
    world: Arc<World>,
    journal: PathBuf,
    rosters: Rosters,
    lives: u32,
    /// Since the journal was made.
    deaths: u32,
    counts: Counts,
}

/// Plays the schedule of a seed, with its journal in `folder`. What it amounted to, and its trace.
pub(crate) fn play(seed: u64, folder: &Path) -> Result<(Counts, Vec<String>), Failure> {
    catch_unwind(AssertUnwindSafe(|| play_through(seed, folder))).unwrap_or_else(|panic| {
        let why = panic.downcast_ref::<String>().cloned();
        let violations = vec![format!("a panic: {}", why.unwrap_or_else(|| "see above".to_owned()))];
        Err(Failure { seed, violations, trace: Vec::new() })
    })
}

fn play_through(seed: u64, folder: &Path) -> Result<(Counts, Vec<String>), Failure> {
    // The program's own dice fall the same way, too.
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let schedule = runtime.block_on(async {
        let mut schedule = Schedule::new(seed, folder);
        schedule.go().await;
        schedule
    });
    let Schedule { world, counts, .. } = schedule;
    let mut state = world.state();
    let (violations, trace) = (std::mem::take(&mut state.violations), std::mem::take(&mut state.trace));
    if violations.is_empty() { Ok((counts, trace)) } else { Err(Failure { seed, violations, trace }) }
}

impl Schedule {
    fn new(seed: u64, folder: &Path) -> Self {
        let mut dice = Rng::with_seed(seed);
        let nature = Nature::of(&mut dice);
        let rosters = Rosters::of(&mut dice, &nature);
        let world = Arc::new(World::new(seed, nature));
        world.note(&format!("{:?}", world.nature));
        let journal = folder.join("j.db");
        let mut schedule =
            Self { dice, world, journal, rosters, lives: 0, deaths: 0, counts: Counts::default() };
        schedule.lose_journal();
        schedule.people_before_us();
        schedule
    }

    /// Some were in a meeting before us; now and then one of them twice, or as somebody else than the roster wants.
    fn people_before_us(&mut self) {
        let percent = pick(&mut self.dice, &[0, 0, 20]);
        for mut row in self.rosters.everybody() {
            if self.dice.u32(0..100) < percent {
                row.preset_name = pick(&mut self.dice, &PRESETS).to_owned();
                self.world.add_foreign(&row);
                if self.dice.u32(0..8) == 0 {
                    self.world.add_foreign(&row);
                }
            }
        }
        for number in 0..self.dice.u64(0..6) {
            let meeting = pick(&mut self.dice, &self.world.nature.meetings);
            self.world.add_foreign(&super::listing::somebody_else(meeting, number));
        }
    }

    async fn go(&mut self) {
        for _ in 0..self.dice.u32(2..=6) {
            self.rosters.edit(&mut self.dice, &self.world.nature);
            let end = self.end();
            let clock_off_by = pick(&mut self.dice, &[0, 0, 0, 0, 3_600, -3_600, 86_400, -86_400]);
            let roster = self.rosters.rows.clone();
            if let Some(ran) = self.live(&roster, end, clock_off_by).await {
                Report::of(&self.world, &self.journal, &ran, &roster).check();
            }
            self.pause().await;
        }
        self.end_well().await;
    }

    /// How the next life is to end.
    fn end(&mut self) -> End {
        let settle = self.world.nature.settle;
        let dice = &mut self.dice;
        match dice.u32(0..21) {
            0..6 => End::Done,
            6..8 => End::DiesAt(dice.u64(0..500)),
            8..10 => End::DiesAt(dice.u64(0..2 * settle)),
            10..13 => End::DiesAtEvent(dice.u64(1..30)),
            13..17 => End::DiesAtRequest(dice.u64(1..30)),
            17 => End::DiesStaging,
            18 if dice.bool() => End::Interrupted(dice.u64(0..1_000)),
            18 => End::Interrupted(dice.u64(0..2 * settle)),
            19.. => End::InterruptedAtEvent(dice.u64(1..15)),
        }
    }

    async fn live(&mut self, roster: &[Participant], end: End, clock_off_by: i64) -> Option<Ran> {
        self.lives += 1;
        let (world, journal) = (&self.world, &*self.journal);
        let birth = Birth { world, journal, roster, number: self.lives, end, clock_off_by };
        let ran = birth.live().await;
        self.counts.runs += 1;
        if ran.is_none() {
            self.deaths += 1;
            self.counts.deaths += 1;
        } else {
            self.world.state().posts.values_mut().for_each(super::posts::Posts::noted);
        }
        ran
    }

    /// Time passes between two lives; when all is settled, the journal may get lost.
    async fn pause(&mut self) {
        let settle = self.world.nature.settle;
        let pause = pick(&mut self.dice, &[0, 0, 50, settle / 2, settle]);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        if pause == settle && self.dice.u32(0..6) == 0 {
            self.lose_journal();
        }
    }

    fn lose_journal(&mut self) {
        for suffix in ["", "-wal", "-shm", ".lock"] {
            let mut path = self.journal.clone().into_os_string();
            path.push(suffix);
            let _ = std::fs::remove_file(path);
        }
        self.deaths = 0;
        let mut state = self.world.state();
        state.posts.clear();
        // For the next journal they were there before us.
        state.meetings.values_mut().flatten().for_each(|member| member.ours = false);
        drop(state);
        self.world.note("there is no journal");
    }

    /// All is well from now on, and every gate has opened: runs with everybody whom the roster ever named, until one has
    /// nothing to send, four at the most. A refusal after a create in doubt needs one more than usual, and so does a
    /// meeting whose late members come to show between two passes over its pages.
    async fn end_well(&mut self) {
        tokio::time::sleep(Duration::from_secs(3 * 24 * 60 * 60)).await;
        self.world.note("all is well from now on");
        self.remove_the_second();
        let everybody = self.rosters.everybody();
        self.counts.rows = everybody.len() as u64;
        for last in [false, false, false, true] {
            let before = self.world.state().all_posts;
            let Some(ran) = self.live(&everybody, End::Done, 0).await else { return };
            self.counts.posts = self.world.state().all_posts;
            let report = Report::of(&self.world, &self.journal, &ran, &everybody);
            let nothing_sent = self.counts.posts == before;
            if last || (nothing_sent && ran.tally.added + ran.tally.present == self.counts.rows) {
                report.check_last(self.deaths);
                if !nothing_sent {
                    self.world.violation("the last of four runs sent something".to_owned());
                }
                return;
            }
            report.check();
        }
    }

    /// Of those who were in twice before us, somebody removes one.
    fn remove_the_second(&self) {
        let mut state = self.world.state();
        state.calm = true;
        let State { meetings, removed, .. } = &mut *state;
        for members in meetings.values_mut() {
            let mut seen = Vec::new();
            members.retain(|member| {
                let id = member.participant.key.custom_participant_id.clone();
                let first = member.ours || !seen.contains(&id);
                seen.push(id);
                if !first {
                    removed.insert(member.id.clone());
                }
                first
            });
        }
    }
}
