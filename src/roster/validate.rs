//! Whether a row can be added, and as whom: every rule on its own, so that all problems of a row come at once.

use std::borrow::Cow;
use std::fmt::Write;

use icu_normalizer::ComposingNormalizerBorrowed;
use uuid::Uuid;

use crate::model::MeetingId;

use super::columns::Columns;
use super::directory::{Directory, DirectoryUnavailable, MeetingStanding, PresetStanding};
use super::field::Field;
use super::id::{add_to_derivation, check_id, derive, holds_unprintable, is_rounded};
use super::options::{DefaultMeeting, IdSource, ReadOptions};
use super::person::Person;
use super::picture::is_picture_url;
use super::preset_map::{TicketRows, TicketTally};
use super::row::RosterRow;
use super::row_error::{Problems, RowErrorCode as Code};
use super::spoiled::spoiled;

/// A row's values by column. What is missing or broken is empty.
pub(super) trait Cells {
    fn get(&self, column: usize) -> &str;
}

/// Checks rows one after the other, and remembers the last meeting: rosters name one many times over.
pub(super) struct Validator {
    options: ReadOptions,
    derivation: String,
    last_meeting: Option<(String, MeetingId)>,
    last_standing: Option<(MeetingId, MeetingStanding)>,
    tickets: TicketTally,
}

/// A row under examination.
pub(super) struct Case<'a, 'p, C> {
    pub(super) cells: &'a C,
    pub(super) columns: &'a Columns,
    pub(super) problems: &'a mut Problems<'p>,
}

impl<'a, C: Cells> Case<'a, '_, C> {
    /// A field's column and trimmed text, empty if there is none.
    fn text(&self, field: Field) -> (Option<usize>, &'a str) {
        let (cells, column) = (self.cells, self.columns.field(field));
        (column, column.map_or("", |at| cells.get(at).trim()))
    }

    /// Says that a field has no value, unless it is known already that its value is broken.
    fn missing(&mut self, column: Option<usize>, code: Code) {
        if !column.is_some_and(|at| self.problems.has(at)) {
            self.problems.cell(column, None, code, None);
        }
    }
}

impl Validator {
    pub(super) fn new(options: ReadOptions) -> Self {
        Self {
            options,
            derivation: String::new(),
            last_meeting: None,
            last_standing: None,
            tickets: TicketTally::default(),
        }
    }

    /// Fills `row` with what is valid and tells what isn't.
    pub(super) fn validate<C: Cells>(
        &mut self,
        case: &mut Case<'_, '_, C>,
        row: &mut RosterRow,
        directory: &mut impl Directory,
    ) -> Result<(), DirectoryUnavailable> {
        let identified = match self.options.id_source {
            IdSource::Column => self.id(case, row),
            IdSource::Derived(_) => self.derived_id(case, row),
        };
        self.name(case, row);
        // An id that is made of a name is another one as soon as the name is put right: then the address alone says who
        // it is.
        let name = if case.columns.derives_from_name() { "" } else { &row.participant.name };
        row.person = Person::of(name, case.text(Field::Email).1);
        self.preset(case, row, directory);
        picture(case, row);
        let located = self.meeting(case, row, directory)?;
        row.keyed = identified && located;
        Ok(())
    }

    fn id<C: Cells>(&self, case: &mut Case<'_, '_, C>, row: &mut RosterRow) -> bool {
        let (column, id) = case.text(Field::Id);
        if id.is_empty() {
            match way_out(Code::MissingId, case.columns).filter(|_| column.is_none()) {
                Some(hint) => case.problems.cell(None, None, Code::MissingId, Some(hint)),
                None => case.missing(column, Code::MissingId),
            }
            return false;
        }
        match check_id(id, self.options.personal_ids) {
            Ok(()) => {
                replace(&mut row.participant.key.custom_participant_id, id);
                true
            }
            Err(code) => {
                case.problems.cell(column, Some(id), code, way_out(code, case.columns));
                false
            }
        }
    }

