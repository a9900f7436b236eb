//! Events that Discord dispatches: for each its meaning, the intents that it needs, and a link to
//! Discord's documentation.
//!
//! The constants have the names that [`on`](macro@crate::on) takes. Their values are the names in
//! Discord's JSON.
//!
//! ```
//! use smalld::handler::Handlers;
//! use smalld::events;
//!
//! assert_eq!(events::message_create, "MESSAGE_CREATE");
//! let handlers = Handlers::new().on(events::message_create, |_, _| async {});
//! # let _ = handlers;
//! ```
//!
//! For an event that is newer than smalld, use its name as a string.
//!
//! Import the module, not its constants: in a pattern, an imported constant is compared with, and does
//! not bind a variable.

#![allow(
    non_upper_case_globals,
    reason = "the names are those that attributes take, so that an editor finds the constant"
)]

use crate::event::intents::Intents;

/// The intents of which the event needs any one. Empty if it needs none; `None` if smalld does not know
/// the event.
pub(crate) fn intents_of(event: &str) -> Option<Intents> {
    let found = EVENTS
        .binary_search_by_key(&event, |&(name, _)| name)
        .ok()?;
    Some(EVENTS[found].1)
}

macro_rules! intent {
    (GUILD_MEMBERS) => {
        "[`GUILD_MEMBERS`](crate::Intents::GUILD_MEMBERS) (privileged)"
    };
    (GUILD_PRESENCES) => {
        "[`GUILD_PRESENCES`](crate::Intents::GUILD_PRESENCES) (privileged)"
    };
    ($name:ident) => {
        concat!(
            "[`",
            stringify!($name),
            "`](crate::Intents::",
            stringify!($name),
            ")"
        )
    };
}

macro_rules! comes_with {
    () => {
        "Needs no intent."
    };
    ($first:ident $($other:ident)*) => {
        concat!("Needs ", intent!($first), $(" or ", intent!($other),)* ".")
    };
}

