//! The sandbox, in the test's own process.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
#[cfg(target_os = "linux")]
use std::time::Duration;

use guestlist::model::{JoinToken, MeetingId};
use guestlist::sandbox::{IdCounts, Sandbox, SandboxSettings, Stats, TokenStanding};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// A running sandbox.
pub(crate) struct Server {
    sandbox: Sandbox,
    // After the sandbox, so that it is dropped last.
    _runtime: Runtime,
}

impl Server {
    pub(crate) fn start(settings: SandboxSettings) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let sandbox = runtime.block_on(Sandbox::start(settings)).unwrap();
        Self { sandbox, _runtime: runtime }
    }

    pub(crate) fn api_url(&self) -> String {
        self.sandbox.api_url()
    }

    pub(crate) fn settings(&self) -> &SandboxSettings {
        self.sandbox.settings()
    }

    /// The first meeting.
    pub(crate) fn meeting(&self) -> MeetingId {
        self.settings().meetings[0].0
    }

    pub(crate) fn stats(&self) -> Stats {
        self.sandbox.stats()
    }

    /// How many requests of any kind have come.
    pub(crate) fn requests(&self) -> u64 {
        self.stats().requests.values().sum()
    }

    /// How many requests of a kind have come.
    pub(crate) fn requests_of(&self, kind: &str) -> u64 {
        self.stats().requests.get(kind).copied().unwrap_or_default()
    }

    pub(crate) fn counts(&self, meeting: MeetingId, id: &str) -> IdCounts {
        let ids = self.sandbox.id_counts();
        ids.get(&meeting).and_then(|ids| ids.get(id)).copied().unwrap_or_default()
    }

    /// What came and what is held, for each id of the first meeting.
    pub(crate) fn id_counts(&self) -> BTreeMap<String, IdCounts> {
        self.sandbox.id_counts().remove(&self.meeting()).unwrap_or_default()
    }

    /// Whether somebody could join with this token now.
    #[cfg(target_os = "linux")]
    pub(crate) fn token_standing(&self, token: &JoinToken) -> TokenStanding {
        self.sandbox.token_standing(token)
    }

    /// Sets its wall clock forward.
    #[cfg(target_os = "linux")]
    pub(crate) fn set_clock_forward(&self, by: Duration) {
        self.sandbox.set_clock_forward(by);
    }

    /// Creates received for an id of the first meeting.
    pub(crate) fn posts(&self, id: &str) -> u64 {
        self.counts(self.meeting(), id).posts
    }

    /// Creates received for each id of the first meeting.
    #[cfg(target_os = "linux")]
    pub(crate) fn received(&self) -> BTreeMap<String, u64> {
        self.id_counts().into_iter().map(|(id, counts)| (id, counts.posts)).collect()
    }

    /// How often each id was posted and not turned away by a 429, at the most.
    pub(crate) fn most_posts(&self) -> u64 {
        let ids = self.sandbox.id_counts();
        ids.values()
            .flat_map(|ids| ids.values())
            .map(|counts| counts.posts - counts.throttled)
            .max()
            .unwrap_or(0)
    }

    /// Somebody else adds a participant.
    pub(crate) fn add(&self, id: &str, name: &str, preset: &str) {
        let body = json!({"custom_participant_id": id, "preset_name": preset, "name": name});
        self.call("POST", "/participants", &body.to_string());
    }

    /// The same where the server may misbehave towards them, too: whether it has come to anything is not said.
    pub(crate) fn try_add(&self, id: &str, name: &str, preset: &str) {
        let body = json!({"custom_participant_id": id, "preset_name": preset, "name": name});
        let _ = self.ask("POST", "/participants", &body.to_string());
    }

    /// Somebody else removes everybody of this id.
    pub(crate) fn remove(&self, id: &str) {
        for one in self.participants().iter().filter(|one| one["custom_participant_id"] == id) {
            self.call("DELETE", &format!("/participants/{}", one["id"].as_str().unwrap()), "");
        }
    }

    /// Somebody else changes everybody of this id.
    pub(crate) fn change(&self, id: &str, changes: &Value) {
        for one in self.participants().iter().filter(|one| one["custom_participant_id"] == id) {
            let resource = format!("/participants/{}", one["id"].as_str().unwrap());
            self.call("PATCH", &resource, &changes.to_string());
        }
    }

    /// The participants of the first meeting, from as many pages as there are.
    ///
    /// Lists that the server refuses, and those amid which another writer changes something, are read again.
    pub(crate) fn participants(&self) -> Vec<Value> {
        const TRIES: usize = 100;
        let whole = (0..TRIES).find_map(|_| {
            let before = self.meddled();
            self.pages().filter(|_| self.meddled() == before)
        });
        whole.expect("a list that nobody changes meanwhile")
    }

    fn pages(&self) -> Option<Vec<Value>> {
        let mut all = Vec::new();
        for page_no in self.settings().first_page.. {
            let answer = self.ask("GET", &format!("/participants?per_page=100&page_no={page_no}"), "");
            let page = answer.starts_with("HTTP/1.1 20").then(|| body(&answer))?;
            let items = page["data"].as_array().unwrap();
            all.extend(items.iter().cloned());
            if items.is_empty() || all.len() as u64 >= page["paging"]["total_count"].as_u64().unwrap() {
                break;
            }
        }
        Some(all)
    }

    /// How often the sandbox's other writer has done anything in the first meeting.
    pub(crate) fn meddled(&self) -> u64 {
        self.id_counts().values().map(|counts| counts.foreign_added + counts.foreign_removed).sum()
    }

    fn call(&self, method: &str, resource: &str, sent: &str) -> Value {
        let answer = self.ask(method, resource, sent);
        assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
        body(&answer)
    }

    fn ask(&self, method: &str, resource: &str, body: &str) -> String {
        let (settings, meeting) = (self.settings(), self.meeting());
        let url = self.api_url();
        let (address, base) = url.trim_start_matches("http://").split_once('/').unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "{method} /{base}/accounts/{}/realtime/kit/{}/meetings/{meeting}{resource} HTTP/1.1\r\nhost: x\r\n\
             connection: close\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
            settings.account_id,
            settings.app_id,
            settings.api_token,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        // A server that misbehaves may end it anywhere.
        let _ = stream.read_to_string(&mut answer);
        answer
    }
}

fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}
