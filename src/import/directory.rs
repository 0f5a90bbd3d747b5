//! What only the API knows of a roster: the app's presets, asked once, and each meeting, asked when it first appears.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::api::{MeetingStatus, PageRequest, ParticipantApi};
use crate::dispatch::{Called, KeptGate, Line, RunClock, call};
use crate::event::{Observer, StopReason};
use crate::journal::GateKeeper;
use crate::model::{MeetingId, escape};
use crate::outcome::{Failure, Trouble};
use crate::pacer::Pacer;
use crate::roster::{Directory, DirectoryUnavailable, MeetingStanding, PresetStanding, near_miss};

/// No app has so many pages of presets; a server that goes on for ever is cut off.
const MOST_PAGES: u64 = 100;

/// The app's presets and meetings, asked of the API.
pub struct ApiDirectory<A> {
    api: Arc<A>,
    pacer: Pacer,
    cancel: CancellationToken,
    observer: Arc<dyn Observer>,
    runtime: Handle,
    gate: Option<(GateKeeper, RunClock)>,
    presets: BTreeSet<String>,
    /// Whether `presets` are all: otherwise a name that isn't among them may exist.
    all_presets: bool,
    meetings: HashMap<MeetingId, MeetingStanding>,
}

/// The API could not say what there is.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LookUpError {
    /// It refused: the app or the account isn't there.
    #[error(
        "the API refused to list the presets of this app (HTTP {}{}): check --account-id and --app-id",
        .0.status,
        message(.0)
    )]
    Refused(Failure),
    /// It didn't answer as it should.
    #[error("the API could not be asked about presets and meetings; run the same command again later")]
    Failed(Trouble),
    /// No further request may be made.
    #[error("the run ended before the roster was checked; nothing was sent")]
    Stopped(StopReason),
}

fn message(failure: &Failure) -> String {
    if failure.message.is_empty() { String::new() } else { format!(": {}", escape(&failure.message)) }
}

impl<A: ParticipantApi> ApiDirectory<A> {
    /// Asks for all pages of the app's presets. Meetings are asked for later, on `runtime`. `gate` keeps the gate that
    /// a 429 closes, where a journal is held.
    pub async fn ask(
        api: Arc<A>,
        pacer: Pacer,
        cancel: CancellationToken,
        observer: Arc<dyn Observer>,
        runtime: Handle,
        gate: Option<(GateKeeper, RunClock)>,
    ) -> Result<Self, LookUpError> {
        let mut directory = Self {
            api,
            pacer,
            cancel,
            observer,
            runtime,
            gate,
            presets: BTreeSet::new(),
            all_presets: false,
            meetings: HashMap::new(),
        };
        directory.ask_presets().await?;
        Ok(directory)
    }

    fn line(&self) -> Line<'_> {
        let gate = match &self.gate {
            Some((keeper, clock)) => KeptGate::Beside(keeper, *clock),
            None => KeptGate::Nowhere,
        };
        Line { pacer: &self.pacer, cancel: &self.cancel, observer: self.observer.as_ref(), gate }
    }

    /// Pages may start at 0 or 1: page 0 is asked for if the others don't add up.
    async fn ask_presets(&mut self) -> Result<(), LookUpError> {
        for page_no in 1..=MOST_PAGES {
            match self.preset_page(page_no).await? {
                Called::Done(found) if found > 0 && !self.all_presets => {}
                Called::Refused(failure) if page_no == 1 => return Err(LookUpError::Refused(failure)),
                Called::Failed(trouble) if page_no == 1 => return Err(LookUpError::Failed(trouble)),
                Called::Done(_) | Called::Refused(_) | Called::Failed(_) | Called::Stop(_) => break,
            }
        }
        if !self.all_presets {
            self.preset_page(0).await?;
        }
        Ok(())
    }

    /// Adds a page of presets; how many were on it.
    async fn preset_page(&mut self, page_no: u64) -> Result<Called<usize>, LookUpError> {
        let request = PageRequest { page_no, per_page: 100 };
        match call(self.line(), || self.api.presets(request)).await {
            Called::Done(page) => {
                let found = page.items.len();
                self.presets.extend(page.items);
                self.all_presets = self.presets.len() as u64 >= page.total_count;
                Ok(Called::Done(found))
            }
            Called::Refused(failure) => Ok(Called::Refused(failure)),
            Called::Failed(trouble) => Ok(Called::Failed(trouble)),
            Called::Stop(reason) => Err(LookUpError::Stopped(reason)),
        }
    }

    async fn ask_meeting(&self, id: MeetingId) -> Result<MeetingStanding, LookUpError> {
        match call(self.line(), || self.api.meeting(id)).await {
            Called::Done(MeetingStatus::Active) => Ok(MeetingStanding::Active),
            Called::Done(MeetingStatus::Inactive) => Ok(MeetingStanding::Inactive),
            Called::Refused(_) => Ok(MeetingStanding::Unknown),
            Called::Failed(trouble) => Err(LookUpError::Failed(trouble)),
            Called::Stop(reason) => Err(LookUpError::Stopped(reason)),
        }
    }
}

impl<A: ParticipantApi> Directory for ApiDirectory<A> {
    fn preset(&mut self, name: &str) -> PresetStanding {
        if self.presets.contains(name) {
            return PresetStanding::Known;
        }
        if !self.all_presets {
            return PresetStanding::NotAsked;
        }
        let did_you_mean = near_miss(name, self.presets.iter().map(String::as_str)).map(str::to_owned);
        PresetStanding::Unknown { did_you_mean }
    }

    /// Blocks: to be called from a thread that isn't the runtime's.
    fn meeting(&mut self, id: MeetingId) -> Result<MeetingStanding, DirectoryUnavailable> {
        if let Some(known) = self.meetings.get(&id) {
            return Ok(*known);
        }
        let standing = self
            .runtime
            .block_on(self.ask_meeting(id))
            .map_err(|error| DirectoryUnavailable(Box::new(error)))?;
        self.meetings.insert(id, standing);
        Ok(standing)
    }
}
