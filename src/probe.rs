//! The use case: what does this app's API do where its documentation says nothing? Asked with a few participants of our
//! own in a meeting that nobody else is in, and that is empty again afterwards.
//!
//! * pure: `findings` (what can be found), `proof` (what answers prove), `advice` (the settings that follow)
//! * edges: `questions` (one after the other), `asking` (paced requests), `cleaning` (whom the probe made, and their
//!   removal)
//!
//! There is no journal: everybody whom a probe makes has an id that begins with [`ID_PREFIX`], so that the meeting itself
//! tells what is to be removed, also after a kill and on another machine.

mod advice;
mod asking;
mod cleaning;
mod findings;
mod proof;
mod questions;

use std::num::NonZeroU16;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub use advice::Advice;
pub use findings::{
    Finding, FirstPage, Lag, Longest, NullPicture, Offsets, Order, PageSize, Refreshed, Refusal, SecondAdd,
    SecondRemoval, TokenLifetime, UpdateToken,
};

use crate::api::{MeetingStatus, PageRequest, ParticipantApi};
use crate::dispatch::Called;
use crate::event::{Observer, StopReason};
use crate::model::{MeetingId, escape};
use crate::outcome::{Failure, Trouble};
use crate::pacer::Pacer;
use asking::Prober;
use cleaning::{Everybody, Others};
use questions::Asked;

/// How every id begins that a probe makes.
pub const ID_PREFIX: &str = "guestlist-probe-";

/// What to ask, and where.
#[derive(Debug, Clone)]
pub struct ProbeSettings {
    /// The meeting, in which nobody else may be.
    pub meeting: MeetingId,
    /// The preset of the probe's participants; `None`: the first of the app's.
    pub preset: Option<String>,
    /// How many participants the lists are tried with. A limit of pages that is larger can't be seen.
    pub participants: NonZeroU16,
}

impl ProbeSettings {
    /// How many requests it takes if all goes well. Answers that are lost, lists that lag and texts that are too long
    /// cost a few more.
    pub fn requests_expected(&self) -> u64 {
        let preset = u64::from(self.preset.is_none());
        questions::REQUESTS_BESIDE_PARTICIPANTS + preset + 2 * u64::from(self.participants.get())
    }
}

/// What a probe works with.
pub struct ProbeContext<A> {
    /// The API.
    pub api: Arc<A>,
    /// The pacer of the token.
    pub pacer: Pacer,
    /// Told of waits.
    pub observer: Arc<dyn Observer>,
    /// Cancelled when no further question may be asked; who was made is removed all the same.
    pub cancel: CancellationToken,
}

/// What was found.
#[derive(Debug)]
pub struct ProbeReport {
    /// In the order of the questions; a probe that ended early has fewer.
    pub findings: Vec<Finding>,
    /// The settings that follow.
    pub advice: Vec<Advice>,
    /// Requests made, of every kind.
    pub requests: u64,
    /// Participants that this probe made, as far as an answer or a list told.
    pub made: u64,
    /// Participants that an earlier probe had left behind, and that this one removed.
    pub found: u64,
    /// Whether the meeting is empty again.
    pub leftovers: Leftovers,
    /// Why it ended early, if it did.
    pub stop: Option<StopReason>,
}

/// What is left in the meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leftovers {
    /// Nobody: a list shows it.
    Nobody,
    /// Perhaps somebody: a removal or the last list failed. The next probe removes them.
    Perhaps,
}

