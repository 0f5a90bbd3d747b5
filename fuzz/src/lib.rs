//! What the fuzz targets assert, one module a subject. A property that doesn't hold panics.
//!
//! An input that once made one panic belongs into `seeds/`: the stable compiler replays them all, see `tests/seeds.rs`.

pub mod answers;
pub mod pacing;
pub mod roster;

/// Takes the first bytes of an input, which say how to read the rest.
fn head<const N: usize>(input: &[u8]) -> Option<(&[u8; N], &[u8])> {
    input.split_first_chunk()
}
