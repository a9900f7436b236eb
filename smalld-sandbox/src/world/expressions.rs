//! Expressions: the emojis and stickers of guilds, and the emojis of the application.

use serde_json::{Map, Value, json};

use super::World;
use super::emoji::Emoji;
use super::records::Records;
use super::refusal::Refusal;
use crate::world::snowflake::Snowflake;

/// Discord's maximum of a guild without boosts, for emojis that move and for others.
const MAX_EMOJIS: usize = 50;
const MAX_APPLICATION_EMOJIS: usize = 2000;
const MAX_STICKERS: usize = 5;

/// Where an emoji is: in a guild, or none for the application.
pub(crate) type Place = Option<Snowflake>;

impl World {
    pub(crate) fn emojis(&self, place: Place) -> Result<&Records, Refusal> {
        match place {
            Some(guild) => Ok(&self.guild(guild)?.emojis),
            None => Ok(&self.application_emojis),
        }
    }

    fn emojis_mut(&mut self, place: Place) -> Result<&mut Records, Refusal> {
        match place {
            Some(guild) => Ok(&mut self.guild_mut(guild)?.emojis),
            None => Ok(&mut self.application_emojis),
        }
    }

    pub(crate) fn emoji_json(&self, place: Place, id: Snowflake) -> Result<&Value, Refusal> {
        let emoji = self.emojis(place)?.get(id);
        emoji.ok_or(Refusal::UnknownEmoji)
    }

    /// A new emoji. Its picture is not kept.
    pub(crate) fn add_emoji(
        &mut self,
        place: Place,
        (name, is_animated): (&str, bool),
        roles: &Value,
        now: u64,
    ) -> Result<Value, Refusal> {
        let emojis = self.emojis(place)?;
        let (all, of_kind) = (emojis.count(), emojis.iter());
        let of_kind = of_kind.filter(|emoji| emoji["animated"] == is_animated);
        let of_kind = of_kind.count();
        match place {
            None if all >= MAX_APPLICATION_EMOJIS => return Err(Refusal::TooManyEmojis),
            Some(_) if of_kind >= MAX_EMOJIS && is_animated => {
                return Err(Refusal::TooManyAnimatedEmojis);
            }
            Some(_) if of_kind >= MAX_EMOJIS => return Err(Refusal::TooManyEmojis),
            _ => {}
        }
        let json = json!({
            "name": name,
            "roles": roles,
            "user": self.bot().json(),
            "require_colons": true,
            "managed": false,
            "animated": is_animated,
            "available": true,
        });
        let id = self.ids.next(now);
        let json = self.emojis_mut(place)?.insert(id, json);
        self.tell_emojis(place);
        Ok(json)
    }

    /// Returns the emoji as it was, and as it is.
    pub(crate) fn edit_emoji(
        &mut self,
        place: Place,
        id: Snowflake,
        fields: Map<String, Value>,
    ) -> Result<(Value, Value), Refusal> {
        let edited = self.emojis_mut(place)?.edit(id, fields);
        let edited = edited.ok_or(Refusal::UnknownEmoji)?;
        self.tell_emojis(place);
        Ok(edited)
    }

    pub(crate) fn delete_emoji(&mut self, place: Place, id: Snowflake) -> Result<Value, Refusal> {
        let removed = self.emojis_mut(place)?.remove(id);
        let removed = removed.ok_or(Refusal::UnknownEmoji)?;
        self.tell_emojis(place);
        Ok(removed)
    }

    fn tell_emojis(&mut self, place: Place) {
        let Some(guild) = place else { return };
        let emojis = self.emojis(place).map(Records::json).unwrap_or_default();
        self.tell_guild(guild, "GUILD_EMOJIS_UPDATE", json!({ "emojis": emojis }));
    }

    /// The emoji of a reaction: a Unicode emoji, or `name:id` of one that the bot can use.
    pub(super) fn emoji(&self, text: &str) -> Result<Emoji, Refusal> {
        let custom = text
            .rsplit_once(':')
            .and_then(|(_, id)| Snowflake::parse(id));
        let Some(id) = custom else {
            return Emoji::parse(text).ok_or(Refusal::UnknownEmoji);
        };
        let of_guilds = self.joined_guilds().map(|guild| &guild.emojis);
        let mut all = of_guilds.chain([&self.application_emojis]);
        let emoji = all.find_map(|emojis| emojis.get(id));
        let emoji = emoji.ok_or(Refusal::UnknownEmoji)?;
        let name = emoji["name"].as_str().unwrap_or_default();
        Ok(Emoji::custom(id, name, emoji["animated"] == true))
    }

    pub(crate) fn sticker(&self, guild: Snowflake, id: Snowflake) -> Result<&Value, Refusal> {
        let sticker = self.guild(guild)?.stickers.get(id);
        sticker.ok_or(Refusal::UnknownSticker)
    }

    /// The sticker with this id, in any guild.
    pub(crate) fn any_sticker(&self, id: Snowflake) -> Result<&Value, Refusal> {
        let mut guilds = self.guilds.values();
        let sticker = guilds.find_map(|guild| guild.stickers.get(id));
        sticker.ok_or(Refusal::UnknownSticker)
    }

    /// A new sticker. Its picture is not kept.
    pub(crate) fn add_sticker(
        &mut self,
        guild: Snowflake,
        fields: Map<String, Value>,
        format: u64,
        now: u64,
    ) -> Result<Value, Refusal> {
        if self.guild(guild)?.stickers.count() >= MAX_STICKERS {
            return Err(Refusal::TooManyStickers);
        }
        let mut json = json!({
            "description": null,
            "type": 2,
            "format_type": format,
            "available": true,
            "guild_id": guild,
            "user": self.bot().json(),
        });
        for (key, value) in fields {
            json[key] = value;
        }
        let id = self.ids.next(now);
        let json = self.guild_mut(guild)?.stickers.insert(id, json);
        self.tell_stickers(guild);
        Ok(json)
    }

    /// Returns the sticker as it was, and as it is.
    pub(crate) fn edit_sticker(
        &mut self,
        guild: Snowflake,
        id: Snowflake,
        fields: Map<String, Value>,
    ) -> Result<(Value, Value), Refusal> {
        let edited = self.guild_mut(guild)?.stickers.edit(id, fields);
        let edited = edited.ok_or(Refusal::UnknownSticker)?;
        self.tell_stickers(guild);
        Ok(edited)
    }

    pub(crate) fn delete_sticker(
        &mut self,
        guild: Snowflake,
        id: Snowflake,
    ) -> Result<Value, Refusal> {
        let removed = self.guild_mut(guild)?.stickers.remove(id);
        let removed = removed.ok_or(Refusal::UnknownSticker)?;
        self.tell_stickers(guild);
        Ok(removed)
    }

    fn tell_stickers(&mut self, guild: Snowflake) {
        let of_guild = self.guilds.get(&guild);
        let stickers = of_guild.map(|guild| guild.stickers.json());
        let data = json!({ "stickers": stickers.unwrap_or_default() });
        self.tell_guild(guild, "GUILD_STICKERS_UPDATE", data);
    }
}
