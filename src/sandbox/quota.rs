//! The limit of api.cloudflare.com: so many requests in a window; who exceeds it is blocked altogether for a while.
//! Pure over [`Instant`].

use std::str::FromStr;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::escape;

/// So many requests in so much time, counted in fixed windows that begin with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many requests.
    pub requests: u64,
    /// In how much time.
    pub window: Duration,
}

/// A text that is no quota.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a quota: write requests/time, for example 1200/5m, 50/s or 10/500ms")]
pub struct InvalidQuota(String);

impl FromStr for Quota {
    type Err = InvalidQuota;

    fn from_str(text: &str) -> Result<Self, InvalidQuota> {
        parse(text).ok_or_else(|| InvalidQuota(escape(text)))
    }
}

fn parse(text: &str) -> Option<Quota> {
    let (requests, window) = text.split_once('/')?;
    let unit_at = window.find(|c: char| !c.is_ascii_digit())?;
    let (count, unit) = window.split_at(unit_at);
    let count = if count.is_empty() { 1 } else { count.parse().ok()? };
    let unit = match unit {
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        "h" => Duration::from_secs(60 * 60),
        _ => return None,
    };
    let window = unit.checked_mul(count).filter(|window| !window.is_zero())?;
    Some(Quota { requests: requests.parse().ok()?, window })
}

/// Counts requests against a quota.
#[derive(Debug)]
pub(super) struct Meter {
    quota: Quota,
    block: Duration,
    phase: Phase,
    others: Option<Others>,
}

/// Another client of the same token, which sends steadily, whatever it is answered.
#[derive(Debug)]
struct Others {
    every: Duration,
    /// When it sends next; it begins when the first request of ours has come.
    next: Option<Instant>,
    counts: OthersCounts,
}

/// What became of another client's requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct OthersCounts {
    pub(super) requests: u64,
    pub(super) throttled: u64,
}

/// The other client sends no faster than that.
const OTHERS_FASTEST: Duration = Duration::from_millis(1);

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// No window has begun.
    Fresh,
    /// A window has begun, and so many requests came in it.
    Counting { since: Instant, used: u64 },
    /// The quota was exceeded.
    Blocked { since: Instant },
}

/// What the meter says to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) admission: Admission,
    /// How many requests are left in this window.
    pub(super) remaining: u64,
    /// Until the next window begins.
    pub(super) reset: Duration,
}

/// Whether a request may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    Admitted,
    /// It is the one that exceeds the quota.
    Exceeding,
    /// It came during the block.
    Blocked,
}

impl Meter {
    pub(super) fn new(quota: Quota, block: Option<Duration>, others: Option<Quota>) -> Self {
        let others = others.filter(|rate| rate.requests > 0).map(|rate| Others {
            every: rate
                .window
                .div_f64(u32::try_from(rate.requests).unwrap_or(u32::MAX).into())
                .max(OTHERS_FASTEST),
            next: None,
            counts: OthersCounts::default(),
        });
        Self { quota, block: block.unwrap_or(quota.window), phase: Phase::Fresh, others }
    }

    /// Counts a request that comes now, after those that another client has sent meanwhile.
    pub(super) fn admit(&mut self, now: Instant) -> Verdict {
        if let Some(mut others) = self.others.take() {
            let mut next = others.next.unwrap_or(now + others.every);
            while next <= now {
                let admitted = self.count(next).admission == Admission::Admitted;
                others.counts.requests += 1;
                others.counts.throttled += u64::from(!admitted);
                next += others.every;
            }
            self.others = Some(Others { next: Some(next), ..others });
        }
        self.count(now)
    }

    /// What became of the other client's requests.
    pub(super) fn others(&self) -> OthersCounts {
        self.others.as_ref().map(|others| others.counts).unwrap_or_default()
    }

    fn count(&mut self, now: Instant) -> Verdict {
        match self.phase_at(now) {
            Phase::Blocked { since } => self.blocked(since, now, Admission::Blocked),
            Phase::Counting { since, used } if used < self.quota.requests => {
                self.admitted(since, used + 1, now)
            }
            Phase::Fresh if self.quota.requests > 0 => self.admitted(now, 1, now),
            Phase::Counting { .. } | Phase::Fresh => self.blocked(now, now, Admission::Exceeding),
        }
    }

    fn phase_at(&self, now: Instant) -> Phase {
        let over = |since: Instant, length| now.saturating_duration_since(since) >= length;
        match self.phase {
            Phase::Counting { since, .. } if over(since, self.quota.window) => Phase::Fresh,
            Phase::Blocked { since } if over(since, self.block) => Phase::Fresh,
            phase => phase,
        }
    }

    fn admitted(&mut self, since: Instant, used: u64, now: Instant) -> Verdict {
        self.phase = Phase::Counting { since, used };
        let reset = self.quota.window.saturating_sub(now.saturating_duration_since(since));
        Verdict { admission: Admission::Admitted, remaining: self.quota.requests - used, reset }
    }

    fn blocked(&mut self, since: Instant, now: Instant, admission: Admission) -> Verdict {
        self.phase = Phase::Blocked { since };
        Verdict {
            admission,
            remaining: 0,
            reset: self.block.saturating_sub(now.saturating_duration_since(since)),
        }
    }

    /// The value of `Ratelimit-Policy`.
    pub(super) fn policy_header(&self) -> String {
        format!(r#""default";q={};w={}"#, self.quota.requests, whole_seconds(self.quota.window))
    }
}

impl Verdict {
    /// The value of `Ratelimit`.
    pub(super) fn ratelimit_header(&self) -> String {
        format!(r#""default";r={};t={}"#, self.remaining, whole_seconds(self.reset))
    }

    /// The value of `Retry-After`.
    pub(super) fn retry_after(&self) -> String {
        whole_seconds(self.reset).to_string()
    }
}

/// Rounded up, as Cloudflare does; never 0, which would ask for an immediate retry.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const SECOND: Duration = Duration::from_secs(1);

