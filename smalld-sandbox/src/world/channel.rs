//! Places where messages are: a guild's text channels and direct messages.

use std::collections::BTreeMap;

use super::message::Message;
use crate::world::snowflake::Snowflake;

/// How many messages a channel remembers; beyond that the oldest is forgotten.
const MAX_MESSAGES: usize = 10_000;

#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) id: Snowflake,
    pub(crate) kind: Kind,
    /// The newest message there ever was, also if it has been deleted since.
    pub(crate) last_message: Option<Snowflake>,
    pub(crate) messages: BTreeMap<Snowflake, Message>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Text { guild: Snowflake, name: String },
    Direct { with: Snowflake },
}

/// Which messages of a channel are asked for; those nearest to the bound come first.
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

    /// Newest first, as REST lists them.
    pub(crate) fn page(&self, page: Page, limit: usize) -> Vec<&Message> {
        let messages = &self.messages;
        let before = |id, limit| {
            messages
                .range(..id)
                .rev()
                .take(limit)
                .map(|(_, message)| message)
        };
        match page {
            Page::Newest => messages.values().rev().take(limit).collect(),
            Page::Before(id) => before(id, limit).collect(),
            Page::After(id) => {
                // An id that is not there, and far ahead, has nothing after it.
                let mut after: Vec<_> = messages
                    .range(id..)
                    .map(|(_, m)| m)
                    .filter(|m| m.id != id)
                    .take(limit)
                    .collect();
                after.reverse();
                after
            }
            Page::Around(id) => {
                let newer = messages
                    .range(id..)
                    .take(limit.div_ceil(2))
                    .map(|(_, message)| message);
                let mut around: Vec<_> = newer.collect();
                around.reverse();
                around.extend(before(id, limit / 2));
                around
            }
        }
    }
}
