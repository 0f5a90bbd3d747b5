//! Whether a journal can be trusted, and that its tokens are gone.

use std::path::Path;

use guestlist::journal::{Finding, Verified};
use guestlist::model::escape;

use super::super::style::{BAD, GOOD, STRONG, paint};
use super::{count, count_lines, counted};

/// The verdict, what was counted, and what is wrong.
pub(crate) fn verified(journal: &Path, verified: &Verified) -> String {
    let journal = escape(&journal.to_string_lossy());
    let verdict = match verified.findings.len() as u64 {
        0 => paint(GOOD, format_args!("{journal} can be trusted.")),
        wrong => paint(
            BAD,
            format_args!("{journal} can't be trusted: {} wrong.", counted(wrong, "thing is", "things are")),
        ),
    };
    let counts = count_lines(&[
        ("rows", verified.rows, ""),
        ("confirmed", verified.confirmed, "in the meeting, each with its participant id"),
        ("tokens", verified.tokens, ""),
        ("purged", verified.purged, "tokens that were removed on purpose"),
        ("runs", verified.runs, ""),
    ]);
    let findings: String = verified.findings.iter().map(finding).collect();
    let next = if verified.findings.is_empty() {
        format!(
            "  Looked at: whose it is, who can read it, version {}, every page, every row.\n",
            verified.version
        )
    } else {
        format!(
            "\n{} put back a backup of the journal, or move it and its -wal away and start with a new one: the meetings \
             are then listed first, and nobody who is in them is added again.\n",
            paint(STRONG, "Next:")
        )
    };
    format!("{verdict}\n\n{counts}\n{findings}{next}")
}

fn finding(finding: &Finding) -> String {
    let example =
        finding.example.as_ref().map_or_else(String::new, |example| format!(", such as {}", escape(example)));
    format!("  {}: {}{example} [{}]\n", count(finding.count), escape(&finding.what), finding.code)
}

/// What is gone, what isn't, and what a later import does.
pub(crate) fn purged(journal: &Path, tokens: u64) -> String {
    let removed = counted(tokens, "token was", "tokens were");
    format!(
        "{} removed from {}, for good. Everybody stays in their meeting, and links that are out still work.\n\
         Exports and backups that were made before hold the tokens still: delete those, too.\n\
         A later import asks for no new tokens by itself. --refresh-found does, and may end the links in people's mail.\n",
        paint(GOOD, removed),
        escape(&journal.to_string_lossy()),
    )
}
