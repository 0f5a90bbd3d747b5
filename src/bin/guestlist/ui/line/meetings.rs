//! What programs are told of plans, and of meetings held against the journal.

use guestlist::dispatch::Removal;
use guestlist::journal::{
    ChangeKind, Deviant, DeviationKind, MeetingAudit, MeetingPlan, PlannedChange, Rehearsed, RemovalPlan,
};
use guestlist::model::RemoteId;
use guestlist::plan::FieldChange;
use guestlist::removal::RemovalReport;
use guestlist::sync::{Planned, removals};
use guestlist::verify::VerifyReport;
use serde::Serialize;

use super::{Line, stop_name};
use crate::commands::Plan;

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

impl<'a> Line<'a> {
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
        let RemovalPlan { meeting, managed, remove, gone, in_doubt, left } = *plan;
        let meeting_id = meeting.id.to_string();
        Self::RemovalPlan { meeting_id, managed, remove, gone, in_doubt, left_alone: left }
    }

    pub(crate) fn removed(report: &RemovalReport, exit_code: u8) -> Self {
        let sum = |count: fn(&RemovalPlan) -> u64| report.meetings.iter().map(count).sum();
        Self::Removed {
            carried_out: report.carried_out,
            to_remove: sum(|plan| plan.remove),
            removed: report.changed.removed,
            failed: report.changed.failed,
            gone: sum(|plan| plan.gone),
            in_doubt: sum(|plan| plan.in_doubt),
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
        let Plan { would_add, rest: Rehearsed { already_in, unsettled, held, removed, left_out, repeated } } =
            plan;
        Self::Plan { would_add, already_in, unsettled, held, removed, left_out, repeated }
    }
}
