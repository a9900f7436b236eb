//! Changes of threads: edited, archived, opened again and deleted.

use serde_json::json;

use super::Thread;
use super::create::{HAS_THREAD, check_tags};
use crate::world::World;
use crate::world::channel::Channel;
use crate::world::refusal::Refusal;
use crate::world::snowflake::Snowflake;

/// A change of a thread; a field that is none stays as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct ThreadEdit {
    pub(crate) name: Option<String>,
    pub(crate) is_archived: Option<bool>,
    pub(crate) is_locked: Option<bool>,
    pub(crate) is_invitable: Option<bool>,
    pub(crate) archive_after: Option<u64>,
    pub(crate) slowmode: Option<u64>,
    pub(crate) flags: Option<u64>,
    pub(crate) tags: Option<Vec<Snowflake>>,
}

impl World {
    pub(crate) fn thread(&self, id: Snowflake) -> Result<&Thread, Refusal> {
        let thread = self.channel(id)?.thread.as_ref();
        thread.ok_or(Refusal::WrongChannelType)
    }

    pub(super) fn thread_mut(&mut self, id: Snowflake) -> Result<&mut Thread, Refusal> {
        let thread = self.channel_mut(id)?.thread.as_mut();
        thread.ok_or(Refusal::WrongChannelType)
    }

    pub(crate) fn edit_thread(
        &mut self,
        id: Snowflake,
        edit: ThreadEdit,
        now: u64,
    ) -> Result<(), Refusal> {
        let parent = self.thread(id)?.parent;
        if let Some(tags) = &edit.tags {
            check_tags(self.channel(parent)?, tags)?;
        }
        let channel = self.channel_mut(id)?;
        if let Some(name) = edit.name {
            channel.set("name", json!(name));
        }
        if let Some(slowmode) = edit.slowmode {
            channel.set("rate_limit_per_user", json!(slowmode));
        }
        if let Some(flags) = edit.flags {
            channel.set("flags", json!(flags));
        }
        let thread = self.thread_mut(id)?;
        thread.is_locked = edit.is_locked.unwrap_or(thread.is_locked);
        thread.is_invitable = edit.is_invitable.unwrap_or(thread.is_invitable);
        thread.archive_after = edit.archive_after.unwrap_or(thread.archive_after);
        thread.tags = edit.tags.unwrap_or(std::mem::take(&mut thread.tags));
        if let Some(is_archived) = edit.is_archived.filter(|is| *is != thread.is_archived) {
            thread.is_archived = is_archived;
            thread.changed = now;
            thread.active = now;
        }
        let expires = thread.expires();
        self.note_deadline(expires.unwrap_or(u64::MAX));
        self.tell_of_thread(id);
        Ok(())
    }

    /// Deletes a thread. The message that it began with loses its mark.
    pub(crate) fn delete_thread(&mut self, id: Snowflake) -> Result<(), Refusal> {
        let channel = self.channel(id)?;
        let parent = self.thread(id)?.parent;
        let data = json!({ "id": id, "parent_id": parent, "type": channel.kind as u64 });
        self.tell("THREAD_DELETE", id, data);
        self.channels.remove(&id);
        if let Ok(message) = self.message_of(parent, id) {
            message.flags &= !HAS_THREAD;
        }
        Ok(())
    }

    /// Counts a new message in a thread, which opens an archived one again.
    pub(in crate::world) fn count_message(&mut self, id: Snowflake, is_first: bool, now: u64) {
        let Ok(thread) = self.thread_mut(id) else {
            return;
        };
        thread.active = now;
        thread.messages += u64::from(!is_first);
        thread.total += u64::from(!is_first);
        let was_archived = thread.is_archived;
        let expires = now.saturating_add(thread.archive_after * 60_000);
        self.note_deadline(expires);
        if was_archived {
            let open = ThreadEdit {
                is_archived: Some(false),
                ..ThreadEdit::default()
            };
            // It is a thread without new tags, so that this cannot fail.
            let _ = self.edit_thread(id, open, now);
        }
    }

    /// Archives the threads in which nothing was written for too long. Returns when the next one will
    /// be archived.
    pub(in crate::world) fn archive_idle_threads(&mut self, now: u64) -> u64 {
        let expires = |channel: &Channel| channel.thread.as_ref().and_then(Thread::expires);
        let all = self.channels.values();
        let idle = all.filter(|channel| expires(channel).is_some_and(|at| at <= now));
        let idle: Vec<_> = idle.map(|channel| channel.id).collect();
        for id in idle {
            let archive = ThreadEdit {
                is_archived: Some(true),
                ..ThreadEdit::default()
            };
            // It is a thread without new tags, so that this cannot fail.
            let _ = self.edit_thread(id, archive, now);
        }
        self.channels
            .values()
            .filter_map(expires)
            .min()
            .unwrap_or(u64::MAX)
    }

    fn tell_of_thread(&mut self, id: Snowflake) {
        let data = self.thread_event(id);
        self.tell("THREAD_UPDATE", id, data);
    }
}
