//! One JSON object a line, for programs. Fields are only ever added; a change of meaning raises [`VERSION`].

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};
use serde_json::{Map, Value};

use super::Line;

const VERSION: u8 = 1;

/// Writes a line.
pub(super) fn write(into: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    #[derive(Serialize)]
    struct Versioned<'a> {
        #[serde(flatten)]
        line: &'a Line<'a>,
        version: u8,
    }
    let versioned = Versioned { line, version: VERSION };
    versioned.serialize(&mut Serializer::with_formatter(&mut *into, Ascii(CompactFormatter)))?;
    into.write_all(b"\n")
}

/// A line of a log: with the time, and without what names a guest.
pub(super) fn logged(line: &Line<'_>, now: Timestamp) -> Vec<u8> {
    #[derive(Serialize)]
    struct Logged {
        at: String,
        #[serde(flatten)]
        line: Map<String, Value>,
        version: u8,
    }
    // A line is an object of texts and numbers: it always has this form.
    let Ok(Value::Object(mut fields)) = serde_json::to_value(line) else { return Vec::new() };
    line.withheld().iter().for_each(|field| drop(fields.remove(*field)));
    let logged = Logged { at: format!("{now:.3}"), line: fields, version: VERSION };
    let mut written = Vec::new();
    let serializer = &mut Serializer::with_formatter(&mut written, Ascii(CompactFormatter));
    if logged.serialize(serializer).is_ok() {
        written.push(b'\n');
    }
    written
}

/// Nothing but printable ASCII, so that no name in a roster reaches a terminal as a control sequence; what is read
/// back is exact.
struct Ascii(CompactFormatter);

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        for chunk in text.split_inclusive(|c: char| !matches!(c, ' '..='~')) {
            let (plain, special) = match chunk.char_indices().next_back() {
                Some((at, c)) if !matches!(c, ' '..='~') => (&chunk[..at], Some(c)),
                _ => (chunk, None),
            };
            writer.write_all(plain.as_bytes())?;
            for unit in special.into_iter().flat_map(|c| c.encode_utf16(&mut [0; 2]).to_vec()) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        self.0.write_char_escape(writer, escape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(line: &Line<'_>) -> String {
        let mut written = Vec::new();
        write(&mut written, line).unwrap();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn a_line_has_a_type_and_a_version() {
        let line = Line::Error { message: "caf\u{e9} \u{1f600} \u{202e}\u{9b}\"\n", exit_code: 2 };
        insta::assert_snapshot!(written(&line), @r#"
        {"type":"error","message":"caf\u00e9 \ud83d\ude00 \u202e\u009b\"\n","exit_code":2,"version":1}
        "#);
    }

    #[test]
    fn a_line_of_a_log_has_the_time_and_names_nobody() {
        let line = Line::Problem {
            file: "list.csv",
            line: 3,
            meeting_id: "m".into(),
            custom_participant_id: "guest-1",
            state: "rejected",
            detail: "name: Ann Example",
            twin: None,
        };
        let logged = logged(&line, Timestamp::from_second(1_800_000_000).unwrap());
        insta::assert_snapshot!(String::from_utf8(logged).unwrap(), @r#"
        {"at":"2027-01-15T08:00:00.000Z","custom_participant_id":"guest-1","file":"list.csv","line":3,"meeting_id":"m","state":"rejected","type":"problem","version":1}
        "#);
    }

    proptest! {
        #[test]
        fn a_line_is_plain_ascii_and_read_back_exactly(message in any::<String>()) {
            let line = written(&Line::Error { message: &message, exit_code: 1 });
            prop_assert!(line.trim_end_matches('\n').bytes().all(|byte| matches!(byte, b' '..=b'~')));
            let read: serde_json::Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(read["message"].as_str(), Some(message.as_str()));
        }
    }
}
