//! A complete listing held against what the run's roster names and what the journal knows, id by id; and what a sync
//! is to do about it, kept in a temporary table until it is done or the run ends.
//!
//! Both sides are read in the order of their ids, so that no meeting has to fit into memory.

use std::cmp::Ordering;

use rusqlite::{Connection, Row, Rows, params};
use sha2::{Digest, Sha256};

use super::difference::{Difference, Fields, parts};
use super::error::{Doing, JournalError};
use super::listing::Resend;
use super::planned::{ChangeCounts, ChangeKind, MeetingPlan, PlannedChange};
use super::state::read_state;
use super::twins::{REFUSED_TWINS, REMOVALS, spare_twins};
use super::{Journal, MeetingKey, RowId, RunMeeting, RunNumber};
use crate::lifecycle::RowState;
use crate::model::{Location, RemoteId};
use crate::plan::{Change, FieldChange, Known, Listed, Origin, Seen, Shown, ShownField, is_replaced, judge};

pub(super) const PLANNING: &str = "comparing the roster with the meeting";

/// What is planned; forgotten when the run ends.
pub(super) const CHANGES: &str = "CREATE TEMP TABLE IF NOT EXISTS changes (
     number INTEGER PRIMARY KEY, meeting INTEGER NOT NULL, kind TEXT NOT NULL, participant INTEGER,
     custom_participant_id TEXT NOT NULL, name TEXT NOT NULL, participant_id TEXT, fields TEXT,
     shown_name TEXT, shown_preset TEXT, shown_picture TEXT, wanted TEXT, kept TEXT
 ) STRICT;
 CREATE INDEX IF NOT EXISTS temp.changes_by_kind ON changes (kind, number);";

/// A row of the journal, with what its roster wants.
pub(super) struct Journaled {
    pub(super) row: i64,
    pub(super) id: String,
    named: bool,
    pub(super) state: RowState,
    pub(super) origin: Origin,
    pub(super) participant_id: Option<String>,
    /// The run whose create was answered or lost last.
    pub(super) sent_run: i64,
    pub(super) held: Fields,
    pub(super) wanted: Fields,
    /// Whether somebody has accepted that what is held differs from what is wanted.
    pub(super) accepted: bool,
    /// Whether the journal held something else of it than the roster wants.
    differed: bool,
}

/// Somebody in the list.
pub(super) struct InList {
    pub(super) id: String,
    pub(super) participant_id: String,
    pub(super) shown: Fields,
    /// As the API wrote it.
    pub(super) created_at: String,
}

pub(super) fn shown(fields: &Fields) -> Shown<'_> {
    Shown { name: &fields.0, preset_name: &fields.1, picture: fields.2.as_deref() }
}

impl Journal {
    /// Compares the meeting's listing, which must be complete, with the rows of this run and with those of earlier
    /// ones, and plans what is to be done, if creates that stayed absent are treated as `resend` says. Nothing that the
    /// journal holds is changed.
    pub fn plan_changes(&mut self, meeting: RunMeeting, resend: Resend) -> Result<MeetingPlan, JournalError> {
        let transaction = self.connection.transaction().doing(PLANNING)?;
        transaction.execute_batch(CHANGES).doing(PLANNING)?;
        transaction.execute_batch(REFUSED_TWINS).doing(PLANNING)?;
        transaction
            .execute("DELETE FROM temp.changes WHERE meeting = ?1", [meeting.key.0])
            .doing(PLANNING)?;
        let mut plan = compare(&transaction, self.run, meeting, resend)?;
        for kind in REMOVALS {
            *plan.counts.slot(kind) -= spare_twins(&transaction, self.run, Some(meeting.key), kind)?;
        }
        transaction.commit().doing(PLANNING)?;
        Ok(plan)
    }

