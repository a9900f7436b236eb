//! Permissions of members in guilds and channels.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

bitflags::bitflags! {
    /// What a member, a role or the bot may do. Combine with `|`.
    ///
    /// Discord sends permissions as strings of digits, such as `"2048"`. They deserialize from these,
    /// and from integers, and serialize as strings. Bits that smalld does not know yet are kept.
    ///
    /// See [Discord Docs/Permissions](https://discord.com/developers/docs/topics/permissions).
    ///
    /// ```
    /// use smalld::{Json, Permissions};
    ///
    /// # fn main() -> Result<(), serde_json::Error> {
    /// let member: Json = serde_json::from_str(r#"{ "permissions": "1099511629826" }"#)?;
    /// let permissions: Permissions = serde_json::from_value(member["permissions"].clone())?;
    /// assert!(permissions.contains(Permissions::KICK_MEMBERS | Permissions::MODERATE_MEMBERS));
    /// assert!(!permissions.contains(Permissions::ADMINISTRATOR));
    /// # Ok(()) }
    /// ```
    #[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
    pub struct Permissions: u64 {
        /// Create invites.
        const CREATE_INSTANT_INVITE = 1 << 0;
        /// Kick members.
        const KICK_MEMBERS = 1 << 1;
        /// Ban members.
        const BAN_MEMBERS = 1 << 2;
        /// Every permission, and no channel overwrites apply.
        const ADMINISTRATOR = 1 << 3;
        /// Create, change and delete channels.
        const MANAGE_CHANNELS = 1 << 4;
        /// Change the guild.
        const MANAGE_GUILD = 1 << 5;
        /// Add reactions that nobody else has added to a message.
        const ADD_REACTIONS = 1 << 6;
        /// Read the audit log.
        const VIEW_AUDIT_LOG = 1 << 7;
        /// Speak with priority in a voice channel.
        const PRIORITY_SPEAKER = 1 << 8;
        /// Stream in a voice channel.
        const STREAM = 1 << 9;
        /// See a channel: read its messages, or join it if it is a voice channel.
        const VIEW_CHANNEL = 1 << 10;
        /// Send messages, and create posts in a forum channel.
        const SEND_MESSAGES = 1 << 11;
        /// Send messages that are read aloud.
        const SEND_TTS_MESSAGES = 1 << 12;
        /// Delete the messages of others.
        const MANAGE_MESSAGES = 1 << 13;
        /// Have links shown as embeds.
        const EMBED_LINKS = 1 << 14;
        /// Attach files.
        const ATTACH_FILES = 1 << 15;
        /// Read earlier messages.
        const READ_MESSAGE_HISTORY = 1 << 16;
        /// Notify everyone with `@everyone` and `@here`.
        const MENTION_EVERYONE = 1 << 17;
        /// Use custom emojis of other guilds.
        const USE_EXTERNAL_EMOJIS = 1 << 18;
        /// See the guild's insights.
        const VIEW_GUILD_INSIGHTS = 1 << 19;
        /// Join a voice channel.
        const CONNECT = 1 << 20;
        /// Speak in a voice channel.
        const SPEAK = 1 << 21;
        /// Mute members in a voice channel.
        const MUTE_MEMBERS = 1 << 22;
        /// Deafen members in a voice channel.
        const DEAFEN_MEMBERS = 1 << 23;
        /// Move members between voice channels.
        const MOVE_MEMBERS = 1 << 24;
        /// Speak by voice activity instead of push-to-talk.
        const USE_VAD = 1 << 25;
        /// Change one's own nickname.
        const CHANGE_NICKNAME = 1 << 26;
        /// Change the nicknames of others.
        const MANAGE_NICKNAMES = 1 << 27;
        /// Create, change and assign roles below one's own.
        const MANAGE_ROLES = 1 << 28;
        /// Create, change and delete webhooks.
        const MANAGE_WEBHOOKS = 1 << 29;
        /// Change and delete emojis, stickers and soundboard sounds.
        const MANAGE_GUILD_EXPRESSIONS = 1 << 30;
        /// Use application commands.
        const USE_APPLICATION_COMMANDS = 1 << 31;
        /// Request to speak in a stage channel.
        const REQUEST_TO_SPEAK = 1 << 32;
        /// Change and delete scheduled events.
        const MANAGE_EVENTS = 1 << 33;
        /// Archive and delete threads, and see private ones.
        const MANAGE_THREADS = 1 << 34;
        /// Create public and announcement threads.
        const CREATE_PUBLIC_THREADS = 1 << 35;
        /// Create private threads.
        const CREATE_PRIVATE_THREADS = 1 << 36;
        /// Use custom stickers of other guilds.
        const USE_EXTERNAL_STICKERS = 1 << 37;
        /// Send messages in threads.
        const SEND_MESSAGES_IN_THREADS = 1 << 38;
        /// Use activities.
        const USE_EMBEDDED_ACTIVITIES = 1 << 39;
        /// Put members in timeout.
        const MODERATE_MEMBERS = 1 << 40;
        /// See the insights of role subscriptions.
        const VIEW_CREATOR_MONETIZATION_ANALYTICS = 1 << 41;
        /// Use the soundboard in a voice channel.
        const USE_SOUNDBOARD = 1 << 42;
        /// Create emojis, stickers and soundboard sounds, and change one's own.
        const CREATE_GUILD_EXPRESSIONS = 1 << 43;
        /// Create scheduled events, and change one's own.
        const CREATE_EVENTS = 1 << 44;
        /// Use custom soundboard sounds of other guilds.
        const USE_EXTERNAL_SOUNDS = 1 << 45;
        /// Send voice messages.
        const SEND_VOICE_MESSAGES = 1 << 46;
        /// Set the status of a voice channel.
        const SET_VOICE_CHANNEL_STATUS = 1 << 48;
        /// Send polls.
        const SEND_POLLS = 1 << 49;
        /// Have the answers of user-installed apps shown to others.
        const USE_EXTERNAL_APPS = 1 << 50;
        /// Pin and unpin messages.
        const PIN_MESSAGES = 1 << 51;
        /// Send messages without waiting in slow mode.
        const BYPASS_SLOWMODE = 1 << 52;
    }
}

