//! Rosters that would hurt: each ends in an error with its place, in bounded memory.

use super::*;
use rstest::rstest;
use std::io;

#[rstest]
#[case::unclosed_quote(
    "id,name\n1,Ann\n2,\"Bob\n3,Cid\n",
    "r.csv:3: a quote opened in this row is never closed"
)]
#[case::unclosed_header("id,\"name\n1,Ann\n", "r.csv:1: a quote opened in this row is never closed")]
#[case::nul_in_the_beginning("id\n1\0\n", "binary data")]
#[case::bare_cr_header_only("id,name\r", "there is a header but no row")]
fn a_broken_file_is_refused_with_its_place(#[case] text: &str, #[case] message: &str) {
    let error = refusal(text, options());
    assert!(error.contains(message), "{error}");
}

#[test]
fn rows_swallowed_by_an_unclosed_quote_are_not_lost_in_silence() {
    let outcome = read("id,name,note\n1,Ann,\"hi\n2,Bob,yo\n3,Cid,\"x\"\n4,Dan,\n");
    assert_eq!((outcome.problems(), outcome.ids()), (vec![(2, "bad-quote")], vec!["4"]));
    assert!(
        refusal("id,\"name\n1,\"Ann\"\n2,Bob\n", options())
            .starts_with("r.csv:1: text after a closing quote")
    );
}

#[test]
fn a_nul_far_into_the_file_is_found_too() {
    for (start, row) in [("id\n", "1234567\n"), ("", "{\"id\":\"1\"}\n")] {
        let rows = row.repeat(10_000);
        let lines = start.lines().count() + 10_000;
        let error = refusal(format!("{start}{rows}{}\0{row}", &row[..3]), options());
        assert!(error.starts_with(&format!("r.csv:{}: a NUL byte", lines + 1)), "{error}");
    }
}

