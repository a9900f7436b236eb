//! The state of the simulated Discord: users, the guild, channels, messages, commands, interactions.
//!
//! No sockets, no sessions, no clock: the time comes in with every change, and every change becomes
//! [`Event`]s. `render` describes the state as JSON.

pub(crate) mod audit;
mod channel;
pub(crate) mod command;
mod emoji;
mod event;
mod guild;
pub(crate) mod intents;
pub(crate) mod interaction;
pub(crate) mod journal;
pub(crate) mod member;
mod mention;
mod message;
pub(crate) mod permission;
mod reaction;
pub(crate) mod refusal;
mod render;
pub(crate) mod role;
pub(crate) mod snowflake;
pub(crate) mod timestamp;
pub(crate) mod token;
mod user;

use std::collections::BTreeMap;
use std::mem;

use serde_json::{Value, json};

pub(crate) use channel::{Channel, Page};
pub(crate) use event::Event;
pub(crate) use message::{AllowedMentions, Draft, Edit, Upload};
pub(crate) use user::User;

use crate::world::snowflake::{Snowflake, Snowflakes};
use channel::Kind;
use command::Commands;
use guild::Guild;
use interaction::Interaction;
use member::Member;
use message::{Attachment, Message};
use refusal::Refusal;
use role::Role;

const DAY: u64 = 86_400_000;
/// Message flags.
const EPHEMERAL: u64 = 1 << 6;
const LOADING: u64 = 1 << 7;

#[derive(Debug)]
pub(crate) struct World {
    ids: Snowflakes,
    events: Vec<Event>,
    /// The URL of attachments.
    media_url: String,
    bot: Snowflake,
    person: Snowflake,
    general: Snowflake,
    guild: Guild,
    users: BTreeMap<Snowflake, User>,
    channels: BTreeMap<Snowflake, Channel>,
    commands: Commands,
    interactions: BTreeMap<Snowflake, Interaction>,
}

impl World {
    /// One guild with one channel, two users and the bot, who joined some days ago.
    pub(crate) fn new(bot_name: &str, media_url: String, node: u64, now: u64) -> Self {
        let mut ids = Snowflakes::new(node);
        let past = now.saturating_sub(30 * DAY);
        let mut user = |name: &str, bot| User {
            id: ids.next(past),
            name: name.to_owned(),
            bot,
        };
        let users = [
            user("alex", false),
            user("robin", false),
            user(bot_name, true),
        ];
        let [alex, robin, bot] = [0, 1, 2].map(|nth: usize| users[nth].id);
        let (guild, bot_role) = (ids.next(past), ids.next(past));
        let general = ids.next(past);
        let member = |id| {
            (
                id,
                Member {
                    joined: past + DAY,
                    ..Member::default()
                },
            )
        };
        let mut members = BTreeMap::from([member(alex), member(robin)]);
        members.insert(
            bot,
            Member {
                joined: past + DAY,
                roles: vec![bot_role],
                ..Member::default()
            },
        );
        let kind = Kind::Text {
            guild,
            name: "general".to_owned(),
        };
        let everyone = Role::new(guild, "@everyone", 0, permission::EVERYDAY);
        let of_bot = Role::new(bot_role, bot_name, 1, permission::ALL).of_bot(bot);
        Self {
            ids,
            events: Vec::new(),
            media_url,
            bot,
            person: alex,
            general,
            guild: Guild {
                id: guild,
                name: "Sandbox".to_owned(),
                owner: alex,
                bot_role,
                roles: BTreeMap::from([(guild, everyone), (bot_role, of_bot)]),
                members,
                bans: BTreeMap::new(),
                audit_log: audit::log(),
            },
            users: users.into_iter().map(|user| (user.id, user)).collect(),
            channels: BTreeMap::from([(general, Channel::new(general, kind))]),
            commands: Commands::new(),
            interactions: BTreeMap::new(),
        }
    }

