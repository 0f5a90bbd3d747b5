//! Bytes of any encoding to UTF-8, as they stream by.
//!
//! UTF-8 passes as it is: until a byte above ASCII comes, nothing is decided, and nothing has to be, since what came
//! before is the same in all encodings that are guessed. Then a stretch of what follows is looked at. Text of another
//! encoding is decoded without replacement: a byte that is nothing in it is an error.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};

use encoding_rs::{Encoding, UTF_8};

use super::encoding::{EncodingReason, TextEncoding};
use super::guess::{Verdict, guess};
use super::input::Unreadable;
use super::stray::Stray;
use super::transcoder::Transcoder;

/// How much is looked at from the first byte above ASCII on.
const LOOK_AHEAD: usize = 1 << 20;

/// How much before it may belong to the same word.
const WORD: usize = 64;

/// What the encoding turned out to be, as soon as that is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Told(Arc<OnceLock<TextEncoding>>);

impl Told {
    /// The encoding; UTF-8 as long as there was nothing but ASCII.
    pub(super) fn encoding(&self) -> TextEncoding {
        self.0.get().cloned().unwrap_or(TextEncoding::new(UTF_8, EncodingReason::Valid))
    }

    fn set(&self, encoding: TextEncoding) {
        let _ = self.0.set(encoding); // it is told once
    }
}

/// A text as UTF-8, or, if it is UTF-8 by its own account, as it is.
pub(super) struct Decoded {
    input: Box<dyn Read + Send>,
    state: State,
    told: Told,
    /// How many bytes have passed before it was decided, and the last of them.
    passed: u64,
    last: Vec<u8>,
}

enum State {
    /// Nothing but ASCII so far.
    Ascii,
    /// It goes through.
    Utf8,
    Other(Box<Transcoder>),
}

impl Decoded {
    /// A text that is in this encoding; `mark` is how long the byte order mark was that came before it.
    pub(super) fn known(
        input: Box<dyn Read + Send>,
        encoding: &'static Encoding,
        told: TextEncoding,
        mark: usize,
    ) -> Self {
        let mut decoded = Self { passed: mark as u64, ..Self::open(input) };
        decoded.go_on(encoding, told, None);
        decoded
    }

    /// A text whose encoding shows as it is read.
    pub(super) fn open(input: Box<dyn Read + Send>) -> Self {
        Self { input, state: State::Ascii, told: Told::default(), passed: 0, last: Vec::new() }
    }

    pub(super) fn told(&self) -> Told {
        self.told.clone()
    }

    fn go_on(&mut self, encoding: &'static Encoding, told: TextEncoding, stray: Option<Stray>) {
        self.told.set(told);
        self.state = match encoding == UTF_8 {
            true => State::Utf8,
            false => State::Other(Box::new(Transcoder::new(encoding, self.passed, stray))),
        };
    }

    /// These bytes come first when it is read on.
    fn put_back(&mut self, bytes: Vec<u8>) {
        let rest = std::mem::replace(&mut self.input, Box::new(io::empty()));
        self.input = Box::new(io::Cursor::new(bytes).chain(rest));
    }

    /// Decides by what comes from the first byte above ASCII on; `first` is what was read of it.
    fn decide(&mut self, first: &[u8]) -> io::Result<()> {
        let mut stretch = std::mem::take(&mut self.last);
        let before = stretch.len();
        stretch.extend_from_slice(first);
        let room = LOOK_AHEAD.saturating_sub(first.len());
        let more = self.input.by_ref().take(room as u64).read_to_end(&mut stretch)?;
        let verdict = guess(&stretch, more < room);
        let stray = Stray::of(&stretch, before, self.passed - before as u64);
        self.put_back(stretch.split_off(before));
        match verdict {
            Verdict::Utf8 => self.go_on(UTF_8, TextEncoding::new(UTF_8, EncodingReason::Valid), None),
            Verdict::Likely(encoding, word) => {
                let told = TextEncoding::new(encoding, EncodingReason::Guessed { word });
                self.go_on(encoding, told, stray.filter(|_| encoding.is_single_byte()));
            }
            Verdict::Untold(word) => return Err(Unreadable::UntoldEncoding(word).into()),
        }
        Ok(())
    }
}

