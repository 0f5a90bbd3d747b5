//! The export of whole runs, over a real connection.

use rstest::rstest;

use crate::support::Import;

/// The columns, the escaping, who may read it, and everybody's token.
#[test]
fn an_export_holds_everybody_and_no_formula() {
    let import = Import::new().roster(
        "id,name,preset,Company,Seat\na,\"=HYPERLINK(\"\"http://x\"\")\",webinar_viewer,\"Lee, \"\"Sons\"\"\",+1\n\
         b,\u{ff1d}1+1,webinar_viewer,@x,\n",
    );
    import.run_with("--export t.csv").exit(0).added(2);
    assert_eq!(import.mode("t.csv"), 0o600);
    let text = import.text("t.csv");
    let mut lines = text.lines();
    assert_eq!(
        lines.next().unwrap(),
        "custom_participant_id,name,preset_name,picture,meeting_id,participant_id,token,token_expires_at,created_at,\
         updated_at,state,Company,Seat"
    );
    let first = lines.next().unwrap();
    assert!(first.starts_with("a,\"'=HYPERLINK(\"\"http://x\"\")\",webinar_viewer,,"), "{first}");
    assert!(first.ends_with("Z,added,\"Lee, \"\"Sons\"\"\",'+1"), "{first}");
    assert!(lines.next().unwrap().contains(",'\u{ff1d}1+1,"), "{text}");
    assert!(lines.next().is_none());
    // JSON Lines stay exact.
    import.tell("export --journal j.db --output t.jsonl --format jsonl").exit(0);
    assert!(import.text("t.jsonl").contains(r#""name":"=HYPERLINK(\"http://x\")""#));
    // What is sent is what stands in the roster.
    let mut names: Vec<_> =
        import.server().participants().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["=HYPERLINK(\"http://x\")", "\u{ff1d}1+1"]);
    // An export is a roster: nobody is added by it.
    import.write("list.csv", text);
    import.run().exit(0).present(2);
}

/// I09: an export goes to a plain file or nowhere.
#[rstest]
#[case("link.csv")]
#[case("list.csv")]
#[case("j.db")]
#[case("/dev/full")]
#[case(".")]
#[case("nowhere/t.csv")]
fn i09_an_export_goes_to_a_plain_file_or_nowhere(#[case] output: &str) {
    let import = Import::new().people(3);
    import.run().exit(0);
    import.write("secret", "untouched");
    std::os::unix::fs::symlink("secret", import.path("link.csv")).unwrap();
    let before = (import.read("list.csv"), import.read("j.db"));
    let ran = import.tell(&format!("export --journal j.db --format csv --output {output}"));
    assert!([2, 5].contains(&ran.code()), "{}", ran.stderr);
    assert_eq!((import.read("list.csv"), import.read("j.db")), before);
    assert_eq!(import.text("secret"), "untouched");
    let left = std::fs::read_dir(import.path(".")).unwrap().flatten();
    assert!(!left.into_iter().any(|file| file.file_name().to_string_lossy().starts_with(".guestlist")));
}

/// An export of a run that ended early holds who is in.
#[test]
fn an_export_of_a_run_that_ended_early() {
    let import = Import::new().people(20).fault("unauthorized=#11").flags("--export t.csv");
    import.run_with("--concurrency 1").exit(5).added(10);
    assert_eq!(import.text("t.csv").lines().filter(|line| line.contains(",eyJ")).count(), 10);
    import.run().exit(0);
    assert_eq!(import.text("t.csv").lines().filter(|line| line.contains(",eyJ")).count(), 20);
}

/// I09: a journal that isn't there yet is no place for anything else.
#[rstest]
fn i09_nothing_takes_the_place_of_a_new_journal(
    #[values("--export", "--rejected")] flag: &str,
    #[values("j.db", "./j.db-wal", "j.db.lock")] place: &str,
) {
    let import = Import::new().people(3);
    import.run_with(&format!("{flag} {place}")).exit(2).says("the journal");
    assert_eq!(import.server().requests(), 0);
}
