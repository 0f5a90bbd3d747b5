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

/// A workbook with a visible sheet of these rows, and a hidden one.
fn with_hidden(visible: &str, name: &str, hidden: &str) -> Vec<u8> {
    let hidden_tab = format!(r#"<sheet name="{name}" state="hidden" r:id="2"/></sheets>"#);
    let sheets = SHEETS.replace(
        "</Relationships>",
        r#"<Relationship Id="2" Type="x/worksheet" Target="worksheets/2.xml"/></Relationships>"#,
    );
    let further = [
        ("xl/workbook.xml", &*BOOK.replace("</sheets>", &hidden_tab)),
        ("xl/_rels/workbook.xml.rels", &*sheets),
        ("xl/worksheets/2.xml", &*format!("<worksheet><sheetData>{hidden}</sheetData></worksheet>")),
    ];
    xlsx(visible, &further)
}

/// The roster is on a hidden sheet: that is an error of its own, with both names.
#[test]
fn a_roster_on_a_hidden_sheet_is_named() {
    let book = with_hidden(&row(&["Welcome", "to our list"]), "List", &guests());
    let refused = read_with(&book, options()).expect_err("a refusal");
    assert!(matches!(refused, RosterError::HiddenSheets { .. }), "{refused:?}");
    insta::assert_snapshot!(refused, @r#"r.csv: the sheet "Guests" holds no roster; hidden sheets that look like one: "List"; take one of them with --sheet NAME"#);
    let asked = ReadOptions { sheet: Some("List".into()), ..options() };
    assert_eq!(read_with(book, asked).expect("a roster").ids(), ["a"]);
}

/// A hidden sheet that is no roster says nothing about the columns of a visible one.
#[test]
fn lists_of_choices_on_a_hidden_sheet_are_no_roster() {
    let visible = row(&["Name", "Email"]) + &row(&["Ann", "ann@example.com"]);
    for hidden in [row(&["Presets"]) + &row(&["host"]), guests()] {
        let refused = refusal(with_hidden(&visible, "Lists", &hidden), options());
        assert!(
            refused.starts_with("r.csv: no column holds the ids") && !refused.contains("Lists"),
            "{refused}"
        );
        assert!(refused.contains("--id-from \"Email,Name\""), "{refused}");
    }
}

/// As in CSV: a table below the people is another one, and a spreadsheet's blank row comes before it.
#[test]
fn a_small_table_below_the_people_is_no_guest() {
    let people = row(&["id", "name", "email"]) + &row(&["1", "Ann", "a@example.com"]);
    let small = row(&["Type", "Sold"]) + &row(&["VIP", "3"]);
    let apart = read(xlsx(&(people.clone() + "<row/>" + &small), &[]));
    assert_eq!((apart.ids(), apart.problems()), (vec!["1"], vec![(4, "other-shape"), (5, "other-shape")]));
    let bob = row(&["bob", "Bob"]);
    assert_eq!(read(xlsx(&(people.clone() + &bob), &[])).ids(), ["1", "bob"], "no blank row");
    assert_eq!(read(xlsx(&(people + "<row/>" + &bob), &[])).problems(), [(4, "other-shape")]);
}
