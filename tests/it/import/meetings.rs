//! Many meetings, unknown ones, and what is checked before anything is sent.

use guestlist::model::MeetingId;
use guestlist::sandbox::MeetingStatus;
use rstest::rstest;

use crate::support::Import;

const SECOND: &str = "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b";
const CLOSED: &str = "4f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6c";

fn with_meetings(import: Import) -> Import {
    import.server_with(|settings| {
        settings.meetings.push((SECOND.parse().unwrap(), MeetingStatus::Active));
        settings.meetings.push((CLOSED.parse().unwrap(), MeetingStatus::Inactive));
    })
}

/// I01: one roster fills many meetings; the same id in two of them is two participants.
#[test]
fn i01_one_roster_fills_many_meetings() {
    let rows = format!(
        "id,preset,meeting_id\na,webinar_viewer,\na,webinar_viewer,{SECOND}\nb,webinar_viewer,{SECOND}\n"
    );
    let import = with_meetings(Import::new().roster(rows)).flags("--export t.csv");
    import.run().exit(0).added(3);
    let (server, second) = (import.server(), SECOND.parse::<MeetingId>().unwrap());
    assert_eq!(server.counts(server.meeting(), "a").living, 1);
    assert_eq!((server.counts(second, "a").living, server.counts(second, "b").living), (1, 1));
    assert_eq!(import.text("t.csv").lines().filter(|line| line.contains(SECOND)).count(), 2);
    import.run().exit(0).present(3);
    assert_eq!(server.stats().adds_received, 3);
}

/// Doubts in several meetings are settled in each of them.
#[test]
fn doubts_in_several_meetings() {
    let row = |n: usize| format!("g{n},webinar_viewer,{}\n", if n.is_multiple_of(2) { SECOND } else { "" });
    let rows = (0..40).map(row).collect::<String>();
    let import = with_meetings(Import::new().roster(format!("id,preset,meeting_id\n{rows}")));
    let import = import.fault("close-after=0.2").fault("reset=0.2");
    import.run().exit(0).added(40);
    let stats = import.server().stats();
    assert_eq!((stats.participants, stats.duplicates), (40, 0));
}

/// I01: the same id twice in one meeting is refused, with both lines.
#[test]
fn i01_an_id_twice_in_one_meeting_adds_nobody() {
    let import = Import::new().roster("id,preset\na,webinar_viewer\nb,webinar_viewer\na,webinar_viewer\n");
    let ran = import.run().exit(3).invalid(1).added(0);
    let line = &ran.lines_of("invalid")[0];
    assert_eq!(line["line"], 4);
    assert!(line["message"].as_str().unwrap().contains("list.csv:2"), "{line}");
    assert_eq!(import.server().stats().adds_received, 0);
    import.run_with("--on-invalid skip").exit(4).added(2).invalid(1);
    import.assert_nobody_is_in_twice();
}

/// A meeting that isn't there, or that nobody can join, and a preset that isn't there.
#[rstest]
#[case::unknown(&format!("a,webinar_viewer,{}", uuid::Uuid::nil()), "unknown-meeting")]
#[case::inactive(&format!("a,webinar_viewer,{CLOSED}"), "inactive-meeting")]
#[case::preset("a,webinar_viewr,", "unknown-preset")]
fn what_the_app_does_not_have_adds_nobody(#[case] row: &str, #[case] code: &str) {
    let import =
        with_meetings(Import::new().roster(format!("id,preset,meeting_id\n{row}\nb,webinar_viewer,\n")));
    let ran = import.run().exit(3).invalid(1);
    assert_eq!(ran.lines_of("invalid")[0]["code"], code);
    assert_eq!(import.server().stats().adds_received, 0);
    import.run_with("--on-invalid skip").exit(4).added(1).invalid(1);
    assert_eq!(import.server().stats().adds_received, 1);
}

/// I08: what is no UUID reaches no URL.
#[rstest]
fn i08_a_meeting_that_is_no_uuid(
    #[values("../../x", "a%2Fb", "?x=1", "5a4db0c5-7e57-4000-8000-000000000001/x", "\u{202e}")] meeting: &str,
    #[values(true, false)] in_a_column: bool,
) {
    let import = Import::new();
    if in_a_column {
        let long = "9".repeat(300);
        let rows = format!("id,preset,meeting_id\na,webinar_viewer,{meeting}\nb,webinar_viewer,{long}\n");
        let ran = import.roster(rows);
        ran.run().exit(3).invalid(2);
        // The presets, and the meeting of the settings: nothing that the roster says is in them.
        let asked: Vec<_> = ran.server().stats().requests.into_keys().collect();
        assert!(asked.iter().all(|kind| ["presets", "meeting"].contains(kind)), "{asked:?}");
        assert!(ran.server().requests_of("meeting") <= 1);
    } else {
        let import = import.people(1);
        import.run_with(&format!("--meeting {meeting}")).exit(2);
        assert_eq!(import.server().requests(), 0);
    }
}

/// I12: the token goes to https, to loopback, or nowhere.
#[rstest]
#[case("http://example.com/client/v4")]
#[case("http://10.0.0.1/client/v4")]
#[case("http://localhost.example.com/")]
#[case("https://ann:s3cret@127.0.0.1/client/v4")]
#[case("ftp://127.0.0.1/")]
#[case("nonsense")]
fn i12_an_api_that_would_leak_the_token(#[case] url: &str) {
    let import = Import::new().people(1);
    let ran = import.run_with(&format!("--api-url {url}")).exit(2);
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("s3cret"));
    assert!(!import.path("j.db").exists());
}
