//! Ctrl-C and SIGTERM.

use rstest::rstest;
use rustix::process::Signal;

use super::*;

#[rstest]
#[case(Signal::INT, 130)]
#[case(Signal::TERM, 143)]
fn the_first_signal_drains_and_the_same_command_resumes(#[case] signal: Signal, #[case] code: i32) {
    let cli = Cli::new();
    let typed = "import list.csv --sandbox --journal j.db --json";
    let mut running = cli.roster(2000).spawn(&format!("{typed} --sandbox-latency 50ms"));
    running.until("\"progress\"");
    running.signal(signal);
    let ran = running.end().exits(code).warns("stopping");
    let summary = ran.summary();
    assert_eq!((&summary["stopped"], &summary["uncertain"]), (&"interrupted".into(), &0.into()));
    let added = summary["added"].as_u64().unwrap();
    assert!((1..2000).contains(&added), "{summary}");
    let resumed = cli.run(&format!("{typed} --rate unlimited")).exits(0).summary();
    assert_eq!((&resumed["added"], &resumed["present"]), (&(2000 - added).into(), &added.into()));
}

#[test]
fn the_second_signal_ends_it_at_once() {
    let cli = Cli::new();
    let mut running = cli.roster(50).spawn("import list.csv --sandbox --json --sandbox-fault hang=1");
    running.until("\"compared\"");
    running.signal(Signal::INT);
    running.until_warned("stopping");
    running.signal(Signal::TERM);
    running.end().exits(143);
    let left: Vec<_> =
        std::fs::read_dir(cli.folder.path()).unwrap().flatten().map(|file| file.file_name()).collect();
    assert_eq!(left, ["list.csv"]);
}
