//! The journal as a run uses it: one test folder, one file, one run after another.

mod doubts;
mod files;
mod holding;
mod model;
mod plans;
mod purging;
mod queue;
mod reading;
mod rehearsing;
mod restaged;
mod same_people;
mod scratch;
mod staging;
mod states;
mod trust;

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use super::*;
use crate::lifecycle::RowState;
use crate::model::{
    AddedParticipant, JoinToken, MeetingId, Participant, ParticipantKey, RemoteId, RemoteParticipant,
};
use crate::outcome::{Attempt, Failure};
use crate::roster::{OnDuplicate, Person};

const MEETING: &str = "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b";
const OTHER_MEETING: &str = "00000000-0000-4000-8000-000000000002";
const ORIGIN: &str = "https://api.example";

fn meeting() -> MeetingId {
    MEETING.parse().unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(seconds)
}

fn target() -> Target {
    Target::new("account", "app").unwrap()
}

fn participant(id: &str) -> Participant {
    Participant {
        key: ParticipantKey { meeting: meeting(), custom_participant_id: id.to_owned() },
        name: format!("Name of {id}"),
        preset_name: "viewer".to_owned(),
        picture: None,
    }
}

/// Where the ids of these tests come from.
fn id_column() -> IdSource {
    IdSource::Column("id".to_owned())
}

fn participants(ids: &[&str]) -> Vec<Participant> {
    ids.iter().map(|id| participant(id)).collect()
}

/// A participant as the meeting lists it, with the fields that [`participant`] wants.
fn listed(remote_id: &str, id: &str) -> RemoteParticipant {
    RemoteParticipant {
        id: RemoteId::new(remote_id).unwrap(),
        custom_participant_id: id.to_owned(),
        preset_name: "viewer".to_owned(),
        name: Some(format!("Name of {id}")),
        picture: None,
        created_at: "2026-01-01T00:00:00Z".to_owned(),
        updated_at: "2026-01-01T00:00:00Z".to_owned(),
    }
}

fn added(intent: &Intent) -> RowResult {
    let id = &intent.participant.key.custom_participant_id;
    let participant = listed(&format!("remote-{id}"), id);
    RowResult::Added(Box::new(AddedParticipant { participant, token: JoinToken::new(format!("token-{id}")) }))
}

fn failure(status: u16) -> Failure {
    Failure { status, code: Some(7), message: "no".to_owned() }
}

fn refused() -> RowResult {
    RowResult::Refused(failure(422))
}

fn doubtful(proof: Proof) -> RowResult {
    RowResult::Doubtful { proof, cause: "lost".to_owned(), remote_id: None }
}

struct TestFolder(TempDir);

impl TestFolder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("journal.db")
    }

    /// Begins a run.
    fn open_at(&self, now: Timestamp) -> Journal {
        Journal::open(&self.path(), ORIGIN, "import", || now).unwrap()
    }

    fn open(&self) -> Journal {
        self.open_at(at(0))
    }

    fn refusal(&self) -> JournalError {
        Journal::open(&self.path(), ORIGIN, "import", || at(0)).unwrap_err()
    }

    fn reader(&self) -> JournalReader {
        JournalReader::open(&self.path()).unwrap()
    }

    /// A run whose roster names `ids`, accepted.
    fn run(&self, ids: &[&str]) -> Journal {
        let mut journal = self.open();
        journal.take_in(&participants(ids));
        journal
    }

    /// What SQL says, asked on a connection of its own.
    fn ask<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        Connection::open(self.path()).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn state(&self, id: &str) -> RowState {
        self.reader().state_of(&target(), meeting(), id).unwrap().unwrap()
    }

    fn exported(&self) -> Vec<ExportRow> {
        let mut rows = Vec::new();
        let take = |row| {
            rows.push(row);
            Ok::<_, JournalError>(())
        };
        self.reader().export(ExportFilter::default(), take).unwrap();
        rows
    }
}

/// What the tests do with a journal again and again.
trait Doing {
    fn stage_from(&mut self, source: &IdSource, rows: &[Participant])
    -> Result<Vec<Duplicate>, JournalError>;
    fn stage_people(
        &mut self,
        rows: &[(Participant, Option<Person>)],
    ) -> Result<Vec<Duplicate>, JournalError>;
    fn take_in(&mut self, rows: &[Participant]);
    fn key(&self) -> MeetingKey;
    fn claim(&mut self, count: usize) -> Vec<Intent>;
    fn claimed(&mut self, count: usize) -> Vec<String>;
    fn record(&mut self, intent: &Intent, at: Timestamp, result: RowResult);
    fn list(&mut self, settled_before: Timestamp, resend: Resend, items: &[RemoteParticipant]) -> Settled;
}

impl Doing for Journal {
    fn stage_from(
        &mut self,
        source: &IdSource,
        rows: &[Participant],
    ) -> Result<Vec<Duplicate>, JournalError> {
        let roster = self.add_roster("roster.csv")?;
        let target = target();
        let into = StageInto {
            target: &target,
            roster,
            id_source: source,
            new_id_source: false,
            on_duplicate: OnDuplicate::Stop,
        };
        let rows = rows.iter().zip(2..).map(|(participant, line)| StageRow {
            participant,
            line,
            extra: None,
            person: None,
        });
        self.stage(into, rows)
    }

    fn stage_people(
        &mut self,
        rows: &[(Participant, Option<Person>)],
    ) -> Result<Vec<Duplicate>, JournalError> {
        let roster = self.add_roster("roster.csv")?;
        let (target, id_source) = (target(), id_column());
        let into = StageInto {
            target: &target,
            roster,
            id_source: &id_source,
            new_id_source: false,
            on_duplicate: OnDuplicate::Stop,
        };
        let rows = rows.iter().zip(2..);
        self.stage(
            into,
            rows.map(|((participant, person), line)| StageRow {
                participant,
                line,
                extra: None,
                person: *person,
            }),
        )
    }

    fn take_in(&mut self, rows: &[Participant]) {
        assert_eq!(self.stage_from(&id_column(), rows).unwrap(), []);
        self.accept(at(0), Acceptance::default()).unwrap();
    }

    fn key(&self) -> MeetingKey {
        self.meetings().unwrap()[0].key
    }

    fn claim(&mut self, count: usize) -> Vec<Intent> {
        let key = self.key();
        self.exchange(&mut [], Some((key, count))).unwrap()
    }

    fn claimed(&mut self, count: usize) -> Vec<String> {
        self.claim(count).into_iter().map(|intent| intent.participant.key.custom_participant_id).collect()
    }

    fn record(&mut self, intent: &Intent, at: Timestamp, result: RowResult) {
        self.exchange(&mut [Record { row: intent.row, at, result }], None).unwrap();
    }

    fn list(&mut self, settled_before: Timestamp, resend: Resend, items: &[RemoteParticipant]) -> Settled {
        let key = self.key();
        self.begin_listing(key).unwrap();
        assert_eq!(self.add_listed(key, items).unwrap(), items.len() as u64);
        self.apply_listing(key, settled_before, resend, at(0)).unwrap()
    }
}
