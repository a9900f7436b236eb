//! The state of the simulated Discord: users, guilds, channels, messages, commands, interactions.
//!
//! No sockets, no sessions, no clock: the time comes in with every change, and every change becomes
//! [`Event`]s. `render` describes the state as JSON.

pub(crate) mod audit;
pub(crate) mod auto_moderation;
pub(crate) mod channel;
pub(crate) mod channels;
pub(crate) mod command;
mod component;
mod emoji;
pub(crate) mod entitlement;
mod event;
pub(crate) mod expressions;
mod guild;
pub(crate) mod intents;
pub(crate) mod interaction;
pub(crate) mod invite;
pub(crate) mod journal;
mod lobby;
pub(crate) mod member;
mod mention;
pub(crate) mod message;
pub(crate) mod overwrite;
pub(crate) mod permission;
mod pin;
mod poll;
mod posting;
mod reaction;
mod records;
pub(crate) mod refusal;
mod render;
pub(crate) mod role;
pub(crate) mod scheduled_event;
pub(crate) mod snowflake;
mod soundboard;
pub(crate) mod thread;
pub(crate) mod timestamp;
pub(crate) mod token;
mod user;
mod voice;
pub(crate) mod webhook;

use std::collections::BTreeMap;
use std::mem;

use serde_json::{Map, Value, json};

pub(crate) use channel::{Channel, Page};
pub(crate) use event::Event;
pub(crate) use guild::Guild;
pub(crate) use message::{AllowedMentions, Draft, Edit, Upload};
pub(crate) use render::presence;
pub(crate) use user::User;

use crate::world::snowflake::{Snowflake, Snowflakes};
use command::Commands;
use interaction::Interaction;
use invite::Invite;
use message::Message;
use records::Records;
use refusal::Refusal;
use webhook::Webhook;

const DAY: u64 = 86_400_000;

#[derive(Debug)]
pub(crate) struct World {
    ids: Snowflakes,
    events: Vec<Event>,
    /// The URL of attachments.
    media_url: String,
    /// Makes the ids of guilds, which are a millisecond apart.
    guild_ids: Snowflakes,
    /// When the first guild was founded, in milliseconds since 1970.
    founded: u64,
    bot: Snowflake,
    /// The user for whom [`Sandbox::say`](crate::Sandbox::say) speaks.
    person: Snowflake,
    /// The guild that is there from the start.
    home: Snowflake,
    /// The first channel of that guild.
    general: Snowflake,
    /// What the role of the bot grants in a new guild.
    bot_permissions: u64,
    guilds: BTreeMap<Snowflake, Guild>,
    users: BTreeMap<Snowflake, User>,
    application_emojis: Records,
    /// What the bot changed of its application.
    pub(crate) application: Map<String, Value>,
    /// The metadata of role connections.
    pub(crate) role_connections: Vec<Value>,
    pub(crate) entitlements: Records,
    lobbies: Records,
    invites: Vec<Invite>,
    channels: BTreeMap<Snowflake, Channel>,
    commands: Commands,
    interactions: BTreeMap<Snowflake, Interaction>,
    webhooks: BTreeMap<Snowflake, Webhook>,
    /// When something happens by itself, in milliseconds since 1970.
    next_deadline: u64,
}

impl World {
    /// One guild with one channel, two users and the bot, who joined some days ago.
    pub(crate) fn new(bot_name: &str, media_url: String, node: u64, now: u64) -> Self {
        let mut ids = Snowflakes::new(node);
        let founded = now.saturating_sub(30 * DAY);
        let mut user = |name: &str, bot| User::new(ids.next(founded), name, bot);
        let users = [
            user("alex", false),
            user("robin", false),
            user(bot_name, true),
        ];
        let [alex, robin, bot] = [0, 1, 2].map(|nth: usize| users[nth].id);
        let mut world = Self {
            ids,
            guild_ids: Snowflakes::new(!node),
            founded,
            events: Vec::new(),
            media_url,
            bot,
            person: alex,
            home: bot,
            general: bot,
            bot_permissions: permission::ALL,
            guilds: BTreeMap::new(),
            application_emojis: Records::default(),
            application: Map::new(),
            role_connections: Vec::new(),
            entitlements: Records::default(),
            lobbies: Records::default(),
            invites: Vec::new(),
            users: users.into_iter().map(|user| (user.id, user)).collect(),
            channels: BTreeMap::new(),
            commands: Commands::new(),
            interactions: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            next_deadline: u64::MAX,
        };
        world.found_home(robin);
        world
    }

