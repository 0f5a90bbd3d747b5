//! The sockets: counts them, and ends one with FIN, RST or noise when a handler orders so, instead of its answer.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::server::Server;

/// How a connection ends.
#[derive(Debug)]
pub(super) enum Ending {
    /// It is closed.
    Fin,
    /// It is reset.
    Rst,
    /// These bytes are sent, then it is closed.
    Noise(Vec<u8>),
    /// This answer passes; what comes next is not read, so that the system resets the connection.
    Stale,
}

/// A handler's hold on the connection that its request came by.
#[derive(Debug, Clone, Default)]
pub(super) struct Line(Arc<OnceLock<Ending>>);

impl Line {
    /// Ends the connection as soon as something is about to be written to it (or, if stale, read). The first order
    /// holds.
    pub(super) fn end(&self, ending: Ending) {
        self.0.get_or_init(|| ending);
    }
}

/// Accepts connections and counts them.
#[derive(Debug)]
pub(super) struct ObservedListener {
    listener: TcpListener,
    server: Arc<Server>,
}

impl ObservedListener {
    pub(super) fn new(listener: TcpListener, server: Arc<Server>) -> Self {
        Self { listener, server }
    }
}

impl Listener for ObservedListener {
    type Io = Socket;
    type Addr = Line;

    async fn accept(&mut self) -> (Socket, Line) {
        let (stream, _address) = Listener::accept(&mut self.listener).await;
        self.server.gauges.connected();
        // It only saves time; a socket that refuses is about to fail anyway.
        let _ = stream.set_nodelay(true);
        let line = Line::default();
        (Socket { stream, line: line.clone(), sent: 0 }, line)
    }

    fn local_addr(&self) -> io::Result<Line> {
        Ok(Line::default())
    }
}

impl Connected<IncomingStream<'_, ObservedListener>> for Line {
    fn connect_info(stream: IncomingStream<'_, ObservedListener>) -> Self {
        stream.remote_addr().clone()
    }
}

/// A connection that can be ordered to end.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    line: Line,
    /// How much of the noise is sent.
    sent: usize,
}

impl Socket {
    /// Ready with `Ok` while answers may pass. The error makes hyper drop the socket, which closes it.
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.line.0.get() {
            None | Some(Ending::Stale) => return Poll::Ready(Ok(())),
            Some(Ending::Fin) => {}
            Some(Ending::Rst) => self.stream.set_zero_linger()?,
            Some(Ending::Noise(bytes)) => {
                while let Some(rest) = bytes.get(self.sent..).filter(|rest| !rest.is_empty()) {
                    self.sent += ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
                }
            }
        }
        Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(Ending::Stale) = self.line.0.get() {
            // Peeked at, not read: a socket closed over unread bytes sends RST.
            ready!(self.stream.poll_peek(cx, &mut ReadBuf::new(&mut [0])))?;
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_open(cx))?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_open(cx))?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_open(cx))?;
        if let Some(Ending::Stale) = self.line.0.get() {
            // No FIN before the RST: dropping the socket closes it.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
