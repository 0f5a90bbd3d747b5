//! Canaries: what is secret appears nowhere but where it belongs, whatever goes wrong and however talkative we are.
//!
//! A run is watched while it goes on (arguments, temporary files, named or not) and searched afterwards (both outputs,
//! every file). Secrets: the API token, participants' tokens, a proxy's password, and below debug the guests' names and
//! e-mail addresses in what goes to standard error.

mod canary;
mod commands;
mod echo;
mod files;
mod outside;
#[cfg(feature = "sabotage")]
mod panics;
mod runs;
mod traces;

use std::process::Command;

use crate::support::Import;
use canary::Canary;
use traces::Traces;

/// Letters that base64 and percent-encoding change, too.
const API_TOKEN: &str = "c4nary+Api/Token~9QwErTz7UiOpAsDfGhJkL.YxCvBnM=";
/// Everybody's surname.
const SURNAME: &str = "Quillfeather-Canary";
/// Everybody's e-mail address, with a number before it.
const MAIL: &str = "@canary-mailbox.example";
/// Rows of the roster that are valid; one more isn't.
const PEOPLE: usize = 12;

/// Twelve guests and a row without an id, into a sandbox with a token of its own.
fn guests() -> Import {
    let row = |n| format!("guest-{n:04},Zdenka {SURNAME} {n},webinar_viewer,{n}{MAIL}\n");
    let rows = (0..PEOPLE).map(row).collect::<String>();
    let roster = format!("id,name,preset,Email\n{rows},Nobody {SURNAME},webinar_viewer,x{MAIL}\n");
    Import::new().roster(roster).server_with(|settings| settings.api_token = API_TOKEN.to_owned())
}

/// An import of theirs with everything that writes a file.
fn import(guests: &Import, flags: &str) -> Command {
    guests.command(&format!(
        "import list.csv --journal j.db --export t.csv --rejected r.csv --on-invalid skip --settle 300ms \
         --concurrency 4 --timeout 5s --connect-timeout 1s {flags}"
    ))
}

/// Nothing was seen where it doesn't belong. `talkative` is a run with `-v`.
#[track_caller]
fn assert_kept(guests: &Import, traces: &Traces, talkative: bool) {
    // It is given in the environment, and anybody who may read that may be the user.
    traces.assert_hidden(&Canary::new("API token", API_TOKEN), &["environment"]);
    let belongs = ["j.db", "j.db-wal", "t.csv"];
    traces.assert_hidden(&Canary::of_any_token(guests.server().settings()), &belongs);
    for token in traces::tokens_of(&guests.path("j.db")) {
        traces.assert_hidden(&Canary::new("participant's token", &token), &belongs);
    }
    for personal in [SURNAME, MAIL] {
        if !talkative {
            assert!(!traces.stderr.contains(personal), "{personal}: {}", traces.stderr);
        }
    }
    traces.assert_only_known_files(guests);
}
