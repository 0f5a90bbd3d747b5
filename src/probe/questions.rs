//! The questions, one after the other. What an answer proves is in `findings`.

use std::time::Duration;

use tokio::time::Instant;

use super::asking::{Paged, Prober};
use super::cleaning::{Everybody, Others};
use super::findings::{
    Finding, FirstPage, Lag, Longest, NullPicture, Offsets, Order, PageSize, Refreshed, Refusal, SecondAdd,
    SecondRemoval, TokenLifetime, UpdateToken,
};
use crate::api::{Page, PageRequest, ParticipantApi};
use crate::dispatch::Called;
use crate::event::StopReason;
use crate::model::{
    AddedParticipant, JoinToken, MeetingId, Participant, ParticipantEdit, ParticipantKey, PictureEdit,
    RemoteId, RemoteParticipant,
};
use crate::outcome::{Answer, CreateOutcome, Failure};

/// Requests of a probe where all goes well, beside an add and a removal of each participant: the meeting, eight pages,
/// four further adds of which three make somebody who is removed, a meeting that isn't there, an update, a look, a
/// refresh, a second removal.
pub(super) const REQUESTS_BESIDE_PARTICIPANTS: u64 = 21;
/// When lists are asked for a new participant: the waits between them.
pub(super) const POLLS: [Duration; 7] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
];
/// A page that is as long as none will be.
const LONG_PAGE: u64 = 1_000;
/// The page size that other clients use, and that we list with.
const USUAL_PAGE: u64 = 100;
/// A page on which not everybody is.
const SHORT_PAGE: u64 = 2;
/// The lengths of texts that are tried, until one is accepted.
const LENGTHS: [usize; 3] = [1_024, 255, 64];
/// Not one of the app's.
const NO_PRESET: &str = "guestlist-probe-no-such-preset";
const NAME: &str = "guestlist probe";
const NEW_NAME: &str = "guestlist probe, renamed";
const PICTURE: &str = "https://example.com/guestlist-probe.png";

/// How far the questions came.
pub(super) enum Asked {
    /// All of them.
    Everything(Vec<Finding>),
    /// Until the run ended.
    Part(Vec<Finding>, StopReason),
    /// Not even the first participant could be added.
    Nothing(Failure),
}

/// Why no further question is asked.
enum Ended {
    Stopped(StopReason),
    Refused(Failure),
}

impl From<StopReason> for Ended {
    fn from(reason: StopReason) -> Self {
        Self::Stopped(reason)
    }
}

/// A participant of the probe.
struct Made {
    id: RemoteId,
    token: JoinToken,
}

