//! What people give us by mistake: what it is, by its beginning, and the way out.

use memchr::{memchr, memchr2, memmem};

use super::decisions::Compression;
use super::field::{Field, fold};

/// Something that is no roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Foreign {
    pub(super) what: &'static str,
    pub(super) way_out: &'static str,
}

/// What the XML of a spreadsheet names.
const EXCEL_2003: &[u8] = b"urn:schemas-microsoft-com:office:spreadsheet";

const AS_CSV: &str = "save it as \"CSV UTF-8\"";
const AS_TABLE: &str = "open it in Excel or LibreOffice and save it as .xlsx or \"CSV UTF-8\"";

const BYTES: [(&[u8], Foreign); 7] = [
    (
        b"\xd0\xcf\x11\xe0",
        Foreign {
            what: "an old Office document, or a part of one",
            way_out: "save it again, or export it as \"CSV UTF-8\"",
        },
    ),
    (b"%PDF", Foreign { what: "a PDF", way_out: "export the list as CSV" }),
    (b"\xff\xfe\0\0", Foreign { what: "UTF-32 text", way_out: AS_CSV }),
    (b"\0\0\xfe\xff", Foreign { what: "UTF-32 text", way_out: AS_CSV }),
    (b"SQLite format 3\0", Foreign { what: "a SQLite database", way_out: "export the list as CSV" }),
    (b"\xfd7zXZ\0", Foreign { what: "xz data", way_out: "expand it, or use gzip" }),
    (b"BZh", Foreign { what: "bzip2 data", way_out: "expand it, or use gzip" }),
];

impl Foreign {
    pub(super) const BINARY: Self = Self { what: "binary data", way_out: "export the list as \"CSV UTF-8\"" };

    /// Of the expanded bytes.
    pub(super) fn of_bytes(start: &[u8], compression: Compression) -> Option<Self> {
        if start.starts_with(b"PK\x03\x04") {
            return Some(match compression {
                // It has been looked into before, unless --format says that it is a text.
                Compression::None => {
                    Self { what: "a zip archive, as .xlsx and .ods are", way_out: "leave --format out" }
                }
                _ => Self { what: "a workbook or a zip archive within gzip", way_out: "expand it" },
            });
        }
        BYTES.iter().find(|(signature, _)| start.starts_with(signature)).map(|(_, found)| *found)
    }

    /// Of the text; its columns would be nonsense.
    pub(super) fn of_text(sample: &[u8]) -> Option<Self> {
        let text = sample.trim_ascii_start();
        let holds = |part: &[u8]| memmem::find(text, part).is_some();
        match () {
            () if is_html(text) => {
                Some(Self { what: "an HTML page, as some sites name .xls", way_out: AS_TABLE })
            }
            () if begins(text, "<?xml") && holds(EXCEL_2003) => {
                Some(Self { what: "an XML spreadsheet of Excel 2003", way_out: AS_TABLE })
            }
            () if begins(text, "<?xml") => {
                Some(Self { what: "XML", way_out: "export the list as CSV or JSON" })
            }
            () if begins(text, "BEGIN:VCARD\r") || begins(text, "BEGIN:VCARD\n") => Some(Self {
                what: "a file of vCards",
                way_out: "import it into an address book, and export that as CSV",
            }),
            () if is_one_object(text) => Some(Self {
                what: "one JSON object around the list",
                way_out: "give the list itself: an array of objects, [{…}, {…}], or one object a line",
            }),
            () => None,
        }
    }
}

fn begins(text: &[u8], with: &str) -> bool {
    text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()))
}

/// A page, or a part of one; but `<table>,<name>` are the columns of somebody's template.
fn is_html(text: &[u8]) -> bool {
    const TAGS: [&str; 8] = ["html", "head", "meta", "body", "style", "div", "table", "!doctype html"];
    if begins(text, "<!--") {
        return true;
    }
    let Some(tag) = text.strip_prefix(b"<") else { return false };
    let Some(name) = TAGS.iter().find(|name| begins(tag, name)) else { return false };
    match tag[name.len()..] {
        [b'>', b',' | b';' | b'\t' | b'|', ..] => false,
        [b'>' | b'/', ..] | [] => true,
        [next, ..] => next.is_ascii_whitespace(),
    }
}

/// An object that holds the list, `{"guests":[{`, or that goes on over several lines; JSON Lines have one a line.
fn is_one_object(text: &[u8]) -> bool {
    let Some(inner) = text.strip_prefix(b"{") else { return false };
    let content = inner.trim_ascii_start();
    let is_printed = inner[..inner.len() - content.len()].iter().any(|b| matches!(b, b'\r' | b'\n'));
    if is_printed && content.starts_with(b"\"") {
        return true;
    }
    let mut lines = text.split(|b| matches!(b, b'\r' | b'\n')).map(<[u8]>::trim_ascii);
    let is_whole = lines.next().is_some_and(|first| first.ends_with(b"}"));
    let several = is_whole && lines.any(|line| line.starts_with(b"{"));
    !several && holds_people(content)
}

