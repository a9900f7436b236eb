//! The audit logs of guilds.

use serde_json::{Value, json};

use super::World;
use crate::world::snowflake::Snowflake;

/// How many entries are kept; beyond that the oldest is removed.
const MAX_ENTRIES: usize = 1000;

/// Discord's types of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    ChannelCreate = 10,
    ChannelUpdate = 11,
    ChannelDelete = 12,
    OverwriteCreate = 13,
    OverwriteUpdate = 14,
    OverwriteDelete = 15,
    MemberKick = 20,
    MemberBanAdd = 22,
    MemberBanRemove = 23,
    MemberUpdate = 24,
    MemberRoleUpdate = 25,
    RoleCreate = 30,
    RoleUpdate = 31,
    RoleDelete = 32,
    ThreadCreate = 110,
    ThreadUpdate = 111,
    ThreadDelete = 112,
}

impl World {
    /// Records what the bot did, and why.
    pub(crate) fn audit(
        &mut self,
        guild: Snowflake,
        action: Action,
        target: Snowflake,
        reason: Option<&str>,
        now: u64,
    ) {
        let mut entry = json!({
            "id": self.ids.next(now),
            "user_id": self.bot,
            "target_id": target,
            "action_type": action as u64,
        });
        if let Some(reason) = reason {
            entry["reason"] = json!(reason);
        }
        let Ok(of_guild) = self.guild_mut(guild) else {
            return;
        };
        of_guild.audit_log.push(entry.clone(), 0);
        self.tell_guild(guild, "GUILD_AUDIT_LOG_ENTRY_CREATE", entry);
    }

    /// The entries of a guild, newest first.
    pub(crate) fn audit_log(&self, guild: Snowflake) -> Vec<Value> {
        let guild = self.guilds.get(&guild).into_iter();
        let entries = guild.flat_map(|guild| guild.audit_log.iter().rev());
        entries.cloned().collect()
    }
}

/// An empty log.
pub(super) fn log() -> crate::world::journal::Journal<Value> {
    crate::world::journal::Journal::new(MAX_ENTRIES, usize::MAX)
}
