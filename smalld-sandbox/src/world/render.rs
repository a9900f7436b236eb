//! The world as JSON: how REST and the gateway describe what is in it.

use serde_json::{Map, Value, json};

use super::channel::Channel;
use super::guild::Guild;
use super::message::{Message, Reaction};
use super::{World, timestamp};
use crate::world::snowflake::Snowflake;

/// The types of messages that are replies, or repeat the one that a thread began with.
const REPLY: u64 = 19;
const THREAD_STARTER: u64 = 21;
/// The flag of a message whose embeds are hidden.
const SUPPRESS_EMBEDS: u64 = 1 << 2;

impl World {
    /// The `d` of `GUILD_CREATE`. Without presences it lists only the bot itself.
    pub(crate) fn guild_create(&self, guild: Snowflake, with_presences: bool) -> Value {
        let Ok(guild) = self.known_guild(guild) else {
            return json!({ "id": guild, "unavailable": true });
        };
        let listed = |user: &Snowflake| with_presences || *user == self.bot;
        let members = guild.members.keys().filter(|user| listed(user));
        let online = guild.members.keys().filter(|_| with_presences);
        let mut json = guild.json();
        json["joined_at"] = json!(timestamp::iso8601(guild.members[&self.bot].joined));
        json["large"] = json!(false);
        json["unavailable"] = json!(false);
        json["member_count"] = json!(guild.members.len());
        json["members"] = members
            .filter_map(|user| self.member(guild.id, *user))
            .collect();
        json["presences"] = online.map(|user| presence(guild.id, *user)).collect();
        json["channels"] = self.guild_channel_events(guild.id);
        let threads = self.active_threads(guild.id);
        json["threads"] = self.threads_json(&threads, false)["threads"].take();
        json["voice_states"] = self.voice_states(guild.id);
        json["stage_instances"] = guild.stages.values().cloned().collect();
        json["guild_scheduled_events"] = guild.scheduled_events.current().cloned().collect();
        json["soundboard_sounds"] = guild.sounds.json();
        json
    }

    /// A member with the user inside.
    pub(crate) fn member(&self, guild: Snowflake, user: Snowflake) -> Option<Value> {
        let mut member = self.guilds.get(&guild)?.members.get(&user)?.json();
        member["user"] = self.users.get(&user)?.json();
        Some(member)
    }

    /// A message as in REST.
    pub(crate) fn message_json(&self, channel: &Channel, message: &Message) -> Value {
        let mut json = self.message_alone(channel, message);
        if let Some(original) = message.reply_to {
            let referenced = channel.messages.get(&original);
            json["referenced_message"] = referenced.map_or(Value::Null, |original| {
                self.message_alone(channel, original)
            });
        }
        if message.kind == THREAD_STARTER {
            json["referenced_message"] = self.referenced(message);
        }
        let thread = self.channels.get(&message.id);
        if let Some(thread) = thread.filter(|thread| thread.id != channel.id) {
            json["thread"] = self.channel_json(thread);
        }
        json
    }

    /// A message as in events: with the guild and the member.
    pub(crate) fn message_event(&self, channel: &Channel, message: &Message) -> Value {
        let mut json = self.message_json(channel, message);
        json["channel_type"] = json!(channel.kind as u64);
        let Some(guild) = channel.guild() else {
            return json;
        };
        json["guild_id"] = json!(guild);
        let Ok(guild) = self.guild(guild) else {
            return json;
        };
        if let Some(member) = guild.members.get(&message.author) {
            json["member"] = member.json();
        }
        json["mentions"] = message
            .mentions
            .iter()
            .map(|user| self.mentioned(guild, *user))
            .collect();
        json
    }

    /// The message of another channel that a message is about.
    fn referenced(&self, message: &Message) -> Value {
        let place = message.reference.as_ref();
        let place = place.and_then(|to| Some((self.channels.get(&to.channel)?, to.message?)));
        let found = place.and_then(|(channel, id)| Some((channel, channel.messages.get(&id)?)));
        found.map_or(Value::Null, |(channel, message)| {
            self.message_alone(channel, message)
        })
    }

