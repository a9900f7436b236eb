//! The handle that bots hold: REST, and a sender to the gateway.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use reqwest::Method;
use serde::Serialize;
use tokio::sync::watch;

use crate::error::{Error, Result};
use crate::event::source::Router;
use crate::gateway::shards::OwnShards;
use crate::gateway::{OutgoingPayload, Shard};
use crate::rest::{Path, Request, Rest};
use crate::shutdown::ShutdownPhase;
use crate::states::States;

/// A bot's handle on Discord: requests by their paths, payloads to the gateway.
///
/// Clones are cheap and mean the same bot. Requests work from the moment it is built, whether it
/// runs or not, from any task and any thread.
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
    /// Where gateway payloads go if it is not.
    pub(crate) router: Option<Router>,
    pub(crate) runner: Arc<dyn Runner>,
}

/// What [`SmallD::run`] does. The handle knows nothing of handlers and sockets, which the folder
/// `run` joins; it only holds on to whoever does.
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

    /// Creates a resource, or does what the path says. `payload` is anything that serializes; `()`
    /// sends no body.
    pub fn post(&self, path: impl Into<Path>, payload: impl Serialize) -> Request {
        self.0.rest.request(Method::POST, path).payload(payload)
    }

    /// Puts a resource in its place. `payload` is anything that serializes; `()` sends no body.
    pub fn put(&self, path: impl Into<Path>, payload: impl Serialize) -> Request {
        self.0.rest.request(Method::PUT, path).payload(payload)
    }

    /// Changes a resource: what is absent stays, what is null is cleared.
    pub fn patch(&self, path: impl Into<Path>, payload: impl Serialize) -> Request {
        self.0.rest.request(Method::PATCH, path).payload(payload)
    }

    /// Sends a payload, such as a presence update, over the gateway: by the shard that owns
    /// `d.guild_id`, or else by the only shard of this process. It is ready when the payload has been
    /// written; [`Shard::send_gateway_payload`] says what happens while disconnected.
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
    /// As [`Shard::send_gateway_payload`]. [`Error::Gateway`] also if there are several shards and the
    /// payload names no guild, or one of a shard that runs in another process; and if
    /// [another source](crate::Builder::source) takes the place of the gateway and offers no
    /// [router](crate::source::Source::router).
    pub async fn send_gateway_payload(&self, payload: impl Serialize) -> Result<()> {
        if self.0.has_gateway {
            let payload = OutgoingPayload::new(&payload)?;
            return self.0.shards.send(payload).await;
        }
        let Some(router) = &self.0.router else {
            return Err(Error::gateway(
                "the gateway payload was not sent: this bot has no gateway, and its source of events offers no way to one",
            ));
        };
        let payload = serde_json::to_value(payload)
            .map_err(|error| Error::json("the gateway payload cannot be written as JSON", error))?;
        router.send(payload).await
    }

    /// Whether the gateway is one of its sources of events.
    pub(crate) fn has_gateway(&self) -> bool {
        self.0.has_gateway
    }

    /// Whether it has been told to stop.
    pub(crate) fn is_closed(&self) -> bool {
        *self.0.shutdown.borrow() > ShutdownPhase::Running
    }

    /// The bot's user id, known before the first event is handled, and to handlers of
    /// [`on_start`](crate::on_start); `None` before the bot runs.
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

    /// The shards that this process runs, with how each of them stands. None before the bot runs,
    /// where [`Shards::Recommended`](crate::gateway::Shards) leaves their number to Discord.
    pub fn shards(&self) -> impl Iterator<Item = Shard> + use<> {
        let shards = self.0.shards.known();
        (0..shards.len()).map(move |place| shards[place].clone())
    }

    /// Connects, dispatches events to the handlers, and reconnects as often as it takes, until
    /// [`close`](Self::close), ctrl-c or SIGTERM. Handlers that run then may finish within
    /// [`shutdown_timeout`](crate::Builder::shutdown_timeout); a second signal does not wait for them.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] where a handler lacks its state or the bot runs already,
    /// [`Error::Gateway`] where Discord ends the connection for a reason that no retry can mend,
    /// such as a wrong token (4004), and [`Error::Http`] where it refuses the bot before that.
    pub async fn run(&self) -> Result<()> {
        Arc::clone(&self.0.runner).run(self.clone()).await
    }

    /// [`run`](Self::run) on a runtime of its own, for a `main` that is not async.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), and [`Error::Config`] inside a runtime, where `run().await` is right.
    pub fn run_blocking(&self) -> Result<()> {
        Arc::clone(&self.0.runner).run_blocking(self.clone())
    }

    /// Ends [`run`](Self::run), or lets it end as soon as it begins. Requests go on working.
    pub fn close(&self) {
        self.0.shutdown.send_if_modified(|shutdown| {
            let running = *shutdown == ShutdownPhase::Running;
            if running {
                *shutdown = ShutdownPhase::Draining;
            }
            running
        });
    }

    /// Marks the bot as running until what is given back is dropped.
    pub(crate) fn begin(&self) -> Result<RunGuard> {
        if self.0.running.swap(true, Ordering::AcqRel) {
            return Err(Error::config(
                "this bot runs already; build another one to run it twice",
            ));
        }
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