#[test]
fn bytes_that_are_no_utf8_have_a_line_and_a_column() {
    let outcome = read(b"id,name,x\n1,Zo\xc3\xab,\n2,M\xfcller,\xe4\n3,\xc3,\xa9\n");
    assert_eq!(outcome.names(), ["Zoë"]);
    insta::assert_snapshot!(outcome.messages().join("\n"), @r#"
    r.csv:3: name "M\xfcller": not UTF-8; save the roster as "CSV UTF-8", or name its encoding with --encoding
    r.csv:3: x "\xe4": not UTF-8; save the roster as "CSV UTF-8", or name its encoding with --encoding
    r.csv:4: name "\xc3": not UTF-8; save the roster as "CSV UTF-8", or name its encoding with --encoding
    r.csv:4: x "\xa9": not UTF-8; save the roster as "CSV UTF-8", or name its encoding with --encoding
    "#);
    assert_eq!(read(b"{\"id\":\"\xc3\xab\"}\n{\"id\":\"\xfc\"}\n").problems(), [(2, "not-utf8")]);
    assert_eq!(read(b"[{\"id\":\"\xc3\xab\"},\n{\"id\":\"\xfc\"}]").problems(), [(2, "not-utf8")]);
}

#[test]
fn a_header_that_is_no_utf8_is_refused() {
    assert!(refusal(b"id,\xfc\n1,\xc3\xab\n", options()).starts_with("r.csv:1: the header is not UTF-8"));
}

#[test]
fn what_is_too_large_is_reported_and_the_rest_is_read() {
    let (field, record) = ("x".repeat(70_000), "x".repeat(2_000_000));
    let outcome = read(format!("id,name\n1,{field}\n2,{record}\n3,Ann\n"));
    assert_eq!(outcome.problems(), [(2, "field-too-large"), (3, "record-too-large")]);
    assert_eq!(outcome.ids(), ["3"]);
    assert!(outcome.messages()[0].len() < 300, "the value is cut");
    let long = |value| format!("{{\"id\":2,\"x\":\"{value}\"}}");
    let outcome = read(format!("{{\"id\":1}}\n{}\n{}\n{{\"id\":3}}", long(&field), long(&record)));
    assert_eq!(outcome.problems(), [(2, "field-too-large"), (3, "record-too-large")]);
    assert_eq!(outcome.ids(), ["1", "3"]);
}

#[rstest]
#[case::columns(10_001)]
#[case::far_more(900_000)]
#[case::above_the_record_cap(2_000_000)]
fn a_header_of_a_million_columns_is_refused(#[case] columns: usize) {
    let error = refusal(format!("id{}\n1\n", ",".repeat(columns)), options());
    assert!(error.starts_with("r.csv:1: "), "{error}");
    let outcome = read(format!("id\n1{}x\n2\n", ",".repeat(columns)));
    assert_eq!((outcome.problems().len(), outcome.ids()), (1, vec!["2"]));
}

#[test]
fn json_that_breeds_columns_is_refused() {
    let objects = |n: usize| (0..n).map(|i| format!("{{\"id\":\"{i}\",\"k{i}\":1}}\n")).collect::<String>();
    let narrow = || ReadOptions { caps: Caps { columns: 100, ..Caps::default() }, ..options() };
    assert_eq!(read_with(objects(99), narrow()).expect("a roster").rows.len(), 99);
    assert!(refusal(objects(100), narrow()).starts_with("r.csv:100: more than 100 columns"));
    let long = format!("{{\"id\":1,\"{}\":1}}\n{{\"{}\":1}}", "k".repeat(600_000), "l".repeat(600_000));
    assert!(refusal(long, options()).contains("more than 10000 columns"));
}

#[test]
fn deep_and_repetitive_json_is_refused_by_the_row() {
    let deep = format!("{{\"id\":1,\"a\":{}", "[".repeat(100_000));
    let again = format!("{{{}\"id\":1}}", "\"a\":1,".repeat(100_000));
    let outcome = read(format!("{{\"id\":0}}\n{deep}\n{again}\n{{\"id\":3,\"a\":1e999}}\n"));
    assert_eq!(outcome.problems(), [(2, "json-too-deep"), (3, "bad-json")]);
    assert_eq!(outcome.ids(), ["0", "3"]);
}

#[test]
fn json_of_any_layout_has_the_lines_of_the_file() {
    let text = "[\r\n  {\r\n    \"id\": 1,\r\n    \"x\": [\r\n      1\r\n    ]\r\n  },\r\n  {\r\n    \"id\":\r\n  },\r\n  \"Ann\"\r\n]";
    let outcome = read(text);
    assert_eq!((outcome.ids(), outcome.rows[0].line), (vec!["1"], 2));
    assert!(!outcome.rows[0].extra.contains(['\r', '\n']), "{}", outcome.rows[0].extra);
    insta::assert_snapshot!(outcome.messages().join("\n"), @r"
    r.csv:8: not valid JSON; mend it in line 10, at byte 3
    r.csv:11: not a JSON object; write each person as one JSON object
    ");
}

/// A line end within quotes is no JSON, whatever would become of it on one line.
#[test]
fn a_string_over_two_lines_is_refused() {
    assert_eq!(read("[{\"id\":\"a\n},\n{\"id\":\"2\"}]").problems(), [(1, "bad-json")]);
    let error = refusal("[{\"id\":\"a\nb\"},\n{\"id\":\"2\"}]", options());
    assert!(error.starts_with("r.csv:3: the JSON array is cut short"), "{error}");
}

#[test]
fn a_message_cannot_move_the_cursor() {
    let outcome = read("id,na\u{1b}me,preset\n\u{1b}[2J1,\u{7}x,\u{202e}p\n");
    assert_eq!(outcome.messages().len(), 3);
    let text = outcome.messages().join("");
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text}");
    let error = refusal("na\u{1b}me\n1\n", options());
    assert!(!error.contains('\u{1b}'), "{error}");
}

/// A gigabyte that is never in memory: the reader sees one endless line.
#[test]
fn a_line_without_end_passes_through() {
    let caps = Caps { expanded: 1 << 40, ..Caps::default() };
    let endless = io::Read::chain(&b"id,name\n1,\""[..], io::Read::take(io::repeat(b'x'), 20 << 20));
    let source = RosterSource::spool("r.csv", endless, caps).expect("a source");
    let mut reader = Reader::open(&source, options()).expect("a reader");
    let read = reader.read(&mut RosterRow::new(), &mut Vec::new(), &mut App);
    assert!(matches!(read, Err(RosterError::UnclosedQuote(at)) if at.line == 2));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in "(id|[,;\"'\n\r=\u{feff}\\[\\]{}:0-9a]|\u{0}|é){0,60}", cut in 0usize..60) {
        let bytes = bytes.as_bytes();
        for text in [bytes, &bytes[..cut.min(bytes.len())]] {
            let _ = read_with([b"id,name\n", text].concat(), options());
            let _ = read_with([b"{\"id\":1}\n{", text].concat(), options());
            let _ = read_with([b"[{\"id\":1},", text].concat(), options());
            let _ = read_with([b"\xff\xfei\0d\0\n\0", text].concat(), options());
            let _ = read_with(text, options());
        }
    }

    #[test]
    fn no_noise_makes_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
        for start in [&b"id\n"[..], b"", b"\xff\xfe", b"\xfe\xff", b"[", b"\x28\xb5\x2f\xfd", b"\x1f\x8b\x08"] {
            let _ = read_with([start, &bytes].concat(), options());
        }
    }
}
