//! A gateway connection: frames in, texts out, until either side ends it. The two directions do not
//! wait for each other, so a bot that reads slowly can still send.

use std::ops::ControlFlow;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};

use crate::gateway::close::{self, Close};
use crate::gateway::compression::Compression;
use crate::gateway::connections::{ConnectionId, Ending, Inbox};
use crate::gateway::entrance::Entrance;
use crate::gateway::socket::Socket;
use crate::hub::Hub;
use crate::hub::happening::Happening;
use crate::server::conversation::Conversation;
use crate::server::outgoing::{CLOSE_TIMEOUT, Writer, cut};

/// Larger frames are not read into memory.
const MAX_FRAME_BYTES: usize = 64 << 10;

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum Disconnect {
    /// The bot sent a close frame, perhaps without a code, or disappeared.
    ByBot {
        code: Option<u16>,
        reason: String,
    },
    ByUs(Close),
    Asked(Ending),
}

pub(crate) fn websocket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(MAX_FRAME_BYTES))
        .max_frame_size(Some(MAX_FRAME_BYTES))
}

/// Serves a websocket to its end.
pub(crate) async fn serve(
    hub: Arc<Hub>,
    socket: Socket,
    entrance: Entrance,
    compression: Compression,
) {
    let (id, inbox) = hub.connected(entrance);
    let mut guard = ConnectionGuard {
        hub: &hub,
        id,
        ended: false,
    };
    let Inbox { texts, mut ending } = inbox;
    let (sink, mut stream) = socket.split();
    let mut writer = Writer::new(sink, texts, compression);
    let end = converse(&hub, id, &mut writer, &mut stream, &mut ending).await;
    if let Disconnect::Asked(Ending::Hang) = end {
        // Until the sandbox stops, or the test cuts the connection.
        cut(&mut ending).await;
    }
    // From now on the session can be resumed, however long the close handshake takes.
    guard.end(&end);
    match end {
        Disconnect::ByUs(close) => {
            let frame = close.frame();
            writer.close_handshake(stream, &mut ending, frame).await;
        }
        Disconnect::Asked(Ending::Close(code, reason)) => {
            let frame = CloseFrame {
                code: code.into(),
                reason: reason.into(),
            };
            writer.close_handshake(stream, &mut ending, frame).await;
        }
        Disconnect::ByBot { .. } => writer.close().await,
        Disconnect::Asked(Ending::Hang | Ending::Cut) => {}
    }
}

/// Closes a connection that asked for an unknown version.
pub(crate) async fn refuse(mut socket: Socket, close: Close) {
    // An error means that the bot is gone already.
    let _ = timeout(CLOSE_TIMEOUT, socket.close(Some(close.frame()))).await;
}

/// Reports the end of a connection, once, also if the future that serves it is dropped.
struct ConnectionGuard<'h> {
    hub: &'h Hub,
    id: ConnectionId,
    ended: bool,
}

impl ConnectionGuard<'_> {
    fn end(&mut self, end: &Disconnect) {
        let (code, reason, by_bot) = match end {
            Disconnect::ByBot { code, reason } => (*code, reason.as_str(), true),
            Disconnect::ByUs(close) => (Some(close.code), close.reason, false),
            Disconnect::Asked(Ending::Close(code, reason)) => (Some(*code), reason.as_str(), false),
            Disconnect::Asked(Ending::Hang | Ending::Cut) => (None, "", false),
        };
        // According to the documentation this ends a session; after anything else it can be
        // resumed.
        let over = matches!(end, Disconnect::ByUs(close) if *close == close::SESSION_TIMED_OUT)
            || by_bot && !close::keeps_session(code);
        let reason = reason.to_owned();
        self.ended = true;
        self.hub.ended(
            self.id,
            !over,
            Happening::Disconnected {
                code,
                reason,
                by_bot,
            },
        );
    }
}

impl Drop for ConnectionGuard<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.end(&Disconnect::Asked(Ending::Cut));
        }
        self.hub.closed(self.id);
    }
}

/// Reads and writes until there is a reason to end.
async fn converse(
    hub: &Hub,
    id: ConnectionId,
    writer: &mut Writer,
    stream: &mut SplitStream<Socket>,
    ending: &mut watch::Receiver<Option<Ending>>,
) -> Disconnect {
    let mut conversation = Conversation::new(hub, id);
    hub.send(id, &conversation.hello());
    tokio::select! {
        biased;
        ending = asked_to_end(ending) => Disconnect::Asked(ending),
        end = listen(&mut conversation, stream) => end,
        () = writer.write_all() => Disconnect::ByBot { code: None, reason: String::new() },
    }
}

async fn asked_to_end(ending: &mut watch::Receiver<Option<Ending>>) -> Ending {
    match ending.wait_for(Option::is_some).await {
        Ok(planned) => planned.clone().unwrap_or(Ending::Cut),
        // The sandbox is gone.
        Err(_) => Ending::Cut,
    }
}

async fn listen(
    conversation: &mut Conversation<'_>,
    stream: &mut SplitStream<Socket>,
) -> Disconnect {
    loop {
        let frame = tokio::select! {
            biased;
            frame = stream.next() => frame,
            () = sleep_until(conversation.wakes_at()) => {
                if let ControlFlow::Break(end) = conversation.wake(Instant::now()) {
                    return end;
                }
                continue;
            }
        };
        if let ControlFlow::Break(end) = conversation.take(frame) {
            return end;
        }
    }
}
