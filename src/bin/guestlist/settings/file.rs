//! What a settings file says. Pure: the text comes from elsewhere.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use clap::CommandFactory;
use guestlist::model::escape;
use guestlist::roster::{Dialect, Field, near_miss};
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue, ValueDeserializer};

use super::keys::Settings;
use super::origin::{Origin, Place, Setting};
use super::trust::Distrust;
use super::value::KeyValue;
use crate::args::Args;

/// Words that only the key of a secret has in it.
const SECRET_WORDS: [&str; 6] = ["token", "secret", "password", "passwd", "apikey", "credential"];

/// The most mistakes that are told, and that are looked for.
const MOST_SHOWN: usize = 20;
const MOST_FOUND: usize = 200;
/// The longest name that an error shows, in characters.
const LONGEST_NAME: usize = 80;

/// What a settings file says.
#[derive(Debug, Default)]
pub(crate) struct SettingsFile {
    pub(super) settings: Settings,
    /// `[profile.NAME]`.
    pub(super) profiles: BTreeMap<String, Settings>,
    /// `[dialect.NAME]`: shapes of rosters that the user adds.
    pub(super) dialects: BTreeMap<String, Setting<Dialect>>,
}

/// Something in a file that can't be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    place: Place,
    /// What is wrong and what to do; safe to print.
    what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.place, self.place.column, self.what)
    }
}

/// Some of them, each on a line: a file that is something else would fill the screen.
pub(super) fn listed(mistakes: &[Mistake]) -> String {
    let mut lines: Vec<_> = mistakes.iter().take(MOST_SHOWN).map(ToString::to_string).collect();
    if mistakes.len() > MOST_SHOWN {
        lines.push("… and more".to_owned());
    }
    lines.join("\n  ")
}

/// Reads a file's text; all mistakes come at once. `distrust` is why it isn't followed everywhere.
pub(super) fn parse(
    path: &Path,
    text: &str,
    distrust: Option<Distrust>,
) -> Result<SettingsFile, Vec<Mistake>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let file = Arc::from(path.to_string_lossy());
    let mut reading = Reading { file, text, folder, distrust, mistakes: Vec::new() };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        // The error as a whole would show the line, and what is written there.
        let at = error.span().map_or(0, |span| span.start);
        reading.mistake(at, format!("this is not TOML: {}", escape(error.message())));
    }
    let mut read = SettingsFile::default();
    if errors.is_empty() {
        reading.file(table.get_ref(), &mut read);
    }
    reading.mistakes.sort_by_key(|mistake| (mistake.place.line, mistake.place.column));
    if reading.mistakes.is_empty() { Ok(read) } else { Err(reading.mistakes) }
}

struct Reading<'a> {
    file: Arc<str>,
    text: &'a str,
    folder: &'a Path,
    distrust: Option<Distrust>,
    mistakes: Vec<Mistake>,
}

