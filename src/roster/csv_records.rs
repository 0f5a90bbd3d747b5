//! CSV records one at a time, with the line they begin on and a bound on what one may weigh.
//!
//! It stands on csv-core rather than on csv's reader, because that one grows its record without bound, takes an
//! unclosed quote for the end of the last field, and counts lines only by their LFs from where the last record ended.

use std::io::{self, Read};

use csv_core::ReadRecordResult;

use super::csv_bytes::{LineCounter, QuoteChecker};
use super::options::Caps;

const BUFFER: usize = 128 << 10;

/// Splits bytes into records. A record's fields lie end to end in one buffer that is used again for the next.
pub(super) struct CsvRecords {
    input: Box<dyn Read + Send>,
    buffer: Box<[u8]>,
    unread: std::ops::Range<usize>,
    parser: csv_core::Reader,
    fields: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
    lines: LineCounter,
    quotes: QuoteChecker,
    caps: Caps,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// A record, which begins on this line.
    Record(u64),
    /// A record above the caps; it was skipped.
    TooLarge(u64),
    /// The input ends within the quotes of the record that begins on this line.
    Unclosed(u64),
    /// No more.
    End,
}

/// A record as it was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    /// The fields end to end.
    pub(super) bytes: &'a [u8],
    /// Where each of them ends.
    pub(super) ends: &'a [usize],
}

impl<'a> Fields<'a> {
    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        let (bytes, ends) = (self.bytes, self.ends);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        starts.zip(ends).map(move |(start, end)| &bytes[start..*end])
    }
}

impl CsvRecords {
    pub(super) fn new(input: Box<dyn Read + Send>, delimiter: u8, caps: Caps) -> Self {
        Self {
            input,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            unread: 0..0,
            parser: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            fields: vec![0; 1024.min(one_more(caps.record))],
            ends: vec![0; 64.min(one_more(caps.columns))],
            count: 0,
            lines: LineCounter::default(),
            quotes: QuoteChecker::new(delimiter),
            caps,
        }
    }

