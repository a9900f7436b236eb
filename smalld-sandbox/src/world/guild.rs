//! Guilds: their own fields, and the lists of what belongs to them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::audit;
use super::channel::{Channel, Kind};
use super::member::Member;
use super::permission;
use super::records::Records;
use super::refusal::Refusal;
use super::role::Role;
use super::scheduled_event::ScheduledEvents;
use super::soundboard;
use super::voice::VoiceState;
use super::{DAY, World};
use crate::world::journal::Journal;
use crate::world::snowflake::Snowflake;

/// How many guilds the sandbox holds; Discord's maximum of a bot without verification.
const MAX_GUILDS: usize = 100;

/// A guild. Its channels are in the world, beside those of direct messages.
#[derive(Debug)]
pub(crate) struct Guild {
    pub(crate) id: Snowflake,
    pub(crate) name: String,
    pub(crate) owner: Snowflake,
    /// The role of the bot, which Discord manages.
    pub(crate) bot_role: Snowflake,
    /// With `@everyone`, whose id is that of the guild.
    pub(crate) roles: BTreeMap<Snowflake, Role>,
    pub(crate) members: BTreeMap<Snowflake, Member>,
    /// Everybody who is a member or was one.
    pub(crate) ever_joined: BTreeSet<Snowflake>,
    /// The banned users, each with a reason.
    pub(crate) bans: BTreeMap<Snowflake, Option<String>>,
    pub(crate) audit_log: Journal<Value>,
    pub(crate) emojis: Records,
    pub(crate) sounds: Records,
    /// The rules of auto moderation.
    pub(crate) rules: Records,
    pub(crate) scheduled_events: ScheduledEvents,
    pub(crate) voice_states: BTreeMap<Snowflake, VoiceState>,
    /// By their channels.
    pub(crate) stages: BTreeMap<Snowflake, Value>,
    /// By the ids of commands, or of the application.
    pub(crate) command_permissions: BTreeMap<Snowflake, Vec<Value>>,
    pub(crate) template: Option<Value>,
    pub(crate) welcome_screen: Value,
    pub(crate) onboarding: Value,
    pub(crate) stickers: Records,
    /// Whether an outage hides the guild.
    pub(crate) is_unavailable: bool,
    /// All fields that are not derived from the lists above.
    settings: Map<String, Value>,
}

impl Guild {
    /// A guild with the roles `@everyone` and that of the bot, and without members.
    fn new(id: Snowflake, name: &str, owner: Snowflake, bot_role: (Snowflake, Role)) -> Self {
        let everyone = Role::new(id, "@everyone", 0, permission::EVERYDAY);
        Self {
            id,
            name: name.to_owned(),
            owner,
            bot_role: bot_role.0,
            roles: BTreeMap::from([(id, everyone), bot_role]),
            members: BTreeMap::new(),
            ever_joined: BTreeSet::new(),
            bans: BTreeMap::new(),
            audit_log: audit::log(),
            emojis: Records::default(),
            sounds: soundboard::sounds(),
            rules: Records::default(),
            scheduled_events: ScheduledEvents::default(),
            voice_states: BTreeMap::new(),
            stages: BTreeMap::new(),
            command_permissions: BTreeMap::new(),
            template: None,
            welcome_screen: json!({ "description": null, "welcome_channels": [] }),
            onboarding: json!({
                "guild_id": id, "prompts": [], "default_channel_ids": [], "enabled": false, "mode": 0,
            }),
            stickers: Records::default(),
            is_unavailable: false,
            settings: settings(),
        }
    }

    /// The guild as in REST.
    pub(crate) fn json(&self) -> Value {
        let mut json = Value::Object(self.settings.clone());
        json["id"] = json!(self.id);
        json["name"] = json!(self.name);
        json["owner_id"] = json!(self.owner);
        json["roles"] = self.roles.values().map(Role::json).collect();
        json["emojis"] = self.emojis.json();
        json["stickers"] = self.stickers.json();
        json
    }

    /// The value of a field of [`settings`].
    pub(crate) fn setting(&self, key: &str) -> &Value {
        self.settings.get(key).unwrap_or(&Value::Null)
    }
}

/// The fields that have the same value in every new guild.
fn settings() -> Map<String, Value> {
    let Value::Object(settings) = json!({
        "icon": null,
        "splash": null,
        "discovery_splash": null,
        "afk_channel_id": null,
        "afk_timeout": 300,
        "region": "deprecated",
        "widget_enabled": false,
        "widget_channel_id": null,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "features": [],
        "mfa_level": 0,
        "application_id": null,
        "system_channel_id": null,
        "system_channel_flags": 0,
        "rules_channel_id": null,
        "max_presences": null,
        "max_members": 500_000,
        "vanity_url_code": null,
        "description": null,
        "banner": null,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": "en-US",
        "public_updates_channel_id": null,
        "max_video_channel_users": 25,
        "max_stage_video_channel_users": 50,
        "nsfw": false,
        "nsfw_level": 0,
        "premium_progress_bar_enabled": false,
        "safety_alerts_channel_id": null,
        "home_header": null,
        "incidents_data": null,
    }) else {
        unreachable!("it was made as an object")
    };
    settings
}

impl World {
    /// A guild, whether the bot is a member or not.
    pub(crate) fn guild(&self, id: Snowflake) -> Result<&Guild, Refusal> {
        self.guilds.get(&id).ok_or(Refusal::UnknownGuild)
    }

