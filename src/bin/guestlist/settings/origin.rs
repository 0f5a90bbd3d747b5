//! Where a setting comes from.

use std::fmt;
use std::sync::Arc;

use guestlist::model::escape;

use super::SettingsError;

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It was typed.
    Flag(&'static str),
    /// A variable of the environment.
    Variable(&'static str),
    /// A line of a settings file.
    File(Place),
}

/// A place in a settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file as it was named.
    pub(crate) file: Arc<str>,
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
}

impl Place {
    /// The place of a byte in the file's text.
    pub(super) fn of(file: &Arc<str>, text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            file: Arc::clone(file),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().filter(|c| *c != '\u{feff}').count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", escape(&self.file), self.line)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::File(place) => place.fmt(f),
        }
    }
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

impl<T> Setting<T> {
    /// What the value means; an error says where it stands, unless it was just typed.
    pub(super) fn meant<U, E: Into<SettingsError>>(
        &self,
        mean: impl FnOnce(&T) -> Result<U, E>,
    ) -> Result<U, SettingsError> {
        mean(&self.value).map_err(|error| match &self.origin {
            Origin::Flag(_) => error.into(),
            origin @ (Origin::Variable(_) | Origin::File(_)) => {
                SettingsError::By { origin: origin.clone(), error: Box::new(error.into()) }
            }
        })
    }

    /// Whether it was typed.
    pub(super) fn is_typed(&self) -> bool {
        matches!(self.origin, Origin::Flag(_))
    }

    /// The place, if it stands in a file.
    pub(super) fn place(&self) -> Option<&Place> {
        match &self.origin {
            Origin::File(place) => Some(place),
            Origin::Flag(_) | Origin::Variable(_) => None,
        }
    }
}