    /// The record that [`Next::Record`] announced.
    pub(super) fn fields(&self) -> Fields<'_> {
        let ends = &self.ends[..self.count];
        Fields { bytes: &self.fields[..ends.last().copied().unwrap_or(0)], ends }
    }

    /// Whether in that record something stands between a closing quote and the end of its field. The parser takes it
    /// for part of the field; mostly a quote before it isn't closed, and the record has swallowed others.
    pub(super) fn is_badly_quoted(&self) -> bool {
        self.quotes.is_broken()
    }

    /// The line that was come to.
    pub(super) fn line(&self) -> u64 {
        self.lines.line()
    }

    /// Passes over so many lines without parsing them: what stands before a table need not be CSV.
    pub(super) fn skip_lines(&mut self, lines: u64) -> io::Result<()> {
        while self.lines.line() <= lines && self.fill()? {
            let at = self.unread.start;
            self.lines.pass(&self.buffer[at..=at]);
            self.unread.start += 1;
        }
        Ok(())
    }

    /// Reads the next record.
    pub(super) fn advance(&mut self) -> io::Result<Next> {
        if !self.skip_line_ends()? {
            return Ok(Next::End);
        }
        let line = self.lines.line();
        self.quotes.begin();
        let (mut length, mut count, mut oversized) = (0, 0, false);
        loop {
            let ended = !self.fill()?;
            let (outcome, read, written, closed) = if ended {
                self.parser.read_record(b"\n", &mut self.fields[length..], &mut self.ends[count..])
            } else {
                let unread = &self.buffer[self.unread.clone()];
                self.parser.read_record(unread, &mut self.fields[length..], &mut self.ends[count..])
            };
            if !ended {
                let bytes = &self.buffer[self.unread.start..self.unread.start + read];
                self.lines.pass(bytes);
                self.quotes.pass(bytes);
                self.unread.start += read;
            }
            (length, count) = (length + written, count + closed);
            match outcome {
                ReadRecordResult::Record if oversized => return Ok(Next::TooLarge(line)),
                ReadRecordResult::Record => {
                    self.count = count;
                    return Ok(Next::Record(line));
                }
                // Outside quotes, the line end just given would have ended the record.
                ReadRecordResult::InputEmpty if ended => return Ok(Next::Unclosed(line)),
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if grow(&mut self.fields, one_more(self.caps.record)) => {}
                ReadRecordResult::OutputEndsFull if grow(&mut self.ends, one_more(self.caps.columns)) => {}
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    (length, count, oversized) = (0, 0, true);
                }
                ReadRecordResult::End => return Ok(Next::End),
            }
        }
    }

    /// Goes to the next byte that is no line end; `false` if there is none.
    fn skip_line_ends(&mut self) -> io::Result<bool> {
        loop {
            if !self.fill()? {
                return Ok(false);
            }
            let unread = &self.buffer[self.unread.clone()];
            let blank = unread.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
            self.lines.pass(&unread[..blank]);
            self.unread.start += blank;
            if !self.unread.is_empty() {
                return Ok(true);
            }
        }
    }

    /// Makes sure that there is something unread; `false` at the end.
    fn fill(&mut self) -> io::Result<bool> {
        while self.unread.is_empty() {
            match self.input.read(&mut self.buffer) {
                Ok(0) => return Ok(false),
                Ok(length) => self.unread = 0..length,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    }
}

/// The size of a buffer for so many: csv-core asks for more room as soon as the last place is taken.
fn one_more(cap: usize) -> usize {
    cap.saturating_add(1)
}

/// Doubles a buffer up to a cap; `false` if it is there already.
fn grow<T: Clone + Default>(buffer: &mut Vec<T>, cap: usize) -> bool {
    let larger = (buffer.len() * 2).min(cap);
    let grows = larger > buffer.len();
    if grows {
        buffer.resize(larger, T::default());
    }
    grows
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const CAPS: Caps = Caps {
        field: 50,
        record: 100,
        columns: 10,
        expanded: 1 << 20,
        workbook: crate::roster::WorkbookCaps::DEFAULT,
    };

    /// Gives its bytes in small pieces, as a pipe may.
    struct Pieces(io::Cursor<Vec<u8>>, usize);

    impl Read for Pieces {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = into.len().min(self.1);
            self.0.read(&mut into[..length])
        }
    }

    fn records(text: &[u8], piece: usize) -> Vec<(Next, Vec<String>)> {
        let input = Pieces(io::Cursor::new(text.to_vec()), piece);
        let mut records = CsvRecords::new(Box::new(input), b',', CAPS);
        let mut found = Vec::new();
        loop {
            let next = records.advance().expect("no I/O error");
            let cells = match next {
                Next::Record(_) => {
                    records.fields().iter().map(|f| String::from_utf8_lossy(f).into_owned()).collect()
                }
                _ => Vec::new(),
            };
            found.push((next, cells));
            if matches!(next, Next::End | Next::Unclosed(_)) {
                return found;
            }
        }
    }

    fn starts(text: &str) -> Vec<Next> {
        records(text.as_bytes(), 3).into_iter().map(|(next, _)| next).collect()
    }

    #[rstest]
    #[case::lf("a\nb\nc\n", &[1, 2, 3])]
    #[case::crlf("a\r\nb\r\nc\r\n", &[1, 2, 3])]
    #[case::cr("a\rb\rc", &[1, 2, 3])]
    #[case::mixed("a\r\nb\nc\rd", &[1, 2, 3, 4])]
    #[case::blank_lines("\n\na\r\n\r\n\r\nb\n\nc", &[3, 6, 8])]
    #[case::quoted_lines("a,\"x\ny\"\nb,\"x\r\ny\r\n\"\r\nc", &[1, 3, 6])]
    #[case::no_last_line_end("a\nb", &[1, 2])]
    fn a_record_knows_its_line(#[case] text: &str, #[case] lines: &[u64]) {
        let mut expected: Vec<Next> = lines.iter().copied().map(Next::Record).collect();
        expected.push(Next::End);
        for piece in 1..5 {
            let found: Vec<Next> =
                records(text.as_bytes(), piece).into_iter().map(|(next, _)| next).collect();
            assert_eq!(found, expected);
        }
    }

    #[rstest]
    #[case::lf("a\nb\nc", 1, Next::Record(2))]
    #[case::crlf("a\r\nb\r\nc", 2, Next::Record(3))]
    #[case::cr("a\rb\rc", 1, Next::Record(2))]
    #[case::none("a\nb", 0, Next::Record(1))]
    #[case::blank("\r\n\r\nc", 1, Next::Record(3))]
    #[case::open_quote("say \"x\n\"a\n1,2\n", 2, Next::Record(3))]
    #[case::beyond_the_end("a\nb\n", 5, Next::End)]
    fn lines_are_skipped_unparsed(#[case] text: &str, #[case] lines: u64, #[case] next: Next) {
        for piece in 1..5 {
            let input = Pieces(io::Cursor::new(text.as_bytes().to_vec()), piece);
            let mut records = CsvRecords::new(Box::new(input), b',', CAPS);
            records.skip_lines(lines).expect("no I/O error");
            assert_eq!(records.advance().expect("no I/O error"), next);
        }
    }

    #[rstest]
    #[case::to_the_end("a,b\n1,\"Ann\n2,Bob\n", &[Next::Record(1), Next::Unclosed(2)])]
    #[case::closed_at_the_end("a,b\n1,\"Ann\"", &[Next::Record(1), Next::Record(2), Next::End])]
    #[case::doubled_at_the_end("1,\"Ann\"\"", &[Next::Unclosed(1)])]
    #[case::opened_by_the_last_byte("1\n2,\"", &[Next::Record(1), Next::Unclosed(2)])]
    fn an_unclosed_quote_is_noticed(#[case] text: &str, #[case] expected: &[Next]) {
        assert_eq!(starts(text), expected);
    }

    #[rstest]
    #[case::quoted("a,\"b \"\"c\"\"\",\"\"\n", false)]
    #[case::inches("a,5\" disk,b\"\n", false)]
    #[case::after_a_space("a, \"b\"\n", false)]
    #[case::text_after_it("a,\"b\" c\n", true)]
    #[case::rows_swallowed("1,Ann,\"hi\n2,Bob,yo\n3,Cid,\"x\"\n", true)]
    #[case::many_rows("1,\"Ann\n2,Bob\n3,Cid\n4,\"Dan\"\n", true)]
    fn a_quote_out_of_place_is_noticed(#[case] text: &str, #[case] broken: bool) {
        for piece in 1..8 {
            let input = Pieces(io::Cursor::new(text.as_bytes().to_vec()), piece);
            let mut records = CsvRecords::new(Box::new(input), b',', CAPS);
            assert_eq!(records.advance().expect("no I/O error"), Next::Record(1));
            assert_eq!(records.is_badly_quoted(), broken);
        }
    }

    #[test]
    fn what_is_too_large_is_skipped_and_the_next_record_found() {
        let text = format!("a\n{}\nb\n{}\nc\n", "x".repeat(10_000), ",".repeat(10_000));
        let found = starts(&text);
        assert_eq!(
            found,
            [
                Next::Record(1),
                Next::TooLarge(2),
                Next::Record(3),
                Next::TooLarge(4),
                Next::Record(5),
                Next::End
            ]
        );
    }

    #[test]
    fn the_caps_are_reached_and_not_passed() {
        let line = "x".repeat(100);
        assert_eq!(starts(&line), [Next::Record(1), Next::End]);
        assert_eq!(starts(&format!("{line}x")), [Next::TooLarge(1), Next::End]);
    }

    proptest! {
        #[test]
        fn every_record_knows_its_line_however_lines_end(
            rows in prop::collection::vec(("[a-z]{1,3}|\"[a-z]?(\n|\r\n)[a-z]?\"|", "\n|\r\n|\r"), 0..20),
            piece in 1usize..7,
        ) {
            // An empty row between CR and LF would join them to one line end.
            prop_assume!(rows.windows(2).all(|w| !(w[0].1 == "\r" && w[1].0.is_empty() && w[1].1 == "\n")));
            let (mut text, mut line, mut expected) = (String::new(), 1, Vec::new());
            for (cell, end) in &rows {
                expected.extend((!cell.is_empty()).then_some(Next::Record(line)));
                line += 1 + cell.matches('\n').count() as u64;
                text.extend([cell.as_str(), end.as_str()]);
            }
            expected.push(Next::End);
            let found: Vec<Next> = records(text.as_bytes(), piece).into_iter().map(|(next, _)| next).collect();
            prop_assert_eq!(found, expected);
        }

        /// The csv crate's reader is the model, where it has no limits to show.
        #[test]
        fn it_splits_as_the_csv_crate_does(text in "([a,\"\n\r]|,|\"a\"|\n){0,40}", piece in 1usize..7) {
            let found = records(text.as_bytes(), piece);
            prop_assume!(found.iter().all(|(next, _)| !matches!(next, Next::Unclosed(_) | Next::TooLarge(_))));
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let expected: Vec<Vec<String>> = reader
                .records()
                .map(|record| record.expect("a record").iter().map(str::to_owned).collect())
                .collect();
            let found: Vec<Vec<String>> =
                found.into_iter().filter(|(next, _)| matches!(next, Next::Record(_))).map(|(_, cells)| cells).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
