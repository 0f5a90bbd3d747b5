//! Seeing before sending: what `check` shows is what an import does, and its page harms nobody who opens it.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use rstest::rstest;
use serde_json::Value;

use super::installed;
use crate::support::{Import, Ran};

const PEOPLE: &str = "\u{feff}Ticket;First Name;Last Name;Email;Preset;Photo\r\n\
    A1;Ann;Lee;ann@example.com;group_call_host;https://example.com/a.png\r\n\
    A2;Bo;;bo@example.com;webinar_viewer;\r\n\
    A2;Bo;;bo@example.com;webinar_viewer;\r\n\
    A3;;;cy@example.org;;\r\n\
    A4;\u{674e};\u{5c0f}\u{9f99};li@example.org;webinar_viewer;\r\n\
    A5;Eve;Mac;eve@example.org;webinar_viewer;not-a-link\r\n";

fn people() -> Import {
    Import::new().roster(PEOPLE).flags("--map id=Ticket")
}

fn check(import: &Import, flags: &str) -> Ran {
    import.tell(&format!("check list.csv --map id=Ticket --preset group_call_participant {flags}"))
}

#[test]
fn everything_that_was_decided_is_said() {
    let ran = check(&people(), "").exit(3);
    insta::assert_snapshot!(ran.stdout, @r#"
    list.csv
      format     CSV
      encoding   UTF-8, with a byte order mark
      delimiter  semicolon (;)
      header     line 1
      rows       6

      column → what it is used for
      Ticket      id
      First Name  first-name, joined with the last name
      Last Name   last-name, joined with the first name
      Email       email, kept and never sent
      Preset      preset
      Photo       picture

    The first rows, as they will be sent:
      id  name     preset                  picture
      A1  Ann Lee  group_call_host         https://example.com/a.png
      A2  Bo       webinar_viewer
      A3  Guest    group_call_participant
      A4  李 小龙  webinar_viewer

    2 of 6 rows are invalid.

    1 row: the same id twice for one meeting; it is in list.csv:3 already; keep one of the rows, or choose with --on-duplicate [duplicate-id]
      list.csv:4  Ticket "A2"

    1 row: not an absolute http or https URL; give a full URL such as https://example.com/a.png, or leave it empty [bad-picture]
      list.csv:7  Photo "not-a-link"

    Next: mend these rows and check again.
    "#);
}

/// How ids are made, what has no header, and what it came in.
#[test]
fn a_gzipped_roster_in_json_lines_says_so() {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"{\"email\":\"ann@example.com\",\"guest_id\":7,\"note\":1}\n").unwrap();
    let import = Import::new().roster(gzip.finish().unwrap());
    let ran = import.tell("check list.csv --id-from email --preset p --preview 0").exit(0);
    insta::assert_snapshot!(ran.stdout, @r"
    list.csv
      format    JSON Lines, compressed with gzip
      encoding  UTF-8
      rows      1

      column → what it is used for
      email  email, kept and never sent; the id is derived from it
      kept as they are: guest_id, note

    The row is valid.

    Next: guestlist import, with the same roster and options.
    ");
}

/// What the preview shows, the server then holds: names put together, defaults filled in, nobody twice.
#[test]
fn the_first_rows_are_shown_as_they_will_be_sent() {
    let import = people();
    let shown = check(&import, "--json --preview 3").exit(3).lines_of("preview");
    assert_eq!(shown.iter().map(|row| &row["line"]).collect::<Vec<_>>(), [2, 3, 5]);
    import.run_with("--preset group_call_participant --on-invalid skip").exit(4).added(4);
    let held = import.server().participants();
    for row in &shown {
        let is_it = |one: &&Value| one["custom_participant_id"] == row["custom_participant_id"];
        let sent = held.iter().find(is_it).unwrap();
        for field in ["name", "preset_name", "picture"] {
            assert_eq!(sent[field], row[field], "{row}");
        }
        assert_eq!(row["meeting_id"], import.server().meeting().to_string());
    }
}

/// Of two rows for one participant, the one that counts is shown.
#[rstest]
#[case("first", "Ann")]
#[case("last", "Anne")]
fn the_row_that_counts_is_shown(#[case] which: &str, #[case] name: &str) {
    let import = Import::new().roster("id,name,preset\n1,Ann,webinar_viewer\n1,Anne,webinar_viewer\n");
    let flags = format!("--on-duplicate {which}");
    let shown = import.tell(&format!("check list.csv --json {flags}")).exit(0).lines_of("preview");
    assert_eq!(shown.iter().map(|row| &row["name"]).collect::<Vec<_>>(), [name]);
    import.run_with(&flags).exit(0).added(1);
    assert_eq!(import.server().participants()[0]["name"], name);
}

#[rstest]
#[case::one_of_many("id,preset\n1,p\n,p\n", "", 3, "1 of 2 rows is invalid.")]
#[case::one("id,preset\n,p\n", "", 3, "1 of 1 row is invalid.")]
#[case::left_out(
    "id,preset\n1,p\n1,p\n2,p\n",
    "--on-duplicate first",
    0,
    "\n2 rows are valid.\n1 row is left out"
)]
#[case::no_name("id,preset,\n1,p,x\n", "", 0, "kept as they are: a column without a name\n")]
#[case::no_names(
    "id,note,,preset,\n1,,,p,x\n",
    "",
    0,
    "kept as they are: note and 2 columns without a name\n"
)]
#[case::nobody("id,preset,status\n1,p,no\n", "--status yess", 3, "only yess counts as coming")]
#[case::html("<html><table>", "", 3, "an HTML page")]
#[case::object("{\"guests\":[{\"id\":1}]}", "", 3, "one JSON object around the list")]
fn what_is_found_is_said_in_plain_words(
    #[case] roster: &str,
    #[case] flags: &str,
    #[case] exit: i32,
    #[case] says: &str,
) {
    let ran = Import::new().roster(roster).tell(&format!("check list.csv {flags}")).exit(exit);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains(says), "{said}");
}

