//! What the server's lists and tokens are like: lists lag, come in odd pages, and move while they are read.

use guestlist::api::{Page, PageRequest};
use guestlist::model::{MeetingId, Participant, ParticipantKey, RemoteId, RemoteParticipant};

use super::fate::pick;
use super::nature::{Order, PageZero};
use super::world::{Member, State, World};

impl World {
    /// A page is asked for: the meeting's creates must pause; somebody else may come and go between two pages.
    pub(super) fn begin_page(&self, meeting: MeetingId, page: PageRequest) {
        let (now, percent) = (self.now(), self.bad_calls());
        let mut state = self.state();
        let under_way = state.life.under_way.get(&meeting).copied().unwrap_or_default();
        if under_way > 0 {
            state.violation(now, format!("a meeting is listed while {under_way} creates are on their way"));
        }
        let (life, listings) = (state.life.number, state.life.listings.entry(meeting).or_default());
        *listings += 1;
        let mut dice = self.dice(("page", life, *listings, meeting.to_string()));
        if page.page_no == 1 {
            let wrong = dice.u32(0..200) < percent;
            let off_by = if wrong { pick(&mut dice, &[-2, -1, 1, 2]) } else { 0 };
            state.life.total_off_by.insert(meeting, off_by);
            let misleads = dice.u32(0..100) < percent && state.may_mislead(meeting, now);
            state.life.misled = misleads.then_some(meeting);
        }
        drop(state);
        if dice.u32(0..100) < percent {
            if dice.bool() {
                self.somebody_else_comes(meeting, now);
            } else {
                self.somebody_else_goes(meeting);
            }
        }
    }

    fn somebody_else_comes(&self, meeting: MeetingId, now: u64) {
        self.note("somebody else comes");
        self.add_foreign(&somebody_else(meeting, now));
    }

    fn somebody_else_goes(&self, meeting: MeetingId) {
        let mut state = self.state();
        let members = state.meetings.entry(meeting).or_default();
        if let Some(at) = members.iter().position(Member::is_foreign) {
            members.remove(at);
            let now = self.now();
            state.note(now, "somebody else goes");
        }
    }

    /// A page as the server has it now; `None`: there is no such page.
    pub(super) fn page(&self, meeting: MeetingId, page: PageRequest) -> Option<Page<RemoteParticipant>> {
        let listed = self.listed(meeting);
        let nature = &self.nature;
        let index = match (page.page_no.checked_sub(nature.first_page), nature.page_zero) {
            (Some(index), _) => usize::try_from(index).unwrap(),
            (None, PageZero::TheFirst) => 0,
            (None, PageZero::Refused) => return None,
        };
        let length = nature.per_page.min(usize::try_from(page.per_page).unwrap());
        let start = index * length;
        let items: Vec<_> = listed.iter().skip(start).take(length).cloned().collect();
        let start_offset = start as u64 + nature.first_offset;
        let end_offset = start_offset + items.len() as u64;
        Some(Page { items, total_count: self.total(meeting, listed.len()), start_offset, end_offset })
    }

    fn listed(&self, meeting: MeetingId) -> Vec<RemoteParticipant> {
        let (now, state) = (self.now(), self.state());
        let members = state.meetings.get(&meeting).into_iter().flatten();
        let mut listed: Vec<Member> = members.filter(|member| member.visible_at <= now).cloned().collect();
        if state.life.misled == Some(meeting) {
            state.hide_one_in_doubt(&mut listed);
        }
        match self.nature.order {
            Order::OldestFirst => {}
            Order::NewestFirst => listed.reverse(),
            Order::Scattered => listed.sort_by(|one, other| one.id.cmp(&other.id)),
        }
        listed.iter().map(Member::listed).collect()
    }

    /// Now and then the total is wrong. Too small by just page 0, which nobody has reason to ask for then, is left out:
    /// such a listing is complete by every rule of GUARANTEE.md section 3.
    fn total(&self, meeting: MeetingId, right: usize) -> u64 {
        let off_by = self.state().life.total_off_by.get(&meeting).copied().unwrap_or_default();
        let total = (i64::try_from(right).unwrap() + off_by).max(0).unsigned_abs();
        let page_zero = self.nature.per_page.min(right);
        let hides = off_by < 0 && self.nature.first_page == 0 && total == (right - page_zero) as u64;
        if hides { right as u64 + off_by.unsigned_abs() } else { total }
    }

    /// A new token, which ends the old one.
    pub(super) fn refresh(&self, meeting: MeetingId, id: &RemoteId) -> Option<String> {
        let (now, refresh_found) = (self.now(), self.nature.refresh_found);
        let mut state = self.state();
        let member = state.meetings.get_mut(&meeting)?.iter_mut().find(|member| member.id == *id)?;
        member.token += 1;
        let (token, ours) = (member.token(), member.ours);
        if !ours && !refresh_found {
            state.violation(now, format!("the token of {} was somebody else's", id.as_str()));
        }
        Some(token)
    }
}

impl State {
    /// Once in a meeting, a listing is complete by every rule and yet lacks somebody whose create is in doubt, as when
    /// one of those on the pages read so far goes just as somebody else comes. That is why GUARANTEE.md wants two of
    /// them before a create is sent again. Before a first create it makes do with one, so that nobody must be in the
    /// meeting whom our journal doesn't know.
    fn may_mislead(&mut self, meeting: MeetingId, now: u64) -> bool {
        let members = self.meetings.get(&meeting).into_iter().flatten();
        let unknown = |member: &Member| !member.ours && !member.is_foreign();
        !members.clone().any(unknown)
            && members.clone().any(|member| member.visible_at <= now && self.in_doubt(member))
            && self.misled.insert(meeting)
    }

    fn in_doubt(&self, member: &Member) -> bool {
        member.ours && self.posts.get(&member.key()).is_some_and(|posts| posts.unproven > 0)
    }

    fn hide_one_in_doubt(&self, listed: &mut [Member]) {
        if let Some(hidden) = listed.iter_mut().rev().find(|member| self.in_doubt(member)) {
            hidden.id = RemoteId::new("somebody-else").unwrap();
            hidden.participant.key.custom_participant_id = "foreign-instead".to_owned();
        }
    }
}

/// Somebody whom no roster names.
pub(super) fn somebody_else(meeting: MeetingId, number: u64) -> Participant {
    Participant {
        key: ParticipantKey { meeting, custom_participant_id: format!("foreign-{number}") },
        name: "Somebody else".to_owned(),
        preset_name: "viewer".to_owned(),
        picture: None,
    }
}
