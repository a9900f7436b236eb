//! Intents: which events a session gets, and what it may read of a message.
//!
//! See [Discord Docs/Gateway Intents].
//!
//! [Discord Docs/Gateway Intents]: https://discord.com/developers/docs/events/gateway#gateway-intents

use serde_json::{Value, json};

pub(crate) const GUILDS: u64 = 1;
pub(crate) const GUILD_MEMBERS: u64 = 1 << 1;
const GUILD_MODERATION: u64 = 1 << 2;
const GUILD_EXPRESSIONS: u64 = 1 << 3;
const GUILD_INTEGRATIONS: u64 = 1 << 4;
const GUILD_WEBHOOKS: u64 = 1 << 5;
const GUILD_INVITES: u64 = 1 << 6;
const GUILD_VOICE_STATES: u64 = 1 << 7;
pub(crate) const GUILD_PRESENCES: u64 = 1 << 8;
const GUILD_MESSAGES: u64 = 1 << 9;
const GUILD_MESSAGE_REACTIONS: u64 = 1 << 10;
const GUILD_MESSAGE_TYPING: u64 = 1 << 11;
const DIRECT_MESSAGES: u64 = 1 << 12;
const DIRECT_MESSAGE_REACTIONS: u64 = 1 << 13;
const DIRECT_MESSAGE_TYPING: u64 = 1 << 14;
pub(crate) const MESSAGE_CONTENT: u64 = 1 << 15;
const GUILD_SCHEDULED_EVENTS: u64 = 1 << 16;
const AUTO_MODERATION_CONFIGURATION: u64 = 1 << 20;
const AUTO_MODERATION_EXECUTION: u64 = 1 << 21;
const GUILD_MESSAGE_POLLS: u64 = 1 << 24;
const DIRECT_MESSAGE_POLLS: u64 = 1 << 25;

/// The intents that an application must be granted before a session may use them.
pub(crate) const PRIVILEGED: u64 = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT;

/// All intents; any other bit is a mistake (close code 4013).
pub(crate) const ALL: u64 = PRIVILEGED
    | GUILDS
    | GUILD_MODERATION
    | GUILD_EXPRESSIONS
    | GUILD_INTEGRATIONS
    | GUILD_WEBHOOKS
    | GUILD_INVITES
    | GUILD_VOICE_STATES
    | GUILD_MESSAGES
    | GUILD_MESSAGE_REACTIONS
    | GUILD_MESSAGE_TYPING
    | DIRECT_MESSAGES
    | DIRECT_MESSAGE_REACTIONS
    | DIRECT_MESSAGE_TYPING
    | GUILD_SCHEDULED_EVENTS
    | AUTO_MODERATION_CONFIGURATION
    | AUTO_MODERATION_EXECUTION
    | GUILD_MESSAGE_POLLS
    | DIRECT_MESSAGE_POLLS;

/// Whether a session with these intents gets an event of this name, from a guild or a DM.
pub(crate) fn want(intents: u64, event: &str, in_guild: bool) -> bool {
    let unlocking = if in_guild {
        guild_event(event)
    } else {
        direct_event(event)
    };
    unlocking.is_none_or(|bits| intents & bits != 0)
}

/// The flags of an application with these privileged intents: those for applications that need no
/// review yet, as a new bot has them.
pub(crate) fn application_flags(granted: u64) -> u64 {
    [
        (GUILD_PRESENCES, 1 << 13),
        (GUILD_MEMBERS, 1 << 15),
        (MESSAGE_CONTENT, 1 << 19),
    ]
    .into_iter()
    .filter(|(intent, _)| granted & intent != 0)
    .fold(0, |flags, (_, flag)| flags | flag)
}

/// What an event lacks for sessions without an intent: the intent, and the event without what it
/// unlocks. None if nothing is withheld.
pub(crate) fn withheld(event: &str, data: &Value, bot_id: &str) -> Option<(u64, Value)> {
    match event {
        "MESSAGE_CREATE" | "MESSAGE_UPDATE" => {
            without_content(data, bot_id).map(|message| (MESSAGE_CONTENT, message))
        }
        "AUTO_MODERATION_ACTION_EXECUTION" => {
            let mut withheld = data.clone();
            for field in ["content", "matched_content"] {
                withheld[field] = json!("");
            }
            Some((MESSAGE_CONTENT, withheld))
        }
        "GUILD_CREATE" => Some((GUILD_PRESENCES, without_presences(data, bot_id))),
        _ => None,
    }
}

