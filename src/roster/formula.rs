//! Cells that a spreadsheet would run as a formula: guarded when written, unguarded when read.
//!
//! A cell that begins, after any quotes `'` and then any white space and byte order marks, with `=`, `+`, `-`, `@`,
//! TAB, CR or a full-width form of them gets one `'` in front. The quotes count so that the rule can be undone:
//! `unguard(guard(x)) == x` for every x.

use std::borrow::Cow;

/// The cell as a spreadsheet may open it.
pub fn guard(cell: &str) -> Cow<'_, str> {
    if is_formula(cell.as_bytes()) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// The value that was guarded; a cell that no guard has touched stays as it is.
pub fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(value) if is_formula(value.as_bytes()) => value,
        _ => cell,
    }
}

/// A cell of unknown encoding, as it was found in a file, made safe to open: guarded, unless it is already.
pub(super) fn guard_raw(cell: &[u8]) -> Cow<'_, [u8]> {
    let guarded = cell.first() == Some(&b'\'');
    if guarded || !is_formula(cell) { Cow::Borrowed(cell) } else { Cow::Owned([b"'", cell].concat()) }
}

fn is_formula(cell: &[u8]) -> bool {
    const BLANK: [&[u8]; 5] =
        [b" ", b"\n", "\u{a0}".as_bytes(), "\u{3000}".as_bytes(), "\u{feff}".as_bytes()];
    const FULL_WIDTH: [&str; 4] = ["＝", "＋", "－", "＠"];
    let Some(quotes) = cell.iter().position(|b| *b != b'\'') else { return false };
    let mut rest = &cell[quotes..];
    while let Some(after) = BLANK.iter().find_map(|blank| rest.strip_prefix(*blank)) {
        rest = after;
    }
    match rest.first() {
        Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r') => true,
        Some(0xef) => FULL_WIDTH.iter().any(|form| rest.starts_with(form.as_bytes())),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("=1+1", "'=1+1")]
    #[case("+49 30", "'+49 30")]
    #[case("-1", "'-1")]
    #[case("@SUM(A1)", "'@SUM(A1)")]
    #[case("\t=1", "'\t=1")]
    #[case("\r=1", "'\r=1")]
    #[case::full_width("＝1", "'＝1")]
    #[case::after_spaces("  =1", "'  =1")]
    #[case::after_a_byte_order_mark("\u{feff}=1", "'\u{feff}=1")]
    #[case::guarded_by_its_owner("'=1", "''=1")]
    #[case::plain("Ann", "Ann")]
    #[case::quoted("'Ann'", "'Ann'")]
    #[case::inside("a=1", "a=1")]
    #[case::empty("", "")]
    fn a_formula_is_guarded(#[case] cell: &str, #[case] guarded: &str) {
        assert_eq!(guard(cell), guarded);
    }

    #[rstest]
    #[case("'=1", "=1")]
    #[case::only_one("''=1", "'=1")]
    #[case::not_before_text("'Ann", "'Ann")]
    #[case::unguarded("=1", "=1")]
    fn one_guard_is_taken_away(#[case] cell: &str, #[case] value: &str) {
        assert_eq!(unguard(cell), value);
    }

    proptest! {
        #[test]
        fn a_guarded_value_comes_back(value in "['=+@\\-\t\r\n \u{feff}＝＋－＠a]{0,6}|.*") {
            let guarded = guard(&value);
            prop_assert_eq!(unguard(&guarded), value.as_str());
            let raw = guard_raw(guarded.as_bytes());
            prop_assert_eq!(raw.as_ref(), guarded.as_bytes());
        }

        #[test]
        fn what_is_guarded_begins_with_a_quote(value in "[ \u{feff}]{0,3}[=+@\\-\t\r＝＋－＠].*") {
            prop_assert!(guard(&value).starts_with('\''));
            prop_assert!(guard_raw(value.as_bytes()).starts_with(b"'"));
        }
    }
}
