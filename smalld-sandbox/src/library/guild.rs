//! Guilds: what a test finds and does in one of several.

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::hub::{Hub, State};
use crate::library::expect::expect;
use crate::library::names::find_channel;
use crate::library::role::Role;
use crate::library::user::User;
use crate::world::snowflake::Snowflake;

/// A guild of the sandbox, with channels, roles and members of its own; see
/// [`Sandbox::guild`](crate::Sandbox::guild).
#[derive(Clone)]
#[non_exhaustive]
pub struct Guild {
    /// The id, as in JSON.
    pub id: String,
    /// The name.
    pub name: String,
    snowflake: Snowflake,
    hub: Arc<Hub>,
}

impl Guild {
    pub(crate) fn new(hub: &Arc<Hub>, guild: Snowflake, name: &str) -> Self {
        Self {
            id: guild.to_string(),
            name: name.to_owned(),
            snowflake: guild,
            hub: Arc::clone(hub),
        }
    }

    /// The user with this name, who acts in this guild: channels are those of this guild, and
    /// [`leave`](User::leave) leaves it. A user who has never been in the guild joins it.
    #[must_use]
    pub fn user(&self, name: &str) -> User {
        let id = self
            .hub
            .change(|world, now| world.user_named(self.snowflake, name, now));
        User::new(&self.hub, self.snowflake, id, name)
    }

    /// The role with this name, which is made below the bot's own if there is none.
    ///
    /// # Panics
    ///
    /// If the guild has 250 roles already.
    #[must_use]
    pub fn role(&self, name: &str) -> Role {
        let guild = self.snowflake;
        let id = self
            .hub
            .change(|world, now| match world.role_named(guild, name) {
                Some(role) => Ok(role),
                None => world.add_role(guild, json!({ "name": name }), now),
            });
        Role {
            id: id.expect("a guild has at most 250 roles").to_string(),
            name: name.to_owned(),
        }
    }

    /// The id of the text channel with this name (`#mods` or `mods`), which is made if there is none.
    #[must_use]
    pub fn channel(&self, name: &str) -> String {
        let name = name.strip_prefix('#').unwrap_or(name);
        let id = self.hub.change(|world, now| {
            let known = world.channel_named(self.snowflake, name);
            known.unwrap_or_else(|| world.add_channel(self.snowflake, name, now))
        });
        id.to_string()
    }

    /// Waits until the bot has written this text, or a message in which it occurs, in this channel
    /// since the sandbox was started. Returns the message.
    ///
    /// # Panics
    ///
    /// If it does not within ten seconds: with the conversation, and the requests that were refused.
    pub async fn expect_message(&self, channel: &str, text: &str) -> Value {
        let found = |state: &State| {
            let channel = find_channel(&state.world, self.snowflake, channel);
            let bot = state.world.bot().id.to_string();
            let by_bot = |message: &Value| message["author"]["id"] == bot;
            let fits = |message: &Value| {
                let content = message["content"].as_str().unwrap_or_default();
                by_bot(message) && content.contains(text)
            };
            state.world.messages(channel).into_iter().find(fits)
        };
        let what = || format!("the bot did not write `{text}` in {channel}");
        expect(&self.hub, found, what).await
    }

    /// Sets whether a role may use a command of the bot, as people do in the settings of a guild. The bot
    /// gets an `APPLICATION_COMMAND_PERMISSIONS_UPDATE`. [`User::slash`] does not check it.
    ///
    /// # Panics
    ///
    /// If there is no such slash command or role.
    pub fn permit_command(&self, command: &str, role: &Role, is_allowed: bool) {
        let guild = self.snowflake;
        let permitted = self.hub.change(|world, _| {
            let (command, _) = world.command_named(Some(guild), 1, command)?;
            let role = Snowflake::parse(&role.id)?;
            world.permit_command(guild, command, role, is_allowed).ok()
        });
        assert!(
            permitted.is_some(),
            "guild `{self}` has no command `{command}`, or no role `{}`",
            role.name
        );
    }

    /// Removes the bot from the guild, as a moderator does by a kick. The bot gets a `GUILD_DELETE`, and
    /// nothing more from this guild. Does nothing if the bot is not a member.
    pub fn remove_bot(&self) {
        // An error means that the bot is not a member.
        let _ = self.hub.change(|world, _| {
            let bot = world.bot().id;
            world.remove_member(self.snowflake, bot)
        });
    }

    /// Adds the bot to the guild again: it gets a `GUILD_CREATE`. Does nothing if it is a member.
    ///
    /// # Panics
    ///
    /// If the bot is banned.
    pub fn add_bot(&self) {
        let joined = self.hub.change(|world, now| {
            let bot = world.bot().id;
            world.join(self.snowflake, bot, now)
        });
        assert!(joined.is_ok(), "the bot is banned from guild `{self}`");
    }

    /// Whether the bot is a member.
    #[must_use]
    pub fn has_bot(&self) -> bool {
        self.hub
            .look(|state| state.world.known_guild(self.snowflake).is_ok())
    }

    /// Begins an outage: the bot gets a `GUILD_DELETE` with `unavailable`, and nothing of the guild until
    /// [`end_outage`](Self::end_outage). A bot that identifies in the meantime gets no `GUILD_CREATE`.
    pub fn begin_outage(&self) {
        self.hub
            .change(|world, _| world.set_unavailable(self.snowflake, true));
    }

    /// Ends an outage: the bot gets a `GUILD_CREATE`.
    pub fn end_outage(&self) {
        self.hub
            .change(|world, _| world.set_unavailable(self.snowflake, false));
    }

    /// The shard of the guild, if there are this many.
    #[must_use]
    pub fn shard(&self, count: u64) -> u64 {
        self.snowflake.shard(count)
    }
}

impl PartialEq for Guild {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Guild {}

impl fmt::Display for Guild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Guild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guild")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