    fn derived_id<C: Cells>(&mut self, case: &mut Case<'_, '_, C>, row: &mut RosterRow) -> bool {
        self.derivation.clear();
        let mut first = true;
        for column in case.columns.id_from() {
            let value = column.map_or("", |at| case.cells.get(at).trim());
            if holds_unprintable(value) {
                case.problems.cell(*column, Some(value), Code::IdControlCharacter, None);
            } else if is_rounded(value) {
                case.problems.cell(*column, Some(value), Code::IdRounded, None);
            } else if let Some(code) = spoiled(value) {
                case.problems.cell(*column, Some(value), code, None);
            }
            add_to_derivation(&mut self.derivation, value, first);
            first = false;
        }
        let broken = case.columns.id_from().iter().flatten().any(|at| case.problems.has(*at));
        let id = &mut row.participant.key.custom_participant_id;
        id.clear();
        match derive(&self.derivation, self.options.id_key.as_ref()) {
            _ if broken => false,
            Some(uuid) => write!(id, "{uuid}").is_ok(),
            None => {
                case.missing(case.columns.id_from().first().copied().flatten(), Code::MissingId);
                false
            }
        }
    }

    fn name<C: Cells>(&self, case: &mut Case<'_, '_, C>, row: &mut RosterRow) {
        let name = &mut row.participant.name;
        let (mut column, full) = case.text(Field::Name);
        let (mut last_column, mut last) = (None, "");
        replace(name, full);
        if name.is_empty() {
            let (first_column, first) = case.text(Field::FirstName);
            (last_column, last) = case.text(Field::LastName);
            column = first_column;
            replace(name, first);
            if !first.is_empty() && !last.is_empty() {
                name.push(' ');
            }
            name.push_str(last);
        }
        if name.is_empty() {
            replace(name, &self.options.default_name);
        } else if holds_control(name) {
            case.problems.cell(column, Some(name), Code::NameControlCharacter, None);
        } else {
            let first = &name[..name.len() - last.len()];
            refuse_spoiled(case.problems, column, first.trim_end());
            refuse_spoiled(case.problems, last_column, last);
            compose(name);
        }
    }

    /// How many rows each entry of the preset map was the one of.
    pub(super) fn ticket_rows(&self) -> Vec<TicketRows> {
        self.options.preset_map.as_ref().map_or_else(Vec::new, |map| self.tickets.rows(map))
    }

    fn preset<C: Cells>(
        &mut self,
        case: &mut Case<'_, '_, C>,
        row: &mut RosterRow,
        directory: &mut impl Directory,
    ) {
        let (column, own) = match &self.options.preset_map {
            None => case.text(Field::Preset),
            Some(map) => {
                let (column, ticket) = case.text(Field::TicketType);
                match self.tickets.count(map, ticket) {
                    Some(preset) => (column, preset),
                    None if ticket.is_empty() => (column, ""),
                    None => return case.problems.cell(column, Some(ticket), Code::UnmappedTicket, None),
                }
            }
        };
        let preset = match &self.options.default_preset {
            Some(default) if own.is_empty() => default,
            _ => own,
        };
        if preset.is_empty() {
            return case.missing(column, Code::MissingPreset);
        }
        replace(&mut row.participant.preset_name, preset);
        if let Some(code) = spoiled(preset) {
            return case.problems.cell(column, Some(preset), code, None);
        }
        if holds_unprintable(preset) {
            return case.problems.cell(column, Some(preset), Code::PresetControlCharacter, None);
        }
        match directory.preset(preset) {
            PresetStanding::Known | PresetStanding::NotAsked => {}
            PresetStanding::Unknown { did_you_mean } => {
                let hint = did_you_mean.map(|name| format!("did you mean \"{name}\"?"));
                case.problems.cell(column, Some(preset), Code::UnknownPreset, hint);
            }
        }
    }

