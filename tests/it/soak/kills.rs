//! Processes of the built command, killed at any instant while the server misbehaves in every way, and run again until
//! all is well. Judged by what the server holds.

use std::collections::HashSet;
use std::time::Duration;

use fastrand::Rng;

use super::counts::Counts;
use crate::support::Import;

/// People of an episode.
const PEOPLE: u64 = 250;
/// Kills of an episode; the later ones hit runs that have little left to do.
const KILLS: u64 = 25;
/// Runs until everybody is in.
const MOST_RUNS: usize = 15;

const FAULTS: [&str; 37] = [
    "close=0.015",
    "reset=0.01",
    "500=0.01",
    "503=0.01",
    "425=0.005",
    "bad-length=0.005",
    "close-after=0.03",
    "reset-after=0.03",
    "502-after=0.02",
    "520-after=0.02",
    "408-after=0.01",
    "409-after=0.01",
    "html-after=0.01",
    "garbage-after=0.01",
    "cut-head-after=0.01",
    "only-100-after=0.01",
    "late-apply=0.03",
    "504-late=0.02",
    "reset-late=0.02",
    "hang-late=0.002",
    "truncated=0.02",
    "empty=0.01",
    "not-json=0.01",
    "no-id=0.01",
    "wrong-echo=0.01",
    "gzip=0.005",
    "stale=0.02",
    "refuse=0.01",
    "throttle=0.01",
    "unauthorized=0.002",
    "list-lag=0.2",
    "list-500=0.05",
    "list-empty=0.02",
    "reset=0.05@list",
    "500=0.03@token",
    "reset-after=0.03@token",
    "truncated=0.03@token",
];

/// Plays episodes until there are so many kills of all threads together.
pub(super) fn play(seed: u64, kills: u64, counts: &Counts) {
    while counts.kills.get() < kills {
        // Which thread takes which number is left to chance; what a number means is not.
        let number = counts.episodes.add(1);
        episode(seed.wrapping_mul(1 << 32).wrapping_add(number), counts);
    }
}

fn episode(seed: u64, counts: &Counts) {
    let import = misbehaving(seed);
    let mut dice = Rng::with_seed(seed);
    for _ in 0..KILLS {
        counts.runs.add(1);
        if live_and_die(&import, &mut dice) {
            counts.kills.add(1);
        }
    }
    run_until_all_is_well(&import, counts);
    let server = import.server();
    let out = (0..PEOPLE).map(|n| format!("guest-{n:04}"));
    let out = out.filter(|id| server.counts(server.meeting(), id).living == 0);
    let doubts = rows_in_doubt(&import);
    let (reported, lost): (Vec<_>, Vec<_>) = out.partition(|id| doubts.contains(id));
    counts.lost.add(lost.len() as u64);
    counts.reported.add(reported.len() as u64);
    counts.duplicates.add(server.stats().duplicates);
    counts.rows.add(PEOPLE);
    counts.posts.add(server.stats().adds_received);
}

fn misbehaving(seed: u64) -> Import {
    let import = Import::new().people(usize::try_from(PEOPLE).unwrap()).server_with(|settings| {
        settings.seed = seed;
        settings.latency = Duration::from_millis(4);
        settings.list_lag = Duration::from_millis(200);
        settings.throttle_retry_after = Some("1".to_owned());
        settings.max_per_page = 60 + seed % 41;
        settings.first_page = seed % 2;
    });
    FAULTS.into_iter().fold(import, Import::fault).flags("--timeout 3s --connect-timeout 1s --export t.csv")
}

/// Runs it and kills it at a random instant. Whether it still lived then.
fn live_and_die(import: &Import, dice: &mut Rng) -> bool {
    let seen_before = import.server().requests();
    let mut running = import.spawn();
    match dice.u32(0..10) {
        // At a request: between its departure and its answer, or just after another's answer.
        0..6 => {
            let seen = seen_before + dice.u64(1..60);
            running.until_or_ended(|stats| stats.requests.values().sum::<u64>() >= seen);
        }
        // While it starts, opens the journal, reads the roster.
        6..8 => std::thread::sleep(Duration::from_micros(dice.u64(0..30_000))),
        // While it sends, settles, lists again, refreshes tokens, exports.
        _ => std::thread::sleep(Duration::from_millis(dice.u64(0..1_500))),
    }
    running.kill()
}

/// Whoever the journal holds for out for good, or in it without our knowing, by their ids.
fn rows_in_doubt(import: &Import) -> HashSet<String> {
    let ids = "SELECT custom_participant_id FROM participants WHERE state = 'uncertain' AND sends = 3";
    import.ask_all(ids).into_iter().collect()
}

/// Runs it until it says that everybody is confirmed, or that some are in doubt for good.
fn run_until_all_is_well(import: &Import, counts: &Counts) {
    let mut codes = Vec::new();
    for _ in 0..MOST_RUNS {
        counts.runs.add(1);
        let ran = import.run();
        let summary = ran.summary();
        let count = |name: &str| summary[name].as_u64().unwrap();
        let confirmed = count("added") + count("present");
        let uncertain = count("uncertain");
        let settled = ran.code() == 4 && codes.last() == Some(&(4, uncertain));
        if ran.code() == 0 || (settled && confirmed + uncertain == PEOPLE) {
            return;
        }
        codes.push((ran.code(), uncertain));
    }
    panic!("not well after {MOST_RUNS} runs: {codes:?}");
}
