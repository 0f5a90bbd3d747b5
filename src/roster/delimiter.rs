//! Which byte stands between the fields.

/// What is looked for; at a tie the first wins.
const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Rows that are looked at.
const ROWS: usize = 20;

/// The delimiter by which the first rows agree best with the header, then the one with the most columns; a comma if
/// nothing is separated at all.
pub(super) fn sniff(sample: &[u8], whole: bool) -> u8 {
    let fit = |delimiter: u8| fit(&widths(sample, whole, delimiter));
    let mut best = (b',', fit(b','));
    for candidate in CANDIDATES {
        let fit = fit(candidate);
        if fit > best.1 {
            best = (candidate, fit);
        }
    }
    best.0
}

/// How well rows of these widths look like a table: per mille of rows as wide as the header, and its width.
fn fit(widths: &[usize]) -> (usize, usize) {
    match widths {
        [] | [1, ..] => (0, 0),
        [header, rows @ ..] => {
            let alike = rows.iter().filter(|width| *width == header).count();
            (1000 * (alike + 1) / widths.len(), *header)
        }
    }
}

fn widths(sample: &[u8], whole: bool, delimiter: u8) -> Vec<usize> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(sample);
    let records = reader.byte_records().take(ROWS + 1);
    let mut widths: Vec<usize> = records.filter_map(Result::ok).map(|record| record.len()).collect();
    if !whole && widths.len() > 1 && widths.len() <= ROWS {
        widths.pop(); // the sample may end within it
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::comma("id,name\n1,Ann\n", b',')]
    #[case::semicolon("id;name\n1;\"Lee, Ann\"\n", b';')]
    #[case::tab("id\tname\n1\tLee, Ann; Dr.\n", b'\t')]
    #[case::pipe("id|name\n1|Ann\n", b'|')]
    #[case::comma_in_the_header("id;name, first;role\n1;Ann;host\n2;Bob;host\n", b';')]
    #[case::quoted_delimiters("\"id;a;b\",name\n1,Ann\n", b',')]
    #[case::one_column("id\n1\n", b',')]
    #[case::header_only("id;name", b';')]
    #[case::nothing("", b',')]
    fn the_delimiter_is_found(#[case] text: &str, #[case] delimiter: u8) {
        assert_eq!(sniff(text.as_bytes(), true), delimiter);
    }
}
