//! What was typed, what the environment says and what files say, put together.

mod layers;

use std::num::NonZeroU64;

use clap::Parser;
use guestlist::journal::SamePerson;
use guestlist::roster::{Coming, DialectChoice, Header, IdSource, OnDuplicate, PersonalIds, Records};
use rstest::rstest;

use super::*;
use crate::args::{Args, Command, ImportArgs};

const TYPED: &str = "r.csv --account-id acc --app-id app --api-url https://api.example/v4";

fn environment() -> Environment {
    Environment {
        api_token: Some("t0ken".into()),
        settings: [("GUESTLIST_JOURNAL", "/from/environment.db".into())].into(),
        state_folder: Some("/state".into()),
        ..Environment::default()
    }
}

fn surroundings(environment: Environment) -> Surroundings {
    Surroundings { environment, ..Surroundings::default() }
}

fn args(typed: &str) -> ImportArgs {
    let words = ["guestlist", "import"].into_iter().chain(typed.split_whitespace());
    match Args::try_parse_from(words).unwrap().command {
        Command::Import(args) => args.import,
        other => panic!("{other:?}"),
    }
}

fn import(typed: &str, environment: Environment) -> Result<Import, SettingsError> {
    Import::new(&args(typed), &surroundings(environment))
}

fn error(typed: &str) -> String {
    import(typed, environment()).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn the_journal_is_where_the_flag_the_environment_or_the_system_says() {
    let place =
        |typed: &str, environment: Environment| import(typed, environment).map(|import| import.journal);
    let named = |path: &str| JournalPlace::Named(path.into());
    let without = Environment { settings: Default::default(), ..environment() };
    assert_eq!(place(&format!("{TYPED} --journal j.db"), environment()).unwrap(), named("j.db"));
    assert_eq!(place(TYPED, environment()).unwrap(), named("/from/environment.db"));
    assert_eq!(
        place(TYPED, without.clone()).unwrap(),
        JournalPlace::Usual("/state/guestlist/journal.db".into())
    );
    let homeless = Environment { state_folder: None, ..without };
    assert!(matches!(place(TYPED, homeless), Err(SettingsError::NoStateFolder)));
}

#[test]
fn what_is_typed_reaches_the_library() {
    let import = import(
        &format!(
            "{TYPED} --preset p --id-from a,b --allow-pii-ids --rejected x.csv --limit 7 --uncertain hold \
             --on-duplicate last --allow-same-person"
        ),
        environment(),
    )
    .unwrap();
    assert_eq!(import.choices.reading.default_preset.as_deref(), Some("p"));
    assert_eq!(import.choices.reading.id_source, IdSource::Derived(vec!["a".into(), "b".into()]));
    assert_eq!(import.choices.reading.personal_ids, PersonalIds::Allow);
    assert_eq!(import.choices.reading.records, Records::Keep);
    assert_eq!(import.choices.reading.on_duplicate, OnDuplicate::Last);
    assert_eq!(import.choices.same_person, SamePerson::Add);
    assert_eq!((import.choices.limit, import.choices.dispatch.resend), (Some(7), Resend::Hold));
}

#[rstest]
#[case::nothing("", Header::Find, DialectChoice::Recognise, Coming::Usual)]
#[case::none("--dialect none --status any", Header::Find, DialectChoice::None, Coming::Everybody)]
#[case::named("--dialect Luma --status a,b --header-line 3",
    Header::Line(NonZeroU64::new(3).unwrap()), DialectChoice::Named("luma".into()), Coming::With(vec!["a".into(), "b".into()]))]
#[case::no_header("--no-header --columns id,name",
    Header::Names(vec!["id".into(), "name".into()]), DialectChoice::Recognise, Coming::Usual)]
fn how_a_list_is_read_can_be_said(
    #[case] typed: &str,
    #[case] header: Header,
    #[case] dialect: DialectChoice,
    #[case] coming: Coming,
) {
    let reading = import(&format!("{TYPED} {typed}"), environment()).unwrap().choices.reading;
    assert_eq!((reading.header, reading.dialect, reading.coming), (header, dialect, coming));
}

#[rstest]
#[case::token_to_another_host("r.csv --account-id a --app-id b --api-url http://api.example", "https://")]
#[case::password_in_url("r.csv --account-id a --app-id b --api-url https://u:s3cret@x.example", "password")]
#[case::account("r.csv --account-id a/../b --app-id b", "account id")]
#[case::empty_account("r.csv --account-id= --app-id b", "CLOUDFLARE_ACCOUNT_ID")]
#[case::empty_app("r.csv --account-id a --app-id=", "REALTIMEKIT_APP_ID")]
#[case::meeting("r.csv --account-id a --app-id b --meeting standup", "UUID")]
#[case::standard_input_twice("- - --account-id a --app-id b", "standard input")]
#[case::token_and_roster("- --api-token-file - --account-id a --app-id b", "standard input")]
#[case::one_file_for_two("r.csv --export x --rejected x --account-id a --app-id b", "same file")]
#[case::id_key_file(
    "r.csv --account-id a --app-id b --id-from x --id-key-file /nowhere/id.key",
    "base64 > /nowhere/id.key"
)]
#[case::ca_file(
    "r.csv --ca-file /nowhere/ca.pem --account-id a --app-id b --api-token-file /nowhere/t",
    "/nowhere"
)]
fn what_can_not_be_meant_is_refused_with_the_way_out(#[case] typed: &str, #[case] says: &str) {
    let error = error(typed);
    assert!(error.contains(says), "{error:?}");
    assert!(!error.contains("s3cret"));
}

