//! The API's own error text without the secrets that a careless server or proxy quotes in it. Pure.

/// What stands in their place.
const REDACTED: &str = "(redacted)";
/// How every JWT begins: `{"` in base64.
const JWT: &str = "eyJ";

/// The text without `secret`, wherever it stands, and without anything that begins like a participant's token.
pub(super) fn redact(text: &str, secret: &str) -> String {
    let text = text.replace(secret, REDACTED);
    let (mut redacted, mut rest) = (String::with_capacity(text.len()), text.as_str());
    while let Some((before, token)) = rest.split_once(JWT) {
        redacted.push_str(before);
        redacted.push_str(REDACTED);
        rest = token.trim_start_matches(is_of_a_jwt);
    }
    redacted + rest
}

/// base64url, and the dots between a JWT's parts.
fn is_of_a_jwt(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '=' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::nothing("", "")]
    #[case::no_secret("No preset found with name \"hots\"", "No preset found with name \"hots\"")]
    #[case::alone("s3cret", "(redacted)")]
    #[case::quoted(
        "GET / HTTP/1.1\r\nauthorization: Bearer s3cret\r\n",
        "GET / HTTP/1.1\r\nauthorization: Bearer (redacted)\r\n"
    )]
    #[case::twice("s3crets3cret and Zoë", "(redacted)(redacted) and Zoë")]
    #[case::jwt("token eyJhbGciOi.eyJvcmc_-x.c2ln= is old", "token (redacted) is old")]
    #[case::part_of_a_jwt("\"eyJhbGciOi", "\"(redacted)")]
    #[case::two_jwts("eyJh.eyJv.x,eyJh.eyJv.y", "(redacted),(redacted)")]
    fn a_secret_is_taken_out(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(redact(text, "s3cret"), expected);
    }
}
