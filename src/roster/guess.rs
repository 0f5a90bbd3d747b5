//! Which encoding bytes are in that are no UTF-8: of those that are likely, the one whose letters make words.
//!
//! chardetng knows the encodings of the web by the letters that follow each other, but not Mac Roman, and always has
//! an answer. So its answer is weighed against Windows-1252 and Mac Roman by a rougher measure that all of them have
//! to meet: letters within words beat symbols within words. Where none meets it, nothing is guessed.

mod fit;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, MACINTOSH, UTF_8, WINDOWS_1252, WINDOWS_1257};

use self::fit::{is_vowel, plausibility};
use super::row_error::{cut, legible};

/// What the words of a text say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is UTF-8, if with some bytes that are not.
    Utf8,
    /// It is in this encoding, in which its first word above ASCII is this.
    Likely(&'static Encoding, String),
    /// It can't be told; this is its first word above ASCII, with the bytes as `\xfc`.
    Untold(String),
}

/// Words that say that a text is UTF-8 although others aren't: so many of a hundred. In other encodings two letters
/// hardly ever look like UTF-8.
pub(super) const UTF_8_WORDS: usize = 10;

/// The words that are looked at, in bytes.
const LOOKED_AT: usize = 64 << 10;

/// Looks at a stretch of text; `whole` says that it doesn't end within a character.
pub(super) fn guess(text: &[u8], whole: bool) -> Verdict {
    match str::from_utf8(text) {
        Ok(_) if text.is_ascii() || words(text).any(is_utf_8) => return Verdict::Utf8,
        Err(error) if error.error_len().is_none() && !whole => return Verdict::Utf8,
        Ok(_) | Err(_) => {}
    }
    let words: Vec<&[u8]> = words(text).collect();
    let utf_8 = words.iter().filter(|word| is_utf_8(word)).count();
    if utf_8 * 100 >= words.len() * UTF_8_WORDS {
        return Verdict::Utf8;
    }
    let mut lines = words.join(&b'\n');
    lines.truncate(LOOKED_AT);
    let first = words.first().copied().unwrap_or_default();
    match most_plausible(&lines) {
        Some(encoding) => Verdict::Likely(encoding, cut(&encoding.decode_without_bom_handling(first).0)),
        None => Verdict::Untold(cut(&legible(first))),
    }
}

/// The words that have something above ASCII.
pub(super) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| is_between(*b)).filter(|word| !word.is_ascii())
}

/// Whether a word is UTF-8. An Armenian letter after a Latin one is none: l’école from a Mac looks like it.
pub(super) fn is_utf_8(word: &[u8]) -> bool {
    let is_elision =
        |(one, next): (char, char)| one.is_ascii_alphabetic() && matches!(next, '\u{540}'..='\u{57f}');
    str::from_utf8(word).is_ok_and(|word| !word.chars().zip(word.chars().skip(1)).any(is_elision))
}

/// ASCII that stands between words, and that is no part of a character in any encoding: not the letters and digits
/// that may follow the first byte of an East Asian one.
fn is_between(byte: u8) -> bool {
    matches!(byte, ..b'0' | b':'..=b'?')
}

/// What a plausible text has at least, per thousand.
const LEAST: usize = 500;

fn most_plausible(lines: &[u8]) -> Option<&'static Encoding> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(lines, true);
    let detected = detector.guess(None, Utf8Detection::Deny);
    let read_as = |encoding: &'static Encoding| encoding.decode_without_bom_handling(lines).0;
    let detected = if read_as(detected) == read_as(WINDOWS_1252) { WINDOWS_1252 } else { detected };
    // What is as plausible as what comes before it, loses.
    let candidates = match is_mistaken_for_western(detected) || is_french(&read_as(WINDOWS_1252)) {
        true => [WINDOWS_1252, MACINTOSH, detected],
        false => [detected, WINDOWS_1252, MACINTOSH],
    };
    let mut best = (None, LEAST - 1);
    for candidate in candidates {
        let plausibility = plausibility(candidate, lines);
        if plausibility > best.1 {
            best = (Some(candidate), plausibility);
        }
    }
    best.0.filter(|encoding| *encoding != UTF_8)
}

/// Windows' Baltic encoding, and what no Excel writes: chardetng takes a few Western names for it.
fn is_mistaken_for_western(encoding: &'static Encoding) -> bool {
    encoding == WINDOWS_1257 || encoding.name().starts_with("ISO-8859-")
}

