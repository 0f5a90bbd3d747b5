//! When a fault strikes: by chance, by count, or for one participant; seeded and repeatable. Pure.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::call::Kind;
use super::faults::{Fault, UnknownFault};
use crate::model::{MeetingId, escape};

/// A fault and when it strikes: `NAME=CHANCE`, `NAME=#3,7` (the third and the seventh request) or `NAME=ID:attendee-7`
/// (the first request for that `custom_participant_id`). A last `@KIND` names the kind of request: add, list, get,
/// token, patch, delete, meeting, presets or any; without it list for the faults of lists and of the other writer, add for
/// the others.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultRule {
    /// What goes wrong.
    pub fault: Fault,
    /// With which requests; `None`: with any.
    pub kind: Option<Kind>,
    /// When.
    pub strikes: Strikes,
}

/// When a fault strikes.
#[derive(Debug, Clone, PartialEq)]
pub enum Strikes {
    /// With this probability, 0 to 1. It is drawn from the seed, the fault's name, what the request is about (for an
    /// add its `custom_participant_id`) and the how-manieth request about that it is: concurrency changes nothing.
    Chance(f64),
    /// The requests with these numbers, from 1, counted by kind.
    Numbers(Vec<u64>),
    /// The first request for this `custom_participant_id`.
    Participant(String),
}

/// A text that is no fault rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFaultRule {
    /// No `=`.
    #[error(
        "fault \"{0}\" doesn't say when: write NAME=0.1, NAME=#3,7 or NAME=ID:attendee-7, each with @KIND if need be"
    )]
    NoEquals(String),
    /// No such fault.
    #[error(transparent)]
    UnknownFault(#[from] UnknownFault),
    /// No such kind of request.
    #[error(
        "there is no kind of request \"{0}\": take add, list, get, token, patch, delete, meeting, presets or any"
    )]
    UnknownKind(String),
    /// Neither a probability nor a list of numbers.
    #[error("a fault can't strike at \"{0}\": take a probability from 0 to 1, #3,7 or ID:attendee-7")]
    NoOccasion(String),
}

impl FromStr for FaultRule {
    type Err = InvalidFaultRule;

    fn from_str(text: &str) -> Result<Self, InvalidFaultRule> {
        let (name, occasion) =
            text.split_once('=').ok_or_else(|| InvalidFaultRule::NoEquals(escape(text)))?;
        let fault: Fault = name.parse()?;
        let (occasion, kind) = split_kind(occasion)?;
        let default = if fault.is_of_lists() { Kind::List } else { Kind::Add };
        Ok(Self { strikes: occasion.parse()?, kind: kind.unwrap_or(Some(default)), fault })
    }
}

/// Takes `@KIND` off the end; the outer `None` says that there is none. An id may hold an @ of its own.
fn split_kind(occasion: &str) -> Result<(&str, Option<Option<Kind>>), InvalidFaultRule> {
    let Some((rest, name)) = occasion.rsplit_once('@') else { return Ok((occasion, None)) };
    let known = Kind::ALL.into_iter().find(|kind| kind.name() == name);
    match known {
        Some(kind) => Ok((rest, Some(Some(kind)))),
        None if name == "any" => Ok((rest, Some(None))),
        None if occasion.starts_with("ID:") => Ok((occasion, None)),
        None => Err(InvalidFaultRule::UnknownKind(escape(name))),
    }
}

impl FromStr for Strikes {
    type Err = InvalidFaultRule;

    fn from_str(text: &str) -> Result<Self, InvalidFaultRule> {
        let wrong = || InvalidFaultRule::NoOccasion(escape(text));
        if let Some(id) = text.strip_prefix("ID:") {
            return if id.is_empty() { Err(wrong()) } else { Ok(Self::Participant(id.to_owned())) };
        }
        if let Some(numbers) = text.strip_prefix('#') {
            let number = |n: &str| n.parse().ok().filter(|n| *n > 0).ok_or_else(wrong);
            return Ok(Self::Numbers(numbers.split(',').map(number).collect::<Result<_, _>>()?));
        }
        let chance = text.parse().ok().filter(|chance| (0.0..=1.0).contains(chance));
        chance.map(Self::Chance).ok_or_else(wrong)
    }
}

