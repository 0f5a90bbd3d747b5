//! The faults that the sandbox can commit, by name. Pure.

use std::fmt;
use std::str::FromStr;

use crate::model::escape;

/// A way to misbehave: whether the request takes effect, and what the client gets instead of the right answer.
///
/// Names: any status from 400 to 599 (`500`, `522`); `refuse` (422), `not-found`, `unauthorized`, `forbidden`,
/// `conflict` (409), `throttle` (429 with Retry-After), `html` (502 as a proxy writes it), `redirect` (307 to itself),
/// `reset` (RST), `close` (FIN), `hang` (no answer until the client goes), `garbage` (no HTTP), `cut-head` (half a
/// status line), `bad-length` (a negative Content-Length), `only-100`, `flood-103`. None of these takes effect; with
/// `-after` they do, before the answer; with `-late` they do `late_by` after it (`late-apply` is `close-late`).
///
/// Always with effect: `truncated`, `empty`, `not-json`, `not-success`, `no-id`, `empty-id`, `no-token`, `wrong-echo`, `gzip`
/// (unasked), `slow` (byte by byte), `huge` (50 MiB), `stale` (a right answer, but the next request on the same
/// connection is reset unread).
///
/// Of lists: `list-lag` (new participants are hidden for a while), `list-short` (the total is larger than the list),
/// `list-long` (smaller), `list-no-total`, `list-empty` (the page holds nobody), `list-first` (the first page, whichever
/// was asked for), `list-500`.
///
/// Of another writer, who does something just before the request takes effect; the answer is right: `foreign-adds` (a
/// participant of its own), `foreign-removes` (one of its own), `foreign-removes-ours` (one of the clients').
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    name: String,
    pub(super) effect: Effect,
    pub(super) manner: Manner,
}

/// Whether and when the request takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    BeforeAnswer,
    Late,
}

/// What the client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// An error with this status.
    Status(u16),
    /// 429.
    Throttle,
    /// 502 with an HTML body.
    Html,
    /// 307 to the same path.
    Redirect,
    /// The connection ends without an answer.
    Silence(Silence),
    /// Bytes that are no answer, then FIN.
    Noise(Noise),
    /// The right answer, spoilt.
    Spoilt(Spoil),
    /// A list that is wrong.
    List(ListFlaw),
    /// The right answer, but another writer has just been there.
    Foreign(Deed),
}

/// How a connection ends without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    Fin,
    Rst,
    /// It stays open until the client closes it.
    Hang,
}

/// What comes instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noise {
    Garbage,
    CutHead,
    BadLength,
    OnlyContinue,
    EarlyHints,
}

/// What is wrong with a 2xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoil {
    Truncated,
    Empty,
    NotJson,
    NotSuccess,
    NoId,
    EmptyId,
    NoToken,
    WrongEcho,
    Gzip,
    Slow,
    Huge,
    Stale,
}

/// What is wrong with a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListFlaw {
    /// New participants are hidden.
    Lag,
    /// The total is larger than the list.
    Short,
    /// The total is smaller than the list.
    Long,
    /// There is no total.
    NoTotal,
    /// The page is empty.
    Empty,
    /// It is the first page, whichever was asked for.
    First,
}

/// What another writer does to the meeting just before a request takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// It adds a participant of its own.
    Adds,
    /// It removes one of its own.
    Removes,
    /// It removes one that isn't its own.
    RemovesOurs,
}

const AFTER: &str = "-after";
const LATE: &str = "-late";

const NAMED: [(&str, Manner); 17] = [
    ("refuse", Manner::Status(422)),
    ("not-found", Manner::Status(404)),
    ("unauthorized", Manner::Status(401)),
    ("forbidden", Manner::Status(403)),
    ("conflict", Manner::Status(409)),
    ("throttle", Manner::Throttle),
    ("html", Manner::Html),
    ("redirect", Manner::Redirect),
    ("reset", Manner::Silence(Silence::Rst)),
    ("close", Manner::Silence(Silence::Fin)),
    ("hang", Manner::Silence(Silence::Hang)),
    ("garbage", Manner::Noise(Noise::Garbage)),
    ("cut-head", Manner::Noise(Noise::CutHead)),
    ("bad-length", Manner::Noise(Noise::BadLength)),
    ("only-100", Manner::Noise(Noise::OnlyContinue)),
    ("flood-103", Manner::Noise(Noise::EarlyHints)),
    ("list-500", Manner::Status(500)),
];

const SPOILT: [(&str, Spoil); 12] = [
    ("truncated", Spoil::Truncated),
    ("empty", Spoil::Empty),
    ("not-json", Spoil::NotJson),
    ("not-success", Spoil::NotSuccess),
    ("no-id", Spoil::NoId),
    ("empty-id", Spoil::EmptyId),
    ("no-token", Spoil::NoToken),
    ("wrong-echo", Spoil::WrongEcho),
    ("gzip", Spoil::Gzip),
    ("slow", Spoil::Slow),
    ("huge", Spoil::Huge),
    ("stale", Spoil::Stale),
];

