//! What would take memory or time without bound is refused before it does.

use super::*;
use rstest::rstest;

const SMALL: WorkbookCaps = WorkbookCaps {
    file: 100_000,
    held_file: 100_000,
    entries: 20,
    part: 200_000,
    expanded: 400_000,
    text: 100_000,
    strings: 100,
    cells: 1_000,
    area: 10_000,
    held: 1_000,
    held_text: 100_000,
};

/// Ends with this message, whichever caps: a file may be small and ask for everything all the same.
#[track_caller]
fn assert_refused(bytes: &[u8], caps: WorkbookCaps, what: &str) {
    let error = refusal(bytes, within(caps));
    assert!(error.starts_with("r.csv: the workbook has more than ") && error.contains(what), "{error}");
}

fn styles(attribute: &str) -> String {
    format!("<styleSheet><fonts><font><name {attribute}/></font></fonts></styleSheet>")
}

#[rstest]
#[case::part(xlsx(&" ".repeat(300_000), &[]), "200000 bytes in one part")]
#[case::parts(xlsx("", &[("a", &" ".repeat(150_000)), ("b", &" ".repeat(150_000)), ("c", &" ".repeat(150_000))]), "400000 bytes once expanded")]
#[case::texts(xlsx("", &[("xl/sharedStrings.xml", &format!("<sst>{}</sst>", "<si/>".repeat(101)))]), "100 different texts")]
#[case::held_part(xlsx("", &[("xl/theme/theme1.xml", &format!("<a>{}</a>", "<b/>".repeat(30_000)))]), "100000 bytes of text")]
#[case::entries(archive(&std::array::from_fn::<_, 21, _>(|at| (["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u"][at], &b""[..]))), "20 entries in its zip directory")]
#[case::cells(xlsx(&row(&["a"; 101]).repeat(10), &[]), "1000 cells in a sheet")]
#[case::area(xlsx(&format!("<row><c r=\"A1\"><v>1</v></c><c r=\"WWW1\"><v>1</v></c></row>{}", row(&["a"])), &[]), "10000 cells between")]
#[case::repeated_text(
    xlsx(&"<row><c t=\"s\"><v>0</v></c></row>".repeat(200), &[("xl/sharedStrings.xml", &format!("<sst><si><t>{}</t></si></sst>", "x".repeat(1_000)))]),
    "100000 bytes of text in a sheet"
)]
#[case::repeated_rows(ods_table(&ods_row(1_048_576, &["id"])), "1000 cells")]
#[case::repeated_columns(ods_table(&ods_row(1, &["id"]).replace("office:value-type", "table:number-columns-repeated=\"16384\" office:value-type")), "1000 cells")]
#[case::far_apart(ods_table(&(ods_row(1, &["id"]) + &ods_row(1_000_000, &[]) + &ods_row(1, &["a", "b"]))), "1000 cells")]
#[case::many_tables(ods(&format!("<table:table table:name=\"a\">{}</table:table>", ods_row(400, &["id"])).repeat(3)), "1000 cells")]
#[case::spaces(ods_table(&ods_row(1, &["<text:s text:c=\"4000000000\"/>"])), "100000 bytes of text")]
#[case::repeated_long_text(ods_table(&ods_row(900, &[&"x".repeat(1_000)])), "100000 bytes of text")]
fn a_small_file_that_grows_is_refused(#[case] bytes: Vec<u8>, #[case] what: &str) {
    assert_refused(&bytes, SMALL, what);
}

