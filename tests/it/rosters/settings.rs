//! Settings files, judged by where people ended up.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use guestlist::model::MeetingId;
use guestlist::sandbox::MeetingStatus;
use rstest::rstest;

use crate::support::{Import, Ran, Running};

const ROSTER: &str = "Order,name,Ticket Type\na,Ann,VIP\nb,Bea,Day\n";
const OTHER_MEETING: &str = "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b";

/// Two guests, and a server with two meetings.
fn guests() -> Import {
    let other = OTHER_MEETING.parse().unwrap();
    Import::new()
        .roster(ROSTER)
        .server_with(|settings| settings.meetings.push((other, MeetingStatus::Active)))
}

/// What a settings file has to say for an import to work, besides the token.
fn all_that_is_needed(guests: &Import) -> String {
    let server = guests.server();
    format!(
        "account-id = \"{}\"\napp-id = \"{}\"\nmeeting = \"{}\"\napi-url = \"{}\"\njournal = \"kept/j.db\"\nsettle = \"300ms\"\n\
         map.id = \"Order\"\n[preset-map]\nVIP = \"webinar_presenter\"\n\"*\" = \"webinar_viewer\"\n",
        server.settings().account_id,
        server.settings().app_id,
        server.meeting(),
        server.api_url()
    )
}

/// A command with nothing but the token in its environment.
fn command(guests: &Import, typed: &str) -> Command {
    let mut command = guests.command(typed);
    for variable in
        ["CLOUDFLARE_BASE_URL", "CLOUDFLARE_ACCOUNT_ID", "REALTIMEKIT_APP_ID", "REALTIMEKIT_MEETING_ID"]
    {
        command.env_remove(variable);
    }
    command
}

fn run(guests: &Import, command: Command) -> Ran {
    Running::start(guests, command).end()
}

fn tell(guests: &Import, typed: &str) -> Ran {
    run(guests, command(guests, typed))
}

/// The test's folder is another one each time.
fn nameless(guests: &Import, text: &str) -> String {
    text.replace(&*guests.path("").to_string_lossy(), "/home/ann/")
}

fn living(guests: &Import, meeting: MeetingId) -> usize {
    ["a", "b"].iter().filter(|id| guests.server().counts(meeting, id).living == 1).count()
}

#[test]
fn a_project_file_says_all_that_an_import_needs() {
    let guests = guests();
    guests.write("guestlist.toml", all_that_is_needed(&guests));
    fs::create_dir(guests.path("kept")).unwrap();
    let ran = tell(&guests, "import list.csv --json").exit(0).added(2);
    let server = guests.server();
    assert!(ran.stderr.contains(&format!("requests go to {}, as guestlist.toml:4 says", server.api_url())));
    assert!(ran.stderr.contains("settings: guestlist.toml\n"), "{}", ran.stderr);
    let mut presets: Vec<_> =
        server.participants().iter().map(|one| one["preset_name"].as_str().unwrap().to_owned()).collect();
    presets.sort();
    assert_eq!(presets, ["webinar_presenter", "webinar_viewer"]);
    tell(&guests, "import list.csv --json").exit(0).added(0).present(2);
    tell(&guests, "status").exit(0).says("import list.csv");
    assert!(guests.path("kept/j.db").exists());
    tell(&guests, "check list.csv --online").exit(0).says("All 2 rows are valid.");
}

#[rstest]
#[case::in_the_home(&[], ".config/guestlist/config.toml")]
#[case::in_the_folder_for_it(&[("XDG_CONFIG_HOME", "xdg")], "xdg/guestlist/config.toml")]
#[case::named(&[("GUESTLIST_CONFIG", "conf/event.toml")], "conf/event.toml")]
fn a_file_is_found_and_its_paths_begin_beside_it(#[case] variables: &[(&str, &str)], #[case] file: &str) {
    let guests = guests();
    let folder = guests.path(file).parent().unwrap().to_owned();
    fs::create_dir_all(folder.join("kept")).unwrap();
    guests.write(file, all_that_is_needed(&guests));
    let mut import = command(&guests, "import list.csv --json");
    import.envs(variables.iter().map(|(name, value)| match *name {
        "XDG_CONFIG_HOME" => (*name, guests.path(value).into_os_string()),
        _ => (*name, value.into()),
    }));
    run(&guests, import).exit(0).added(2);
    assert!(folder.join("kept/j.db").exists());
}

