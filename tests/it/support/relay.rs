//! A stand-in on the way from the command to the sandbox: it knows where a request begins and ends, and does to it, to
//! its answer or to a whole connection what a test wants. The sandbox behind it stays the judge.

mod http;
mod http2;
mod tls;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::{JoinHandle, JoinSet};

use super::Import;
use tls::Certificates;

/// What a connection is, before any request comes by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Front {
    /// HTTP/1.1.
    Plain,
    /// TLS that prefers HTTP/2, with a certificate for this name.
    Tls(&'static str),
    /// A proxy that tunnels, and behind it TLS with a certificate for this name, which only the proxy can resolve.
    Proxy(&'static str),
}

/// What a new connection meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Open,
    /// It is accepted, and nothing ever comes.
    Silent,
    /// It is accepted and closed.
    Closing,
    /// The certificate is one that nobody trusts.
    Stranger,
}

/// What becomes of a request and its answer.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    Pass,
    /// Passed on, with word that the connection takes no other request.
    Last,
    /// Passed on byte by byte, each way so late.
    Sliced(Duration),
    /// Swallowed; nothing ever comes.
    Silence,
    /// Kept until the test has it [delivered](Relay::deliver); nothing ever comes.
    Keep,
    /// So many thousandths of the request pass, then both connections end.
    CutRequest(usize, Ending),
    /// The request passes, and so many thousandths of its answer, then the connection ends.
    CutAnswer(usize, Ending),
    /// The request passes; these bytes come before its answer.
    Before(Vec<u8>),
    /// The request passes; its answer has these lines more in its head.
    Head(Vec<u8>),
    /// The request passes; these bytes come in place of its answer, then the connection ends.
    Instead(Vec<u8>),
    /// The request passes; what comes is the answer to the request before.
    AnswerBefore,
    /// The request passes; over HTTP/2 its stream is then refused, as if nobody had seen it.
    RefuseStream,
    /// The request passes; over HTTP/2 the connection is then said to be shutting down, without an error.
    GoAway,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Fin,
    Rst,
}

/// A request that has come whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    /// If it is a create: the how-manieth, from 1.
    pub(crate) create: Option<u64>,
}

/// What has come so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) connections: u64,
    pub(crate) creates: u64,
    /// Connections that met a door that wasn't open.
    pub(crate) turned_away: u64,
    /// What a proxy was asked, word by word.
    pub(crate) tunnels: Vec<String>,
}

type Script = Box<dyn Fn(Request) -> Manner + Send + Sync>;
type Doorman = Box<dyn Fn(&Seen) -> Door + Send + Sync>;

/// What the connections share.
struct Shared {
    sandbox: SocketAddr,
    front: Front,
    certificates: Certificates,
    seen: Mutex<Seen>,
    kept: Mutex<Vec<Vec<u8>>>,
    answer_before: Mutex<Vec<u8>>,
    script: Mutex<Script>,
    doorman: Mutex<Doorman>,
}

/// A relay to a test's sandbox.
pub(crate) struct Relay {
    shared: Arc<Shared>,
    address: SocketAddr,
    open: Option<JoinHandle<()>>,
    // Last, so that it is dropped last.
    runtime: Runtime,
}

impl Relay {
    /// A relay that passes everything on, and the import that goes through it from now on.
    pub(crate) fn before(import: Import, front: Front) -> (Self, Import) {
        let name = match front {
            Front::Plain => "localhost",
            Front::Tls(name) | Front::Proxy(name) => name,
        };
        let sandbox = import.server().api_url();
        let (host, path) = sandbox.trim_start_matches("http://").split_once('/').unwrap();
        let shared = Arc::new(Shared {
            sandbox: host.parse().unwrap(),
            front,
            certificates: Certificates::new(name),
            seen: Mutex::default(),
            kept: Mutex::default(),
            answer_before: Mutex::default(),
            script: Mutex::new(Box::new(|_| Manner::Pass)),
            doorman: Mutex::new(Box::new(|_| Door::Open)),
        });
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut relay = Self { shared, address: "127.0.0.1:0".parse().unwrap(), open: None, runtime };
        relay.reopen();
        let port = relay.address.port();
        let url = match front {
            Front::Plain => format!("http://127.0.0.1:{port}/{path}"),
            Front::Tls(_) => format!("https://localhost:{port}/{path} --ca-file ca.pem"),
            Front::Proxy(name) => format!("https://{name}/{path} --ca-file ca.pem"),
        };
        import.write("ca.pem", relay.shared.certificates.authority());
        (relay, import.flags(&format!("--api-url {url}")))
    }

