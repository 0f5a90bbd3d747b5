//! What a roster says, whatever it is written in.

use std::num::NonZeroU64;

use super::*;
use proptest::prelude::*;
use rstest::rstest;

#[rstest]
#[case::csv(
    "custom_participant_id,name,preset_name,picture,company\n1,Ann,host,https://e.org/a.png,\"A, B\"\n2,,,,\n"
)]
#[case::marked(
    "\u{feff}ID;Full Name;Role;Avatar;company\r\n1;Ann;host;https://e.org/a.png;A, B\r\n2;;;;\r\n"
)]
#[case::tabs(
    "id\tname\tpreset\tphoto\tcompany\n1\tAnn\thost\thttps://e.org/a.png\tA, B\n2\t \t\t\t\n\t\t\t\t\n"
)]
#[case::json(
    "{\"id\":1,\"name\":\"Ann\",\"role\":\"host\",\"image\":\"https://e.org/a.png\",\"company\":\"A, B\"}\n\n{\"id\":\"2\",\"company\":\"\"}"
)]
#[case::array(
    "[{\"id\":1,\"name\":\"Ann\",\"role\":\"host\",\n\"image\":\"https://e.org/a.png\",\"company\":\"A, B\"},{\"id\":\"2\",\"company\":\"\"}]"
)]
fn the_same_people_come_from_every_format(#[case] text: &str) {
    let outcome = read(text);
    assert_eq!(outcome.messages(), Vec::<String>::new());
    assert_eq!((outcome.ids(), outcome.names()), (vec!["1", "2"], vec!["Ann", "Guest"]));
    let [ann, guest] = &outcome.rows[..] else { panic!("two rows") };
    assert_eq!(
        (ann.participant.preset_name.as_str(), guest.participant.preset_name.as_str()),
        ("host", "guest")
    );
    assert_eq!(ann.participant.picture.as_deref(), Some("https://e.org/a.png"));
    assert_eq!(guest.participant.picture, None);
    assert_eq!(ann.participant.key.meeting.to_string(), MEETING);
    assert_eq!(outcome.extra_columns, ["company"]);
    assert_eq!((ann.extra.as_str(), guest.extra.as_str()), ("[\"A, B\"]", "[\"\"]"));
}

