//! The same people come from every encoding, line end and wrapping; what can't be decoded is an error with its place.

use std::path::Path;

use rstest::rstest;
use serde_json::Value;

use crate::support::Import;

const PEOPLE: [(&str, &str); 6] = [
    ("t-1", "Jürgen Müller"),
    ("t-2", "Zoë Adler"),
    ("t-3", "José Núñez"),
    ("t-4", "Åse Østby"),
    ("t-5", "François Leclère"),
    ("t-6", "Émile O’Neill"),
];

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rosters/encodings");
    std::fs::read(folder.join(name)).unwrap()
}

/// Ids and names as the server has them, by id.
fn held(import: &Import) -> Vec<(String, String)> {
    let text = |one: &Value, field: &str| one[field].as_str().unwrap().to_owned();
    let participants = import.server().participants();
    let mut people: Vec<_> =
        participants.iter().map(|one| (text(one, "custom_participant_id"), text(one, "name"))).collect();
    people.sort();
    people
}

/// What the command took the roster for.
fn taken_for(import: &Import, flags: &str) -> Value {
    let ran = import.tell(&format!("check list.csv --preset webinar_viewer --json {flags}")).exit(0);
    ran.lines_of("roster").remove(0)
}

#[rstest]
#[case::utf_8("utf-8.csv", "csv", "UTF-8", "valid")]
#[case::utf_8_bom("utf-8-bom.csv", "csv", "UTF-8", "byte_order_mark")]
#[case::utf_16_le("utf-16-le.csv", "csv", "UTF-16LE", "byte_order_mark")]
#[case::utf_16_be("utf-16-be.csv", "csv", "UTF-16BE", "byte_order_mark")]
#[case::utf_16_le_unmarked("utf-16-le-unmarked.csv", "csv", "UTF-16LE", "zero_bytes")]
#[case::utf_16_be_unmarked("utf-16-be-unmarked.csv", "csv", "UTF-16BE", "zero_bytes")]
#[case::windows_1252("windows-1252.csv", "csv", "windows-1252", "guessed")]
#[case::mac_roman("mac-roman.csv", "csv", "macintosh", "guessed")]
#[case::crlf("crlf.csv", "csv", "UTF-8", "valid")]
#[case::bare_cr("cr.csv", "csv", "UTF-8", "valid")]
#[case::mixed_line_ends("mixed.csv", "csv", "UTF-8", "valid")]
#[case::decomposed("nfd.csv", "csv", "UTF-8", "valid")]
#[case::gzip("utf-8.csv.gz", "csv", "UTF-8", "valid")]
#[case::zstd("utf-8.csv.zst", "csv", "UTF-8", "valid")]
#[case::array("array.json", "json", "UTF-8", "valid")]
#[case::array_in_one_line("array-in-one-line.json", "json", "UTF-8", "valid")]
#[case::array_windows_1252("array-windows-1252.json", "json", "windows-1252", "guessed")]
#[case::json_lines("lines.jsonl", "jsonl", "UTF-8", "valid")]
#[case::json_lines_utf_16("lines-utf-16.jsonl", "jsonl", "UTF-16LE", "byte_order_mark")]
fn the_same_people_come_from_every_file(
    #[case] file: &str,
    #[case] format: &str,
    #[case] encoding: &str,
    #[case] reason: &str,
) {
    let import = Import::new().roster(fixture(file));
    let roster = taken_for(&import, "");
    assert_eq!(
        (&roster["format"], &roster["encoding"], &roster["encoding_reason"]),
        (&format.into(), &encoding.into(), &reason.into())
    );
    import.run_with("--preset webinar_viewer").exit(0).added(6);
    let expected = PEOPLE.map(|(id, name)| (id.to_owned(), name.to_owned()));
    assert_eq!(held(&import), expected);
    // What was typed decomposed and what was composed are one name: another file of the same people changes nothing.
    import.write("list.csv", fixture("nfd.csv"));
    import.run_with("--preset webinar_viewer").exit(0).added(0).present(6).differing(0);
}

/// A German Excel's list: the first letter above ASCII stands in its 3,000th row, far behind what the format is told
/// from.
#[test]
fn a_late_umlaut_loads_at_the_first_try() {
    let mut roster: Vec<u8> = b"Ticket ID;Name;Note\r\n".to_vec();
    for n in 1..3000 {
        roster.extend(format!("t-{n};Guest {n};nothing but plain letters\r\n").into_bytes());
    }
    roster.extend(b"t-3000;J\xfcrgen M\xfcller;\r\nt-3001;Ann Lee;\r\n");
    let import = Import::new().roster(roster);
    let taken = taken_for(&import, "");
    assert_eq!((&taken["encoding"], &taken["encoding_word"]), (&"windows-1252".into(), &"Jürgen".into()));
    import.tell("check list.csv --preset webinar_viewer").exit(0).says("is \"Jürgen\" read right?");
    // Only the last two are sent: the others are the same to every encoding.
    let tail = [b"Ticket ID;Name;Note\r\n".as_slice(), b"t-3000;J\xfcrgen M\xfcller;\r\n"].concat();
    import.write("list.csv", tail);
    let told = import.run_with("--preset webinar_viewer").exit(0).added(1).stderr;
    assert!(told.contains("list.csv: encoding: Windows-1252, a guess: is \"Jürgen\" read right?"), "{told}");
    assert_eq!(held(&import), [("t-3000".to_owned(), "Jürgen Müller".to_owned())]);
}

