//! Rosters: every row is accounted for, every problem has a place within the file, and a rejected file gives the same
//! rows again.

use std::collections::HashSet;

use guestlist::model::{MeetingId, ParticipantKey, escape};
use guestlist::roster::{
    Batch, Caps, CheckEvent, ColumnDecision, Decisions, DefaultMeeting, Directory, DirectoryUnavailable,
    Field, Format, IdSource, MAX_ID_CHARS, MeetingStanding, PersonalIds, PresetStanding, Read, ReadOptions,
    Reader, Record, Records, RejectedStyle, RejectedWriter, Role, RosterError, RosterRow, RosterSource, RowError,
    RowErrorCode as Code, WorkbookCaps, check, formula, near_miss,
};

use crate::head;

const NAME: &str = "roster";
const MEETING: &str = "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b";
const CLOSED: &str = "00000000-0000-4000-8000-00000000c105";

/// CSV in a dialect that the first two bytes say.
pub fn csv(input: &[u8]) {
    let Some(([dialect, columns], text)) = head::<2>(input) else { return };
    let delimiter =
        [None, Some(b','), Some(b';'), Some(b'\t'), Some(b'|'), Some(b' '), Some(b'\''), Some(b'=')];
    let delimiter = delimiter[usize::from(dialect % 8)];
    let is_json = delimiter.is_none() && matches!(unmarked(text).trim_ascii_start(), [b'{' | b'[', ..]);
    if !is_json && !is_packed(text) {
        roster(text, ReadOptions { delimiter, ..options(*dialect, *columns) }, columns >> 4);
    }
    for cell in text.split(|b| matches!(b, b'\n' | b',' | b';')).filter_map(|cell| str::from_utf8(cell).ok())
    {
        a_guard_can_be_undone(cell);
    }
}

/// JSON Lines or an array, read as the first two bytes say.
pub fn json_lines(input: &[u8]) {
    let Some(([dialect, columns], text)) = head::<2>(input) else { return };
    if matches!(unmarked(text).trim_ascii_start(), [b'{' | b'[', ..]) {
        roster(text, options(*dialect, *columns), columns >> 4);
    }
}

/// Any bytes at all: packed, or in any encoding.
pub fn bytes(input: &[u8]) {
    let Some(([dialect, columns], text)) = head::<2>(input) else { return };
    match read(&source(text), &options(*dialect, *columns)) {
        Ok(Reading { error: None, .. }) => {}
        Ok(Reading { error: Some(error), .. }) | Err(error) => is_harmless(&error.to_string()),
    }
}

fn unmarked(text: &[u8]) -> &[u8] {
    text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text)
}

/// The lines of what is expanded aren't those of the input.
fn is_packed(text: &[u8]) -> bool {
    text.starts_with(b"\x1f\x8b")
        || text.starts_with(b"\x28\xb5\x2f\xfd")
        || text[1.min(text.len())..].starts_with(b"\x2a\x4d\x18")
}

/// Nor are those of UTF-16; what is decoded is looked at by another reader only if it is what it was.
fn is_as_it_was(reading: &Reading) -> bool {
    reading.decisions.encoding.as_ref().is_some_and(|encoding| encoding.name == "UTF-8")
}

fn options(dialect: u8, columns: u8) -> ReadOptions {
    let default_meeting = match dialect >> 3 & 3 {
        0 => DefaultMeeting::Missing,
        1 => DefaultMeeting::NotNeeded,
        _ => DefaultMeeting::Given(MEETING.parse().expect("a UUID")),
    };
    let named = |names: &[&str]| IdSource::Derived(names.iter().map(|name| (*name).to_owned()).collect());
    let mapping: &[(Field, &str)] = match columns >> 2 & 3 {
        0 | 1 => &[],
        2 => &[(Field::Name, "Badge"), (Field::Preset, "Kind")],
        _ => &[(Field::Id, "Order no")],
    };
    ReadOptions {
        mapping: mapping.iter().map(|(field, name)| (*field, (*name).to_owned())).collect(),
        default_meeting,
        default_preset: (dialect & 32 == 0).then(|| "guest".to_owned()),
        id_source: match columns & 3 {
            0 | 1 => IdSource::Column,
            2 => named(&["email"]),
            _ => named(&["first name", "company"]),
        },
        personal_ids: if dialect & 64 == 0 { PersonalIds::Refuse } else { PersonalIds::Allow },
        caps: if dialect & 128 == 0 { Caps::default() } else { SMALL },
        records: Records::Keep,
        ..ReadOptions::default()
    }
}