#[test]
fn all_problems_of_all_rows_come_in_one_pass() {
    let text = format!(
        "id,name,preset_name,picture,meeting_id\n\
         1,Ann,hots,a.png,nowhere\n\
         ann@example.com,\"A\nB\",host,,{CLOSED}\n\
         ,Bob,host,,{GONE}\n\
         4,Dan,host,,\n"
    );
    let outcome = read(&text);
    assert_eq!(outcome.ids(), ["4"]);
    insta::assert_snapshot!(outcome.messages().join("\n"), @r#"
    r.csv:2: preset_name "hots": no such preset; did you mean "host"?
    r.csv:2: picture "a.png": not an absolute http or https URL; give a full URL such as https://example.com/a.png, or leave it empty
    r.csv:2: meeting_id "nowhere": not a meeting id; a meeting id is a UUID such as 3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b
    r.csv:3: id "ann@example.com": the id is an e-mail address, and an id must not be personal data; use an internal id, derive one with --id-from "id,name" instead of taking this column, or insist with --allow-pii-ids
    r.csv:3: name "A\nB": the name holds a line break or another control character; remove it; if the value goes on over several rows, a quote isn't closed
    r.csv:3: meeting_id "00000000-0000-4000-8000-00000000c105": the meeting is inactive: nobody can join it; activate it, or name another one
    r.csv:5: id: no id; give each person an id of your own, or derive one with --id-from
    r.csv:5: meeting_id "00000000-0000-4000-8000-000000000904": no such meeting; check the id, the account and the app
    "#);
}

#[test]
fn what_was_taken_for_what_is_said() {
    let outcome = read("\n\nGuest ID;id;First Name;guestlist error;error;\n7;1;Ann;old;own;x\n");
    let decisions = outcome.decisions.expect("decisions");
    assert_eq!(decisions.format, Format::Csv { delimiter: b';', header_line: Some(3) });
    let roles: Vec<(&str, Role)> = decisions.columns.iter().map(|c| (&*c.name, c.role)).collect();
    let expected = [
        ("Guest ID", Role::PassedOver(Field::Id)),
        ("id", Role::Field(Field::Id)),
        ("First Name", Role::Field(Field::FirstName)),
        ("guestlist error", Role::Dropped),
        ("error", Role::Extra),
        ("", Role::Extra),
    ];
    assert_eq!(roles, expected);
    assert_eq!(outcome.extra_columns, ["Guest ID", "First Name", "error", ""]);
    assert_eq!(outcome.rows[0].extra, r#"["7","Ann","own","x"]"#);
}

#[rstest]
#[case::joined("id,first name,last name\n1,Ann,Lee", "Ann Lee")]
#[case::last_only("id,first name,last name\n1,,Lee", "Lee")]
#[case::full_wins("id,first name,name\n1,Ann,Dr. Ann Lee", "Dr. Ann Lee")]
#[case::full_is_blank("id,first name,last name,name\n1,Ann,Lee, ", "Ann Lee")]
#[case::none("id,first name,last name\n1,,", "Guest")]
#[case::trimmed("id,name\n1,\u{a0} Ann ", "Ann")]
#[case::formula("id,name\n1,'=Ann", "=Ann")]
#[case::apostrophe("id,name\n1,'t Hooft", "'t Hooft")]
fn a_name_is_put_together(#[case] text: &str, #[case] name: &str) {
    assert_eq!(read(text).names(), [name]);
}

/// A name is shown, an id is compared: two ids that only look alike stay two people.
#[test]
fn names_are_composed_and_ids_are_not() {
    let outcome = read(
        "id,name,company\nzoe\u{308},Zoe\u{308} Mu\u{308}ller,Bu\u{308}ro\nzo\u{eb},Zo\u{eb},\n3,\u{41a}\u{438}\u{306}\n",
    );
    assert_eq!(outcome.names(), ["Zo\u{eb} M\u{fc}ller", "Zo\u{eb}", "\u{41a}\u{439}"]);
    assert_eq!(outcome.ids(), ["zoe\u{308}", "zo\u{eb}", "3"]);
    assert_eq!(outcome.rows[0].extra, "[\"Bu\u{308}ro\"]", "what is carried along is carried as it is");
    let json = read("{\"id\":\"e\\u0301\",\"first_name\":\"Ire\\u0300ne\",\"last_name\":\"A\\u030a\"}");
    assert_eq!((json.ids(), json.names()), (vec!["e\u{301}"], vec!["Ir\u{e8}ne \u{c5}"]));
}

#[test]
fn the_encoding_and_the_wrapping_are_said() {
    let said = |text: &[u8], options: ReadOptions| {
        let decisions = read_with(text, options).expect("a roster").decisions.expect("decisions");
        (decisions.compression, decisions.encoding.expect("a text"))
    };
    let is = |name, how| TextEncoding { name, how };
    let guessed = EncodingReason::Guessed { word: "Zo\u{eb}".to_owned() };
    assert_eq!(said(b"id\n1\n", options()), (Compression::None, is("UTF-8", EncodingReason::Valid)));
    assert_eq!(said(&zstd(b"id\nZo\xeb\n"), options()), (Compression::Zstd, is("windows-1252", guessed)));
    let latin_9 = ReadOptions { encoding: "iso-8859-15".parse().ok(), ..options() };
    let outcome = read_with(b"id\n\xa4 1\n", latin_9.clone()).expect("a roster");
    assert_eq!(outcome.ids(), ["\u{20ac} 1"]);
    assert_eq!(said(b"id\n1\n", latin_9).1, is("ISO-8859-15", EncodingReason::Given));
}

#[rstest]
#[case::tsv(FormatName::Tsv, "id,x\tname\n1\tAnn\n", Format::Csv { delimiter: b'\t', header_line: Some(1) })]
#[case::csv(FormatName::Csv, "[{\tid\n\t1\n", Format::Csv { delimiter: b'\t', header_line: Some(1) })]
#[case::json(FormatName::Json, "[{\"id\":1}]", Format::JsonArray)]
#[case::jsonl(FormatName::Jsonl, "\n{\"id\":1}", Format::JsonLines)]
fn a_format_named_by_hand_holds(#[case] name: FormatName, #[case] text: &str, #[case] format: Format) {
    let mapping = vec![(Field::Id, if name == FormatName::Tsv { "id,x" } else { "id" }.to_owned())];
    let options = ReadOptions { format: Some(name), mapping, ..options() };
    let outcome = read_with(text, options).expect("a roster");
    let found = outcome.decisions.as_ref().map(|decisions| decisions.format.clone());
    assert_eq!((outcome.ids(), found), (vec!["1"], Some(format)));
}

#[rstest]
#[case::no_id(
    "mail,name\n1,Ann",
    options(),
    "r.csv: no column holds the ids; columns: mail, name; name it with --map id=COLUMN, or derive ids with --id-from \"mail,name\""
)]
#[case::no_preset("id,name\n1,Ann", ReadOptions { default_preset: None, ..options() }, "r.csv: no column holds the presets; columns: id, name; set one for all with --preset, or name the column with --map preset=COLUMN")]
#[case::no_meeting("id\n1", ReadOptions { default_meeting: DefaultMeeting::Missing, ..options() }, "r.csv: no column holds the meetings; columns: id; set one for all with --meeting, or name the column with --map meeting=COLUMN")]
#[case::mapped_to_nothing("id\n1", ReadOptions { mapping: vec![(Field::Name, "nick".into())], ..options() }, "r.csv: there is no column \"nick\"; columns: id")]
#[case::derived_from_nothing("id\n1", ReadOptions { id_source: IdSource::Derived(vec!["mail".into()]), ..options() }, "r.csv: there is no column \"mail\"; columns: id")]
#[case::header_only("id,name\n\n", options(), "r.csv: there is a header but no row; export the roster again")]
#[case::delimiter("id\n1", ReadOptions { delimiter: Some(b'"'), ..options() }, "'\"' can't be the delimiter; use , ; | or a tab")]
#[case::mapped_twice("id\n1", ReadOptions { mapping: vec![(Field::Id, "id".into()), (Field::Id, "id".into())], ..options() }, "id is named more than once by --map or --id-from; name one source for each field")]
fn what_cannot_work_is_said_once(#[case] text: &str, #[case] options: ReadOptions, #[case] message: &str) {
    assert_eq!(refusal(text, options), message);
}

