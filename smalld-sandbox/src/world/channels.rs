//! The channels of the guild and of direct messages: found, made, changed, moved and deleted.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::channel::{Channel, Kind, Scope};
use super::member::Change;
use super::overwrite::Overwrite;
use super::permission::VIEW_CHANNEL;
use super::refusal::Refusal;
use super::{User, World};
use crate::world::snowflake::Snowflake;

/// Discord's maximum per guild, with categories.
const MAX_CHANNELS: usize = 500;
/// Discord's maximum per category.
const MAX_IN_CATEGORY: usize = 50;

/// What a channel that the bot cannot see is called.
const HIDDEN_NAME: &str = "___hidden___";
/// The flag of a channel that the bot cannot see.
const HIDDEN_FLAG: u64 = 1 << 17;

/// A channel to be made, or changes of one.
#[derive(Debug, Default)]
pub(crate) struct ChannelDraft {
    pub(crate) kind: Option<Kind>,
    /// The category.
    pub(crate) parent: Change<Snowflake>,
    pub(crate) overwrites: Option<Vec<(Snowflake, Overwrite)>>,
    /// All other fields, as in JSON; null for the default.
    pub(crate) fields: Map<String, Value>,
}

/// Where a channel moves to.
#[derive(Debug)]
pub(crate) struct Move {
    pub(crate) channel: Snowflake,
    pub(crate) position: Option<u64>,
    pub(crate) parent: Change<Snowflake>,
    /// Whether the channel gets the overwrites of its new category.
    pub(crate) locks_permissions: bool,
}

impl World {
    pub(crate) fn channel(&self, id: Snowflake) -> Result<&Channel, Refusal> {
        self.channels.get(&id).ok_or(Refusal::UnknownChannel)
    }

    pub(super) fn channel_mut(&mut self, id: Snowflake) -> Result<&mut Channel, Refusal> {
        self.channels.get_mut(&id).ok_or(Refusal::UnknownChannel)
    }

    pub(crate) fn guild_of(&self, channel: Snowflake) -> Option<Snowflake> {
        self.channels.get(&channel).and_then(Channel::guild)
    }

    /// The channel of a guild with this name, other than a category; else the thread.
    pub(crate) fn channel_named(&self, guild: Snowflake, wanted: &str) -> Option<Snowflake> {
        let mut all = self.of_guild(guild);
        let named = |channel: &&Channel| channel.kind != Kind::Category && channel.name() == wanted;
        let found = all.find(named);
        let thread = || self.threads_of(guild).find(named);
        found.or_else(thread).map(|channel| channel.id)
    }

    /// More text channels in the guild, as old as `general`.
    pub(crate) fn add_channels(&mut self, count: usize) {
        let time = self.general.millis();
        for nth in 1..=count {
            let id = self.ids.next(time);
            let name = format!("channel-{nth}");
            let mut channel = Channel::of_guild(id, self.home, Kind::Text, &name);
            channel.set("position", json!(nth));
            self.channels.insert(id, channel);
        }
    }

    /// A new text channel in a guild, which is dispatched.
    pub(crate) fn add_channel(&mut self, guild: Snowflake, name: &str, now: u64) -> Snowflake {
        let id = self.ids.next(now);
        let position = self.next_position(guild, Kind::Text);
        let mut channel = Channel::of_guild(id, guild, Kind::Text, name);
        channel.set("position", json!(position));
        self.insert_channel(channel);
        id
    }

    /// Makes a channel in a guild.
    pub(crate) fn create_channel(
        &mut self,
        guild: Snowflake,
        name: &str,
        draft: ChannelDraft,
        now: u64,
    ) -> Result<Snowflake, Refusal> {
        if self.of_guild(guild).count() >= MAX_CHANNELS {
            return Err(Refusal::TooManyChannels);
        }
        let kind = draft.kind.unwrap_or(Kind::Text);
        let parent = draft.parent.value().copied();
        self.check_category(guild, parent, kind)?;
        let position = self.next_position(guild, kind);
        let id = self.ids.next(now);
        let mut channel = Channel::of_guild(id, guild, kind, name);
        channel.set("position", json!(position));
        channel.set("parent_id", json!(parent));
        // Without overwrites of its own a channel begins with those of its category.
        let of_category = parent.and_then(|parent| self.channels.get(&parent));
        channel.overwrites = match draft.overwrites {
            Some(overwrites) => overwrites.into_iter().collect(),
            None => of_category
                .map(|c| c.overwrites.clone())
                .unwrap_or_default(),
        };
        for (key, value) in self.with_tag_ids(draft.fields, now) {
            channel.set(&key, value);
        }
        self.insert_channel(channel);
        Ok(id)
    }

