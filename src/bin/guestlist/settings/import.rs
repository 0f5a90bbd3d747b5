//! An import, a sync or a plan of one, as it was asked for.

use std::fs::File;
use std::path::PathBuf;

use guestlist::dispatch::DispatchSettings;
use guestlist::export::Format;
use guestlist::import::{ImportSettings, OnInvalid};
use guestlist::journal::{OnNetwork, SamePerson};
use guestlist::model::Target;
use guestlist::roster::{DefaultMeeting, ReadOptions, RejectedWriter, RosterSource};
use jiff::Timestamp;

use super::destination::{self, Destination, Route};
use super::{
    JournalPlace, Pace, RejectedRows, RosterName, SettingsError, Surroundings, Typed, View, dispatch,
    exported, on_network, reading,
};
use crate::args::{self, ImportArgs, ViewArgs};

/// An import.
pub(crate) struct Import {
    pub(crate) destination: Destination,
    pub(crate) journal: JournalPlace,
    pub(crate) on_network: OnNetwork,
    pub(crate) rosters: Vec<RosterName>,
    pub(crate) choices: Choices,
    pub(crate) rejected: Option<RejectedRows>,
    pub(crate) pace: Pace,
    pub(crate) export: Option<(PathBuf, Format)>,
    pub(crate) event_start: Option<Timestamp>,
    /// A dry run, and what is seen of it.
    pub(crate) dry_run: Option<View>,
    /// What a person should know about them.
    pub(crate) notes: Vec<String>,
}

/// How rows are read and sent, as the library is told it.
pub(crate) struct Choices {
    pub(crate) reading: ReadOptions,
    pub(crate) on_invalid: OnInvalid,
    pub(crate) limit: Option<u64>,
    pub(crate) accept_differing: bool,
    pub(crate) new_id_source: bool,
    pub(crate) same_person: SamePerson,
    pub(crate) dispatch: DispatchSettings,
}

impl Choices {
    pub(crate) fn import(
        self,
        target: Target,
        rosters: Vec<RosterSource>,
        rejected: Option<RejectedWriter<File>>,
    ) -> ImportSettings {
        let Self { reading, on_invalid, limit, accept_differing, new_id_source, same_person, dispatch } =
            self;
        ImportSettings {
            target,
            rosters,
            reading,
            on_invalid,
            limit,
            rejected,
            accept_differing,
            new_id_source,
            same_person,
            dispatch,
        }
    }
}

impl Import {
    pub(crate) fn new(args: &ImportArgs, surroundings: &Surroundings) -> Result<Self, SettingsError> {
        Self::with(args, surroundings, dry_run(args)?)
    }

    /// A sync.
    pub(crate) fn in_step(args: &ImportArgs, surroundings: &Surroundings) -> Result<Self, SettingsError> {
        refuse_differences(args)?;
        if args.dry_run {
            refuse_without_effect(&OF_A_DRY_RUN, args)?;
        }
        Self::new(args, surroundings)
    }

    /// A sync that is planned only.
    pub(crate) fn planned(args: &ImportArgs, surroundings: &Surroundings) -> Result<Self, SettingsError> {
        refuse_differences(args)?;
        refuse_without_effect(&OF_A_PLAN, args)?;
        Self::with(args, surroundings, Some(View::new(&args.view, &args.roster)?))
    }

    fn with(
        args: &ImportArgs,
        surroundings: &Surroundings,
        dry_run: Option<View>,
    ) -> Result<Self, SettingsError> {
        let ImportArgs { roster, pace, .. } = args;
        if args.export.is_some() && args.export == roster.rejected {
            return Err(SettingsError::SameFile);
        }
        let settings = surroundings.settings(Typed {
            api: Some(&args.api),
            journal: Some(&args.journal),
            roster: Some(roster),
            rows: Some(&args.rows),
            requests: Some(&pace.requests),
            settling: Some(&pace.settling),
            pace: Some(pace),
        });
        #[cfg(feature = "sandbox")]
        let settings = if args.sandbox.sandbox { settings.for_a_try() } else { settings };
        if roster.excel && args.export.is_none() && roster.rejected.is_none() {
            return Err(SettingsError::NothingForExcel);
        }
        // Before anything reads standard input.
        let rosters = reading::names(&args.rosters, &settings)?;
        let mut reading = reading::options(roster, &settings, surroundings, DefaultMeeting::Missing)?;
        let Route { destination, journal, mut notes } =
            destination::route(args, &settings, surroundings, &mut reading)?;
        notes.extend(surroundings.files.note());
        Ok(Self {
            destination,
            journal,
            on_network: on_network(&args.network),
            rosters,
            choices: Choices {
                reading,
                on_invalid: on_invalid(settings.on_invalid()),
                limit: args.limit.map(Into::into),
                accept_differing: pace.accept_differing,
                same_person: if args.allow_same_person { SamePerson::Add } else { SamePerson::Hold },
                new_id_source: args.new_id_source,
                dispatch: dispatch(&settings, pace.refresh_found),
            },
            rejected: reading::rejected(roster, &settings)?,
            pace: Pace::of(&settings),
            export: args.export.as_deref().map(|path| exported(path, roster.excel)),
            event_start: args.event.event_start,
            dry_run,
            notes,
        })
    }
}

/// An option that a plan can't follow, whether it was given, and which command can.
type Idle = (&'static str, fn(&ImportArgs) -> bool, &'static str);

const REJECTED: Idle = ("--rejected", |args| args.roster.rejected.is_some(), "guestlist check");
const PREVIEW: Idle = ("--preview", |args| args.view.preview.is_some(), "guestlist check");
/// A sync's own options may stay when --dry-run is added to it; what it would have shown instead may not be missed.
const OF_A_DRY_RUN: [Idle; 2] = [REJECTED, PREVIEW];
const OF_A_PLAN: [Idle; 5] = [
    REJECTED,
    PREVIEW,
    ("--export", |args| args.export.is_some(), "guestlist sync"),
    ("--event-start", |args| args.event.event_start.is_some(), "guestlist sync"),
    ("--excel", |args| args.roster.excel, "guestlist check"),
];

/// What would be accepted and forgotten.
fn refuse_without_effect(options: &[Idle], args: &ImportArgs) -> Result<(), SettingsError> {
    match options.iter().find(|(_, is_given, _)| is_given(args)) {
        Some((flag, _, instead)) => Err(SettingsError::WithoutEffect { flag, instead }),
        None => Ok(()),
    }
}

/// A sync is for doing away with them.
fn refuse_differences(args: &ImportArgs) -> Result<(), SettingsError> {
    if args.pace.accept_differing { Err(SettingsError::AcceptDifferingOfSync) } else { Ok(()) }
}

fn dry_run(args: &ImportArgs) -> Result<Option<View>, SettingsError> {
    match (args.dry_run, &args.view) {
        (true, view) => View::new(view, &args.roster).map(Some),
        (false, ViewArgs { preview: None, report: None }) => Ok(None),
        (false, _) => Err(SettingsError::ViewOfImport),
    }
}

fn on_invalid(typed: args::OnInvalid) -> OnInvalid {
    match typed {
        args::OnInvalid::Stop => OnInvalid::Stop,
        args::OnInvalid::Skip => OnInvalid::Skip,
    }
}
