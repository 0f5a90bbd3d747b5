//! Where the API is: an URL that the token may be sent to.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;
use url::Host;

/// The API's base URL: https with a name, or a loopback address; no user, no query. Its path has no slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiUrl(Url);

/// Why the token may not be sent there. It never holds the URL, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidApiUrl {
    /// No URL.
    #[error("the API URL can't be read: write it as https://api.cloudflare.com/client/v4")]
    Unreadable,
    /// Not https, and not a loopback address.
    #[error(
        "the API URL must begin with https://, since the API token is sent there; http:// is for loopback addresses only"
    )]
    Insecure,
    /// A bare address: nobody can see whose it is.
    #[error("the API URL must name its host: an IP address is accepted for loopback only")]
    BareAddress,
    /// A user or a password.
    #[error("the API URL must not hold a user or a password")]
    UserInfo,
    /// `?…` or `#…`.
    #[error("the API URL must end with its path: leave out what begins with ? or #")]
    Query,
}

impl ApiUrl {
    /// `api.cloudflare.com`.
    pub const CLOUDFLARE: &str = "https://api.cloudflare.com/client/v4";

    /// Scheme, host and port: what a journal is bound to.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// Whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// Whether Cloudflare itself answers.
    pub fn is_cloudflare(&self) -> bool {
        self.0.host_str() == Some("api.cloudflare.com")
    }

    /// Whether it is encrypted.
    pub(super) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl FromStr for ApiUrl {
    type Err = InvalidApiUrl;

    fn from_str(text: &str) -> Result<Self, InvalidApiUrl> {
        let url = Url::parse(text.trim()).map_err(|_| InvalidApiUrl::Unreadable)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidApiUrl::UserInfo);
        }
        match (url.scheme(), is_loopback(&url), url.host()) {
            ("http" | "https", true, _) | ("https", false, Some(Host::Domain(_))) => {}
            ("https", false, Some(_)) => return Err(InvalidApiUrl::BareAddress),
            (_, _, None) => return Err(InvalidApiUrl::Unreadable),
            _ => return Err(InvalidApiUrl::Insecure),
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidApiUrl::Query);
        }
        Ok(Self(url))
    }
}

impl fmt::Display for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(ApiUrl::CLOUDFLARE, ApiUrl::CLOUDFLARE, "https://api.cloudflare.com", false)]
    #[case("https://proxy.example/cf//", "https://proxy.example/cf", "https://proxy.example", false)]
    #[case(
        "http://127.0.0.1:8787/client/v4/",
        "http://127.0.0.1:8787/client/v4",
        "http://127.0.0.1:8787",
        true
    )]
    #[case("http://localhost:1", "http://localhost:1", "http://localhost:1", true)]
    #[case("http://[::1]:1", "http://[::1]:1", "http://[::1]:1", true)]
    #[case("https://127.1", "https://127.0.0.1", "https://127.0.0.1", true)]
    fn a_url_is_read(#[case] text: &str, #[case] shown: &str, #[case] origin: &str, #[case] loopback: bool) {
        let url: ApiUrl = text.parse().unwrap();
        assert_eq!((url.to_string().as_str(), url.origin().as_str()), (shown, origin));
        assert_eq!(url.is_loopback(), loopback);
    }

    #[rstest]
    #[case::empty("", InvalidApiUrl::Unreadable)]
    #[case::no_scheme("api.cloudflare.com", InvalidApiUrl::Unreadable)]
    #[case::http("http://api.cloudflare.com", InvalidApiUrl::Insecure)]
    #[case::http_to_all("http://0.0.0.0:1", InvalidApiUrl::Insecure)]
    #[case::http_to_a_network("http://10.0.0.1", InvalidApiUrl::Insecure)]
    #[case::looks_like_loopback("http://localhost.example", InvalidApiUrl::Insecure)]
    #[case::other_scheme("ftp://127.0.0.1.example", InvalidApiUrl::Insecure)]
    #[case::file("file:///etc/passwd", InvalidApiUrl::Unreadable)]
    #[case::bare_address("https://1.1.1.1/client/v4", InvalidApiUrl::BareAddress)]
    #[case::bare_address_v6("https://[2606::1]/", InvalidApiUrl::BareAddress)]
    #[case::user("https://s3cret@api.cloudflare.com", InvalidApiUrl::UserInfo)]
    #[case::password("http://a:s3cret@127.0.0.1", InvalidApiUrl::UserInfo)]
    #[case::query("https://api.cloudflare.com/?a=1", InvalidApiUrl::Query)]
    #[case::fragment("https://api.cloudflare.com/#a", InvalidApiUrl::Query)]
    fn where_no_token_may_go_is_refused(#[case] text: &str, #[case] why: InvalidApiUrl) {
        let error = text.parse::<ApiUrl>().unwrap_err();
        assert_eq!(error, why);
        assert!(!error.to_string().contains("s3cret"));
    }
}
