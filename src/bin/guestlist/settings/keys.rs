//! The settings that a file may hold, one line each. From these lines follow the layers (what was typed, the
//! environment, the files), how they lie over each other, and what `guestlist config show` shows.
//!
//! A key is spelt as its flag. What is for one run only (`--dry-run`, `--limit`, `--export` …), and what somebody has to
//! insist on (`--allow-pii-ids`, `--new-id-source` …), is no key: it has to be typed. A `default` is what the accessor
//! gives where nothing is set; `usually` is only shown, since whoever asks has to know that nothing is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use guestlist::api::ApiUrl;
use guestlist::pacer::Rate;
use guestlist::roster::{EncodingLabel, Field, PresetMap};
use toml::Value;
use toml::de::DeValue;

use super::Environment;
use super::origin::{Origin, Place, Setting};
use super::value::KeyValue;
use crate::args::{
    ApiArgs, Delimiter, JournalArgs, OnDuplicate, OnInvalid, OnInvalidArgs, PaceArgs, RequestArgs,
    RosterArgs, RosterFormat, SettlingArgs, Uncertain,
};

/// What was typed, as far as the command takes it.
#[derive(Default, Clone, Copy)]
pub(crate) struct Typed<'a> {
    pub(crate) api: Option<&'a ApiArgs>,
    pub(crate) journal: Option<&'a JournalArgs>,
    pub(crate) roster: Option<&'a RosterArgs>,
    pub(crate) rows: Option<&'a OnInvalidArgs>,
    pub(crate) requests: Option<&'a RequestArgs>,
    pub(crate) settling: Option<&'a SettlingArgs>,
    pub(crate) pace: Option<&'a PaceArgs>,
}

/// A setting, for who wants to look at it.
pub(crate) struct Shown<'a> {
    pub(crate) key: String,
    /// `None` is not set, and has no default.
    pub(crate) value: Option<Value>,
    /// `None` is the default.
    pub(crate) origin: Option<&'a Origin>,
}

macro_rules! keys {
    ($(
        $name:literal $field:ident: $type:ty, typed $group:ident.$flag:ident
        $(, variable $variable:literal)? $(, default $default:expr)? $(, usually $usual:expr)? $(, in $trust:ident files)?;
    )*) => {
        /// The settings of one layer, or of several that lie over each other.
        #[derive(Debug, Clone, Default)]
        pub(crate) struct Settings {
            $($field: Option<Setting<$type>>,)*
            /// Columns named by hand, each a setting of its own.
            map: Vec<(Field, Setting<String>)>,
        }

        impl Settings {
            /// The keys of a file.
            pub(super) const KEYS: &[&str] = &[$($name,)* "map"];
            /// Those that say where the API token and people's data go, or whom to trust with them.
            pub(super) const IN_TRUSTED_FILES: &[&str] = &[$($(keys!(@$trust $name),)?)*];
            /// What is read of the environment.
            pub(super) const VARIABLES: &[&str] = &[$($($variable,)?)*];

            $(keys!(@accessor $field $type $(, $default)?);)*

            /// What was typed.
            pub(super) fn typed(typed: Typed<'_>) -> Self {
                let columns = typed.roster.map_or(&[][..], |roster| &roster.mapping);
                Self {
                    $($field: typed.$group.and_then(|group| group.$flag.clone()).map(|value| {
                        Setting { value, origin: Origin::Flag(concat!("--", $name)) }
                    }),)*
                    map: columns.iter().map(|(field, column)| {
                        (*field, Setting { value: column.clone(), origin: Origin::Flag("--map") })
                    }).collect(),
                }
            }

            /// What the environment says.
            pub(super) fn of_environment(environment: &Environment) -> Self {
                Self { $($($field: environment.setting($variable),)?)* ..Self::default() }
            }

            /// Takes a key of a file that lies in `folder`; `false` if there is none of that name.
            pub(super) fn read(
                &mut self,
                key: &str,
                written: &DeValue<'_>,
                place: &Place,
                folder: &Path,
            ) -> Result<bool, String> {
                let origin = Origin::File(place.clone());
                match key {
                    $($name => {
                        self.$field = Some(Setting { value: KeyValue::read(written, folder)?, origin });
                    })*
                    _ => return Ok(false),
                }
                Ok(true)
            }

            /// These, and the ones of `lower` where nothing is set here.
            pub(super) fn over(self, lower: Self) -> Self {
                let mut lower = lower.without_rivals_of(&self);
                lower.map.retain(|(field, _)| !self.names_column_of(*field));
                Self {
                    $($field: self.$field.or(lower.$field),)*
                    map: self.map.into_iter().chain(lower.map).collect(),
                }
            }

            /// All of them, in the order of the table; the columns last.
            pub(crate) fn shown(&self) -> Vec<Shown<'_>> {
                let mut shown = vec![$(Shown {
                    key: $name.to_owned(),
                    value: self.$field.as_ref().map(|setting| setting.value.shown())
                        $(.or_else(|| Some(<$type as KeyValue>::shown(&$default))))?
                        $(.or_else(|| Some(<$type as KeyValue>::shown(&$usual))))?,
                    origin: self.$field.as_ref().map(|setting| &setting.origin),
                },)*];
                shown.extend(self.map.iter().map(|(field, column)| Shown {
                    key: format!("map.{field}"),
                    value: Some(column.value.shown()),
                    origin: Some(&column.origin),
                }));
                shown
            }
        }
    };
    (@accessor $field:ident $type:ty) => {
        pub(crate) fn $field(&self) -> Option<&Setting<$type>> {
            self.$field.as_ref()
        }
    };
    (@accessor $field:ident $type:ty, $default:expr) => {
        pub(crate) fn $field(&self) -> $type {
            self.$field.as_ref().map_or_else(|| $default, |setting| setting.value.clone())
        }
    };
    (@trusted $name:literal) => { $name };
}

