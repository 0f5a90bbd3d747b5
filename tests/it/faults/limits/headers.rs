//! R07 to R09: what the headers say, by the script.

use rstest::rstest;

use crate::support::Import;

/// A server that says so, whatever happens, and limits nothing.
fn told(people: usize, ratelimit: &str, policy: &str) -> Import {
    Import::new().people(people).server_with(|settings| {
        settings.ratelimit = Some(ratelimit.to_owned());
        settings.ratelimit_policy = Some(policy.to_owned()).filter(|policy| !policy.is_empty());
    })
}

/// R07: of several items the strictest is obeyed, wherever it stands and however it is written: one request, then a
/// second's wait for the next window.
#[rstest]
#[case::first("\"burst\";r=1;t=1, \"default\";r=500;t=200")]
#[case::last("\"default\";t=200;r=500,\"burst\";t=1;r=1")]
#[case::unknown_parameters_and_spaces(
    "  default; r=500;pk=:cHN0:;t=200;x=?1  ,   \"burst\";  a=1;r=1;b; t=1 "
)]
fn r07_the_strictest_of_several_limits_is_obeyed(#[case] ratelimit: &str) {
    let import = told(1, ratelimit, "");
    import.run().exit(0).added(1);
    let stats = import.server().stats();
    assert!(stats.most_within_a_second <= 2, "{stats:?}");
}

/// R08: what can't be read is no limit. Each would be obeyed by a reader that takes what it can find, and keep the run
/// for minutes.
#[rstest]
#[case::trailing_comma("\"default\";r=0;t=200,")]
#[case::open_quote("\"default;r=0;t=200")]
#[case::negative("\"default\";r=-1;t=200")]
#[case::fraction("\"default\";r=0.0;t=200")]
#[case::no_name("r=0;t=200")]
#[case::older_draft("limit=100, remaining=0, reset=200")]
#[case::no_time("\"default\";r=0")]
#[case::non_ascii("\"d\u{e9}faut\";r=0;t=200")]
#[case::empty("")]
fn r08_malformed_headers_are_ignored(#[case] ratelimit: &str) {
    let import = told(20, ratelimit, "\"default\";q=;w=");
    import.run().exit(0).added(20);
    import.assert_everyone_is_in_once();
}

/// R09: a limit that never recovers, or resets in thirty years, is asked again when its window must be over.
#[rstest]
#[case::nothing_left_for_thirty_years("\"default\";r=0;t=1000000000")]
#[case::a_number_too_large("\"default\";r=0;t=999999999999999")]
fn r09_a_limit_that_never_recovers_is_probed(#[case] ratelimit: &str) {
    let import = told(1, ratelimit, "\"default\";q=100;w=1");
    import.run().exit(0).added(1);
    let stats = import.server().stats();
    // Asked again, but once a second.
    assert!(stats.most_within_a_second <= 2, "{stats:?}");
}
