//! Rosters as people really have them, by the built command and judged by what the server holds.
//!
//! What is read by other programs is given to them, if they are installed: a browser, a spreadsheet. Where they aren't,
//! the test is skipped and says so in a line that begins with `SKIPPED`.

mod check;
mod dialects;
mod encodings;
mod identity;
mod mending;
mod presets;
mod settings;
mod shapes;
mod workbooks;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::support::Import;

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

/// A roster of tests/fixtures/rosters.
fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rosters");
    std::fs::read(folder.join(name)).unwrap()
}

/// An import of such a roster.
fn import_of(name: &str) -> Import {
    Import::new().roster(fixture(name)).flags("--preset group_call_participant")
}

/// Who is in the meeting: ids and names, sorted.
fn who_is_in(import: &Import) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let people = import.server().participants();
    let mut people: Vec<_> =
        people.iter().map(|one| (text(&one["custom_participant_id"]), text(&one["name"]))).collect();
    people.sort();
    people
}

/// The names of those who are in, sorted; each has a derived id.
fn names_by_derived_ids(import: &Import) -> Vec<String> {
    let people = who_is_in(import);
    assert!(people.iter().all(|(id, _)| uuid::Uuid::try_parse(id).is_ok()), "{people:?}");
    let mut names: Vec<_> = people.into_iter().map(|(_, name)| name).collect();
    names.sort();
    names
}