    /// Founds the guild that is there from the start.
    fn found_home(&mut self, second_member: Snowflake) {
        let home = self.found_guild("Sandbox");
        self.home = home.expect("there are no guilds yet");
        let general = self.channel_named(self.home, "general");
        self.general = general.expect("a new guild has this channel");
        // Nobody is banned yet.
        let _ = self.join(self.home, second_member, self.founded + DAY);
        self.events.clear();
    }

    /// Lets happen what happens by itself until now: threads are archived, and polls end.
    pub(crate) fn pass_time(&mut self, now: u64) {
        if now >= self.next_deadline {
            let next = self.archive_idle_threads(now);
            self.next_deadline = next.min(self.end_due_polls(now));
        }
    }

    /// Remembers when something will happen by itself.
    fn note_deadline(&mut self, at: u64) {
        self.next_deadline = self.next_deadline.min(at);
    }

    /// The events since the last call, in order.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        mem::take(&mut self.events)
    }

    pub(crate) fn bot(&self) -> &User {
        &self.users[&self.bot]
    }

    /// The person for target the sandbox speaks.
    pub(crate) fn person(&self) -> &User {
        &self.users[&self.person]
    }

    pub(crate) fn general(&self) -> Snowflake {
        self.general
    }

    /// The guild that is there from the start.
    pub(crate) fn guild_id(&self) -> Snowflake {
        self.home
    }

    /// The user with this name. A user who has never been in this guild joins it.
    pub(crate) fn user_named(&mut self, guild: Snowflake, name: &str, now: u64) -> Snowflake {
        let known = self.users.values().find(|user| user.name == name);
        let id = known.map(|user| user.id);
        let id = id.unwrap_or_else(|| {
            let id = self.ids.next(now);
            self.users.insert(id, User::new(id, name, false));
            id
        });
        let of_guild = self.guilds.get(&guild);
        if of_guild.is_some_and(|guild| !guild.ever_joined.contains(&id)) {
            // An error means that the user is banned.
            let _ = self.join(guild, id, now);
        }
        id
    }

    /// The permissions that the role of the bot grants, in guilds that are there and in new ones.
    pub(crate) fn set_bot_permissions(&mut self, bits: u64) {
        self.bot_permissions = bits;
        let roles: Vec<_> = self.guilds.values().map(|g| (g.id, g.bot_role)).collect();
        for (guild, role) in roles {
            let fields = json!({ "permissions": bits.to_string() });
            // The role of the bot is always there.
            let _ = self.edit_role(guild, role, fields);
        }
        self.events.clear();
    }

    /// A new id, made now.
    pub(crate) fn new_id(&mut self, now: u64) -> Snowflake {
        self.ids.next(now)
    }

    /// When a user last wrote in a guild, in milliseconds since 1970.
    pub(crate) fn last_message_of(&self, guild: Snowflake, user: Snowflake) -> Option<u64> {
        let of_guild = self.channels.values();
        let of_guild = of_guild.filter(|channel| channel.guild() == Some(guild));
        let messages = of_guild.flat_map(|channel| channel.messages.values());
        let own = messages.filter(|message| message.author == user);
        own.map(|message| message.id.millis()).max()
    }

    pub(crate) fn user(&self, id: Snowflake) -> Result<&User, Refusal> {
        self.users.get(&id).ok_or(Refusal::UnknownUser)
    }

    pub(crate) fn message(&self, channel: Snowflake, id: Snowflake) -> Result<Value, Refusal> {
        let channel = self.channel(channel)?;
        let message = channel.messages.get(&id).filter(|m| m.visible_to.is_none());
        let message = message.ok_or(Refusal::UnknownMessage)?;
        Ok(self.message_json(channel, message))
    }

    /// All messages of a channel, oldest first, as in events.
    pub(crate) fn messages(&self, channel: Snowflake) -> Vec<Value> {
        let Ok(channel) = self.channel(channel) else {
            return Vec::new();
        };
        channel
            .messages
            .values()
            .map(|message| self.message_event(channel, message))
            .collect()
    }

    /// The components of a message, also if only one user sees it.
    pub(crate) fn components(&self, channel: Snowflake, id: Snowflake) -> Value {
        let channel = self.channels.get(&channel);
        let message = channel.and_then(|channel| channel.messages.get(&id));
        message
            .map(|message| json!(message.components))
            .unwrap_or_default()
    }

    /// All messages in all channels, oldest first, as in events.
    pub(crate) fn all_messages(&self) -> Vec<Value> {
        let everywhere = self.channels.values().flat_map(|channel| {
            let messages = channel.messages.values();
            messages.map(move |message| (channel, message))
        });
        let mut all: Vec<_> = everywhere.collect();
        all.sort_by_key(|(_, message)| message.id);
        all.into_iter()
            .map(|(channel, message)| self.message_event(channel, message))
            .collect()
    }

    /// All messages of the bot, in any channel, oldest first.
    pub(crate) fn messages_by_bot(&self) -> Vec<Value> {
        let everywhere = self.channels.values().flat_map(|channel| {
            channel
                .messages
                .values()
                .map(move |message| (channel, message))
        });
        let mut own: Vec<_> = everywhere.filter(|(_, m)| m.author == self.bot).collect();
        own.sort_by_key(|(_, message)| message.id);
        own.into_iter()
            .map(|(channel, message)| self.message_event(channel, message))
            .collect()
    }

    /// The channel of this message.
    pub(crate) fn channel_of(&self, message: Snowflake) -> Option<Snowflake> {
        let holds = |channel: &&Channel| channel.messages.contains_key(&message);
        self.channels.values().find(holds).map(|channel| channel.id)
    }

    pub(crate) fn attachment(&self, channel: Snowflake, id: Snowflake) -> Option<&Upload> {
        let messages = self.channels.get(&channel)?.messages.values();
        let mut attachments = messages.flat_map(|message| &message.attachments);
        attachments
            .find(|attachment| attachment.id == id)
            .map(|attachment| &attachment.file)
    }

    fn message_of(&mut self, channel: Snowflake, id: Snowflake) -> Result<&mut Message, Refusal> {
        self.channel_mut(channel)?
            .messages
            .get_mut(&id)
            .ok_or(Refusal::UnknownMessage)
    }

    fn tell_of_message(&mut self, name: &'static str, channel: Snowflake, id: Snowflake) {
        let Some(place) = self.channels.get(&channel) else {
            return;
        };
        let Some(message) = place.messages.get(&id) else {
            return;
        };
        let (guild, is_public) = (place.guild(), message.visible_to.is_none());
        let data = self.message_event(place, message);
        self.push(name, guild, data);
        if let Some(event) = self.events.last_mut() {
            event.is_dispatched &= is_public;
        }
        self.keep_secret(channel);
    }

    /// Adds an event of a guild, with its id.
    fn tell_guild(&mut self, guild: Snowflake, name: &'static str, mut data: Value) {
        data["guild_id"] = json!(guild);
        self.push(name, Some(guild), data);
    }

    /// Adds an event in this channel, with the guild's id if there is one. The bot gets it if it sees
    /// the channel.
    fn tell(&mut self, name: &'static str, channel: Snowflake, mut data: Value) {
        let guild = self.guild_of(channel);
        if let Some(guild) = guild {
            data["guild_id"] = json!(guild);
        }
        self.push(name, guild, data);
        self.keep_secret(channel);
    }

    /// Withholds the newest event from a bot that does not see the channel in which it happened.
    fn keep_secret(&mut self, channel: Snowflake) {
        let is_seen = self.bot_sees(channel);
        if let Some(event) = self.events.last_mut() {
            event.is_dispatched &= is_seen;
        }
    }

    /// Adds an event. The bot gets those of a guild only while it is a member and there is no outage.
    fn push(&mut self, name: &'static str, guild: Option<Snowflake>, data: Value) {
        let is_seen = |guild| {
            let guild = self.known_guild(guild);
            guild.is_ok_and(|guild| !guild.is_unavailable)
        };
        let is_dispatched = guild.is_none_or(is_seen);
        self.events.push(Event {
            name,
            data,
            guild,
            intents: None,
            is_dispatched,
        });
    }
}

#[cfg(test)]
mod tests;
