//! What may be a `custom_participant_id`, and how one is derived.

use uuid::Uuid;

use crate::model::escape;

use super::options::PersonalIds;
use super::row_error::RowErrorCode;

/// Longest id in characters. The API's own limit is not documented; real ids are a fraction of this.
pub const MAX_ID_CHARS: usize = 256;

/// Version of the rule of [`IdSource::Derived`](super::IdSource::Derived). Another rule gives everybody another id,
/// so that it needs another version.
///
/// Version 1: trim each value; lower-case it if it holds an `@`; join the values in the named order with U+001F (no
/// value can hold it); UUIDv5 of the UTF-8 bytes in [`DERIVATION_NAMESPACE`]. Accents are **not** normalised: the
/// composed and the decomposed form of a letter give two ids. A UUIDv5 is no secret: who guesses the values can
/// compute it.
pub const DERIVATION_VERSION: u32 = 1;

/// The namespace of derived ids.
pub const DERIVATION_NAMESPACE: Uuid = Uuid::from_u128(0x9c1e_6a52_4f0d_4b7e_8f63_2d1b_7a90_5ce4);

/// Between the values that an id is derived from.
const UNIT_SEPARATOR: char = '\u{1f}';

/// Whether `id`, trimmed and not empty, may be an id.
pub(super) fn check_id(id: &str, personal: PersonalIds) -> Result<(), RowErrorCode> {
    if holds_unprintable(id) {
        return Err(RowErrorCode::IdControlCharacter);
    }
    if id.len() > MAX_ID_CHARS && id.chars().count() > MAX_ID_CHARS {
        return Err(RowErrorCode::IdTooLong);
    }
    if is_rounded(id) {
        return Err(RowErrorCode::IdRounded);
    }
    match personal {
        PersonalIds::Allow => Ok(()),
        PersonalIds::Refuse if is_email(id) => Err(RowErrorCode::IdEmail),
        PersonalIds::Refuse if is_phone(id) => Err(RowErrorCode::IdPhone),
        PersonalIds::Refuse => Ok(()),
    }
}

/// Whether text holds control characters or marks that can't be seen, so that two values look the same and aren't.
pub(super) fn holds_unprintable(text: &str) -> bool {
    let plain = text.bytes().all(|b| (0x20..0x7f).contains(&b));
    !plain && escape(text) != text
}

/// Adds one value to those that an id is derived from.
pub(super) fn add_to_derivation(values: &mut String, value: &str, first: bool) {
    if !first {
        values.push(UNIT_SEPARATOR);
    }
    if value.contains('@') {
        values.extend(value.chars().flat_map(char::to_lowercase));
    } else {
        values.push_str(value);
    }
}

/// The id of values joined by [`add_to_derivation`]; `None` if all of them are empty.
pub(super) fn derive(values: &str) -> Option<Uuid> {
    let something = values.chars().any(|c| c != UNIT_SEPARATOR);
    something.then(|| Uuid::new_v5(&DERIVATION_NAMESPACE, values.as_bytes()))
}

/// `local@domain.tld` anywhere in it.
fn is_email(id: &str) -> bool {
    let Some(at) = id.find(['@', '＠']) else { return false };
    let domain = id[at..].trim_start_matches(['@', '＠']);
    at > 0 && domain.trim_matches('.').contains('.')
}

/// `+` and 7 to 15 digits (E.164), `tel:`, or the North American 3-3-4 with separators. Plain digits are not taken
/// for a phone number: ticket numbers look like that.
fn is_phone(id: &str) -> bool {
    let Some(first) = id.bytes().next() else { return false };
    if !matches!(first, b'+' | b'(' | b't' | b'T' | b'0'..=b'9') {
        return false;
    }
    let (number, prefixed) = match id.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => (&id[4..], true),
        _ => (id, false),
    };
    let separator = |c: char| matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}');
    let international = number.starts_with('+') || prefixed;
    let digits = number.strip_prefix('+').unwrap_or(number);
    if !digits.chars().all(|c| c.is_ascii_digit() || separator(c)) {
        return false;
    }
    let groups: Vec<usize> = digits.split(separator).map(str::len).filter(|length| *length > 0).collect();
    let count: usize = groups.iter().sum();
    (international && (7..=15).contains(&count)) || matches!(groups[..], [3, 3, 4] | [1, 3, 3, 4])
}

