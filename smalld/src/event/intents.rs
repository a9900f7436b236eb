//! Gateway intents: which events Discord sends.

use std::fmt;

/// Stands for the intents that the handlers need. Discord does not use this bit.
const FOR_HANDLERS: u64 = 1 << 63;

bitflags::bitflags! {
    /// Which events Discord sends to the bot. Combine with `|`.
    ///
    /// See [Discord Docs/Gateway Intents](https://discord.com/developers/docs/events/gateway#gateway-intents).
    /// [`Intents::from_bits_retain`] accepts bits that smalld does not know yet.
    ///
    /// ```
    /// use smalld::Intents;
    ///
    /// let intents = Intents::GUILD_MESSAGES | Intents::DIRECT_MESSAGES;
    /// assert!(Intents::all().contains(intents));
    /// assert!(!Intents::unprivileged().contains(Intents::MESSAGE_CONTENT));
    /// ```
    #[derive(Clone, Copy, PartialEq, Eq, Hash)]
    pub struct Intents: u64 {
        /// Guilds, their channels, threads, roles and stages. Nearly every bot needs it.
        const GUILDS = 1 << 0;
        /// Members who join, leave or change. **Privileged.**
        const GUILD_MEMBERS = 1 << 1;
        /// Bans and audit log entries.
        const GUILD_MODERATION = 1 << 2;
        /// Emojis, stickers and soundboard sounds.
        const GUILD_EXPRESSIONS = 1 << 3;
        /// Integrations of a guild.
        const GUILD_INTEGRATIONS = 1 << 4;
        /// Webhooks of a channel.
        const GUILD_WEBHOOKS = 1 << 5;
        /// Invites that are created and deleted.
        const GUILD_INVITES = 1 << 6;
        /// Who is in which voice channel, and voice channel effects.
        const GUILD_VOICE_STATES = 1 << 7;
        /// Status and activities of members. **Privileged.**
        const GUILD_PRESENCES = 1 << 8;
        /// Messages in guilds.
        const GUILD_MESSAGES = 1 << 9;
        /// Reactions to messages in guilds.
        const GUILD_MESSAGE_REACTIONS = 1 << 10;
        /// Typing indicators in guilds.
        const GUILD_MESSAGE_TYPING = 1 << 11;
        /// Messages to the bot, and ephemeral messages of interactions. Shard 0 only.
        const DIRECT_MESSAGES = 1 << 12;
        /// Reactions to direct messages. Shard 0 only.
        const DIRECT_MESSAGE_REACTIONS = 1 << 13;
        /// Typing indicators in direct messages. Shard 0 only.
        const DIRECT_MESSAGE_TYPING = 1 << 14;
        /// Has no events of its own: without it, `content`, `embeds`, `attachments`, `components` and `poll` of most messages are empty. **Privileged.**
        const MESSAGE_CONTENT = 1 << 15;
        /// Scheduled events, and the users who are interested in them.
        const GUILD_SCHEDULED_EVENTS = 1 << 16;
        /// Auto moderation rules.
        const AUTO_MODERATION_CONFIGURATION = 1 << 20;
        /// Actions of auto moderation.
        const AUTO_MODERATION_EXECUTION = 1 << 21;
        /// Poll votes in guilds.
        const GUILD_MESSAGE_POLLS = 1 << 24;
        /// Poll votes in direct messages. Shard 0 only.
        const DIRECT_MESSAGE_POLLS = 1 << 25;
    }
}

impl Intents {
    /// The privileged intents, which must be enabled in Discord's developer portal.
    #[must_use]
    pub const fn privileged() -> Self {
        Self::GUILD_MEMBERS
            .union(Self::GUILD_PRESENCES)
            .union(Self::MESSAGE_CONTENT)
    }

    /// All intents that are not privileged.
    #[must_use]
    pub const fn unprivileged() -> Self {
        Self::all().difference(Self::privileged())
    }

    /// Exactly the intents that the bot's handlers need, including message content. Privileged ones
    /// are used only if the application has been granted them. It can be combined with others:
    /// `Intents::for_handlers() | Intents::GUILD_MEMBERS`.
    ///
    /// This is a placeholder without any of Discord's bits; it is replaced when the bot is built. A
    /// handler of every payload needs every intent.
    #[must_use]
    pub const fn for_handlers() -> Self {
        Self::from_bits_retain(FOR_HANDLERS)
    }

    /// The privileged intents that an application with these `flags` may use.
    ///
    /// See [Discord Docs/Application Flags](https://discord.com/developers/docs/resources/application#application-object-application-flags):
    /// each intent has a bit for verified applications and one (`LIMITED`) for those below the
    /// threshold; either grants it.
    pub(crate) fn granted(flags: u64) -> Self {
        [
            (Self::GUILD_PRESENCES, 1 << 12 | 1 << 13),
            (Self::GUILD_MEMBERS, 1 << 14 | 1 << 15),
            (Self::MESSAGE_CONTENT, 1 << 18 | 1 << 19),
        ]
        .into_iter()
        .filter(|(_, bits)| flags & bits != 0)
        .map(|(intent, _)| intent)
        .collect()
    }
}

/// The names joined by ` | `, or `none`; unknown bits in hexadecimal.
impl fmt::Display for Intents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        bitflags::parser::to_writer(self, f)
    }
}

impl fmt::Debug for Intents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Intents({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_are_those_of_discord() {
        assert_eq!(Intents::all().bits(), 53_608_447);
        assert_eq!(Intents::unprivileged().bits(), 53_575_421);
        assert_eq!(Intents::privileged().bits(), 33_026);
    }

    #[test]
    fn the_bits_are_equal_to_the_data_file() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/intents.csv");
        let Ok(text) = std::fs::read_to_string(file) else {
            eprintln!("skipped: {file} is not part of the package");
            return;
        };
        let known = Intents::all().iter_names().map(|(name, intent)| {
            let privileged = Intents::privileged().contains(intent);
            let privileged = if privileged { "yes" } else { "no" };
            format!("{name},{},{privileged}", intent.bits().trailing_zeros())
        });
        assert!(known.eq(text.lines().skip(1)));
    }

    #[test]
    fn limited_application_flags_also_grant_intents() {
        assert_eq!(Intents::granted(565_248), Intents::privileged());
        assert_eq!(Intents::granted(1 << 18), Intents::MESSAGE_CONTENT);
        assert_eq!(Intents::granted(0), Intents::empty());
    }

    #[test]
    fn unknown_bits_are_kept() {
        assert_eq!(Intents::from_bits_retain(1 << 40).bits(), 1 << 40);
    }
}
