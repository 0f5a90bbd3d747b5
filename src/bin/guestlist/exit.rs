//! Exit codes: an interface that scripts rely on, so every error is mapped by name and a new one doesn't compile
//! until somebody has decided.

use std::process::ExitCode;

use guestlist::api::HttpError;
use guestlist::dispatch::{DispatchError, Removal};
use guestlist::event::StopReason;
use guestlist::export::ExportError;
use guestlist::import::{ImportError, LookUpError, RunSummary};
use guestlist::journal::{DeviationKind, JournalError, Verified};
use guestlist::probe::{Leftovers, ProbeError, ProbeReport};
use guestlist::refresh::RefreshReport;
use guestlist::removal::RemovalReport;
use guestlist::roster::{RejectedError, RosterError, WorkbookError};
#[cfg(feature = "sandbox")]
use guestlist::sandbox::SandboxError;
use guestlist::sync::{Planned, SyncReport, conflicts, removals};
use guestlist::verify::VerifyReport;

use crate::error::CommandError;
use crate::signal::{self, Signal};

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Every row is confirmed; or the command did what it was asked for.
    Done,
    /// A bug, or an unexpected failure.
    Unexpected,
    /// Usage, settings, or a journal that can't be used for this.
    Usage,
    /// The roster is invalid; nothing was sent.
    InvalidRoster,
    /// Finished, but some rows need a look.
    Incomplete,
    /// Stopped early; the same command resumes.
    Stopped,
    /// Another run holds the journal.
    Busy,
    /// A safety limit stopped it before the first change.
    Forbidden,
    /// A plan has changes.
    Changes,
    /// Somebody stopped it; the same command resumes.
    Interrupted(Signal),
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::InvalidRoster => 3,
            Self::Incomplete => 4,
            Self::Stopped => 5,
            Self::Busy => 6,
            Self::Forbidden => 7,
            Self::Changes => 10,
            Self::Interrupted(Signal::Interrupt) => 130,
            Self::Interrupted(Signal::Terminate) => 143,
        }
    }

    /// This one, unless all was well: then the other.
    pub(crate) fn or(self, other: Self) -> Self {
        if self == Self::Done { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Ends the process without waiting for anything: the second Ctrl-C.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "the one place that ends the process")]
pub(crate) fn at_once(exit: Exit) -> ! {
    std::process::exit(exit.code().into())
}

/// How an import ended that could be carried out.
pub(crate) fn of_run(summary: &RunSummary, accepted: bool, stops: &[StopReason]) -> Exit {
    let tally = &summary.tally;
    let open = tally.rejected + tally.uncertain + tally.conflict + tally.held + tally.not_attempted;
    if stops.contains(&StopReason::Interrupted) {
        Exit::Interrupted(signal::received())
    } else if !stops.is_empty() {
        Exit::Stopped
    } else if !accepted {
        Exit::InvalidRoster
    } else if open + summary.invalid + tally.differing + tally.without_token > 0 {
        Exit::Incomplete
    } else {
        Exit::Done
    }
}

/// How a plan ended; that it has changes is told by the code only where somebody asked for that.
pub(crate) fn of_plan(planned: &Planned, removal: Removal, detailed: bool) -> Exit {
    if planned.stops.contains(&StopReason::Interrupted) {
        Exit::Interrupted(signal::received())
    } else if !planned.readable {
        Exit::InvalidRoster
    } else if planned.is_forbidden() {
        Exit::Forbidden
    } else if !planned.stops.is_empty() {
        Exit::Stopped
    } else if detailed && planned.has_changes(removal) {
        Exit::Changes
    } else {
        Exit::Done
    }
}

/// How a sync ended that could be carried out.
pub(crate) fn of_sync(report: &SyncReport, moved: bool) -> Exit {
    let run = &report.import;
    let forbidden = moved || report.barriers.iter().any(|barrier| barrier.forbids_everything());
    let kept = report.meetings.iter().any(|plan| removals(plan, report.removal) > 0)
        && report.barriers.iter().any(|barrier| !barrier.forbids_everything());
    match of_run(&run.summary, run.accepted, &run.stops) {
        Exit::InvalidRoster | Exit::Stopped if forbidden && !run.accepted => Exit::Forbidden,
        exit if report.changed.failed + conflicts(&report.meetings) > 0 || kept => exit.or(Exit::Incomplete),
        exit => exit,
    }
}

/// How a renewal of tokens ended that could be carried out.
pub(crate) fn of_refresh(report: &RefreshReport) -> Exit {
    if report.stops.contains(&StopReason::Interrupted) {
        Exit::Interrupted(signal::received())
    } else if !report.stops.is_empty() {
        Exit::Stopped
    } else if report.counts.gone + report.counts.failed > 0 {
        Exit::Incomplete
    } else {
        Exit::Done
    }
}

