//! The soundboards of guilds.

use serde_json::{Map, Value, json};

use super::World;
use super::records::Records;
use super::refusal::Refusal;
use crate::world::snowflake::Snowflake;

/// Discord's maximum of a guild without boosts.
const MAX_SOUNDS: usize = 8;

impl World {
    /// The sounds of a guild as a list.
    pub(crate) fn sounds(&self, guild: Snowflake) -> Value {
        let guild = self.guilds.get(&guild);
        guild.map(|guild| guild.sounds.json()).unwrap_or_default()
    }

    pub(crate) fn sound(&self, guild: Snowflake, id: Snowflake) -> Result<&Value, Refusal> {
        self.guild(guild)?
            .sounds
            .get(id)
            .ok_or(Refusal::UnknownSound)
    }

    /// A new sound. The recording is not kept.
    pub(crate) fn add_sound(
        &mut self,
        guild: Snowflake,
        fields: Map<String, Value>,
        now: u64,
    ) -> Result<Value, Refusal> {
        if self.guild(guild)?.sounds.count() >= MAX_SOUNDS {
            return Err(Refusal::TooManySounds);
        }
        let mut json = json!({
            "volume": 1.0,
            "emoji_id": null,
            "emoji_name": null,
            "guild_id": guild,
            "available": true,
            "user": self.bot().json(),
        });
        for (key, value) in fields {
            json[key] = value;
        }
        let id = self.ids.next(now);
        let json = self.guild_mut(guild)?.sounds.insert(id, json);
        self.tell_guild(guild, "GUILD_SOUNDBOARD_SOUND_CREATE", json.clone());
        Ok(json)
    }

    /// Returns the sound as it was, and as it is.
    pub(crate) fn edit_sound(
        &mut self,
        guild: Snowflake,
        id: Snowflake,
        fields: Map<String, Value>,
    ) -> Result<(Value, Value), Refusal> {
        let edited = self.guild_mut(guild)?.sounds.edit(id, fields);
        let (before, after) = edited.ok_or(Refusal::UnknownSound)?;
        self.tell_guild(guild, "GUILD_SOUNDBOARD_SOUND_UPDATE", after.clone());
        Ok((before, after))
    }

    pub(crate) fn delete_sound(
        &mut self,
        guild: Snowflake,
        id: Snowflake,
    ) -> Result<Value, Refusal> {
        let removed = self.guild_mut(guild)?.sounds.remove(id);
        let sound = removed.ok_or(Refusal::UnknownSound)?;
        let data = json!({ "sound_id": id });
        self.tell_guild(guild, "GUILD_SOUNDBOARD_SOUND_DELETE", data);
        Ok(sound)
    }
}

/// An empty soundboard.
pub(super) fn sounds() -> Records {
    Records::with_key("sound_id")
}
