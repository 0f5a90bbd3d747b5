//! Tokens that no create handed to us: whose they are, and keeping them.

use jiff::Timestamp;
use rusqlite::{Row, params};

use super::error::{Doing, JournalError};
use super::{Journal, RowId};
use crate::model::{JoinToken, MeetingId, RemoteId};

/// A run's participants without a token, after a row; ?3: also those found in the meeting, and those whose token was
/// removed on purpose.
pub(super) const WITHOUT_TOKEN: &str =
    "SELECT p.participant, m.meeting_id, c.participant_id, p.custom_participant_id
     FROM confirmations c INDEXED BY confirmations_without_token
     CROSS JOIN participants p USING (participant) CROSS JOIN meetings m USING (meeting)
     WHERE c.token IS NULL AND c.participant > ?2 AND p.confirmation = c.confirmation
       AND p.run = ?1 AND (?3 OR (p.sends > 0 AND c.token_purged_at IS NULL))
     ORDER BY c.participant LIMIT ?4";

/// Keeps a token of a participant, instead of the one that was kept before.
pub(super) const KEEP_TOKEN: &str =
    "UPDATE confirmations SET token = ?2, token_expires_at = ?3, token_purged_at = NULL, token_run = ?4
     WHERE confirmation = (SELECT confirmation FROM participants WHERE participant = ?1)";

/// A participant whose token is to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokenless {
    /// Its row.
    pub row: RowId,
    /// Its meeting.
    pub meeting: MeetingId,
    /// The API's id.
    pub id: RemoteId,
    /// Whose it is.
    pub custom_participant_id: String,
}

impl Journal {
    /// Up to `count` participants of this run, after the row `after`, that have no token: those that our own creates
    /// made, and if `found` asks for them, also those found in the meeting and those whose token was removed on purpose.
    pub fn without_token(
        &self,
        after: Option<RowId>,
        found: bool,
        count: usize,
    ) -> Result<Vec<Tokenless>, JournalError> {
        let doing = "looking for participants without a token";
        let mut statement = self.connection.prepare_cached(WITHOUT_TOKEN).doing(doing)?;
        let after = after.map_or(0, |row| row.0);
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        statement
            .query_map(params![self.run.0, after, found, count], read_tokenless)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .doing(doing)
    }

    /// Keeps the newest tokens of participants.
    pub fn keep_tokens(&mut self, tokens: &[(RowId, JoinToken)]) -> Result<(), JournalError> {
        let doing = "keeping tokens";
        self.write(doing, |transaction, run| {
            let mut update = transaction.prepare_cached(KEEP_TOKEN).doing(doing)?;
            for (row, token) in tokens {
                let expires_at = token.expires_at().map(Timestamp::as_second);
                update.execute(params![row.0, token.expose(), expires_at, run.0]).doing(doing)?;
            }
            Ok(())
        })
    }
}

pub(super) fn read_tokenless(row: &Row<'_>) -> rusqlite::Result<Tokenless> {
    let not_ours =
        |column| rusqlite::Error::InvalidColumnType(column, String::new(), rusqlite::types::Type::Text);
    Ok(Tokenless {
        row: RowId(row.get(0)?),
        meeting: row.get_ref(1)?.as_str()?.parse().map_err(|_| not_ours(1))?,
        id: RemoteId::new(row.get::<_, String>(2)?).ok_or_else(|| not_ours(2))?,
        custom_participant_id: row.get(3)?,
    })
}
