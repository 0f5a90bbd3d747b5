//! The meetings that a journal knows: which of them, and how to speak to the API about them.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use guestlist::dispatch::DispatchSettings;
use guestlist::journal::OnNetwork;
use guestlist::model::{MeetingId, Target};

use super::{
    Destination, JournalPlace, Pace, SettingsError, Surroundings, Typed, destination, dispatch,
    journal_place, on_network, workers,
};
use crate::args::{MeetingsArgs, RequestArgs, SettlingArgs};

/// What a command works with that needs no roster.
pub(crate) struct Meetings {
    pub(crate) destination: Destination,
    pub(crate) journal: PathBuf,
    /// Whether the user named the journal, and so has to name it again.
    pub(crate) named: bool,
    pub(crate) on_network: OnNetwork,
    /// The account and app.
    pub(crate) target: Target,
    pub(crate) meeting: Option<MeetingId>,
    pub(crate) dispatch: DispatchSettings,
    pub(crate) pace: Pace,
    /// What a person should know about them.
    pub(crate) notes: Vec<String>,
}

impl Meetings {
    pub(crate) fn new(
        args: &MeetingsArgs,
        requests: &RequestArgs,
        settling: Option<&SettlingArgs>,
        surroundings: &Surroundings,
    ) -> Result<Self, SettingsError> {
        let settings = surroundings.settings(Typed {
            api: Some(&args.api),
            journal: Some(&args.journal),
            requests: Some(requests),
            settling,
            ..Typed::default()
        });
        let environment = &surroundings.environment;
        let concurrency: NonZeroUsize = workers(&settings);
        let http = destination::account(&settings, environment, concurrency)?;
        let mut notes = destination::notes(&http, &settings, environment);
        notes.extend(surroundings.files.note());
        let (journal, named) = match journal_place(&settings, environment)? {
            JournalPlace::Named(path) => (path, true),
            JournalPlace::Usual(path) => (path, false),
            JournalPlace::Temporary => return Err(SettingsError::NoStateFolder),
        };
        Ok(Self {
            target: http.target.clone(),
            destination: Destination::Account(Box::new(http)),
            journal,
            named,
            on_network: on_network(&args.network),
            meeting: args.meeting.as_deref().map(str::parse).transpose()?,
            dispatch: dispatch(&settings, false),
            pace: Pace::of(&settings),
            notes,
        })
    }
}
