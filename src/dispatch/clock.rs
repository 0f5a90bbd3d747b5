//! The clock of a run: wall time that follows the monotonic clock, so that a jump of the wall clock during the run
//! neither shortens nor lengthens a wait.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Wall time at the start, and the monotonic time since.
#[derive(Debug, Clone, Copy)]
pub struct RunClock {
    began_at: Timestamp,
    began: Instant,
}

impl RunClock {
    /// A run that begins now, at `wall`.
    pub fn starting_at(wall: Timestamp) -> Self {
        Self { began_at: wall, began: Instant::now() }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.began.elapsed()).unwrap_or(SignedDuration::MAX);
        self.began_at.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    /// How long until `then`; `None` if it has passed.
    pub fn until(&self, then: Timestamp) -> Option<Duration> {
        Duration::try_from(then.duration_since(self.now())).ok().filter(|remaining| !remaining.is_zero())
    }

    /// `duration` after `then`.
    pub fn after(then: Timestamp, duration: Duration) -> Timestamp {
        let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        then.saturating_add(duration).unwrap_or(Timestamp::MAX)
    }

    /// `duration` ago.
    pub fn ago(&self, duration: Duration) -> Timestamp {
        let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        self.now().saturating_sub(duration).unwrap_or(Timestamp::MIN)
    }
}