/// The guild without presences, which then lists only the bot as a member.
fn without_presences(guild: &Value, bot_id: &str) -> Value {
    let mut withheld = guild.clone();
    if let Some(members) = withheld["members"].as_array_mut() {
        members.retain(|member| member["user"]["id"] == bot_id);
    }
    withheld["presences"] = json!([]);
    withheld
}

/// The message without its content, for sessions that lack `MESSAGE_CONTENT`. None if nothing is
/// withheld: in the bot's own messages, those that mention it, and direct messages.
pub(crate) fn without_content(message: &Value, bot_id: &str) -> Option<Value> {
    let mentioned = message["mentions"]
        .as_array()
        .is_some_and(|users| users.iter().any(|user| user["id"] == bot_id));
    if message["guild_id"].is_null() || mentioned || message["author"]["id"] == bot_id {
        return None;
    }
    let mut withheld = message.clone();
    withheld["content"] = json!("");
    for part in ["embeds", "attachments", "components"] {
        withheld[part] = json!([]);
    }
    if let Some(fields) = withheld.as_object_mut() {
        fields.remove("poll");
    }
    Some(withheld)
}

/// None for events that need no intent: READY, interactions, entitlements, and unknown ones.
fn guild_event(name: &str) -> Option<u64> {
    Some(match name {
        "THREAD_MEMBERS_UPDATE" => GUILDS | GUILD_MEMBERS,
        "GUILD_CREATE"
        | "GUILD_UPDATE"
        | "GUILD_DELETE"
        | "CHANNEL_CREATE"
        | "CHANNEL_UPDATE"
        | "CHANNEL_DELETE"
        | "CHANNEL_PINS_UPDATE"
        | "VOICE_CHANNEL_STATUS_UPDATE"
        | "THREAD_CREATE"
        | "THREAD_UPDATE"
        | "THREAD_DELETE"
        | "THREAD_LIST_SYNC"
        | "THREAD_MEMBER_UPDATE"
        | "GUILD_ROLE_CREATE"
        | "GUILD_ROLE_UPDATE"
        | "GUILD_ROLE_DELETE" => GUILDS,
        "GUILD_EMOJIS_UPDATE" | "GUILD_STICKERS_UPDATE" => GUILD_EXPRESSIONS,
        "INVITE_CREATE" | "INVITE_DELETE" => GUILD_INVITES,
        "VOICE_STATE_UPDATE" => GUILD_VOICE_STATES,
        "AUTO_MODERATION_ACTION_EXECUTION" => AUTO_MODERATION_EXECUTION,
        _ if name.starts_with("AUTO_MODERATION_RULE_") => AUTO_MODERATION_CONFIGURATION,
        _ if name.starts_with("GUILD_SCHEDULED_EVENT_") => GUILD_SCHEDULED_EVENTS,
        _ if name.starts_with("GUILD_SOUNDBOARD_SOUND") => GUILD_EXPRESSIONS,
        _ if name.starts_with("STAGE_INSTANCE_") => GUILDS,
        "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE" | "GUILD_MEMBER_REMOVE" => GUILD_MEMBERS,
        "GUILD_BAN_ADD" | "GUILD_BAN_REMOVE" | "GUILD_AUDIT_LOG_ENTRY_CREATE" => GUILD_MODERATION,
        "MESSAGE_CREATE" | "MESSAGE_UPDATE" | "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK" => {
            GUILD_MESSAGES
        }
        "MESSAGE_POLL_VOTE_ADD" | "MESSAGE_POLL_VOTE_REMOVE" => GUILD_MESSAGE_POLLS,
        "WEBHOOKS_UPDATE" => GUILD_WEBHOOKS,
        "TYPING_START" => GUILD_MESSAGE_TYPING,
        _ if name.starts_with("MESSAGE_REACTION_") => GUILD_MESSAGE_REACTIONS,
        _ => return None,
    })
}

