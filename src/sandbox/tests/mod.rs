//! The sandbox from the outside: raw sockets on loopback.

mod contract;
mod limits;
mod misbehaviour;
mod moods;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Sandbox, SandboxSettings, Stats};

/// A sandbox and a client that shows everything it gets.
struct Bench {
    sandbox: Sandbox,
    address: SocketAddr,
}

/// An answer, in its parts.
#[derive(Debug)]
struct Got {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Bench {
    async fn start(settings: SandboxSettings) -> Self {
        let sandbox = Sandbox::start(settings).await.unwrap();
        let address = sandbox.address;
        Self { sandbox, address }
    }

    /// With these fault rules and no quota.
    async fn with_faults(rules: &[&str]) -> Self {
        let faults = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        Self::start(SandboxSettings { faults, quota: None, ..SandboxSettings::default() }).await
    }

    /// Everything that comes back of one request on a connection of its own.
    async fn send(&self, request: &str) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    fn request(&self, method: &str, resource: &str, body: &str) -> String {
        let settings = self.sandbox.settings();
        format!(
            "{method} /client/v4/accounts/{}/realtime/kit/{}{resource} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             authorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
            settings.account_id,
            settings.app_id,
            settings.api_token,
            body.len()
        )
    }

    async fn call(&self, method: &str, resource: &str, body: &str) -> Got {
        Got::read(&self.send(&self.request(method, resource, body)).await.unwrap())
    }

    /// The path of the participants of the first meeting.
    fn participants(&self) -> String {
        format!("/meetings/{}/participants", self.sandbox.settings().meetings[0].0)
    }

    fn add_request(&self, id: &str) -> String {
        let body = json!({"custom_participant_id": id, "preset_name": "webinar_viewer", "name": "Ann"});
        self.request("POST", &self.participants(), &body.to_string())
    }

    async fn add(&self, id: &str) -> Got {
        Got::read(&self.send(&self.add_request(id)).await.unwrap())
    }

    /// The custom ids on a page of the list.
    async fn listed(&self, query: &str) -> Vec<String> {
        let got = self.call("GET", &format!("{}{query}", self.participants()), "").await.json();
        let items = got["data"].as_array().unwrap().iter();
        items.map(|item| item["custom_participant_id"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits for something to be counted; for what never comes, ten seconds.
    async fn until(&self, reached: impl Fn(&Stats) -> bool) {
        let poll = async {
            while !reached(&self.sandbox.stats()) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), poll).await.expect("it is counted in the end");
    }

    /// How many participants live.
    fn participants_held(&self) -> u64 {
        self.sandbox.stats().participants
    }
}

impl Got {
    fn read(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: bytes[end + 4..].to_vec() }
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.filter(|(field, _)| *field == name).map(|(_, value)| value).next()
    }
}
