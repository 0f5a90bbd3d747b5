//! A plan in a file, and whether what it was made of has moved since. It holds names: 0600, whole or not at all.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use guestlist::dispatch::Removal;
use guestlist::journal::{ChangeKind, RunNumber};
use guestlist::roster::RosterSource;
use guestlist::sync::Planned;
use serde::{Deserialize, Serialize};

use super::private_file::{Content, PrivateFile};
use super::sync::each_change;
use crate::error::CommandError;
use crate::ui::{ChangeLine, hex};

/// Raised when a file of an older guestlist would be misread.
const VERSION: u32 = 1;

/// A plan, as `plan --out` writes it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedPlan {
    guestlist_plan: u32,
    /// SHA-256 of each roster.
    rosters: Vec<String>,
    /// The last run whose roster was accepted.
    last_run: Option<i64>,
    removal: String,
    meetings: Vec<SavedMeeting>,
    changes: Vec<serde_json::Value>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedMeeting {
    meeting_id: String,
    /// SHA-256 of everybody in it and what others see of them.
    listing: String,
    unchanged: u64,
}

/// What has moved since a plan was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Moved {
    /// The roster is another one.
    Roster,
    /// A run has been there.
    Journal,
    /// Somebody has come, gone or changed.
    Meeting(String),
    /// The same command was given otherwise.
    Options,
}

/// SHA-256 of each roster.
pub(crate) fn fingerprints(sources: &[RosterSource]) -> Result<Vec<String>, CommandError> {
    sources.iter().map(|source| Ok(hex(&source.sha256()?))).collect()
}

impl SavedPlan {
    pub(crate) fn of(
        planned: &Planned,
        removal: Removal,
        rosters: Vec<String>,
    ) -> Result<Self, CommandError> {
        let mut changes = Vec::new();
        for kind in ChangeKind::ALL {
            each_change(&planned.journal, kind, |change| {
                changes.extend(serde_json::to_value(ChangeLine::of(change)).ok());
            })?;
        }
        let meetings = planned.meetings.iter().map(|plan| SavedMeeting {
            meeting_id: plan.meeting.id.to_string(),
            listing: hex(&plan.listing),
            unchanged: plan.counts.unchanged,
        });
        Ok(Self {
            guestlist_plan: VERSION,
            rosters,
            last_run: planned.journal.last_accepted()?.map(RunNumber::get),
            removal: format!("{removal:?}").to_lowercase(),
            meetings: meetings.collect(),
            changes,
        })
    }

    pub(crate) fn read(path: &Path) -> Result<Self, CommandError> {
        let unreadable = |why: String| CommandError::SavedPlan { path: path.to_owned(), why };
        let text = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        let plan: Self = serde_json::from_slice(&text).map_err(|_| unreadable("it is no plan".to_owned()))?;
        match plan.guestlist_plan {
            VERSION => Ok(plan),
            _ => Err(unreadable("it is of another version of guestlist".to_owned())),
        }
    }

    pub(crate) fn save(&self, path: &Path, keep: &[PathBuf]) -> Result<(), CommandError> {
        write(Content::Plan, path, keep, |file| {
            serde_json::to_writer_pretty(&mut *file, self).map_err(std::io::Error::from)?;
            file.write_all(b"\n")
        })
    }

    /// What has moved since, if anything has.
    pub(crate) fn moved(
        &self,
        planned: &Planned,
        removal: Removal,
        rosters: Vec<String>,
    ) -> Result<Option<Moved>, CommandError> {
        let now = Self::of(planned, removal, rosters)?;
        let meeting = self.meetings.iter().find(|meeting| !now.meetings.contains(meeting));
        Ok(if now.rosters != self.rosters {
            Some(Moved::Roster)
        } else if now.last_run != self.last_run {
            Some(Moved::Journal)
        } else if now.removal != self.removal {
            Some(Moved::Options)
        } else if let Some(meeting) = meeting {
            Some(Moved::Meeting(meeting.meeting_id.clone()))
        } else if now != *self {
            Some(Moved::Options)
        } else {
            None
        })
    }
}

/// Writes a file that holds names.
pub(crate) fn write(
    content: Content,
    path: &Path,
    keep: &[PathBuf],
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), CommandError> {
    let file = PrivateFile::create(content, path, keep)?;
    let mut writer = BufWriter::new(file.handle()?);
    write(&mut writer).and_then(|()| writer.flush()).map_err(|source| file.failed(source))?;
    file.put_in_place().map(|_| ())
}
