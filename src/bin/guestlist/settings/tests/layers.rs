//! Which layer wins, for every key; and what the layers together mean.

use std::collections::BTreeSet;

use clap::CommandFactory;
use guestlist::roster::{DefaultMeeting, Field};
use toml::de::DeValue;

use super::super::file::parse;
use super::super::files::Files;
use super::super::origin::Place;
use super::*;
use crate::args::ConfigCommand;

/// Every key, as a file says it and as it is typed.
const SPELLINGS: [(&str, &str, &str); 27] = [
    ("account-id", "\"a\"", "a"),
    ("app-id", "\"a\"", "a"),
    ("meeting", "\"3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b\"", "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b"),
    ("api-url", "\"https://api.example/v4\"", "https://api.example/v4"),
    ("api-token-file", "\"/t\"", "/t"),
    ("ca-file", "\"/c.pem\"", "/c.pem"),
    ("timeout", "\"7s\"", "7s"),
    ("connect-timeout", "\"7s\"", "7s"),
    ("journal", "\"/j.db\"", "/j.db"),
    ("preset", "\"host\"", "host"),
    ("preset-map", "{ VIP = \"host\" }", "VIP=host"),
    ("default-name", "\"Friend\"", "Friend"),
    ("id-from", "[\"a\", \"b\"]", "a,b"),
    ("id-key-file", "\"/k\"", "/k"),
    ("on-duplicate", "\"last\"", "last"),
    ("format", "\"tsv\"", "tsv"),
    ("encoding", "\"utf-16le\"", "UTF-16LE"),
    ("delimiter", "\";\"", ";"),
    ("sheet", "\"Guests\"", "Guests"),
    ("dialect", "\"luma\"", "luma"),
    ("status", "[\"yes\", \"maybe\"]", "yes,maybe"),
    ("on-invalid", "\"skip\"", "skip"),
    ("rate", "\"4/s\"", "4/s"),
    ("concurrency", "4", "4"),
    ("max-outage", "\"1h30m\"", "1h30m"),
    ("settle", "\"40ms\"", "40ms"),
    ("uncertain", "\"hold\"", "hold"),
];

/// From the highest to the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    Flag,
    Variable,
    ProjectProfile,
    UserProfile,
    Project,
    User,
}

const LAYERS: [Layer; 6] =
    [Layer::Flag, Layer::Variable, Layer::ProjectProfile, Layer::UserProfile, Layer::Project, Layer::User];

fn variable(key: &str) -> Option<&'static str> {
    match key {
        "account-id" => Some("CLOUDFLARE_ACCOUNT_ID"),
        "app-id" => Some("REALTIMEKIT_APP_ID"),
        "meeting" => Some("REALTIMEKIT_MEETING_ID"),
        "api-url" => Some("CLOUDFLARE_BASE_URL"),
        "journal" => Some("GUESTLIST_JOURNAL"),
        _ => None,
    }
}

/// Surroundings with these two files and the profile `acme`.
fn files(project: &str, user: &str) -> Surroundings {
    let read = |name: &str, text: &str| Some(parse(Path::new(name), text, None).unwrap());
    let files = Files {
        project: read("guestlist.toml", project),
        user: read("/home/ann/.config/guestlist/config.toml", user),
        profile: Some("acme".to_owned()),
        places: Vec::new(),
    };
    Surroundings { files, environment: Environment::default() }
}

fn shown(typed: &[&str], surroundings: &Surroundings) -> Result<Settings, SettingsError> {
    let words = ["guestlist", "config", "show"].iter().chain(typed);
    match Args::try_parse_from(words).unwrap().command {
        Command::Config(ConfigCommand::Show(args)) => effective(&args, surroundings),
        other => panic!("{other:?}"),
    }
}

/// A key that is set in these layers, each in a line of its own.
fn set_in(layers: &[Layer], (key, written, typed): (&str, &str, &str)) -> Settings {
    let line = |layer| if layers.contains(&layer) { format!("{key} = {written}") } else { String::new() };
    let file = |top, profile| format!("{}\n[profile.acme]\n{}\n", line(top), line(profile));
    let project = file(Layer::Project, Layer::ProjectProfile);
    let mut surroundings = files(&project, &file(Layer::User, Layer::UserProfile));
    if let Some(variable) = variable(key).filter(|_| layers.contains(&Layer::Variable)) {
        surroundings.environment.settings.insert(variable, typed.into());
    }
    let flag = format!("--{key}={typed}");
    let flags = if layers.contains(&Layer::Flag) { vec![flag.as_str()] } else { Vec::new() };
    shown(&flags, &surroundings).unwrap()
}

