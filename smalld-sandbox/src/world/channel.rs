//! A channel: of a guild, a thread in one, or the direct messages with a user.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::message::Message;
use super::overwrite::Overwrite;
use super::thread::Thread;
use super::timestamp;
use crate::world::snowflake::Snowflake;

/// How many messages a channel remembers; beyond that the oldest is removed.
const MAX_MESSAGES: usize = 10_000;

#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) id: Snowflake,
    pub(crate) kind: Kind,
    pub(crate) scope: Scope,
    pub(crate) overwrites: BTreeMap<Snowflake, Overwrite>,
    /// The newest message ever, also if it has been deleted.
    pub(crate) last_message: Option<Snowflake>,
    pub(crate) messages: BTreeMap<Snowflake, Message>,
    /// When a message was last pinned, in milliseconds since 1970.
    pub(crate) last_pin: Option<u64>,
    /// What only a thread has.
    pub(crate) thread: Option<Thread>,
    /// What can be set and read but has no meaning of its own here, as in JSON.
    fields: Map<String, Value>,
}

/// Where a channel belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Guild(Snowflake),
    /// The direct messages of the bot with this user.
    Direct(Snowflake),
}

/// Discord's types of channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text = 0,
    Direct = 1,
    Voice = 2,
    Category = 4,
    Announcement = 5,
    AnnouncementThread = 10,
    PublicThread = 11,
    PrivateThread = 12,
    Stage = 13,
    Forum = 15,
    Media = 16,
}

/// Which messages of a channel are requested.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Page {
    Newest,
    Before(Snowflake),
    After(Snowflake),
    Around(Snowflake),
}

impl Kind {
    /// The types that a guild's channels can have.
    pub(crate) const OF_GUILD: &[i64] = &[0, 2, 4, 5, 13, 15, 16];

    /// None for types that no channel of the sandbox has.
    pub(crate) fn of(number: i64) -> Option<Self> {
        Some(match number {
            0 => Self::Text,
            2 => Self::Voice,
            4 => Self::Category,
            5 => Self::Announcement,
            10 => Self::AnnouncementThread,
            11 => Self::PublicThread,
            12 => Self::PrivateThread,
            13 => Self::Stage,
            15 => Self::Forum,
            16 => Self::Media,
            _ => return None,
        })
    }

    /// The type of threads that begin with a message.
    pub(crate) fn thread(self) -> Self {
        if self == Self::Announcement {
            Self::AnnouncementThread
        } else {
            Self::PublicThread
        }
    }

    fn is_thread(self) -> bool {
        use Kind::{AnnouncementThread, PrivateThread, PublicThread};
        matches!(self, AnnouncementThread | PublicThread | PrivateThread)
    }

    /// Whether it consists of posts, which are threads.
    pub(crate) fn has_posts(self) -> bool {
        matches!(self, Self::Forum | Self::Media)
    }

    /// Whether messages are written in it.
    pub(crate) fn has_messages(self) -> bool {
        !matches!(self, Self::Category | Self::Forum | Self::Media)
    }

    /// The fields of a new channel.
    fn defaults(self) -> Value {
        let common = json!({ "position": 0, "flags": 0, "parent_id": null });
        let own = match self {
            Self::Text => json!({ "topic": null, "nsfw": false, "rate_limit_per_user": 0 }),
            Self::Announcement => json!({ "topic": null, "nsfw": false }),
            Self::Voice | Self::Stage => json!({
                "topic": null, "nsfw": false, "rate_limit_per_user": 0, "bitrate": 64_000,
                "user_limit": 0, "rtc_region": null, "video_quality_mode": 1,
            }),
            Self::Forum | Self::Media => json!({
                "topic": null, "nsfw": false, "rate_limit_per_user": 0, "available_tags": [],
                "default_reaction_emoji": null, "default_sort_order": null,
                "default_forum_layout": 0, "default_thread_rate_limit_per_user": 0,
            }),
            Self::Category => json!({}),
            Self::AnnouncementThread | Self::PublicThread | Self::PrivateThread => {
                return json!({ "flags": 0, "rate_limit_per_user": 0 });
            }
            Self::Direct => return json!({ "flags": 0 }),
        };
        merged(common, own)
    }

    /// Whether a channel of this type has the field. Others are ignored when they are sent.
    fn has_field(self, key: &str) -> bool {
        let of_threads = [
            "default_auto_archive_duration",
            "default_thread_rate_limit_per_user",
        ];
        key == "name"
            || self.defaults().get(key).is_some()
            || of_threads.contains(&key)
                && matches!(
                    self,
                    Self::Text | Self::Announcement | Self::Forum | Self::Media
                )
    }
}

fn merged(mut one: Value, other: Value) -> Value {
    if let (Some(one), Value::Object(other)) = (one.as_object_mut(), other) {
        one.extend(other);
    }
    one
}