/// Whether a list of objects comes before all that says who somebody is, or holds that itself. A guest's own list, of
/// tags, say, does neither.
fn holds_people(object: &[u8]) -> bool {
    let mut names_somebody = false;
    for (key, value) in members(object) {
        let list = value.strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
        if let Some(first) = list.filter(|list| list.starts_with(b"{")) {
            let first = first.split(|b| *b == b'}').next().unwrap_or_default();
            return !names_somebody || members(first).any(|(key, _)| says_who(key));
        }
        names_somebody |= says_who(key);
    }
    false
}

fn says_who(key: &[u8]) -> bool {
    const WHO: [Field; 5] = [Field::Id, Field::Name, Field::FirstName, Field::LastName, Field::Email];
    let key = fold(&String::from_utf8_lossy(key));
    WHO.iter().any(|field| field.aliases().contains(&&*key))
}

/// The keys in JSON, however deep, and what comes after each of them.
fn members(json: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = json;
    let strings = std::iter::from_fn(move || {
        let (_, text) = rest.split_at(memchr(b'"', rest)? + 1);
        let mut end = memchr2(b'"', b'\\', text)?;
        while text[end] == b'\\' {
            end += 2;
            end += memchr2(b'"', b'\\', text.get(end..)?)?;
        }
        rest = &text[end + 1..];
        Some((&text[..end], rest))
    });
    strings.filter_map(|(text, after)| {
        let value = after.trim_ascii_start().strip_prefix(b":")?;
        Some((text, value.trim_ascii_start()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::html("\n<HTML><body><table>", Some("an HTML page"))]
    #[case::html_table("<table border=1><tr>", Some("an HTML page"))]
    #[case::excel_2003(
        "<?xml version=\"1.0\"?>\n<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">",
        Some("an XML spreadsheet")
    )]
    #[case::xml("<?xml version=\"1.0\"?><guests/>", Some("XML"))]
    #[case::vcard("BEGIN:VCARD\r\nFN:Ann\r\n", Some("a file of vCards"))]
    #[case::wrapped("{\"guests\": [\n {\"id\":1}]}", Some("one JSON object"))]
    #[case::wrapped_by_lines("{\"guests\":[{\"id\":1},\n{\"id\":2}]}", Some("one JSON object"))]
    #[case::answer_of_an_api(
        "{\"success\":true,\"data\":[{\"custom_participant_id\":\"a\"}]}",
        Some("one JSON object")
    )]
    #[case::nested("{\"data\":{\"guests\": [ {\"a\":1}]}}", Some("one JSON object"))]
    #[case::event(
        "{\"id\":\"evt\",\"title\":\"A \\\"talk\\\"\",\"guests\":[{\"email\":\"a@b.co\"}]}",
        Some("one JSON object")
    )]
    #[case::list_in_a_text("{\"id\":1,\"note\":\"[{\\\"id\\\":2}]\"}", None)]
    #[case::list_of_texts("{\"tags\":[\"a\"],\"id\":2}", None)]
    #[case::printed("{\n  \"guests\": [\n    {", Some("one JSON object"))]
    #[case::html_after_a_comment(
        "<!-- saved by a site -->\r\n<table class=\"list\">\n",
        Some("an HTML page")
    )]
    #[case::html_style("<style>td { color: red }</style><table>", Some("an HTML page"))]
    #[case::printed_after_a_blank("{ \r\n  \"guests\": [", Some("one JSON object"))]
    #[case::header_like_a_tag("<header>,name\n1,Ann\n", None)]
    #[case::header_of_tables("<tableno>;name\n1;Ann\n", None)]
    #[case::header_of_metadata("<metadata>\tname\n1\tAnn\n", None)]
    #[case::header_of_tags("<table>,<name>,<id>\n4,Ann,1\n", None)]
    #[case::header_of_cards("BEGIN:VCARDS,name\n1,Ann\n", None)]
    #[case::indented_json_lines("{\"tags\":[{\"a\":1}],\"id\":1}\n  {\"id\":2}\n", None)]
    #[case::json_lines_of_an_old_mac("{\"tags\":[{\"a\":1}],\"id\":1}\r{\"id\":2}\r", None)]
    #[case::json_lines("{\"id\":1}\n{\"id\":2}\n", None)]
    #[case::json_lines_with_a_list("{\"tags\":[{\"a\":1}],\"id\":1}\n{\"tags\":[],\"id\":2}\n", None)]
    #[case::one_line("{\"id\":1,\"tags\":[{\"a\":1}]}", None)]
    #[case::csv("id,name\n1,<html>\n", None)]
    #[case::odd_csv("<id>,name\n1,Ann\n", None)]
    fn what_is_no_roster_is_known_by_its_beginning(#[case] text: &str, #[case] what: Option<&str>) {
        let found = Foreign::of_text(text.as_bytes()).map(|found| found.what);
        assert_eq!(found.is_some(), what.is_some(), "{found:?}");
        assert!(found.zip(what).is_none_or(|(found, what)| found.starts_with(what)), "{found:?}");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_looked_at(text in "\\{[\\[{}\"\\\\:ai, \n\r]{0,30}") {
            let _ = Foreign::of_text(text.as_bytes());
        }
    }

    #[test]
    fn a_workbook_by_its_format_is_not_within_gzip() {
        let found = |compression| Foreign::of_bytes(b"PK\x03\x04", compression).map(|found| found.way_out);
        assert_eq!(found(Compression::None), Some("leave --format out"));
        assert_eq!(found(Compression::Gzip), Some("expand it"));
    }
}
