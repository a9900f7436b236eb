//! The audit logs of guilds.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::World;
use crate::world::snowflake::Snowflake;

/// How many entries are kept; beyond that the oldest is removed.
const MAX_ENTRIES: usize = 1000;

/// Discord's types of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    GuildUpdate = 1,
    ChannelCreate = 10,
    ChannelUpdate = 11,
    ChannelDelete = 12,
    OverwriteCreate = 13,
    OverwriteUpdate = 14,
    OverwriteDelete = 15,
    MemberKick = 20,
    MemberPrune = 21,
    MemberBanAdd = 22,
    MemberBanRemove = 23,
    MemberUpdate = 24,
    MemberRoleUpdate = 25,
    RoleCreate = 30,
    RoleUpdate = 31,
    RoleDelete = 32,
    InviteCreate = 40,
    InviteDelete = 42,
    WebhookCreate = 50,
    WebhookUpdate = 51,
    WebhookDelete = 52,
    EmojiCreate = 60,
    EmojiUpdate = 61,
    EmojiDelete = 62,
    MessageDelete = 72,
    MessageBulkDelete = 73,
    MessagePin = 74,
    MessageUnpin = 75,
    StickerCreate = 90,
    StickerUpdate = 91,
    StickerDelete = 92,
    ScheduledEventCreate = 100,
    ScheduledEventUpdate = 101,
    ScheduledEventDelete = 102,
    ThreadCreate = 110,
    ThreadUpdate = 111,
    ThreadDelete = 112,
    SoundCreate = 130,
    SoundUpdate = 131,
    SoundDelete = 132,
    RuleCreate = 140,
    RuleUpdate = 141,
    RuleDelete = 142,
    OnboardingUpdate = 167,
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
        self.audit_changes(guild, action, target, &[], reason, now);
    }

    /// Records what the bot changed, and why.
    pub(crate) fn audit_changes(
        &mut self,
        guild: Snowflake,
        action: Action,
        target: Snowflake,
        changes: &[Value],
        reason: Option<&str>,
        now: u64,
    ) {
        let mut entry = json!({
            "id": self.ids.next(now),
            "user_id": self.bot,
            "target_id": target,
            "action_type": action as u64,
        });
        if !changes.is_empty() {
            entry["changes"] = json!(changes);
        }
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

/// The fields that differ, as the log lists them: a value that is null is left out.
pub(crate) fn changes(before: &Value, after: &Value) -> Vec<Value> {
    let keys = |json: &Value| {
        json.as_object()
            .map(|fields| fields.keys().cloned().collect())
    };
    let keys: BTreeSet<String> = [before, after]
        .into_iter()
        .filter_map(keys)
        .fold(BTreeSet::new(), |all, some: BTreeSet<String>| {
            all.union(&some).cloned().collect()
        });
    let changed = keys.into_iter().filter(|key| before[key] != after[key]);
    changed
        .map(|key| {
            let mut change = json!({ "key": key });
            for (name, json) in [("old_value", before), ("new_value", after)] {
                if !json[&key].is_null() {
                    change[name] = json[&key].clone();
                }
            }
            change
        })
        .collect()
}

/// An empty log.
pub(super) fn log() -> crate::world::journal::Journal<Value> {
    crate::world::journal::Journal::new(MAX_ENTRIES, usize::MAX)
}
