//! `--rate`: how a person writes a rate.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use crate::model::escape;

/// The fastest rate that can be asked for; faster is `unlimited`.
const MOST_PER_SECOND: u32 = 1_000_000;
/// The longest period, a day.
const LONGEST_PERIOD: u64 = 86_400;

/// `--rate`. Headers and 429s are obeyed whatever it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rate {
    /// Led by the server's headers.
    #[default]
    Auto,
    /// A ceiling set by hand.
    Quota(Quota),
    /// No ceiling of ours.
    Unlimited,
}

/// So many requests per period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    requests: NonZeroU32,
    per: Duration,
}

/// A rate that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rate '{}' is not valid: write auto, unlimited, or a quota such as 4/s, 1200/5m or 50/1m", escape(.0))]
pub struct InvalidRate(String);

impl Quota {
    /// `None` for a period of zero or of more than a day, or for more than a million requests a second.
    pub fn new(requests: NonZeroU32, per: Duration) -> Option<Self> {
        let sensible = !per.is_zero()
            && per <= Duration::from_secs(LONGEST_PERIOD)
            && f64::from(requests.get()) / per.as_secs_f64() <= f64::from(MOST_PER_SECOND);
        sensible.then_some(Self { requests, per })
    }

    /// The time between two requests that are spread evenly; never zero.
    pub fn interval(self) -> Duration {
        self.per / self.requests.get()
    }
}

impl FromStr for Rate {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        match text {
            "auto" => Ok(Self::Auto),
            "unlimited" => Ok(Self::Unlimited),
            quota => quota.parse().map(Self::Quota),
        }
    }
}

impl FromStr for Quota {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        let quota = || {
            let (requests, per) = text.split_once('/')?;
            Self::new(whole_number(requests)?, period(per)?)
        };
        quota().ok_or_else(|| InvalidRate(text.to_owned()))
    }
}

/// `s`, `5m`, `1h`.
fn period(text: &str) -> Option<Duration> {
    let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count = if count.is_empty() { NonZeroU32::MIN } else { whole_number(count)? };
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    Some(Duration::from_secs(u64::from(count.get()) * seconds))
}

/// Digits only: `parse` alone would take `+4` too.
fn whole_number(text: &str) -> Option<NonZeroU32> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Quota(quota) => quota.fmt(f),
            Self::Unlimited => f.write_str("unlimited"),
        }
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.per.as_secs();
        match seconds {
            1 => write!(f, "{}/s", self.requests),
            _ if seconds.is_multiple_of(3600) => write!(f, "{}/{}h", self.requests, seconds / 3600),
            _ if seconds.is_multiple_of(60) => write!(f, "{}/{}m", self.requests, seconds / 60),
            _ => write!(f, "{}/{seconds}s", self.requests),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("4/s", 250)]
    #[case("1200/5m", 250)]
    #[case("50/1m", 1200)]
    #[case("1/24h", 86_400_000)]
    fn a_quota_is_read(#[case] text: &str, #[case] interval_ms: u64) {
        let quota: Quota = text.parse().unwrap();
        assert_eq!(quota.interval(), Duration::from_millis(interval_ms));
    }

    #[rstest]
    #[case("")]
    #[case("4")]
    #[case("/s")]
    #[case("0/s")]
    #[case("4/")]
    #[case("4/0s")]
    #[case("-4/s")]
    #[case("+4/s")]
    #[case("4/5d")]
    #[case("4/é")]
    #[case("4/25h")]
    #[case("1000001/s")]
    #[case("99999999999/s")]
    #[case("Auto")]
    #[case(" 4/s")]
    fn what_is_no_rate_is_refused(#[case] text: &str) {
        assert_eq!(text.parse::<Rate>(), Err(InvalidRate(text.to_owned())));
    }

    #[test]
    fn the_message_shows_the_way_out_and_no_escape_sequence() {
        let error = "4/\u{1b}[2J".parse::<Rate>().unwrap_err().to_string();
        assert_eq!(
            error,
            r"rate '4/\u{1b}[2J' is not valid: write auto, unlimited, or a quota such as 4/s, 1200/5m or 50/1m"
        );
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(requests in 1u32..1_000_000, seconds in 1u64..=86_400) {
            let quota = Quota::new(NonZeroU32::new(requests).unwrap(), Duration::from_secs(seconds)).unwrap();
            prop_assert_eq!(Rate::Quota(quota).to_string().parse(), Ok(Rate::Quota(quota)));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,12}") {
            let _ = text.parse::<Rate>();
        }
    }

    #[rstest]
    #[case("4/s", "4/s")]
    #[case("4/1s", "4/s")]
    #[case("7/90s", "7/90s")]
    #[case("1200/300s", "1200/5m")]
    #[case("50/60m", "50/1h")]
    #[case("50/90m", "50/90m")]
    fn a_quota_is_shown_in_its_largest_unit(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(text.parse::<Rate>().unwrap().to_string(), shown);
    }

    #[test]
    fn the_fastest_and_the_longest_quota_are_quotas_yet() {
        assert_eq!("1000000/s".parse::<Quota>().unwrap().interval(), Duration::from_micros(1));
        assert_eq!("1/1440m".parse::<Quota>().unwrap().interval(), Duration::from_secs(LONGEST_PERIOD));
        assert_eq!(Quota::new(NonZeroU32::MIN, Duration::ZERO), None);
        assert_eq!(Quota::new(NonZeroU32::MIN, Duration::from_secs(LONGEST_PERIOD + 1)), None);
    }

    #[test]
    fn words_are_read_back() {
        for rate in [Rate::Auto, Rate::Unlimited] {
            assert_eq!(rate.to_string().parse(), Ok(rate));
        }
    }
}
