//! Every mistake gets one message with the way out, and a code from the table.

use rstest::rstest;

use super::*;

#[rstest]
#[case::missing("import nope.csv --sandbox", 2, "nope.csv")]
#[case::folder("import . --sandbox", 2, "folder")]
#[case::empty("import empty.csv --sandbox", 3, "empty")]
#[case::header_only("import header.csv --sandbox", 3, "no row")]
#[case::binary("check binary.csv", 3, "binary.csv")]
#[case::no_ids("check no-ids.csv", 3, "--map id=COLUMN")]
#[case::no_such_column("check good.csv --map id=Ticket", 2, "Ticket")]
#[case::no_account("import good.csv", 2, "CLOUDFLARE_ACCOUNT_ID")]
#[case::no_app("import good.csv --account-id a", 2, "REALTIMEKIT_APP_ID")]
#[case::no_token("import good.csv --account-id a --app-id b", 2, "CLOUDFLARE_API_TOKEN")]
#[case::open_token_file(
    "import good.csv --account-id a --app-id b --api-token-file open.token",
    2,
    "chmod 600"
)]
#[case::insecure("import good.csv --account-id a --app-id b --api-url http://api.example", 2, "https://")]
#[case::no_journal("status --journal nope.db", 2, "nothing has been imported")]
#[case::nothing_to_export("export --output t.csv --journal nope.db", 2, "nothing has been imported")]
#[case::foreign_journal("import good.csv --sandbox --journal good.csv", 2, "not a guestlist journal")]
#[case::journal_folder("import good.csv --sandbox --journal nowhere/j.db", 2, "no such folder")]
#[case::export_over_roster("import good.csv --sandbox --export good.csv", 2, "roster")]
#[case::export_to_folder("import good.csv --sandbox --export .", 2, "folder")]
#[case::export_nowhere("import good.csv --sandbox --export nowhere/t.csv", 2, "make it first")]
#[case::rejected_to_link("check good.csv --rejected link.csv", 2, "symbolic link")]
#[case::join_url("export --output t.csv --join-url https://example.com/{colour}", 2, "colour")]
#[case::public_sandbox("sandbox --listen 0.0.0.0:0", 2, "loopback")]
fn is_told_with_the_way_out(#[case] typed: &str, #[case] exit: i32, #[case] says: &str) {
    let cli = Cli::new();
    let good = "id,preset\na,group_call_host\n";
    cli.write("good.csv", good)
        .write("empty.csv", "")
        .write("header.csv", "id,preset\n")
        .write("open.token", "s3cret");
    cli.write("binary.csv", [0, 159, 146, 150, 0, 1, 2]).write("no-ids.csv", "company\nX\n");
    std::os::unix::fs::symlink("good.csv", cli.path("link.csv")).unwrap();
    let ran = cli.run(typed).exits(exit).warns("error: ").warns(says);
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("s3cret"));
    let in_json = cli.run(&format!("{typed} --json")).exits(exit);
    let errors = in_json.lines_of("error");
    assert_eq!((errors.len(), &errors[0]["exit_code"]), (1, &exit.into()));
    if typed.starts_with("import") {
        assert_eq!(in_json.summary()["exit_code"], exit);
    }
    assert_eq!(cli.read("good.csv"), good);
}

#[test]
fn a_mistake_in_typing_is_told_to_programs_too() {
    let ran = Cli::new().run("import --json --api-token s3cret").exits(2).warns("--api-token-file");
    assert_eq!(ran.lines_of("error")[0]["exit_code"], 2);
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("s3cret"));
}

#[test]
fn a_journal_in_use_is_left_alone() {
    let cli = Cli::new();
    let now = jiff::Timestamp::now();
    let journal =
        guestlist::journal::Journal::open(&cli.path("j.db"), "sandbox://guestlist", "test", now).unwrap();
    cli.roster(3).run("import list.csv --sandbox --journal j.db").exits(6).warns("another run");
    cli.run("status --journal j.db").exits(0).says("running");
    drop(journal);
    cli.run("import list.csv --sandbox --journal j.db").exits(0);
}

#[test]
fn an_unwritable_folder_stops_it_before_anything_is_sent() {
    let cli = Cli::new();
    cli.roster(3);
    std::fs::create_dir(cli.path("closed")).unwrap();
    std::fs::set_permissions(cli.path("closed"), PermissionsExt::from_mode(0o500)).unwrap();
    if std::fs::write(cli.path("closed/probe"), "").is_ok() {
        return; // root may write everywhere
    }
    cli.run("import list.csv --sandbox --journal closed/j.db").exits(5);
}

#[test]
fn a_check_shows_what_it_took_the_roster_for() {
    let cli = Cli::new();
    cli.write("list.csv", "Ticket ID;Name;Role;Company\n1;Ann;group_call_host;X\n");
    let ran = cli.run("check list.csv").exits(0).says("CSV with ; between fields").says("The row is valid.");
    assert!(ran.stdout.contains("kept as they are: Company"), "{}", ran.stdout);
    let ran = cli.run("check list.csv --json").exits(0);
    let roster = &ran.lines_of("roster")[0];
    assert_eq!((&roster["format"], &roster["delimiter"]), (&"csv".into(), &";".into()));
    assert_eq!(roster["columns"][3]["role"], "extra");
    assert_eq!(ran.lines().pop().unwrap()["type"], "check");
}

#[test]
fn a_check_writes_all_invalid_rows_to_a_file_once() {
    let cli = Cli::new();
    cli.write("list.csv", "id,preset\na,p\n,p\na,p\nb@example.com,p\n");
    let ran = cli.run("check list.csv --rejected bad.csv --json").exits(3);
    assert_eq!(ran.lines_of("check")[0]["invalid"], 3);
    let bad = cli.read("bad.csv");
    assert_eq!(bad.lines().count(), 4, "{bad}");
}
