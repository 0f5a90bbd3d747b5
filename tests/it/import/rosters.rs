//! Rosters that are wrong, that change, and that come in parts.

use std::process::Stdio;

use rstest::rstest;

use crate::support::{Import, Running};

/// I11: personal data is no id, unless somebody insists.
#[rstest]
#[case("ann@example.com", "id-email")]
#[case("+49 151 12345678", "id-phone")]
fn i11_personal_data_is_no_id(#[case] id: &str, #[case] code: &str) {
    let import = Import::new().ids([id, "b"]);
    let ran = import.run().exit(3).invalid(1);
    assert_eq!(ran.lines_of("invalid")[0]["code"], code);
    assert_eq!(import.server().stats().adds_received, 0);
    import.run_with("--allow-pii-ids").exit(0).added(2);
    import.assert_everyone_is_in_once();
}

/// I13: the roster changes between runs: only who is new is sent, who changed is reported, who is gone stays.
#[test]
fn i13_a_roster_that_changes_between_runs() {
    let import = Import::new().ids(["a", "b", "c", "d"]);
    import.run().exit(0).added(4);
    let head = "id,name,preset\n";
    let row = |id: &str, name: &str| format!("{id},{name},group_call_participant\n");
    import.write("list.csv", format!("{head}{}{}{}", row("d", "Guest"), row("e", "New"), row("b", "Other")));
    import.run().exit(4).added(1).present(2).differing(1);
    let server = import.server();
    assert_eq!((server.posts("b"), server.posts("e"), server.stats().participants), (1, 1, 5));
    import.run_with("--accept-differing").exit(0).present(3);
    import.run().exit(0).present(3).differing(0);
    assert_eq!(server.stats().adds_received, 5);
}

/// I13: a row that was never sent takes what the newest roster says.
#[test]
fn i13_a_row_that_was_not_sent_takes_the_new_fields() {
    let import = Import::new().people(5).fault("unauthorized=#1");
    import.run_with("--concurrency 1").exit(5).added(0);
    let rows: String = (0..5).map(|n| format!("guest-{n:04},Renamed {n},webinar_viewer\n")).collect();
    import.write("list.csv", format!("id,name,preset\n{rows}"));
    import.run().exit(0).added(5).differing(0);
    let held = import.server().participants();
    assert!(held.iter().all(|one| one["preset_name"] == "webinar_viewer"), "{held:?}");
}

/// I14: the roster changes while it is read: nobody of it is sent.
#[test]
fn i14_a_roster_that_changes_while_it_is_read() {
    let import = Import::new().people(5).fault("hang=#1@meeting").flags("--timeout 2s --connect-timeout 1s");
    let mut running = import.spawn();
    running.until("the meeting is asked for", |stats| stats.requests.contains_key("meeting"));
    import.write("list.csv", "id,preset\nsomebody-else,webinar_viewer\n");
    running.end().exit(3).says("changed");
    assert_eq!(import.server().stats().adds_received, 0);
}

/// I15: a roster on standard input resumes by id, not by line.
#[test]
fn i15_a_roster_on_standard_input() {
    let import = Import::new().people(30).fault("unauthorized=#11");
    let piped = |content: Vec<u8>| {
        import.write("piped.csv", content);
        let mut command = import.command("import - --json --settle 1s --journal j.db --concurrency 1");
        command.stdin(Stdio::from(std::fs::File::open(import.path("piped.csv")).unwrap()));
        Running::start(&import, command).end()
    };
    let text = import.text("list.csv");
    piped(text.clone().into_bytes()).exit(5).added(10);
    let (head, rows) = text.split_once('\n').unwrap();
    let backwards: String = rows.lines().rev().map(|line| format!("{line}\n")).collect();
    piped(format!("{head}\n{backwards}").into_bytes()).exit(0).added(20).present(10);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1 + 1, "the refused one was sent again");
}

/// Wrong rows are skipped and written down; mended, they are the rest of the import.
#[test]
fn rejected_rows_are_mended_and_imported() {
    let import = Import::new().roster(
        "Ticket ID;Name;Preset;Note\na;\"Ann; B\";webinar_viewer;=1+1\nb@example.com;Bea;webinar_viewer;-2\n;Cy;webinar_viewer;x\n\
         d;Dan;hots;\"two\nlines\"\n",
    );
    import.run_with("--on-invalid skip --rejected bad.csv").exit(4).added(1).invalid(3);
    let bad = import.text("bad.csv");
    assert!(bad.lines().next().unwrap().contains("error"), "{bad}");
    let mended =
        bad.replace("b@example.com", "b").replace("hots", "webinar_viewer").replace("\n,Cy", "\nc,Cy");
    let mended = mended.replace("\n;Cy", "\nc;Cy");
    import.write("mended.csv", mended);
    let typed = "import list.csv mended.csv --on-invalid skip --json --settle 1s --journal j.db";
    import.tell(typed).exit(4).added(3).present(1).invalid(3);
    import.tell("import mended.csv --json --journal j.db").exit(0).present(3);
    for id in ["a", "b", "c", "d"] {
        assert_eq!(import.server().posts(id), 1, "{id}");
    }
    let exported = import.tell("export --output - --journal j.db --format jsonl").exit(0).stdout;
    assert!(exported.contains("\"Note\":\"-2\"") && exported.contains("two\\nlines"), "{exported}");
}

/// `--limit` takes the first rows, the next run the others.
#[test]
fn a_limit_takes_the_first_rows_and_the_next_run_the_others() {
    let import = Import::new().people(10);
    import.run_with("--limit 4").exit(0).added(4).left_out(6);
    import.run_with("--limit 4").exit(0).added(0).present(4).left_out(6);
    import.run_with("--limit 6").exit(0).added(2).present(4).left_out(4);
    import.finish_within(1);
    assert_eq!(import.server().stats().adds_received, 10);
}

/// What a wrong roster staged is never sent by the next one.
#[test]
fn people_of_a_refused_roster_are_never_sent() {
    let import = Import::new().people(5);
    let right = import.text("list.csv");
    import.write(
        "list.csv",
        "id,preset\nstranger-1,webinar_viewer\nstranger-2,webinar_viewer\n,webinar_viewer\n",
    );
    import.run().exit(3);
    import.write("list.csv", right);
    import.finish_within(1);
    assert_eq!(import.server().stats().adds_received, 5);
}

/// Another source of ids would invite everybody twice.
#[test]
fn another_source_of_ids_is_refused() {
    let import = Import::new().people(5);
    import.run().exit(0);
    import.run_with("--id-from name").exit(2).says("--new-id-source");
    assert_eq!(import.server().stats().adds_received, 5);
}
