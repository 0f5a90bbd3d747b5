//! HTTP/2 to the client, HTTP/1.1 to the sandbox. Only a build without its safeguards speaks it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Bytes;
use axum::http::{Request, Response};
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::http::{ask, head_length};
use super::{Ending, Manner, Shared};

pub(super) async fn relay(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
    shared: &Arc<Shared>,
) -> Ending {
    let Ok(mut connection) = h2::server::handshake(Disowning(client)).await else { return Ending::Fin };
    let (leave, mut leaving) = unbounded_channel();
    // Dropped, a stream would be cancelled before the connection says goodbye.
    let mut unanswered = Vec::new();
    loop {
        tokio::select! {
            Some(respond) = leaving.recv() => {
                unanswered.push(respond);
                connection.abrupt_shutdown(Reason::NO_ERROR);
            }
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    tokio::spawn(exchange(request, respond, leave.clone(), Arc::clone(shared)));
                }
                Some(Err(_)) | None => return Ending::Fin,
            }
        }
    }
}

async fn exchange(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    leave: UnboundedSender<SendResponse<Bytes>>,
    shared: Arc<Shared>,
) {
    let Ok(request) = as_http1(request).await else { return };
    let manner = shared.take_in(&request);
    let Ok(answer) = ask(&shared, &request).await else { return };
    match manner {
        Manner::RefuseStream => respond.send_reset(Reason::REFUSED_STREAM),
        Manner::GoAway => {
            let _ = leave.send(respond);
        }
        _ => send(&mut respond, &answer),
    }
}

async fn as_http1(request: Request<RecvStream>) -> Result<Vec<u8>, h2::Error> {
    let (head, mut body) = request.into_parts();
    let mut content = Vec::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        content.extend_from_slice(&data);
    }
    let mut http1 =
        format!("{} {} HTTP/1.1\r\nhost: sandbox\r\n", head.method, head.uri.path_and_query().unwrap());
    for (name, value) in head.headers.iter().filter(|(name, _)| *name != "content-length") {
        http1 += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    let mut http1 = format!("{http1}content-length: {}\r\n\r\n", content.len()).into_bytes();
    http1.append(&mut content);
    Ok(http1)
}

fn send(respond: &mut SendResponse<Bytes>, answer: &[u8]) {
    let head = head_length(answer).unwrap();
    let status = std::str::from_utf8(&answer[9..12]).unwrap();
    let response = Response::builder().status(status).body(()).unwrap();
    if let Ok(mut stream) = respond.send_response(response, false) {
        let _ = stream.send_data(Bytes::copy_from_slice(&answer[head..]), true);
    }
}

/// A GOAWAY frame with eight bytes of content: its length and type, its flags and stream, then the last stream that
/// was acted on.
const GOAWAY: [u8; 4] = [0, 0, 8, 7];
const LAST_STREAM: std::ops::Range<usize> = 9..13;

/// Lies in each GOAWAY that passes: no stream was ever acted on.
struct Disowning<S>(S);

impl<S: AsyncWrite + Unpin> AsyncWrite for Disowning<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut bytes = bytes.to_vec();
        if let (true, Some(last)) = (bytes.starts_with(&GOAWAY), bytes.get_mut(LAST_STREAM)) {
            last.fill(0);
        }
        Pin::new(&mut self.0).poll_write(cx, &bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Disowning<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}
