//! The nouns: what a roster names, what the API answers, and where a row came from.
//!
//! Everything here is data. Secrets are types that can't be printed.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The longest account or app id (API reference: `maxLength: 32`).
const MAX_TARGET_ID: usize = 32;

/// Something that isn't what it should be: an account, an app or a meeting id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {value:?} is not valid: {expected}")]
pub struct InvalidId {
    /// What it should have been, as a person says it.
    pub what: &'static str,
    /// The value as it came.
    pub value: String,
    /// What is expected.
    pub expected: &'static str,
}

/// The app that participants are added to: an account and one of its RealtimeKit apps.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    account_id: String,
    app_id: String,
}

impl Target {
    /// Checks both ids: 1 to 32 letters, digits, `-` or `_`.
    pub fn new(account_id: &str, app_id: &str) -> Result<Self, InvalidId> {
        Ok(Self { account_id: target_id("account id", account_id)?, app_id: target_id("app id", app_id)? })
    }

    /// The Cloudflare account.
    pub fn account_id(&self) -> &str {
        &self.account_id
    }

    /// The RealtimeKit app.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }
}

fn target_id(what: &'static str, value: &str) -> Result<String, InvalidId> {
    let fits = (1..=MAX_TARGET_ID).contains(&value.len());
    if fits && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Ok(value.to_owned());
    }
    Err(InvalidId { what, value: value.to_owned(), expected: "1 to 32 letters, digits, - or _" })
}

/// A meeting's id: a UUID in its hyphenated form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MeetingId(Uuid);

impl MeetingId {
    /// Wraps a UUID.
    pub fn new(id: Uuid) -> Self {
        Self(id)
    }
}

impl FromStr for MeetingId {
    type Err = InvalidId;

    fn from_str(value: &str) -> Result<Self, InvalidId> {
        let hyphenated = value.len() == uuid::fmt::Hyphenated::LENGTH;
        match Uuid::try_parse(value) {
            Ok(id) if hyphenated => Ok(Self(id)),
            _ => Err(InvalidId {
                what: "meeting id",
                value: value.to_owned(),
                expected: "a UUID such as 3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b",
            }),
        }
    }
}

impl fmt::Display for MeetingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What makes a participant the same one in every run: the meeting and the id that the roster gives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ParticipantKey {
    /// The meeting that the participant is added to.
    pub meeting: MeetingId,
    /// `custom_participant_id`: the caller's own id of the person; never personal data.
    pub custom_participant_id: String,
}

/// A participant as the roster wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// Who, and in which meeting.
    pub key: ParticipantKey,
    /// The shown name; never empty, since a participant without a name can't join (cloudflare-typescript#2737).
    pub name: String,
    /// The preset: a case-sensitive slug known to the app.
    pub preset_name: String,
    /// An absolute http(s) URL.
    pub picture: Option<String>,
}

/// The participant id that the API gave; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RemoteId(String);

impl RemoteId {
    /// `None` if it is empty or longer than 256 bytes: not an id that we could use in a path.
    pub fn new(id: impl Into<String>) -> Option<Self> {
        let id = id.into();
        (!id.is_empty() && id.len() <= 256).then_some(Self(id))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A participant as the API lists it. It bears no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteParticipant {
    /// The API's id.
    pub id: RemoteId,
    /// The caller's id.
    pub custom_participant_id: String,
    /// The preset.
    pub preset_name: String,
    /// The shown name, if one is set.
    pub name: Option<String>,
    /// The picture, if one is set.
    pub picture: Option<String>,
    /// As the API wrote it.
    pub created_at: String,
    /// As the API wrote it.
    pub updated_at: String,
}

/// What the API answers to an add or an update: the participant and a token to join with.
#[derive(Debug, Clone)]
pub struct AddedParticipant {
    /// The participant, as it is now.
    pub participant: RemoteParticipant,
    /// The token to join with.
    pub token: JoinToken,
}

/// What an update changes of a participant; what is `None` stays as it is. The `custom_participant_id` can't be changed,
/// and a name can't be taken away: a participant without one can't join.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParticipantEdit {
    /// The shown name.
    pub name: Option<String>,
    /// The preset.
    pub preset_name: Option<String>,
    /// The picture.
    pub picture: Option<PictureEdit>,
}

/// What an update does about a participant's picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PictureEdit {
    /// Shows the one at this URL.
    Set(String),
    /// Takes it away, by a null. The contract allows that, but doesn't say whether null takes the picture away or leaves
    /// it: the participant in the answer shows which. Where it stays, no update can take it away.
    Clear,
}

/// The secret that lets its bearer join a meeting. It can't be printed; only the journal and the export take it out.
#[derive(Clone)]
pub struct JoinToken(SecretString);

impl JoinToken {
    /// Wraps a token.
    pub fn new(token: String) -> Self {
        Self(token.into())
    }

