//! What must hold of every row of a journal, beyond what SQLite's own checks know.

use rusqlite::Connection;

use super::error::{Doing, JournalError};

/// What must hold.
pub(super) struct Rule {
    /// A stable name, for programs.
    pub(super) code: &'static str,
    /// What is the case where it doesn't hold.
    pub(super) what: &'static str,
    /// The offenders, each by the name of what it is.
    sql: &'static str,
}

/// How many offend a rule, and one of them.
pub(super) struct Broken {
    pub(super) count: u64,
    pub(super) example: Option<String>,
}

impl Rule {
    /// Looks for offenders; `None` if there is none.
    pub(super) fn check(&self, connection: &Connection) -> Result<Option<Broken>, JournalError> {
        let doing = "looking at the journal's rows";
        let broken = connection
            .query_row(&format!("SELECT count(*), min(offender) FROM ({})", self.sql), [], |row| {
                // A damaged name may not even be text.
                let example = row.get_ref(1)?.as_bytes_or_null()?;
                let example = example.map(|name| String::from_utf8_lossy(name).into_owned());
                Ok(Broken { count: row.get(0)?, example })
            })
            .doing(doing)?;
        Ok(Some(broken).filter(|broken| broken.count > 0))
    }
}

/// Rows are named by their custom_participant_id, the others by their number.
pub(super) const RULES: [Rule; 19] = [
    Rule {
        code: "identity",
        what: "the journal doesn't say whose it is in exactly one row, or its run number is behind its runs",
        sql: "SELECT 'journal' AS offender WHERE (SELECT count(*) FROM journal) <> 1
              OR (SELECT run FROM journal) IS NOT (SELECT coalesce(max(run), 0) FROM runs)
              OR (SELECT api_origin IS NULL AND run > 0 FROM journal)",
    },
    Rule {
        code: "state",
        what: "in a state that doesn't exist",
        sql: "SELECT custom_participant_id AS offender FROM participants WHERE state NOT IN
              ('planned', 'sending', 'added', 'present', 'rejected', 'uncertain', 'conflict', 'held', 'removed')",
    },
    Rule {
        code: "confirmed-without-id",
        what: "added or present without a participant id",
        sql: "SELECT p.custom_participant_id AS offender
              FROM participants p LEFT JOIN confirmations c USING (confirmation)
              WHERE p.state IN ('added', 'present') AND coalesce(c.participant_id, '') = ''",
    },
    Rule {
        code: "id-without-confirmed",
        what: "with a participant id, but neither added nor present",
        sql: "SELECT custom_participant_id AS offender FROM participants
              WHERE confirmation IS NOT NULL AND state NOT IN ('added', 'present')",
    },
    Rule {
        code: "other-ones-id",
        what: "with a participant id and a token that belong to another row",
        sql: "SELECT p.custom_participant_id AS offender
              FROM participants p JOIN confirmations c USING (confirmation) WHERE c.participant <> p.participant",
    },
    Rule {
        code: "orphan",
        what: "participant ids and tokens that belong to no row",
        sql: "SELECT CAST(c.confirmation AS TEXT) AS offender FROM confirmations c
              WHERE NOT EXISTS (SELECT 1 FROM participants p WHERE p.participant = c.participant)",
    },
    Rule {
        code: "shared-id",
        what: "participant ids that two rows of a meeting share",
        sql: "SELECT c.participant_id AS offender FROM participants p JOIN confirmations c USING (confirmation)
              GROUP BY p.meeting, c.participant_id HAVING count(*) > 1",
    },
    Rule {
        code: "sends",
        what: "sent according to their state, but not by their count of creates, or the count is negative",
        sql: "SELECT custom_participant_id AS offender FROM participants
              WHERE sends < 0 OR (sends = 0 AND state IN ('sending', 'added', 'uncertain'))
              OR (sends > 0 AND state = 'held')",
    },
    Rule {
        code: "run",
        what: "named by a run or a roster that isn't there",
        sql: "SELECT p.custom_participant_id AS offender FROM participants p
              WHERE NOT EXISTS (SELECT 1 FROM rosters r WHERE r.roster = p.roster AND r.run = p.run)
              OR p.sent_run > (SELECT run FROM journal)",
    },
    Rule {
        code: "doubt",
        what: "uncertain without a known doubt, or with one but not uncertain",
        sql: "SELECT p.custom_participant_id AS offender FROM participants p LEFT JOIN doubts d USING (participant)
              WHERE (p.state = 'uncertain') <> (d.participant IS NOT NULL)",
    },
    Rule {
        code: "refusal",
        what: "rejected without the API's refusal",
        sql: "SELECT p.custom_participant_id AS offender FROM participants p LEFT JOIN refusals r USING (participant)
              WHERE p.state = 'rejected' AND r.participant IS NULL",
    },
    Rule {
        code: "conflict",
        what: "in conflict with fewer than two participant ids",
        sql: "SELECT p.custom_participant_id AS offender FROM participants p WHERE p.state = 'conflict'
              AND (SELECT count(*) FROM conflicts c WHERE c.participant = p.participant) < 2",
    },
    Rule {
        code: "held",
        what: "held back without the row that it seems to be, which is another one of its meeting, or with one but not held back",
        sql: "SELECT p.custom_participant_id AS offender FROM participants p LEFT JOIN twins t USING (participant)
              WHERE (p.state = 'held') <> (t.participant IS NOT NULL)
              OR EXISTS (SELECT 1 FROM participants o WHERE o.participant = t.twin
                         AND (o.meeting <> p.meeting OR o.participant = p.participant))",
    },
    Rule {
        code: "token",
        what: "added without the token that came with the answer, or with an empty one",
        sql: "SELECT p.custom_participant_id AS offender
              FROM participants p JOIN confirmations c USING (confirmation)
              WHERE c.token = '' OR (p.state = 'added' AND c.token IS NULL AND c.token_purged_at IS NULL
                                     AND c.token_run IS NULL)",
    },
    Rule {
        code: "purged-token",
        what: "with a token that should have been removed, or the end of one that isn't there",
        sql: "SELECT CAST(confirmation AS TEXT) AS offender FROM confirmations
              WHERE (token IS NOT NULL AND token_purged_at IS NOT NULL)
              OR (token IS NULL AND token_expires_at IS NOT NULL)",
    },
    Rule {
        code: "custom-id",
        what: "without an id",
        sql: "SELECT CAST(participant AS TEXT) AS offender FROM participants WHERE custom_participant_id = ''",
    },
    Rule {
        code: "wanted",
        what: "with fields that can't be read",
        sql: "SELECT custom_participant_id AS offender FROM participants
              WHERE NOT coalesce(json_valid(wanted), 1) OR NOT coalesce(json_valid(extra), 1)",
    },
    Rule {
        code: "meeting",
        what: "meetings whose id is none, or that no run has named",
        sql: "SELECT m.meeting_id AS offender FROM meetings m WHERE length(m.meeting_id) <> 36
              OR NOT EXISTS (SELECT 1 FROM run_meetings r WHERE r.meeting = m.meeting)",
    },
    Rule {
        code: "run-end",
        what: "runs with impossible counts or ends",
        sql: "SELECT CAST(run AS TEXT) AS offender FROM runs WHERE run < 1 OR invalid < 0 OR left_out < 0
              OR exit_code NOT BETWEEN 0 AND 255 OR (exit_code IS NOT NULL AND finished_at IS NULL)",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::RowState;

    #[test]
    fn the_states_that_exist_are_those_of_the_state_machine() {
        let rule = RULES.iter().find(|rule| rule.code == "state").unwrap();
        let names = RowState::ALL.map(|state| format!("'{}'", state.name()));
        assert!(names.iter().all(|name| rule.sql.contains(name)));
        assert_eq!(rule.sql.matches(',').count() + 1, names.len());
    }
}