fn in_step(typed: &str) -> Result<Import, SettingsError> {
    let words = ["guestlist"].into_iter().chain(typed.split_whitespace()).chain(TYPED.split_whitespace());
    match Args::try_parse_from(words).unwrap().command {
        Command::Plan(args) => Import::planned(&args.import, &surroundings(environment())),
        Command::Sync(args) => Import::in_step(&args.import, &surroundings(environment())),
        other => panic!("{other:?}"),
    }
}

#[rstest]
#[case::export("plan --export x.csv", "--export", "guestlist sync")]
#[case::event("plan --event-start 2026-11-28T09:00", "--event-start", "guestlist sync")]
#[case::rejected("plan --rejected x.csv", "--rejected", "guestlist check")]
#[case::rejected_of_a_dry_run("sync --dry-run --rejected x.csv", "--rejected", "guestlist check")]
#[case::preview("plan --preview 3", "--preview", "guestlist check")]
#[case::excel("plan --excel", "--excel", "guestlist check")]
fn what_a_plan_would_forget_is_refused(#[case] typed: &str, #[case] flag: &str, #[case] instead: &str) {
    let error = in_step(typed).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.starts_with(flag) && error.contains(instead), "{error:?}");
}

/// One adds it to the command as it is.
#[test]
fn a_dry_run_takes_what_the_sync_takes() {
    assert!(in_step("sync --dry-run --export x.csv --event-start 2026-11-28T09:00 --excel").is_ok());
}

#[rstest]
#[case::usual("", 10)]
#[case::short("--timeout 3s", 1)]
#[case::long("--timeout 5m", 10)]
#[case::both("--timeout 3s --connect-timeout 2s", 2)]
fn connecting_takes_a_part_of_the_time(#[case] typed: &str, #[case] seconds: u64) {
    let import = import(&format!("{TYPED} {typed}"), environment()).unwrap();
    match import.destination {
        Destination::Account(http) => assert_eq!(http.connect_timeout.as_secs(), seconds),
        #[cfg(feature = "sandbox")]
        Destination::Sandbox(_) => panic!("a sandbox"),
    }
}

#[rstest]
#[case("tokens.csv", Format::Csv)]
#[case("tokens", Format::Csv)]
#[case("tokens.jsonl", Format::Jsonl)]
#[case("tokens.NDJSON", Format::Jsonl)]
fn the_ending_names_the_format(#[case] path: &str, #[case] format: Format) {
    assert_eq!(format_by_name(Path::new(path), false), format);
}

#[test]
fn a_proxy_is_announced_without_its_url() {
    let environment = Environment { proxy: Some("HTTPS_PROXY"), ..environment() };
    assert_eq!(
        import(TYPED, environment).unwrap().notes,
        ["requests go through the proxy that HTTPS_PROXY names"]
    );
}

#[cfg(feature = "sandbox")]
mod trial {
    use super::*;
    use guestlist::roster::DefaultMeeting;

    fn trial(typed: &str) -> (Trial, Import) {
        let mut import = import(typed, environment()).unwrap();
        let nothing = Destination::Sandbox(Box::new(Trial {
            sandbox: Default::default(),
            timeout: Duration::ZERO,
            connect_timeout: Duration::ZERO,
            concurrency: NonZeroUsize::MIN,
        }));
        match std::mem::replace(&mut import.destination, nothing) {
            Destination::Sandbox(trial) => (*trial, import),
            Destination::Account(_) => panic!("not a sandbox"),
        }
    }

    #[test]
    fn it_needs_no_account_and_leaves_the_real_journal_alone() {
        let (trial, import) = trial("r.csv --sandbox");
        assert_eq!(import.journal, JournalPlace::Temporary);
        assert_eq!(import.choices.reading.default_preset.as_deref(), Some("group_call_participant"));
        assert_eq!(
            import.choices.reading.default_meeting,
            DefaultMeeting::Given(trial.sandbox.meetings[0].0)
        );
        assert_eq!(trial.sandbox.quota, None);
    }

    #[test]
    fn a_meeting_and_a_preset_that_are_named_are_kept() {
        let meeting = "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b";
        let (trial, import) =
            trial(&format!("r.csv --sandbox --meeting {meeting} --preset host --journal j"));
        assert_eq!(trial.sandbox.meetings[0].0.to_string(), meeting);
        assert_eq!(import.choices.reading.default_preset.as_deref(), Some("host"));
        assert_eq!(import.journal, JournalPlace::Named("j".into()));
    }

    #[test]
    fn it_wins_over_real_settings_and_says_so() {
        let (_, import) = trial("r.csv --sandbox --api-url https://api.example");
        assert!(import.notes.iter().any(|note| note.contains("--sandbox wins")), "{:?}", import.notes);
    }
}