const SMALL: Caps = Caps { field: 40, record: 200, columns: 12, expanded: 1 << 20, workbook: WorkbookCaps::DEFAULT };

/// An app with two presets and one inactive meeting.
struct App;

impl Directory for App {
    fn preset(&mut self, name: &str) -> PresetStanding {
        let known = ["host", "guest"];
        match known.contains(&name) {
            true => PresetStanding::Known,
            false => PresetStanding::Unknown { did_you_mean: near_miss(name, known).map(str::to_owned) },
        }
    }

    fn meeting(&mut self, id: MeetingId) -> Result<MeetingStanding, DirectoryUnavailable> {
        let closed = id.to_string() == CLOSED;
        Ok(if closed { MeetingStanding::Inactive } else { MeetingStanding::Active })
    }
}

/// A row as it was read.
struct Row {
    line: u64,
    /// The participant and the extras of a valid one.
    valid: Option<(guestlist::model::Participant, String)>,
    key: Option<ParticipantKey>,
    record: Record,
    errors: Vec<RowError>,
    left_out: bool,
}

impl Row {
    fn codes(&self) -> Vec<Code> {
        self.errors.iter().map(|error| error.code).collect()
    }
}

/// A roster as it was read, up to its end or to the error that ended the reading.
struct Reading {
    rows: Vec<Row>,
    decisions: Decisions,
    extra_columns: usize,
    error: Option<RosterError>,
}

fn read(source: &RosterSource, options: &ReadOptions) -> Result<Reading, RosterError> {
    let mut reader = Reader::open(source, options.clone())?;
    let (mut row, mut errors, mut rows) = (RosterRow::new(), Vec::new(), Vec::new());
    let error = loop {
        let found = match reader.read(&mut row, &mut errors, &mut App) {
            Ok(Read::End) => break None,
            Ok(found) => found,
            Err(error) => break Some(error),
        };
        assert_eq!(found == Read::Invalid, !errors.is_empty());
        rows.push(Row {
            line: row.line,
            valid: (found == Read::Row).then(|| (row.participant.clone(), row.extra.clone())),
            left_out: found == Read::LeftOut,
            key: row.key().cloned(),
            record: std::mem::take(&mut row.record),
            errors: errors.clone(),
        });
    };
    let (decisions, extra_columns) = (reader.decisions(), reader.extra_columns().len());
    Ok(Reading { rows, decisions, extra_columns, error })
}

fn source(text: &[u8]) -> RosterSource {
    RosterSource::spool(NAME, text, Caps::default()).expect("a temporary file")
}

/// `look`: which of the dearer properties is looked at; all at once are several times as slow.
fn roster(text: &[u8], options: ReadOptions, look: u8) {
    let source = source(text);
    let reading = match read(&source, &options) {
        Ok(reading) => reading,
        Err(error) => return is_harmless(&error.to_string()),
    };
    if is_as_it_was(&reading) {
        every_row_has_its_place(&reading, text);
    }
    reading.rows.iter().for_each(|row| is_valid_or_says_why(row, &reading, &options));
    if let Some(error) = &reading.error {
        return is_harmless(&error.to_string());
    }
    let delimiter = match reading.decisions.format {
        Format::Csv { delimiter, .. } => Some(delimiter),
        Format::JsonLines | Format::JsonArray | Format::Workbook(_) => None,
    };
    let options = ReadOptions { delimiter, ..options };
    match look % 4 {
        0 => a_rejected_file_gives_the_same_rows(&reading, &options),
        1 => the_check_adds_up(&source, &options, &reading),
        2 => batches_hold_the_same(&source, &options, &reading),
        _ if is_as_it_was(&reading) => csv_splits_it_alike(text, &reading),
        _ => {}
    }
}

/// A message can't move the cursor.
fn is_harmless(message: &str) {
    assert_eq!(escape(message), message);
}

fn every_row_has_its_place(reading: &Reading, text: &[u8]) {
    let ends = match reading.decisions.format {
        Format::Csv { .. } | Format::JsonArray => text.iter().filter(|b| matches!(b, b'\n' | b'\r')).count(),
        Format::JsonLines => text.iter().filter(|b| **b == b'\n').count(),
        Format::Workbook(_) => 1 << 20,
    };
    let mut last = match reading.decisions.format {
        Format::Csv { header_line, .. } => header_line.unwrap_or(0),
        Format::JsonLines | Format::JsonArray => 0,
        Format::Workbook(ref decision) => decision.header_line.unwrap_or(0),
    };
    for row in &reading.rows {
        let on_one_line = reading.decisions.format == Format::JsonArray && row.line == last;
        assert!(
            (row.line > last || on_one_line) && row.line <= ends as u64 + 1,
            "line {} after {last}",
            row.line
        );
        last = row.line;
    }
}

