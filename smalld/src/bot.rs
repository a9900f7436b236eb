//! Handle of a bot: REST, and sending to the gateway.

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use reqwest::Method;
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::error::{Error, Result};
use crate::event::source::Router;
use crate::gateway::handle::{START_TIMEOUT, not_running};
use crate::gateway::shards::OwnShards;
use crate::gateway::{OutgoingPayload, Shard};
use crate::rest::{Path, Request, Rest};
use crate::shutdown::ShutdownPhase;
use crate::states::States;

/// Handle of a bot: makes requests to Discord, sends payloads to the gateway, and runs.
///
/// Clones are cheap and refer to the same bot. It can make requests as soon as it is built, whether
/// the bot runs or not, from any task and any thread.
///
/// ```no_run
/// use smalld::{SmallD, json, path};
///
/// # async fn example(channel: u64) -> smalld::Result<()> {
/// let bot = SmallD::from_env()?;
/// bot.post(path!("/channels/{channel}/messages"), json!({ "content": "hello" })).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct SmallD(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) rest: Rest,
    pub(crate) states: States,
    pub(crate) shards: OwnShards,
    pub(crate) id: OnceLock<Box<str>>,
    pub(crate) shutdown: watch::Sender<ShutdownPhase>,
    pub(crate) running: AtomicBool,
    /// Whether the gateway is one of the sources of events.
    pub(crate) has_gateway: bool,
    /// Where gateway payloads are sent if it is not.
    pub(crate) router: Option<Router>,
    pub(crate) runner: Arc<dyn Runner>,
}

/// Runs a bot. Implemented in the folder `run`, so that this file does not depend on handlers or
/// sockets.
pub(crate) trait Runner: Send + Sync {
    fn run(self: Arc<Self>, bot: SmallD) -> RunFuture;

    fn run_blocking(self: Arc<Self>, bot: SmallD) -> Result<()>;
}

pub(crate) type RunFuture = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

impl SmallD {
    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(crate) fn states(&self) -> &States {
        &self.0.states
    }

    /// Reads a resource: `bot.get("/users/@me").await?`.
    pub fn get(&self, path: impl Into<Path>) -> Request {
        self.0.rest.request(Method::GET, path)
    }

    /// Deletes a resource.
    pub fn delete(&self, path: impl Into<Path>) -> Request {
        self.0.rest.request(Method::DELETE, path)
    }

    /// Creates a resource, or runs the action that the path names. `payload` is anything that
    /// serializes; `()` sends no body.
    pub fn post(&self, path: impl Into<Path>, payload: impl Serialize) -> Request {
        self.0.rest.request(Method::POST, path).payload(payload)
    }

    /// Creates or replaces a resource. `payload` is anything that serializes; `()` sends no body.
    pub fn put(&self, path: impl Into<Path>, payload: impl Serialize) -> Request {
        self.0.rest.request(Method::PUT, path).payload(payload)
    }

    /// Changes a resource. Fields that are absent keep their value, fields that are null are cleared.
    pub fn patch(&self, path: impl Into<Path>, payload: impl Serialize) -> Request {
        self.0.rest.request(Method::PATCH, path).payload(payload)
    }

    /// Sends a payload, such as a presence update, over the gateway: through the shard that owns
    /// `d.guild_id`, or through the only shard of this process. It returns when the payload has been
    /// written. [`Shard::send_gateway_payload`] documents what happens while the shard is disconnected.
    ///
    /// Before the bot runs, the payload waits for it: a task that is started beside
    /// [`run`](Self::run) may send at once. A bot that has not begun to run after 60 seconds is an
    /// error.
    ///
    /// If [another source](crate::Builder::source) replaces the gateway, the payload goes
    /// through its [router](crate::source::Source::router), whether the bot runs or not.
    ///
    /// ```no_run
    /// # async fn example(bot: smalld::SmallD) -> smalld::Result<()> {
    /// bot.send_gateway_payload(smalld::json!({
    ///     "op": 3,
    ///     "d": { "since": null, "activities": [], "status": "idle", "afk": false },
    /// })).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Shard::send_gateway_payload`]. Also [`Error::Gateway`] if the process runs several
    /// shards and the payload names no guild, if the guild belongs to a shard of another process, if
    /// the bot is not running, or if another source replaces the gateway and has no router.
    /// [`Error::Source`] if its router fails.
    pub async fn send_gateway_payload(&self, payload: impl Serialize) -> Result<()> {
        let payload = OutgoingPayload::new(&payload)?;
        if self.0.has_gateway {
            return self.send_by_own_shard(payload).await;
        }
        let Some(router) = &self.0.router else {
            return Err(Error::gateway(
                "the gateway payload was not sent: this bot does not use the gateway, and its source of events has no router",
            ));
        };
        router.send(payload.json()?).await
    }

