//! What others say about our secrets: an answer that quotes the request, a proxy, a URL.

use rstest::rstest;

use super::canary::Canary;
use super::echo::{self, Shape};
use super::traces::Traces;
use super::{API_TOKEN, assert_kept, guests, import};

/// An answer that quotes the request, token and all: whoever answers so, we don't repeat it.
#[rstest]
#[case(401, Shape::Kit)]
#[case(403, Shape::Gateway)]
#[case(401, Shape::Headers)]
#[case(409, Shape::Gateway)]
#[case(422, Shape::Kit)]
#[case(500, Shape::Kit)]
#[case(500, Shape::Text)]
#[case(503, Shape::Gateway)]
fn an_answer_that_quotes_the_request_is_not_repeated(
    #[case] status: u16,
    #[case] shape: Shape,
    #[values("-v", "-v --json")] manner: &str,
) {
    let guests = guests();
    let address = echo::serve(move |request| match request.method.as_str() {
        "GET" => echo::read_call(request),
        _ => echo::echo(status, shape, request),
    });
    let mut command = import(&guests, &format!("{manner} --max-outage 300ms"));
    command.env("CLOUDFLARE_BASE_URL", format!("http://{address}/client/v4"));
    let traces = Traces::of(&guests, command);
    assert!(matches!(traces.code, Some(4 | 5)), "{}\n{}", traces.stdout, traces.stderr);
    if matches!(shape, Shape::Kit | Shape::Gateway) && (401..=403).contains(&status) {
        // The control: what the answer says is told, but for the token in it.
        assert!(
            traces.stdout.contains("authorization") && traces.stdout.contains("code"),
            "{}",
            traces.stdout
        );
    }
    assert_kept(&guests, &traces, true);
}

/// The same of the first call, before anybody is sent.
#[rstest]
#[case("import list.csv --journal j.db", 401, Shape::Kit)]
#[case("import list.csv --journal j.db", 500, Shape::Headers)]
#[case("import list.csv --dry-run", 403, Shape::Gateway)]
#[case("import list.csv --dry-run", 404, Shape::Kit)]
#[case("check list.csv --online", 401, Shape::Headers)]
#[case("check list.csv --online", 404, Shape::Gateway)]
fn a_lookup_that_quotes_the_request_is_not_repeated(
    #[case] typed: &str,
    #[case] status: u16,
    #[case] shape: Shape,
) {
    let guests = guests();
    let address = echo::serve(move |request| echo::echo(status, shape, request));
    let mut command = guests.command(&format!("{typed} -v"));
    if typed.starts_with("import") {
        command.args(["--max-outage", "300ms"]);
    }
    command.env("CLOUDFLARE_BASE_URL", format!("http://{address}/client/v4"));
    let traces = Traces::of(&guests, command);
    assert!(matches!(traces.code, Some(2 | 3 | 5)), "{}\n{}", traces.stdout, traces.stderr);
    assert_kept(&guests, &traces, true);
}

const PASSWORD: &str = "c4nary-Proxy.Passw0rd-XyZ";

/// A proxy's password, and what the proxy makes of it: told only by the name of the variable.
#[rstest]
#[case::refuses(Some(407))]
#[case::broken(Some(502))]
#[case::opens_no_tunnel(Some(200))]
#[case::away(None)]
fn a_proxys_password_is_not_shown(
    #[case] status: Option<u16>,
    #[values("HTTPS_PROXY", "all_proxy")] variable: &str,
) {
    let guests = guests();
    let address = match status {
        Some(status) => echo::serve(move |request| echo::echo_proxy(status, request)),
        None => "127.0.0.1:9".to_owned(),
    };
    let mut command = import(&guests, "-v --json --max-outage 300ms");
    command.env("CLOUDFLARE_BASE_URL", "https://realtimekit.invalid/client/v4");
    command.env(variable, format!("http://ann:{PASSWORD}@{address}"));
    let traces = Traces::of(&guests, command).exit(5);
    assert!(traces.stderr.contains(variable), "{}", traces.stderr);
    traces.assert_hidden(&Canary::new("proxy's password", PASSWORD), &["environment"]);
    traces.assert_hidden(&Canary::new("proxy's login", &format!("ann:{PASSWORD}")), &["environment"]);
    traces.assert_hidden(&Canary::new("API token", API_TOKEN), &["environment"]);
}

/// I12: a URL with a password in it is refused and not shown.
#[rstest]
#[case("https://ann:{}@127.0.0.1/client/v4")]
#[case("https://{}@realtimekit.invalid/client/v4")]
#[case("http://ann:{}@127.0.0.1:99999/")]
#[case("https://ann:{}@[::1/")]
#[case("ann:{}@127.0.0.1")]
#[case("https://127.0.0.1/?key={}")]
fn i12_a_password_in_the_url_is_not_shown(#[case] url: &str, #[values("-v", "-v --json")] manner: &str) {
    let guests = guests();
    let mut command = import(&guests, manner);
    command.env("CLOUDFLARE_BASE_URL", url.replace("{}", PASSWORD));
    let traces = Traces::of(&guests, command).exit(2);
    assert_eq!(guests.server().requests(), 0);
    traces.assert_hidden(&Canary::new("password", PASSWORD), &["environment"]);
}
