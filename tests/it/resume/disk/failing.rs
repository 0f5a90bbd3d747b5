//! J03, J05: the disk is full, or a sync fails.

use std::path::PathBuf;
use std::process::Command;

use rstest::rstest;

use super::held::{Rows, creates_without_intent, replace, rows_in, rows_of};
use super::{LOG, disk_now, each_of, shimmed};
use crate::support::power::{Unsynced, failed_sync};
use crate::support::shim::{self, Call, Deed, Strike};
use crate::support::{Import, skipped};

/// How many of the possible calls are skipped after each that is tried: all would take minutes.
const STRIDE: usize = 6;
const PEOPLE: usize = 8;

fn small() -> Import {
    Import::new().people(PEOPLE).flags("--concurrency 2")
}

/// Syncs and writes of a run on a disk that does its work.
fn calls() -> (u64, u64) {
    let import = small();
    let before = disk_now(&import);
    shimmed(&import, None).end().exit(0);
    before.replay(&import.read(LOG)).calls()
}

/// J03: there is no room for the k-th write, or for half of it only; with and without room coming back.
#[rstest]
#[case::for_good(Deed::Full)]
#[case::once(Deed::FullOnce)]
#[case::half_a_write_and_for_good(Deed::Short)]
#[case::half_a_write_and_once(Deed::ShortOnce)]
fn j03_no_room_for_the_kth_write(#[case] deed: Deed) {
    if shim::available() {
        let all: Vec<u64> = (1..=calls().1).skip(deed as usize).step_by(STRIDE).collect();
        each_of(&all, |nth| no_room_for(Strike { call: Call::Write, nth: *nth, deed }));
    }
}

/// J03 for every k, for the long part. How many disks were full.
pub(super) fn no_room_for_any_write() -> u64 {
    let deeds = [Deed::Full, Deed::FullOnce, Deed::Short, Deed::ShortOnce];
    let tried = deeds.map(|deed| {
        let all: Vec<u64> = (1..=calls().1).collect();
        each_of(&all, |nth| no_room_for(Strike { call: Call::Write, nth: *nth, deed }));
        all.len() as u64
    });
    tried.iter().sum()
}

fn no_room_for(strike: Strike) {
    let import = small();
    let ran = shimmed(&import, Some(strike)).end();
    let said = format!("{strike:?}: {}\n{}\n{}", ran.code(), ran.stdout, ran.stderr);
    let rows = rows_in(&import);
    assert_eq!(creates_without_intent(&import, &rows), 0, "{said}");
    // Where there is room again, the results of what was on its way are kept.
    let room_again = matches!(strike.deed, Deed::FullOnce | Deed::ShortOnce);
    assert!(!room_again || rows.values().all(|row| row.state != "sending"), "{rows:?} {said}");
    match ran.code() {
        // Only what is written after the last result may fail unnoticed: the journal's tidying up at its end.
        0 => import.assert_everyone_is_in_once(),
        5 => assert!(ran.stderr.contains("the disk is full") && ran.stderr.contains("make room"), "{said}"),
        _ => panic!("{said}"),
    }
    import.finish_within(2);
    assert_eq!(import.server().most_posts(), 1, "{said}");
}

/// J05: the k-th sync fails; the ones after it would not. The run stops, and only what had an intent on the disk by then
/// was sent. The same command resumes, also if the power goes and takes what the failed sync should have kept.
#[rstest]
fn j05_the_kth_sync_fails(#[values(false, true)] power_goes: bool) {
    if shim::available() {
        let all: Vec<u64> = (1..=calls().0).collect();
        each_of(&all, |nth| failing_sync(*nth, power_goes));
    }
}

fn failing_sync(nth: u64, power_goes: bool) {
    let import = small();
    let before = disk_now(&import);
    let ran = shimmed(&import, Some(Strike { call: Call::Sync, nth, deed: Deed::Eio })).end();
    let (log, said) = (import.read(LOG), format!("sync {nth}\n{}\n{}", ran.stdout, ran.stderr));
    let at_failure = before.replay(&log).after_power_cut(&mut Unsynced::Lost);
    match (ran.code(), failed_sync(&log)) {
        // The number of syncs differs a little from run to run.
        (0, None) => {}
        // SQLite doesn't mind that the folder isn't synced after it has made the WAL. We synced it before.
        (0, Some((folder, _))) if folder.is_empty() => {
            assert!(at_failure.contains_key("j.db-wal"), "{said}");
        }
        // All was on the disk; what failed is the journal's tidying up at its end.
        (0, Some(_)) if everyone_is_added(&rows_of(&at_failure)) => {}
        (5, Some((_, more))) => {
            assert_eq!(more, 0, "the journal is written to after a failed sync: {said}");
            assert_eq!(creates_without_intent(&import, &rows_of(&at_failure)), 0, "{said}");
        }
        other => panic!("{other:?}: {said}"),
    }
    if power_goes && ran.code() == 5 {
        replace(&at_failure, &import);
    }
    import.finish_within(2);
    assert_eq!(import.server().most_posts(), 1, "{said}");
}

fn everyone_is_added(rows: &Rows) -> bool {
    rows.len() == PEOPLE && rows.values().all(|row| row.state == "added")
}

/// J03: the file system itself is full, and then it is made larger.
#[test]
fn j03_a_full_file_system() {
    let import = Import::new().people(300).flags("--journal small/j.db");
    let Some(small) = Tmpfs::mount(&import) else { return };
    let mut full = 0;
    for kibibytes in [64, 160, 320, 640] {
        small.resize(kibibytes);
        let ran = import.run();
        full += u32::from(ran.code() == 5 && ran.stderr.contains("the disk is full"));
        assert!([0, 5].contains(&ran.code()), "{}\n{}", ran.stdout, ran.stderr);
        import.assert_nobody_is_in_twice();
    }
    assert!(full > 1, "it was never full");
    small.resize(16 * 1024);
    import.finish_within(3);
    assert_eq!(import.server().most_posts(), 1);
}

/// A small file system of its own, taken away at the end.
struct Tmpfs(PathBuf);

impl Tmpfs {
    /// None, loudly, where only somebody else may mount one.
    fn mount(import: &Import) -> Option<Self> {
        let folder = import.path("small");
        std::fs::create_dir(&folder).unwrap();
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(&folder).output();
        if mounted.is_ok_and(|mounted| mounted.status.success()) {
            return Some(Self(folder));
        }
        skipped("only root may mount a tmpfs, so no test of a full file system");
        None
    }

    fn resize(&self, kibibytes: u32) {
        let size = format!("remount,size={kibibytes}k");
        let resized = Command::new("mount").args(["-o", &size]).arg(&self.0).status().unwrap();
        assert!(resized.success());
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