#[rstest]
#[case::as_usual("", 5)]
#[case::fewer("--preview 2", 2)]
#[case::none("--preview 0", 0)]
#[case::more_than_there_are("--preview 100", 7)]
fn so_many_rows_are_shown(#[case] flags: &str, #[case] rows: usize) {
    let import = Import::new().people(7);
    let ran = import.tell(&format!("check list.csv --json {flags}")).exit(0);
    assert_eq!(ran.lines_of("preview").len(), rows);
    let text = import.tell(&format!("check list.csv {flags}")).exit(0).stdout;
    assert_eq!(text.matches("guest-000").count(), rows, "{text}");
    assert_eq!(text.contains("as they will be sent"), rows > 0);
}

/// Groups count what the single lines say one by one.
#[test]
fn issues_are_grouped_for_programs_too() {
    let rows: String = (0..30).map(|n| format!("{n},hots\n")).collect();
    let import = Import::new().roster(format!("id,preset,note\n{rows},,x\n31,webinar_viewer\n"));
    let ran = import.tell("check list.csv --online --json").exit(3);
    let issues = ran.lines_of("issue");
    let counts: Vec<_> =
        issues.iter().map(|issue| (issue["code"].as_str().unwrap(), &issue["count"])).collect();
    assert_eq!(
        counts,
        [("unknown-preset", &30.into()), ("missing-id", &1.into()), ("missing-preset", &1.into())]
    );
    assert_eq!(issues[0]["examples"].as_array().unwrap().len(), 20);
    let first = &issues[0]["examples"][0];
    assert_eq!(
        (&first["line"], &first["column"], &first["value"]),
        (&2.into(), &"preset".into(), &"hots".into())
    );
    let problems = &ran.lines_of("check")[0]["problems"];
    assert!(counts.iter().all(|(code, count)| problems[code] == **count), "{problems}");
    assert_eq!(ran.lines_of("invalid").len(), 32);
}