impl fmt::Display for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.fault)?;
        match &self.strikes {
            Strikes::Chance(chance) => write!(f, "{chance}")?,
            Strikes::Numbers(numbers) => {
                let numbers: Vec<_> = numbers.iter().map(u64::to_string).collect();
                write!(f, "#{}", numbers.join(","))?;
            }
            Strikes::Participant(id) => write!(f, "ID:{id}")?,
        }
        write!(f, "@{}", self.kind.map_or("any", Kind::name))
    }
}

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Subject {
    pub(super) kind: Kind,
    pub(super) meeting: Option<MeetingId>,
    /// The `custom_participant_id`, or the page of a list.
    pub(super) about: String,
}

/// A request's place among its like, each from 1.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Among all requests.
    overall: u64,
    /// Among the requests of its kind.
    of_kind: u64,
    /// Among the requests about the same.
    attempt: u64,
}

/// Decides which fault strikes a request.
#[derive(Debug)]
pub(super) struct Faults {
    rules: Vec<FaultRule>,
    seed: u64,
    overall: u64,
    of_kind: HashMap<Kind, u64>,
    attempts: HashMap<Subject, u64>,
    struck: BTreeMap<String, u64>,
}

impl Faults {
    pub(super) fn new(rules: Vec<FaultRule>, seed: u64) -> Self {
        let struck = rules.iter().map(|rule| (rule.fault.name().to_owned(), 0)).collect();
        Self { rules, seed, overall: 0, of_kind: HashMap::new(), attempts: HashMap::new(), struck }
    }

    /// The fault that strikes this request: that of the first rule that applies.
    pub(super) fn decide(&mut self, subject: &Subject) -> Option<Fault> {
        if self.rules.is_empty() {
            return None;
        }
        let place = self.place(subject);
        let rule = self.rules.iter().find(|rule| rule.applies(self.seed, subject, place))?;
        *self.struck.entry(rule.fault.name().to_owned()).or_default() += 1;
        Some(rule.fault.clone())
    }

    /// How often each fault has struck.
    pub(super) fn struck(&self) -> &BTreeMap<String, u64> {
        &self.struck
    }

    fn place(&mut self, subject: &Subject) -> Place {
        self.overall += 1;
        let of_kind = self.of_kind.entry(subject.kind).or_default();
        *of_kind += 1;
        let attempt = self.attempts.entry(subject.clone()).or_default();
        *attempt += 1;
        Place { overall: self.overall, of_kind: *of_kind, attempt: *attempt }
    }
}

impl FaultRule {
    fn applies(&self, seed: u64, subject: &Subject, place: Place) -> bool {
        if self.kind.is_some_and(|kind| kind != subject.kind) {
            return false;
        }
        match &self.strikes {
            Strikes::Chance(chance) => draw(seed, self.fault.name(), subject, place.attempt) < *chance,
            Strikes::Numbers(numbers) => {
                numbers.contains(&if self.kind.is_some() { place.of_kind } else { place.overall })
            }
            Strikes::Participant(id) => place.attempt == 1 && *id == subject.about,
        }
    }
}

