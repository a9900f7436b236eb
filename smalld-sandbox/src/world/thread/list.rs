//! Lists of threads.

use serde_json::{Value, json};

use super::Thread;
use crate::world::World;
use crate::world::channel::{Channel, Kind};
use crate::world::snowflake::Snowflake;

/// Which archived threads of a channel are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    Public,
    Private,
    /// The private threads that the bot is a member of.
    OwnPrivate,
}

/// What a search for threads of a channel asks for.
#[derive(Debug, Default)]
pub(crate) struct Search {
    /// A part of the name, in lower case.
    pub(crate) name: String,
    pub(crate) is_archived: Option<bool>,
    pub(crate) tags: Vec<Snowflake>,
}

impl World {
    /// The active threads of a guild that the bot sees.
    pub(crate) fn active_threads(&self, guild: Snowflake) -> Vec<Snowflake> {
        let active = self
            .threads_of(guild)
            .filter(|channel| !channel.is_archived());
        let seen = active.filter(|channel| self.bot_sees(channel.id));
        seen.map(|channel| channel.id).collect()
    }

    /// The archived threads of a channel, the last archived first; the own private ones by id.
    pub(crate) fn archived_threads(&self, parent: Snowflake, listed: Listed) -> Vec<Snowflake> {
        let fits = |channel: &&Channel, thread: &Thread| {
            let is_private = channel.kind == Kind::PrivateThread;
            let is_own = thread.members.contains_key(&self.bot);
            thread.is_archived
                && match listed {
                    Listed::Public => !is_private,
                    Listed::Private => is_private,
                    Listed::OwnPrivate => is_private && is_own,
                }
        };
        let mut found: Vec<_> = self
            .threads_in(parent)
            .filter(|(channel, thread)| fits(channel, thread))
            .map(|(channel, thread)| match listed {
                Listed::OwnPrivate => (0, channel.id),
                Listed::Public | Listed::Private => (thread.changed, channel.id),
            })
            .collect();
        found.sort_unstable();
        found.into_iter().rev().map(|(_, id)| id).collect()
    }

    /// The threads of a channel that fit, newest first.
    pub(crate) fn search_threads(&self, parent: Snowflake, search: &Search) -> Vec<Snowflake> {
        let fits = |channel: &Channel, thread: &Thread| {
            let is_archived = search.is_archived;
            channel.name().to_lowercase().contains(&search.name)
                && is_archived.is_none_or(|is_archived| thread.is_archived == is_archived)
                && search.tags.iter().all(|tag| thread.tags.contains(tag))
                && self.bot_sees(channel.id)
        };
        let found = self.threads_in(parent).filter(|(c, t)| fits(c, t));
        let mut found: Vec<_> = found.map(|(channel, _)| channel.id).collect();
        found.reverse();
        found
    }

    /// A list of threads as in REST: with the bot's memberships.
    pub(crate) fn threads_json(&self, ids: &[Snowflake], has_more: bool) -> Value {
        let threads = ids.iter().filter_map(|id| self.channels.get(id));
        let members = ids
            .iter()
            .filter_map(|id| self.thread_member(*id, self.bot, false));
        json!({
            "threads": threads.map(|thread| self.channel_json(thread)).collect::<Value>(),
            "members": members.collect::<Value>(),
            "has_more": has_more,
        })
    }

    /// Dispatches the active threads of channels that the bot sees from now on.
    pub(in crate::world) fn sync_threads(&mut self, guild: Snowflake, channels: &[Snowflake]) {
        let mut threads = self.active_threads(guild);
        threads.retain(|id| {
            let thread = self.thread(*id);
            thread.is_ok_and(|thread| channels.contains(&thread.parent))
        });
        let list = self.threads_json(&threads, false);
        self.tell_guild(
            guild,
            "THREAD_LIST_SYNC",
            json!({
                "channel_ids": channels, "threads": list["threads"], "members": list["members"],
            }),
        );
    }

    /// A thread as in events: without the bot's membership.
    pub(in crate::world) fn thread_event(&self, id: Snowflake) -> Value {
        let channel = self.channels.get(&id);
        channel.map_or(Value::Null, Channel::json)
    }

    pub(in crate::world) fn threads_of(&self, guild: Snowflake) -> impl Iterator<Item = &Channel> {
        let all = self.channels.values();
        all.filter(move |channel| channel.thread.is_some() && channel.guild() == Some(guild))
    }

    fn threads_in(&self, parent: Snowflake) -> impl Iterator<Item = (&Channel, &Thread)> {
        let all = self.channels.values();
        let threads = all.filter_map(|channel| Some((channel, channel.thread.as_ref()?)));
        threads.filter(move |(_, thread)| thread.parent == parent)
    }
}
