//! Workbooks that are damaged, by accident or on purpose.

use super::*;
use proptest::prelude::*;
use rstest::rstest;

#[rstest]
#[case::cut_zip(fixture("guests.xlsx")[..2_000].to_vec())]
#[case::cut_ods(fixture("guests.ods")[..900].to_vec())]
#[case::cut_xls(fixture("guests.xls")[..1_500].to_vec())]
#[case::no_sheet(xlsx("", &[("xl/worksheets/1.xml", "")]))]
#[case::cut_sheet(xlsx("", &[("xl/worksheets/1.xml", &format!("<worksheet><sheetData>{}", guests()))]))]
#[case::no_relations(archive(&[("xl/workbook.xml", b"<workbook/>")]))]
#[case::out_of_order(xlsx(&format!("{}<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>", guests()), &[]))]
#[case::sheet_elsewhere(xlsx(&guests(), &[("xl/_rels/workbook.xml.rels", &SHEETS.replace("1.xml", "1.bin"))]))]
#[case::sheet_in_custom_xml(xlsx(&guests(), &[("xl/_rels/workbook.xml.rels", &SHEETS.replace("worksheets", "../customXml"))]))]
#[case::no_such_text(xlsx("<row><c t=\"s\"><v>7</v></c></row>", &[]))]
#[case::cut_table(ods("<table:table table:name=\"Guests\"><table:table-row/>"))]
#[case::entities(xlsx("", &[("xl/worksheets/1.xml", "<!DOCTYPE a [<!ENTITY b \"c\">]><worksheet><sheetData><row><c t=\"inlineStr\"><is><t>&b;</t></is></c></row></sheetData></worksheet>")]))]
fn a_damaged_workbook_is_named(#[case] bytes: Vec<u8>) {
    let error = refusal(&bytes, options());
    assert!(
        error.starts_with("r.csv: the workbook is damaged") && error.contains("save it again"),
        "{error}"
    );
}

#[test]
fn a_chain_of_sectors_that_leads_back_is_an_error() {
    let bytes = fixture("guests.xls");
    let table = 512 * (1 + u32::from_le_bytes(bytes[76..80].try_into().expect("four bytes")) as usize);
    for sector in 0..bytes.len() / 512 - 1 {
        let mut looped = bytes.clone();
        looped[table + 4 * sector..][..4].copy_from_slice(&u32::to_le_bytes(sector as u32));
        let _ = read_with(&looped, options());
    }
    // The table of sectors names itself again and again.
    let mut repeated = bytes.clone();
    let first: [u8; 4] = bytes[76..80].try_into().expect("four bytes");
    (1..109).for_each(|at| repeated[76 + 4 * at..][..4].copy_from_slice(&first));
    assert!(refusal(&repeated, options()).starts_with("r.csv: the workbook is damaged"));
}

#[test]
fn a_workbook_without_a_table_says_so() {
    let error = refusal(xlsx("", &[]), options());
    assert_eq!(error, "r.csv: no sheet holds a table; export the roster again");
    let hidden = BOOK.replace("r:id", "state=\"hidden\" r:id");
    let error = refusal(xlsx(&guests(), &[("xl/workbook.xml", &hidden)]), options());
    assert_eq!(
        error,
        "r.csv: no visible sheet holds a table; hidden sheets: \"Guests\"; take one of them with --sheet NAME"
    );
    let asked = |sheet: &str| ReadOptions { sheet: Some(sheet.to_owned()), ..options() };
    let error = refusal(xlsx("", &[]), asked("1"));
    assert_eq!(error, "r.csv: the sheet \"Guests\" is empty; name another one with --sheet: \"Guests\"");
    assert!(refusal(xlsx(&guests(), &[]), asked("2")).starts_with("r.csv: there is no sheet \"2\"; "));
}

#[test]
fn a_message_of_a_workbook_cannot_move_the_cursor() {
    let book = BOOK.replace("Guests", "\u{1b}[2J\u{202e}");
    let error = refusal(
        xlsx("", &[("xl/workbook.xml", &book)]),
        ReadOptions { sheet: Some("x".into()), ..options() },
    );
    assert!(!error.contains(['\u{1b}', '\u{202e}']), "{error}");
}

/// A record of an `.xls` anywhere, or any of its bytes, may be anything.
fn spoilt_xls() -> impl Strategy<Value = Vec<u8>> {
    let bytes = fixture("guests.xls");
    let length = bytes.len();
    prop::collection::vec((0..length, any::<u8>()), 1..8).prop_map(move |changes| {
        let mut bytes = bytes.clone();
        changes.iter().for_each(|(at, byte)| bytes[*at] = *byte);
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_an_old_workbook_panic(bytes in spoilt_xls()) {
        let _ = read_with(bytes, options());
    }

    #[test]
    fn no_xml_makes_a_workbook_panic(xml in "(<(row|c|v|f|is|t)( (r|s|t|si|ref)=\"(A1|s|9|str|shared|XFD99999999)\")*/?>|</(row|c|v|f|is|t)>|[0-9a]|&amp;){0,30}") {
        let _ = read_with(xlsx(&xml, &[]), options());
        let _ = read_with(xlsx(&guests(), &[("xl/sharedStrings.xml", &xml), ("xl/styles.xml", &xml)]), options());
    }

    #[test]
    fn no_xml_makes_an_opendocument_workbook_panic(xml in "(<(table:table-row|table:table-cell|text:p|office:annotation)( (table:number-rows-repeated|table:number-columns-repeated|office:value|office:value-type)=\"(9|string|float|x)\")*/?>|</(table:table-row|table:table-cell|text:p)>|[0-9a]){0,30}") {
        let _ = read_with(ods_table(&xml), options());
    }
}

/// What is no number is no id, whatever wrote it.
#[rstest]
#[case("NaN", "cell-error")]
#[case("1E400", "cell-error")]
#[case("-inf", "cell-error")]
fn what_is_no_number_is_no_id(#[case] value: &str, #[case] code: &str) {
    let rows = row(&["id", "name"])
        + &format!("<row><c><v>{value}</v></c><c t=\"inlineStr\"><is><t>Ann</t></is></c></row>")
        + "<row><c><v>7</v></c></row>";
    let outcome = read(xlsx(&rows, &[]));
    assert_eq!((outcome.problems(), outcome.ids()), (vec![(2, code)], vec!["7"]));
}

/// An OpenDocument error is a string; LibreOffice notes what it is, and shows it in its language.
#[test]
fn an_error_of_an_opendocument_formula_is_no_value() {
    let error = |text: &str| {
        format!(
            r#"<table:table-cell table:formula="of:=NA()" office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>{text}</text:p></table:table-cell>"#
        )
    };
    let broken = format!("<table:table-row>{}{}</table:table-row>", error("#NV"), error("Fehler 7"));
    let outcome = read(ods_table(&(ods_row(1, &["id", "name"]) + &ods_row(1, &["a", "Ann"]) + &broken)));
    assert_eq!(outcome.problems(), [(3, "cell-error"), (3, "cell-error")]);
    assert_eq!(outcome.ids(), ["a"]);
}
