//! Cells that a spreadsheet would run as a formula, or write as another number: guarded when written, unguarded when
//! read.
//!
//! A cell that begins, after any quotes `'` and then any white space and byte order marks, with `=`, `+`, `-`, `@`,
//! TAB, CR or a full-width form of them gets one `'` in front. The quotes count so that the rule can be undone:
//! `unguard(guard(x)) == x` for every x.
//!
//! What a spreadsheet opens only to be saved again, the rejected file, has one too before a number or a date that it
//! would save otherwise: `0042` as `42`, a long number rounded, `3-4` as a day in March. Saved so, an id would be
//! another one, and its owner would be invited as somebody else. An export goes into a mail merge, so its numbers stay
//! as they are.

use std::borrow::Cow;

/// The cell as a spreadsheet may open it.
pub fn guard(cell: &str) -> Cow<'_, str> {
    // Of a quote that would be taken for a guard there are two.
    let seems_guarded = cell.starts_with('\'') && is_renumbered(cell.as_bytes());
    match seems_guarded || is_formula(cell.as_bytes()) {
        true => Cow::Owned(format!("'{cell}")),
        false => Cow::Borrowed(cell),
    }
}

/// The value that was guarded; a cell that no guard has touched stays as it is.
pub fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(value) if is_guarded(value.as_bytes()) => value,
        _ => cell,
    }
}

/// A cell of unknown encoding, as it was found in a file, made safe to open and to save: guarded, unless it is already.
pub(super) fn guard_raw(cell: &[u8]) -> Cow<'_, [u8]> {
    let guarded = cell.first() == Some(&b'\'');
    if guarded || !is_guarded(cell) { Cow::Borrowed(cell) } else { Cow::Owned([b"'", cell].concat()) }
}

fn is_guarded(cell: &[u8]) -> bool {
    is_formula(cell) || is_renumbered(cell)
}

/// Whether a spreadsheet may take it, without its quotes, for a number, a date or a time, and save it in another way:
/// `0042`, `$12`, `(5)`, `5%`, `12:30 PM`, `Nov 24`, `MAR1`. It rather guards too much, since a guard is taken away again.
fn is_renumbered(cell: &[u8]) -> bool {
    /// More are rounded.
    const EXACT: usize = 15;
    let Some(quotes) = cell.iter().position(|b| *b != b'\'') else { return false };
    let number = cell[quotes..].trim_ascii();
    let is_kept = match number {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.len() < EXACT && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    !is_kept && number.iter().any(u8::is_ascii_digit) && is_number_or_date(number)
}

/// Digits, the signs of numbers, dates and times, and of words only those of dates and times.
fn is_number_or_date(text: &[u8]) -> bool {
    const CURRENCIES: [&[u8]; 4] = ["€".as_bytes(), "£".as_bytes(), "¥".as_bytes(), "\u{a0}".as_bytes()];
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = if let Some(after) = CURRENCIES.iter().find_map(|sign| rest.strip_prefix(*sign)) {
            after
        } else if first.is_ascii_alphabetic() {
            let end = rest.iter().position(|b| !b.is_ascii_alphabetic()).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            let is_first = rest.len() == text.len();
            if !is_month(word) && (is_first || !is_sign(word)) {
                return false;
            }
            after
        } else if first.is_ascii_digit() || b" .,:/-+()%$'".contains(first) {
            after
        } else {
            return false;
        };
    }
    true
}

/// `E` of an exponent, `AM` and `PM`, `T` and `Z` of ISO 8601: none of them comes first.
fn is_sign(word: &[u8]) -> bool {
    [&b"e"[..], b"a", b"p", b"am", b"pm", b"t", b"z"].iter().any(|sign| word.eq_ignore_ascii_case(sign))
}