/// `1.23E+17`, with a decimal point or comma: what a spreadsheet makes of a long number.
pub(super) fn is_rounded(id: &str) -> bool {
    let Some((mantissa, exponent)) = id.split_once(['E', 'e']) else { return false };
    let Some(exponent) = exponent.strip_prefix('+') else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    digits(whole) && digits(fraction) && digits(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn code(id: &str) -> Option<&'static str> {
        check_id(id, PersonalIds::Refuse).err().map(RowErrorCode::name)
    }

    #[rstest]
    #[case::plain("stu-00000001-a23b4c5d")]
    #[case::digits("4915112345678")]
    #[case::zeros("0000123456")]
    #[case::date_like("2024-01-0007")]
    #[case::uuid("3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b")]
    #[case::at_only("staff@42")]
    #[case::handle("@ann.lee")]
    #[case::hexadecimal("12E34")]
    #[case::no_exponent("5E+lift")]
    #[case::no_whole_number("a.5E+20")]
    #[case::no_fraction("1.aE+20")]
    #[case::letters("学生-7")]
    #[case::short_plus("+12345")]
    fn an_id_of_ones_own_is_fine(#[case] id: &str) {
        assert_eq!(code(id), None);
    }

    #[rstest]
    #[case("ann@example.com", "id-email")]
    #[case("Ann <ann@example.com>", "id-email")]
    #[case("ann＠example.com", "id-email")]
    #[case("+49 151 1234-5678", "id-phone")]
    #[case("tel:5551234567", "id-phone")]
    #[case("(555) 123-4567", "id-phone")]
    #[case("1-555-123-4567", "id-phone")]
    #[case("1.23E+17", "id-rounded")]
    #[case("1,23e+17", "id-rounded")]
    #[case("5E+20", "id-rounded")]
    #[case("a\u{7}b", "id-control-character")]
    #[case("a\nb", "id-control-character")]
    #[case("a\u{200b}b", "id-control-character")]
    #[case("a\u{202e}b", "id-control-character")]
    fn an_id_that_would_do_harm_is_refused(#[case] id: &str, #[case] why: &str) {
        assert_eq!(code(id), Some(why));
    }

    #[test]
    fn the_length_is_counted_in_characters() {
        assert_eq!(code(&"ä".repeat(MAX_ID_CHARS)), None);
        assert_eq!(code(&"ä".repeat(MAX_ID_CHARS + 1)), Some("id-too-long"));
    }

    #[rstest]
    #[case("ann@example.com")]
    #[case("+49 151 1234-5678")]
    fn personal_ids_can_be_insisted_on(#[case] id: &str) {
        assert_eq!(check_id(id, PersonalIds::Allow), Ok(()));
    }

    fn derived(values: &[&str]) -> Option<Uuid> {
        let mut text = String::new();
        for (at, value) in values.iter().enumerate() {
            add_to_derivation(&mut text, value, at == 0);
        }
        derive(&text)
    }

    /// Frozen: another value here means another id for everybody who was ever imported with `--id-from`.
    #[test]
    fn derived_ids_stay_what_they_are() {
        insta::assert_snapshot!(derived(&["Ann@Example.com"]).unwrap_or_default(), @"161bf787-c1dc-563b-853d-9368070d635d");
        insta::assert_snapshot!(derived(&["Ann", "Lee"]).unwrap_or_default(), @"735cf392-8d79-5402-8113-a8e817188515");
    }

    #[test]
    fn a_derived_id_tells_people_apart() {
        assert_eq!(derived(&["ANN@example.com"]), derived(&["ann@example.com"]));
        assert_ne!(derived(&["Ann"]), derived(&["ann"]));
        assert_ne!(derived(&["ab", "c"]), derived(&["a", "bc"]));
        assert_eq!(derived(&["", ""]), None);
    }
}
