//! Which preset a kind of ticket stands for.

use std::collections::HashMap;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;

use crate::model::escape;

use super::row_error::cut;

/// The entry for every ticket type that has none of its own.
const OTHERWISE: &str = "*";
/// So many ticket types that fall to `*` are named by a check.
const MOST_NAMED: usize = 10;

/// Ticket types and the presets that they stand for, `*` for all others.
///
/// Ticket types are compared without regard to upper and lower case, to spaces around them and to how many are between
/// words, and to whether accents are composed. An entry of its own comes before `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresetMap {
    entries: Vec<Entry>,
    by_ticket: HashMap<String, usize>,
    otherwise: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    ticket: String,
    preset: String,
}

/// A ticket type and its preset, as they were written.
type Pair = (String, String);

/// Why a map can't be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPresetMap {
    /// There is no entry.
    #[error("the map is empty; write TICKET=PRESET, for example VIP=webinar_presenter,*=webinar_viewer")]
    Empty,
    /// An entry without `=`.
    #[error("\"{}\" names no preset; write TICKET=PRESET, and a ticket type with a comma in quotes", escape(.0))]
    NoPreset(String),
    /// Nothing before the `=`.
    #[error("the ticket type is missing before =\"{}\"; write * for all that aren't named", escape(.0))]
    NoTicket(String),
    /// Nothing after the `=`.
    #[error("the preset of \"{}\" is missing", escape(.0))]
    EmptyPreset(String),
    /// Quotes that don't end, or text after them.
    #[error("the quotes in \"{}\" don't match; write \"General, early bird\"=webinar_viewer, and a quote within quotes twice", escape(.0))]
    Quotes(String),
    /// Two entries that no ticket can tell apart.
    #[error("\"{}\" is named twice, apart from case and spaces; keep one of the two", escape(.0))]
    Twice(String),
}

/// The rows of a ticket type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketRows {
    /// As the map names it; `*` is every other one.
    pub ticket: String,
    /// What it stands for.
    pub preset: String,
    /// How many rows have it, valid or not.
    pub rows: u64,
    /// For `*`, the first of the roster's ticket types that it stood for; an empty text is a row without one.
    pub stood_for: Vec<String>,
    /// Whether there are more than `stood_for` names.
    pub more: bool,
}

impl PresetMap {
    /// A map of these ticket types and presets.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, InvalidPresetMap> {
        let mut map = Self { entries: Vec::new(), by_ticket: HashMap::new(), otherwise: None };
        for (ticket, preset) in pairs {
            map.add(ticket.trim(), preset.trim())?;
        }
        if map.entries.is_empty() { Err(InvalidPresetMap::Empty) } else { Ok(map) }
    }

    fn add(&mut self, ticket: &str, preset: &str) -> Result<(), InvalidPresetMap> {
        match (ticket, preset) {
            ("", preset) => return Err(InvalidPresetMap::NoTicket(preset.to_owned())),
            (ticket, "") => return Err(InvalidPresetMap::EmptyPreset(ticket.to_owned())),
            _ => {}
        }
        let at = self.entries.len();
        let before = match ticket {
            OTHERWISE => self.otherwise.replace(at),
            ticket => self.by_ticket.insert(fold(ticket), at),
        };
        if before.is_some() {
            return Err(InvalidPresetMap::Twice(ticket.to_owned()));
        }
        self.entries.push(Entry { ticket: ticket.to_owned(), preset: preset.to_owned() });
        Ok(())
    }

    /// The entries as they were written.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|entry| (entry.ticket.as_str(), entry.preset.as_str()))
    }

    /// The preset of a ticket type; none at all, or an empty one, falls to `*`.
    pub fn preset_of(&self, ticket: &str) -> Option<&str> {
        self.find(ticket).map(|found| self.preset(found))
    }

    fn find(&self, ticket: &str) -> Option<usize> {
        self.by_ticket.get(&fold(ticket)).copied().or(self.otherwise)
    }

    fn preset(&self, at: usize) -> &str {
        &self.entries[at].preset
    }
}

impl FromStr for PresetMap {
    type Err = InvalidPresetMap;

