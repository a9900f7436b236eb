//! Threads: channels inside a channel, with members, that are archived when nobody writes in them.
//!
//! `create` begins them, from a message, without one, or as posts of a forum. `change` edits, archives
//! and deletes them, `members` is about who is in them, and `list` finds them.

mod change;
mod create;
mod list;
mod members;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(crate) use change::ThreadEdit;
pub(crate) use create::{Start, ThreadDraft};
pub(crate) use list::{Listed, Search};

use super::channel::Kind;
use super::timestamp::iso8601;
use crate::world::snowflake::Snowflake;

/// What a channel that is a thread has besides.
#[derive(Debug)]
pub(crate) struct Thread {
    pub(crate) parent: Snowflake,
    pub(crate) owner: Snowflake,
    pub(crate) is_archived: bool,
    pub(crate) is_locked: bool,
    /// Whether everybody in a private thread may add others.
    pub(crate) is_invitable: bool,
    /// When it was made, in milliseconds since 1970.
    pub(crate) created: u64,
    /// When it was last archived, opened again or made.
    pub(crate) changed: u64,
    /// When something was last written, or the thread was opened again.
    pub(crate) active: u64,
    /// After how many minutes without activity it is archived.
    pub(crate) archive_after: u64,
    /// The members, and when they joined.
    pub(crate) members: BTreeMap<Snowflake, u64>,
    /// How many messages it has, without the one that it began with.
    pub(crate) messages: u64,
    /// As `messages`, with those that were deleted.
    pub(crate) total: u64,
    /// The tags of a post in a forum.
    pub(crate) tags: Vec<Snowflake>,
}

impl Thread {
    /// When the thread will be archived if nothing happens. None if it is archived.
    pub(crate) fn expires(&self) -> Option<u64> {
        let after = self.archive_after * 60_000;
        (!self.is_archived).then(|| self.active.saturating_add(after))
    }

    /// The fields of the channel that only threads have.
    pub(crate) fn json(&self, kind: Kind) -> Value {
        let mut metadata = json!({
            "archived": self.is_archived,
            "archive_timestamp": iso8601(self.changed),
            "auto_archive_duration": self.archive_after,
            "locked": self.is_locked,
            "create_timestamp": iso8601(self.created),
        });
        if kind == Kind::PrivateThread {
            metadata["invitable"] = json!(self.is_invitable);
        }
        let mut json = json!({
            "parent_id": self.parent,
            "owner_id": self.owner,
            "thread_metadata": metadata,
            "message_count": self.messages,
            "member_count": self.members.len(),
            "total_message_sent": self.total,
        });
        if !self.tags.is_empty() {
            json["applied_tags"] = json!(self.tags);
        }
        json
    }
}
