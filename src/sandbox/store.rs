//! The meetings and their participants. Every add makes another participant; whether there is one already is for
//! `backend` to ask. Pure: the caller says what time it is.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use uuid::Uuid;

use super::answer::Refusal;
use super::faults::Deed;
use super::moods::{ListOrder, OlderTokens};
use super::settings::MeetingStatus;
use super::stats::IdCounts;
use crate::model::MeetingId;

/// Everything that the server holds.
#[derive(Debug)]
pub(super) struct Store {
    presets: Vec<String>,
    meetings: HashMap<MeetingId, Meeting>,
}

/// A meeting.
#[derive(Debug)]
pub(super) struct Meeting {
    pub(super) id: MeetingId,
    pub(super) status: MeetingStatus,
    pub(super) created_at: Timestamp,
    /// In the order of creation, so that `number` rises.
    participants: Vec<Participant>,
    numbers: HashMap<Uuid, u64>,
    next_number: u64,
    ids: HashMap<String, IdCounts>,
}

/// A participant.
#[derive(Debug, Clone)]
pub(super) struct Participant {
    pub(super) id: Uuid,
    pub(super) custom_participant_id: String,
    pub(super) fields: Fields,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// How many tokens it was given.
    pub(super) tokens: u64,
    /// The first of them that has not been ended by a newer one.
    pub(super) good_from: u64,
    pub(super) made_by: Writer,
    number: u64,
    since: Instant,
}

/// Who made a participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// Who speaks to the sandbox.
    Client,
    /// The other writer of a fault.
    Foreigner,
}

/// What can be changed of a participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) preset_name: String,
    pub(super) name: Option<String>,
    pub(super) picture: Option<String>,
}

/// Changes to a participant; `None` leaves a field as it is.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) preset_name: Option<String>,
    pub(super) name: Option<String>,
    /// `Some(None)` takes it away.
    pub(super) picture: Option<Option<String>>,
}

/// A moment, on both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) instant: Instant,
    pub(super) timestamp: Timestamp,
}

/// A part of a list, and how long the list is.
#[derive(Debug)]
pub(super) struct Slice<'a> {
    pub(super) participants: Vec<&'a Participant>,
    pub(super) start: u64,
    pub(super) total: u64,
}

impl Store {
    pub(super) fn new(
        presets: Vec<String>,
        meetings: &[(MeetingId, MeetingStatus)],
        created_at: Timestamp,
    ) -> Self {
        let meeting =
            |(id, status): &(MeetingId, MeetingStatus)| (*id, Meeting::new(*id, *status, created_at));
        Self { presets, meetings: meetings.iter().map(meeting).collect() }
    }

    pub(super) fn presets(&self) -> &[String] {
        &self.presets
    }

    pub(super) fn meetings(&self) -> impl Iterator<Item = &Meeting> {
        self.meetings.values()
    }

    /// Makes a meeting that isn't there yet.
    pub(super) fn open(&mut self, id: MeetingId, created_at: Timestamp) {
        self.meetings.entry(id).or_insert_with(|| Meeting::new(id, MeetingStatus::Active, created_at));
    }

    pub(super) fn meeting(&self, id: MeetingId) -> Result<&Meeting, Refusal> {
        self.meetings.get(&id).ok_or(Refusal::UnknownMeeting)
    }

    /// Notes a complete POST for an id, whatever becomes of it.
    pub(super) fn count_post(&mut self, meeting: MeetingId, custom_participant_id: &str, throttled: bool) {
        let Some(meeting) = self.meetings.get_mut(&meeting) else { return };
        let counts = meeting.counts(custom_participant_id);
        counts.posts += 1;
        counts.throttled += u64::from(throttled);
    }

    /// Makes a participant, with an id that only the seed, the meeting, the custom id and its earlier participants
    /// decide.
    pub(super) fn add(
        &mut self,
        seed: u64,
        meeting: MeetingId,
        custom_participant_id: &str,
        fields: Fields,
        now: Moment,
    ) -> Result<&Participant, Refusal> {
        self.check_preset(&fields.preset_name)?;
        let meeting = self.meetings.get_mut(&meeting).ok_or(Refusal::UnknownMeeting)?;
        Ok(meeting.add(seed, custom_participant_id, fields, now))
    }

