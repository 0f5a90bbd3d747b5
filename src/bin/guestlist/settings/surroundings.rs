//! What a command finds besides what was typed: the environment and the settings files.

use super::files::Files;
use super::keys::{Settings, Typed};
use super::{Environment, SettingsError};
use crate::args::SettingsArgs;

/// What a command finds besides what was typed.
#[derive(Default)]
pub(crate) struct Surroundings {
    pub(crate) environment: Environment,
    pub(crate) files: Files,
}

impl Surroundings {
    pub(crate) fn read(args: &SettingsArgs, environment: Environment) -> Result<Self, SettingsError> {
        let files = Files::read(args, &environment)?;
        Ok(Self { environment, files })
    }

    /// Flags, environment, profile, project file, user's file, each over the next; below them the defaults.
    pub(crate) fn settings(&self, typed: Typed<'_>) -> Settings {
        let above = Settings::typed(typed).over(Settings::of_environment(&self.environment));
        self.files.layers().fold(above, Settings::over)
    }
}
