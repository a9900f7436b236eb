//! The options of a bot.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use rustls::ClientConfig;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::bot::{Inner, SmallD};
use crate::dispatch::Handlers;
use crate::error::{Error, Result};
use crate::event::intents::Intents;
use crate::event::source::{AnySource, Source};
use crate::gateway::Connect;
use crate::gateway::checkpoint::sessions::Sessions;
use crate::gateway::compression::Compression;
use crate::gateway::shards::{OwnShards, Shards};
use crate::rest::{Base, DISCORD, RateLimits, Rest};
use crate::run;
use crate::run::plan::Plan;
use crate::run::requested_intents::RequestedIntents;
use crate::shutdown::ShutdownPhase;
use crate::states::States;
use crate::tls;
use crate::token::Token;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The options of a [`SmallD`], each a method; [`run!`](crate::run) takes them by name.
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
    /// The first option that cannot be used, told when the bot is built.
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
    /// A bot with the token and the address of the environment (`SMALLD_TOKEN`,
    /// `SMALLD_BASE_URL`); the same as `SmallD::builder().build()`.
    ///
    /// # Errors
    ///
    /// As [`Builder::build`].
    pub fn from_env() -> Result<Self> {
        Self::builder().build()
    }

    /// Options first.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Builder {
    /// The bot's token, with or without `Bot ` before it. By default `SMALLD_TOKEN`.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Where Discord's API is. By default `SMALLD_BASE_URL`, else `https://discord.com/api/v10`.
    /// The version in it is also that of the gateway.
    ///
    /// The token goes to this host alone, and only encrypted or on this machine.
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = Some(base_url.into());
        self
    }

    /// Whether `base_url` may be plain HTTP on another machine, such as a proxy inside a cluster.
    /// By default it may not.
    pub fn allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// Which events Discord sends. By default all of them, less the privileged ones that the
    /// application has not been granted (its flags are asked for, once).
    ///
    /// Intents given by name are used as they are given; [`Intents::for_handlers`] asks for what
    /// the handlers need.
    pub fn intents(mut self, intents: Intents) -> Self {
        self.intents = Some(intents);
        self
    }

    /// Which shard this is, and how many there are in all. By default `(0, 1)`.
    ///
    /// See [Discord Docs/Sharding](https://discord.com/developers/docs/events/gateway#sharding).
    pub fn shard(mut self, shard: (u32, u32)) -> Self {
        let (id, count) = shard;
        if id >= count {
            let mistake =
                format!("`shard` is ({id}, {count}), but ids go from 0 to one less than the count");
            self.mistake.get_or_insert(Error::config(mistake));
        }
        self.shards(Shards::range(id..id.saturating_add(1), count))
    }

    /// Which shards this process runs, where it is not one: [`Shards::Recommended`], or some of a
    /// number. Each is a task; they identify one after the other, as Discord's limits have it.
    pub fn shards(mut self, shards: Shards) -> Self {
        if let Some(mistake) = shards.invalid_reason() {
            self.mistake.get_or_insert(Error::config(mistake));
        }
        self.shards = shards;
        self
    }

    /// Where gateway sessions are kept, so that they outlive the process: the path of a file, or a
    /// [store](Sessions::store) of your own. By default nowhere. The file's directory has to be there;
    /// a file `.lock` is made beside it. A path that is not absolute begins at the working directory.
    ///
    /// With it a bot that is started again resumes, and Discord replays what has happened since the
    /// last event of which all handlers had ended, be it after a deploy or a crash: every event is
    /// handled *at least once*. (One whose handlers are at it for longer than a minute, the wait of an
    /// [`ordered`](crate::on) one included, counts as handled.) After a crash some are handled twice;
    /// [`Payload::is_replay`](crate::Payload::is_replay) and [`Payload::id`](crate::Payload::id) tell. An
    /// event that ended the process three times over is skipped, and told in the log.
    ///
    /// Each process has a file of its own, that is each range of shards; one that uses the file of
    /// another waits until that has ended, as the second of a rolling deploy should.
    ///
    /// A bot that stops stays online for the minutes in which it may come back. Its session is kept
    /// with the intents and the `identify` that it was begun with: after a change of these it is
    /// begun anew, and so it is after ten minutes, or where Discord refuses to resume it.
    pub fn sessions(mut self, sessions: impl Into<Sessions>) -> Self {
        self.sessions = Some(sessions.into());
        self
    }

    /// Whether requests fail by a known rate limit or wait for it. By default they fail.
    pub fn rate_limits(mut self, rate_limits: RateLimits) -> Self {
        self.rate_limits = rate_limits;
        self
    }

    /// How many requests may begin in a second, over all routes. By default 50; more only where
    /// Discord has granted it.
    pub fn global_limit(mut self, requests: u32) -> Self {
        self.global_limit = requests;
        self
    }

    /// A value for handlers to share; they take it as [`State<T>`](crate::State). One of a type.
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

    /// A JSON object that is merged into IDENTIFY's `d`: `presence`, `large_threshold` and
    /// whatever else Discord takes there. `token`, `intents` and `shard` have options of their own
    /// and are refused here.
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

    /// How Discord compresses what it sends over the gateway. By default the best one
    /// that is built in, which the features `zlib` (on by default) and `zstd` decide.
    pub fn compression(mut self, compression: Compression) -> Self {
        if let Some(feature) = compression.missing_feature() {
            let mistake = format!(
                "`compression` is `{compression:?}`, which is not built in: write \
                 `features = [\"{feature}\"]` at smalld in Cargo.toml"
            );
            self.mistake.get_or_insert(Error::config(mistake));
        }
        self.compression = compression;
        self
    }

    /// Words that follow the `User-Agent` that Discord requires, such as `my-bot/1.0`.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// How long handlers may go on after ctrl-c, SIGTERM or `close`. By default 10 seconds.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// The handlers. By default [`Handlers::registered`].
    pub fn handlers(mut self, handlers: Handlers) -> Self {
        self.handlers = Some(handlers);
        self
    }

    /// A source of events in place of the gateway: there is no connection to it and no request for it,
    /// and [`run`](SmallD::run) ends when the source does. Given several times, all of them run.
    ///
    /// Handlers then cannot take a [`Shard`](crate::Shard), and
    /// [`send_gateway_payload`](SmallD::send_gateway_payload) needs the source's
    /// [router](Source::router).
    pub fn source(mut self, source: impl Source) -> Self {
        self.replaces_gateway = true;
        self.also(source)
    }

    /// A source of events besides the gateway. Given several times, all of them run.
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

    /// Builds the bot. It can make requests from now on, and run.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] where there is no token, or an option cannot be used.
    pub fn build(self) -> Result<SmallD> {
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        let token = self
            .token
            .as_deref()
            .map_or_else(Token::from_env, Token::new)?;
        let base_url = self
            .base_url
            .or_else(|| std::env::var("SMALLD_BASE_URL").ok());
        let base = Base::new(base_url.as_deref().unwrap_or(DISCORD), self.allow_http)?;
        let user_agent = user_agent(self.user_agent.as_deref())?;
        let tls = tls::client_config(!base.is_loopback())?;
        let client = client(&base, &tls, &user_agent)?;
        let connect = Connect {
            tls: Arc::new(tls),
            user_agent,
            version: base.version().to_string(),
            allow_plain: !base.is_encrypted(),
            compression: self.compression,
        };
        let handlers = self.handlers.unwrap_or_else(Handlers::registered);
        let authorization = authorization(&token)?;
        let router = self.sources.iter().find_map(|source| source.router.clone());
        let plan = Plan {
            intents: RequestedIntents::new(self.intents, &handlers),
            handlers,
            identify: self.identify,
            connect,
            shutdown_timeout: self.shutdown_timeout,
            sessions: self.sessions,
            sources: Mutex::new(Some(self.sources)),
            signals: self.signals,
            blocking_threads: self.blocking_threads,
            token,
        };
        Ok(SmallD::from_inner(Inner {
            rest: Rest::new(
                client,
                base,
                authorization,
                self.rate_limits,
                self.global_limit,
            ),
            states: self.states,
            shards: OwnShards::new(&self.shards),
            id: OnceLock::new(),
            shutdown: watch::Sender::new(ShutdownPhase::Running),
            running: AtomicBool::new(false),
            has_gateway: !self.replaces_gateway,
            router,
            runner: Arc::new(plan),
        }))
    }

    /// Builds the bot and [runs](SmallD::run) it.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build) and [`SmallD::run`].
    pub async fn run(self) -> Result<()> {
        self.build()?.run().await
    }

    /// Builds the bot and runs it on a runtime of its own; what [`run!`](crate::run) does.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build) and [`SmallD::run_blocking`].
    pub fn run_blocking(self) -> Result<()> {
        run::outside_of_a_runtime()?;
        crate::log::install();
        self.build()?.run_blocking()
    }
}

