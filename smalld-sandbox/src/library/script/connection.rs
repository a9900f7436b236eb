//! One gateway connection that the test serves.

use std::fmt;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::received::Received;
use crate::gateway::entrance::Entrance;
use crate::gateway::socket::Socket;
use crate::hub::stage::{Guest, Opening};

/// How long a bot has to answer a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// A gateway connection that the test serves; see [`Script::connection`](crate::Script::connection).
///
/// Only the test sends, except for pongs and answers to close frames, which go out while it receives.
/// The methods that send wait until the system has taken everything, which for a large message is when
/// the bot reads. They return false if the bot is gone. Dropping a connection is like
/// [`cut`](Self::cut).
///
/// A script receives what the bot sent, including the token.
pub struct Connection {
    socket: Socket,
    opening: Opening,
    ready: Value,
    silence: oneshot::Sender<Socket>,
    answers_heartbeats: bool,
}

/// What the bot asked for when it connected.
impl Connection {
    pub(super) fn new(guest: Guest) -> Self {
        Self {
            socket: guest.socket,
            opening: guest.opening,
            ready: guest.ready,
            silence: guest.silence,
            answers_heartbeats: false,
        }
    }

    /// Whether the bot came to the `resume_gateway_url` of READY instead of the general one.
    #[must_use]
    pub fn to_resume_url(&self) -> bool {
        self.opening.entrance == Entrance::Resume
    }

    /// Path and query of the upgrade as they were sent, such as `/?v=10&encoding=json`.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.opening.target
    }

    /// The value of the upgrade's first header of this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.opening.headers.iter();
        let header = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        header.map(|(_, value)| value.as_str())
    }
}

/// Frames to the bot.
impl Connection {
    /// Sends a payload as a text message.
    pub async fn send(&mut self, payload: impl Into<Value>) -> bool {
        let text = payload.into().to_string();
        self.send_message(Message::from(text)).await
    }

    /// Sends any text message.
    pub async fn send_text(&mut self, text: impl AsRef<str>) -> bool {
        self.send_message(Message::from(text.as_ref())).await
    }

    /// Sends a binary message.
    pub async fn send_binary(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.send_message(Message::from(bytes.as_ref().to_vec()))
            .await
    }

    /// Sends one text message in as many frames as there are pieces: a text frame, then continuations.
    /// Without pieces nothing is sent.
    pub async fn send_pieces<P: AsRef<str>>(
        &mut self,
        pieces: impl IntoIterator<Item = P>,
    ) -> bool {
        let pieces: Vec<String> = pieces
            .into_iter()
            .map(|piece| piece.as_ref().to_owned())
            .collect();
        let last = pieces.len().saturating_sub(1);
        for (nth, piece) in pieces.into_iter().enumerate() {
            let kind = if nth == 0 { Data::Text } else { Data::Continue };
            let frame = Frame::message(piece, OpCode::Data(kind), nth == last);
            if !self.send_message(Message::Frame(frame)).await {
                return false;
            }
        }
        true
    }

    /// Sends raw bytes on the TCP connection: half a frame, a frame byte by byte, or an invalid frame.
    pub async fn send_bytes(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let stream = self.socket.get_mut();
        stream.write_all(bytes.as_ref()).await.is_ok() && stream.flush().await.is_ok()
    }

    /// Sends a WebSocket ping of at most 125 bytes.
    pub async fn ping(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let bytes = bytes.as_ref().to_vec();
        self.send_message(Message::Ping(bytes.into())).await
    }

    /// Sends only a close frame, with this code or without a status. What the bot sends afterwards can
    /// still be received.
    pub async fn send_close(&mut self, code: impl Into<Option<u16>>) -> bool {
        let frame = code.into().map(|code| CloseFrame {
            code: code.into(),
            reason: "".into(),
        });
        self.send_message(Message::Close(frame)).await
    }

    async fn send_message(&mut self, message: Message) -> bool {
        self.socket.send(message).await.is_ok()
    }
}

/// Shorthands for common payloads.
impl Connection {
    /// Sends HELLO with this heartbeat interval, in whole milliseconds.
    pub async fn hello(&mut self, interval: Duration) -> bool {
        let millis = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        let d = json!({ "heartbeat_interval": millis });
        self.send(json!({ "t": null, "s": null, "op": 10, "d": d }))
            .await
    }

    /// Sends the sandbox's own READY, with its resume URL, the bot as `user`, and this session id.
    pub async fn ready(&mut self, session_id: impl AsRef<str>, s: u64) -> bool {
        let mut d = self.ready.clone();
        d["session_id"] = json!(session_id.as_ref());
        self.dispatch("READY", s, d).await
    }

    /// Sends RESUMED, which ends a replay.
    pub async fn resumed(&mut self, s: u64) -> bool {
        self.dispatch("RESUMED", s, json!({ "_trace": [] })).await
    }

