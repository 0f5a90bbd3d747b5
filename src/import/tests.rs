//! Rosters come in: counts that add up, duplicates with both lines, and which error is told.

use std::fs::File;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::intake::{Intake, take_in};
use super::*;
use crate::dispatch::RunClock;
use crate::event::Observer;
use crate::journal::{Acceptance, IdSource, Resend, StageInto, StageRow};
use crate::model::{MeetingId, Participant, ParticipantKey};
use crate::roster::{
    Caps, DefaultMeeting, Directory, DirectoryUnavailable, MeetingStanding, OnDuplicate, PresetStanding,
    Records, RejectedStyle, RejectedWriter,
};

const MEETING: &str = "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b";

/// Knows every preset; meetings as told.
struct App(Result<MeetingStanding, LookUpError>);

impl Directory for App {
    fn preset(&mut self, _name: &str) -> PresetStanding {
        PresetStanding::Known
    }

    fn meeting(&mut self, _id: MeetingId) -> Result<MeetingStanding, DirectoryUnavailable> {
        self.0.clone().map_err(|error| DirectoryUnavailable(Box::new(error)))
    }
}

#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Observer for Told {
    fn on(&self, event: &Event<'_>) {
        if let Event::Invalid(error) = event {
            self.0.lock().unwrap().push(error.to_string());
        }
    }
}

struct Scenario {
    folder: TempDir,
    told: Arc<Told>,
    app: App,
    cancel: CancellationToken,
    settings: ImportSettings,
}

impl Scenario {
    fn of(rosters: &[(&str, &str)]) -> Self {
        let rosters = rosters.iter().map(|(name, text)| {
            RosterSource::spool(name, text.as_bytes(), Caps::default()).expect("a source")
        });
        let settings = ImportSettings {
            target: Target::new("account", "app").unwrap(),
            rosters: rosters.collect(),
            reading: ReadOptions {
                default_meeting: DefaultMeeting::Given(MEETING.parse().unwrap()),
                default_preset: Some("viewer".into()),
                records: Records::Keep,
                ..ReadOptions::default()
            },
            on_invalid: OnInvalid::Stop,
            limit: None,
            rejected: None,
            accept_differing: false,
            new_id_source: false,
            same_person: SamePerson::Hold,
            dispatch: DispatchSettings {
                concurrency: NonZeroUsize::MIN,
                settle: Duration::ZERO,
                resend: Resend::Hold,
                refresh_found: false,
            },
        };
        Self {
            folder: tempfile::tempdir().unwrap(),
            told: Arc::default(),
            app: App(Ok(MeetingStanding::Active)),
            cancel: CancellationToken::new(),
            settings,
        }
    }

    fn journal(&self) -> Journal {
        let path = self.folder.path().join("journal.db");
        Journal::open(&path, "http://fake", "import", || Timestamp::UNIX_EPOCH).unwrap()
    }

    async fn take_in(self) -> Result<(Intake, Vec<String>), ImportError> {
        let journal = self.journal();
        let observer = Arc::clone(&self.told) as Arc<dyn Observer>;
        let clock = RunClock::starting_at(Timestamp::UNIX_EPOCH);
        let mut intake = take_in(self.settings, self.app, journal, clock, observer, self.cancel).await?;
        let acceptance =
            Acceptance { invalid: intake.invalid, left_out: intake.left_out, ..Acceptance::default() };
        intake.journal.accept(Timestamp::UNIX_EPOCH, acceptance)?;
        let told = std::mem::take(&mut *self.told.0.lock().unwrap());
        Ok((intake, told))
    }

    async fn error(self) -> ImportError {
        self.take_in().await.map(|_| ()).unwrap_err()
    }
}

/// Rows, invalid, left out, and staged.
fn counts(intake: &Intake) -> (u64, u64, u64, u64) {
    let staged = intake.journal.tally().unwrap().rows();
    assert_eq!(intake.rows, intake.invalid + intake.left_out + intake.repeated + staged, "the counts add up");
    (intake.rows, intake.invalid, intake.left_out, staged)
}