impl Read for Decoded {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.state {
            State::Utf8 => return self.input.read(into),
            State::Other(transcoder) => return transcoder.read(&mut self.input, into),
            State::Ascii => {}
        }
        let length = self.input.read(into)?;
        let (ascii, others) = into[..length].split_at(ascii_length(&into[..length]));
        if others.is_empty() {
            self.passed += length as u64;
            return Ok(length);
        }
        if ascii.is_empty() {
            self.decide(others)?;
            return self.read(into);
        }
        // What comes before it leaves first, so that an error has its line.
        self.passed += ascii.len() as u64;
        self.last = ascii[ascii.len().saturating_sub(WORD)..].to_vec();
        self.put_back(others.to_vec());
        Ok(ascii.len())
    }
}

fn ascii_length(bytes: &[u8]) -> usize {
    if bytes.is_ascii() {
        return bytes.len();
    }
    bytes.iter().take_while(|b| b.is_ascii()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::encoding::Opening;
    use crate::roster::transcoder::Undecodable;
    use proptest::prelude::*;
    use rstest::rstest;

    /// Gives its bytes in small pieces, as a pipe may.
    struct Pieces(io::Cursor<Vec<u8>>, usize);

    impl Read for Pieces {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = into.len().min(self.1);
            self.0.read(&mut into[..length])
        }
    }

    fn decoded(bytes: &[u8], label: Option<&str>, piece: usize) -> (Vec<u8>, Result<TextEncoding, String>) {
        let input: Box<dyn Read + Send> = Box::new(Pieces(io::Cursor::new(bytes.to_vec()), piece));
        let given = label.map(|label| label.parse().expect("a label"));
        let mut reader = match Opening::of(b"", given) {
            Opening::Known(told, encoding, _) => Decoded::known(input, encoding, told, 0),
            Opening::Open | Opening::Contradicted(_) => Decoded::open(input),
        };
        let mut text = Vec::new();
        let end = reader.read_to_end(&mut text).map_err(|error| error.to_string());
        let told = reader.told().encoding();
        (text, end.map(|_| told))
    }

    #[rstest]
    #[case::ascii(b"id\n1\n", "id\n1\n", "UTF-8")]
    #[case::utf_8("id\nZoë\n".as_bytes(), "id\nZoë\n", "UTF-8")]
    #[case::windows(b"id\nM\xfcller\nZo\xeb", "id\nMüller\nZoë", "windows-1252")]
    #[case::mac(b"id\rM\x9fller\rZo\x91", "id\rMüller\rZoë", "macintosh")]
    fn the_encoding_shows_as_it_is_read(#[case] bytes: &[u8], #[case] expected: &str, #[case] name: &str) {
        for piece in [1, 2, 3, 7, 1000] {
            let (text, told) = decoded(bytes, None, piece);
            assert_eq!(String::from_utf8_lossy(&text), expected);
            assert_eq!(told.map(|told| told.name), Ok(name));
        }
    }

    #[test]
    fn a_first_letter_far_into_the_text_is_found() {
        let mut bytes = b"1,Ann\n".repeat(50_000);
        bytes.extend_from_slice(b"2,M\xfcller\n");
        bytes.extend(b"3,Bob\n".repeat(500_000));
        let (text, told) = decoded(&bytes, None, 1 << 20);
        assert_eq!(text.len(), bytes.len() + 1);
        assert_eq!(told.expect("told").how, EncodingReason::Guessed { word: "Müller".to_owned() });
    }

    /// The first stretch shows a byte that is no UTF-8; what comes far behind it is.
    #[test]
    fn utf_8_far_behind_a_stray_byte_is_an_error_with_its_place() {
        let bytes = [b"1,Ren\xe9\n", &*b"2,Ann\n".repeat(200_000), "3,Zoë\n".repeat(50).as_bytes()].concat();
        let (text, end) = decoded(&bytes, None, 1 << 20);
        assert!(text.starts_with("1,René\n".as_bytes()) && !text.ends_with(b"\xab\n"));
        assert!(end.expect_err("a stray byte").starts_with("0xE9 at 6, "));
        let windows = [b"1,Ren\xe9\n", &*b"2,Ann\n".repeat(200_000), &*b"3,Zo\xeb\n".repeat(50)].concat();
        assert_eq!(decoded(&windows, None, 1 << 20).1.expect("told").name, "windows-1252");
    }

    #[test]
    fn bytes_that_are_no_utf_8_pass_for_the_rows_to_name() {
        let bytes = b"Zo\xc3\xab\nM\xfcller\n";
        assert_eq!(decoded(bytes, None, 2).0, bytes);
        let (text, told) = decoded(b"M\xfcller\n", Some("utf-8"), 3);
        assert_eq!((&*text, told.map(|told| told.how)), (&b"M\xfcller\n"[..], Ok(EncodingReason::Given)));
    }

    #[rstest]
    #[case::nothing_there(b"id\nM\x81ller\n", "windows-1252", "id\nM", "0x81", 5)]
    #[case::after_letters(b"\xe4\xf6\xfc\x9d", "windows-1252", "äöü", "0x9D", 4)]
    #[case::half_a_pair(b"i\0\x3d\xd8d\0", "utf-16le", "i", "0x3D 0xD8", 3)]
    #[case::other_half(b"\0i\xdc\x00\0d", "utf-16be", "i", "0xDC 0x00", 3)]
    #[case::odd_last_byte(b"i\0d\0x", "utf-16le", "id", "0x78", 5)]
    #[case::cut_pair(b"i\0\x3d\xd8", "utf-16le", "i", "0x3D 0xD8", 3)]
    #[case::half_a_kanji(b"id\n\x8e\x52\x91", "shift_jis", "id\n山", "0x91", 6)]
    fn what_is_nothing_has_a_place(
        #[case] bytes: &[u8],
        #[case] label: &str,
        #[case] before: &str,
        #[case] broken: &str,
        #[case] place: u64,
    ) {
        for piece in [1, 2, 3, 1000] {
            let (text, end) = decoded(bytes, Some(label), piece);
            assert_eq!(String::from_utf8_lossy(&text), before);
            let encoding =
                label.parse::<super::super::encoding::EncodingLabel>().expect("a label").encoding();
            let undecodable = Undecodable { encoding: encoding.name(), bytes: broken.to_owned(), place };
            assert_eq!(end, Err(Unreadable::Undecodable(undecodable).to_string()));
        }
    }

    #[test]
    fn a_place_far_into_the_text_is_counted() {
        for at in [65_535, 65_536, 65_537, 200_001] {
            let mut bytes = vec![b'\xe4'; at];
            bytes.push(0x81);
            let (text, end) = decoded(&bytes, Some("windows-1252"), 1000);
            assert_eq!(text.len(), 2 * at);
            assert!(end.expect_err("broken").contains(&format!("{}", at + 1)));
        }
    }

    proptest! {
        #[test]
        fn utf_16_is_what_it_was(text in "\\PC{0,40}", piece in 1usize..9, big in any::<bool>()) {
            let units = text.encode_utf16();
            let (bytes, label): (Vec<u8>, _) = match big {
                true => (units.flat_map(u16::to_be_bytes).collect(), "utf-16be"),
                false => (units.flat_map(u16::to_le_bytes).collect(), "utf-16le"),
            };
            let (decoded, end) = decoded(&bytes, Some(label), piece);
            prop_assert!(end.is_ok());
            prop_assert_eq!(String::from_utf8_lossy(&decoded), text);
        }

        /// What the place says is where it is, in any encoding and however it comes.
        #[test]
        fn a_broken_byte_is_the_one_named(start in "[a-zäöü]{0,30}", piece in 1usize..9) {
            let (bytes, ..) = encoding_rs::WINDOWS_1252.encode(&start);
            let broken = [&*bytes, b"\x8dxyz"].concat();
            let (decoded, end) = decoded(&broken, Some("windows-1252"), piece);
            prop_assert_eq!(String::from_utf8_lossy(&decoded), start.as_str());
            let undecodable = Undecodable { encoding: "windows-1252", bytes: "0x8D".into(), place: bytes.len() as u64 + 1 };
            prop_assert_eq!(end, Err(Unreadable::Undecodable(undecodable).to_string()));
        }
    }
}