const LISTS: [(&str, ListFlaw); 6] = [
    ("list-lag", ListFlaw::Lag),
    ("list-short", ListFlaw::Short),
    ("list-long", ListFlaw::Long),
    ("list-no-total", ListFlaw::NoTotal),
    ("list-empty", ListFlaw::Empty),
    ("list-first", ListFlaw::First),
];

const FOREIGN: [(&str, Deed); 3] = [
    ("foreign-adds", Deed::Adds),
    ("foreign-removes", Deed::Removes),
    ("foreign-removes-ours", Deed::RemovesOurs),
];

impl Fault {
    /// The name that it was asked for by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is one of lists, or happens to those who list.
    pub(super) fn is_of_lists(&self) -> bool {
        self.name.starts_with("list-") || matches!(self.manner, Manner::Foreign(_))
    }

    /// The names that are no numbers, without their variants.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let spoilt = SPOILT.into_iter().map(|(name, _)| name);
        let lists = LISTS.into_iter().map(|(name, _)| name);
        let foreign = FOREIGN.into_iter().map(|(name, _)| name);
        NAMED
            .into_iter()
            .map(|(name, _)| name)
            .chain(["late-apply"])
            .chain(spoilt)
            .chain(lists)
            .chain(foreign)
    }
}

/// A name that is no fault's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no fault \"{}\": take a status from 400 to 599 or one of {}; most can take -after or -late",
    escape(.0),
    Fault::names().collect::<Vec<_>>().join(", ")
)]
pub struct UnknownFault(pub String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, UnknownFault> {
        let (effect, manner) = meaning(name).ok_or_else(|| UnknownFault(name.to_owned()))?;
        Ok(Self { name: name.to_owned(), effect, manner })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

fn meaning(name: &str) -> Option<(Effect, Manner)> {
    if name == "late-apply" {
        return Some((Effect::Late, Manner::Silence(Silence::Fin)));
    }
    if let Some((_, spoil)) = SPOILT.iter().find(|(known, _)| *known == name) {
        return Some((Effect::BeforeAnswer, Manner::Spoilt(*spoil)));
    }
    if let Some((_, flaw)) = LISTS.iter().find(|(known, _)| *known == name) {
        return Some((Effect::BeforeAnswer, Manner::List(*flaw)));
    }
    if let Some((_, deed)) = FOREIGN.iter().find(|(known, _)| *known == name) {
        return Some((Effect::BeforeAnswer, Manner::Foreign(*deed)));
    }
    let (base, effect) = match (name.strip_suffix(AFTER), name.strip_suffix(LATE)) {
        (Some(base), _) => (base, Effect::BeforeAnswer),
        (_, Some(base)) => (base, Effect::Late),
        _ => (name, Effect::None),
    };
    Some((effect, named(base).or_else(|| status(base))?))
}

fn named(name: &str) -> Option<Manner> {
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, manner)| *manner)
}

fn status(name: &str) -> Option<Manner> {
    let status = name.parse().ok().filter(|status| (400..=599).contains(status))?;
    Some(Manner::Status(status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("refuse", Effect::None, Manner::Status(422))]
    #[case("conflict-after", Effect::BeforeAnswer, Manner::Status(409))]
    #[case("500", Effect::None, Manner::Status(500))]
    #[case("524-after", Effect::BeforeAnswer, Manner::Status(524))]
    #[case("504-late", Effect::Late, Manner::Status(504))]
    #[case("reset", Effect::None, Manner::Silence(Silence::Rst))]
    #[case("reset-after", Effect::BeforeAnswer, Manner::Silence(Silence::Rst))]
    #[case("close-after", Effect::BeforeAnswer, Manner::Silence(Silence::Fin))]
    #[case("hang-after", Effect::BeforeAnswer, Manner::Silence(Silence::Hang))]
    #[case("late-apply", Effect::Late, Manner::Silence(Silence::Fin))]
    #[case("truncated", Effect::BeforeAnswer, Manner::Spoilt(Spoil::Truncated))]
    #[case("list-lag", Effect::BeforeAnswer, Manner::List(ListFlaw::Lag))]
    #[case("foreign-removes", Effect::BeforeAnswer, Manner::Foreign(Deed::Removes))]
    fn a_name_says_what_takes_effect_and_what_the_client_gets(
        #[case] name: &str,
        #[case] effect: Effect,
        #[case] manner: Manner,
    ) {
        assert_eq!(name.parse(), Ok(Fault { name: name.to_owned(), effect, manner }));
    }

    #[rstest]
    fn other_names_are_none(
        #[values("", "200", "399", "600", "resett", "-after", "truncated-after", "500 ")] name: &str,
    ) {
        assert_eq!(name.parse::<Fault>(), Err(UnknownFault(name.to_owned())));
    }

    #[test]
    fn every_listed_name_is_known() {
        for name in Fault::names() {
            assert!(name.parse::<Fault>().is_ok(), "{name}");
        }
    }
}