#[test]
fn a_profile_is_an_app_of_its_own() {
    let guests = guests();
    fs::create_dir(guests.path("kept")).unwrap();
    guests.write(
        "guestlist.toml",
        all_that_is_needed(&guests) + &format!("[profile.other]\nmeeting = \"{OTHER_MEETING}\"\n"),
    );
    let other = OTHER_MEETING.parse().unwrap();
    tell(&guests, "import list.csv --json --profile other").exit(0).added(2).says("profile other");
    assert_eq!((living(&guests, other), living(&guests, guests.server().meeting())), (2, 0));
    let mut import = command(&guests, "import list.csv --json");
    import.env("GUESTLIST_PROFILE", "othr");
    run(&guests, import).exit(2).says("no settings file has a [profile.othr]; did you mean other?");
}

/// The file's address is nobody's: whoever follows it doesn't get there.
#[test]
fn the_environment_wins_over_a_file_and_a_flag_over_both() {
    let guests = guests();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    guests.write(
        "guestlist.toml",
        format!("api-url = \"http://127.0.0.1:{port}/x\"\npreset = \"webinar_viewer\"\nmap.id = \"Order\"\n"),
    );
    guests
        .tell("import list.csv --json --journal j.db --settle 300ms --preset group_call_host")
        .exit(0)
        .added(2);
    let held = guests.server().participants();
    assert!(held.iter().all(|one| one["preset_name"] == "group_call_host"), "{held:?}");
}

/// Somebody else's file in a shared folder must not get the token.
#[rstest]
#[case::api_url("api-url = \"http://127.0.0.1:PORT/x\"")]
#[case::in_a_profile("profile.p.api-url = \"http://127.0.0.1:PORT/x\"")]
#[case::authority("ca-file = \"their.pem\"")]
fn a_file_that_others_can_write_sends_the_token_nowhere(#[case] hostile: &str) {
    let guests = guests();
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    guests.write("guestlist.toml", hostile.replace("PORT", &trap.local_addr().unwrap().port().to_string()));
    fs::set_permissions(guests.path("guestlist.toml"), PermissionsExt::from_mode(0o666)).unwrap();
    let typed = "import list.csv --json --journal j.db --preset webinar_viewer --map id=Order";
    let mut import = guests.command(typed);
    import.env_remove("CLOUDFLARE_BASE_URL");
    run(&guests, import).exit(2).says("other users can write it");
    assert!(trap.accept().is_err(), "somebody came");
    guests.tell(&format!("{typed} --no-config")).exit(0).added(2);
}

#[rstest]
#[case::unknown(
    "acount-id = \"a\"",
    "guestlist.toml:1:1: acount-id: no such setting; did you mean account-id?"
)]
#[case::type_("\nrate = 4", "guestlist.toml:2:8: rate: expected a rate in quotes")]
#[case::secret("api_token = \"s3cret\"", "secrets don't belong in a settings file")]
#[case::no_toml("rate: 4", "guestlist.toml:1:5: this is not TOML")]
#[case::not_utf8("rate = \"\u{e9}\"", "guestlist.toml:1: this is not UTF-8")]
#[case::meeting("meeting = \"standup\"", "guestlist.toml:1: the meeting id")]
fn a_mistake_in_a_file_stops_it_before_anything_is_sent(#[case] text: &str, #[case] says: &str) {
    let guests = guests();
    let latin_1: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    guests.write("guestlist.toml", latin_1);
    let mut import = guests.command("import list.csv --json --preset webinar_viewer --map id=Order");
    import.env_remove("REALTIMEKIT_MEETING_ID");
    let ran = run(&guests, import).exit(2);
    let errors = ran.lines_of("error");
    assert!(errors[0]["message"].as_str().unwrap().contains(says), "{errors:?}");
    assert_eq!(ran.summary()["exit_code"], 2);
    assert!(!ran.stderr.contains("s3cret") && !ran.stdout.contains("s3cret"));
    assert_eq!(guests.server().requests(), 0);
}

#[rstest]
#[case::missing("--config nope.toml", "nope.toml")]
#[case::endless("--config /dev/zero", "is not a file")]
#[case::a_roster("--config large.csv", "larger than 64 KiB")]
#[case::folder("--config .", "is not a file")]
#[case::no_profiles("--profile acme", "there are no profiles")]
fn a_file_that_is_named_has_to_be_there(#[case] flags: &str, #[case] says: &str) {
    let guests = guests();
    guests.write("large.csv", "a,b\n".repeat(100_000));
    guests.tell(&format!("import list.csv --json {flags}")).exit(2).says(says);
    assert_eq!(guests.server().requests(), 0);
}