#[tokio::test]
async fn a_duplicate_names_both_lines_across_files_and_batches() {
    let many: String = (0..9_000).map(|number| format!("id-{number}\n")).collect();
    let first = format!("custom_participant_id\n{many}id-0\n");
    let second = "custom_participant_id\nnew\nid-8999\n";
    let (intake, told) = Scenario::of(&[("a.csv", &first), ("b.csv", second)]).take_in().await.unwrap();
    assert_eq!(counts(&intake), (9_003, 2, 0, 9_001));
    assert!(told[0].contains("a.csv:9002") && told[0].contains("a.csv:2"), "{told:?}");
    assert!(told[1].contains("b.csv:3") && told[1].contains("a.csv:9001"), "{told:?}");
}

/// Across files and batches; duplicates take no room, and what is beyond the limit isn't looked at.
#[rstest::rstest]
#[case(OnDuplicate::First)]
#[case(OnDuplicate::Last)]
#[tokio::test]
async fn of_two_rows_one_may_count(#[case] on_duplicate: OnDuplicate) {
    let many: String = (0..9_000).map(|number| format!("id-{number},first\n")).collect();
    let first = format!("custom_participant_id,name\n{many}id-0,middle\n");
    let second = "custom_participant_id,name\nid-0,last\nnew,new\nid-1,beyond\n";
    let mut scenario = Scenario::of(&[("a.csv", &first), ("b.csv", second)]);
    scenario.settings.reading.on_duplicate = on_duplicate;
    scenario.settings.limit = Some(9_001);
    let (intake, told) = scenario.take_in().await.unwrap();
    assert_eq!((counts(&intake), intake.repeated, told.len()), ((9_004, 0, 1, 9_001), 2, 0));
}

#[tokio::test]
async fn two_rosters_with_two_id_columns_are_refused() {
    let scenario = Scenario::of(&[("a.csv", "ticket id\na\n"), ("b.jsonl", "{\"x\":1,\"User ID\":\"b\"}\n")]);
    let error = scenario.error().await.to_string();
    assert!(error.contains("\"ticketid\"") && error.contains("\"userid\""), "{error}");
}

#[tokio::test]
async fn two_rosters_that_spell_the_id_column_otherwise_are_one() {
    let scenario =
        Scenario::of(&[("a.csv", "Ticket #\na\n"), ("b.jsonl", "{\"y\":1}\n{\"ticket_no\":\"b\"}\n")]);
    let mut scenario = scenario;
    scenario.settings.on_invalid = OnInvalid::Skip;
    assert_eq!(counts(&scenario.take_in().await.unwrap().0), (3, 1, 0, 2));
}

#[test]
fn a_rule_names_its_columns_and_its_key() {
    let key = crate::roster::IdKey::new(b"0123456789abcdef").unwrap();
    let derived = crate::roster::IdSource::Derived(vec!["E-Mail".into()]);
    let options = ReadOptions { id_source: derived, id_key: Some(key), ..ReadOptions::default() };
    let source = id_source(&options, vec!["email".to_owned(), "name".to_owned()]);
    insta::assert_snapshot!(source.unwrap(), @"the rule v2 of email, name, keyed 4e8b370f");
    assert_eq!(id_source(&ReadOptions::default(), Vec::new()), None);
}

#[tokio::test]
async fn a_limit_takes_so_many_rows_duplicates_apart() {
    let mut scenario = Scenario::of(&[("a.csv", "custom_participant_id\na\na\nb\n\u{7}\nc\nd\ne\n")]);
    scenario.settings.limit = Some(3);
    let (intake, _) = scenario.take_in().await.unwrap();
    assert_eq!(counts(&intake), (7, 2, 2, 3));
}

#[tokio::test]
async fn a_limit_above_the_roster_leaves_nobody_out() {
    let mut scenario = Scenario::of(&[("a.csv", "custom_participant_id\na\nb\n")]);
    scenario.settings.limit = Some(3);
    assert_eq!(counts(&scenario.take_in().await.unwrap().0), (2, 0, 0, 2));
}

