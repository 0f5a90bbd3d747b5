//! `Ratelimit` and `Ratelimit-Policy`: what the server says is left of its quotas. Pure.
//!
//! Both are lists of structured fields (RFC 9651): `"default";r=50;t=30` and `"burst";q=100;w=60`, by
//! draft-ietf-httpapi-ratelimit-headers. A field that can't be read counts as absent.

use std::cmp::Reverse;
use std::time::Duration;

use sfv::{BareItem, Item, List, ListEntry, Parser};

use crate::outcome::LimitHeaders;

/// More limits than this aren't obeyed, nor kept in memory.
const MOST_LIMITS: usize = 8;
/// How long a window is taken to be where no policy says it: Cloudflare's five minutes.
const USUAL_WINDOW: u64 = 300;
/// The longest time that a window may keep us waiting before we look again.
const LONGEST_WINDOW: u64 = 900;

/// One limit, as an answer reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RateLimit {
    /// Its name.
    pub(super) name: String,
    /// `r`: how many requests are left in the window.
    pub(super) remaining: u64,
    /// `t`: how long the window lasts yet; at least a second, at most its length or a quarter of an hour.
    pub(super) resets_in: Duration,
    /// `q` of the policy: how many requests the window allows.
    pub(super) quota: Option<u64>,
}

/// The limits that an answer reports, each of them to be obeyed; none if it reports none that can be read.
pub(super) fn rate_limits(headers: &LimitHeaders) -> Vec<RateLimit> {
    if headers.ratelimit.is_empty() {
        return Vec::new();
    }
    let policies: Vec<Policy> = items(&headers.ratelimit_policy).iter().filter_map(policy).collect();
    let items = items(&headers.ratelimit);
    let mut limits: Vec<RateLimit> = Vec::new();
    for limit in items.iter().filter_map(|item| limit(item, &policies)) {
        match limits.iter().position(|known| known.name == limit.name) {
            // Several partitions of one policy, or a proxy's limit beside the server's: the strictest.
            Some(at) if strictness(&limit) < strictness(&limits[at]) => limits[at] = limit,
            None if limits.len() < MOST_LIMITS => limits.push(limit),
            Some(_) | None => {}
        }
    }
    limits
}

/// The less, the stricter: few requests, and those for long.
fn strictness(limit: &RateLimit) -> (u64, Reverse<Duration>) {
    (limit.remaining, Reverse(limit.resets_in))
}

struct Policy {
    name: String,
    quota: u64,
    window: Option<u64>,
}

/// The items of every field line that can be read.
fn items(lines: &[String]) -> Vec<Item> {
    let lists = lines.iter().filter_map(|line| Parser::new(line.as_str()).parse::<List>().ok());
    lists
        .flatten()
        .filter_map(|entry| if let ListEntry::Item(item) = entry { Some(item) } else { None })
        .collect()
}

fn policy(item: &Item) -> Option<Policy> {
    Some(Policy { name: name(item)?, quota: parameter(item, "q")?, window: parameter(item, "w") })
}

fn limit(item: &Item, policies: &[Policy]) -> Option<RateLimit> {
    let name = name(item)?;
    let remaining = parameter(item, "r")?;
    // Cloudflare's own example names the policy otherwise than the limit.
    let policy = policies.iter().find(|policy| policy.name == name).or(match policies {
        [only] => Some(only),
        _ => None,
    });
    let longest = policy.and_then(|policy| policy.window).unwrap_or(USUAL_WINDOW).clamp(1, LONGEST_WINDOW);
    let resets_in = Duration::from_secs(parameter(item, "t")?.clamp(1, longest));
    Some(RateLimit { name, remaining, resets_in, quota: policy.map(|policy| policy.quota) })
}

fn name(item: &Item) -> Option<String> {
    match &item.bare_item {
        BareItem::String(name) => Some(name.as_str().to_owned()),
        BareItem::Token(name) => Some(name.as_str().to_owned()),
        _ => None,
    }
}

