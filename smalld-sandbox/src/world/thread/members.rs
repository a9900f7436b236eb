//! The members of threads.

use serde_json::{Value, json};

use crate::world::World;
use crate::world::channel::Kind;
use crate::world::intents::GUILD_MEMBERS;
use crate::world::refusal::Refusal;
use crate::world::snowflake::Snowflake;
use crate::world::timestamp::iso8601;

/// Discord's maximum per thread.
const MAX_MEMBERS: usize = 1000;

impl World {
    /// Adds a member of the guild to a thread; without a change nothing happens.
    pub(crate) fn add_to_thread(
        &mut self,
        id: Snowflake,
        user: Snowflake,
        now: u64,
    ) -> Result<(), Refusal> {
        let guild = self.guild_of(id).ok_or(Refusal::WrongChannelType)?;
        if !self.guild(guild)?.members.contains_key(&user) {
            return Err(Refusal::UnknownMember);
        }
        let members = &mut self.thread_mut(id)?.members;
        if members.contains_key(&user) {
            return Ok(());
        }
        if members.len() >= MAX_MEMBERS {
            return Err(Refusal::TooManyThreadMembers);
        }
        members.insert(user, now);
        let is_private = self.channel(id)?.kind == Kind::PrivateThread;
        if user == self.bot && is_private {
            let mut data = self.thread_event(id);
            data["member"] = json!(self.thread_member(id, user, false));
            self.tell("THREAD_CREATE", id, data);
        }
        let mut added = self.thread_member(id, user, true).unwrap_or_default();
        added["presence"] = Value::Null;
        self.tell_of_members(id, user, json!({ "added_members": [added] }));
        Ok(())
    }

    pub(crate) fn remove_from_thread(
        &mut self,
        id: Snowflake,
        user: Snowflake,
    ) -> Result<(), Refusal> {
        if !self.thread(id)?.members.contains_key(&user) {
            return Err(Refusal::UnknownMember);
        }
        // A bot that leaves a private thread does not see it any longer, but is told that it left.
        let is_seen = self.bot_sees(id);
        self.thread_mut(id)?.members.remove(&user);
        self.tell_of_members(id, user, json!({ "removed_member_ids": [user] }));
        if let Some(event) = self.events.last_mut() {
            event.is_dispatched = is_seen;
        }
        Ok(())
    }

    /// A member of a thread, perhaps with the member of the guild inside.
    pub(crate) fn thread_member(
        &self,
        id: Snowflake,
        user: Snowflake,
        with_member: bool,
    ) -> Option<Value> {
        let joined = self.thread(id).ok()?.members.get(&user)?;
        let mut json = json!({
            "id": id, "user_id": user, "join_timestamp": iso8601(*joined), "flags": 1,
        });
        if with_member {
            json["member"] = self.member(self.guild_of(id)?, user)?;
        }
        Some(json)
    }

    /// Without the intent for members, a bot only hears of itself.
    fn tell_of_members(&mut self, id: Snowflake, user: Snowflake, mut data: Value) {
        data["id"] = json!(id);
        data["member_count"] = json!(self.thread(id).map_or(0, |thread| thread.members.len()));
        self.tell("THREAD_MEMBERS_UPDATE", id, data);
        if let Some(event) = self.events.last_mut().filter(|_| user != self.bot) {
            event.intents = Some(GUILD_MEMBERS);
        }
    }
}
