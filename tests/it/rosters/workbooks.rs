//! Workbooks: the same people as from CSV, which sheet they come from, and what their cells can't say.

mod hostile;

use std::path::Path;
use std::process::Stdio;

use rstest::rstest;
use serde_json::Value;

use crate::support::{Import, Running};

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rosters");
    std::fs::read(folder.join(name)).unwrap()
}

/// Fields as the server has them, by id.
fn held(import: &Import, fields: &[&str]) -> Vec<String> {
    let text =
        |one: &Value| fields.iter().map(|field| one[field].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let mut people: Vec<_> = import.server().participants().iter().map(|one| text(one).join("|")).collect();
    people.sort();
    people
}

const GUESTS: [&str; 3] = [
    "00007|Zoë Müller|group_call_host",
    "00042|José Núñez|group_call_participant",
    "12345|学生 Łuczak|group_call_participant",
];

/// Whatever its name says: it is told by its content.
#[rstest]
#[case::csv("guests.csv", "guests.csv")]
#[case::xlsx("guests.xlsx", "guests.xlsx")]
#[case::xlsm("guests.xlsm", "guests.xlsm")]
#[case::xls("guests.xls", "guests.xls")]
#[case::ods("guests.ods", "guests.ods")]
#[case::named_csv("guests.xlsx", "guests.csv")]
#[case::named_xlsx("guests.xls", "guests.xlsx")]
#[case::unnamed("guests.ods", "guests")]
fn a_list_gives_the_same_people_from_every_kind_of_file(#[case] kind: &str, #[case] name: &str) {
    let import = Import::new();
    import.write(name, fixture(kind));
    import.tell(&format!("import {name} --json --settle 300ms --journal j.db")).exit(0).added(3);
    assert_eq!(held(&import, &["custom_participant_id", "name", "preset_name"]), GUESTS);
    let export = import.tell("export --output - --journal j.db --format jsonl").exit(0).stdout;
    let carried = ["Registered", "Doors", "Paid", "Price"];
    let mut extras: Vec<String> = export
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|row| carried.map(|column| row[column].as_str().unwrap().to_owned()).join("|"))
        .collect();
    extras.sort();
    let expected = [
        "2026-02-28|2026-11-24T19:00:00|FALSE|20",
        "2026-11-01|2026-11-24T18:30:00|TRUE|1.5",
        "2026-12-31|2026-11-24T09:05:07|TRUE|0",
    ];
    assert_eq!(extras, expected);
}

#[test]
fn a_workbook_may_come_from_standard_input() {
    let import = Import::new();
    import.write("piped", fixture("guests.xlsx"));
    let mut command = import.command("import - --json --settle 300ms --journal j.db");
    command.stdin(Stdio::from(std::fs::File::open(import.path("piped")).unwrap()));
    Running::start(&import, command).end().exit(0).added(3);
    assert_eq!(held(&import, &["custom_participant_id", "name", "preset_name"]), GUESTS);
}

#[test]
fn the_sheet_that_is_taken_is_said_with_the_others() {
    let import = Import::new();
    import.write("sheets.xlsx", fixture("sheets.xlsx"));
    let told = import.tell("check sheets.xlsx --preset webinar_viewer").exit(0).stdout;
    assert!(told.contains("sheet          \"Guests\"\n  other sheets   "), "{told}");
    assert!(
        told.contains("other sheets   \"Read me\", \"Staff\": not read; take one with --sheet"),
        "{told}"
    );
    assert!(told.contains("hidden sheets  \"Last year\": not read"), "{told}");
    let line =
        import.tell("check sheets.xlsx --preset webinar_viewer --json").exit(0).lines_of("roster").remove(0);
    assert_eq!(
        (&line["format"], &line["sheet"], &line["header_line"]),
        (&"xlsx".into(), &"Guests".into(), &1.into())
    );
    assert_eq!(line["other_sheets"], serde_json::json!(["Read me", "Staff"]));
    assert_eq!(line["hidden_sheets"], serde_json::json!(["Last year"]));
    assert_eq!(import.server().stats().adds_received, 0);
}

/// An import says which sheet it took, too, unless that was said to it.
#[test]
fn an_import_names_the_sheet_that_it_takes() {
    let import = Import::new();
    import.write("list.xlsx", fixture("sheets.xlsx"));
    let typed = "import list.xlsx --preset webinar_viewer --settle 300ms --journal j.db";
    let told = import.tell(typed).exit(0).stderr;
    let note = "sheet: \"Guests\"; other sheets: \"Read me\", \"Staff\": not read; take one with --sheet; \
                hidden sheets: \"Last year\": not read";
    assert!(told.contains(note), "{told}");
    let told = import.tell(&format!("{typed} --sheet Staff")).exit(0).stderr;
    assert!(!told.contains("Read me"), "{told}");
}

#[rstest]
#[case::found("", &["a|Ann Lee", "b|Bob Roe"])]
#[case::name("--sheet staff", &["s|Sam Poe"])]
#[case::number("--sheet 4", &["s|Sam Poe"])]
#[case::hidden("--sheet Last%year", &["old-1|Somebody Else"])]
fn the_sheet_that_is_asked_for_is_imported(#[case] flags: &str, #[case] people: &[&str]) {
    let import = Import::new();
    import.write("list.csv", fixture("sheets.xlsx"));
    let mut command =
        import.command("import list.csv --preset webinar_viewer --json --settle 300ms --journal j.db");
    command.args(flags.split_whitespace().map(|flag| flag.replace('%', " ")));
    Running::start(&import, command).end().exit(0).added(people.len() as u64);
    assert_eq!(held(&import, &["custom_participant_id", "name"]), people);
}

