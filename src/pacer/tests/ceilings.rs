//! What a rate set by hand admits at once.

use rstest::rstest;

use super::super::Server;
use super::{pacer, permits};

/// As much as a timer that wakes late may miss, 50 ms; at least one.
#[rstest]
#[case("1000/s", 50)]
#[case("50/s", 2)]
#[case("30/s", 1)]
#[case("4/s", 1)]
#[case("1000000/s", 50_000)]
#[tokio::test(start_paused = true)]
async fn a_rate_set_by_hand_begins_without_a_burst_of_the_worker_set(
    #[case] rate: &str,
    #[case] at_once: usize,
) {
    assert_eq!(permits(&pacer(rate, Server::Loopback), 100_000), at_once);
}

#[tokio::test(start_paused = true)]
async fn permits_asked_for_one_by_one_are_as_many() {
    let pacer = pacer("1000/s", Server::Loopback);
    assert_eq!((0..100).map(|_| permits(&pacer, 1)).sum::<usize>(), 50);
}
