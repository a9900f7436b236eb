//! TCP stream of a gateway connection. It is read on the runtime of the handlers and, if there is a
//! control thread, written from there.
//!
//! A socket is woken by the runtime that it is registered with. If handlers block every thread of
//! their runtime, nothing waits for the socket, and a write that has to wait because the send
//! buffer is full would never continue. A second registration, with the control thread, would wake
//! that thread for every packet that arrives. So writes go to the socket directly, and one that has
//! to wait is retried by a timer of the control thread. That is rare: a bot sends a few hundred
//! bytes a minute.

use std::io::{self, Write as _};
use std::net;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::{Sleep, sleep};

use crate::gateway::connection::read_ahead::ReadAhead;

const RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// A connected TCP stream.
#[derive(Debug)]
pub(crate) struct Tcp {
    stream: TcpStream,
    ahead: ReadAhead,
    /// Whether `ahead` holds bytes, for [`Unread`].
    has_ahead: Arc<AtomicBool>,
    writer: Option<DirectWriter>,
}

impl Tcp {
    /// Connects to the first address of the host that answers. Must be called on the runtime that
    /// reads; with `control`, writes need nothing of that runtime.
    pub(crate) async fn connect(
        host: &str,
        port: u16,
        control: Option<&Handle>,
    ) -> io::Result<Self> {
        let stream = TcpStream::connect((host, port)).await?;
        // Heartbeats and commands are small, and must not wait for one another.
        stream.set_nodelay(true)?;
        let Some(control) = control else {
            return Ok(Self {
                stream,
                ahead: ReadAhead::default(),
                has_ahead: Arc::default(),
                writer: None,
            });
        };
        let stream = stream.into_std()?;
        let writer = DirectWriter::new(&stream, control.clone())?;
        Ok(Self {
            stream: TcpStream::from_std(stream)?,
            ahead: ReadAhead::default(),
            has_ahead: Arc::default(),
            writer: Some(writer),
        })
    }

    /// Tells whether bytes lie unread in the socket, if it can be looked at without its runtime.
    pub(crate) fn unread(&self) -> Unread {
        let socket = |writer: &DirectWriter| Arc::clone(&writer.socket);
        Unread {
            socket: self.writer.as_ref().map(socket),
            has_ahead: Arc::clone(&self.has_ahead),
        }
    }
}

/// Tells whether bytes lie unread in a socket, or were only read ahead: a sign that its reader is behind.
#[derive(Debug)]
pub(crate) struct Unread {
    socket: Option<Arc<net::TcpStream>>,
    has_ahead: Arc<AtomicBool>,
}

impl Unread {
    /// For a socket that cannot be looked at.
    #[cfg(test)]
    pub(crate) fn never() -> Self {
        Self {
            socket: None,
            has_ahead: Arc::default(),
        }
    }

    /// Also true if the other side has closed, which the reader has yet to read.
    pub(crate) fn any(&self) -> bool {
        let socket = self.socket.as_ref();
        self.has_ahead.load(Ordering::Relaxed)
            || socket.is_some_and(|socket| socket.peek(&mut [0]).is_ok())
    }
}

/// Writes to a socket that no runtime waits for.
#[derive(Debug)]
struct DirectWriter {
    socket: Arc<net::TcpStream>,
    control: Handle,
    retry: Option<Pin<Box<Sleep>>>,
}

impl DirectWriter {
    fn new(socket: &net::TcpStream, control: Handle) -> io::Result<Self> {
        let socket = socket.try_clone()?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket: Arc::new(socket),
            control,
            retry: None,
        })
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            if let Some(retry) = &mut self.retry {
                ready!(retry.as_mut().poll(cx));
                self.retry = None;
            }
            match (&*self.socket).write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let _its_timers = self.control.enter();
                    self.retry = Some(Box::pin(sleep(RETRY_INTERVAL)));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                written => return Poll::Ready(written),
            }
        }
    }
}

impl AsyncRead for Tcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, ahead, .. } = &mut *self;
        let read = ahead.poll_read(stream, cx, buffer);
        self.has_ahead
            .store(self.ahead.has_bytes(), Ordering::Relaxed);
        read
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.writer {
            Some(writer) => writer.poll_write(cx, bytes),
            None => Pin::new(&mut self.stream).poll_write(cx, bytes),
        }
    }

    /// A socket has no buffer of its own to flush.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn bytes_that_were_read_ahead_are_unread() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut tcp = Tcp::connect("127.0.0.1", port, None).await.unwrap();
        let unread = tcp.unread();
        let (mut server, _) = listener.accept().await.unwrap();
        server.write_all(&[7; 3 * 4096]).await.unwrap();
        let mut buffer = [0; 4096];
        // Without a control thread, only what was read ahead can be seen.
        assert!(!unread.any());
        tcp.read_exact(&mut buffer).await.unwrap();
        tcp.read_exact(&mut buffer[..1]).await.unwrap();
        assert!(unread.any());
        tcp.read_exact(&mut buffer[1..]).await.unwrap();
        tcp.read_exact(&mut buffer).await.unwrap();
        assert!(!unread.any());
    }
}
