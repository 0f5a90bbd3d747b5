//! What the journal keeps of an outcome.

use crate::journal::{Proof, RowResult};
use crate::outcome::{CreateOutcome, Doubt, Loss, Stop};

/// What the journal keeps of an outcome.
pub(super) fn row_result(outcome: CreateOutcome) -> RowResult {
    match outcome {
        CreateOutcome::Added(added) => RowResult::Added(Box::new(added)),
        CreateOutcome::Refused(failure) => RowResult::Refused(failure),
        CreateOutcome::NotSent(_) | CreateOutcome::Throttled => RowResult::TakenBack,
        CreateOutcome::Applied { flaw, remote_id } => RowResult::Doubtful {
            proof: Proof::Applied,
            cause: format!("the API said yes, but its answer lacked what it should hold ({flaw:?})"),
            remote_id,
        },
        CreateOutcome::Doubtful(failure) => RowResult::Doubtful {
            cause: format!("HTTP {}: {}", failure.status, failure.message),
            proof: Proof::Refused(failure),
            remote_id: None,
        },
        CreateOutcome::Unknown(doubt) => {
            RowResult::Doubtful { proof: Proof::None, cause: cause(&doubt), remote_id: None }
        }
        CreateOutcome::Stop(Stop::Redirected(failure)) => RowResult::Doubtful {
            proof: Proof::None,
            cause: format!("HTTP {}: a redirect, which is never followed", failure.status),
            remote_id: None,
        },
        CreateOutcome::Stop(Stop::Unauthorized(_) | Stop::NotBuilt(_) | Stop::Untrusted(_)) => {
            RowResult::TakenBack
        }
    }
}

fn cause(doubt: &Doubt) -> String {
    match doubt {
        Doubt::Lost(Loss::TimedOut) => "no answer came in time".to_owned(),
        Doubt::Lost(Loss::Broken(why)) => format!("the answer was lost: {why}"),
        Doubt::Lost(Loss::Aborted) => "the request was aborted".to_owned(),
        Doubt::Failed(failure) => format!("HTTP {}: {}", failure.status, failure.message),
    }
}
