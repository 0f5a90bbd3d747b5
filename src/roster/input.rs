//! From a file's bytes to UTF-8 text in a known format: compression, signatures of foreign formats, encoding.

use std::io::{self, Read};
use std::sync::Arc;

use encoding_rs::UTF_8;

use crate::model::Location;

use super::compression::SIGNATURE;
use super::csv_bytes::LineCounter;
use super::decisions::Compression;
use super::decoded::{Decoded, Told};
use super::encoding::Opening;
use super::error::RosterError;
use super::foreign::Foreign;
use super::options::ReadOptions;
use super::source::RosterSource;
use super::transcoder::Undecodable;

/// How much of the beginning the format is told from.
const SAMPLE: usize = 64 << 10;

/// Text, and the beginning of it.
pub(super) struct Input {
    pub(super) compression: Compression,
    pub(super) encoding: Told,
    /// The beginning, or all of it.
    pub(super) sample: Vec<u8>,
    /// Whether the sample is all of it.
    pub(super) whole: bool,
    /// What comes after the sample.
    pub(super) rest: Box<dyn Read + Send>,
}

impl Input {
    /// Opens a source.
    pub(super) fn open(source: &RosterSource, options: &ReadOptions) -> Result<Self, RosterError> {
        let file = source.name();
        let failed = |error| read_error(file, options, 1, error);
        let mut raw: Box<dyn Read + Send> = Box::new(source.bytes());
        let start = beginning(&mut raw, SIGNATURE).map_err(|(_, error)| failed(error))?;
        let compression = Compression::of(&start);
        raw = Box::new(io::Cursor::new(start).chain(raw));
        raw = compression.expand(raw, options.caps.expanded);
        let start = beginning(&mut raw, SAMPLE).map_err(|(_, error)| failed(error))?;
        if let Some(found) = Foreign::of_bytes(&start, compression) {
            return Err(foreign(file, found));
        }
        let mut text = decode(start, raw, options, file)?;
        let encoding = text.told();
        let sample = beginning(&mut text, SAMPLE).map_err(|(start, error)| {
            let mut lines = LineCounter::default();
            lines.pass(&start);
            read_error(file, options, lines.line(), error)
        })?;
        let whole = sample.len() < SAMPLE;
        if whole && sample.iter().all(u8::is_ascii_whitespace) {
            return Err(RosterError::Empty(Arc::clone(file)));
        }
        if let Some(found) = Foreign::of_text(&sample).filter(|_| options.format.is_none()) {
            return Err(foreign(file, found));
        }
        Ok(Self { compression, encoding, sample, whole, rest: Box::new(text) })
    }
}

/// What comes first, or what came before the error.
fn beginning(input: &mut impl Read, length: usize) -> Result<Vec<u8>, (Vec<u8>, io::Error)> {
    let mut start = Vec::with_capacity(length);
    match input.by_ref().take(length as u64).read_to_end(&mut start) {
        Ok(_) => Ok(start),
        Err(error) => Err((start, error)),
    }
}

fn decode(
    mut start: Vec<u8>,
    rest: Box<dyn Read + Send>,
    options: &ReadOptions,
    file: &Arc<str>,
) -> Result<Decoded, RosterError> {
    let opening = Opening::of(&start, options.encoding);
    if let Opening::Known(_, _, mark) = &opening {
        start.drain(..*mark);
    }
    let has_zeros = start.contains(&0);
    let joined = Box::new(io::Cursor::new(start).chain(rest));
    match (opening, options.encoding) {
        (Opening::Contradicted(found), Some(given)) => {
            let (file, found) = (Arc::clone(file), found.name());
            Err(RosterError::EncodingContradicted { file, given, found })
        }
        (Opening::Known(told, encoding, mark), _) if !has_zeros || told.name.starts_with("UTF-16") => {
            Ok(Decoded::known(joined, encoding, told, mark))
        }
        _ if has_zeros => Err(foreign(file, Foreign::BINARY)),
        _ => Ok(Decoded::open(joined)),
    }
}

fn foreign(file: &Arc<str>, Foreign { what, way_out }: Foreign) -> RosterError {
    RosterError::Foreign { file: Arc::clone(file), what, way_out }
}

