//! What can be found, question by question. Pure data; what proves it is in `proof`.

use std::time::Duration;

use jiff::SignedDuration;

use crate::outcome::{Failure, LimitHeaders};

/// The answer to one question. Every kind has an `Unclear` for what was asked and not answered well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// What a second add of a `custom_participant_id` does.
    SecondAdd(SecondAdd),
    /// What an add with a preset does that isn't there.
    UnknownPreset(Refusal),
    /// What asking for a meeting does that isn't there.
    UnknownMeeting(Refusal),
    /// How long an id may be.
    LongId(Longest),
    /// How long a name may be.
    LongName(Longest),
    /// When lists show a new participant.
    Lag(Lag),
    /// The number of the first page.
    FirstPage(FirstPage),
    /// How pages count.
    Offsets(Offsets),
    /// How many are on a page.
    PageSize(PageSize),
    /// In which order lists come.
    Order(Order),
    /// How long tokens last.
    TokenLifetime(TokenLifetime),
    /// What a refresh does.
    Refresh(Refreshed),
    /// Whether an update answers a token.
    UpdateToken(UpdateToken),
    /// What null does to a picture.
    NullPicture(NullPicture),
    /// What a second removal answers.
    SecondRemoval(SecondRemoval),
    /// The limit headers of the last answer that had any.
    Limits(LimitHeaders),
}

/// What a second add of a `custom_participant_id` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondAdd {
    /// It makes another participant.
    Another,
    /// It answers the one that is there.
    Same,
    /// It is refused.
    Refused(Failure),
    /// No answer told.
    Unclear,
}

/// Whether something was refused that should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It was.
    Refused(Failure),
    /// It was not.
    Accepted,
    /// No answer told.
    Unclear,
}

/// How long a text may be, in characters, as far as was tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Longest {
    /// The longest that was accepted.
    pub accepted: Option<usize>,
    /// The shortest that was refused, and how.
    pub refused: Option<(usize, Failure)>,
}

/// When lists show a new participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lag {
    /// The first list that was asked for showed it, so long after the add was answered.
    AtOnce(Duration),
    /// A list didn't show it so long after the add, and a later one did.
    Between(Duration, Duration),
    /// No list showed it, the last one so long after the add.
    NotWithin(Duration),
    /// No list was answered well.
    Unclear,
}

/// The number of the first page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstPage {
    /// 1.
    One,
    /// 1, and page 0 answers the same.
    OneAndZero,
    /// 0.
    Zero,
    /// The pages don't tell.
    Unclear,
}

/// How pages count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offsets {
    /// From 1, the last one included.
    FromOne,
    /// From 0, the last one included.
    FromZero,
    /// From 0, to the one after the last.
    FromZeroToEnd,
    /// Otherwise: what the first page said of itself, and how many were on it.
    Other {
        /// `start_offset`.
        start: u64,
        /// `end_offset`.
        end: u64,
        /// How many were on it.
        length: u64,
    },
    /// There was no such page.
    Unclear,
}

/// How many are on a page when many are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageSize {
    /// No more than so many, although more were in.
    AtMost(u64),
    /// All that were in: so many or more.
    AtLeast(u64),
    /// So many may not be asked for.
    Refused {
        /// `per_page`.
        asked: u64,
        /// What the API said.
        failure: Failure,
    },
    /// No answer told.
    Unclear,
}

/// In which order lists come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// In the order of creation.
    OldestFirst,
    /// The other way round.
    NewestFirst,
    /// By the caller's ids.
    ByCustomId,
    /// By the API's ids.
    ById,
    /// In another one.
    Other,
    /// Too few were on the page.
    Unclear,
}

/// How long tokens last, as their payload says; nothing where it doesn't.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLifetime {
    /// From an add.
    pub added: Option<SignedDuration>,
    /// From a refresh.
    pub refreshed: Option<SignedDuration>,
}

/// What a refresh does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refreshed {
    /// It answers another token. Whether that ends the older one can't be seen without joining.
    AnotherToken,
    /// It answers the token that there was, which so stays good.
    SameToken,
    /// It is refused.
    Refused(Failure),
    /// No answer told.
    Unclear,
}

/// Whether an update answers a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateToken {
    /// It does.
    Comes,
    /// It doesn't.
    Absent,
    /// The update is refused.
    Refused(Failure),
    /// No answer told.
    Unclear,
}

/// What an update with null does to a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullPicture {
    /// It takes it away.
    Clears,
    /// It leaves it.
    Keeps,
    /// No answer told.
    Unclear,
}

/// What a second removal of a participant answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondRemoval {
    /// 404: there is nobody.
    Gone,
    /// Success, as the first one did.
    Success,
    /// Another refusal.
    Refused(Failure),
    /// No answer told.
    Unclear,
}