    /// From now on it does so.
    pub(crate) fn script(&self, script: impl Fn(Request) -> Manner + Send + Sync + 'static) {
        *self.shared.script.lock().unwrap() = Box::new(script);
    }

    /// From now on new connections meet this.
    pub(crate) fn door(&self, doorman: impl Fn(&Seen) -> Door + Send + Sync + 'static) {
        *self.shared.doorman.lock().unwrap() = Box::new(doorman);
    }

    /// From now on everything passes.
    pub(crate) fn recover(&self) {
        self.script(|_| Manner::Pass);
        self.door(|_| Door::Open);
    }

    /// All connections end, and no other is accepted.
    pub(crate) fn shut(&mut self) {
        if let Some(open) = self.open.take() {
            open.abort();
            let _ = self.runtime.block_on(open);
        }
    }

    /// Connections are accepted, at the same address as before.
    pub(crate) fn reopen(&mut self) {
        let listener = self.runtime.block_on(TcpListener::bind(self.address)).unwrap();
        self.address = listener.local_addr().unwrap();
        self.open = Some(self.runtime.spawn(accept(listener, Arc::clone(&self.shared))));
    }

    /// What was kept arrives at the sandbox after all.
    pub(crate) fn deliver(&self) {
        let kept = std::mem::take(&mut *self.shared.kept.lock().unwrap());
        assert!(!kept.is_empty(), "nothing was kept");
        for request in kept {
            self.runtime.block_on(http::ask(&self.shared, &request)).unwrap();
        }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.shared.seen.lock().unwrap().clone()
    }

    /// As a proxy is named in the environment.
    pub(crate) fn proxy_url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Shared {
    /// A request has come: what becomes of it.
    fn take_in(&self, request: &[u8]) -> Manner {
        let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let is_create = line.starts_with(b"POST ") && line.ends_with(b"/participants HTTP/1.1");
        let create = is_create.then(|| {
            let mut seen = self.seen.lock().unwrap();
            seen.creates += 1;
            seen.creates
        });
        (self.script.lock().unwrap())(Request { create })
    }

    fn let_in(&self) -> Door {
        let mut seen = self.seen.lock().unwrap();
        seen.connections += 1;
        let door = (self.doorman.lock().unwrap())(&seen);
        seen.turned_away += u64::from(door != Door::Open);
        door
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        connections.spawn(serve(stream, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let door = shared.let_in();
    if let Front::Proxy(_) = shared.front {
        http::tunnel(&mut stream, &shared).await;
    }
    let ending = match (door, shared.front) {
        (Door::Closing, _) => Ending::Fin,
        (Door::Silent, _) => hold(&mut stream).await,
        (Door::Open | Door::Stranger, Front::Plain) => http::relay(&mut stream, &shared).await,
        (Door::Open | Door::Stranger, Front::Tls(_) | Front::Proxy(_)) => {
            tls::relay(&mut stream, door, &shared).await
        }
    };
    if ending == Ending::Rst {
        let _ = stream.set_zero_linger();
    }
}

/// Reads, and does nothing, until the other side goes.
async fn hold(stream: &mut (impl AsyncRead + Unpin)) -> Ending {
    while let Ok(1..) = stream.read(&mut [0; 4096]).await {}
    Ending::Fin
}
