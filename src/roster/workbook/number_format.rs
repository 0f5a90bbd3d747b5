//! What a number format does to a number that is an id.

/// How a sheet shows a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Shown {
    /// Its digits, whatever else.
    #[default]
    Plain,
    /// With zeros in front, to so many digits (`00000`).
    Padded(usize),
    /// With text or marks amid its digits (`"TKT-"0000`, `000-00-0000`, `1.00E+05`): what people see isn't what the cell
    /// holds.
    Otherwise,
    /// As the error of a formula, in the words of the sheet's language.
    Error,
}

/// How a format code shows whole numbers that aren't negative.
pub(super) fn shown(code: &str) -> Shown {
    let section = code.split(';').next().unwrap_or_default();
    if section.len() > 1 && section.bytes().all(|b| b == b'0') {
        return Shown::Padded(section.len());
    }
    let (mut zeros, mut literal, mut decimals) = (0, false, false);
    let mut characters = section.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' => literal |= characters.by_ref().take_while(|c| *c != '"').any(char::is_alphanumeric),
            '\\' => literal |= characters.next().is_some_and(char::is_alphanumeric),
            // A blank as wide as the next character, and a character that fills the cell.
            '_' | '*' => drop(characters.next()),
            // A colour, a condition or a currency.
            '[' => characters.by_ref().take_while(|c| *c != ']').for_each(drop),
            'E' | 'e' if matches!(characters.peek(), Some('+' | '-')) => literal = true,
            '.' => decimals = true,
            '/' => break,
            '0' if !decimals => zeros += 1,
            _ => {}
        }
    }
    if literal || zeros > 1 { Shown::Otherwise } else { Shown::Plain }
}

/// How a number is shown whose value and shown text are known.
pub(super) fn shown_as(value: f64, text: &str) -> Shown {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    if digits && text.len() > 1 && text.starts_with('0') && text.parse() == Ok(value) {
        return Shown::Padded(text.len());
    }
    let lettered = text.chars().any(char::is_alphabetic);
    let dashed = text.bytes().skip(1).any(|b| b == b'-');
    if value.fract() == 0.0 && (lettered || dashed) { Shown::Otherwise } else { Shown::Plain }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("General", Shown::Plain)]
    #[case("0", Shown::Plain)]
    #[case("@", Shown::Plain)]
    #[case("#,##0", Shown::Plain)]
    #[case("0.00", Shown::Plain)]
    #[case("0.00E+00", Shown::Otherwise)]
    #[case("##0.0e-0", Shown::Otherwise)]
    #[case("_(* #,##0_);_(* (#,##0);_(* \"-\"_);_(@_)", Shown::Plain)]
    #[case("\"$\"#,##0_);[Red](\"$\"#,##0)", Shown::Plain)]
    #[case("[$-407]0", Shown::Plain)]
    #[case("# ?/?", Shown::Plain)]
    #[case("00000", Shown::Padded(5))]
    #[case("00000;-00000", Shown::Padded(5))]
    #[case("\"TKT-\"0000", Shown::Otherwise)]
    #[case("\\T0", Shown::Otherwise)]
    #[case("000-00-0000", Shown::Otherwise)]
    fn a_format_code_is_understood(#[case] code: &str, #[case] expected: Shown) {
        assert_eq!(shown(code), expected);
    }

    #[rstest]
    #[case(42.0, "00042", Shown::Padded(5))]
    #[case(42.0, "42", Shown::Plain)]
    #[case(0.0, "0", Shown::Plain)]
    #[case(42.0, "042.00", Shown::Plain)]
    #[case(42.0, "TKT-0042", Shown::Otherwise)]
    #[case(123_456_789.0, "123-45-6789", Shown::Otherwise)]
    #[case(-5.0, "-5", Shown::Plain)]
    #[case(100_000.0, "1.00E+05", Shown::Otherwise)]
    #[case(0.5, "50 %", Shown::Plain)]
    fn a_shown_text_is_understood(#[case] value: f64, #[case] text: &str, #[case] expected: Shown) {
        assert_eq!(shown_as(value, text), expected);
    }
}
