//! The rosters that were named, opened.

use std::io;
use std::path::PathBuf;

use guestlist::roster::{Caps, RosterError, RosterSource};

use crate::settings::RosterName;

/// Opens them all: a missing file is found before anything else is done.
pub(crate) fn open(names: &[RosterName], caps: Caps) -> Result<Vec<RosterSource>, RosterError> {
    let open = |name: &RosterName| match name {
        RosterName::File(path) => RosterSource::open(path, caps),
        RosterName::StandardInput => RosterSource::spool("-", io::stdin().lock(), caps),
    };
    names.iter().map(open).collect()
}

/// The files among them.
pub(crate) fn files(names: &[RosterName]) -> impl Iterator<Item = PathBuf> {
    names.iter().filter_map(|name| match name {
        RosterName::File(path) => Some(path.clone()),
        RosterName::StandardInput => None,
    })
}

/// As the journal notes them down and as the next command names them.
pub(crate) fn listed(names: &[RosterName]) -> String {
    let name = |name: &RosterName| match name {
        RosterName::File(path) => path.to_string_lossy().into_owned(),
        RosterName::StandardInput => "-".to_owned(),
    };
    names.iter().map(name).collect::<Vec<_>>().join(" ")
}