/// Whether each è stands before the last consonants and an e: Geneviève, Hélène. In the East's encoding it is a č, which
/// hardly ever does.
fn is_french(lines: &str) -> bool {
    let is_consonant = |c: &char| c.is_ascii_alphabetic() && !is_vowel(*c);
    let is_french = |word: &str| {
        let mut letters = word.chars().rev().skip_while(|c| *c == 's');
        letters.next() == Some('e') && letters.find(|c| !is_consonant(c)) == Some('è')
    };
    let lines = lines.to_lowercase();
    let mut words = lines.split(|c: char| !c.is_alphabetic()).filter(|word| word.contains('è')).peekable();
    words.peek().is_some() && words.all(is_french)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn told(bytes: &[u8]) -> String {
        match guess(bytes, true) {
            Verdict::Utf8 => "UTF-8".to_owned(),
            Verdict::Likely(encoding, word) => format!("{} {word}", encoding.name()),
            Verdict::Untold(word) => format!("? {word}"),
        }
    }

    fn encoded(encoding: &'static Encoding, text: &str) -> Vec<u8> {
        let (bytes, _, lossy) = encoding.encode(text);
        assert!(!lossy, "{text} in {}", encoding.name());
        bytes.into_owned()
    }

    /// One name is enough to get the letters of a Western Excel right, from Windows and from a Mac.
    #[rstest]
    #[case("Müller")]
    #[case("Zoë")]
    #[case("José Núñez")]
    #[case("André")]
    #[case("Ägir")]
    #[case("Özil")]
    #[case("Übelacker")]
    #[case("Ülkü")]
    #[case("Åse Østby")]
    #[case("Søren")]
    #[case("Björk")]
    #[case("Jörg")]
    #[case("Dušan")]
    #[case("Tomaž")]
    #[case("Émile")]
    #[case("Ñandu")]
    #[case("François")]
    #[case("Strauß")]
    #[case("João Conceição")]
    #[case("MÜLLER")]
    #[case("NUÑEZ")]
    #[case("O’Brien")]
    #[case("D’Angelo – Lee")]
    #[case("“Ann” Lee")]
    #[case("Núria Òdena, Renée, Hélène")]
    #[case("Benoît Roux")]
    #[case("Loïc Martin")]
    #[case("Anaïs")]
    #[case("María García")]
    #[case("Sofía")]
    #[case("Martín")]
    #[case("Joël")]
    #[case("Raphaël")]
    #[case("Núria")]
    #[case("Raúl García")]
    #[case("Aimé Petit")]
    #[case("Zoé")]
    #[case("Héloïse Noël")]
    #[case("Naïma")]
    #[case("Aïcha")]
    #[case("Maïté")]
    #[case("Théo Ménard")]
    #[case("Gaël")]
    #[case("Måns Öberg")]
    #[case("Þóra Jónsdóttir")]
    #[case("Sigríður")]
    #[case("Sílvia Rosés")]
    #[case("Lluís Martí")]
    #[case("Íris Dávila")]
    #[case("Caoimhín Ó Sé")]
    #[case("Piñera")]
    #[case("Jesús Ángel")]
    #[case("Ramón")]
    #[case("Cristóbal")]
    #[case("Adrián")]
    #[case("Élodie")]
    #[case("Çağla")]
    #[case("René")]
    #[case("Muñoz")]
    #[case("Begoña")]
    #[case("Conceição")]
    #[case("Åse")]
    #[case("Gonçalo")]
    #[case("Andrés")]
    #[case("Weiß")]
    #[case("Ångström")]
    #[case("Fañch")]
    #[case("Maëlys")]
    #[case("Ødegård")]
    #[case("Sigurðsson")]
    #[case("Þór")]
    #[case("Ægir")]
    #[case("Málaga")]
    #[case("Çelik")]
    #[case("Özgür")]
    #[case("Íñigo")]
    #[case("Müller")]
    #[case("Groß")]
    #[case("Bäcker")]
    #[case("Nuño")]
    #[case("Agnès")]
    #[case("Ñ")]
    #[case("É. Dupont")]
    #[case("Ö. Berg")]
    #[case("JOSÉ")]
    #[case("GARCÍA")]
    #[case("FRANÇOIS")]
    #[case("ŠARIĆ")]
    #[case("Žiga")]
    #[case("Šime")]
    #[case("Dvořák")]
    #[case("Ibáñez")]
    #[case("Ó Briain")]
    #[case("Seán")]
    #[case("Síle")]
    #[case("Niamh Ní Bhriain")]
    #[case("Ólafur")]
    #[case("Jón")]
    #[case("Kjærgaard")]
    #[case("Næss")]
    #[case("Lœtitia")]
    #[case("L’Oréal")]
    #[case("D’Souza")]
    #[case("it’s")]
    #[case("Ann’s team")]
    #[case("Women’s Forum")]
    #[case("don’t know")]
    #[case("St John’s")]
    #[case("I’m vegan")]
    #[case("we’ll come")]
    #[case("they’re late")]
    #[case("Members’ lounge")]
    #[case("O’brien")]
    #[case("o’neill")]
    #[case("D’angelo")]
    #[case("Ka’ahumanu")]
    #[case("O’BRIEN")]
    #[case("Luís")]
    #[case("Lluís")]
    #[case("Javier Solís")]
    #[case("Díaz")]
    #[case("Ríos")]
    #[case("Víctor")]
    #[case("Acme™")]
    #[case("Jean-François L’Écuyer")]
    #[case("l’école, d’été")]
    #[case("Acme®")]
    #[case("Nº 5")]
    #[case("Mª José")]
    #[case("22 °C")]
    #[case("€ 25")]
    #[case("25 €")]
    #[case("Île")]
    #[case("Òscar")]
    #[case("Geneviève")]
    #[case("HÉLÈNE")]
    #[case("Zúñiga")]
    #[case("ZOË")]
    #[case("JOÃO")]
    fn one_name_tells_the_encoding(#[case] name: &str) {
        let row = format!("17,{name},ann@example.com\r\n");
        for encoding in [WINDOWS_1252, MACINTOSH] {
            // Letters that Mac Roman lacks aren't to be told there.
            let (bytes, _, lossy) = encoding.encode(&row);
            if !lossy {
                let Verdict::Likely(likely, _) = guess(&bytes, true) else { panic!("{}", told(&bytes)) };
                assert_eq!(likely.decode_without_bom_handling(&bytes).0, row, "{}", likely.name());
            }
        }
    }

    #[rstest]
    #[case("windows-1250", "Łukasz Wałęsa;Małgorzata Żółć;Grażyna Świątek")]
    #[case("windows-1251", "Иван Петров;Анна Кузнецова")]
    #[case("windows-1253", "Γιώργος Παπαδόπουλος;Ελένη")]
    #[case("Shift_JIS", "山田太郎,佐藤花子,鈴木一郎")]
    #[case("GBK", "王小明,李娜,张伟")]
    fn other_scripts_are_told_from_a_few_names(#[case] label: &str, #[case] names: &str) {
        let encoding = Encoding::for_label(label.as_bytes()).expect("an encoding");
        assert!(told(&encoded(encoding, names)).starts_with(label), "{}", told(&encoded(encoding, names)));
    }

    /// Letters that Western encodings have something else for, which is a letter, too.
    #[rstest]
    #[case(encoding_rs::WINDOWS_1250, "Růžena Dvořáková")]
    #[case(encoding_rs::WINDOWS_1250, "Jiří Novák")]
    #[case(encoding_rs::WINDOWS_1250, "Šťastný")]
    #[case(encoding_rs::WINDOWS_1250, "Wójcik")]
    #[case(encoding_rs::WINDOWS_1250, "Grażyna Wójcik")]
    #[case(encoding_rs::WINDOWS_1250, "Jaśmina Żak")]
    #[case(encoding_rs::WINDOWS_1250, "Erdős Pál")]
    #[case(encoding_rs::WINDOWS_1250, "Kovács Zoltán")]
    #[case(encoding_rs::WINDOWS_1250, "Anička Kačce")]
    #[case(encoding_rs::WINDOWS_1250, "ŠŤASTNÝ, DVOŘÁK")]
    #[case(encoding_rs::WINDOWS_1250, "Świątek")]
    #[case(encoding_rs::WINDOWS_1254, "İbrahim Gökçe")]
    fn a_name_of_the_east_is_told_too(#[case] encoding: &'static Encoding, #[case] name: &str) {
        let row = format!("17,{name},ann@example.com\r\n");
        let bytes = encoded(encoding, &row);
        let Verdict::Likely(likely, _) = guess(&bytes, true) else { panic!("{}", told(&bytes)) };
        assert_eq!(likely.decode_without_bom_handling(&bytes).0, row, "{}", likely.name());
    }

    #[test]
    fn the_first_word_is_shown() {
        assert_eq!(told(b"1,Ren\xe9\n"), "windows-1252 René", "although it is the same in others");
        assert_eq!(told(b"1,Ann\n2,Max M\xfcller\n3,Zo\xeb\n"), "windows-1252 Müller");
        assert_eq!(told(b"1,Ann\r2,Max M\x9fller\r"), "macintosh Müller");
        assert_eq!(told(b"1,SIM\xd5ES\n"), "windows-1252 SIMÕES");
    }

    #[rstest]
    #[case::whole("Zoë, Müller".as_bytes(), "UTF-8")]
    #[case::one_row_of_another(b"Zo\xc3\xab, M\xfcller, Andr\xe9", "UTF-8")]
    #[case::a_quote_that_looks_like_it(b"CAF\xc9\x94, M\xfcller, Zo\xeb, Andr\xe9, Ren\xe9, No\xebl, Ir\xe8ne, J\xfcrgen, S\xf6ren, B\xf6rn, J\xf6rg", "windows-1252 CAFÉ”")]
    fn it_is_utf_8_if_some_of_it_is(#[case] bytes: &[u8], #[case] as_told: &str) {
        assert_eq!(told(bytes), as_told);
    }

    #[test]
    fn a_stretch_may_end_within_a_character() {
        assert_eq!(guess(b"Zo\xc3\xab Zo\xc3", false), Verdict::Utf8);
        assert_ne!(guess(b"Zo\xc3", true), Verdict::Utf8);
    }

    /// MS-DOS (code page 850).
    #[rstest]
    #[case(b"M\x81ller,J\x84ger", "? M\\x81ller")]
    #[case(b"Ren\x82e,J\x84ger,M\x81ller", "? Ren\\x82e")]
    fn what_makes_no_words_is_not_guessed(#[case] bytes: &[u8], #[case] as_told: &str) {
        assert_eq!(told(bytes), as_told);
    }
}
