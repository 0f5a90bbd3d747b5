//! Full-jitter exponential back-off, as an iterator of delays without a clock. (backon's jitter only adds to a delay:
//! all who lost the same server would come back together.)

use std::time::Duration;

const SHORTEST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(60);

/// Delays, each drawn evenly from nothing up to a bound that doubles.
#[derive(Debug)]
pub(super) struct Backoff {
    bound: Duration,
    random: fastrand::Rng,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { bound: SHORTEST, random: fastrand::Rng::new() }
    }

    /// After a success: from the start.
    pub(super) fn reset(&mut self) {
        self.bound = SHORTEST;
    }

    /// A random part of `most`.
    pub(super) fn jitter(&mut self, most: Duration) -> Duration {
        most.mul_f64(self.random.f64())
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let delay = self.jitter(self.bound);
        self.bound = (self.bound * 2).min(LONGEST);
        Some(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_a_minute() {
        let mut backoff = Backoff::new();
        for seconds in [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0] {
            assert!((backoff.bound.as_secs_f64() - seconds).abs() < 1e-9);
            assert!(backoff.next().unwrap() <= Duration::from_secs_f64(seconds));
        }
        backoff.reset();
        assert!(backoff.next().unwrap() <= SHORTEST);
    }

    #[test]
    fn the_jitter_is_full() {
        let mut backoff = Backoff { bound: LONGEST, random: fastrand::Rng::with_seed(7) };
        let delays: Vec<Duration> = backoff.by_ref().take(200).collect();
        assert!(delays.iter().any(|d| *d < LONGEST / 10) && delays.iter().any(|d| *d > LONGEST / 10 * 9));
    }
}
