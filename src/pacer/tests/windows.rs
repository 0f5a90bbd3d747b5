//! One answer after another: what the headers leave us.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::time::Instant;

use super::super::window::{FASTEST_INTERVAL, Windows};
use super::super::{PauseReason, RateLimit, Signal};
use super::SECOND;

/// Windows, and the time that passes for them.
struct Clocked {
    windows: Windows,
    now: Instant,
}

impl Clocked {
    fn unlimited() -> Self {
        Self { windows: Windows::new(None), now: Instant::now() }
    }

    fn auto() -> Self {
        Self { windows: Windows::new(Some(FASTEST_INTERVAL)), now: Instant::now() }
    }

    /// `name`, `r`, `t`.
    fn answered(&mut self, limits: &[(&str, u64, u64)]) {
        let limits: Vec<RateLimit> = limits
            .iter()
            .map(|(name, remaining, seconds)| RateLimit {
                name: (*name).to_owned(),
                remaining: *remaining,
                resets_in: SECOND * u32::try_from(*seconds).unwrap(),
                quota: None,
            })
            .collect();
        self.windows.observe(self.now, Signal::Answered, &limits, 0);
    }

    /// `r`, `t` of one limit; so many requests are on their way.
    fn answered_amid(&mut self, remaining: u64, seconds: u32, in_flight: usize) {
        let limit = RateLimit { name: "a".to_owned(), remaining, resets_in: SECOND * seconds, quota: None };
        self.windows.observe(self.now, Signal::Answered, &[limit], in_flight);
    }

    /// How many leave now, of 64.
    fn leave(&mut self) -> usize {
        let wanted = NonZeroUsize::new(64).unwrap();
        let permits = self.windows.admit(self.now, wanted, 0).map_or(0, NonZeroUsize::get);
        self.windows.granted(self.now, permits, 0);
        permits
    }

    /// How long all must wait.
    fn pause(&self) -> Option<(Duration, PauseReason)> {
        let pause = self.windows.admit(self.now, NonZeroUsize::MIN, 0).err()?;
        Some((pause.until - self.now, pause.reason))
    }
}

#[test]
fn half_of_what_is_available_leaves_at_once() {
    let mut server = Clocked::unlimited();
    server.answered(&[("a", 101, 30)]);
    assert_eq!((server.leave(), server.leave()), (48, 0));
}

#[test]
fn a_window_that_begins_as_the_last_one_ends_is_a_new_one() {
    let mut server = Clocked::unlimited();
    server.answered(&[("a", 21, 1)]);
    assert_eq!(server.leave(), 10);
    server.now += SECOND;
    server.answered(&[("a", 21, 1)]);
    assert_eq!(server.leave(), 10);
}

#[test]
fn answers_that_overtake_each_other_add_nothing() {
    let mut server = Clocked::unlimited();
    for remaining in [100, 8, 90] {
        server.answered(&[("a", remaining, 30)]);
    }
    assert!(server.leave() <= 3);
}

/// The first answer of the new window was faster than the last one of the old.
#[test]
fn an_answer_of_the_last_window_takes_nothing_from_this_one() {
    let mut server = Clocked::unlimited();
    server.answered_amid(3, 1, 2);
    server.now += SECOND;
    server.answered_amid(101, 300, 1);
    server.answered_amid(1, 1, 0);
    assert_eq!(server.leave(), 47);
}

/// But what a server says when nothing from before can be on its way is true.
#[test]
fn a_window_that_is_cut_short_is_obeyed() {
    let mut server = Clocked::unlimited();
    server.answered_amid(1_000, 300, 0);
    server.answered_amid(1, 30, 0);
    assert_eq!(server.pause(), Some((30 * SECOND, PauseReason::Paced)));
}

/// An answer that overtook four others says that five are gone: all of them ours.
#[test]
fn our_own_requests_on_their_way_are_no_use_by_others() {
    let mut server = Clocked::unlimited();
    server.answered_amid(101, 30, 5);
    assert_eq!(server.leave(), 45);
    server.now += SECOND / 10;
    server.answered_amid(96, 30, 4);
    // An even spread of what is left over the rest: one is due in a third of a second.
    let (pause, _) = server.pause().unwrap();
    assert!(pause < SECOND / 2, "{pause:?}");
}

#[test]
fn a_window_that_slides_gives_no_second_half_at_once() {
    let mut server = Clocked::unlimited();
    server.answered(&[("a", 101, 30)]);
    assert_eq!(server.leave(), 48);
    server.now += 10 * SECOND;
    server.answered(&[("a", 90, 30)]);
    assert!(server.leave() <= 1);
}

#[test]
fn answers_without_headers_are_counted() {
    let mut server = Clocked::unlimited();
    server.answered(&[("a", 10, 30)]);
    let mut left = 0;
    for _ in 0..29 {
        for _ in 0..server.leave() {
            left += 1;
            server.answered(&[]);
        }
        server.now += SECOND;
    }
    assert!((5..=9).contains(&left), "{left}");
}

#[test]
fn what_was_not_sent_is_not_counted() {
    let mut server = Clocked::unlimited();
    server.answered(&[("a", 10, 30)]);
    for _ in 0..20 {
        server.windows.observe(server.now, Signal::NotConnected, &[], 0);
    }
    assert_eq!(server.leave(), 4);
}

#[test]
fn the_last_window_to_open_counts() {
    for limits in [[("a", 0, 5), ("b", 0, 20)], [("b", 0, 20), ("a", 0, 5)]] {
        let mut server = Clocked::unlimited();
        server.answered(&limits);
        assert_eq!(server.pause(), Some((20 * SECOND, PauseReason::Paced)));
    }
}

#[test]
fn a_window_that_has_ended_is_probed_by_one() {
    let mut server = Clocked::unlimited();
    server.answered(&[("a", 0, 5)]);
    server.now += 5 * SECOND;
    assert_eq!((server.leave(), server.leave()), (1, 0));
    assert_eq!(server.pause().map(|(_, reason)| reason), Some(PauseReason::Probing));
    server.windows.give_back();
    assert_eq!((server.leave(), server.leave()), (1, 0));
}

#[test]
fn a_limit_that_is_named_no_more_ends_with_its_window() {
    let mut server = Clocked::unlimited();
    server.answered(&[("a", 0, 5)]);
    server.now += 5 * SECOND;
    assert_eq!(server.leave(), 1);
    server.answered(&[]);
    assert!(!server.windows.lead());
}

#[test]
fn time_that_nobody_used_is_not_made_up_for() {
    let mut server = Clocked::auto();
    server.answered(&[("a", 1_200, 300)]);
    server.now += 10 * SECOND;
    assert_eq!(server.leave(), 2);
}

#[test]
fn a_server_that_names_ever_more_limits_fills_no_memory() {
    let mut server = Clocked::unlimited();
    for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        server.answered(&[(name, 100, 30)]);
    }
    server.answered(&[("i", 0, 30)]);
    assert_eq!(server.pause(), None);
}
