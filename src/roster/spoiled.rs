//! Values that were lost before they came here: results that a spreadsheet could not show, and characters that some
//! program could not write.

use super::row_error::RowErrorCode as Code;

/// Why a value, trimmed, can't be what somebody typed.
pub(super) fn spoiled(text: &str) -> Option<Code> {
    match text.as_bytes() {
        [b'#' | b'E', ..] if is_cell_error(text) => Some(Code::CellError),
        bytes if !bytes.is_ascii() && text.contains(char::REPLACEMENT_CHARACTER) => Some(Code::Damaged),
        _ => None,
    }
}

/// Those of Excel (`#N/A`, `#REF!`, `#NAME?`, in other languages `#BEZUG!`), its cells that are too narrow (`####`), and
/// those of LibreOffice (`Err:502`).
fn is_cell_error(text: &str) -> bool {
    if let Some(number) = text.strip_prefix("Err:") {
        return number.len() == 3 && number.bytes().all(|b| b.is_ascii_digit());
    }
    let too_narrow = text.len() > 3 && text.bytes().all(|b| b == b'#');
    let inner = text.strip_prefix('#').and_then(|rest| rest.strip_suffix(['!', '?']));
    let named = inner.is_some_and(|name| {
        let is_part = |c: char| c.is_uppercase() || matches!(c, '/' | '0' | '_');
        name.chars().count() > 2 && name.starts_with(char::is_uppercase) && name.chars().all(is_part)
    });
    too_narrow || named || matches!(text, "#N/A" | "#N/D" | "#N/V" | "#NV")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    fn an_error_of_a_cell_is_no_value(
        #[values(
            "#N/A",
            "#REF!",
            "#NAME?",
            "#DIV/0!",
            "#VALUE!",
            "#NUM!",
            "#NULL!",
            "#SPILL!",
            "########",
            "#NV",
            "#BEZUG!",
            "#ÜBERLAUF!",
            "#NOM?",
            "Err:502"
        )]
        text: &str,
    ) {
        assert_eq!(spoiled(text), Some(Code::CellError));
    }

    #[rstest]
    fn a_lost_character_is_none(#[values("Zo\u{fffd}", "\u{fffd}")] text: &str) {
        assert_eq!(spoiled(text), Some(Code::Damaged));
    }

    #[rstest]
    fn other_values_are_whole(
        #[values(
            "", "#", "#17", "#A1!", "#VIP", "#vip!", "#1!", "Err", "Erred:50", "Err:five", "Zoë", "# 4"
        )]
        text: &str,
    ) {
        assert_eq!(spoiled(text), None);
    }
}
