//! Which encoding a roster's text is in: what may be named by hand, and what its first bytes tell.

use std::fmt;
use std::str::FromStr;

use encoding_rs::{Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, X_USER_DEFINED};

use crate::model::escape;

use super::directory::near_miss;

/// The encoding that a roster was read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextEncoding {
    /// The name of the WHATWG Encoding Standard, such as `UTF-8` or `windows-1252`; `--encoding` takes it.
    pub name: &'static str,
    /// Why it was taken for that.
    pub how: EncodingReason,
}

/// Why a text was taken to be in an encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EncodingReason {
    /// The user said so.
    Given,
    /// It begins with the byte order mark.
    Marked,
    /// Every other byte is zero, as in UTF-16.
    ZeroBytes,
    /// Its bytes are UTF-8. A row where they aren't is an error.
    Valid,
    /// The letters of its words are plausible in it.
    Guessed {
        /// The first of these words.
        word: String,
    },
}

impl TextEncoding {
    pub(super) fn new(encoding: &'static Encoding, how: EncodingReason) -> Self {
        Self { name: encoding.name(), how }
    }
}

/// An encoding named by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodingLabel(Label);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    One(&'static Encoding),
    /// Which end comes first is the byte order mark's to say.
    Utf16,
}

impl EncodingLabel {
    /// The encoding if the text has no byte order mark.
    pub(super) fn encoding(self) -> &'static Encoding {
        match self.0 {
            Label::One(encoding) => encoding,
            Label::Utf16 => UTF_16LE,
        }
    }

    fn admits(self, found: &'static Encoding) -> bool {
        match self.0 {
            Label::One(encoding) => encoding == found,
            Label::Utf16 => found == UTF_16LE || found == UTF_16BE,
        }
    }
}

impl fmt::Display for EncodingLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self.0 {
            Label::One(encoding) => encoding.name(),
            Label::Utf16 => "UTF-16",
        })
    }
}

/// A label that names no encoding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{}\" is no encoding{}; known are utf-8, utf-16, windows-1252, macintosh and the others of the WHATWG standard", escape(.label), question(*.did_you_mean))]
pub struct UnknownEncoding {
    /// What was given.
    pub label: String,
    /// A label that is near.
    pub did_you_mean: Option<&'static str>,
}

fn question(meant: Option<&str>) -> String {
    meant.map_or(String::new(), |name| format!(" (did you mean {name}?)"))
}

/// What people call encodings, in their order of likelihood; [`Encoding::for_label`] doesn't know all of them.
const SPOKEN: [(&str, &str); 14] = [
    ("utf-8", "utf-8"),
    ("utf-16", "utf-16"),
    ("windows-1252", "windows-1252"),
    ("macintosh", "macintosh"),
    ("mac-roman", "macintosh"),
    ("macroman", "macintosh"),
    ("ansi", "windows-1252"),
    ("latin-1", "windows-1252"),
    ("iso-8859-1", "windows-1252"),
    ("iso-8859-15", "iso-8859-15"),
    ("windows-1250", "windows-1250"),
    ("windows-1251", "windows-1251"),
    ("shift_jis", "shift_jis"),
    ("gb18030", "gb18030"),
];

impl FromStr for EncodingLabel {
    type Err = UnknownEncoding;

    fn from_str(label: &str) -> Result<Self, UnknownEncoding> {
        let folded = label.trim().to_ascii_lowercase().replace([' ', '_'], "-");
        if matches!(&*folded, "utf-16" | "utf16" | "unicode") {
            return Ok(Self(Label::Utf16));
        }
        let spoken = SPOKEN.iter().find(|(name, _)| *name == folded).map(|(_, label)| *label);
        let known = Encoding::for_label(spoken.unwrap_or(label).as_bytes());
        // The first stands for encodings that browsers refuse to read, the second for none.
        match known.filter(|encoding| *encoding != REPLACEMENT && *encoding != X_USER_DEFINED) {
            Some(encoding) => Ok(Self(Label::One(encoding))),
            None => Err(UnknownEncoding {
                label: label.to_owned(),
                did_you_mean: near_miss(label, SPOKEN.iter().map(|(name, _)| *name)),
            }),
        }
    }
}

