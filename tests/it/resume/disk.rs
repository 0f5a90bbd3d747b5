//! J: what the disk does, played by a shim between SQLite and the system (tests/shim/disk.c).

mod failing;
mod held;
mod moments;
mod power_cut;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use power_cut::{CUTS_OF_A_LIFE, Counts, Life, calls_of_a_run};

use crate::support::power::{Disk, files_in};
use crate::support::shim::{self, JOURNAL, Strike};
use crate::support::{Import, Running};

/// J02: at every sync in turn, before and after it, and at writes between.
#[test]
fn j02_a_power_cut_at_any_instant() {
    if shim::available() {
        power_cuts(2, 48).assert_kept();
    }
}

/// So many power cuts, at least. The same seed cuts at calls of the same numbers.
pub(crate) fn power_cuts(seed: u64, cuts: usize) -> Counts {
    let calls = calls_of_a_run(seed);
    let lives: Vec<usize> = (0..cuts.div_ceil(CUTS_OF_A_LIFE)).collect();
    let counts = Mutex::new(Counts::default());
    each_of(&lives, |number| {
        let lived = Life::new(seed, *number, calls).live();
        *counts.lock().unwrap() += lived;
    });
    counts.into_inner().unwrap()
}

/// No room for the k-th write, for every k. How many disks were full; it fails at the first where anything is wrong.
pub(crate) fn full_disks() -> u64 {
    failing::no_room_for_any_write()
}

/// The command of an import with the shim before its journal, and a record of what it does to it.
fn shimmed(import: &Import, strike: Option<Strike>) -> Running<'_> {
    let log = import.path(LOG);
    let _ = std::fs::remove_file(&log);
    let mut command = import.import("");
    shim::between(&mut command, &import.path(""), JOURNAL, strike);
    shim::recorded(&mut command, &log);
    Running::start(import, command)
}

const LOG: &str = "disk.log";

/// The disk as it is now, safely.
fn disk_now(import: &Import) -> Disk {
    Disk::holding(files_in(&import.path(""), JOURNAL))
}

/// Does some work for each of these, several at once: most of the time they wait for a settle time.
fn each_of<T: Sync>(all: &[T], work: impl Fn(&T) + Sync) {
    const AT_ONCE: usize = 8;
    let next = AtomicUsize::new(0);
    let take = || all.get(next.fetch_add(1, Ordering::Relaxed));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(all.len()) {
            scope.spawn(|| std::iter::from_fn(take).for_each(&work));
        }
    });
}
