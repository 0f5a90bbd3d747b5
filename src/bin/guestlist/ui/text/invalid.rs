//! Invalid rows, grouped by what is wrong.

use guestlist::model::escape;
use guestlist::roster::{RowError, RowErrorCode};

use super::super::rows::{Group, InvalidRows};
use super::super::style::{FAINT, STRONG, paint};
use super::{count, rows};

/// Every kind of problem, its number, what to do, and the first places.
pub(super) fn invalid(invalid: &InvalidRows) -> String {
    invalid.groups().into_iter().map(|(code, group)| kind(code, group)).collect()
}

fn kind(code: RowErrorCode, group: &Group) -> String {
    let common = group.common_hint();
    let hint = common.map_or_else(String::new, |hint| format!("; {}", escape(hint)));
    let mut text = format!(
        "\n{}: {}{hint} {}\n",
        paint(STRONG, rows(group.count)),
        code.what(),
        paint(FAINT, format_args!("[{code}]"))
    );
    for error in &group.first {
        text += &place(error, common.is_none());
    }
    if group.others() > 0 {
        text += &format!("  … and {} more\n", count(group.others()));
    }
    text
}

fn place(error: &RowError, with_hint: bool) -> String {
    let mut text = format!("  {}", error.location);
    if let Some(column) = &error.column {
        text += &format!("  {column}");
    }
    if let Some(value) = &error.value {
        text += &format!(" \"{}\"", escape(value));
    }
    if with_hint {
        text += &format!("; {}", escape(&error.hint));
    }
    text + "\n"
}
