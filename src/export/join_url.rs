//! The link that an organiser mails: a template with fields of the participant, percent-encoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::journal::ExportRow;
use crate::model::JoinToken;

/// All but the unreserved characters of RFC 3986 section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A template such as `https://example.com/join?authToken={token}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinUrl(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
}

/// A field of a participant that a template may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Token,
    CustomParticipantId,
    Name,
    PresetName,
    MeetingId,
    ParticipantId,
}

/// Why a text is no template for join links.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinUrlError {
    /// An unknown field.
    #[error(
        "{{{0}}} is no field of a participant: use {{token}}, {{custom_participant_id}}, {{name}}, {{preset_name}}, \
         {{meeting_id}} or {{participant_id}}"
    )]
    UnknownField(String),
    /// A brace that isn't closed or opened.
    #[error("a brace in the join URL has no partner: write fields as {{token}}")]
    UnpairedBrace,
    /// No token: everybody would get the same useless link.
    #[error("the join URL must hold {{token}}")]
    NoToken,
    /// Not a link that a browser opens.
    #[error("the join URL must begin with https:// or http://")]
    NotHttp,
}

impl std::str::FromStr for JoinUrl {
    type Err = JoinUrlError;

    fn from_str(template: &str) -> Result<Self, JoinUrlError> {
        if !template.starts_with("https://") && !template.starts_with("http://") {
            return Err(JoinUrlError::NotHttp);
        }
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some((text, after)) = rest.split_once('{') {
            let (field, after) = after.split_once('}').ok_or(JoinUrlError::UnpairedBrace)?;
            parts.extend([Part::text(text)?, Part::Field(Field::named(field)?)]);
            rest = after;
        }
        parts.push(Part::text(rest)?);
        if !parts.contains(&Part::Field(Field::Token)) {
            return Err(JoinUrlError::NoToken);
        }
        Ok(Self(parts))
    }
}

impl JoinUrl {
    /// The participant's link; `None` without a token.
    pub(super) fn fill(&self, row: &ExportRow) -> Option<String> {
        let token = row.token.as_ref()?;
        let mut url = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => url.push_str(text),
                Part::Field(field) => url.extend(utf8_percent_encode(field.of(row, token), RESERVED)),
            }
        }
        Some(url)
    }
}

impl Part {
    fn text(text: &str) -> Result<Self, JoinUrlError> {
        if text.contains('}') { Err(JoinUrlError::UnpairedBrace) } else { Ok(Self::Text(text.to_owned())) }
    }
}

impl Field {
    fn named(name: &str) -> Result<Self, JoinUrlError> {
        Ok(match name {
            "token" => Self::Token,
            "custom_participant_id" => Self::CustomParticipantId,
            "name" => Self::Name,
            "preset_name" => Self::PresetName,
            "meeting_id" => Self::MeetingId,
            "participant_id" => Self::ParticipantId,
            _ => return Err(JoinUrlError::UnknownField(name.to_owned())),
        })
    }

    fn of<'r>(self, row: &'r ExportRow, token: &'r JoinToken) -> &'r str {
        match self {
            Self::Token => token.expose(),
            Self::CustomParticipantId => &row.custom_participant_id,
            Self::Name => &row.name,
            Self::PresetName => &row.preset_name,
            Self::MeetingId => &row.meeting_id,
            Self::ParticipantId => row.participant_id.as_deref().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::RowState;
    use rstest::rstest;

    fn row() -> ExportRow {
        ExportRow {
            custom_participant_id: "a/b".to_owned(),
            name: "Zoë & Co".to_owned(),
            preset_name: "host".to_owned(),
            picture: None,
            meeting_id: "m".to_owned(),
            participant_id: Some("p".to_owned()),
            token: Some(JoinToken::new("x.y-z_~".to_owned())),
            token_expires_at: None,
            created_at: None,
            updated_at: None,
            state: RowState::Added,
            roster: 1,
            extra: None,
        }
    }

    #[test]
    fn fields_are_percent_encoded() {
        let url: JoinUrl =
            "https://x.example/j?authToken={token}&n={name}&i={custom_participant_id}".parse().unwrap();
        assert_eq!(
            url.fill(&row()).as_deref(),
            Some("https://x.example/j?authToken=x.y-z_~&n=Zo%C3%AB%20%26%20Co&i=a%2Fb")
        );
    }

    #[test]
    fn without_a_token_there_is_no_link() {
        let url: JoinUrl = "https://x.example/{token}".parse().unwrap();
        assert_eq!(url.fill(&ExportRow { token: None, ..row() }), None);
    }

    #[rstest]
    #[case("https://x/{tokn}", JoinUrlError::UnknownField("tokn".to_owned()))]
    #[case("https://x/{token", JoinUrlError::UnpairedBrace)]
    #[case("https://x/token}", JoinUrlError::UnpairedBrace)]
    #[case("https://x/", JoinUrlError::NoToken)]
    #[case("javascript:{token}", JoinUrlError::NotHttp)]
    fn a_bad_template_is_refused(#[case] template: &str, #[case] why: JoinUrlError) {
        assert_eq!(template.parse::<JoinUrl>(), Err(why));
    }
}
