//! The lists of the platforms: recognised, with their own ids, names and statuses.

use rstest::rstest;
use serde_json::json;

use super::{import_of, names_by_derived_ids, who_is_in};
use crate::support::{Import, Running};

fn assert_is_in(import: &Import, people: &[(&str, &str)]) {
    let expected: Vec<_> = people.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect();
    assert_eq!(who_is_in(import), expected);
}

/// The platform's own number is the id, only who comes is in, and the attendee's name is the name.
#[rstest]
#[case::luma("luma.csv", 4, &[("gst-a1", "Ann Lee"), ("gst-b2", "Bea"), ("gst-f6", "Moss")])]
#[case::luma_newer("luma-newer.csv", 1, &[("gst-n1", "Ann Lee")])]
#[case::eventbrite("eventbrite.csv", 2,
    &[("18440001", "Ann Lee"), ("18440002", "Bob Lee"), ("18440005", "Eve Fox"), ("18440006", "Fay Orr")])]
#[case::eventbrite_in_britain("eventbrite-uk.csv", 0, &[("550001", "Ann Lee"), ("550002", "Guest")])]
#[case::tito("tito.csv", 1, &[("GIAO-1", "Ann Lee"), ("GIAO-2", "Guest")])]
#[case::bevy("bevy.csv", 0, &[("CNA1", "Ann Lee"), ("CNA2", "Bob Lee")])]
#[case::meetup("meetup.csv", 2, &[("user 100001", "Ann Lee"), ("user 100002", "Bob")])]
fn a_platforms_list_is_imported_as_it_is(
    #[case] file: &str,
    #[case] not_coming: u64,
    #[case] people: &[(&str, &str)],
) {
    let import = import_of(file);
    import.run().exit(0).added(people.len() as u64).not_coming(not_coming).invalid(0);
    assert_is_in(&import, people);
    import.run().exit(0).added(0).present(people.len() as u64).not_coming(not_coming);
    import.assert_nobody_is_in_twice();
}

/// Lists without ids say how to derive them; done so, everybody is in.
#[rstest]
#[case::zoom_registration("zoom-registration.csv", "Email,First Name,Last Name", &["Ann Lee", "Bob Ray"])]
#[case::zoom_attendees("zoom-attendees.csv", "Email,First Name,Last Name", &["Ann Lee", "Bob Ray", "Dan Poe", "Eve"])]
#[case::zoom_visitors("zoom-visitors.csv", "Email,User Name (Original Name)", &["Ann Lee", "Ray, Bob"])]
#[case::zoom_usage("zoom-usage.csv", "User Email,Name (Original Name)", &["Ann Lee", "Ann Lee", "Ray, Bob (Bobby)"])]
#[case::teams("teams.tsv", "Email,Name", &["Ann Lee", "Ray, Bob", "Zoë Müller (Guest)"])]
#[case::pretix("pretix.csv", "Secret", &["Ann Lee", "Bob Lee", "José Peña"])]
#[case::google_forms("google-forms.csv", "Email,Full Name", &["Ann Lee", "Bob Ray"])]
#[case::google_contacts("google-contacts.csv", "E-mail 1 - Value,First Name,Last Name", &["Ann Lee", "太郎 山本"])]
fn a_list_without_ids_says_how_to_derive_them(
    #[case] file: &str,
    #[case] from: &str,
    #[case] people: &[&str],
) {
    let import = import_of(file);
    import.run().exit(3).says(&format!("--id-from \\\"{from}\\\""));
    assert_eq!(import.server().stats().adds_received, 0);
    let mut command = import.import("");
    command.args(["--id-from", from]);
    Running::start(&import, command).end().exit(0).added(people.len() as u64).invalid(0);
    assert_eq!(names_by_derived_ids(&import), people);
}

/// What was taken for what is told, with the rows left out by their status.
#[test]
fn what_was_recognised_is_told() {
    let import = import_of("luma.csv");
    let checked = import.tell("check list.csv --preset p --json").exit(0);
    let roster = &checked.lines_of("roster")[0];
    assert_eq!(
        (&roster["dialect"], &roster["rows"], &roster["not_coming"]),
        (&json!("luma"), &json!(7), &json!(4))
    );
    let left_out = json!([
        { "status": "invited", "rows": 2 },
        { "status": "pending_approval", "rows": 1 },
        { "status": "declined", "rows": 1 },
    ]);
    let status = json!({ "column": "approval_status", "coming": ["approved"], "left_out": left_out });
    assert_eq!(roster["status"], status);
    let counts = &checked.lines_of("check")[0];
    assert_eq!((&counts["rows"], &counts["valid"], &counts["not_coming"]), (&json!(7), &json!(3), &json!(4)));
    let said = import.tell("check list.csv --preset p").exit(0).stdout;
    assert!(said.contains("recognised as  Luma guest list"), "{said}");
    assert!(said.contains("invited 2, pending_approval 1, declined 1"), "{said}");
    assert!(said.contains("3 rows are valid; 4 not coming."), "{said}");
    let command = import.command("import list.csv --preset group_call_participant --journal j.db");
    let ran = Running::start(&import, command).end().exit(0);
    assert!(ran.stdout.contains("Everybody who comes is in: 3 rows are"), "{}", ran.stdout);
    assert!(ran.stdout.contains("not coming  4  by their status: invited 2,"), "{}", ran.stdout);
    assert!(ran.stderr.contains("list.csv: recognised as: Luma guest list"), "{}", ran.stderr);
}