    /// The other writer does something; nothing, if there is no such meeting.
    pub(super) fn suffer(&mut self, meeting: MeetingId, deed: Deed, seed: u64, now: Moment) {
        let preset_name = self.presets.first().cloned().unwrap_or_default();
        if let Some(meeting) = self.meetings.get_mut(&meeting) {
            meeting.suffer(deed, seed, &preset_name, now);
        }
    }

    pub(super) fn get(&self, meeting: MeetingId, id: Uuid) -> Result<&Participant, Refusal> {
        let meeting = self.meeting(meeting)?;
        let position = meeting.position(id)?;
        meeting.participants.get(position).ok_or(Refusal::UnknownParticipant)
    }

    /// Gives a participant a new token.
    pub(super) fn refresh(
        &mut self,
        meeting: MeetingId,
        id: Uuid,
        older: OlderTokens,
    ) -> Result<&Participant, Refusal> {
        self.counts_of(meeting, id)?.refreshed += 1;
        self.give_token(meeting, id, older)
    }

    /// Counts a new token of a participant.
    pub(super) fn give_token(
        &mut self,
        meeting: MeetingId,
        id: Uuid,
        older: OlderTokens,
    ) -> Result<&Participant, Refusal> {
        let participant = self.get_mut(meeting, id)?;
        participant.tokens += 1;
        if older == OlderTokens::End {
            participant.good_from = participant.tokens;
        }
        Ok(participant)
    }

    pub(super) fn change(
        &mut self,
        meeting: MeetingId,
        id: Uuid,
        changes: Changes,
        older: OlderTokens,
        now: Timestamp,
    ) -> Result<&Participant, Refusal> {
        if let Some(preset_name) = &changes.preset_name {
            self.check_preset(preset_name)?;
        }
        let participant = self.get_mut(meeting, id)?;
        let fields = &mut participant.fields;
        fields.preset_name = changes.preset_name.unwrap_or_else(|| std::mem::take(&mut fields.preset_name));
        fields.name = changes.name.or_else(|| fields.name.take());
        fields.picture = changes.picture.unwrap_or_else(|| fields.picture.take());
        participant.updated_at = now;
        self.counts_of(meeting, id)?.updated += 1;
        self.give_token(meeting, id, older)
    }

    pub(super) fn delete(&mut self, meeting: MeetingId, id: Uuid) -> Result<Participant, Refusal> {
        let meeting = self.meetings.get_mut(&meeting).ok_or(Refusal::UnknownMeeting)?;
        let participant = meeting.take_out(id)?;
        meeting.counts(&participant.custom_participant_id).removed += 1;
        Ok(participant)
    }

    fn counts_of(&mut self, meeting: MeetingId, id: Uuid) -> Result<&mut IdCounts, Refusal> {
        let custom_participant_id = self.get(meeting, id)?.custom_participant_id.clone();
        let meeting = self.meetings.get_mut(&meeting).ok_or(Refusal::UnknownMeeting)?;
        Ok(meeting.counts(&custom_participant_id))
    }

    fn get_mut(&mut self, meeting: MeetingId, id: Uuid) -> Result<&mut Participant, Refusal> {
        let meeting = self.meetings.get_mut(&meeting).ok_or(Refusal::UnknownMeeting)?;
        let position = meeting.position(id)?;
        meeting.participants.get_mut(position).ok_or(Refusal::UnknownParticipant)
    }

    pub(super) fn check_preset(&self, name: &str) -> Result<(), Refusal> {
        let known = self.presets.iter().any(|preset| preset == name);
        if known { Ok(()) } else { Err(Refusal::UnknownPreset(name.to_owned())) }
    }
}

impl Meeting {
    pub(super) fn new(id: MeetingId, status: MeetingStatus, created_at: Timestamp) -> Self {
        Self {
            id,
            status,
            created_at,
            participants: Vec::new(),
            numbers: HashMap::new(),
            next_number: 0,
            ids: HashMap::new(),
        }
    }