    /// A message without the one it replies to.
    fn message_alone(&self, channel: &Channel, message: &Message) -> Value {
        let attachments_at = format!("{}/attachments/{}", self.media_url, channel.id);
        let mut json = json!({
            "id": message.id,
            "channel_id": channel.id,
            "author": self.author(message),
            "content": message.content,
            "timestamp": timestamp::iso8601(message.id.millis()),
            "edited_timestamp": message.edited.map(timestamp::iso8601),
            "tts": message.tts,
            "mention_everyone": message.mentions_everyone,
            "mentions": message.mentions.iter().map(|id| self.users[id].json()).collect::<Value>(),
            "mention_roles": [],
            "attachments":
                message.attachments.iter().map(|a| a.json(&attachments_at)).collect::<Value>(),
            "embeds": if message.flags & SUPPRESS_EMBEDS == 0 { &message.embeds[..] } else { &[] },
            "components": message.components,
            "pinned": message.pinned.is_some(),
            "type": if message.reply_to.is_some() { REPLY } else { message.kind },
            "flags": message.flags,
        });
        if let Some(fields) = json.as_object_mut() {
            self.add_optional(fields, channel, message);
        }
        json
    }

    fn author(&self, message: &Message) -> Value {
        match &message.webhook {
            Some(webhook) => webhook.json(message.author),
            None => self.users[&message.author].json(),
        }
    }

    /// Fields that are absent, not null, if they do not apply.
    fn add_optional(&self, json: &mut Map<String, Value>, channel: &Channel, message: &Message) {
        if let Some(nonce) = &message.nonce {
            json.insert("nonce".to_owned(), nonce.clone());
        }
        if let Some(poll) = &message.poll {
            json.insert("poll".to_owned(), poll.json(self.bot));
        }
        if let Some(original) = message.reply_to {
            let mut reference =
                json!({ "type": 0, "message_id": original, "channel_id": channel.id });
            if let Some(guild) = channel.guild() {
                reference["guild_id"] = json!(guild);
            }
            json.insert("message_reference".to_owned(), reference);
        }
        if let Some(snapshot) = &message.snapshot {
            let snapshots = json!([{ "message": snapshot }]);
            json.insert("message_snapshots".to_owned(), snapshots);
        }
        if let Some(to) = &message.reference {
            let mut reference = json!({ "type": to.kind, "channel_id": to.channel });
            if let Some(message) = to.message {
                reference["message_id"] = json!(message);
            }
            if let Some(guild) = self.guild_of(to.channel) {
                reference["guild_id"] = json!(guild);
            }
            json.insert("message_reference".to_owned(), reference);
        }
        if let Some(webhook) = &message.webhook {
            json.insert("webhook_id".to_owned(), json!(message.author));
            if webhook.is_of_application {
                json.insert("application_id".to_owned(), json!(self.bot));
            }
        }
        if let Some(interaction) = message.interaction {
            let user = self.users[&interaction.user].json();
            let metadata = json!({
                "id": interaction.id,
                "type": interaction.kind,
                "user": user,
                "authorizing_integration_owners": {
                    "0": channel.guild().map_or_else(|| "0".to_owned(), |guild| guild.to_string()),
                },
            });
            json.insert("interaction_metadata".to_owned(), metadata);
            json.insert("application_id".to_owned(), json!(self.bot));
            json.insert("webhook_id".to_owned(), json!(self.bot));
        }
        if !message.reactions.is_empty() {
            let reactions = message
                .reactions
                .iter()
                .map(|reaction| self.reaction(reaction));
            json.insert("reactions".to_owned(), reactions.collect());
        }
    }

    fn reaction(&self, reaction: &Reaction) -> Value {
        let count = reaction.users.len();
        json!({
            "emoji": reaction.emoji.json(),
            "count": count,
            "count_details": { "burst": 0, "normal": count },
            "me": reaction.users.contains(&self.bot),
            "me_burst": false,
            "burst_colors": [],
        })
    }

    fn mentioned(&self, guild: &Guild, user: Snowflake) -> Value {
        let mut json = self.users[&user].json();
        if let Some(member) = guild.members.get(&user) {
            json["member"] = member.json();
        }
        json
    }
}

pub(crate) fn presence(guild: Snowflake, user: Snowflake) -> Value {
    json!({
        "user": { "id": user },
        "guild_id": guild,
        "status": "online",
        "activities": [],
        "client_status": { "desktop": "online" },
    })
}
