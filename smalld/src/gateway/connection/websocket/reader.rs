//! Messages from a stream of bytes. They are lent from the read buffer.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncRead;

use crate::gateway::connection::websocket::buffer::{MIN_CAPACITY, ReadBuffer};
use crate::gateway::connection::websocket::frame::{Header, Opcode, close_code};

/// A message of the server, valid until the next is read.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Message<'r> {
    Text(&'r str),
    Binary(&'r [u8]),
    /// The server wants these bytes back.
    Ping(&'r [u8]),
    Pong,
    Close(Option<u16>),
}

/// Why there are no more messages.
#[derive(Debug)]
pub(in crate::gateway) enum ReadError {
    Io(io::Error),
    /// The stream ended without a close frame.
    Ended,
    /// The server broke the protocol.
    Protocol(&'static str),
}

/// Reads messages.
pub(crate) struct Reader<S> {
    stream: S,
    buffer: ReadBuffer,
    /// The length of the frame at the start of the buffer that was lent.
    lent: usize,
    /// A message that comes in several frames.
    pieces: Pieces,
    max_bytes: usize,
}

#[derive(Default)]
struct Pieces {
    /// The opcode of the first frame, until the last has come.
    opcode: Option<Opcode>,
    bytes: Vec<u8>,
}

/// Where a complete message is.
enum Complete {
    /// In the frame at the start of the buffer.
    Frame(Header),
    Pieces(Opcode),
}

impl<S: AsyncRead + Unpin> Reader<S> {
    /// `read` was read from the stream already. A message may have `max_bytes`.
    pub(in crate::gateway) fn new(stream: S, read: Vec<u8>, max_bytes: usize) -> Self {
        Self {
            stream,
            buffer: ReadBuffer::new(read),
            lent: 0,
            pieces: Pieces::default(),
            max_bytes,
        }
    }

    /// The next message. Loses nothing if it is dropped before it is ready.
    pub(in crate::gateway) async fn next(&mut self) -> Result<Message<'_>, ReadError> {
        let complete = poll_fn(|cx| self.poll_complete(cx)).await?;
        let (opcode, bytes) = match complete {
            Complete::Pieces(opcode) => (opcode, self.pieces.bytes.as_slice()),
            Complete::Frame(header) => {
                let frame = self.buffer.unread();
                (header.opcode, &frame[header.length..self.lent])
            }
        };
        Ok(match opcode {
            Opcode::Text => Message::Text(
                std::str::from_utf8(bytes)
                    .map_err(|_| ReadError::Protocol("a text is not valid UTF-8"))?,
            ),
            Opcode::Binary | Opcode::Continuation => Message::Binary(bytes),
            Opcode::Ping => Message::Ping(bytes),
            Opcode::Pong => Message::Pong,
            Opcode::Close => Message::Close(close_code(bytes)),
        })
    }

    fn poll_complete(&mut self, cx: &mut Context<'_>) -> Poll<Result<Complete, ReadError>> {
        self.release();
        loop {
            let max = self.max_bytes.saturating_sub(self.pieces.bytes.len());
            let unread = self.buffer.unread();
            let header = Header::parse(unread, max).map_err(ReadError::Protocol)?;
            let frame = header.map_or(0, |header| header.length + header.payload);
            if let Some(header) = header
                && frame <= unread.len()
            {
                self.lent = frame;
                match self.take(header)? {
                    Some(complete) => return Poll::Ready(Ok(complete)),
                    None => continue,
                }
            }
            let read = ready!(self.buffer.poll_fill(&mut self.stream, cx, frame));
            if read.map_err(ReadError::Io)? == 0 {
                return Poll::Ready(Err(ReadError::Ended));
            }
        }
    }

    /// Releases the message that was lent last.
    fn release(&mut self) {
        self.buffer.consume(self.lent);
        self.lent = 0;
        if self.pieces.opcode.is_none() {
            self.pieces.bytes.clear();
            self.pieces.bytes.shrink_to(MIN_CAPACITY);
        }
    }

    /// Takes a complete frame. Returns `None` if its message is not complete.
    fn take(&mut self, header: Header) -> Result<Option<Complete>, ReadError> {
        let pieces = &mut self.pieces;
        match (header.opcode, pieces.opcode) {
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => {
                return Ok(Some(Complete::Frame(header)));
            }
            (Opcode::Text | Opcode::Binary, None) if header.is_final => {
                return Ok(Some(Complete::Frame(header)));
            }
            (opcode @ (Opcode::Text | Opcode::Binary), None) => pieces.opcode = Some(opcode),
            (Opcode::Continuation, Some(_)) => {}
            (Opcode::Continuation, None) => {
                return Err(ReadError::Protocol("a message starts with a continuation"));
            }
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                return Err(ReadError::Protocol("a message starts inside another"));
            }
        }
        let piece = &self.buffer.unread()[header.length..self.lent];
        pieces.bytes.extend_from_slice(piece);
        self.buffer.consume(self.lent);
        self.lent = 0;
        let opcode = pieces.opcode.take_if(|_| header.is_final);
        Ok(opcode.map(Complete::Pieces))
    }

    /// Whether the buffer is larger than a quiet connection needs.
    pub(in crate::gateway) fn is_large(&self) -> bool {
        self.buffer.is_large()
    }

    /// Frees the memory that was not needed since the last call.
    pub(in crate::gateway) fn shrink(&mut self) {
        if self.lent == 0 {
            self.buffer.shrink();
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Ended => f.write_str("the stream ended without a close frame"),
            Self::Protocol(broken) => f.write_str(broken),
        }
    }
}
