//! How well characters above ASCII fit into words: a rough measure that any encoding has to meet.

use encoding_rs::Encoding;

/// Points for a character above ASCII, at the most.
const MOST: usize = 4;

/// How well the text makes words in an encoding, per thousand.
pub(super) fn plausibility(encoding: &'static Encoding, lines: &[u8]) -> usize {
    let (text, _) = encoding.decode_without_bom_handling(lines);
    let (mut points, mut characters) = (0, 0);
    for line in text.lines() {
        let word: Vec<char> = line.chars().collect();
        for at in (0..word.len()).filter(|at| !word[*at].is_ascii()) {
            points += MOST.min(fits(&word, at));
            characters += 1;
        }
    }
    1000 * points / (MOST * characters).max(1)
}

/// Capital letters that names begin with; others above ASCII hardly ever begin a word.
const CAPITALS: &str = "ÁÄÅÆÇÉÍÎÑÒÓÖØÚÜŠŽČŁŚŻŐİŞĆĐÞÝ";

/// Those that only stand within words of capitals.
const INNER_CAPITALS: &str = "ÀÂÃÈÊËÏÔÛ";

/// Small letters of Polish, and others that its neighbours have; no word has both.
const POLISH: &str = "ąęłńśźż";
const NOT_POLISH: &str = "áâäčďéěëíîňöřšťúůüýž";

/// A vowel stands by consonants, and a consonant by vowels: Björk, not Bjšrk; Dušan, not Duöan.
pub(super) fn is_vowel(c: char) -> bool {
    "aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýÿœāēīōūąęěőűů".contains(c)
}

/// How well a character fits into its word.
fn fits(word: &[char], at: usize) -> usize {
    let letter = |c: &char| c.is_alphabetic();
    let before = at.checked_sub(1).map(|at| word[at]).filter(letter);
    let after = word.get(at + 1).copied().filter(letter);
    match (Kind::of(word[at]), before, after) {
        (Kind::Nothing, ..) => 0,
        (Kind::Capital, ..) => capital(word, at, before, after),
        (Kind::Small, ..) => small(word, at, before, after),
        (Kind::OtherScript, None, None) => 2,
        (Kind::OtherScript, ..) if before.into_iter().chain(after).any(|c| c.is_ascii()) => 0,
        (Kind::OtherScript, ..) => 4,
        (Kind::Apostrophe, ..) => apostrophe(word, at),
        (Kind::Quote, Some(_), Some(_)) => 0,
        (Kind::Quote, None, Some(_)) if matches!(word[at], '“' | '«') => 4,
        (Kind::Quote, Some(_), None) if matches!(word[at], '”' | '»') => 4,
        // Its number is another word.
        (Kind::Dash, None, None) if word[at] == '€' => 4,
        (Kind::Quote | Kind::Dash, ..) => 3,
        // Acme™, Nº, Mª.
        (Kind::Symbol, Some(_), None) if matches!(word[at], '™' | '®') => 4,
        (Kind::Symbol, Some(before), None) if matches!(word[at], 'º' | 'ª') && before.is_uppercase() => 4,
        (Kind::Symbol, ..) if word[at] == '°' => 3,
        (Kind::Symbol, None, None) => 2,
        (Kind::Symbol, ..) => 0,
    }
}

fn capital(word: &[char], at: usize, before: Option<char>, after: Option<char>) -> usize {
    let begins = CAPITALS.contains(word[at]);
    if !word.iter().any(|c| c.is_lowercase()) {
        return match before {
            // OŐBRIEN and OÕBRIEN are O’BRIEN from a Mac.
            Some(before) if "ŐŰ".contains(word[at]) && "AEIOU".contains(before) => 2,
            Some(_) if word[at] == 'Õ' && at > 1 && after == Some('E') => 4,
            Some(_) if INNER_CAPITALS.contains(word[at]) => 4,
            _ if begins => 4,
            _ => 2,
        };
    }
    match (before, after) {
        (Some(_), _) => 0,
        (None, Some(after)) if after.is_uppercase() => 0,
        (None, Some(_)) if begins => 4,
        // É. Dupont; Ó Briain.
        (None, None) if begins => 3,
        (None, _) => 2,
    }
}

