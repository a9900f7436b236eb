//! Read buffer of a connection. It is as large as what arrives at once, and small on a quiet connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncRead;
use tokio_util::io::poll_read_buf;

/// The capacity of a quiet connection.
pub(super) const MIN_CAPACITY: usize = 4 << 10;
/// The capacity for a flood of small messages. A larger one reads no faster.
const MAX_READ_CAPACITY: usize = 64 << 10;
/// The capacity that is reserved for a frame because its header says so. For more, its bytes have to
/// arrive.
const MAX_RESERVED: usize = 1 << 20;

pub(super) struct ReadBuffer {
    bytes: Vec<u8>,
    /// The bytes before are used.
    start: usize,
    /// The capacity for the next read.
    capacity: usize,
    /// The largest capacity that was needed since the buffer was last shrunk.
    needed: usize,
}

impl ReadBuffer {
    /// A buffer that contains bytes which were read already.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            start: 0,
            capacity: MIN_CAPACITY,
            needed: 0,
        }
    }

    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(super) fn consume(&mut self, length: usize) {
        self.start = (self.start + length).min(self.bytes.len());
    }

    /// Reads what the stream has, into free capacity. `frame` is the length of the unread frame, as far
    /// as it is known. Ready with 0 at the end of the stream.
    pub(super) fn poll_fill<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
        frame: usize,
    ) -> Poll<io::Result<usize>> {
        // What is left is a part of one frame.
        self.bytes.drain(..self.start);
        self.start = 0;
        let arrived = self.bytes.len();
        let frame = frame.min(MAX_RESERVED.max(2 * arrived));
        let capacity = self.capacity.max(frame);
        if self.bytes.capacity() < capacity {
            self.bytes.reserve_exact(capacity - arrived);
        }
        let read = ready!(poll_read_buf(Pin::new(stream), cx, &mut self.bytes))?;
        self.needed = self.needed.max(self.bytes.len());
        if self.bytes.len() == self.bytes.capacity() {
            // There may be more.
            self.capacity = (2 * self.capacity).min(MAX_READ_CAPACITY);
        }
        Poll::Ready(Ok(read))
    }

    pub(super) fn is_large(&self) -> bool {
        self.bytes.capacity() > MIN_CAPACITY
    }

    /// Frees the capacity that was not needed since the last call.
    pub(super) fn shrink(&mut self) {
        let needed = self.needed.next_power_of_two().max(MIN_CAPACITY);
        self.needed = 0;
        self.capacity = self.capacity.min(needed);
        if self.unread().is_empty() && self.bytes.capacity() > needed {
            (self.bytes, self.start) = (Vec::new(), 0);
        }
    }
}
