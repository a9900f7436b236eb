//! From a WebSocket message to the text of a payload.

use std::fmt::Display;

use crate::event::envelope::Envelope;
use crate::gateway::connection::inflate::Inflater;
use crate::gateway::connection::websocket::reader::{Message, ReadError};
use crate::gateway::protocol::disconnect::Disconnect;
use crate::gateway::shard::ShardTask;

impl ShardTask {
    /// The text of a message: its own, or in the inflater's buffer until the next one. Returns `None` if
    /// the message is a ping or pong, or a part of a compressed payload.
    pub(super) fn text<'m>(
        &self,
        message: Result<Message<'m>, ReadError>,
        inflater: &'m mut Inflater,
    ) -> Result<Option<&'m str>, Disconnect> {
        match message {
            // With compression this breaks the protocol, but it can be read.
            Ok(Message::Text(text)) => Ok(Some(text)),
            Ok(Message::Binary(bytes)) => {
                inflater.push(bytes).map_err(|error| self.malformed(&error))
            }
            Ok(Message::Ping(_) | Message::Pong) => Ok(None),
            Ok(Message::Close(code)) => Err(Disconnect::Closed(code)),
            Err(error) => {
                tracing::debug!(target: "smalld", shard = self.shard.id(), "{error}");
                Err(Disconnect::Lost)
            }
        }
    }

    pub(super) fn envelope<'t>(&self, text: &'t str) -> Result<Envelope<'t>, Disconnect> {
        Envelope::parse(text).map_err(|error| self.malformed(&error))
    }

    pub(super) fn malformed(&self, reason: &dyn Display) -> Disconnect {
        let shard = self.shard.id();
        tracing::warn!(target: "smalld", shard, "malformed payload: {reason}");
        Disconnect::Malformed
    }
}
