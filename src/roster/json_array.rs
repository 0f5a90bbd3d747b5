//! A JSON array: its elements one after the other, in memory that doesn't grow with it.
//!
//! Only where an element begins and ends is looked for here; what is in it is parsed as a JSON line is.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use super::csv_bytes::LineCounter;
use super::json_lines::NextValue;

/// Splits the bytes of an array into its elements.
pub(super) struct JsonArray {
    input: BufReader<Box<dyn Read + Send>>,
    element: Vec<u8>,
    lines: LineCounter,
    place: Place,
    cap: usize,
}

/// Where in the array it is.
enum Place {
    Before,
    /// After the bracket that opens it.
    Opened,
    AfterElement,
}

/// What is wrong with an array as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArrayFault {
    /// It begins with something else than a bracket.
    NotOpened,
    /// There is nothing where an element has to be.
    NoElement,
    /// After an element there is neither a comma nor the end.
    NoComma,
    /// The file ends within it.
    CutShort,
    /// Something comes after it.
    TextAfter,
}

impl fmt::Display for ArrayFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NotOpened => "a JSON array has to begin with [; if it is one object a line, use --format jsonl",
            Self::NoElement => "an element of the JSON array is missing here; remove the comma that is too many",
            Self::NoComma => "after an element of the JSON array a comma or ] has to come; check the brackets and quotes before it",
            Self::CutShort => "the JSON array is cut short: neither it nor an element that begins here comes to its end; export it again, or check its brackets and quotes",
            Self::TextAfter => "something comes after the end of the JSON array; remove it, or put it into the array",
        })
    }
}

/// Why there is no next element.
#[derive(Debug)]
pub(super) enum ArrayError {
    Io(io::Error),
    /// A fault, and its line.
    Fault(ArrayFault, u64),
}

impl From<io::Error> for ArrayError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl JsonArray {
    pub(super) fn new(input: Box<dyn Read + Send>, cap: usize) -> Self {
        let input = BufReader::with_capacity(128 << 10, input);
        Self { input, element: Vec::new(), lines: LineCounter::default(), place: Place::Before, cap }
    }

    /// The element that [`NextValue::Value`] announced.
    pub(super) fn element(&self) -> &[u8] {
        &self.element
    }

    /// The line that was come to.
    pub(super) fn line(&self) -> u64 {
        self.lines.line()
    }

    /// Reads the next element.
    pub(super) fn advance(&mut self) -> Result<NextValue, ArrayError> {
        let mut mark = self.mark()?;
        match (&self.place, mark) {
            (Place::Before, Some(b'[')) => {
                self.take(1);
                self.place = Place::Opened;
                mark = self.mark()?;
                if mark == Some(b']') {
                    return self.end();
                }
            }
            (Place::Before, _) => return self.fault(ArrayFault::NotOpened),
            (Place::AfterElement, Some(b']')) => return self.end(),
            (Place::AfterElement, Some(b',')) => {
                self.take(1);
                mark = self.mark()?;
            }
            (Place::AfterElement, Some(_)) => return self.fault(ArrayFault::NoComma),
            (Place::Opened | Place::AfterElement, _) => {}
        }
        match mark {
            None => self.fault(ArrayFault::CutShort),
            Some(b',' | b']' | b'}') => self.fault(ArrayFault::NoElement),
            Some(_) => self.read_element(),
        }
    }

    fn read_element(&mut self) -> Result<NextValue, ArrayError> {
        let line = self.line();
        let (mut extent, mut too_large) = (Extent::default(), false);
        self.element.clear();
        loop {
            let chunk = fill(&mut self.input)?;
            if chunk.is_empty() {
                return Err(ArrayError::Fault(ArrayFault::CutShort, line));
            }
            let (length, ended) = extent.pass(chunk);
            too_large |= length > self.cap - self.element.len();
            if !too_large {
                self.element.extend_from_slice(&chunk[..length]);
            }
            self.take(length);
            if ended {
                self.place = Place::AfterElement;
                return Ok(if too_large { NextValue::TooLarge(line) } else { NextValue::Value(line) });
            }
        }
    }

    /// After the bracket that closes it there may only be blanks.
    fn end(&mut self) -> Result<NextValue, ArrayError> {
        self.take(1);
        match self.mark()? {
            None => Ok(NextValue::End),
            Some(_) => self.fault(ArrayFault::TextAfter),
        }
    }

    fn fault(&self, fault: ArrayFault) -> Result<NextValue, ArrayError> {
        Err(ArrayError::Fault(fault, self.line()))
    }