#[test]
fn ids_are_derived_from_named_columns() {
    let derived = |columns: &[&str]| {
        let columns = columns.iter().map(|c| (*c).to_owned()).collect();
        ReadOptions { id_source: IdSource::Derived(columns), ..options() }
    };
    let text = "E-Mail,Name\nAnn@Example.com , Ann\nann@example.com,Bob\n,\"\"\n";
    let outcome = read_with(text, derived(&["e-mail"])).expect("a roster");
    assert_eq!(outcome.ids(), vec!["161bf787-c1dc-563b-853d-9368070d635d"; 2]);
    assert_eq!(outcome.extra_columns, ["E-Mail"], "still carried along");
    let outcome = read_with(text, derived(&["email", "name"])).expect("a roster");
    assert_ne!(outcome.ids()[0], outcome.ids()[1]);
    let json = "{\"email\":\"Ann@Example.com\"}\n{\"name\":\"Bob\"}";
    let outcome = read_with(json, derived(&["email"])).expect("a roster");
    assert_eq!(
        (outcome.ids(), outcome.problems()),
        (vec!["161bf787-c1dc-563b-853d-9368070d635d"], vec![(2, "missing-id")])
    );
}

#[test]
fn what_a_spreadsheet_has_rounded_makes_no_id() {
    let options = ReadOptions { id_source: IdSource::Derived(vec!["order".into()]), ..options() };
    let outcome = read_with("order,name\n1.23E+17,Ann\n1.24E+17,Bob\n5,Cid\n", options).expect("a roster");
    assert_eq!(outcome.problems(), [(2, "id-rounded"), (3, "id-rounded")]);
}

#[test]
fn a_check_needs_no_meeting_unless_the_roster_names_some() {
    let options = ReadOptions { default_meeting: DefaultMeeting::NotNeeded, ..options() };
    assert_eq!(read_with("id\n1\n", options.clone()).expect("a roster").ids(), ["1"]);
    let outcome = read_with(format!("id,meeting\n1,\n2,{MEETING}\n"), options).expect("a roster");
    assert_eq!((outcome.ids(), outcome.problems()), (vec!["2"], vec![(2, "missing-meeting")]));
}

