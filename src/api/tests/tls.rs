//! Whom the client trusts, and what a failed handshake proves.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};

use super::server::{Script, Server};
use super::{add, hurried, participant, settings};
use crate::api::{HttpApi, HttpError, HttpSettings, ParticipantApi};
use crate::outcome::{Answer, NotSent};

/// A TLS server with a certificate of its own; gives its URL and its certificate as PEM.
async fn tls_server(name: &str) -> (String, Vec<u8>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n").await;
        }
    });
    (format!("https://127.0.0.1:{port}"), cert.pem().into_bytes())
}

#[tokio::test]
async fn an_unknown_authority_is_untrusted_and_nothing_is_sent() {
    let (url, _) = tls_server("127.0.0.1").await;
    let answer = add(&url).await.answer;
    let Answer::NotSent(NotSent::Untrusted(why)) = answer else { panic!("{answer:?}") };
    assert!(why.contains("UnknownIssuer"), "{why}");
}

#[tokio::test]
async fn a_further_authority_is_trusted() {
    let (url, pem) = tls_server("127.0.0.1").await;
    let settings = HttpSettings { ca_file: Some(pem), ..settings(&url) };
    let answer = HttpApi::new(&settings).unwrap().add(&participant()).await.answer;
    assert!(matches!(&answer, Answer::Failure(failure) if failure.status == 418), "{answer:?}");
}

#[tokio::test]
async fn a_trusted_certificate_for_another_name_is_untrusted() {
    let (url, pem) = tls_server("example.org").await;
    let settings = HttpSettings { ca_file: Some(pem), ..settings(&url) };
    let answer = HttpApi::new(&settings).unwrap().add(&participant()).await.answer;
    assert!(matches!(answer, Answer::NotSent(NotSent::Untrusted(_))), "{answer:?}");
}

#[rstest]
#[case::empty(b"".as_slice())]
#[case::no_pem(b"not a certificate".as_slice())]
#[case::no_certificate(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".as_slice())]
#[case::broken(b"-----BEGIN CERTIFICATE-----\n".as_slice())]
fn a_file_without_a_certificate_is_refused(#[case] pem: &[u8]) {
    let settings = HttpSettings { ca_file: Some(pem.to_vec()), ..settings("https://127.0.0.1:1") };
    assert!(matches!(HttpApi::new(&settings), Err(HttpError::CaFile)));
}

/// Before TLS stands, no byte of the request has left.
#[rstest]
#[case::speaks_plain(Script::Speak(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()))]
#[case::closes(Script::CloseUnread)]
#[case::garbage(Script::Speak(b"\xff\xff\xff\xff\xff\xff".to_vec()))]
#[tokio::test]
async fn a_failed_handshake_sends_nothing(#[case] script: Script) {
    let server = Server::always(script).await;
    let answer = add(&server.url.replace("http://", "https://")).await.answer;
    assert!(matches!(answer, Answer::NotSent(NotSent::NotConnected(_))), "{answer:?}");
}

#[tokio::test]
async fn a_handshake_that_hangs_costs_the_connect_timeout_and_sends_nothing() {
    let server = Server::always(Script::Hang).await;
    let answer = hurried(&server.url.replace("http://", "https://")).add(&participant()).await.answer;
    assert!(matches!(answer, Answer::NotSent(NotSent::NotConnected(_))), "{answer:?}");
}