    /// `VIP=webinar_presenter,"General, early bird"=webinar_viewer,*=webinar_viewer`. Quotes may also be around the
    /// whole entry. Of several `=` the last one counts.
    fn from_str(text: &str) -> Result<Self, InvalidPresetMap> {
        let mut pairs = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (entry, after) = first_entry(rest)?;
            if let Some(entry) = entry {
                pairs.push(entry);
            }
            rest = after.trim_start();
        }
        Self::new(pairs)
    }
}

/// The first entry, `None` if there is nothing before the comma, and what follows it.
fn first_entry(text: &str) -> Result<(Option<Pair>, &str), InvalidPresetMap> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (entry, after) = text.split_once(',').unwrap_or((text, ""));
        let entry = entry.trim();
        return Ok(((!entry.is_empty()).then(|| pair(entry)).transpose()?, after));
    };
    let unmatched = || InvalidPresetMap::Quotes(cut(text));
    let (unquoted, after) = until_quote(quoted).ok_or_else(unmatched)?;
    let after = after.trim_start();
    if let Some(preset) = after.strip_prefix('=') {
        let (preset, after) = preset.split_once(',').unwrap_or((preset, ""));
        return Ok((Some((unquoted, preset.to_owned())), after));
    }
    match after.strip_prefix(',') {
        Some(after) => Ok((Some(pair(&unquoted)?), after)),
        None if after.is_empty() => Ok((Some(pair(&unquoted)?), after)),
        None => Err(unmatched()),
    }
}

/// The text up to the closing quote, where `""` is a quote, and what follows.
fn until_quote(text: &str) -> Option<(String, &str)> {
    let mut unquoted = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        unquoted.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                unquoted.push('"');
                rest = after;
            }
            None => return Some((unquoted, after)),
        }
    }
}

fn pair(entry: &str) -> Result<Pair, InvalidPresetMap> {
    let (ticket, preset) = entry.rsplit_once('=').ok_or_else(|| InvalidPresetMap::NoPreset(cut(entry)))?;
    Ok((ticket.to_owned(), preset.to_owned()))
}

/// A ticket type as it is compared.
fn fold(ticket: &str) -> String {
    let words = ticket.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_ascii() {
        words.to_ascii_lowercase()
    } else {
        words.nfc().collect::<String>().to_lowercase().nfc().collect()
    }
}

/// How many rows each entry was the one of.
#[derive(Debug, Default)]
pub(super) struct TicketTally {
    rows: Vec<u64>,
    /// What fell to `*`, folded and as it was written.
    others: Vec<(String, String)>,
    more: bool,
}

