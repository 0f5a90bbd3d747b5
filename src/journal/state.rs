//! A row's state between the journal and the state machine, which is asked before every step.

use rusqlite::Row;

use super::error::JournalError;
use crate::lifecycle::{RowState, Transition, next};

/// Reads a state by its name.
pub(super) fn read_state(row: &Row<'_>, column: usize) -> rusqlite::Result<RowState> {
    row.get_ref(column)?.as_str()?.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

/// The state after a step, or the error that a row's life has no such step.
pub(super) fn legal(state: RowState, transition: Transition) -> Result<RowState, JournalError> {
    next(state, transition).ok_or_else(|| JournalError::Illegal {
        state: state.to_string(),
        transition: format!("{transition:?}"),
    })
}