impl Reading<'_> {
    fn place(&self, byte: usize) -> Place {
        Place::of(&self.file, self.text, byte)
    }

    fn mistake(&mut self, byte: usize, what: String) {
        let place = self.place(byte);
        self.mistakes.push(Mistake { place, what });
    }

    fn file(&mut self, table: &DeTable<'_>, read: &mut SettingsFile) {
        for (key, value) in table {
            match &**key.get_ref() {
                "profile" => {
                    for (name, profile) in self.tables("profile", value) {
                        let mut settings = Settings::default();
                        let within = format!("profile.{name}.");
                        for (key, value) in profile.get_ref().as_table().into_iter().flatten() {
                            self.setting(key, value, &within, &mut settings);
                        }
                        read.profiles.insert(name.to_owned(), settings);
                    }
                }
                "dialect" if !value.get_ref().is_str() => {
                    for (name, dialect) in self.tables("dialect", value) {
                        self.dialect(name, dialect, read);
                    }
                }
                _ => self.setting(key, value, "", &mut read.settings),
            }
        }
    }

    /// The tables within one: `[profile.NAME]`.
    fn tables<'v, 'i>(
        &mut self,
        key: &str,
        value: &'v Spanned<DeValue<'i>>,
    ) -> Vec<(&'v str, &'v Spanned<DeValue<'i>>)> {
        let mut tables = Vec::new();
        let expected = |reading: &mut Self, at| {
            reading.mistake(at, format!("{key}: write [{key}.NAME] on a line of its own"));
        };
        let Some(table) = value.get_ref().as_table() else {
            expected(self, value.span().start);
            return tables;
        };
        for (name, value) in table {
            if value.get_ref().is_table() {
                tables.push((&**name.get_ref(), value));
            } else {
                expected(self, name.span().start);
            }
        }
        tables
    }

    fn dialect(&mut self, name: &str, value: &Spanned<DeValue<'_>>, read: &mut SettingsFile) {
        let value_start = value.span().start;
        match Dialect::deserialize(ValueDeserializer::from(value.clone())) {
            Ok(value) => {
                let origin = Origin::File(self.place(value_start));
                read.dialects.insert(name.to_owned(), Setting { value, origin });
            }
            Err(error) => {
                let at = error.span().map_or(value_start, |span| span.start);
                self.mistake(at, escape(&format!("dialect.{name}: {}", error.message())));
            }
        }
    }

    fn setting(
        &mut self,
        key: &Spanned<DeString<'_>>,
        value: &Spanned<DeValue<'_>>,
        within: &str,
        into: &mut Settings,
    ) {
        let (name, at) = (&**key.get_ref(), key.span().start);
        if self.mistakes.len() >= MOST_FOUND {
            return;
        }
        let path = legible(&format!("{within}{name}"));
        if is_secret(name) {
            return self
                .mistake(at, format!("{path}: secrets don't belong in a settings file; {SECRETS_BELONG}"));
        }
        if let Some(distrust) = self.distrust.filter(|_| Settings::IN_TRUSTED_FILES.contains(&name)) {
            return self.mistake(at, format!("{path}: not taken from this file, since {distrust}"));
        }
        if name == "map" {
            return self.columns(value, &path, into);
        }
        match into.read(name, value.get_ref(), &self.place(at), self.folder) {
            Ok(true) => {}
            Ok(false) => self.mistake(at, unknown(name, &path)),
            Err(what) => self.mistake(value.span().start, format!("{path}: {}", escape(&what))),
        }
    }

    /// `map`: fields and their columns.
    fn columns(&mut self, value: &Spanned<DeValue<'_>>, path: &str, into: &mut Settings) {
        let Some(table) = value.get_ref().as_table() else {
            let what = format!("{path}: expected a table of columns, such as {{ id = \"Order no.\" }}");
            return self.mistake(value.span().start, what);
        };
        for (name, column) in table {
            let at = name.span().start;
            let path = format!("{path}.{}", legible(name.get_ref()));
            match (name.get_ref().parse::<Field>(), String::read(column.get_ref(), self.folder)) {
                (Err(_), _) => self.mistake(at, unknown_field(name.get_ref(), &path)),
                (_, Err(what)) => self.mistake(column.span().start, format!("{path}: {what}")),
                (Ok(field), _) if into.names_column_of(field) => {
                    self.mistake(at, format!("{path}: this field is named twice; keep one of the two"));
                }
                (Ok(field), Ok(value)) => {
                    into.map_column(field, Setting { value, origin: Origin::File(self.place(at)) });
                }
            }
        }
    }
}

const SECRETS_BELONG: &str = "set CLOUDFLARE_API_TOKEN, or name a file that only you can read with api-token-file, and make a new token if others \
     may have read this one";

/// A name that is safe to print, cut if it is no name at all.
fn legible(name: &str) -> String {
    let shown: String = name.chars().take(LONGEST_NAME).collect();
    escape(&shown) + if shown.len() < name.len() { "…" } else { "" }
}

/// Whether a key can only be that of a secret. Its value is neither used nor shown.
fn is_secret(key: &str) -> bool {
    let folded: String = key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    folded != "apitokenfile" && SECRET_WORDS.iter().any(|word| folded.contains(word))
}

fn unknown(name: &str, path: &str) -> String {
    if is_flag(name) {
        return format!("{path}: not for a settings file; give --{name} when you run it");
    }
    match near_miss(name, Settings::KEYS.iter().copied()) {
        Some(meant) => format!("{path}: no such setting; did you mean {meant}?"),
        None => format!("{path}: no such setting; guestlist config show lists them"),
    }
}

fn unknown_field(name: &str, path: &str) -> String {
    match near_miss(name, Field::ALL.map(Field::name)) {
        Some(meant) => format!("{path}: no such field; did you mean {meant}?"),
        None => format!("{path}: no such field; the fields are {}", Field::ALL.map(Field::name).join(", ")),
    }
}

/// Whether an import can be told so by a flag.
fn is_flag(name: &str) -> bool {
    let command = Args::command();
    let import = command.find_subcommand("import");
    let mut flags = import.into_iter().chain([&command]).flat_map(clap::Command::get_arguments);
    flags.any(|flag| flag.get_long() == Some(name))
}

#[cfg(test)]
mod tests;