    pub(crate) fn guild_mut(&mut self, id: Snowflake) -> Result<&mut Guild, Refusal> {
        self.guilds.get_mut(&id).ok_or(Refusal::UnknownGuild)
    }

    /// A guild that the bot is a member of.
    pub(crate) fn known_guild(&self, id: Snowflake) -> Result<&Guild, Refusal> {
        let guild = self.guild(id)?;
        let is_member = guild.members.contains_key(&self.bot);
        is_member.then_some(guild).ok_or(Refusal::MissingAccess)
    }

    /// The guilds that the bot is a member of, oldest first.
    pub(crate) fn joined_guilds(&self) -> impl Iterator<Item = &Guild> {
        let all = self.guilds.values();
        all.filter(|guild| guild.members.contains_key(&self.bot))
    }

    pub(crate) fn guild_named(&self, name: &str) -> Option<Snowflake> {
        let mut all = self.guilds.values();
        all.find(|guild| guild.name == name).map(|guild| guild.id)
    }

    /// A new guild with the channel `general`, the person, and the bot, who joined a day after the guild
    /// was founded. Nothing is dispatched.
    ///
    /// The ids of guilds are a millisecond apart, so that one after the other belongs to the next shard.
    pub(super) fn found_guild(&mut self, name: &str) -> Result<Snowflake, Refusal> {
        if self.guilds.len() >= MAX_GUILDS {
            return Err(Refusal::TooManyGuilds);
        }
        let nth = self.guilds.len() as u64;
        let founded = self.founded + nth;
        let id = self.guild_ids.next(founded);
        let [bot_role, general] = [(); 2].map(|()| self.ids.next(founded));
        let bot = &self.users[&self.bot];
        let of_bot = Role::new(bot_role, &bot.name, 1, self.bot_permissions).of_bot(bot.id);
        let mut guild = Guild::new(id, name, self.person, (bot_role, of_bot));
        for (user, roles) in [(self.person, vec![]), (self.bot, vec![bot_role])] {
            let joined = founded + DAY;
            let member = Member {
                joined,
                roles,
                ..Member::default()
            };
            guild.members.insert(user, member);
            guild.ever_joined.insert(user);
        }
        let channel = Channel::of_guild(general, id, Kind::Text, "general");
        self.channels.insert(general, channel);
        self.guilds.insert(id, guild);
        Ok(id)
    }

    /// Changes fields of a guild. Returns the guild as it was, and as it is.
    pub(crate) fn edit_guild(
        &mut self,
        id: Snowflake,
        mut fields: Map<String, Value>,
    ) -> Result<(Value, Value), Refusal> {
        let guild = self.guild_mut(id)?;
        let before = guild.json();
        if let Some(Value::String(name)) = fields.remove("name") {
            guild.name = name;
        }
        guild.settings.extend(fields);
        let after = guild.json();
        self.push("GUILD_UPDATE", Some(id), after.clone());
        Ok((before, after))
    }

    /// A new guild, which the bot joins.
    pub(crate) fn add_guild(&mut self, name: &str) -> Result<Snowflake, Refusal> {
        let id = self.found_guild(name)?;
        self.tell_of_guild(id);
        Ok(id)
    }

    /// Dispatches the whole guild, as when the bot joins.
    pub(crate) fn tell_of_guild(&mut self, id: Snowflake) {
        let data = self.guild_create(id, true);
        self.push("GUILD_CREATE", Some(id), data);
    }

    /// The template with this code, of any guild.
    pub(crate) fn template(&self, code: &str) -> Option<&Value> {
        let templates = self.guilds.values();
        let mut templates = templates.filter_map(|guild| guild.template.as_ref());
        templates.find(|template| template["code"] == code)
    }

    /// Sets whether a role may use a command of the bot, as people do in the settings of a guild.
    pub(crate) fn permit_command(
        &mut self,
        guild: Snowflake,
        command: Snowflake,
        role: Snowflake,
        is_allowed: bool,
    ) -> Result<(), Refusal> {
        self.role(guild, role)?;
        let bot = self.bot;
        let all = &mut self.guild_mut(guild)?.command_permissions;
        let permissions = all.entry(command).or_default();
        permissions.retain(|permission| permission["id"] != json!(role));
        permissions.push(json!({ "id": role, "type": 1, "permission": is_allowed }));
        let data = json!({ "id": command, "application_id": bot, "permissions": permissions });
        self.tell_guild(guild, "APPLICATION_COMMAND_PERMISSIONS_UPDATE", data);
        Ok(())
    }

    /// Hides the guild from the bot, or shows it again.
    pub(crate) fn set_unavailable(&mut self, id: Snowflake, is_unavailable: bool) {
        let Ok(guild) = self.guild_mut(id) else {
            return;
        };
        if guild.is_unavailable == is_unavailable {
            return;
        }
        guild.is_unavailable = false;
        if is_unavailable {
            let data = json!({ "id": id, "unavailable": true });
            self.push("GUILD_DELETE", Some(id), data);
        } else {
            self.tell_of_guild(id);
        }
        // Last: during an outage nothing is dispatched.
        if let Ok(guild) = self.guild_mut(id) {
            guild.is_unavailable = is_unavailable;
        }
    }
}
