//! What a program sees that embeds us and logs everything that anybody has to say: no secret.

use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::filter::LevelFilter;

use super::server::Server;
use super::*;

const API_TOKEN: &str = "c4nary-api-token";
const JOIN_TOKEN: &str = "eyJ.c4nary-join-token";

/// Keeps what is logged with a canary in it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn keep(&self, text: String) {
        if text.contains("c4nary") {
            self.0.lock().unwrap().push(text);
        }
    }
}

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.keep(record.args().to_string());
    }

    fn flush(&self) {}
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.keep(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_that_is_logged_holds_a_token() {
    let (logged, traced) = (Log::default(), Log::default());
    log::set_logger(Box::leak(Box::new(logged.clone()))).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let writer = traced.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(move || writer.clone());
    let _traced_here = tracing::subscriber::set_default(subscriber.finish());

    let added = format!(
        r#"{{"success":true,"data":{{"id":"r-1","custom_participant_id":"p-1","token":"{JOIN_TOKEN}"}}}}"#
    );
    let answers = [("201 Created", added), ("500 Oh", format!(r#"{{"error":{{"message":"{API_TOKEN}"}}}}"#))];
    for (status, body) in answers {
        let server = Server::answering(status, "", &body).await;
        let settings = HttpSettings { token: API_TOKEN.parse().unwrap(), ..settings(&server.url) };
        let api = HttpApi::new(&settings).unwrap();
        let reply = api.add(&participant()).await;
        tracing::debug!(?settings, ?api, ?reply);
        assert!(server.requests()[0].contains(API_TOKEN));
    }
    // The controls: both logs are at work.
    log::trace!("c4nary, said aloud");
    tracing::trace!("c4nary, said aloud");
    assert_eq!(*logged.0.lock().unwrap(), ["c4nary, said aloud"]);
    let traced = traced.0.lock().unwrap();
    assert!(traced.len() == 1 && traced[0].contains("said aloud"), "{traced:?}");
}