/// The same with the caps that everybody has.
#[rstest]
#[case::claimed_texts(xlsx(&guests(), &[("xl/sharedStrings.xml", "<sst uniqueCount=\"99999999999\"/>")]), "1000000 different texts")]
#[case::claimed_texts_of_a_prefix(xlsx(&guests(), &[("XL\\SharedStrings.xml", "<x:sst count='1' uniqueCount='99999999999'/>")]), "1000000 different texts")]
#[case::long_value(xlsx(&row(&["id", &"x".repeat(1_100_000)]), &[]), "1048576 bytes in one value")]
#[case::value_of_many_pieces(xlsx(&row(&["id", &"x&amp;".repeat(200_000)]), &[]), "1048576 bytes in one value")]
#[case::long_comment(xlsx(&format!("<!--{}-->{}", "<>".repeat(600_000), guests()), &[]), "1048576 bytes in one value")]
#[case::font_name(xlsx(&guests(), &[("xl/styles.xml", &styles(&format!("val=\"{}\"", "x".repeat(5_000))))]), "4096 bytes in one name")]
#[case::tables(xlsx(&guests(), &[("xl/workbook.xml", &BOOK.replace("<sheets>", &format!("<sheets>{}", "<sheet name=\"a\" r:id=\"1\"/>".repeat(1_000))))]), "sheets")]
#[case::the_whole_of_a_sheet(ods_table(&ods_row(1_048_576, &["id"]).replace("office:value-type", "table:number-columns-repeated=\"16384\" office:value-type")), "1000000 cells")]
#[case::sixteen_million_in_one_row(ods_table(&ods_row(1, &["id"]).replace("office:value-type", "table:number-columns-repeated=\"99999999999\" office:value-type").repeat(62)), "1000000 cells")]
fn what_a_file_claims_is_not_believed(#[case] bytes: Vec<u8>, #[case] what: &str) {
    assert_refused(&bytes, WorkbookCaps::DEFAULT, what);
}

#[test]
fn a_sheet_that_claims_the_whole_sheet_and_holds_two_rows_is_read() {
    let sheet = format!(
        "<worksheet><dimension ref=\"A1:XFD1048576\"/><sheetData>{}</sheetData></worksheet>",
        guests()
    );
    let outcome = read_with(xlsx("", &[("xl/worksheets/1.xml", &sheet)]), within(SMALL)).expect("a roster");
    assert_eq!(outcome.ids(), ["a"]);
    let end = ods_row(1_048_000, &[])
        .replace("</", "<table:table-cell table:number-columns-repeated=\"16384\"/></");
    let rows = ods_row(1, &["id", "name"]) + &ods_row(1, &["a", "Ann"]) + &end;
    assert_eq!(read_with(ods_table(&rows), within(SMALL)).expect("a roster").ids(), ["a"]);
}

#[test]
fn a_sheet_as_wide_as_sheets_get_is_refused_like_such_a_header() {
    let far = format!("{}<row><c r=\"XFD3\" t=\"inlineStr\"><is><t>x</t></is></c></row>", guests());
    let error = refusal(xlsx(&far, &[]), options());
    assert_eq!(error, "r.csv:1: more than 10000 columns; remove those that aren't needed");
}

/// A directory that says another size than the data has is no way around the caps.
#[test]
fn a_directory_that_lies_is_not_believed() {
    let mut bytes = xlsx(&" ".repeat(300_000), &[]);
    let size = u32::to_le_bytes(300_000 + "<worksheet><sheetData></sheetData></worksheet>".len() as u32);
    let places: Vec<usize> =
        bytes.windows(4).enumerate().filter(|(_, window)| *window == size).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + 4].copy_from_slice(&1_000_u32.to_le_bytes());
    }
    assert!(refusal(&bytes, within(SMALL)).starts_with("r.csv: the workbook is damaged"));
}

/// In an `.xls`, two cells span a rectangle, and a record says how large the sheet is.
#[test]
fn an_old_workbook_is_measured_too() {
    let bytes = fixture("guests.xls");
    assert_refused(&bytes, WorkbookCaps { held: 20, ..SMALL }, "20 cells");
    assert_refused(&bytes, WorkbookCaps { held_text: 50, ..SMALL }, "50 bytes of text");
    assert_refused(&bytes, WorkbookCaps { strings: 5, ..SMALL }, "5 different texts");
    assert_refused(&bytes, WorkbookCaps { held_file: 1_000, ..SMALL }, "1000 bytes in its .xls file");
    let mut claims = bytes.clone();
    let at = bytes.windows(4).position(|window| window == b"\0\x02\x0e\0").expect("its dimensions");
    claims[at + 4..at + 16].copy_from_slice(&[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    assert_eq!(read(claims).ids(), read(&bytes).ids());
}
