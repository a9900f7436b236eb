//! The websocket of a bot, and the TCP connection under it, which may be slow.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_tungstenite::WebSocketStream;

/// A bot's connection once it is a websocket.
pub(crate) type Socket = WebSocketStream<PacedStream>;

/// How many portions a second are written while it is slow.
const CHUNKS_PER_SECOND: u32 = 100;

/// How many bytes a second may be written to each connection. All connections share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace(Arc<AtomicU32>);

impl Pace {
    /// Sets the pace; none is unlimited.
    pub(crate) fn set(&self, bytes_per_second: Option<u32>) {
        let bytes = bytes_per_second.map_or(0, |bytes| bytes.max(1));
        self.0.store(bytes, Ordering::Relaxed);
    }

    fn get(&self) -> Option<u32> {
        let bytes = self.0.load(Ordering::Relaxed);
        (bytes > 0).then_some(bytes)
    }
}

#[derive(Debug)]
pub(crate) struct PacedStream {
    tcp: TcpStream,
    pace: Pace,
    /// Until when nothing more may be written, if it is slow.
    pause: Pin<Box<Sleep>>,
}

impl PacedStream {
    pub(crate) fn new(tcp: TcpStream, pace: Pace) -> Self {
        let pause = Box::pin(sleep_until(Instant::now()));
        Self { tcp, pace, pause }
    }

    pub(crate) fn tcp(&self) -> &TcpStream {
        &self.tcp
    }
}

impl AsyncRead for PacedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for PacedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some(pace) = self.pace.get() else {
            return Pin::new(&mut self.tcp).poll_write(context, bytes);
        };
        ready!(self.pause.as_mut().poll(context));
        let portion = usize::try_from(pace.div_ceil(CHUNKS_PER_SECOND)).unwrap_or(usize::MAX);
        let portion = &bytes[..portion.min(bytes.len())];
        let written = ready!(Pin::new(&mut self.tcp).poll_write(context, portion))?;
        let lasts = Duration::from_secs(1) * u32::try_from(written).unwrap_or(u32::MAX) / pace;
        self.pause.as_mut().reset(Instant::now() + lasts);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}