/// What is guessed can be set, and what is set is not guessed.
#[rstest]
#[case("--encoding windows-1250", b"id,name\n1,Ond\xf8ej\n", "Ondřej", "given")]
#[case("--encoding mac-roman", b"id,name\n1,M\x9fller\n", "Müller", "given")]
#[case("--encoding utf-8", b"id,name\n1,M\xc3\xbcller\n", "Müller", "given")]
fn an_encoding_can_be_named(
    #[case] flags: &str,
    #[case] roster: &[u8],
    #[case] name: &str,
    #[case] reason: &str,
) {
    let import = Import::new().roster(roster);
    assert_eq!(taken_for(&import, flags)["encoding_reason"], reason);
    import.run_with(&format!("--preset webinar_viewer {flags}")).exit(0).added(1);
    assert_eq!(held(&import), [("1".to_owned(), name.to_owned())]);
}

/// Nothing is lost in silence: the place of what can't be decoded, and the way out.
#[rstest]
#[case::nothing_in_it(b"id,name\n1,Zo\xeb\n2,Andr\x81\xe9\n3,Ren\xe9e,\n".as_slice(), "", 3, "list.csv:3: 0x81 (byte 21 of the text) is nothing in windows-1252")]
#[case::half_a_surrogate_pair(
    b"\xff\xfei\0d\0\r\0\n\0\x31\0\x3d\xd8\r\0\n\0",
    "",
    3,
    "list.csv:2: 0x3D 0xD8 (byte 13 of the text) is nothing in UTF-16LE"
)]
#[case::an_odd_last_byte(
    b"\xfe\xff\0i\0d\0\n\x001\0\n\0",
    "",
    3,
    "list.csv:3: 0x00 (byte 13 of the text) is nothing in UTF-16BE"
)]
#[case::by_hand(b"id,name\n1,\x93\xfa\x96{\n2,\x93\n", "--encoding shift_jis", 3, "list.csv:3: 0x93")]
#[case::ms_dos(
    b"id,name\n1,Ann\n2,M\x81ller\n3,J\x84ger\n",
    "",
    3,
    "list.csv:3: \\\"M\\\\x81ller\\\" is not UTF-8, and it can't be told"
)]
#[case::mixed(b"id,name\n1,Zo\xc3\xab\n2,M\xfcller\n", "", 3, "not-utf8")]
#[case::contradicted(b"\xff\xfei\0d\0\n\0", "--encoding windows-1252", 2, "leave --encoding out")]
#[case::unknown(b"id\n1\n", "--encoding window-1252", 2, "did you mean windows-1252")]
#[case::damaged_zstd(b"\x28\xb5\x2f\xfd\x04\x00\x41\x00\x00", "", 3, "the zstd data is damaged or cut short")]
fn what_cannot_be_decoded_has_a_place(
    #[case] roster: &[u8],
    #[case] flags: &str,
    #[case] exit: i32,
    #[case] says: &str,
) {
    let import = Import::new().roster(roster);
    import.run_with(&format!("--preset webinar_viewer {flags}")).exit(exit).says(says);
    assert_eq!(import.server().stats().adds_received, 0);
}

/// One broken byte does not spoil the names that come long after it.
#[test]
fn a_broken_byte_early_in_utf_8_is_named() {
    let plain: String = (2..40_000).map(|n| format!("t-{n},Guest {n},nothing but plain letters\n")).collect();
    let names: String = (40_000..40_100).map(|n| format!("t-{n},Zoë Müller,\n")).collect();
    let roster = [b"id,name,note\nt-1,Ren\xe9,\n", plain.as_bytes(), names.as_bytes()].concat();
    let import = Import::new().roster(roster);
    let ran = import.run_with("--preset webinar_viewer").exit(3);
    ran.says("list.csv:2: 0xE9 (byte 21 of the text) is nothing in UTF-8");
    let told = import.tell("check list.csv --preset webinar_viewer --encoding utf-8").exit(3).stdout;
    assert!(told.contains("list.csv:2  name \"Ren\\xe9\""), "{told}");
    assert_eq!(import.server().stats().adds_received, 0);
}

/// A format named by hand holds whatever the content looks like.
#[rstest]
#[case("--format tsv", "id\tname;x,y\n1\tAnn\n", 0)]
#[case("--format csv", "[{\"id\":1}]\n", 3)]
#[case("--format csv --map id=[{", "[{,name\n1,Ann\n", 0)]
#[case("--format json", "{\"id\":1}\n", 3)]
#[case("--format jsonl", "[{\"id\":1}]\n", 3)]
fn a_format_can_be_named(#[case] flags: &str, #[case] roster: &str, #[case] exit: i32) {
    let import = Import::new().roster(roster);
    let ran = import.run_with(&format!("--preset webinar_viewer {flags}")).exit(exit);
    match exit {
        0 => ran.added(1),
        _ => ran.says("list.csv"),
    };
}

/// The rejected elements of an array are JSON Lines: mended, they are imported, the others are left in peace.
#[test]
fn rejected_elements_of_an_array_are_mended() {
    let import = Import::new().roster(
        "[\n {\"id\": \"a\", \"name\": \"Ann\"},\n {\"name\": \"Zoe\\u0308\",\n  \"tags\": [\n   1\n  ]},\n 7\n]\n",
    );
    let ran = import.run_with("--preset webinar_viewer --on-invalid skip --rejected bad.jsonl").exit(4);
    assert_eq!(ran.added(1).invalid(2).lines_of("invalid")[0]["line"], 3);
    let bad = import.text("bad.jsonl");
    assert_eq!(bad.lines().count(), 2, "{bad}");
    let mended = bad.lines().next().unwrap().replacen('{', "{\"id\":\"b\",", 1);
    import.write("mended.jsonl", mended);
    import
        .tell("import mended.jsonl --preset webinar_viewer --json --settle 1s --journal j.db")
        .exit(0)
        .added(1);
    let expected = [("a", "Ann"), ("b", "Zoë")].map(|(id, name)| (id.to_owned(), name.to_owned()));
    assert_eq!(held(&import), expected);
}
