//! The command and the library, from outside. One binary, so that it links once.
#![cfg(all(test, feature = "cli", feature = "sandbox"))]

mod cli;
mod clients;
mod controls;
mod faults;
mod import;
mod journal_upgrades;
mod resume;
mod secrets;
mod simulation;
mod soak;
mod support;