/// An English month, whole or shortened to three letters or more.
fn is_month(word: &[u8]) -> bool {
    const MONTHS: [&[u8]; 12] = [
        b"january",
        b"february",
        b"march",
        b"april",
        b"may",
        b"june",
        b"july",
        b"august",
        b"september",
        b"october",
        b"november",
        b"december",
    ];
    let begins =
        |month: &&[u8]| month.get(..word.len()).is_some_and(|start| word.eq_ignore_ascii_case(start));
    word.len() > 2 && MONTHS.iter().any(begins)
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
    #[case::before_a_number_that_would_change("'0042", "0042")]
    #[case::not_before_a_number_that_would_not("'68", "'68")]
    #[case::not_before_text("'Ann", "'Ann")]
    #[case::unguarded("=1", "=1")]
    fn one_guard_is_taken_away(#[case] cell: &str, #[case] value: &str) {
        assert_eq!(unguard(cell), value);
    }

    #[rstest]
    #[case::leading_zero("0042", "'0042")]
    #[case::rounded("1234567890123456", "'1234567890123456")]
    #[case::exponent("12E4", "'12E4")]
    #[case::day("3-4", "'3-4")]
    #[case::date("2026-11-24", "'2026-11-24")]
    #[case::time("10:30", "'10:30")]
    #[case::decimal("1.50", "'1.50")]
    #[case::padded(" 0042 ", "' 0042 ")]
    #[case::money("$12", "'$12")]
    #[case::euros("12 €", "'12 €")]
    #[case::in_parentheses("(5)", "'(5)")]
    #[case::fraction(".5", "'.5")]
    #[case::percent("5%", "'5%")]
    #[case::of_the_clock("12:30 PM", "'12:30 PM")]
    #[case::month_and_day("Nov 24", "'Nov 24")]
    #[case::day_and_month("12-Jan", "'12-Jan")]
    #[case::gene("MAR1", "'MAR1")]
    #[case::gene_of_september("SEPT2", "'SEPT2")]
    #[case::iso("2026-11-24T18:30:00Z", "'2026-11-24T18:30:00Z")]
    #[case::month_alone("Mar", "Mar")]
    #[case::ticket("T-12", "T-12")]
    #[case::seat("MARS1", "MARS1")]
    #[case::guarded("'0042", "'0042")]
    #[case::whole("42", "42")]
    #[case::longest("123456789012345", "123456789012345")]
    #[case::zero("0", "0")]
    #[case::uuid("3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b", "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b")]
    #[case::text("4 Ann", "4 Ann")]
    fn a_number_that_a_spreadsheet_would_change_is_guarded_where_it_is_saved(
        #[case] cell: &str,
        #[case] guarded: &str,
    ) {
        assert_eq!(guard_raw(cell.as_bytes()).as_ref(), guarded.as_bytes());
        assert_eq!(unguard(guarded), unguard(cell));
    }

    proptest! {
        #[test]
        fn a_guarded_value_comes_back(value in "['=+@\\-\t\r\n \u{feff}＝＋－＠a]{0,6}|['0-9.E ]{0,20}|[' ]{0,2}[0-9$€(.]{0,3}(Mar|MAY|am|x| PM|%|\\)|-)?['0-9 ]{0,3}|.*") {
            let guarded = guard(&value);
            prop_assert_eq!(unguard(&guarded), value.as_str());
            let as_found = guard_raw(value.as_bytes());
            prop_assert_eq!(unguard(std::str::from_utf8(&as_found).unwrap()), unguard(&value));
            let raw = guard_raw(guarded.as_bytes());
            prop_assert_eq!(unguard(std::str::from_utf8(&raw).unwrap()), value.as_str());
        }

        #[test]
        fn what_is_guarded_begins_with_a_quote(value in "[ \u{feff}]{0,3}[=+@\\-\t\r＝＋－＠].*") {
            prop_assert!(guard(&value).starts_with('\''));
            prop_assert!(guard_raw(value.as_bytes()).starts_with(b"'"));
        }
    }
}
