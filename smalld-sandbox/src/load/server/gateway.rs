//! A connection of the gateway. What goes to the client are frames that others have encoded; what comes
//! from it is read for IDENTIFY and presence updates only.

use std::io::{self, Cursor};
use std::sync::Arc;

use serde::Deserialize;
use smalld_sandbox::traffic::Encoding;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;

use super::{ActionKind, Shared};

/// How many pieces may wait for the socket.
const PIECES: usize = 16;
/// A day. Acknowledgements could not stand within a prepared stream, so there are no heartbeats.
const HELLO: &str = r#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":86400000,"_trace":["[\"load\",{\"micros\":0.0}]"]}}"#;
const ACKNOWLEDGEMENT: &str = r#"{"t":null,"s":null,"op":11,"d":null}"#;
const HEARTBEAT: u8 = 1;
const IDENTIFY: u8 = 2;
const PRESENCE_UPDATE: u8 = 3;

#[derive(Deserialize)]
struct FromClient {
    op: u8,
    #[serde(default)]
    d: serde_json::Value,
}

pub(super) async fn serve(socket: TcpStream, read: Vec<u8>, shared: Arc<Shared>) -> io::Result<()> {
    let (reader, writer) = socket.into_split();
    let (sender, pieces) = mpsc::channel(PIECES);
    let hello = shared.encoder.first(HELLO).into();
    let _ = sender.send(hello).await;
    let mut client = Client {
        reader,
        buffer: read,
        sender,
        shared: &shared,
    };
    let ended = tokio::select! {
        ended = client.read_all() => ended,
        ended = write_all(writer, pieces) => ended,
    };
    shared.report(ActionKind::Disconnected).await;
    ended
}

async fn write_all(
    mut writer: OwnedWriteHalf,
    mut pieces: mpsc::Receiver<Bytes>,
) -> io::Result<()> {
    while let Some(piece) = pieces.recv().await {
        writer.write_all(&piece).await?;
    }
    Ok(())
}

struct Client<'s> {
    reader: OwnedReadHalf,
    buffer: Vec<u8>,
    sender: mpsc::Sender<Bytes>,
    shared: &'s Shared,
}

impl Client<'_> {
    async fn read_all(&mut self) -> io::Result<()> {
        loop {
            while let Some(frame) = take_frame(&mut self.buffer)? {
                // Frames that are not JSON are pings and close frames.
                if let Ok(payload) = serde_json::from_slice(&frame) {
                    self.take(payload).await;
                }
            }
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Ok(());
            }
        }
    }

    async fn take(&mut self, payload: FromClient) {
        match payload.op {
            IDENTIFY => {
                let ready = ready(self.shared, &payload.d["shard"]);
                let _ = self
                    .sender
                    .send(self.shared.encoder.single(&ready).into())
                    .await;
                let sender = self.sender.clone();
                self.shared.report(ActionKind::Identified(sender)).await;
            }
            PRESENCE_UPDATE => {
                let allocations = payload.d["allocations"].as_f64();
                let answered = ActionKind::Answered { allocations };
                self.shared.report(answered).await;
            }
            HEARTBEAT if self.shared.settings.encoding == Encoding::Plain => {
                let frame = self.shared.encoder.single(ACKNOWLEDGEMENT);
                let _ = self.sender.send(frame.into()).await;
            }
            _ => {}
        }
    }
}

fn ready(server: &Shared, shard: &serde_json::Value) -> String {
    let url = format!("ws://{}", server.address);
    let shard = match shard {
        serde_json::Value::Array(_) => shard.to_string(),
        _ => "[0,1]".to_owned(),
    };
    format!(
        r#"{{"t":"READY","s":1,"op":0,"d":{{"v":10,"user_settings":{{}},"user":{{"verified":true,"username":"Pocketwatch","mfa_enabled":true,"id":"1214490133659779074","global_name":null,"flags":0,"email":null,"discriminator":"4471","bot":true,"avatar":null}},"shard":{shard},"session_type":"normal","session_id":"7c1f0e9a4b2d4e6f8a90b1c2d3e4f506","resume_gateway_url":"{url}","relationships":[],"private_channels":[],"presences":[],"guilds":[],"guild_join_requests":[],"geo_ordered_rtc_regions":[],"auth":{{}},"application":{{"id":"1214490133659779074","flags":565248}},"_trace":[]}}}}"#
    )
}

/// Takes the next whole frame off the buffer, unmasked.
fn take_frame(buffer: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    let mut cursor = Cursor::new(&*buffer);
    let parsed = FrameHeader::parse(&mut cursor).map_err(io::Error::other)?;
    let Some((header, length)) = parsed else {
        return Ok(None);
    };
    let too_long = |_| io::ErrorKind::InvalidData;
    let start = usize::try_from(cursor.position()).map_err(too_long)?;
    let end = start + usize::try_from(length).map_err(too_long)?;
    if buffer.len() < end {
        return Ok(None);
    }
    let mut frame = buffer[start..end].to_vec();
    if let Some(mask) = header.mask {
        for (byte, mask) in frame.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
    }
    buffer.drain(..end);
    Ok(Some(frame))
}
