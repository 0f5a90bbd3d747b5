//! The export as JSON Lines: exact, nothing guarded. The further columns follow as further keys and keep their types
//! and digits; of two with one name the first one counts.

use std::collections::{HashMap, HashSet};
use std::io::Write;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::columns::{COLUMNS, JOIN_URL, carried, is_own};
use super::{ExportError, ExportSettings, Exported, unwritable};
use crate::journal::{ExportRow, JournalReader};
use crate::model::JoinToken;

pub(super) fn write(
    journal: &JournalReader,
    settings: &ExportSettings,
    mut into: impl Write,
) -> Result<Exported, ExportError> {
    let keys: HashMap<i64, Vec<Option<String>>> = journal
        .extra_columns(settings.filter)?
        .into_iter()
        .map(|(roster, names)| (roster, keys(names, settings)))
        .collect();
    let mut exported = Exported::default();
    journal.export(settings.filter, |row| {
        exported.rows += 1;
        exported.tokens += u64::from(row.token.is_some());
        let keys = keys.get(&row.roster).map_or(&[][..], Vec::as_slice);
        serde_json::to_writer(&mut into, &Line { row: &row, settings, keys }).map_err(unwritable)?;
        into.write_all(b"\n").map_err(unwritable)
    })?;
    into.flush().map_err(unwritable)?;
    Ok(exported)
}

/// The keys of a roster's further columns; `None` for one that is left out.
fn keys(names: Vec<String>, settings: &ExportSettings) -> Vec<Option<String>> {
    let mut known = HashSet::new();
    names
        .into_iter()
        .map(|name| Some(name).filter(|name| !is_own(name, settings) && known.insert(name.clone())))
        .collect()
}

/// A participant's line.
struct Line<'a> {
    row: &'a ExportRow,
    settings: &'a ExportSettings,
    keys: &'a [Option<String>],
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = self.row;
        let expires_at = row.token_expires_at.map(|at| at.to_string());
        let own = [
            Some(row.custom_participant_id.as_str()),
            Some(row.name.as_str()),
            Some(row.preset_name.as_str()),
            row.picture.as_deref(),
            Some(row.meeting_id.as_str()),
            row.participant_id.as_deref(),
            row.token.as_ref().map(JoinToken::expose),
            expires_at.as_deref(),
            row.created_at.as_deref(),
            row.updated_at.as_deref(),
            Some(row.state.name()),
        ];
        let mut line = serializer.serialize_map(None)?;
        for (key, value) in COLUMNS.into_iter().zip(own) {
            line.serialize_entry(key, &value)?;
        }
        if let Some(url) = &self.settings.join_url {
            line.serialize_entry(JOIN_URL, &url.fill(row))?;
        }
        for (key, value) in self.keys.iter().zip(carried(row)) {
            if let Some(key) = key
                && value.get() != "null"
            {
                line.serialize_entry(key, value)?;
            }
        }
        line.end()
    }
}
