//! J02: the power goes at any sync and at any write, again and again.
//!
//! A run is recorded and killed; from the record follows what the disk may hold. Each such disk must hold every result
//! that was committed and an intent for every create that the server has received. One of them takes the journal's
//! place, and the same command goes on with it, against the same server, to which late creates still come.

use std::ops::AddAssign;
use std::time::Duration;

use serde_json::Value;

use super::held::{Rows, creates_without_intent, replace, rows_of};
use super::{LOG, disk_now, shimmed};
use crate::support::Import;
use crate::support::power::{Disk, Files, Unsynced, files_in};
use crate::support::shim::{Call, Deed, JOURNAL, Strike};

const PEOPLE: usize = 12;
const CONCURRENCY: usize = 3;
/// Power cuts before an import is made good.
pub(super) const CUTS_OF_A_LIFE: usize = 2;
/// Disks that are worked out by chance for a cut, besides the one without and the one with all that wasn't synced.
const DISKS_BY_CHANCE: u64 = 4;
const RERUNS: usize = 8;

/// What was tried and what came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Power cuts, those after the command's end included.
    pub(crate) cuts: u64,
    /// Of them, those that killed it.
    pub(crate) kills: u64,
    /// Disks that a cut may have left.
    pub(crate) reconstructions: u64,
    /// Rows of all imports.
    pub(crate) rows: u64,
    /// Creates that the server received and that such a disk held no intent for.
    pub(crate) unintended: u64,
    /// Results that were told or committed and that such a disk didn't hold.
    pub(crate) forgotten: u64,
    /// Rows of such a disk in sending, beyond the most that may be on their way.
    pub(crate) overbooked: u64,
    /// Imports that no rerun ended with exit 0.
    pub(crate) unfinished: u64,
    /// People who were in no meeting at the end.
    pub(crate) lost: u64,
    /// People who were in it more than once.
    pub(crate) duplicates: u64,
}

impl Counts {
    /// Nothing went wrong.
    #[track_caller]
    pub(crate) fn assert_kept(self) {
        let counts = [
            (self.duplicates, "people are in twice"),
            (self.lost, "people are in no meeting"),
            (self.unintended, "creates without an intent"),
            (self.forgotten, "results forgotten"),
            (self.overbooked, "rows in sending too many"),
            (self.unfinished, "imports never done"),
        ];
        let wrong = counts.iter().filter(|(count, _)| *count > 0);
        let wrong: Vec<_> = wrong.map(|(count, what)| format!("{count} {what}")).collect();
        assert!(wrong.is_empty(), "after {} power cuts: {}", self.cuts, wrong.join(", "));
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.cuts += more.cuts;
        self.kills += more.kills;
        self.reconstructions += more.reconstructions;
        self.rows += more.rows;
        self.unintended += more.unintended;
        self.forgotten += more.forgotten;
        self.overbooked += more.overbooked;
        self.unfinished += more.unfinished;
        self.lost += more.lost;
        self.duplicates += more.duplicates;
    }
}

/// Syncs and writes of a run that nobody cuts.
pub(super) fn calls_of_a_run(seed: u64) -> (u64, u64) {
    let import = misbehaving(seed);
    let (disk, _) = run_recorded(&import, None);
    disk.calls()
}

/// Many creates take effect late, and lists don't show the newest participants: who forgets that a create was sent
/// doesn't find it, and sends it again.
fn misbehaving(seed: u64) -> Import {
    let import = Import::new().people(PEOPLE).server_with(|settings| {
        settings.seed = seed;
        settings.latency = Duration::from_millis(6);
        settings.late_by = Duration::from_millis(400);
        settings.list_lag = Duration::from_millis(300);
    });
    let faults = ["late-apply=0.3", "close-after=0.1", "list-lag=0.5"];
    faults
        .into_iter()
        .fold(import, Import::fault)
        .flags(&format!("--settle 1500ms --concurrency {CONCURRENCY}"))
}

/// Runs the command to its end or to its death. What it left, on the disk and in words.
fn run_recorded(import: &Import, strike: Option<Strike>) -> (Disk, String) {
    let before = disk_now(import);
    let (_, told) = shimmed(import, strike).end_told();
    let disk = before.replay(&import.read(LOG));
    let held = files_in(&import.path(""), JOURNAL);
    assert!(disk.after_power_cut(&mut Unsynced::Kept) == held, "the record isn't what was done to the files");
    (disk, told)
}