#[rstest]
#[case::fewer("id,name,x\n1\n", &[])]
#[case::surplus_blank("id\n1,, \n", &[])]
#[case::surplus("id,name\n1,Ann,Lee\n2,Bob\n", &[(2, "ragged-row")])]
fn a_ragged_row_is_an_error_only_if_something_would_be_lost(
    #[case] text: &str,
    #[case] problems: &[(u64, &str)],
) {
    assert_eq!(read(text).problems(), problems);
}

/// What a spreadsheet could not show and what an encoding has lost is nobody's id or name; elsewhere it is carried along.
#[rstest]
#[case::ids("id,name\n#N/A,Ann\n########,Bo\nt\u{fffd},Cy\n", "", &[(2, "cell-error"), (3, "cell-error"), (4, "damaged-text")])]
#[case::names("id,name\n1,#REF!\n2,Zo\u{fffd}\n", "", &[(2, "cell-error"), (3, "damaged-text")])]
#[case::parts("id,first name,last name\n1,#NAME?,Lee\n2,Bo,#VALUE!\n3,Cy,Oh\n", "", &[(2, "cell-error"), (3, "cell-error")])]
#[case::derived("email,name\na@b.co,#N/A\n#N/A,Bo\n", "email,name", &[(2, "cell-error"), (3, "cell-error")])]
#[case::presets("id,name,preset\n1,Ann,#N/A\n2,Bo,host\n", "", &[(2, "cell-error")])]
#[case::notes("id,name,note\n1,Ann,#N/A\n2,Bo,\u{fffd}\n", "", &[])]
fn what_was_lost_before_is_no_value(
    #[case] text: &str,
    #[case] id_from: &str,
    #[case] problems: &[(u64, &str)],
) {
    let id_source = match id_from {
        "" => IdSource::Column,
        names => IdSource::Derived(names.split(',').map(str::to_owned).collect()),
    };
    let outcome = read_with(text, ReadOptions { id_source, ..options() }).expect("a roster");
    assert_eq!(outcome.problems(), problems);
}

/// Totals, titles and small tables are no guests, and persons with little to say of them are.
#[rstest]
#[case::total("Ticket ID,Name,Email\n1,Ann,a@b.co\n\nTotal guests: 1\n", &[(4, "lone-cell")])]
#[case::total_without_a_blank_line("id,name,email\n1,Ann,\nTotal: 1,,\n", &[(3, "lone-cell")])]
#[case::total_in_an_own_column("id,name,paid\n1,Ann,5\n,,5\n", &[(3, "lone-cell")])]
#[case::titles("id,name,email\nSpeakers,,\n1,Ann,\nVisitors,,\n2,Bo,\n", &[(2, "lone-cell"), (4, "lone-cell")])]
#[case::in_a_rejected_file("id,name,email,guestlist error\n1,Ann,,x\nTotal 1,,,x\n", &[(3, "lone-cell")])]
#[case::small_table("id,name,email\n1,Ann,a@b.co\n\nType,Sold\nVIP,3\n\n2,Bo,b@b.co\n3,Cy\n",
    &[(4, "other-shape"), (5, "other-shape")])]
#[case::small_table_after_commas("id,name,email\r\n1,Ann,a@b.co\r\n,,\r\nVIP,3\r\n", &[(4, "other-shape")])]
#[case::padded_small_table("id,name,email\n1,Ann,a@b.co\n,,\nType,Sold,\nVIP,3,\n2,Bo,b@b.co\n",
    &[(4, "other-shape"), (5, "other-shape")])]
#[case::padded_small_table_of_numbers("id,name,email\n1,Ann,a@b.co\n,,\nVIP,3,\n7,9,\n",
    &[(4, "other-shape"), (5, "other-shape")])]
#[case::titled_small_table("id,name,email\n1,Ann,a@b.co\n\nTickets\nType,Sold\nVIP,3\n",
    &[(4, "lone-cell"), (5, "other-shape"), (6, "other-shape")])]
