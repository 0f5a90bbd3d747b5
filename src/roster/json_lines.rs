//! JSON Lines: one object a line, its values kept as they are written.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::row_error::RowErrorCode;

/// Levels of nesting that are read: below serde_json's own 128, so that what we keep can be read again.
const MAX_DEPTH: usize = 100;

/// Splits bytes into lines that aren't blank.
pub(super) struct JsonLines {
    input: BufReader<Box<dyn Read + Send>>,
    line: Vec<u8>,
    number: u64,
    cap: usize,
}

/// What comes next: a line that isn't blank, or an element of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextValue {
    /// One, and the line that it begins on.
    Value(u64),
    /// One above the cap; it was skipped.
    TooLarge(u64),
    /// No more.
    End,
}

impl JsonLines {
    pub(super) fn new(input: Box<dyn Read + Send>, cap: usize) -> Self {
        Self { input: BufReader::with_capacity(128 << 10, input), line: Vec::new(), number: 0, cap }
    }

    /// The line that [`NextValue::Line`] announced, without its end.
    pub(super) fn line(&self) -> &[u8] {
        self.line.trim_ascii()
    }

    /// The number of the line that was come to.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Reads the next line that isn't blank.
    pub(super) fn advance(&mut self) -> io::Result<NextValue> {
        loop {
            self.line.clear();
            self.number += 1;
            let most = self.cap as u64 + 2; // and its line end
            let length = self.input.by_ref().take(most).read_until(b'\n', &mut self.line)?;
            if length == 0 {
                return Ok(NextValue::End);
            }
            // Blanks may make it look short: without its end it is too large all the same.
            if self.line.len() > self.cap && (!self.is_ended() || self.line().len() > self.cap) {
                self.skip_line()?;
                return Ok(NextValue::TooLarge(self.number));
            }
            if !self.line().is_empty() {
                return Ok(NextValue::Value(self.number));
            }
        }
    }

    fn is_ended(&self) -> bool {
        self.line.last() == Some(&b'\n')
    }

    fn skip_line(&mut self) -> io::Result<()> {
        if !self.is_ended() {
            self.input.skip_until(b'\n')?;
        }
        Ok(())
    }
}

/// An object's members in the order they were written, with the text of each value.
pub(super) struct Object<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

/// Reads a line as an object.
pub(super) fn parse(line: &str) -> Result<Object<'_>, (RowErrorCode, Option<String>)> {
    parse_from(1, line)
}

/// Reads text that begins on this line as an object.
pub(super) fn parse_from(line: u64, text: &str) -> Result<Object<'_>, (RowErrorCode, Option<String>)> {
    if is_too_deep(text) {
        return Err((RowErrorCode::JsonTooDeep, None));
    }
    serde_json::from_str::<Object<'_>>(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data if !text.starts_with('{') => (RowErrorCode::JsonNotObject, None),
        _ => (RowErrorCode::BadJson, Some(place(line, &error))),
    })
}

fn place(line: u64, error: &serde_json::Error) -> String {
    match error.line() {
        0 | 1 => format!("mend it at byte {} of the line", error.column()),
        further => format!("mend it in line {}, at byte {}", line + further as u64 - 1, error.column()),
    }
}

