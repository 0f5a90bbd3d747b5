//! What programs are told, line by line.

mod check;
mod withheld;

use std::collections::BTreeMap;
use std::sync::Arc;

use guestlist::dispatch::{NoToken, Removal, TokenFailure};
use guestlist::event::{Event, Lookalike, StopReason, WaitReason};
use guestlist::journal::{
    ChangeKind, Deviant, DeviationKind, Finding, MeetingAudit, MeetingCounts, MeetingPlan, PlannedChange,
    Problem, Rehearsed, RemovalPlan, RunInfo, Verified,
};
use guestlist::model::{MeetingId, RemoteId};
use guestlist::plan::FieldChange;
use guestlist::removal::RemovalReport;
use guestlist::roster::{
    CheckReport, ColumnDecision, EncodingReason, FileReport, Format, LeftOut, Role, RowError, SheetDecision,
    TicketRows,
};
#[cfg(feature = "sandbox")]
use guestlist::sandbox::Connection;
use guestlist::sync::{Planned, removals};
use guestlist::verify::VerifyReport;
use serde::Serialize;

use super::counters::Progressed;
use super::probe_line::{ProbeFindingLine, ProbeLine};
use super::text;
use crate::commands::Plan;
use crate::settings::{FileKind, FilePlace, Origin, Shown};
pub(crate) use check::ExampleLine;
use check::column_name;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Line<'a> {
    /// A log begins to tell of a run.
    Begun { command: &'a str, guestlist: &'a str },
    /// A problem of a roster's row.
    Invalid {
        file: &'a str,
        line: u64,
        column: Option<String>,
        value: Option<&'a str>,
        code: &'static str,
        message: String,
    },
    /// What a roster was taken for.
    Roster {
        file: &'a str,
        format: &'static str,
        compression: &'static str,
        encoding: Option<&'a str>,
        encoding_reason: Option<&'static str>,
        /// Where the encoding is a guess, the first word above ASCII as it was read.
        encoding_word: Option<&'a str>,
        delimiter: Option<char>,
        header_line: Option<u64>,
        /// Of a workbook; nothing of a text.
        #[serde(flatten)]
        sheet: Option<SheetLine<'a>>,
        /// The first line after the table, if it ends before the file.
        ends_before: Option<u64>,
        dialect: Option<&'a str>,
        dialect_title: Option<&'a str>,
        status: Option<StatusLine<'a>>,
        columns: Vec<ColumnLine<'a>>,
        rows: u64,
        not_coming: u64,
        /// With a preset map: what each ticket type stands for.
        tickets: Vec<TicketLine<'a>>,
    },
    /// A row as it will be sent: one of the first.
    Preview {
        file: &'a str,
        line: u64,
        meeting_id: Option<String>,
        custom_participant_id: &'a str,
        name: &'a str,
        preset_name: &'a str,
        picture: Option<&'a str>,
    },
    /// All problems of a kind.
    Issue {
        code: &'static str,
        count: u64,
        message: &'static str,
        /// What to do, if it is the same for all of the examples.
        hint: Option<&'a str>,
        examples: Vec<ExampleLine<'a>>,
    },
    /// A page that was written.
    Report { file: &'a str },
    /// The end of a check.
    Check {
        rows: u64,
        valid: u64,
        invalid: u64,
        repeated: u64,
        not_coming: u64,
        problems: BTreeMap<&'static str, u64>,
        exit_code: u8,
    },
    /// The roster is accepted.
    Accepted { to_send: u64, present: u64 },
    /// A meeting is being listed.
    Listing { meeting_id: String, listed: u64, total: u64 },
    /// A listing was compared with the journal.
    Compared { meeting_id: String, found: u64, reconciled: u64, conflicts: u64, resend: u64 },
    /// Rows that are about to be added look like somebody who is in the meeting: the first of them by their ids.
    LookAlike { meeting_id: String, count: u64, pairs: Vec<PairLine<'a>> },
    /// How far it has come; at most one a second.
    Progress(Progressed),
    /// Nothing can be sent for a while.
    Waiting { reason: &'static str, seconds: f64 },
    /// No new request leaves.
    Draining { in_flight: usize },
    /// Participants were updated or removed.
    Changed { updated: u64, removed: u64 },
    /// So many tokens are to be renewed.
    TokensDue { due: u64 },
    /// Tokens were asked for.
    Tokens { refreshed: u64 },
    /// The run, or a part of it, ended early.
    Stopped { reason: &'static str, message: String },
    /// A row that a person should look at.
    Problem {
        file: &'a str,
        line: u64,
        meeting_id: String,
        custom_participant_id: &'a str,
        state: &'static str,
        detail: &'a str,
        /// Of a held row: whom it seems to be.
        #[serde(skip_serializing_if = "Option::is_none")]
        twin: Option<TwinLine<'a>>,
    },
    /// Something that a sync would do.
    Change(ChangeLine<'a>),
    /// What a sync would do in a meeting, or was to do.
    MeetingPlan {
        meeting_id: String,
        managed: u64,
        #[serde(flatten)]
        counts: BTreeMap<&'static str, u64>,
        unchanged: u64,
    },
    /// The end of a plan.
    Planned { changes: bool, forbidden: bool, would_remove: u64, rows: u64, invalid: u64, exit_code: u8 },
    /// What a dry run found that an import would do.
    Plan { would_add: u64, already_in: u64, unsettled: u64, held: u64, left_out: u64, repeated: u64 },
    /// The end of an import.
    Summary(SummaryLine<'a>),
    /// A token that could not be had.
    TokenProblem { meeting_id: String, custom_participant_id: &'a str, reason: &'static str, detail: String },
    /// The end of a renewal of tokens.
    Refreshed(RefreshedLine<'a>),
    /// An id that is not in a meeting as the journal says.
    Deviation {
        meeting_id: String,
        deviation: &'static str,
        custom_participant_id: &'a str,
        name: &'a str,
        /// In the journal.
        participant_id: Option<&'a str>,
        /// In the meeting.
        listed: &'a [String],
        fields: Vec<FieldLine<'a>>,
        file: Option<&'a str>,
        line: Option<u64>,
    },
    /// How a meeting compares with the journal.
    MeetingAudit {
        meeting_id: String,
        confirmed: u64,
        listed: u64,
        #[serde(flatten)]
        deviations: BTreeMap<&'static str, u64>,
    },
    /// The end of a comparison of meetings with the journal.
    Audited {
        meetings: usize,
        #[serde(flatten)]
        deviations: BTreeMap<&'static str, u64>,
        stopped: Option<&'static str>,
        exit_code: u8,
    },
    /// Who would be removed from a meeting, or was to be.
    RemovalPlan { meeting_id: String, managed: u64, remove: u64, gone: u64, left_alone: u64 },
    /// The end of a removal without a roster.
    Removed {
        carried_out: bool,
        to_remove: u64,
        removed: u64,
        failed: u64,
        gone: u64,
        left_alone: u64,
        conflicts: u64,
        stopped: Option<&'static str>,
        exit_code: u8,
    },
    /// Tokens in the journal that have ended, or end soon.
    TokenEnds { ended: u64, ending_within_24h: u64, ending_before_event: Option<u64> },
    /// What an export wrote.
    Export { file: &'a str, rows: u64, tokens: u64 },
    /// The journal that `status` shows.
    Journal { file: String, api: Option<String> },
    /// A meeting in the journal.
    Meeting(MeetingLine<'a>),
    /// A run in the journal.
    Run(RunLine<'a>),
    /// Something that is wrong with a journal.
    Finding { code: &'static str, message: &'a str, count: u64, example: Option<&'a str> },
    /// Whether a journal can be trusted.
    Verified {
        file: &'a str,
        trusted: bool,
        journal_version: i64,
        rows: u64,
        confirmed: u64,
        tokens: u64,
        tokens_purged: u64,
        runs: u64,
        findings: usize,
        exit_code: u8,
    },
    /// Tokens were removed from a journal.
    Purged { file: &'a str, tokens: u64, exit_code: u8 },
    /// A setting that holds.
    Setting {
        key: &'a str,
        value: Option<serde_json::Value>,
        /// `flag`, `environment`, `file` or `default`; null if it isn't set.
        origin: Option<&'static str>,
        /// The flag, the variable or the file.
        name: Option<&'a str>,
        line: Option<usize>,
    },
    /// Whether there is an API token, and from where; never the token.
    ApiToken { set: bool, origin: Option<&'static str>, name: Option<&'a str>, line: Option<usize> },
    /// Where a settings file is looked for.
    SettingsFile { kind: &'static str, file: String, read: bool },
    /// The answer to one question of a probe.
    ProbeFinding(ProbeFindingLine),
    /// A setting that follows from a probe.
    ProbeAdvice { setting: Option<&'static str>, message: String },
    /// The end of a probe.
    Probe(ProbeLine),
    /// What to use a sandbox with.
    #[cfg(feature = "sandbox")]
    Sandbox {
        api_url: &'a str,
        account_id: &'a str,
        app_id: &'a str,
        meeting_id: Option<String>,
        api_token: &'a str,
        presets: &'a [String],
    },
    /// The command failed.
    Error { message: &'a str, exit_code: u8 },
}

/// The sheet that was taken, and those that weren't.
#[derive(Serialize)]
pub(crate) struct SheetLine<'a> {
    sheet: &'a str,
    other_sheets: Vec<&'a str>,
    hidden_sheets: Vec<&'a str>,
    uncalculated: usize,
}

/// A row in the journal.
#[derive(Serialize)]
pub(crate) struct TwinLine<'a> {
    file: &'a str,
    line: u64,
    custom_participant_id: &'a str,
}

/// A column and what it is used for.
#[derive(Serialize)]
pub(crate) struct ColumnLine<'a> {
    name: &'a str,
    role: &'static str,
    in_derived_id: bool,
}

/// A ticket type and the preset that it stands for.
#[derive(Serialize)]
pub(crate) struct TicketLine<'a> {
    ticket: &'a str,
    preset: &'a str,
    rows: u64,
    stood_for: &'a [String],
    more: bool,
}

impl<'a> TicketLine<'a> {
    fn of(rows: &'a TicketRows) -> Self {
        let TicketRows { ticket, preset, rows, stood_for, more } = rows;
        Self { ticket, preset, rows: *rows, stood_for, more: *more }
    }
}

/// An id of the roster, and the one that it looks like.
#[derive(Serialize)]
pub(crate) struct PairLine<'a> {
    custom_participant_id: &'a str,
    in_meeting: &'a str,
}

/// A status column, the values by which somebody comes (`null`: everybody does), and the rows of the others.
#[derive(Serialize)]
pub(crate) struct StatusLine<'a> {
    column: &'a str,
    coming: Option<&'a [String]>,
    left_out: Vec<LeftOutLine<'a>>,
}

/// The rows of a status; `null` are the others together.
#[derive(Serialize)]
pub(crate) struct LeftOutLine<'a> {
    status: Option<&'a str>,
    rows: u64,
}

/// The counts of an import: those of the rows add up to `rows`.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct SummaryLine<'a> {
    pub(crate) rows: u64,
    pub(crate) added: u64,
    pub(crate) present: u64,
    pub(crate) rejected: u64,
    pub(crate) uncertain: u64,
    pub(crate) conflict: u64,
    pub(crate) held: u64,
    pub(crate) not_attempted: u64,
    pub(crate) invalid: u64,
    pub(crate) left_out: u64,
    pub(crate) repeated: u64,
    /// Left out by their status.
    pub(crate) not_coming: u64,
    pub(crate) exit_code: u8,
    /// Of the confirmed rows.
    pub(crate) differing: u64,
    /// Of the confirmed rows.
    pub(crate) without_token: u64,
    /// Of the confirmed rows, and in none of the counts that need a look: removed on purpose.
    pub(crate) tokens_purged: u64,
    pub(crate) seconds: SecondsLine,
    pub(crate) journal: Option<&'a str>,
    pub(crate) run: Option<i64>,
    /// Why it ended early, if it did.
    pub(crate) stopped: Option<&'static str>,
    /// Of a sync: who was in, and was changed.
    pub(crate) updated: u64,
    /// Of a sync: who was removed. They are none of its rows.
    pub(crate) removed: u64,
    /// Of a sync: updates and removals that were refused or not answered.
    pub(crate) unchangeable: u64,
    /// Of the rows with a token: it ends before the event begins. Null if no --event-start was given.
    pub(crate) tokens_ending_before_event: Option<u64>,
}

/// The counts of a renewal of tokens: they add up to `rows`.
#[derive(Serialize)]
pub(crate) struct RefreshedLine<'a> {
    pub(crate) rows: u64,
    pub(crate) renewed: u64,
    pub(crate) renewed_before: u64,
    pub(crate) lasting: u64,
    pub(crate) found: u64,
    pub(crate) tokens_purged: u64,
    pub(crate) gone: u64,
    pub(crate) failed: u64,
    pub(crate) not_attempted: u64,
    pub(crate) tokens_ending_before_event: Option<u64>,
    pub(crate) journal: &'a str,
    pub(crate) run: i64,
    pub(crate) stopped: Option<&'static str>,
    pub(crate) exit_code: u8,
}

/// Something that a sync would do.
#[derive(Serialize)]
pub(crate) struct ChangeLine<'a> {
    meeting_id: String,
    change: &'static str,
    custom_participant_id: &'a str,
    name: &'a str,
    participant_id: Option<&'a str>,
    fields: Vec<FieldLine<'a>>,
    file: Option<&'a str>,
    line: Option<u64>,
}

#[derive(Serialize)]
pub(crate) struct FieldLine<'a> {
    field: &'static str,
    old: &'a str,
    new: &'a str,
}

impl<'a> FieldLine<'a> {
    fn of(field: &'a FieldChange) -> Self {
        Self { field: field.field.name(), old: &field.old, new: &field.new }
    }
}

impl<'a> ChangeLine<'a> {
    pub(crate) fn of(change: &'a PlannedChange) -> Self {
        Self {
            meeting_id: change.meeting.to_string(),
            change: change.kind.name(),
            custom_participant_id: &change.custom_participant_id,
            name: &change.name,
            participant_id: change.participant_id.as_ref().map(RemoteId::as_str),
            fields: change.fields.iter().map(FieldLine::of).collect(),
            file: change.location.as_ref().map(|location| &*location.file),
            line: change.location.as_ref().map(|location| location.line),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct SecondsLine {
    pub(crate) validate: f64,
    pub(crate) stage: f64,
    pub(crate) send: f64,
    pub(crate) settle: f64,
}

#[derive(Serialize)]
pub(crate) struct MeetingLine<'a> {
    account_id: &'a str,
    app_id: &'a str,
    meeting_id: &'a str,
    states: BTreeMap<&'static str, u64>,
    tokens: u64,
    tokens_purged: u64,
    soonest_expiry: Option<String>,
    left_behind: u64,
}

#[derive(Serialize)]
pub(crate) struct RunLine<'a> {
    run: i64,
    command: &'a str,
    started_at: String,
    finished_at: Option<String>,
    accepted: bool,
    exit_code: Option<u8>,
    rows: u64,
    added: u64,
    invalid: u64,
}

impl<'a> SheetLine<'a> {
    fn of(decision: &'a SheetDecision) -> Self {
        let names = |names: &'a [Arc<str>]| names.iter().map(|name| &**name).collect();
        Self {
            sheet: &decision.sheet,
            other_sheets: names(&decision.others),
            hidden_sheets: names(&decision.hidden),
            uncalculated: decision.uncalculated,
        }
    }
}

impl<'a> Line<'a> {
    pub(crate) fn invalid(error: &'a RowError) -> Self {
        Self::Invalid {
            file: &error.location.file,
            line: error.location.line,
            column: column_name(error),
            value: error.value.as_deref(),
            code: error.code.name(),
            message: format!("{}; {}", error.code.what(), error.hint),
        }
    }

    /// The events that programs hear of as they come; the others have a line of their own.
    pub(super) fn of_event(event: &Event<'_>) -> Option<Self> {
        Some(match event {
            Event::Accepted { to_send, present } => Self::Accepted { to_send: *to_send, present: *present },
            Event::Listing { meeting, listed, total } => {
                Self::Listing { meeting_id: meeting.to_string(), listed: *listed, total: *total }
            }
            Event::Compared { meeting, found, reconciled, conflicts, resend } => Self::Compared {
                meeting_id: meeting.to_string(),
                found: *found,
                reconciled: *reconciled,
                conflicts: *conflicts,
                resend: *resend,
            },
            Event::Waiting { reason, remaining } => {
                Self::Waiting { reason: wait_name(*reason), seconds: remaining.as_secs_f64() }
            }
            Event::Draining { in_flight } => Self::Draining { in_flight: *in_flight },
            Event::Changed { updated, removed } => Self::Changed { updated: *updated, removed: *removed },
            Event::Tokens { refreshed } => Self::Tokens { refreshed: *refreshed },
            Event::Stopped(reason) => {
                Self::Stopped { reason: stop_name(reason), message: text::stop(reason) }
            }
            Event::TokensDue { due } => Self::TokensDue { due: *due },
            Event::Read { .. }
            | Event::RosterRead(_)
            | Event::Invalid(_)
            | Event::LookAlike { .. }
            | Event::Recorded(_) => {
                return None;
            }
        })
    }

    pub(super) fn look_alike(meeting: MeetingId, count: u64, first: &'a [Lookalike]) -> Self {
        let pair = |pair: &'a Lookalike| PairLine {
            custom_participant_id: &pair.planned,
            in_meeting: &pair.present,
        };
        let pairs = first.iter().map(pair).collect();
        Self::LookAlike { meeting_id: meeting.to_string(), count, pairs }
    }

    pub(crate) fn problem(problem: &'a Problem) -> Self {
        Self::Problem {
            file: &problem.location.file,
            line: problem.location.line,
            meeting_id: problem.meeting.to_string(),
            custom_participant_id: &problem.custom_participant_id,
            state: problem.state.name(),
            detail: &problem.detail,
            twin: problem.twin.as_ref().map(|twin| TwinLine {
                file: &twin.location.file,
                line: twin.location.line,
                custom_participant_id: &twin.custom_participant_id,
            }),
        }
    }

    pub(crate) fn token_problem(failure: &'a TokenFailure) -> Self {
        Self::TokenProblem {
            meeting_id: failure.participant.meeting.to_string(),
            custom_participant_id: &failure.participant.custom_participant_id,
            reason: match failure.why {
                NoToken::Gone => "gone",
                NoToken::Refused(_) => "refused",
                NoToken::Unanswered => "unanswered",
            },
            detail: text::no_token(&failure.why),
        }
    }

    pub(crate) fn roster(report: &'a FileReport) -> Self {
        let decisions = &report.decisions;
        let (format, delimiter, header_line, sheet) = match &decisions.format {
            Format::Csv { delimiter, header_line } => {
                ("csv", Some(char::from(*delimiter)), *header_line, None)
            }
            Format::JsonLines => ("jsonl", None, None, None),
            Format::JsonArray => ("json", None, None, None),
            Format::Workbook(decision) => {
                (decision.kind.name(), None, decision.header_line, Some(SheetLine::of(decision)))
            }
        };
        let encoding = decisions.encoding.as_ref();
        let column = |column: &'a ColumnDecision| ColumnLine {
            name: &column.name,
            role: match column.role {
                Role::Field(field) => field.name(),
                Role::PassedOver(_) | Role::Overruled(_) => "passed_over",
                Role::Extra => "extra",
                Role::Dropped => "dropped",
            },
            in_derived_id: column.in_derived_id,
        };
        Self::Roster {
            file: &decisions.file,
            format,
            compression: decisions.compression.name(),
            encoding: encoding.map(|it| it.name),
            encoding_reason: encoding.map(|it| reason_name(&it.how)),
            encoding_word: encoding.and_then(|it| match &it.how {
                EncodingReason::Guessed { word } => Some(word.as_str()),
                _ => None,
            }),
            delimiter,
            header_line,
            sheet,
            ends_before: decisions.ends_before,
            dialect: decisions.dialect.as_ref().map(|dialect| dialect.name.as_str()),
            dialect_title: decisions.dialect.as_ref().map(|dialect| dialect.title.as_str()),
            status: decisions.status.as_ref().map(|status| StatusLine {
                column: &status.column,
                coming: status.coming.as_deref(),
                left_out: left_out(&report.not_coming),
            }),
            columns: decisions.columns.iter().map(column).collect(),
            rows: report.rows,
            not_coming: report.not_coming.total(),
            tickets: report.tickets.iter().map(TicketLine::of).collect(),
        }
    }

    pub(crate) fn check(report: &CheckReport, exit_code: u8) -> Self {
        let problems = report.problems.iter().map(|(code, count)| (code.name(), *count)).collect();
        let CheckReport { rows, valid, invalid, repeated, not_coming, .. } = *report;
        Self::Check { rows, valid, invalid, repeated, not_coming, problems, exit_code }
    }

    pub(crate) fn change(change: &'a PlannedChange) -> Self {
        Self::Change(ChangeLine::of(change))
    }

    pub(crate) fn deviation(deviant: &'a Deviant) -> Self {
        Self::Deviation {
            meeting_id: deviant.meeting.to_string(),
            deviation: deviant.kind.name(),
            custom_participant_id: &deviant.custom_participant_id,
            name: &deviant.name,
            participant_id: deviant.journaled.as_deref(),
            listed: &deviant.listed,
            fields: deviant.fields.iter().map(FieldLine::of).collect(),
            file: deviant.location.as_ref().map(|location| &*location.file),
            line: deviant.location.as_ref().map(|location| location.line),
        }
    }

    pub(crate) fn audit(audit: &MeetingAudit) -> Self {
        Self::MeetingAudit {
            meeting_id: audit.meeting.id.to_string(),
            confirmed: audit.confirmed,
            listed: audit.listed,
            deviations: DeviationKind::ALL.into_iter().map(|kind| (kind.name(), audit.of(kind))).collect(),
        }
    }

    pub(crate) fn audited(report: &VerifyReport, exit_code: u8) -> Self {
        Self::Audited {
            meetings: report.meetings.len(),
            deviations: DeviationKind::ALL.into_iter().map(|kind| (kind.name(), report.of(kind))).collect(),
            stopped: report.stops.first().map(stop_name),
            exit_code,
        }
    }

    pub(crate) fn removal_plan(plan: &RemovalPlan) -> Self {
        let RemovalPlan { meeting, managed, remove, gone, left } = *plan;
        Self::RemovalPlan { meeting_id: meeting.id.to_string(), managed, remove, gone, left_alone: left }
    }

    pub(crate) fn removed(report: &RemovalReport, exit_code: u8) -> Self {
        let sum = |count: fn(&RemovalPlan) -> u64| report.meetings.iter().map(count).sum();
        Self::Removed {
            carried_out: report.carried_out,
            to_remove: sum(|plan| plan.remove),
            removed: report.changed.removed,
            failed: report.changed.failed,
            gone: sum(|plan| plan.gone),
            left_alone: sum(|plan| plan.left),
            conflicts: report.conflicts,
            stopped: report.stops.first().map(stop_name),
            exit_code,
        }
    }

    pub(crate) fn meeting_plan(plan: &MeetingPlan) -> Self {
        Self::MeetingPlan {
            meeting_id: plan.meeting.id.to_string(),
            managed: plan.managed,
            counts: ChangeKind::ALL.into_iter().map(|kind| (kind.name(), plan.counts.of(kind))).collect(),
            unchanged: plan.counts.unchanged,
        }
    }

    pub(crate) fn planned(planned: &Planned, removal: Removal, exit_code: u8) -> Self {
        Self::Planned {
            changes: planned.has_changes(removal),
            forbidden: planned.is_forbidden(),
            would_remove: planned.meetings.iter().map(|plan| removals(plan, removal)).sum(),
            rows: planned.summary.rows,
            invalid: planned.summary.invalid,
            exit_code,
        }
    }

    pub(crate) fn plan(plan: Plan) -> Self {
        let Plan { would_add, rest: Rehearsed { already_in, unsettled, held, left_out, repeated } } = plan;
        Self::Plan { would_add, already_in, unsettled, held, left_out, repeated }
    }

    pub(crate) fn setting(setting: &'a Shown<'a>) -> Self {
        let (origin, name, line) = match setting.origin {
            Some(origin) => origin_of(origin),
            None => (setting.value.as_ref().map(|_| "default"), None, None),
        };
        let value = setting.value.as_ref().and_then(|value| serde_json::to_value(value).ok());
        Self::Setting { key: &setting.key, value, origin, name, line }
    }

    pub(crate) fn api_token(origin: Option<&'a Origin>) -> Self {
        let set = origin.is_some();
        let (origin, name, line) = origin.map_or((None, None, None), origin_of);
        Self::ApiToken { set, origin, name, line }
    }

    pub(crate) fn settings_file(place: &FilePlace) -> Self {
        let kind = match place.kind {
            FileKind::Project => "project",
            FileKind::User => "user",
        };
        Self::SettingsFile { kind, file: place.path.to_string_lossy().into_owned(), read: place.read }
    }

    #[cfg(feature = "sandbox")]
    pub(crate) fn sandbox(connection: &'a Connection<'a>) -> Self {
        Self::Sandbox {
            api_url: &connection.api_url,
            account_id: connection.account_id,
            app_id: connection.app_id,
            meeting_id: connection.meeting_id.map(|meeting| meeting.to_string()),
            api_token: connection.api_token,
            presets: connection.presets,
        }
    }

    pub(crate) fn finding(finding: &'a Finding) -> Self {
        Self::Finding {
            code: finding.code,
            message: &finding.what,
            count: finding.count,
            example: finding.example.as_deref(),
        }
    }

    pub(crate) fn verified(file: &'a str, verified: &Verified, exit_code: u8) -> Self {
        Self::Verified {
            file,
            trusted: verified.findings.is_empty(),
            journal_version: verified.version,
            rows: verified.rows,
            confirmed: verified.confirmed,
            tokens: verified.tokens,
            tokens_purged: verified.purged,
            runs: verified.runs,
            findings: verified.findings.len(),
            exit_code,
        }
    }

    pub(crate) fn meeting(counts: &'a MeetingCounts) -> Self {
        Self::Meeting(MeetingLine {
            account_id: &counts.account_id,
            app_id: &counts.app_id,
            meeting_id: &counts.meeting_id,
            states: counts.states.iter().map(|(state, count)| (state.name(), *count)).collect(),
            tokens: counts.tokens,
            tokens_purged: counts.purged,
            soonest_expiry: counts.soonest_expiry.map(|at| at.to_string()),
            left_behind: counts.left_behind,
        })
    }

    pub(crate) fn run(run: &'a RunInfo) -> Self {
        Self::Run(RunLine {
            run: run.run,
            command: &run.command,
            started_at: run.started_at.to_string(),
            finished_at: run.finished_at.map(|at| at.to_string()),
            accepted: run.accepted,
            exit_code: run.exit_code,
            rows: run.rows,
            added: run.added,
            invalid: run.invalid,
        })
    }
}

/// What kind it is, its name and its line.
fn origin_of(origin: &Origin) -> (Option<&'static str>, Option<&str>, Option<usize>) {
    match origin {
        Origin::Flag(name) => (Some("flag"), Some(name), None),
        Origin::Variable(name) => (Some("environment"), Some(name), None),
        Origin::File(place) => (Some("file"), Some(&place.file), Some(place.line)),
    }
}

fn left_out(rows: &LeftOut) -> Vec<LeftOutLine<'_>> {
    let values = rows.values.iter().map(|(status, rows)| LeftOutLine { status: Some(status), rows: *rows });
    let others = Some(rows.others).filter(|rows| *rows > 0).map(|rows| LeftOutLine { status: None, rows });
    values.chain(others).collect()
}

/// The stable names of the reasons.
pub(crate) fn stop_name(reason: &StopReason) -> &'static str {
    use guestlist::outcome::Stop;
    match reason {
        StopReason::Interrupted => "interrupted",
        StopReason::Answer(Stop::Unauthorized(_)) => "unauthorized",
        StopReason::Answer(Stop::Redirected(_)) => "redirected",
        StopReason::Answer(Stop::NotBuilt(_)) => "not_built",
        StopReason::Answer(Stop::Untrusted(_)) => "untrusted",
        StopReason::Outage { .. } => "outage",
        StopReason::Throttled { .. } => "throttled",
        StopReason::MeetingRefuses { .. } => "meeting_refuses",
        StopReason::ListingIncomplete { .. } => "listing_incomplete",
    }
}

fn reason_name(reason: &EncodingReason) -> &'static str {
    match reason {
        EncodingReason::Given => "given",
        EncodingReason::Marked => "byte_order_mark",
        EncodingReason::ZeroBytes => "zero_bytes",
        EncodingReason::Valid => "valid",
        EncodingReason::Guessed { .. } => "guessed",
    }
}

fn wait_name(reason: WaitReason) -> &'static str {
    match reason {
        WaitReason::Throttled => "throttled",
        WaitReason::Outage => "outage",
        WaitReason::Settling { .. } => "settling",
    }
}
