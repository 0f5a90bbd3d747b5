//! Values that were lost before they came here: results that a spreadsheet could not show, and characters that some
//! program could not write.

use super::row_error::RowErrorCode as Code;

/// Why a value, trimmed, can't be what somebody typed.
pub(super) fn spoiled(text: &str) -> Option<Code> {
    match text.as_bytes() {
        [b'#', ..]
            if is_too_narrow(text)
                || ERRORS.iter().any(|errors| errors.split(' ').any(|one| one == text)) =>
        {
            Some(Code::CellError)
        }
        [b'E', ..] if is_numbered_error(text) => Some(Code::CellError),
        bytes if !bytes.is_ascii() && text.contains(char::REPLACEMENT_CHARACTER) => Some(Code::Damaged),
        _ => None,
    }
}

/// The errors of Excel, LibreOffice and Google Sheets in several languages. A list, since somebody may be called
/// `#WINNER!`.
const ERRORS: [&str; 15] = [
    "#N/A #REF! #VALUE! #DIV/0! #NAME? #NUM! #NULL! #SPILL! #CALC! #GETTING_DATA",
    "#FIELD! #BLOCKED! #UNKNOWN! #BUSY! #CONNECT! #PYTHON! #EXTERNAL! #ERROR! #MACRO?",
    "#NV #BEZUG! #WERT! #ZAHL! #ÜBERLAUF! #KALK! #FELD! #BLOCKIERT! #UNBEKANNT!",
    "#VALEUR! #NOM? #NOMBRE! #NUL! #PROPAGATION! #EPARS! #CHAMP!",
    "#N/D #¡REF! #¡VALOR! #¡DIV/0! #¿NOMBRE? #¡NUM! #¡NULO! #¡DESBORDAMIENTO! #¡CALC!",
    "#VALOR! #NOME? #NÚM! #NULO!",
    "#RIF! #VALORE! #NULLO! #ESPANSIONE!",
    "#N/B #VERW! #WAARDE! #DEEL/0! #NAAM? #GETAL! #LEEG! #OVERLOOP!",
    "#I/T #REFERENCE! #VÆRDI! #DIVISION/0! #NAVN? #VERDI!",
    "#SAKNAS! #REFERENS! #VÄRDEFEL! #NAMN? #OGILTIGT! #SKÄRNING!",
    "#PUUTTUU! #VIITTAUS! #ARVO! #JAKO/0! #NIMI? #LUKU! #TYHJÄ!",
    "#N/D! #ADR! #ARG! #DZIEL/0! #NAZWA? #LICZBA! #ZERO!",
    "#ODKAZ! #HODNOTA! #DĚLENÍ_NULOU! #NÁZEV? #ČÍSLO!",
    "#YOK #BAŞV! #DEĞER! #SAYI/0! #AD? #SAYI! #BOŞ!",
    "#Н/Д #ССЫЛКА! #ЗНАЧ! #ДЕЛ/0! #ИМЯ? #ЧИСЛО! #ПУСТО!",
];

/// What a cell shows whose number doesn't fit into it: `####`.
fn is_too_narrow(text: &str) -> bool {
    text.len() > 3 && text.bytes().all(|b| b == b'#')
}

/// LibreOffice's `Err:501` to `Err:540`, in French with a space.
fn is_numbered_error(text: &str) -> bool {
    let number = text.strip_prefix("Err").and_then(|rest| rest.trim_start().strip_prefix(':'));
    number
        .filter(|number| number.len() == 3)
        .is_some_and(|number| number.parse().is_ok_and(|number: u16| (501..=540).contains(&number)))
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
            "#CALC!",
            "#GETTING_DATA",
            "#FIELD!",
            "#BLOCKED!",
            "#UNKNOWN!",
            "#BUSY!",
            "#CONNECT!",
            "#ERROR!",
            "########",
            "#NV",
            "#BEZUG!",
            "#ÜBERLAUF!",
            "#NOM?",
            "#¡REF!",
            "#¿NOMBRE?",
            "#Н/Д",
            "Err:502",
            "Err :502"
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
            "",
            "#",
            "###",
            "#17",
            "#A1!",
            "#VIP",
            "#vip!",
            "#1!",
            "#1 FAN!",
            "#WINNER!",
            "#BLESSED!",
            "#WHO?",
            "#n/a",
            "#N/A!",
            "N/A",
            "Err",
            "Erred:50",
            "Err:five",
            "Err:42",
            "Err:404",
            "Err:5022",
            "Zoë",
            "# 4"
        )]
        text: &str,
    ) {
        assert_eq!(spoiled(text), None);
    }
}
