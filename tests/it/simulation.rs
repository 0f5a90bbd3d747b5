//! M03: random schedules of the real dispatcher over the real journal, on paused time, against a world in memory.
//!
//! One seed makes one schedule: what the server is like, the fate of every request, the deaths of the process, the
//! edits of the roster. A failure names its seed; `GUESTLIST_SIMULATION_SEED=<seed>` plays that schedule alone. In one
//! schedule of four the journal has a thread of its own: what happens at one instant then comes in any order, and such
//! a failure may need several tries.
//!
//! * `fate`, `nature`: what is drawn from the dice; `rosters`: the roster of each life.
//! * `world`, `api`, `listing`: meetings in memory; `posts`: what the server must not see of one id.
//! * `life`: one process from its start to its end or death; `schedule`: one life after another.
//! * `oracle`: what must hold when a run has ended.

mod api;
mod fate;
mod life;
mod listing;
mod members;
mod nature;
mod oracle;
mod posts;
mod rosters;
mod schedule;
mod world;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub(crate) use schedule::{Failure, play};

/// How many schedules the quick part plays at the least, however long that takes, and at the most; between the two it
/// ends after so long.
const QUICK: (u64, u64, Duration) = (100, 400, Duration::from_secs(12));

#[expect(clippy::disallowed_methods, reason = "a test is told by the environment what to do")]
pub(crate) fn number_from_environment(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}

/// A folder in memory where there is one: what is tested is the order of writes, not the disk.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = PathBuf::from("/dev/shm");
    tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()).unwrap()
}

/// Tells all that is known of a schedule that failed.
pub(crate) fn report(failure: &Failure) -> String {
    let Failure { seed, violations, trace } = failure;
    format!(
        "{}\nschedule {seed} failed:\n  {}\nplay it alone: GUESTLIST_SIMULATION_SEED={seed} cargo test --test it m03_",
        trace.join("\n"),
        violations.join("\n  ")
    )
}

#[test]
fn m03_nobody_is_in_twice_and_nobody_is_lost() {
    if let Some(seed) = number_from_environment("GUESTLIST_SIMULATION_SEED") {
        play(seed, folder().path()).unwrap_or_else(|failure| panic!("{}", report(&failure)));
        return;
    }
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| play_some(&next));
        }
    });
}

fn play_some(next: &AtomicU64) {
    let (folder, began) = (folder(), Instant::now());
    let (least, most, long) = QUICK;
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= most || (seed >= least && began.elapsed() >= long) {
            return;
        }
        play(seed, folder.path()).unwrap_or_else(|failure| panic!("{}", report(&failure)));
    }
}

#[test]
fn m03_a_seed_is_one_schedule() {
    let folder = folder();
    let mut repeated = 0;
    for seed in 1_000..1_020 {
        let trace = || play(seed, folder.path()).map_or_else(|failure| failure.trace, |(_, trace)| trace);
        let first = trace();
        if first[0].contains("one_thread: true") {
            assert_eq!(first, trace(), "seed {seed}");
            repeated += 1;
        }
    }
    assert!(repeated >= 10, "{repeated}");
}
