//! Permission overwrites: what a channel allows and denies to a role or a member.

use serde_json::{Value, json};

use super::World;
use super::refusal::Refusal;
use crate::world::snowflake::Snowflake;

/// Discord's maximum per channel.
const MAX_OVERWRITES: usize = 1000;

/// The permissions that a channel adds to and takes from those of the guild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overwrite {
    /// Whether it is for a member, not for a role.
    pub(crate) is_of_member: bool,
    pub(crate) allow: u64,
    pub(crate) deny: u64,
}

impl Overwrite {
    /// As in the `permission_overwrites` of a channel.
    pub(crate) fn json(&self, id: Snowflake) -> Value {
        json!({
            "id": id,
            "type": u64::from(self.is_of_member),
            "allow": self.allow.to_string(),
            "deny": self.deny.to_string(),
        })
    }

    /// These permissions, less what it denies, and with what it allows.
    pub(crate) fn apply(&self, bits: u64) -> u64 {
        bits & !self.deny | self.allow
    }
}

impl World {
    /// Sets the overwrite for a role or a member. Returns whether there was one before.
    pub(crate) fn set_overwrite(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        overwrite: Overwrite,
    ) -> Result<bool, Refusal> {
        let place = self.channel(channel)?;
        if overwrite.is_of_member {
            self.user(id)?;
        } else {
            let guild = place.guild().ok_or(Refusal::NotInDirectMessages)?;
            self.role(guild, id)?;
        }
        let overwrites = &place.overwrites;
        let is_known = overwrites.contains_key(&id);
        if !is_known && overwrites.len() >= MAX_OVERWRITES {
            return Err(Refusal::TooManyOverwrites);
        }
        self.change_channel(channel, |channel| {
            channel.overwrites.insert(id, overwrite);
        })?;
        Ok(is_known)
    }

    pub(crate) fn delete_overwrite(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
    ) -> Result<(), Refusal> {
        if !self.channel(channel)?.overwrites.contains_key(&id) {
            return Err(Refusal::UnknownOverwrite);
        }
        self.change_channel(channel, |channel| {
            channel.overwrites.remove(&id);
        })
    }

    /// Removes the overwrites of a role that was deleted, which is told nobody.
    pub(super) fn forget_overwrites(&mut self, id: Snowflake) {
        for channel in self.channels.values_mut() {
            channel.overwrites.remove(&id);
        }
    }
}
