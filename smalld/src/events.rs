//! Which intents bring which event.

use crate::intents::Intents;

/// The intents of which any one brings the event: empty where Discord always sends it, `None` for
/// a name that smalld does not know.
pub(crate) fn intents_of(event: &str) -> Option<Intents> {
    let found = EVENTS
        .binary_search_by_key(&event, |&(name, _)| name)
        .ok()?;
    Some(EVENTS[found].1)
}

/// Every dispatch event with the intents that bring it, sorted by name.
///
/// See [Discord Docs/List of Intents](https://discord.com/developers/docs/events/gateway#list-of-intents).
#[rustfmt::skip]
const EVENTS: &[(&str, Intents)] = &[
    ("APPLICATION_COMMAND_PERMISSIONS_UPDATE", Intents::empty()),
    ("AUTO_MODERATION_ACTION_EXECUTION", Intents::AUTO_MODERATION_EXECUTION),
    ("AUTO_MODERATION_RULE_CREATE", Intents::AUTO_MODERATION_CONFIGURATION),
    ("AUTO_MODERATION_RULE_DELETE", Intents::AUTO_MODERATION_CONFIGURATION),
    ("AUTO_MODERATION_RULE_UPDATE", Intents::AUTO_MODERATION_CONFIGURATION),
    ("CHANNEL_CREATE", Intents::GUILDS),
    ("CHANNEL_DELETE", Intents::GUILDS),
    ("CHANNEL_INFO", Intents::empty()),
    ("CHANNEL_PINS_UPDATE", Intents::GUILDS.union(Intents::DIRECT_MESSAGES)),
    ("CHANNEL_UPDATE", Intents::GUILDS),
    ("ENTITLEMENT_CREATE", Intents::empty()),
    ("ENTITLEMENT_DELETE", Intents::empty()),
    ("ENTITLEMENT_UPDATE", Intents::empty()),
    ("GUILD_AUDIT_LOG_ENTRY_CREATE", Intents::GUILD_MODERATION),
    ("GUILD_BAN_ADD", Intents::GUILD_MODERATION),
    ("GUILD_BAN_REMOVE", Intents::GUILD_MODERATION),
    ("GUILD_CREATE", Intents::GUILDS),
    ("GUILD_DELETE", Intents::GUILDS),
    ("GUILD_EMOJIS_UPDATE", Intents::GUILD_EXPRESSIONS),
    ("GUILD_INTEGRATIONS_UPDATE", Intents::GUILD_INTEGRATIONS),
    ("GUILD_MEMBERS_CHUNK", Intents::empty()),
    ("GUILD_MEMBER_ADD", Intents::GUILD_MEMBERS),
    ("GUILD_MEMBER_REMOVE", Intents::GUILD_MEMBERS),
    ("GUILD_MEMBER_UPDATE", Intents::GUILD_MEMBERS),
    ("GUILD_ROLE_CREATE", Intents::GUILDS),
    ("GUILD_ROLE_DELETE", Intents::GUILDS),
    ("GUILD_ROLE_UPDATE", Intents::GUILDS),
    ("GUILD_SCHEDULED_EVENT_CREATE", Intents::GUILD_SCHEDULED_EVENTS),
    ("GUILD_SCHEDULED_EVENT_DELETE", Intents::GUILD_SCHEDULED_EVENTS),
    ("GUILD_SCHEDULED_EVENT_UPDATE", Intents::GUILD_SCHEDULED_EVENTS),
    ("GUILD_SCHEDULED_EVENT_USER_ADD", Intents::GUILD_SCHEDULED_EVENTS),
    ("GUILD_SCHEDULED_EVENT_USER_REMOVE", Intents::GUILD_SCHEDULED_EVENTS),
    ("GUILD_SOUNDBOARD_SOUNDS_UPDATE", Intents::GUILD_EXPRESSIONS),
    ("GUILD_SOUNDBOARD_SOUND_CREATE", Intents::GUILD_EXPRESSIONS),
    ("GUILD_SOUNDBOARD_SOUND_DELETE", Intents::GUILD_EXPRESSIONS),
    ("GUILD_SOUNDBOARD_SOUND_UPDATE", Intents::GUILD_EXPRESSIONS),
    ("GUILD_STICKERS_UPDATE", Intents::GUILD_EXPRESSIONS),
    ("GUILD_UPDATE", Intents::GUILDS),
    ("INTEGRATION_CREATE", Intents::GUILD_INTEGRATIONS),
    ("INTEGRATION_DELETE", Intents::GUILD_INTEGRATIONS),
    ("INTEGRATION_UPDATE", Intents::GUILD_INTEGRATIONS),
    ("INTERACTION_CREATE", Intents::empty()),
    ("INVITE_CREATE", Intents::GUILD_INVITES),
    ("INVITE_DELETE", Intents::GUILD_INVITES),
    ("MESSAGE_CREATE", Intents::GUILD_MESSAGES.union(Intents::DIRECT_MESSAGES)),
    ("MESSAGE_DELETE", Intents::GUILD_MESSAGES.union(Intents::DIRECT_MESSAGES)),
    ("MESSAGE_DELETE_BULK", Intents::GUILD_MESSAGES),
    ("MESSAGE_POLL_VOTE_ADD", Intents::GUILD_MESSAGE_POLLS.union(Intents::DIRECT_MESSAGE_POLLS)),
    ("MESSAGE_POLL_VOTE_REMOVE", Intents::GUILD_MESSAGE_POLLS.union(Intents::DIRECT_MESSAGE_POLLS)),
    ("MESSAGE_REACTION_ADD", Intents::GUILD_MESSAGE_REACTIONS.union(Intents::DIRECT_MESSAGE_REACTIONS)),
    ("MESSAGE_REACTION_REMOVE", Intents::GUILD_MESSAGE_REACTIONS.union(Intents::DIRECT_MESSAGE_REACTIONS)),
    ("MESSAGE_REACTION_REMOVE_ALL", Intents::GUILD_MESSAGE_REACTIONS.union(Intents::DIRECT_MESSAGE_REACTIONS)),
    ("MESSAGE_REACTION_REMOVE_EMOJI", Intents::GUILD_MESSAGE_REACTIONS.union(Intents::DIRECT_MESSAGE_REACTIONS)),
    ("MESSAGE_UPDATE", Intents::GUILD_MESSAGES.union(Intents::DIRECT_MESSAGES)),
    ("PRESENCE_UPDATE", Intents::GUILD_PRESENCES),
    ("RATE_LIMITED", Intents::empty()),
    ("READY", Intents::empty()),
    ("RESUMED", Intents::empty()),
    ("SOUNDBOARD_SOUNDS", Intents::empty()),
    ("STAGE_INSTANCE_CREATE", Intents::GUILDS),
    ("STAGE_INSTANCE_DELETE", Intents::GUILDS),
    ("STAGE_INSTANCE_UPDATE", Intents::GUILDS),
    ("SUBSCRIPTION_CREATE", Intents::empty()),
    ("SUBSCRIPTION_DELETE", Intents::empty()),
    ("SUBSCRIPTION_UPDATE", Intents::empty()),
    ("THREAD_CREATE", Intents::GUILDS),
    ("THREAD_DELETE", Intents::GUILDS),
    ("THREAD_LIST_SYNC", Intents::GUILDS),
    ("THREAD_MEMBERS_UPDATE", Intents::GUILDS.union(Intents::GUILD_MEMBERS)),
    ("THREAD_MEMBER_UPDATE", Intents::GUILDS),
    ("THREAD_UPDATE", Intents::GUILDS),
    ("TYPING_START", Intents::GUILD_MESSAGE_TYPING.union(Intents::DIRECT_MESSAGE_TYPING)),
    ("USER_UPDATE", Intents::empty()),
    ("VOICE_CHANNEL_EFFECT_SEND", Intents::GUILD_VOICE_STATES),
    ("VOICE_CHANNEL_START_TIME_UPDATE", Intents::GUILDS),
    ("VOICE_CHANNEL_STATUS_UPDATE", Intents::GUILDS),
    ("VOICE_SERVER_UPDATE", Intents::empty()),
    ("VOICE_STATE_UPDATE", Intents::GUILD_VOICE_STATES),
    ("WEBHOOKS_UPDATE", Intents::GUILD_WEBHOOKS),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(EVENTS.is_sorted_by_key(|&(name, _)| name));
        assert_eq!(
            intents_of("MESSAGE_DELETE_BULK"),
            Some(Intents::GUILD_MESSAGES)
        );
        assert_eq!(intents_of("READY"), Some(Intents::empty()));
        assert_eq!(intents_of("MESSAGE_EXPLODE"), None);
    }

    #[test]
    fn the_table_is_that_of_the_protocol_notes() {
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../shared/discord/events.csv"
        );
        let Ok(text) = std::fs::read_to_string(file) else {
            eprintln!("skipped: no {file}");
            return;
        };
        let mut rows: Vec<(&str, Intents)> = text
            .lines()
            .skip(1)
            .map(|line| {
                let mut cells = line.split(',');
                let name = cells.next().unwrap();
                let intents = cells
                    .nth(1)
                    .unwrap()
                    .split('|')
                    .filter(|name| !name.is_empty());
                (
                    name,
                    intents
                        .map(|name| Intents::from_name(name).unwrap())
                        .collect(),
                )
            })
            .collect();
        rows.sort_unstable_by_key(|&(name, _)| name);
        assert_eq!(rows, EVENTS);
    }
}
