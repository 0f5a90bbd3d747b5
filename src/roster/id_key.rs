//! The secret that derived ids can be made with, so that nobody computes them from a list of e-mail addresses.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The fewest bytes of a key: who guesses it can compute the ids.
const LEAST_BYTES: usize = 16;

/// A secret for [`IdSource::Derived`](super::IdSource::Derived). It can't be printed.
#[derive(Clone)]
pub struct IdKey {
    keyed: Hmac<Sha256>,
    fingerprint: [u8; 4],
}

/// A key that protects nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key needs at least {LEAST_BYTES} bytes")]
pub struct ShortIdKey;

impl IdKey {
    /// From the content of a file. Line ends after it don't count: an editor may add one.
    ///
    /// # Errors
    /// It has fewer than 16 bytes.
    pub fn new(content: &[u8]) -> Result<Self, ShortIdKey> {
        let end = content.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
        let key = &content[..end];
        if key.len() < LEAST_BYTES {
            return Err(ShortIdKey);
        }
        let keyed = Hmac::new_from_slice(key).map_err(|_| ShortIdKey)?;
        let digest: [u8; 32] = Sha256::new()
            .chain_update("guestlist id key fingerprint\u{1f}")
            .chain_update(key)
            .finalize()
            .into();
        let fingerprint = digest.first_chunk().copied().unwrap_or_default();
        Ok(Self { keyed, fingerprint })
    }

    /// Eight hexadecimal digits that tell keys apart and help nobody to guess one.
    pub fn fingerprint(&self) -> String {
        format!("{:08x}", u32::from_be_bytes(self.fingerprint))
    }

    /// HMAC-SHA256 of the values, its first 16 bytes as a UUIDv8 (RFC 9562).
    pub(super) fn id_of(&self, values: &str) -> Uuid {
        let code: [u8; 32] = self.keyed.clone().chain_update(values).finalize().into_bytes().into();
        Uuid::new_v8(code.first_chunk().copied().unwrap_or_default())
    }
}

impl fmt::Debug for IdKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"0123456789abcdef";

    fn key(content: &[u8]) -> IdKey {
        IdKey::new(content).expect("a key")
    }

    /// Frozen: another value here means another id for everybody.
    #[test]
    fn keyed_ids_stay_what_they_are() {
        insta::assert_snapshot!(key(KEY).id_of("ann@example.com"), @"9f70eb4f-1d9f-8194-958b-c08c41ce2b3b");
        insta::assert_snapshot!(key(KEY).fingerprint(), @"4e8b370f");
    }

    #[test]
    fn another_key_gives_other_ids_and_shows() {
        let other = key(b"0123456789abcdeF");
        assert_ne!(key(KEY).id_of("ann@example.com"), other.id_of("ann@example.com"));
        assert_ne!(key(KEY).fingerprint(), other.fingerprint());
    }

    #[test]
    fn a_line_end_after_it_changes_nothing() {
        let ended = key(b"0123456789abcdef\r\n");
        assert_eq!(key(KEY).id_of("ann@example.com"), ended.id_of("ann@example.com"));
    }

    #[test]
    fn a_short_key_is_refused() {
        assert_eq!(IdKey::new(b"0123456789abcde\n\n\n").err(), Some(ShortIdKey));
        assert_eq!(IdKey::new(b"").err(), Some(ShortIdKey));
    }

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{:?}", key(KEY)), "IdKey(redacted)");
    }
}
