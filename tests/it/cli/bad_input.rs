//! Every mistake gets one message with the way out, and a code from the table.

use rstest::rstest;

use super::*;
use crate::support::{Import, command_without_privileges};

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
#[case::report_to_link("check good.csv --report link.csv", 2, "the report can't go to link.csv")]
#[case::report_over_roster("check good.csv --report good.csv", 2, "roster")]
#[case::report_nowhere("check good.csv --report nowhere/p.html", 2, "make it first")]
#[case::report_to_standard_output("check good.csv --report -", 2, "name a file")]
#[case::report_and_rejected("check good.csv --report x --rejected x", 2, "one for each")]
#[case::report_of_an_import("import good.csv --sandbox --report p.html", 2, "--dry-run")]
#[case::preview_of_an_import("import good.csv --sandbox --preview 3", 2, "--dry-run")]
#[case::excel_and_nothing("check good.csv --excel", 2, "--rejected")]
#[case::excel_and_json("export --output t.jsonl --excel --journal nope.db", 2, "CSV")]
#[case::excel_and_another_delimiter(
    "check good.csv --excel --rejected x --delimiter ,",
    2,
    "leave one of the two away"
)]
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
        guestlist::journal::Journal::open(&cli.path("j.db"), "sandbox://guestlist", "test", || now).unwrap();
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
    let Some(command) = command_without_privileges(&cli.path("")) else { return };
    let mut command = cli.prepare(command, "import list.csv --sandbox --journal closed/j.db");
    Ran::of(command.output().unwrap()).exits(5).warns("ermission denied");
    std::fs::set_permissions(cli.path("closed"), PermissionsExt::from_mode(0o700)).unwrap();
}

