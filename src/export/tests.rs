//! What an export holds, where it may go, and that it can be read as a roster again.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use jiff::Timestamp;
use proptest::prelude::*;
use rstest::rstest;
use tempfile::TempDir;

use super::*;
use crate::journal::{Acceptance, IdSource, Journal, Record, Resend, RowResult, StageInto, StageRow};
use crate::model::{
    AddedParticipant, JoinToken, MeetingId, Participant, ParticipantKey, RemoteId, RemoteParticipant, Target,
};
use crate::roster::{
    Batch, Caps, DefaultMeeting, Directory, DirectoryUnavailable, MeetingStanding, OnDuplicate,
    PresetStanding, Read, ReadOptions, Reader, RosterSource,
};

const MEETING: &str = "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b";
/// `{"exp":1900000000}`
const JWT: &str = "e30.eyJleHAiOjE5MDAwMDAwMDB9.c2ln";

fn participant(id: &str, name: &str) -> Participant {
    Participant {
        key: ParticipantKey { meeting: MEETING.parse().unwrap(), custom_participant_id: id.to_owned() },
        name: name.to_owned(),
        preset_name: "viewer".to_owned(),
        picture: None,
    }
}

/// A journal and its run.
struct Scenario {
    folder: TempDir,
    journal: Journal,
}