impl<A: ParticipantApi> Prober<'_, A> {
    /// Asks one question after the other.
    pub(super) async fn ask_everything(&mut self, preset: &str, participants: u16) -> Asked {
        let mut findings = Vec::new();
        match self.ask(preset, participants, &mut findings).await {
            Ok(()) => Asked::Everything(findings),
            Err(Ended::Stopped(reason)) => Asked::Part(findings, reason),
            Err(Ended::Refused(failure)) => Asked::Nothing(failure),
        }
    }

    async fn ask(&mut self, preset: &str, count: u16, findings: &mut Vec<Finding>) -> Result<(), Ended> {
        let people = self.add_people(preset, count).await?;
        let ids: Vec<RemoteId> = people.iter().map(|made| made.id.clone()).collect();
        let Some(first) = people.first() else { return Ok(()) };
        findings.push(Finding::Lag(self.lag(&ids).await?));
        self.ask_about_pages(&ids, findings).await?;
        self.ask_about_adds(preset, &first.id, findings).await?;
        self.ask_about_one(first, findings).await?;
        findings.push(Finding::SecondRemoval(self.remove_twice().await?));
        Ok(())
    }

    fn participant(&self, name: &str, preset: &str) -> Participant {
        let custom_participant_id = format!("{}{name}", self.prefix);
        Participant {
            key: ParticipantKey { meeting: self.meeting, custom_participant_id },
            name: NAME.to_owned(),
            preset_name: preset.to_owned(),
            picture: Some(PICTURE.to_owned()),
        }
    }

    /// The probe's participants, whose ids are in another order than they are created in.
    async fn add_people(&mut self, preset: &str, count: u16) -> Result<Vec<Made>, Ended> {
        let mut people = Vec::new();
        for number in 0..u32::from(count) {
            let participant = self.participant(&scattered(number), preset);
            match self.add(&participant).await? {
                CreateOutcome::Added(added) => people.push(made(added)),
                CreateOutcome::Refused(failure) | CreateOutcome::Doubtful(failure) if people.is_empty() => {
                    return Err(Ended::Refused(failure));
                }
                _ => {}
            }
        }
        Ok(people)
    }

    async fn lag(&self, ids: &[RemoteId]) -> Result<Lag, Ended> {
        let added = Instant::now();
        let mut not_yet = None;
        for wait in std::iter::once(Duration::ZERO).chain(POLLS) {
            self.wait(wait).await?;
            let asked = added.elapsed();
            let shows = match self.everybody(Others::PassOver).await {
                Everybody::Whole(all) => ids.iter().all(|id| all.iter().any(|one| one.id == *id)),
                Everybody::NotWhole | Everybody::Unanswered | Everybody::Others(_) => false,
                Everybody::Stopped(reason) => return Err(reason.into()),
            };
            match (shows, not_yet) {
                (true, None) => return Ok(Lag::AtOnce(added.elapsed())),
                (true, Some(not_yet)) => return Ok(Lag::Between(not_yet, added.elapsed())),
                (false, _) => not_yet = Some(asked),
            }
        }
        Ok(not_yet.map_or(Lag::Unclear, Lag::NotWithin))
    }

    async fn ask_about_pages(&self, ids: &[RemoteId], findings: &mut Vec<Finding>) -> Result<(), Ended> {
        let zero = self.page(PageRequest { page_no: 0, per_page: SHORT_PAGE }).await?.page();
        let one = self.page(PageRequest { page_no: 1, per_page: SHORT_PAGE }).await?.page();
        let of = |page: &Option<Page<RemoteParticipant>>| page.as_ref().map(ids_of);
        let first_page = FirstPage::of(of(&zero).as_deref(), of(&one).as_deref());
        findings.push(Finding::FirstPage(first_page));
        let (page_no, page) = if first_page == FirstPage::Zero { (0, zero) } else { (1, one) };
        findings.push(Finding::Offsets(page.as_ref().map_or(Offsets::Unclear, Offsets::of)));
        let held = ids.len() as u64;
        let (size, order) = match self.page(PageRequest { page_no, per_page: LONG_PAGE }).await? {
            Paged::Page(page) => (PageSize::of(page.items.len() as u64, held), Order::of(&page.items, ids)),
            Paged::Refused(failure) => {
                let usual = self.page(PageRequest { page_no, per_page: USUAL_PAGE }).await?.page();
                let order = usual.map_or(Order::Unclear, |page| Order::of(&page.items, ids));
                (PageSize::Refused { asked: LONG_PAGE, failure }, order)
            }
            Paged::Failed => (PageSize::Unclear, Order::Unclear),
        };
        findings.extend([Finding::PageSize(size), Finding::Order(order)]);
        Ok(())
    }

    async fn ask_about_adds(
        &mut self,
        preset: &str,
        first: &RemoteId,
        findings: &mut Vec<Finding>,
    ) -> Result<(), Ended> {
        let again = self.add(&self.participant(&scattered(0), preset)).await?;
        findings.push(Finding::SecondAdd(SecondAdd::of(&again, first)));
        let unknown = self.add(&self.participant("no-preset", NO_PRESET)).await?;
        findings.push(Finding::UnknownPreset(Refusal::of(&unknown)));
        findings.push(Finding::UnknownMeeting(self.unknown_meeting().await?));
        let mut longest = Longest::default();
        for length in LENGTHS {
            let mut participant = self.participant("", preset);
            pad(&mut participant.key.custom_participant_id, length);
            if !longest.learn(length, Refusal::of(&self.add(&participant).await?)) {
                break;
            }
        }
        findings.push(Finding::LongId(longest));
        let mut longest = Longest::default();
        for length in LENGTHS {
            let mut participant = self.participant(&format!("name-{length}"), preset);
            pad(&mut participant.name, length);
            if !longest.learn(length, Refusal::of(&self.add(&participant).await?)) {
                break;
            }
        }
        findings.push(Finding::LongName(longest));
        Ok(())
    }

    /// Only looked for: an add might bring it about.
    async fn unknown_meeting(&self) -> Result<Refusal, StopReason> {
        let random = fastrand::u128(..).to_be_bytes();
        let nowhere = MeetingId::new(uuid::Builder::from_random_bytes(random).into_uuid());
        Ok(match self.once(|| self.api.meeting(nowhere)).await? {
            Answer::Success(_) => Refusal::Accepted,
            Answer::Failure(failure) => Refusal::Refused(failure),
            Answer::Flawed { .. } | Answer::Lost(_) | Answer::NotSent(_) => Refusal::Unclear,
        })
    }

    async fn ask_about_one(&self, first: &Made, findings: &mut Vec<Finding>) -> Result<(), Ended> {
        let edit = ParticipantEdit {
            name: Some(NEW_NAME.to_owned()),
            preset_name: None,
            picture: Some(PictureEdit::Clear),
        };
        let updated = self.once(|| self.api.update(self.meeting, &first.id, &edit)).await?;
        findings.push(Finding::UpdateToken(UpdateToken::of(&updated)));
        let found = match self.call(|| self.api.participant(self.meeting, &first.id)).await {
            Called::Done(found) => Some(found),
            Called::Refused(_) | Called::Failed(_) => None,
            Called::Stop(reason) => return Err(reason.into()),
        };
        findings.push(Finding::NullPicture(null_picture(found)));
        let refreshed = self.once(|| self.api.refresh_token(self.meeting, &first.id)).await?;
        let lasts = if let Answer::Success(token) = &refreshed { token.lifetime() } else { None };
        findings
            .push(Finding::TokenLifetime(TokenLifetime { added: first.token.lifetime(), refreshed: lasts }));
        findings.push(Finding::Refresh(refresh(refreshed, &first.token)));
        Ok(())
    }

    async fn remove_twice(&mut self) -> Result<SecondRemoval, StopReason> {
        let Some(last) = self.known.last().cloned() else { return Ok(SecondRemoval::Unclear) };
        if !self.remove(&last).await? {
            return Ok(SecondRemoval::Unclear);
        }
        Ok(match self.once(|| self.api.remove(self.meeting, &last)).await? {
            Answer::Success(removed) => removed.into(),
            Answer::Failure(failure) => SecondRemoval::Refused(failure),
            Answer::Flawed { .. } | Answer::Lost(_) | Answer::NotSent(_) => SecondRemoval::Unclear,
        })
    }
}

