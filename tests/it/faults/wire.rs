//! N: what happens to the bytes on their way.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rstest::rstest;
use serde_json::Value;

use crate::support::{Ending, Front, Import, Manner, Relay};

/// N04, N06: a connection that ends after any part of a request or of its answer. What came whole is found, what
/// didn't is sent again.
#[rstest]
fn n04_n06_a_connection_cut_anywhere(
    #[values(Manner::CutRequest, Manner::CutAnswer)] cut: fn(usize, Ending) -> Manner,
    #[values(Ending::Fin, Ending::Rst)] ending: Ending,
) {
    let (relay, import) = Relay::before(Import::new().people(60), Front::Plain);
    // Every third of the first creates; the parts go from nothing to all but the last byte.
    relay.script(move |request| match request.create {
        Some(n) if n <= 60 && n % 3 == 0 => {
            let thousandths = usize::try_from((n / 3 - 1) * 999 / 19).unwrap();
            cut(thousandths, ending)
        }
        _ => Manner::Pass,
    });
    import.run_with("--concurrency 2").exit(0).added(60);
    import.assert_everyone_is_in_once();
    // What was cut never came whole, and what came whole was never sent again.
    assert_eq!(import.server().most_posts(), 1);
    import.finish_within(1);
}

/// N10, N11, N19: heads that no client must swallow, hang at or die of. Each create has taken effect.
#[test]
fn n10_n11_n19_heads_that_are_none() {
    let heads = [
        Manner::Before(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(5000)),
        Manner::Before(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
        Manner::Head((0..200).flat_map(|n| format!("x-{n}: y\r\n").into_bytes()).collect()),
        Manner::Head([b"x: ", "y".repeat(1 << 20).as_bytes(), b"\r\n"].concat()),
        Manner::Head(b"content-length: 7\r\n".to_vec()),
        Manner::Head(b"transfer-encoding: chunked\r\n".to_vec()),
        Manner::Instead(b"{\"success\":true}".to_vec()),
        Manner::Instead(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n".to_vec(),
        ),
        Manner::Instead(b"HTTP/1.1 201 Created\r\ncontent-length: 99999999999999999999\r\n\r\n{}".to_vec()),
        Manner::Instead(
            b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n".to_vec(),
        ),
        Manner::Instead(b"HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n".to_vec()),
        Manner::Instead(b"HTTP/9.9 201 Created\r\ncontent-length: 2\r\n\r\n{}".to_vec()),
        Manner::Instead(b"HTTP/1.1 201 Created\r\n\r\n".to_vec()),
    ];
    let people = heads.len();
    let (relay, import) = Relay::before(Import::new().people(people), Front::Plain);
    relay.script(move |request| {
        let head = request.create.and_then(|n| heads.get(usize::try_from(n).unwrap() - 1));
        head.cloned().unwrap_or(Manner::Pass)
    });
    import.run_with("--concurrency 1 --timeout 5s --connect-timeout 1s").exit(0).added(people as u64);
    import.assert_everyone_is_in_once();
    assert_eq!((import.server().most_posts(), relay.seen().creates), (1, people as u64));
    import.finish_within(1);
}

/// N16: a connection that lost its beat brings the answer to the create before: nobody gets another one's link.
#[test]
fn n16_the_answer_of_another() {
    let (relay, import) = Relay::before(Import::new().people(12), Front::Plain);
    relay.script(|request| match request.create {
        Some(4 | 5 | 12) => Manner::AnswerBefore,
        _ => Manner::Pass,
    });
    import.run_with("--concurrency 1 --export t.jsonl").exit(0).added(12);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
    let participants = import.server().participants();
    let exported = import.text("t.jsonl");
    assert_eq!(exported.lines().count(), 12);
    for line in exported.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let id = &line["custom_participant_id"];
        let there = participants.iter().find(|there| there["custom_participant_id"] == *id).unwrap();
        assert_eq!((&line["participant_id"], &whose(&line["token"])), (&there["id"], &there["id"]), "{id}");
    }
}

/// The participant that a token lets in.
fn whose(token: &Value) -> Value {
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    let payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    payload["participantId"].clone()
}

/// N22: every byte by itself, both ways, and late.
#[test]
fn n22_a_byte_at_a_time() {
    let (relay, import) = Relay::before(Import::new().people(30), Front::Plain);
    relay.script(|_| Manner::Sliced(Duration::from_millis(15)));
    import.run_with("--settle 1h").exit(0).added(30);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}

