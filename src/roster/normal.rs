//! When two spellings of a value are one: what ids are derived from, and how people are compared.

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// Appends a value in its normal form: canonically decomposed, case folded (Unicode's full case folding), composed
/// (NFC), every run of white space one space, none at the ends. It holds for names as for e-mail addresses: nobody is
/// two people for a capital letter, and the same list comes back from a platform in another spelling.
pub(super) fn push_normal(into: &mut String, value: &str) {
    if value.is_ascii() {
        let start = into.len();
        push_words(into, value);
        into[start..].make_ascii_lowercase();
        return;
    }
    let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(value);
    let folded = CaseMapper::new().fold_string(&decomposed);
    push_words(into, &ComposingNormalizerBorrowed::new_nfc().normalize(&folded));
}

fn push_words(into: &mut String, value: &str) {
    for (nth, word) in value.split_whitespace().enumerate() {
        if nth > 0 {
            into.push(' ');
        }
        into.push_str(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn normal(value: &str) -> String {
        let mut text = String::new();
        push_normal(&mut text, value);
        text
    }

    #[rstest]
    #[case::e_mail(" Ann.Lee@Example.COM ", "ann.lee@example.com")]
    #[case::spaces("Ann \t\u{a0}  Lee", "ann lee")]
    #[case::composed("Zoë", "zoë")]
    #[case::decomposed("ZOE\u{308}", "zoë")]
    #[case::sharp_s("STRASSE", "strasse")]
    #[case::sharp_s_folded("Straße", "strasse")]
    #[case::sigma("ΟΔΥΣΣΕΎΣ", "οδυσσεύσ")]
    #[case::final_sigma("Οδυσσεύς", "οδυσσεύσ")]
    #[case::no_case("李小龍", "李小龍")]
    #[case::nothing("  ", "")]
    fn a_value_has_one_normal_form(#[case] value: &str, #[case] form: &str) {
        assert_eq!(normal(value), form);
    }

    #[test]
    fn it_is_appended() {
        let mut text = "Before ".to_owned();
        push_normal(&mut text, "AFTER");
        assert_eq!(text, "Before after");
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own(value in "\\PC{0,12}") {
            prop_assert_eq!(normal(&normal(&value)), normal(&value));
        }
    }
}