/// Why bytes can't be read on, as the reader that notices it says it: an [`io::Error`] carries it to where the file
/// and the line are known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("damaged {0:?} data")]
    Damaged(Compression),
    #[error("zstd with a large window or a dictionary")]
    UncommonZstd,
    #[error("too much")]
    TooLarge,
    #[error("{0:?}")]
    Undecodable(Undecodable),
    /// A byte so many lines before, in what is UTF-8 otherwise.
    #[error("0x{byte:02X} at {place}, {lines} lines before")]
    Stray { byte: u8, place: u64, lines: u64 },
    #[error("no encoding fits {0}")]
    UntoldEncoding(String),
}

impl From<Unreadable> for io::Error {
    fn from(why: Unreadable) -> Self {
        Self::other(why)
    }
}

/// What an error of reading means; `line` is the one that could not be read.
pub(super) fn read_error(
    file: &Arc<str>,
    options: &ReadOptions,
    line: u64,
    source: io::Error,
) -> RosterError {
    let file = Arc::clone(file);
    let at = |file| Location { file, line };
    match source.get_ref().and_then(|inner| inner.downcast_ref::<Unreadable>()).cloned() {
        None => RosterError::Io { file, source },
        Some(Unreadable::Damaged(compression)) => RosterError::Damaged { file, compression },
        Some(Unreadable::UncommonZstd) => RosterError::UncommonZstd(file),
        Some(Unreadable::TooLarge) => RosterError::TooLarge { file, cap: options.caps.expanded },
        Some(Unreadable::Undecodable(Undecodable { encoding, bytes, place })) => {
            RosterError::Undecodable { location: at(file), encoding, bytes, place }
        }
        Some(Unreadable::Stray { byte, place, lines }) => RosterError::Undecodable {
            location: Location { file, line: line.saturating_sub(lines) },
            encoding: UTF_8.name(),
            bytes: format!("0x{byte:02X}"),
            place,
        },
        Some(Unreadable::UntoldEncoding(word)) => RosterError::UntoldEncoding { location: at(file), word },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::Caps;
    use crate::roster::tests::{gzip, zstd};
    use rstest::rstest;

    fn open(bytes: &[u8]) -> Result<Vec<u8>, RosterError> {
        let (source, options) = (RosterSource::spool("r", bytes, Caps::default())?, ReadOptions::default());
        let mut input = Input::open(&source, &options)?;
        let failed = |e| read_error(source.name(), &options, 1, e);
        input.rest.read_to_end(&mut input.sample).map_err(failed)?;
        Ok(input.sample)
    }

    #[test]
    fn text_comes_whole_however_it_is_wrapped_and_encoded() {
        let long = "id,name\n1,Ann\n".to_owned() + &"1,Zoë\n".repeat(50_000);
        for text in ["id\n1\n", &long] {
            let utf_16 = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
            let marked = ["\u{feff}", text].concat().into_bytes();
            let (little, big) = (utf_16(u16::to_le_bytes), utf_16(u16::to_be_bytes));
            let (windows, ..) = encoding_rs::WINDOWS_1252.encode(text);
            let marked_little = [b"\xff\xfe", &*little].concat();
            for bytes in [text.as_bytes(), &marked, &little, &big, &marked_little, &windows] {
                for wrapped in [bytes.to_vec(), gzip(bytes), zstd(bytes)] {
                    assert_eq!(open(&wrapped).expect("text"), text.as_bytes());
                }
            }
        }
    }

    #[test]
    fn a_workbook_in_gzip_is_named() {
        let error = open(&gzip(b"PK\x03\x04")).expect_err("foreign");
        assert!(error.to_string().contains("a workbook or a zip archive within gzip"), "{error}");
    }

    #[rstest]
    #[case::utf_32(b"\xff\xfe\0\0i\0\0\0", "UTF-32")]
    #[case::binary(b"\x7fELF\x02\0\0\0\0\x01", "binary")]
    #[case::marked_binary(b"\xef\xbb\xbfid\n1\0\n", "binary")]
    fn what_is_no_roster_is_named(#[case] bytes: &[u8], #[case] what: &str) {
        let error = open(bytes).expect_err("foreign");
        assert!(error.to_string().contains(what), "{error}");
    }

    #[rstest]
    #[case(b"")]
    #[case(b"\xef\xbb\xbf")]
    #[case(b"\xff\xfe")]
    #[case(b" \r\n\n")]
    fn an_empty_file_is_named(#[case] bytes: &[u8]) {
        assert!(matches!(open(bytes), Err(RosterError::Empty(_))));
    }
}
