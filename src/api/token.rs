//! The API token: a secret that can't be printed.

use std::fmt;
use std::str::FromStr;

use reqwest::header::{HeaderValue, InvalidHeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::redact::redact;

/// The token that every request bears.
#[derive(Clone)]
pub struct ApiToken(SecretString);

/// Why something is no API token. It never holds the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Nothing but white space.
    #[error("the API token is empty: set CLOUDFLARE_API_TOKEN, or name a file that holds the token")]
    Empty,
    /// A space, a control character, or a letter outside ASCII.
    #[error(
        "the API token holds a character that no token has (white space, a control character, or one that isn't ASCII): copy it again"
    )]
    Character,
}

impl FromStr for ApiToken {
    type Err = InvalidToken;

    /// White space around the token, as a file's last newline, is dropped.
    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let token = text.trim();
        if token.is_empty() {
            return Err(InvalidToken::Empty);
        }
        let plain = token.bytes().all(|b| b.is_ascii_graphic());
        if plain { Ok(Self(token.into())) } else { Err(InvalidToken::Character) }
    }
}

impl ApiToken {
    /// The header that bears it, marked so that nobody logs it.
    pub(super) fn header(&self) -> Result<HeaderValue, InvalidHeaderValue> {
        let mut header = HeaderValue::try_from(format!("Bearer {}", self.0.expose_secret()))?;
        header.set_sensitive(true);
        Ok(header)
    }

    /// Text from outside without this token and any participant's.
    pub(super) fn redacted(&self, text: &str) -> String {
        redact(text, self.0.expose_secret())
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiToken(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::plain("s3cret-_.~+/=")]
    #[case::newline("s3cret-_.~+/=\r\n")]
    #[case::spaces("  s3cret-_.~+/=\t")]
    fn a_token_is_trimmed_and_marked(#[case] text: &str) {
        let header = text.parse::<ApiToken>().unwrap().header().unwrap();
        assert_eq!(header.to_str().unwrap(), "Bearer s3cret-_.~+/=");
        assert!(header.is_sensitive());
    }

    #[rstest]
    #[case::empty("", InvalidToken::Empty)]
    #[case::blank(" \r\n", InvalidToken::Empty)]
    #[case::two_lines("s3cret\ns3cret", InvalidToken::Character)]
    #[case::inner_space("s3cret s3cret", InvalidToken::Character)]
    #[case::nul("s3cret\0", InvalidToken::Character)]
    #[case::escape("s3cret\u{1b}", InvalidToken::Character)]
    #[case::non_ascii("s3crét", InvalidToken::Character)]
    fn what_is_no_token_is_refused_without_being_shown(#[case] text: &str, #[case] why: InvalidToken) {
        let error = text.parse::<ApiToken>().unwrap_err();
        assert_eq!(error, why);
        assert!(!format!("{error} {error:?}").contains("s3c"));
    }

    #[test]
    fn a_token_is_never_printed() {
        let token: ApiToken = "s3cret".parse().unwrap();
        assert_eq!(format!("{token:?} {:?}", token.header().unwrap()), "ApiToken(redacted) Sensitive");
    }
}