fn direct_event(name: &str) -> Option<u64> {
    Some(match name {
        "MESSAGE_CREATE" | "MESSAGE_UPDATE" | "MESSAGE_DELETE" | "CHANNEL_PINS_UPDATE" => {
            DIRECT_MESSAGES
        }
        "MESSAGE_POLL_VOTE_ADD" | "MESSAGE_POLL_VOTE_REMOVE" => DIRECT_MESSAGE_POLLS,
        "TYPING_START" => DIRECT_MESSAGE_TYPING,
        _ if name.starts_with("MESSAGE_REACTION_") => DIRECT_MESSAGE_REACTIONS,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guilds_and_direct_messages_have_different_intents() {
        assert!(want(GUILD_MESSAGES, "MESSAGE_CREATE", true));
        assert!(!want(GUILD_MESSAGES, "MESSAGE_CREATE", false));
        assert!(want(DIRECT_MESSAGES, "MESSAGE_CREATE", false));
        assert!(!want(DIRECT_MESSAGES, "MESSAGE_CREATE", true));
    }

    #[test]
    fn an_event_without_an_intent_reaches_everybody() {
        assert!(want(0, "INTERACTION_CREATE", true));
        assert!(!want(0, "GUILD_CREATE", true));
    }

    #[test]
    fn all_intents_have_the_documented_sum() {
        assert_eq!(ALL, 53_608_447);
        assert_eq!(PRIVILEGED, 33_026);
    }

    #[test]
    fn intents_and_events_are_equal_to_the_data_files() {
        let read = |file: &str| {
            let file = format!("{}/../data/{file}", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(&file);
            if text.is_err() {
                eprintln!("skipped: no {file}, which is not part of the package");
            }
            text
        };
        let (Ok(intents), Ok(events)) = (read("intents.csv"), read("events.csv")) else {
            return;
        };
        let bits = |name: &str| {
            let row = intents
                .lines()
                .find_map(|row| row.strip_prefix(&format!("{name},")));
            let (bit, privileged) = row.and_then(|row| row.split_once(',')).expect("an intent");
            (
                1_u64 << bit.parse::<u32>().expect("a bit"),
                privileged == "yes",
            )
        };
        let names = intents
            .lines()
            .skip(1)
            .filter_map(|row| row.split(',').next());
        let known: Vec<_> = names.map(bits).collect();
        assert_eq!(known.iter().fold(0, |all, (bit, _)| all | bit), ALL);
        let privileged = known.iter().filter(|(_, privileged)| *privileged);
        assert_eq!(privileged.fold(0, |all, (bit, _)| all | bit), PRIVILEGED);
        for row in events.lines().skip(1) {
            let (event, needed) = row.split_once(',').expect("an event");
            let needed = needed.split('|').filter(|name| !name.is_empty());
            let needed = needed.fold(0, |all, name| all | bits(name).0);
            let mine = guild_event(event).unwrap_or(0) | direct_event(event).unwrap_or(0);
            assert_eq!(mine & !needed, 0, "{event}");
        }
    }

    #[test]
    fn content_is_withheld_unless_the_message_is_about_the_bot() {
        let message = |author: &str, mentions: Value| {
            json!({
                "guild_id": "1", "content": "hi", "author": { "id": author },
                "mentions": mentions, "embeds": [{}], "attachments": [{}], "poll": {},
            })
        };
        let withheld = without_content(&message("2", json!([])), "9").expect("withheld");
        assert_eq!(withheld["content"], "");
        assert_eq!(withheld["attachments"], json!([]));
        assert!(withheld.get("poll").is_none());
        assert_eq!(without_content(&message("9", json!([])), "9"), None);
        assert_eq!(
            without_content(&message("2", json!([{ "id": "9" }])), "9"),
            None
        );
        let mut direct = message("2", json!([]));
        direct["guild_id"] = Value::Null;
        assert_eq!(without_content(&direct, "9"), None);
    }
}
