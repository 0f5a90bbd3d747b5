//! `Retry-After`: how long a 429 asks us to stay away. Pure.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;

use crate::outcome::LimitHeaders;

/// A pause longer than a day is no rate limit but a mistake, and counts as absent.
pub(crate) const LONGEST_SENSIBLE: Duration = Duration::from_secs(86_400);

/// The longest sensible `Retry-After` of an answer, in seconds or as a date less the answer's own `Date`: our clock
/// has no say, it may be hours off. Zero, negative, overflowing and unreadable values count as absent.
pub(super) fn retry_after(headers: &LimitHeaders) -> Option<Duration> {
    let date = headers.date.as_deref();
    headers.retry_after.iter().flat_map(|value| seconds(value).chain(until(value, date))).max()
}

/// Seconds; joined by commas if a proxy folded several headers into one.
fn seconds(value: &str) -> impl Iterator<Item = Duration> {
    value.split(',').map(str::trim).filter_map(|part| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        sensible(if digits { part.parse().ok()? } else { return None })
    })
}

fn until(value: &str, date: Option<&str>) -> Option<Duration> {
    let (end, start) = (http_date(value)?, http_date(date?)?);
    sensible(u64::try_from(end.checked_sub(start)?).ok()?)
}

/// Seconds since 1970. An HTTP date is an RFC 2822 date in GMT.
fn http_date(value: &str) -> Option<i64> {
    Some(DateTimeParser::new().parse_timestamp(value.trim()).ok()?.as_second())
}

fn sensible(seconds: u64) -> Option<Duration> {
    let duration = Duration::from_secs(seconds);
    (!duration.is_zero() && duration <= LONGEST_SENSIBLE).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn headers(retry_after: &[&str], date: Option<&str>) -> LimitHeaders {
        LimitHeaders {
            retry_after: retry_after.iter().map(ToString::to_string).collect(),
            date: date.map(str::to_owned),
            ..LimitHeaders::default()
        }
    }

    #[rstest]
    #[case::seconds(&["4"], Some(4))]
    #[case::spaces(&[" 300 "], Some(300))]
    #[case::above_the_longest_gate(&["3600"], Some(3600))]
    #[case::two_headers(&["10", "30"], Some(30))]
    #[case::folded(&["10, 30"], Some(30))]
    #[case::one_of_two_senseless(&["abc", "30"], Some(30))]
    #[case::negative(&["-5"], None)]
    #[case::signed(&["+5"], None)]
    #[case::zero(&["0"], None)]
    #[case::scientific(&["1e12"], None)]
    #[case::fraction(&["1.5"], None)]
    #[case::word(&["abc"], None)]
    #[case::overflow(&["99999999999999999999"], None)]
    #[case::largest(&["18446744073709551615"], None)]
    #[case::thirty_thousand_years(&["1000000000000"], None)]
    #[case::empty(&[""], None)]
    #[case::none(&[], None)]
    fn seconds_are_read(#[case] values: &[&str], #[case] expected: Option<u64>) {
        assert_eq!(retry_after(&headers(values, None)), expected.map(Duration::from_secs));
    }

    const DATE: &str = "Wed, 21 Oct 2015 07:28:00 GMT";

    #[rstest]
    #[case::a_minute("Wed, 21 Oct 2015 07:29:00 GMT", Some(DATE), Some(60))]
    #[case::past("Wed, 21 Oct 2015 07:27:00 GMT", Some(DATE), None)]
    #[case::now(DATE, Some(DATE), None)]
    #[case::next_year("Fri, 21 Oct 2016 07:29:00 GMT", Some(DATE), None)]
    #[case::nothing_to_measure_against("Wed, 21 Oct 2015 07:29:00 GMT", None, None)]
    #[case::broken_date("Wed, 21 Oct 2015 07:29:00 GMT", Some("yesterday"), None)]
    #[case::broken("Wed, 99 Oct 2015 07:29:00 GMT", Some(DATE), None)]
    fn a_date_counts_from_the_answers_own_date(
        #[case] value: &str,
        #[case] date: Option<&str>,
        #[case] expected: Option<u64>,
    ) {
        assert_eq!(retry_after(&headers(&[value], date)), expected.map(Duration::from_secs));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(value in "\\PC*", date in "\\PC*") {
            let _ = retry_after(&headers(&[&value], Some(&date)));
        }
    }
}
