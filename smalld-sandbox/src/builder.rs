//! The options of a sandbox, and how one comes to life.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::hub::{Hub, Settings};
use crate::intents;
use crate::sandbox::Sandbox;
use crate::server::Listeners;
use crate::timestamp;
use crate::token;
use crate::world::World;

/// The options of a [`Sandbox`]; it comes from [`Sandbox::builder`].
#[derive(Clone)]
#[must_use = "a builder does nothing until `start`"]
pub struct Builder {
    token: Option<String>,
    bot_name: String,
    heartbeat_interval: Duration,
    granted_intents: u64,
    global_limit: u32,
    more_channels: usize,
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
            more_channels: 0,
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

    /// How many text channels the guild has besides `general`. By default none.
    pub fn more_channels(mut self, count: usize) -> Self {
        self.more_channels = count;
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
        let settings = Settings {
            token: self
                .token
                .unwrap_or_else(|| token::invent(&world.bot().id.to_string())),
            heartbeat_interval: self.heartbeat_interval,
            granted_intents: self.granted_intents & intents::PRIVILEGED,
            global_limit: self.global_limit,
            base_url: format!("http://{general}/api/v10"),
            gateway_url: format!("ws://{general}"),
            resume_url: format!("ws://{resume}"),
        };
        let hub = Arc::new(Hub::new(settings, world));
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
