//! A rejected file is a roster again once it is mended.

use std::io::Cursor;

use super::*;
use proptest::prelude::*;
use rstest::rstest;

fn rejected_as(style: RejectedStyle, texts: &[&[u8]]) -> Result<Vec<u8>, RejectedError> {
    let mut writer = RejectedWriter::new(Cursor::new(Vec::new()), style);
    for text in texts {
        let outcome = read_with(text, options()).expect("a roster");
        writer.begin(&outcome.decisions.expect("decisions"))?;
        for row in &outcome.rejected {
            writer.write(&row.record, &row.errors)?;
        }
    }
    Ok(writer.finish()?.expect("the output").into_inner())
}

fn rejected(texts: &[&[u8]]) -> Result<Vec<u8>, RejectedError> {
    rejected_as(RejectedStyle::AsRead, texts)
}

fn text_of(texts: &[&[u8]]) -> String {
    String::from_utf8(rejected(texts).expect("written")).expect("text")
}

#[test]
fn the_input_is_kept_and_the_reason_added() {
    let text = "id;name;preset;note\n1;Ann;host;fine\n2;\"B; b\";x;=1+1\n";
    insta::assert_snapshot!(text_of(&[text.as_bytes()]), @r#"
    id;name;preset;note;guestlist error
    2;"B; b";x;'=1+1;"r.csv:3: preset ""x"": no such preset; use a preset of the app"
    "#);
}

#[test]
fn an_earlier_reason_is_replaced_and_a_column_of_ones_own_is_not() {
    let once = text_of(&[b"id,preset,guestlist error,error\n1,x,old,own\n"]);
    assert!(once.starts_with("id,preset,error,guestlist error\n1,x,own,"), "{once}");
    let twice = text_of(&[once.as_bytes()]);
    assert_eq!(twice.lines().next(), Some("id,preset,error,guestlist error"));
    assert!(!twice.contains("old") && twice.contains(",own,"), "{twice}");
    let json = text_of(&[b"{\"id\":1,\"preset\":\"x\",\"guestlist error\":\"old\",\"error\":1.50}\n"]);
    let start = "{\"id\":1,\"preset\":\"x\",\"error\":1.50,\"guestlist error\":\"r.csv:1: ";
    assert!(json.starts_with(start), "{json}");
}

#[test]
fn what_cannot_be_a_row_is_kept_all_the_same() {
    let json = text_of(&[b"{\"id\":1}\n{\"id\":\"\xfc\n"]);
    let start = "{\"input\":\"{\\\"id\\\":\\\"ü\",\"guestlist error\":\"r.csv:2: ";
    assert!(json.starts_with(start), "{json}");
    let ragged = text_of(&[b"id,name\n1,Ann,Lee\n"]);
    let kept = ragged.starts_with("id,name,guestlist error\n1,Ann,") && ragged.ends_with(",Lee\n");
    assert!(kept, "{ragged}");
    assert_eq!(read(&ragged).problems(), [(2, "ragged-row")], "still");
}

#[test]
fn rosters_of_the_same_columns_share_a_file_and_others_do_not() {
    assert_eq!(text_of(&[b"id,preset\n1,x\n", b"id,preset\n2,y\n"]).lines().count(), 3);
    for other in ["id,preset,note\n2,y,\n", "{\"id\":1}\n"] {
        let result = rejected(&[b"id,preset\n1,x\n", other.as_bytes()]);
        assert!(matches!(result, Err(RejectedError::OtherColumns(_))));
    }
}

#[rstest]
#[case::ascii(RejectedStyle::AsRead, &["id;preset\n1;x\n"], "id;preset;")]
#[case::accent(RejectedStyle::AsRead, &["id;preset\n1;ê\n"], "\u{feff}id;preset;")]
#[case::accent_in_the_header(RejectedStyle::AsRead, &["id,preset,né\n1,x,\n"], "\u{feff}id,preset,né,")]
#[case::accent_of_a_valid_row(RejectedStyle::AsRead, &["id\tname\n1\té\n\tx\n"], "id\tname\t")]
#[case::marked(RejectedStyle::AsRead, &["\u{feff}id,preset\n1,x\n"], "\u{feff}id,preset,")]
#[case::the_second_is_marked(RejectedStyle::AsRead, &["id,preset\n1,x\n", "\u{feff}id,preset\n2,y\n"], "\u{feff}id,")]
#[case::excel(RejectedStyle::Excel, &["id,preset\n1,x\n"], "\u{feff}id;preset;")]
#[case::json(RejectedStyle::Excel, &["{\"id\":\"é\",\"preset\":\"x\"}\n"], "{\"id\":\"é\"")]
fn a_spreadsheet_opens_it_as_the_roster_was_opened(
    #[case] style: RejectedStyle,
    #[case] texts: &[&str],
    #[case] start: &str,
) {
    let texts: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
    let text = String::from_utf8(rejected_as(style, &texts).expect("written")).expect("text");
    assert!(text.starts_with(start), "{text}");
    assert_eq!(text.matches('\u{feff}').count(), start.matches('\u{feff}').count());
}

/// The mark is put before what is larger than the piece that is moved at a time.
#[test]
fn a_large_file_is_marked_too() {
    let rows: String = (0..9_000).map(|n| format!("{n},x,é{n}\n")).collect();
    let text = text_of(&[format!("id,preset,note\n{rows}").as_bytes()]);
    assert!(text.len() > 3 * (64 << 10));
    let outcome = read(&text);
    assert_eq!(outcome.rejected.len(), 9_000);
    let at = |n: usize| match &outcome.rejected[n].record {
        Record::Csv(record) => record.iter().take(3).map(<[u8]>::to_vec).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    for n in [0, 1_234, 8_999] {
        assert_eq!(at(n), [n.to_string().as_bytes(), b"x", format!("é{n}").as_bytes()]);
    }
}

/// Everything that a row says, whether it can be added or not.
fn values(text: &[u8], options: &ReadOptions) -> Vec<(String, crate::model::Participant, String)> {
    let mut reader = Reader::open(&source("r", text), options.clone()).expect("a reader");
    let (mut row, mut errors, mut values) = (RosterRow::new(), Vec::new(), Vec::new());
    while reader.read(&mut row, &mut errors, &mut Offline).expect("a row") != Read::End {
        let columns: Vec<&str> = reader.extra_columns().iter().map(|name| &**name).collect();
        values.push((columns.join("\n"), row.participant.clone(), row.extra.clone()));
    }
    values
}

const CELL: &str = "['=+@\t\r\n \"a,;|＝é\u{feff}-]{0,6}|['0-9.E]{0,18}";

proptest! {
    /// Mended (here: read by an app that knows the preset), a rejected file gives the rows of the original, with the
    /// same options: whatever is in the cells and in the header, and whatever stands between them.
    #[test]
    fn a_rejected_file_gives_the_same_values(
        delimiter in prop::sample::select(&b",;\t|"[..]),
        // What reads "guestlist error" is ours; a header that begins with a mark is read without it.
        own in "['=\t \"a,;|é]{0,4}|error|'{0,2}0[0-9]{1,3}",
        cells in prop::collection::vec(("[a-z]{1,4}|'?0[0-9]{1,3}|[0-9]{16}", CELL, CELL, CELL), 1..6),
        style in prop::sample::select(&[RejectedStyle::AsRead, RejectedStyle::Excel][..]),
    ) {
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        writer.write_record(["id", "preset", "note", "name", &own]).expect("written");
        for (id, note, name, of_own) in &cells {
            writer.write_record([id, "x", note, name, of_own]).expect("written");
        }
        let original = writer.into_inner().expect("bytes");
        let with = |delimiter| ReadOptions { delimiter: Some(delimiter), ..options() };
        let outcome = read_with(&original, with(delimiter)).expect("a roster");
        prop_assert_eq!(outcome.rejected.len(), cells.len());
        let mut writer = RejectedWriter::new(Cursor::new(Vec::new()), style);
        writer.begin(&outcome.decisions.expect("decisions")).expect("written");
        for row in &outcome.rejected {
            writer.write(&row.record, &row.errors).expect("written");
        }
        let mended = writer.finish().expect("written").expect("the output").into_inner();
        let again = if style == RejectedStyle::Excel { b';' } else { delimiter };
        prop_assert_eq!(values(&mended, &with(again)), values(&original, &with(delimiter)));
    }

    /// Nothing has to be said about the delimiter: it is found again.
    #[test]
    fn the_delimiter_of_a_rejected_file_is_found(
        delimiter in prop::sample::select(&b",;\t|"[..]),
        notes in prop::collection::vec("['=\n \"a,;|\té]{0,9}", 1..6),
        style in prop::sample::select(&[RejectedStyle::AsRead, RejectedStyle::Excel][..]),
    ) {
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        writer.write_record(["id", "preset", "note"]).expect("written");
        for note in &notes {
            writer.write_record(["1", "x", note]).expect("written");
        }
        let original = writer.into_inner().expect("bytes");
        let mended = rejected_as(style, &[&original]).expect("written");
        prop_assert_eq!(values(&mended, &options()), values(&original, &options()));
    }

    /// JSON Lines are kept to the digit, and every key with them.
    #[test]
    fn rejected_objects_give_the_same_values(notes in prop::collection::vec("\\PC{0,8}|[\n\t\"]{0,3}", 1..6)) {
        let object = |note: &String| format!("{{\"id\":\"1\",\"preset\":\"x\",\"n\":1.50,\"error\":{}}}\n", serde_json::Value::from(note.as_str()));
        let original: String = notes.iter().map(object).collect();
        let mended = rejected(&[original.as_bytes()]).expect("written");
        prop_assert_eq!(values(&mended, &options()), values(original.as_bytes(), &options()));
    }
}
