//! What was done, and what came of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts that all threads add to.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Rosters with a server of their own.
    pub(super) episodes: Count,
    /// Processes killed.
    pub(super) kills: Count,
    /// Processes started.
    pub(super) runs: Count,
    /// Rows of the rosters that those processes read.
    pub(super) rows: Count,
    /// POSTs that the sandboxes received.
    pub(super) posts: Count,
    /// Participants beyond the first of their id.
    pub(super) duplicates: Count,
    /// People who are in no meeting, and whose rows aren't in doubt.
    pub(super) lost: Count,
    /// People who are in no meeting after three creates that may have been sent, and whose rows are in doubt.
    pub(super) reported: Count,
    pub(super) schedules: Count,
    pub(super) simulated_runs: Count,
    pub(super) simulated_deaths: Count,
    pub(super) simulated_rows: Count,
    pub(super) simulated_posts: Count,
    /// Schedules in which something was that must not be.
    pub(super) broken_schedules: Count,
    pub(super) power_cuts: Count,
    /// Disks that those cuts may have left behind, each looked into.
    pub(super) disks: Count,
    /// Rows of the imports that lost their power.
    pub(super) cut_rows: Count,
    /// Disks that had no room for a write, each for another one.
    pub(super) full_disks: Count,
    /// Rows of the large roster.
    pub(super) large_rows: Count,
    /// The most memory that its import held, in KiB.
    pub(super) large_memory: Count,
    /// The largest that its -wal was, in KiB.
    pub(super) large_wal: Count,
    /// Creates that a server had received and that such a disk held no intent for.
    pub(super) not_intended: Count,
    /// Results that such a disk had forgotten, rows in sending that can't be, and imports that never came to an end.
    pub(super) forgotten: Count,
}

/// One count.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    /// Adds to it, and returns what it was before.
    pub(super) fn add(&self, more: u64) -> u64 {
        self.0.fetch_add(more, Ordering::Relaxed)
    }

    /// One less.
    pub(super) fn take_back(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counts {
    /// How far it is, in a line.
    pub(super) fn progress(&self, after: Duration) -> String {
        format!(
            "{:>5} s: {} kills, {} schedules, {} power cuts; {} duplicates, {} lost, {} broken schedules",
            after.as_secs(),
            self.kills.get(),
            self.schedules.get(),
            self.power_cuts.get(),
            self.duplicates.get(),
            self.lost.get(),
            self.broken_schedules.get()
        )
    }

    /// All of it, a line each.
    pub(super) fn table(&self, seed: u64, after: Duration) -> String {
        let lines = [
            ("kills", self.kills.get()),
            ("runs", self.runs.get()),
            ("rows", self.rows.get()),
            ("POSTs", self.posts.get()),
            ("duplicates", self.duplicates.get()),
            ("lost rows", self.lost.get()),
            ("out, and known in doubt", self.reported.get()),
            ("schedules", self.schedules.get()),
            ("simulated runs", self.simulated_runs.get()),
            ("simulated deaths", self.simulated_deaths.get()),
            ("simulated rows", self.simulated_rows.get()),
            ("simulated POSTs", self.simulated_posts.get()),
            ("broken schedules", self.broken_schedules.get()),
            ("power cuts", self.power_cuts.get()),
            ("disks after them", self.disks.get()),
            ("rows of those imports", self.cut_rows.get()),
            ("creates without intent", self.not_intended.get()),
            ("results forgotten", self.forgotten.get()),
            ("full disks", self.full_disks.get()),
            ("rows of a large roster", self.large_rows.get()),
            ("its memory, KiB", self.large_memory.get()),
            ("its -wal, KiB", self.large_wal.get()),
            ("seconds", after.as_secs()),
            ("seed", seed),
        ];
        lines.map(|(name, count)| format!("{name:<24}{count:>12}\n")).concat()
    }

    /// Everything was done, and nobody is in twice or lost.
    #[track_caller]
    pub(super) fn assert_well(&self, kills: u64, schedules: u64, cuts: u64) {
        assert!(self.kills.get() >= kills, "{} kills of {kills}", self.kills.get());
        assert!(self.schedules.get() >= schedules, "{} schedules of {schedules}", self.schedules.get());
        assert_eq!(self.duplicates.get(), 0, "duplicates");
        assert_eq!(self.lost.get(), 0, "lost rows");
        assert_eq!(self.broken_schedules.get(), 0, "broken schedules");
        let cut = self.power_cuts.get();
        assert!(cut >= cuts || cfg!(not(target_os = "linux")), "{cut} power cuts of {cuts}");
        assert_eq!(self.not_intended.get(), 0, "creates without an intent");
        assert_eq!(self.forgotten.get(), 0, "results forgotten");
    }
}