#[tokio::test]
async fn an_unaccepted_roster_is_reported_whole() {
    let scenario = Scenario::of(&[("a.csv", "custom_participant_id\na\na\nb\n")]);
    let report = scenario.take_in().await.unwrap().0.report_unaccepted(Vec::new());
    let RunSummary { rows, tally, invalid, left_out, .. } = report.summary;
    assert_eq!((rows, tally.not_attempted, invalid, left_out), (3, 2, 1, 0));
    assert!(!report.accepted);
}

#[tokio::test]
async fn nothing_is_read_after_a_cancellation() {
    let scenario =
        Scenario::of(&[("a.csv", "custom_participant_id\na\n"), ("b.csv", "no column of ours\n1\n")]);
    scenario.cancel.cancel();
    assert_eq!(counts(&scenario.take_in().await.unwrap().0), (0, 0, 0, 0));
}

#[tokio::test]
async fn a_roster_that_cant_be_read_is_told() {
    let error = Scenario::of(&[("a.csv", "custom_participant_id\na\n\"b\n")]).error().await;
    assert!(matches!(error, ImportError::Roster(_)), "{error}");
}

#[tokio::test]
async fn the_journals_error_comes_before_the_rosters() {
    let scenario = Scenario::of(&[("a.csv", "ticket_id\na\n"), ("b.csv", "ticket_id\n\"b\n")]);
    bind_elsewhere(&scenario);
    let error = scenario.error().await;
    assert!(
        matches!(error, ImportError::Dispatch(DispatchError::Journal(JournalError::OtherIdSource { .. }))),
        "{error}"
    );
}

/// The meeting's ids came from another source so far.
fn bind_elsewhere(scenario: &Scenario) {
    let mut journal = scenario.journal();
    let roster = journal.add_roster("old.csv").unwrap();
    let id_source = IdSource::Derived("v1 of email".to_owned());
    let into = StageInto {
        target: &scenario.settings.target,
        roster,
        id_source: &id_source,
        new_id_source: false,
        on_duplicate: OnDuplicate::Stop,
    };
    let participant = Participant {
        key: ParticipantKey { meeting: MEETING.parse().unwrap(), custom_participant_id: "x".to_owned() },
        name: "X".to_owned(),
        preset_name: "viewer".to_owned(),
        picture: None,
    };
    journal
        .stage(into, [StageRow { participant: &participant, line: 2, extra: None, person: None }])
        .unwrap();
    journal.accept(Timestamp::UNIX_EPOCH, Acceptance::default()).unwrap();
}

#[tokio::test]
async fn an_api_that_cant_be_asked_is_told_as_such() {
    let mut scenario = Scenario::of(&[("a.csv", "custom_participant_id\na\n")]);
    scenario.app = App(Err(LookUpError::Stopped(StopReason::Interrupted)));
    assert!(matches!(scenario.error().await, ImportError::LookUp(LookUpError::Stopped(_))));
}

#[tokio::test]
async fn rejected_rows_that_cant_be_written_end_the_import() {
    let mut scenario = Scenario::of(&[("a.csv", "custom_participant_id\na\na\n")]);
    let unwritable = File::open("Cargo.toml").unwrap();
    scenario.settings.rejected = Some(RejectedWriter::new(unwritable, RejectedStyle::AsRead));
    assert!(matches!(scenario.error().await, ImportError::Rejected(_)));
}

#[tokio::test]
async fn a_rejected_file_holds_the_duplicate() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rejected.csv");
    let mut scenario = Scenario::of(&[("a.csv", "custom_participant_id,seat\na,1\na,2\nb,3\n")]);
    let file = File::create(&path).unwrap();
    scenario.settings.rejected = Some(RejectedWriter::new(file, RejectedStyle::AsRead));
    scenario.take_in().await.unwrap();
    let rejected = std::fs::read_to_string(path).unwrap();
    let lines: Vec<_> = rejected.lines().collect();
    assert!(lines.len() == 2 && lines[1].starts_with("a,2,"), "{rejected}");
}
