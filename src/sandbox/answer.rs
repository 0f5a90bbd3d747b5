//! Answers as the contract writes them: statuses, bodies, both shapes of errors. Pure.

use std::borrow::Cow;

use serde::Serialize;
use uuid::Uuid;

use super::store::{Meeting, Participant};
use crate::api::wire::{
    Envelope, ErrorBody, ErrorItem, MeetingBody, PageEnvelope, Paging, ParticipantBody, PresetBody, TokenBody,
};

/// What Cloudflare's gateway calls a failed authentication.
const AUTHENTICATION_ERROR: i64 = 10_000;
/// What it calls a path that leads nowhere.
const NO_ROUTE: i64 = 7_003;
/// What it calls an exceeded rate limit.
const RATE_LIMITED: i64 = 10_013;

/// Why a request is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("Could not route to that path, perhaps your object identifier is invalid?")]
    NoRoute,
    #[error("Method not allowed")]
    WrongMethod,
    #[error("Authentication error")]
    Unauthorized,
    #[error("You don't have access to this account")]
    OtherAccount,
    #[error("More than your quota: please wait and consider throttling your request speed")]
    Throttled,
    #[error("No app found with this id")]
    UnknownApp,
    #[error("meeting_id must be a UUID")]
    NotAMeetingId,
    #[error("No meeting found with this id")]
    UnknownMeeting,
    #[error("No participant found with this id")]
    UnknownParticipant,
    #[error("No preset found with name {0:?}")]
    UnknownPreset(String),
    #[error("A participant with this custom_participant_id exists already")]
    AlreadyThere,
    #[error("page_no and per_page must be numbers, 0 or larger")]
    NotAPage,
    #[error("The body is not JSON")]
    NotJson,
    #[error("The body is not valid: {0}")]
    InvalidBody(String),
    #[error("The body is too large")]
    TooLarge,
}

impl Refusal {
    fn status(&self) -> u16 {
        match self {
            Self::NoRoute | Self::UnknownApp | Self::UnknownMeeting | Self::UnknownParticipant => 404,
            Self::WrongMethod => 405,
            Self::Unauthorized => 401,
            Self::OtherAccount => 403,
            Self::Throttled => 429,
            Self::NotAMeetingId | Self::NotAPage | Self::NotJson => 400,
            Self::AlreadyThere => 409,
            Self::InvalidBody(_) | Self::UnknownPreset(_) => 422,
            Self::TooLarge => 413,
        }
    }

    /// The answer, in the shape of whoever gives it.
    pub(super) fn answer(&self) -> Answer {
        let gateway = match self {
            Self::NoRoute | Self::WrongMethod => Some(NO_ROUTE),
            Self::Unauthorized | Self::OtherAccount => Some(AUTHENTICATION_ERROR),
            Self::Throttled => Some(RATE_LIMITED),
            _ => None,
        };
        match gateway {
            Some(code) => Answer::gateway_error(self.status(), code, self.to_string()),
            None => Answer::kit_error(self.status(), self.to_string()),
        }
    }
}

/// An answer, before it is put on a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

/// An error in one of its two shapes, with what the shared [`ErrorBody`] leaves out.
#[derive(Serialize)]
struct ErrorEnvelope {
    success: bool,
    #[serde(flatten)]
    body: ErrorBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<[String; 0]>,
}

/// What is left of a removed participant.
#[derive(Serialize)]
struct RemovedBody<'a> {
    custom_participant_id: &'a str,
    preset_id: Uuid,
    created_at: String,
    updated_at: String,
}

impl Answer {
    pub(super) fn json(status: u16, body: &impl Serialize) -> Self {
        let headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
        Self { status, headers, body: serde_json::to_vec(body).unwrap_or_default() }
    }

    /// RealtimeKit's shape of an error.
    pub(super) fn kit_error(status: u16, message: String) -> Self {
        let error = Some(ErrorItem { code: i64::from(status), message });
        let body = ErrorBody { error, errors: Vec::new() };
        Self::json(status, &ErrorEnvelope { success: false, body, messages: None })
    }

    /// The gateway's shape of an error.
    pub(super) fn gateway_error(status: u16, code: i64, message: String) -> Self {
        let body = ErrorBody { error: None, errors: vec![ErrorItem { code, message }] };
        Self::json(status, &ErrorEnvelope { success: false, body, messages: Some([]) })
    }