    /// More text channels in the guild, as old as `general`.
    pub(crate) fn add_channels(&mut self, count: usize) {
        let time = self.general.millis();
        for nth in 1..=count {
            let id = self.ids.next(time);
            let kind = Kind::Text {
                guild: self.guild.id,
                name: format!("channel-{nth}"),
            };
            self.channels.insert(id, Channel::new(id, kind));
        }
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

    pub(crate) fn guild_id(&self) -> Snowflake {
        self.guild.id
    }

    /// The user with this name, who joins the guild if there is none.
    pub(crate) fn user_named(&mut self, name: &str, now: u64) -> Snowflake {
        let known = self.users.values().find(|user| user.name == name);
        if let Some(user) = known {
            return user.id;
        }
        let id = self.ids.next(now);
        let user = User {
            id,
            name: name.to_owned(),
            bot: false,
        };
        self.users.insert(id, user);
        // A user who was just made is not banned.
        let _ = self.join(id, now);
        id
    }

    /// The text channel of the guild with this name.
    pub(crate) fn channel_named(&self, wanted: &str) -> Option<Snowflake> {
        let mut all = self.channels.values();
        let named =
            |channel: &&Channel| matches!(&channel.kind, Kind::Text { name, .. } if name == wanted);
        all.find(named).map(|channel| channel.id)
    }

    /// A new text channel in the guild, which is dispatched.
    pub(crate) fn add_channel(&mut self, name: &str, now: u64) -> Snowflake {
        let id = self.ids.next(now);
        let kind = Kind::Text {
            guild: self.guild.id,
            name: name.to_owned(),
        };
        let channel = Channel::new(id, kind);
        let data = self.channel_json(&channel);
        self.channels.insert(id, channel);
        self.tell("CHANNEL_CREATE", id, data);
        id
    }

    /// The permissions that the role of the bot grants.
    pub(crate) fn set_bot_permissions(&mut self, bits: u64) {
        let fields = json!({ "permissions": bits.to_string() });
        // The role of the bot is always there.
        let _ = self.edit_role(self.guild.bot_role, fields);
        self.events.clear();
    }

    pub(crate) fn user(&self, id: Snowflake) -> Result<&User, Refusal> {
        self.users.get(&id).ok_or(Refusal::UnknownUser)
    }

    pub(crate) fn known_guild(&self, id: Snowflake) -> Result<(), Refusal> {
        if id == self.guild.id {
            Ok(())
        } else {
            Err(Refusal::UnknownGuild)
        }
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &User> {
        self.guild.members.keys().map(|id| &self.users[id])
    }

    pub(crate) fn channel(&self, id: Snowflake) -> Result<&Channel, Refusal> {
        self.channels.get(&id).ok_or(Refusal::UnknownChannel)
    }

    /// The other user in this channel of direct messages.
    pub(crate) fn recipient(&self, channel: Snowflake) -> Option<&User> {
        match self.channels.get(&channel)?.kind {
            Kind::Direct { with } => self.users.get(&with),
            Kind::Text { .. } => None,
        }
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

    /// The bot's direct messages with a user, opened if they were not.
    pub(crate) fn direct_channel(
        &mut self,
        with: Snowflake,
        now: u64,
    ) -> Result<Snowflake, Refusal> {
        if with == self.bot || !self.users.contains_key(&with) {
            return Err(Refusal::InvalidRecipient);
        }
        let same =
            |channel: &&Channel| matches!(channel.kind, Kind::Direct { with: w } if w == with);
        if let Some(open) = self.channels.values().find(same) {
            return Ok(open.id);
        }
        let id = self.ids.next(now);
        self.channels
            .insert(id, Channel::new(id, Kind::Direct { with }));
        Ok(id)
    }

    pub(crate) fn post(
        &mut self,
        channel: Snowflake,
        author: Snowflake,
        draft: Draft,
        now: u64,
    ) -> Result<Snowflake, Refusal> {
        if let Some(same) = self.with_same_nonce(channel, author, &draft)? {
            return Ok(same);
        }
        if draft.is_empty() && draft.flags & LOADING == 0 {
            return Err(Refusal::EmptyMessage);
        }
        let reply_to = self.original(channel, &draft)?;
        let mentions = self.mentions(channel, reply_to, &draft.content, &draft.may_mention);
        let message = Message {
            // Attachments have older ids than their message, as on Discord.
            attachments: self.attach(draft.uploads, now),
            id: self.ids.next(now),
            author,
            mentions_everyone: draft.may_mention.everyone && mention::everyone(&draft.content),
            mentions,
            content: draft.content,
            edited: None,
            tts: draft.tts,
            nonce: draft.nonce,
            flags: draft.flags,
            embeds: draft.embeds,
            components: draft.components,
            poll: draft.poll,
            reply_to,
            kind: draft.kind,
            interaction: draft.interaction,
            visible_to: draft.visible_to,
            reactions: Vec::new(),
        };
        let id = message.id;
        self.channel_mut(channel)?.add(message);
        self.tell_of_message("MESSAGE_CREATE", channel, id);
        Ok(id)
    }

    pub(crate) fn edit(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        by: Snowflake,
        edit: Edit,
        now: u64,
    ) -> Result<(), Refusal> {
        let original = self.message_of(channel, id)?;
        if original.author != by {
            return Err(Refusal::NotTheAuthor);
        }
        let reply_to = original.reply_to;
        let mentions = edit
            .content
            .as_ref()
            .map(|content| self.mentions(channel, reply_to, content, &edit.may_mention));
        let added = self.attach(edit.uploads, now);
        let message = self.message_of(channel, id)?;
        if let Some(keep) = edit.keep {
            message
                .attachments
                .retain(|attachment| keep.contains(&attachment.id));
        }
        message.attachments.extend(added);
        message.content = edit
            .content
            .unwrap_or_else(|| mem::take(&mut message.content));
        message.mentions = mentions.unwrap_or_else(|| mem::take(&mut message.mentions));
        message.embeds = edit
            .embeds
            .unwrap_or_else(|| mem::take(&mut message.embeds));
        message.components = edit
            .components
            .unwrap_or_else(|| mem::take(&mut message.components));
        // Ephemeral is decided when the message is made; an edit ends the loading.
        let kept = message.flags & EPHEMERAL;
        message.flags = (edit.flags.unwrap_or(message.flags) & !(LOADING | EPHEMERAL)) | kept;
        message.edited = Some(now);
        self.tell_of_message("MESSAGE_UPDATE", channel, id);
        Ok(())
    }

    /// Whether this edit would leave the message empty.
    pub(crate) fn would_be_empty(&self, channel: Snowflake, id: Snowflake, edit: &Edit) -> bool {
        let message = self
            .channels
            .get(&channel)
            .and_then(|channel| channel.messages.get(&id));
        let cleared = edit
            .content
            .as_ref()
            .is_some_and(|content| content.trim().is_empty());
        let kept = |attachment: &Attachment| {
            edit.keep
                .as_ref()
                .is_none_or(|keep| keep.contains(&attachment.id))
        };
        message.is_some_and(|message| {
            (cleared || edit.content.is_none() && message.content.trim().is_empty())
                && edit.embeds.as_ref().unwrap_or(&message.embeds).is_empty()
                && edit
                    .components
                    .as_ref()
                    .unwrap_or(&message.components)
                    .is_empty()
                && message.poll.is_none()
                && edit.uploads.is_empty()
                && !message.attachments.iter().any(kept)
        })
    }

    pub(crate) fn delete(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        by: Snowflake,
    ) -> Result<(), Refusal> {
        let others = self.message_of(channel, id)?.author != by;
        let place = self.channel_mut(channel)?;
        if others && place.guild().is_none() {
            return Err(Refusal::NotInDirectMessages);
        }
        place.messages.remove(&id);
        self.tell(
            "MESSAGE_DELETE",
            channel,
            json!({ "id": id, "channel_id": channel }),
        );
        Ok(())
    }

    pub(crate) fn type_in(
        &mut self,
        channel: Snowflake,
        by: Snowflake,
        now: u64,
    ) -> Result<(), Refusal> {
        let in_guild = self.channel(channel)?.guild().is_some();
        let mut event = json!({ "channel_id": channel, "user_id": by, "timestamp": now / 1000 });
        if let Some(member) = self.member(by).filter(|_| in_guild) {
            event["member"] = member;
        }
        self.tell("TYPING_START", channel, event);
        Ok(())
    }

    fn channel_mut(&mut self, id: Snowflake) -> Result<&mut Channel, Refusal> {
        self.channels.get_mut(&id).ok_or(Refusal::UnknownChannel)
    }

    fn message_of(&mut self, channel: Snowflake, id: Snowflake) -> Result<&mut Message, Refusal> {
        self.channel_mut(channel)?
            .messages
            .get_mut(&id)
            .ok_or(Refusal::UnknownMessage)
    }

    fn guild_of(&self, channel: Snowflake) -> Option<Snowflake> {
        self.channels.get(&channel).and_then(Channel::guild)
    }

    fn with_same_nonce(
        &self,
        channel: Snowflake,
        author: Snowflake,
        draft: &Draft,
    ) -> Result<Option<Snowflake>, Refusal> {
        let channel = self.channel(channel)?;
        let Some(nonce) = draft.nonce.as_ref().filter(|_| draft.enforce_nonce) else {
            return Ok(None);
        };
        let mut own = channel
            .messages
            .values()
            .filter(|message| message.author == author);
        Ok(own
            .find(|message| message.nonce.as_ref() == Some(nonce))
            .map(|message| message.id))
    }

    /// The message that the draft replies to.
    fn original(&self, channel: Snowflake, draft: &Draft) -> Result<Option<Snowflake>, Refusal> {
        let Some(original) = draft.reply_to else {
            return Ok(None);
        };
        let exists = self.channel(channel)?.messages.contains_key(&original);
        if !exists && draft.must_exist {
            return Err(Refusal::UnknownReference);
        }
        Ok(exists.then_some(original))
    }

    fn mentions(
        &self,
        channel: Snowflake,
        reply_to: Option<Snowflake>,
        content: &str,
        allowed: &AllowedMentions,
    ) -> Vec<Snowflake> {
        let mut mentioned = mention::users(content);
        mentioned.retain(|user| {
            self.users.contains_key(user) && (allowed.any_user || allowed.users.contains(user))
        });
        let replied = reply_to
            .filter(|_| allowed.replied_user)
            .and_then(|original| {
                self.channels
                    .get(&channel)?
                    .messages
                    .get(&original)
                    .map(|message| message.author)
            });
        if let Some(author) = replied.filter(|author| !mentioned.contains(author)) {
            mentioned.push(author);
        }
        mentioned
    }

    fn attach(&mut self, uploads: Vec<Upload>, now: u64) -> Vec<Attachment> {
        let ids = &mut self.ids;
        uploads
            .into_iter()
            .map(|file| Attachment {
                id: ids.next(now),
                file,
            })
            .collect()
    }

    fn tell_of_message(&mut self, name: &'static str, channel: Snowflake, id: Snowflake) {
        let Some(place) = self.channels.get(&channel) else {
            return;
        };
        let Some(message) = place.messages.get(&id) else {
            return;
        };
        let data = self.message_event(place, message);
        self.events.push(Event {
            name,
            data,
            guild: place.guild(),
            is_dispatched: message.visible_to.is_none(),
        });
    }

    /// Adds an event of the guild, with its id.
    fn tell_guild(&mut self, name: &'static str, mut data: Value) {
        data["guild_id"] = json!(self.guild.id);
        self.events.push(Event {
            name,
            data,
            guild: Some(self.guild.id),
            is_dispatched: true,
        });
    }

    /// Adds an event in this channel, with the guild's id if there is one.
    fn tell(&mut self, name: &'static str, channel: Snowflake, mut data: Value) {
        let guild = self.guild_of(channel);
        if let Some(guild) = guild {
            data["guild_id"] = json!(guild);
        }
        self.events.push(Event {
            name,
            data,
            guild,
            is_dispatched: true,
        });
    }
}

#[cfg(test)]
mod tests;
