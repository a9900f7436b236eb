//! The options of a sandbox, and how one comes to life.

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
use crate::rest::rate_limit::RateLimits;
use crate::server::Listeners;
use crate::world::World;
use crate::world::intents;
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
    shards: u64,
    allowance: Allowance,
    replay: Replay,
    port: u16,
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
            shards: 1,
            allowance: Allowance {
                window: Duration::from_secs(5),
                max_concurrency: 1,
                total: 1000,
                spent: 0,
            },
            replay: Replay::default(),
            port: 0,
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

    /// The interval that HELLO asks for, in whole milliseconds. By default 41.25 seconds.
    ///
    /// A bot from which nothing comes for one and a half of it, and a second, is closed with 4009.
    pub fn heartbeat_interval(mut self, interval: Duration) -> Self {
        self.heartbeat_interval = interval;
        self
    }

    /// The bits of the privileged intents that the application may use: `1 << 1` for
    /// `GUILD_MEMBERS`, `1 << 8` for `GUILD_PRESENCES`, `1 << 15` for `MESSAGE_CONTENT`. By default
    /// all three; others are granted to everybody.
    pub fn granted_intents(mut self, bits: u64) -> Self {
        self.granted_intents = bits;
        self
    }

    /// How many requests a second are allowed over all routes. By default 50, as for most bots.
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

    /// How many text channels the guild has besides `general`. By default none.
    pub fn more_channels(mut self, count: usize) -> Self {
        self.more_channels = count;
        self
    }

    /// How many shards `/gateway/bot` recommends. By default 1; other numbers are served, too.
    pub fn shards(mut self, count: u64) -> Self {
        self.shards = count;
        self
    }

    /// How many shards may identify at the same time: the `max_concurrency` of `/gateway/bot`. By
    /// default 1, as for most bots; 0 counts as 1.
    ///
    /// Shards whose ids leave the same rest when they are divided by it are one group, and share
    /// the [`identify_window`](Self::identify_window).
    pub fn max_concurrency(mut self, shards: u64) -> Self {
        self.allowance.max_concurrency = shards.max(1);
        self
    }

    /// How long after one IDENTIFY the next of the same group of shards is too early, which is
    /// answered by opcode 9 with `d` false. By default 5 seconds, as on Discord; zero is for tests
    /// that identify again and again and are about something else. A bot that keeps to Discord's
    /// five seconds by itself is not made quicker by it; [`max_concurrency`](Self::max_concurrency)
    /// lets its shards identify at once.
    pub fn identify_window(mut self, window: Duration) -> Self {
        self.allowance.window = window;
        self
    }

    /// How many IDENTIFYs there are in a day: the `total` of `/gateway/bot`. By default 1000.
    ///
    /// Every IDENTIFY with the right token and intents spends one, also one that is too early. One
    /// too many does what it does on Discord: all sessions end, and the token is void. From then
    /// on the gateway closes with 4004, and REST answers 401.
    pub fn session_starts(mut self, total: usize) -> Self {
        self.allowance.total = total;
        self
    }

    /// How many of the [`session_starts`](Self::session_starts) are spent before the first
    /// IDENTIFY comes; they are there again after a day. By default none.
    pub fn session_starts_spent(mut self, count: usize) -> Self {
        self.allowance.spent = count;
        self
    }

    /// What a resume can bring back. By default everything.
    pub fn replay(mut self, replay: Replay) -> Self {
        self.replay = replay;
        self
    }

    /// The port of REST and the gateway. By default 0: one that is free.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// If the port, or a second one for resuming, cannot be had.
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