    #[rstest]
    #[case("1200/5m", 1200, 300_000)]
    #[case("50/s", 50, 1_000)]
    #[case("10/500ms", 10, 500)]
    #[case("1/2h", 1, 7_200_000)]
    fn a_quota_is_requests_in_a_time(#[case] text: &str, #[case] requests: u64, #[case] millis: u64) {
        assert_eq!(text.parse(), Ok(Quota { requests, window: Duration::from_millis(millis) }));
    }

    #[rstest]
    fn anything_else_is_none(
        #[values(
            "",
            "5",
            "/s",
            "5/",
            "5/0s",
            "5/x",
            "-1/s",
            "5/s/s",
            "5/ s",
            "5/99999999999999999999s",
            "5/18446744073709551615h"
        )]
        text: &str,
    ) {
        assert_eq!(text.parse::<Quota>(), Err(InvalidQuota(text.to_owned())));
    }

    /// What each of the requests, at these milliseconds, is told.
    fn told(quota: &str, block: Option<Duration>, at: &[u64]) -> Vec<(Admission, String)> {
        let start = Instant::now();
        let mut meter = Meter::new(quota.parse().unwrap(), block, None);
        let admit = |millis: &u64| {
            let verdict = meter.admit(start + Duration::from_millis(*millis));
            (verdict.admission, verdict.ratelimit_header())
        };
        at.iter().map(admit).collect()
    }

    #[test]
    fn a_window_begins_with_a_request_and_counts_down() {
        use Admission::Admitted;
        let told = told("3/10s", None, &[0, 1_500, 9_999, 10_000]);
        let expected = [
            (Admitted, r#""default";r=2;t=10"#.to_owned()),
            (Admitted, r#""default";r=1;t=9"#.to_owned()),
            (Admitted, r#""default";r=0;t=1"#.to_owned()),
            (Admitted, r#""default";r=2;t=10"#.to_owned()),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn who_exceeds_it_is_blocked_for_the_whole_block_not_for_the_rest_of_the_window() {
        use Admission::{Admitted, Blocked, Exceeding};
        let told = told("1/10s", None, &[0, 9_000, 10_500, 18_999, 19_000]);
        let expected = [
            (Admitted, r#""default";r=0;t=10"#.to_owned()),
            (Exceeding, r#""default";r=0;t=10"#.to_owned()),
            (Blocked, r#""default";r=0;t=9"#.to_owned()),
            (Blocked, r#""default";r=0;t=1"#.to_owned()),
            (Admitted, r#""default";r=0;t=10"#.to_owned()),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn the_block_can_be_scaled() {
        let admissions =
            told("1/1h", Some(SECOND), &[0, 1, 500, 1_001]).into_iter().map(|(admission, _)| admission);
        let expected = [Admission::Admitted, Admission::Exceeding, Admission::Blocked, Admission::Admitted];
        assert_eq!(admissions.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn another_client_spends_the_same_quota() {
        let start = Instant::now();
        let mut meter = Meter::new("10/10s".parse().unwrap(), None, Some("2/s".parse().unwrap()));
        let mut admit = |seconds| meter.admit(start + seconds * SECOND);
        assert_eq!([admit(0).remaining, admit(2).remaining, admit(3).remaining], [9, 4, 1]);
        assert_eq!(admit(4).admission, Admission::Blocked, "the other client exceeded it");
        assert_eq!(meter.others(), OthersCounts { requests: 8, throttled: 1 });
    }

    #[test]
    fn a_quota_of_nothing_admits_nobody() {
        assert_eq!(told("0/1s", None, &[0])[0].0, Admission::Exceeding);
    }

    #[rstest]
    #[case(Duration::ZERO, 1)]
    #[case(Duration::from_millis(1), 1)]
    #[case(Duration::from_secs(4), 4)]
    #[case(Duration::from_millis(4_001), 5)]
    #[case(Duration::MAX, u64::MAX)]
    fn seconds_are_rounded_up(#[case] duration: Duration, #[case] seconds: u64) {
        assert_eq!(whole_seconds(duration), seconds);
    }

    #[test]
    fn the_policy_names_quota_and_window() {
        let meter = Meter::new(Quota { requests: 1200, window: Duration::from_secs(300) }, None, None);
        assert_eq!(meter.policy_header(), r#""default";q=1200;w=300"#);
    }

    proptest::proptest! {
        /// Whatever the pauses: no window admits more than its quota, and a block admits nobody.
        #[test]
        fn the_quota_holds(pauses in proptest::collection::vec(0_u64..400, 1..200), requests in 0_u64..5) {
            let (window, block) = (Duration::from_millis(1_000), Duration::from_millis(2_000));
            let mut meter = Meter::new(Quota { requests, window }, Some(block), None);
            let mut now = Instant::now();
            let (mut admitted, mut exceeded) = (Vec::new(), None);
            for pause in pauses {
                now += Duration::from_millis(pause);
                match meter.admit(now).admission {
                    Admission::Admitted => {
                        admitted.push(now);
                        proptest::prop_assert!(exceeded.is_none_or(|at| now >= at + block));
                    }
                    Admission::Exceeding => exceeded = Some(now),
                    Admission::Blocked => proptest::prop_assert!(exceeded.is_some_and(|at| now < at + block)),
                }
            }
            // Fixed windows: twice the quota fits around the border of two, never more.
            for start in &admitted {
                let within = admitted.iter().filter(|at| **at >= *start && **at < *start + window).count();
                proptest::prop_assert!(within as u64 <= 2 * requests);
            }
        }
    }
}
