//! Sending of IDENTIFY and RESUME, the two payloads that hold the token.

use futures_util::SinkExt;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::gateway::connection::connect::Socket;

/// Writes the frame directly to the stream below the WebSocket library, because that library logs every
/// frame with its payload at trace level, and the token must not appear in any log.
///
/// No other frame may be buffered. Right after HELLO there can be only a pong, which is flushed first.
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