fn parameter(item: &Item, key: &str) -> Option<u64> {
    let value = item.params.get(key)?.as_integer()?;
    u64::try_from(i64::from(value)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn headers(ratelimit: &[&str], policy: &[&str]) -> LimitHeaders {
        LimitHeaders {
            ratelimit: ratelimit.iter().map(ToString::to_string).collect(),
            ratelimit_policy: policy.iter().map(ToString::to_string).collect(),
            ..LimitHeaders::default()
        }
    }

    fn read(ratelimit: &[&str], policy: &[&str]) -> Vec<(String, u64, u64, Option<u64>)> {
        let limits = rate_limits(&headers(ratelimit, policy)).into_iter();
        limits.map(|l| (l.name, l.remaining, l.resets_in.as_secs(), l.quota)).collect()
    }

    #[rstest]
    #[case::plain(r#""default";r=50;t=30"#)]
    #[case::unordered(r#""default";t=30;r=50"#)]
    #[case::unknown_parameters(r#""default";pk=:cHN0:;r=50;x="y";t=30;z"#)]
    #[case::spaces(r#"  "default"; r=50;  t=30  "#)]
    #[case::token("default;r=50;t=30")]
    fn a_limit_is_read(#[case] value: &str) {
        assert_eq!(read(&[value], &[]), [("default".to_owned(), 50, 30, None)]);
    }

    #[test]
    fn every_limit_is_read_from_one_line_or_several() {
        let both = [("burst".to_owned(), 1, 1, None), ("default".to_owned(), 500, 200, None)];
        assert_eq!(read(&[r#""burst";r=1;t=1, "default";r=500;t=200"#], &[]), both);
        assert_eq!(read(&[r#""burst";r=1;t=1"#, r#""default";r=500;t=200"#], &[]), both);
    }

    /// Found by fuzzing: the last of them counted, so that what another had used up was spent again.
    #[test]
    fn of_one_name_the_strictest_is_obeyed() {
        let strictest = [("a".to_owned(), 3, 10, None), ("b".to_owned(), 4, 9, None)];
        assert_eq!(read(&["a;r=3;t=10, b;r=4;t=9, a;r=100;t=300"], &[]), strictest);
        assert_eq!(read(&["a;r=100;t=300, b;r=4;t=9", "a;r=3;t=10"], &[]), strictest);
        assert_eq!(read(&["a;r=3;t=8, b;r=4;t=9, a;r=3;t=10, a;r=3;t=9"], &[]), strictest);
    }

    #[test]
    fn more_limits_than_can_be_kept_are_left_out() {
        let limits: Vec<String> = (0..20).map(|n| format!("l{n};r={n};t=9")).collect();
        assert_eq!(read(&[&limits.join(", ")], &[]).len(), MOST_LIMITS);
    }

    #[rstest]
    #[case::same_name(&[r#""burst";q=9;w=1, "default";q=100;w=60"#], Some(100))]
    #[case::the_only_one(&[r#""burst";q=100;w=60"#], Some(100))]
    #[case::none_of_two(&[r#""a";q=9;w=1, "b";q=100;w=60"#], None)]
    #[case::none(&[], None)]
    #[case::malformed(&["100;w=60"], None)]
    fn the_policy_gives_the_quota(#[case] policy: &[&str], #[case] quota: Option<u64>) {
        assert_eq!(read(&[r#""default";r=50;t=30"#], policy)[0].3, quota);
    }

    #[rstest]
    #[case::for_ever(r#""default";r=0;t=1000000000"#, &[], 300)]
    #[case::beyond_its_window(r#""default";r=0;t=1000000000"#, &[r#""default";q=100;w=60"#], 60)]
    #[case::a_day_long(r#""default";r=0;t=86400"#, &[r#""default";q=100;w=86400"#], 900)]
    #[case::now(r#""default";r=0;t=0"#, &[], 1)]
    #[case::window_of_nothing(r#""default";r=0;t=9"#, &[r#""default";q=100;w=0"#], 1)]
    fn a_window_ends_some_time(#[case] value: &str, #[case] policy: &[&str], #[case] seconds: u64) {
        assert_eq!(read(&[value], policy)[0].2, seconds);
    }

    #[rstest]
    #[case::empty("")]
    #[case::no_name("r=50;t=30")]
    #[case::open_quote(r#""default;r=50;t=30"#)]
    #[case::trailing_comma(r#""default";r=50;t=30,"#)]
    #[case::no_remaining(r#""default";t=30"#)]
    #[case::no_time(r#""default";r=50"#)]
    #[case::negative(r#""default";r=-1;t=30"#)]
    #[case::fraction(r#""default";r=1.5;t=30"#)]
    #[case::overflow(r#""default";r=99999999999999999999;t=30"#)]
    #[case::word(r#""default";r=many;t=30"#)]
    #[case::inner_list(r#"("default";r=50;t=30)"#)]
    #[case::older_draft("limit=100, remaining=50, reset=30")]
    #[case::non_ascii("\"défaut\";r=50;t=30")]
    fn what_is_malformed_is_ignored(#[case] value: &str) {
        assert_eq!(read(&[value], &[]), []);
    }

    #[test]
    fn a_malformed_line_spoils_no_other() {
        assert_eq!(read(&["junk;;", r#""default";r=50;t=30"#], &["\u{fffd}"]).len(), 1);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(limit in "\\PC*", policy in "\\PC*") {
            let _ = rate_limits(&headers(&[&limit], &[&policy]));
        }

        #[test]
        fn nearly_right_text_neither(limit in r#"["a,;= rtqw0-9.:?()-]{0,40}"#) {
            for limit in rate_limits(&headers(&[&limit], &[])) {
                prop_assert!(limit.resets_in <= Duration::from_secs(LONGEST_WINDOW));
            }
        }
    }
}