/// How meetings compare with the journal.
pub(crate) fn of_audit(report: &VerifyReport, allow_foreign: bool) -> Exit {
    let differs = |kind| report.of(kind) > 0 && !(allow_foreign && kind == DeviationKind::Foreign);
    if report.stops.contains(&StopReason::Interrupted) {
        Exit::Interrupted(signal::received())
    } else if !report.stops.is_empty() {
        Exit::Stopped
    } else if DeviationKind::ALL.into_iter().any(differs) {
        Exit::Incomplete
    } else {
        Exit::Done
    }
}

/// How a removal without a roster ended that could be carried out.
pub(crate) fn of_removal(report: &RemovalReport) -> Exit {
    let left: u64 = report.meetings.iter().map(|plan| plan.left + plan.in_doubt).sum();
    if report.stops.contains(&StopReason::Interrupted) {
        Exit::Interrupted(signal::received())
    } else if !report.stops.is_empty() {
        Exit::Stopped
    } else if !report.too_many.is_empty() {
        Exit::Forbidden
    } else if report.carried_out && left + report.conflicts + report.changed.failed > 0 {
        Exit::Incomplete
    } else {
        Exit::Done
    }
}

/// What was found by looking is no failure of the look: 4, as for rows that need one.
pub(crate) fn of_verification(verified: &Verified) -> Exit {
    if verified.findings.is_empty() { Exit::Done } else { Exit::Incomplete }
}

/// What was found is never a failure; that somebody may be left in the scratch meeting is one.
pub(crate) fn of_probe(report: &ProbeReport) -> Exit {
    match (&report.stop, report.leftovers) {
        (Some(StopReason::Interrupted), _) => Exit::Interrupted(signal::received()),
        (Some(_), _) | (None, Leftovers::Perhaps) => Exit::Stopped,
        (None, Leftovers::Nobody) => Exit::Done,
    }
}

pub(crate) fn of_error(error: &CommandError) -> Exit {
    match error {
        CommandError::Settings(_)
        | CommandError::NoJournal(_)
        | CommandError::NoJournalFolder(_)
        | CommandError::NoRun(_)
        | CommandError::NoMeeting(_)
        | CommandError::SavedPlan { .. }
        | CommandError::LogRefused { .. }
        | CommandError::MetricsOfALook
        | CommandError::FileRefused { .. } => Exit::Usage,
        CommandError::Roster(error) => of_roster(error),
        CommandError::Journal(error) => of_journal(error),
        CommandError::Import(error) => of_import(error),
        CommandError::Dispatch(error) => of_dispatch(error),
        CommandError::LookUp(error) => of_look_up(error),
        CommandError::Export(error) => of_export(error),
        CommandError::Probe(error) => of_probe_error(error),
        CommandError::Http(error) => of_http(error),
        #[cfg(feature = "sandbox")]
        CommandError::Sandbox(error) => of_sandbox(error),
        CommandError::Rejected(error) => of_rejected(error),
        CommandError::JournalFolder { .. }
        | CommandError::File { .. }
        | CommandError::Log { .. }
        | CommandError::Output(_)
        | CommandError::Runtime(_) => Exit::Stopped,
        CommandError::Interrupted => Exit::Interrupted(signal::received()),
        CommandError::Page(_) | CommandError::Panicked => Exit::Unexpected,
    }
}

fn of_import(error: &ImportError) -> Exit {
    match error {
        ImportError::Roster(error) => of_roster(error),
        ImportError::LookUp(error) => of_look_up(error),
        ImportError::Dispatch(error) => of_dispatch(error),
        ImportError::Rejected(error) => of_rejected(error),
        ImportError::Reader => Exit::Unexpected,
    }
}

fn of_dispatch(error: &DispatchError) -> Exit {
    match error {
        DispatchError::Journal(error) => of_journal(error),
        DispatchError::Writer => Exit::Unexpected,
    }
}

