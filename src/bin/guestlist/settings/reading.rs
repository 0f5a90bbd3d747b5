//! How a roster is read, and which ones.

use std::path::{Path, PathBuf};

use guestlist::roster::{DefaultMeeting, IdSource, PersonalIds, ReadOptions, Records};

use super::SettingsError;
use crate::args::{ApiArgs, RosterArgs};

/// A roster as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RosterName {
    /// A file.
    File(PathBuf),
    /// `-`.
    StandardInput,
}

/// `otherwise` is the meeting of rows that name none if none was typed.
pub(super) fn options(args: &RosterArgs, otherwise: DefaultMeeting) -> Result<ReadOptions, SettingsError> {
    let meeting = args.meeting.as_deref().filter(|meeting| !meeting.is_empty());
    let default_meeting = match meeting {
        Some(meeting) => DefaultMeeting::Given(meeting.parse()?),
        None => otherwise,
    };
    let id_source =
        if args.id_from.is_empty() { IdSource::Column } else { IdSource::Derived(args.id_from.clone()) };
    Ok(ReadOptions {
        mapping: args.mapping.clone(),
        delimiter: args.delimiter,
        default_meeting,
        default_preset: args.preset.clone(),
        preset_map: args.preset_map.clone(),
        default_name: args.default_name.clone(),
        id_source,
        personal_ids: if args.allow_pii_ids { PersonalIds::Allow } else { PersonalIds::Refuse },
        records: if args.rejected.is_some() { Records::Keep } else { Records::Forget },
        ..ReadOptions::default()
    })
}

/// The rosters; standard input holds one thing only.
pub(super) fn names(args: &RosterArgs, api: &ApiArgs) -> Result<Vec<RosterName>, SettingsError> {
    let is_standard_input = |path: &Path| path.as_os_str() == "-";
    let token = api.api_token_file.as_deref();
    let readers = args.rosters.iter().map(PathBuf::as_path).chain(token);
    if readers.filter(|path| is_standard_input(path)).count() > 1 {
        return Err(SettingsError::StandardInputTwice);
    }
    let name = |path: &PathBuf| match is_standard_input(path) {
        true => RosterName::StandardInput,
        false => RosterName::File(path.clone()),
    };
    Ok(args.rosters.iter().map(name).collect())
}
