//! The long part: kills, schedules and power cuts by the thousand, on all cores.
//!
//! `cargo test --release --test it soak -- --ignored --nocapture`, some half an hour on two cores. From the environment:
//! * `GUESTLIST_SOAK_KILLS` (2000): processes of the built command killed by SIGKILL; see `kills`.
//! * `GUESTLIST_SOAK_SCHEDULES` (100000): schedules of [`crate::simulation`].
//! * `GUESTLIST_SOAK_CUTS` (2000): power cuts; see [`crate::resume`]'s `disk`.
//! * `GUESTLIST_SOAK_FULL` (1): whether the disk is full at every write of a run in turn; 0: left out.
//! * `GUESTLIST_SOAK_ROWS` (1000000): rows of one large roster; see `large`.
//! * `GUESTLIST_SOAK_SEED` (1): where all dice begin.
//!
//! It ends with a table, and fails unless every count was reached with no duplicate and nobody lost.

mod counts;
mod kills;
#[cfg(target_os = "linux")]
mod large;
mod schedules;

use std::time::{Duration, Instant};

use crate::simulation::number_from_environment;
use counts::Counts;

/// How often it tells how far it is.
const TELL_EVERY: Duration = Duration::from_secs(20);

/// How much is to be done.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    kills: u64,
    schedules: u64,
    cuts: u64,
    full: u64,
    rows: u64,
    seed: u64,
}

impl Sizes {
    fn from_environment() -> Self {
        let number = |name: &str, usual| number_from_environment(name).unwrap_or(usual);
        Self {
            kills: number("GUESTLIST_SOAK_KILLS", 2_000),
            schedules: number("GUESTLIST_SOAK_SCHEDULES", 100_000),
            cuts: number("GUESTLIST_SOAK_CUTS", 2_000),
            full: number("GUESTLIST_SOAK_FULL", 1),
            rows: number("GUESTLIST_SOAK_ROWS", 1_000_000),
            seed: number("GUESTLIST_SOAK_SEED", 1),
        }
    }
}

#[expect(clippy::print_stdout, reason = "the long part tells how far it is")]
fn tell(what: &str) {
    println!("{what}");
}

#[test]
#[ignore = "the long part: minutes to an hour"]
fn soak() {
    let (sizes, began, counts) = (Sizes::from_environment(), Instant::now(), Counts::default());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // A process that is waited for needs no core: twice as many episodes as cores.
    on_threads(2 * cores, began, &counts, || kills::play(sizes.seed, sizes.kills, &counts));
    on_threads(cores, began, &counts, || schedules::play(sizes.seed, sizes.schedules, &counts));
    power_cuts(sizes.seed, sizes.cuts, began, &counts);
    full_disks(sizes.full, &counts);
    large_roster(sizes.rows, &counts);
    tell(&counts.table(sizes.seed, began.elapsed()));
    counts.assert_well(sizes.kills, sizes.schedules, sizes.cuts);
}

/// Does the same work on so many threads, and tells now and then how far it is.
fn on_threads(threads: usize, began: Instant, counts: &Counts, work: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(&work)).collect();
        let mut told = Instant::now();
        while !workers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            std::thread::sleep(Duration::from_millis(50));
            if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                tell(&counts.progress(began.elapsed()));
            }
        }
    });
}

/// Power cuts between the journal and the disk, some hundred at a time.
#[cfg(target_os = "linux")]
fn power_cuts(seed: u64, cuts: u64, began: Instant, counts: &Counts) {
    const AT_A_TIME: usize = 200;
    assert!(crate::support::shim::available(), "no power cuts without a C compiler");
    for batch in 0.. {
        if counts.power_cuts.get() >= cuts {
            return;
        }
        let cut = crate::resume::disk::power_cuts(seed.wrapping_mul(1 << 32).wrapping_add(batch), AT_A_TIME);
        counts.power_cuts.add(cut.cuts);
        counts.disks.add(cut.reconstructions);
        counts.cut_rows.add(cut.rows);
        counts.not_intended.add(cut.unintended);
        counts.forgotten.add(cut.forgotten + cut.overbooked + cut.unfinished);
        counts.duplicates.add(cut.duplicates);
        counts.lost.add(cut.lost);
        tell(&counts.progress(began.elapsed()));
    }
}

/// J03 for every write of a run.
#[cfg(target_os = "linux")]
fn full_disks(rounds: u64, counts: &Counts) {
    assert!(crate::support::shim::available(), "no full disks without a C compiler");
    for _ in 0..rounds {
        counts.full_disks.add(crate::resume::disk::full_disks());
    }
}

/// J18.
#[cfg(target_os = "linux")]
fn large_roster(rows: u64, counts: &Counts) {
    if rows > 0 {
        let (memory, wal) = large::import(usize::try_from(rows).unwrap());
        counts.large_rows.add(rows);
        counts.large_memory.add(memory);
        counts.large_wal.add(wal);
    }
}

/// The shim is Linux's, and so is the way to look at another process's memory.
#[cfg(not(target_os = "linux"))]
fn power_cuts(_seed: u64, _cuts: u64, _began: Instant, _counts: &Counts) {
    tell("SKIPPED: power cuts, which need Linux");
}

#[cfg(not(target_os = "linux"))]
fn full_disks(_rounds: u64, _counts: &Counts) {
    tell("SKIPPED: full disks, which need Linux");
}

#[cfg(not(target_os = "linux"))]
fn large_roster(_rows: u64, _counts: &Counts) {
    tell("SKIPPED: the large roster, which needs Linux");
}
