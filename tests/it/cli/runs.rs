//! Whole runs, in the sandbox.

use super::*;

#[test]
fn a_first_run_needs_no_account_and_leaves_nothing_but_the_export() {
    let cli = Cli::new();
    let ran = cli
        .roster(30)
        .run("import list.csv --sandbox --export tokens.csv --json")
        .exits(0)
        .warns("journal: ");
    let summary = ran.summary();
    assert_eq!((&summary["rows"], &summary["added"]), (&30.into(), &30.into()));
    assert_eq!(summary["stopped"], Value::Null);
    assert!(!Path::new(summary["journal"].as_str().unwrap()).parent().unwrap().exists());
    assert_eq!(cli.read("tokens.csv").lines().count(), 31);
    assert_eq!(cli.mode("tokens.csv"), 0o600);
    let left: Vec<_> =
        std::fs::read_dir(cli.folder.path()).unwrap().flatten().map(|file| file.file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_rerun_adds_nobody() {
    let cli = Cli::new();
    cli.roster(20)
        .run("import list.csv --sandbox --journal j.db")
        .exits(0)
        .says("Everybody is in: all 20 rows");
    let again = cli.run("import list.csv --sandbox --journal j.db --json").exits(0);
    assert_eq!((&again.summary()["added"], &again.summary()["present"]), (&0.into(), &20.into()));
    assert_eq!(cli.mode("j.db"), 0o600);
}

#[test]
fn an_invalid_roster_adds_nobody_and_can_be_mended() {
    let cli = Cli::new();
    cli.write("list.csv", "id,preset\na,group_call_host\nb,hots\nb@example.com,group_call_host\n");
    let ran = cli.run("import list.csv --sandbox --rejected bad.csv --export tokens.csv --json").exits(3);
    let summary = ran.summary();
    assert_eq!((&summary["invalid"], &summary["not_attempted"]), (&2.into(), &1.into()));
    let codes: Vec<_> = ran.lines_of("invalid").iter().map(|line| line["code"].clone()).collect();
    assert_eq!(codes, ["unknown-preset", "id-email"]);
    assert!(!cli.path("tokens.csv").exists());
    assert_eq!(cli.read("bad.csv").lines().count(), 3);
    assert_eq!(cli.mode("bad.csv"), 0o600);
    cli.run("import list.csv --sandbox").exits(3).says("Nobody was added: 2 of 3 rows are invalid.");
}

#[test]
fn the_valid_rows_go_in_if_the_others_are_skipped() {
    let cli = Cli::new();
    cli.write("list.csv", "id,preset\na,group_call_host\n,group_call_host\n");
    let ran = cli.run("import list.csv --sandbox --on-invalid skip --export t.jsonl --json").exits(4);
    assert_eq!((&ran.summary()["added"], &ran.summary()["invalid"]), (&1.into(), &1.into()));
    assert_eq!(cli.read("t.jsonl").lines().count(), 1);
}

#[test]
fn a_refused_row_is_named_with_its_place() {
    let cli = Cli::new();
    let ran =
        cli.roster(5).run("import list.csv --sandbox --sandbox-fault refuse=ID:guest-0003 --json").exits(4);
    let problems = ran.lines_of("problem");
    assert_eq!(problems.len(), 1);
    assert_eq!((&problems[0]["line"], &problems[0]["state"]), (&5.into(), &"rejected".into()));
}

#[test]
fn a_refused_token_stops_the_run_and_what_is_in_is_exported() {
    let cli = Cli::new();
    let typed =
        "import list.csv --sandbox --sandbox-fault unauthorized=#20 --concurrency 2 --export t.csv --json";
    let ran = cli.roster(200).run(typed).exits(5);
    assert_eq!(ran.summary()["stopped"], "unauthorized");
    assert_eq!(ran.lines_of("stopped").len(), 1);
    let tokens = cli.read("t.csv").lines().filter(|line| line.contains(",added,")).count();
    assert_eq!(ran.summary()["added"], tokens);
}

#[test]
fn a_limit_takes_the_first_rows() {
    let cli = Cli::new();
    let summary = cli.roster(10).run("import list.csv --sandbox --limit 3 --json").exits(0).summary();
    assert_eq!((&summary["added"], &summary["left_out"]), (&3.into(), &7.into()));
}

#[test]
fn a_roster_comes_from_standard_input() {
    let ran = Cli::new().run_with_input("import - --sandbox --json", "id\na\nb\n").exits(0);
    assert_eq!(ran.summary()["added"], 2);
}

#[test]
fn a_dry_run_says_what_would_be_done_and_writes_nothing() {
    let cli = Cli::new();
    let ran =
        cli.roster(10).run("import list.csv --sandbox --dry-run --limit 4 --journal j.db --json").exits(0);
    assert_eq!(ran.lines_of("plan")[0]["would_add"], 4);
    assert_eq!((&ran.summary()["not_attempted"], &ran.summary()["left_out"]), (&4.into(), &6.into()));
    assert!(!cli.path("j.db").exists());
    cli.run("import list.csv --sandbox --limit 6 --journal j.db").exits(0);
    let ran = cli.run("import list.csv --sandbox --dry-run --journal j.db --json").exits(0);
    let plan = &ran.lines_of("plan")[0];
    assert_eq!((&plan["would_add"], &plan["already_in"]), (&4.into(), &6.into()));
    cli.write("list.csv", "id\n\u{20}\nx@example.com\n")
        .run("import list.csv --sandbox --dry-run --rejected bad.csv")
        .exits(3);
    assert_eq!(cli.read("bad.csv").lines().count(), 2);
}

#[test]
fn a_sandbox_of_its_own_serves_imports_checks_status_and_export() {
    let cli = Cli::new();
    let mut sandbox = cli.spawn("sandbox --listen 127.0.0.1:0 --json");
    let settings: Value = serde_json::from_str(&sandbox.until("\"sandbox\"")).unwrap();
    let text = |name: &str| settings[name].as_str().unwrap().to_owned();
    let client = Cli::new()
        .set("CLOUDFLARE_BASE_URL", &text("api_url"))
        .set("CLOUDFLARE_ACCOUNT_ID", &text("account_id"))
        .set("REALTIMEKIT_APP_ID", &text("app_id"))
        .set("REALTIMEKIT_MEETING_ID", &text("meeting_id"))
        .set("CLOUDFLARE_API_TOKEN", &text("api_token"));
    client.roster(10).run("check list.csv --online").exits(0).says("All 10 rows are valid.");
    assert!(!client.path(".local").exists());
    let summary = client.run("import list.csv --json").exits(0).summary();
    assert_eq!(summary["added"], 10);
    let journal = ".local/state/guestlist/journal.db";
    assert!(summary["journal"].as_str().unwrap().ends_with(journal));
    assert_eq!((client.mode(journal), client.mode(".local/state/guestlist")), (0o600, 0o700));

    let status = client.run("status --json").exits(0);
    assert_eq!(status.lines_of("meeting")[0]["states"]["added"], 10);
    assert_eq!(status.lines_of("run")[0]["exit_code"], 0);
    client.run("status").exits(0).says(&text("meeting_id")).says("import list.csv");
    client.run("export --output tokens.csv --json").exits(0);
    assert_eq!(client.read("tokens.csv").lines().count(), 11);
    client
        .run("export --output - --format jsonl --join-url https://example.com/?authToken={token}")
        .exits(0)
        .says("https://example.com/?authToken=ey");

    let mut wrong_token = client.command("check list.csv --online");
    Ran::of(wrong_token.env("CLOUDFLARE_API_TOKEN", "wr0ng").output().unwrap())
        .exits(5)
        .warns("refuses the token");
    client.run("check list.csv --online --app-id other").exits(2).warns("check --account-id and --app-id");
    let unknown_meeting = "--meeting 3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b --journal other.db";
    client.run(&format!("import list.csv {unknown_meeting}")).exits(3).says("no such meeting");
    client
        .run("import list.csv --sandbox --journal .local/state/guestlist/journal.db")
        .exits(2)
        .warns("belongs to");
    sandbox.signal(rustix::process::Signal::INT);
    sandbox.end().exits(0).warns("0 duplicates");
}
