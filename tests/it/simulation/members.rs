//! What is asked and changed of one participant.

use guestlist::api::Removed;
use guestlist::model::{
    AddedParticipant, JoinToken, MeetingId, ParticipantEdit, PictureEdit, RemoteId, RemoteParticipant,
};

use super::world::{Member, World};

impl World {
    /// One participant, if it is in.
    pub(super) fn member(&self, meeting: MeetingId, id: &RemoteId) -> Option<RemoteParticipant> {
        let state = self.state();
        state.meetings.get(&meeting)?.iter().find(|member| member.id == *id).map(Member::listed)
    }

    /// Changes a participant, if it is in; its tokens end.
    pub(super) fn update(
        &self,
        meeting: MeetingId,
        id: &RemoteId,
        edit: &ParticipantEdit,
    ) -> Option<AddedParticipant> {
        let mut state = self.state();
        let member = state.meetings.get_mut(&meeting)?.iter_mut().find(|member| member.id == *id)?;
        let fields = &mut member.participant;
        if let Some(name) = &edit.name {
            fields.name.clone_from(name);
        }
        if let Some(preset_name) = &edit.preset_name {
            fields.preset_name.clone_from(preset_name);
        }
        match &edit.picture {
            None => {}
            Some(PictureEdit::Set(url)) => fields.picture = Some(url.clone()),
            Some(PictureEdit::Clear) => fields.picture = None,
        }
        member.token += 1;
        Some(AddedParticipant { participant: member.listed(), token: JoinToken::new(member.token()) })
    }

    /// Removes a participant. One that somebody else added must stay.
    pub(super) fn remove(&self, meeting: MeetingId, id: &RemoteId) -> Removed {
        let (now, mut state) = (self.now(), self.state());
        let members = state.meetings.entry(meeting).or_default();
        let Some(at) = members.iter().position(|member| member.id == *id) else { return Removed::Gone };
        let member = members.remove(at);
        let custom_id = member.participant.key.custom_participant_id;
        state.note(now, &format!("{custom_id} is removed"));
        if !member.ours {
            state.violation(now, format!("{custom_id} was somebody else's, and is removed"));
        }
        Removed::Deleted
    }
}
