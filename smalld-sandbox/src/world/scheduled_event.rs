//! Scheduled events of guilds, and the users who are interested in them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::World;
use super::records::Records;
use super::refusal::Refusal;
use crate::world::snowflake::Snowflake;

/// Discord's maximum of events that have not ended, per guild.
const MAX_UNCOMPLETED: usize = 100;
/// How many events that have ended are kept.
const MAX_ENDED: usize = 100;
const MAX_EXCEPTIONS: usize = 100;

/// Discord's states of an event.
pub(crate) const SCHEDULED: u64 = 1;
pub(crate) const ACTIVE: u64 = 2;
pub(crate) const COMPLETED: u64 = 3;
pub(crate) const CANCELED: u64 = 4;

/// The events of a guild.
#[derive(Debug, Default)]
pub(crate) struct ScheduledEvents {
    records: Records,
    /// The users who are interested in each event, and since when.
    users: BTreeMap<Snowflake, BTreeMap<Snowflake, u64>>,
}

impl ScheduledEvents {
    pub(crate) fn get(&self, id: Snowflake) -> Option<&Value> {
        self.records.get(id)
    }

    /// The events that have not ended.
    pub(crate) fn current(&self) -> impl Iterator<Item = &Value> {
        self.records.iter().filter(|event| !has_ended(event))
    }

    pub(crate) fn users(&self, id: Snowflake) -> Vec<Snowflake> {
        let users = self.users.get(&id).into_iter();
        users.flat_map(|users| users.keys().copied()).collect()
    }
}

/// Whether an event is over, so that it cannot change any more.
pub(crate) fn has_ended(event: &Value) -> bool {
    matches!(event["status"].as_u64(), Some(COMPLETED | CANCELED))
}

impl World {
    pub(crate) fn scheduled_event(
        &self,
        guild: Snowflake,
        id: Snowflake,
    ) -> Result<&Value, Refusal> {
        let event = self.guild(guild)?.scheduled_events.get(id);
        event.ok_or(Refusal::UnknownScheduledEvent)
    }

    pub(crate) fn add_scheduled_event(
        &mut self,
        guild: Snowflake,
        fields: Map<String, Value>,
        now: u64,
    ) -> Result<Value, Refusal> {
        if self.guild(guild)?.scheduled_events.current().count() >= MAX_UNCOMPLETED {
            return Err(Refusal::TooManyScheduledEvents);
        }
        let mut json = json!({
            "guild_id": guild,
            "channel_id": null,
            "creator_id": self.bot,
            "creator": self.bot().json(),
            "description": null,
            "image": null,
            "scheduled_end_time": null,
            "status": SCHEDULED,
            "entity_id": null,
            "entity_metadata": null,
            "recurrence_rule": null,
            "guild_scheduled_event_exceptions": [],
        });
        for (key, value) in fields {
            json[key] = value;
        }
        let id = self.ids.next(now);
        let events = &mut self.guild_mut(guild)?.scheduled_events;
        let json = events.records.insert(id, json);
        self.tell_guild(guild, "GUILD_SCHEDULED_EVENT_CREATE", json.clone());
        Ok(json)
    }

    /// Returns the event as it was, and as it is.
    pub(crate) fn edit_scheduled_event(
        &mut self,
        guild: Snowflake,
        id: Snowflake,
        fields: Map<String, Value>,
    ) -> Result<(Value, Value), Refusal> {
        let events = &mut self.guild_mut(guild)?.scheduled_events;
        let edited = events.records.edit(id, fields);
        let (before, after) = edited.ok_or(Refusal::UnknownScheduledEvent)?;
        events.forget_oldest();
        self.tell_guild(guild, "GUILD_SCHEDULED_EVENT_UPDATE", after.clone());
        Ok((before, after))
    }

    pub(crate) fn delete_scheduled_event(
        &mut self,
        guild: Snowflake,
        id: Snowflake,
    ) -> Result<Value, Refusal> {
        let events = &mut self.guild_mut(guild)?.scheduled_events;
        let removed = events.records.remove(id);
        let event = removed.ok_or(Refusal::UnknownScheduledEvent)?;
        events.users.remove(&id);
        self.tell_guild(guild, "GUILD_SCHEDULED_EVENT_DELETE", event.clone());
        Ok(event)
    }

    /// Records whether a user is interested in an event; without a change nothing happens.
    pub(crate) fn set_interested(
        &mut self,
        id: Snowflake,
        user: Snowflake,
        is_interested: bool,
        now: u64,
    ) -> Result<(), Refusal> {
        let mut guilds = self.guilds.values_mut();
        let guild = guilds.find(|guild| guild.scheduled_events.get(id).is_some());
        let guild = guild.ok_or(Refusal::UnknownScheduledEvent)?;
        if !guild.members.contains_key(&user) {
            return Err(Refusal::UnknownMember);
        }
        let users = guild.scheduled_events.users.entry(id).or_default();
        let (is_change, name) = if is_interested {
            let is_new = users.insert(user, now).is_none();
            (is_new, "GUILD_SCHEDULED_EVENT_USER_ADD")
        } else {
            let was_there = users.remove(&user).is_some();
            (was_there, "GUILD_SCHEDULED_EVENT_USER_REMOVE")
        };
        let guild = guild.id;
        if is_change {
            let data = json!({ "guild_scheduled_event_id": id, "user_id": user });
            self.tell_guild(guild, name, data);
        }
        Ok(())
    }

    /// Replaces the exceptions of a recurring event: its occurrences at another time, or not at all.
    pub(crate) fn set_exceptions(
        &mut self,
        guild: Snowflake,
        id: Snowflake,
        exceptions: &[Value],
    ) -> Result<(), Refusal> {
        let newest = exceptions.len().saturating_sub(MAX_EXCEPTIONS);
        let exceptions = json!(exceptions[newest..]);
        let key = "guild_scheduled_event_exceptions".to_owned();
        self.edit_scheduled_event(guild, id, Map::from_iter([(key, exceptions)]))?;
        Ok(())
    }
}

impl ScheduledEvents {
    /// Removes the oldest events that have ended, if there are too many.
    fn forget_oldest(&mut self) {
        let ended = self.records.iter().filter(|event| has_ended(event));
        let ended: Vec<_> = ended
            .filter_map(|event| event["id"].as_str().and_then(Snowflake::parse))
            .collect();
        for id in ended.iter().take(ended.len().saturating_sub(MAX_ENDED)) {
            self.records.remove(*id);
            self.users.remove(id);
        }
    }
}