fn layer(settings: &Settings, key: &str) -> Option<Layer> {
    let all = settings.shown();
    let setting = all.iter().find(|setting| setting.key == key).unwrap();
    Some(match setting.origin? {
        Origin::Flag(_) => Layer::Flag,
        Origin::Variable(_) => Layer::Variable,
        Origin::File(Place { file, line, .. }) => match (&**file, line) {
            ("guestlist.toml", 1) => Layer::Project,
            ("guestlist.toml", _) => Layer::ProjectProfile,
            (_, 1) => Layer::User,
            _ => Layer::UserProfile,
        },
    })
}

#[test]
fn each_layer_wins_over_the_next_for_every_key() {
    for spelling in SPELLINGS {
        let key = spelling.0;
        let layers = LAYERS.iter().filter(|layer| **layer != Layer::Variable || variable(key).is_some());
        let layers: Vec<_> = layers.copied().collect();
        for (at, expected) in layers.iter().enumerate() {
            let settings = set_in(&layers[at..], spelling);
            assert_eq!(layer(&settings, key), Some(*expected), "{key}");
        }
        assert_eq!(layer(&set_in(&[], spelling), key), None, "{key}");
    }
}

/// What is typed and what a file says come to the same.
#[test]
fn a_key_means_the_same_in_a_file_and_typed() {
    for spelling in SPELLINGS {
        let value = |layer| {
            let settings = set_in(&[layer], spelling);
            settings
                .shown()
                .into_iter()
                .find(|setting| setting.key == spelling.0)
                .and_then(|setting| setting.value)
        };
        let typed = value(Layer::Flag);
        assert!(typed.is_some() && typed != value_of_default(spelling.0), "{}", spelling.0);
        assert_eq!(typed, value(Layer::Project), "{}", spelling.0);
    }
}

fn value_of_default(key: &str) -> Option<toml::Value> {
    Settings::default()
        .shown()
        .into_iter()
        .find(|setting| setting.key == key)
        .and_then(|setting| setting.value)
}

#[test]
fn the_table_above_has_every_key() {
    let tested: BTreeSet<_> = SPELLINGS.iter().map(|(key, ..)| *key).chain(["map"]).collect();
    assert_eq!(tested, Settings::KEYS.iter().copied().collect());
    let variables: BTreeSet<_> = SPELLINGS.iter().filter_map(|(key, ..)| variable(key)).collect();
    assert_eq!(variables, Settings::VARIABLES.iter().copied().collect());
}

/// The help is where people look: what it calls the default is what holds, and each variable is named.
#[test]
fn the_help_names_the_defaults_and_the_variables() {
    let command = Args::command();
    let import = command.find_subcommand("import").unwrap();
    for (key, ..) in SPELLINGS {
        let argument = import.get_arguments().find(|argument| argument.get_long() == Some(key)).unwrap();
        let help = argument.get_help().unwrap().to_string();
        let named =
            |what: &str| Some(help.split_once(&format!("[{what}: "))?.1.split_once(']')?.0.to_owned());
        assert_eq!(named("env").as_deref(), variable(key), "{key}");
        let Some(default) = value_of_default(key) else { continue };
        let named = named("default").unwrap_or_else(|| panic!("{key}: {help}"));
        let written = if default.is_integer() { named } else { format!("\"{named}\"") };
        let mut settings = Settings::default();
        let place = Place { file: "help".into(), line: 1, column: 1 };
        settings.read(key, DeValue::parse(&written).unwrap().get_ref(), &place, Path::new("")).unwrap();
        let read = settings.shown().into_iter().find(|setting| setting.key == key).unwrap();
        assert_eq!(read.value, Some(default), "{key}");
    }
}

#[test]
fn columns_are_settings_each_of_its_own() {
    let surroundings =
        files("map.name = \"Who\"\nmap.id = \"Order\"\n", "map = { name = \"Name\", preset = \"Role\" }\n");
    let settings = shown(&["--map", "id=Ticket"], &surroundings).unwrap();
    let columns: Vec<_> = settings.mapping();
    let expected = [(Field::Id, "Ticket"), (Field::Name, "Who"), (Field::Preset, "Role")];
    assert_eq!(columns, expected.map(|(field, column)| (field, column.to_owned())));
}

