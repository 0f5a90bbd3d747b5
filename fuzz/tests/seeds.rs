//! Every seed, and with them every input that once crashed a target, replayed by the stable compiler:
//! `RUSTFLAGS="--cfg fuzzing" cargo test --manifest-path fuzz/Cargo.toml --no-default-features`
#![cfg(fuzzing)]

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use guestlist_fuzz::{answers, pacing, roster};

/// The targets, by the names of their folders of seeds.
const TARGETS: [(&str, fn(&[u8])); 6] = [
    ("answers", answers::answers),
    ("bytes", roster::bytes),
    ("csv", roster::csv),
    ("json_lines", roster::json_lines),
    ("ratelimit", pacing::ratelimit),
    ("retry_after", pacing::retry_after),
];

fn entries(folder: &Path) -> BTreeSet<PathBuf> {
    folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn no_seed_crashes_its_target() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let mut crashed = Vec::new();
    for (target, run) in TARGETS {
        let inputs = entries(&seeds.join(target));
        assert!(inputs.len() >= 5, "{target} has {} seeds", inputs.len());
        for input in inputs {
            let bytes = std::fs::read(&input).unwrap();
            if catch_unwind(|| run(&bytes)).is_err() {
                crashed.push(input);
            }
        }
    }
    assert!(crashed.is_empty(), "{crashed:?}");
}

/// A folder of seeds that nobody replays would guard nothing, nor would a target without one.
#[test]
fn every_target_has_its_seeds() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let stems = |folder: &str| -> BTreeSet<String> {
        let paths = entries(&here.join(folder));
        paths.iter().map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
    };
    let replayed: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(stems("seeds"), replayed);
    assert_eq!(stems("fuzz_targets"), replayed);
}
