//! Who a row is for, whatever its id.

use sha2::{Digest, Sha256};

use super::normal::push_normal;

/// A name and an e-mail address, as one hash: two rows with the same one are most likely the same person. 128 bits of
/// SHA-256, so that no two people share one by chance or by design.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Person([u8; 16]);

impl Person {
    /// `None` without an e-mail address: two people may have one name. The name is empty where ids are derived from it.
    pub fn of(name: &str, email: &str) -> Option<Self> {
        // A list may say "n/a" or "-" where there is none.
        if !email.contains('@') {
            return None;
        }
        let mut text = String::with_capacity(name.len() + email.len() + 1);
        push_normal(&mut text, name);
        text.push('\u{1f}');
        push_normal(&mut text, email);
        let hash: [u8; 32] = Sha256::digest(text).into();
        hash.first_chunk().map(|first| Self(*first))
    }

    /// The hash, to be kept.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::spelling("Zoë Müller", "zoe\u{308}  MÜLLER", "Zoe@Example.com ", true)]
    #[case::another_name("Zoë Müller", "Zoë Meyer", "zoe@example.com", false)]
    #[case::another_address("Zoë Müller", "Zoë Müller", "z@example.com", false)]
    #[case::where_the_name_ends("Zoë Müller", "Zoë", "Müller zoe@example.com", false)]
    fn a_person_is_a_name_and_an_address(
        #[case] name: &str,
        #[case] other: &str,
        #[case] address: &str,
        #[case] same: bool,
    ) {
        assert_eq!(Person::of(name, "zoe@example.com") == Person::of(other, address), same);
    }

    #[rstest]
    #[case("")]
    #[case(" - ")]
    #[case("n/a")]
    fn without_an_address_nobody_is_anybody(#[case] address: &str) {
        assert_eq!(Person::of("Ann Lee", address), None);
    }

    /// Kept in journals: another value here would find no duplicates of those who are in.
    #[test]
    fn the_hash_stays_what_it_is() {
        let bytes = Person::of("Ann Lee", "ann@example.com").map(|person| person.0).unwrap_or_default();
        insta::assert_snapshot!(u128::from_be_bytes(bytes), @"322445854122483227249213592499954703445");
    }
}
