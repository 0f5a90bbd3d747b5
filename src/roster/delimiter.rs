//! Which byte stands between the fields, and where the header is: found together, since lines before it have other
//! widths.

use std::io::Cursor;

use super::csv_records::{CsvRecords, Next};
use super::formula::unguard;
use super::options::ReadOptions;
use super::table::{Certainty, SampleRow, TableShape, Vocabulary, locate};

/// What is looked for; at a tie the first wins.
const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Rows whose widths are compared with the header's.
const ROWS: usize = 20;

/// How a CSV roster is to be read.
#[derive(Debug)]
pub(super) struct CsvShape {
    pub(super) delimiter: u8,
    pub(super) table: TableShape,
}

/// Looks at the beginning of a roster; `whole` says whether it is all of it. A first line `sep=;`, by which Excel is told
/// the delimiter, is obeyed unless another one is `given`.
pub(super) fn look(
    sample: &[u8],
    whole: bool,
    given: Option<u8>,
    options: &ReadOptions,
    words: &Vocabulary,
) -> CsvShape {
    let (declared, first_line) = match separator_line(sample) {
        Some(delimiter) => (Some(delimiter), 2),
        None => (None, 1),
    };
    let mut best: Option<(Score, CsvShape)> = None;
    for delimiter in given.or(declared).map_or(CANDIDATES.to_vec(), |one| vec![one]) {
        let rows = rows(sample, whole, delimiter, first_line, options);
        let located = locate(&rows, options, words);
        let table = &rows[located.row.unwrap_or(0).min(rows.len())..];
        let split = table.first().is_some_and(|header| header.cells.len() > 1);
        // Text that isn't split at all is folded as one name: "id,,," is "id".
        let score = (split, located.certainty, located.known, fit(table));
        if best.as_ref().is_none_or(|(most, _)| score > *most) {
            let table = TableShape::of(&rows, located, options, first_line);
            best = Some((score, CsvShape { delimiter, table }));
        }
    }
    best.map_or_else(|| CsvShape { delimiter: b',', table: TableShape::default() }, |(_, shape)| shape)
}

/// How sure it is that something is the delimiter.
type Score = (bool, Certainty, usize, (usize, usize));

/// The delimiter that a first line `sep=;` gives.
fn separator_line(sample: &[u8]) -> Option<u8> {
    let line = sample.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    match line.get(..4)?.eq_ignore_ascii_case(b"sep=").then(|| &line[4..])? {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | 0) => Some(*byte),
        _ => None,
    }
}

/// How well rows look like a table: per mille of them as wide as the first, and its width.
fn fit(rows: &[SampleRow]) -> (usize, usize) {
    let rows = &rows[..rows.len().min(ROWS + 1)];
    match rows {
        [] => (0, 0),
        [header, ..] if header.cells.len() == 1 => (0, 0),
        [header, ..] => {
            let alike = rows.iter().filter(|row| row.cells.len() == header.cells.len()).count();
            (1000 * alike / rows.len(), header.cells.len())
        }
    }
}

fn rows(sample: &[u8], whole: bool, delimiter: u8, first_line: u64, options: &ReadOptions) -> Vec<SampleRow> {
    let mut records = CsvRecords::new(Box::new(Cursor::new(sample.to_vec())), delimiter, options.caps);
    let mut rows = Vec::new();
    // A sample in memory has no I/O errors.
    if records.skip_lines(first_line - 1).is_err() {
        return rows;
    }
    while let Ok(next) = records.advance() {
        match next {
            Next::Record(line) => {
                let text = |field: &[u8]| unguard(&String::from_utf8_lossy(field)).trim().to_owned();
                rows.push(SampleRow { line, cells: records.fields().iter().map(text).collect() });
            }
            // Whoever splits the first row into too many cells is to say so.
            Next::TooLarge(line) if rows.is_empty() => {
                return vec![SampleRow { line, cells: vec![String::new(); 2] }];
            }
            Next::TooLarge(_) => {}
            Next::Unclosed(_) | Next::End => break,
        }
    }
    if !whole && rows.len() > 1 {
        rows.pop(); // the sample may end within it
    }
    rows.retain(|row| row.cells.iter().any(|cell| !cell.is_empty()));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn shape(text: &str) -> CsvShape {
        let options = ReadOptions::default();
        look(text.as_bytes(), true, None, &options, &Vocabulary::of(&options))
    }

    #[rstest]
    #[case::comma("id,name\n1,Ann\n", b',')]
    #[case::semicolon("id;name\n1;\"Lee, Ann\"\n", b';')]
    #[case::tab("id\tname\n1\tLee, Ann; Dr.\n", b'\t')]
    #[case::pipe("id|name\n1|Ann\n", b'|')]
    #[case::comma_in_the_header("id;name, first;role\n1;Ann;host\n2;Bob;host\n", b';')]
    #[case::quoted_delimiters("\"id;a;b\",name\n1,Ann\n", b',')]
    #[case::nothing_known("x;y, z\n1;2,3\n4;5\n", b';')]
    #[case::one_column("id\n1\n", b',')]
    #[case::header_only("id;name", b';')]
    #[case::lines_before_it("Guests, friends, and others\nof the party, 2026\nid;name\n1;Ann\n", b';')]
    #[case::declared("sep=|\na|b,c,d\n1|2,3,4\n", b'|')]
    #[case::declared_in_quotes("\"sep=;\"\r\nid,x;name\r\n", b';')]
    #[case::nothing("", b',')]
    fn the_delimiter_is_found(#[case] text: &str, #[case] delimiter: u8) {
        assert_eq!(shape(text).delimiter, delimiter);
    }

    #[rstest]
    #[case::first("id,name\n", 1)]
    #[case::after_blank_lines("\n \r\n;;\nid;name\n", 4)]
    #[case::after_sep("sep=,\r\nid,name\r\n", 2)]
    #[case::sep_without_a_delimiter("sep=\nid,name\n", 2)]
    #[case::bare_cr("Guests\rid,name\r1,Ann\r", 2)]
    #[case::after_a_quoted_line_break("\"Our\nguests\"\nid,name\n1,Ann\n", 3)]
    fn the_header_has_its_line(#[case] text: &str, #[case] line: u64) {
        assert_eq!(shape(text).table.header_line, Some(line));
    }

    #[test]
    fn a_delimiter_that_is_typed_wins_over_a_declared_one() {
        let options = ReadOptions::default();
        let shape = look(b"sep=;\nid,a;b\n1,2;3\n", true, Some(b','), &options, &Vocabulary::of(&options));
        assert_eq!((shape.delimiter, shape.table.header_line), (b',', Some(2)));
    }
}