    /// Up to `count` planned changes of these kinds after a place in the plan, in its order.
    pub fn changes(
        &self,
        kind: ChangeKind,
        after: i64,
        count: usize,
    ) -> Result<Vec<PlannedChange>, JournalError> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        // No meeting may have been looked at.
        self.connection.execute_batch(CHANGES).doing(PLANNING)?;
        self.connection
            .prepare_cached(
                "SELECT x.number, m.meeting_id, x.custom_participant_id, x.name, x.participant_id, x.fields, r.file, p.line,
                        x.participant, x.kept
                 FROM temp.changes x CROSS JOIN meetings m USING (meeting)
                 LEFT JOIN participants p USING (participant) LEFT JOIN rosters r USING (roster)
                 WHERE x.kind = ?1 AND x.number > ?2 ORDER BY x.number LIMIT ?3",
            )
            .and_then(|mut select| {
                select.query_map(params![kind.name(), after, count], |row| read_change(row, kind))?.collect()
            })
            .doing(PLANNING)
    }
}

fn compare(
    connection: &Connection,
    run: RunNumber,
    meeting: RunMeeting,
    resend: Resend,
) -> Result<MeetingPlan, JournalError> {
    let mut planner = Planner {
        connection,
        meeting: meeting.key,
        resend,
        managed: 0,
        in_doubt: 0,
        counts: ChangeCounts::default(),
        listing: Sha256::new(),
    };
    walk(connection, run, meeting.key, |row, there| planner.plan(row, there))?;
    let listing = planner.listing.finalize().into();
    let Planner { managed, in_doubt, counts, .. } = planner;
    Ok(MeetingPlan { meeting, managed, in_doubt, counts, listing })
}

/// Goes through both sides at once, id by id: the meeting's rows, named by `run` or not, and its listing.
pub(super) fn walk(
    connection: &Connection,
    run: RunNumber,
    meeting: MeetingKey,
    mut take: impl FnMut(Option<&Journaled>, &[InList]) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let mut journaled = connection
        .prepare_cached(
            "SELECT p.participant, p.custom_participant_id, p.run = ?2, p.state, p.sends > 0, c.participant_id,
                    p.name, p.preset_name, p.picture, p.wanted, p.sent_run, p.difference_accepted
             FROM participants p LEFT JOIN confirmations c USING (confirmation)
             WHERE p.meeting = ?1 ORDER BY p.custom_participant_id",
        )
        .doing(PLANNING)?;
    let mut listed = connection
        .prepare_cached(
            "SELECT custom_participant_id, participant_id, coalesce(name, ''), preset_name, picture, created_at
             FROM temp.listed WHERE meeting = ?1 ORDER BY custom_participant_id, participant_id",
        )
        .doing(PLANNING)?;
    let mut journaled =
        Side::begin(journaled.query(params![meeting.0, run.0]).doing(PLANNING)?, read_journaled)?;
    let mut listed = Side::begin(listed.query([meeting.0]).doing(PLANNING)?, read_listed)?;
    loop {
        let order = match (&journaled.next, &listed.next) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(row), Some(there)) => row.id.cmp(&there.id),
        };
        let row = if order == Ordering::Greater { None } else { journaled.take()? };
        let there = if order == Ordering::Less { Vec::new() } else { take_all_of_one_id(&mut listed)? };
        take(row.as_ref(), &there)?;
    }
}

/// One side of the comparison, one row ahead.
struct Side<'s, T> {
    rows: Rows<'s>,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
    next: Option<T>,
}

impl<'s, T> Side<'s, T> {
    fn begin(rows: Rows<'s>, read: fn(&Row<'_>) -> rusqlite::Result<T>) -> Result<Self, JournalError> {
        let mut side = Self { rows, read, next: None };
        side.take()?;
        Ok(side)
    }

    /// The row at hand; the next one comes to be it.
    fn take(&mut self) -> Result<Option<T>, JournalError> {
        let next = self.rows.next().and_then(|row| row.map(self.read).transpose()).doing(PLANNING)?;
        Ok(std::mem::replace(&mut self.next, next))
    }
}

fn take_all_of_one_id(listed: &mut Side<'_, InList>) -> Result<Vec<InList>, JournalError> {
    let mut all: Vec<InList> = Vec::new();
    while listed.next.as_ref().is_some_and(|next| all.first().is_none_or(|first| first.id == next.id)) {
        all.extend(listed.take()?);
    }
    Ok(all)
}