    pub(crate) fn edit_channel(
        &mut self,
        id: Snowflake,
        draft: ChannelDraft,
        now: u64,
    ) -> Result<(), Refusal> {
        let channel = self.channel(id)?;
        let guild = channel.guild().ok_or(Refusal::WrongChannelType)?;
        let other = draft.parent.value().copied();
        let other = other.filter(|parent| channel.category() != Some(*parent));
        self.check_category(guild, other, channel.kind)?;
        let fields = self.with_tag_ids(draft.fields, now);
        self.change_channel(id, |channel| {
            if let Some(kind) = draft.kind {
                channel.convert(kind);
            }
            if draft.parent.is_change() {
                channel.set("parent_id", json!(draft.parent.value()));
            }
            if let Some(overwrites) = draft.overwrites {
                channel.overwrites = overwrites.into_iter().collect();
            }
            for (key, value) in fields {
                channel.set(&key, value);
            }
        })
    }

    /// Deletes a channel of the guild, and its threads. The channels of a category stay, without one.
    pub(crate) fn delete_channel(&mut self, id: Snowflake) -> Result<Value, Refusal> {
        let channel = self.channel(id)?;
        let is_category = channel.kind == Kind::Category;
        let (seen, whole) = (self.channel_event(channel), self.channel_json(channel));
        self.tell_channel("CHANNEL_DELETE", id, seen);
        self.channels.remove(&id);
        self.forget_webhooks(id);
        self.channels.retain(|_, channel| {
            let thread = channel.thread.as_ref();
            thread.is_none_or(|thread| thread.parent != id)
        });
        let inside = self.channels.values().filter(|c| c.category() == Some(id));
        let inside: Vec<_> = inside.map(|channel| channel.id).collect();
        for child in inside.into_iter().filter(|_| is_category) {
            // The child was just found.
            let _ = self.change_channel(child, |child| child.set("parent_id", Value::Null));
        }
        Ok(whole)
    }

    /// Moves channels to other positions and categories.
    pub(crate) fn move_channels(
        &mut self,
        guild: Snowflake,
        moves: &[Move],
    ) -> Result<(), Refusal> {
        for moved in moves {
            let channel = self.channel(moved.channel)?;
            if channel.guild() != Some(guild) {
                return Err(Refusal::UnknownChannel);
            }
            self.check_category(guild, moved.parent.value().copied(), channel.kind)?;
        }
        for moved in moves {
            let parent = moved
                .parent
                .value()
                .copied()
                .filter(|_| moved.locks_permissions);
            let parent = parent.and_then(|parent| self.channels.get(&parent));
            let overwrites = parent.map(|parent| parent.overwrites.clone());
            self.change_channel(moved.channel, |channel| {
                if let Some(position) = moved.position {
                    channel.set("position", json!(position));
                }
                if moved.parent.is_change() {
                    channel.set("parent_id", json!(moved.parent.value()));
                }
                channel.overwrites = overwrites.unwrap_or(std::mem::take(&mut channel.overwrites));
            })?;
        }
        Ok(())
    }

    /// Tells the bot what a voice channel says about itself. It is not a part of the channel.
    pub(crate) fn set_voice_status(&mut self, id: Snowflake, status: Option<&str>) {
        let data = json!({ "id": id, "status": status });
        self.tell("VOICE_CHANNEL_STATUS_UPDATE", id, data);
    }

    /// The other user in this channel of direct messages.
    pub(crate) fn recipient(&self, channel: Snowflake) -> Option<&User> {
        match self.channels.get(&channel)?.scope {
            Scope::Direct(with) => self.users.get(&with),
            Scope::Guild(_) => None,
        }
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
        let mut channels = self.channels.values();
        if let Some(open) = channels.find(|channel| channel.scope == Scope::Direct(with)) {
            return Ok(open.id);
        }
        let id = self.ids.next(now);
        self.channels.insert(id, Channel::direct(id, with));
        Ok(id)
    }

    /// The channels of a guild that the bot can see, as in REST.
    pub(crate) fn guild_channels(&self, guild: Snowflake) -> Value {
        let seen = self
            .of_guild(guild)
            .filter(|channel| self.bot_sees(channel.id));
        seen.map(|channel| self.channel_json(channel)).collect()
    }

    /// The channels of a guild as in `GUILD_CREATE`: also those that the bot cannot see.
    pub(super) fn guild_channel_events(&self, guild: Snowflake) -> Value {
        self.of_guild(guild)
            .map(|channel| self.channel_event(channel))
            .collect()
    }

    /// A channel as in REST.
    pub(crate) fn channel_json(&self, channel: &Channel) -> Value {
        let mut json = channel.json();
        if let Scope::Direct(with) = channel.scope {
            json["recipients"] = json!([self.users[&with].json()]);
        }
        if let Some(member) = self.thread_member(channel.id, self.bot, false) {
            json["member"] = member;
        }
        json
    }

