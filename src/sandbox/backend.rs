//! The operations of the contract, done rightly: a body checked, the store changed, the answer made. Pure.

use std::time::Duration;

use uuid::Uuid;

use super::answer::{Answer, Refusal};
use super::call::{OneCall, Operation, PageQuery};
use super::distort;
use super::faults::ListFlaw;
use super::moods::{Moods, NullPicture, SecondAdd};
use super::settings::SandboxSettings;
use super::store::{Changes, Fields, Moment, Participant, Store};
use super::token;
use crate::api::wire::{AddBody, EditBody, Paging};
use crate::model::MeetingId;

/// RealtimeKit at one moment.
pub(super) struct Backend<'a> {
    pub(super) store: &'a mut Store,
    pub(super) settings: &'a SandboxSettings,
    pub(super) now: Moment,
}

impl Backend<'_> {
    /// Does an operation; `flaw` spoils a list.
    pub(super) fn apply(&mut self, operation: Operation, body: &[u8], flaw: Option<ListFlaw>) -> Answer {
        let done = match operation {
            Operation::Add(meeting) => self.add(meeting, body),
            Operation::List(meeting, page) => self.list(meeting, page, flaw),
            Operation::One(call, meeting, id) => self.one(call, meeting, id, body),
            Operation::Meeting(meeting) => self.store.meeting(meeting).map(Answer::meeting),
            Operation::Presets(page) => Ok(self.presets(page)),
        };
        done.unwrap_or_else(|refusal| self.refuse(&refusal))
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        match (refusal, self.settings.moods.unknown_preset) {
            (Refusal::UnknownPreset(_), Some(status)) => Answer::kit_error(status, refusal.to_string()),
            _ => refusal.answer(),
        }
    }

    fn add(&mut self, meeting: MeetingId, body: &[u8]) -> Result<Answer, Refusal> {
        let add = read_add(body)?;
        self.check_length("custom_participant_id", &add.custom_participant_id)?;
        self.check_length("name", add.name.as_deref().unwrap_or_default())?;
        if let Some(there) = self.there(meeting, &add)? {
            return self.add_again(meeting, there);
        }
        let fields = Fields {
            preset_name: add.preset_name.into_owned(),
            name: add.name.map(Into::into),
            picture: add.picture.map(Into::into),
        };
        let (seed, now) = (self.settings.seed, self.now);
        let participant = self.store.add(seed, meeting, &add.custom_participant_id, fields, now)?;
        let token = token(self.settings, now, meeting, participant);
        Ok(Answer::participant(201, participant, Some(token)))
    }

    /// The participant that a second add is about, unless it makes another one all the same.
    fn there(&self, meeting: MeetingId, add: &AddBody<'_>) -> Result<Option<Uuid>, Refusal> {
        if self.settings.moods.second_add == SecondAdd::Another {
            return Ok(None);
        }
        self.store.check_preset(&add.preset_name)?;
        let there = self.store.meeting(meeting)?.living(&add.custom_participant_id);
        Ok(there.map(|participant| participant.id))
    }

    fn add_again(&mut self, meeting: MeetingId, there: Uuid) -> Result<Answer, Refusal> {
        let moods = &self.settings.moods;
        if moods.second_add == SecondAdd::Refuse {
            return Err(Refusal::AlreadyThere);
        }
        let participant = self.store.give_token(meeting, there, moods.older_tokens)?;
        let token = token(self.settings, self.now, meeting, participant);
        Ok(Answer::participant(201, participant, Some(token)))
    }

    fn check_length(&self, what: &str, text: &str) -> Result<(), Refusal> {
        match self.settings.moods.longest_text {
            Some(longest) if text.chars().nth(longest).is_some() => {
                Err(Refusal::InvalidBody(format!("{what} is longer than {longest} characters")))
            }
            _ => Ok(()),
        }
    }

    fn one(&mut self, call: OneCall, meeting: MeetingId, id: Uuid, body: &[u8]) -> Result<Answer, Refusal> {
        let moods = &self.settings.moods;
        match call {
            OneCall::Get => Ok(Answer::participant(200, self.store.get(meeting, id)?, None)),
            OneCall::Delete => Ok(Answer::removed(&self.store.delete(meeting, id)?)),
            OneCall::Token => {
                let participant = self.store.refresh(meeting, id, moods.older_tokens)?;
                Ok(Answer::token(token(self.settings, self.now, meeting, participant)))
            }
            OneCall::Patch => {
                let changes = read_edit(body, moods)?;
                self.check_length("name", changes.name.as_deref().unwrap_or_default())?;
                let participant =
                    self.store.change(meeting, id, changes, moods.older_tokens, self.now.timestamp)?;
                let token = token(self.settings, self.now, meeting, participant);
                Ok(Answer::participant(200, participant, Some(token)))
            }
        }
    }

    fn list(&self, meeting: MeetingId, page: PageQuery, flaw: Option<ListFlaw>) -> Result<Answer, Refusal> {
        let lag = if flaw == Some(ListFlaw::Lag) { self.settings.list_lag } else { Duration::ZERO };
        let page = if flaw == Some(ListFlaw::First) { PageQuery { page_no: None, ..page } } else { page };
        let (start, count) = self.bounds(page);
        let order = self.settings.moods.list_order;
        let slice = self.store.meeting(meeting)?.slice(start, count, order, self.now.instant, lag);
        let shown = if flaw == Some(ListFlaw::Empty) { Vec::new() } else { slice.participants };
        let total = match flaw {
            Some(ListFlaw::Short) => slice.total + 1,
            Some(ListFlaw::Long) => slice.total.saturating_sub(1),
            _ => slice.total,
        };
        let paging = self.paging(slice.start, shown.len() as u64, total);
        let mut answer = Answer::participants(&shown, paging);
        if flaw == Some(ListFlaw::NoTotal) {
            distort::forget_total(&mut answer);
        }
        Ok(answer)
    }

    fn presets(&self, page: PageQuery) -> Answer {
        let (start, count) = self.bounds(page);
        let all = self.store.presets();
        let from = usize::try_from(start).unwrap_or(usize::MAX).min(all.len());
        let until = from.saturating_add(usize::try_from(count).unwrap_or(usize::MAX)).min(all.len());
        let names = &all[from..until];
        Answer::presets(names, self.paging(from as u64, names.len() as u64, all.len() as u64))
    }

    /// Where a page starts, from 0, and how long it is. Page 0 of a list that begins with 1 is its first.
    fn bounds(&self, page: PageQuery) -> (u64, u64) {
        let count = page.per_page.min(self.settings.max_per_page).max(1);
        let first = self.settings.first_page;
        let index = page.page_no.unwrap_or(first).saturating_sub(first);
        (index.saturating_mul(count), count)
    }

    fn paging(&self, start: u64, len: u64, total_count: u64) -> Paging {
        let (start_offset, end_offset) = self.settings.moods.offsets.of_page(start, len);
        Paging { total_count, start_offset, end_offset }
    }
}