    /// Goes to the next byte that isn't blank.
    fn mark(&mut self) -> io::Result<Option<u8>> {
        loop {
            let chunk = fill(&mut self.input)?;
            let blank = chunk.iter().take_while(|b| b.is_ascii_whitespace()).count();
            let mark = chunk.get(blank).copied();
            let ended = chunk.is_empty();
            self.take(blank);
            if mark.is_some() || ended {
                return Ok(mark);
            }
        }
    }

    /// Takes bytes of what is buffered.
    fn take(&mut self, length: usize) {
        self.lines.pass(&self.input.buffer()[..length]);
        self.input.consume(length);
    }
}

fn fill(input: &mut impl BufRead) -> io::Result<&[u8]> {
    loop {
        match input.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    input.fill_buf() // what is buffered: a borrow can't leave the loop
}

/// Finds the end of an element.
#[derive(Default)]
struct Extent {
    depth: usize,
    within: Within,
}

#[derive(Default, PartialEq, Eq)]
enum Within {
    /// Nothing yet.
    #[default]
    Start,
    /// An array or an object, but no string in it.
    Brackets,
    String,
    /// A string, after a backslash.
    Escape,
    /// A number or a word.
    Word,
}

impl Extent {
    /// How many bytes belong to the element, and whether it ends with them.
    fn pass(&mut self, chunk: &[u8]) -> (usize, bool) {
        for (at, byte) in chunk.iter().enumerate() {
            if self.within == Within::Word && (byte.is_ascii_whitespace() || b",]}".contains(byte)) {
                return (at, true);
            }
            self.step(*byte);
            if self.within == Within::Brackets && self.depth == 0 {
                return (at + 1, true);
            }
        }
        (chunk.len(), false)
    }

    fn step(&mut self, byte: u8) {
        self.within = match (&self.within, byte) {
            (Within::Start | Within::Brackets, b'"') => Within::String,
            (Within::Start | Within::Brackets, b'{' | b'[') => {
                self.depth += 1;
                Within::Brackets
            }
            (Within::Brackets, b'}' | b']') => {
                self.depth = self.depth.saturating_sub(1);
                Within::Brackets
            }
            (Within::Brackets, _) => Within::Brackets,
            (Within::String, b'\\') => Within::Escape,
            // No string goes over a line end: one that isn't closed spoils its element, not all that follow.
            (Within::String, b'"' | b'\n') => Within::Brackets,
            (Within::String | Within::Escape, _) => Within::String,
            (Within::Start | Within::Word, _) => Within::Word,
        };
    }
}

/// Makes one line of an element that is valid JSON: line ends in it are blanks between its tokens.
pub(super) fn on_one_line(element: &str) -> String {
    element.replace(['\r', '\n'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const CAP: usize = 60;

    /// Gives its bytes in small pieces, as a pipe may.
    struct Pieces(io::Cursor<Vec<u8>>, usize);

    impl Read for Pieces {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = into.len().min(self.1);
            self.0.read(&mut into[..length])
        }
    }

    type Fault = Option<(ArrayFault, u64)>;

    /// The elements with their lines, and how it ended.
    fn elements(text: &str, piece: usize) -> (Vec<(u64, String)>, Fault) {
        let input = Pieces(io::Cursor::new(text.as_bytes().to_vec()), piece);
        let mut array = JsonArray::new(Box::new(input), CAP);
        let mut found = Vec::new();
        loop {
            match array.advance() {
                Ok(NextValue::Value(line)) => {
                    found.push((line, String::from_utf8_lossy(array.element()).into_owned()));
                }
                Ok(NextValue::TooLarge(line)) => found.push((line, "too large".to_owned())),
                Ok(NextValue::End) => return (found, None),
                Err(ArrayError::Fault(fault, line)) => return (found, Some((fault, line))),
                Err(ArrayError::Io(error)) => panic!("{error}"),
            }
        }
    }

    #[rstest]
    #[case::none(" [ ]\n", &[])]
    #[case::one_line("[{\"a\":1},{\"a\":2}]", &[(1, "{\"a\":1}"), (1, "{\"a\":2}")])]
    #[case::many_lines("[\r\n  {\r\n\"a\": 1\r\n  },\r\n  {}\r\n]\r\n", &[(2, "{\r\n\"a\": 1\r\n  }"), (5, "{}")])]
    #[case::bare_cr("[\r{}\r,{}\r]", &[(2, "{}"), (3, "{}")])]
    #[case::brackets_in_strings("[{\"a\":\"}]\\\"{\"},{}]", &[(1, "{\"a\":\"}]\\\"{\"}"), (1, "{}")])]
    #[case::nested("[{\"a\":[{\"b\":[]}]},{}]", &[(1, "{\"a\":[{\"b\":[]}]}"), (1, "{}")])]
    #[case::no_objects("[1, \"a]\" ,null,[2],-1.5e3]", &[(1, "1"), (1, "\"a]\""), (1, "null"), (1, "[2]"), (1, "-1.5e3")])]
    #[case::unclosed_string("[{\"a\":\"x\n},\n{\"a\":2}]", &[(1, "{\"a\":\"x\n}"), (3, "{\"a\":2}")])]
    fn elements_come_with_the_line_they_begin_on(#[case] text: &str, #[case] expected: &[(u64, &str)]) {
        for piece in [1, 2, 3, 1000] {
            let (found, fault) = elements(text, piece);
            let found: Vec<(u64, &str)> = found.iter().map(|(line, text)| (*line, &**text)).collect();
            assert_eq!((&*found, fault), (expected, None));
        }
    }

    #[rstest]
    #[case::no_array("\n{}", 0, ArrayFault::NotOpened, 2)]
    #[case::nothing("", 0, ArrayFault::NotOpened, 1)]
    #[case::only_opened("[\n", 0, ArrayFault::CutShort, 2)]
    #[case::within_an_element("[{},\n{\"a\":\n[1,", 1, ArrayFault::CutShort, 2)]
    #[case::within_a_string("[{},\n{\"a\":\"x", 1, ArrayFault::CutShort, 2)]
    #[case::within_a_word("[1,\n2", 1, ArrayFault::CutShort, 2)]
    #[case::after_an_element("[{},\n{}\n", 2, ArrayFault::CutShort, 3)]
    #[case::after_a_comma("[{},\n", 1, ArrayFault::CutShort, 2)]
    #[case::no_comma("[{}\n{}]", 1, ArrayFault::NoComma, 2)]
    #[case::comma_too_many("[{},\n]", 1, ArrayFault::NoElement, 2)]
    #[case::comma_first("[\n,{}]", 0, ArrayFault::NoElement, 2)]
    #[case::other_bracket("[1}]", 1, ArrayFault::NoComma, 1)]
    #[case::text_after("[{}]\n\nx", 1, ArrayFault::TextAfter, 3)]
    #[case::another_array("[{}]\n[{}]", 1, ArrayFault::TextAfter, 2)]
    fn a_fault_has_its_line(
        #[case] text: &str,
        #[case] before: usize,
        #[case] fault: ArrayFault,
        #[case] line: u64,
    ) {
        for piece in [1, 2, 3, 1000] {
            let (found, found_fault) = elements(text, piece);
            assert_eq!((found.len(), found_fault), (before, Some((fault, line))));
        }
    }

    #[test]
    fn an_element_above_the_cap_is_skipped() {
        let of = |length: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8));
        let (found, fault) = elements(&format!("[{},\n{},\n{{}}]", of(CAP), of(CAP + 1)), 7);
        let lines: Vec<(u64, bool)> = found.iter().map(|(line, text)| (*line, text == "too large")).collect();
        assert_eq!((lines, fault), (vec![(1, false), (2, true), (3, false)], None));
    }

    #[test]
    fn depth_takes_no_memory() {
        let deep = format!("[{}{}]", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(elements(&deep, 1000), (vec![(1, "too large".to_owned())], None));
    }

    proptest! {
        /// serde_json is the model.
        #[test]
        fn it_splits_as_serde_does(
            values in prop::collection::vec("[0-9]|\"[a-z,\\[\\]{}]{0,4}\"|\\{\"a\":(1|\"\\}\\]\"|\\[1,\\[2\\]\\])\\}|\\[\\]", 0..6),
            blank in "[ \n]{0,2}",
            piece in 1usize..9,
        ) {
            let text = format!("[{blank}{}{blank}]{blank}", values.join(&format!("{blank},{blank}")));
            let model: Vec<Box<serde_json::value::RawValue>> = serde_json::from_str(&text).expect("JSON");
            let (found, fault) = elements(&text, piece);
            prop_assert_eq!(fault, None);
            let found: Vec<&str> = found.iter().map(|(_, text)| &**text).collect();
            prop_assert_eq!(found, model.iter().map(|value| value.get()).collect::<Vec<_>>());
        }
    }
}
