//! Which settings hold, as TOML, and where they come from.

use std::fmt::Display;

use guestlist::model::escape;

use super::super::style::{FAINT, paint};
use crate::settings::{FileKind, FilePlace, Files, Origin, Shown, to_toml};

/// A file that says the same; what isn't set is a remark in it.
pub(crate) fn settings(
    settings: &[Shown<'_>],
    origins: bool,
    token: Option<&Origin>,
    files: &Files,
) -> String {
    let lines: Vec<_> = settings.iter().map(|setting| (line(setting), setting)).collect();
    let width = lines
        .iter()
        .map(|(line, _)| line.chars().count())
        .filter(|width| *width <= WIDEST)
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for (line, setting) in &lines {
        text += &match (&setting.value, origins) {
            (None, _) => paint(FAINT, line) + "\n",
            (Some(_), false) => format!("{line}\n"),
            (Some(_), true) => {
                format!("{line:<width$}  {}\n", paint(FAINT, format_args!("# {}", origin(setting.origin))))
            }
        };
    }
    for (name, place) in files.dialects() {
        text += &remark(format_args!("[dialect.{}] is in {}", escape(name), place));
    }
    text + &token_remark(token)
}

/// Origins stand in one column, but not beyond this one.
const WIDEST: usize = 60;

fn line(setting: &Shown<'_>) -> String {
    match &setting.value {
        Some(value) => format!("{} = {}", setting.key, to_toml(value)),
        None => format!("# {} is not set", setting.key),
    }
}

fn origin(origin: Option<&Origin>) -> String {
    origin.map_or_else(|| "default".to_owned(), ToString::to_string)
}

/// Never the token itself.
fn token_remark(token: Option<&Origin>) -> String {
    match token {
        Some(origin) => remark(format_args!("the API token comes from {origin}")),
        None => remark("the API token is not set: CLOUDFLARE_API_TOKEN or api-token-file"),
    }
}

fn remark(text: impl Display) -> String {
    paint(FAINT, format_args!("# {text}")) + "\n"
}

/// Where the files are looked for.
pub(crate) fn settings_files(places: &[FilePlace]) -> String {
    let place = |place: &FilePlace| {
        let kind = match place.kind {
            FileKind::Project => "project",
            FileKind::User => "user",
        };
        let read = if place.read { "read" } else { "not there" };
        format!("{kind:<7}  {}  {}\n", escape(&place.path.to_string_lossy()), paint(FAINT, read))
    };
    match places {
        [] => "no settings file is followed\n".to_owned(),
        places => places.iter().map(place).collect(),
    }
}
