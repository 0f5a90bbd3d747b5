//! The journal: the queue, the record and the resume, in one SQLite file. Every SQL statement of the program is here.
//!
//! * `place`, `network`: whose file it is and where; `lock`, `held`: that nobody else has it, and that it stays.
//! * `open`: creation, settings, migrations; `pages`: whether it is whole; `verify`, `rules`: whether it can be trusted.
//! * `stage`, `stager`: rows of a roster come in under a run; one commit accepts the run. `restaged`: what they were
//!   before, until then; `id_source`: where their ids come from; `twins`: new ids of people who seem to be in already.
//! * `queue`: [`Journal::exchange`], the only way work leaves and results enter: results recorded and intents claimed
//!   in one synced transaction.
//! * `gate`: until when the server asked us to wait.
//! * `listing`, `adopt`, `lookalikes`: what a complete listing says about rows; `hold_back`: what must not be sent
//!   again; `tokens`: those that no create handed out; `purge`: their removal.
//! * `compare`: what a sync is to do, by a complete listing; `planned`: what that comes to; `change`: what it has done;
//!   `removal`: whom an undo or the tidying of shared ids is to remove; `audit`: what differs from a complete listing;
//!   `scratch`: a copy to plan in. `renewal`: whose token is due, and how many end before a time.
//! * `summary`, `reader`, `status`, `export_rows`: reading, for the end of a run, `status` and the export; `rehearsal`:
//!   what an import would do.
//! * `state`, `difference`: how a row's state and what its roster wants are kept.
//!
//! No type of SQLite is in the interface: a journal on a server can take this one's place.
#![expect(clippy::disallowed_types, reason = "the journal is the one owner of SQLite")]

mod adopt;
mod audit;
mod change;
mod compare;
mod difference;
mod error;
mod export_rows;
mod gate;
mod held;
mod hold_back;
mod id_source;
mod listing;
mod lock;
mod lookalikes;
mod network;
mod open;
mod pages;
mod place;
mod planned;
mod purge;
mod queue;
mod reader;
mod rehearsal;
mod removal;
mod renewal;
mod restaged;
mod rules;
mod scratch;
mod stage;
mod stager;
mod state;
mod status;
mod summary;
#[cfg(test)]
mod tests;
mod tokens;
mod twins;
mod verify;

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

pub use audit::{Deviant, DeviationKind, MeetingAudit};
pub use change::OtherCreates;
pub use error::JournalError;
pub use export_rows::{ExportFilter, ExportRow};
pub use gate::GateKeeper;
pub use id_source::IdSource;
pub use listing::{Resend, Settled, Sight};
pub use lookalikes::Lookalikes;
pub use network::OnNetwork;
pub use planned::{ChangeCounts, ChangeKind, MeetingPlan, PlannedChange};
pub use queue::{Intent, Proof, Record, RowResult};
pub use reader::JournalReader;
pub use rehearsal::{Rehearsal, RehearsalSettings, Rehearsed};
pub use removal::RemovalPlan;
pub use renewal::RenewalPlan;
pub use stage::{Acceptance, Duplicate, Judged, RosterKey, StageInto, StageRow};
pub use status::{MeetingCounts, RunInfo};
pub use summary::{Problem, Tally, Twin};
pub use tokens::Tokenless;
pub use twins::SamePerson;
pub use verify::{Finding, Verified};

use error::Doing;
use held::Held;
use network::Medium;
use open::IfMissing;

use crate::model::{MeetingId, Target};

/// A run's meetings, and whether it has rows in them that it sends or that others may have added since they were removed.
pub(super) const MEETINGS: &str = "SELECT meeting, meeting_id, listed_at IS NOT NULL,
            EXISTS (SELECT 1 FROM participants p INDEXED BY participants_open
                    WHERE p.confirmation IS NULL AND p.meeting = m.meeting
                      AND p.state IN ('planned', 'removed') AND p.run = ?1)
     FROM meetings m WHERE meeting IN (SELECT meeting FROM run_meetings WHERE run = ?1) ORDER BY meeting";

/// A participant's row in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId(i64);

/// A meeting's row in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MeetingKey(i64);

/// The number of a run: raised by whoever takes the lock, so that a superseded run notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunNumber(i64);

impl RunNumber {
    /// The number itself, to be shown.
    pub fn get(self) -> i64 {
        self.0
    }
}

/// A meeting that the current run's rows belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunMeeting {
    /// Its row.
    pub key: MeetingKey,
    /// Its id.
    pub id: MeetingId,
    /// Whether a complete listing came before its first create.
    pub listed: bool,
    /// Whether the run has rows in it that a listing may show: those to be sent, and those that were removed, whom others
    /// may have added since.
    pub wants_listing: bool,
}

