//! The API as one life of the process sees it.

use std::sync::Arc;
use std::time::Duration;

use guestlist::api::{MeetingStatus, Page, PageRequest, ParticipantApi, Removed};
use guestlist::lifecycle::RowState;
use guestlist::model::{
    AddedParticipant, JoinToken, MeetingId, Participant, ParticipantEdit, RemoteId, RemoteParticipant, Target,
};
use guestlist::outcome::{Answer, Failure, Flaw, LimitHeaders, Loss, NotSent, Reply};

use super::fate::{Effect, Fate, Lack, Said};
use super::world::{Key, Member, World};

/// The account and app of all schedules.
pub(super) fn target() -> Target {
    Target::new("account", "app").unwrap()
}

/// The API as one life sees it.
pub(super) struct Api {
    pub(super) world: Arc<World>,
    pub(super) life: u32,
}

/// A create on its way. Dropped before its end: its client has died, and it goes on by itself.
struct Post {
    world: Arc<World>,
    life: u32,
    participant: Participant,
    fate: Fate,
    made: Option<Member>,
    ended: bool,
}

impl Post {
    /// The create leaves: may it?
    fn send(world: &Arc<World>, life: u32, participant: &Participant) -> Self {
        let key = (participant.key.meeting, participant.key.custom_participant_id.clone());
        let percent = world.bad_creates();
        let (now, mut state) = (world.now(), world.state());
        state.request();
        state.all_posts += 1;
        let posts = state.posts.entry(key.clone()).or_default();
        let wrong = posts.wrong_now(life, now, world.nature.settle, world.holds_back());
        posts.leave();
        let fate =
            Fate::of_create(&mut world.dice(("post", &key.1, key.0.to_string(), state.all_posts)), percent);
        state.note(now, &format!("POST {}: {fate:?}", key.1));
        if let Some(why) = wrong {
            state.violation(now, format!("{} is sent {why}", key.1));
        }
        *state.life.under_way.entry(key.0).or_default() += 1;
        drop(state);
        check_departure(world, life, &key);
        Self {
            world: Arc::clone(world),
            life,
            participant: participant.clone(),
            fate,
            made: None,
            ended: false,
        }
    }

    fn key(&self) -> Key {
        (self.participant.key.meeting, self.participant.key.custom_participant_id.clone())
    }

    /// How soon lists show what takes effect now or within so much time.
    fn some_time_within(&self, what: &str, most: u64) -> u64 {
        let mut dice = self.world.dice((what, &self.participant.key.custom_participant_id, self.world.now()));
        if dice.bool() { 0 } else { dice.u64(0..=most) }
    }

    fn take_effect(&mut self) {
        if self.fate.effect == Effect::BeforeTheAnswer {
            let lag = self.some_time_within("lag", self.world.nature.latest());
            self.made = Some(self.world.apply(&self.participant, self.world.now() + lag));
        }
    }

    /// Nobody waits for it any longer: it takes effect within the settle time.
    fn take_effect_late(&self) {
        let latest = self.world.nature.latest();
        let later = self.some_time_within("late", latest);
        let visible = later + self.some_time_within("lag", latest - later);
        let now = self.world.now();
        self.world.apply_at(now + later, &self.participant, now + visible);
    }

    /// The client hears of it.
    fn end(mut self) -> Option<Answer<AddedParticipant>> {
        self.ended = true;
        if self.fate.effect == Effect::Late {
            self.take_effect_late();
        }
        self.leave_the_way();
        let (key, now) = (self.key(), self.world.now());
        self.world.state().posts.entry(key).or_default().hear(self.life, now, self.fate);
        answer(self.fate.said, Some(self.added()))
    }

    fn added(&self) -> AddedParticipant {
        // Late or false: the API names a participant that isn't there, or not yet.
        let member = self.made.clone().unwrap_or_else(|| Member {
            id: RemoteId::new("nobody").unwrap(),
            participant: self.participant.clone(),
            visible_at: 0,
            ours: true,
            token: 1,
        });
        let mut participant = member.listed();
        if self.fate.said == Said::OtherEcho {
            participant.custom_participant_id.push_str("-other");
        }
        AddedParticipant { participant, token: JoinToken::new(member.token()) }
    }

    fn leave_the_way(&self) {
        let mut state = self.world.state();
        if let Some(under_way) = state.life.under_way.get_mut(&self.participant.key.meeting) {
            *under_way -= 1;
        }
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        self.leave_the_way();
        let (key, now) = (self.key(), self.world.now());
        let may_arrive = self.fate.said.may_have_arrived();
        self.world.note(&format!("{} is on its way, and nobody waits for it", key.1));
        self.world.state().posts.entry(key).or_default().die(self.life, now, may_arrive);
        let effect = self.made.is_none() && self.fate.effect != Effect::Never;
        if effect && self.world.dice(("orphan", &self.key().1, now)).u32(0..4) > 0 {
            self.take_effect_late();
        }
    }
}

