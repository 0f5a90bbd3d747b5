//! Which column is which.

use super::*;
use rstest::rstest;

fn columns(header: &[&str], options: &ReadOptions) -> Result<Columns, RosterError> {
    let mut columns = Columns::default();
    columns.add(header.iter().map(|name| Arc::from(*name)).collect(), options, &Arc::from("r.csv"))?;
    Ok(columns)
}

fn plain(header: &[&str]) -> Columns {
    columns(header, &ReadOptions::default()).expect("a header")
}

#[rstest]
#[case("custom_participant_id", Field::Id)]
#[case("  Participant ID ", Field::Id)]
#[case("Ticket #", Field::Id)]
#[case("FULL NAME", Field::Name)]
#[case("First-Name", Field::FirstName)]
#[case("Surname", Field::LastName)]
#[case("Role", Field::Preset)]
#[case("Photo URL", Field::Picture)]
#[case("Meeting.Id", Field::Meeting)]
fn a_header_is_known_by_its_folded_name(#[case] header: &str, #[case] field: Field) {
    assert_eq!(plain(&["x", header]).field(field), Some(1));
}

#[test]
fn of_two_columns_for_a_field_the_surer_wins_and_the_other_is_kept() {
    let columns = plain(&["Guest ID", "id", "name", "Id"]);
    assert_eq!(columns.field(Field::Id), Some(1));
    assert_eq!(columns.roles()[0], Role::PassedOver(Field::Id));
    assert_eq!(columns.roles()[3], Role::PassedOver(Field::Id));
    assert_eq!(columns.extras(), [0, 3]);
}

#[test]
fn what_is_said_by_hand_wins() {
    let options = ReadOptions { mapping: vec![(Field::Id, "badge no".into())], ..ReadOptions::default() };
    let columns = columns(&["id", "Badge #", ERROR, "", "First Name"], &options).expect("a header");
    assert_eq!(columns.field(Field::Id), Some(1));
    assert_eq!(columns.roles()[2], Role::Dropped);
    assert_eq!(columns.extras(), [0, 3, 4], "first names are fields and carried along");
}

fn of_dialect(name: &str, header: &[&str], options: &ReadOptions) -> Columns {
    let mut columns = Columns::of(options.dialects.get(name).cloned());
    let header = header.iter().map(|name| Arc::from(*name)).collect();
    columns.add(header, options, &Arc::from("r.csv")).expect("a header");
    columns
}

fn filled(columns: &Columns) -> Vec<(Field, &str)> {
    let name = |field: Field| Some((field, &*columns.names[columns.field(field)?]));
    Field::ALL.into_iter().filter_map(name).collect()
}

#[test]
fn the_columns_of_a_dialect_win_over_the_general_names() {
    let header =
        ["id", "api_id", "name", "role", "approval_status", "email", "ticket_name", "status", "preset"];
    let columns = of_dialect("luma", &header, &ReadOptions::default());
    let expected = [
        (Field::Id, "api_id"),
        (Field::Name, "name"),
        (Field::Preset, "preset"),
        (Field::Email, "email"),
        (Field::TicketType, "ticket_name"),
        (Field::Status, "approval_status"),
    ];
    assert_eq!(filled(&columns), expected);
    assert_eq!(
        (columns.roles[0], columns.roles[3], columns.roles[7]),
        (Role::Extra, Role::Extra, Role::Extra)
    );
}

#[test]
fn what_is_said_by_hand_wins_over_a_dialect() {
    let by_hand =
        [(Field::Id, "email"), (Field::Preset, "role"), (Field::FirstName, "nick"), (Field::Status, "vip")];
    let mapping = by_hand.iter().map(|(field, name)| (*field, (*name).to_owned())).collect();
    let options = ReadOptions { mapping, ..ReadOptions::default() };
    let header = ["api_id", "name", "nick", "role", "approval_status", "email", "vip"];
    let columns = of_dialect("luma", &header, &options);
    let expected =
        [(Field::Id, "email"), (Field::FirstName, "nick"), (Field::Preset, "role"), (Field::Status, "vip")];
    assert_eq!(filled(&columns), expected);
}