/// The names joined by ` | `, or `none`; unknown bits in hexadecimal.
impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        bitflags::parser::to_writer(self, f)
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permissions({self})")
    }
}

/// A string of digits, as Discord expects it.
impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.bits())
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(Bits)
            .map(Self::from_bits_retain)
    }
}

struct Bits;

impl Visitor<'_> for Bits {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("permissions as a string of digits")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        text.parse()
            .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_u64<E: de::Error>(self, bits: u64) -> Result<u64, E> {
        Ok(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_are_equal_to_the_data_file() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/permissions.csv");
        let Ok(text) = std::fs::read_to_string(file) else {
            eprintln!("skipped: {file} is not part of the package");
            return;
        };
        let known = Permissions::all()
            .iter_names()
            .map(|(name, permission)| format!("{name},{}", permission.bits().trailing_zeros()));
        assert!(known.eq(text.lines().skip(1)));
    }

    #[test]
    fn strings_of_digits_are_read_and_written() {
        let permissions: Permissions = serde_json::from_str("\"2050\"").unwrap();
        assert_eq!(
            permissions,
            Permissions::KICK_MEMBERS | Permissions::SEND_MESSAGES
        );
        assert_eq!(serde_json::to_string(&permissions).unwrap(), "\"2050\"");
        assert_eq!(
            serde_json::from_str::<Permissions>("2050").unwrap(),
            permissions
        );
    }

    #[test]
    fn unknown_bits_are_kept() {
        let permissions: Permissions = serde_json::from_str("\"9223372036854775808\"").unwrap();
        assert_eq!(permissions.bits(), 1 << 63);
        assert_eq!(permissions.to_string(), "0x8000000000000000");
    }

    #[test]
    fn other_values_are_errors_that_show_the_value() {
        for (json, message) in [
            ("\"\"", "invalid value: string \"\""),
            ("\"-1\"", "invalid value: string \"-1\""),
            ("-1", "invalid type: integer `-1`"),
            ("null", "invalid type: null"),
        ] {
            let error = serde_json::from_str::<Permissions>(json).unwrap_err();
            let error = error.to_string();
            assert!(error.starts_with(message), "{error}");
            assert!(error.contains("a string of digits"), "{error}");
        }
    }
}
