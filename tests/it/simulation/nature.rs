//! What stays the same for a whole schedule: what the server is like, and how it is used. Pure.

use fastrand::Rng;
use guestlist::journal::Resend;
use guestlist::model::MeetingId;

use super::fate::pick;

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    OldestFirst,
    NewestFirst,
    /// By ids that say nothing of age.
    Scattered,
}

/// What a server that counts pages from 1 makes of page 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageZero {
    Refused,
    TheFirst,
}

/// What the server is like, and how it is used.
#[derive(Debug, Clone)]
pub(super) struct Nature {
    pub(super) meetings: Vec<MeetingId>,
    /// Milliseconds.
    pub(super) settle: u64,
    pub(super) concurrency: usize,
    pub(super) resend: Resend,
    pub(super) refresh_found: bool,
    /// How many of a hundred creates go wrong, and how many of all other requests.
    pub(super) bad_creates: u32,
    pub(super) bad_calls: u32,
    pub(super) per_page: usize,
    pub(super) first_page: u64,
    pub(super) page_zero: PageZero,
    pub(super) first_offset: u64,
    pub(super) order: Order,
    /// Whether every create is looked up in the journal's file as it arrives.
    pub(super) watches_the_journal: bool,
    /// Whether the journal is called on the run's own thread: then the order of all events is the seed's. Otherwise what
    /// happens at one instant may come in any order, as it does in a real run.
    pub(super) one_thread: bool,
}

const MEETINGS: [&str; 3] = [
    "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b",
    "7c9d2f10-8b3e-4a55-b6c7-d8e9f0a1b2c3",
    "a1b2c3d4-e5f6-4789-8abc-def012345678",
];

impl Nature {
    pub(super) fn of(dice: &mut Rng) -> Self {
        let meetings = MEETINGS[..dice.usize(1..=MEETINGS.len())].iter().map(|id| id.parse().unwrap());
        Self {
            meetings: meetings.collect(),
            settle: pick(dice, &[1_000, 10_000, 150_000, 150_000]),
            concurrency: dice.usize(1..=6),
            resend: if dice.u32(0..5) == 0 { Resend::Hold } else { Resend::Allowed },
            refresh_found: dice.bool(),
            bad_creates: pick(dice, &[3, 10, 30, 60, 90]),
            bad_calls: pick(dice, &[0, 3, 10, 40]),
            per_page: pick(dice, &[1, 2, 3, 5, 7, 100]),
            first_page: dice.u64(0..=1),
            page_zero: pick(dice, &[PageZero::Refused, PageZero::TheFirst]),
            first_offset: dice.u64(0..=1),
            order: pick(dice, &[Order::OldestFirst, Order::NewestFirst, Order::Scattered]),
            watches_the_journal: dice.u32(0..3) == 0,
            one_thread: dice.u32(0..4) > 0,
        }
    }

    /// The longest time from the moment when the client stops waiting until a create shows in every list: C2, less a
    /// little for a clock of milliseconds.
    pub(super) fn latest(&self) -> u64 {
        self.settle - 20
    }
}
