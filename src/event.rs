//! What a run tells while it goes on. A progress bar, JSON lines and a test's `Vec` are listeners of the same events.

use std::time::Duration;

use crate::model::MeetingId;
use crate::outcome::{Failure, Stop};
use crate::roster::{FileReport, RowError};

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event<'a> {
    /// So many rows have been read; sent every few thousand.
    Read {
        /// Rows read.
        rows: u64,
    },
    /// A roster was read to its end: what it was taken for, and how many rows it has.
    RosterRead(&'a FileReport),
    /// A row is invalid.
    Invalid(&'a RowError),
    /// The roster is valid and taken into the journal: this is what there is to do.
    Accepted {
        /// Rows that will be sent.
        to_send: u64,
        /// Rows that are in the meeting already.
        present: u64,
    },
    /// A meeting is being listed.
    Listing {
        /// The meeting.
        meeting: MeetingId,
        /// Participants listed so far.
        listed: u64,
        /// Participants that the server says there are.
        total: u64,
    },
    /// A complete listing was compared with the journal.
    Compared {
        /// The meeting.
        meeting: MeetingId,
        /// Rows that were there before us.
        found: u64,
        /// Rows in doubt that turned out to be there.
        reconciled: u64,
        /// Rows whose id is there more than once.
        conflicts: u64,
        /// Rows in doubt that turned out to be absent and will be sent again.
        resend: u64,
    },
    /// Rows that are about to be added look like somebody who is in the meeting: the API takes them for others.
    LookAlike {
        /// The meeting.
        meeting: MeetingId,
        /// How many rows.
        count: u64,
        /// The first of them.
        first: &'a [Lookalike],
    },
    /// Results have been made durable.
    Recorded(Recorded),
    /// Nothing can be sent until then.
    Waiting {
        /// Why.
        reason: WaitReason,
        /// For how long, as far as is known now.
        remaining: Duration,
    },
    /// No new request leaves; those on their way are waited for.
    Draining {
        /// How many there are.
        in_flight: usize,
    },
    /// Participants were changed, and that was made durable.
    Changed {
        /// How many were updated.
        updated: u64,
        /// How many were removed.
        removed: u64,
    },
    /// So many tokens are to be renewed.
    TokensDue {
        /// How many.
        due: u64,
    },
    /// Tokens were asked for and kept.
    Tokens {
        /// How many.
        refreshed: u64,
    },
    /// The run, or a part of it, can't go on.
    Stopped(&'a StopReason),
}

/// Two ids that differ in case, normal form or outer spaces only. The API compares them byte by byte. Not escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookalike {
    /// The roster's.
    pub planned: String,
    /// The one that is in the meeting.
    pub present: String,
}

/// Results that became durable together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Added.
    pub added: u64,
    /// Refused.
    pub rejected: u64,
    /// In doubt.
    pub uncertain: u64,
    /// Not sent; will be sent later.
    pub taken_back: u64,
}

/// Why nothing can be sent for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitReason {
    /// The server answered 429.
    Throttled,
    /// The server can't be reached, or fails.
    Outage,
    /// Creates in doubt must have settled before a listing can tell.
    Settling {
        /// How many rows.
        rows: u64,
    },
}

/// Why a run, or a part of it, ended before its end. The same command resumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// Somebody asked for it.
    Interrupted,
    /// An answer after which no further request may be made.
    Answer(Stop),
    /// No request succeeded for too long.
    Outage {
        /// How long.
        lasted: Duration,
        /// What the last request met, if it was one; not escaped.
        trouble: Option<String>,
    },
    /// The server asks for a longer wait than a run makes.
    Throttled {
        /// How long from now; unknown if it never admitted a request.
        retry_after: Option<Duration>,
    },
    /// A meeting takes nobody; its other rows were not attempted.
    MeetingRefuses {
        /// The meeting.
        meeting: MeetingId,
        /// What it said last; `None` if it is inactive.
        failure: Option<Failure>,
    },
    /// A meeting's list never came whole; its rows were not attempted.
    ListingIncomplete {
        /// The meeting.
        meeting: MeetingId,
    },
}

impl StopReason {
    /// Whether it ends the run, rather than what is done about one meeting.
    pub fn ends_the_run(&self) -> bool {
        match self {
            Self::Interrupted | Self::Answer(_) | Self::Outage { .. } | Self::Throttled { .. } => true,
            Self::MeetingRefuses { .. } | Self::ListingIncomplete { .. } => false,
        }
    }
}

/// Who listens.
pub trait Observer: Send + Sync {
    /// Takes note of an event. Must return soon: the run waits for it.
    fn on(&self, event: &Event<'_>);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn on(&self, _event: &Event<'_>) {}
}