    /// Sends a dispatch with this event name and sequence number.
    pub async fn dispatch(&mut self, t: impl AsRef<str>, s: u64, d: impl Into<Value>) -> bool {
        let (t, d) = (t.as_ref(), d.into());
        self.send(json!({ "t": t, "s": s, "op": 0, "d": d })).await
    }

    /// Sends the dispatch `TEST_EVENT` with this sequence number, which is also the `n` in its `d`.
    pub async fn event(&mut self, s: u64) -> bool {
        self.dispatch("TEST_EVENT", s, json!({ "n": s })).await
    }

    /// Acknowledges a heartbeat.
    pub async fn ack(&mut self) -> bool {
        self.send(json!({ "t": null, "s": null, "op": 11, "d": null }))
            .await
    }
}

/// Frames from the bot.
impl Connection {
    /// The next message, or [`Received::Nothing`] if the time is over.
    pub async fn receive(&mut self, at_most: Duration) -> Received {
        self.receive_until(Instant::now() + at_most).await
    }

    /// The next payload, also if it is a heartbeat; pings and pongs are skipped. None if anything else
    /// comes first, including the end of the connection, or if the time is over.
    pub async fn payload(&mut self, at_most: Duration) -> Option<Value> {
        let deadline = Instant::now() + at_most;
        loop {
            match self.receive_until(deadline).await {
                Received::Payload(payload) => return Some(payload),
                Received::Ping(_) | Received::Pong(_) => {}
                _ => return None,
            }
        }
    }

    /// The next payload with this opcode; everything before it is skipped, up to the bot's close frame.
    /// None if the connection ends first, or if the time is over.
    pub async fn payload_of(&mut self, op: u64, at_most: Duration) -> Option<Value> {
        let deadline = Instant::now() + at_most;
        loop {
            match self.receive_until(deadline).await {
                Received::Payload(payload) if payload["op"] == op => return Some(payload),
                Received::Close(_) | Received::Gone | Received::Nothing => return None,
                _ => {}
            }
        }
    }

    /// Whether heartbeats are acknowledged from now on as soon as a method receives them; the method
    /// still returns them. While the test does not receive, nothing is acknowledged. By default they are
    /// not.
    pub fn answer_heartbeats(&mut self, answer: bool) {
        self.answers_heartbeats = answer;
    }

    async fn receive_until(&mut self, deadline: Instant) -> Received {
        let received = loop {
            match timeout_at(deadline, self.socket.next()).await {
                // tungstenite returns single frames only on request.
                Ok(Some(Ok(Message::Frame(_)))) => {}
                Ok(Some(Ok(message))) => break Received::from(message),
                Ok(Some(Err(_)) | None) => return Received::Gone,
                Err(_) => return Received::Nothing,
            }
        };
        if self.answers_heartbeats && received.is_heartbeat() {
            self.ack().await;
        }
        received
    }
}

/// The end.
impl Connection {
    /// Sends a close frame, with this code or without a status, and reads until the bot is gone, for at
    /// most two seconds.
    pub async fn close(mut self, code: impl Into<Option<u16>>) {
        if self.send_close(code).await {
            let gone = async { while let Some(Ok(_)) = self.socket.next().await {} };
            // A bot that does not close is dropped.
            let _ = timeout(CLOSE_TIMEOUT, gone).await;
        }
    }

    /// Drops the TCP connection without a close frame. The bot can read what was sent before.
    pub fn cut(self) {}

    /// Resets the TCP connection: the bot gets an error, possibly before it has read everything.
    pub fn reset(self) {
        // An error means that the connection is gone already.
        let _ = self.socket.get_ref().tcp().set_zero_linger();
    }

    /// Leaves the TCP connection open, but reads, sends and answers nothing on it any more, until the
    /// [`Script`](crate::Script) or the sandbox is dropped.
    pub fn keep_silent(self) {
        // An error means that the sandbox has stopped.
        let _ = self.silence.send(self.socket);
    }
}

impl Received {
    fn is_heartbeat(&self) -> bool {
        matches!(self, Self::Payload(payload) if payload["op"] == 1)
    }
}

impl From<Message> for Received {
    fn from(message: Message) -> Self {
        match message {
            Message::Text(text) => serde_json::from_str(&text)
                .map_or_else(|_| Self::Text(text.to_string()), Self::Payload),
            Message::Ping(bytes) => Self::Ping(bytes.to_vec()),
            Message::Pong(bytes) => Self::Pong(bytes.to_vec()),
            Message::Close(frame) => Self::Close(frame.map(|frame| frame.code.into())),
            other => Self::Binary(other.into_data().to_vec()),
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("target", &self.target())
            .field("to_resume_url", &self.to_resume_url())
            .finish_non_exhaustive()
    }
}
