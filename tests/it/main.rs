//! The command and the library, from outside. One binary, so that it links once.
#![cfg(test)]
#![cfg(all(feature = "cli", feature = "sandbox"))]

#[cfg(test)]
mod cli;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod controls;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod import;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod journal_upgrades;
#[cfg(test)]
mod probe;
#[cfg(test)]
mod refresh;
#[cfg(test)]
mod resume;
#[cfg(test)]
mod rosters;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod soak;
#[cfg(test)]
mod support;
#[cfg(test)]
mod sync;
#[cfg(test)]
mod undo;
#[cfg(test)]
mod verify;
