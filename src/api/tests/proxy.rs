//! Proxies of the environment. A process can't safely change its own, so each test runs a part of itself in a child.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::process::Command;

use super::add;
use super::server::Server;
use crate::outcome::{Answer, NotSent};

const PROXIES: [&str; 6] =
    ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];

/// Runs an ignored test of this file with all traffic sent to the proxy.
fn run_behind(proxy: &TcpListener, test: &str) -> std::process::Child {
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", &format!("api::tests::proxy::{test}"), "--ignored"]);
    child.env_remove("NO_PROXY").env_remove("no_proxy");
    child.envs(PROXIES.map(|name| (name, &url))).spawn().unwrap()
}

#[test]
fn https_goes_through_a_tunnel_and_the_proxy_sees_no_token() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut child = run_behind(&proxy, "child_asks_a_name_that_only_a_proxy_knows");
    let (mut stream, _) = proxy.accept().unwrap();
    let mut request = [0; 4096];
    let length = stream.read(&mut request).unwrap();
    let request = String::from_utf8_lossy(&request[..length]);
    assert!(
        request.starts_with("CONNECT guestlist.invalid:443 ") && !request.contains("s3cret"),
        "{request}"
    );
    stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").unwrap();
    drop(stream);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_loopback_address_is_asked_directly() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    assert!(run_behind(&proxy, "child_asks_a_loopback_address").wait().unwrap().success());
    proxy.set_nonblocking(true).unwrap();
    assert_eq!(proxy.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "the proxy was asked");
}

#[tokio::test]
#[ignore = "run by https_goes_through_a_tunnel_and_the_proxy_sees_no_token"]
async fn child_asks_a_name_that_only_a_proxy_knows() {
    let answer = add("https://guestlist.invalid").await.answer;
    assert!(matches!(answer, Answer::NotSent(NotSent::NotConnected(_))), "{answer:?}");
}

#[tokio::test]
#[ignore = "run by a_loopback_address_is_asked_directly"]
async fn child_asks_a_loopback_address() {
    let server = Server::answering("422 No", "", "").await;
    assert!(matches!(add(&server.url).await.answer, Answer::Failure(_)));
}
