//! Options of a bot.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::bot::SmallD;
use crate::dispatch::Handlers;
use crate::error::{Error, Result};
use crate::event::intents::Intents;
use crate::event::source::{AnySource, Source};
use crate::gateway::checkpoint::sessions::Sessions;
use crate::gateway::compression::Compression;
use crate::gateway::shards::Shards;
use crate::rest::RateLimits;
use crate::run;
use crate::states::States;

mod build;

/// Builder of a [`SmallD`]. Each method is an option; [`run!`](crate::run) takes them by name.
///
/// ```
/// use smalld::rest::RateLimits;
/// use smalld::{Intents, SmallD};
///
/// let bot = SmallD::builder()
///     .token("the.bot.token")
///     .intents(Intents::GUILDS | Intents::GUILD_MESSAGES)
///     .rate_limits(RateLimits::Wait)
///     .build()?;
/// # let _ = bot;
/// # Ok::<(), smalld::Error>(())
/// ```
#[must_use = "a builder does nothing until `build` or `run`"]
pub struct Builder {
    token: Option<String>,
    base_url: Option<String>,
    allow_http: bool,
    intents: Option<Intents>,
    shards: Shards,
    rate_limits: RateLimits,
    global_limit: u32,
    states: States,
    identify: Map<String, Value>,
    compression: Compression,
    user_agent: Option<String>,
    shutdown_timeout: Duration,
    sessions: Option<Sessions>,
    handlers: Option<Handlers>,
    sources: Vec<AnySource>,
    replaces_gateway: bool,
    signals: Option<bool>,
    blocking_threads: Option<usize>,
    /// The first invalid option, returned when the bot is built.
    mistake: Option<Error>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            token: None,
            base_url: None,
            allow_http: false,
            intents: None,
            shards: Shards::count(1),
            rate_limits: RateLimits::default(),
            global_limit: 50,
            states: States::default(),
            identify: Map::new(),
            compression: Compression::default(),
            user_agent: None,
            shutdown_timeout: Duration::from_secs(10),
            sessions: None,
            handlers: None,
            sources: Vec::new(),
            replaces_gateway: false,
            signals: None,
            blocking_threads: None,
            mistake: None,
        }
    }
}

impl SmallD {
    /// Builds a bot with the token and the address from the environment (`SMALLD_TOKEN`,
    /// `SMALLD_BASE_URL`). The same as `SmallD::builder().build()`.
    ///
    /// # Errors
    ///
    /// Those of [`Builder::build`].
    pub fn from_env() -> Result<Self> {
        Self::builder().build()
    }

