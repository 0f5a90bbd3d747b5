//! Whose token is to be renewed: pure.
//!
//! [`judge`] decides; the journal feeds it one participant after another. A new token may end the older ones, so that
//! nobody's is asked for without a reason: links may be in people's mail.

use jiff::Timestamp;

use crate::plan::Origin;

/// What the journal holds of a participant's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// A token, and when it ends, if it says so.
    Token {
        /// Its end.
        ends: Option<Timestamp>,
        /// Whether the renewal that is gone on with has brought it.
        renewed: bool,
    },
    /// There never was one.
    Nothing,
    /// It was removed on purpose.
    Purged,
}

/// Which tokens are to be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that end before then, or have ended, and those that were never had.
    EndingBefore(Timestamp),
    /// Everybody's.
    All,
}

/// What is to be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Which tokens.
    pub which: Which,
    /// Also those of participants that were there before us, and those that were removed on purpose.
    pub found: bool,
}

/// What is done about a participant's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is to be asked for.
    Due,
    /// It lasts, or doesn't say when it ends.
    Lasts,
    /// The renewal that is gone on with has brought it.
    Renewed,
    /// The participant was there before us: left alone.
    LeftFound,
    /// It was removed on purpose: left so.
    LeftPurged,
}

/// What is done about a participant's token.
pub fn judge(origin: Origin, held: Held, wanted: Wanted) -> Verdict {
    if !origin.is_ours() && !wanted.found {
        return Verdict::LeftFound;
    }
    match (wanted.which, held) {
        (Which::EndingBefore(_), Held::Purged) if !wanted.found => Verdict::LeftPurged,
        (_, Held::Purged | Held::Nothing) => Verdict::Due,
        (Which::All, Held::Token { renewed: true, .. }) => Verdict::Renewed,
        (Which::All, Held::Token { renewed: false, .. }) => Verdict::Due,
        (Which::EndingBefore(then), Held::Token { ends: Some(ends), .. }) if ends < then => Verdict::Due,
        (Which::EndingBefore(_), Held::Token { .. }) => Verdict::Lasts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn ends(second: i64) -> Held {
        Held::Token { ends: Some(at(second)), renewed: false }
    }

    const OPAQUE: Held = Held::Token { ends: None, renewed: false };
    const RENEWED: Held = Held::Token { ends: None, renewed: true };

    #[rstest]
    #[case::ends_soon(Origin::Created, ends(99), Verdict::Due)]
    #[case::ends_then(Origin::Created, ends(100), Verdict::Lasts)]
    #[case::has_ended(Origin::Reconciled, ends(-5), Verdict::Due)]
    #[case::says_nothing(Origin::Created, OPAQUE, Verdict::Lasts)]
    #[case::never_had(Origin::Reconciled, Held::Nothing, Verdict::Due)]
    #[case::purged(Origin::Created, Held::Purged, Verdict::LeftPurged)]
    #[case::found(Origin::Found, ends(-5), Verdict::LeftFound)]
    #[case::found_without(Origin::Found, Held::Nothing, Verdict::LeftFound)]
    fn what_ends_is_renewed(#[case] origin: Origin, #[case] held: Held, #[case] verdict: Verdict) {
        let wanted = Wanted { which: Which::EndingBefore(at(100)), found: false };
        assert_eq!(judge(origin, held, wanted), verdict);
    }

    #[rstest]
    #[case::lasting(Origin::Created, ends(1_000_000), false, Verdict::Due)]
    #[case::says_nothing(Origin::Created, OPAQUE, false, Verdict::Due)]
    #[case::purged(Origin::Created, Held::Purged, false, Verdict::Due)]
    #[case::renewed_before_the_interruption(Origin::Created, RENEWED, false, Verdict::Renewed)]
    #[case::found(Origin::Found, ends(5), false, Verdict::LeftFound)]
    #[case::found_and_asked_for(Origin::Found, ends(5), true, Verdict::Due)]
    fn everybodys_is_renewed_but_for_those_who_were_there_before_us(
        #[case] origin: Origin,
        #[case] held: Held,
        #[case] found: bool,
        #[case] verdict: Verdict,
    ) {
        assert_eq!(judge(origin, held, Wanted { which: Which::All, found }), verdict);
    }

    #[rstest]
    #[case::ends_soon(ends(99), Verdict::Due)]
    #[case::lasts(ends(101), Verdict::Lasts)]
    #[case::purged(Held::Purged, Verdict::Due)]
    #[case::never_had(Held::Nothing, Verdict::Due)]
    fn found_ones_are_renewed_like_others_once_somebody_says_so(
        #[case] held: Held,
        #[case] verdict: Verdict,
    ) {
        let wanted = Wanted { which: Which::EndingBefore(at(100)), found: true };
        assert_eq!(judge(Origin::Found, held, wanted), verdict);
    }
}
