//! FAULTS.md, by name: a run that ends at any instant, and the same command again.

#![expect(clippy::disallowed_types, reason = "a test plays somebody else's SQLite shell")]

mod damage;
mod death;
#[cfg(target_os = "linux")]
pub(crate) mod disk;
mod held;
mod journal;
mod purge;
mod signals;
