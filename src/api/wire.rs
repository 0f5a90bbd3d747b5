//! The JSON of the API, as `realtimekit.openapi.yaml` has it; shared by the client and the sandbox.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};

/// Body of an add.
#[derive(Debug, Serialize, Deserialize)]
pub struct AddBody<'a> {
    /// The caller's id.
    #[serde(borrow)]
    pub custom_participant_id: Cow<'a, str>,
    /// The preset.
    #[serde(borrow)]
    pub preset_name: Cow<'a, str>,
    /// The shown name.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'a, str>>,
    /// The picture's URL.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<Cow<'a, str>>,
}

/// Body of an edit; what is missing stays as it is.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct EditBody<'a> {
    /// The preset.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub preset_name: Option<Cow<'a, str>>,
    /// The shown name.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'a, str>>,
    /// The picture's URL; `Some(None)` is null.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub picture: Option<Option<Cow<'a, str>>>,
}

/// Tells null from nothing.
fn nullable<'de: 'a, 'a, D: Deserializer<'de>>(from: D) -> Result<Option<Option<Cow<'a, str>>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// A participant in an answer; with a token only from add, edit and token refresh.
#[derive(Debug, Serialize, Deserialize)]
pub struct ParticipantBody<'a> {
    /// The API's id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// The caller's id.
    #[serde(borrow)]
    pub custom_participant_id: Cow<'a, str>,
    /// The preset.
    #[serde(borrow)]
    pub preset_name: Cow<'a, str>,
    /// The shown name.
    #[serde(borrow, default)]
    pub name: Option<Cow<'a, str>>,
    /// The picture's URL.
    #[serde(borrow, default)]
    pub picture: Option<Cow<'a, str>>,
    /// RFC 3339.
    #[serde(borrow)]
    pub created_at: Cow<'a, str>,
    /// RFC 3339.
    #[serde(borrow)]
    pub updated_at: Cow<'a, str>,
    /// The token to join with.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Cow<'a, str>>,
}

/// Where a page stands in its list.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Paging {
    /// How many items there are on all pages.
    pub total_count: u64,
    /// Offset of the page's first item.
    pub start_offset: u64,
    /// Offset of the page's last item.
    pub end_offset: u64,
}

/// A 2xx answer with one thing in it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Envelope<T> {
    /// `true`.
    pub success: bool,
    /// The thing.
    pub data: Option<T>,
}

/// A 2xx answer with a page of things in it.
#[derive(Debug, Serialize, Deserialize)]
pub struct PageEnvelope<T> {
    /// `true`.
    pub success: bool,
    /// The page's things.
    pub data: Vec<T>,
    /// Where the page stands.
    pub paging: Paging,
}

/// A refreshed token.
#[derive(Debug, Serialize, Deserialize)]
pub struct TokenBody<'a> {
    /// The token.
    #[serde(borrow)]
    pub token: Cow<'a, str>,
}

/// A meeting, as far as we read it.
#[derive(Debug, Serialize, Deserialize)]
pub struct MeetingBody<'a> {
    /// The meeting's id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Its title.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Cow<'a, str>>,
    /// `ACTIVE` or `INACTIVE`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Cow<'a, str>>,
    /// RFC 3339.
    #[serde(borrow, default)]
    pub created_at: Cow<'a, str>,
    /// RFC 3339.
    #[serde(borrow, default)]
    pub updated_at: Cow<'a, str>,
}

/// A preset, as far as we read it.
#[derive(Debug, Serialize, Deserialize)]
pub struct PresetBody<'a> {
    /// The preset's id.
    #[serde(borrow, default)]
    pub id: Cow<'a, str>,
    /// Its name: what a participant's `preset_name` refers to.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
}

/// An error in either of the two shapes: RealtimeKit's `error`, the gateway's `errors`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct ErrorBody {
    /// RealtimeKit's shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorItem>,
    /// The gateway's shape.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorItem>,
}

/// One error.
#[derive(Debug, Serialize, Deserialize)]
pub struct ErrorItem {
    /// The HTTP status (RealtimeKit) or a code of the gateway's own.
    pub code: i64,
    /// For people.
    #[serde(default)]
    pub message: String,
}
