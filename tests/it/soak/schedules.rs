//! Schedules of the simulation, until there are enough.

use super::counts::Counts;
use super::tell;
use crate::simulation;

/// When so many have failed, it is enough.
const MOST_FAILURES: u64 = 5;

/// Plays schedules until there are so many of all threads together.
pub(super) fn play(seed: u64, schedules: u64, counts: &Counts) {
    let folder = simulation::folder();
    // Each number is played by one thread; those of a seed don't overlap with those of the next one.
    let first = seed.wrapping_mul(1 << 32);
    loop {
        let number = counts.schedules.add(1);
        if number >= schedules || counts.broken_schedules.get() >= MOST_FAILURES {
            // It was not played after all.
            counts.schedules.take_back();
            return;
        }
        match simulation::play(first.wrapping_add(number), folder.path()) {
            Ok((played, _)) => {
                counts.simulated_runs.add(played.runs);
                counts.simulated_deaths.add(played.deaths);
                counts.simulated_rows.add(played.rows);
                counts.simulated_posts.add(played.posts);
            }
            Err(failure) => {
                counts.broken_schedules.add(1);
                tell(&simulation::report(&failure));
            }
        }
    }
}
