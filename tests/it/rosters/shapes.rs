//! Where in a file the table is.

use rstest::rstest;
use serde_json::json;

use super::{import_of, names_by_derived_ids, who_is_in};
use crate::support::{Import, Running};

/// Shapes that are read as they are.
#[rstest]
#[case::sep("excel-sep.csv", "", &[("T-1", "Ann Lee"), ("T-2", "Bob Ray")])]
#[case::bare_cr("bare-cr.csv", "", &[("1", "Ann"), ("2", "Bob"), ("3", "Cy")])]
#[case::quirky_header("quirky-header.csv", "--map name=Имя", &[("1", "Анна"), ("2", "José"), ("3", "Zoë")])]
#[case::no_header("headerless.csv", "--no-header --columns id,name,email", &[("T-1", "Ann Lee"), ("T-2", "Bob Ray")])]
#[case::no_header_mapped("headerless.csv", "--no-header --columns ticket,who,mail --map id=ticket --map name=who",
    &[("T-1", "Ann Lee"), ("T-2", "Bob Ray")])]
#[case::first_of_two("two-tables.csv", "--header-line 2 --last-line 5", &[("S-1", "Ann"), ("S-2", "Bob")])]
#[case::second_of_two("two-tables.csv", "--header-line 7", &[("G-1", "Cy"), ("G-2", "Dan")])]
fn a_roster_is_read_as_it_is(#[case] file: &str, #[case] flags: &str, #[case] people: &[(&str, &str)]) {
    let import = import_of(file);
    import.run_with(flags).exit(0).added(people.len() as u64).invalid(0);
    let expected: Vec<_> = people.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect();
    assert_eq!(who_is_in(&import), expected);
}

/// Where the table begins and ends is told, by line.
#[rstest]
#[case::zoom_attendees("zoom-attendees.csv", "Email,First Name,Last Name", 84, Some(90), 5)]
#[case::teams("teams.tsv", "Email,Name", 10, Some(15), 3)]
#[case::zoom_usage("zoom-usage.csv", "User Email,Name (Original Name)", 4, None, 3)]
#[case::zoom_visitors("zoom-visitors.csv", "Email,User Name (Original Name)", 9, None, 2)]
#[case::quirky_header("quirky-header.csv", "#ID", 2, None, 3)]
#[case::sep("excel-sep.csv", "Ticket ID", 2, None, 2)]
fn where_the_table_is_is_told(
    #[case] file: &str,
    #[case] id_from: &str,
    #[case] header: u64,
    #[case] ends_before: Option<u64>,
    #[case] rows: u64,
) {
    let import = import_of(file);
    let mut command = import.command("check list.csv --json --preset p");
    command.args(["--id-from", id_from]);
    let checked = Running::start(&import, command).end().exit(0);
    let roster = &checked.lines_of("roster")[0];
    assert_eq!((&roster["header_line"], &roster["rows"]), (&json!(header), &json!(rows)));
    assert_eq!(roster["ends_before"], json!(ends_before));
}

/// A person who joined twice is in a Zoom report twice: two lines for one derived id, both named.
#[test]
fn somebody_who_joined_twice_is_named_with_both_lines() {
    let import = import_of("zoom-rejoined.csv");
    let mut command = import.import("");
    command.args(["--id-from", "Email,First Name,Last Name"]);
    let ran = Running::start(&import, command).end().exit(3).invalid(1);
    assert_eq!(ran.lines_of("invalid")[0]["code"], "duplicate-id");
    assert!(names_by_derived_ids(&import).is_empty());
}

/// Two tables in one file: nobody is sent until it is clear which one is meant.
#[test]
fn two_tables_in_one_file_are_not_mixed_up() {
    let import = import_of("two-tables.csv");
    import.run().exit(3).says("list.csv:7: another table begins here").says("--header-line N");
    assert_eq!(import.server().stats().adds_received, 0);
}

/// The header once more amid the rows, as of files put together, is one wrong row; everybody after it is kept.
#[test]
fn the_header_again_is_no_person() {
    let import = Import::new().roster("id,Name\na,Ann\nid,Name\nb,Bob\n").flags("--preset webinar_viewer");
    let ran = import.run().exit(3).invalid(1);
    assert_eq!(
        (&ran.lines_of("invalid")[0]["code"], &ran.lines_of("invalid")[0]["line"]),
        (&json!("header-again"), &json!(3))
    );
    import.run_with("--on-invalid skip").exit(4).added(2);
}

/// What is said by hand of the header must be so.
#[rstest]
#[case::has_one_after_all("id,name\na,Ann\n", "--no-header --columns id,name", "leave out --no-header")]
#[case::rejected_file("id,name,error\na,Ann,x\n", "--no-header --columns id,name", "leave out --no-header")]
#[case::blank_line("\nid\na\n", "--header-line 1", "list.csv:1: there is nothing on this line")]
#[case::beyond_the_end("id\na\n", "--header-line 9", "list.csv:9: there is nothing on this line")]
#[case::json("{\"id\":\"a\"}\n", "--header-line 1", "keys instead of a header")]
#[case::columns_alone("id\na\n", "--columns id", "--no-header")]
#[case::header_and_none("id\na\n", "--no-header --columns id --header-line 1", "cannot be used with")]
fn a_wrong_word_about_the_header_is_refused(#[case] rows: &str, #[case] flags: &str, #[case] says: &str) {
    let import = Import::new().roster(rows).flags("--preset webinar_viewer");
    import.run_with(flags).exit(2).says(says);
    assert_eq!(import.server().stats().adds_received, 0);
}

/// A file that holds no header that we know says what can be done.
#[test]
fn a_file_without_a_known_header_says_the_ways_out() {
    let import = import_of("headerless.csv");
    import.run().exit(3).says("--header-line N").says("--no-header --columns id,name");
    assert_eq!(import.server().stats().adds_received, 0);
}

/// The rejected rows of a roster without a header have one: mended, they are imported without --no-header.
#[test]
fn rejected_rows_of_a_headerless_roster_are_mended() {
    let import = Import::new().roster("a,Ann\n,Bob\n").flags("--preset webinar_viewer");
    let flags = "--no-header --columns id,name --on-invalid skip --rejected bad.csv";
    import.run_with(flags).exit(4).added(1).invalid(1);
    import.write("mended.csv", import.text("bad.csv").replace("\n,Bob", "\nb,Bob"));
    import.tell("import mended.csv --json --preset webinar_viewer --journal j.db").exit(0).added(1);
}
