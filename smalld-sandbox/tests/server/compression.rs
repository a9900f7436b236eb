//! Connections with compression.

use crate::common::{TIMEOUT, general_url, identify};
use flate2::{Decompress, FlushDecompress};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use smalld_sandbox::Sandbox;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A connection that asked for `zlib-stream`.
struct Compressed {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    stream: Decompress,
}

impl Compressed {
    async fn connect(sandbox: &Sandbox) -> Self {
        let url = general_url(sandbox);
        let url = format!("{url}/?v=10&encoding=json&compress=zlib-stream");
        Self {
            socket: connect_async(url).await.expect("connected").0,
            stream: Decompress::new(true),
        }
    }

    /// The next message, inflated.
    async fn payload(&mut self) -> Result<Value, flate2::DecompressError> {
        let message = timeout(TIMEOUT, self.socket.next()).await.expect("in time");
        let Some(Ok(Message::Binary(bytes))) = message else {
            panic!("no compressed message but {message:?}");
        };
        assert!(bytes.ends_with(&[0x00, 0x00, 0xff, 0xff]));
        let mut text = Vec::with_capacity(1 << 20);
        self.stream
            .decompress_vec(&bytes, &mut text, FlushDecompress::Sync)?;
        Ok(serde_json::from_slice(&text).expect("json"))
    }
}

#[tokio::test]
async fn everything_is_one_zlib_stream() {
    let sandbox = Sandbox::start().await.expect("started");
    let mut bot = Compressed::connect(&sandbox).await;
    assert_eq!(bot.payload().await.expect("hello")["op"], 10);
    let identify = identify(sandbox.token(), 1).to_string();
    bot.socket
        .send(Message::text(identify))
        .await
        .expect("sent");
    assert_eq!(bot.payload().await.expect("a session")["t"], "READY");
    assert_eq!(bot.payload().await.expect("a guild")["t"], "GUILD_CREATE");
    sandbox.split_frames(3);
    sandbox.dispatch("IN_PIECES", serde_json::json!({}));
    assert_eq!(bot.payload().await.expect("an event")["t"], "IN_PIECES");
    sandbox.corrupt_next();
    sandbox.dispatch("DAMAGED", serde_json::json!({}));
    assert!(bot.payload().await.is_err());
}