#[rstest]
#[case::attendee(&["Order #", "Ticket Type", "First Name", "Buyer First Name", "Buyer Last Name", "Buyer Email"],
    &[(Field::FirstName, "First Name"), (Field::Email, "Buyer Email"), (Field::TicketType, "Ticket Type")])]
#[case::buyer_only(&["Order #", "Ticket Type", "Buyer First Name", "Buyer Last Name", "Buyer Email", "Email"],
    &[(Field::FirstName, "Buyer First Name"), (Field::LastName, "Buyer Last Name"), (Field::Email, "Email"), (Field::TicketType, "Ticket Type")])]
fn a_buyer_never_lends_an_attendee_part_of_a_name(
    #[case] header: &[&str],
    #[case] expected: &[(Field, &str)],
) {
    assert_eq!(filled(&of_dialect("eventbrite", header, &ReadOptions::default())), expected);
}

#[test]
fn a_name_of_the_dialect_keeps_other_names_away() {
    let header = ["Order #", "Attendee #", "Ticket Type", "First Name", "Last Name", "Name"];
    let columns = of_dialect("eventbrite", &header, &ReadOptions::default());
    assert_eq!((columns.field(Field::Name), columns.field(Field::FirstName)), (None, Some(3)));
}

#[rstest]
#[case::twice_there(&["a", "A"], "a ", "ambiguous")]
#[case::exact_beats_folded(&["a", "A"], "A", "")]
fn a_name_by_hand_is_unambiguous(#[case] header: &[&str], #[case] wanted: &str, #[case] error: &str) {
    let options = ReadOptions { mapping: vec![(Field::Id, wanted.into())], ..ReadOptions::default() };
    let ambiguous = matches!(columns(header, &options), Err(RosterError::AmbiguousColumn { .. }));
    assert_eq!(ambiguous, error == "ambiguous");
}

#[rstest]
#[case::two_columns(&["E-mail", "Full Name"], "--id-from \"E-mail,Full Name\"")]
#[case::parts_of_a_name(&["Last Name", "First Name", "Email"], "--id-from \"Email,First Name,Last Name\"")]
#[case::no_name(&["Email"], "--id-from \"Email\"")]
#[case::what_a_shell_or_a_list_would_break(&["Email \"work\", $x", "Name"], "")]
#[case::folded(&["E,mail", "Na$me"], "--id-from \"email,name\"")]
#[case::no_address(&["Name"], "")]
fn a_derivation_is_advised_in_the_rosters_own_words(#[case] header: &[&str], #[case] advice: &str) {
    assert_eq!(plain(header).derivation(false).unwrap_or_default(), advice);
}

#[test]
fn an_id_column_that_holds_addresses_is_as_good() {
    assert_eq!(plain(&["User ID", "Name"]).derivation(true).as_deref(), Some("--id-from \"User ID,Name\""));
}

#[rstest]
#[case::as_written(&["Ticket No.", "x"], "ticketno")]
#[case::a_little_different(&["x", "TICKET #"], "ticketno")]
fn an_id_column_is_the_same_however_it_is_written(#[case] header: &[&str], #[case] key: &str) {
    let columns = plain(header).id_columns(&ReadOptions::default());
    assert_eq!(columns, Some(vec![key.to_owned()]));
}

#[test]
fn what_ids_are_derived_from_is_known_by_what_was_said() {
    let id_source = IdSource::Derived(vec!["E-Mail".into(), "##".into()]);
    let options = ReadOptions { id_source, ..ReadOptions::default() };
    assert_eq!(Columns::default().id_columns(&options), Some(vec!["email".to_owned(), "##".to_owned()]));
}
