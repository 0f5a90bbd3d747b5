//! How a value is written in a settings file, and shown.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use guestlist::pacer::Rate;
use guestlist::roster::{EncodingLabel, PresetMap};
use jiff::SignedDuration;
use toml::Value;
use toml::de::DeValue;

use crate::args::{Delimiter, OnDuplicate, OnInvalid, RosterFormat, Uncertain};

/// How a value is written in a settings file, and shown.
pub(super) trait KeyValue: Sized {
    /// What a file says; `folder` is where the file lies. An error says what is expected and never the value, which may
    /// be a secret that was put in the wrong place.
    fn read(written: &DeValue<'_>, folder: &Path) -> Result<Self, String>;

    /// As a file would say it.
    fn shown(&self) -> Value;
}

/// What a variable may hold.
pub(super) trait OfVariable {
    fn of_variable(text: OsString) -> Self;
}

impl OfVariable for String {
    /// A character that can't be read is none that a URL or an id may have: it is refused later.
    fn of_variable(text: OsString) -> Self {
        text.to_string_lossy().into_owned()
    }
}

impl OfVariable for PathBuf {
    fn of_variable(text: OsString) -> Self {
        text.into()
    }
}

fn text<'a>(written: &'a DeValue<'_>, expected: &str) -> Result<&'a str, String> {
    written.as_str().filter(|text| !text.trim().is_empty()).ok_or_else(|| format!("expected {expected}"))
}

fn parsed<T: FromStr>(written: &DeValue<'_>, expected: &str) -> Result<T, String> {
    text(written, expected)?.parse().map_err(|_| format!("expected {expected}"))
}

impl KeyValue for String {
    fn read(written: &DeValue<'_>, _folder: &Path) -> Result<Self, String> {
        text(written, "a text in quotes, such as \"one\"").map(str::to_owned)
    }

    fn shown(&self) -> Value {
        Value::String(self.clone())
    }
}

impl KeyValue for PathBuf {
    fn read(written: &DeValue<'_>, folder: &Path) -> Result<Self, String> {
        let path = text(written, "the path of a file, in quotes")?;
        match path {
            "-" => {
                Err("expected the path of a file: standard input can only be named when you run it"
                    .to_owned())
            }
            path if path.starts_with('~') => {
                Err("expected a path from / or from this file's folder: ~ is not understood here".to_owned())
            }
            path => Ok(folder.join(path)),
        }
    }

    fn shown(&self) -> Value {
        Value::String(self.to_string_lossy().into_owned())
    }
}

impl KeyValue for Duration {
    fn read(written: &DeValue<'_>, _folder: &Path) -> Result<Self, String> {
        let expected = "a time in quotes, such as \"40ms\", \"60s\", \"15m\" or \"1h30m\"";
        let duration: SignedDuration = parsed(written, expected)?;
        duration.try_into().map_err(|_| format!("expected {expected}"))
    }

    /// A whole number of the largest unit that leaves nothing over; `60s` rather than `1m`.
    fn shown(&self) -> Value {
        let milliseconds = self.as_millis();
        let units = [(3_600_000, "h"), (60_000, "m"), (1_000, "s")];
        let whole = |(unit, _): &(u128, &str)| {
            milliseconds.is_multiple_of(*unit) && (milliseconds > *unit || *unit == 1_000)
        };
        let (unit, name) = units.into_iter().find(whole).unwrap_or((1, "ms"));
        Value::String(format!("{}{name}", milliseconds / unit))
    }
}

impl KeyValue for u16 {
    /// The only number among the keys is that of the requests on their way.
    fn read(written: &DeValue<'_>, _folder: &Path) -> Result<Self, String> {
        let number = written
            .as_integer()
            .and_then(|number| Self::from_str_radix(number.as_str(), number.radix()).ok());
        number
            .filter(|number| (1..=1024).contains(number))
            .ok_or_else(|| "expected a number from 1 to 1024".to_owned())
    }

    fn shown(&self) -> Value {
        Value::Integer((*self).into())
    }
}

impl KeyValue for Vec<String> {
    fn read(written: &DeValue<'_>, folder: &Path) -> Result<Self, String> {
        let expected = || "expected a list of texts, such as [\"First Name\", \"Email\"]".to_owned();
        let items = written.as_array().filter(|items| !items.is_empty()).ok_or_else(expected)?;
        items.iter().map(|item| String::read(item.get_ref(), folder).map_err(|_| expected())).collect()
    }

    fn shown(&self) -> Value {
        Value::Array(self.iter().cloned().map(Value::String).collect())
    }
}

impl KeyValue for PresetMap {
    fn read(written: &DeValue<'_>, folder: &Path) -> Result<Self, String> {
        let expected = || {
            "expected a table of presets, such as { VIP = \"webinar_presenter\", \"*\" = \"webinar_viewer\" }"
                .to_owned()
        };
        let pair = |ticket: &str, preset| {
            Ok((ticket.to_owned(), String::read(preset, folder).map_err(|_| expected())?))
        };
        let table = written.as_table().ok_or_else(expected)?;
        let pairs: Result<Vec<_>, String> =
            table.iter().map(|(ticket, preset)| pair(ticket.get_ref(), preset.get_ref())).collect();
        Self::new(pairs?).map_err(|error| error.to_string())
    }

    fn shown(&self) -> Value {
        let pair = |(ticket, preset): (&str, &str)| (ticket.to_owned(), Value::String(preset.to_owned()));
        Value::Table(self.entries().map(pair).collect())
    }
}

/// A notation that is written as it is typed.
macro_rules! notations {
    ($($type:ty: $expected:literal;)*) => {$(
        impl KeyValue for $type {
            fn read(written: &DeValue<'_>, _folder: &Path) -> Result<Self, String> {
                parsed(written, $expected)
            }

            fn shown(&self) -> Value {
                Value::String(self.to_string())
            }
        }
    )*};
}

notations! {
    Rate: "a rate in quotes: \"auto\", \"unlimited\", or such as \"4/s\" or \"1200/5m\"";
    EncodingLabel: "the name of an encoding, such as \"windows-1252\"";
    Delimiter: "one character in quotes, such as \";\", or \"tab\"";
}

/// One of a few words.
macro_rules! choices {
    ($($type:ty),*) => {$(
        impl KeyValue for $type {
            fn read(written: &DeValue<'_>, _folder: &Path) -> Result<Self, String> {
                choice(written)
            }

            fn shown(&self) -> Value {
                Value::String(word(self))
            }
        }
    )*};
}

choices!(OnDuplicate, OnInvalid, RosterFormat, Uncertain);

fn choice<T: ValueEnum>(written: &DeValue<'_>) -> Result<T, String> {
    let chosen = written.as_str().and_then(|text| T::from_str(text, false).ok());
    chosen.ok_or_else(|| {
        let words: Vec<_> = T::value_variants().iter().map(|one| format!("\"{}\"", word(one))).collect();
        format!("expected {}", words.join(" or "))
    })
}

fn word(value: &impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// A value on one line of TOML, with nothing in it that a terminal would obey.
pub(crate) fn to_toml(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(to_toml).collect::<Vec<_>>().join(", ")),
        Value::Table(table) => {
            let pairs: Vec<_> =
                table.iter().map(|(key, value)| format!("{} = {}", quoted(key), to_toml(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(yes) => yes.to_string(),
        Value::Datetime(at) => at.to_string(),
    }
}

/// A basic string (TOML 1.0).
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if guestlist::model::escape(c.encode_utf8(&mut [0; 4])) != c.to_string() => {
                quoted += &format!("\\U{:08X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
