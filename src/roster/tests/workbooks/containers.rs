//! What is no workbook is named as what it is.

use super::*;
use rstest::rstest;

fn compound_file(stream: &str) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).expect("a file");
    file.create_stream(stream).expect("a stream").write_all(b"x").expect("written");
    file.into_inner().into_inner()
}

#[rstest]
#[case::zip(archive(&[("guests.csv", b"id,name\n")]), "a zip archive", "take the roster out of it")]
#[case::empty_zip(archive(&[]), "a zip archive", "take the roster out of it")]
#[case::binary(archive(&[("xl/workbook.bin", b"")]), ".xlsb", "Excel Workbook (.xlsx)")]
#[case::numbers(archive(&[("Index/Document.iwa", b"")]), "Apple Numbers", "export the list from Numbers")]
#[case::word(archive(&[("word/document.xml", b"")]), "a Word document", "as CSV")]
#[case::text_document(
    archive(&[("mimetype", b"application/vnd.oasis.opendocument.text")]),
    "an OpenDocument text",
    "as CSV"
)]
#[case::protected(compound_file("EncryptedPackage"), "protected with a password", "take the password away")]
#[case::old_word(compound_file("WordDocument"), "a Word document", "as CSV")]
#[case::old_office(compound_file("Thumbnail"), "an old Office document", "as CSV")]
#[case::other_compound_file(b"\xd0\xcf\x11\xe0 of another kind".to_vec(), "an old Office document", "as \"CSV UTF-8\"")]
fn a_file_is_named_as_what_it_is(#[case] bytes: Vec<u8>, #[case] what: &str, #[case] way_out: &str) {
    let error = refusal(bytes, options());
    assert!(error.starts_with("r.csv: ") && error.contains(what) && error.contains(way_out), "{error}");
}

#[test]
fn a_workbook_is_known_by_its_content() {
    for bytes in
        [xlsx(&guests(), &[]), ods_table(&(ods_row(1, &["id", "name"]) + &ods_row(1, &["a", "Ann"])))]
    {
        let outcome = read(bytes);
        assert_eq!((outcome.ids(), outcome.names()), (vec!["a"], vec!["Ann"]));
    }
}

#[test]
fn a_sheet_of_a_text_is_refused() {
    let options = ReadOptions { sheet: Some("Guests".into()), ..options() };
    assert_eq!(
        refusal("id\n1\n", options),
        "r.csv: --sheet is for workbooks, and this is none; leave it out"
    );
}

#[test]
fn a_protected_xls_is_named() {
    let mut bytes = fixture("guests.xls");
    // The first record after the beginning of the stream becomes one that announces encryption.
    let begin = bytes.windows(4).position(|window| window == b"\x09\x08\x10\0").expect("a stream");
    let next = begin + 4 + 16;
    bytes[next..next + 2].copy_from_slice(&0x2f_u16.to_le_bytes());
    assert!(refusal(bytes, options()).contains("protected with a password"));
}

/// The roster is on a hidden sheet: the one that was read is named, and the hidden one.
#[test]
fn a_roster_on_a_hidden_sheet_is_hinted_at() {
    let book = BOOK.replace("</sheets>", r#"<sheet name="List" state="hidden" r:id="2"/></sheets>"#);
    let sheets = SHEETS.replace(
        "</Relationships>",
        r#"<Relationship Id="2" Type="x/worksheet" Target="worksheets/2.xml"/></Relationships>"#,
    );
    let hidden = format!("<worksheet><sheetData>{}</sheetData></worksheet>", guests());
    let further = [
        ("xl/workbook.xml", &*book),
        ("xl/_rels/workbook.xml.rels", &*sheets),
        ("xl/worksheets/2.xml", &*hidden),
    ];
    let refused = refusal(xlsx(&row(&["Welcome", "to our list"]), &further), options());
    assert!(refused.contains("the sheet \"Guests\" was read, and \"List\" is hidden"), "{refused}");
}