#[case::titled_part("id,name,email\n1,Ann,a@b.co\n,,\nVisitors,,\n2,Bo,\n", &[(4, "lone-cell")])]
#[case::note_in_two_columns("id,name\n1,Ann\n\nPrinted in May\n", &[(4, "lone-cell")])]
#[case::total_in_two_columns("id,name\n1,Ann\nTotal: 1,\n", &[(3, "lone-cell")])]
#[case::total_with_a_sum("id,name,paid\n1,Ann,5\nTotal,,5.00\n", &[(3, "total")])]
#[case::total_with_a_count("id,name,email\n1,Ann,a@b.co\nTotal guests,1,\n", &[(3, "total")])]
#[case::ids_in_words("id,name,email\nann,Ann,\nbob,,\n", &[])]
#[case::ids_in_several_words("id,name,email\nseat 1,Ann,\nseat 2,,\n", &[])]
#[case::lone_ids("id,name,email\n1,Ann,\n2,,\nT-3,,\n", &[])]
#[case::lone_ids_in_two_columns("id,name\nT-1,\nT-2,\n", &[])]
#[case::ids_in_words_in_two_columns("id,name\nann,\nbob,\n", &[])]
#[case::ids_in_words_in_a_rejected_file("id,name,guestlist error\nann,,x\nbob,,y\n", &[])]
#[case::title_in_two_columns("id,name\n1,Ann\nVisitors,\n2,Bo\n", &[(3, "lone-cell")])]
#[case::words_beside_numbers("id,name,seat\nann,Ann,4\nbob,,5\n", &[])]
#[case::a_word_beside_a_word("id,name,company\n1,Ann,X\nbob,,Y\n", &[])]
#[case::numbers_for_names("id,name,email\n1,007,\n2,4,\n", &[])]
#[case::after_a_blank_line("id,name,email\n1,Ann,a@b.co\n,,\n2,Bo,\nT3,Cy,\n", &[])]
#[case::lone_id_after_a_blank_line("id,name,seat\n1,Ann,4\n,,\n2,,\n", &[])]
#[case::mere_ids_after_a_blank_line("id,note\n1,x\n,\n2,\n", &[])]
#[case::no_id_but_numbers("id,name,seat\n1,Ann,4\n,,5\n,6,7\n", &[(3, "lone-cell"), (4, "missing-id")])]
#[case::words_after_a_blank_line("id,name,email\n1,Ann,a@b.co\n,,\nbob,Bo,b@b.co\n", &[])]
#[case::narrow_before("id,name,email\n1,Ann,\n2,Bo,b@b.co\n,,\ncy,Cy,\n", &[])]
#[case::optional_cells_at_the_end("id,name,preset\n1,Ann\n2,Bo,host\n\n3,Cy\n4,Di\n", &[])]
#[case::blank_lines_amid("id,name,note\r\n1,Ann,x\r\n\r\n\r\n2,Bo,\r\n3,Cy\r\n", &[])]
#[case::no_blank_line("id,name,note\n1,Ann,x\n2,Bo\n3,Cy\n", &[])]
#[case::line_break_in_a_cell("id,name,note\n1,Ann,\"x\n\ny\"\n2,Bo\n", &[])]
#[case::blank_first("id,name,note\n\n1,Ann\n", &[])]
#[case::nobody_has_a_name("id,name,note\n1,,\n2,,\n", &[])]
#[case::no_names_at_all("id,note,seat\na,,\nb,,\n", &[])]
#[case::two_columns("id,name\n1,Ann\n2,\n", &[])]
#[case::without_a_name("id,name,seat\n1,Ann,4\n2,,5\n", &[])]
fn what_is_no_persons_row_is_none(#[case] text: &str, #[case] problems: &[(u64, &str)]) {
    assert_eq!(read(text).problems(), problems);
}

#[test]
fn json_keeps_its_types_and_columns_come_as_they_appear() {
    let text = "{\"id\":\"1\",\"vip\":true,\"guestlist error\":\"old\"}\n\
                {\"id\":\"2\",\"seat\":1.50,\"guest_id\":7}\n\
                {\"id\":\"3\",\"vip\":null,\"tags\":[1, {\"a\":1e999}]}\n";
    let outcome = read(text);
    assert_eq!(outcome.extra_columns, ["vip", "seat", "guest_id", "tags"]);
    let extras: Vec<&str> = outcome.rows.iter().map(|row| row.extra.as_str()).collect();
    assert_eq!(extras, ["[true]", "[null,1.50,7]", "[null,null,null,[1, {\"a\":1e999}]]"]);
}

