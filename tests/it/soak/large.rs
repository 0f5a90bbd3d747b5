//! J18: a roster of a million rows, from its first line to the last answer, in bounded memory and with a bounded -wal.

use crate::support::Import;

/// What a run may hold in memory, and its -wal on the disk, in KiB.
const MOST: u64 = 64 << 10;

/// Imports so many people, all of whom the server takes at once. The most memory that the command held and the largest
/// that its -wal was, in KiB.
pub(super) fn import(people: usize) -> (u64, u64) {
    let import = Import::new().people(people);
    let mut running = import.spawn();
    let (mut memory, mut wal) = (0, 0);
    // However long that takes: what is measured is room, not time.
    while !running.has_ended() {
        memory = running.memory_kib().max(memory);
        let length = std::fs::metadata(import.path("j.db-wal")).map_or(0, |file| file.len());
        wal = wal.max(length >> 10);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    running.end().exit(0).added(people as u64);
    let stats = import.server().stats();
    assert_eq!((stats.participants, stats.duplicates), (people as u64, 0));
    assert!((1..MOST).contains(&memory), "it held {memory} KiB");
    assert!((1..MOST).contains(&wal), "its -wal was {wal} KiB");
    (memory, wal)
}
