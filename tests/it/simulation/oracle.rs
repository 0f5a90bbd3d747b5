//! What must hold when a run has come to its end, judged by who is in the meetings.

use std::path::Path;

use guestlist::journal::{ExportRow, JournalError, JournalReader};
use guestlist::lifecycle::RowState;
use guestlist::model::Participant;

use super::life::Ran;
use super::world::{Key, Member, State, World};

/// What a run and its journal say of the roster.
pub(super) struct Report<'a> {
    pub(super) world: &'a World,
    pub(super) ran: &'a Ran,
    pub(super) roster: &'a [Participant],
    rows: Vec<ExportRow>,
}

fn key_of(row: &Participant) -> Key {
    (row.key.meeting, row.key.custom_participant_id.clone())
}

impl<'a> Report<'a> {
    pub(super) fn of(world: &'a World, journal: &Path, ran: &'a Ran, roster: &'a [Participant]) -> Self {
        let mut rows = Vec::new();
        let reader = JournalReader::open(journal).unwrap();
        reader
            .export(ran.filter, |row| {
                rows.push(row);
                Ok::<_, JournalError>(())
            })
            .unwrap();
        Self { world, ran, roster, rows }
    }

    fn row(&self, key: &Key) -> Option<&ExportRow> {
        let meeting = key.0.to_string();
        self.rows.iter().find(|row| row.meeting_id == meeting && row.custom_participant_id == key.1)
    }

    fn must(&self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.world.violation(what());
        }
    }

    /// (d), (e): after any run that came to its end.
    pub(super) fn check(&self) {
        let tally = self.ran.tally;
        let rows = self.roster.len() as u64;
        self.must(tally.rows() == rows, || format!("{tally:?} is not {rows} rows"));
        self.must(tally.not_attempted == 0 || !self.ran.stops.is_empty(), || {
            format!("{} rows were not attempted, and nothing stopped the run", tally.not_attempted)
        });
        let confirmed = self.count(&[RowState::Added, RowState::Present]);
        self.must(tally.added + tally.present == confirmed, || {
            format!("{tally:?}, not {confirmed} confirmed")
        });
        self.must(self.count(&[RowState::Sending]) == 0, || "a row is left in sending".to_owned());
        let state = self.world.state();
        let found: Vec<_> = self.roster.iter().filter_map(|row| self.wrong_row(&state, row)).collect();
        drop(state);
        found.into_iter().for_each(|wrong| self.world.violation(wrong));
    }

    fn count(&self, states: &[RowState]) -> u64 {
        self.rows.iter().filter(|row| states.contains(&row.state)).count() as u64
    }

    /// Whoever counts as in is in, under the id that is reported and with the newest token.
    fn wrong_row(&self, state: &State, wanted: &Participant) -> Option<String> {
        let key = key_of(wanted);
        let Some(row) = self.row(&key) else { return Some(format!("{} is in no report", key.1)) };
        if !matches!(row.state, RowState::Added | RowState::Present) {
            return None;
        }
        let living = state.living(&key);
        let remote = row.participant_id.as_deref();
        match living.iter().find(|member| Some(member.id.as_str()) == remote) {
            None if state.removed.iter().any(|removed| Some(removed.as_str()) == remote) => None,
            None => Some(format!("{} counts as {} as {remote:?}, and is not", key.1, row.state)),
            Some(member) => wrong_token(row, member, wanted),
        }
    }

    /// After the last run, when all was well: everybody is in once and has a link, or is reported.
    pub(super) fn check_last(&self, deaths: u32) {
        self.check();
        let stops = &self.ran.stops;
        self.must(stops.is_empty(), || format!("the last run stopped: {stops:?}"));
        let state = self.world.state();
        let found: Vec<_> =
            self.roster.iter().filter_map(|row| self.wrong_end(&state, row, deaths)).collect();
        let out = self.roster.iter().filter(|row| state.living(&key_of(row)).is_empty()).count() as u64;
        drop(state);
        found.into_iter().for_each(|wrong| self.world.violation(wrong));
        let tally = self.ran.tally;
        self.must(tally.uncertain == out, || format!("{out} are not in, {tally:?}"));
        let others = tally.rejected + tally.conflict + tally.held + tally.not_attempted;
        self.must(others == 0, || format!("left in the end: {tally:?}"));
    }

    fn wrong_end(&self, state: &State, wanted: &Participant, deaths: u32) -> Option<String> {
        let key = key_of(wanted);
        let row = self.row(&key)?;
        match state.living(&key).as_slice() {
            [] => {
                let posts = state.posts.get(&key).cloned().unwrap_or_default();
                let excused = posts.excuses(deaths, self.world.holds_back());
                let well = excused && row.state == RowState::Uncertain;
                (!well).then(|| format!("{} is lost: {}, {posts:?}, {deaths} deaths", key.1, row.state))
            }
            [member] => {
                let confirmed = matches!(row.state, RowState::Added | RowState::Present);
                let link = row.token.is_some()
                    || !member.ours
                    || member.participant.preset_name != wanted.preset_name;
                (!confirmed || !link).then(|| format!("{} is in, but {} without a token", key.1, row.state))
            }
            more => Some(format!("{} is in {} times", key.1, more.len())),
        }
    }
}

/// A link that works, and nobody else's: of the preset that the roster wants.
fn wrong_token(row: &ExportRow, member: &Member, wanted: &Participant) -> Option<String> {
    let token = row.token.as_ref()?;
    let id = &row.custom_participant_id;
    if token.expose() != member.token() {
        return Some(format!("the link of {id} is {}, and works no more", token.expose()));
    }
    let preset = &member.participant.preset_name;
    (*preset != wanted.preset_name).then(|| format!("{id} gets the link of a {preset}"))
}
