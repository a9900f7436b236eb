//! One request on its way to an endpoint: what was sent, and what it acts on.

use serde_json::{Value, json};

use super::body::Body;
use super::error::Error;
use crate::world::World;
use crate::world::audit::Action;
use crate::world::snowflake::Snowflake;

/// What endpoints see of the sandbox, besides the world.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    pub(crate) gateway_url: String,
    /// How many shards are recommended.
    pub(crate) shards: u64,
    /// The privileged intents that the application was granted.
    pub(crate) granted_intents: u64,
    pub(crate) session_starts: SessionStarts,
}

/// The `session_start_limit` of `GET /gateway/bot`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionStarts {
    pub(crate) total: usize,
    pub(crate) remaining: usize,
    pub(crate) reset_after_millis: u64,
    pub(crate) max_concurrency: u64,
}

/// A request whose route is known and whose caller may make it.
pub(crate) struct Call<'c> {
    pub(crate) world: &'c mut World,
    pub(crate) surroundings: &'c Surroundings,
    /// In milliseconds since 1970.
    pub(crate) now: u64,
    pub(crate) values: Vec<(&'static str, String)>,
    /// What follows the `?`.
    pub(crate) query: String,
    pub(crate) body: Body,
    /// The reason for the audit log.
    pub(crate) reason: Option<String>,
}

impl Call<'_> {
    /// The value of a placeholder in the template of the route.
    pub(crate) fn value(&self, name: &str) -> &str {
        let value = self.values.iter().find(|(known, _)| *known == name);
        value.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The guild in the path, which the bot must be a member of.
    pub(crate) fn guild(&self) -> Result<Snowflake, Error> {
        let guild = self.world.known_guild(self.id("guild_id")?)?;
        Ok(guild.id)
    }

    /// As [`guild`](Self::guild), and that the bot has these permissions.
    pub(crate) fn guild_with(&self, bits: u64) -> Result<Snowflake, Error> {
        let guild = self.guild()?;
        let bot = self.world.bot().id;
        self.world.require(guild, bot, bits, self.now)?;
        Ok(guild)
    }

    /// Records what the bot did in the audit log of a guild.
    pub(crate) fn audit(&mut self, guild: Snowflake, action: Action, target: Snowflake) {
        let reason = self.reason.as_deref();
        self.world.audit(guild, action, target, reason, self.now);
    }

    /// The JSON of the body; an empty object without one.
    pub(crate) fn take_json(&mut self) -> Value {
        let json = std::mem::take(&mut self.body).json;
        json.unwrap_or_else(|| json!({}))
    }

    /// The id in a placeholder.
    pub(crate) fn id(&self, name: &str) -> Result<Snowflake, Error> {
        let text = self.value(name);
        let message = format!("Value \"{text}\" is not snowflake.");
        Snowflake::parse(text)
            .ok_or_else(|| Error::of_field(&[name], "NUMBER_TYPE_COERCE", &message))
    }
}