/// What a journal is opened for.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// What is run, to be shown.
    pub command: &'a str,
    /// The API that it belongs to, a new one as well as an existing one; `None`: an existing one, whatever it belongs to.
    pub origin: Option<&'a str>,
    /// Whether it may lie on a network file system.
    pub on_network: OnNetwork,
}

/// A journal that this process holds for a run. Calls block on the disk.
#[derive(Debug)]
pub struct Journal {
    connection: Connection,
    run: RunNumber,
    /// Where the last claim ended.
    claimed_up_to: (MeetingKey, RowId),
    /// Whom the listings under way have shown.
    sights: HashMap<MeetingKey, listing::Sight>,
    /// Meetings that this run has compared with a complete listing, and whom that showed.
    compared: HashMap<MeetingKey, listing::Sight>,
    /// What this run does with possible duplicates, once it is accepted.
    same_person: Option<SamePerson>,
    /// Dropped after the connection.
    held: Held,
}

impl Journal {
    /// Opens the journal at `path`, creating it if there is none, and begins a run of `command` against the API at
    /// `origin`. Rows that a dead process left in sending become uncertain: their settle time begins when the lock is
    /// taken, so that `now` is asked for only then. Until then that process may have gone on sending.
    ///
    /// # Errors
    /// As [`open_for`](Self::open_for).
    pub fn open(
        path: &Path,
        origin: &str,
        command: &str,
        now: impl FnOnce() -> Timestamp,
    ) -> Result<Self, JournalError> {
        let opening = Opening { command, origin: Some(origin), on_network: OnNetwork::Refuse };
        Self::open_for(opening, path, now)
    }

    /// The same, as said in `opening`.
    ///
    /// # Errors
    /// [`JournalError::InUse`] if another run holds it; `NotOurs`, `Newer`, `Unsafe`, `OtherOrigin` or `Damaged` if it
    /// must not be used; the others if the disk fails.
    pub fn open_for(
        opening: Opening<'_>,
        path: &Path,
        now: impl FnOnce() -> Timestamp,
    ) -> Result<Self, JournalError> {
        let if_missing = opening.origin.map_or(IfMissing::Refuse, |_| IfMissing::Create);
        let (mut connection, lock, medium) = open::for_a_run(path, if_missing, opening.on_network)?;
        let run = begin_run(&mut connection, opening, now())?;
        Ok(Self::holding(connection, run, Held::new(path, medium, lock)?))
    }

    fn holding(connection: Connection, run: RunNumber, held: Held) -> Self {
        Self {
            connection,
            run,
            claimed_up_to: (MeetingKey(0), RowId(0)),
            sights: HashMap::new(),
            compared: HashMap::new(),
            same_person: None,
            held,
        }
    }

    /// Meetings that no journal holds, with planned rows.
    #[cfg(test)]
    pub(crate) fn some_meetings(count: usize) -> Vec<RunMeeting> {
        let meeting = |number: usize| RunMeeting {
            key: MeetingKey(i64::try_from(number).unwrap_or_default()),
            id: MeetingId::new(Default::default()),
            listed: false,
            wants_listing: true,
        };
        (1..=count).map(meeting).collect()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.held.path()
    }

    /// Whether it lies on a network file system, which somebody has accepted.
    pub fn is_on_network(&self) -> bool {
        self.held.medium() == Medium::Network
    }

    /// The number of this run.
    pub fn run(&self) -> RunNumber {
        self.run
    }

    /// Notes that the run could not be carried out; how it ended is the caller's to tell.
    pub fn end(&mut self, now: Timestamp) -> Result<(), JournalError> {
        self.note_end(now, None)
    }

    /// Notes that the run has ended and how.
    pub fn finish(&mut self, now: Timestamp, exit_code: u8) -> Result<(), JournalError> {
        self.note_end(now, Some(exit_code))
    }

    fn note_end(&mut self, now: Timestamp, exit_code: Option<u8>) -> Result<(), JournalError> {
        let doing = "ending the run";
        self.write(doing, |transaction, run| {
            transaction
                .execute(
                    "UPDATE runs SET finished_at = ?2, exit_code = ?3 WHERE run = ?1",
                    params![run.0, now.as_millisecond(), exit_code],
                )
                .doing(doing)?;
            // An accepted run has left nothing there.
            restaged::put_back(transaction, doing)
        })?;
        self.held.end();
        Ok(())
    }

    /// The meetings that the rows of this run are in, in the order of their first appearance.
    pub fn meetings(&self) -> Result<Vec<RunMeeting>, JournalError> {
        let doing = "reading the run's meetings";
        let mut statement = self.connection.prepare_cached(MEETINGS).doing(doing)?;
        let rows = statement
            .query_map([self.run.0], |row| {
                let id: String = row.get(1)?;
                Ok((MeetingKey(row.get(0)?), id, row.get(2)?, row.get(3)?))
            })
            .doing(doing)?;
        rows.map(|row| {
            let (key, id, listed, wants_listing) = row.doing(doing)?;
            let id = id.parse().map_err(|_| JournalError::Damaged { why: format!("meeting id {id:?}") })?;
            Ok(RunMeeting { key, id, listed, wants_listing })
        })
        .collect()
    }

