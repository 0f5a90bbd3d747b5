//! What a comparison of a roster with a meeting comes to.

use super::{RowId, RunMeeting};
use crate::model::{Location, MeetingId, RemoteId};
use crate::plan::FieldChange;

/// What is to be done in a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeetingPlan {
    /// The meeting.
    pub meeting: RunMeeting,
    /// Of the listed ones: those who are in by us, wanted or not.
    pub managed: u64,
    /// Those who are no longer on the roster, and whom a create in doubt may have made all the same.
    pub in_doubt: u64,
    /// How many changes of each kind.
    pub counts: ChangeCounts,
    /// SHA-256 of the listing: everybody in it, and what others see of them.
    pub listing: [u8; 32],
}

/// How many changes of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChangeCounts {
    /// To be added.
    pub add: u64,
    /// To be added again: somebody else has removed them.
    pub add_again: u64,
    /// Held back: their persons seem to be in under ids that the roster doesn't name any more. Nobody is removed for them.
    pub held: u64,
    /// To be updated.
    pub update: u64,
    /// As they should be.
    pub unchanged: u64,
    /// Of those to be updated or as they should be: another participant has taken the place of the one that we knew.
    pub replaced: u64,
    /// Ours, and no longer on the roster.
    pub remove: u64,
    /// There before us, and no longer on the roster.
    pub remove_found: u64,
    /// No longer on the roster, nor in the meeting.
    pub gone: u64,
    /// Neither on the roster nor ours.
    pub foreign: u64,
    /// Ids that the meeting holds more than once.
    pub conflict: u64,
    /// In doubt: looked up while sending.
    pub unsettled: u64,
}

/// The kinds of change that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangeKind {
    /// See [`ChangeCounts::add`].
    Add,
    /// See [`ChangeCounts::add_again`].
    AddAgain,
    /// See [`ChangeCounts::held`].
    Held,
    /// See [`ChangeCounts::update`].
    Update,
    /// See [`ChangeCounts::replaced`].
    Replaced,
    /// See [`ChangeCounts::remove`].
    Remove,
    /// See [`ChangeCounts::remove_found`].
    RemoveFound,
    /// See [`ChangeCounts::gone`].
    Gone,
    /// See [`ChangeCounts::foreign`].
    Foreign,
    /// See [`ChangeCounts::conflict`].
    Conflict,
    /// See [`ChangeCounts::unsettled`].
    Unsettled,
}

impl ChangeKind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 11] = [
        Self::Add,
        Self::AddAgain,
        Self::Held,
        Self::Update,
        Self::Replaced,
        Self::Remove,
        Self::RemoveFound,
        Self::Gone,
        Self::Foreign,
        Self::Conflict,
        Self::Unsettled,
    ];

    /// The name that reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::AddAgain => "add_again",
            Self::Held => "held",
            Self::Update => "update",
            Self::Replaced => "replaced",
            Self::Remove => "remove",
            Self::RemoveFound => "remove_found",
            Self::Gone => "gone",
            Self::Foreign => "foreign",
            Self::Conflict => "conflict",
            Self::Unsettled => "unsettled",
        }
    }
}

impl ChangeCounts {
    /// How many there are of a kind.
    pub fn of(&self, kind: ChangeKind) -> u64 {
        let mut counts = *self;
        *counts.slot(kind)
    }

    pub(super) fn slot(&mut self, kind: ChangeKind) -> &mut u64 {
        match kind {
            ChangeKind::Add => &mut self.add,
            ChangeKind::AddAgain => &mut self.add_again,
            ChangeKind::Held => &mut self.held,
            ChangeKind::Update => &mut self.update,
            ChangeKind::Replaced => &mut self.replaced,
            ChangeKind::Remove => &mut self.remove,
            ChangeKind::RemoveFound => &mut self.remove_found,
            ChangeKind::Gone => &mut self.gone,
            ChangeKind::Foreign => &mut self.foreign,
            ChangeKind::Conflict => &mut self.conflict,
            ChangeKind::Unsettled => &mut self.unsettled,
        }
    }
}

/// A change that is planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedChange {
    /// Its place in the plan.
    pub number: i64,
    /// The meeting.
    pub meeting: MeetingId,
    /// What is to be done.
    pub kind: ChangeKind,
    /// The journal's row, if there is one.
    pub row: Option<RowId>,
    /// Whom it is about.
    pub custom_participant_id: String,
    /// Their name, as the meeting shows it or as the roster wants it.
    pub name: String,
    /// The API's id, if they are in once.
    pub participant_id: Option<RemoteId>,
    /// Of a removal of those who share an id: the API's id of the one that is kept.
    pub kept: Option<RemoteId>,
    /// The fields of an update.
    pub fields: Vec<FieldChange>,
    /// Where the roster names them, or named them last.
    pub location: Option<Location>,
}
