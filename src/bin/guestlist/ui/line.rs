//! What programs are told, line by line.

mod check;
mod journal;
mod meetings;
mod roster;
mod run;
mod settings;
mod withheld;

use std::collections::BTreeMap;

use serde::Serialize;

use super::counters::Progressed;
use super::probe_line::{ProbeFindingLine, ProbeLine};
pub(crate) use check::ExampleLine;
use journal::{MeetingLine, RunLine};
pub(crate) use meetings::ChangeLine;
use meetings::FieldLine;
use roster::{ColumnLine, SheetLine, StatusLine, TicketLine};
use run::{PairLine, TwinLine};
pub(crate) use run::{RefreshedLine, SecondsLine, SummaryLine, stop_name};

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
    Plan {
        would_add: u64,
        already_in: u64,
        unsettled: u64,
        held: u64,
        removed: u64,
        left_out: u64,
        repeated: u64,
    },
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
    RemovalPlan { meeting_id: String, managed: u64, remove: u64, gone: u64, in_doubt: u64, left_alone: u64 },
    /// The end of a removal without a roster.
    Removed {
        carried_out: bool,
        to_remove: u64,
        removed: u64,
        failed: u64,
        gone: u64,
        in_doubt: u64,
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