/// Judges ids and keeps what is to be done.
struct Planner<'c> {
    connection: &'c Connection,
    meeting: MeetingKey,
    resend: Resend,
    managed: u64,
    in_doubt: u64,
    counts: ChangeCounts,
    listing: Sha256,
}

/// The journal's name for rows that are as they should be, though it held something else of them.
const UNCHANGED: &str = "unchanged";

impl Planner<'_> {
    fn plan(&mut self, row: Option<&Journaled>, there: &[InList]) -> Result<(), JournalError> {
        there.iter().for_each(|there| self.listing.update(there.line()));
        let listed: Vec<_> = there.iter().map(InList::listed).collect();
        let known = row.map(|row| self.known(row)).transpose()?;
        let wanted = row.filter(|row| row.named).map(|row| shown(&row.wanted));
        let seen = Seen { wanted, known, listed: &listed };
        if is_replaced(seen) {
            self.counts.replaced += 1;
            self.keep(ChangeKind::Replaced.name(), &[], row, there)?;
        }
        let change = judge(seen);
        let ours = known.is_some_and(|known| known.origin.is_ours() && known.participant_id.is_some());
        self.managed += u64::from(ours && listed.len() == 1);
        let (kind, fields) = match change {
            Change::Add => (ChangeKind::Add, Vec::new()),
            Change::AddAgain => (ChangeKind::AddAgain, Vec::new()),
            Change::Update(fields) => (ChangeKind::Update, fields),
            Change::Remove(Origin::Created | Origin::Reconciled) => (ChangeKind::Remove, Vec::new()),
            Change::Remove(Origin::Found) => (ChangeKind::RemoveFound, Vec::new()),
            Change::Gone => (ChangeKind::Gone, Vec::new()),
            Change::Foreign => (ChangeKind::Foreign, Vec::new()),
            Change::Conflict => (ChangeKind::Conflict, Vec::new()),
            Change::HoldBack => (ChangeKind::Held, Vec::new()),
            Change::Unsettled => {
                self.in_doubt += u64::from(wanted.is_none());
                (ChangeKind::Unsettled, Vec::new())
            }
            Change::Unchanged => {
                self.counts.unchanged += 1;
                // Somebody else may have made it what the roster wants: what we hold of it follows.
                let differed = row.is_some_and(|row| row.differed);
                return if differed { self.keep(UNCHANGED, &[], row, there) } else { Ok(()) };
            }
            Change::Nothing => return Ok(()),
        };
        *self.counts.slot(kind) += 1;
        self.keep(kind.name(), &fields, row, there)
    }

    /// What is known of a row once the sending begins: what may have been sent is then held back, if nothing is to be sent
    /// twice, and so are possible duplicates that were refused before.
    fn known<'r>(&self, row: &'r Journaled) -> Result<Known<'r>, JournalError> {
        let known = row.known();
        if known.state == RowState::Rejected && self.has_refused_twin(row)? {
            return Ok(Known { state: RowState::Held, ..known });
        }
        Ok(match (known.state, self.resend) {
            (RowState::Planned | RowState::Rejected, Resend::Hold) if row.named && known.origin.is_ours() => {
                Known { state: RowState::Uncertain, ..known }
            }
            _ => known,
        })
    }

    fn has_refused_twin(&self, row: &Journaled) -> Result<bool, JournalError> {
        self.connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM temp.refused_twins WHERE participant = ?1)")
            .and_then(|mut select| select.query_row([row.row], |row| row.get(0)))
            .doing(PLANNING)
    }

    fn keep(
        &self,
        kind: &str,
        fields: &[FieldChange],
        row: Option<&Journaled>,
        there: &[InList],
    ) -> Result<(), JournalError> {
        let only = if let [only] = there { Some(only) } else { None };
        let id = row.map(|row| &row.id).or(there.first().map(|there| &there.id));
        let name = there.first().map(|there| &there.shown.0).or(row.map(|row| &row.wanted.0));
        let wanted = row
            .zip(only)
            .filter(|(row, _)| row.named)
            .and_then(|(row, only)| Difference::between(parts(&row.wanted), parts(&only.shown)));
        let fields: Vec<_> =
            fields.iter().map(|change| (change.field.name(), &change.old, &change.new)).collect();
        self.connection
            .prepare_cached(
                "INSERT INTO temp.changes (meeting, kind, participant, custom_participant_id, name, participant_id,
                     fields, shown_name, shown_preset, shown_picture, wanted)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )
            .and_then(|mut insert| {
                insert.execute(params![
                    self.meeting.0,
                    kind,
                    row.map(|row| row.row),
                    id,
                    name,
                    only.map(|only| &only.participant_id),
                    (!fields.is_empty()).then(|| serde_json::json!(fields).to_string()),
                    only.map(|only| &only.shown.0),
                    only.map(|only| &only.shown.1),
                    only.and_then(|only| only.shown.2.as_ref()),
                    wanted,
                ])
            })
            .doing(PLANNING)
            .map(|_| ())
    }
}

