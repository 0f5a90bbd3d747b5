//! A server that answers whatever it is sent with all that it was sent: a careless proxy's error page, a debugger's.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use serde_json::json;

/// In which shape the request comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// RealtimeKit's error.
    Kit,
    /// The gateway's.
    Gateway,
    /// No JSON at all.
    Text,
    /// The status line and the headers that we read.
    Headers,
}

/// A whole request.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// Head and body.
    pub(super) text: String,
}

/// Answers every request as `answer` says, until the test's process ends; returns its address.
pub(super) fn serve(answer: impl Fn(&Request) -> String + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || converse(&stream, &*answer));
        }
    });
    address
}

fn converse(mut stream: &TcpStream, answer: &dyn Fn(&Request) -> String) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        if stream.write_all(answer(&request).as_bytes()).is_err() {
            return;
        }
    }
}

fn read(from: &mut impl BufRead) -> Option<Request> {
    let (mut text, mut length) = (String::new(), 0);
    loop {
        let start = text.len();
        if from.read_line(&mut text).ok()? == 0 {
            return None;
        }
        let line = text[start..].to_lowercase();
        length = line.strip_prefix("content-length:").map_or(length, |value| value.trim().parse().unwrap());
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    text.push_str(&String::from_utf8(body).unwrap());
    let mut words = text.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    Some(Request { method, path, text })
}

/// The request, sent back with this status.
pub(super) fn echo(status: u16, shape: Shape, request: &Request) -> String {
    let text = &request.text;
    match shape {
        Shape::Kit => json_answer(status, &json!({"success": false, "error": {"code": 7, "message": text}})),
        Shape::Gateway => {
            json_answer(status, &json!({"success": false, "errors": [{"code": 7, "message": text}]}))
        }
        Shape::Text => answer(status, "Error", "", text),
        Shape::Headers => {
            let bearer = text.lines().find(|line| line.to_lowercase().starts_with("authorization:")).unwrap();
            let names = ["Retry-After", "Ratelimit", "Ratelimit-Policy", "Location", "Date"];
            let headers: String = names.iter().map(|name| format!("{name}: {bearer}\r\n")).collect();
            answer(status, bearer, &headers, "")
        }
    }
}

/// A proxy's answer to CONNECT that quotes the request in its reason and its body.
pub(super) fn echo_proxy(status: u16, request: &Request) -> String {
    let login = request.text.lines().find(|line| line.to_lowercase().starts_with("proxy-authorization:"));
    answer(status, login.unwrap(), "", &request.text)
}

/// What RealtimeKit answers to a call that reads: an active meeting, a preset, nobody.
pub(super) fn read_call(request: &Request) -> String {
    let paging = |total: u64| json!({"total_count": total, "start_offset": 0, "end_offset": total});
    let path = request.path.split('?').next().unwrap_or_default();
    let body = if path.ends_with("/presets") {
        json!({"success": true, "data": [{"id": "p", "name": "webinar_viewer"}], "paging": paging(1)})
    } else if path.ends_with("/participants") {
        json!({"success": true, "data": [], "paging": paging(0)})
    } else {
        json!({"success": true, "data": {"id": "m", "status": "ACTIVE"}})
    };
    json_answer(200, &body)
}

fn json_answer(status: u16, body: &serde_json::Value) -> String {
    answer(status, "As Told", "content-type: application/json\r\n", &body.to_string())
}

fn answer(status: u16, reason: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} {reason}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}