keys! {
    "account-id" account_id: String, typed api.account_id, variable "CLOUDFLARE_ACCOUNT_ID", in trusted files;
    "app-id" app_id: String, typed api.app_id, variable "REALTIMEKIT_APP_ID", in trusted files;
    "meeting" meeting: String, typed roster.meeting, variable "REALTIMEKIT_MEETING_ID";
    "api-url" api_url: String, typed api.api_url, variable "CLOUDFLARE_BASE_URL", usually ApiUrl::CLOUDFLARE.to_owned(), in trusted files;
    "api-token-file" api_token_file: PathBuf, typed api.api_token_file, in trusted files;
    "ca-file" ca_file: PathBuf, typed api.ca_file, in trusted files;
    "timeout" timeout: Duration, typed api.timeout, default Duration::from_secs(60);
    "connect-timeout" connect_timeout: Duration, typed api.connect_timeout;
    "journal" journal: PathBuf, typed journal.journal, variable "GUESTLIST_JOURNAL", in trusted files;
    "preset" preset: String, typed roster.preset;
    "preset-map" preset_map: PresetMap, typed roster.preset_map;
    "default-name" default_name: String, typed roster.default_name, default "Guest".to_owned();
    "id-from" id_from: Vec<String>, typed roster.id_from;
    "id-key-file" id_key_file: PathBuf, typed roster.id_key_file, in trusted files;
    "on-duplicate" on_duplicate: OnDuplicate, typed roster.on_duplicate, default OnDuplicate::Stop;
    "format" format: RosterFormat, typed roster.format;
    "encoding" encoding: EncodingLabel, typed roster.encoding;
    "delimiter" delimiter: Delimiter, typed roster.delimiter;
    "sheet" sheet: String, typed roster.sheet;
    "dialect" dialect: String, typed roster.dialect;
    "status" status: Vec<String>, typed roster.status;
    "on-invalid" on_invalid: OnInvalid, typed rows.on_invalid, default OnInvalid::Stop;
    "rate" rate: Rate, typed requests.rate, default Rate::Auto;
    "concurrency" concurrency: u16, typed requests.concurrency, default 16;
    "max-outage" max_outage: Duration, typed requests.max_outage, default Duration::from_secs(15 * 60);
    "settle" settle: Duration, typed settling.settle, default Duration::from_secs(150);
    "uncertain" uncertain: Uncertain, typed pace.uncertain, default Uncertain::Resend;
}

/// Far more than a connection needs that comes about at all.
const CONNECTING: Duration = Duration::from_secs(10);

impl Settings {
    /// How long connecting may take. It is a part of the request: of a short one, half.
    pub(crate) fn connecting(&self) -> Duration {
        self.connect_timeout().map_or_else(|| CONNECTING.min(self.timeout() / 2), |set| set.value)
    }

    /// The columns that were named by hand.
    pub(super) fn mapping(&self) -> Vec<(Field, String)> {
        self.map.iter().map(|(field, column)| (*field, column.value.clone())).collect()
    }

    pub(super) fn map_column(&mut self, field: Field, column: Setting<String>) {
        self.map.push((field, column));
    }

    pub(super) fn names_column_of(&self, field: Field) -> bool {
        self.map.iter().any(|(named, _)| *named == field)
    }

    /// Ids come from a column or are derived, presets from a column or follow from the ticket type: what a higher layer
    /// says of it replaces the other way, too. Both in one layer contradict each other, and are refused later.
    fn without_rivals_of(mut self, higher: &Self) -> Self {
        if higher.names_column_of(Field::Id) {
            self.id_from = None;
        }
        if higher.names_column_of(Field::Preset) {
            self.preset_map = None;
        }
        let derived = higher.id_from.is_some();
        let follows = higher.preset_map.is_some();
        self.map.retain(|(field, _)| match field {
            Field::Id => !derived,
            Field::Preset => !follows,
            _ => true,
        });
        self
    }

    /// Without what files say of where people go: a try in the sandbox is none of the real thing, and its journal is a
    /// new one unless another was typed.
    #[cfg(feature = "sandbox")]
    pub(super) fn for_a_try(mut self) -> Self {
        self.meeting = self.meeting.filter(|meeting| meeting.place().is_none());
        self.journal = self.journal.filter(Setting::is_typed);
        self
    }
}
