//! The options of a sandbox, and its start.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::gateway::identify_limit::Allowance;
use crate::gateway::replay::Replay;
use crate::gateway::{self, Gateway};
use crate::hub::Hub;
use crate::hub::settings::Settings;
use crate::library::sandbox::Sandbox;
use crate::rest::openapi::OpenApi;
use crate::rest::rate_limit::RateLimits;
use crate::server::Listeners;
use crate::world::World;
use crate::world::intents;
use crate::world::permission;
use crate::world::timestamp;
use crate::world::token;

/// The options of a [`Sandbox`]; it comes from [`Sandbox::builder`].
#[derive(Clone)]
#[must_use = "a builder does nothing until `start`"]
pub struct Builder {
    token: Option<String>,
    bot_name: String,
    heartbeat_interval: Duration,
    granted_intents: u64,
    global_limit: u32,
    rate_limits: bool,
    more_channels: usize,
    bot_permissions: u64,
    shards: u64,
    allowance: Allowance,
    replay: Replay,
    port: u16,
    openapi: Option<OpenApi>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            token: None,
            bot_name: "pingbot".to_owned(),
            heartbeat_interval: Duration::from_millis(41_250),
            granted_intents: intents::PRIVILEGED,
            global_limit: 50,
            rate_limits: true,
            more_channels: 0,
            bot_permissions: permission::ALL,
            shards: 1,
            allowance: Allowance {
                window: Duration::from_secs(5),
                max_concurrency: 1,
                total: 1000,
                spent: 0,
            },
            replay: Replay::default(),
            port: 0,
            openapi: None,
        }
    }
}

impl Builder {
    /// The bot's token. By default a new one that looks like Discord's.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// The bot's username. By default `pingbot`.
    pub fn bot_name(mut self, name: impl Into<String>) -> Self {
        self.bot_name = name.into();
        self
    }

    /// The heartbeat interval in HELLO, in whole milliseconds. By default 41.25 seconds.
    ///
    /// A bot that sends no heartbeat for one and a half intervals and a second is closed with 4009.
    pub fn heartbeat_interval(mut self, interval: Duration) -> Self {
        self.heartbeat_interval = interval;
        self
    }

    /// The bits of the privileged intents that the application was granted: `1 << 1` for
    /// `GUILD_MEMBERS`, `1 << 8` for `GUILD_PRESENCES`, `1 << 15` for `MESSAGE_CONTENT`. By default
    /// all three. Other intents need no grant.
    pub fn granted_intents(mut self, bits: u64) -> Self {
        self.granted_intents = bits;
        self
    }

    /// The global limit of REST requests per second. By default 50, as for most bots.
    pub fn global_limit(mut self, requests: u32) -> Self {
        self.global_limit = requests;
        self
    }

    /// Whether REST requests are limited. By default they are, as on Discord; without limits no
    /// answer has a header about them, and only [`Sandbox::rate_limit_next`] makes a 429.
    pub fn rate_limits(mut self, limits: bool) -> Self {
        self.rate_limits = limits;
        self
    }

    /// The number of text channels in the guild besides `general`. By default 0.
    pub fn more_channels(mut self, count: usize) -> Self {
        self.more_channels = count;
        self
    }

    /// The permissions that the role of the bot grants, as the bits of Discord. By default all. What a
    /// bot does without the permission for it is refused with 50001 or 50013.
    pub fn bot_permissions(mut self, bits: u64) -> Self {
        self.bot_permissions = bits;
        self
    }

    /// The number of shards that `/gateway/bot` recommends. By default 1. Bots may use another number.
    pub fn shards(mut self, count: u64) -> Self {
        self.shards = count;
        self
    }

    /// The number of shards that may identify at the same time: the `max_concurrency` of
    /// `/gateway/bot`. By default 1, as for most bots; 0 counts as 1.
    ///
    /// Shards whose ids are equal modulo this number form a group, which shares the
    /// [`identify_window`](Self::identify_window).
    pub fn max_concurrency(mut self, shards: u64) -> Self {
        self.allowance.max_concurrency = shards.max(1);
        self
    }

    /// How long after one IDENTIFY the next one of the same group of shards is answered by opcode 9
    /// with `d` false. By default 5 seconds, as on Discord; zero turns the check off. A bot that waits
    /// five seconds by itself does not get faster; [`max_concurrency`](Self::max_concurrency) lets its
    /// shards identify at once.
    pub fn identify_window(mut self, window: Duration) -> Self {
        self.allowance.window = window;
        self
    }

    /// The number of IDENTIFYs per day: the `total` of `/gateway/bot`. By default 1000.
    ///
    /// Every IDENTIFY with the right token and intents counts, also one that is too early. Beyond the
    /// total, all sessions end and the token is void, as on Discord: the gateway closes with 4004, and
    /// REST answers 401.
    pub fn session_starts(mut self, total: usize) -> Self {
        self.allowance.total = total;
        self
    }

    /// How many of the [`session_starts`](Self::session_starts) are used up before the first IDENTIFY;
    /// they are available again after a day. By default none.
    pub fn session_starts_spent(mut self, count: usize) -> Self {
        self.allowance.spent = count;
        self
    }

    /// What a resume can replay. By default everything.
    pub fn replay(mut self, replay: Replay) -> Self {
        self.replay = replay;
        self
    }

    /// The port of REST and the gateway. By default 0: any free port.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Checks queries and bodies of requests against Discord's own OpenAPI document, before the rules of
    /// the sandbox. What differs is refused with Discord's 50035 and its tree of errors. By default
    /// the sandbox checks only what it has rules for.
    ///
    /// ```no_run
    /// use smalld_sandbox::{OpenApi, Sandbox};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let document = OpenApi::load("discord-api-spec/specs/openapi.json")?;
    /// let sandbox = Sandbox::builder().openapi(document).start().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn openapi(mut self, document: OpenApi) -> Self {
        self.openapi = Some(document);
        self
    }

    /// Starts the sandbox.
    ///
    /// # Errors
    ///
    /// If the port, or a second one for resuming, cannot be bound.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub async fn start(self) -> io::Result<Sandbox> {
        let listeners = Listeners::bind(self.port).await?;
        let (general, resume) = listeners.addresses()?;
        let node = fastrand::u64(..);
        let media = format!("http://{general}");
        let mut world = World::new(&self.bot_name, media, node, timestamp::now_millis());
        world.add_channels(self.more_channels);
        world.set_bot_permissions(self.bot_permissions);
        let token = self
            .token
            .unwrap_or_else(|| token::invent(&world.bot().id.to_string()));
        let granted_intents = self.granted_intents & intents::PRIVILEGED;
        let settings = Settings {
            token: token.clone(),
            heartbeat_interval: self.heartbeat_interval,
            granted_intents,
            shards: self.shards,
            base_url: format!("http://{general}/api/v10"),
            gateway_url: format!("ws://{general}"),
            resume_url: format!("ws://{resume}"),
            openapi: self.openapi,
        };
        let gateway = Gateway::new(gateway::Settings {
            token,
            granted_intents,
            resume_url: settings.resume_url.clone(),
            replay: self.replay,
            allowance: self.allowance,
        });
        let limits = if self.rate_limits {
            RateLimits::new(self.global_limit)
        } else {
            RateLimits::off()
        };
        let hub = Arc::new(Hub::new(settings, world, gateway, limits));
        let serving = listeners.serve(&hub);
        Ok(Sandbox::new(hub, serving))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("bot_name", &self.bot_name)
            .field("heartbeat_interval", &self.heartbeat_interval)
            .field("granted_intents", &self.granted_intents)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}