#[test]
fn json_rows_have_all_their_problems_too() {
    let text = "{\"id\":1.5,\"name\":7,\"preset\":\"hots\"}\n[]\n{\"id\":\"1\",\"id\":\"2\"}\n{\"id\":1e17}\nid,name\n{\"name\":\"Ann\"}\n";
    let expected = [
        (1, "json-wrong-type"),
        (1, "json-wrong-type"),
        (1, "unknown-preset"),
        (2, "json-not-object"),
        (3, "bad-json"),
        (4, "id-rounded"),
        (5, "bad-json"),
        (6, "missing-id"),
    ];
    assert_eq!(read(text).problems(), expected);
}

#[test]
fn a_directory_that_fails_ends_the_reading() {
    struct Down;
    impl Directory for Down {
        fn preset(&mut self, _: &str) -> PresetStanding {
            PresetStanding::Known
        }
        fn meeting(&mut self, _: MeetingId) -> Result<MeetingStanding, DirectoryUnavailable> {
            Err(DirectoryUnavailable("503".into()))
        }
    }
    let mut reader = Reader::open(&source("r", "id\n1\n"), options()).expect("a reader");
    let read = reader.read(&mut RosterRow::new(), &mut Vec::new(), &mut Down);
    assert!(matches!(read, Err(RosterError::Directory(_))));
}

#[test]
fn a_reader_and_its_batches_go_to_another_thread() {
    fn sendable<T: Send + 'static>() {}
    sendable::<Reader>();
    sendable::<Batch>();
}

#[test]
fn what_follows_the_last_line_is_not_read() {
    let options = ReadOptions { last_line: NonZeroU64::new(3), ..options() };
    let outcome = read_with("id,name\n1,Ann\n2,\"Bob\nRay\"\n3,\"Cy\n", options).expect("a roster");
    assert_eq!((outcome.ids(), outcome.problems()), (vec!["1"], vec![(3, "name-control-character")]));
    assert_eq!(outcome.decisions.expect("decisions").ends_before, Some(5));
}

#[test]
fn json_lines_are_of_a_dialect_only_by_name() {
    let text = "{\"api_id\":\"g1\",\"email\":\"a@example.com\",\"approval_status\":\"approved\"}\n\
                {\"api_id\":\"g2\",\"name\":\"Bob\",\"approval_status\":\"declined\"}\n\
                {\"api_id\":\"g3\",\"name\":\"Cy\"}\n";
    assert_eq!(read(text).problems(), [(1, "missing-id"), (2, "missing-id"), (3, "missing-id")]);
    let named = ReadOptions { dialect: DialectChoice::Named("luma".into()), ..options() };
    let outcome = read_with(text, named).expect("a roster");
    assert_eq!((outcome.ids(), outcome.names()), (vec!["g1"], vec!["Guest"]));
    assert_eq!(outcome.left_out, 2, "without a status, somebody isn't approved");
}

proptest! {
    /// A table whose first line is a header is read from its first line, with all its rows.
    #[test]
    fn a_plain_table_is_read_whole(
        mut header in prop::collection::vec(prop_oneof![Just("name"), Just("x"), Just(""), Just("E-Mail"), Just("Notes; or, so")], 1..4),
        at in 0usize..4,
        rows in prop::collection::vec(prop::collection::vec("[a-c ,;\"\n]{0,4}", 4), 1..12),
        delimiter in prop::sample::select(vec![b',', b';', b'\t', b'|']),
    ) {
        let at = at.min(header.len());
        header.insert(at, "Ticket ID");
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        writer.write_record(&header).expect("written");
        let mut ids = Vec::new();
        for (n, cells) in rows.iter().enumerate() {
            let mut cells: Vec<String> = cells.iter().take(header.len()).cloned().collect();
            cells.resize(header.len(), String::new());
            cells[at] = format!("p{n}");
            ids.push(format!("p{n}"));
            writer.write_record(&cells).expect("written");
        }
        let outcome = read(writer.into_inner().expect("bytes"));
        let format = outcome.decisions.as_ref().map(|decisions| decisions.format.clone());
        prop_assert_eq!(format, Some(Format::Csv { delimiter, header_line: Some(1) }));
        prop_assert_eq!(outcome.rows.len() + outcome.rejected.len(), rows.len());
        let invalid: Vec<&str> = outcome.problems().into_iter().map(|(_, code)| code).collect();
        prop_assert!(invalid.iter().all(|code| *code == "name-control-character"), "{:?}", invalid);
        let kept: Vec<&str> = outcome.ids();
        prop_assert!(ids.iter().filter(|id| kept.contains(&id.as_str())).eq(kept.iter()));
    }
}