    /// The token itself, for the journal and the export.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// When it ends: `exp` of the JWT's payload, whose signature is **not verified**. `None` if it is no JWT or has no `exp`.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.claims()?.exp.and_then(timestamp)
    }

    /// How long it lasts: from `iat` to `exp` of the JWT's payload, whose signature is **not verified**. `None` if it is
    /// no JWT or lacks either.
    pub fn lifetime(&self) -> Option<SignedDuration> {
        let Claims { exp, iat } = self.claims()?;
        Some(timestamp(exp?)?.duration_since(timestamp(iat?)?))
    }

    fn claims(&self) -> Option<Claims> {
        let mut parts = self.expose().split('.');
        let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&payload).ok()
    }
}

/// What we read of a token's payload.
#[derive(Deserialize)]
struct Claims {
    exp: Option<f64>,
    iat: Option<f64>,
}

fn timestamp(seconds: f64) -> Option<Timestamp> {
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and Timestamp checks the range")]
    Timestamp::from_second(seconds as i64).ok()
}

impl fmt::Debug for JoinToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JoinToken(redacted)")
    }
}

/// Where a row stands in what the user gave us.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    /// The roster as it was named, `-` for standard input.
    pub file: Arc<str>,
    /// The line that the row begins on, from 1.
    pub line: u64,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", escape(&self.file), self.line)
    }
}

/// Text from outside (a roster, the API, a file name), made safe to print: control characters, bidirectional
/// overrides and invisible marks are shown as `\u{…}`, so that nobody's name moves the cursor or hides a line.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe_to_print(c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    safe
}

fn is_unsafe_to_print(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::uuid("3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b", true)]
    #[case::path("../../x", false)]
    #[case::encoded("a%2Fb", false)]
    #[case::query("?x=1", false)]
    #[case::braces("{3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b}", false)]
    #[case::simple("3f2b8c1e5d4a4e6f9a7b1c2d3e4f5a6b", false)]
    #[case::empty("", false)]
    fn a_meeting_id_is_a_hyphenated_uuid(#[case] text: &str, #[case] valid: bool) {
        assert_eq!(text.parse::<MeetingId>().is_ok(), valid);
    }

    #[rstest]
    #[case("acc0", "app0", true)]
    #[case("", "app0", false)]
    #[case("acc0", "a/../b", false)]
    #[case("acc0", "123456789012345678901234567890123", false)]
    fn a_target_has_two_short_plain_ids(#[case] account: &str, #[case] app: &str, #[case] valid: bool) {
        assert_eq!(Target::new(account, app).is_ok(), valid);
    }

    fn jwt(payload: &str) -> JoinToken {
        JoinToken::new(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload)))
    }

    #[test]
    fn a_token_says_when_it_ends() {
        assert_eq!(jwt(r#"{"exp":1900000000}"#).expires_at(), Timestamp::from_second(1_900_000_000).ok());
        assert_eq!(jwt(r#"{"exp":1900000000.7}"#).expires_at(), Timestamp::from_second(1_900_000_000).ok());
    }

    #[rstest]
    #[case::both(r#"{"iat":1900000000,"exp":1900086400}"#, Some(86_400))]
    #[case::no_iat(r#"{"exp":1900086400}"#, None)]
    #[case::no_exp(r#"{"iat":1900000000}"#, None)]
    #[case::ended_before_it_began(r#"{"iat":100,"exp":40}"#, Some(-60))]
    #[case::as_far_apart_as_can_be(r#"{"iat":-377705023201,"exp":253402207200}"#, Some(631_107_230_401))]
    fn a_token_says_how_long_it_lasts(#[case] payload: &str, #[case] seconds: Option<i64>) {
        assert_eq!(jwt(payload).lifetime().map(|lifetime| lifetime.as_secs()), seconds);
    }

    #[rstest]
    #[case::no_exp(jwt("{}"))]
    #[case::senseless_exp(jwt(r#"{"exp":1e300}"#))]
    #[case::text_exp(jwt(r#"{"exp":"soon"}"#))]
    #[case::opaque(JoinToken::new("opaque".to_owned()))]
    #[case::four_parts(JoinToken::new("a.b.c.d".to_owned()))]
    #[case::no_base64(JoinToken::new("a.!!!.c".to_owned()))]
    fn a_token_that_says_nothing_has_no_end(#[case] token: JoinToken) {
        assert_eq!(token.expires_at(), None);
    }

    #[test]
    fn a_token_is_never_printed() {
        assert!(!format!("{:?}", JoinToken::new("s3cret".to_owned())).contains("s3cret"));
    }

    #[test]
    fn printed_text_can_neither_move_the_cursor_nor_turn_the_line() {
        assert_eq!(escape("Zoë 李\u{1b}[2J\n\u{202e}x\u{200b}"), r"Zoë 李\u{1b}[2J\n\u{202e}x\u{200b}");
    }
}
