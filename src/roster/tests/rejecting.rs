//! A rejected file is a roster again once it is mended.

use super::*;
use proptest::prelude::*;

fn rejected(texts: &[&[u8]]) -> Result<Vec<u8>, RejectedError> {
    let mut writer = RejectedWriter::new(Vec::new());
    for text in texts {
        let outcome = read_with(text, options()).expect("a roster");
        writer.begin(&outcome.decisions.expect("decisions"))?;
        for row in &outcome.rejected {
            writer.write(&row.record, &row.errors)?;
        }
    }
    Ok(writer.finish()?.expect("the output"))
}

fn text_of(texts: &[&[u8]]) -> String {
    String::from_utf8(rejected(texts).expect("written")).expect("text")
}

#[test]
fn the_input_is_kept_and_the_reason_added() {
    let text = "id;name;preset;note\n1;Ann;host;fine\n2;\"B; b\";x;=1+1\n";
    insta::assert_snapshot!(text_of(&[text.as_bytes()]), @r#"
    id;name;preset;note;error
    2;"B; b";x;'=1+1;"r.csv:3: preset ""x"": no such preset; use a preset of the app"
    "#);
}

#[test]
fn an_earlier_reason_is_replaced() {
    let once = text_of(&[b"id,preset,error,note\n1,x,old,n\n"]);
    assert!(once.starts_with("id,preset,note,error\n1,x,n,"), "{once}");
    let twice = text_of(&[once.as_bytes()]);
    assert_eq!(twice.lines().next(), Some("id,preset,note,error"));
    assert!(!twice.contains("old"));
    let json = text_of(&[b"{\"id\":1,\"preset\":\"x\",\"error\":\"old\",\"n\":1.50}\n"]);
    assert!(json.starts_with("{\"id\":1,\"preset\":\"x\",\"n\":1.50,\"error\":\"r.csv:1: "), "{json}");
}

#[test]
fn what_cannot_be_a_row_is_kept_all_the_same() {
    let json = text_of(&[b"{\"id\":1}\n{\"id\":\"\xfc\n"]);
    assert!(json.starts_with("{\"input\":\"{\\\"id\\\":\\\"\\\\xfc\",\"error\":\"r.csv:2: "), "{json}");
    let ragged = text_of(&[b"id,name\n1,Ann,Lee\n"]);
    assert!(ragged.starts_with("id,name,error\n1,Ann,") && ragged.ends_with(",Lee\n"), "{ragged}");
    assert_eq!(read(&ragged).problems(), [(2, "ragged-row")], "still");
    let bytes = rejected(&[b"id,name\n1,M\xfcller\n"]).expect("written");
    assert!(bytes.starts_with(b"id,name,error\n1,M\xfcller,"));
}

#[test]
fn rosters_of_the_same_columns_share_a_file_and_others_do_not() {
    assert_eq!(text_of(&[b"id,preset\n1,x\n", b"id,preset\n2,y\n"]).lines().count(), 3);
    for other in ["id,preset,note\n2,y,\n", "{\"id\":1}\n"] {
        let result = rejected(&[b"id,preset\n1,x\n", other.as_bytes()]);
        assert!(matches!(result, Err(RejectedError::OtherColumns(_))));
    }
}

proptest! {
    /// Mended (here: read by an app that knows the preset), a rejected file gives the rows of the original.
    #[test]
    fn a_rejected_file_gives_the_same_values(
        cells in prop::collection::vec(("[a-z]{1,4}", "['=+@\t \"a,;＝\u{feff}-]{0,6}", "['=@\r\n \"a,;é-]{0,6}"), 1..6)
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["id", "preset", "note", "name"]).expect("written");
        for (id, note, name) in &cells {
            writer.write_record([id, "x", note, name]).expect("written");
        }
        let original = writer.into_inner().expect("bytes");
        let values = |text: &[u8]| {
            let mut reader = Reader::open(&source("r", text), ReadOptions { delimiter: Some(b','), ..options() }).expect("a reader");
            let (mut row, mut errors, mut values) = (RosterRow::new(), Vec::new(), Vec::new());
            while reader.read(&mut row, &mut errors, &mut Offline).expect("a row") != Read::End {
                values.push((row.participant.clone(), row.extra.clone()));
            }
            values
        };
        prop_assert_eq!(values(&rejected(&[&original]).expect("written")), values(&original));
    }
}
