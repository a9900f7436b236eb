//! The handle of a running sandbox, which stops when it is dropped.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::AbortHandle;

use crate::hub::Hub;
use crate::hub::happening::Happenings;
use crate::library::builder::Builder;
use crate::library::guild::Guild;
use crate::library::report::report;
use crate::library::role::Role;
use crate::library::script::Script;
use crate::library::shard::Shard;
use crate::library::user::User;
use crate::rest::rate_limit::Scope;
use crate::rest::reply::Reply;
use crate::rest::request::Request;
use crate::rest::stubs::Stub;
use crate::world::snowflake::Snowflake;

/// A Discord on this machine: one bot, and at first one guild with one text channel and some users.
///
/// It serves REST and the gateway on the loopback until it is dropped. Its methods do not block and
/// can be called from any thread; those that wait are `async`.
pub struct Sandbox {
    pub(crate) hub: Arc<Hub>,
    serving: AbortHandle,
    bot_id: String,
    guild_id: String,
    channel_id: String,
}

impl Sandbox {
    /// Starts a sandbox with the defaults of [`Builder`].
    ///
    /// # Errors
    ///
    /// If no port of the loopback can be bound.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Options for a new sandbox.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(hub: Arc<Hub>, serving: AbortHandle) -> Self {
        let (bot_id, guild_id, channel_id) = hub.look(|state| {
            let world = &state.world;
            (world.bot().id, world.guild_id(), world.general())
        });
        let [bot_id, guild_id, channel_id] =
            [bot_id, guild_id, channel_id].map(|id| id.to_string());
        Self {
            hub,
            serving,
            bot_id,
            guild_id,
            channel_id,
        }
    }

    /// The base URL of REST: `http://127.0.0.1:PORT/api/v10`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.hub.settings.base_url
    }

    /// The URL of the gateway, as in `/gateway/bot`: `ws://127.0.0.1:PORT`.
    #[must_use]
    pub fn gateway_url(&self) -> &str {
        &self.hub.settings.gateway_url
    }

    /// The `resume_gateway_url` of READY: the gateway on another port.
    #[must_use]
    pub fn resume_gateway_url(&self) -> &str {
        &self.hub.settings.resume_url
    }

    /// The bot's token, without a prefix.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.hub.settings.token
    }

    /// The id of the bot, which is also that of its application.
    #[must_use]
    pub fn bot_id(&self) -> &str {
        &self.bot_id
    }

    /// The id of the guild.
    #[must_use]
    pub fn guild_id(&self) -> &str {
        &self.guild_id
    }

    /// The id of the guild's text channel, `general`.
    #[must_use]
    pub fn channel_id(&self) -> &str {
        &self.channel_id
    }

    /// The base URL, as [`base_url`](Self::base_url).
    #[must_use]
    pub fn url(&self) -> &str {
        self.base_url()
    }

    /// The user with this name, who joins the guild if there is none. `alex`, who acts in
    /// [`say`](Self::say) and similar methods, and `robin` are there from the start.
    #[must_use]
    pub fn user(&self, name: &str) -> User {
        self.home().user(name)
    }

    /// The role with this name, which is made below the bot's own if there is none.
    ///
    /// # Panics
    ///
    /// If the guild has 250 roles already.
    #[must_use]
    pub fn role(&self, name: &str) -> Role {
        self.home().role(name)
    }

    /// The id of the text channel with this name (`#mods` or `mods`), which is made if there is none.
    #[must_use]
    pub fn channel(&self, name: &str) -> String {
        self.home().channel(name)
    }

    /// Another guild of the bot, by its name. If there is none, it is made, with the channel `general`
    /// and the members `alex`, who owns it, and the bot, which gets a `GUILD_CREATE`.
    ///
    /// Guilds belong to shards in the order in which they are made: the one after the guild of a shard
    /// belongs to the next shard. [`guild_id`](Self::guild_id) belongs to the guild `Sandbox`, which is
    /// there from the start.
    ///
    /// ```no_run
    /// use smalld_sandbox::Sandbox;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let discord = Sandbox::start().await?;
    /// // Start a bot here.
    /// let lounge = discord.guild("Lounge");
    /// lounge.user("ada").say("#general", "++ping").await;
    /// lounge.expect_message("#general", "pong").await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If there are 100 guilds already.
    #[must_use]
    pub fn guild(&self, name: &str) -> Guild {
        let id = self.hub.change(|world, _| match world.guild_named(name) {
            Some(guild) => Ok(guild),
            None => world.add_guild(name),
        });
        let id = id.expect("there are at most 100 guilds");
        Guild::new(&self.hub, id, name)
    }

    /// The guild that is there from the start.
    pub(crate) fn home(&self) -> Guild {
        let id = self.hub.look(|state| state.world.guild_id());
        Guild::new(&self.hub, id, "Sandbox")
    }

    /// Advances the time of the sandbox alone: deadlines of interactions, ages of tokens, and timestamps.
    /// For the bot and the gateway it is as before; [`clock`](Self::clock) advances the time of all.
    pub fn advance(&self, time: Duration) {
        self.hub.time.add(time);
        self.hub.wake();
    }

    /// Whether the guild belongs to the shard of a session, connected or not, so that its events reach a
    /// bot if the intents allow it.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.hub
            .look(|state| state.gateway.sessions.see(state.world.guild_id()))
    }

    /// The other user in a channel of direct messages with the bot; none for other channels.
    #[must_use]
    pub fn recipient(&self, channel_id: impl AsRef<str>) -> Option<User> {
        let channel = Snowflake::parse(channel_id.as_ref())?;
        self.hub.look(|state| {
            let user = state.world.recipient(channel)?;
            let home = state.world.guild_id();
            Some(User::new(&self.hub, home, user.id, &user.name))
        })
    }

    /// One shard, by its id: what happened on it, and faults for it alone.
    #[must_use]
    pub fn shard(&self, id: u64) -> Shard<'_> {
        Shard::new(&self.hub, id)
    }

    /// Takes the gateway over: until the script is dropped, the test serves new connections itself,
    /// frame by frame. Open connections stay as they are. A newer script replaces an older one.
    ///
    /// [`connections`](Self::connections) and
    /// [`connections_to_resume_url`](Self::connections_to_resume_url) count a script's connections;
    /// everything else about the gateway leaves them out.
    #[must_use = "dropping the script ends it"]
    pub fn script(&self) -> Script {
        Script::begin(&self.hub)
    }

    /// Answers requests of this method and path by a handler of the test instead of the sandbox. A
    /// template is a path below `/api/v10` with `{}` or `{name}` for a segment that may be anything.
    /// The newest handler that fits answers; of `{}` in the path the request has the value.
    ///
    /// The caller, the token and the rate limits are checked before. The world does not change, and
    /// nothing is dispatched, unless the handler does it. A path that Discord does not document can
    /// be answered, too.
    ///
    /// ```no_run
    /// use smalld_sandbox::{Reply, Sandbox};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let sandbox = Sandbox::start().await?;
    /// sandbox.on("PUT", "/guilds/{}/members/{}/roles/{}", |_| Reply::error(403, 50013));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If the template does not start with `/`, or has an empty segment.
    pub fn on(
        &self,
        method: &str,
        template: &str,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) {
        let stub = Stub::new(method, template, Arc::new(handler));
        let stub = stub.unwrap_or_else(|| {
            panic!("`{template}` is not a template of a path, such as `/guilds/{{}}/roles`")
        });
        self.hub.update(|state, _| state.stubs.add(stub));
    }

    /// Answers the next REST request that no earlier call of this is for by a 429 of this scope,
    /// whatever the limits say.
    pub fn rate_limit_next(&self, scope: Scope, retry_after: Duration) {
        self.hub
            .update(|state, _| state.limits.plan(scope, retry_after));
    }

    /// Everything that happens from now on. A subscriber that falls more than 4,096 happenings behind
    /// gets the number of those it missed.
    #[must_use]
    pub fn subscribe(&self) -> Happenings {
        self.hub.subscribe()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.serving.abort();
        self.hub.log.release();
        if std::thread::panicking() && !self.hub.was_reported.load(Ordering::Relaxed) {
            // Shown with the test that failed.
            eprint!("{}", report(&self.hub));
        }
        let ran_on = self.hub.time.release();
        assert!(
            !ran_on || std::thread::panicking(),
            "the clock went on by itself: the test waited for a time that it did not advance"
        );
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("base_url", &self.base_url())
            .field("bot_id", &self.bot_id)
            .field("guild_id", &self.guild_id)
            .field("channel_id", &self.channel_id)
            .field("connected", &self.connected())
            .finish_non_exhaustive()
    }
}