    /// Whether the meeting is known, joinable or not.
    fn meeting<C: Cells>(
        &mut self,
        case: &mut Case<'_, '_, C>,
        row: &mut RosterRow,
        directory: &mut impl Directory,
    ) -> Result<bool, DirectoryUnavailable> {
        let (column, text) = case.text(Field::Meeting);
        let meeting = match (text, self.options.default_meeting) {
            ("", DefaultMeeting::Given(default)) => default,
            ("", DefaultMeeting::NotNeeded) if column.is_none() => {
                row.participant.key.meeting = MeetingId::new(Uuid::nil());
                return Ok(true);
            }
            ("", DefaultMeeting::NotNeeded | DefaultMeeting::Missing) => {
                case.missing(column, Code::MissingMeeting);
                return Ok(false);
            }
            (text, _) => match self.parse_meeting(text) {
                Some(meeting) => meeting,
                None => {
                    case.problems.cell(column, Some(text), Code::BadMeetingId, None);
                    return Ok(false);
                }
            },
        };
        row.participant.key.meeting = meeting;
        let code = match self.standing(meeting, directory)? {
            MeetingStanding::Active | MeetingStanding::NotAsked => return Ok(true),
            MeetingStanding::Inactive => Code::InactiveMeeting,
            MeetingStanding::Unknown => Code::UnknownMeeting,
        };
        case.problems.cell(column, Some(&meeting.to_string()), code, None);
        Ok(true)
    }

    fn parse_meeting(&mut self, text: &str) -> Option<MeetingId> {
        if let Some((last, meeting)) = &self.last_meeting
            && last == text
        {
            return Some(*meeting);
        }
        let meeting = text.parse().ok()?;
        self.last_meeting = Some((text.to_owned(), meeting));
        Some(meeting)
    }

    fn standing(
        &mut self,
        meeting: MeetingId,
        directory: &mut impl Directory,
    ) -> Result<MeetingStanding, DirectoryUnavailable> {
        if let Some((last, standing)) = self.last_standing
            && last == meeting
        {
            return Ok(standing);
        }
        let standing = directory.meeting(meeting)?;
        self.last_standing = Some((meeting, standing));
        Ok(standing)
    }
}

/// The way out of an id that isn't there or is personal data, in the words of this roster.
fn way_out(code: Code, columns: &Columns) -> Option<String> {
    let derive = columns.derivation(code == Code::IdEmail)?;
    match code {
        Code::MissingId => Some(format!("give each person an id of your own, or derive one with {derive}")),
        Code::IdEmail | Code::IdPhone => Some(format!(
            "use an internal id, derive one with {derive} instead of taking this column, or insist with --allow-pii-ids"
        )),
        _ => None,
    }
}

fn picture<C: Cells>(case: &mut Case<'_, '_, C>, row: &mut RosterRow) {
    let (column, picture) = case.text(Field::Picture);
    if picture.is_empty() {
        row.participant.picture = None;
    } else if is_picture_url(picture) {
        replace(row.participant.picture.get_or_insert_default(), picture);
    } else {
        case.problems.cell(column, Some(picture), Code::BadPicture, None);
    }
}

/// Says that a part of a name was lost, unless that is known already: the id may be derived from it.
fn refuse_spoiled(problems: &mut Problems<'_>, column: Option<usize>, part: &str) {
    if let Some(code) = spoiled(part)
        && !column.is_some_and(|at| problems.has(at))
    {
        problems.cell(column, Some(part), code, None);
    }
}

fn holds_control(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_control()) || (!text.is_ascii() && text.chars().any(char::is_control))
}

/// Accents become one with their letters (NFC), so that a name looks and sorts alike wherever it was typed. A name is
/// shown; an id is compared, so that it stays as it is.
fn compose(name: &mut String) {
    // Below U+0300, whose first byte this is, everything is composed: nearly all names of Latin script.
    if name.bytes().all(|b| b < 0xcc) {
        return;
    }
    let composed = match ComposingNormalizerBorrowed::new_nfc().normalize(name) {
        Cow::Borrowed(_) => return,
        Cow::Owned(composed) => composed,
    };
    *name = composed;
}

fn replace(target: &mut String, text: &str) {
    target.clear();
    target.push_str(text);
}
