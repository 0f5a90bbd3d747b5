//! Whether a picture is an absolute http(s) URL.

use memchr::memchr;
use url::Url;

/// Whether `text` is an absolute http or https URL, as the url crate reads it, without white space in it.
pub(super) fn is_picture_url(text: &str) -> bool {
    is_plain_url(text) || is_any_url(text)
}

/// What nearly every picture is, told without allocating: a lower-case host name and an unreserved path. It takes
/// less than [`is_any_url`] does, never more.
fn is_plain_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return false;
    };
    let (host, path) = rest.split_at(memchr(b'/', rest.as_bytes()).unwrap_or(rest.len()));
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b'~');
    is_plain_host(host) && path.bytes().all(plain)
}

/// Labels of lower-case letters, digits and single hyphens, the last of letters alone: no IP address, no punycode.
fn is_plain_host(host: &str) -> bool {
    let Some((_, last)) = host.rsplit_once('.') else { return false };
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let mut before = b'.';
    for b in host.bytes() {
        let fits = if alphanumeric(b) { true } else { matches!(b, b'.' | b'-') && alphanumeric(before) };
        if !fits {
            return false;
        }
        before = b;
    }
    !last.is_empty() && last.bytes().all(|b| b.is_ascii_lowercase())
}

fn is_any_url(text: &str) -> bool {
    let clean = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    let absolute =
        |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    clean && (absolute("https://") || absolute("http://")) && Url::parse(text).is_ok_and(|url| url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("https://img.example.edu/avatars/00000001.png", true)]
    #[case("http://example.com", true)]
    #[case("HTTPS://Example.com/a.png?size=1#x", true)]
    #[case("https://münchen.example/ä.png", true)]
    #[case("https://[::1]/a.png", true)]
    #[case::protocol_relative("//example.com/a.png", false)]
    #[case::relative("/a.png", false)]
    #[case::no_host("https:///", false)]
    #[case::no_slashes("https:example.com", false)]
    #[case::other_scheme("ftp://example.com/a.png", false)]
    #[case::script("javascript:alert(1)", false)]
    #[case::data("data:image/png;base64,AAAA", false)]
    #[case::bad_address("https://999.1.1.1/", false)]
    #[case::inner_space("https://example.com/a b.png", false)]
    #[case::line_break("https://exa\nmple.com/", false)]
    #[case::word("none", false)]
    fn a_picture_is_an_absolute_url(#[case] text: &str, #[case] fits: bool) {
        assert_eq!(is_picture_url(text), fits);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn the_fast_path_takes_nothing_that_the_url_crate_refuses(
            text in "https?://([a-z0-9.-]|xn-){0,12}(\\.[a-z0-9]{0,4})?(/[A-Za-z0-9._~/-]{0,12})?"
        ) {
            if is_plain_url(&text) {
                prop_assert!(is_any_url(&text), "{}", text);
            }
        }
    }
}
