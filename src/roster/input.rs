//! From a file's bytes to text in a known format: compression, signatures of foreign formats, byte order mark.

use std::io::{self, Read};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

use super::decisions::Compression;
use super::error::RosterError;
use super::options::Caps;
use super::source::RosterSource;

/// How much of the beginning the format is told from.
const SAMPLE: usize = 64 << 10;

const GZIP: &[u8] = b"\x1f\x8b";
/// UTF-8's.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Beginnings of what people give us by mistake: what it is, and the way out.
const FOREIGN: [(&[u8], &str, &str); 9] = [
    (b"PK\x03\x04", "a spreadsheet or a zip archive", "export the sheet as \"CSV UTF-8\""),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "export the sheet as \"CSV UTF-8\""),
    (b"%PDF", "a PDF", "export the list as CSV"),
    (b"\xff\xfe", "UTF-16 text", "save it as \"CSV UTF-8\""),
    (b"\xfe\xff", "UTF-16 text", "save it as \"CSV UTF-8\""),
    (b"SQLite format 3\0", "a SQLite database", "export the list as CSV"),
    (b"\x28\xb5\x2f\xfd", "zstd data", "expand it, or use gzip"),
    (b"\xfd7zXZ\0", "xz data", "expand it, or use gzip"),
    (b"BZh", "bzip2 data", "expand it, or use gzip"),
];

/// Text, and the beginning of it.
pub(super) struct Input {
    pub(super) compression: Compression,
    /// Whether a byte order mark stood before it.
    pub(super) byte_order_mark: bool,
    /// The beginning, or all of it.
    pub(super) sample: Vec<u8>,
    /// Whether the sample is all of it.
    pub(super) whole: bool,
    /// What comes after the sample.
    pub(super) rest: Box<dyn Read + Send>,
}

impl Input {
    /// Opens a source. Later encodings find their place here: between the bytes and the sample.
    pub(super) fn open(source: &RosterSource, caps: Caps) -> Result<Self, RosterError> {
        let failed = |e| read_error(source.name(), caps, e);
        let mut raw: Box<dyn Read + Send> = Box::new(source.bytes());
        let start = beginning(&mut raw, GZIP.len()).map_err(failed)?;
        let compression = if start == GZIP { Compression::Gzip } else { Compression::None };
        raw = Box::new(io::Cursor::new(start).chain(raw));
        if compression == Compression::Gzip {
            raw = Box::new(Capped { inner: MultiGzDecoder::new(raw), left: caps.expanded });
        }
        let mut sample = beginning(&mut raw, SAMPLE).map_err(failed)?;
        let whole = sample.len() < SAMPLE;
        refuse_foreign(&sample, source.name())?;
        let byte_order_mark = sample.starts_with(BYTE_ORDER_MARK);
        if byte_order_mark {
            sample.drain(..BYTE_ORDER_MARK.len());
        }
        if whole && sample.iter().all(u8::is_ascii_whitespace) {
            return Err(RosterError::Empty(Arc::clone(source.name())));
        }
        Ok(Self { compression, byte_order_mark, sample, whole, rest: raw })
    }
}

fn beginning(input: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(length);
    input.by_ref().take(length as u64).read_to_end(&mut start)?;
    Ok(start)
}

fn refuse_foreign(sample: &[u8], file: &Arc<str>) -> Result<(), RosterError> {
    let foreign = |what, way_out| Err(RosterError::Foreign { file: Arc::clone(file), what, way_out });
    if let Some((_, what, way_out)) = FOREIGN.iter().find(|(start, ..)| sample.starts_with(start)) {
        return foreign(what, way_out);
    }
    let nul = |parity: usize| sample.iter().skip(parity).step_by(2).take(64).all(|b| *b == 0);
    match sample {
        [_, _, ..] if nul(0) != nul(1) => foreign("UTF-16 text", "save it as \"CSV UTF-8\""),
        _ if sample.contains(&0) => foreign("binary data", "export the list as \"CSV UTF-8\""),
        _ if is_json_array(sample) => foreign("one JSON array", "write one object a line (jq -c '.[]')"),
        _ => Ok(()),
    }
}

