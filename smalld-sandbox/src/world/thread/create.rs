//! The begin of a thread.

use std::collections::BTreeMap;

use serde_json::json;

use super::Thread;
use crate::world::World;
use crate::world::channel::{Channel, Kind};
use crate::world::message::{Draft, Reference};
use crate::world::refusal::Refusal;
use crate::world::snowflake::Snowflake;

/// Discord's maximum per guild.
const MAX_ACTIVE: usize = 1000;
/// How many archived threads a guild remembers; beyond that the oldest is removed.
const MAX_ARCHIVED: usize = 1000;
/// The default of `auto_archive_duration`: a day, in minutes.
const ARCHIVE_AFTER: u64 = 1440;

/// The flag of a message that a thread began with.
pub(super) const HAS_THREAD: u64 = 1 << 5;
/// The types of messages about the begin of a thread.
const THREAD_CREATED: u64 = 18;
const THREAD_STARTER: u64 = 21;

/// A thread before it is made.
#[derive(Debug)]
pub(crate) struct ThreadDraft {
    pub(crate) name: String,
    pub(crate) archive_after: Option<u64>,
    pub(crate) slowmode: Option<u64>,
    pub(crate) is_invitable: bool,
    pub(crate) tags: Vec<Snowflake>,
}

/// What a thread begins with.
#[derive(Debug)]
pub(crate) enum Start {
    /// A message of the parent, whose id becomes that of the thread.
    Message(Snowflake),
    Nothing(Kind),
    /// The first message of a post.
    Post(Box<Draft>),
}

impl World {
    /// Begins a thread in a channel. The user who does becomes its first member.
    pub(crate) fn create_thread(
        &mut self,
        parent: Snowflake,
        by: Snowflake,
        draft: ThreadDraft,
        start: Start,
        now: u64,
    ) -> Result<Snowflake, Refusal> {
        let guild = self.guild_of(parent);
        let guild = guild.ok_or(Refusal::WrongChannelType)?;
        let kind = self.kind_of_start(parent, &start, &draft)?;
        if self
            .threads_of(guild)
            .filter(|thread| !thread.is_archived())
            .count()
            >= MAX_ACTIVE
        {
            return Err(Refusal::TooManyThreads);
        }
        let id = match start {
            Start::Message(message) => message,
            _ => self.ids.next(now),
        };
        self.insert_thread(id, parent, kind, by, draft, now)?;
        self.forget_archived(guild);
        match start {
            Start::Message(message) => self.mark_start(parent, id, message, now)?,
            Start::Nothing(Kind::PrivateThread) => {}
            Start::Nothing(_) => self.announce_thread(parent, id, by, now)?,
            Start::Post(message) => {
                let message = Draft {
                    id: Some(id),
                    ..*message
                };
                self.post(id, by, message, now)?;
            }
        }
        Ok(id)
    }

    /// The type of the thread, if it can be made in this way.
    fn kind_of_start(
        &self,
        parent: Snowflake,
        start: &Start,
        draft: &ThreadDraft,
    ) -> Result<Kind, Refusal> {
        let channel = self.channel(parent)?;
        match (start, channel.kind) {
            (Start::Message(message), Kind::Text | Kind::Announcement) => {
                if self.channels.contains_key(message) {
                    return Err(Refusal::ThreadExists);
                }
                let message = channel.messages.get(message);
                message.ok_or(Refusal::UnknownMessage)?;
                Ok(channel.kind.thread())
            }
            (Start::Nothing(Kind::AnnouncementThread), Kind::Announcement) => {
                Ok(Kind::AnnouncementThread)
            }
            (Start::Nothing(kind), Kind::Text) if *kind != Kind::AnnouncementThread => Ok(*kind),
            (Start::Post(message), Kind::Forum | Kind::Media) => {
                if message.is_empty() {
                    return Err(Refusal::EmptyMessage);
                }
                check_tags(channel, &draft.tags)?;
                Ok(Kind::PublicThread)
            }
            _ => Err(Refusal::WrongChannelType),
        }
    }