    /// A channel as in events. Of those that the bot cannot see, little more than the id is told.
    fn channel_event(&self, channel: &Channel) -> Value {
        if self.bot_sees(channel.id) {
            return self.channel_json(channel);
        }
        let everyone = channel.guild().unwrap_or(channel.id);
        json!({
            "id": channel.id,
            "type": channel.kind as u64,
            "guild_id": channel.guild(),
            "name": HIDDEN_NAME,
            "position": channel.position(),
            "permission_overwrites": [{
                "id": everyone, "type": 0, "allow": "0", "deny": VIEW_CHANNEL.to_string(),
            }],
            "flags": HIDDEN_FLAG,
            "nsfw": false,
            "parent_id": channel.category(),
            "topic": null,
            "last_message_id": null,
        })
    }

    /// Changes a channel, and dispatches the result.
    pub(super) fn change_channel(
        &mut self,
        id: Snowflake,
        change: impl FnOnce(&mut Channel),
    ) -> Result<(), Refusal> {
        let was_seen = self.bot_sees(id);
        change(self.channel_mut(id)?);
        let data = self.channel_event(self.channel(id)?);
        self.tell_channel("CHANNEL_UPDATE", id, data);
        if let Some(guild) = self.guild_of(id).filter(|_| !was_seen && self.bot_sees(id)) {
            self.sync_threads(guild, &[id]);
        }
        Ok(())
    }

    /// Makes a change of permissions, and dispatches the channels that the bot sees from now on, or no
    /// longer.
    pub(super) fn with_access<T>(
        &mut self,
        guild: Snowflake,
        change: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.seen(guild);
        let result = change(self);
        let after = self.seen(guild);
        for id in before.symmetric_difference(&after) {
            let data = self
                .channels
                .get(id)
                .map(|channel| self.channel_event(channel));
            if let Some(data) = data {
                self.tell_channel("CHANNEL_UPDATE", *id, data);
            }
        }
        let gained: Vec<_> = after.difference(&before).copied().collect();
        if !gained.is_empty() {
            self.sync_threads(guild, &gained);
        }
        result
    }

    /// The channels of a guild that the bot sees.
    fn seen(&self, guild: Snowflake) -> BTreeSet<Snowflake> {
        let seen = self
            .of_guild(guild)
            .filter(|channel| self.bot_sees(channel.id));
        seen.map(|channel| channel.id).collect()
    }

    fn insert_channel(&mut self, channel: Channel) {
        let id = channel.id;
        self.channels.insert(id, channel);
        let data = self.channel_event(&self.channels[&id]);
        self.tell_channel("CHANNEL_CREATE", id, data);
    }

    fn of_guild(&self, guild: Snowflake) -> impl Iterator<Item = &Channel> {
        let all = self.channels.values();
        all.filter(move |channel| channel.guild() == Some(guild) && channel.thread.is_none())
    }

    /// Adds an event about a channel, which the bot also gets if it cannot see the channel.
    fn tell_channel(&mut self, name: &'static str, channel: Snowflake, data: Value) {
        let guild = self.guild_of(channel);
        self.push(name, guild, data);
    }

    /// A new channel comes last among those of its type.
    fn next_position(&self, guild: Snowflake, kind: Kind) -> u64 {
        let is_voice = |kind| matches!(kind, Kind::Voice | Kind::Stage);
        let group = |kind| (kind == Kind::Category, is_voice(kind));
        let same = self
            .of_guild(guild)
            .filter(|c| group(c.kind) == group(kind));
        same.map(|channel| channel.position() + 1)
            .max()
            .unwrap_or(0)
    }

    /// Refuses a parent that is not a category, or is full.
    fn check_category(
        &self,
        guild: Snowflake,
        parent: Option<Snowflake>,
        kind: Kind,
    ) -> Result<(), Refusal> {
        let Some(parent) = parent else { return Ok(()) };
        let is_category = self
            .channels
            .get(&parent)
            .filter(|c| c.guild() == Some(guild))
            .map(|channel| channel.kind);
        if is_category != Some(Kind::Category) || kind == Kind::Category {
            return Err(Refusal::InvalidParent);
        }
        let inside = self
            .of_guild(guild)
            .filter(|c| c.category() == Some(parent));
        if inside.count() >= MAX_IN_CATEGORY {
            return Err(Refusal::FullCategory);
        }
        Ok(())
    }

    /// The fields, in which each new tag of a forum has an id.
    fn with_tag_ids(&mut self, mut fields: Map<String, Value>, now: u64) -> Map<String, Value> {
        let tags = fields
            .get_mut("available_tags")
            .and_then(Value::as_array_mut);
        for tag in tags.into_iter().flatten() {
            let id = tag["id"].as_str().and_then(Snowflake::parse);
            let id = id.unwrap_or_else(|| self.ids.next(now));
            *tag = json!({
                "id": id,
                "name": tag["name"],
                "moderated": tag["moderated"] == true,
                "emoji_id": tag["emoji_id"],
                "emoji_name": tag["emoji_name"],
            });
        }
        fields
    }
}
