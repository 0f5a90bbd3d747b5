//! What a roster, the journal and a complete listing make of each participant, and how many may be removed: pure.
//!
//! [`judge`] is the only place that decides what a sync does about somebody; the journal feeds it one id after another
//! and keeps what it says, and the dispatcher carries that out.

use std::fmt;
use std::str::FromStr;

use crate::lifecycle::RowState;

/// How a participant came to be in the meeting, as far as the journal knows (GUARANTEE.md section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Our create was answered.
    Created,
    /// One of our creates, whose answer was lost, made them.
    Reconciled,
    /// They were there before us.
    Found,
}

impl Origin {
    /// Whether it was us: only those are removed without further ado.
    pub fn is_ours(self) -> bool {
        match self {
            Self::Created | Self::Reconciled => true,
            Self::Found => false,
        }
    }
}

/// What others see of a participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown<'a> {
    /// The name; the API knows participants without one.
    pub name: &'a str,
    /// The preset.
    pub preset_name: &'a str,
    /// The picture.
    pub picture: Option<&'a str>,
}

/// A field of [`Shown`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ShownField {
    /// The name.
    Name,
    /// The preset.
    Preset,
    /// The picture.
    Picture,
}

impl ShownField {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::Name, Self::Preset, Self::Picture];

    /// As the API names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Preset => "preset_name",
            Self::Picture => "picture",
        }
    }
}

/// A field that is to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// Which one.
    pub field: ShownField,
    /// What the meeting holds; empty for none.
    pub old: String,
    /// What the roster wants; empty for none.
    pub new: String,
}

/// The fields that differ, in their order.
pub fn field_changes(held: Shown<'_>, wanted: Shown<'_>) -> Vec<FieldChange> {
    let pairs = [
        (ShownField::Name, held.name, wanted.name),
        (ShownField::Preset, held.preset_name, wanted.preset_name),
        (ShownField::Picture, held.picture.unwrap_or_default(), wanted.picture.unwrap_or_default()),
    ];
    let differing = pairs.into_iter().filter(|(_, old, new)| old != new);
    differing
        .map(|(field, old, new)| FieldChange { field, old: old.to_owned(), new: new.to_owned() })
        .collect()
}

/// What the journal knows of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known<'a> {
    /// The row's state.
    pub state: RowState,
    /// The API's id of a confirmed row.
    pub participant_id: Option<&'a str>,
    /// Where a confirmed row comes from.
    pub origin: Origin,
}

impl Known<'_> {
    /// Whether the journal has it as in.
    pub fn is_confirmed(&self) -> bool {
        matches!(self.state, RowState::Added | RowState::Present)
    }
}

/// A participant in the meeting's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed<'a> {
    /// The API's id.
    pub participant_id: &'a str,
    /// What others see.
    pub shown: Shown<'a>,
}

/// Everything that is known of one `custom_participant_id` in one meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen<'a> {
    /// What the roster wants, if it names the id.
    pub wanted: Option<Shown<'a>>,
    /// What the journal knows.
    pub known: Option<Known<'a>>,
    /// Everybody in the complete listing with this id.
    pub listed: &'a [Listed<'a>],
}

/// What is to be done about an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is to be added.
    Add,
    /// It was in, somebody else has removed it, and the roster wants it.
    AddAgain,
    /// It is in, with other fields than the roster wants.
    Update(Vec<FieldChange>),
    /// It is in as the roster wants it.
    Unchanged,
    /// It is in, the roster doesn't name it, and the journal knows it.
    Remove(Origin),
    /// The journal has it as in, the roster doesn't name it, and the meeting doesn't hold it any more.
    Gone,
    /// It is in, neither on the roster nor in the journal.
    Foreign,
    /// The meeting holds it more than once: a person has to decide.
    Conflict,
    /// It is held back: its person seems to be in under an id that the roster doesn't name any more.
    HoldBack,
    /// A create of it is in doubt: the sending decides, not the plan.
    Unsettled,
    /// The roster doesn't name it and the meeting doesn't hold it.
    Nothing,
}

