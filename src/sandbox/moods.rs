//! What the contract leaves open, and how this RealtimeKit answers it. A client must live with every mood.

use std::fmt;
use std::str::FromStr;

use crate::model::escape;

/// How the sandbox answers what the contract leaves open. The default promises a client least, as far as it can get
/// along with it at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moods {
    /// What a second add of a `custom_participant_id` does while the first participant is there.
    pub second_add: SecondAdd,
    /// What becomes of a participant's older tokens when it gets a new one by a refresh or an update.
    pub older_tokens: OlderTokens,
    /// What null does to a picture.
    pub null_picture: NullPicture,
    /// In which order lists come.
    pub list_order: ListOrder,
    /// How pages count.
    pub offsets: Offsets,
    /// The status for a preset that isn't there; `None`: 422.
    pub unknown_preset: Option<u16>,
    /// The most characters of a name or a `custom_participant_id`; `None`: any number.
    pub longest_text: Option<usize>,
}

/// A word that is no mood's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sandbox has no mood \"{}\": take {choices}", escape(.word))]
pub struct UnknownMood {
    word: String,
    choices: String,
}

/// An enum each of whose variants has a word, the first of them the default.
macro_rules! moods {
    ($($(#[$about:meta])* $name:ident { $(#[$about_first:meta])* $first:ident = $first_word:literal,
        $($(#[$about_variant:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub enum $name {
            $(#[$about_first])*
            #[default]
            $first,
            $($(#[$about_variant])* $variant,)+
        }

        impl FromStr for $name {
            type Err = UnknownMood;

            fn from_str(word: &str) -> Result<Self, UnknownMood> {
                match word {
                    $first_word => Ok(Self::$first),
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownMood {
                        word: word.to_owned(),
                        choices: [$first_word, $($word),+].join(", "),
                    }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    Self::$first => $first_word,
                    $(Self::$variant => $word,)+
                })
            }
        }
    )+};
}

moods! {
    /// What a second add of a `custom_participant_id` does while the first participant is there.
    SecondAdd {
        /// It makes another participant.
        Another = "another",
        /// It is refused: 409.
        Refuse = "refuse",
        /// It answers the participant that is there, unchanged, with another token.
        Same = "same",
    }

    /// What becomes of a participant's older tokens.
    OlderTokens {
        /// They stay good.
        Stay = "stay",
        /// They end.
        End = "end",
    }

    /// What an update with null does to a picture.
    NullPicture {
        /// It takes it away.
        Clears = "clears",
        /// It leaves it, as if nothing had been said.
        Keeps = "keeps",
    }

    /// In which order lists come.
    ListOrder {
        /// In the order of creation.
        Oldest = "oldest",
        /// The other way round.
        Newest = "newest",
        /// In that of the participants' ids, which has nothing to do with it.
        Scattered = "scattered",
    }

    /// How pages count, told by what a first page of three participants says.
    Offsets {
        /// From 1, the last one included.
        OneToThree = "1-3",
        /// From 0, the last one included.
        ZeroToTwo = "0-2",
        /// From 0, to the one after the last.
        ZeroToThree = "0-3",
    }
}

impl Offsets {
    /// What a page says that begins after `start` others and holds `len`.
    pub(super) fn of_page(self, start: u64, len: u64) -> (u64, u64) {
        match self {
            _ if len == 0 => (0, 0),
            Self::OneToThree => (start + 1, start + len),
            Self::ZeroToTwo => (start, start + len - 1),
            Self::ZeroToThree => (start, start + len),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn a_mood_is_read_and_written() {
        assert_eq!("refuse".parse(), Ok(SecondAdd::Refuse));
        assert_eq!(ListOrder::Scattered.to_string().parse(), Ok(ListOrder::Scattered));
        assert_eq!(SecondAdd::default(), SecondAdd::Another);
    }

    #[test]
    fn another_word_is_answered_with_the_choices() {
        let error = "Refuse\u{1b}".parse::<SecondAdd>().unwrap_err().to_string();
        insta::assert_snapshot!(error, @r#"the sandbox has no mood "Refuse\u{1b}": take another, refuse, same"#);
    }

    #[rstest]
    fn the_names_of_offsets_are_what_a_page_of_three_says(#[values("1-3", "0-2", "0-3")] name: &str) {
        let offsets: Offsets = name.parse().unwrap();
        let (start, end) = offsets.of_page(0, 3);
        assert_eq!(format!("{start}-{end}"), name);
        assert_eq!(offsets.of_page(7, 0), (0, 0));
    }
}