#[rstest]
#[case::near(
    "sheets.xlsx --sheet Guest",
    "there is no sheet \"Guest\"; did you mean \"Guests\"? sheets: \"Read me\", \"Last year\", \"Guests\", \"Staff\""
)]
#[case::number("sheets.xlsx --sheet 5", "there is no sheet \"5\"")]
#[case::chart("sheets.xlsx --sheet Chart", "the sheet \"Chart\" is a chart")]
#[case::text("guests.csv --sheet Guests", "--sheet is for workbooks, and this is none")]
fn a_sheet_that_is_not_there_is_refused(#[case] typed: &str, #[case] message: &str) {
    let import = Import::new();
    for name in ["sheets.xlsx", "guests.csv"] {
        import.write(name, fixture(name));
    }
    import
        .tell(&format!("import {typed} --preset webinar_viewer --json --journal j.db"))
        .exit(2)
        .says(&message.replace('"', "\\\""));
    assert_eq!(import.server().stats().adds_received, 0);
}

/// Rows whose cells can't be taken for what somebody typed are refused, each with its row, and the others are right.
#[test]
fn what_a_sheet_has_lost_is_refused() {
    let import = Import::new();
    import.write("quirks.xlsx", fixture("quirks.xlsx"));
    let told = import.tell("check quirks.xlsx --preset webinar_viewer --json").exit(3);
    let problem =
        |line: &Value| format!("{} {} {}", line["line"], line["code"].as_str().unwrap(), line["value"]);
    let problems: Vec<String> = told.lines_of("invalid").iter().map(problem).collect();
    insta::assert_snapshot!(problems.join("\n"), @r##"
    4 id-rounded "1.234567890123457E+17"
    5 id-rounded "4.111111111111111E+15"
    6 id-date "2026-03-05"
    7 id-shown-otherwise "42"
    8 formula-empty null
    9 cell-error "#N/A"
    11 missing-id null
    13 id-rounded "1.23E+17"
    "##);
    let shown = import.tell("check quirks.xlsx --preset webinar_viewer").exit(3).stdout;
    assert!(shown.contains("mend its formula, or type the value (cell B9)"), "{shown}");
    assert!(shown.contains("formulas  2 have no stored result"), "{shown}");
    let typed =
        "import quirks.xlsx --preset webinar_viewer --on-invalid skip --json --settle 300ms --journal j.db";
    import.tell(typed).exit(4).added(4).invalid(8);
    let people = ["999999999999999|Fifteen Digits", "link|Bob Roe", "merged|Dee Doe", "rich|Ann Lee"];
    assert_eq!(held(&import, &["custom_participant_id", "name"]), people);
    let export = import.tell("export --output - --journal j.db --format jsonl").exit(0).stdout;
    for carried in [
        r#""e-mail":"bob@example.com","note":"18:30:00""#,
        r##""note":"#REF!""##,
        r#""note":"26:30:00""#,
        r#""note":"1.234567890123457E+19""#,
    ] {
        assert!(export.contains(carried), "{carried} isn't in {export}");
    }
}

/// A title, and an empty row, stand before the table; dates of the two calendars are dates.
#[test]
fn a_table_below_a_title_is_found() {
    let import = Import::new();
    import.write("list.csv", fixture("titled.xlsx"));
    let told = import.tell("check list.csv --preset webinar_viewer --json").exit(0);
    assert_eq!(told.lines_of("roster")[0]["header_line"], 4);
    import.tell("check list.csv --preset webinar_viewer").exit(0).says("what comes before row 4");
    import.run_with("--preset webinar_viewer").exit(0).added(2);
    assert_eq!(held(&import, &["custom_participant_id"]), ["t-1", "t-2"]);
    let export = import.tell("export --output - --journal j.db --format jsonl").exit(0).stdout;
    for registered in [r#""Registered":"2026-11-24""#, r#""Registered":"1904-01-02""#] {
        assert!(export.contains(registered), "{registered} isn't in {export}");
    }
}

#[test]
fn texts_within_their_cells_and_results_of_formulas_are_read() {
    let import = Import::new();
    import.write("list.csv", fixture("inline.xlsx"));
    import.run_with("--preset webinar_viewer --default-name Somebody").exit(0).added(2);
    assert_eq!(held(&import, &["custom_participant_id", "name"]), ["42|Somebody", "a|Ann & Lee"]);
}

/// The rejected rows of a workbook are CSV; mended, they are the rest of the import.
#[test]
fn rejected_rows_of_a_workbook_are_mended_as_csv() {
    let import = Import::new();
    import.write("list.csv", fixture("quirks.xlsx"));
    import
        .run_with("--preset webinar_viewer --on-invalid skip --rejected bad.csv")
        .exit(4)
        .added(4)
        .invalid(8);
    let bad = import.text("bad.csv");
    let start = "\u{feff}id,name,e-mail,note,guestlist error\n'1.234567890123457E+17,Long Number,";
    assert!(bad.starts_with(start), "{bad}");
    import.write("again.csv", &bad);
    import.tell("check again.csv --preset webinar_viewer --json").exit(3).says("id-rounded");
    let mended = bad.replace("1.234567890123457E+17", "123456789012345678").replace("\n,Eve", "\neve,Eve");
    import.write("mended.csv", mended);
    let typed =
        "import mended.csv --preset webinar_viewer --on-invalid skip --json --settle 300ms --journal j.db";
    import.tell(typed).exit(4);
    assert_eq!(import.server().posts("123456789012345678"), 1);
    assert_eq!(import.server().posts("eve"), 1);
}
