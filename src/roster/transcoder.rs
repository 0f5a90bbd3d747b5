//! Bytes of a known encoding to UTF-8, without replacement.

use std::fmt::Write;
use std::io::{self, Read};
use std::ops::Range;

use encoding_rs::{Decoder, DecoderResult, Encoding};

use super::input::Unreadable;
use super::stray::Stray;

/// Bytes that are nothing in their encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Undecodable {
    pub(super) encoding: &'static str,
    /// Them, as `0xD8 0x3D`.
    pub(super) bytes: String,
    /// Where the first of them is in the text, from 1.
    pub(super) place: u64,
}

/// How many bytes of the last stretch stay before the next one: more than a broken character has.
const KEPT: usize = 8;

/// Decodes stretch by stretch.
pub(super) struct Transcoder {
    encoding: &'static Encoding,
    decoder: Decoder,
    /// What was read: [`KEPT`] bytes of the last stretch, then this one.
    raw: Vec<u8>,
    undecoded: Range<usize>,
    /// Bytes before `raw`.
    offset: u64,
    text: Vec<u8>,
    ready: Range<usize>,
    /// What comes after the ready text.
    end: End,
    /// What speaks against the encoding, if it is guessed.
    stray: Option<Stray>,
}

enum End {
    /// More text, perhaps.
    More,
    /// Nothing more to read; what was read may go on.
    OfInput,
    /// Nothing.
    OfText,
    Broken(Unreadable),
}

impl Transcoder {
    /// Decodes what comes after so many bytes.
    pub(super) fn new(encoding: &'static Encoding, offset: u64, stray: Option<Stray>) -> Self {
        Self {
            encoding,
            decoder: encoding.new_decoder_without_bom_handling(),
            raw: Vec::new(),
            undecoded: 0..0,
            offset,
            text: vec![0; 128 << 10],
            ready: 0..0,
            end: End::More,
            stray,
        }
    }

    pub(super) fn read(&mut self, input: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() {
            match &self.end {
                End::OfText => return Ok(0),
                End::Broken(why) => return Err(why.clone().into()),
                End::More if self.undecoded.is_empty() => self.fill(input)?,
                End::More | End::OfInput => self.decode(),
            }
        }
        let length = self.ready.len().min(into.len());
        into[..length].copy_from_slice(&self.text[self.ready.start..self.ready.start + length]);
        self.ready.start += length;
        Ok(length)
    }

    fn fill(&mut self, input: &mut impl Read) -> io::Result<()> {
        let old = self.raw.len().saturating_sub(KEPT);
        self.raw.drain(..old);
        self.offset += old as u64;
        let kept = self.raw.len();
        input.by_ref().take(64 << 10).read_to_end(&mut self.raw)?;
        self.undecoded = kept..self.raw.len();
        let stray = self.stray.as_mut();
        if let Some(why) = stray.and_then(|stray| stray.look(&self.raw[kept..])) {
            self.end = End::Broken(why);
        } else if self.undecoded.is_empty() {
            self.end = End::OfInput;
        }
        Ok(())
    }

    fn decode(&mut self) {
        let last = matches!(self.end, End::OfInput);
        let start = self.undecoded.start;
        let raw = &self.raw[self.undecoded.clone()];
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(raw, &mut self.text, last);
        self.undecoded.start += read;
        self.ready = 0..written;
        match result {
            DecoderResult::InputEmpty if last => self.end = End::OfText,
            DecoderResult::InputEmpty | DecoderResult::OutputFull => {}
            DecoderResult::Malformed(length, after) => {
                let to = self.undecoded.start.saturating_sub(usize::from(after));
                self.break_off(to.saturating_sub(usize::from(length))..to);
            }
        }
        if self.encoding.is_single_byte()
            && let Some(at) = control(&self.text[..written])
        {
            self.ready = 0..at;
            let characters = self.text[..at].iter().filter(|b| !matches!(b, 0x80..0xc0)).count();
            self.break_off(start + characters..start + characters + 1);
        }
    }

    fn break_off(&mut self, at: Range<usize>) {
        let mut bytes = String::new();
        for byte in self.raw.get(at.clone()).unwrap_or_default() {
            let space = if bytes.is_empty() { "" } else { " " };
            let _ = write!(bytes, "{space}0x{byte:02X}"); // a String takes everything
        }
        let place = self.offset + at.start as u64 + 1;
        let encoding = self.encoding.name();
        self.end = End::Broken(Unreadable::Undecodable(Undecodable { encoding, bytes, place }));
    }
}

/// The first control character from U+0080 to U+009F. The standard has them where an encoding of one byte a character
/// has nothing; no text does.
fn control(text: &[u8]) -> Option<usize> {
    if !text.contains(&0xc2) {
        return None;
    }
    text.windows(2).position(|pair| pair[0] == 0xc2 && (0x80..0xa0).contains(&pair[1]))
}
