//! K12: a bug that panics with everything in its hands.

use rstest::rstest;

use super::traces::Traces;
use super::{PEOPLE, assert_kept, guests, import};

/// Every request's task panics with the participant and the reply in its message: neither is shown, everybody's row is
/// in doubt, and looked up; nobody is in twice.
#[rstest]
fn k12_a_panic_shows_no_secret(#[values("", "-v --json")] manner: &str) {
    let guests = guests();
    let mut command = import(&guests, manner);
    command.env("GUESTLIST_SABOTAGE", "panic");
    let traces = Traces::of(&guests, command);
    assert_ne!(traces.code, Some(101), "{}", traces.stderr);
    assert!(traces.stderr.contains("panicked"), "{}", traces.stderr);
    let stats = guests.server().stats();
    assert_eq!((stats.participants, stats.duplicates), (PEOPLE as u64, 0), "{stats:?}");
    // Whoever reads of the bug need not learn of the guests.
    assert_kept(&guests, &traces, false);
}