    fn insert_thread(
        &mut self,
        id: Snowflake,
        parent: Snowflake,
        kind: Kind,
        by: Snowflake,
        draft: ThreadDraft,
        now: u64,
    ) -> Result<(), Refusal> {
        let of_parent = self.channel(parent)?;
        let guild = of_parent.guild().ok_or(Refusal::WrongChannelType)?;
        let usual = of_parent.field("default_auto_archive_duration").as_u64();
        let slowmode = of_parent.field("default_thread_rate_limit_per_user");
        let slowmode = draft.slowmode.or(slowmode.as_u64()).unwrap_or(0);
        let archive_after = draft.archive_after.or(usual).unwrap_or(ARCHIVE_AFTER);
        let mut channel = Channel::of_guild(id, guild, kind, &draft.name);
        channel.set("rate_limit_per_user", json!(slowmode));
        // A webhook is not a member.
        let is_member = self.guild(guild)?.members.contains_key(&by);
        let members = BTreeMap::from_iter(is_member.then_some((by, now)));
        channel.thread = Some(Thread {
            parent,
            owner: by,
            is_archived: false,
            is_locked: false,
            is_invitable: draft.is_invitable,
            created: now,
            changed: now,
            active: now,
            archive_after,
            members,
            messages: 0,
            total: 0,
            tags: draft.tags,
        });
        self.channels.insert(id, channel);
        self.note_deadline(now.saturating_add(archive_after * 60_000));
        let mut data = self.thread_event(id);
        data["newly_created"] = json!(true);
        self.tell("THREAD_CREATE", id, data);
        Ok(())
    }

    /// Marks the message that the thread began with, and repeats it in the thread.
    fn mark_start(
        &mut self,
        parent: Snowflake,
        thread: Snowflake,
        message: Snowflake,
        now: u64,
    ) -> Result<(), Refusal> {
        let original = self.message_of(parent, message)?;
        original.flags |= HAS_THREAD;
        let author = original.author;
        self.tell_of_message("MESSAGE_UPDATE", parent, message);
        let repeated = Draft {
            kind: THREAD_STARTER,
            reference: Some(Reference::to(parent, Some(message))),
            ..Draft::default()
        };
        self.post(thread, author, repeated, now)?;
        Ok(())
    }

    /// Says in the parent that there is a thread.
    fn announce_thread(
        &mut self,
        parent: Snowflake,
        thread: Snowflake,
        by: Snowflake,
        now: u64,
    ) -> Result<(), Refusal> {
        let announcement = Draft {
            content: self.channel(thread)?.name().to_owned(),
            kind: THREAD_CREATED,
            reference: Some(Reference::to(thread, None)),
            ..Draft::default()
        };
        self.post(parent, by, announcement, now)?;
        Ok(())
    }

    fn forget_archived(&mut self, guild: Snowflake) {
        let archived = self.threads_of(guild).filter(|thread| thread.is_archived());
        let archived: Vec<_> = archived.map(|thread| thread.id).collect();
        for id in archived.iter().rev().skip(MAX_ARCHIVED) {
            self.channels.remove(id);
        }
    }
}

/// Refuses tags that the forum does not have, and none if it requires one.
pub(super) fn check_tags(forum: &Channel, tags: &[Snowflake]) -> Result<(), Refusal> {
    /// The flag of a forum in which every post has a tag.
    const REQUIRE_TAG: u64 = 1 << 4;
    let known = forum.field("available_tags").as_array();
    let is_known = |tag: &Snowflake| {
        let mut known = known.into_iter().flatten();
        known.any(|known| known["id"] == tag.to_string())
    };
    if !tags.iter().all(is_known) {
        return Err(Refusal::UnknownTag);
    }
    let requires_tag = forum.field("flags").as_u64().unwrap_or(0) & REQUIRE_TAG != 0;
    if requires_tag && tags.is_empty() {
        return Err(Refusal::MissingTag);
    }
    Ok(())
}
