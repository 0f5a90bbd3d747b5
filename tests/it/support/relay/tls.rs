//! TLS that prefers HTTP/2, with certificates made for the test.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};

use super::{Door, Ending, Shared, http, http2};

/// One that the command is told to trust, and one of a stranger for the same name.
pub(super) struct Certificates {
    authority: String,
    trusted: TlsAcceptor,
    stranger: TlsAcceptor,
}

impl Certificates {
    pub(super) fn new(name: &str) -> Self {
        let (trusted, authority) = acceptor(name);
        let (stranger, _) = acceptor(name);
        Self { authority, trusted, stranger }
    }

    /// What `--ca-file` must hold.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }
}

fn acceptor(name: &str) -> (TlsAcceptor, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (TlsAcceptor::from(Arc::new(config)), cert.pem())
}

pub(super) async fn relay(stream: &mut TcpStream, door: Door, shared: &Arc<Shared>) -> Ending {
    let Certificates { trusted, stranger, .. } = &shared.certificates;
    let acceptor = if door == Door::Stranger { stranger } else { trusted };
    let Ok(mut stream) = acceptor.accept(stream).await else { return Ending::Fin };
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        http2::relay(&mut stream, shared).await
    } else {
        http::relay(&mut stream, shared).await
    }
}
