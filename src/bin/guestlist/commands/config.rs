//! `guestlist config`: which settings hold here, and where they come from.

use super::Shell;
use crate::args::{ConfigCommand, ConfigShowArgs};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::settings;
use crate::ui::{Line, text};

pub(super) fn run(command: &ConfigCommand, shell: &Shell) -> Result<Exit, CommandError> {
    match command {
        ConfigCommand::Show(args) => show(args, shell),
        ConfigCommand::Path => path(shell),
    }
}

fn show(args: &ConfigShowArgs, shell: &Shell) -> Result<Exit, CommandError> {
    let surroundings = shell.surroundings()?;
    let settings = settings::effective(args, &surroundings)?;
    let token = settings::token_source(&settings, &surroundings.environment);
    let shown = settings::shown(&settings, &surroundings.environment);
    shell.ui.text(|| text::settings(&shown, args.origin, token.as_ref(), &surroundings.files));
    shown.iter().for_each(|setting| shell.ui.line(&Line::setting(setting)));
    shell.ui.line(&Line::api_token(token.as_ref()));
    Ok(Exit::Done)
}

fn path(shell: &Shell) -> Result<Exit, CommandError> {
    let surroundings = shell.surroundings()?;
    let places = &surroundings.files.places;
    shell.ui.text(|| text::settings_files(places));
    places.iter().for_each(|place| shell.ui.line(&Line::settings_file(place)));
    Ok(Exit::Done)
}