fn token(settings: &SandboxSettings, now: Moment, meeting: MeetingId, participant: &Participant) -> String {
    let lifetime = settings.token_lifetime;
    token::issue(&settings.app_id, meeting, participant.id, participant.tokens, now.timestamp, lifetime)
}

/// The body of an add, if it is one.
pub(super) fn read_add(body: &[u8]) -> Result<AddBody<'_>, Refusal> {
    let add: AddBody<'_> = serde_json::from_slice(body).map_err(|error| invalid(&error))?;
    if add.custom_participant_id.is_empty() {
        return Err(Refusal::InvalidBody("custom_participant_id is empty".to_owned()));
    }
    check_picture(add.picture.as_deref())?;
    Ok(add)
}

fn read_edit(body: &[u8], moods: &Moods) -> Result<Changes, Refusal> {
    let edit: EditBody<'_> = serde_json::from_slice(body).map_err(|error| invalid(&error))?;
    let null_counts = moods.null_picture == NullPicture::Clears;
    let picture = edit.picture.filter(|picture| picture.is_some() || null_counts);
    check_picture(picture.as_ref().and_then(|picture| picture.as_deref()))?;
    Ok(Changes {
        preset_name: edit.preset_name.map(Into::into),
        name: edit.name.map(Into::into),
        picture: picture.map(|picture| picture.map(Into::into)),
    })
}

fn check_picture(picture: Option<&str>) -> Result<(), Refusal> {
    match picture {
        Some(picture) if url::Url::parse(picture).is_err() => {
            Err(Refusal::InvalidBody("picture is not a URI".to_owned()))
        }
        _ => Ok(()),
    }
}

fn invalid(error: &serde_json::Error) -> Refusal {
    if error.is_data() { Refusal::InvalidBody(error.to_string()) } else { Refusal::NotJson }
}
