//! Servers that answer as a script says, on real sockets of 127.0.0.1.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a connection does.
#[derive(Debug, Clone)]
pub(super) enum Script {
    /// Closes before it reads anything.
    CloseUnread,
    /// Writes these bytes whatever comes, and waits until the client is done.
    Speak(Vec<u8>),
    /// Never reads, never answers.
    Hang,
    /// Reads each request and writes these bytes, then ends so.
    Answer(Vec<u8>, End),
    /// Answers one request, then reads a second on the same connection, writes nothing and ends so.
    DieOnSecond(Vec<u8>, End),
    /// Reads one request and writes these bytes one at a time.
    Drip(Vec<u8>),
}

/// What follows an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The next request on the same connection.
    KeepAlive,
    Fin,
    Rst,
    /// Nothing, for ever.
    Silence,
}

/// A running server, and the requests that it has read.
pub(super) struct Server {
    pub(super) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// The n-th connection follows the n-th script, those after the last follow the last.
    pub(super) async fn start(scripts: Vec<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/client/v4", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        tokio::spawn(async move {
            for n in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let script = scripts[n.min(scripts.len() - 1)].clone();
                tokio::spawn(play(stream, script, Arc::clone(&log)));
            }
        });
        Self { url, requests }
    }

    /// One script for every connection.
    pub(super) async fn always(script: Script) -> Self {
        Self::start(vec![script]).await
    }

    /// Answers with these bytes and keeps the connection.
    pub(super) async fn answering(status: &str, headers: &str, body: &str) -> Self {
        Self::always(Script::Answer(answer(status, headers, body), End::KeepAlive)).await
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// A whole answer.
pub(super) fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

async fn play(mut stream: TcpStream, script: Script, log: Arc<Mutex<Vec<String>>>) {
    match script {
        Script::CloseUnread => {}
        Script::Speak(bytes) => {
            stream.write_all(&bytes).await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        Script::Hang => std::future::pending().await,
        Script::Answer(bytes, end) => {
            while let Some(request) = read_request(&mut stream).await {
                log.lock().unwrap().push(request);
                // The client may have gone, as after an answer that is too large.
                let _ = stream.write_all(&bytes).await;
                match end {
                    End::KeepAlive => {}
                    End::Fin => return,
                    End::Rst => return stream.set_zero_linger().unwrap(),
                    End::Silence => std::future::pending().await,
                }
            }
        }
        Script::DieOnSecond(bytes, end) => {
            for n in 0..2 {
                let Some(request) = read_request(&mut stream).await else { return };
                log.lock().unwrap().push(request);
                if n == 0 {
                    stream.write_all(&bytes).await.unwrap();
                }
            }
            if end == End::Rst {
                stream.set_zero_linger().unwrap();
            }
        }
        Script::Drip(bytes) => {
            let request = read_request(&mut stream).await;
            log.lock().unwrap().extend(request);
            for byte in bytes {
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
        }
    }
}

/// Head and body of one request; `None` once the client has closed.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text.into_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
