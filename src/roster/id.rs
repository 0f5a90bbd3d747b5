//! What may be a `custom_participant_id`, and how one is derived.

use memchr::memchr;
use uuid::Uuid;

use crate::model::escape;

use super::id_key::IdKey;
use super::normal::push_normal;
use super::options::PersonalIds;
use super::row_error::RowErrorCode;
use super::spoiled::spoiled;

/// Longest id in characters. The API's own limit is not documented; real ids are a fraction of this.
pub const MAX_ID_CHARS: usize = 256;

/// Version of the rule of [`IdSource::Derived`](super::IdSource::Derived). Another rule gives everybody another id,
/// so that it needs another version.
///
/// Version 2: the values of the columns in the order in which they were named, each in its normal form (canonical
/// decomposition, Unicode's full case folding, NFC, every run of white space one space, none at the ends), joined
/// with U+001F, which no value can hold. Of their UTF-8 bytes, without a key, the UUIDv5 in [`DERIVATION_NAMESPACE`]:
/// no secret, since who guesses the values can compute it. With an [`IdKey`], the first 16 bytes of their HMAC-SHA256
/// as a UUIDv8.
///
/// So upper and lower case, the form of accents and extra spaces never make two people of one, in names as in e-mail
/// addresses; everything else does.
pub const DERIVATION_VERSION: u32 = 2;

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
    if let Some(code) = spoiled(id) {
        return Err(code);
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
    push_normal(values, value);
}

/// The id of values joined by [`add_to_derivation`]; `None` if all of them are empty.
pub(super) fn derive(values: &str, key: Option<&IdKey>) -> Option<Uuid> {
    let something = values.chars().any(|c| c != UNIT_SEPARATOR);
    something.then(|| match key {
        Some(key) => key.id_of(values),
        None => Uuid::new_v5(&DERIVATION_NAMESPACE, values.as_bytes()),
    })
}

/// `local@domain.tld` anywhere in it.
fn is_email(id: &str) -> bool {
    if id.is_ascii() && memchr(b'@', id.as_bytes()).is_none() {
        return false;
    }
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
    if !id.starts_with(|first: char| first.is_ascii_digit()) {
        return false;
    }
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
        derived_with(None, values)
    }

    fn derived_with(key: Option<&IdKey>, values: &[&str]) -> Option<Uuid> {
        let mut text = String::new();
        for (at, value) in values.iter().enumerate() {
            add_to_derivation(&mut text, value, at == 0);
        }
        derive(&text, key)
    }

    /// Frozen: another value here means another id for everybody who was ever imported with `--id-from`.
    #[test]
    fn derived_ids_stay_what_they_are() {
        insta::assert_snapshot!(derived(&["Ann@Example.com"]).unwrap_or_default(), @"161bf787-c1dc-563b-853d-9368070d635d");
        insta::assert_snapshot!(derived(&["zoe@example.com", "Zoe\u{308}  MÜLLER"]).unwrap_or_default(), @"0746d687-0908-577d-9711-11535ecf9d0d");
    }

    #[test]
    fn a_derived_id_tells_people_apart_and_not_spellings() {
        assert_eq!(derived(&["ANN@example.com"]), derived(&["ann@example.com"]));
        assert_eq!(
            derived(&["ann@example.com", "Zoë  Lee"]),
            derived(&["ann@example.com", "ZOE\u{308} LEE"])
        );
        assert_ne!(derived(&["ann@example.com", "Zoë"]), derived(&["ann@example.com", "Zoe"]));
        assert_ne!(derived(&["ab", "c"]), derived(&["a", "bc"]));
        assert_ne!(derived(&["a", "b"]), derived(&["b", "a"]));
        assert_eq!(derived(&["", ""]), None);
    }

    #[test]
    fn a_keyed_id_says_which_rule_made_it() {
        let key = IdKey::new(b"0123456789abcdef").expect("a key");
        let (plain, keyed) = (derived(&["ann@example.com"]), derived_with(Some(&key), &["Ann@example.com"]));
        assert_eq!(plain.map(|id| id.get_version_num()), Some(5));
        assert_eq!(keyed.map(|id| id.get_version_num()), Some(8));
        assert_eq!(derived_with(Some(&key), &["", " "]), None);
    }
}
