//! The headers of an answer that tell a client about limits and time, true or as the settings have them. Pure.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};

use super::answer::Answer;
use super::quota::{Meter, Verdict};
use super::settings::SandboxSettings;

/// Begins a `Retry-After` that is sent as a date so many seconds ahead.
const DATE_IN: &str = "date+";

/// Adds `Date` and what is left of the quota.
pub(super) fn complete(
    answer: &mut Answer,
    settings: &SandboxSettings,
    now: Timestamp,
    quota: Option<(Verdict, &Meter)>,
) {
    let (left, policy) =
        quota.map(|(verdict, meter)| (verdict.ratelimit_header(), meter.policy_header())).unzip();
    let headers = [
        ("date", http_date(now, settings.clock_offset)),
        ("ratelimit", settings.ratelimit.clone().or(left)),
        ("ratelimit-policy", settings.ratelimit_policy.clone().or(policy)),
    ];
    answer.headers.extend(headers.into_iter().filter_map(|(name, value)| Some((name, value?))));
}

/// `Retry-After` as it is sent, and how long it asks to wait; nothing, where it makes no sense.
pub(super) fn retry_after(wanted: &str, settings: &SandboxSettings, now: Timestamp) -> (String, Duration) {
    let seconds = |text: &str| text.parse().map(Duration::from_secs).ok();
    let date = |pause: Duration| {
        let pause = SignedDuration::try_from(pause).ok()?;
        http_date(now, settings.clock_offset.checked_add(pause)?)
    };
    match wanted.strip_prefix(DATE_IN).and_then(seconds) {
        Some(pause) => (date(pause).unwrap_or_else(|| wanted.to_owned()), pause),
        None => (wanted.to_owned(), seconds(wanted).unwrap_or_default()),
    }
}

/// The time so much later, as HTTP writes it; `None` beyond the year 9999.
fn http_date(now: Timestamp, later: SignedDuration) -> Option<String> {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&now.checked_add(later).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const NOON: &str = "2026-03-01T12:00:00.7Z";

    fn settings(clock_offset: &str) -> SandboxSettings {
        SandboxSettings { clock_offset: clock_offset.parse().unwrap(), ..SandboxSettings::default() }
    }

    #[rstest]
    #[case("4", "0s", "4", 4)]
    #[case("date+4", "0s", "Sun, 01 Mar 2026 12:00:04 GMT", 4)]
    #[case("date+4", "-1h", "Sun, 01 Mar 2026 11:00:04 GMT", 4)]
    #[case("date+4", "1h", "Sun, 01 Mar 2026 13:00:04 GMT", 4)]
    #[case("date+x", "0s", "date+x", 0)]
    #[case("soon", "0s", "soon", 0)]
    #[case("date+18446744073709551615", "0s", "date+18446744073709551615", u64::MAX)]
    fn a_wait_is_a_text_or_a_date_of_the_servers_clock(
        #[case] wanted: &str,
        #[case] clock_offset: &str,
        #[case] sent: &str,
        #[case] seconds: u64,
    ) {
        let told = retry_after(wanted, &settings(clock_offset), NOON.parse().unwrap());
        assert_eq!(told, (sent.to_owned(), Duration::from_secs(seconds)));
    }

    #[test]
    fn every_answer_says_what_time_it_is_there() {
        let mut answer = Answer::error(500);
        complete(&mut answer, &settings("1h"), NOON.parse().unwrap(), None);
        assert!(answer.headers.contains(&("date", "Sun, 01 Mar 2026 13:00:00 GMT".to_owned())), "{answer:?}");
    }
}
