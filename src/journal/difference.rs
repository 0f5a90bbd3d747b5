//! Where a roster wants another name, preset or picture than the server holds, or may hold.

use serde::{Deserialize, Serialize};

/// Name, preset, picture.
pub(super) type Fields = (String, String, Option<String>);

pub(super) fn parts(fields: &Fields) -> (&str, &str, Option<&str>) {
    (&fields.0, &fields.1, fields.2.as_deref())
}

/// The roster's fields of a row where they differ from what the server holds.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Difference {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) preset_name: Option<String>,
    /// `Some("")` for: no picture wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) picture: Option<String>,
}

impl Difference {
    /// The wanted fields that differ from the held ones, as JSON; `None` if none does.
    pub(super) fn between(
        wanted: (&str, &str, Option<&str>),
        held: (&str, &str, Option<&str>),
    ) -> Option<String> {
        if wanted == held {
            return None;
        }
        let difference = Self {
            name: (wanted.0 != held.0).then(|| wanted.0.to_owned()),
            preset_name: (wanted.1 != held.1).then(|| wanted.1.to_owned()),
            picture: (wanted.2 != held.2).then(|| wanted.2.unwrap_or_default().to_owned()),
        };
        serde_json::to_string(&difference).ok()
    }

    /// Reads what [`between`](Self::between) wrote.
    pub(super) fn read(json: Option<&str>) -> Self {
        json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
    }
    /// What is wanted of a row that holds these fields.
    pub(super) fn of(self, held: &Fields) -> Fields {
        let picture = match self.picture {
            Some(picture) => Some(picture).filter(|picture| !picture.is_empty()),
            None => held.2.clone(),
        };
        (
            self.name.unwrap_or_else(|| held.0.clone()),
            self.preset_name.unwrap_or_else(|| held.1.clone()),
            picture,
        )
    }
}
