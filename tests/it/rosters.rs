//! Rosters as people really have them, by the built command and judged by what the server holds.
//!
//! What is read by other programs is given to them, if they are installed: a browser, a spreadsheet. Where they aren't,
//! the test is skipped and says so in a line that begins with `SKIPPED`.

mod check;
mod encodings;
mod identity;
mod mending;
mod presets;
mod settings;
mod workbooks;

use std::io::{self, Write};
use std::path::PathBuf;

/// Where a program is; `None` if it isn't there, which standard error is told past what a test's harness captures.
#[expect(clippy::disallowed_methods, reason = "where programs are that a test can do without")]
fn installed(program: &str, test: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file());
    if found.is_none() {
        let skipped = format!("\nSKIPPED {test}: there is no {program} in the path\n");
        io::stderr().write_all(skipped.as_bytes()).unwrap();
    }
    found
}
