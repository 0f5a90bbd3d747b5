//! What a settings file may say, and each mistake with its place.

use rstest::rstest;

use super::*;

fn read(text: &str) -> Result<SettingsFile, String> {
    read_in("guestlist.toml", text, None)
}

fn read_in(path: &str, text: &str, distrust: Option<Distrust>) -> Result<SettingsFile, String> {
    parse(Path::new(path), text, distrust)
        .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn mistakes(text: &str) -> String {
    read(text).map(|_| ()).unwrap_err()
}

#[test]
fn all_mistakes_come_at_once_with_their_places() {
    let text = "\u{feff}acount-id = \"a\"\naccount_id = \"a\"\nrate = 4\nsettle = 150\nuncertain = \"maybe\"\n\
                concurrency = 0\nlimit = 10\nid-from = \"Email\"\nmap = { colour = \"x\", nme = \"y\", id = 7 }\n\
                zebra = 1\njournal = \"~/j.db\"\napi-token-file = \"-\"\npreset-map = \"VIP=host\"\n\
                delimiter = \";;\"\nmeeting = \"\"\n\n[profile.acme]\n  app_id = \"b\"\n[profile]\nbeta = 1\n\
                [dialect]\nours = 1\n[profile.gamma.profile.delta]\n";
    insta::assert_snapshot!(mistakes(text));
}

/// Neither used nor shown, whatever is done with it.
#[rstest]
#[case("api_token = \"s3cret\"")]
#[case("api-token = \"s3cret\"")]
#[case("token = \"s3cret\"")]
#[case("CLOUDFLARE_API_TOKEN = \"s3cret\"")]
#[case("Password = \"s3cret\"")]
#[case("client_secret = \"s3cret\"")]
#[case("api-key = \"s3cret\"")]
#[case("profile.acme.token = \"s3cret\"")]
#[case("token.value = \"s3cret\"")]
fn a_secret_is_refused_and_not_shown(#[case] text: &str) {
    let error = mistakes(text);
    assert!(error.contains("secrets don't belong in a settings file"), "{error}");
    assert!(error.contains("CLOUDFLARE_API_TOKEN") && error.contains("api-token-file"), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
}

/// Nor is what stands where something else should.
#[rstest]
#[case("token = s3cret")]
#[case("rate = \"s3cret\"")]
#[case("uncertain = \"s3cret\"")]
#[case("account-id = [\"s3cret\"]")]
#[case("account-id = \"s3cret")]
#[case("account-id = \"a\" s3cret")]
#[case("s3cret")]
#[case("preset-map = { a = [\"s3cret\"] }")]
fn what_is_written_is_not_shown(#[case] text: &str) {
    let error = mistakes(text);
    assert!(error.starts_with("guestlist.toml:1:") && !error.contains("s3cret"), "{error}");
}

#[test]
fn the_file_of_a_token_is_no_secret() {
    assert!(read("api-token-file = \"t\"").is_ok());
    assert!(mistakes("api_token_file = \"t\"").contains("did you mean api-token-file?"));
}

#[rstest]
#[case::beside_the_file("guestlist.toml", "j.db", "j.db")]
#[case::in_another_folder("/srv/event/guestlist.toml", "data/j.db", "/srv/event/data/j.db")]
#[case::up("shared/guestlist.toml", "../j.db", "shared/../j.db")]
#[case::absolute("/srv/guestlist.toml", "/var/j.db", "/var/j.db")]
fn a_path_begins_at_the_files_folder(#[case] file: &str, #[case] written: &str, #[case] path: &str) {
    let read = read_in(file, &format!("journal = \"{written}\""), None).unwrap();
    assert_eq!(read.settings.journal().unwrap().value, Path::new(path));
}

#[test]
fn who_is_not_trusted_says_nothing_of_where_the_token_goes() {
    let text = "preset = \"host\"\napi-url = \"https://evil.example\"\n[profile.acme]\naccount-id = \"a\"\n";
    let stranger = read_in("guestlist.toml", text, Some(Distrust::Owner(1001))).map(|_| ()).unwrap_err();
    let writable = read_in("guestlist.toml", text, Some(Distrust::Writable)).map(|_| ()).unwrap_err();
    insta::assert_snapshot!(format!("{stranger}\n{writable}"));
    assert!(read_in("guestlist.toml", "preset = \"host\"\n", Some(Distrust::Writable)).is_ok());
    for key in Settings::IN_TRUSTED_FILES {
        let error = read_in("guestlist.toml", &format!("{key} = \"x\""), Some(Distrust::Writable));
        assert!(error.is_err(), "{key}");
    }
}

#[test]
fn not_more_mistakes_are_told_than_somebody_reads() {
    let text: String = (0..30).map(|n| format!("zebra{n} = 1\n")).collect();
    let told = listed(&parse(Path::new("f"), &text, None).map(|_| ()).unwrap_err());
    assert!(told.lines().count() == MOST_SHOWN + 1 && told.ends_with("… and more"), "{told}");
}

#[test]
fn a_dialect_is_kept() {
    let read = read("[dialect.ours]\ntitle = \"Ours\"\nrecognised-by = [[\"Nr\", \"Wer\"]]\nid = [\"Nr\"]\n")
        .unwrap();
    assert_eq!(read.dialects["ours"].value.id, ["Nr"]);
}

#[test]
fn the_hostile_is_refused_and_not_followed_for_ever() {
    for text in
        ["[".repeat(100_000), format!("a = {}", "[".repeat(100_000)), "a.".repeat(100_000), "\0".to_owned()]
    {
        assert!(read(&text).is_err());
    }
    let one = "x".repeat(100_000);
    assert!(mistakes(&format!("{one} = 1\n")).len() < 1_000, "a long name is cut");
}

mod any {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([a-z\\[\\]{}=.\"'\\\\\n #0-9é\u{feff}-]|rate|map|profile){0,60}") {
            let _ = super::read(&text);
        }
    }
}
