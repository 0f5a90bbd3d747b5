//! HTTP in and out: reads a request whole, lets the [`Server`] answer, and puts the reply on the socket.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use futures::stream;
use tokio::time::{Instant, sleep};

use super::answer::{Answer, Refusal};
use super::connection::{Ending, Line};
use super::distort::Reply;
use super::faults::Silence;
use super::server::{Arrived, Server};

/// No body of the contract comes near it.
const MAX_BODY: usize = 256 * 1024;
/// Where the counters are shown.
const STATS_PATH: &str = "/__sandbox/stats";
/// A slow answer is sent whole after so long.
const SLOW_AT_MOST: std::time::Duration = std::time::Duration::from_secs(120);
/// `huge`: so many chunks of 64 KiB, 50 MiB in all.
const HUGE_CHUNKS: usize = 800;
static HUGE_CHUNK: [u8; 64 * 1024] = [b'x'; 64 * 1024];

/// Everything behind the listener.
pub(super) fn service(server: Arc<Server>) -> IntoMakeServiceWithConnectInfo<Router, Line> {
    let router = Router::new().route(STATS_PATH, get(stats)).fallback(api).with_state(server);
    router.into_make_service_with_connect_info()
}

/// The counters; with `?ids=1` those of each id too.
async fn stats(State(server): State<Arc<Server>>, uri: Uri) -> Response {
    let mut shown = serde_json::json!(server.stats());
    if uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "ids=1")) {
        shown["ids"] = serde_json::json!(server.id_counts());
    }
    Json(shown).into_response()
}

async fn api(
    State(server): State<Arc<Server>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response {
    let _in_flight = server.gauges.enter();
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return whole(Refusal::TooLarge.answer());
    };
    if server.stop.is_cancelled() {
        // It arrived too late: nothing takes effect after a shutdown.
        return ended(&line, Ending::Fin);
    }
    let authorization = head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let authorization = authorization.map(str::to_owned);
    let arrived = Arrived { method: head.method, uri: head.uri, authorization, body };
    let reply = travel(&server, arrived).await;
    deliver(&server, &line, reply).await
}

/// Half the latency passes on the way there, half on the way back.
async fn travel(server: &Arc<Server>, request: Arrived) -> Reply {
    let half = server.settings.latency / 2;
    if half.is_zero() {
        return server.answer(&request);
    }
    let there = Arc::clone(server);
    // In a task of its own: a client that goes away doesn't take back what it has sent.
    let task = tokio::spawn(async move {
        sleep(half).await;
        there.answer(&request)
    });
    let reply = task.await.unwrap_or(Reply::Silence(Silence::Fin));
    sleep(half).await;
    reply
}

async fn deliver(server: &Server, line: &Line, reply: Reply) -> Response {
    match reply {
        Reply::Whole(answer) => whole(answer),
        Reply::Cut(answer) => cut(answer),
        Reply::Slow(answer) => slow(answer, server.settings.slow_byte),
        Reply::Huge(answer) => huge(answer),
        Reply::Stale(answer) => {
            line.end(Ending::Stale);
            whole(answer)
        }
        Reply::Noise(bytes) => ended(line, Ending::Noise(bytes)),
        Reply::Silence(Silence::Fin) => ended(line, Ending::Fin),
        Reply::Silence(Silence::Rst) => ended(line, Ending::Rst),
        Reply::Silence(Silence::Hang) => {
            // When the client closes the connection, this future is dropped.
            server.stop.cancelled().await;
            ended(line, Ending::Fin)
        }
    }
}

/// The connection ends when this response is about to be written; nothing of it is.
fn ended(line: &Line, ending: Ending) -> Response {
    line.end(ending);
    Response::new(Body::empty())
}

fn whole(answer: Answer) -> Response {
    let body = Body::from(answer.body);
    response(answer.status, answer.headers, body)
}

fn response(status: u16, headers: Vec<(&'static str, String)>, body: Body) -> Response {
    let builder = headers
        .into_iter()
        .fold(Response::builder().status(status), |builder, (name, value)| builder.header(name, value));
    // Only a header from the settings could be none.
    builder.body(body).unwrap_or_else(|_| Response::new(Body::empty()))
}

/// Announces the whole body, sends half of it, and breaks off.
fn cut(mut answer: Answer) -> Response {
    announce_length(&mut answer);
    let half = answer.body.len() / 2;
    let body = Bytes::from(answer.body).slice(..half);
    let parts = stream::unfold(Some(body), |body| async move {
        match body {
            Some(body) => Some((Ok(body), None)),
            None => {
                // hyper flushes what it has while it waits for more.
                tokio::task::yield_now().await;
                Some((Err(io::Error::other("cut")), None))
            }
        }
    });
    response(answer.status, answer.headers, Body::from_stream(parts))
}

fn slow(mut answer: Answer, pause: std::time::Duration) -> Response {
    announce_length(&mut answer);
    let end = Instant::now() + SLOW_AT_MOST;
    let bytes = stream::unfold(Bytes::from(answer.body), move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        let late = Instant::now() >= end;
        if !late {
            sleep(pause).await;
        }
        let next = rest.split_to(if late { rest.len() } else { 1 });
        Some((Ok::<_, io::Error>(next), rest))
    });
    response(answer.status, answer.headers, Body::from_stream(bytes))
}

fn announce_length(answer: &mut Answer) {
    answer.headers.push(("content-length", answer.body.len().to_string()));
}

/// The answer's JSON, with a first field of 50 MiB.
fn huge(answer: Answer) -> Response {
    let rest = answer.body.get(1..).map(Bytes::copy_from_slice).unwrap_or_default();
    let padding = std::iter::repeat_n(Bytes::from_static(&HUGE_CHUNK), HUGE_CHUNKS);
    let parts = std::iter::once(Bytes::from_static(b"{\"padding\":\""))
        .chain(padding)
        .chain([Bytes::from_static(b"\","), rest])
        .map(Ok::<_, io::Error>);
    response(answer.status, answer.headers, Body::from_stream(stream::iter(parts)))
}
