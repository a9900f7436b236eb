//! A request for an endpoint: what was sent, and what it acts on.

use serde_json::{Map, Value, json};

use super::body::Body;
use super::error::Error;
use super::mistakes::Mistakes;
use super::rules::{self, Rule};
use crate::world::World;
use crate::world::audit::{self, Action};
use crate::world::permission;
use crate::world::refusal::Refusal;
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

    /// Checks that the application in the path is the bot's own.
    pub(crate) fn own_application(&self) -> Result<(), Error> {
        if self.id("application_id")? == self.world.bot().id {
            Ok(())
        } else {
            Err(Refusal::UnknownApplication.into())
        }
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

    /// As [`guild`](Self::guild), and that the bot may change expressions that it made itself. Nobody else
    /// makes any.
    pub(crate) fn guild_with_expressions(&self) -> Result<Snowflake, Error> {
        let managed = self.guild_with(permission::MANAGE_GUILD_EXPRESSIONS);
        managed.or_else(|_| self.guild_with(permission::CREATE_GUILD_EXPRESSIONS))
    }

    /// Checks that the channel exists, and that the bot sees it and has these permissions there.
    pub(crate) fn require_in(&self, channel: Snowflake, bits: u64) -> Result<(), Refusal> {
        let bot = self.world.bot().id;
        self.world.require_in(channel, bot, bits, self.now)
    }

    /// The fields of the body that have a rule, if they keep to it.
    pub(crate) fn fields(&mut self, rules: &[Rule]) -> Result<Map<String, Value>, Error> {
        let body = self.take_json();
        let mut mistakes = Mistakes::default();
        let fields = rules::object(&body, &[], &mut mistakes)
            .cloned()
            .unwrap_or_default();
        rules::check(rules, &fields, &[], &mut mistakes);
        mistakes.check()?;
        Ok(rules::known(rules, &fields))
    }

    /// Records what the bot did to a channel in the audit log of its guild.
    pub(crate) fn audit_in(&mut self, channel: Snowflake, action: Action, target: Snowflake) {
        if let Some(guild) = self.world.guild_of(channel) {
            self.audit(guild, action, target);
        }
    }

    /// Records a change of something in the audit log of a guild: which fields were changed. Null stands
    /// for what was not there before, or is not there any more.
    pub(crate) fn audit_change(
        &mut self,
        guild: Snowflake,
        action: Action,
        target: Snowflake,
        (before, after): (&Value, &Value),
    ) {
        let reason = self.reason.as_deref();
        let changes = audit::changes(before, after);
        self.world
            .audit_changes(guild, action, target, &changes, reason, self.now);
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