/// What is to be done about an id.
pub fn judge(seen: Seen<'_>) -> Change {
    match (seen.wanted, seen.listed) {
        (_, [_, _, ..]) => Change::Conflict,
        (Some(wanted), [listed]) => match field_changes(listed.shown, wanted) {
            changes if changes.is_empty() => Change::Unchanged,
            changes => Change::Update(changes),
        },
        (None, [listed]) => unwanted(seen.known, listed),
        (Some(_), []) => missing(seen.known.map(|known| known.state)),
        (None, []) => vanished(seen.known.map(|known| known.state)),
    }
}

/// Whether the one that we had confirmed is gone, and another one has taken the id's place. What is to be done about the
/// id, [`judge`] says; this says that our confirmation and its token are worth nothing any more.
pub fn is_replaced(seen: Seen<'_>) -> bool {
    let (Some(_), Some(known), [listed]) = (seen.wanted, seen.known, seen.listed) else { return false };
    known.is_confirmed() && known.participant_id != Some(listed.participant_id)
}

/// In the meeting, not on the roster. Somebody whom others have put in our row's place is not ours, and neither is
/// whoever never was confirmed to us.
fn unwanted(known: Option<Known<'_>>, listed: &Listed<'_>) -> Change {
    match known {
        Some(known) if known.is_confirmed() && known.participant_id == Some(listed.participant_id) => {
            Change::Remove(known.origin)
        }
        // A create in doubt that made it: ours, but the settling has to say so first.
        Some(Known { state: RowState::Sending | RowState::Uncertain, .. }) => Change::Unsettled,
        Some(_) | None => Change::Foreign,
    }
}

/// Neither on the roster nor in the meeting.
fn vanished(known: Option<RowState>) -> Change {
    match known {
        Some(RowState::Added | RowState::Present | RowState::Conflict) => Change::Gone,
        // It may only not show yet.
        Some(RowState::Sending | RowState::Uncertain) => Change::Unsettled,
        Some(RowState::Planned | RowState::Rejected | RowState::Held | RowState::Removed) | None => {
            Change::Nothing
        }
    }
}

/// On the roster, not in the meeting.
fn missing(known: Option<RowState>) -> Change {
    match known {
        None | Some(RowState::Planned | RowState::Rejected) => Change::Add,
        // All who shared an id may have been removed.
        Some(RowState::Added | RowState::Present | RowState::Conflict | RowState::Removed) => {
            Change::AddAgain
        }
        Some(RowState::Held) => Change::HoldBack,
        Some(RowState::Sending | RowState::Uncertain) => Change::Unsettled,
    }
}

/// The most that one sync removes from a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemovalLimit {
    /// So many.
    Count(u64),
    /// So many of a hundred that we manage there; [`ALWAYS_ALLOWED`] in any case.
    Percent(u8),
}

/// With a limit in percent, so many may go from however small a meeting.
pub const ALWAYS_ALLOWED: u64 = 5;

impl RemovalLimit {
    /// The most that may be removed from a meeting in which we manage so many.
    pub fn most(self, managed: u64) -> u64 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => {
                let part = u128::from(managed) * u128::from(percent) / 100;
                u64::try_from(part).unwrap_or(u64::MAX).max(ALWAYS_ALLOWED)
            }
        }
    }
}

impl Default for RemovalLimit {
    fn default() -> Self {
        Self::Percent(20)
    }
}

impl fmt::Display for RemovalLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// A limit that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no limit: write a number such as 10, or a part such as 20%")]
pub struct InvalidRemovalLimit(pub String);

impl FromStr for RemovalLimit {
    type Err = InvalidRemovalLimit;

    fn from_str(text: &str) -> Result<Self, InvalidRemovalLimit> {
        let invalid = || InvalidRemovalLimit(text.to_owned());
        match text.strip_suffix('%') {
            Some(percent) => match percent.trim().parse() {
                Ok(percent @ 0..=100) => Ok(Self::Percent(percent)),
                Ok(_) | Err(_) => Err(invalid()),
            },
            None => text.trim().parse().map(Self::Count).map_err(|_| invalid()),
        }
    }
}

#[cfg(test)]
mod tests;
