//! Public handle of a shard. It shows the shard's state and sends payloads to its connection.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::error::{Error, Result};
use crate::gateway::protocol::outgoing_payload::OutgoingPayload;

/// A gateway shard. As a handler parameter: the shard that received the event.
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
    /// In microseconds; `UNKNOWN` before the first acknowledgement.
    latency: AtomicU64,
    /// Start of the session in microseconds since 1970; `UNKNOWN` without a session.
    session_start: AtomicU64,
    reconnects: AtomicU64,
    state: watch::Sender<ShardState>,
    commands: watch::Sender<CommandChannel>,
}

/// Connection state of a [`Shard`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShardState {
    /// There is no connection: before the first, between two, or while the shard waits to identify.
    Disconnected,
    /// A connection is being made.
    Connecting,
    /// Connected; waiting for READY.
    Identifying,
    /// Connected; Discord replays missed events.
    Resuming,
    /// Connected; events arrive as they happen.
    Ready,
    /// The bot is closed.
    Closed,
}

/// How long a payload waits for a bot that has not begun to run.
pub(crate) const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Where payloads of the user go.
#[derive(Clone)]
enum CommandChannel {
    /// The bot has not begun to run.
    NotStarted,
    /// There is no connection yet; payloads wait for one.
    Pending,
    Open(mpsc::Sender<WriterCommand>),
    /// There will be no further connection.
    Closed,
}

impl CommandChannel {
    fn is_not_started(&self) -> bool {
        matches!(self, Self::NotStarted)
    }

    fn is_decided(&self) -> bool {
        matches!(self, Self::Open(_) | Self::Closed)
    }
}

/// A command for the writer of a connection.
pub(crate) enum WriterCommand {
    /// A payload of the user. The result goes to `sent`.
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
            commands: watch::Sender::new(CommandChannel::NotStarted),
        }))
    }

    /// The id of this shard, from 0.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.id
    }

    /// How many shards the bot has in all processes.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.count
    }

    /// The current connection state.
    #[must_use]
    pub fn state(&self) -> ShardState {
        *self.0.state.borrow()
    }

    /// Time between the last heartbeat and its acknowledgement; `None` before the first.
    #[must_use]
    pub fn latency(&self) -> Option<Duration> {
        let micros = self.0.latency.load(Ordering::Relaxed);
        (micros != UNKNOWN).then(|| Duration::from_micros(micros))
    }

    /// When the current session started; `None` without a session.
    ///
    /// For a session that an earlier process started, this is the time of its first RESUMED in this
    /// process.
    #[must_use]
    pub fn session_start(&self) -> Option<SystemTime> {
        let micros = self.0.session_start.load(Ordering::Relaxed);
        let since = (micros != UNKNOWN).then(|| Duration::from_micros(micros))?;
        Some(SystemTime::UNIX_EPOCH + since)
    }

    /// How often the shard has reconnected since it was ready for the first time.
    #[must_use]
    pub fn reconnects(&self) -> u64 {
        self.0.reconnects.load(Ordering::Relaxed)
    }

    /// Sends a payload on this shard's connection. Completes when the payload has been written.
    ///
    /// While the shard is not connected, the payload waits for READY or RESUMED; dropping the
    /// future withdraws it. It is never sent twice. A bot that has not begun to run after 60 seconds is
    /// an error.
    ///
    /// See [Discord Docs/Send Events](https://discord.com/developers/docs/events/gateway-events#send-events).
    ///
    /// # Errors
    ///
    /// - [`Error::Json`] if the payload cannot be serialized.
    /// - [`Error::Gateway`] if the payload is longer than 4,096 bytes, or requests guild members with
    ///   a nonce longer than 32 bytes; if the connection broke while the payload was being written;
    ///   and if the bot is closed or does not run.
    /// - [`Error::RateLimit`] beyond 120 payloads in 60 seconds, some of which are reserved for
    ///   heartbeats; beyond 5 presences (opcode 3) in 20 seconds; and if Discord answered an earlier
    ///   request of this kind with `RATE_LIMITED` and the wait is not over.
    pub async fn send_gateway_payload(&self, payload: impl Serialize) -> Result<()> {
        let payload = OutgoingPayload::new(&payload)?;
        self.send(payload).await
    }

    pub(crate) async fn send(&self, payload: OutgoingPayload) -> Result<()> {
        let mut channels = self.0.commands.subscribe();
        // Without a runtime there is no timer.
        if Handle::try_current().is_ok() {
            let started = channels.wait_for(|channel| !channel.is_not_started());
            let started = timeout(START_TIMEOUT, started).await;
            started
                .map_err(|_| not_running())?
                .map_err(|_| bot_closed())?;
        }
        loop {
            let channel = channels.wait_for(CommandChannel::is_decided).await;
            let Ok(CommandChannel::Open(commands)) = channel.map(|channel| channel.clone()) else {
                return Err(bot_closed());
            };
            let (sent, answer) = oneshot::channel();
            let command = WriterCommand::Send {
                payload: payload.clone(),
                sent,
            };
            if commands.send(command).await.is_err() {
                // That connection ended before its writer received the payload: wait for the next.
                let is_other = |channel: &CommandChannel| match channel {
                    CommandChannel::Open(now) => !now.same_channel(&commands),
                    CommandChannel::NotStarted
                    | CommandChannel::Pending
                    | CommandChannel::Closed => true,
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

    /// The bot has begun to run, and will connect.
    pub(crate) fn starting(&self) {
        self.0.commands.send_if_modified(|channel| {
            let is_new = channel.is_not_started();
            if is_new {
                *channel = CommandChannel::Pending;
            }
            is_new
        });
    }

    /// The session is ready: a new one, or a resumed one.
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

    /// Counts a connection that is ready, but not the first.
    pub(crate) fn reconnected(&self) {
        self.0.reconnects.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn disconnected(&self) {
        self.0.commands.send_replace(CommandChannel::Pending);
        self.0.state.send_replace(ShardState::Disconnected);
    }

    /// The session cannot be resumed.
    pub(crate) fn lost_session(&self) {
        self.0.session_start.store(UNKNOWN, Ordering::Relaxed);
    }

    /// There will be no further connection. Waiting payloads fail.
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

/// The error of a payload that is sent after the bot was closed.
pub(crate) fn bot_closed() -> Error {
    Error::gateway("the bot has been closed; the gateway payload was not sent")
}

/// The error of a payload that is sent before the bot runs.
pub(crate) fn not_running() -> Error {
    Error::gateway("the gateway payload was not sent: the bot is not running")
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
