//! The other commands, and what a token may be given by.

use rstest::rstest;

use super::canary::Canary;
use super::traces::Traces;
use super::{API_TOKEN, assert_kept, guests, import};
use crate::support::Import;

/// Whatever is asked after a run: only an export that was asked for shows a token.
#[rstest]
#[case("status --journal j.db", 0)]
#[case("refresh --all --journal j.db --export t.csv", 0)]
#[case("verify --journal j.db --settle 0s", 0)]
#[case("undo --run 1 --yes --max-remove 100% --journal j.db --settle 0s", 0)]
#[case("check list.csv --online --rejected r.csv", 3)]
#[case("import list.csv --dry-run --journal j.db --on-invalid skip", 3)]
#[case("import list.csv --dry-run", 3)]
#[case("import list.csv --dry-run --journal j.db --report page.html", 3)]
#[case("check list.csv --online --report page.html --preview 12", 3)]
#[case("export --journal j.db --output t.csv --join-url https://example.com/?t={token}", 0)]
#[case("export --journal j.db --output /dev/full --format csv", 2)]
#[case("import list.csv --sandbox --on-invalid skip", 4)]
#[case("import list.csv --sandbox --on-invalid skip --sandbox-fault 500-after=#3 --settle 300ms", 4)]
#[case("import --help", 0)]
#[case("check --nonsense", 2)]
fn a_command_keeps_secrets(#[case] typed: &str, #[case] exit: i32, #[values("-v", "--json")] manner: &str) {
    let guests = guests();
    Traces::of(&guests, import(&guests, "")).exit(4);
    let traces = Traces::of(&guests, guests.command(&format!("{typed} {manner}"))).exit(exit);
    if typed.contains("--sandbox") {
        assert_kept_but_for_a_temporary_journal(&guests, &traces);
    } else {
        assert_kept(&guests, &traces, manner.contains("-v"));
    }
}

/// A try keeps a journal in a temporary folder, which only its owner can enter, and takes it away.
fn assert_kept_but_for_a_temporary_journal(guests: &Import, traces: &Traces) {
    traces.assert_hidden(&Canary::new("API token", API_TOKEN), &["environment"]);
    let in_folder = |name: &String| name.starts_with("tmp/guestlist-sandbox-");
    let temporary: Vec<_> = traces.modes.keys().filter(|name| in_folder(name)).cloned().collect();
    assert!(temporary.iter().any(|name| name.ends_with("/journal.db")), "{temporary:?}");
    for name in &temporary {
        let expected = if name.matches('/').count() == 1 { 0o700 } else { 0o600 };
        assert_eq!(traces.modes[name], expected, "{name}");
    }
    let belongs = temporary.iter().map(String::as_str).chain(["j.db", "t.csv"]).collect::<Vec<_>>();
    traces.assert_hidden(&Canary::of_any_token(guests.server().settings()), &belongs);
}

/// The one place on a screen where tokens belong: who asks for them gets them.
#[rstest]
fn an_export_to_standard_output_shows_tokens(#[values("csv", "jsonl")] format: &str) {
    let guests = guests();
    Traces::of(&guests, import(&guests, "")).exit(4);
    let typed = format!("export --journal j.db --output - --format {format} -v");
    let traces = Traces::of(&guests, guests.command(&typed)).exit(0);
    let any = Canary::of_any_token(guests.server().settings());
    traces.assert_shown(&any, "stdout");
    traces.assert_hidden(&any, &["stdout", "j.db", "t.csv"]);
    traces.assert_hidden(&Canary::new("API token", API_TOKEN), &["environment"]);
}

/// I03: a token file that others can read, or that holds no token, is refused, and what it holds isn't shown.
#[rstest]
#[case::for_the_group(API_TOKEN.as_bytes(), 0o640)]
#[case::for_everybody(API_TOKEN.as_bytes(), 0o644)]
#[case::writable_by_others(API_TOKEN.as_bytes(), 0o602)]
#[case::empty(b"", 0o600)]
#[case::blank(b" \r\n\n", 0o600)]
#[case::nul(b"c4nary+Api/Token~9QwErTz7U\0", 0o600)]
#[case::two_lines(b"c4nary+Api/Token~9QwErTz7U\nc4nary+Api/Token~9QwErTz7U\n", 0o600)]
#[case::not_ascii("c4nary+Api/Token~9QwErTz7Ü".as_bytes(), 0o600)]
#[case::not_utf8(b"c4nary+Api/Token~9QwErTz7U\xff", 0o600)]
fn i03_a_bad_token_file_is_refused(#[case] content: &[u8], #[case] mode: u32) {
    let guests = with_token_file(content, mode);
    let mut command = import(&guests, "--api-token-file token.txt -v --json");
    command.env_remove("CLOUDFLARE_API_TOKEN");
    let traces = Traces::of(&guests, command).exit(2);
    assert_eq!(guests.server().requests(), 0);
    traces.assert_hidden(&Canary::new("API token", API_TOKEN), &["token.txt"]);
}

/// I03: the token of a file that only its owner can read is in no other place; a last newline is no part of it.
#[rstest]
fn i03_a_token_from_a_file_is_nowhere_else(#[values("", "\n", "\r\n", "  \n")] end: &str) {
    let guests = with_token_file(format!("{API_TOKEN}{end}").as_bytes(), 0o600);
    let mut command = import(&guests, "--api-token-file token.txt -v --json");
    command.env_remove("CLOUDFLARE_API_TOKEN");
    let traces = Traces::of(&guests, command).exit(4);
    assert_eq!(guests.server().stats().adds_applied, super::PEOPLE as u64);
    traces.assert_shown(&Canary::new("API token", API_TOKEN), "token.txt");
    traces.assert_hidden(&Canary::new("API token", API_TOKEN), &["token.txt"]);
}

/// I03: a wrong token in the environment is refused as well, and isn't shown.
#[rstest]
#[case("c4nary+Api/Token~9QwErTz7U c4nary")]
#[case("c4nary+Api/Token~9QwErTz7U\u{1b}[2J")]
#[case("c4nary+Api/Token~9QwErTz7Ü")]
fn i03_a_bad_token_in_the_environment_is_refused(#[case] token: &str) {
    let guests = guests();
    let mut command = import(&guests, "-v --json");
    command.env("CLOUDFLARE_API_TOKEN", token);
    let traces = Traces::of(&guests, command).exit(2);
    traces.assert_hidden(&Canary::new("API token", API_TOKEN), &["environment"]);
}

fn with_token_file(content: &[u8], mode: u32) -> Import {
    let guests = guests();
    guests.write("token.txt", content);
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
    std::fs::set_permissions(guests.path("token.txt"), permissions).unwrap();
    guests
}