/// Two ways to say one thing: the higher layer's, not both.
#[rstest]
#[case::derived_ids_replace_a_column("map.id = \"Order\"", &["--id-from", "Email"], "id-from")]
#[case::a_column_replaces_derived_ids("id-from = [\"Email\"]", &["--map", "id=Order"], "map.id")]
#[case::a_preset_map_replaces_a_column("map.preset = \"Role\"", &["--preset-map", "*=x"], "preset-map")]
#[case::a_column_replaces_a_preset_map("preset-map = { VIP = \"x\" }", &["--map", "preset=Role"], "map.preset")]
fn a_higher_layer_replaces_the_other_way(#[case] project: &str, #[case] typed: &[&str], #[case] left: &str) {
    let settings = shown(typed, &files(project, "")).unwrap();
    let rivals = ["id-from", "map.id", "preset-map", "map.preset"];
    let set: Vec<_> = settings
        .shown()
        .into_iter()
        .filter(|one| one.value.is_some() && rivals.contains(&&*one.key))
        .collect();
    assert_eq!(set.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), [left]);
}

#[test]
fn a_try_in_the_sandbox_is_none_of_the_real_thing() {
    let project = "meeting = \"3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b\"\njournal = \"/j.db\"\naccount-id = \"a\"\n\
                   api-url = \"https://api.example\"\npreset-map = { VIP = \"host\" }\n";
    let surroundings = files(project, "");
    let import = Import::new(&args("r.csv --sandbox"), &surroundings).unwrap();
    assert_eq!(import.journal, JournalPlace::Temporary);
    assert!(import.choices.reading.preset_map.is_some());
    let named = "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b".parse().unwrap();
    assert_ne!(import.choices.reading.default_meeting, DefaultMeeting::Given(named));
    assert!(import.notes.iter().any(|note| note.contains("--sandbox wins")), "{:?}", import.notes);
}

/// A token of the environment is closer than a file that a settings file names, and further than one that is typed.
#[test]
fn the_api_token_comes_from_the_highest_layer_that_has_one() {
    let mut surroundings = files("api-token-file = \"/project.token\"", "");
    let source = |typed: &[&str], surroundings: &Surroundings| {
        let source = token_source(&shown(typed, surroundings).unwrap(), &surroundings.environment);
        source.map(|origin| origin.to_string())
    };
    assert_eq!(source(&[], &surroundings).as_deref(), Some("guestlist.toml:1"));
    surroundings.environment.api_token = Some("t0ken".into());
    assert_eq!(source(&[], &surroundings).as_deref(), Some("CLOUDFLARE_API_TOKEN"));
    assert_eq!(source(&["--api-token-file", "t"], &surroundings).as_deref(), Some("--api-token-file"));
    assert_eq!(source(&[], &Surroundings::default()), None);
}

#[test]
fn where_requests_go_is_said_if_a_file_says_it() {
    let project = "account-id = \"a\"\napp-id = \"b\"\napi-url = \"https://api.example/v4\"\n";
    let mut surroundings = files(project, "");
    surroundings.environment = environment();
    let notes =
        |typed: &str, surroundings: &Surroundings| Import::new(&args(typed), surroundings).unwrap().notes;
    assert_eq!(
        notes("r.csv", &surroundings),
        ["requests go to https://api.example/v4, as guestlist.toml:3 says"]
    );
    assert!(notes("r.csv --api-url https://other.example", &surroundings).is_empty(), "it was just typed");
}

/// An error says where the value stands, unless it was just typed.
#[rstest]
#[case::meeting("meeting = \"standup\"", &[], "guestlist.toml:1: the meeting id \"standup\" is not valid")]
#[case::account("\naccount-id = \"a/b\"", &[], "guestlist.toml:2: the account id \"a/b\" is not valid")]
#[case::app("account-id = \"a\"\napp-id = \"a/b\"", &[], "guestlist.toml:2: the app id \"a/b\" is not valid")]
#[case::insecure("api-url = \"http://api.example\"", &[], "guestlist.toml:1: the API URL must begin with https://")]
#[case::password("api-url = \"https://ann:s3cret@api.example\"", &[], "guestlist.toml:1: the API URL must not hold")]
#[case::typed("", &["--meeting", "standup"], "the meeting id \"standup\"")]
fn what_can_not_be_meant_is_refused_with_its_place(
    #[case] project: &str,
    #[case] typed: &[&str],
    #[case] says: &str,
) {
    let error = shown(typed, &files(project, "")).map(|_| ()).unwrap_err().to_string();
    assert!(error.starts_with(says) && !error.contains("s3cret"), "{error}");
}
