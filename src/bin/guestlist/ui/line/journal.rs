//! What programs are told of a journal.

use std::collections::BTreeMap;

use guestlist::journal::{Finding, MeetingCounts, RunInfo, Verified};
use serde::Serialize;

use super::Line;

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

impl<'a> Line<'a> {
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