#[test]
fn a_try_in_the_sandbox_goes_nowhere_else() {
    let guests = guests();
    guests.write("guestlist.toml", all_that_is_needed(&guests));
    tell(&guests, "import list.csv --sandbox --json").exit(0).added(2).says("--sandbox wins");
    assert_eq!(guests.server().requests(), 0);
    assert!(!guests.path("kept").exists());
}

#[test]
fn what_holds_is_shown_with_where_it_comes_from() {
    let guests = guests();
    fs::create_dir_all(guests.path(".config/guestlist")).unwrap();
    guests.write(
        ".config/guestlist/config.toml",
        "rate = \"4/s\"\nconcurrency = 4\n[profile.gala]\npreset = \"webinar_viewer\"\n",
    );
    guests.write(
        "guestlist.toml",
        "account-id = \"acme\"\napi-url = \"https://api.example/v4\"\njournal = \"kept/j.db\"\nsettle = \"300ms\"\n\
         map.id = \"Order\"\nmap.name = \"Who\"\n[preset-map]\nVIP = \"webinar_presenter\"\n\"*\" = \"webinar_viewer\"\n\
         [dialect.ours]\ntitle = \"Our list\"\nrecognised-by = [[\"Order\", \"Who\"]]\nid = [\"Order\"]\n",
    );
    let mut show =
        command(&guests, "config show --origin --profile gala --concurrency 2 --id-from Name,Email");
    show.env("GUESTLIST_JOURNAL", "/srv/j.db");
    let ran = run(&guests, show).exit(0);
    insta::assert_snapshot!("config_show_origin", nameless(&guests, &ran.stdout));
    let mut show = command(&guests, "config show --no-config");
    show.env_remove("CLOUDFLARE_API_TOKEN");
    insta::assert_snapshot!("config_show", nameless(&guests, &run(&guests, show).exit(0).stdout));
}

/// What is shown can be taken for a file, and says the same.
#[test]
fn what_is_shown_is_a_settings_file() {
    let guests = guests();
    let odd = "default-name = \"A \\\"B\\\" \\\\ \\u001B[2J\\u202E \u{e9}\"\nid-from = [\"a\", \"b\"]\n[preset-map]\n\"G, \\\"x\\\"\" = \"webinar_viewer\"\n";
    guests.write("guestlist.toml", odd);
    let shown = tell(&guests, "config show").exit(0).stdout;
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown}");
    guests.write("copy.toml", &shown);
    assert_eq!(tell(&guests, "config show --config copy.toml").exit(0).stdout, shown);
}

#[test]
fn what_holds_is_told_to_programs() {
    let guests = guests();
    guests.write("guestlist.toml", "rate = \"4/s\"\n\nmap.name = \"Who\"\n");
    let ran = guests.tell("config show --json").exit(0);
    let settings = ran.lines_of("setting");
    let setting = |key: &str| settings.iter().find(|one| one["key"] == key).unwrap().clone();
    let rate = setting("rate");
    assert_eq!(
        (&rate["value"], &rate["origin"], &rate["name"], &rate["line"]),
        (&"4/s".into(), &"file".into(), &"guestlist.toml".into(), &1.into())
    );
    assert_eq!(
        (&setting("settle")["origin"], &setting("app-id")["origin"]),
        (&"default".into(), &"environment".into())
    );
    assert_eq!(
        (&setting("map.name")["line"], &setting("preset")["value"]),
        (&3.into(), &serde_json::Value::Null)
    );
    let token = &ran.lines_of("api_token")[0];
    assert_eq!((&token["set"], &token["name"]), (&true.into(), &"CLOUDFLARE_API_TOKEN".into()));
}

#[test]
fn where_files_are_looked_for_is_shown() {
    let guests = guests();
    guests.write("guestlist.toml", "");
    let shown = tell(&guests, "config path").exit(0).stdout;
    insta::assert_snapshot!(nameless(&guests, &shown), @r"
    project  guestlist.toml  read
    user     /home/ann/.config/guestlist/config.toml  not there
    ");
    let kinds = tell(&guests, "config path --json").exit(0).lines_of("settings_file");
    assert_eq!((&kinds[0]["read"], &kinds[1]["read"]), (&true.into(), &false.into()));
}
