//! Deliberately broken builds: with a safeguard taken away, the fault test that is named for it must fail, and say that
//! somebody is in twice (or that a closed door was knocked on). A test that doesn't notice proves nothing.
#![cfg(feature = "sabotage")]

use std::process::Command;

use rstest::rstest;

/// How the named tests of this binary end, with a safeguard taken away or none.
fn run(tests: &str, safeguard: Option<&str>) -> (Ended, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([tests, "--nocapture"]).env_remove("GUESTLIST_SABOTAGE").env("RUST_BACKTRACE", "0");
    command.envs(safeguard.map(|safeguard| ("GUESTLIST_SABOTAGE", safeguard)));
    let output = command.output().unwrap();
    let said =
        format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let result = said.lines().find(|line| line.starts_with("test result: ")).unwrap_or_default();
    assert!(!result.contains(" 0 passed; 0 failed"), "no test is named {tests}: {said}");
    let ended = match (output.status.success(), result.contains("FAILED")) {
        (true, false) => Ended::Passed,
        (false, true) => Ended::Failed,
        _ => panic!("{said}"),
    };
    (ended, said)
}

#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Passed,
    Failed,
}

/// M04. The last column is what the failure must be about: words that only the assertion in question says.
#[rstest]
#[case("intent-off", "resume::death::k02_killed_with_requests_on_their_way", "so often a create was sent")]
#[case("intent-off", "resume::disk::j02_a_power_cut_at_any_instant", "people are in twice")]
#[case("intent-off", "simulation::m03_nobody_is_in_twice", "after one in doubt")]
#[case("settle-zero", "resume::death::k02_killed_with_requests_on_their_way", "so often a create was sent")]
#[case("settle-zero", "simulation::m03_nobody_is_in_twice", "after one in doubt")]
#[case("synchronous-normal", "resume::disk::j02_a_power_cut_at_any_instant", "creates without an intent")]
#[case("default-retry", "faults::tls::n21_a_refused_stream_is_never_repeated", "somebody is in twice")]
#[case("default-redirects", "faults::network::a_redirect_stops_the_run", "somebody is in twice")]
#[case("twins-added", "rosters::identity::i13_a_mended_id_invites_nobody_twice", "invited twice")]
#[case("gate-per-worker", "faults::limits::r01_one_gate_for_all_workers", "times too early")]
fn m04_a_broken_build_fails_the_test_named_for_it(
    #[case] safeguard: &str,
    #[case] tests: &str,
    #[case] about: &str,
) {
    let (ended, said) = run(tests, None);
    assert_eq!(ended, Ended::Passed, "with every safeguard: {said}");
    let (ended, said) = run(tests, Some(safeguard));
    assert_eq!(ended, Ended::Failed, "{safeguard} went unnoticed by {tests}");
    assert!(said.contains(about), "{tests} failed, but not because of {safeguard}: {said}");
}
