//! What a check tells programs: the first rows, and the problems by their kinds.

use guestlist::roster::{CheckReport, RowError, RowErrorCode};
use serde::Serialize;

use super::super::preview::PreviewRow;
use super::super::rows::Group;
use super::Line;

/// A problem among others of its kind.
#[derive(Serialize)]
pub(crate) struct ExampleLine<'a> {
    file: &'a str,
    line: u64,
    column: Option<String>,
    value: Option<&'a str>,
    hint: &'a str,
}

impl<'a> Line<'a> {
    pub(crate) fn check(report: &CheckReport, exit_code: u8) -> Self {
        let problems = report.problems.iter().map(|(code, count)| (code.name(), *count)).collect();
        let CheckReport { rows, valid, invalid, repeated, not_coming, .. } = *report;
        Self::Check { rows, valid, invalid, repeated, not_coming, problems, exit_code }
    }

    pub(crate) fn preview(row: &'a PreviewRow) -> Self {
        let participant = &row.participant;
        Self::Preview {
            file: &row.location.file,
            line: row.location.line,
            meeting_id: row.meeting().map(|meeting| meeting.to_string()),
            custom_participant_id: &participant.key.custom_participant_id,
            name: &participant.name,
            preset_name: &participant.preset_name,
            picture: participant.picture.as_deref(),
        }
    }

    pub(crate) fn issue(code: RowErrorCode, group: &'a Group) -> Self {
        let example = |error: &'a RowError| ExampleLine {
            file: &error.location.file,
            line: error.location.line,
            column: column_name(error),
            value: error.value.as_deref(),
            hint: &error.hint,
        };
        Self::Issue {
            code: code.name(),
            count: group.count,
            message: code.what(),
            hint: group.common_hint(),
            examples: group.first.iter().map(example).collect(),
        }
    }
}

/// A column without a name is known by its number.
pub(super) fn column_name(error: &RowError) -> Option<String> {
    error.column.as_ref().map(|column| match column.name.trim() {
        "" => column.index.to_string(),
        _ => column.name.to_string(),
    })
}
