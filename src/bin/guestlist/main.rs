//! The command `guestlist`: parse → settings → command → exit code.
//!
//! * `args`: what can be typed · `settings`: what it means, with the environment · `commands`: one file each ·
//!   `ui`: the only place that prints · `exit`: every error's code · `signal`: Ctrl-C.
#![cfg_attr(windows, expect(clippy::print_stderr, reason = "there is no ui on Windows"))]

#[cfg(unix)]
mod args;
#[cfg(unix)]
mod build;
#[cfg(unix)]
mod commands;
#[cfg(unix)]
mod error;
#[cfg(unix)]
mod exit;
#[cfg(unix)]
mod settings;
#[cfg(unix)]
mod signal;
#[cfg(unix)]
mod ui;

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    use clap::Parser;
    ui::withhold_messages();
    match args::Args::try_parse() {
        Ok(args) => commands::run(&args),
        Err(usage) => ui::usage(&usage),
    }
    .into()
}

/// Refused rather than run with half its promises.
#[cfg(windows)]
fn main() -> ExitCode {
    eprintln!(
        "error: guestlist doesn't run on Windows: files that only their owner can read (0600) and folders that are \
         synced after a rename are missing there, and tokens and the promise to add nobody twice rest on them\n  \
         Run it on Linux or macOS, or in WSL."
    );
    ExitCode::from(2)
}