impl Channel {
    /// A channel of a guild.
    pub(crate) fn of_guild(id: Snowflake, guild: Snowflake, kind: Kind, name: &str) -> Self {
        let mut channel = Self::new(id, Scope::Guild(guild), kind);
        channel.set("name", json!(name));
        channel
    }

    /// The direct messages with a user.
    pub(crate) fn direct(id: Snowflake, with: Snowflake) -> Self {
        Self::new(id, Scope::Direct(with), Kind::Direct)
    }

    fn new(id: Snowflake, scope: Scope, kind: Kind) -> Self {
        let fields = kind.defaults();
        Self {
            id,
            kind,
            scope,
            overwrites: BTreeMap::new(),
            last_message: None,
            messages: BTreeMap::new(),
            last_pin: None,
            thread: None,
            fields: fields.as_object().cloned().unwrap_or_default(),
        }
    }

    pub(crate) fn guild(&self) -> Option<Snowflake> {
        match self.scope {
            Scope::Guild(guild) => Some(guild),
            Scope::Direct(_) => None,
        }
    }

    /// Whether it is a thread that is archived.
    pub(crate) fn is_archived(&self) -> bool {
        let thread = self.thread.as_ref();
        thread.is_some_and(|thread| thread.is_archived)
    }

    pub(crate) fn name(&self) -> &str {
        self.field("name").as_str().unwrap_or_default()
    }

    pub(crate) fn position(&self) -> u64 {
        self.field("position").as_u64().unwrap_or_default()
    }

    /// The category of a channel; none of a thread.
    pub(crate) fn category(&self) -> Option<Snowflake> {
        self.field("parent_id").as_str().and_then(Snowflake::parse)
    }

    /// Null for a field that the channel does not have.
    pub(crate) fn field(&self, key: &str) -> &Value {
        self.fields.get(key).unwrap_or(&Value::Null)
    }

    /// Sets a field if channels of this type have it.
    pub(crate) fn set(&mut self, key: &str, value: Value) {
        if !self.kind.has_field(key) {
            return;
        }
        let default = self.kind.defaults()[key].clone();
        let value = if value.is_null() { default } else { value };
        self.fields.insert(key.to_owned(), value);
    }

    /// Turns a text channel into one for announcements, or back.
    pub(crate) fn convert(&mut self, kind: Kind) {
        self.kind = kind;
        let defaults = kind.defaults();
        for (key, value) in defaults.as_object().into_iter().flatten() {
            self.fields.entry(key).or_insert_with(|| value.clone());
        }
        self.fields.retain(|key, _| kind.has_field(key));
    }

    /// The channel as in REST, without what depends on users.
    pub(crate) fn json(&self) -> Value {
        let mut fields = self.fields.clone();
        fields.insert("id".to_owned(), json!(self.id));
        fields.insert("type".to_owned(), json!(self.kind as u64));
        if let Some(guild) = self.guild() {
            fields.insert("guild_id".to_owned(), json!(guild));
        }
        if self.guild().is_some() && !self.kind.is_thread() {
            let overwrites = self
                .overwrites
                .iter()
                .map(|(id, overwrite)| overwrite.json(*id));
            fields.insert("permission_overwrites".to_owned(), overwrites.collect());
        }
        if self.kind != Kind::Category {
            fields.insert("last_message_id".to_owned(), json!(self.last_message));
        }
        if self.kind.has_messages() {
            let last_pin = json!(self.last_pin.map(timestamp::iso8601));
            fields.insert("last_pin_timestamp".to_owned(), last_pin);
        }
        if let Some(Value::Object(of_thread)) = self.thread.as_ref().map(|t| t.json(self.kind)) {
            fields.extend(of_thread);
        }
        Value::Object(fields)
    }

    pub(crate) fn add(&mut self, message: Message) {
        self.last_message = Some(message.id);
        self.messages.insert(message.id, message);
        while self.messages.len() > MAX_MESSAGES {
            self.messages.pop_first();
        }
    }

    /// The messages that everybody sees, newest first, as in REST.
    pub(crate) fn page(&self, page: Page, limit: usize) -> Vec<&Message> {
        let is_public = |message: &&Message| message.visible_to.is_none();
        let before = |id| {
            let older = self.messages.range(..id).rev().map(|(_, message)| message);
            older.filter(is_public)
        };
        let from = |id| {
            let newer = self.messages.range(id..).map(|(_, message)| message);
            newer.filter(is_public)
        };
        match page {
            Page::Newest => {
                let newest = self.messages.values().rev();
                newest.filter(is_public).take(limit).collect()
            }
            Page::Before(id) => before(id).take(limit).collect(),
            Page::After(id) => {
                let after = from(id).filter(|message| message.id != id);
                let mut after: Vec<_> = after.take(limit).collect();
                after.reverse();
                after
            }
            Page::Around(id) => {
                let mut around: Vec<_> = from(id).take(limit.div_ceil(2)).collect();
                around.reverse();
                around.extend(before(id).take(limit / 2));
                around
            }
        }
    }
}
