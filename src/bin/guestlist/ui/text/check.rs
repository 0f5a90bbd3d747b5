//! What a check found: how the roster was understood, what would be sent, and every kind of mistake in it.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Row, Table};
use guestlist::journal::Rehearsed;
use guestlist::model::escape;
use guestlist::roster::{CheckReport, ColumnDecision, FileReport};

use super::super::decisions::{column_use, decided, is_only_kept, names_meetings};
use super::super::preview::Preview;
use super::super::style::{BAD, GOOD, STRONG, paint};
use crate::commands::{Checked, Plan};

use super::{count, invalid, quoted, rows, rows_are, tickets};

/// `next` is the command to run if all is well, `width` that of the terminal.
pub(crate) fn check(checked: &Checked, next: &str, width: u16) -> String {
    let report = &checked.report;
    let mut text: String = report.files.iter().map(file).collect();
    text += &preview(&checked.preview, report.files.iter().any(names_meetings), width);
    text += &verdict(report);
    text += &invalid::invalid(&checked.invalid);
    let next = if report.invalid == 0 { next } else { "mend these rows and check again." };
    text + &format!("\n{}{} {next}\n", files(checked), paint(STRONG, "Next:"))
}

/// Where more is to be read.
fn files(checked: &Checked) -> String {
    let rejected = checked.rejected.as_ref().filter(|_| checked.report.invalid > 0);
    let rejected = rejected.map(|path| format!("The invalid rows are in {}.\n", quoted(path)));
    let page = checked.page.as_ref().map(|path| {
        format!("The report is in {}; it names guests, and only you can read it.\n", quoted(path))
    });
    [rejected, page].into_iter().flatten().collect()
}

fn verdict(report: &CheckReport) -> String {
    let coming = report.rows - report.not_coming;
    let left_out = report.not_coming + report.repeated;
    let verdict = match report.invalid {
        0 if report.not_coming > 0 => {
            let valid = rows_are(coming - report.repeated);
            paint(GOOD, format_args!("{valid} valid; {} not coming.", count(report.not_coming)))
        }
        0 if left_out > 0 => paint(GOOD, format_args!("{} valid.", rows_are(report.valid))),
        0 if report.rows == 1 => paint(GOOD, "The row is valid."),
        0 => paint(GOOD, format_args!("All {} valid.", rows_are(report.rows))),
        invalid => {
            paint(BAD, format_args!("{} of {} {} invalid.", count(invalid), rows(report.rows), are(invalid)))
        }
    };
    match report.repeated {
        0 => verdict + "\n",
        repeated => {
            format!(
                "{verdict}\n{} left out: another row for the same participant counts.\n",
                rows_are(repeated)
            )
        }
    }
}

fn are(number: u64) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

/// Nothing is guessed silently.
fn file(file: &FileReport) -> String {
    let mut text = format!("{}\n", paint(STRONG, escape(&file.decisions.file)));
    let lines = decided(file).into_iter().map(|decided| (decided.what.to_owned(), decided.how));
    text += &aligned(&lines.collect::<Vec<_>>());
    let (kept, used): (Vec<_>, Vec<_>) =
        file.decisions.columns.iter().partition(|column| is_only_kept(column));
    let used = used.into_iter().map(|column| (escape(&column.name), column_use(column)));
    text += "\n  column → what it is used for\n";
    text += &aligned(&used.collect::<Vec<_>>());
    if !kept.is_empty() {
        text += &format!("  kept as they are: {}\n", names_of(&kept));
    }
    text += &tickets::tickets(&file.tickets);
    text + "\n"
}

/// The names of columns; of those that have none, how many there are.
fn names_of(columns: &[&ColumnDecision]) -> String {
    let (blank, named): (Vec<&ColumnDecision>, Vec<&ColumnDecision>) =
        columns.iter().partition(|column| column.name.trim().is_empty());
    let shown =
        named.iter().take(MOST_NAMES).map(|column| escape(&column.name)).collect::<Vec<_>>().join(", ");
    let more = match named.len().saturating_sub(MOST_NAMES) {
        0 => None,
        more => Some(format!("{more} more")),
    };
    let blank = match blank.len() {
        0 => None,
        1 => Some("a column without a name".to_owned()),
        many => Some(format!("{many} columns without a name")),
    };
    let parts = [Some(shown).filter(|shown| !shown.is_empty()), more, blank];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

/// A roster may have thousands of columns.
const MOST_NAMES: usize = 20;

/// Two columns, the second of which begins at one place.
fn aligned(lines: &[(String, String)]) -> String {
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    lines.iter().map(|(name, value)| format!("  {name:<width$}  {value}\n")).collect()
}

/// Longer values are cut.
const LONGEST_VALUE: usize = 60;

fn preview(preview: &Preview, names_meetings: bool, width: u16) -> String {
    let (header, rows) = preview.table(names_meetings, LONGEST_VALUE);
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.set_truncation_indicator("…").set_header(header);
    for row in rows {
        let mut row = Row::from(row);
        row.max_height(1);
        table.add_row(row);
    }
    let lines = table.lines().map(|line| format!(" {}\n", line.trim_end()));
    format!("{}\n{}\n", paint(STRONG, "The first rows, as they will be sent:"), lines.collect::<String>())
}

/// What a dry run found that an import would do.
pub(crate) fn dry_run(checked: &Checked, plan: Plan, width: u16) -> String {
    let Plan { would_add, rest: Rehearsed { already_in, unsettled, held, removed, left_out, repeated } } =
        plan;
    let report = &checked.report;
    let counts = super::count_lines(&[
        ("would be added", would_add, ""),
        ("already in", already_in, "by the journal"),
        ("unsettled", unsettled, "would be looked up first"),
        (
            "held back",
            held,
            "possible duplicates: new ids of people who are in; --allow-same-person adds them",
        ),
        ("not attempted", removed, "removed before; guestlist sync adds them again"),
        ("invalid", report.invalid, "never sent"),
        ("left out", left_out, "by --limit"),
        ("repeated", repeated, "another row for the same participant would be taken"),
        ("not coming", report.not_coming, "by their status"),
        ("rows", report.rows, ""),
    ]);
    let preview = preview(&checked.preview, report.files.iter().any(names_meetings), width);
    let next = match report.invalid {
        0 => "run the same command without --dry-run.",
        _ => "mend these rows, or add the others with --on-invalid skip.",
    };
    format!(
        "{}\n\n{counts}\n{preview}{}{}{} {next}\n",
        paint(STRONG, "Dry run: nobody was added, nothing was written to the journal."),
        invalid::invalid(&checked.invalid),
        files(checked),
        paint(STRONG, "Next:")
    )
}