/// Whatever is in the cells, each line of the preview fits a terminal of the usual width.
#[test]
fn the_preview_fits_the_terminal() {
    let long = "w".repeat(60_000);
    let import = Import::new().roster(format!(
        "id,name,preset,picture,meeting\n{},{long},{long},https://example.com/{long},\n2,\u{674e}\u{202e}x,p,,3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b\n",
        "i".repeat(200)
    ));
    let meeting = import.server().meeting();
    let text = import.tell(&format!("check list.csv --meeting {meeting}")).exit(0).stdout;
    let preview = text.split("as they will be sent").nth(1).unwrap().split("All 2 rows").next().unwrap();
    assert!(preview.lines().count() >= 4, "{text}");
    assert!(preview.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(preview.contains("\\u{202e}") && !preview.contains('\u{202e}'), "{text}");
}

fn page(import: &Import, flags: &str, exit: i32) -> String {
    check(import, &format!("--report page.html {flags}")).exit(exit).says("page.html");
    assert_eq!(import.mode("page.html"), 0o600);
    let page = import.text("page.html");
    assert_harmless(&page);
    page
}

/// Nothing in it is run, nothing is loaded or linked to, no character turns the text around, and every element is one
/// of ours.
#[track_caller]
fn assert_harmless(page: &str) {
    const OURS: [&str; 34] = [
        "!doctype", "html", "head", "meta", "title", "style", "body", "header", "div", "p", "bdi", "h1",
        "ul", "li", "b", "main", "section", "h2", "h3", "ol", "kbd", "article", "code", "span", "table",
        "thead", "tbody", "tr", "th", "td", "dl", "dt", "dd", "footer",
    ];
    let elements: BTreeSet<&str> = page
        .split('<')
        .skip(1)
        .map(|rest| rest.trim_start_matches('/').split([' ', '>', '\n']).next().unwrap())
        .collect();
    let strange: Vec<_> = elements.iter().filter(|name| !OURS.contains(name) && **name != "strong").collect();
    assert!(strange.is_empty(), "{strange:?}");
    for tag in page.split('<').map(|rest| rest.split('>').next().unwrap()) {
        let attributes = tag.split('"').step_by(2).collect::<String>();
        assert!([" src=", " href=", " on"].iter().all(|harm| !attributes.contains(harm)), "{tag}");
    }
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    assert!(!style.contains("url(") && !style.contains("@import"), "{style}");
    assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'; "), "no policy");
    let turning = |c: char| {
        (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!page.contains(turning), "{page}");
}

#[test]
fn the_page_says_who_can_be_invited_and_what_to_mend() {
    let import = people();
    let page = page(&import, "--rejected mend.csv", 3);
    for said in [
        "<h1>4 of 6 people can be invited; 2 rows need mending</h1>",
        "<b>4</b> can be invited",
        "which holds only these",
        "<bdi>mend.csv</bdi>",
        "1 row: not an absolute http or https URL",
        "<span class=\"line\">line 7</span>, column <bdi>Photo</bdi>: <bdi class=\"value\">not-a-link</bdi>",
        "<bdi>Ann Lee</bdi>",
        "<bdi>Guest</bdi>",
        "semicolon (;)",
        "UTF-8, with a byte order mark",
        "This page holds personal data:",
        "guestlist check --online",
    ] {
        assert!(page.contains(said), "{said:?} isn't in {page}");
    }
    assert!(!page.contains(&import.server().settings().api_token), "the API token");
}

#[test]
fn the_page_of_a_good_list_says_so() {
    let import = Import::new().people(3);
    import.tell("check list.csv --online --report page.html").exit(0).says("The report is in page.html");
    let page = import.text("page.html");
    assert_harmless(&page);
    assert!(page.contains("<h1>All 3 people can be invited</h1>"), "{page}");
    assert!(!page.contains("What needs mending") && !page.contains("--online"), "{page}");
}

/// A dry run's page counts by the journal.
#[test]
fn the_page_of_a_dry_run_says_what_an_import_would_do() {
    let import = Import::new().people(7);
    import.run_with("--limit 3").exit(0).added(3);
    import.tell("import list.csv --journal j.db --dry-run --report page.html --preview 1").exit(0);
    let page = import.text("page.html");
    assert_harmless(&page);
    assert!(
        page.contains("<b>4</b> would be invited now") && page.contains("<b>3</b> are in already"),
        "{page}"
    );
    assert_eq!(page.matches("guest-000").count(), 1);
    assert!(!page.contains("eyJ"), "a participant's token");
    assert_eq!(import.server().stats().adds_received, 3);
}

/// Long lists of mistakes and of columns are cut, and say so.
#[test]
fn a_page_stays_readable() {
    let columns: String = (0..300).map(|n| format!(",c{n}")).collect();
    let rows: String = (0..1_000).map(|n| format!("{n},,{}\n", "x".repeat(900))).collect();
    let import = Import::new().roster(format!("Ticket,name,Preset{columns}\n{rows}"));
    check(&import, "--report page.html").exit(0);
    let import = Import::new().roster(format!("Ticket,name,Photo{columns}\n{rows}"));
    let page = page(&import, "", 3);
    assert!(page.contains("… and 980 more.") && page.contains("… and 103 more columns."), "{page}");
    assert!(page.len() < 100_000, "{} bytes", page.len());
}

/// Cells, columns and file names that try to become something else.
fn hostile() -> Import {
    let cells = [
        "<script>document.title='taken'</script>",
        "\"><img src=x onerror=\"document.title='taken'\">",
        "'><svg/onload=document.title=1>",
        "</style><style>*{display:none}</style>",
        "{{ 7 * 191 }}{% for x in y %}",
        "\u{202e}gnp.exe\u{2066}",
        "&lt;b&gt;&#60;b&#62;",
        "<!--",
        "\u{1b}[2J\u{9b}2J\u{0b}",
    ];
    let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
    let mut csv = format!("Ticket,name,Preset,Photo,{}\n", cells.map(quoted).join(","));
    for (nth, cell) in cells.iter().enumerate() {
        // Valid, and wrong in the cell.
        csv += &format!("{nth},{0},{0},,{0}\n{0}@example.com,{0},{0},{0},{0}\n", quoted(cell));
    }
    csv += &format!("long,{},p,{},\n", "<b>".repeat(20_000), "<i>".repeat(20_000));
    let import = Import::new();
    import.write("<img src=x onerror=alert(1)>.csv", &csv);
    import.roster(csv)
}

#[test]
fn hostile_content_stays_content() {
    let import = hostile();
    let page = page(&import, "--preview 100 --delimiter ,", 3);
    assert!(
        page.contains("&lt;script&gt;") && page.contains("{{ 7 * 191 }}") && !page.contains("1337"),
        "{page}"
    );
    assert!(page.len() < 200_000, "{} bytes", page.len());
    let mut command = import.command("check --map id=Ticket --report page.html --preview 100 --delimiter ,");
    let output = command.arg("<img src=x onerror=alert(1)>.csv").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_harmless(&import.text("page.html"));
}

/// A browser makes of it the elements that the template has, and none of the content's.
#[test]
fn a_browser_makes_no_elements_of_hostile_content() {
    let Some(chromium) = installed("chromium", "a hostile roster's page in a browser") else { return };
    let import = hostile();
    page(&import, "--preview 100 --delimiter ,", 3);
    let dom = dump(&chromium, &import);
    assert_harmless(&dom.replace("<!DOCTYPE", "<!doctype"));
    for (element, times) in
        [("<style", 1), ("<script", 0), ("<img", 0), ("<svg", 0), ("<!--", 0), ("<title", 1)]
    {
        assert_eq!(dom.matches(element).count(), times, "{element}");
    }
    assert!(dom.contains("people can be invited; 12 rows need mending</h1>"), "{dom}");
    assert!(dom.contains("&lt;script&gt;document.title"), "{dom}");
}

fn dump(chromium: &Path, import: &Import) -> String {
    let flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
                 --disable-background-networking --disable-component-update --disable-sync --dump-dom";
    let mut command = Command::new(chromium);
    command.args(flags.split_whitespace());
    command.arg(format!("--user-data-dir={}", import.path("browser").display()));
    command.arg(format!("file://{}", import.path("page.html").display()));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Whole or not at all: an older page stays until there is a new one, and nothing is left of one that isn't made.
#[test]
fn a_page_that_is_not_made_leaves_the_older_one() {
    let import = Import::new().roster("company\nX\n");
    import.write("page.html", "older");
    import.write("secret", "untouched");
    symlink("secret", import.path("link.html")).unwrap();
    import.tell("check list.csv --report page.html").exit(3).says("--map id=COLUMN");
    import.tell("check list.csv --report link.html").exit(2);
    assert_eq!(
        (import.text("page.html"), import.text("secret")),
        ("older".to_owned(), "untouched".to_owned())
    );
    let names = std::fs::read_dir(import.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with(".guestlist")).collect();
    assert!(left.is_empty(), "{left:?}");
}
