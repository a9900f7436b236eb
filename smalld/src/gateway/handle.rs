//! The handle of a shard: what users see of it, and how their payloads reach its connection.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};

use crate::error::{Error, Result};
use crate::gateway::protocol::outgoing_payload::OutgoingPayload;

/// A gateway shard. As a handler's parameter it is the shard that received the event.
///
/// Clones are cheap.
///
/// ```
/// # fn example(bot: &smalld::SmallD) {
/// for shard in bot.shards() {
///     let (id, state, latency) = (shard.id(), shard.state(), shard.latency());
///     println!("{id}: {state:?}, {latency:?}, {} reconnects", shard.reconnects());
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Shard(Arc<Inner>);

struct Inner {
    id: u32,
    count: u32,
    /// In microseconds; the largest number where there is none yet.
    latency: AtomicU64,
    /// When the session began, in microseconds since 1970; the largest number where there is none.
    session_start: AtomicU64,
    reconnects: AtomicU64,
    state: watch::Sender<ShardState>,
    commands: watch::Sender<CommandChannel>,
}

/// How a [`Shard`] stands with Discord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShardState {
    /// There is no connection: before the first, between two, or while it waits to identify.
    Disconnected,
    /// A connection is being made.
    Connecting,
    /// Connected, and waiting for READY.
    Identifying,
    /// Connected; Discord replays what was missed.
    Resuming,
    /// Events arrive as they happen.
    Ready,
    /// The bot has ended, and with it this shard.
    Closed,
}

/// What becomes of a payload now.
#[derive(Clone)]
enum CommandChannel {
    /// There will be a connection: payloads wait for it.
    Pending,
    Open(mpsc::Sender<WriterCommand>),
    /// There will be none any more.
    Closed,
}

/// A command for the writing half of a connection.
pub(crate) enum WriterCommand {
    /// A payload of the user; the result goes back through `sent`.
    Send {
        payload: OutgoingPayload,
        sent: oneshot::Sender<Result<()>>,
    },
    Close(u16),
}

const UNKNOWN: u64 = u64::MAX;

impl Shard {
    pub(crate) fn new(id: u32, count: u32) -> Self {
        Self(Arc::new(Inner {
            id,
            count,
            latency: AtomicU64::new(UNKNOWN),
            session_start: AtomicU64::new(UNKNOWN),
            reconnects: AtomicU64::new(0),
            state: watch::Sender::new(ShardState::Disconnected),
            commands: watch::Sender::new(CommandChannel::Pending),
        }))
    }

    /// The number of this shard, from 0.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.id
    }

    /// How many shards the bot has.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.count
    }

    /// How it stands at this moment.
    #[must_use]
    pub fn state(&self) -> ShardState {
        *self.0.state.borrow()
    }

    /// How long the last heartbeat's acknowledgement took; `None` before the first.
    #[must_use]
    pub fn latency(&self) -> Option<Duration> {
        let micros = self.0.latency.load(Ordering::Relaxed);
        (micros != UNKNOWN).then(|| Duration::from_micros(micros))
    }

    /// When the session began that it has now, by READY or, where it is one of an earlier process,
    /// by its first RESUMED in this one; `None` where it has none.
    #[must_use]
    pub fn session_start(&self) -> Option<SystemTime> {
        let micros = self.0.session_start.load(Ordering::Relaxed);
        let since = (micros != UNKNOWN).then(|| Duration::from_micros(micros))?;
        Some(SystemTime::UNIX_EPOCH + since)
    }

    /// How often it has been connected again after its first connection that was ready.
    #[must_use]
    pub fn reconnects(&self) -> u64 {
        self.0.reconnects.load(Ordering::Relaxed)
    }

    /// Sends a payload to this very shard's connection, and is ready when it has been written.
    ///
    /// While the shard is not connected the payload waits for READY or RESUMED; dropping the
    /// future withdraws it. It is never sent twice.
    ///
    /// See [Discord Docs/Send Events](https://discord.com/developers/docs/events/gateway-events#send-events).
    ///
    /// # Errors
    ///
    /// [`Error::Json`] where it cannot be written as JSON. [`Error::Gateway`] where it is longer
    /// than Discord's 4,096 bytes or asks for members with a nonce of more than 32, neither of
    /// which Discord answers; where the connection broke while it was sent; and where the bot has
    /// ended. [`Error::RateLimit`] past 120 in 60 seconds, of which heartbeats keep their share,
    /// past 5 presences (opcode 3) in 20, and where Discord has said of this request for a guild's
    /// members that it came too soon.
    pub async fn send_gateway_payload(&self, payload: impl Serialize) -> Result<()> {
        let payload = OutgoingPayload::new(&payload)?;
        self.send(payload).await
    }

    pub(crate) async fn send(&self, payload: OutgoingPayload) -> Result<()> {
        let mut channels = self.0.commands.subscribe();
        loop {
            let channel = channels
                .wait_for(|channel| !matches!(channel, CommandChannel::Pending))
                .await;
            let Ok(CommandChannel::Open(commands)) = channel.map(|channel| channel.clone()) else {
                return Err(bot_closed());
            };
            let (sent, answer) = oneshot::channel();
            let command = WriterCommand::Send {
                payload: payload.clone(),
                sent,
            };
            if commands.send(command).await.is_err() {
                // That connection ended before it took the payload: wait for the next one.
                let is_other = |channel: &CommandChannel| match channel {
                    CommandChannel::Open(now) => !now.same_channel(&commands),
                    CommandChannel::Pending | CommandChannel::Closed => true,
                };
                let _ = channels.wait_for(is_other).await;
                continue;
            }
            return answer.await.unwrap_or_else(|_| {
                Err(Error::gateway(
                    "the connection ended before the gateway payload was sent; send it again",
                ))
            });
        }
    }

    /// The session is ready on a connection that takes payloads, anew or again.
    pub(crate) fn connected(&self, commands: mpsc::Sender<WriterCommand>, is_new: bool) {
        if is_new || self.session_start().is_none() {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            self.0
                .session_start
                .store(since.map_or(0, micros), Ordering::Relaxed);
        }
        self.0.commands.send_replace(CommandChannel::Open(commands));
        self.0.state.send_replace(ShardState::Ready);
    }

    /// It was ready before, on another connection.
    pub(crate) fn reconnected(&self) {
        self.0.reconnects.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn disconnected(&self) {
        self.0.commands.send_replace(CommandChannel::Pending);
        self.0.state.send_replace(ShardState::Disconnected);
    }

    /// The session it had is gone.
    pub(crate) fn lost_session(&self) {
        self.0.session_start.store(UNKNOWN, Ordering::Relaxed);
    }

    /// There will be no connection any more: who waits for one is told.
    pub(crate) fn ended(&self) {
        self.0.commands.send_replace(CommandChannel::Closed);
        self.0.state.send_replace(ShardState::Closed);
    }

    pub(crate) fn set_state(&self, state: ShardState) {
        self.0.state.send_replace(state);
    }

    pub(crate) fn set_latency(&self, latency: Duration) {
        self.0
            .latency
            .store(micros(latency).min(UNKNOWN - 1), Ordering::Relaxed);
    }
}

/// Why nothing more is sent.
pub(crate) fn bot_closed() -> Error {
    Error::gateway("the bot has been closed; the gateway payload was not sent")
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(UNKNOWN)
}

impl fmt::Debug for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, count, state) = (self.id(), self.count(), self.state());
        write!(f, "Shard({id}, {count}, {state:?})")
    }
}
