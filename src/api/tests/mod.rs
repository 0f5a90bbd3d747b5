//! What real sockets do to a request, and what the client makes of it.

mod calls;
mod faults;
#[cfg(feature = "cli")]
mod logs;
mod proxy;
mod server;
mod tls;

use std::time::Duration;

use super::{HttpApi, HttpSettings, ParticipantApi};
use crate::model::{AddedParticipant, Participant, ParticipantKey, Target};
use crate::outcome::Reply;

const MEETING: &str = "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b";

fn settings(url: &str) -> HttpSettings {
    HttpSettings {
        api_url: url.parse().unwrap(),
        target: Target::new("acc0", "app0").unwrap(),
        token: "s3cret".parse().unwrap(),
        timeout: Duration::from_secs(30),
        connect_timeout: Duration::from_secs(15),
        ca_file: None,
        concurrency: 4,
    }
}

/// For servers that never answer.
fn hurried(url: &str) -> HttpApi {
    let (timeout, connect_timeout) = (Duration::from_secs(1), Duration::from_millis(500));
    HttpApi::new(&HttpSettings { timeout, connect_timeout, ..settings(url) }).unwrap()
}

fn api(url: &str) -> HttpApi {
    HttpApi::new(&settings(url)).unwrap()
}

fn participant() -> Participant {
    Participant {
        key: ParticipantKey { meeting: MEETING.parse().unwrap(), custom_participant_id: "p-1".to_owned() },
        name: "Zoë \"Z\" 李".to_owned(),
        preset_name: "group_call_host".to_owned(),
        picture: None,
    }
}

async fn add(url: &str) -> Reply<AddedParticipant> {
    api(url).add(&participant()).await
}
