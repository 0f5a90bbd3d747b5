//! Standard output is for data, and may be closed or full.

use std::fs::OpenOptions;

use rstest::rstest;

use super::*;
use crate::support::Import;

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

/// I10: whoever reads our output goes away, or its disk is full: the run goes on and its end says so; the server and
/// the journal hold everybody, and the same command sends nobody again.
#[rstest]
#[case::closed(false)]
#[case::full(true)]
fn i10_a_run_outlives_its_standard_output(
    #[case] full: bool,
    #[values("import", "import -v", "import --json")] typed: &str,
) {
    let import = Import::new().people(40);
    let mut command =
        import.command(&format!("{typed} list.csv --journal j.db --settle 300ms --export t.csv"));
    command.stdout(if full { device_full() } else { closed_pipe() }).stderr(Stdio::piped());
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{stderr}");
    assert!(stderr.contains("standard output can't be written") && !stderr.contains("panicked"), "{stderr}");
    import.assert_everyone_is_in_once();
    assert_eq!(import.text("t.csv").lines().count(), 41, "the export is whole");
    import.finish_within(1);
    assert_eq!(import.server().most_posts(), 1);
}

/// I10: standard error is full or gone: what is said there is lost, and nothing else is.
#[rstest]
fn i10_a_run_outlives_its_standard_error(
    #[values(false, true)] full: bool,
    #[values("import -v", "import -v --json")] typed: &str,
) {
    let import = Import::new().people(40).fault("500-after=#3");
    let mut command =
        import.command(&format!("{typed} list.csv --journal j.db --settle 300ms --export t.csv"));
    command.stderr(if full { device_full() } else { closed_pipe() }).stdout(Stdio::null());
    assert_eq!(command.output().unwrap().status.code(), Some(0));
    import.finish_within(1);
    assert_eq!(import.server().most_posts(), 1);
}

/// I10: tokens that can't be written to standard output are no success.
#[rstest]
fn i10_an_export_to_a_standard_output_that_is_gone(
    #[values(false, true)] full: bool,
    #[values("csv", "jsonl")] format: &str,
) {
    let import = Import::new().people(40);
    import.run().exit(0);
    let mut command = import.command(&format!("export --journal j.db --output - --format {format}"));
    command.stdout(if full { device_full() } else { closed_pipe() }).stderr(Stdio::piped());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert!(!String::from_utf8(output.stderr).unwrap().contains("panicked"));
}

/// I10: the same of the commands that only tell something.
#[rstest]
#[case("status --journal j.db")]
#[case("status --journal j.db --json")]
#[case("check list.csv --json")]
#[case("import list.csv --dry-run --json")]
#[case("completions zsh")]
#[case("man")]
#[case("--version")]
#[case("sandbox --listen 127.0.0.1:0")]
fn i10_a_command_says_that_nobody_heard_it(#[case] typed: &str, #[values(false, true)] full: bool) {
    let import = Import::new().people(4);
    import.run().exit(0);
    let mut command = import.command(typed);
    command.stdout(if full { device_full() } else { closed_pipe() }).stderr(Stdio::piped());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!String::from_utf8(output.stderr).unwrap().contains("panicked"));
}

/// I09: an export takes an older one's place whole: who has the old one open reads it to its end.
#[rstest]
fn i09_an_older_export_is_replaced_whole(#[values(false, true)] by_an_import: bool) {
    let import = Import::new().people(40);
    import.run_with("--limit 10 --export t.csv").exit(0);
    let before = import.text("t.csv");
    let mut open = std::fs::File::open(import.path("t.csv")).unwrap();
    if by_an_import {
        import.run_with("--export t.csv").exit(0);
    } else {
        import.run().exit(0);
        import.tell("export --journal j.db --output t.csv").exit(0);
    }
    let mut read = String::new();
    std::io::Read::read_to_string(&mut open, &mut read).unwrap();
    assert_eq!((read, before.lines().count()), (before, 11), "the old one was written over");
    assert_eq!(import.text("t.csv").lines().count(), 41);
    assert_eq!(import.mode("t.csv"), 0o600);
}

/// I09: where an export mustn't go is found out before anybody is added, and what is there is left alone.
#[rstest]
#[case::link_to_a_file("link.csv")]
#[case::link_to_nothing("dangling.csv")]
#[case::link_to_the_roster("roster-link.csv")]
#[case::roster("list.csv")]
#[case::roster_by_another_path("../{}/list.csv")]
#[case::journal("j.db")]
#[case::full("/dev/full")]
#[case::null("/dev/null")]
#[case::folder("folder")]
#[case::pipe("pipe")]
#[case::missing_folder("nowhere/t.csv")]
#[case::below_a_file("secret/t.csv")]
fn i09_an_import_refuses_the_place_first(
    #[case] place: &str,
    #[values("--export", "--rejected")] flag: &str,
) {
    let import = Import::new().people(4);
    import.write("secret", "untouched");
    std::fs::create_dir(import.path("folder")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, import.path("pipe"), rustix::fs::Mode::RWXU).unwrap();
    for (target, link) in
        [("secret", "link.csv"), ("nothing", "dangling.csv"), ("list.csv", "roster-link.csv")]
    {
        std::os::unix::fs::symlink(target, import.path(link)).unwrap();
    }
    let folder = import.path("").file_name().unwrap().to_string_lossy().into_owned();
    let (roster, before) = (import.text("list.csv"), names(&import));
    import.run_with(&format!("{flag} {}", place.replace("{}", &folder))).exit(2);
    assert_eq!(import.server().requests(), 0);
    assert_eq!((import.text("list.csv"), import.text("secret")), (roster, "untouched".to_owned()));
    assert_eq!(names(&import), before, "something was left");
}

/// What lies in the folder, but for what the tests themselves write there.
fn names(import: &Import) -> Vec<String> {
    let entries = std::fs::read_dir(import.path("")).unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| !name.starts_with("output-")).collect();
    names.sort();
    names
}

/// A disk without space.
fn device_full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

/// A pipe that nobody reads any more.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}
