//! What a check found: how the roster was understood, and every kind of mistake in it.

use guestlist::model::escape;
use guestlist::roster::{CheckReport, FileReport, Role};

use super::super::rows::InvalidRows;
use super::super::style::{BAD, GOOD, STRONG, paint};
use crate::commands::Plan;

use super::{count, format_name, invalid, role_name, rows, rows_are, tickets};

/// `next` is the command to run if all is well.
pub(crate) fn check(report: &CheckReport, problems: &InvalidRows, next: &str) -> String {
    let mut text: String = report.files.iter().map(file).collect();
    text += &verdict(report);
    text += &invalid::invalid(problems);
    let next = if report.invalid == 0 { next } else { "mend these rows and check again." };
    text + &format!("\n{} {next}\n", paint(STRONG, "Next:"))
}

fn verdict(report: &CheckReport) -> String {
    match report.invalid {
        0 if report.rows == 1 => paint(GOOD, "The row is valid.") + "\n",
        0 => paint(GOOD, format_args!("All {} valid.", rows_are(report.rows))) + "\n",
        invalid => {
            paint(BAD, format_args!("{} of {} invalid.", count(invalid), rows_are(report.rows))) + "\n"
        }
    }
}

/// Nothing is guessed silently.
fn file(file: &FileReport) -> String {
    let format = format_name(&file.decisions);
    let mut text =
        format!("{}: {format}, {}\n", paint(STRONG, escape(&file.decisions.file)), rows(file.rows));
    let (kept, used): (Vec<_>, Vec<_>) =
        file.decisions.columns.iter().partition(|column| column.role == Role::Extra && !column.in_derived_id);
    let width = used.iter().map(|column| escape(&column.name).chars().count()).max().unwrap_or_default();
    for column in used {
        let mut role = role_name(column.role);
        if column.in_derived_id {
            role = if column.role == Role::Extra {
                "the id is derived from it".to_owned()
            } else {
                role + "; the id is derived from it"
            };
        }
        text += &format!("  {:<width$}  {role}\n", escape(&column.name));
    }
    if !kept.is_empty() {
        let names: Vec<_> = kept.iter().take(MOST_NAMES).map(|column| escape(&column.name)).collect();
        let more = kept.len().saturating_sub(MOST_NAMES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        text += &format!("  kept as they are: {}{more}\n", names.join(", "));
    }
    text += &tickets::tickets(&file.tickets);
    text + "\n"
}

/// A roster may have thousands of columns.
const MOST_NAMES: usize = 20;

/// What a dry run found that an import would do.
pub(crate) fn dry_run(report: &CheckReport, plan: Plan, problems: &InvalidRows) -> String {
    let Plan { would_add, already_in, unsettled, left_out } = plan;
    let counts = super::count_lines(&[
        ("would be added", would_add, ""),
        ("already in", already_in, "by the journal"),
        ("unsettled", unsettled, "would be looked up first"),
        ("invalid", report.invalid, "never sent"),
        ("left out", left_out, "by --limit"),
        ("rows", report.rows, ""),
    ]);
    let next = match report.invalid {
        0 => "run the same command without --dry-run.",
        _ => "mend these rows, or add the others with --on-invalid skip.",
    };
    format!(
        "{}\n\n{counts}{}\n{} {next}\n",
        paint(STRONG, "Dry run: nobody was added, nothing was written down."),
        invalid::invalid(problems),
        paint(STRONG, "Next:")
    )
}
