//! Participant tokens that look like the real ones: JWTs with an `exp`. Nobody signs them.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use uuid::Uuid;

use crate::model::MeetingId;

#[derive(Serialize)]
struct Claims<'a> {
    #[serde(rename = "orgId")]
    app_id: &'a str,
    #[serde(rename = "meetingId")]
    meeting_id: MeetingId,
    #[serde(rename = "participantId")]
    participant_id: Uuid,
    /// How many tokens the participant had before: two of the same second differ.
    serial: u64,
    iat: i64,
    exp: i64,
}

/// A token for a participant.
pub(super) fn issue(
    app_id: &str,
    meeting_id: MeetingId,
    participant_id: Uuid,
    serial: u64,
    now: Timestamp,
    lifetime: Duration,
) -> String {
    let end = SignedDuration::try_from(lifetime).ok().and_then(|lifetime| now.checked_add(lifetime).ok());
    let exp = end.unwrap_or(Timestamp::MAX).as_second();
    let claims = Claims { app_id, meeting_id, participant_id, serial, iat: now.as_second(), exp };
    let payload = serde_json::to_vec(&claims).unwrap_or_default();
    let signature = Uuid::new_v5(&participant_id, &payload);
    let [header, payload, signature] =
        [br#"{"alg":"HS256","typ":"JWT"}"#, payload.as_slice(), signature.as_bytes()]
            .map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}.{payload}.{signature}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::JoinToken;

    const NOW: Timestamp = Timestamp::constant(1_900_000_000, 0);

    fn token(serial: u64, lifetime: Duration) -> String {
        issue("app", MeetingId::new(Uuid::nil()), Uuid::nil(), serial, NOW, lifetime)
    }

    #[test]
    fn a_token_says_when_it_ends() {
        let ends = |lifetime| JoinToken::new(token(0, lifetime)).expires_at().map(Timestamp::as_second);
        assert_eq!(ends(Duration::from_secs(60)), Some(1_900_000_060));
        assert_eq!(ends(Duration::MAX), Some(Timestamp::MAX.as_second()));
    }

    #[test]
    fn a_new_token_is_another_one() {
        assert_ne!(token(0, Duration::ZERO), token(1, Duration::ZERO));
    }
}
