//! From a WebSocket frame to the text of a payload.

use std::fmt::Display;
use std::ops::Deref;

use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::event::envelope::Envelope;
use crate::gateway::connection::inflate::Inflater;
use crate::gateway::protocol::disconnect::Disconnect;
use crate::gateway::shard::ShardTask;

pub(super) type Frame = Option<Result<Message, tungstenite::Error>>;

/// The text of a payload: of a frame, or in the inflater's buffer until the next one.
pub(super) enum Text<'i> {
    Plain(Utf8Bytes),
    Inflated(&'i str),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Inflated(text) => text,
        }
    }
}

impl ShardTask {
    /// The text of a frame. Returns `None` if the frame is a ping or pong, or a part of a
    /// compressed payload.
    pub(super) fn text<'i>(
        &self,
        frame: Frame,
        inflater: &'i mut Inflater,
    ) -> Result<Option<Text<'i>>, Disconnect> {
        match frame {
            // Against the protocol if compression was asked for, but readable all the same.
            Some(Ok(Message::Text(text))) => Ok(Some(Text::Plain(text))),
            Some(Ok(Message::Close(frame))) => {
                Err(Disconnect::Closed(frame.map(|frame| frame.code.into())))
            }
            Some(Ok(Message::Binary(bytes))) => match inflater.push(&bytes) {
                Ok(text) => Ok(text.map(Text::Inflated)),
                Err(mistake) => Err(self.malformed(&mistake)),
            },
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(None),
            Some(Err(error)) => {
                tracing::debug!(target: "smalld", shard = self.shard.id(), "{error}");
                Err(Disconnect::Lost)
            }
            None => Err(Disconnect::Lost),
        }
    }

    pub(super) fn envelope<'t>(&self, text: &'t str) -> Result<Envelope<'t>, Disconnect> {
        Envelope::parse(text).map_err(|mistake| self.malformed(&mistake))
    }

    pub(super) fn malformed(&self, reason: &dyn Display) -> Disconnect {
        let shard = self.shard.id();
        tracing::warn!(target: "smalld", shard, "malformed payload: {reason}");
        Disconnect::Malformed
    }
}