/// Who counts as coming is the user's to say; so is the column.
#[rstest]
#[case::others("--status approved,invited", 5)]
#[case::as_written_otherwise("--status Pending-Approval", 1)]
#[case::everybody("--status any", 7)]
#[case::another_column("--map status=ticket_name --status vip", 2)]
#[case::nobodys_list("--dialect none --map id=api_id", 7)]
#[case::by_name("--dialect LUMA", 3)]
fn the_user_says_who_comes(#[case] flags: &str, #[case] added: u64) {
    let import = import_of("luma.csv").flags(flags);
    if flags.contains("none") {
        // Without the dialect, its column Role holds presets.
        import.write("list.csv", import.text("list.csv").replace("?,Role", "?,Job"));
    }
    import.run().exit(0).added(added).not_coming(7 - added);
    assert_eq!(who_is_in(&import).len() as u64, added);
}

/// If nobody is left, nothing is sent, and it is said how to change that.
#[test]
fn a_list_of_which_nobody_comes_is_refused() {
    let import = import_of("luma.csv");
    import.run_with("--status cancelled").exit(3).says("invited 2").says("--status any");
    import.tell("check list.csv --preset p --status cancelled").exit(3).says("nobody comes");
    assert_eq!(import.server().stats().adds_received, 0);
}

/// A status that the roster doesn't have, and a dialect that nobody knows.
#[rstest]
#[case::no_status("--status yes", "--map status=COLUMN")]
#[case::dialect("--dialect lumma", "the dialects are bevy, eventbrite,")]
fn what_cannot_be_meant_is_refused(#[case] flags: &str, #[case] says: &str) {
    let import = Import::new().people(2).flags(flags);
    import.run().exit(2).says(says);
    assert_eq!(import.server().stats().adds_received, 0);
}

/// A general status column leaves nobody out, unless the user says so.
#[test]
fn a_status_column_of_nobodys_list_leaves_nobody_out() {
    let import = Import::new().roster("id,status\na,yes\nb,no\nc,\n").flags("--preset webinar_viewer");
    import.tell("check list.csv --preset p").exit(0).says("nobody is left out by the column status");
    import.run_with("--status yes").exit(0).added(1).not_coming(2);
    import.run().exit(0).added(2).present(1).not_coming(0);
}

/// Duplicates and invalid rows count only among those who come; `--limit` takes of them.
#[test]
fn rows_that_do_not_come_are_looked_at_no_further() {
    let rows = "a,yes\na,no\nb@example.com,no\nb,yes\nc,yes\n,no\n";
    let import = Import::new().roster(format!("id,rsvp\n{rows}"));
    let import = import.flags("--preset webinar_viewer --status yes");
    let command =
        import.command("import list.csv --dry-run --preset webinar_viewer --status yes --journal j.db");
    let dry = Running::start(&import, command).end().exit(0);
    assert!(dry.stdout.contains("not coming      3  by their status"), "{}", dry.stdout);
    import.run_with("--limit 2").exit(0).added(2).left_out(1).not_coming(3).invalid(0);
    assert_eq!(who_is_in(&import).iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
}

/// A row that is broken as such isn't left out: its status may be another cell.
#[test]
fn a_broken_row_is_invalid_whatever_its_status_says() {
    let import = Import::new().roster("id,name,status\na,Ann,yes\nb,Bob, Jr.,no\n");
    let import = import.flags("--preset webinar_viewer --status yes");
    import.run().exit(3).invalid(1).not_coming(0).says("ragged-row");
}

/// Two rosters of different platforms on one command line: each is recognised, and their ids don't go together in one
/// meeting, since whoever is on both would be in twice.
#[test]
fn two_lists_of_different_platforms_are_told_apart() {
    let import = import_of("luma.csv");
    import.write("other.csv", super::fixture("eventbrite.csv"));
    let typed = "import list.csv other.csv --json --journal j.db --preset group_call_participant";
    let ran = import.tell(typed).exit(2).says("would be invited twice");
    let dialects: Vec<_> = ran.lines_of("roster").iter().map(|roster| roster["dialect"].clone()).collect();
    assert_eq!(dialects, ["luma", "eventbrite"]);
    assert_eq!(import.server().stats().adds_received, 0);
}

/// Teams itself writes UTF-16.
#[test]
fn a_teams_report_in_utf16_is_read_like_one_in_utf8() {
    let import = import_of("teams-utf16le.csv");
    import.run_with("--id-from Email,Name").exit(0).added(3).invalid(0);
    assert_eq!(names_by_derived_ids(&import), ["Ann Lee", "Ray, Bob", "Zo\u{eb} M\u{fc}ller (Guest)"]);
}

/// One address may stand for several people: the advice takes the names along.
#[rstest]
#[case("Timestamp,Email Address,First Name,Last Name", "Email Address,First Name,Last Name")]
#[case("Timestamp,Email Address,First Name,Surname", "Email Address,First Name,Surname")]
#[case("Timestamp,Email Address,Full Name", "Email Address,Full Name")]
fn the_advice_for_a_form_names_more_than_the_address(#[case] header: &str, #[case] advice: &str) {
    let cells = header.split(',').map(|_| "x").collect::<Vec<_>>().join(",");
    let import = Import::new().roster(format!("{header}\n{cells}\n"));
    let ran = import.tell("check list.csv --preset p").exit(3);
    ran.says(&format!("--id-from \"{advice}\""));
}
