//! What becomes of one request, drawn from dice. Pure.
//!
//! As far as C3 of the promise allows: 400, 401, 403, 404, 422, 429 and their like never take effect; a lost answer, a
//! 409 and every status that proves nothing do or don't, at once or late.

use fastrand::Rng;

/// When a create takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Never,
    BeforeTheAnswer,
    /// Within the settle time after we stopped waiting.
    Late,
}

/// What the client hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Yes,
    /// 2xx without an id, a token, or any sense.
    YesWithout(Lack),
    /// 2xx about somebody else.
    OtherEcho,
    Status(u16),
    /// 429, with these words in `Retry-After`.
    Throttled(Option<&'static str>),
    TimedOut,
    Broken,
    /// Nothing was sent.
    NotConnected,
    /// Nothing was sent, and trying again is no use.
    NotBuilt,
    /// The client's task panics.
    Panic,
}

/// What a 2xx lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lack {
    Json,
    Id,
    Token,
}

/// One request's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    /// Milliseconds until the client hears of it.
    pub(super) takes: u64,
    pub(super) effect: Effect,
    pub(super) said: Said,
}

const REFUSALS: [u16; 8] = [400, 404, 405, 413, 414, 415, 422, 431];
const UNAUTHORIZED: [u16; 4] = [401, 403, 407, 511];
const UNKNOWN: [u16; 11] = [408, 418, 425, 499, 500, 502, 503, 504, 520, 524, 599];
/// Absent, senseless, usual, and so long that a run ends.
const RETRY_AFTER: [Option<&str>; 5] = [None, Some("soon"), Some("1"), Some("45"), Some("4000")];

impl Said {
    /// Whether the server may have made a participant of it.
    pub(super) fn may_have_arrived(self) -> bool {
        match self {
            Self::Yes
            | Self::YesWithout(_)
            | Self::OtherEcho
            | Self::TimedOut
            | Self::Broken
            | Self::Panic => true,
            Self::Status(status) => !REFUSALS.contains(&status) && !UNAUTHORIZED.contains(&status),
            Self::Throttled(_) | Self::NotConnected | Self::NotBuilt => false,
        }
    }

    /// Whether it is a 2xx, however poor.
    pub(super) fn is_a_yes(self) -> bool {
        matches!(self, Self::Yes | Self::YesWithout(_) | Self::OtherEcho)
    }

    /// Whether it is a refusal of this participant, which says nothing of an earlier create.
    pub(super) fn is_a_refusal(self) -> bool {
        matches!(self, Self::Status(status) if REFUSALS.contains(&status))
    }
}

impl Fate {
    /// All goes well.
    pub(super) fn good(dice: &mut Rng) -> Self {
        Self { takes: latency(dice), effect: Effect::BeforeTheAnswer, said: Said::Yes }
    }

    /// Of a create, where so many of a hundred go wrong.
    pub(super) fn of_create(dice: &mut Rng, percent: u32) -> Self {
        if dice.u32(0..100) >= percent {
            return Self::good(dice);
        }
        let said = match dice.u32(0..100) {
            0..18 => Said::TimedOut,
            18..34 => Said::Broken,
            34..52 => Said::Status(pick(dice, &UNKNOWN)),
            52..60 => Said::Status(409),
            60..68 => Said::Status(pick(dice, &REFUSALS)),
            68..72 => Said::Throttled(pick(dice, &RETRY_AFTER)),
            72..74 => Said::Status(pick(dice, &UNAUTHORIZED)),
            74..75 => Said::Status(307),
            75..84 => Said::YesWithout(pick(dice, &[Lack::Json, Lack::Id, Lack::Token])),
            84..87 => Said::OtherEcho,
            87..93 => Said::NotConnected,
            93..94 => Said::NotBuilt,
            _ => Said::Panic,
        };
        Self { takes: latency(dice), effect: effect(dice, said), said }
    }

    /// Of a request that may be repeated freely.
    pub(super) fn of_call(dice: &mut Rng, percent: u32) -> Self {
        if dice.u32(0..100) >= percent {
            return Self::good(dice);
        }
        let said = match dice.u32(0..100) {
            0..20 => Said::TimedOut,
            20..40 => Said::Broken,
            40..70 => Said::Status(pick(dice, &[408, 500, 502, 503, 504, 524])),
            70..80 => Said::Throttled(pick(dice, &RETRY_AFTER)),
            80..83 => Said::Status(pick(dice, &UNAUTHORIZED)),
            83..86 => Said::Status(404),
            86..94 => Said::NotConnected,
            _ => Said::YesWithout(Lack::Json),
        };
        Self { takes: latency(dice), effect: effect(dice, said), said }
    }
}

fn effect(dice: &mut Rng, said: Said) -> Effect {
    if !said.may_have_arrived() {
        return Effect::Never;
    }
    let never = if said.is_a_yes() { 1 } else { 4 };
    match dice.u32(0..10) {
        chance if chance < never => Effect::Never,
        chance if chance < never + 3 => Effect::Late,
        _ => Effect::BeforeTheAnswer,
    }
}

/// Mostly a moment, sometimes a minute.
fn latency(dice: &mut Rng) -> u64 {
    match dice.u32(0..20) {
        0 => dice.u64(1..60_000),
        1..5 => dice.u64(1..3_000),
        _ => dice.u64(1..120),
    }
}

/// One of them.
pub(super) fn pick<T: Copy>(dice: &mut Rng, of: &[T]) -> T {
    of[dice.usize(0..of.len())]
}