/// A number in 0..1 that only its arguments decide, on every machine and in every version (SHA-1 of a UUIDv5).
fn draw(seed: u64, fault: &str, subject: &Subject, attempt: u64) -> f64 {
    let text = format!("{fault}\n{}\n{attempt}\n{}", subject.kind.name(), subject.about);
    let (random, _) = Uuid::new_v5(&Uuid::from_u64_pair(seed, 0), text.as_bytes()).as_u64_pair();
    // The upper half: the lower has the version's fixed bits in it, and f64 holds 32 bits exactly.
    f64::from(u32::try_from(random >> 32).unwrap_or(u32::MAX)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn add(id: &str) -> Subject {
        Subject { kind: Kind::Add, meeting: None, about: id.to_owned() }
    }

    fn faults(rules: &[&str], seed: u64) -> Faults {
        Faults::new(rules.iter().map(|rule| rule.parse().unwrap()).collect(), seed)
    }

    /// The ids, of a thousand, whose first add is struck.
    fn struck(rule: &str, seed: u64, ids: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut faults = faults(&[rule], seed);
        let mut struck: Vec<_> =
            ids.filter(|id| faults.decide(&add(&format!("id-{id}"))).is_some()).collect();
        struck.sort_unstable();
        struck
    }

    #[rstest]
    #[case("500=0.1", "500=0.1@add")]
    #[case("500-after=1@any", "500-after=1@any")]
    #[case("reset=#3,7@token", "reset=#3,7@token")]
    #[case("reset=ID:attendee-7", "reset=ID:attendee-7@add")]
    #[case("reset=ID:a@b", "reset=ID:a@b@add")]
    #[case("reset=ID:a@b@list", "reset=ID:a@b@list")]
    #[case("list-lag=1", "list-lag=1@list")]
    #[case("foreign-adds=0.5", "foreign-adds=0.5@list")]
    #[case("foreign-removes-ours=#3@add", "foreign-removes-ours=#3@add")]
    fn a_rule_is_read_and_written(#[case] text: &str, #[case] written: &str) {
        let rule: FaultRule = text.parse().unwrap();
        assert_eq!(rule.to_string(), written);
        assert_eq!(written.parse(), Ok(rule));
    }

    #[rstest]
    fn a_senseless_rule_is_refused(
        #[values(
            "500",
            "nonsense=1",
            "500=",
            "500=2",
            "500=-0.1",
            "500=NaN",
            "500=#",
            "500=#0",
            "500=#1,",
            "500=ID:",
            "500=1@nobody"
        )]
        text: &str,
    ) {
        assert!(text.parse::<FaultRule>().is_err());
    }

    #[test]
    fn a_mistake_is_explained() {
        let message = |text: &str| text.parse::<FaultRule>().unwrap_err().to_string();
        insta::assert_snapshot!(message("500=1@nobody"), @r#"there is no kind of request "nobody": take add, list, get, token, patch, delete, meeting, presets or any"#);
        assert!(message("resett=1").contains("reset, close, hang"));
    }

    #[test]
    fn chance_strikes_about_as_often_as_it_says() {
        let count = struck("500=0.25", 1, 0..4_000).len();
        assert!((900..1_100).contains(&count), "{count}");
        assert_eq!(struck("500=0", 1, 0..1_000).len(), 0);
        assert_eq!(struck("500=1", 1, 0..1_000).len(), 1_000);
    }

    #[test]
    fn chance_depends_on_seed_name_and_id_but_not_on_the_order() {
        let first = struck("500=0.25", 1, 0..1_000);
        assert_eq!(struck("500=0.25", 1, (0..1_000).rev()), first);
        assert_ne!(struck("500=0.25", 2, 0..1_000), first);
        assert_ne!(struck("502=0.25", 1, 0..1_000), first);
    }

    #[test]
    fn chance_is_drawn_anew_for_each_attempt() {
        let mut faults = faults(&["500=0.5"], 1);
        let attempts: Vec<_> = (0..64).map(|_| faults.decide(&add("one")).is_some()).collect();
        assert!(attempts.contains(&true) && attempts.contains(&false));
    }

    #[test]
    fn numbers_count_requests_of_the_kind() {
        let mut faults = faults(&["500=#2,3"], 0);
        let list = Subject { kind: Kind::List, meeting: None, about: String::new() };
        let mut hit = |subject: Subject| faults.decide(&subject).is_some();
        assert_eq!(
            [hit(add("a")), hit(list), hit(add("b")), hit(add("c")), hit(add("d"))],
            [false, false, true, true, false]
        );
    }

    #[test]
    fn a_participant_is_struck_once_in_each_meeting() {
        let mut faults = faults(&["500=ID:a"], 0);
        assert!(faults.decide(&add("b")).is_none());
        assert!(faults.decide(&add("a")).is_some());
        assert!(faults.decide(&add("a")).is_none());
    }

    #[test]
    fn the_first_rule_wins_and_each_is_counted() {
        let mut faults = faults(&["500=#2", "reset=1", "close=1"], 0);
        let names: Vec<_> =
            (0..3).filter_map(|_| faults.decide(&add("a"))).map(|fault| fault.name().to_owned()).collect();
        assert_eq!(names, ["reset", "500", "reset"]);
        let struck: Vec<_> = faults.struck().iter().map(|(name, count)| (name.as_str(), *count)).collect();
        assert_eq!(struck, [("500", 1), ("close", 0), ("reset", 2)]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd_to_be_read(text in "(500|reset|list-lag)?=?(#|ID:)?[0-9.,@#:a-zé-]{0,12}") {
            if let Ok(rule) = text.parse::<FaultRule>() {
                proptest::prop_assert_eq!(rule.to_string().parse(), Ok(rule));
            }
        }
    }
}