fn is_valid_or_says_why(row: &Row, reading: &Reading, options: &ReadOptions) {
    for error in &row.errors {
        let columns = &reading.decisions.columns;
        assert_eq!((&*error.location.file, error.location.line), (NAME, row.line));
        let named = |column: &guestlist::roster::Column| columns[column.index - 1].name == column.name;
        assert!(error.column.as_ref().is_none_or(named), "{error}");
        assert!(error.value.as_ref().is_none_or(|value| value.len() < 200));
        is_harmless(&error.to_string());
    }
    let Some((participant, extra)) = &row.valid else { return };
    let id = &participant.key.custom_participant_id;
    assert_eq!(row.key.as_ref(), Some(&participant.key));
    assert!(!id.is_empty() && id.trim() == id && id.chars().count() <= MAX_ID_CHARS && escape(id) == *id);
    let of_a_domain = |domain: &str| domain.trim_start_matches(['@', '.', '＠']).contains(".com");
    let email = id.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && of_a_domain(domain));
    assert!(options.personal_ids == PersonalIds::Allow || !email);
    assert!(!participant.name.is_empty() && !participant.name.contains(char::is_control));
    assert!(["host", "guest"].contains(&&*participant.preset_name));
    assert!(participant.key.meeting.to_string() != CLOSED);
    let url = |text: &String| url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    assert!(participant.picture.as_ref().is_none_or(url));
    let values: Vec<Box<serde_json::value::RawValue>> = serde_json::from_str(extra).expect("a JSON array");
    assert!(values.len() <= reading.extra_columns);
}

fn batches_hold_the_same(source: &RosterSource, options: &ReadOptions, reading: &Reading) {
    let mut reader = Reader::open(source, options.clone()).expect("the same");
    let (mut batch, mut valid, mut rejected) = (Batch::default(), Vec::new(), Vec::new());
    loop {
        let read = reader.read_batch(&mut batch, 3, &mut App).expect("the same");
        valid.extend(batch.rows().iter().map(|row| (row.line, row.participant.clone(), row.extra.clone())));
        rejected.extend(batch.rejected.drain(..).map(|row| (row.line, row.errors)));
        if read == Read::End {
            break;
        }
    }
    let rows = reading.rows.iter();
    let expected: Vec<_> = rows
        .filter_map(|row| row.valid.clone().map(|(participant, extra)| (row.line, participant, extra)))
        .collect();
    assert_eq!(valid, expected);
    let rows = reading.rows.iter().filter(|row| row.valid.is_none() && !row.left_out);
    assert_eq!(rejected, rows.map(|row| (row.line, row.errors.clone())).collect::<Vec<_>>());
}

/// Rows, valid ones, invalid ones and problems; an id twice for one meeting is found and told once.
fn the_check_adds_up(source: &RosterSource, options: &ReadOptions, reading: &Reading) {
    let (mut rejected, mut problems) = (0, 0);
    let count = |event: CheckEvent<'_>| match event {
        CheckEvent::Rejected { .. } => rejected += 1,
        CheckEvent::Problem(_) => problems += 1,
        CheckEvent::Opened(_) | CheckEvent::Row(_) => {}
    };
    let report = check(std::slice::from_ref(source), options, &mut App, count).expect("the same");
    let mut seen = HashSet::new();
    let (mut valid, mut repeated) = (0, 0);
    let left_out = reading.rows.iter().filter(|row| row.left_out).count() as u64;
    for row in &reading.rows {
        let first = row.key.as_ref().is_none_or(|key| seen.insert(key));
        valid += u64::from(first && row.valid.is_some());
        repeated += u64::from(!first);
    }
    assert_eq!(report.rows, reading.rows.len() as u64);
    assert_eq!((report.valid, report.not_coming), (valid, left_out));
    assert_eq!(report.invalid, report.rows - valid - left_out);
    assert_eq!(rejected, report.invalid);
    assert_eq!(problems, report.problems.values().sum::<u64>());
    assert_eq!(report.problems.get(&Code::DuplicateId).copied().unwrap_or(0), repeated);
}

/// Whether only blanks come before the header: else the lines before it need not be CSV.
fn begins_with_its_header(text: &[u8], header_line: u64, delimiter: u8) -> bool {
    let mut lines = unmarked(text).split_inclusive(|byte| matches!(byte, b'\n' | b'\r'));
    let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == delimiter;
    (1..header_line).all(|_| lines.next().is_none_or(|line| line.iter().all(blank)))
}