/// Whether brackets are nested above [`MAX_DEPTH`]. serde_json checks a raw value without recursion and so without
/// a limit; who reads it later may not.
fn is_too_deep(line: &str) -> bool {
    if line.bytes().filter(|b| matches!(b, b'{' | b'[')).count() <= MAX_DEPTH {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for b in line.bytes() {
        match b {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// The text that a value stands for in a field: a string's content, nothing for `null`, and where `numbers` may be
/// given, a whole number's digits.
pub(super) fn text_of(value: &RawValue, numbers: bool, into: &mut String) -> Result<(), RowErrorCode> {
    into.clear();
    let raw = value.get();
    match raw.as_bytes() {
        b"null" => Ok(()),
        [b'"', ..] => match serde_json::from_str::<Text<'_>>(raw) {
            Ok(text) => {
                into.push_str(&text.0);
                Ok(())
            }
            Err(_) => Err(RowErrorCode::BadJson), // a lone surrogate
        },
        digits if numbers && digits.iter().all(u8::is_ascii_digit) => {
            into.push_str(raw);
            Ok(())
        }
        [b'0'..=b'9', ..] if numbers && raw.contains(['e', 'E']) => Err(RowErrorCode::IdRounded),
        _ => Err(RowErrorCode::JsonWrongType),
    }
}

/// A string, borrowed where it holds no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;
        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    members.push((key.0, value));
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(ObjectVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn lines(text: &str, cap: usize) -> Vec<(NextValue, String)> {
        let mut lines = JsonLines::new(Box::new(io::Cursor::new(text.to_owned().into_bytes())), cap);
        let mut found = Vec::new();
        loop {
            let next = lines.advance().expect("no I/O error");
            if next == NextValue::End {
                return found;
            }
            found.push((next, String::from_utf8_lossy(lines.line()).into_owned()));
        }
    }

    #[test]
    fn lines_are_numbered_and_blank_ones_skipped() {
        let found = lines("{}\r\n\n  \n[1]\n{\"a\":1}", 100);
        let found: Vec<(NextValue, &str)> = found.iter().map(|(next, text)| (*next, text.as_str())).collect();
        assert_eq!(
            found,
            [(NextValue::Value(1), "{}"), (NextValue::Value(4), "[1]"), (NextValue::Value(5), "{\"a\":1}")]
        );
    }

    #[rstest]
    #[case::over(11, true)]
    #[case::at(10, false)]
    fn a_line_above_the_cap_is_skipped(#[case] length: usize, #[case] over: bool) {
        for end in ["\n", "\r\n"] {
            let found = lines(&format!("{}{end}b{end}", "x".repeat(length)), 10);
            let first = if over { NextValue::TooLarge(1) } else { NextValue::Value(1) };
            assert_eq!((found[0].0, found[1].0, found[1].1.as_str()), (first, NextValue::Value(2), "b"));
        }
        assert_eq!(lines(&"x".repeat(100_000), 10)[0].0, NextValue::TooLarge(1));
    }

    /// Found by fuzzing: the blank at which it was cut made it look short, and its rest was taken for another line.
    #[test]
    fn a_line_above_the_cap_is_one_line_wherever_its_blanks_are() {
        let found = lines(&format!(" {{}}{}{{}}\nb\n", " ".repeat(20)), 10);
        assert_eq!((found[0].0, found[1].0, found.len()), (NextValue::TooLarge(1), NextValue::Value(2), 2));
    }

    fn refused(line: &str) -> Option<RowErrorCode> {
        parse(line).err().map(|(code, _)| code)
    }

    #[rstest]
    #[case("[1]", RowErrorCode::JsonNotObject)]
    #[case("1", RowErrorCode::JsonNotObject)]
    #[case("\"{}\"", RowErrorCode::JsonNotObject)]
    #[case("{\"a\":1", RowErrorCode::BadJson)]
    #[case("{} {}", RowErrorCode::BadJson)]
    #[case("{'a':1}", RowErrorCode::BadJson)]
    #[case("id,name", RowErrorCode::BadJson)]
    fn what_is_no_object_is_refused(#[case] line: &str, #[case] code: RowErrorCode) {
        assert_eq!(refused(line), Some(code));
    }

    #[test]
    fn depth_is_bounded_whatever_is_opened() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert_eq!(refused(&nested(MAX_DEPTH)), None);
        assert_eq!(refused(&nested(MAX_DEPTH + 1)), Some(RowErrorCode::JsonTooDeep));
        assert_eq!(refused(&"{\"a\":".repeat(100_000)), Some(RowErrorCode::JsonTooDeep));
        assert_eq!(refused(&format!("{{\"a\":\"\\\"{}\"}}", "[".repeat(1000))), None, "in a string");
    }

    #[rstest]
    #[case("\"Ann \\u00e4\"", true, Ok("Ann ä"))]
    #[case("null", false, Ok(""))]
    #[case("123456789012345678901234567890", true, Ok("123456789012345678901234567890"))]
    #[case("1.5", true, Err(RowErrorCode::JsonWrongType))]
    #[case("-1", true, Err(RowErrorCode::JsonWrongType))]
    #[case("1.2e17", true, Err(RowErrorCode::IdRounded))]
    #[case("1e999", true, Err(RowErrorCode::IdRounded))]
    #[case("7", false, Err(RowErrorCode::JsonWrongType))]
    #[case("true", true, Err(RowErrorCode::JsonWrongType))]
    #[case("[\"a\"]", true, Err(RowErrorCode::JsonWrongType))]
    #[case("\"\\ud800\"", true, Err(RowErrorCode::BadJson))]
    fn a_value_is_text_or_refused(
        #[case] raw: &str,
        #[case] numbers: bool,
        #[case] text: Result<&str, RowErrorCode>,
    ) {
        let value = RawValue::from_string(raw.to_owned()).expect("JSON");
        let mut into = "before".to_owned();
        assert_eq!(text_of(&value, numbers, &mut into).map(|()| into.as_str()), text);
    }
}
