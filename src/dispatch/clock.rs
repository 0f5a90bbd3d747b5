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

    /// `duration` before `then`.
    pub fn before(then: Timestamp, duration: Duration) -> Timestamp {
        let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        then.saturating_sub(duration).unwrap_or(Timestamp::MIN)
    }

    /// `duration` ago.
    pub fn ago(&self, duration: Duration) -> Timestamp {
        Self::before(self.now(), duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: Timestamp = Timestamp::constant(1_800_000_000, 0);

    /// M01: whatever the wall clock says meanwhile: it is asked once, before the run.
    #[tokio::test(start_paused = true)]
    async fn it_goes_as_fast_as_the_monotonic_clock() {
        let clock = RunClock::starting_at(WALL);
        assert_eq!(clock.now(), WALL);
        let then = RunClock::after(WALL, Duration::from_secs(10));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(clock.now().duration_since(WALL), SignedDuration::from_secs(4));
        assert_eq!(clock.until(then), Some(Duration::from_secs(6)));
        assert_eq!(clock.ago(Duration::from_secs(4)), WALL);
        tokio::time::advance(Duration::from_secs(6)).await;
        assert_eq!(clock.until(then), None, "it is then");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(clock.until(then), None);
    }

    #[tokio::test(start_paused = true)]
    async fn no_time_is_too_far_away() {
        let clock = RunClock::starting_at(Timestamp::MAX);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(clock.now(), Timestamp::MAX);
        assert_eq!(RunClock::after(WALL, Duration::MAX), Timestamp::MAX);
        assert_eq!(clock.ago(Duration::MAX), Timestamp::MIN);
    }
}