impl Journaled {
    pub(super) fn known(&self) -> Known<'_> {
        Known { state: self.state, participant_id: self.participant_id.as_deref(), origin: self.origin }
    }
}

impl InList {
    /// Unambiguous, whatever is in it.
    fn line(&self) -> String {
        format!("{:?}\n", (&self.id, &self.participant_id, &self.shown))
    }

    pub(super) fn listed(&self) -> Listed<'_> {
        Listed { participant_id: &self.participant_id, shown: shown(&self.shown) }
    }
}

fn read_journaled(row: &Row<'_>) -> rusqlite::Result<Journaled> {
    let newest = row.get_ref(9)?.as_str_or_null()?;
    let differed = newest.is_some();
    let newest = Difference::read(newest);
    let held: Fields = (row.get(6)?, row.get(7)?, row.get(8)?);
    let state = read_state(row, 3)?;
    Ok(Journaled {
        row: row.get(0)?,
        id: row.get(1)?,
        named: row.get(2)?,
        state,
        origin: match (state, row.get(4)?) {
            (RowState::Added, _) => Origin::Created,
            (_, true) => Origin::Reconciled,
            (_, false) => Origin::Found,
        },
        participant_id: row.get(5)?,
        sent_run: row.get(10)?,
        wanted: newest.of(&held),
        held,
        accepted: row.get(11)?,
        differed,
    })
}

fn read_listed(row: &Row<'_>) -> rusqlite::Result<InList> {
    Ok(InList {
        id: row.get(0)?,
        participant_id: row.get(1)?,
        shown: (row.get(2)?, row.get(3)?, row.get(4)?),
        created_at: row.get(5)?,
    })
}

fn read_change(row: &Row<'_>, kind: ChangeKind) -> rusqlite::Result<PlannedChange> {
    let not_ours =
        |column| rusqlite::Error::InvalidColumnType(column, String::new(), rusqlite::types::Type::Text);
    let file: Option<String> = row.get(6)?;
    let line: Option<u64> = row.get(7)?;
    let row_id: Option<i64> = row.get(8)?;
    Ok(PlannedChange {
        number: row.get(0)?,
        meeting: row.get_ref(1)?.as_str()?.parse().map_err(|_| not_ours(1))?,
        kind,
        row: row_id.map(RowId),
        custom_participant_id: row.get(2)?,
        name: row.get(3)?,
        participant_id: row.get::<_, Option<String>>(4)?.and_then(RemoteId::new),
        kept: row.get::<_, Option<String>>(9)?.and_then(RemoteId::new),
        fields: read_fields(row.get_ref(5)?.as_str_or_null()?),
        location: file.zip(line).map(|(file, line)| Location { file: file.into(), line }),
    })
}

/// Reads what [`Planner::keep`] wrote.
pub(super) fn read_fields(json: Option<&str>) -> Vec<FieldChange> {
    let fields: Vec<(String, String, String)> =
        json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let field = |name: &str| ShownField::ALL.into_iter().find(|field| field.name() == name);
    fields
        .into_iter()
        .filter_map(|(name, old, new)| Some(FieldChange { field: field(&name)?, old, new }))
        .collect()
}
