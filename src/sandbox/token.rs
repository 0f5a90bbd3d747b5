//! Participant tokens that look like the real ones: JWTs with an `exp`. Nobody signs them.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::MeetingId;

/// What becomes of somebody who comes with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenStanding {
    /// They join.
    Good,
    /// It is too late.
    Expired,
    /// A newer token ended it.
    Ended,
    /// The participant isn't there any longer.
    Gone,
    /// The sandbox has issued no such token.
    Unknown,
}

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    #[serde(rename = "orgId")]
    app_id: String,
    #[serde(rename = "meetingId")]
    pub(super) meeting_id: MeetingId,
    #[serde(rename = "participantId")]
    pub(super) participant_id: Uuid,
    /// How many tokens the participant had with it: two of the same second differ.
    pub(super) serial: u64,
    iat: i64,
    pub(super) exp: i64,
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
    let app_id = app_id.to_owned();
    let claims = Claims { app_id, meeting_id, participant_id, serial, iat: now.as_second(), exp };
    let payload = serde_json::to_vec(&claims).unwrap_or_default();
    let signature = signature(&claims, &payload);
    let [header, payload, signature] =
        [br#"{"alg":"HS256","typ":"JWT"}"#, payload.as_slice(), signature.as_bytes()]
            .map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}.{payload}.{signature}")
}

/// What a token says, if it is one of ours.
pub(super) fn read(token: &str) -> Option<Claims> {
    let mut parts = token.split('.').skip(1).map(|part| URL_SAFE_NO_PAD.decode(part));
    let (payload, signed) = (parts.next()?.ok()?, parts.next()?.ok()?);
    let claims = serde_json::from_slice(&payload).ok()?;
    (signature(&claims, &payload).as_bytes() == signed.as_slice()).then_some(claims)
}

fn signature(claims: &Claims, payload: &[u8]) -> Uuid {
    Uuid::new_v5(&claims.participant_id, payload)
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
    fn only_its_own_tokens_are_read() {
        let issued = token(3, Duration::from_secs(60));
        assert_eq!(read(&issued).map(|claims| claims.serial), Some(3));
        let (head, _) = issued.rsplit_once('.').unwrap();
        for forged in ["", "opaque", "a.b.c", head, &format!("{head}.c2ln"), &issued[..issued.len() - 2]] {
            assert!(read(forged).is_none(), "{forged}");
        }
    }

    #[test]
    fn a_new_token_is_another_one() {
        assert_ne!(token(0, Duration::ZERO), token(1, Duration::ZERO));
    }
}
