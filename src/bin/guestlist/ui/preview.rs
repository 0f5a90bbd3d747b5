//! The first rows as they will be sent.

use std::sync::Arc;

use guestlist::model::{Location, MeetingId, Participant, escape};
use guestlist::roster::{OnDuplicate, RosterRow};

/// Rows are kept until it is known that none of them names somebody again.
#[derive(Debug, Default)]
pub(crate) struct Preview {
    wanted: usize,
    on_duplicate: OnDuplicate,
    file: Option<Arc<str>>,
    rows: Vec<PreviewRow>,
}

/// A row, and where it is.
#[derive(Debug)]
pub(crate) struct PreviewRow {
    pub(super) location: Location,
    pub(super) participant: Participant,
}

impl Preview {
    /// Of so many rows at the most; of two for one participant, that which counts.
    pub(crate) fn of(wanted: usize, on_duplicate: OnDuplicate) -> Self {
        Self { wanted, on_duplicate, ..Self::default() }
    }

    /// The following rows are of this roster.
    pub(crate) fn open(&mut self, file: &Arc<str>) {
        self.file = Some(Arc::clone(file));
    }

    /// A valid row, as long as there is room. Twice as many as wanted are kept, for those that are withdrawn.
    pub(crate) fn add(&mut self, row: &RosterRow) {
        let is_full = self.rows.len() >= 2 * self.wanted;
        let Some(file) = self.file.as_ref().filter(|_| !is_full || self.on_duplicate == OnDuplicate::Last)
        else {
            return;
        };
        let kept = self.rows.iter_mut().find(|kept| kept.participant.key == row.participant.key);
        let this = || PreviewRow {
            location: Location { file: Arc::clone(file), line: row.line },
            participant: row.participant.clone(),
        };
        match (kept, self.on_duplicate) {
            (Some(kept), OnDuplicate::Last) => *kept = this(),
            (Some(_), OnDuplicate::First | OnDuplicate::Stop) => {} // it isn't sent, or will be said to be one too many
            (None, _) if is_full => {}
            (None, _) => self.rows.push(this()),
        }
    }

    /// The row there isn't sent after all.
    pub(crate) fn withdraw(&mut self, location: &Location) {
        // A list may have a million rejected rows, most of them far from here.
        self.rows.retain(|row| row.location.line != location.line || row.location != *location);
    }

    pub(crate) fn rows(&self) -> &[PreviewRow] {
        &self.rows[..self.rows.len().min(self.wanted)]
    }

    /// Its columns for a person, and in each row a cell for each of them: a meeting and a picture only where they tell
    /// something.
    pub(super) fn table(
        &self,
        names_meetings: bool,
        longest: usize,
    ) -> (Vec<&'static str>, Vec<Vec<String>>) {
        let has_pictures = self.rows().iter().any(|row| row.participant.picture.is_some());
        let shown = |wanted: bool, name| wanted.then_some(name);
        let header = ["id", "name", "preset"].map(Some).into_iter();
        let header = header.chain([shown(names_meetings, "meeting"), shown(has_pictures, "picture")]);
        let cells = |row: &PreviewRow| {
            let Participant { key, name, preset_name, picture } = &row.participant;
            let texts = [&*key.custom_participant_id, name, preset_name].map(|text| Some(text.to_owned()));
            let meeting = row.meeting().map(|meeting| meeting.to_string());
            let meeting = names_meetings.then(|| meeting.unwrap_or_default());
            let picture = has_pictures.then(|| picture.clone().unwrap_or_default());
            texts
                .into_iter()
                .chain([meeting, picture])
                .flatten()
                .map(|text| shown_value(&text, longest))
                .collect()
        };
        (header.flatten().collect(), self.rows().iter().map(cells).collect())
    }
}

impl PreviewRow {
    /// `None` if no meeting was named, which a check doesn't need.
    pub(super) fn meeting(&self) -> Option<MeetingId> {
        let meeting = self.participant.key.meeting;
        (meeting != MeetingId::new(uuid::Uuid::nil())).then_some(meeting)
    }
}

/// A value from a roster, so many characters of it at the most, safe to print.
pub(super) fn shown_value(value: &str, longest: usize) -> String {
    match value.char_indices().nth(longest) {
        Some((end, _)) => escape(&value[..end]) + "…",
        None => escape(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: u64, id: &str) -> RosterRow {
        let mut row = RosterRow::new();
        row.line = line;
        row.participant.key.custom_participant_id = id.to_owned();
        row
    }

    fn ids(preview: &Preview) -> Vec<&str> {
        preview.rows().iter().map(|row| &*row.participant.key.custom_participant_id).collect()
    }

    #[test]
    fn the_first_rows_are_those_that_are_sent() {
        let file: Arc<str> = Arc::from("list.csv");
        let mut preview = Preview::of(2, OnDuplicate::Stop);
        preview.open(&file);
        for (line, id) in [(2, "a"), (3, "b"), (4, "a"), (5, "c"), (6, "d"), (7, "e")] {
            preview.add(&row(line, id));
        }
        assert_eq!(ids(&preview), ["a", "b"]);
        preview.withdraw(&Location { file: Arc::clone(&file), line: 2 });
        assert_eq!(ids(&preview), ["b", "c"]);
        preview.withdraw(&Location { file, line: 4 });
        assert_eq!(ids(&preview), ["b", "c"], "a row that was never kept");
    }

    /// However late it comes: the row that counts is shown.
    #[rstest::rstest]
    #[case(OnDuplicate::First, [2, 3])]
    #[case(OnDuplicate::Last, [9, 3])]
    fn of_two_rows_the_one_that_counts_is_shown(#[case] on_duplicate: OnDuplicate, #[case] lines: [u64; 2]) {
        let mut preview = Preview::of(2, on_duplicate);
        preview.open(&Arc::from("list.csv"));
        for (line, id) in [(2, "a"), (3, "b"), (4, "c"), (5, "d"), (6, "a"), (7, "e"), (9, "a")] {
            preview.add(&row(line, id));
        }
        assert_eq!(preview.rows().iter().map(|row| row.location.line).collect::<Vec<_>>(), lines);
    }

    #[test]
    fn none_are_kept_where_none_are_wanted() {
        let mut preview = Preview::of(0, OnDuplicate::Last);
        preview.open(&Arc::from("list.csv"));
        preview.add(&row(2, "a"));
        assert_eq!(ids(&preview), Vec::<&str>::new());
    }

    #[test]
    fn a_value_is_cut_between_characters_and_safe_to_print() {
        assert_eq!(shown_value("Zoé\u{202e}", 4), "Zoé\\u{202e}");
        assert_eq!(shown_value(&"é".repeat(9), 4), "éééé…");
    }
}
