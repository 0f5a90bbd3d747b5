//! A copy of a journal to plan in: the journal itself is not touched, and the copy holds no token.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, OpenFlags};

use super::error::{Doing, JournalError};
use super::held::Held;
use super::open::{self, IfMissing};
use super::{Journal, Opening, begin_run};

const COPYING: &str = "copying the journal to plan in";

impl Journal {
    /// Begins a run in a copy of the journal at `source`, made at `path`, which is to be removed afterwards; in an empty
    /// journal if there is no source. Another run may hold the source meanwhile.
    ///
    /// # Errors
    /// As [`Journal::open_for`]; a source of an older version is refused, since nothing may change it.
    pub fn open_copy(
        source: Option<&Path>,
        path: &Path,
        opening: Opening<'_>,
        now: Timestamp,
    ) -> Result<Self, JournalError> {
        let (mut connection, lock, medium) = open::for_a_run(path, IfMissing::Create, opening.on_network)?;
        if let Some(source) = source {
            // Whose it is, and whether it is of our version.
            drop(open::to_read(source)?);
            copy(path, source)?;
        }
        let run = begin_run(&mut connection, opening, now)?;
        Ok(Self::holding(connection, run, Held::new(path, medium, lock)?))
    }
}

/// Over a connection of its own, since only one that knows URIs can read a file without ever writing to it.
fn copy(path: &Path, source: &Path) -> Result<(), JournalError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).doing(COPYING)?;
    let connection = &connection;
    let uri = format!("file:{}?mode=ro", percent_encode(source.as_os_str().as_bytes(), NON_ALPHANUMERIC));
    connection.execute("ATTACH ?1 AS source", [uri]).doing(COPYING)?;
    connection.pragma_update(None, "foreign_keys", 0).doing(COPYING)?;
    connection.execute_batch("BEGIN IMMEDIATE; DELETE FROM main.journal").doing(COPYING)?;
    for table in names(connection, "SELECT name FROM source.sqlite_schema WHERE type = 'table'")? {
        let columns = names(connection, &format!("SELECT name FROM pragma_table_info('{table}', 'source')"))?;
        // Nobody joins by a plan.
        let values: Vec<_> = columns
            .iter()
            .map(|column| if column == "token" { "NULL".to_owned() } else { format!("\"{column}\"") })
            .collect();
        let statement =
            format!("INSERT INTO main.\"{table}\" SELECT {} FROM source.\"{table}\"", values.join(", "));
        connection.execute(&statement, []).doing(COPYING)?;
    }
    connection.execute_batch("COMMIT; DETACH source").doing(COPYING)
}

fn names(connection: &Connection, sql: &str) -> Result<Vec<String>, JournalError> {
    connection
        .prepare(sql)
        .and_then(|mut select| select.query_map([], |row| row.get(0))?.collect())
        .doing(COPYING)
}
