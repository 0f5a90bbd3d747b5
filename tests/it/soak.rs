//! The long part: kills, schedules and power cuts by the thousand, on all cores.
//!
//! `cargo test --release --test it soak -- --ignored --nocapture`, some half an hour on two cores. From the environment:
//! * `GUESTLIST_SOAK_KILLS` (2000): processes of the built command killed by SIGKILL; see `kills`.
//! * `GUESTLIST_SOAK_SCHEDULES` (100000): schedules of [`crate::simulation`].
//! * `GUESTLIST_SOAK_CUTS` (2000): power cuts.
//! * `GUESTLIST_SOAK_SEED` (1): where all dice begin.
//!
//! It ends with a table, and fails unless every count was reached with no duplicate and nobody lost.

mod counts;
mod kills;
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
    seed: u64,
}

impl Sizes {
    fn from_environment() -> Self {
        let number = |name: &str, usual| number_from_environment(name).unwrap_or(usual);
        Self {
            kills: number("GUESTLIST_SOAK_KILLS", 2_000),
            schedules: number("GUESTLIST_SOAK_SCHEDULES", 100_000),
            cuts: number("GUESTLIST_SOAK_CUTS", 2_000),
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
    power_cuts(sizes.seed, sizes.cuts, &counts);
    tell(&counts.table(sizes.seed, began.elapsed()));
    counts.assert_well(sizes.kills, sizes.schedules);
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

/// Power cuts between the journal and the disk. To be joined here:
/// `let cut = crate::resume::disk::power_cuts(seed, cuts);`, its counts into `counts`, and `sizes.cuts` into
/// `assert_well`.
fn power_cuts(_seed: u64, _cuts: u64, _counts: &Counts) {}
