//! What the journal holds.

use std::path::Path;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use guestlist::journal::{MeetingCounts, RunInfo};
use guestlist::lifecycle::RowState;
use guestlist::model::escape;
use jiff::Timestamp;

use super::super::style::{STRONG, paint};
use super::{count, rows};

/// `runs` are the last ones, the newest first.
pub(crate) fn status(
    journal: &Path,
    origin: Option<&str>,
    meetings: &[MeetingCounts],
    runs: &[RunInfo],
    now: Timestamp,
) -> String {
    let origin = origin.map_or_else(String::new, |origin| format!(", for {}", escape(origin)));
    let mut text = format!("{}{origin}\n", escape(&journal.to_string_lossy()));
    text += &format!("\n{}\n{}\n", paint(STRONG, "Meetings"), meeting_table(meetings, now));
    text += &format!("\n{}\n{}\n", paint(STRONG, "Last runs"), run_table(runs));
    let left_behind: u64 = meetings.iter().map(|meeting| meeting.left_behind).sum();
    if left_behind > 0 {
        text += &format!(
            "\n{} planned but not named by the newest roster: no run adds them until a roster names them again.\n",
            rows(left_behind)
        );
    }
    let held: u64 = meetings.iter().map(|meeting| of(meeting, RowState::Held)).sum();
    if held > 0 {
        text += &format!(
            "\n{} held back as possible duplicates: a new id, but the e-mail address of somebody in the \
             meeting. An import with --allow-same-person adds them.\n",
            rows(held)
        );
    }
    text
}

fn of(meeting: &MeetingCounts, wanted: RowState) -> u64 {
    meeting.states.iter().find(|(state, _)| *state == wanted).map_or(0, |(_, count)| *count)
}

/// States that nobody is in are left out.
fn meeting_table(meetings: &[MeetingCounts], now: Timestamp) -> Table {
    let shown: Vec<_> = RowState::ALL
        .into_iter()
        .filter(|state| meetings.iter().any(|meeting| of(meeting, *state) > 0))
        .collect();
    let mut table = table();
    let purged = meetings.iter().any(|meeting| meeting.purged > 0);
    let names = shown.iter().map(|state| state.name()).chain(["tokens"]);
    let names = names.chain(purged.then_some("purged"));
    table.set_header(["meeting"].into_iter().chain(names).chain(["first expiry"]));
    for meeting in meetings {
        let counts = shown.iter().map(|state| count(of(meeting, *state))).chain([count(meeting.tokens)]);
        let counts = counts.chain(purged.then(|| count(meeting.purged)));
        let expiry = meeting.soonest_expiry.map_or_else(|| "unknown".to_owned(), |at| from_now(at, now));
        table.add_row(
            [escape(&meeting.meeting_id)].into_iter().chain(counts).chain([if meeting.tokens == 0 {
                String::new()
            } else {
                expiry
            }]),
        );
    }
    right_align(&mut table, 1..=shown.len() + 1 + usize::from(purged));
    table
}

fn run_table(runs: &[RunInfo]) -> Table {
    let mut table = table();
    table.set_header(["run", "started", "ended", "rows", "added", "invalid", "what"]);
    for (at, run) in runs.iter().enumerate() {
        let ended = match (run.exit_code, run.finished_at) {
            (Some(code), _) => format!("exit {code}"),
            (None, Some(_)) => "ended".to_owned(),
            (None, None) if at == 0 => "running, or killed".to_owned(),
            // One run at a time: a newer one began, so this one is over, killed or ended by an error.
            (None, None) => "broken off".to_owned(),
        };
        table.add_row([
            run.run.to_string(),
            minute(run.started_at),
            ended,
            count(run.rows),
            count(run.added),
            count(run.invalid),
            escape(&run.command),
        ]);
    }
    right_align(&mut table, 3..=5);
    table
}

fn table() -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table
}

fn right_align(table: &mut Table, columns: impl IntoIterator<Item = usize>) {
    for column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// The time, and how far away it is.
fn from_now(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.duration_since(now).as_secs();
    let away = match seconds {
        ..=0 => "passed".to_owned(),
        1..=7_199 => format!("in {} min", seconds.div_euclid(60)),
        7_200..=172_799 => format!("in {} h", seconds.div_euclid(3_600)),
        _ => format!("in {} days", seconds.div_euclid(86_400)),
    };
    format!("{} ({away})", minute(at))
}
