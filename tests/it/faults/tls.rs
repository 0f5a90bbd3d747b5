//! N: TLS, and HTTP/2.

use rstest::rstest;

use crate::support::{Door, Front, Import, Manner, Relay, Running};

/// Requests that can't wait long for a connection.
const HURRIED: &str = "--timeout 2s --connect-timeout 500ms --max-outage 1s";

/// The good case: an authority of one's own, all the way.
#[test]
fn an_import_through_tls() {
    let (relay, import) = Relay::before(Import::new().people(40), Front::Tls("localhost"));
    import.run_with("--settle 1h").exit(0).added(40);
    import.finish_within(1);
    assert!(relay.seen().connections <= 16 + 1 + 3, "{:?}", relay.seen());
}

/// N03: the certificate is for another name, or of an authority that nobody trusts: it ends at once, and not a byte of
/// a request has left.
#[rstest]
#[case::another_name("example.org", Door::Open)]
#[case::untrusted("localhost", Door::Stranger)]
fn n03_a_wrong_certificate_from_the_beginning(#[case] name: &'static str, #[case] door: Door) {
    let (relay, import) = Relay::before(Import::new().people(10), Front::Tls(name));
    relay.door(move |_| door);
    import.run().exit(5).says("certificate isn't trusted").says("--ca-file");
    assert_eq!((relay.seen().connections, import.server().requests()), (1, 0));
}

/// N03: the handshake hangs or ends: nobody is reached, nothing is sent, and after a while it gives up.
#[rstest]
fn n03_a_handshake_that_fails_from_the_beginning(#[values(Door::Silent, Door::Closing)] door: Door) {
    let (relay, import) = Relay::before(Import::new().people(10), Front::Tls("localhost"));
    relay.door(move |_| door);
    import.run_with(HURRIED).exit(5);
    assert_eq!(import.server().requests(), 0);
    relay.recover();
    import.finish_within(1);
}

/// N03: in the middle of a run. Whoever's connection never stood was provably not sent: planned, never in doubt.
#[rstest]
#[case(Door::Silent, "outage")]
#[case(Door::Closing, "outage")]
#[case(Door::Stranger, "untrusted")]
fn n03_a_handshake_that_fails_in_the_middle(#[case] door: Door, #[case] reason: &str) {
    let (relay, import) = Relay::before(Import::new().people(20), Front::Tls("localhost"));
    relay.script(|_| Manner::Last);
    relay.door(move |seen| if seen.creates < 5 { Door::Open } else { door });
    let flags = if door == Door::Stranger { "" } else { HURRIED };
    let ran = import.run_with(&format!("--concurrency 1 --settle 1h {flags}")).exit(5).stopped(reason);
    ran.added(5).uncertain(0).exit(5);
    assert_eq!(import.server().stats().adds_received, 5);
    // A wrong certificate is met once, and that ends it.
    assert!(door != Door::Stranger || relay.seen().turned_away == 1, "{:?}", relay.seen());
    relay.recover();
    import.finish_within(1);
    assert_eq!(import.server().most_posts(), 1);
}

/// N21: over HTTP/2, a stream that is refused and a connection that is shut down say that nothing was done, and a
/// client repeats. The create had taken effect.
#[rstest]
fn n21_a_refused_stream_is_never_repeated(#[values(Manner::RefuseStream, Manner::GoAway)] manner: Manner) {
    let (relay, import) = Relay::before(Import::new().people(20), Front::Tls("localhost"));
    relay.script(move |request| if request.create == Some(7) { manner.clone() } else { Manner::Pass });
    import.run_with("--concurrency 1").code();
    import.assert_nobody_is_in_twice();
    import.finish_within(2);
    assert_eq!(import.server().most_posts(), 1);
}

/// N27: a proxy of the environment is announced and tunnelled through; it sees a name, and no token.
#[rstest]
fn n27_https_goes_through_the_proxy(#[values("HTTPS_PROXY", "ALL_PROXY")] variable: &str) {
    let (relay, import) = Relay::before(Import::new().people(20), Front::Proxy("guestlist.invalid"));
    let mut command = import.import("--settle 1h");
    command.env(variable, relay.proxy_url());
    let through = format!("the proxy that {variable} names");
    Running::start(&import, command).end().exit(0).added(20).says(&through);
    import.assert_everyone_is_in_once();
    let tunnels = relay.seen().tunnels;
    let token = &import.server().settings().api_token;
    assert!(!tunnels.is_empty());
    for tunnel in tunnels {
        assert!(tunnel.starts_with("CONNECT guestlist.invalid:443 HTTP/1.1\r\n"), "{tunnel}");
        assert!(!tunnel.contains(token) && !tunnel.to_lowercase().contains("authorization"), "{tunnel}");
    }
}

/// N27: this machine's own addresses are asked directly, whatever proxy is named.
#[test]
fn n27_loopback_bypasses_the_proxy() {
    let import = Import::new().people(5);
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let mut command = import.import("");
    for variable in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(variable, format!("http://{}", proxy.local_addr().unwrap()));
    }
    let ran = Running::start(&import, command).end().exit(0).added(5);
    assert!(!ran.stderr.contains("proxy"), "{}", ran.stderr);
    assert_eq!(proxy.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "the proxy was asked");
    import.assert_everyone_is_in_once();
}
