//! From a WebSocket frame to the text of a payload.

use std::fmt::Display;
use std::ops::Deref;

use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::{Bytes, Message, Utf8Bytes};

use crate::event::envelope::Envelope;
use crate::gateway::connection::inflate::Inflater;
use crate::gateway::protocol::disconnect::Disconnect;
use crate::gateway::shard::ShardTask;

/// The memory of a larger frame is freed, see [`HugeFrame`].
const MAX_IDLE_FRAME: usize = 4 << 20;

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

/// The memory of a huge frame, held until tungstenite reads into other memory.
///
/// tungstenite's read buffer shares its memory with the frames that were read into it. When it is
/// used up and no frame holds that memory, tungstenite uses it again, all of it, for as long as the
/// connection lasts. If a frame still holds it, tungstenite allocates a small buffer instead.
#[derive(Default)]
pub(super) struct HugeFrame(Option<Bytes>);

impl HugeFrame {
    /// A frame was read.
    pub(super) fn read(&mut self, frame: &Frame) {
        // Once nobody else holds the memory, dropping this frees it.
        self.0.take_if(|bytes| bytes.is_unique());
        let bytes = match frame {
            Some(Ok(Message::Text(text))) if text.len() > MAX_IDLE_FRAME => text.clone().into(),
            Some(Ok(Message::Binary(bytes))) if bytes.len() > MAX_IDLE_FRAME => bytes.clone(),
            _ => return,
        };
        self.0 = Some(bytes);
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
            // With compression this breaks the protocol, but it can be read.
            Some(Ok(Message::Text(text))) => Ok(Some(Text::Plain(text))),
            Some(Ok(Message::Close(frame))) => {
                Err(Disconnect::Closed(frame.map(|frame| frame.code.into())))
            }
            Some(Ok(Message::Binary(bytes))) => match inflater.push(&bytes) {
                Ok(text) => Ok(text.map(Text::Inflated)),
                Err(error) => Err(self.malformed(&error)),
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
        Envelope::parse(text).map_err(|error| self.malformed(&error))
    }

    pub(super) fn malformed(&self, reason: &dyn Display) -> Disconnect {
        let shard = self.shard.id();
        tracing::warn!(target: "smalld", shard, "malformed payload: {reason}");
        Disconnect::Malformed
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket, WebSocketConfig};

    use super::*;

    fn frame(length: usize) -> Vec<u8> {
        let mut bytes = vec![0x81, 127];
        bytes.extend(u64::try_from(length).unwrap().to_be_bytes());
        bytes.resize(bytes.len() + length, b'x');
        bytes
    }

    #[test]
    fn the_memory_of_a_huge_frame_is_freed_soon() {
        let mut wire = frame(MAX_IDLE_FRAME + 1);
        for _ in 0..32 {
            wire.extend(frame(1000));
        }
        let config = WebSocketConfig::default().read_buffer_size(16 << 10);
        let mut socket = WebSocket::from_raw_socket(Cursor::new(wire), Role::Client, Some(config));
        let mut huge = HugeFrame::default();
        let mut read = || {
            huge.read(&Some(socket.read()));
            huge.0.is_some()
        };
        assert!(read(), "the read buffer may still share it");
        assert!((0..32).any(|_| !read()), "the read buffer has moved on");
    }
}
