//! One connection: frames in, texts out, until either side has enough. The two directions do not
//! wait for each other, so that a bot which reads slowly can still be heard.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt, future};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::close::{self, Close};
use super::connections::{ConnectionId, Ending, Inbox};
use super::payload::{self, Payload};
use super::send_limit::SendLimit;
use crate::happening::Happening;
use crate::hub::{Entrance, Hub};

/// A bot's connection once it is a websocket.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// How long a bot has to answer our close frame.
const FAREWELL: Duration = Duration::from_secs(2);
/// What a late heartbeat is granted beyond one and a half intervals.
const SLACK: Duration = Duration::from_secs(1);
/// Frames beyond this are not even taken into memory.
const MOST_FRAME_BYTES: usize = 64 << 10;

/// How it came to an end.
#[derive(Debug)]
enum End {
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
pub(crate) async fn serve(hub: Arc<Hub>, socket: Socket, entrance: Entrance) {
    let (id, inbox) = hub.connected(entrance);
    let mut presence = Presence {
        hub: &hub,
        id,
        ended: false,
    };
    let (mut sink, mut stream) = socket.split();
    let Inbox {
        mut texts,
        mut ending,
    } = inbox;
    let end = converse(&hub, id, &mut sink, &mut stream, &mut texts, &mut ending).await;
    // The session is free from here on, however long the bot takes to say goodbye.
    presence.end(&end);
    match end {
        End::ByUs(Close { code, reason }) => {
            farewell(sink, stream, texts, ending, code, reason).await;
        }
        End::Asked(Ending::Close(code, reason)) => {
            farewell(sink, stream, texts, ending, code, &reason).await;
        }
        End::ByBot { .. } => {
            // The library answers the bot's close frame when it is flushed.
            let _ = timeout(FAREWELL, sink.close()).await;
        }
        End::Asked(Ending::Cut) => {}
    }
}

/// A version we do not speak is told so in the websocket's own way.
pub(crate) async fn refuse(mut socket: Socket, close: Close) {
    let frame = CloseFrame {
        code: close.code.into(),
        reason: close.reason.into(),
    };
    // If the bot is gone already, there is nobody left to tell.
    let _ = timeout(FAREWELL, socket.close(Some(frame))).await;
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
            End::Asked(Ending::Cut) => (None, "", false),
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
    sink: &mut SplitSink<Socket, Message>,
    stream: &mut SplitStream<Socket>,
    texts: &mut mpsc::Receiver<Utf8Bytes>,
    ending: &mut watch::Receiver<Option<Ending>>,
) -> End {
    let mut conversation = Conversation::new(hub, id);
    hub.send(id, &conversation.hello());
    tokio::select! {
        biased;
        ending = asked_to_end(ending) => End::Asked(ending),
        end = listen(&mut conversation, stream) => end,
        () = speak(sink, texts) => End::ByBot { code: None, reason: String::new() },
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
            () = sleep_until(conversation.deadline) => {
                return End::ByUs(close::SESSION_TIMED_OUT);
            }
        };
        if let ControlFlow::Break(end) = conversation.take(frame) {
            return end;
        }
    }
}

/// Sends what is queued. Returns when the bot cannot be reached any more.
async fn speak(sink: &mut SplitSink<Socket, Message>, texts: &mut mpsc::Receiver<Utf8Bytes>) {
    loop {
        // First room, then the text: dropped in between, this loses nothing.
        if future::poll_fn(|context| sink.poll_ready_unpin(context))
            .await
            .is_err()
        {
            return;
        }
        let Some(text) = texts.recv().await else {
            return;
        };
        if sink.start_send_unpin(Message::Text(text)).is_err() || sink.flush().await.is_err() {
            return;
        }
    }
}

/// Sends what is still queued and a close frame, and waits for the bot's own. A bot that reads
/// nothing is left after some seconds, or as soon as the connection is to be cut.
async fn farewell(
    mut sink: SplitSink<Socket, Message>,
    mut stream: SplitStream<Socket>,
    mut texts: mpsc::Receiver<Utf8Bytes>,
    mut ending: watch::Receiver<Option<Ending>>,
    code: u16,
    reason: &str,
) {
    let goodbye = async {
        while let Ok(text) = texts.try_recv() {
            sink.send(Message::Text(text)).await?;
        }
        let frame = CloseFrame {
            code: code.into(),
            reason: reason.into(),
        };
        sink.send(Message::Close(Some(frame))).await?;
        while let Some(Ok(_)) = stream.next().await {}
        Ok::<(), Error>(())
    };
    let cut = async {
        ending
            .wait_for(|ending| *ending == Some(Ending::Cut))
            .await
            .is_ok()
    };
    tokio::select! {
        // Failing to say goodbye is a goodbye, too.
        _ = timeout(FAREWELL, goodbye) => {}
        _ = cut => {}
    }
}

