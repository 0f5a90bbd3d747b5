//! A cell's value as the text that a roster in CSV would have.

use std::fmt::Write;

use calamine::{CellErrorType, Data, DataRef, ExcelDateTime};
use jiff::SignedDuration;

use super::number_format::Shown;

/// From here on a number has more digits than Excel keeps: 15.
const FIRST_ROUNDED: f64 = 1e15;
/// Below, Excel shows decimals as `1E-05` too.
const LEAST_DECIMAL: f64 = 1e-5;
/// The day after 9999-12-31, the last that Excel knows.
const END_OF_DAYS: f64 = 2_958_466.0;
const SECONDS_A_DAY: f64 = 86_400.0;

/// A cell's value, of a sheet of any kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Empty,
    Text(&'a str),
    Number(f64),
    Bool(bool),
    /// A date, a time or a duration as Excel counts them.
    Serial(ExcelDateTime),
    /// A date or time in ISO 8601.
    Iso(&'a str),
    /// A duration in ISO 8601; a time of day too, in OpenDocument.
    IsoDuration(&'a str),
    Error(&'a CellErrorType),
}

impl<'a> From<&'a Data> for Value<'a> {
    fn from(data: &'a Data) -> Self {
        match data {
            Data::Empty => Self::Empty,
            Data::String(text) => Self::Text(text),
            // Only what came out of 30 bits is an `Int`.
            Data::Int(number) => Self::Number(*number as f64),
            Data::Float(number) => Self::Number(*number),
            Data::Bool(value) => Self::Bool(*value),
            Data::DateTime(serial) => Self::Serial(*serial),
            Data::DateTimeIso(text) => Self::Iso(text),
            Data::DurationIso(text) => Self::IsoDuration(text),
            Data::Error(error) => Self::Error(error),
        }
    }
}

impl<'a> From<&'a DataRef<'_>> for Value<'a> {
    fn from(data: &'a DataRef<'_>) -> Self {
        match data {
            DataRef::Empty => Self::Empty,
            DataRef::String(text) => Self::Text(text),
            DataRef::SharedString(text) => Self::Text(text),
            DataRef::Int(number) => Self::Number(*number as f64),
            DataRef::Float(number) => Self::Number(*number),
            DataRef::Bool(value) => Self::Bool(*value),
            DataRef::DateTime(serial) => Self::Serial(*serial),
            DataRef::DateTimeIso(text) => Self::Iso(text),
            DataRef::DurationIso(text) => Self::IsoDuration(text),
            DataRef::Error(error) => Self::Error(error),
        }
    }
}

/// Why a cell's text can't be taken for what somebody typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::roster) enum Flaw {
    /// `#N/A` and its like.
    Error,
    /// A formula whose result isn't stored.
    Uncalculated,
    /// A date, which an id may have been turned into.
    Date,
    /// A number that the sheet shows otherwise.
    ShownOtherwise,
    /// Characters that couldn't be decoded.
    Undecodable,
}

/// Appends a value's text.
pub(super) fn push_text(value: Value<'_>, shown: Shown, into: &mut String) -> Option<Flaw> {
    match value {
        Value::Empty => {}
        Value::Text(text) => {
            into.push_str(text);
            return (shown == Shown::Error).then_some(Flaw::Error);
        }
        Value::Bool(value) => into.push_str(if value { "TRUE" } else { "FALSE" }),
        Value::Number(number) if !number.is_finite() => {
            into.push_str("#NUM!"); // as Excel shows what is no number
            return Some(Flaw::Error);
        }
        Value::Number(number) => {
            push_number(number, shown, into);
            // A rounded one is refused for that.
            let whole = number.abs() < FIRST_ROUNDED;
            return (shown == Shown::Otherwise && whole).then_some(Flaw::ShownOtherwise);
        }
        Value::Serial(serial) => {
            push_serial(serial, into);
            return Some(Flaw::Date);
        }
        Value::Iso(text) => {
            into.push_str(without_empty_fraction(text));
            return Some(Flaw::Date);
        }
        Value::IsoDuration(text) => {
            match text.parse::<SignedDuration>() {
                Ok(duration) => push_duration(duration.as_secs_f64(), into),
                Err(_) => into.push_str(text),
            }
            return Some(Flaw::Date);
        }
        Value::Error(error) => {
            let _ = write!(into, "{error}");
            return Some(Flaw::Error);
        }
    }
    None
}

/// Whole numbers as their digits; those that Excel can't keep to the last digit in its E notation, which no id may have.
fn push_number(number: f64, shown: Shown, into: &mut String) {
    let size = number.abs();
    let _ = if size >= FIRST_ROUNDED || (size < LEAST_DECIMAL && size > 0.0) {
        let text = format!("{number:E}");
        let signed = if text.contains("E-") { text } else { text.replace('E', "E+") };
        write!(into, "{signed}")
    } else if number.fract() == 0.0 {
        let width = match shown {
            Shown::Padded(width) if number >= 0.0 => width,
            Shown::Padded(width) => width + 1,
            Shown::Plain | Shown::Otherwise | Shown::Error => 0,
        };
        write!(into, "{:0width$}", number as i64)
    } else {
        write!(into, "{number}")
    };
}

fn push_serial(serial: ExcelDateTime, into: &mut String) {
    let days = serial.as_f64();
    if serial.is_duration() {
        return push_duration(days * SECONDS_A_DAY, into);
    }
    if !(0.0..END_OF_DAYS).contains(&days) {
        return push_number(days, Shown::Plain, into); // Excel shows ##### for it
    }
    let (year, month, day, hour, minute, second, milli) = serial.to_ymd_hms_milli();
    let has_date = days >= 1.0;
    let has_time = !has_date || (hour, minute, second, milli) != (0, 0, 0, 0);
    if has_date {
        let _ = write!(into, "{year:04}-{month:02}-{day:02}");
    }
    if has_date && has_time {
        into.push('T');
    }
    if has_time {
        let _ = write!(into, "{hour:02}:{minute:02}:{second:02}");
    }
    if milli > 0 {
        let _ = write!(into, ".{milli:03}");
    }
}

/// `26:30:00`.
fn push_duration(seconds: f64, into: &mut String) {
    let whole = seconds.abs().round() as u64;
    let sign = if seconds < 0.0 { "-" } else { "" };
    let _ = write!(into, "{sign}{:02}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

/// LibreOffice writes `2026-11-24T18:30:00.000000000`.
fn without_empty_fraction(text: &str) -> &str {
    match text.rsplit_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|b| b == b'0') => whole,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::ExcelDateTimeType::{DateTime, TimeDelta};
    use proptest::prelude::*;
    use rstest::rstest;

    fn text(value: Value<'_>, shown: Shown) -> String {
        let mut text = String::new();
        push_text(value, shown, &mut text);
        text
    }

    #[rstest]
    #[case(42.0, "42")]
    #[case(-7.0, "-7")]
    #[case(0.0, "0")]
    #[case(-0.0, "0")]
    #[case(1.5, "1.5")]
    #[case(1.1, "1.1")]
    #[case(0.000_01, "0.00001")]
    #[case(0.000_009, "9E-6")]
    #[case(999_999_999_999_999.0, "999999999999999")]
    #[case::sixteen_digits(1_234_567_890_123_450.0, "1.23456789012345E+15")]
    #[case::above_two_to_the_53(123_456_789_012_345_680.0, "1.2345678901234568E+17")]
    #[case::huge(1e300, "1E+300")]
    fn a_number_is_written_as_its_digits(#[case] number: f64, #[case] expected: &str) {
        assert_eq!(text(Value::Number(number), Shown::Plain), expected);
    }

    #[rstest]
    #[case(Value::Number(f64::NAN), Shown::Plain, "#NUM!", Some(Flaw::Error))]
    #[case(Value::Number(f64::INFINITY), Shown::Plain, "#NUM!", Some(Flaw::Error))]
    #[case(Value::Text("#NV"), Shown::Error, "#NV", Some(Flaw::Error))]
    #[case(Value::Number(100_000.0), Shown::Otherwise, "100000", Some(Flaw::ShownOtherwise))]
    #[case(Value::Number(1e17), Shown::Otherwise, "1E+17", None)]
    fn what_is_no_value_has_a_flaw(
        #[case] value: Value<'_>,
        #[case] shown: Shown,
        #[case] text: &str,
        #[case] flaw: Option<Flaw>,
    ) {
        let mut pushed = String::new();
        assert_eq!((push_text(value, shown, &mut pushed), &*pushed), (flaw, text));
    }

    #[rstest]
    #[case(42.0, Shown::Padded(5), "00042")]
    #[case(123_456.0, Shown::Padded(5), "123456")]
    #[case(-42.0, Shown::Padded(5), "-00042")]
    #[case(42.0, Shown::Otherwise, "42")]
    fn zeros_that_a_sheet_shows_are_there(#[case] number: f64, #[case] shown: Shown, #[case] expected: &str) {
        assert_eq!(text(Value::Number(number), shown), expected);
    }

    #[rstest]
    #[case::date(46_350.0, false, "2026-11-24")]
    #[case::date_time(46_350.770_833_333_336, false, "2026-11-24T18:30:00")]
    #[case::of_1904(44_888.0, true, "2026-11-24")]
    #[case::time(0.770_833_333_333_333_4, false, "18:30:00")]
    #[case::last(2_958_465.0, false, "9999-12-31")]
    #[case::beyond(2_958_466.0, false, "2958466")]
    #[case::negative(-1.0, false, "-1")]
    fn a_date_is_iso(#[case] days: f64, #[case] is_1904: bool, #[case] expected: &str) {
        let serial = ExcelDateTime::new(days, DateTime, is_1904);
        assert_eq!(text(Value::Serial(serial), Shown::Plain), expected);
    }

    #[rstest]
    #[case(Value::Serial(ExcelDateTime::new(1.104_166_666_666_666_7, TimeDelta, false)), "26:30:00")]
    #[case(Value::IsoDuration("PT26H30M00S"), "26:30:00")]
    #[case(Value::IsoDuration("PT18H30M00.000000000S"), "18:30:00")]
    #[case(Value::IsoDuration("soon"), "soon")]
    #[case(Value::Iso("2026-11-24T18:30:00.000000000"), "2026-11-24T18:30:00")]
    #[case(Value::Iso("2026-11-24"), "2026-11-24")]
    #[case(Value::Bool(true), "TRUE")]
    #[case(Value::Error(&CellErrorType::NA), "#N/A")]
    #[case(Value::Text(" 007 "), " 007 ")]
    fn the_others_are_what_people_see(#[case] value: Value<'_>, #[case] expected: &str) {
        assert_eq!(text(value, Shown::Plain), expected);
    }

    proptest! {
        /// Whatever fits into 15 digits is exact, and whatever doesn't can't be taken for an id.
        #[test]
        fn no_digit_is_lost_in_silence(number in -(1i64 << 60)..(1i64 << 60)) {
            let text = text(Value::Number(number as f64), Shown::Plain);
            if number.abs() < 1_000_000_000_000_000 {
                prop_assert_eq!(text, number.to_string());
            } else {
                prop_assert!(text.contains("E+"));
            }
        }
    }
}