/// N23: every create is swallowed: a few try, nobody else; and when the network is back, everybody goes in.
#[test]
fn n23_a_black_hole_swallows_few_and_ends() {
    let (relay, import) = Relay::before(Import::new().people(300), Front::Plain);
    relay.script(|request| if request.create.is_some() { Manner::Silence } else { Manner::Pass });
    let hurried = "--timeout 500ms --connect-timeout 200ms --concurrency 16";
    let ran = import.run_with(&format!("{hurried} --max-outage 4s")).exit(5).stopped("outage").added(0);
    // The sixteen that were on their way, then single probes at growing distances; unbraked it would be 16 each 0.5 s.
    let swallowed = relay.seen().creates;
    assert!(swallowed <= 16 + 20, "{swallowed}");
    assert_eq!((&ran.summary()["uncertain"], import.server().stats().adds_received), (&swallowed.into(), 0));
    relay.recover();
    import.finish_within(2);
    assert_eq!(import.server().most_posts(), 1);
}

/// N23: however many answers fail to come at the end, the end is told once.
#[test]
fn n23_the_end_is_told_once() {
    let (relay, import) = Relay::before(Import::new().people(16), Front::Plain);
    relay.script(|request| if request.create.is_some() { Manner::Silence } else { Manner::Pass });
    let ran =
        import.run_with("--timeout 500ms --connect-timeout 200ms --max-outage 1ms").exit(5).stopped("outage");
    assert_eq!(ran.lines_of("stopped").len(), 1, "{}", ran.stdout);
}

/// N23: the network comes back while the run still tries.
#[test]
fn n23_a_run_outlives_a_black_hole() {
    let (relay, import) = Relay::before(Import::new().people(100), Front::Plain);
    relay.script(|request| match request.create {
        Some(20..) => Manner::Silence,
        _ => Manner::Pass,
    });
    let mut running = import.spawn_with("--timeout 500ms --connect-timeout 200ms --concurrency 8");
    running.until_said("\"outage\"");
    relay.recover();
    running.end().exit(0).added(100);
    import.assert_everyone_is_in_once();
    assert_eq!(import.server().most_posts(), 1);
}

/// N01: the server goes away in the middle and comes back: what was on its way is looked up, the rest waits.
#[test]
fn n01_a_server_that_restarts() {
    let latency = Duration::from_millis(20);
    let import = Import::new().people(100).server_with(|settings| settings.latency = latency);
    let (mut relay, import) = Relay::before(import, Front::Plain);
    let mut running = import.spawn_with("--concurrency 8");
    running.until("some are in", |stats| stats.adds_applied >= 20);
    relay.shut();
    running.until_said("\"outage\"");
    let received = import.server().stats().adds_received;
    assert!(received < 100, "the server was gone");
    relay.reopen();
    running.end().exit(0).added(100);
    import.assert_everyone_is_in_once();
    import.finish_within(1);
}

/// N01: it never comes back: exit 5, and only what was on its way is in doubt.
#[test]
fn n01_a_server_that_goes_for_good() {
    let latency = Duration::from_millis(20);
    let import = Import::new().people(100).server_with(|settings| settings.latency = latency);
    let (mut relay, import) = Relay::before(import, Front::Plain);
    let mut running = import.spawn_with("--concurrency 8 --max-outage 1s");
    running.until("some are in", |stats| stats.adds_applied >= 20);
    relay.shut();
    let ran = running.end().exit(5).stopped("outage");
    let stats = import.server().stats();
    let (uncertain, waiting) =
        (ran.summary()["uncertain"].as_u64().unwrap(), ran.summary()["not_attempted"].as_u64().unwrap());
    assert!(uncertain <= 8 && waiting >= 100 - stats.adds_received - 8, "{} {stats:?}", ran.stdout);
    relay.reopen();
    import.finish_within(2);
}

/// A redirect to another host: nothing is ever sent there, least of all the token.
#[rstest]
fn a_redirect_to_another_host_is_not_followed(#[values(301, 302, 303, 307, 308)] status: u16) {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let location = format!("http://{}/client/v4/elsewhere", other.local_addr().unwrap());
    let (relay, import) = Relay::before(Import::new().people(10), Front::Plain);
    relay.script(move |request| match request.create {
        Some(5) => Manner::Instead(
            format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n")
                .into(),
        ),
        _ => Manner::Pass,
    });
    let ran = import.spawn_with("--concurrency 1 --timeout 2s --connect-timeout 1s").end();
    assert_eq!(other.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "somebody followed");
    ran.exit(5).stopped("redirected").added(4).uncertain(1);
    import.finish_within(1);
    assert_eq!(import.server().most_posts(), 1);
}