/// Another reader of CSV finds as many rows. A blank one above the caps is a row to us: nobody looked whether it is blank.
fn csv_splits_it_alike(text: &[u8], reading: &Reading) {
    if reading.rows.iter().flat_map(Row::codes).any(|code| code == Code::RecordTooLarge) {
        return;
    }
    let Format::Csv { delimiter, header_line: Some(line) } = reading.decisions.format else { return };
    if reading.decisions.ends_before.is_some() || !begins_with_its_header(text, line, delimiter) {
        return;
    }
    let mut reader = csv::ReaderBuilder::new();
    let mut reader =
        reader.delimiter(delimiter).has_headers(false).flexible(true).from_reader(unmarked(text));
    let cells = |record: Result<csv::ByteRecord, _>| record.expect("no I/O error").as_slice().to_vec();
    let rows = reader.byte_records().map(cells).filter(|cells| !cells.trim_ascii().is_empty()).count();
    assert_eq!(rows, reading.rows.len() + 1);
}

/// Nothing mended, written as a rejected file and read again.
fn a_rejected_file_gives_the_same_rows(reading: &Reading, options: &ReadOptions) {
    // Without the rows around them, bytes that are no UTF-8 may be letters of another encoding.
    let not_kept = [Code::RecordTooLarge, Code::FieldTooLarge, Code::NotUtf8];
    if reading.rows.iter().flat_map(Row::codes).any(|code| not_kept.contains(&code)) {
        return;
    }
    let mut writer = RejectedWriter::new(std::io::Cursor::new(Vec::new()), RejectedStyle::AsRead);
    writer.begin(&reading.decisions).expect("the first roster");
    for row in &reading.rows {
        writer.write(&row.record, &row.errors).expect("written");
    }
    let text = writer.finish().expect("written").expect("the output").into_inner();
    // One more column, and room for the quotes that guard.
    let options = ReadOptions { caps: Caps::default(), ..options.clone() };
    if marked_header(&reading.decisions.columns) {
        return;
    }
    let again = match read(&source(&text), &options) {
        Err(RosterError::Foreign { .. }) => return,
        again => again.unwrap_or_else(|error| panic!("{error}: {}", text.escape_ascii())),
    };
    assert!(again.error.is_none());
    assert_eq!(again.rows.len(), reading.rows.len(), "{}", text.escape_ascii());
    let as_text = reading.rows.iter().flat_map(Row::codes).any(|code| UNREADABLE.contains(&code));
    for (row, again) in reading.rows.iter().zip(&again.rows) {
        match (&row.valid, &again.valid) {
            (Some((participant, extra)), Some((same, same_extra))) => {
                assert_eq!(participant, same);
                assert!(as_text || extra == same_extra, "{extra} {same_extra}");
            }
            (None, None) if row.codes().iter().any(|code| UNREADABLE.contains(code)) => {}
            (None, _) if lasting(row, &reading.decisions).is_empty() => {}
            (None, None) => assert_eq!(lasting(row, &reading.decisions), again.codes()),
            (before, after) => panic!("{before:?} became {after:?}; {:?} {:?}", row.errors, again.errors),
        }
    }
}

/// A first column that begins with a byte order mark of its own loses it.
fn marked_header(columns: &[ColumnDecision]) -> bool {
    columns.first().is_some_and(|column| column.name.starts_with('\u{feff}'))
}

/// What a line of JSON has that can't be read as an object: it is kept as text, in a column of its own.
const UNREADABLE: [Code; 4] = [Code::BadJson, Code::JsonNotObject, Code::JsonTooDeep, Code::NotUtf8];

/// The problems that don't go away by writing the row anew: quotes are then in their places, and the reasons of an
/// earlier round are left out.
fn lasting(row: &Row, decisions: &Decisions) -> Vec<Code> {
    let dropped = |index: usize| decisions.columns[index - 1].role == Role::Dropped;
    let stays = |error: &&RowError| {
        error.code != Code::BadQuote && !error.column.as_ref().is_some_and(|column| dropped(column.index))
    };
    row.errors.iter().filter(stays).map(|error| error.code).collect()
}

fn a_guard_can_be_undone(cell: &str) {
    let guarded = formula::guard(cell);
    assert_eq!(formula::unguard(&guarded), cell);
    let seen = guarded.trim_start_matches([' ', '\u{feff}', '\u{a0}', '\u{3000}', '\n']);
    let runs = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];
    assert!(!seen.starts_with(runs), "{guarded:?}");
}