impl Scenario {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("journal.db"), "http://fake", "import", || {
            Timestamp::UNIX_EPOCH
        });
        Self { journal: journal.unwrap(), folder }
    }

    /// A roster with further columns, and their values as JSON.
    fn roster(mut self, columns: &[&str], rows: &[(Participant, &str)]) -> Self {
        let target = Target::new("account", "app").unwrap();
        let roster = self.journal.add_roster("roster.csv").unwrap();
        let into = StageInto {
            target: &target,
            roster,
            id_source: &IdSource::Column("id".to_owned()),
            new_id_source: false,
            on_duplicate: OnDuplicate::Stop,
        };
        let staged = rows.iter().map(|(participant, extra)| StageRow {
            participant,
            line: 2,
            extra: Some(extra),
            person: None,
        });
        assert_eq!(self.journal.stage(into, staged).unwrap(), []);
        let columns: Vec<_> = columns.iter().map(|name| (*name).to_owned()).collect();
        self.journal.name_extra_columns(roster, &columns).unwrap();
        self
    }

    /// All of them added, with this token.
    fn added(mut self, token: &str) -> Self {
        self.journal.accept(Timestamp::UNIX_EPOCH, Acceptance::default()).unwrap();
        let meeting = self.journal.meetings().unwrap()[0].key;
        let intents = self.journal.exchange(&mut [], Some((meeting, 100))).unwrap();
        let mut records: Vec<_> = intents
            .into_iter()
            .map(|intent| Record {
                row: intent.row,
                at: Timestamp::UNIX_EPOCH,
                result: RowResult::Added(Box::new(AddedParticipant {
                    participant: remote(&intent.participant),
                    token: JoinToken::new(token.to_owned()),
                })),
            })
            .collect();
        self.journal.exchange(&mut records, None).unwrap();
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn reader(&self) -> JournalReader {
        self.journal.reader().unwrap()
    }

    fn text(&self, settings: &ExportSettings) -> String {
        let mut text = Vec::new();
        to_writer(&self.reader(), settings, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    fn csv(&self) -> String {
        self.text(&settings(Format::Csv))
    }
}

fn remote(participant: &Participant) -> RemoteParticipant {
    RemoteParticipant {
        id: RemoteId::new(format!("r-{}", participant.key.custom_participant_id)).unwrap(),
        custom_participant_id: participant.key.custom_participant_id.clone(),
        preset_name: participant.preset_name.clone(),
        name: Some(participant.name.clone()),
        picture: participant.picture.clone(),
        created_at: "2026-01-01T00:00:00Z".to_owned(),
        updated_at: "2026-01-02T00:00:00Z".to_owned(),
    }
}

fn settings(format: Format) -> ExportSettings {
    ExportSettings { format, filter: ExportFilter::default(), join_url: None }
}

fn linking(format: Format) -> ExportSettings {
    ExportSettings { join_url: Some("https://x.example/?t={token}".parse().unwrap()), ..settings(format) }
}

#[test]
fn a_csv_holds_our_columns_the_link_and_the_rosters_own() {
    let rows = [(participant("1", "=Ann"), r#"["12","+1"]"#), (participant("2", "李, \"Bo\""), "[]")];
    let scenario = Scenario::new().roster(&["seat", "=note"], &rows).added(JWT);
    insta::assert_snapshot!(scenario.text(&linking(Format::Csv)), @r#"
    custom_participant_id,name,preset_name,picture,meeting_id,participant_id,token,token_expires_at,created_at,updated_at,state,join_url,seat,'=note
    1,'=Ann,viewer,,3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b,r-1,e30.eyJleHAiOjE5MDAwMDAwMDB9.c2ln,2030-03-17T17:46:40Z,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,added,https://x.example/?t=e30.eyJleHAiOjE5MDAwMDAwMDB9.c2ln,12,'+1
    2,"李, ""Bo""",viewer,,3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b,r-2,e30.eyJleHAiOjE5MDAwMDAwMDB9.c2ln,2030-03-17T17:46:40Z,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,added,https://x.example/?t=e30.eyJleHAiOjE5MDAwMDAwMDB9.c2ln,,
    "#);
}

/// What a spreadsheet with decimal commas opens is the same table, and can be the next roster like any other export.
#[test]
fn an_export_for_excel_is_the_same_table() {
    let rows = [(participant("1", "=Ann"), r#"["1;2"]"#), (participant("2", "Zoé, \"B\""), r#"["é"]"#)];
    let scenario = Scenario::new().roster(&["seat"], &rows).added(JWT);
    let (csv, excel) = (scenario.csv(), scenario.text(&settings(Format::ExcelCsv)));
    let table = |text: &str, delimiter| {
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(text.as_bytes());
        reader.records().collect::<Result<Vec<_>, _>>().unwrap()
    };
    let unmarked = excel.strip_prefix('\u{feff}').unwrap();
    assert_eq!(table(unmarked, b';'), table(&csv, b','));
    assert_eq!(read_as(&excel, None), read(&csv));
}

#[test]
fn json_lines_are_exact_and_keep_types() {
    let rows = [(participant("1", "=Ann"), r#"[12,true,null,{"a":[1.50]},"=x","own"]"#)];
    let scenario = Scenario::new().roster(&["seat", "vip", "gap", "deep", "text", "token"], &rows).added(JWT);
    insta::assert_snapshot!(scenario.text(&linking(Format::Jsonl)), @r#"{"custom_participant_id":"1","name":"=Ann","preset_name":"viewer","picture":null,"meeting_id":"3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b","participant_id":"r-1","token":"e30.eyJleHAiOjE5MDAwMDAwMDB9.c2ln","token_expires_at":"2030-03-17T17:46:40Z","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-02T00:00:00Z","state":"added","join_url":"https://x.example/?t=e30.eyJleHAiOjE5MDAwMDAwMDB9.c2ln","seat":12,"vip":true,"deep":{"a":[1.50]},"text":"=x"}"#);
}

#[test]
fn large_numbers_of_a_roster_stay_as_they_were() {
    let rows = [(participant("1", "Ann"), "[12345678901234567890123]")];
    let scenario = Scenario::new().roster(&["ticket"], &rows).added(JWT);
    assert!(scenario.csv().contains(",12345678901234567890123\n"));
    assert!(scenario.text(&settings(Format::Jsonl)).contains(r#""ticket":12345678901234567890123"#));
}

#[test]
fn a_token_that_is_no_jwt_has_no_end() {
    let scenario = Scenario::new().roster(&[], &[(participant("1", "Ann"), "[]")]).added("opaque");
    assert!(scenario.csv().contains(",opaque,,2026-01-01"));
}

#[test]
fn columns_of_one_name_are_one_and_two_of_one_roster_stay_two() {
    let scenario = Scenario::new()
        .roster(&["seat", "team"], &[(participant("1", "A"), r#"["s1","t1"]"#)])
        .roster(&["team", "team", "door"], &[(participant("2", "B"), r#"["t2","t3","d2"]"#)])
        .added(JWT);
    let csv = scenario.csv();
    let ends: Vec<_> = csv.lines().map(|line| line.splitn(12, ',').nth(11).unwrap()).collect();
    assert_eq!(ends, ["seat,team,team,door", "s1,t1,,", ",t2,t3,d2"]);
}

/// An export read as a roster carries old tokens along: nobody is to mail those.
#[test]
fn a_further_column_named_like_one_of_ours_is_left_out() {
    let rows = [(participant("1", "A"), r#"["stale","s1","old link"]"#)];
    let scenario = Scenario::new().roster(&["token", "seat", "join_url"], &rows).added(JWT);
    for format in [Format::Csv, Format::Jsonl] {
        let text = scenario.text(&linking(format));
        assert!(!text.contains("stale") && !text.contains("old link") && text.contains("s1"), "{text}");
    }
    assert!(scenario.csv().contains("old link"), "as long as we write none");
}

#[test]
fn a_withheld_token_has_no_link() {
    let mut scenario = Scenario::new().roster(&[], &[(participant("1", "A"), "[]")]);
    scenario.journal.accept(Timestamp::UNIX_EPOCH, Acceptance::default()).unwrap();
    let meeting = scenario.journal.meetings().unwrap()[0].key;
    let host = RemoteParticipant { preset_name: "host".into(), ..remote(&participant("1", "A")) };
    scenario.journal.begin_listing(meeting).unwrap();
    scenario.journal.add_listed(meeting, &[host]).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    scenario.journal.apply_listing(meeting, now, Resend::Hold, now).unwrap();
    let row = scenario.journal.without_token(None, true, 1).unwrap().remove(0).row;
    scenario.journal.keep_tokens(&[(row, JoinToken::new("s3cret".into()))]).unwrap();
    let mut into = Vec::new();
    let exported = to_writer(&scenario.reader(), &linking(Format::Csv), &mut into).unwrap();
    assert_eq!(exported, Exported { rows: 1, tokens: 0 });
    assert!(!String::from_utf8(into).unwrap().contains("s3cret"));
}

#[test]
fn a_file_is_replaced_whole_and_only_its_owner_can_read_it() {
    let scenario = Scenario::new().roster(&[], &[(participant("1", "A"), "[]")]).added(JWT);
    let path = scenario.path("tokens.csv");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    to_file(&scenario.reader(), &settings(Format::Csv), &path, &[]).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), scenario.csv());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let left = fs::read_dir(scenario.folder.path()).unwrap();
    assert!(
        left.map(|it| it.unwrap().file_name())
            .all(|name| !name.to_string_lossy().contains("guestlist-export"))
    );
}

#[rstest]
#[case::open("000")]
#[case::usual("022")]
#[case::tight("077")]
fn whatever_the_umask(#[case] umask: &str) {
    for test in [
        "export::tests::a_file_is_replaced_whole_and_only_its_owner_can_read_it",
        "journal::tests::files::only_its_owner_can_read_it_whatever_the_umask",
    ] {
        let output = std::process::Command::new("sh")
            .args(["-c", &format!("umask {umask}; exec \"$0\" --exact {test}")])
            .arg(std::env::current_exe().unwrap())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && told.contains("1 passed"), "{told}");
    }
}

#[rstest]
#[case::symlink(|path: &Path| symlink("elsewhere", path).unwrap(), "symbolic link")]
#[case::folder(|path: &Path| fs::create_dir(path).unwrap(), "folder")]
#[case::pipe(|path: &Path| {
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
}, "no regular file")]
fn a_place_where_tokens_would_be_lost_is_refused(#[case] make: fn(&Path), #[case] why: &str) {
    let scenario = Scenario::new();
    let path = scenario.path("tokens.csv");
    make(&path);
    let refusal = to_file(&scenario.reader(), &settings(Format::Csv), &path, &[]).unwrap_err();
    assert!(matches!(refusal, ExportError::Refused { .. }) && refusal.to_string().contains(why), "{refusal}");
}

#[test]
fn the_journal_and_the_rosters_are_never_replaced() {
    let scenario = Scenario::new();
    let journal = scenario.journal.path().to_owned();
    let roundabout = scenario.folder.path().join(".").join("journal.db");
    for (path, kept) in [(&journal, &journal), (&roundabout, &journal), (&journal, &roundabout)] {
        let refusal = to_file(&scenario.reader(), &settings(Format::Csv), path, std::slice::from_ref(kept));
        assert!(matches!(refusal, Err(ExportError::Refused { .. })));
    }
}

/// Before a first run there is no journal yet.
#[test]
fn the_journals_place_is_refused_before_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal.db");
    let roundabout = folder.path().join(".").join("journal.db");
    assert!(refuse_unsafe(&journal, std::slice::from_ref(&journal)).is_err());
    assert!(refuse_unsafe(&roundabout, std::slice::from_ref(&journal)).is_err());
    assert!(refuse_unsafe(&folder.path().join("tokens.csv"), &[journal]).is_ok());
}

#[test]
fn a_missing_folder_is_told_before_a_run() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        refuse_unsafe(&folder.path().join("no/tokens.csv"), &[]),
        Err(ExportError::Refused { .. })
    ));
    fs::write(folder.path().join("file"), "").unwrap();
    let inside_a_file = refuse_unsafe(&folder.path().join("file/tokens.csv"), &[]);
    assert!(inside_a_file.is_err());
}

struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[rstest]
#[case(Format::Csv)]
#[case(Format::ExcelCsv)]
#[case(Format::Jsonl)]
fn what_cant_be_written_is_an_error(#[case] format: Format) {
    let scenario = Scenario::new().roster(&[], &[(participant("1", "A"), "[]")]).added(JWT);
    let failed = to_writer(&scenario.reader(), &settings(format), Full);
    assert!(matches!(failed, Err(ExportError::Write { .. })));
}

/// Knows everything.
struct App;

impl Directory for App {
    fn preset(&mut self, _name: &str) -> PresetStanding {
        PresetStanding::Known
    }

    fn meeting(&mut self, _id: MeetingId) -> Result<MeetingStanding, DirectoryUnavailable> {
        Ok(MeetingStanding::Active)
    }
}

/// The valid participants of a roster, in its order.
fn read(text: &str) -> Vec<Participant> {
    read_as(text, Some(b','))
}

fn read_as(text: &str, delimiter: Option<u8>) -> Vec<Participant> {
    let source = RosterSource::spool("r.csv", text.as_bytes(), Caps::default()).unwrap();
    let options = ReadOptions {
        delimiter,
        default_meeting: DefaultMeeting::Given(MEETING.parse().unwrap()),
        ..ReadOptions::default()
    };
    let mut reader = Reader::open(&source, options).unwrap();
    let (mut batch, mut all) = (Batch::default(), Vec::new());
    loop {
        let more = reader.read_batch(&mut batch, 100, &mut App).unwrap();
        all.extend(batch.rows().iter().map(|row| row.participant.clone()));
        if more == Read::End {
            return all;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    /// Ids, names and presets survive the guard: an export can be the next roster, and makes nobody new.
    #[test]
    fn an_export_read_as_a_roster_names_the_same_participants(
        fields in prop::collection::vec(
            ("['=+@\\-＝a1]{1,5}", "['=+@\\-＝ a,\"\n\u{feff}]{1,6}", "['=+@\\-a]{1,4}"), 1..5),
    ) {
        let mut roster = csv::Writer::from_writer(Vec::new());
        roster.write_record(["custom_participant_id", "name", "preset_name"]).unwrap();
        for (number, (id, name, preset)) in fields.iter().enumerate() {
            roster.write_record([&format!("{id}{number}"), name, preset]).unwrap();
        }
        let participants = read(&String::from_utf8(roster.into_inner().unwrap()).unwrap());
        prop_assume!(!participants.is_empty());
        let rows: Vec<_> = participants.iter().map(|participant| (participant.clone(), "[]")).collect();
        let exported = Scenario::new().roster(&[], &rows).added(JWT).csv();
        prop_assert_eq!(read(&exported), participants);
    }
}
