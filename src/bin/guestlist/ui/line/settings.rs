//! What programs are told of settings, and of a sandbox.

#[cfg(feature = "sandbox")]
use guestlist::sandbox::Connection;

use super::Line;
use crate::settings::{FileKind, FilePlace, Origin, Shown};

impl<'a> Line<'a> {
    pub(crate) fn setting(setting: &'a Shown<'a>) -> Self {
        let (origin, name, line) = match setting.origin {
            Some(origin) => origin_of(origin),
            None => (setting.value.as_ref().map(|_| "default"), None, None),
        };
        let value = setting.value.as_ref().and_then(|value| serde_json::to_value(value).ok());
        Self::Setting { key: &setting.key, value, origin, name, line }
    }

    pub(crate) fn api_token(origin: Option<&'a Origin>) -> Self {
        let set = origin.is_some();
        let (origin, name, line) = origin.map_or((None, None, None), origin_of);
        Self::ApiToken { set, origin, name, line }
    }

    pub(crate) fn settings_file(place: &FilePlace) -> Self {
        let kind = match place.kind {
            FileKind::Project => "project",
            FileKind::User => "user",
        };
        Self::SettingsFile { kind, file: place.path.to_string_lossy().into_owned(), read: place.read }
    }

    #[cfg(feature = "sandbox")]
    pub(crate) fn sandbox(connection: &'a Connection<'a>) -> Self {
        Self::Sandbox {
            api_url: &connection.api_url,
            account_id: connection.account_id,
            app_id: connection.app_id,
            meeting_id: connection.meeting_id.map(|meeting| meeting.to_string()),
            api_token: connection.api_token,
            presets: connection.presets,
        }
    }
}

/// What kind it is, its name and its line.
fn origin_of(origin: &Origin) -> (Option<&'static str>, Option<&str>, Option<usize>) {
    match origin {
        Origin::Flag(name) => (Some("flag"), Some(name), None),
        Origin::Variable(name) => (Some("environment"), Some(name), None),
        Origin::File(place) => (Some("file"), Some(&place.file), Some(place.line)),
    }
}