    /// Returns a builder with the default options.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Builder {
    /// The bot's token, with or without the prefix `Bot `. By default the environment variable
    /// `SMALLD_TOKEN`.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// The address of Discord's API. By default the environment variable `SMALLD_BASE_URL`, or
    /// `https://discord.com/api/v10`. The gateway uses the same API version.
    ///
    /// The token is sent only to this host, and only over TLS unless the host is this machine.
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = Some(base_url.into());
        self
    }

    /// Whether `base_url` may use plain HTTP to another machine, such as a proxy inside a cluster.
    /// By default it may not.
    pub fn allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// Which events Discord sends. By default all of them, except the privileged ones that the
    /// application has not been granted. To know these, the bot asks Discord for the application's
    /// flags at startup.
    ///
    /// Intents that you name are used as they are. [`Intents::for_handlers`] stands for those that the
    /// handlers need.
    pub fn intents(mut self, intents: Intents) -> Self {
        self.intents = Some(intents);
        self
    }

    /// The id of the only shard that this process runs, and the total number of shards. By default
    /// `(0, 1)`.
    ///
    /// See [Discord Docs/Sharding](https://discord.com/developers/docs/events/gateway#sharding).
    pub fn shard(mut self, shard: (u32, u32)) -> Self {
        let (id, count) = shard;
        if id >= count {
            let mistake =
                format!("`shard` is ({id}, {count}), but the id must be less than the count");
            self.mistake.get_or_insert(Error::config(mistake));
        }
        self.shards(Shards::range(id..id.saturating_add(1), count))
    }

    /// Which shards this process runs: as many as Discord [recommends](Shards::Recommended), or a
    /// range of a given number. Each shard is a task. They identify one after the other, within
    /// Discord's limits. By default one shard.
    pub fn shards(mut self, shards: Shards) -> Self {
        if let Some(mistake) = shards.invalid_reason() {
            self.mistake.get_or_insert(Error::config(mistake));
        }
        self.shards = shards;
        self
    }

    /// Where gateway sessions are saved, so that a restarted bot can resume them: the path of a file,
    /// or a [store](Sessions::store) of your own. By default they are not saved. The file's directory
    /// must exist; a `.lock` file is created beside it. A relative path starts at the working
    /// directory.
    ///
    /// With saved sessions, a restarted bot resumes, and Discord replays the events since the last one
    /// whose handlers had all ended, after a deploy as well as after a crash: every event is handled
    /// *at least once*. An event whose handlers take longer than a minute, including the wait of an
    /// [`ordered`](crate::on) handler, counts as handled. After a crash some events are handled twice;
    /// [`Payload::is_replay`](crate::Payload::is_replay) and [`Payload::id`](crate::Payload::id)
    /// recognize them. An event that was being handled in three crashes is skipped and logged.
    ///
    /// Each process, that is, each range of shards, needs a file of its own. A process whose file is
    /// in use waits until the other one has ended, which is what a rolling deploy needs.
    ///
    /// A bot that saves its sessions appears online for some minutes after it has stopped. A saved
    /// session is not resumed, and a new one is started, if `intents` or `identify` have changed, after
    /// ten minutes, or if Discord refuses to resume it.
    pub fn sessions(mut self, sessions: impl Into<Sessions>) -> Self {
        self.sessions = Some(sessions.into());
        self
    }

    /// Whether requests fail or wait when a rate limit is known to be reached. By default they fail.
    pub fn rate_limits(mut self, rate_limits: RateLimits) -> Self {
        self.rate_limits = rate_limits;
        self
    }

    /// How many requests may be sent per second, over all routes. By default 50. Raise it only if
    /// Discord has granted the bot a higher limit.
    pub fn global_limit(mut self, requests: u32) -> Self {
        self.global_limit = requests;
        self
    }

    /// A value that handlers share and take as [`State<T>`](crate::State). One value per type.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        if !self.states.insert(value) {
            let ty = std::any::type_name::<T>();
            let mistake = format!(
                "two values of type `{ty}` were given to `state`; wrap one in a type of its own"
            );
            self.mistake.get_or_insert(Error::config(mistake));
        }
        self
    }

    /// A JSON object that is merged into IDENTIFY's `d`, such as `presence` or `large_threshold`.
    /// `token`, `intents` and `shard` have options of their own and are an error here.
    ///
    /// See [Discord Docs/Identify](https://discord.com/developers/docs/events/gateway-events#identify).
    pub fn identify(mut self, d: impl Serialize) -> Self {
        match serde_json::to_value(d) {
            Ok(Value::Object(d)) => {
                for key in ["token", "intents", "shard"] {
                    if d.contains_key(key) {
                        self.mistake.get_or_insert(Error::config(format!(
                            "`identify` must not contain `{key}`: use the option `{key}`"
                        )));
                    }
                }
                self.identify = d;
            }
            Ok(_) => drop(
                self.mistake
                    .get_or_insert(Error::config("`identify` must be a JSON object")),
            ),
            Err(error) => {
                let mistake = Error::json("`identify` cannot be written as JSON", error);
                self.mistake.get_or_insert(mistake);
            }
        }
        self
    }

    /// How Discord compresses what it sends over the gateway. By default the best method that is
    /// built in; the features `zlib` (on by default) and `zstd` decide which are.
    pub fn compression(mut self, compression: Compression) -> Self {
        if let Some(feature) = compression.missing_feature() {
            let mistake = format!(
                "`compression` is `{compression:?}`, which is not built in: add \
                 `features = [\"{feature}\"]` to smalld in Cargo.toml"
            );
            self.mistake.get_or_insert(Error::config(mistake));
        }
        self.compression = compression;
        self
    }

    /// Text to append to the `User-Agent` that Discord requires, such as `my-bot/1.0`.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// How long handlers may continue after ctrl-c, SIGTERM or `close`. By default 10 seconds.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// The handlers. By default [`Handlers::registered`].
    pub fn handlers(mut self, handlers: Handlers) -> Self {
        self.handlers = Some(handlers);
        self
    }

    /// A source of events that replaces the gateway: the bot does not connect to the gateway, and
    /// [`run`](SmallD::run) returns when the source ends. Given several times, all of them run, and
    /// `run` returns when the last one ends.
    ///
    /// Handlers then cannot take a [`Shard`](crate::Shard), [`SmallD::shards`] is empty, and
    /// [`send_gateway_payload`](SmallD::send_gateway_payload) needs the source's
    /// [router](Source::router). Options of the gateway, such as `intents`, `shards` and `sessions`,
    /// have no effect. Discord is asked for the bot's [id](SmallD::id) once, for up to 5 seconds; if it
    /// does not answer, a warning says so.
    ///
    /// A program can also choose its source when it starts:
    ///
    /// ```no_run
    /// # use smalld::source::{Sink, Source};
    /// # use smalld::{BoxError, SmallD};
    /// # struct Broker;
    /// # impl Source for Broker {
    /// #     async fn run(self, _: Sink) -> Result<(), BoxError> { Ok(()) }
    /// # }
    /// let mut builder = SmallD::builder();
    /// if std::env::var_os("WORKER").is_some() {
    ///     builder = builder.source(Broker);
    /// }
    /// builder.run_blocking()?;
    /// # Ok::<(), smalld::Error>(())
    /// ```
    pub fn source(mut self, source: impl Source) -> Self {
        self.replaces_gateway = true;
        self.also(source)
    }

    /// A source of events in addition to the gateway. Given several times, all of them run. The end of
    /// such a source does not end the bot; its failure does.
    ///
    /// A handler that takes a [`Shard`](crate::Shard) fails on an event that none of this bot's shards
    /// received.
    pub fn also(mut self, source: impl Source) -> Self {
        self.sources.push(AnySource::new(source));
        self
    }

    /// Whether ctrl-c and SIGTERM (on Windows also ctrl-break, and the end of the console) stop the bot.
    /// By default they do under [`run!`](crate::run) and [`run_blocking`](Self::run_blocking). Under
    /// [`run().await`](Self::run) they are left to the program that calls it.
    pub fn signals(mut self, stop: bool) -> Self {
        self.signals = Some(stop);
        self
    }

    /// How many handlers that are plain functions, and may block, run at once. One handler may have a
    /// quarter of these threads. By default 256, and 64 under [`run().await`](Self::run), which shares
    /// the blocking pool of its runtime with the rest of the program.
    pub fn blocking_threads(mut self, threads: usize) -> Self {
        self.blocking_threads = Some(threads);
        self
    }

    /// Builds the bot and [runs](SmallD::run) it on the caller's runtime, which handlers that block
    /// their thread can delay as a whole.
    ///
    /// # Errors
    ///
    /// Those of [`build`](Self::build) and [`SmallD::run`].
    pub async fn run(self) -> Result<()> {
        self.build()?.run().await
    }

    /// Builds the bot and [runs](SmallD::run_blocking) it on runtimes of its own, as
    /// [`run!`](crate::run) does. If the program has not installed a `tracing` subscriber, it logs to
    /// stderr (feature `log`).
    ///
    /// # Errors
    ///
    /// Those of [`build`](Self::build) and [`SmallD::run_blocking`].
    pub fn run_blocking(self) -> Result<()> {
        run::outside_of_a_runtime()?;
        crate::log::install();
        self.build()?.run_blocking()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("base_url", &self.base_url)
            .field("intents", &self.intents)
            .field("shards", &self.shards)
            .field("sessions", &self.sessions)
            .field("rate_limits", &self.rate_limits)
            .finish_non_exhaustive()
    }
}
