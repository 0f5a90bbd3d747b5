//! What a check found, as a page for a browser: everything in one file, no scripts, nothing loaded from elsewhere. Pure.
//!
//! Whatever came from outside is escaped twice: for the eye, as in all that we print, and for HTML by the template.

use guestlist::journal::Rehearsed;
use guestlist::model::escape;
use guestlist::roster::{ColumnDecision, FileReport, RowError, RowErrorCode, TicketRows};
use jiff::Timestamp;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use super::decisions::{column_use, decided, names_meetings};
use super::preview::shown_value;
use super::rows::Group;
use super::text::{count, rows};
use crate::commands::{Asked, Checked, Plan};

/// Longer values are cut.
const LONGEST_VALUE: usize = 200;
/// A roster may have thousands of columns.
const MOST_COLUMNS: usize = 200;

/// Everything that the template names.
#[derive(Serialize)]
struct Page {
    guestlist: &'static str,
    checked_at: String,
    rosters: String,
    verdict: String,
    is_good: bool,
    counts: Vec<Count>,
    /// Valid ones beside invalid ones.
    others: Option<String>,
    /// Where the invalid rows are.
    rejected: Option<String>,
    /// Whether the presets and meetings are known to exist.
    asked: bool,
    issues: Vec<Issue>,
    preview_header: Vec<&'static str>,
    preview: Vec<Vec<String>>,
    files: Vec<File>,
}

/// A number and what it counts.
#[derive(Serialize)]
struct Count {
    number: String,
    what: &'static str,
}

/// All problems of a kind.
#[derive(Serialize)]
struct Issue {
    rows: String,
    what: &'static str,
    code: &'static str,
    /// What to do, if it is the same everywhere.
    hint: Option<String>,
    examples: Vec<Example>,
    others: Option<String>,
}

#[derive(Serialize)]
struct Example {
    file: String,
    line: u64,
    column: String,
    value: String,
    hint: String,
}

/// How a roster was read.
#[derive(Serialize)]
struct File {
    name: String,
    decided: Vec<(&'static str, String)>,
    columns: Vec<(String, String)>,
    more_columns: Option<String>,
}

/// The page. A dry run has a plan.
pub(crate) fn page(
    checked: &Checked,
    plan: Option<Plan>,
    now: Timestamp,
) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    // The name's ending switches the escaping on.
    environment.add_template("page.html", include_str!("page.html"))?;
    environment.get_template("page.html")?.render(Serde(values(checked, plan, now)))
}

/// Which preset a ticket type stands for.
fn ticket(one: &TicketRows) -> (&'static str, String) {
    ("preset", format!("{} → {}, {}", shown(&one.ticket), shown(&one.preset), rows(one.rows)))
}

fn values(checked: &Checked, plan: Option<Plan>, now: Timestamp) -> Page {
    let report = &checked.report;
    let rosters: Vec<_> = report.files.iter().map(|file| shown(&file.decisions.file)).collect();
    let by_meeting = report.files.iter().any(names_meetings);
    let groups = checked.invalid.groups();
    let (preview_header, preview) = checked.preview.table(by_meeting, LONGEST_VALUE);
    Page {
        guestlist: env!("CARGO_PKG_VERSION"),
        checked_at: now.strftime("%-d %B %Y, %H:%M UTC").to_string(),
        rosters: rosters.join(", "),
        verdict: verdict(report.rows - report.not_coming, report.invalid),
        is_good: report.invalid == 0,
        counts: counts(checked, plan),
        others: (report.valid > 0).then(|| count(report.valid)),
        rejected: checked.rejected.as_ref().map(|path| shown(&path.to_string_lossy())),
        asked: checked.asked == Asked::Api,
        issues: groups.into_iter().map(|(code, group)| issue(code, group, report.files.len() > 1)).collect(),
        preview_header,
        preview,
        files: report.files.iter().map(file).collect(),
    }
}

fn verdict(rows: u64, invalid: u64) -> String {
    let (all, valid) = (count(rows), count(rows.saturating_sub(invalid)));
    match (rows, invalid) {
        (1, 0) => "The one person on the list can be invited".to_owned(),
        (_, 0) => format!("All {all} people can be invited"),
        (_, 1) => format!("{valid} of {all} people can be invited; 1 row needs mending"),
        (_, _) => format!("{valid} of {all} people can be invited; {} rows need mending", count(invalid)),
    }
}

/// A dry run knows more of those who can be invited.
fn counts(checked: &Checked, plan: Option<Plan>) -> Vec<Count> {
    let report = &checked.report;
    let can_be = match plan {
        None => vec![(report.valid, "can be invited")],
        Some(Plan {
            would_add,
            rest: Rehearsed { already_in, unsettled, held, removed, left_out, repeated: _ },
        }) => {
            vec![
                (would_add, "would be invited now"),
                (already_in, "are in already"),
                (unsettled, "would be looked up first"),
                (held, "would be held back as possible duplicates"),
                (removed, "were removed before, and would be left out"),
                (left_out, "are left out by --limit"),
            ]
        }
    };
    let all = can_be
        .into_iter()
        .chain([
            (report.invalid, "need mending"),
            (report.repeated, "repeat another row"),
            (report.not_coming, "are not coming"),
        ])
        .enumerate();
    // The first one is told even if there are none, and alone it says no more than the heading.
    let told = all.filter(|(nth, (number, _))| *nth == 0 || *number > 0);
    let told: Vec<_> = told.map(|(_, (number, what))| Count { number: count(number), what }).collect();
    if told.len() > 1 { told } else { Vec::new() }
}

/// The file is named where there are several.
fn issue(code: RowErrorCode, group: &Group, several: bool) -> Issue {
    let common = group.common_hint();
    let example = |error: &RowError| Example {
        file: if several { shown(&error.location.file) } else { String::new() },
        line: error.location.line,
        column: error
            .column
            .as_ref()
            .map(|column| shown_value(&column.to_string(), LONGEST_VALUE))
            .unwrap_or_default(),
        value: error.value.as_deref().map(shown).unwrap_or_default(),
        hint: if common.is_none() { shown(&error.hint) } else { String::new() },
    };
    Issue {
        rows: if group.count == 1 { "1 row".to_owned() } else { format!("{} rows", count(group.count)) },
        what: code.what(),
        code: code.name(),
        hint: common.map(escape),
        examples: group.first.iter().map(example).collect(),
        others: (group.others() > 0).then(|| count(group.others())),
    }
}

fn file(file: &FileReport) -> File {
    let columns = &file.decisions.columns;
    let name = |nth: usize, column: &ColumnDecision| match column.name.trim() {
        "" => format!("column {}, which has no name", nth + 1),
        name => shown(name),
    };
    let more = columns.len().saturating_sub(MOST_COLUMNS);
    let columns = columns.iter().take(MOST_COLUMNS).enumerate();
    File {
        name: shown(&file.decisions.file),
        decided: decided(file)
            .into_iter()
            .map(|decided| (decided.what, decided.how))
            .chain(file.tickets.iter().map(ticket))
            .collect(),
        columns: columns.map(|(nth, column)| (name(nth, column), column_use(column))).collect(),
        more_columns: (more > 0).then(|| count(more as u64)),
    }
}

fn shown(value: &str) -> String {
    shown_value(value, LONGEST_VALUE)
}
