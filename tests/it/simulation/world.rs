//! The world outside the process: meetings in memory that make another participant of every create, as the real one
//! may, and that note by themselves what they saw. It trusts neither the journal nor the dispatcher.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use guestlist::journal::{JournalReader, Resend};
use guestlist::model::{MeetingId, Participant, ParticipantKey, RemoteId, RemoteParticipant};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::nature::Nature;
use super::posts::Posts;

/// Who is in which meeting.
pub(super) type Key = (MeetingId, String);

/// Somebody in a meeting.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) id: RemoteId,
    pub(super) participant: Participant,
    /// From when on lists show it.
    pub(super) visible_at: u64,
    /// Whether one of our creates made it.
    pub(super) ours: bool,
    /// The number of its token, which every refresh raises.
    pub(super) token: u64,
}

impl Member {
    pub(super) fn key(&self) -> Key {
        let ParticipantKey { meeting, custom_participant_id } = &self.participant.key;
        (*meeting, custom_participant_id.clone())
    }

    /// Whether no roster names it.
    pub(super) fn is_foreign(&self) -> bool {
        self.participant.key.custom_participant_id.starts_with("foreign")
    }

    pub(super) fn token(&self) -> String {
        format!("token {} of {}", self.token, self.id.as_str())
    }

    pub(super) fn listed(&self) -> RemoteParticipant {
        RemoteParticipant {
            id: self.id.clone(),
            custom_participant_id: self.participant.key.custom_participant_id.clone(),
            preset_name: self.participant.preset_name.clone(),
            name: Some(self.participant.name.clone()),
            picture: self.participant.picture.clone(),
            created_at: "2026-01-01T00:00:00Z".to_owned(),
            updated_at: "2026-01-01T00:00:00Z".to_owned(),
        }
    }
}

/// One life of the process: from its start to its end or death.
pub(super) struct Life {
    pub(super) number: u32,
    /// Whom it may send: nobody before its roster is accepted.
    pub(super) sends: Vec<Key>,
    /// Requests that it has made of any kind.
    pub(super) requests: u64,
    /// It dies at this request.
    pub(super) dies_at_request: Option<u64>,
    pub(super) doom: CancellationToken,
    /// When Ctrl-C was pressed: no create leaves after that.
    pub(super) interrupted_at: Option<u64>,
    /// Creates on their way, by meeting.
    pub(super) under_way: BTreeMap<MeetingId, usize>,
    pub(super) listings: BTreeMap<MeetingId, u64>,
    /// By how much totals are wrong until the next listing begins.
    pub(super) total_off_by: BTreeMap<MeetingId, i64>,
    /// The meeting whose listing misleads until the next one begins.
    pub(super) misled: Option<MeetingId>,
}

impl Life {
    pub(super) fn new(number: u32) -> Self {
        Self {
            number,
            sends: Vec::new(),
            requests: 0,
            dies_at_request: None,
            doom: CancellationToken::new(),
            interrupted_at: None,
            under_way: BTreeMap::new(),
            listings: BTreeMap::new(),
            total_off_by: BTreeMap::new(),
            misled: None,
        }
    }
}

/// All that changes.
pub(super) struct State {
    pub(super) meetings: BTreeMap<MeetingId, Vec<Member>>,
    /// Creates that take effect later: when, and whom they make.
    pub(super) late: Vec<(u64, Member)>,
    pub(super) posts: BTreeMap<Key, Posts>,
    pub(super) life: Life,
    pub(super) calm: bool,
    pub(super) all_posts: u64,
    /// Meetings of which a listing has misled.
    pub(super) misled: BTreeSet<MeetingId>,
    /// Participants whom somebody else has removed: who counts as in through one of them stays so (FAULTS.md, L09).
    pub(super) removed: BTreeSet<RemoteId>,
    /// Looks into the journal as creates arrive.
    pub(super) reader: Option<JournalReader>,
    /// What must not be, and was.
    pub(super) violations: Vec<String>,
    pub(super) trace: Vec<String>,
    made: u64,
}

/// The world of one schedule.
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) nature: Nature,
    began: Instant,
    state: Mutex<State>,
}

