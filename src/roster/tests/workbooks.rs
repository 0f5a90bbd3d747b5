//! Workbooks that would hurt, and those that aren't what they seem: each ends in an error, none in a panic.

mod broken;
mod containers;
mod limits;

use super::*;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A zip archive of these parts.
fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(*name, options).expect("a part");
        zip.write_all(content).expect("written");
    }
    zip.finish().expect("an archive").into_inner()
}

/// What every `.xlsx` has beside its sheets.
const RELATIONS: &str = r#"<Relationships><Relationship Type="x/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK: &str = r#"<workbook><sheets><sheet name="Guests" r:id="1"/></sheets></workbook>"#;
const SHEETS: &str =
    r#"<Relationships><Relationship Id="1" Type="x/worksheet" Target="worksheets/1.xml"/></Relationships>"#;

/// An `.xlsx` of one sheet with these rows, and further parts, which take the place of those of the same name.
fn xlsx(rows: &str, further: &[(&str, &str)]) -> Vec<u8> {
    let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
    let mut parts = vec![
        ("_rels/.rels", RELATIONS),
        ("xl/workbook.xml", BOOK),
        ("xl/_rels/workbook.xml.rels", SHEETS),
        ("xl/worksheets/1.xml", &sheet),
    ];
    parts.retain(|(name, _)| !further.iter().any(|(other, _)| other == name));
    parts.extend_from_slice(further);
    let parts: Vec<_> = parts.iter().map(|(name, content)| (*name, content.as_bytes())).collect();
    archive(&parts)
}

/// A row of inline texts.
fn row(cells: &[&str]) -> String {
    let cell = |text: &&str| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
    format!("<row>{}</row>", cells.iter().map(cell).collect::<String>())
}

fn guests() -> String {
    row(&["id", "name"]) + &row(&["a", "Ann"])
}

/// An `.ods` with this in its spreadsheet.
fn ods(tables: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content><office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    );
    archive(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", b"<manifest:manifest/>"),
        ("content.xml", content.as_bytes()),
    ])
}

fn ods_row(repeats: u64, cells: &[&str]) -> String {
    let cell = |text: &&str| {
        format!(r#"<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>"#)
    };
    let cells: String = cells.iter().map(cell).collect();
    format!(r#"<table:table-row table:number-rows-repeated="{repeats}">{cells}</table:table-row>"#)
}

fn ods_table(rows: &str) -> Vec<u8> {
    ods(&format!(r#"<table:table table:name="Guests">{rows}</table:table>"#))
}

/// A fixture that is committed.
fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/rosters/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a fixture")
}

/// With these caps for workbooks.
fn within(workbook: WorkbookCaps) -> ReadOptions {
    ReadOptions { caps: Caps { workbook, ..Caps::default() }, ..options() }
}
