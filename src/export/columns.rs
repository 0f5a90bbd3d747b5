//! The columns of an export, and the values that its rosters carried along.

use serde_json::value::RawValue;

use super::ExportSettings;
use crate::journal::ExportRow;

/// The columns of every export, in order.
pub(super) const COLUMNS: [&str; 11] = [
    "custom_participant_id",
    "name",
    "preset_name",
    "picture",
    "meeting_id",
    "participant_id",
    "token",
    "token_expires_at",
    "created_at",
    "updated_at",
    "state",
];
/// The column of the links, after the others.
pub(super) const JOIN_URL: &str = "join_url";

/// Whether a further column has the name of one that this export writes itself: it is left out, since an earlier
/// export that is read as a roster carries old tokens along, and nobody is to mail those.
pub(super) fn is_own(name: &str, settings: &ExportSettings) -> bool {
    COLUMNS.contains(&name) || (name == JOIN_URL && settings.join_url.is_some())
}

/// The values that a row carries along, each as it stands in the journal: numbers keep every digit.
pub(super) fn carried(row: &ExportRow) -> Vec<&RawValue> {
    row.extra.as_deref().and_then(|extra| serde_json::from_str(extra).ok()).unwrap_or_default()
}