/// (b), (c): a create leaves only for a row of the accepted run whose intent is durable, and never too many at once.
fn check_departure(world: &World, life: u32, key: &Key) {
    let (now, mut state) = (world.now(), world.state());
    let under_way: usize = state.life.under_way.values().sum();
    if under_way > world.nature.concurrency {
        state.violation(now, format!("{under_way} are on their way"));
    }
    if life != state.life.number || !state.life.sends.contains(key) {
        state.violation(now, format!("{} is no row of the accepted run", key.1));
    }
    if state.life.interrupted_at.is_some_and(|at| at < now) {
        state.violation(now, format!("{} is sent after Ctrl-C", key.1));
    }
    let known = state.reader.as_ref().map(|reader| reader.state_of(&target(), key.0, &key.1));
    if !matches!(known, None | Some(Ok(Some(RowState::Sending)))) {
        state.violation(now, format!("{} is sent without a durable intent: {known:?}", key.1));
    }
}

fn reply<T>(answer: Answer<T>, said: Said) -> Reply<T> {
    let retry_after = match said {
        Said::Throttled(Some(words)) => vec![words.to_owned()],
        _ => Vec::new(),
    };
    Reply { answer, limits: LimitHeaders { retry_after, ..LimitHeaders::default() } }
}

fn status<T>(status: u16) -> Answer<T> {
    Answer::Failure(Failure { status, code: None, message: format!("simulated {status}") })
}

/// What the client makes of what was said; `None`: it panics.
fn answer<T>(said: Said, value: Option<T>) -> Option<Answer<T>> {
    let flawed = |flaw| Answer::Flawed { flaw, remote_id: None };
    Some(match said {
        Said::Yes | Said::OtherEcho => value.map_or_else(|| status(404), Answer::Success),
        Said::YesWithout(Lack::Json) => flawed(Flaw::NotJson),
        Said::YesWithout(Lack::Id) => flawed(Flaw::NoId),
        Said::YesWithout(Lack::Token) => flawed(Flaw::NoToken),
        Said::Status(code) => status(code),
        Said::Throttled(_) => status(429),
        Said::TimedOut => Answer::Lost(Loss::TimedOut),
        Said::Broken => Answer::Lost(Loss::Broken("simulated reset".to_owned())),
        Said::NotConnected => Answer::NotSent(NotSent::NotConnected("simulated refusal".to_owned())),
        Said::NotBuilt => Answer::NotSent(NotSent::NotBuilt("simulated".to_owned())),
        Said::Panic => return None,
    })
}

async fn wait(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

impl Api {
    /// A request that may be repeated freely.
    async fn call<T>(&self, what: &str, value: impl FnOnce() -> Option<T>) -> Reply<T> {
        let percent = self.world.bad_calls();
        let number = self.world.state().request();
        let mut fate = Fate::of_call(&mut self.world.dice((what, self.life, number)), percent);
        if what == "list" && fate.said == Said::Status(404) {
            // Beyond the last page it means its end. A server that says so of a page that is there is left out.
            fate.said = Said::Status(503);
        }
        self.world.note(&format!("{what}: {fate:?}"));
        wait(fate.takes / 2).await;
        let value = if fate.effect == Effect::Never { None } else { value() };
        wait(fate.takes - fate.takes / 2).await;
        let answer = answer(fate.said, value).unwrap_or(Answer::Lost(Loss::Aborted));
        reply(answer, fate.said)
    }
}

impl ParticipantApi for Api {
    async fn add(&self, participant: &Participant) -> Reply<AddedParticipant> {
        let mut post = Post::send(&self.world, self.life, participant);
        let (fate, begins) = (post.fate, post.fate.takes / 2);
        wait(begins).await;
        post.take_effect();
        wait(fate.takes - begins).await;
        match post.end() {
            Some(answer) => reply(answer, fate.said),
            // Without the message that a panic prints.
            None => std::panic::resume_unwind(Box::new("simulated")),
        }
    }

    async fn list(&self, meeting: MeetingId, page: PageRequest) -> Reply<Page<RemoteParticipant>> {
        self.world.begin_page(meeting, page);
        self.call("list", || self.world.page(meeting, page)).await
    }

    async fn participant(&self, meeting: MeetingId, id: &RemoteId) -> Reply<RemoteParticipant> {
        self.call("get", || self.world.member(meeting, id)).await
    }

    async fn update(
        &self,
        meeting: MeetingId,
        id: &RemoteId,
        edit: &ParticipantEdit,
    ) -> Reply<AddedParticipant> {
        self.call("update", || self.world.update(meeting, id, edit)).await
    }

    async fn remove(&self, meeting: MeetingId, id: &RemoteId) -> Reply<Removed> {
        self.call("remove", || Some(self.world.remove(meeting, id))).await
    }

    async fn refresh_token(&self, meeting: MeetingId, id: &RemoteId) -> Reply<JoinToken> {
        self.call("refresh", || self.world.refresh(meeting, id).map(JoinToken::new)).await
    }

    async fn meeting(&self, _meeting: MeetingId) -> Reply<MeetingStatus> {
        self.call("meeting", || Some(MeetingStatus::Active)).await
    }

    async fn presets(&self, _page: PageRequest) -> Reply<Page<String>> {
        let page = Page { items: Vec::new(), total_count: 0, start_offset: 0, end_offset: 0 };
        self.call("presets", || Some(page)).await
    }
}