    /// One synced transaction, refused if another run has taken over, or if nobody would find it.
    fn write<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>, RunNumber) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let held = &self.held;
        let result = write(&mut self.connection, self.run, doing, |transaction, run| {
            let result = work(transaction, run)?;
            held.refuse_gone()?;
            Ok(result)
        });
        if let Err(JournalError::Gone { .. }) = result {
            self.held.leave();
            open::on_close(&self.connection, open::OnClose::LeaveAsItIs);
        }
        result
    }
}

/// The version of the SQLite that is built in.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// One synced transaction, refused if another run has taken over.
fn write<T>(
    connection: &mut Connection,
    run: RunNumber,
    doing: &'static str,
    work: impl FnOnce(&Transaction<'_>, RunNumber) -> Result<T, JournalError>,
) -> Result<T, JournalError> {
    let transaction = begin(connection, doing)?;
    let current: i64 = transaction
        .prepare_cached("SELECT run FROM journal")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .doing(doing)?;
    if current != run.0 {
        return Err(JournalError::Superseded { newer: current });
    }
    let result = work(&transaction, run)?;
    transaction.commit().doing(doing)?;
    Ok(result)
}

fn begin<'c>(connection: &'c mut Connection, doing: &'static str) -> Result<Transaction<'c>, JournalError> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate).doing(doing)
}

/// Raises the run number: whoever held the journal before is superseded.
fn begin_run(
    connection: &mut Connection,
    opening: Opening<'_>,
    now: Timestamp,
) -> Result<RunNumber, JournalError> {
    let doing = "beginning a run";
    let transaction = begin(connection, doing)?;
    if let Some(origin) = opening.origin {
        bind_origin(&transaction, origin)?;
    }
    let run: i64 = transaction
        .query_row("UPDATE journal SET run = run + 1 RETURNING run", [], |row| row.get(0))
        .doing(doing)?;
    forget_listings(&transaction)?;
    restaged::put_back(&transaction, doing)?;
    transaction
        .execute(
            "INSERT INTO runs (run, command, started_at, last_row)
             SELECT ?1, ?2, ?3, coalesce(max(participant), 0) FROM participants",
            params![run, opening.command, now.as_millisecond()],
        )
        .doing(doing)?;
    queue::lose_track_of_the_dead(&transaction, now)?;
    transaction.commit().doing(doing)?;
    Ok(RunNumber(run))
}

/// A journal belongs to one API, so that a try in a sandbox never counts as done in production.
fn bind_origin(transaction: &Transaction<'_>, origin: &str) -> Result<(), JournalError> {
    let doing = "reading whose journal it is";
    let bound: Option<String> =
        transaction.query_row("SELECT api_origin FROM journal", [], |row| row.get(0)).doing(doing)?;
    match bound {
        Some(bound) if bound != origin => Err(JournalError::OtherOrigin { bound, asked: origin.to_owned() }),
        Some(_) => Ok(()),
        None => transaction.execute("UPDATE journal SET api_origin = ?1", [origin]).doing(doing).map(|_| ()),
    }
}

/// The meeting's row, made if need be.
fn meeting_key(
    transaction: &Transaction<'_>,
    target: &Target,
    meeting: MeetingId,
) -> Result<MeetingKey, JournalError> {
    let doing = "looking up a meeting";
    let key = params![target.account_id(), target.app_id(), meeting.to_string()];
    let known: Option<i64> = transaction
        .prepare_cached(
            "SELECT meeting FROM meetings WHERE account_id = ?1 AND app_id = ?2 AND meeting_id = ?3",
        )
        .and_then(|mut statement| statement.query_row(key, |row| row.get(0)).optional())
        .doing(doing)?;
    if let Some(known) = known {
        return Ok(MeetingKey(known));
    }
    transaction
        .execute("INSERT INTO meetings (account_id, app_id, meeting_id) VALUES (?1, ?2, ?3)", key)
        .doing(doing)?;
    Ok(MeetingKey(transaction.last_insert_rowid()))
}

/// Every run lists a meeting before its first create there. The journal may lack what was sent since the last one: its
/// WAL was torn or deleted after a crash, it is a copy, or another journal has added people to the meeting.
fn forget_listings(transaction: &Transaction<'_>) -> Result<(), JournalError> {
    transaction
        .execute("UPDATE meetings SET listed_at = NULL WHERE listed_at IS NOT NULL", [])
        .doing("beginning a run")
        .map(|_| ())
}