fn made(added: AddedParticipant) -> Made {
    Made { id: added.participant.id, token: added.token }
}

fn ids_of(page: &Page<RemoteParticipant>) -> Vec<RemoteId> {
    page.items.iter().map(|participant| participant.id.clone()).collect()
}

/// Numbers whose order is another one, each once up to 1,000.
fn scattered(number: u32) -> String {
    format!("{:03}", (number * 389 + 617) % 1_000)
}

/// Makes a text so long.
fn pad(text: &mut String, length: usize) {
    text.extend(std::iter::repeat_n('x', length.saturating_sub(text.chars().count())));
}

/// What a participant whose update was to take the picture away is like afterwards.
fn null_picture(found: Option<RemoteParticipant>) -> NullPicture {
    match found {
        Some(found) if found.name.as_deref() == Some(NEW_NAME) => match found.picture {
            None => NullPicture::Clears,
            Some(_) => NullPicture::Keeps,
        },
        // Not updated, so that nothing can be said.
        Some(_) | None => NullPicture::Unclear,
    }
}

fn refresh(answer: Answer<JoinToken>, older: &JoinToken) -> Refreshed {
    match answer {
        Answer::Success(token) if token.expose() == older.expose() => Refreshed::SameToken,
        Answer::Success(_) => Refreshed::AnotherToken,
        Answer::Failure(failure) => Refreshed::Refused(failure),
        Answer::Flawed { .. } | Answer::Lost(_) | Answer::NotSent(_) => Refreshed::Unclear,
    }
}
