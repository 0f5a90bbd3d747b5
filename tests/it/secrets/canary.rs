//! A planted secret, and every shape that it could be seen in.

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use guestlist::sandbox::SandboxSettings;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Seventeen characters in a row of any shape are always found, wherever the secret is cut.
const PIECE: usize = 12;

/// A planted secret.
pub(super) struct Canary {
    name: &'static str,
    pieces: Vec<String>,
    all: AhoCorasick,
}

impl Canary {
    /// As it is, percent-encoded, in hexadecimal, and in both base64s at each of the three places in a group.
    pub(super) fn new(name: &'static str, secret: &str) -> Self {
        let hexadecimal = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        let encoded = (0..3).flat_map(|skipped| {
            let whole_groups = secret.as_bytes()[skipped..].chunks_exact(3).flatten().copied();
            let bytes = whole_groups.collect::<Vec<_>>();
            [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)]
        });
        let shapes = [secret.to_owned(), percent, hexadecimal].into_iter().chain(encoded);
        Self::of_pieces(name, shapes.flat_map(|shape| pieces(&shape)).collect())
    }

    /// What all tokens that a sandbox issues have in common: also those that never came whole.
    pub(super) fn of_any_token(settings: &SandboxSettings) -> Self {
        let meeting = settings.meetings[0].0;
        let claims = format!(r#"{{"orgId":"{}","meetingId":"{meeting}","participantId":""#, settings.app_id);
        let whole_groups = &claims[..claims.len() / 3 * 3];
        let [header, claims] =
            [r#"{"alg":"HS256","typ":"JWT"}"#, whole_groups].map(|part| URL_SAFE_NO_PAD.encode(part));
        Self::of_pieces("participant's token", pieces(&format!("{header}.{claims}")).collect())
    }

    fn of_pieces(name: &'static str, pieces: Vec<String>) -> Self {
        Self { name, all: AhoCorasick::new(&pieces).unwrap(), pieces }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The first piece of it that is there.
    pub(super) fn found_in(&self, bytes: &[u8]) -> Option<&str> {
        self.all.find(bytes).map(|found| self.pieces[found.pattern()].as_str())
    }
}

fn pieces(shape: &str) -> impl Iterator<Item = String> + use<> {
    let last = shape.len().saturating_sub(PIECE);
    let starts = (0..last).step_by(PIECE / 2).chain([last]);
    starts
        .map(|start| shape[start..shape.len().min(start + PIECE)].to_owned())
        .collect::<Vec<_>>()
        .into_iter()
}

/// The search works: each shape is found in the middle of other text, cut at either end; and something else isn't.
#[test]
fn a_canary_is_found_in_every_shape() {
    let secret = super::API_TOKEN;
    let canary = Canary::new("secret", secret);
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let mut shapes = vec![secret.to_owned(), percent];
    for before in ["", "a", "ab", "Authorization: Bearer "] {
        shapes.push(STANDARD_NO_PAD.encode(format!("{before}{secret}!")));
        shapes.push(URL_SAFE_NO_PAD.encode(format!("{before}{secret}!")));
    }
    for shape in shapes {
        assert!(canary.found_in(format!("\u{0}x={shape}&y").as_bytes()).is_some(), "{shape}");
        let middle = shape.len() / 2;
        assert!(canary.found_in(&shape.as_bytes()[middle..]).is_some(), "the end of {shape}");
        assert!(canary.found_in(&shape.as_bytes()[..middle]).is_some(), "the beginning of {shape}");
    }
    assert_eq!(canary.found_in(b"sandbox-token-that-protects-nothing"), None);
}