impl World {
    pub(super) fn new(seed: u64, nature: Nature) -> Self {
        let meetings = nature.meetings.iter().map(|meeting| (*meeting, Vec::new())).collect();
        let state = State {
            meetings,
            late: Vec::new(),
            posts: BTreeMap::new(),
            life: Life::new(0),
            calm: false,
            all_posts: 0,
            misled: BTreeSet::new(),
            removed: BTreeSet::new(),
            reader: None,
            violations: Vec::new(),
            trace: Vec::new(),
            made: 0,
        };
        Self { seed, nature, began: Instant::now(), state: Mutex::new(state) }
    }

    /// Milliseconds since the beginning.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap()
    }

    /// The state, with everything in effect that is due.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.ripen(self.now());
        state
    }

    /// Dice for one thing that happens, so that no other thing can change how they fall.
    pub(super) fn dice(&self, what: impl Hash) -> Rng {
        let mut hasher = DefaultHasher::new();
        (self.seed, what).hash(&mut hasher);
        Rng::with_seed(hasher.finish())
    }

    pub(super) fn note(&self, what: &str) {
        self.state().note(self.now(), what);
    }

    pub(super) fn violation(&self, what: String) {
        self.state().violation(self.now(), what);
    }

    /// How many of a hundred creates go wrong now.
    pub(super) fn bad_creates(&self) -> u32 {
        if self.state().calm { 0 } else { self.nature.bad_creates }
    }

    /// How many of a hundred other requests go wrong now.
    pub(super) fn bad_calls(&self) -> u32 {
        if self.state().calm { 0 } else { self.nature.bad_calls }
    }

    /// Makes a participant that a create asked for.
    pub(super) fn apply(&self, participant: &Participant, visible_at: u64) -> Member {
        let mut state = self.state();
        let member = state.make(participant, visible_at, true);
        state.enter(self.now(), member.clone());
        member
    }

    /// Makes it later.
    pub(super) fn apply_at(&self, at: u64, participant: &Participant, visible_at: u64) {
        let mut state = self.state();
        let member = state.make(participant, visible_at, true);
        state.late.push((at, member));
    }

    /// Somebody else adds a participant.
    pub(super) fn add_foreign(&self, participant: &Participant) {
        let mut state = self.state();
        let member = state.make(participant, 0, false);
        state.meetings.entry(participant.key.meeting).or_default().push(member);
    }

    pub(super) fn holds_back(&self) -> bool {
        self.nature.resend == Resend::Hold
    }
}

impl State {
    pub(super) fn note(&mut self, now: u64, what: &str) {
        self.trace.push(format!("{now:>9} ms  {what}"));
    }

    pub(super) fn violation(&mut self, now: u64, what: String) {
        self.note(now, &format!("VIOLATION {what}"));
        self.violations.push(what);
    }

    fn ripen(&mut self, now: u64) {
        let (due, late) = std::mem::take(&mut self.late).into_iter().partition(|(at, _)| *at <= now);
        self.late = late;
        let due: Vec<(u64, Member)> = due;
        due.into_iter().for_each(|(at, member)| self.enter(at, member));
    }

    fn make(&mut self, participant: &Participant, visible_at: u64, ours: bool) -> Member {
        self.made += 1;
        let id = RemoteId::new(format!("{:08x}-{}", self.made.wrapping_mul(0x9e37_79b1) as u32, self.made));
        Member { id: id.unwrap(), participant: participant.clone(), visible_at, ours, token: 1 }
    }

    /// (a) At most one living participant of every id.
    fn enter(&mut self, now: u64, member: Member) {
        let ParticipantKey { meeting, custom_participant_id } = member.participant.key.clone();
        self.note(now, &format!("{custom_participant_id} is in as {}", member.id.as_str()));
        let members = self.meetings.entry(meeting).or_default();
        let before = members
            .iter()
            .filter(|other| other.participant.key.custom_participant_id == custom_participant_id)
            .count();
        members.push(member);
        if before > 0 {
            self.violation(now, format!("{custom_participant_id} is in {} times", before + 1));
        }
    }

    /// The living participants of an id.
    pub(super) fn living(&self, key: &Key) -> Vec<&Member> {
        let members = self.meetings.get(&key.0).into_iter().flatten();
        members.filter(|member| member.participant.key.custom_participant_id == key.1).collect()
    }

    /// A request of this life arrives, or is about to be sent.
    pub(super) fn request(&mut self) -> u64 {
        self.life.requests += 1;
        if self.life.dies_at_request == Some(self.life.requests) {
            self.life.doom.cancel();
        }
        self.life.requests
    }
}