    /// An error with this status, from whoever would give it.
    pub(super) fn error(status: u16) -> Self {
        match status {
            401 | 403 => Self::gateway_error(status, AUTHENTICATION_ERROR, "Authentication error".to_owned()),
            429 => Refusal::Throttled.answer(),
            520..=599 => Self::gateway_error(status, i64::from(status), format!("Fault: {status}")),
            _ => Self::kit_error(status, format!("Fault: {status}")),
        }
    }

    /// 502 as a proxy writes it.
    pub(super) fn html() -> Self {
        let body = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
        let headers = vec![("content-type", "text/html; charset=UTF-8".to_owned())];
        Self { status: 502, headers, body: body.into() }
    }

    /// 307 to a path.
    pub(super) fn redirect(path: &str) -> Self {
        Self { status: 307, headers: vec![("location", path.to_owned())], body: Vec::new() }
    }

    pub(super) fn participant(status: u16, participant: &Participant, token: Option<String>) -> Self {
        let data = Some(participant_body(participant, token));
        Self::json(status, &Envelope { success: true, data })
    }

    pub(super) fn participants(participants: &[&Participant], paging: Paging) -> Self {
        let data = participants.iter().map(|participant| participant_body(participant, None)).collect();
        Self::json(200, &PageEnvelope { success: true, data, paging })
    }

    pub(super) fn token(token: String) -> Self {
        Self::json(200, &Envelope { success: true, data: Some(TokenBody { token: token.into() }) })
    }

    pub(super) fn removed(participant: &Participant) -> Self {
        let data = RemovedBody {
            custom_participant_id: &participant.custom_participant_id,
            preset_id: preset_id(&participant.fields.preset_name),
            created_at: participant.created_at.to_string(),
            updated_at: participant.updated_at.to_string(),
        };
        Self::json(200, &Envelope { success: true, data: Some(data) })
    }

    pub(super) fn meeting(meeting: &Meeting) -> Self {
        let created_at = meeting.created_at.to_string();
        let data = MeetingBody {
            id: meeting.id.to_string().into(),
            title: Some(Cow::Borrowed("Sandbox meeting")),
            status: Some(meeting.status.name().into()),
            updated_at: created_at.clone().into(),
            created_at: created_at.into(),
        };
        Self::json(200, &Envelope { success: true, data: Some(data) })
    }

    pub(super) fn presets(names: &[String], paging: Paging) -> Self {
        let preset =
            |name: &String| PresetBody { id: preset_id(name).to_string().into(), name: name.clone().into() };
        let data: Vec<_> = names.iter().map(preset).collect();
        Self::json(200, &PageEnvelope { success: true, data, paging })
    }
}

fn participant_body(participant: &Participant, token: Option<String>) -> ParticipantBody<'_> {
    let fields = &participant.fields;
    ParticipantBody {
        id: participant.id.to_string().into(),
        custom_participant_id: participant.custom_participant_id.as_str().into(),
        preset_name: fields.preset_name.as_str().into(),
        name: fields.name.as_deref().map(Cow::Borrowed),
        picture: fields.picture.as_deref().map(Cow::Borrowed),
        created_at: participant.created_at.to_string().into(),
        updated_at: participant.updated_at.to_string().into(),
        token: token.map(Cow::Owned),
    }
}

fn preset_id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::nil(), name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(answer: &Answer) -> String {
        format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body))
    }

    #[test]
    fn both_shapes_of_errors_occur() {
        insta::assert_snapshot!(
            text(&Refusal::UnknownMeeting.answer()),
            @r#"404 {"success":false,"error":{"code":404,"message":"No meeting found with this id"}}"#
        );
        insta::assert_snapshot!(
            text(&Refusal::Unauthorized.answer()),
            @r#"401 {"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"messages":[]}"#
        );
    }

    #[test]
    fn an_error_of_any_status_has_a_shape_of_it() {
        for status in 400..=599 {
            let answer = Answer::error(status);
            let body: ErrorBody = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!(answer.status, status);
            assert!(body.error.is_some() != (body.errors.len() == 1));
        }
    }
}
