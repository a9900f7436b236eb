//! Channels: a guild's text channels and direct messages.

use std::collections::BTreeMap;

use super::message::Message;
use crate::world::snowflake::Snowflake;

/// How many messages a channel remembers; beyond that the oldest is removed.
const MAX_MESSAGES: usize = 10_000;

#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) id: Snowflake,
    pub(crate) kind: Kind,
    /// The newest message ever, also if it has been deleted.
    pub(crate) last_message: Option<Snowflake>,
    pub(crate) messages: BTreeMap<Snowflake, Message>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Text { guild: Snowflake, name: String },
    Direct { with: Snowflake },
}

/// Which messages of a channel are requested.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Page {
    Newest,
    Before(Snowflake),
    After(Snowflake),
    Around(Snowflake),
}

impl Channel {
    pub(crate) fn new(id: Snowflake, kind: Kind) -> Self {
        Self {
            id,
            kind,
            last_message: None,
            messages: BTreeMap::new(),
        }
    }

    pub(crate) fn guild(&self) -> Option<Snowflake> {
        match self.kind {
            Kind::Text { guild, .. } => Some(guild),
            Kind::Direct { .. } => None,
        }
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
