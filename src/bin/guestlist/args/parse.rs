//! Values that are typed in a notation of their own.

use std::fmt::{self, Write};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use guestlist::model::escape;
use guestlist::roster::Field;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

/// `60s`, `15m`, `1h30m`, `40ms`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    parsed.ok_or_else(|| "write a duration such as 40ms, 60s, 15m or 1h30m".to_owned())
}

/// RFC 3339, or a local date and time.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    let zoned = || text.parse::<Zoned>().ok().map(|zoned| zoned.timestamp());
    let local = || {
        // A date alone would be midnight: that is hardly meant.
        let time = text.parse::<DateTime>().ok().filter(|_| text.contains(':'))?;
        time.to_zoned(TimeZone::system()).ok().map(|zoned| zoned.timestamp())
    };
    let read = if text.contains('[') { zoned() } else { text.parse().ok().or_else(local) };
    read.ok_or_else(|| {
        "write a date and time such as 2026-11-28T09:00 or 2026-11-28T09:00:00+01:00".to_owned()
    })
}

/// `FIELD=COLUMN`.
pub(super) fn mapping(text: &str) -> Result<(Field, String), String> {
    let (field, column) =
        text.split_once('=').ok_or_else(|| "write FIELD=COLUMN, for example id=Ticket".to_owned())?;
    if column.is_empty() {
        return Err("the column's name is missing after the =".to_owned());
    }
    let field = field.parse::<Field>().map_err(|error| error.to_string())?;
    Ok((field, column.to_owned()))
}

/// What stands between fields: one character, or `tab`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delimiter(pub(crate) u8);

impl FromStr for Delimiter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n' | 0) => Ok(Self(*byte)),
            b"tab" | b"\\t" => Ok(Self(b'\t')),
            _ => Err(format!("\"{}\" is no delimiter: give one ASCII character, or tab", escape(text))),
        }
    }
}

impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b'\t' => f.write_str("tab"),
            byte => f.write_char(char::from(byte)),
        }
    }
}

/// A file, not standard output.
pub(super) fn file(text: &str) -> Result<PathBuf, String> {
    if text == "-" {
        return Err("standard output is for the result; name a file".to_owned());
    }
    Ok(PathBuf::from(text))
}

/// Another ending is never read; and no roster or journal that somebody names by mistake is replaced.
pub(super) fn metrics_file(text: &str) -> Result<PathBuf, String> {
    match file(text)? {
        path if path.extension().is_some_and(|ending| ending == "prom") => Ok(path),
        _ => Err("the collector reads only files that end in .prom: name one".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("60s", 60_000)]
    #[case("15m", 900_000)]
    #[case("1h30m", 5_400_000)]
    #[case("40ms", 40)]
    #[case("2 minutes", 120_000)]
    fn a_duration_is_read(#[case] text: &str, #[case] milliseconds: u64) {
        assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)));
    }

    #[rstest]
    #[case("")]
    #[case("60")]
    #[case("-5s")]
    #[case("soon")]
    fn what_is_no_duration_is_refused(#[case] text: &str) {
        assert!(duration(text).is_err());
    }

    #[rstest]
    #[case("2026-11-28T09:00:00Z", "2026-11-28T09:00:00Z")]
    #[case("2026-11-28T09:00:00+01:00", "2026-11-28T08:00:00Z")]
    #[case("2026-11-28 09:00+01:00", "2026-11-28T08:00:00Z")]
    #[case("2026-11-28T09:00[Europe/Berlin]", "2026-11-28T08:00:00Z")]
    fn a_moment_is_read(#[case] text: &str, #[case] utc: &str) {
        assert_eq!(moment(text).map(|at| at.to_string()), Ok(utc.to_owned()));
    }

    #[test]
    fn a_moment_without_a_zone_is_local() {
        let local: DateTime = "2026-11-28T09:00".parse().unwrap();
        let local = local.to_zoned(TimeZone::system()).unwrap().timestamp();
        assert_eq!(moment("2026-11-28T09:00"), Ok(local));
        assert_eq!(moment("2026-11-28 09:00"), Ok(local));
    }

    #[rstest]
    #[case::a_day("2026-11-28")]
    #[case::an_hour("09:00")]
    #[case::no_such_day("2026-11-31T09:00")]
    #[case::no_such_zone("2026-11-28T09:00[Europe/Nowhere]")]
    #[case::words("tomorrow at 9:00")]
    fn what_is_no_moment_is_refused(#[case] text: &str) {
        assert!(moment(text).is_err(), "{:?}", moment(text));
    }

    #[rstest]
    #[case(",", Some(b','))]
    #[case(";", Some(b';'))]
    #[case("tab", Some(b'\t'))]
    #[case("\\t", Some(b'\t'))]
    #[case("|", Some(b'|'))]
    #[case("", None)]
    #[case(",,", None)]
    #[case("\"", None)]
    #[case("§", None)]
    fn a_delimiter_is_one_character(#[case] text: &str, #[case] byte: Option<u8>) {
        assert_eq!(text.parse().ok(), byte.map(Delimiter));
    }

    #[test]
    fn a_mapping_names_a_field_and_a_column() {
        assert_eq!(mapping("id=Order=No"), Ok((Field::Id, "Order=No".to_owned())));
        assert!(mapping("id").is_err() && mapping("id=").is_err() && mapping("colour=Blue").is_err());
    }
}
