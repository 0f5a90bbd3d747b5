//! One byte that is no UTF-8 in a text that is: it was taken for another encoding by what comes near that byte, and what
//! comes later says otherwise.

use super::csv_bytes::LineCounter;
use super::guess::{UTF_8_WORDS, is_utf_8, words};
use super::input::Unreadable;

/// The first byte of a text that is no UTF-8, and what was seen after it.
#[derive(Debug)]
pub(super) struct Stray {
    byte: u8,
    /// Where it is in the text, from 1.
    place: u64,
    /// How many bytes come up to it, and with it.
    ahead: usize,
    /// The lines after it.
    lines: LineCounter,
    /// Words above ASCII that are UTF-8, and all of them.
    utf_8: usize,
    words: usize,
}

/// By chance, a few words of another encoding are UTF-8.
const CHANCE: usize = 3;

impl Stray {
    /// The one in a stretch whose first `seen` bytes have passed; `before` bytes came before it. `None` if all of it is
    /// UTF-8.
    pub(super) fn of(stretch: &[u8], seen: usize, before: u64) -> Option<Self> {
        let at = str::from_utf8(stretch).err()?.valid_up_to();
        Some(Self {
            byte: *stretch.get(at)?,
            place: before + at as u64 + 1,
            ahead: (at + 1).saturating_sub(seen),
            lines: LineCounter::default(),
            utf_8: 0,
            words: 0,
        })
    }

    /// Looks at what comes next: why it can't be read on, if the text is UTF-8 as far as that can be told now.
    pub(super) fn look(&mut self, next: &[u8]) -> Option<Unreadable> {
        for word in words(next) {
            self.words += 1;
            self.utf_8 += usize::from(is_utf_8(word));
        }
        if self.utf_8 > CHANCE && self.utf_8 * 100 >= self.words * UTF_8_WORDS {
            return Some(Unreadable::Stray {
                byte: self.byte,
                place: self.place,
                lines: self.lines.line() - 1,
            });
        }
        let (_, after) = next.split_at(self.ahead.min(next.len()));
        self.ahead -= next.len() - after.len();
        self.lines.pass(after);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn stray(stretch: &[u8]) -> Stray {
        Stray::of(stretch, 3, 10).expect("a stray byte")
    }

    /// Where the byte is, and how many lines have passed since.
    #[test]
    fn a_stray_byte_has_a_place() {
        let stretch = b"1, Zo\xc3\xab, Ren\xe9\n2, Ann\r\n3, Bob\r";
        let mut stray = stray(stretch);
        assert_eq!(stray.look(&stretch[3..9]), None);
        assert_eq!(stray.look(&stretch[9..]), None);
        let why = stray.look("Zoë, Zoë, Zoë, Zoë".as_bytes());
        assert_eq!(why, Some(Unreadable::Stray { byte: 0xe9, place: 23, lines: 3 }));
        assert!(Stray::of("Zoë".as_bytes(), 0, 0).is_none());
    }

    #[rstest]
    #[case::utf_8("Zoë, Zoë, Zoë, Zoë".as_bytes(), true)]
    #[case::a_few("Zoë, Zoë, Zoë".as_bytes(), false)]
    #[case::windows_1252(b"M\xfcller, Zo\xeb, Andr\xe9, Ren\xe9, No\xebl", false)]
    #[case::mac(b"l\xd5\x8ecole, d\xd5\x8et\x8e, L\xd5\x83cuyer, l\xd5\x90me, d\xd5\x8etienne", false)]
    #[case::ascii(b"Ann, Bob", false)]
    fn many_words_in_utf_8_say_that_it_is_alone(#[case] bytes: &[u8], #[case] alone: bool) {
        assert_eq!(stray(b"abc\xe9").look(bytes).is_some(), alone);
    }
}
