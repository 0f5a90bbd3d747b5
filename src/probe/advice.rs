//! The settings that follow from what was found. Pure.

use std::time::Duration;

use super::findings::{Finding, Lag, Longest, NullPicture, Refusal, SecondAdd, TokenLifetime};
use jiff::SignedDuration;

/// How long Cloudflare's proxy waits for an origin: so long a create that we stopped waiting for may still take effect.
const LATEST_EFFECT: Duration = Duration::from_secs(120);
/// The default of `--settle`.
const DEFAULT_SETTLE: Duration = Duration::from_secs(150);
/// The least settle time that is advised where a repeated add is harmless.
const LEAST_SETTLE: Duration = Duration::from_secs(10);

/// What to set, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// A second add makes nobody: a lost answer needs no long wait.
    ShortSettle(Duration),
    /// A second add makes another participant, or may: the settle time is what protects, and its default is enough.
    KeepSettle,
    /// Lists lag so much that the default is too short.
    LongSettle(Duration),
    /// Lists lag longer than was waited for: only never sending again is safe.
    HoldUncertain,
    /// Unknown presets are not refused: only the check of the roster finds them.
    CheckPresets,
    /// Ids that are longer are refused.
    ShortIds(usize),
    /// Names that are longer are refused.
    ShortNames(usize),
    /// Tokens last so long: import or refresh so shortly before the end of the event.
    RefreshTokens(SignedDuration),
    /// A sync can't take a picture away.
    PicturesStay,
    /// No limit header comes: the published limit is kept to.
    NoLimitHeaders,
}

/// What follows, in the order of the findings.
pub(super) fn of(findings: &[Finding]) -> Vec<Advice> {
    let lag = findings.iter().find_map(|finding| match finding {
        Finding::Lag(lag) => Some(*lag),
        _ => None,
    });
    findings.iter().filter_map(|finding| one(finding, lag)).collect()
}

fn one(finding: &Finding, lag: Option<Lag>) -> Option<Advice> {
    match finding {
        Finding::SecondAdd(second_add) => Some(settle(second_add, lag)),
        Finding::UnknownPreset(Refusal::Accepted) => Some(Advice::CheckPresets),
        Finding::LongId(Longest { accepted: Some(longest), refused: Some(_) }) => {
            Some(Advice::ShortIds(*longest))
        }
        Finding::LongName(Longest { accepted: Some(longest), refused: Some(_) }) => {
            Some(Advice::ShortNames(*longest))
        }
        Finding::TokenLifetime(TokenLifetime { added: Some(added), .. }) => {
            Some(Advice::RefreshTokens(*added))
        }
        Finding::NullPicture(NullPicture::Keeps) => Some(Advice::PicturesStay),
        Finding::Limits(limits) if limits.ratelimit.is_empty() => Some(Advice::NoLimitHeaders),
        _ => None,
    }
}

fn settle(second_add: &SecondAdd, lag: Option<Lag>) -> Advice {
    match (second_add, lag.unwrap_or(Lag::Unclear)) {
        (SecondAdd::Same | SecondAdd::Refused(_), Lag::AtOnce(lag) | Lag::Between(_, lag)) => {
            Advice::ShortSettle(tens(lag.saturating_mul(4)).max(LEAST_SETTLE))
        }
        (SecondAdd::Another | SecondAdd::Unclear, Lag::AtOnce(lag) | Lag::Between(_, lag)) => {
            let needed = tens(LATEST_EFFECT + lag.saturating_mul(2));
            if needed > DEFAULT_SETTLE { Advice::LongSettle(needed) } else { Advice::KeepSettle }
        }
        (SecondAdd::Another | SecondAdd::Unclear, Lag::NotWithin(_)) => Advice::HoldUncertain,
        (SecondAdd::Same | SecondAdd::Refused(_), Lag::NotWithin(_)) | (_, Lag::Unclear) => {
            Advice::KeepSettle
        }
    }
}

/// Rounded up to ten seconds.
fn tens(duration: Duration) -> Duration {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    Duration::from_secs(seconds.div_ceil(10) * 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Failure, LimitHeaders};
    use rstest::rstest;

    fn failure() -> Failure {
        Failure { status: 409, code: None, message: String::new() }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[rstest]
    #[case(SecondAdd::Another, Lag::AtOnce(Duration::from_millis(20)), Advice::KeepSettle)]
    #[case(SecondAdd::Another, Lag::Between(seconds(8), seconds(15)), Advice::KeepSettle)]
    #[case(SecondAdd::Another, Lag::Between(seconds(15), seconds(31)), Advice::LongSettle(seconds(190)))]
    #[case(SecondAdd::Another, Lag::NotWithin(seconds(31)), Advice::HoldUncertain)]
    #[case(SecondAdd::Another, Lag::Unclear, Advice::KeepSettle)]
    #[case(SecondAdd::Unclear, Lag::AtOnce(Duration::ZERO), Advice::KeepSettle)]
    #[case(SecondAdd::Unclear, Lag::NotWithin(seconds(31)), Advice::HoldUncertain)]
    #[case(SecondAdd::Same, Lag::AtOnce(Duration::ZERO), Advice::ShortSettle(seconds(10)))]
    #[case(
        SecondAdd::Refused(failure()),
        Lag::Between(seconds(2), seconds(4)),
        Advice::ShortSettle(seconds(20))
    )]
    #[case(SecondAdd::Refused(failure()), Lag::NotWithin(seconds(31)), Advice::KeepSettle)]
    fn a_second_add_and_the_lag_decide_on_the_settle_time(
        #[case] second_add: SecondAdd,
        #[case] lag: Lag,
        #[case] expected: Advice,
    ) {
        assert_eq!(of(&[Finding::Lag(lag), Finding::SecondAdd(second_add)]), [expected]);
    }

    #[test]
    fn only_what_was_found_is_advised_on() {
        assert_eq!(of(&[]), []);
        let known = LimitHeaders { ratelimit: vec!["x".to_owned()], ..LimitHeaders::default() };
        let findings = [
            Finding::UnknownPreset(Refusal::Refused(failure())),
            Finding::LongId(Longest { accepted: Some(1_024), refused: None }),
            Finding::TokenLifetime(TokenLifetime { added: None, refreshed: None }),
            Finding::NullPicture(NullPicture::Unclear),
            Finding::Limits(known),
        ];
        assert_eq!(of(&findings), []);
        let findings = [
            Finding::UnknownPreset(Refusal::Accepted),
            Finding::LongId(Longest { accepted: Some(255), refused: Some((1_024, failure())) }),
            Finding::Limits(LimitHeaders::default()),
        ];
        assert_eq!(of(&findings), [Advice::CheckPresets, Advice::ShortIds(255), Advice::NoLimitHeaders]);
    }
}