/// An import whose power goes more than once.
pub(super) struct Life {
    import: Import,
    random: fastrand::Rng,
    number: usize,
    /// Syncs and writes of a run.
    calls: (u64, u64),
    /// Added participants that somebody was told of.
    told: u64,
    counts: Counts,
}

impl Life {
    pub(super) fn new(seed: u64, number: usize, calls: (u64, u64)) -> Self {
        let own = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(number as u64);
        let random = fastrand::Rng::with_seed(own);
        Self { import: misbehaving(own), random, number, calls, told: 0, counts: Counts::default() }
    }

    pub(super) fn live(mut self) -> Counts {
        self.counts.rows = PEOPLE as u64;
        for cut in 0..CUTS_OF_A_LIFE {
            let strike = if cut == 0 { self.in_turn() } else { self.by_chance() };
            let held = self.cut(strike);
            replace(&held, &self.import);
        }
        let finished = (0..RERUNS).any(|_| self.import.run().code() == 0);
        let living = (0..PEOPLE).map(|n| {
            let server = self.import.server();
            server.counts(server.meeting(), &format!("guest-{n:04}")).living
        });
        self.counts.lost = living.filter(|living| *living == 0).count() as u64;
        self.counts.duplicates = self.import.server().stats().duplicates;
        self.counts.unfinished = u64::from(!finished);
        self.counts
    }

    /// Before the first sync, after it, at some write; before the second sync and so on.
    fn in_turn(&mut self) -> Strike {
        let (syncs, writes) = self.calls;
        let sync = (self.number / 3) as u64 % syncs + 1;
        match self.number % 3 {
            0 => Strike { call: Call::Sync, nth: sync, deed: Deed::KillBefore },
            1 => Strike { call: Call::Sync, nth: sync, deed: Deed::KillAfter },
            _ => Strike { call: Call::Write, nth: self.random.u64(1..=writes), deed: Deed::KillAfter },
        }
    }

    /// A run that goes on has less to do.
    fn by_chance(&mut self) -> Strike {
        let deed = if self.random.bool() { Deed::KillBefore } else { Deed::KillAfter };
        let (call, calls) =
            if self.random.bool() { (Call::Sync, self.calls.0) } else { (Call::Write, self.calls.1) };
        Strike { call, nth: self.random.u64(1..=(calls / 2).max(1)), deed }
    }

    /// The power goes there. One of the disks that it may leave.
    fn cut(&mut self, strike: Strike) -> Files {
        let (disk, told) = run_recorded(&self.import, Some(strike));
        // Whatever the command had sent has arrived once this answer has.
        self.import.server().participants();
        self.counts.cuts += 1;
        self.counts.kills += u64::from(!told.contains("\"summary\""));
        self.told += last_told(&told);
        let synced = disk.after_power_cut(&mut Unsynced::Lost);
        let committed = rows_of(&synced);
        let mut disks = vec![synced, disk.after_power_cut(&mut Unsynced::Kept)];
        for _ in 0..DISKS_BY_CHANCE {
            let random = fastrand::Rng::with_seed(self.random.u64(..));
            disks.push(disk.after_power_cut(&mut Unsynced::ByChance(random)));
        }
        disks.iter().for_each(|held| self.judge(&rows_of(held), &committed));
        disks.swap_remove(self.random.usize(..disks.len()))
    }

    /// Whether such a disk holds what it must.
    fn judge(&mut self, held: &Rows, committed: &Rows) {
        self.counts.reconstructions += 1;
        self.counts.unintended += creates_without_intent(&self.import, held);
        let confirmed = held.values().filter(|row| row.is_confirmed()).count() as u64;
        let gone = committed.iter().filter(|(id, row)| row.is_confirmed() && held.get(*id) != Some(row));
        self.counts.forgotten += gone.count() as u64 + self.told.saturating_sub(confirmed);
        let sending = held.values().filter(|row| row.state == "sending").count();
        self.counts.overbooked += sending.saturating_sub(CONCURRENCY) as u64;
    }
}

/// How many participants the newest line that counts them calls added.
fn last_told(told: &str) -> u64 {
    let lines = told.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter_map(|line| line["added"].as_u64()).next_back().unwrap_or_default()
}
