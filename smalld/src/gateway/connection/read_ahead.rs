//! Read buffer of a connection, which exists only while more arrives than the reader asks for.
//!
//! The WebSocket library has a read buffer of a fixed size. A large one costs memory for each quiet
//! shard, a small one costs a system call for every few events of a flood. So that buffer is small, and
//! this one takes what has arrived in one system call.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::io::poll_read_buf;

/// A larger buffer reads a flood no faster.
const CAPACITY: usize = 64 << 10;

/// Bytes that were read before they were asked for.
#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    bytes: Vec<u8>,
    /// The bytes before are used.
    start: usize,
    /// The last read filled the buffer that it was given, so there may be more.
    expects_more: bool,
}

impl ReadAhead {
    /// Whether bytes were read that nobody has asked for yet.
    pub(super) fn has_bytes(&self) -> bool {
        self.start < self.bytes.len()
    }

    pub(super) fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.has_bytes() {
            if !self.expects_more {
                self.free();
                let free = out.remaining();
                let before = out.filled().len();
                ready!(Pin::new(stream).poll_read(cx, out))?;
                self.expects_more = out.filled().len() - before == free;
                return Poll::Ready(Ok(()));
            }
            let Poll::Ready(filled) = self.poll_fill(stream, cx) else {
                self.free();
                return Poll::Pending;
            };
            filled?;
        }
        self.copy_to(out);
        Poll::Ready(Ok(()))
    }

    fn poll_fill<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.bytes.clear();
        self.start = 0;
        self.bytes.reserve_exact(CAPACITY);
        poll_read_buf(Pin::new(stream), cx, &mut self.bytes)
    }

    fn copy_to(&mut self, out: &mut ReadBuf<'_>) {
        let unread = &self.bytes[self.start..];
        self.expects_more = unread.len() >= out.remaining() && !unread.is_empty();
        let count = unread.len().min(out.remaining());
        out.put_slice(&unread[..count]);
        self.start += count;
    }

    fn free(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    struct Stream(DuplexStream, ReadAhead);

    impl AsyncRead for Stream {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            out: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let Self(stream, ahead) = &mut *self;
            ahead.poll_read(stream, cx, out)
        }
    }

    #[tokio::test]
    async fn a_flood_is_read_ahead_and_the_buffer_is_freed_after_it() {
        let (mut server, client) = tokio::io::duplex(1 << 20);
        let mut stream = Stream(client, ReadAhead::default());
        let sent: Vec<u8> = (0..200_000_u32).map(|i| i.to_le_bytes()[1]).collect();
        let (mut received, mut buffer, mut largest) = (Vec::new(), [0; 4096], 0);
        server.write_all(&sent).await.unwrap();
        while received.len() < sent.len() {
            let count = stream.read(&mut buffer).await.unwrap();
            received.extend_from_slice(&buffer[..count]);
            largest = largest.max(stream.1.bytes.capacity());
        }
        assert!(received == sent);
        assert_eq!(largest, CAPACITY);
        assert_eq!(stream.read(&mut buffer).now_or_never().map(drop), None);
        assert_eq!(stream.1.bytes.capacity(), 0);
        server.write_all(b"one more").await.unwrap();
        assert_eq!(stream.read(&mut buffer).await.unwrap(), 8);
        assert_eq!(stream.1.bytes.capacity(), 0);
    }

    #[tokio::test]
    async fn the_end_of_the_stream_is_read_once_all_bytes_are() {
        let (mut server, client) = tokio::io::duplex(1 << 20);
        let mut stream = Stream(client, ReadAhead::default());
        server.write_all(&[7; 8192]).await.unwrap();
        drop(server);
        let mut received = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            match stream.read(&mut buffer).await.unwrap() {
                0 => break,
                count => received.extend_from_slice(&buffer[..count]),
            }
        }
        assert_eq!(received, [7; 8192]);
    }
}
