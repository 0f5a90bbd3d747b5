//! `journal verify`: whether a journal can be trusted. Reads only.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::error::{Doing, JournalError};
use super::open::known_version;
use super::pages::damages;
use super::place::sibling;
use super::reader::{JournalReader, REPORTING};
use super::rules::{Broken, RULES, Rule};

/// So many damages of pages are named.
const DAMAGES_SHOWN: u32 = 20;

/// Something that is wrong with a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable name, for programs.
    pub code: &'static str,
    /// What is wrong. Not escaped.
    pub what: String,
    /// How often.
    pub count: u64,
    /// One of the rows that it is wrong with. Not escaped.
    pub example: Option<String>,
}

/// What a journal holds, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// The version of its tables.
    pub version: i64,
    /// Rows.
    pub rows: u64,
    /// Of those: added or present.
    pub confirmed: u64,
    /// Tokens.
    pub tokens: u64,
    /// Tokens that were removed on purpose.
    pub purged: u64,
    /// Runs.
    pub runs: u64,
    /// What is wrong; nothing, if it can be trusted.
    pub findings: Vec<Finding>,
}

/// What is counted.
#[derive(Default)]
struct Counts {
    rows: u64,
    confirmed: u64,
    tokens: u64,
    purged: u64,
    runs: u64,
}

impl Verified {
    /// Looks at everything of the journal at `path`: whose it is, who can read it, its version, every page, every tie
    /// between tables, every row. Needs no lock, also while a run is going on.
    ///
    /// # Errors
    /// It is no journal of ours, or of another version, or the disk failed. Damage is no error: it is in the findings.
    pub fn of(path: &Path) -> Result<Self, JournalError> {
        let looked_at = JournalReader::open(path).and_then(|journal| journal.verify());
        let mut verified = match looked_at {
            Err(JournalError::Damaged { why }) => {
                Self { version: known_version(), findings: vec![damage(why)], ..Self::default() }
            }
            looked_at => looked_at?,
        };
        verified.findings.extend(open_files(path));
        Ok(verified)
    }
}

impl JournalReader {
    fn verify(&self) -> Result<Verified, JournalError> {
        let mut findings = Vec::new();
        findings.extend(or_damage(self.damaged_pages())?);
        findings.extend(or_damage(self.torn_ties())?);
        for rule in &RULES {
            findings.extend(or_damage(self.offenders(rule))?);
        }
        let counts = match self.counts() {
            Err(JournalError::Damaged { why }) => {
                findings.push(damage(why));
                Counts::default()
            }
            counts => counts?,
        };
        findings.dedup();
        let Counts { rows, confirmed, tokens, purged, runs } = counts;
        Ok(Verified { version: known_version(), rows, confirmed, tokens, purged, runs, findings })
    }

    fn damaged_pages(&self) -> Result<Vec<Finding>, JournalError> {
        Ok(damages(&self.connection, DAMAGES_SHOWN)?.into_iter().map(damage).collect())
    }

    /// Rows that refer to rows of other tables that aren't there, by table.
    fn torn_ties(&self) -> Result<Vec<Finding>, JournalError> {
        let torn: Vec<(String, u64)> = self
            .connection
            .prepare("SELECT \"table\", count(*) FROM pragma_foreign_key_check GROUP BY 1")
            .and_then(|mut statement| {
                statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
            })
            .doing(REPORTING)?;
        let finding = |(table, count)| {
            let what = format!("entries of the table {table} that refer to something that isn't there");
            Finding { code: "tie", what, count, example: None }
        };
        Ok(torn.into_iter().map(finding).collect())
    }

    fn offenders(&self, rule: &Rule) -> Result<Vec<Finding>, JournalError> {
        let Some(Broken { count, example }) = rule.check(&self.connection)? else { return Ok(Vec::new()) };
        Ok(vec![Finding { code: rule.code, what: rule.what.to_owned(), count, example }])
    }

    fn counts(&self) -> Result<Counts, JournalError> {
        self.connection
            .query_row(
                "SELECT (SELECT count(*) FROM participants), (SELECT count(confirmation) FROM participants),
                        count(token), count(token_purged_at), (SELECT count(*) FROM runs) FROM confirmations",
                [],
                |row| {
                    Ok(Counts {
                        rows: row.get(0)?,
                        confirmed: row.get(1)?,
                        tokens: row.get(2)?,
                        purged: row.get(3)?,
                        runs: row.get(4)?,
                    })
                },
            )
            .doing(REPORTING)
    }
}

/// What keeps a question from being answered is a finding, too.
fn or_damage(found: Result<Vec<Finding>, JournalError>) -> Result<Vec<Finding>, JournalError> {
    match found {
        Err(JournalError::Damaged { why }) => Ok(vec![damage(why)]),
        found => found,
    }
}

/// What SQLite found.
fn damage(what: String) -> Finding {
    Finding { code: "page", what, count: 1, example: None }
}

/// The -wal holds tokens as well; the lock says who may run.
fn open_files(path: &Path) -> Vec<Finding> {
    let is_open = |suffix: &&str| {
        let beside = sibling(path, suffix).symlink_metadata();
        beside.is_ok_and(|beside| beside.mode() & 0o077 != 0)
    };
    let finding = |suffix| Finding {
        code: "open-file",
        what: format!("others than its owner may use the journal's {suffix} file"),
        count: 1,
        example: None,
    };
    ["-wal", "-shm", ".lock"].into_iter().filter(is_open).map(finding).collect()
}
