//! Sends IDENTIFY or RESUME, the two payloads that hold the token.

use futures_util::SinkExt;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::gateway::connection::connect::Socket;

/// Writes the frame beneath the WebSocket library, because that writes every frame to the log (at
/// trace level, the payload included), and the token must not stand in any log.
///
/// Nothing else may be waiting to be written; right after HELLO nothing is but perhaps a pong,
/// which goes first.
pub(crate) async fn send(socket: &mut Socket, text: String) -> Result<(), ()> {
    let mut frame = Frame::message(text, OpCode::Data(Data::Text), true);
    frame.header_mut().mask = Some(fastrand::u32(..).to_ne_bytes());
    let mut bytes = Vec::with_capacity(frame.len());
    frame.format(&mut bytes).map_err(drop)?;
    socket.flush().await.map_err(drop)?;
    let raw = socket.get_mut();
    raw.write_all(&bytes).await.map_err(drop)?;
    raw.flush().await.map_err(drop)
}
