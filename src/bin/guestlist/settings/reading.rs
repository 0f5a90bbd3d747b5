//! How a roster is read, and which ones.

use std::path::{Path, PathBuf};

use guestlist::roster::{
    Coming, DefaultMeeting, DialectChoice, FormatName, Header, IdSource, OnDuplicate, PersonalIds,
    ReadOptions, Records, RejectedStyle,
};

use super::origin::Setting;
use super::{Files, Settings, SettingsError, Surroundings, id_key};
use crate::args::{self, RosterArgs, RosterFormat, RosterNames};

/// A roster as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RosterName {
    /// A file.
    File(PathBuf),
    /// `-`.
    StandardInput,
}

/// `otherwise` is the meeting of rows that name none if there is none for them.
pub(super) fn options(
    args: &RosterArgs,
    settings: &Settings,
    surroundings: &Surroundings,
    otherwise: DefaultMeeting,
) -> Result<ReadOptions, SettingsError> {
    let key = settings.id_key_file();
    if key.is_some_and(Setting::is_typed) && settings.id_from().is_none() {
        return Err(SettingsError::KeyForNothing);
    }
    let id_key = key.map(|file| id_key::read(&file.value, &surroundings.environment)).transpose()?;
    Ok(ReadOptions { id_key, ..without_key(args, settings, &surroundings.files, otherwise)? })
}

/// The same, but for the key of the ids: who only looks at settings needs no secrets.
pub(super) fn without_key(
    args: &RosterArgs,
    settings: &Settings,
    files: &Files,
    otherwise: DefaultMeeting,
) -> Result<ReadOptions, SettingsError> {
    let meeting = settings.meeting().filter(|meeting| !meeting.value.is_empty());
    let meeting = meeting.map(|meeting| meeting.meant(|meeting| meeting.parse())).transpose()?;
    let id_source = settings.id_from().map_or(IdSource::Column, |from| IdSource::Derived(from.value.clone()));
    Ok(ReadOptions {
        mapping: settings.mapping(),
        format: settings.format().map(|format| format_name(format.value)),
        encoding: settings.encoding().map(|encoding| encoding.value),
        delimiter: settings.delimiter().map(|delimiter| delimiter.value.0),
        sheet: settings.sheet().map(|sheet| sheet.value.clone()),
        header: header(args),
        last_line: args.last_line,
        dialect: dialect(settings.dialect().map(|dialect| dialect.value.as_str())),
        dialects: files.known_dialects()?,
        coming: settings.status().map_or(Coming::Usual, |status| coming(&status.value)),
        default_meeting: meeting.map_or(otherwise, DefaultMeeting::Given),
        default_preset: settings.preset().map(|preset| preset.value.clone()),
        preset_map: settings.preset_map().map(|map| map.value.clone()),
        default_name: settings.default_name(),
        id_source,
        on_duplicate: match settings.on_duplicate() {
            args::OnDuplicate::Stop => OnDuplicate::Stop,
            args::OnDuplicate::First => OnDuplicate::First,
            args::OnDuplicate::Last => OnDuplicate::Last,
        },
        personal_ids: if args.allow_pii_ids { PersonalIds::Allow } else { PersonalIds::Refuse },
        records: if args.rejected.is_some() { Records::Keep } else { Records::Forget },
        ..ReadOptions::default()
    })
}

/// Where invalid rows go, and how they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RejectedRows {
    pub(crate) path: PathBuf,
    pub(crate) style: RejectedStyle,
}

/// The same command has to read them again once they are mended.
pub(super) fn rejected(
    args: &RosterArgs,
    settings: &Settings,
) -> Result<Option<RejectedRows>, SettingsError> {
    let Some(path) = args.rejected.clone() else { return Ok(None) };
    match (args.excel, settings.delimiter().map(|delimiter| delimiter.value.0)) {
        (false, _) => Ok(Some(RejectedRows { path, style: RejectedStyle::AsRead })),
        (true, None | Some(b';')) => Ok(Some(RejectedRows { path, style: RejectedStyle::Excel })),
        (true, Some(_)) => Err(SettingsError::ExcelDelimiter),
    }
}

fn format_name(format: RosterFormat) -> FormatName {
    match format {
        RosterFormat::Csv => FormatName::Csv,
        RosterFormat::Tsv => FormatName::Tsv,
        RosterFormat::Jsonl => FormatName::Jsonl,
        RosterFormat::Json => FormatName::Json,
        RosterFormat::Xlsx => FormatName::Xlsx,
        RosterFormat::Xls => FormatName::Xls,
        RosterFormat::Ods => FormatName::Ods,
    }
}

fn header(args: &RosterArgs) -> Header {
    match args.header_line {
        Some(line) => Header::Line(line),
        None if args.no_header => Header::Names(args.columns.clone()),
        None => Header::Find,
    }
}

fn dialect(said: Option<&str>) -> DialectChoice {
    match said {
        None => DialectChoice::Recognise,
        Some(name) if name.eq_ignore_ascii_case("none") => DialectChoice::None,
        Some(name) => DialectChoice::Named(name.to_ascii_lowercase()),
    }
}

fn coming(said: &[String]) -> Coming {
    match said {
        [any] if any.eq_ignore_ascii_case("any") => Coming::Everybody,
        values => Coming::With(values.to_vec()),
    }
}

/// The rosters; standard input holds one thing only.
pub(super) fn names(args: &RosterNames, settings: &Settings) -> Result<Vec<RosterName>, SettingsError> {
    let is_standard_input = |path: &Path| path.as_os_str() == "-";
    let token = settings.api_token_file().map(|file| file.value.as_path());
    let readers = args.rosters.iter().map(PathBuf::as_path).chain(token);
    if readers.filter(|path| is_standard_input(path)).count() > 1 {
        return Err(SettingsError::StandardInputTwice);
    }
    let name = |path: &PathBuf| match is_standard_input(path) {
        true => RosterName::StandardInput,
        false => RosterName::File(path.clone()),
    };
    Ok(args.rosters.iter().map(name).collect())
}
