//! A test's journal, read and changed by somebody else.
#![expect(clippy::disallowed_types, reason = "a test looks into a journal from outside")]

use rusqlite::Connection;
use rusqlite::types::FromSql;

use super::Import;

impl Import {
    /// What SQL says of the journal.
    pub(crate) fn ask<T: FromSql>(&self, sql: &str) -> T {
        self.ask_all(sql).pop().unwrap()
    }

    /// All that SQL says of it.
    pub(crate) fn ask_all<T: FromSql>(&self, sql: &str) -> Vec<T> {
        let journal = Connection::open(self.path("j.db")).unwrap();
        let mut statement = journal.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// Changes it.
    pub(crate) fn tamper(&self, sql: &str) {
        Connection::open(self.path("j.db")).unwrap().execute_batch(sql).unwrap();
    }
}