/// Why nothing was found.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProbeError {
    /// There is no such meeting, or no such app.
    #[error(
        "the API refused to show the scratch meeting (HTTP {}{}): check its id, --account-id and --app-id",
        .0.status,
        message(.0)
    )]
    NoMeeting(Failure),
    /// Somebody is in it.
    #[error(
        "somebody is in the scratch meeting, for example \"{}\", and a probe only works in a meeting of its own: \
         make an empty one for it; nothing was changed",
        escape(.0)
    )]
    NotEmpty(String),
    /// No preset could be chosen.
    #[error("the app's presets can't be listed, or there are none: name one with --preset")]
    NoPreset,
    /// Not even the first participant could be added.
    #[error(
        "the API refused to add a participant to the scratch meeting (HTTP {}{}): try another --preset",
        .0.status,
        message(.0)
    )]
    Refused(Failure),
    /// It didn't answer as it should, before anybody was made.
    #[error("the API could not be asked about the scratch meeting; try again later")]
    Failed(Trouble),
    /// The lists of the meeting don't add up, so that nobody knows whether it is empty.
    #[error(
        "the scratch meeting's list never came whole, so it can't be told whether anybody is in it; try again later"
    )]
    Unlistable,
    /// Whom an earlier probe left can't be removed.
    #[error(
        "\"{}\", whom an earlier probe left in the scratch meeting, can't be removed: remove them by hand, or make \
         another meeting for the probe",
        escape(.0)
    )]
    Leftover(String),
    /// It ended before anybody was made.
    #[error("the probe ended before anybody was added")]
    Stopped(StopReason),
}

fn message(failure: &Failure) -> String {
    if failure.message.is_empty() { String::new() } else { format!(": {}", escape(&failure.message)) }
}

/// Asks, and leaves the meeting as empty as it was.
///
/// # Errors
/// Nothing was found: the meeting isn't there, somebody is in it, or nobody could be added.
pub async fn probe<A: ParticipantApi>(
    settings: ProbeSettings,
    context: ProbeContext<A>,
) -> Result<ProbeReport, ProbeError> {
    let mut prober = Prober::new(settings.meeting, &context);
    let found = take_possession(&mut prober).await?;
    let preset = match settings.preset {
        Some(preset) => preset,
        None => first_preset(&prober).await?,
    };
    let asked = prober.ask_everything(&preset, settings.participants.get()).await;
    let leftovers = prober.leave_nobody().await;
    let (findings, stop) = match asked {
        Asked::Everything(findings) => (findings, None),
        Asked::Part(findings, reason) => (findings, Some(reason)),
        Asked::Nothing(failure) => return Err(ProbeError::Refused(failure)),
    };
    let (requests, limits) = prober.seen();
    let (made, findings) = (prober.made, [findings, vec![Finding::Limits(limits)]].concat());
    let advice = advice::of(&findings);
    Ok(ProbeReport { findings, advice, requests, made, found, leftovers, stop })
}

/// Makes sure that the meeting is there and nobody's, and removes whom an earlier probe left; how many those were.
async fn take_possession<A: ParticipantApi>(prober: &mut Prober<'_, A>) -> Result<u64, ProbeError> {
    match prober.call(|| prober.api.meeting(prober.meeting)).await {
        Called::Done(MeetingStatus::Active | MeetingStatus::Inactive) => {}
        Called::Refused(failure) => return Err(ProbeError::NoMeeting(failure)),
        Called::Failed(trouble) => return Err(ProbeError::Failed(trouble)),
        Called::Stop(reason) => return Err(ProbeError::Stopped(reason)),
    }
    let leftovers = match prober.everybody(Others::Stop).await {
        Everybody::Whole(leftovers) => leftovers,
        Everybody::Others(other) => return Err(ProbeError::NotEmpty(other)),
        Everybody::NotWhole | Everybody::Unanswered => return Err(ProbeError::Unlistable),
        Everybody::Stopped(reason) => return Err(ProbeError::Stopped(reason)),
    };
    for leftover in &leftovers {
        if !prober.remove(&leftover.id).await.map_err(ProbeError::Stopped)? {
            return Err(ProbeError::Leftover(leftover.custom_participant_id.clone()));
        }
    }
    Ok(leftovers.len() as u64)
}

async fn first_preset<A: ParticipantApi>(prober: &Prober<'_, A>) -> Result<String, ProbeError> {
    for page_no in [1, 0] {
        let page = PageRequest { page_no, per_page: 100 };
        match prober.call(|| prober.api.presets(page)).await {
            Called::Done(page) => {
                if let Some(preset) = page.items.into_iter().next() {
                    return Ok(preset);
                }
            }
            Called::Stop(reason) => return Err(ProbeError::Stopped(reason)),
            Called::Refused(_) | Called::Failed(_) => {}
        }
    }
    Err(ProbeError::NoPreset)
}