impl TicketTally {
    /// The preset of a row's ticket type, counted.
    pub(super) fn count<'a>(&mut self, map: &'a PresetMap, ticket: &str) -> Option<&'a str> {
        let at = map.find(ticket)?;
        self.rows.resize(map.entries.len(), 0);
        self.rows[at] += 1;
        if map.otherwise == Some(at) {
            self.name(ticket);
        }
        Some(map.preset(at))
    }

    fn name(&mut self, ticket: &str) {
        let folded = fold(ticket);
        if self.others.iter().any(|(known, _)| *known == folded) {
            return;
        }
        if self.others.len() == MOST_NAMED {
            self.more = true;
        } else {
            self.others.push((folded, cut(ticket)));
        }
    }

    /// Every entry of the map, in its order, also those that no row has.
    pub(super) fn rows(&self, map: &PresetMap) -> Vec<TicketRows> {
        let entry = |(at, entry): (usize, &Entry)| {
            let others = if map.otherwise == Some(at) { &self.others[..] } else { &[] };
            TicketRows {
                ticket: entry.ticket.clone(),
                preset: entry.preset.clone(),
                rows: self.rows.get(at).copied().unwrap_or_default(),
                stood_for: others.iter().map(|(_, ticket)| ticket.clone()).collect(),
                more: self.more && map.otherwise == Some(at),
            }
        };
        map.entries.iter().enumerate().map(entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn map(text: &str) -> PresetMap {
        text.parse().expect("a map")
    }

    #[rstest]
    #[case::two("VIP=a,*=b", &[("VIP", "a"), ("*", "b")])]
    #[case::spaces(" VIP = a , * = b ,", &[("VIP", "a"), ("*", "b")])]
    #[case::comma_in_the_ticket("\"General, early bird\"=b,VIP=a", &[("General, early bird", "b"), ("VIP", "a")])]
    #[case::the_whole_entry_in_quotes("\"General, early bird=b\",VIP=a", &[("General, early bird", "b"), ("VIP", "a")])]
    #[case::equals("1+1=2=b", &[("1+1=2", "b")])]
    #[case::equals_in_quotes("\"a=b\"=c", &[("a=b", "c")])]
    #[case::a_quote_in_quotes("\"12\"\" vinyl\"=b", &[("12\" vinyl", "b")])]
    #[case::a_quote_amid_a_word("12\" vinyl=b", &[("12\" vinyl", "b")])]
    fn a_map_is_read(#[case] text: &str, #[case] entries: &[(&str, &str)]) {
        assert_eq!(map(text).entries().collect::<Vec<_>>(), entries);
    }

    #[rstest]
    #[case("", "the map is empty")]
    #[case(" , ", "the map is empty")]
    #[case("VIP", "\"VIP\" names no preset")]
    #[case("General, early bird=b", "\"General\" names no preset")]
    #[case("=a", "the ticket type is missing before =\"a\"")]
    #[case("VIP=", "the preset of \"VIP\" is missing")]
    #[case("\"VIP=a", "the quotes")]
    #[case("\"VIP\" x=a", "the quotes")]
    #[case("VIP=a, vip =b", "\"vip\" is named twice")]
    #[case("*=a,*=b", "\"*\" is named twice")]
    fn what_is_no_map_is_refused(#[case] text: &str, #[case] says: &str) {
        let error = text.parse::<PresetMap>().expect_err("no map").to_string();
        assert!(error.starts_with(says), "{error}");
    }

    #[rstest]
    #[case::as_written("VIP", Some("a"))]
    #[case::case("  vip ", Some("a"))]
    #[case::spaces("Early \u{a0} Bird", Some("b"))]
    #[case::composed("Soir\u{e9}e", Some("c"))]
    #[case::decomposed("SOIRE\u{301}E", Some("c"))]
    #[case::another("VIP plus", None)]
    #[case::empty("", None)]
    fn a_ticket_type_is_found(#[case] ticket: &str, #[case] preset: Option<&str>) {
        let text = "VIP=a,early bird=b,soir\u{e9}e=c";
        assert_eq!(map(text).preset_of(ticket), preset);
        assert_eq!(map(&format!("*=d,{text}")).preset_of(ticket), preset.or(Some("d")));
    }

    #[test]
    fn the_rows_of_each_entry_are_counted() {
        let map = map("VIP=a,*=b,Press=c");
        let mut tally = TicketTally::default();
        for ticket in ["vip", "General", "general ", "", "VIP"] {
            tally.count(&map, ticket);
        }
        let rows = tally.rows(&map);
        assert_eq!(rows.iter().map(|rows| rows.rows).collect::<Vec<_>>(), [2, 3, 0]);
        assert_eq!((rows[1].stood_for.clone(), rows[1].more), (vec!["General".into(), String::new()], false));
        assert!(rows[0].stood_for.is_empty());
        for day in 0..MOST_NAMED {
            tally.count(&map, &format!("Day {day}"));
        }
        let rows = &tally.rows(&map)[1];
        assert_eq!((rows.stood_for.len(), rows.more), (MOST_NAMED, true));
    }

    proptest! {
        /// Whatever a ticket type is called, it can be written.
        #[test]
        fn a_quoted_ticket_type_is_read_back(ticket in "[^\u{0}]{1,20}", preset in "[a-z_]{1,10}") {
            prop_assume!(!ticket.trim().is_empty());
            let text = format!("\"{}\"={preset},x=y", ticket.replace('"', "\"\""));
            let pairs = [(ticket.clone(), preset.clone()), ("x".to_owned(), "y".to_owned())];
            prop_assert_eq!(text.parse(), PresetMap::new(pairs));
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = text.parse::<PresetMap>();
        }
    }
}
