//! A plan in a file, and whether what it was made of has moved since. It holds names: 0600, whole or not at all.
//!
//! JSON Lines: what the plan was made of, then every change. The changes, which may be as many as the people, are never
//! held in memory: what is compared is their fingerprint.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use guestlist::dispatch::Removal;
use guestlist::journal::{ChangeKind, PlannedChange, RunNumber};
use guestlist::roster::RosterSource;
use guestlist::sync::Planned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::private_file::{Content, PrivateWriter};
use super::sync::each_change;
use crate::error::CommandError;
use crate::ui::{ChangeLine, hex};

/// Raised when a file of an older guestlist would be misread.
const VERSION: u32 = 2;

/// What a plan was made of, the first line of what `plan --out` writes.
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
    /// SHA-256 of the lines that follow.
    changes: String,
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
        let mut changes = Sha256::new();
        each_line(planned, |line| {
            changes.update(line);
            Ok(())
        })?;
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
            changes: hex(&changes.finalize()),
        })
    }

    pub(crate) fn read(path: &Path) -> Result<Self, CommandError> {
        let unusable = |why: String| CommandError::SavedPlan { path: path.to_owned(), why };
        let unreadable = |error: io::Error| unusable(error.to_string());
        let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
        let mut made_of = Vec::new();
        file.read_until(b'\n', &mut made_of).map_err(unreadable)?;
        let plan: Self =
            serde_json::from_slice(&made_of).map_err(|_| unusable("it is no plan".to_owned()))?;
        if plan.guestlist_plan != VERSION {
            return Err(unusable("it is of another version of guestlist".to_owned()));
        }
        match hex(&rest_of(file).map_err(unreadable)?) == plan.changes {
            true => Ok(plan),
            false => Err(unusable("it isn't as it was saved: make it again".to_owned())),
        }
    }

    /// Writes it, and the changes of `planned`, which it was made of.
    pub(crate) fn save(&self, planned: &Planned, path: &Path, keep: &[PathBuf]) -> Result<(), CommandError> {
        let mut file = PrivateWriter::create(Content::Plan, path, keep)?;
        file.write(&line_of(self)?)?;
        each_line(planned, |line| file.write(line))?;
        file.finish()
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

/// Every planned change as its line. That somebody was replaced is a finding, no change: whoever looks again knows it.
fn each_line(
    planned: &Planned,
    mut take: impl FnMut(&[u8]) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let mut each = |change: &PlannedChange| take(&line_of(&ChangeLine::of(change))?);
    let mut kinds = ChangeKind::ALL.into_iter().filter(|kind| *kind != ChangeKind::Replaced);
    kinds.try_for_each(|kind| each_change(&planned.journal, kind, &mut each))
}

/// SHA-256 of what hasn't been read yet.
fn rest_of(mut file: impl BufRead) -> io::Result<[u8; 32]> {
    let mut sum = Sha256::new();
    loop {
        let piece = file.fill_buf()?;
        if piece.is_empty() {
            return Ok(sum.finalize().into());
        }
        sum.update(piece);
        let length = piece.len();
        file.consume(length);
    }
}

fn line_of(value: &impl Serialize) -> Result<Vec<u8>, CommandError> {
    // Texts and numbers always have a form in JSON.
    let mut line = serde_json::to_vec(value).map_err(|_| CommandError::Panicked)?;
    line.push(b'\n');
    Ok(line)
}