fn small(word: &[char], at: usize, before: Option<char>, after: Option<char>) -> usize {
    let mut others = word.iter().enumerate().filter(|(other, c)| *other != at && c.is_alphabetic());
    let is_among_capitals = word.len() > 2 && others.all(|(_, c)| c.is_uppercase());
    let is_alien = POLISH.contains(word[at]) && word.iter().any(|c| NOT_POLISH.contains(*c));
    match before {
        _ if after.is_some_and(char::is_uppercase) => 1,
        // ZOè is ZOË from a Mac.
        Some(_) if is_among_capitals => 1,
        None => 2,
        // Zúńiga is Zúñiga.
        Some(_) if is_alien => 1,
        // Cœur, Lœtitia, but no Nœria: that is Núria from a Mac.
        Some(_) if word[at] == 'œ' && !matches!(after, Some('u' | 't')) => 2,
        Some(before) => match (is_vowel(word[at]), is_vowel(before), after.map(is_vowel)) {
            (true, true, Some(true)) | (false, false, Some(false) | None) => 2,
            _ => 4,
        },
    }
}

/// How well an apostrophe fits: O’Brien, it’s, members’, but no Mar’a, which is María from a Mac.
fn apostrophe(word: &[char], at: usize) -> usize {
    let part = |letters: &[char]| letters.iter().collect::<String>();
    let before = part(word[..at].rsplit(|c| !c.is_alphabetic()).next().unwrap_or_default());
    let after = part(word[at + 1..].split(|c| !c.is_alphabetic()).next().unwrap_or_default());
    let (last, first) = (before.chars().next_back(), after.chars().next());
    let is_long = after.chars().nth(2).is_some();
    match (last, first) {
        (None, _) | (Some(_), None) if word[at] == '’' && last == Some('s') => 4,
        (None, _) | (Some(_), None) => 3,
        _ if word[at] == '‘' => 1,
        (_, Some(first)) if first.is_uppercase() => 4,
        _ if is_contraction(&before, &after) => 4,
        // D’angelo, o’neill; D’az is Díaz, and R’os is Ríos.
        (_, Some(first)) if is_elision(&before) && (is_vowel(first) && is_long || is_o(&before)) => 4,
        // Ka’ahumanu.
        (Some(last), Some(first)) if is_vowel(last) && is_vowel(first) => 2,
        _ => 1,
    }
}

/// What English joins to a word; Lu’s is Luís, and Sol’s Solís, from a Mac.
fn is_contraction(before: &str, after: &str) -> bool {
    match after {
        "s" => !matches!(before, "Lu" | "Llu" | "Sol"),
        "t" => before.ends_with('n'),
        "m" | "d" => before == "I",
        "ll" | "re" | "ve" => true,
        _ => false,
    }
}

fn is_elision(before: &str) -> bool {
    is_o(before) || matches!(before, "D" | "d" | "L" | "l")
}

fn is_o(before: &str) -> bool {
    matches!(before, "O" | "o")
}

/// What a character above ASCII is to a word.
enum Kind {
    Capital,
    Small,
    OtherScript,
    Apostrophe,
    Quote,
    Dash,
    Symbol,
    /// What no text has: controls, and what stands for bytes that are none.
    Nothing,
}

impl Kind {
    fn of(c: char) -> Self {
        match c {
            '\u{80}'..='\u{9f}' | '\u{fffd}' | '\u{e000}'..='\u{f8ff}' => Self::Nothing,
            '’' | '‘' => Self::Apostrophe,
            '“' | '”' | '„' | '‚' | '«' | '»' | '‹' | '›' | '…' => Self::Quote,
            '–' | '—' | '·' | '•' | '\u{a0}' | '€' => Self::Dash,
            'ƒ' | 'µ' | 'ª' | 'º' | 'ı' | 'ˆ' | 'ˇ' => Self::Symbol,
            'À'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' if c.is_uppercase() => Self::Capital,
            'À'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' if c.is_alphabetic() => Self::Small,
            _ if c.is_alphabetic() => Self::OtherScript,
            _ => Self::Symbol,
        }
    }
}
