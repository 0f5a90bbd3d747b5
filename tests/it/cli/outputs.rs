//! Standard output is for data, and may be closed or full.

use std::fs::OpenOptions;

use super::*;

#[test]
fn a_closed_pipe_is_no_panic_and_the_run_is_finished() {
    let cli = Cli::new();
    let mut running =
        cli.roster(300).spawn("import list.csv --sandbox --journal j.db --json --sandbox-latency 5ms");
    running.until("accepted");
    let Running { mut child, stdout, mut stderr } = running;
    drop(stdout);
    wait_for(&mut stderr, "standard output can't be written");
    assert_eq!(child.wait().unwrap().code(), Some(5));
    cli.run("import list.csv --sandbox --journal j.db").exits(0).says("already in  300");
}

#[test]
fn a_full_disk_under_standard_output_shows_in_the_exit_code() {
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else { return };
    let cli = Cli::new();
    cli.roster(3);
    for typed in ["import list.csv --sandbox", "check list.csv --json", "completions bash", "man", "--help"] {
        let output = cli.command(typed).stdout(full.try_clone().unwrap()).output().unwrap();
        assert_eq!(output.status.code(), Some(5), "{typed}");
    }
}

#[test]
fn quiet_says_nothing_but_the_result() {
    let cli = Cli::new();
    let ran = cli.roster(3).run("import list.csv --sandbox -q").exits(0).says("Everybody is in");
    assert_eq!(ran.stderr, "");
}

#[test]
fn verbose_logs_to_standard_error_and_shows_no_token() {
    let cli = Cli::new();
    let ran = cli.roster(3).run("import list.csv --sandbox -v --json").exits(0).warns("DEBUG");
    assert_eq!(ran.summary()["added"], 3);
    assert!(!ran.stderr.contains("eyJ") && !ran.stderr.contains("sandbox-token"), "{}", ran.stderr);
}

#[test]
fn pages_are_printed() {
    let cli = Cli::new();
    cli.run("completions zsh").exits(0).says("#compdef guestlist");
    cli.run("man").exits(0).says(".TH guestlist").says("on\\-invalid");
    cli.run("--version")
        .exits(0)
        .says(concat!("guestlist ", env!("CARGO_PKG_VERSION")))
        .says("SQLite")
        .says("target");
    cli.run("-V").exits(0);
    cli.run("--help").exits(0).says("Exit codes:");
    assert!(is_empty(cli.folder.path()));
}
