//! What of a line a log leaves out.

use super::Line;

impl Line<'_> {
    /// The fields in which a guest's name, address or picture may stand, and whatever was copied from a roster or an
    /// answer. A new line doesn't compile until somebody has decided.
    pub(in super::super) fn withheld(&self) -> &'static [&'static str] {
        match self {
            Self::Invalid { .. } => &["column", "value", "message"],
            Self::Roster { .. } => &["columns", "encoding_word", "status", "tickets"],
            Self::LookAlike { .. } => &["pairs"],
            Self::Preview { .. } => &["name", "picture"],
            Self::Issue { .. } => &["hint", "examples"],
            Self::Problem { .. } | Self::TokenProblem { .. } => &["detail"],
            Self::Change(_) | Self::Deviation { .. } => &["name", "fields"],
            Self::Finding { .. } => &["example"],
            Self::ApiToken { .. } => &["name"],
            Self::Setting { .. } => &["value"],
            #[cfg(feature = "sandbox")]
            Self::Sandbox { .. } => &["api_token"],
            Self::Begun { .. }
            | Self::Report { .. }
            | Self::Check { .. }
            | Self::Accepted { .. }
            | Self::Listing { .. }
            | Self::Compared { .. }
            | Self::Progress(_)
            | Self::Waiting { .. }
            | Self::Draining { .. }
            | Self::Changed { .. }
            | Self::TokensDue { .. }
            | Self::Tokens { .. }
            | Self::Stopped { .. }
            | Self::MeetingPlan { .. }
            | Self::Planned { .. }
            | Self::Plan { .. }
            | Self::Summary(_)
            | Self::Refreshed(_)
            | Self::MeetingAudit { .. }
            | Self::Audited { .. }
            | Self::RemovalPlan { .. }
            | Self::Removed { .. }
            | Self::TokenEnds { .. }
            | Self::Export { .. }
            | Self::Journal { .. }
            | Self::Meeting(_)
            | Self::Run(_)
            | Self::Verified { .. }
            | Self::Purged { .. }
            | Self::SettingsFile { .. }
            | Self::ProbeFinding(_)
            | Self::ProbeAdvice { .. }
            | Self::Probe(_)
            | Self::Error { .. } => &[],
        }
    }
}
