//! What a sync changes of those who are in: fields by PATCH, people who are no longer wanted by DELETE. Both may be
//! repeated freely, so that an interrupted sync needs no memory of them: the next one compares anew.

use futures::stream::{self, StreamExt};

use super::call::{Called, call};
use super::reconciler::Reconciler;
use super::{DispatchError, Dispatcher};
use crate::api::{ParticipantApi, Removed};
use crate::event::{Event, StopReason};
use crate::journal::{ChangeKind, OtherCreates, PlannedChange, RowId};
use crate::model::{JoinToken, ParticipantEdit, PictureEdit, RemoteId, RemoteParticipant};
use crate::outcome::{Failure, Trouble};
use crate::plan::ShownField;

/// The most refusals that a report names.
const NAMED: usize = 20;

/// Who is to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Nobody.
    Nobody,
    /// Those who are in by us and no longer on the roster.
    Ours,
    /// Also those who were there before us, and those that are neither on the roster nor ours.
    Everybody,
}

impl Removal {
    /// The planned changes that it carries out.
    pub fn kinds(self) -> &'static [ChangeKind] {
        match self {
            Self::Nobody => &[],
            Self::Ours => &[ChangeKind::Remove],
            Self::Everybody => &[ChangeKind::Remove, ChangeKind::RemoveFound, ChangeKind::Foreign],
        }
    }
}

/// What came of the changes.
#[derive(Debug, Default)]
pub struct Changed {
    /// Participants updated.
    pub updated: u64,
    /// Participants removed, those among them that were gone already included.
    pub removed: u64,
    /// Changes that the API refused, or didn't answer.
    pub failed: u64,
    /// The first of those.
    pub failures: Vec<ChangeFailure>,
}

impl Changed {
    fn fail(&mut self, failure: ChangeFailure) {
        self.failed += 1;
        if self.failures.len() < NAMED {
            self.failures.push(failure);
        }
    }
}

/// A change that could not be made.
#[derive(Debug, Clone)]
pub struct ChangeFailure {
    /// Which one.
    pub change: PlannedChange,
    /// Why.
    pub why: NotMade,
}

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotMade {
    /// The API refused it.
    Refused(Failure),
    /// Nobody knows whether it was made: nothing came that helps.
    NoAnswer,
    /// The API accepted it, and keeps what it had.
    Kept,
}

/// What one request came to.
enum Made {
    Updated(RowId, JoinToken),
    /// Accepted, but the answer shows a field as it was.
    Kept(RowId, JoinToken, Box<PlannedChange>),
    Removed(Option<(RowId, OtherCreates)>),
    Failed(Box<ChangeFailure>),
    Stopped(StopReason),
}

impl<A: ParticipantApi> Dispatcher<A> {
    /// Carries out the planned updates, then the removals. What ended it early is in [`stops`](Self::stops); nobody is
    /// removed once there is any, and nobody is updated after one that ends the run.
    ///
    /// # Errors
    /// The journal failed.
    pub async fn change(&mut self, removal: Removal) -> Result<Changed, DispatchError> {
        let mut changed = Changed::default();
        let kinds: Vec<_> =
            std::iter::once(ChangeKind::Update).chain(removal.kinds().iter().copied()).collect();
        for kind in kinds {
            let may = match kind {
                ChangeKind::Update => !self.stops.iter().any(StopReason::ends_the_run),
                _ => self.stops.is_empty(),
            };
            if !may {
                break;
            }
            let stopped = self
                .with_reconciler(async |reconciler| reconciler.carry_out(kind, &mut changed).await)
                .await??;
            if let Some(reason) = stopped {
                self.stop(reason);
            }
        }
        Ok(changed)
    }
}

impl<A: ParticipantApi> Reconciler<A> {
    /// All planned changes of a kind, in batches whose results are committed together.
    async fn carry_out(
        &self,
        kind: ChangeKind,
        changed: &mut Changed,
    ) -> Result<Option<StopReason>, DispatchError> {
        let at_once = self.settings.concurrency.get();
        let mut after = 0;
        loop {
            let batch = self.desk.call(move |journal| journal.changes(kind, after, at_once)).await?;
            let Some(last) = batch.last() else { return Ok(None) };
            after = last.number;
            let made: Vec<_> =
                stream::iter(batch).map(|change| self.make(change)).buffer_unordered(at_once).collect().await;
            if let Some(reason) = self.keep_made(made, changed).await? {
                return Ok(Some(reason));
            }
        }
    }

    async fn make(&self, change: PlannedChange) -> Made {
        let Some(id) = change.participant_id.clone() else { return failed(change, None) };
        match (change.kind, change.row) {
            (ChangeKind::Update, Some(row)) => self.update(change, row, &id).await,
            (ChangeKind::Remove | ChangeKind::RemoveFound | ChangeKind::Foreign, row) => {
                self.remove(change, row, &id).await
            }
            _ => failed(change, None),
        }
    }