/// What was named on the command line is usage, what is in the file is the roster, what the system refuses is neither.
fn of_roster(error: &RosterError) -> Exit {
    match error {
        RosterError::NotFound(_)
        | RosterError::Folder(_)
        | RosterError::NoSuchColumn { .. }
        | RosterError::AmbiguousColumn { .. }
        | RosterError::MappedTwice { .. }
        | RosterError::PresetsTwice
        | RosterError::EncodingContradicted { .. }
        | RosterError::NoWorkbook(_)
        | RosterError::SheetOfText(_)
        | RosterError::BadDelimiter(_)
        | RosterError::NoStatusColumn { .. }
        | RosterError::NoSuchDialect { .. }
        | RosterError::NotATable(_)
        | RosterError::NoHeaderLine(_)
        | RosterError::HeaderAfterAll(_) => Exit::Usage,
        RosterError::Damaged { .. }
        | RosterError::UncommonZstd(_)
        | RosterError::TooLarge { .. }
        | RosterError::Empty(_)
        | RosterError::NoRows(_)
        | RosterError::Foreign { .. }
        | RosterError::EmptyArray(_)
        | RosterError::BadArray { .. }
        | RosterError::Undecodable { .. }
        | RosterError::UntoldEncoding { .. }
        | RosterError::Nul(_)
        | RosterError::HeaderNotUtf8(_)
        | RosterError::HeaderTooLarge(_)
        | RosterError::HeaderBadQuote(_)
        | RosterError::TooManyColumns { .. }
        | RosterError::UnclosedQuote(_)
        | RosterError::HiddenSheets { .. }
        | RosterError::NoIdColumn { .. }
        | RosterError::NoPresetColumn { .. }
        | RosterError::NoMeetingColumn { .. }
        | RosterError::NoTicketColumn { .. }
        | RosterError::UnknownMappedPresets(_)
        | RosterError::NobodyComes { .. }
        | RosterError::AnotherTable { .. }
        | RosterError::Changed(_) => Exit::InvalidRoster,
        RosterError::Io { .. } | RosterError::Temporary(_) => Exit::Stopped,
        RosterError::Workbook { source, .. } => of_workbook(source),
        RosterError::Directory(unavailable) => {
            unavailable.0.downcast_ref::<LookUpError>().map_or(Exit::Stopped, of_look_up)
        }
    }
}

fn of_workbook(error: &WorkbookError) -> Exit {
    match error {
        WorkbookError::NoSuchSheet { .. }
        | WorkbookError::NotAWorksheet { .. }
        | WorkbookError::EmptySheet { .. } => Exit::Usage,
        WorkbookError::Foreign { .. }
        | WorkbookError::Password
        | WorkbookError::Damaged(_)
        | WorkbookError::TooLarge { .. }
        | WorkbookError::NoTable
        | WorkbookError::OnlyHidden(_) => Exit::InvalidRoster,
        WorkbookError::Io(_) => Exit::Stopped,
    }
}

fn of_rejected(error: &RejectedError) -> Exit {
    match error {
        RejectedError::Io(_) => Exit::Stopped,
        RejectedError::OtherColumns(_) => Exit::Usage,
    }
}

fn of_look_up(error: &LookUpError) -> Exit {
    match error {
        LookUpError::Refused(_) => Exit::Usage,
        LookUpError::Stopped(StopReason::Interrupted) => Exit::Interrupted(signal::received()),
        LookUpError::Stopped(_) | LookUpError::Failed(_) => Exit::Stopped,
    }
}

fn of_probe_error(error: &ProbeError) -> Exit {
    match error {
        ProbeError::NoMeeting(_)
        | ProbeError::NotEmpty(_)
        | ProbeError::NoPreset
        | ProbeError::Refused(_) => Exit::Usage,
        ProbeError::Stopped(StopReason::Interrupted) => Exit::Interrupted(signal::received()),
        ProbeError::Stopped(_) | ProbeError::Failed(_) | ProbeError::Unlistable | ProbeError::Leftover(_) => {
            Exit::Stopped
        }
    }
}

fn of_journal(error: &JournalError) -> Exit {
    match error {
        JournalError::InUse { .. } | JournalError::Superseded { .. } => Exit::Busy,
        JournalError::NotOurs { .. }
        | JournalError::Newer { .. }
        | JournalError::Older { .. }
        | JournalError::Unsafe { .. }
        | JournalError::OtherOrigin { .. }
        | JournalError::OtherIdSource { .. }
        | JournalError::TwoIdSources { .. } => Exit::Usage,
        JournalError::Io { .. }
        | JournalError::Gone { .. }
        | JournalError::Busy { .. }
        | JournalError::DiskFull { .. }
        | JournalError::ReadOnly { .. }
        | JournalError::Damaged { .. }
        | JournalError::Sql { .. } => Exit::Stopped,
        JournalError::Illegal { .. } => Exit::Unexpected,
    }
}

fn of_export(error: &ExportError) -> Exit {
    match error {
        ExportError::Journal(error) => of_journal(error),
        ExportError::Refused { .. } => Exit::Usage,
        ExportError::Write { .. } => Exit::Stopped,
    }
}

fn of_http(error: &HttpError) -> Exit {
    match error {
        HttpError::Timeouts { .. } | HttpError::CaFile | HttpError::Token(_) => Exit::Usage,
        HttpError::Client(_) => Exit::Unexpected,
    }
}

#[cfg(feature = "sandbox")]
fn of_sandbox(error: &SandboxError) -> Exit {
    match error {
        SandboxError::NotLoopback(_)
        | SandboxError::InvalidId(_)
        | SandboxError::NoMeeting
        | SandboxError::InvalidHeader(_)
        | SandboxError::Listen { .. } => Exit::Usage,
        SandboxError::Ended(_) => Exit::Unexpected,
    }
}

#[cfg(test)]
mod tests;