/// What the beginning of a text says about its encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Opening {
    /// The encoding, and how long its byte order mark is.
    Known(TextEncoding, &'static Encoding, usize),
    /// Something with ASCII in it: UTF-8 until a byte says otherwise.
    Open,
    /// Not what the user says it is.
    Contradicted(&'static Encoding),
}

impl Opening {
    pub(super) fn of(start: &[u8], given: Option<EncodingLabel>) -> Self {
        let (found, how, mark) = match Encoding::for_bom(start) {
            Some((encoding, length)) => (Some(encoding), EncodingReason::Marked, length),
            None => (utf_16_by_its_zeros(start), EncodingReason::ZeroBytes, 0),
        };
        let known = |encoding, how| Self::Known(TextEncoding::new(encoding, how), encoding, mark);
        match (found, given) {
            (Some(found), Some(given)) if given.admits(found) => known(found, EncodingReason::Given),
            // A mended file is marked so, whatever its roster was: the same command must read it.
            (Some(found), Some(_)) if found == UTF_8 => known(found, EncodingReason::Marked),
            (Some(found), Some(_)) => Self::Contradicted(found),
            (Some(found), None) => known(found, how),
            (None, Some(given)) => known(given.encoding(), EncodingReason::Given),
            (None, None) => Self::Open,
        }
    }
}

/// UTF-16 without a byte order mark: where digits, commas and line ends are, one byte of each pair is zero, nearly
/// always the same one. Nothing in it is a control character.
fn utf_16_by_its_zeros(start: &[u8]) -> Option<&'static Encoding> {
    let zeros = |parity: usize| start.iter().skip(parity).step_by(2).filter(|b| **b == 0).count();
    let many = |some: usize, others: usize| some > 1 && some >= start.len() / 8 && 3 * others <= some;
    let (first, second) = (zeros(0), zeros(1));
    let (encoding, unit): (_, fn([u8; 2]) -> u16) = match () {
        () if many(second, first) => (UTF_16LE, u16::from_le_bytes),
        () if many(first, second) => (UTF_16BE, u16::from_be_bytes),
        () => return None,
    };
    let is_text = |pair: &[u8; 2]| !matches!(unit(*pair), 0..=8 | 14..=31 | 0x7f..=0x9f);
    start.as_chunks().0.iter().all(is_text).then_some(encoding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn opening(start: &[u8], given: Option<&str>) -> String {
        let given = given.map(|label| label.parse().expect("a label"));
        match Opening::of(start, given) {
            Opening::Known(encoding, _, mark) => format!("{} {:?} {mark}", encoding.name, encoding.how),
            Opening::Open => "open".to_owned(),
            Opening::Contradicted(found) => format!("but {}", found.name()),
        }
    }

    #[rstest]
    #[case::plain(b"id,name\n", None, "open")]
    #[case::utf_8_marked(b"\xef\xbb\xbfid", None, "UTF-8 Marked 3")]
    #[case::little(b"\xff\xfei\0d\0", None, "UTF-16LE Marked 2")]
    #[case::big(b"\xfe\xff\0i\0d", None, "UTF-16BE Marked 2")]
    #[case::little_bare(b"i\0d\0,\0n\0", None, "UTF-16LE ZeroBytes 0")]
    #[case::big_bare(b"\0i\0d\0,\0n", None, "UTF-16BE ZeroBytes 0")]
    #[case::one_zero_too_many(b"id\n1\0\0\0", None, "open")]
    #[case::a_program(b"\0\x9f\x92\x96\0\x01\x02", None, "open")]
    #[case::one_zero_in_a_text(b"id,name,preset,company,x\n1\0", None, "open")]
    #[case::given(b"id", Some("latin1"), "windows-1252 Given 0")]
    #[case::given_and_marked(b"\xff\xfei\0", Some("utf-16le"), "UTF-16LE Given 2")]
    #[case::either_end(b"\xfe\xff\0i", Some("UTF-16"), "UTF-16BE Given 2")]
    #[case::neither_end(b"id", Some("UTF-16"), "UTF-16LE Given 0")]
    #[case::other_mark(b"\xfe\xff\0i", Some("utf-16le"), "but UTF-16BE")]
    #[case::other_encoding(b"\xef\xbb\xbfid", Some("windows-1252"), "UTF-8 Marked 3")]
    #[case::other_by_zeros(b"i\0d\0,\0n\0", Some("utf-8"), "but UTF-16LE")]
    fn the_beginning_tells(#[case] start: &[u8], #[case] given: Option<&str>, #[case] told: &str) {
        assert_eq!(opening(start, given), told);
    }

    /// Of a Chinese text only what stands between the words has zeros, and 一 (U+4E00) has one on the other side.
    #[test]
    fn utf_16_is_told_in_any_script() {
        let text = "id,name\n".to_owned() + &"17,王一\n18,李小龍\n".repeat(300);
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(opening(&little, None), "UTF-16LE ZeroBytes 0");
        assert_eq!(opening(&big, None), "UTF-16BE ZeroBytes 0");
    }

    #[rstest]
    #[case("UTF8", "UTF-8")]
    #[case("unicode", "UTF-16")]
    #[case("cp1252", "windows-1252")]
    #[case("Latin 1", "windows-1252")]
    #[case("ANSI", "windows-1252")]
    #[case("Mac Roman", "macintosh")]
    #[case("x-mac-roman", "macintosh")]
    #[case("sjis", "Shift_JIS")]
    fn an_encoding_has_many_names(#[case] label: &str, #[case] name: &str) {
        assert_eq!(label.parse::<EncodingLabel>().expect("known").to_string(), name);
    }

    #[rstest]
    #[case("windows-1252x", Some("windows-1252"))]
    #[case("uft-8", Some("utf-8"))]
    #[case("macintoch", Some("macintosh"))]
    #[case("klingon", None)]
    #[case("replacement", None)]
    #[case("x-user-defined", None)]
    #[case("", None)]
    fn what_is_no_encoding_is_said(#[case] label: &str, #[case] meant: Option<&str>) {
        let error = label.parse::<EncodingLabel>().expect_err("unknown");
        assert_eq!(error.did_you_mean, meant);
        assert!(error.to_string().contains("utf-8, utf-16, windows-1252, macintosh"));
    }
}