    async fn update(&self, change: PlannedChange, row: RowId, id: &RemoteId) -> Made {
        let edit = edit_of(&change);
        match call(self.line(), || self.api.update(change.meeting, id, &edit)).await {
            Called::Done(updated) if is_kept(&change, &updated.participant) => {
                Made::Kept(row, updated.token, Box::new(change))
            }
            Called::Done(updated) => Made::Updated(row, updated.token),
            Called::Refused(failure) | Called::Failed(Trouble::Failed(failure)) => {
                failed(change, Some(failure))
            }
            Called::Failed(_) => failed(change, None),
            Called::Stop(reason) => Made::Stopped(reason),
        }
    }

    async fn remove(&self, change: PlannedChange, row: Option<RowId>, id: &RemoteId) -> Made {
        let others = change.kept.as_ref().map_or(OtherCreates::None, |_| OtherCreates::Possible);
        if let Some(kept) = change.kept.clone()
            && let Err(made) = self.find(&change, &kept).await
        {
            return made;
        }
        match call(self.line(), || self.api.remove(change.meeting, id)).await {
            Called::Done(Removed::Deleted | Removed::Gone) => Made::Removed(row.zip(Some(others))),
            Called::Refused(failure) | Called::Failed(Trouble::Failed(failure)) => {
                failed(change, Some(failure))
            }
            Called::Failed(_) => failed(change, None),
            Called::Stop(reason) => Made::Stopped(reason),
        }
    }

    /// Nobody who shares an id is removed before the one that is kept has been seen: somebody else may tidy up, too.
    async fn find(&self, change: &PlannedChange, kept: &RemoteId) -> Result<(), Made> {
        match call(self.line(), || self.api.participant(change.meeting, kept)).await {
            Called::Done(found) if found.custom_participant_id == change.custom_participant_id => Ok(()),
            Called::Refused(failure) | Called::Failed(Trouble::Failed(failure)) => {
                Err(failed(change.clone(), Some(failure)))
            }
            Called::Done(_) | Called::Failed(_) => Err(failed(change.clone(), None)),
            Called::Stop(reason) => Err(Made::Stopped(reason)),
        }
    }

    /// Commits what was made, and tells.
    async fn keep_made(
        &self,
        made: Vec<Made>,
        changed: &mut Changed,
    ) -> Result<Option<StopReason>, DispatchError> {
        let (mut updates, mut removals, mut tokens, mut stopped) = (Vec::new(), Vec::new(), Vec::new(), None);
        let mut removed = 0;
        for made in made {
            match made {
                Made::Updated(row, token) => updates.push((row, Some(token))),
                Made::Removed(row) => {
                    removed += 1;
                    removals.extend(row);
                }
                Made::Kept(row, token, change) => {
                    tokens.push((row, token));
                    changed.fail(ChangeFailure { change: *change, why: NotMade::Kept });
                }
                Made::Failed(failure) => changed.fail(*failure),
                Made::Stopped(reason) => stopped = stopped.or(Some(reason)),
            }
        }
        let updated = updates.len() as u64;
        self.desk
            .call(move |journal| {
                journal.keep_updates(&updates)?;
                if !tokens.is_empty() {
                    journal.keep_tokens(&tokens)?;
                }
                journal.keep_removals(&removals)
            })
            .await?;
        changed.updated += updated;
        changed.removed += removed;
        self.observer.on(&Event::Changed { updated, removed });
        Ok(stopped)
    }
}

fn failed(change: PlannedChange, failure: Option<Failure>) -> Made {
    let why = failure.map_or(NotMade::NoAnswer, NotMade::Refused);
    Made::Failed(Box::new(ChangeFailure { change, why }))
}

/// Whether an answer still shows what was to be changed. What it doesn't show, the next listing does.
fn is_kept(change: &PlannedChange, answer: &RemoteParticipant) -> bool {
    let shown = |field| match field {
        ShownField::Name => answer.name.as_deref(),
        ShownField::Preset => Some(answer.preset_name.as_str()),
        ShownField::Picture => answer.picture.as_deref(),
    };
    change.fields.iter().any(|change| shown(change.field) == Some(change.old.as_str()))
}

/// The fields that an update sends: only those that differ.
fn edit_of(change: &PlannedChange) -> ParticipantEdit {
    let new = |field: ShownField| {
        change.fields.iter().find(|change| change.field == field).map(|change| change.new.clone())
    };
    ParticipantEdit {
        name: new(ShownField::Name),
        preset_name: new(ShownField::Preset),
        picture: new(ShownField::Picture).map(|url| match url.is_empty() {
            true => PictureEdit::Clear,
            false => PictureEdit::Set(url),
        }),
    }
}
