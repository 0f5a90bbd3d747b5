//! The whole of `guestlist check`: every row of every roster read, validated, and looked for twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::Location;

use super::decisions::Decisions;
use super::directory::{Directory, verify_preset_map};
use super::duplicates::{Fingerprints, Suspects};
use super::error::RosterError;
use super::options::{OnDuplicate, ReadOptions};
use super::preset_map::TicketRows;
use super::reader::{Read, Reader};
use super::row::{Record, RosterRow};
use super::row_error::{RowError, RowErrorCode};
use super::source::RosterSource;
use super::status::LeftOut;

/// What a check tells while it goes on.
#[derive(Debug)]
pub enum CheckEvent<'a> {
    /// A roster was opened.
    Opened(&'a Decisions),
    /// A row is valid, unless a later event says that it names somebody twice.
    Row(&'a RosterRow),
    /// A row has a problem. Rows that name somebody twice come last.
    Problem(&'a RowError),
    /// All problems of a row that were found together, and its input if [`Records::Keep`](super::Records::Keep) was
    /// asked for. A row comes here once.
    Rejected {
        /// The input.
        record: &'a Record,
        /// What is wrong.
        errors: &'a [RowError],
    },
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Rows of all rosters: valid, invalid, repeated and not coming.
    pub rows: u64,
    /// Rows that an import would take.
    pub valid: u64,
    /// Rows with at least one problem.
    pub invalid: u64,
    /// Valid rows that are left out, since another row for the same participant counts.
    pub repeated: u64,
    /// Rows left out by their status.
    pub not_coming: u64,
    /// How many problems of each kind there are; a row may have several.
    pub problems: BTreeMap<RowErrorCode, u64>,
    /// The rosters, in the order they were named.
    pub files: Vec<FileReport>,
}

/// What was found of one roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// What it was taken for, with all columns that have appeared.
    pub decisions: Decisions,
    /// Columns that are carried along.
    pub extra_columns: Vec<Arc<str>>,
    /// The columns that its ids come from, as [`Reader::id_columns`] says.
    pub id_columns: Option<Vec<String>>,
    /// Its rows: valid, invalid, repeated and not coming.
    pub rows: u64,
    /// The presets that its ticket types stand for; empty without a preset map.
    pub tickets: Vec<TicketRows>,
    /// The rows left out by their status.
    pub not_coming: LeftOut,
}

/// Reads all rosters and reports every problem of every row, those between rosters included. The rosters are read
/// again for each 50,000 participants that seem to be named twice.
pub fn check<D: Directory>(
    sources: &[RosterSource],
    options: &ReadOptions,
    directory: &mut D,
    mut observe: impl FnMut(CheckEvent<'_>),
) -> Result<CheckReport, RosterError> {
    verify_preset_map(options, directory)?;
    let mut report = CheckReport::default();
    let mut fingerprints = Fingerprints::new();
    for source in sources {
        let file = check_rows(source, options, directory, &mut fingerprints, &mut report, &mut observe)?;
        report.rows += file.rows;
        report.not_coming += file.not_coming.total();
        report.files.push(file);
    }
    report.valid = report.rows - report.invalid - report.not_coming;
    let mut repeated = fingerprints.repeated().map_err(RosterError::Temporary)?;
    while let Some(mut suspects) = repeated.next_suspects().map_err(RosterError::Temporary)? {
        for source in sources {
            check_duplicates(source, options, directory, &mut suspects, &mut report, &mut observe)?;
        }
    }
    sources.iter().try_for_each(RosterSource::verify_unchanged)?;
    Ok(report)
}

/// The first reading of a roster: each row on its own.
fn check_rows<D: Directory>(
    source: &RosterSource,
    options: &ReadOptions,
    directory: &mut D,
    fingerprints: &mut Fingerprints,
    report: &mut CheckReport,
    observe: &mut impl FnMut(CheckEvent<'_>),
) -> Result<FileReport, RosterError> {
    let mut reader = Reader::open(source, options.clone())?;
    observe(CheckEvent::Opened(&reader.decisions()));
    let (mut row, mut errors, mut rows) = (RosterRow::new(), Vec::new(), 0);
    loop {
        let read = reader.read(&mut row, &mut errors, directory)?;
        match read {
            Read::End => break,
            Read::LeftOut => {}
            Read::Row => observe(CheckEvent::Row(&row)),
            Read::Invalid => {
                report.invalid += 1;
                errors.iter().for_each(|error| tell(error, report, observe));
                observe(CheckEvent::Rejected { record: &row.record, errors: &errors });
            }
        }
        rows += 1;
        if let Some(key) = row.key().filter(|_| takes_part(read, options)) {
            fingerprints.add(key).map_err(RosterError::Temporary)?;
        }
    }
    let (extra_columns, tickets) = (reader.extra_columns().to_vec(), reader.ticket_rows());
    Ok(FileReport {
        decisions: reader.decisions(),
        extra_columns,
        id_columns: reader.id_columns(),
        rows,
        tickets,
        not_coming: reader.left_out().clone(),
    })
}

/// Another reading of a roster: the rows that may name somebody twice.
fn check_duplicates<D: Directory>(
    source: &RosterSource,
    options: &ReadOptions,
    directory: &mut D,
    suspects: &mut Suspects,
    report: &mut CheckReport,
    observe: &mut impl FnMut(CheckEvent<'_>),
) -> Result<(), RosterError> {
    let mut reader = Reader::open(source, options.clone())?;
    let (mut row, mut errors) = (RosterRow::new(), Vec::new());
    loop {
        let read = reader.read(&mut row, &mut errors, directory)?;
        if read == Read::End {
            return Ok(());
        }
        let here = || Location { file: Arc::clone(source.name()), line: row.line };
        let Some(key) = row.key().filter(|_| takes_part(read, options)) else { continue };
        let Some(first) = suspects.first(key, here) else { continue };
        if options.on_duplicate != OnDuplicate::Stop {
            (report.valid, report.repeated) = (report.valid - 1, report.repeated + 1);
            continue;
        }
        if read == Read::Row {
            (report.valid, report.invalid) = (report.valid - 1, report.invalid + 1);
        }
        let duplicate = reader.duplicate(&row, &first);
        tell(&duplicate, report, observe);
        if read == Read::Row {
            observe(CheckEvent::Rejected { record: &row.record, errors: &[duplicate] });
        }
    }
}

/// Whether a row can be one of two for a participant. An invalid one never counts instead of a valid one; if duplicates
/// are invalid themselves, all mistakes are told in one pass.
fn takes_part(read: Read, options: &ReadOptions) -> bool {
    match read {
        Read::Row => true,
        Read::Invalid => options.on_duplicate == OnDuplicate::Stop,
        Read::LeftOut | Read::End => false,
    }
}

fn tell(error: &RowError, report: &mut CheckReport, observe: &mut impl FnMut(CheckEvent<'_>)) {
    *report.problems.entry(error.code).or_default() += 1;
    observe(CheckEvent::Problem(error));
}