    /// At most `count` participants from `start` on. `lag` hides those that are younger.
    pub(super) fn slice(
        &self,
        start: u64,
        count: u64,
        order: ListOrder,
        now: Instant,
        lag: Duration,
    ) -> Slice<'_> {
        let shown = |participant: &Participant| now.saturating_duration_since(participant.since) >= lag;
        let visible = &self.participants[..self.participants.partition_point(shown)];
        let total = visible.len() as u64;
        let (skip, take) = (start.min(total) as usize, count.min(total) as usize);
        let participants = match order {
            ListOrder::Oldest => visible.iter().skip(skip).take(take).collect(),
            ListOrder::Newest => visible.iter().rev().skip(skip).take(take).collect(),
            ListOrder::Scattered => {
                let mut all: Vec<&Participant> = visible.iter().collect();
                all.sort_unstable_by_key(|participant| participant.id);
                all.into_iter().skip(skip).take(take).collect()
            }
        };
        Slice { participants, start: start.min(total), total }
    }

    pub(super) fn participants(&self) -> impl Iterator<Item = &Participant> {
        self.participants.iter()
    }

    /// The first participant with this id that is there.
    pub(super) fn living(&self, custom_participant_id: &str) -> Option<&Participant> {
        let counts = self.ids.get(custom_participant_id)?;
        let of_that_id = |one: &&Participant| one.custom_participant_id == custom_participant_id;
        if counts.living == 0 { None } else { self.participants().find(of_that_id) }
    }

    pub(super) fn id_counts(&self) -> BTreeMap<String, IdCounts> {
        self.ids.iter().map(|(id, counts)| (id.clone(), *counts)).collect()
    }

    pub(super) fn counts_of_ids(&self) -> impl Iterator<Item = IdCounts> {
        self.ids.values().copied()
    }

    pub(super) fn add(
        &mut self,
        seed: u64,
        custom_participant_id: &str,
        fields: Fields,
        now: Moment,
    ) -> &Participant {
        self.counts(custom_participant_id).added += 1;
        self.put_in(seed, custom_participant_id, fields, now, Writer::Client)
    }

    pub(super) fn put_in(
        &mut self,
        seed: u64,
        custom_participant_id: &str,
        fields: Fields,
        now: Moment,
        made_by: Writer,
    ) -> &Participant {
        let namespace = Uuid::from_u64_pair(seed, 1);
        let meeting_id = self.id;
        let number = self.next_number;
        let counts = self.counts(custom_participant_id);
        counts.living += 1;
        let name = format!("{meeting_id}\n{}\n{custom_participant_id}", counts.added + counts.foreign_added);
        let id = Uuid::new_v5(&namespace, name.as_bytes());
        self.next_number += 1;
        self.numbers.insert(id, number);
        self.participants.push(Participant {
            id,
            custom_participant_id: custom_participant_id.to_owned(),
            fields,
            created_at: now.timestamp,
            updated_at: now.timestamp,
            tokens: 1,
            good_from: 1,
            made_by,
            number,
            since: now.instant,
        });
        &self.participants[self.participants.len() - 1]
    }

    pub(super) fn take_out(&mut self, id: Uuid) -> Result<Participant, Refusal> {
        let position = self.position(id)?;
        let participant = self.participants.remove(position);
        self.numbers.remove(&id);
        self.counts(&participant.custom_participant_id).living -= 1;
        Ok(participant)
    }

    pub(super) fn counts(&mut self, custom_participant_id: &str) -> &mut IdCounts {
        self.ids.entry(custom_participant_id.to_owned()).or_default()
    }

    fn position(&self, id: Uuid) -> Result<usize, Refusal> {
        let number = self.numbers.get(&id).ok_or(Refusal::UnknownParticipant)?;
        let found = self.participants.binary_search_by_key(number, |participant| participant.number);
        found.map_err(|_| Refusal::UnknownParticipant)
    }
}

#[cfg(test)]
mod tests;
