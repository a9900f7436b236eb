//! Frames to a stream of bytes, each flushed.

use std::io;

use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::gateway::connection::websocket::frame::{Opcode, encode};
use crate::gateway::connection::websocket::random;

/// Writes messages.
pub(crate) struct Writer<S>(S);

impl<S: AsyncWrite + Unpin> Writer<S> {
    pub(in crate::gateway) fn new(stream: S) -> Self {
        Self(stream)
    }

    pub(in crate::gateway) async fn text(&mut self, text: &str) -> io::Result<()> {
        self.send(Opcode::Text, text.as_bytes()).await
    }

    /// Answers a ping with its own bytes.
    pub(in crate::gateway) async fn pong(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.send(Opcode::Pong, bytes).await
    }

    pub(in crate::gateway) async fn close(&mut self, code: u16) -> io::Result<()> {
        self.send(Opcode::Close, &code.to_be_bytes()).await
    }

    /// Must be awaited to its end: a frame that was written in part breaks the connection.
    async fn send(&mut self, opcode: Opcode, payload: &[u8]) -> io::Result<()> {
        let frame = encode(opcode, payload, random()?);
        self.0.write_all(&frame).await?;
        self.0.flush().await
    }
}
