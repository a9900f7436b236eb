//! One connection: frames in, texts out, until either side has enough. The two directions do not
//! wait for each other, so that a bot which reads slowly can still be heard.

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
use crate::server::outgoing::{FAREWELL, Speaker, cut};

/// Frames beyond this are not even taken into memory.
const MOST_FRAME_BYTES: usize = 64 << 10;

/// How it came to an end.
#[derive(Debug)]
pub(super) enum End {
    /// The bot sent a close frame, perhaps without a code, or is just gone.
    ByBot {
        code: Option<u16>,
        reason: String,
    },
    ByUs(Close),
    Asked(Ending),
}

pub(crate) fn websocket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(MOST_FRAME_BYTES))
        .max_frame_size(Some(MOST_FRAME_BYTES))
}

/// Serves a bot that has just upgraded its connection.
pub(crate) async fn serve(
    hub: Arc<Hub>,
    socket: Socket,
    entrance: Entrance,
    compression: Compression,
) {
    let (id, inbox) = hub.connected(entrance);
    let mut presence = Presence {
        hub: &hub,
        id,
        ended: false,
    };
    let Inbox {
        letters,
        mut ending,
    } = inbox;
    let (sink, mut stream) = socket.split();
    let mut speaker = Speaker::new(sink, letters, compression);
    let end = converse(&hub, id, &mut speaker, &mut stream, &mut ending).await;
    if let End::Asked(Ending::Hang) = end {
        // Until the sandbox stops, or somebody cuts what hangs.
        cut(&mut ending).await;
    }
    // The session is free from here on, however long the bot takes to say goodbye.
    presence.end(&end);
    match end {
        End::ByUs(close) => {
            let frame = close.frame();
            speaker.say_goodbye(stream, &mut ending, frame).await;
        }
        End::Asked(Ending::Close(code, reason)) => {
            let frame = CloseFrame {
                code: code.into(),
                reason: reason.into(),
            };
            speaker.say_goodbye(stream, &mut ending, frame).await;
        }
        End::ByBot { .. } => speaker.close().await,
        End::Asked(Ending::Hang | Ending::Cut) => {}
    }
}

/// A version we do not speak is told so in the websocket's own way.
pub(crate) async fn refuse(mut socket: Socket, close: Close) {
    // If the bot is gone already, there is nobody left to tell.
    let _ = timeout(FAREWELL, socket.close(Some(close.frame()))).await;
}

/// That a connection is there. Its end is told once, also if the sandbox stops and the future that
/// serves it is dropped in the middle.
struct Presence<'h> {
    hub: &'h Hub,
    id: ConnectionId,
    ended: bool,
}

impl Presence<'_> {
    fn end(&mut self, end: &End) {
        let (code, reason, by_bot) = match end {
            End::ByBot { code, reason } => (*code, reason.as_str(), true),
            End::ByUs(close) => (Some(close.code), close.reason, false),
            End::Asked(Ending::Close(code, reason)) => (Some(*code), reason.as_str(), false),
            End::Asked(Ending::Hang | Ending::Cut) => (None, "", false),
        };
        // What the documentation calls the end of a session; all else can be resumed.
        let over = matches!(end, End::ByUs(close) if *close == close::SESSION_TIMED_OUT)
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

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.end(&End::Asked(Ending::Cut));
        }
        self.hub.closed(self.id);
    }
}

/// Listens and speaks until there is a reason to end.
async fn converse(
    hub: &Hub,
    id: ConnectionId,
    speaker: &mut Speaker,
    stream: &mut SplitStream<Socket>,
    ending: &mut watch::Receiver<Option<Ending>>,
) -> End {
    let mut conversation = Conversation::new(hub, id);
    hub.send(id, &conversation.hello());
    tokio::select! {
        biased;
        ending = asked_to_end(ending) => End::Asked(ending),
        end = listen(&mut conversation, stream) => end,
        () = speaker.speak() => End::ByBot { code: None, reason: String::new() },
    }
}

async fn asked_to_end(ending: &mut watch::Receiver<Option<Ending>>) -> Ending {
    match ending.wait_for(Option::is_some).await {
        Ok(planned) => planned.clone().unwrap_or(Ending::Cut),
        // Whoever could ask is gone, and so is the sandbox.
        Err(_) => Ending::Cut,
    }
}

async fn listen(conversation: &mut Conversation<'_>, stream: &mut SplitStream<Socket>) -> End {
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
