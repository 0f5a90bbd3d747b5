//! What only the API knows of a row: whether its preset and its meeting exist.

use crate::model::MeetingId;

use super::error::{RosterError, UnknownPreset};
use super::options::ReadOptions;
use super::preset_map::PresetMap;

/// Answers what a roster alone can't. The caller keeps what it has asked: every row asks again.
pub trait Directory {
    /// Whether the app has this preset.
    fn preset(&mut self, name: &str) -> PresetStanding;

    /// Whether this meeting can be joined. An error ends the reading.
    fn meeting(&mut self, id: MeetingId) -> Result<MeetingStanding, DirectoryUnavailable>;
}

/// What is known of a preset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresetStanding {
    /// The app has it.
    Known,
    /// The app doesn't have it.
    Unknown {
        /// The preset that was probably meant; see [`near_miss`].
        did_you_mean: Option<String>,
    },
    /// Nobody was asked.
    NotAsked,
}

/// What is known of a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeetingStanding {
    /// It can be joined.
    Active,
    /// Nobody can join it.
    Inactive,
    /// The app doesn't have it.
    Unknown,
    /// Nobody was asked.
    NotAsked,
}

/// The API couldn't be asked.
#[derive(Debug, thiserror::Error)]
#[error("the presets and meetings can't be looked up: {0}")]
pub struct DirectoryUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Asks nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Offline;

impl Directory for Offline {
    fn preset(&mut self, _name: &str) -> PresetStanding {
        PresetStanding::NotAsked
    }

    fn meeting(&mut self, _id: MeetingId) -> Result<MeetingStanding, DirectoryUnavailable> {
        Ok(MeetingStanding::NotAsked)
    }
}

/// Whether the app has every preset that the preset map names, also for tickets that no row has.
pub fn verify_preset_map(options: &ReadOptions, directory: &mut impl Directory) -> Result<(), RosterError> {
    let mut unknown = Vec::new();
    for (ticket, preset) in options.preset_map.iter().flat_map(PresetMap::entries) {
        if let PresetStanding::Unknown { did_you_mean } = directory.preset(preset) {
            let (ticket, preset) = (ticket.to_owned(), preset.to_owned());
            unknown.push(UnknownPreset { ticket, preset, did_you_mean });
        }
    }
    if unknown.is_empty() { Ok(()) } else { Err(RosterError::UnknownMappedPresets(unknown)) }
}

/// The known name that was probably meant, if one is close: case and `-`/`_` don't count, then the fewest edits, at
/// most a third of the name's length; a name that the given one is a part of comes next (`hots`, `host` →
/// `group_call_host`).
pub fn near_miss<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = folded(name);
    let cost = |candidate: &str| {
        let candidate = folded(candidate);
        let whole = strsim::damerau_levenshtein(&wanted, &candidate);
        if whole <= candidate.chars().count().max(3) / 3 {
            return Some(whole);
        }
        let part = candidate.split('_').map(|part| strsim::damerau_levenshtein(&wanted, part)).min();
        part.filter(|edits| *edits <= wanted.chars().count() / 3).map(|edits| 100 + edits)
    };
    known.into_iter().filter_map(|name| Some((cost(name)?, name))).min().map(|(_, name)| name)
}

/// Bounded, since the time of an edit distance grows with the square.
fn folded(name: &str) -> String {
    name.trim()
        .chars()
        .take(64)
        .map(|c| if c == '-' || c == ' ' { '_' } else { c.to_ascii_lowercase() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::swapped("hots", Some("host"))]
    #[case::hyphens("Group-Call-Host", Some("group_call_host"))]
    #[case::typing_error("webinar_viewr", Some("webinar_viewer"))]
    #[case::a_part("viewer", Some("webinar_viewer"))]
    #[case::nothing_near("moderator", None)]
    #[case::empty("", None)]
    fn a_near_miss_is_named(#[case] name: &str, #[case] meant: Option<&str>) {
        let known = ["group_call_host", "host", "webinar_viewer", "webinar_presenter"];
        assert_eq!(near_miss(name, known), meant);
    }
}