fn is_json_array(sample: &[u8]) -> bool {
    let mut marks = sample.iter().filter(|b| !b.is_ascii_whitespace());
    marks.next() == Some(&b'[') && matches!(marks.next(), Some(b'{' | b']'))
}

/// What an error of reading means.
pub(super) fn read_error(file: &Arc<str>, caps: Caps, source: io::Error) -> RosterError {
    let file = Arc::clone(file);
    match source.kind() {
        io::ErrorKind::FileTooLarge => RosterError::TooLarge { file, cap: caps.expanded },
        // flate2's kinds for a bad header, a bad checksum and an early end.
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            RosterError::DamagedGzip(file)
        }
        _ => RosterError::Io { file, source },
    }
}

/// Fails when more than so many bytes come.
struct Capped<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(into)?;
        match self.left.checked_sub(length as u64) {
            Some(left) => self.left = left,
            None => return Err(io::ErrorKind::FileTooLarge.into()),
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression as Level, write::GzEncoder};
    use rstest::rstest;
    use std::io::Write;

    fn open(bytes: &[u8], caps: Caps) -> Result<Vec<u8>, RosterError> {
        let source = RosterSource::spool("r", bytes, Caps::default())?;
        let mut input = Input::open(&source, caps)?;
        let failed = |e| read_error(source.name(), caps, e);
        input.rest.read_to_end(&mut input.sample).map_err(failed)?;
        Ok(input.sample)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
        encoder.write_all(bytes).expect("written");
        encoder.finish().expect("finished")
    }

    #[test]
    fn text_comes_whole_however_it_is_wrapped() {
        let long = "id,name\n".to_owned() + &"1,Ann\n".repeat(50_000);
        for text in ["id\n1\n", &long] {
            let marked = ["\u{feff}", text].concat();
            let members = [gzip(&text.as_bytes()[..3]), gzip(&text.as_bytes()[3..])].concat();
            for bytes in [text.as_bytes(), marked.as_bytes(), &gzip(marked.as_bytes()), &members] {
                assert_eq!(open(bytes, Caps::default()).expect("text"), text.as_bytes());
            }
        }
    }

    #[test]
    fn a_bomb_is_cut_off() {
        let caps = Caps { expanded: 200_000, ..Caps::default() };
        let bomb = open(&gzip(&vec![b'x'; 10_000_000]), caps);
        assert!(matches!(bomb, Err(RosterError::TooLarge { cap: 200_000, .. })));
    }

    #[test]
    fn damaged_gzip_is_named() {
        let whole = gzip(&b"id,name\n1,Ann\n".repeat(20_000));
        let (cut, mut flipped) = (&whole[..whole.len() / 2], whole.clone());
        *flipped.last_mut().expect("a byte") ^= 1;
        for bytes in [cut, &flipped, GZIP] {
            assert!(matches!(open(bytes, Caps::default()), Err(RosterError::DamagedGzip(_))));
        }
    }

    #[rstest]
    #[case::workbook(b"PK\x03\x04xl/workbook.xml", "spreadsheet")]
    #[case::utf16_marked(b"\xff\xfei\0d\0", "UTF-16")]
    #[case::utf16_bare(b"i\0d\0\n\x001\0", "UTF-16")]
    #[case::utf16_big_endian(b"\0i\0d\0\n\x001", "UTF-16")]
    #[case::binary(b"\x7fELF\x02\0\0\0\0\x01", "binary")]
    #[case::array(b" [\n {\"id\":1}]", "JSON array")]
    fn what_is_no_roster_is_named(#[case] bytes: &[u8], #[case] what: &str) {
        let error = open(bytes, Caps::default()).expect_err("foreign");
        assert!(error.to_string().contains(what), "{error}");
    }

    #[rstest]
    #[case(b"")]
    #[case(b"\xef\xbb\xbf")]
    #[case(b" \r\n\n")]
    fn an_empty_file_is_named(#[case] bytes: &[u8]) {
        assert!(matches!(open(bytes, Caps::default()), Err(RosterError::Empty(_))));
    }
}