/// In the form that Discord requires: without it, requests are blocked.
///
/// See [Discord Docs/User Agent](https://discord.com/developers/docs/reference#user-agent).
fn user_agent(more: Option<&str>) -> Result<HeaderValue> {
    let required = concat!(
        "DiscordBot (",
        env!("CARGO_PKG_REPOSITORY"),
        ", ",
        env!("CARGO_PKG_VERSION"),
        ")"
    );
    let text = match more {
        None => required.to_owned(),
        Some(more) => format!("{required} {more}"),
    };
    HeaderValue::try_from(text).map_err(|_| {
        Error::config("`user_agent` holds characters that no header can: use plain ASCII")
    })
}

fn authorization(token: &Token) -> Result<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bot {}", token.expose()))
        .map_err(|_| Error::config("the bot token cannot stand in a header"))?;
    // Keeps it out of every Debug output on the way.
    value.set_sensitive(true);
    Ok(value)
}

fn client(base: &Base, tls: &ClientConfig, user_agent: &HeaderValue) -> Result<reqwest::Client> {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .user_agent(user_agent.clone())
        // A redirect would carry the token to whoever it names.
        .redirect(Policy::none())
        .connect_timeout(CONNECT_TIMEOUT);
    // A proxy of the environment cannot reach this machine, and need not see the token.
    let client = if base.is_loopback() {
        client.no_proxy()
    } else {
        client
    };
    client
        .build()
        .map_err(|error| Error::config(format!("no HTTP client can be built: {error}")))
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
