//! The settings that hold, to be looked at: `config show`.

use guestlist::roster::DefaultMeeting;

use super::keys::{Settings, Shown, Typed};
use super::value::KeyValue;
use super::{Environment, JournalPlace, SettingsError, Surroundings, destination, journal_place, reading};
use crate::args::ConfigShowArgs;

/// The settings that hold, checked as far as they can be without a roster and the API.
pub(crate) fn effective(
    args: &ConfigShowArgs,
    surroundings: &Surroundings,
) -> Result<Settings, SettingsError> {
    let settings = surroundings.settings(Typed {
        api: Some(&args.api),
        journal: Some(&args.journal),
        roster: Some(&args.roster),
        rows: Some(&args.rows),
        requests: Some(&args.pace.requests),
        settling: Some(&args.pace.settling),
        pace: Some(&args.pace),
    });
    destination::verify(&settings)?;
    reading::without_key(&args.roster, &settings, &surroundings.files, DefaultMeeting::NotNeeded)?;
    Ok(settings)
}

/// All settings, to be looked at, with what follows from others and from the environment.
pub(crate) fn shown<'a>(settings: &'a Settings, environment: &Environment) -> Vec<Shown<'a>> {
    let mut shown = settings.shown();
    let journal = match journal_place(settings, environment) {
        Ok(JournalPlace::Usual(path)) => Some(toml::Value::String(path.to_string_lossy().into_owned())),
        _ => None,
    };
    let connecting = Some(KeyValue::shown(&settings.connecting()));
    for setting in shown.iter_mut().filter(|setting| setting.value.is_none()) {
        setting.value = match setting.key.as_str() {
            "journal" => journal.clone(),
            "connect-timeout" => connecting.clone(),
            _ => None,
        };
    }
    shown
}
