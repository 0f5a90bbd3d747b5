//! Why a command failed: every module's error, told apart so that `exit` can map each to its code.

use std::io;
use std::path::PathBuf;

use guestlist::api::HttpError;
use guestlist::dispatch::DispatchError;
use guestlist::event::StopReason;
use guestlist::export::ExportError;
use guestlist::import::{ImportError, LookUpError};
use guestlist::journal::JournalError;
use guestlist::model::{MeetingId, escape};
use guestlist::probe::ProbeError;
use guestlist::roster::{RejectedError, RosterError};
#[cfg(feature = "sandbox")]
use guestlist::sandbox::SandboxError;

use crate::commands::Content;
use crate::settings::SettingsError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Roster(#[from] RosterError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error(transparent)]
    Dispatch(#[from] DispatchError),
    #[error(transparent)]
    LookUp(#[from] LookUpError),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error(transparent)]
    Probe(#[from] ProbeError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[cfg(feature = "sandbox")]
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error(transparent)]
    Rejected(#[from] RejectedError),
    #[error("there is no journal at {}: nothing has been imported with it yet; name another one with --journal", shown(.0))]
    NoJournal(PathBuf),
    #[error("the journal knows no run {0}; guestlist status shows the last ones")]
    NoRun(i64),
    #[error(
        "the journal knows no meeting {0} of this account and app; guestlist status shows those it knows"
    )]
    NoMeeting(MeetingId),
    #[error("{}: there is no such folder for the journal; make it, or name another file with --journal", shown(.0))]
    NoJournalFolder(PathBuf),
    #[error("the folder {} can't be made for the journal ({source}); name another file with --journal", shown(.folder))]
    JournalFolder { folder: PathBuf, source: io::Error },
    #[error("the log can't be kept in {}: {why}", shown(.path))]
    LogRefused { path: PathBuf, why: String },
    #[error("the log {} can't be written ({source}); check its disk's space", shown(.path))]
    Log { path: PathBuf, source: io::Error },
    #[error(
        "--metrics-file tells of runs that change something: leave it away, or --dry-run; dedupe and undo also need --yes"
    )]
    MetricsOfALook,
    #[error("{content} can't go to {}: {why}", shown(.path))]
    FileRefused { content: Content, path: PathBuf, why: String },
    #[error("{content} can't be written to {} ({source}); check the folder and its space", shown(.path))]
    File { content: Content, path: PathBuf, source: io::Error },
    #[error("the report can't be made ({0}): this is a bug, please report it")]
    Page(#[from] minijinja::Error),
    #[error("the plan {} can't be used: {why}; make a new one with guestlist plan --out", shown(.path))]
    SavedPlan { path: PathBuf, why: String },
    #[error("standard output can't be written ({0}): not everything that was found has been printed")]
    Output(#[source] io::Error),
    #[error("the runtime can't be started ({0})")]
    Runtime(#[source] io::Error),
    #[error("interrupted while another run was waited for: nothing was sent; run the same command again")]
    Interrupted,
    #[error("a part of guestlist ended unexpectedly: this is a bug, please report it")]
    Panicked,
}

impl CommandError {
    /// What kept the API from being asked, wherever that came up.
    pub(crate) fn look_up(&self) -> Option<&LookUpError> {
        match self {
            Self::LookUp(error) | Self::Import(ImportError::LookUp(error)) => Some(error),
            Self::Roster(RosterError::Directory(unavailable))
            | Self::Import(ImportError::Roster(RosterError::Directory(unavailable))) => {
                unavailable.0.downcast_ref()
            }
            _ => None,
        }
    }

    /// What ended the run before it began, where that is a reason to end one.
    pub(crate) fn stopped(&self) -> Option<&StopReason> {
        match (self, self.look_up()) {
            (Self::Interrupted, _) => Some(&StopReason::Interrupted),
            (_, Some(LookUpError::Stopped(reason))) => Some(reason),
            _ => None,
        }
    }

    /// What to do, where the message itself doesn't say it.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Import(ImportError::Dispatch(_)) | Self::Dispatch(_) => {
                Some("Put that right and run the same command again: it resumes, and adds nobody twice.")
            }
            _ => None,
        }
    }
}

fn shown(path: &std::path::Path) -> String {
    escape(&path.to_string_lossy())
}