macro_rules! events {
    ($($(#[$meaning:meta])+ $event:ident = $name:ident $anchor:literal [$($intent:ident)|*];)+) => {
        $(
            $(#[$meaning])+
            ///
            #[doc = comes_with!($($intent)*)]
            ///
            #[doc = concat!("See [Discord Docs/", stringify!($name), "](https://discord.com/developers/docs/events/gateway-events", $anchor, ").")]
            pub const $event: &str = stringify!($name);
        )+

        /// Sorted by name.
        const EVENTS: &[(&str, Intents)] = &[
            $(($event, Intents::empty()$(.union(Intents::$intent))*),)+
        ];

        /// The section of the event in Discord's documentation.
        #[cfg(test)]
        const ANCHORS: &[(&str, &str)] = &[$(($event, $anchor),)+];
    };
}

events! {
    /// Permissions of one of the app's commands changed in a guild.
    application_command_permissions_update = APPLICATION_COMMAND_PERMISSIONS_UPDATE "#application-command-permissions-update" [];
    /// A rule fired and one action ran; one event per action (bot needs `MANAGE_GUILD`; content
    /// fields need `MESSAGE_CONTENT`).
    auto_moderation_action_execution = AUTO_MODERATION_ACTION_EXECUTION "#auto-moderation-action-execution" [AUTO_MODERATION_EXECUTION];
    /// An auto-moderation rule was added (bot needs `MANAGE_GUILD`).
    auto_moderation_rule_create = AUTO_MODERATION_RULE_CREATE "#auto-moderation-rule-create" [AUTO_MODERATION_CONFIGURATION];
    /// An auto-moderation rule was removed (bot needs `MANAGE_GUILD`).
    auto_moderation_rule_delete = AUTO_MODERATION_RULE_DELETE "#auto-moderation-rule-delete" [AUTO_MODERATION_CONFIGURATION];
    /// An auto-moderation rule was edited (bot needs `MANAGE_GUILD`).
    auto_moderation_rule_update = AUTO_MODERATION_RULE_UPDATE "#auto-moderation-rule-update" [AUTO_MODERATION_CONFIGURATION];
    /// A guild channel the bot can see was created (DM channels do not produce it since v8).
    channel_create = CHANNEL_CREATE "#channel-create" [GUILDS];
    /// A guild channel the bot could see was removed.
    channel_delete = CHANNEL_DELETE "#channel-delete" [GUILDS];
    /// Response to opcode 43: per-channel voice status and voice start time for a guild.
    channel_info = CHANNEL_INFO "#channel-info" [];
    /// A message was pinned or unpinned (deleting a pinned one does not produce it).
    channel_pins_update = CHANNEL_PINS_UPDATE "#channel-pins-update" [GUILDS | DIRECT_MESSAGES];
    /// A guild channel's settings changed; not sent for `last_message_id` movement.
    channel_update = CHANNEL_UPDATE "#channel-update" [GUILDS];
    /// A user or guild gained a premium entitlement; shard 0 only.
    entitlement_create = ENTITLEMENT_CREATE "#entitlement-create" [];
    /// An entitlement was revoked (refund, manual or app removal; not expiry); shard 0 only.
    entitlement_delete = ENTITLEMENT_DELETE "#entitlement-delete" [];
    /// An entitlement changed; for subscriptions only if it is going to end; shard 0 only.
    entitlement_update = ENTITLEMENT_UPDATE "#entitlement-update" [];
    /// New audit-log entry, with `guild_id` added (bot needs `VIEW_AUDIT_LOG`).
    guild_audit_log_entry_create = GUILD_AUDIT_LOG_ENTRY_CREATE "#guild-audit-log-entry-create" [GUILD_MODERATION];
    /// A user was banned (bot needs `BAN_MEMBERS` or `VIEW_AUDIT_LOG`).
    guild_ban_add = GUILD_BAN_ADD "#guild-ban-add" [GUILD_MODERATION];
    /// A ban was lifted (bot needs `BAN_MEMBERS` or `VIEW_AUDIT_LOG`).
    guild_ban_remove = GUILD_BAN_REMOVE "#guild-ban-remove" [GUILD_MODERATION];
    /// Full guild snapshot: start-up backfill, recovery from an outage, or the bot just joined; may
    /// itself be a stub with unavailable=true.
    guild_create = GUILD_CREATE "#guild-create" [GUILDS];
    /// Guild went unavailable (unavailable=true) or the bot left it (field absent).
    guild_delete = GUILD_DELETE "#guild-delete" [GUILDS];
    /// The guild's custom emoji list changed; has the full new list.
    guild_emojis_update = GUILD_EMOJIS_UPDATE "#guild-emojis-update" [GUILD_EXPRESSIONS];
    /// Something about a guild's integrations changed (guild id only).
    guild_integrations_update = GUILD_INTEGRATIONS_UPDATE "#guild-integrations-update" [GUILD_INTEGRATIONS];
    /// Answer to send opcode 8: up to 1000 members, with `chunk_index`, `chunk_count` and the nonce.
    guild_members_chunk = GUILD_MEMBERS_CHUNK "#guild-members-chunk" [];
    /// A user joined a guild, with `guild_id` added; may repeat for someone already a member.
    guild_member_add = GUILD_MEMBER_ADD "#guild-member-add" [GUILD_MEMBERS];
    /// A member left, was kicked or was banned.
    guild_member_remove = GUILD_MEMBER_REMOVE "#guild-member-remove" [GUILD_MEMBERS];
    /// A member or their user record changed; for the bot's own member it is sent even without the
    /// intent.
    guild_member_update = GUILD_MEMBER_UPDATE "#guild-member-update" [GUILD_MEMBERS];
    /// A role was added.
    guild_role_create = GUILD_ROLE_CREATE "#guild-role-create" [GUILDS];
    /// A role was removed (ids only).
    guild_role_delete = GUILD_ROLE_DELETE "#guild-role-delete" [GUILDS];
    /// A role was edited.
    guild_role_update = GUILD_ROLE_UPDATE "#guild-role-update" [GUILDS];
    /// A scheduled event was created.
    guild_scheduled_event_create = GUILD_SCHEDULED_EVENT_CREATE "#guild-scheduled-event-create" [GUILD_SCHEDULED_EVENTS];
    /// A scheduled event was removed.
    guild_scheduled_event_delete = GUILD_SCHEDULED_EVENT_DELETE "#guild-scheduled-event-delete" [GUILD_SCHEDULED_EVENTS];
    /// A scheduled event was edited, started or ended.
    guild_scheduled_event_update = GUILD_SCHEDULED_EVENT_UPDATE "#guild-scheduled-event-update" [GUILD_SCHEDULED_EVENTS];
    /// A user marked interest in a scheduled event.
    guild_scheduled_event_user_add = GUILD_SCHEDULED_EVENT_USER_ADD "#guild-scheduled-event-user-add" [GUILD_SCHEDULED_EVENTS];
    /// A user withdrew interest in a scheduled event.
    guild_scheduled_event_user_remove = GUILD_SCHEDULED_EVENT_USER_REMOVE "#guild-scheduled-event-user-remove" [GUILD_SCHEDULED_EVENTS];
    /// Several soundboard sounds changed at once.
    guild_soundboard_sounds_update = GUILD_SOUNDBOARD_SOUNDS_UPDATE "#guild-soundboard-sounds-update" [GUILD_EXPRESSIONS];
    /// A soundboard sound was added.
    guild_soundboard_sound_create = GUILD_SOUNDBOARD_SOUND_CREATE "#guild-soundboard-sound-create" [GUILD_EXPRESSIONS];
    /// A soundboard sound was removed (ids only).
    guild_soundboard_sound_delete = GUILD_SOUNDBOARD_SOUND_DELETE "#guild-soundboard-sound-delete" [GUILD_EXPRESSIONS];
    /// A soundboard sound was edited.
    guild_soundboard_sound_update = GUILD_SOUNDBOARD_SOUND_UPDATE "#guild-soundboard-sound-update" [GUILD_EXPRESSIONS];
    /// The guild's sticker list changed; has the full new list.
    guild_stickers_update = GUILD_STICKERS_UPDATE "#guild-stickers-update" [GUILD_EXPRESSIONS];
    /// Guild settings changed.
    guild_update = GUILD_UPDATE "#guild-update" [GUILDS];
    /// An integration was added, with `guild_id` and without user.
    integration_create = INTEGRATION_CREATE "#integration-create" [GUILD_INTEGRATIONS];
    /// An integration was removed (ids only).
    integration_delete = INTEGRATION_DELETE "#integration-delete" [GUILD_INTEGRATIONS];
    /// An integration was edited, with `guild_id` and without user.
    integration_update = INTEGRATION_UPDATE "#integration-update" [GUILD_INTEGRATIONS];
    /// A user ran a command, used a component, typed in autocomplete or submitted a modal; must be
    /// answered over HTTP within 3 s.
    interaction_create = INTERACTION_CREATE "#interaction-create" [];
    /// An invite to a channel was made (bot needs `MANAGE_CHANNELS` there).
    invite_create = INVITE_CREATE "#invite-create" [GUILD_INVITES];
    /// An invite was removed (bot needs `MANAGE_CHANNELS` there).
    invite_delete = INVITE_DELETE "#invite-delete" [GUILD_INVITES];
    /// A message was posted; ephemeral ones arrive through `DIRECT_MESSAGES` without `guild_id` or
    /// member. Without [`MESSAGE_CONTENT`](crate::Intents::MESSAGE_CONTENT) (privileged), `content`,
    /// `embeds`, `attachments`, `components` and `poll` are empty, except in direct messages, mentions
    /// of the bot and its own messages.
    message_create = MESSAGE_CREATE "#message-create" [GUILD_MESSAGES | DIRECT_MESSAGES];
    /// A message was deleted (ids only).
    message_delete = MESSAGE_DELETE "#message-delete" [GUILD_MESSAGES | DIRECT_MESSAGES];
    /// Many messages were deleted in one call (ids only).
    message_delete_bulk = MESSAGE_DELETE_BULK "#message-delete-bulk" [GUILD_MESSAGES];
    /// A vote was cast; one event per answer chosen.
    message_poll_vote_add = MESSAGE_POLL_VOTE_ADD "#message-poll-vote-add" [GUILD_MESSAGE_POLLS | DIRECT_MESSAGE_POLLS];
    /// A vote was withdrawn; one event per answer.
    message_poll_vote_remove = MESSAGE_POLL_VOTE_REMOVE "#message-poll-vote-remove" [GUILD_MESSAGE_POLLS | DIRECT_MESSAGE_POLLS];
    /// A reaction was added; says whether it is a super reaction.
    message_reaction_add = MESSAGE_REACTION_ADD "#message-reaction-add" [GUILD_MESSAGE_REACTIONS | DIRECT_MESSAGE_REACTIONS];
    /// A reaction was taken back.
    message_reaction_remove = MESSAGE_REACTION_REMOVE "#message-reaction-remove" [GUILD_MESSAGE_REACTIONS | DIRECT_MESSAGE_REACTIONS];
    /// All reactions of a message were cleared.
    message_reaction_remove_all = MESSAGE_REACTION_REMOVE_ALL "#message-reaction-remove-all" [GUILD_MESSAGE_REACTIONS | DIRECT_MESSAGE_REACTIONS];
    /// All reactions with one emoji were cleared.
    message_reaction_remove_emoji = MESSAGE_REACTION_REMOVE_EMOJI "#message-reaction-remove-emoji" [GUILD_MESSAGE_REACTIONS | DIRECT_MESSAGE_REACTIONS];
    /// A message changed (edit, embed resolved, pinned, poll ended...); tts is always false.
    /// [`MESSAGE_CONTENT`](crate::Intents::MESSAGE_CONTENT) (privileged) matters as in
    /// [`message_create`].
    message_update = MESSAGE_UPDATE "#message-update" [GUILD_MESSAGES | DIRECT_MESSAGES];
    /// A member's status or activities changed; only user.id is sure to be there and types are not
    /// validated.
    presence_update = PRESENCE_UPDATE "#presence-update" [GUILD_PRESENCES];
    /// A gateway send was refused by a per-opcode limit (today: asking for all members); carries
    /// opcode, `retry_after` seconds, meta.
    rate_limited = RATE_LIMITED "#rate-limited" [];
    /// First dispatch of a new session: own user, session id, resume URL, shard pair, stub list of
    /// guilds.
    ready = READY "#ready" [];
    /// Replay after a resume is complete; everything after it is live. d is an object with no
    /// documented fields.
    resumed = RESUMED "#resumed" [];
    /// Answer to send opcode 31: the sounds of one guild (one event per guild asked for).
    soundboard_sounds = SOUNDBOARD_SOUNDS "#soundboard-sounds" [];
    /// A stage went live.
    stage_instance_create = STAGE_INSTANCE_CREATE "#stage-instance-create" [GUILDS];
    /// A stage ended.
    stage_instance_delete = STAGE_INSTANCE_DELETE "#stage-instance-delete" [GUILDS];
    /// A live stage was edited.
    stage_instance_update = STAGE_INSTANCE_UPDATE "#stage-instance-update" [GUILDS];
    /// A premium-app subscription was opened (may still be inactive); shard 0 only.
    subscription_create = SUBSCRIPTION_CREATE "#subscription-create" [];
    /// A premium-app subscription was removed; shard 0 only.
    subscription_delete = SUBSCRIPTION_DELETE "#subscription-delete" [];
    /// A premium-app subscription changed; shard 0 only.
    subscription_update = SUBSCRIPTION_UPDATE "#subscription-update" [];
    /// A thread appeared or the bot was added to one; `newly_created` tells the two apart.
    thread_create = THREAD_CREATE "#thread-create" [GUILDS];
    /// A thread was removed; has only id, `guild_id`, `parent_id` and type.
    thread_delete = THREAD_DELETE "#thread-delete" [GUILDS];
    /// Bot gained access to channels; lists the active threads there.
    thread_list_sync = THREAD_LIST_SYNC "#thread-list-sync" [GUILDS];
    /// Members joined or left a thread; without `GUILD_MEMBERS` only when the bot itself did.
    thread_members_update = THREAD_MEMBERS_UPDATE "#thread-members-update" [GUILDS | GUILD_MEMBERS];
    /// The bot's own membership record of a thread changed.
    thread_member_update = THREAD_MEMBER_UPDATE "#thread-member-update" [GUILDS];
    /// A thread's settings changed; not sent for `last_message_id` movement.
    thread_update = THREAD_UPDATE "#thread-update" [GUILDS];
    /// Someone began typing; timestamp is unix seconds.
    typing_start = TYPING_START "#typing-start" [GUILD_MESSAGE_TYPING | DIRECT_MESSAGE_TYPING];
    /// The bot's own user record changed.
    user_update = USER_UPDATE "#user-update" [];
    /// Emoji or soundboard effect in a voice channel the bot is connected to.
    voice_channel_effect_send = VOICE_CHANNEL_EFFECT_SEND "#voice-channel-effect-send" [GUILD_VOICE_STATES];
    /// The start time of a voice channel's current session changed.
    voice_channel_start_time_update = VOICE_CHANNEL_START_TIME_UPDATE "#voice-channel-start-time-update" [GUILDS];
    /// The status line of a voice channel changed.
    voice_channel_status_update = VOICE_CHANNEL_STATUS_UPDATE "#voice-channel-status-update" [GUILDS];
    /// Voice server to use for the bot's own voice connection; endpoint null means wait for the
    /// next one.
    voice_server_update = VOICE_SERVER_UPDATE "#voice-server-update" [];
    /// Someone joined, left, moved or muted in voice; `channel_id` null means left.
    voice_state_update = VOICE_STATE_UPDATE "#voice-state-update" [GUILD_VOICE_STATES];
    /// A webhook of a channel was created, edited or removed (ids only).
    webhooks_update = WEBHOOKS_UPDATE "#webhooks-update" [GUILD_WEBHOOKS];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(EVENTS.is_sorted_by_key(|&(name, _)| name));
        assert_eq!(
            intents_of("MESSAGE_DELETE_BULK"),
            Some(Intents::GUILD_MESSAGES)
        );
        assert_eq!(intents_of("READY"), Some(Intents::empty()));
        assert_eq!(intents_of("MESSAGE_EXPLODE"), None);
    }

    #[test]
    fn each_event_links_to_the_section_of_its_name() {
        for (event, anchor) in ANCHORS {
            let section = event.to_lowercase().replace('_', "-");
            assert_eq!(*anchor, format!("#{section}"));
        }
    }

    #[test]
    fn the_table_equals_the_data_file() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/events.csv");
        let Ok(text) = std::fs::read_to_string(file) else {
            eprintln!("skipped: {file} is not part of the package");
            return;
        };
        let row = |line: &'static str| {
            let (name, intents) = line.split_once(',').unwrap();
            let intents = intents.split('|').filter(|name| !name.is_empty());
            let intents = intents.map(|name| Intents::from_name(name).unwrap());
            (name, intents.collect::<Intents>())
        };
        let rows: Vec<_> = text.leak().lines().skip(1).map(row).collect();
        assert_eq!(rows, EVENTS);
    }
}