/// What has been said so far over one connection, and what follows from the next frame.
struct Conversation<'h> {
    hub: &'h Hub,
    id: ConnectionId,
    authenticated: bool,
    limit: SendLimit,
    /// When the next heartbeat must have come.
    deadline: Instant,
}

impl<'h> Conversation<'h> {
    fn new(hub: &'h Hub, id: ConnectionId) -> Self {
        let interval = hub.settings.heartbeat_interval;
        let deadline = Instant::now() + patience(interval);
        Self {
            hub,
            id,
            authenticated: false,
            limit: SendLimit::new(interval),
            deadline,
        }
    }

    fn hello(&self) -> serde_json::Value {
        let interval = self.hub.settings.heartbeat_interval.as_millis();
        let interval = u64::try_from(interval).unwrap_or(u64::MAX);
        json!({ "t": null, "s": null, "op": 10, "d": { "heartbeat_interval": interval } })
    }

    fn take(&mut self, frame: Option<Result<Message, Error>>) -> ControlFlow<End> {
        let answer = match frame {
            Some(Ok(Message::Text(text))) => self.payload(&text),
            Some(Ok(Message::Binary(_)) | Err(Error::Capacity(_))) => Err(close::DECODE_ERROR),
            Some(Ok(Message::Close(frame))) => return ControlFlow::Break(closed_by_bot(frame)),
            Some(Ok(_)) => Ok(()),
            Some(Err(_)) | None => return ControlFlow::Break(closed_by_bot(None)),
        };
        answer.map_or_else(
            |close| ControlFlow::Break(End::ByUs(close)),
            ControlFlow::Continue,
        )
    }

    fn payload(&mut self, text: &str) -> Result<(), Close> {
        if !self.limit.admit(Instant::now()) {
            return Err(close::RATE_LIMITED);
        }
        let json = payload::decode(text)?;
        self.hub.record_payload(&json);
        let payload = Payload::read(&json)?;
        if !matches!(payload, Payload::Heartbeat) {
            self.check_order(&payload)?;
        }
        self.answer(payload)
    }

    /// First comes IDENTIFY or RESUME, and only once.
    fn check_order(&self, payload: &Payload) -> Result<(), Close> {
        let authenticates = matches!(payload, Payload::Identify(_) | Payload::Resume(_));
        match (self.authenticated, authenticates) {
            (true, true) => Err(close::ALREADY_AUTHENTICATED),
            (false, false) => Err(close::NOT_AUTHENTICATED),
            _ => Ok(()),
        }
    }

    fn answer(&mut self, payload: Payload) -> Result<(), Close> {
        match payload {
            Payload::Heartbeat => {
                self.deadline = Instant::now() + patience(self.hub.settings.heartbeat_interval);
                self.hub.send(
                    self.id,
                    &json!({ "t": null, "s": null, "op": 11, "d": null }),
                );
            }
            Payload::Identify(identify) => {
                self.hub.identify(self.id, &identify)?;
                self.authenticated = true;
            }
            Payload::Resume(resume) => self.authenticated = self.hub.resume(self.id, &resume)?,
            Payload::RequestMembers(request) => self.hub.with_gateway(|gateway, world| {
                gateway.request_members(self.id, &request, world);
            }),
            Payload::RequestSounds(guilds) => self.hub.with_gateway(|gateway, world| {
                gateway.request_sounds(self.id, &guilds, world);
            }),
            Payload::RequestChannelInfo(guild) => self.hub.with_gateway(|gateway, world| {
                gateway.request_channel_info(self.id, &guild, world);
            }),
            Payload::Unanswered => {}
        }
        Ok(())
    }
}

/// How long after a heartbeat the next one may be missing.
fn patience(interval: Duration) -> Duration {
    interval + interval / 2 + SLACK
}

fn closed_by_bot(frame: Option<CloseFrame>) -> End {
    let code = frame.as_ref().map(|frame| frame.code.into());
    let reason = frame
        .map(|frame| frame.reason.to_string())
        .unwrap_or_default();
    End::ByBot { code, reason }
}
