//! Workbooks that would hurt: exit 3, nothing sent, no panic, and memory within the bound for workbooks.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::support::Import;

/// What a process may hold while it reads a workbook, in KiB.
const MOST_MEMORY: u64 = 384 << 10;

#[track_caller]
fn assert_refused(workbook: Vec<u8>, says: &str) {
    let import = Import::new().roster(workbook);
    let mut running = import.spawn_with("--preset webinar_viewer");
    let memory = running.peak_memory_kib();
    running.end().exit(3).says(says);
    assert!((1..MOST_MEMORY).contains(&memory), "{memory} KiB");
    assert_eq!(import.server().stats().adds_received, 0);
}

/// A zip archive whose last part is this piece so many times.
fn archive(parts: &[(&str, &str)], large: &str, piece: &str, times: usize, end: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let begin = |zip: &mut ZipWriter<_>, name: &str| {
        zip.start_file(name, options.compression_level(Some(1))).unwrap();
    };
    for (name, content) in parts {
        begin(&mut zip, name);
        zip.write_all(content.as_bytes()).unwrap();
    }
    begin(&mut zip, large);
    (0..times).for_each(|_| zip.write_all(piece.as_bytes()).unwrap());
    zip.write_all(end.as_bytes()).unwrap();
    zip.finish().unwrap().into_inner()
}

const XLSX: [(&str, &str); 3] = [
    (
        "_rels/.rels",
        r#"<Relationships><Relationship Type="x/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
    ),
    ("xl/workbook.xml", r#"<workbook><sheets><sheet name="Guests" r:id="1"/></sheets></workbook>"#),
    (
        "xl/_rels/workbook.xml.rels",
        r#"<Relationships><Relationship Id="1" Type="x/worksheet" Target="worksheets/1.xml"/></Relationships>"#,
    ),
];

/// I06: a value of 300 MB in a file of a hundredth of that.
#[test]
fn i06_a_value_that_grows() {
    let bomb = archive(&XLSX, "xl/worksheets/1.xml", &" ".repeat(1 << 20), 300, "");
    assert!(bomb.len() < 4 << 20);
    assert_refused(bomb, "1048576 bytes in one value");
}

/// I06: millions of texts.
#[test]
fn i06_more_texts_than_a_workbook_has() {
    let texts = "<si><t/></si>".repeat(1_000);
    let bomb = archive(&XLSX, "xl/sharedStrings.xml", &format!("<sst>{texts}</sst>"), 1_001, "");
    assert_refused(bomb, "1000000 different texts");
}

/// I06: what a file says of itself would end the process if it were believed.
#[test]
fn i06_room_for_a_hundred_billion_texts() {
    let bomb = archive(&XLSX, "xl/sharedStrings.xml", r#"<sst uniqueCount="99999999999">"#, 1, "</sst>");
    assert_refused(bomb, "1000000 different texts");
}

/// I06: seventeen billion cells in two elements.
#[test]
fn i06_cells_that_are_repeated() {
    let sheet = r#"<x><table:table table:name="Guests"><table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384" office:value-type="string"><text:p>id</text:p></table:table-cell></table:table-row></table:table></x>"#;
    let parts = [
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", "<manifest:manifest/>"),
    ];
    assert_refused(archive(&parts, "content.xml", sheet, 1, ""), "1000000 cells");
}

/// An `.xls` of these records, each a type and its data.
fn xls(records: &[(u16, &[u8])]) -> Vec<u8> {
    let mut stream = Vec::new();
    for (kind, data) in records {
        stream.extend(kind.to_le_bytes());
        stream.extend(u16::try_from(data.len()).unwrap().to_le_bytes());
        stream.extend_from_slice(data);
    }
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_stream("Workbook").unwrap().write_all(&stream).unwrap();
    file.flush().unwrap();
    file.into_inner().into_inner()
}

const BEGIN: (u16, &[u8]) = (0x0809, &[0, 6, 5, 0]);
const END: (u16, &[u8]) = (0x000a, &[]);
/// One sheet, `A`, whose stream begins after this record and the two around it.
const SHEET: (u16, &[u8]) = (0x0085, &[25, 0, 0, 0, 0, 0, 1, 0, b'A']);

/// I06: two cells at the ends of a sheet, which would be laid out as one rectangle.
#[test]
fn i06_two_cells_far_apart() {
    let number = |row: u16, column: u16| {
        let mut data = [row.to_le_bytes(), column.to_le_bytes(), [0, 0]].concat();
        data.extend(1.0_f64.to_le_bytes());
        data
    };
    let (first, last) = (number(0, 0), number(65_535, 65_535));
    assert_refused(xls(&[BEGIN, SHEET, END, BEGIN, (0x0203, &first), (0x0203, &last), END]), "1000000 cells");
}

/// A panic of the library that reads it is an error like the others.
#[test]
fn a_workbook_that_its_reader_stumbles_over() {
    let formula: (u16, &[u8]) = (0x0006, &[0; 20]);
    assert_refused(xls(&[BEGIN, SHEET, END, BEGIN, formula, END]), "its parts contradict each other");
}