    async fn send_by_own_shard(&self, payload: OutgoingPayload) -> Result<()> {
        let mut sending = pin!(self.0.shards.send(payload));
        if self.is_closed() && !self.is_running() {
            return Err(not_running());
        }
        // Without a runtime there is no timer.
        if !self.is_running() && Handle::try_current().is_ok() {
            match timeout(START_TIMEOUT, sending.as_mut()).await {
                Ok(sent) => return sent,
                Err(_) if self.is_running() => {}
                Err(_) => return Err(not_running()),
            }
        }
        sending.await
    }

    fn is_running(&self) -> bool {
        self.0.running.load(Ordering::Acquire)
    }

    /// How long ago `time` was by Discord's clock, at least. `None` before the first response.
    pub(crate) fn min_age(&self, time: SystemTime) -> Option<Duration> {
        self.0.rest.min_age(time)
    }

    /// Whether the gateway is one of the bot's sources of events.
    pub(crate) fn has_gateway(&self) -> bool {
        self.0.has_gateway
    }

    /// Whether the bot has been told to stop.
    pub(crate) fn is_closed(&self) -> bool {
        *self.0.shutdown.borrow() > ShutdownPhase::Running
    }

    /// The bot's user id. It is known before the first event is handled, and to handlers of
    /// [`on_start`](crate::on_start). `None` before the bot runs.
    ///
    /// ```
    /// # fn is_own(bot: &smalld::SmallD, msg: &smalld::Json) -> bool {
    /// msg["author"]["id"].as_str() == bot.id()
    /// # }
    /// ```
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.0.id.get().map(|id| &**id)
    }

    /// The shards that this process runs. With [`Shards::Recommended`](crate::gateway::Shards) there
    /// are none before the bot runs, because Discord has not yet been asked for their number.
    pub fn shards(&self) -> impl Iterator<Item = Shard> + use<> {
        let shards = self.0.shards.known();
        (0..shards.len()).map(move |place| shards[place].clone())
    }

    /// Connects, dispatches events to the handlers, and reconnects whenever the connection is lost,
    /// until [`close`](Self::close) is called. Handlers that still run may then finish within
    /// [`shutdown_timeout`](crate::Builder::shutdown_timeout).
    ///
    /// Signals do not stop the bot here, unless the option [`signals`](crate::Builder::signals) says
    /// so.
    ///
    /// Everything runs on the caller's runtime, and no thread is started but those of
    /// `spawn_blocking`. So a handler that blocks its thread can delay heartbeats, saves and the
    /// shutdown, and no watchdog reports it; [`run_blocking`](Self::run_blocking) has none of these
    /// limits. See [Threads](crate#threads).
    ///
    /// # Errors
    ///
    /// - [`Error::Config`] if a parameter of a handler cannot be provided, such as a state that the bot
    ///   does not have, or if the bot is already running.
    /// - [`Error::Gateway`] if Discord closes the connection for a reason that retrying cannot fix, such
    ///   as a wrong token (close code 4004).
    /// - [`Error::Http`] if Discord refuses the bot before it connects.
    /// - The error of a [source](crate::Builder::source) that failed.
    pub async fn run(&self) -> Result<()> {
        Arc::clone(&self.0.runner).run(self.clone()).await
    }

    /// [Runs](Self::run) the bot on runtimes of its own, for a `main` that is not async. Unless the
    /// option [`signals`](crate::Builder::signals) says otherwise, ctrl-c and SIGTERM stop it; a second
    /// signal does not wait for the handlers.
    ///
    /// Handlers run on worker threads. Heartbeats, saves, signals and the shutdown run on the calling
    /// thread, so they work even if handlers block all workers. A watchdog logs each `async` handler
    /// that blocks its thread. See [Threads](crate#threads).
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run), and [`Error::Config`] inside a runtime, where you should call
    /// `run().await`.
    pub fn run_blocking(&self) -> Result<()> {
        Arc::clone(&self.0.runner).run_blocking(self.clone())
    }

    /// Stops the bot: [`run`](Self::run) returns, or returns at once if it is called later. Requests
    /// still work.
    pub fn close(&self) {
        self.0.shutdown.send_if_modified(|shutdown| {
            let running = *shutdown == ShutdownPhase::Running;
            if running {
                *shutdown = ShutdownPhase::Draining;
            }
            running
        });
    }

    /// Marks the bot as running until the returned guard is dropped.
    pub(crate) fn begin(&self) -> Result<RunGuard> {
        if self.0.running.swap(true, Ordering::AcqRel) {
            return Err(Error::config(
                "this bot is already running; build another one to run two",
            ));
        }
        self.0.shards.starting();
        Ok(RunGuard(self.clone()))
    }
}

pub(crate) struct RunGuard(SmallD);

impl Drop for RunGuard {
    fn drop(&mut self) {
        self.0.0.shards.ended();
        self.0.0.running.store(false, Ordering::Release);
    }
}

impl fmt::Debug for SmallD {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmallD")
            .field("base_url", &self.0.rest.base().text())
            .field("id", &self.id())
            .field("shards", &self.0.shards.known())
            .finish_non_exhaustive()
    }
}
