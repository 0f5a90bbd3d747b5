//! Which settings files there are, read.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use guestlist::model::escape;
use guestlist::roster::{Dialect, Dialects, near_miss};

use super::file::{SettingsFile, parse};
use super::keys::Settings;
use super::origin::Origin;
use super::trust::{Rights, distrust};
use super::{Environment, SettingsError};
use crate::args::SettingsArgs;

/// The project's file, in the current folder.
const PROJECT: &str = "guestlist.toml";
/// Far more than any settings need.
const MOST_BYTES: u64 = 64 << 10;

/// The settings files of a command.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(super) project: Option<SettingsFile>,
    pub(super) user: Option<SettingsFile>,
    /// Which profile was asked for.
    pub(super) profile: Option<String>,
    /// Where they are, read or not.
    pub(crate) places: Vec<FilePlace>,
}

/// Where a settings file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilePlace {
    pub(crate) kind: FileKind,
    pub(crate) path: PathBuf,
    /// Whether it is there and was read.
    pub(crate) read: bool,
}

/// Whose settings a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Project,
    User,
}

/// Whether a file has to be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Needed,
    Optional,
}

impl Files {
    /// Reads what was named, or what is where such files usually are.
    pub(super) fn read(args: &SettingsArgs, environment: &Environment) -> Result<Self, SettingsError> {
        if args.no_config {
            return Ok(Self::default());
        }
        let named = args.config.clone().or_else(|| environment.config.clone());
        let (project, presence) = match named {
            Some(path) => (path, Presence::Needed),
            None => (PathBuf::from(PROJECT), Presence::Optional),
        };
        let user =
            environment.config_folder.as_ref().map(|folder| folder.join("guestlist").join("config.toml"));
        let mut files = Self {
            project: read(&project, presence)?,
            user: user.as_deref().map_or(Ok(None), |path| read(path, Presence::Optional))?,
            profile: args.profile.clone().or_else(|| environment.profile.clone()),
            places: Vec::new(),
        };
        let place = |kind, path, file: &Option<SettingsFile>| FilePlace { kind, path, read: file.is_some() };
        files.places.push(place(FileKind::Project, project, &files.project));
        files.places.extend(user.map(|path| place(FileKind::User, path, &files.user)));
        match &files.profile {
            Some(profile) if !files.profiles().any(|name| name == profile) => {
                Err(files.no_such_profile(profile))
            }
            _ => Ok(files),
        }
    }

    /// The layers, the highest first: a profile was asked for, and comes before what holds for all of them.
    pub(super) fn layers(&self) -> impl Iterator<Item = Settings> {
        let files = || [&self.project, &self.user].into_iter().flatten();
        let profile =
            |file: &SettingsFile| self.profile.as_ref().and_then(|name| file.profiles.get(name)).cloned();
        files()
            .filter_map(profile)
            .chain(files().map(|file| file.settings.clone()))
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// The dialects that we ship, and those that the files add to them.
    pub(super) fn known_dialects(&self) -> Result<Arc<Dialects>, SettingsError> {
        let mut known = Dialects::built_in();
        for (name, added) in [&self.user, &self.project].into_iter().flatten().flat_map(|file| &file.dialects)
        {
            let with = |dialect: &Dialect| known.with(BTreeMap::from([(name.clone(), dialect.clone())]));
            known = Arc::new(added.meant(with)?);
        }
        Ok(known)
    }

    /// The dialects that the files add, and where: the project's win over the user's.
    pub(crate) fn dialects(&self) -> BTreeMap<&str, Origin> {
        let files = [&self.user, &self.project].into_iter().flatten();
        files
            .flat_map(|file| &file.dialects)
            .map(|(name, dialect)| (name.as_str(), dialect.origin.clone()))
            .collect()
    }

    /// Which files are followed, if any: a forgotten one explains a lot.
    pub(super) fn note(&self) -> Option<String> {
        let read = self.places.iter().filter(|place| place.read);
        let names: Vec<_> = read.map(|place| escape(&place.path.to_string_lossy())).collect();
        let profile =
            self.profile.as_ref().map_or_else(String::new, |name| format!(", profile {}", escape(name)));
        (!names.is_empty()).then(|| format!("settings: {}{profile}", names.join(", ")))
    }

    fn profiles(&self) -> impl Iterator<Item = &str> {
        [&self.project, &self.user]
            .into_iter()
            .flatten()
            .flat_map(|file| file.profiles.keys())
            .map(String::as_str)
    }

    fn no_such_profile(&self, wanted: &str) -> SettingsError {
        let mut profiles: Vec<_> = self.profiles().map(str::to_owned).collect();
        profiles.sort();
        profiles.dedup();
        SettingsError::NoProfile {
            wanted: wanted.to_owned(),
            did_you_mean: near_miss(wanted, self.profiles()).map(str::to_owned),
            profiles,
        }
    }
}

fn read(path: &Path, presence: Presence) -> Result<Option<SettingsFile>, SettingsError> {
    let failed = |source| SettingsError::File { path: path.to_owned(), source };
    let link = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && presence == Presence::Optional => {
            return Ok(None);
        }
        link => link.map_err(failed)?,
    };
    // Before it is opened: a pipe would be waited for.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(SettingsError::NoFile(path.to_owned()));
    }
    let file = File::open(path).map_err(failed)?;
    let rights = Rights::from(&file.metadata().map_err(failed)?);
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(SettingsError::FileTooLarge(path.to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        SettingsError::FileNotUtf8 { path: path.to_owned(), line }
    })?;
    let distrust = distrust(Rights::from(&link), rights, rustix::process::geteuid().as_raw());
    parse(path, &text, distrust).map(Some).map_err(SettingsError::Mistakes)
}
