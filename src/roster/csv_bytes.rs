//! What is seen of CSV bytes as they pass by, before they are parsed: the line, and quotes that are out of place.

use memchr::{memchr, memchr_iter};

/// Counts lines that end in LF, CRLF or CR, whichever way they are mixed.
#[derive(Debug)]
pub(super) struct LineCounter {
    line: u64,
    after_cr: bool,
}

impl Default for LineCounter {
    fn default() -> Self {
        Self { line: 1, after_cr: false }
    }
}

impl LineCounter {
    /// The line of the next byte, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Goes on over these bytes.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        self.line += memchr_iter(b'\n', bytes).count() as u64;
        if self.after_cr && bytes[0] == b'\n' {
            self.line -= 1;
        }
        let ended_by_cr = |at: &usize| bytes.get(at + 1) != Some(&b'\n');
        self.line += memchr_iter(b'\r', bytes).filter(ended_by_cr).count() as u64;
        self.after_cr = *last == b'\r';
    }
}

/// Looks whether quotes are where RFC 4180 has them.
#[derive(Debug)]
pub(super) struct QuoteChecker {
    delimiter: u8,
    state: Quoting,
    broken: bool,
}

/// Where in a field a byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoting {
    /// Before it.
    Start,
    /// In one without quotes.
    Bare,
    /// Within the quotes.
    Within,
    /// After a quote that closes the field, or is the first of two.
    Closing,
}

impl QuoteChecker {
    pub(super) fn new(delimiter: u8) -> Self {
        Self { delimiter, state: Quoting::Start, broken: false }
    }

    /// Whether a quote of this record is out of place.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Begins a record.
    pub(super) fn begin(&mut self) {
        (self.state, self.broken) = (Quoting::Start, false);
    }

    /// Goes on over these bytes of the record.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        let outside = matches!(self.state, Quoting::Start | Quoting::Bare);
        match bytes.last() {
            None => {}
            Some(last) if outside && memchr(b'"', bytes).is_none() => {
                self.state = if *last == self.delimiter { Quoting::Start } else { Quoting::Bare };
            }
            Some(_) => bytes.iter().for_each(|b| self.step(*b)),
        }
    }

    fn step(&mut self, byte: u8) {
        let ends_field = byte == self.delimiter || matches!(byte, b'\r' | b'\n');
        self.state = match self.state {
            Quoting::Within if byte == b'"' => Quoting::Closing,
            Quoting::Within => Quoting::Within,
            Quoting::Start | Quoting::Closing if byte == b'"' => Quoting::Within,
            Quoting::Start | Quoting::Bare | Quoting::Closing if ends_field => Quoting::Start,
            Quoting::Start | Quoting::Bare => Quoting::Bare,
            Quoting::Closing => {
                self.broken = true;
                Quoting::Bare
            }
        };
    }
}
