//! HTTP/1.1, message by message.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Ending, Manner, Shared, hold};

/// Relays request after request. A connection that breaks by itself is closed.
pub(super) async fn relay(client: &mut (impl AsyncRead + AsyncWrite + Unpin), shared: &Shared) -> Ending {
    let Ok(mut sandbox) = TcpStream::connect(shared.sandbox).await else { return Ending::Fin };
    let _ = sandbox.set_nodelay(true);
    loop {
        match exchange(client, &mut sandbox, shared).await {
            Ok(None) => {}
            Ok(Some(ending)) => return ending,
            Err(_) => return Ending::Fin,
        }
    }
}

/// One request and its answer; how the connection ends, if it does.
async fn exchange(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
    sandbox: &mut TcpStream,
    shared: &Shared,
) -> io::Result<Option<Ending>> {
    let request = message(client).await?;
    let manner = shared.take_in(&request);
    match manner {
        Manner::Silence => return Ok(Some(hold(client).await)),
        Manner::Keep => {
            shared.kept.lock().unwrap().push(request);
            return Ok(Some(hold(client).await));
        }
        Manner::CutRequest(thousandths, ending) => {
            sandbox.write_all(part(&request, thousandths)).await?;
            return Ok(Some(ending));
        }
        Manner::Sliced(latency) => sliced(sandbox, &request, latency).await?,
        _ => sandbox.write_all(&request).await?,
    }
    let answer = message(sandbox).await?;
    let before = std::mem::replace(&mut *shared.answer_before.lock().unwrap(), answer.clone());
    let answer = if let Manner::AnswerBefore = manner { before } else { answer };
    answer_with(client, &answer, manner).await
}

async fn answer_with(
    client: &mut (impl AsyncWrite + Unpin),
    answer: &[u8],
    manner: Manner,
) -> io::Result<Option<Ending>> {
    let mut ending = None;
    match manner {
        Manner::Sliced(latency) => sliced(client, answer, latency).await?,
        Manner::CutAnswer(thousandths, end) => {
            client.write_all(part(answer, thousandths)).await?;
            ending = Some(end);
        }
        Manner::Instead(bytes) => {
            client.write_all(&bytes).await?;
            ending = Some(Ending::Fin);
        }
        Manner::Last => {
            client.write_all(&with_lines(answer, b"connection: close\r\n")).await?;
            ending = Some(Ending::Fin);
        }
        Manner::Head(lines) => client.write_all(&with_lines(answer, &lines)).await?,
        Manner::Before(bytes) => client.write_all(&[&bytes, answer].concat()).await?,
        Manner::Pass
        | Manner::AnswerBefore
        | Manner::RefuseStream
        | Manner::GoAway
        | Manner::Silence
        | Manner::Keep
        | Manner::CutRequest(..) => client.write_all(answer).await?,
    }
    client.flush().await?;
    Ok(ending)
}

/// Asks the sandbox, by a connection for this alone.
pub(super) async fn ask(shared: &Shared, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut sandbox = TcpStream::connect(shared.sandbox).await?;
    sandbox.write_all(request).await?;
    message(&mut sandbox).await
}

fn part(message: &[u8], thousandths: usize) -> &[u8] {
    &message[..message.len() * thousandths / 1000]
}

async fn sliced(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8], latency: Duration) -> io::Result<()> {
    tokio::time::sleep(latency).await;
    for byte in bytes {
        to.write_all(&[*byte]).await?;
        to.flush().await?;
    }
    Ok(())
}

/// The message with more lines at the end of its head.
fn with_lines(message: &[u8], lines: &[u8]) -> Vec<u8> {
    let head = head_length(message).unwrap() - 2;
    [&message[..head], lines, &message[head..]].concat()
}

/// A head and as much of a body as it announces.
pub(super) async fn message(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    while length(&message).is_none_or(|length| message.len() < length) {
        if stream.read_buf(&mut message).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(message)
}

/// How long a message is, once its head has come.
fn length(message: &[u8]) -> Option<usize> {
    let head = head_length(message)?;
    let text = String::from_utf8_lossy(&message[..head]).to_ascii_lowercase();
    let body = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    Some(head + body.map_or(0, |length| length.trim().parse().unwrap()))
}

pub(super) fn head_length(message: &[u8]) -> Option<usize> {
    message.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

/// Grants a proxy's client its tunnel, and notes what it asked for.
pub(super) async fn tunnel(client: &mut TcpStream, shared: &Shared) {
    if let Ok(asked) = message(client).await {
        shared.seen.lock().unwrap().tunnels.push(String::from_utf8_lossy(&asked).into_owned());
        let _ = client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
    }
}