#[test]
fn a_check_shows_what_it_took_the_roster_for() {
    let cli = Cli::new();
    cli.write("list.csv", "Ticket ID;Name;Role;Company\n1;Ann;group_call_host;X\n");
    let ran = cli.run("check list.csv").exits(0).says("semicolon (;)").says("The row is valid.");
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

/// What a process may hold, in KiB: the limit of the design for a roster of any size and shape.
const MOST_MEMORY: u64 = 64 << 10;

/// Each of these ends in exit 3 with its line, in bounded memory, and nothing is sent.
#[track_caller]
fn assert_refused(roster: impl AsRef<[u8]>, says: &str) {
    let import = Import::new().roster(roster);
    let mut running = import.spawn_with("--preset webinar_viewer");
    let memory = running.peak_memory_kib();
    running.end().exit(3).says(says);
    assert!((1..MOST_MEMORY).contains(&memory), "{memory} KiB");
    // What there is was looked up before; nothing was asked because of the roster.
    let asked: Vec<_> = import.server().stats().requests.into_keys().collect();
    assert!(asked.iter().all(|kind| ["presets", "meeting"].contains(kind)), "{asked:?}");
}

/// `text` so many times, gzipped: a member for each thousand, which is how a small file becomes a large one.
fn gzipped(head: &str, text: &str, times: usize, tail: &str) -> Vec<u8> {
    packed(head.as_bytes(), text.as_bytes(), times, tail.as_bytes(), gzip)
}

fn packed(head: &[u8], text: &[u8], times: usize, tail: &[u8], pack: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    [pack(head), pack(&text.repeat(1000)).repeat(times / 1000), pack(tail)].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    member.write_all(bytes).unwrap();
    member.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn latin_1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

fn utf_8(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// I05, I06: a line of 256 MiB, which as a file is a quarter of a megabyte: the row is refused, and so is the import.
#[test]
fn i05_i06_a_line_that_is_larger_than_memory() {
    let bomb = gzipped("id,name\n1,", &"x".repeat(256), 1 << 20, "\n2,Bea\n");
    assert_refused(bomb, "\"line\":2");
}

/// I05, I06: the same of other text, and out of zstd: enough to need more memory than there may be, no more.
#[rstest]
#[case::zstd(utf_8, zstd, "1,", "x", 70_000_000)]
#[case::utf_16(utf_16, gzip, "1,", "é", 40_000_000)]
#[case::utf_16_columns(utf_16, zstd, "1", ",", 40_000_000)]
#[case::windows_1252(latin_1, gzip, "1,Zoë", "xü", 25_000_000)]
fn i05_i06_a_line_that_is_larger_than_memory_in_any_wrapping(
    #[case] encode: fn(&str) -> Vec<u8>,
    #[case] pack: fn(&[u8]) -> Vec<u8>,
    #[case] start: &str,
    #[case] text: &str,
    #[case] times: usize,
) {
    let head = encode(&format!("id,name\n{start}"));
    let bomb = packed(&head, &encode(&text.repeat(64)), times / 64, &encode("\n2,Bea\n"), pack);
    assert_refused(bomb, "\"line\":2");
}

/// I06: an element of a JSON array that is larger than memory.
#[rstest]
#[case::a_string("[{\"id\":\"a\"},\n{\"id\":\"", "x", "\"}]")]
#[case::an_array("[{\"id\":\"a\"},\n{\"a\":[1", ",1", "]}]")]
#[case::depth("[{\"id\":\"a\"},\n{\"a\":[", "[", "")]
#[case::blanks("[{\"id\":\"a\"},\n{\"id\":", " ", "\"b\"}]")]
fn i06_i07_an_element_that_is_larger_than_memory(#[case] head: &str, #[case] text: &str, #[case] tail: &str) {
    let bomb = gzipped(head, &text.repeat(64), 1_100_000, tail);
    assert_refused(bomb, if tail.is_empty() { "list.csv:2: " } else { "\"line\":2" });
}

/// I05, I06: ten million columns in a row, and in the header.
#[rstest]
#[case("id,name\n1", "\n2,Bea\n", "\"line\":2")]
#[case("id,name", "\n1,Ann\n", "list.csv:1: ")]
fn i05_i06_ten_million_columns(#[case] head: &str, #[case] tail: &str, #[case] says: &str) {
    assert_refused(gzipped(head, ",", 10_000_000, tail), says);
}

/// I05: rosters that are broken in one place: the line is named.
#[rstest]
#[case::unclosed_quote(b"id,name\n1,Ann\n2,\"Bob\n3,Cid\n".as_slice(), "list.csv:3: ")]
#[case::nul(b"id,name\n1,Ann\n2,B\0b\n", "list.csv")]
#[case::not_utf8(b"id,name\n1,Zo\xc3\xab\n2,M\xfcller\n", "\"line\":3")]
#[case::utf_16_unclosed_quote(b"\xff\xfei\0d\0\n\x001\0\n\0\"\x002\0\n\0", "list.csv:3: a quote")]
#[case::utf_16_nul(b"\xff\xfei\0d\0\n\x001\0\0\0\n\0", "list.csv:2: a NUL")]
#[case::utf_16_cut(b"\xff\xfei\0d\0\n\x001\0\n\x002", "list.csv:3: 0x32")]
#[case::utf_16_ragged(b"\xff\xfei\0d\0\r\x001\0,\0x\0\r\0", "\"line\":2")]
#[case::utf_32(b"\xff\xfe\0\0i\0\0\0d\0\0\0", "UTF-32")]
#[case::no_encoding(b"id,name\n1,M\x81ller\n2,J\x84ger", "list.csv:2: ")]
#[case::array_cut_short(b"[{\"id\":1},\n{\"id\":2},\n{\"id\"", "list.csv:3: the JSON array is cut short")]
#[case::array_unclosed_string(
    b"[{\"id\":1},\n{\"id\":\"2},{\"id\":3}]",
    "list.csv:2: the JSON array is cut short"
)]
#[case::array_without_comma(b"[{\"id\":1}\n{\"id\":2}]", "list.csv:2: after an element")]
#[case::text_after_the_array(b"[{\"id\":1}]\n{\"id\":2}", "list.csv:2: something comes after")]
#[case::array_in_an_array(b"[{\"id\":1},\n[{\"id\":2}]]", "\"line\":2")]
#[case::empty_array(b"[]\n", "the JSON array is empty")]
#[case::bare_cr(b"id,name\r1,Ann\r\"\"x\r", "list.csv")]
#[case::ragged(b"id,name\n1,Ann\n2,Bob,too,many\n", "\"line\":3")]
fn i05_a_broken_roster_is_refused(#[case] roster: &[u8], #[case] says: &str) {
    assert_refused(roster, says);
}

/// I06: an archive or a workbook is no roster, whatever it would become; nor is a gzip that ends too early.
#[rstest]
#[case::zip(b"PK\x03\x04\x14\0\0\0\x08\0rest of a workbook".to_vec())]
#[case::old_workbook(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest".to_vec())]
#[case::cut(gzipped("id\n", "1\n", 1000, "")[..30].to_vec())]
#[case::cut_zstd(packed(b"id\n", b"1\n", 1000, b"", zstd)[..16].to_vec())]
#[case::wide_zstd(b"\x28\xb5\x2f\xfd\x00\x70\x01\x00\x00".to_vec())]
fn i06_what_is_no_roster_is_refused(#[case] roster: Vec<u8>) {
    assert_refused(roster, "list.csv");
}

/// I07: JSON that is deep, that repeats itself, or whose numbers are no numbers.
#[rstest]
#[case::deep(format!("{{\"id\":1,\"a\":{}", "[".repeat(100_000)), "json-too-deep")]
#[case::deep_and_closed(format!("{{\"id\":1,\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)), "json-too-deep")]
#[case::a_key_again(format!("{{{}\"id\":1}}", "\"a\":1,".repeat(100_000)), "bad-json")]
#[case::a_key_a_million_times(format!("{{{}\"id\":1}}", "\"a\":1,".repeat(1_000_000)), "\"line\":2")]
#[case::infinite("{\"id\":1e999}".to_owned(), "\"line\":2")]
fn i07_hostile_json_is_refused(#[case] object: String, #[case] says: &str) {
    assert_refused(format!("{{\"id\":\"a\"}}\n{object}\n"), says);
    let says = if object.ends_with('}') { says } else { "list.csv:2: the JSON array is cut short" };
    assert_refused(format!("[{{\"id\":\"a\"}},\n{object}]"), says);
}

/// I07: a million different keys in one object.
#[test]
fn i07_a_million_keys() {
    let keys = (0..1_000_000).map(|n| format!("\"k{n}\":1,")).collect::<String>();
    assert_refused(format!("{{\"id\":\"a\"}}\n{{{keys}\"id\":\"b\"}}\n"), "list.csv");
}
