#![deny(warnings)]

use std::collections::HashSet;

use smalld::events;

macro_rules! every {
    ($($event:ident),+ $(,)?) => {
        /// Each of them leads to what is known of it.
        #[smalld::on($($event),+)]
        fn handler() {}

        const NAMES: &[&str] = &[$(events::$event),+];
    };
}

every! {
    application_command_permissions_update,
    auto_moderation_action_execution,
    auto_moderation_rule_create,
    auto_moderation_rule_delete,
    auto_moderation_rule_update,
    channel_create,
    channel_delete,
    channel_info,
    channel_pins_update,
    channel_update,
    entitlement_create,
    entitlement_delete,
    entitlement_update,
    guild_audit_log_entry_create,
    guild_ban_add,
    guild_ban_remove,
    guild_create,
    guild_delete,
    guild_emojis_update,
    guild_integrations_update,
    guild_member_add,
    guild_member_remove,
    guild_member_update,
    guild_members_chunk,
    guild_role_create,
    guild_role_delete,
    guild_role_update,
    guild_scheduled_event_create,
    guild_scheduled_event_delete,
    guild_scheduled_event_update,
    guild_scheduled_event_user_add,
    guild_scheduled_event_user_remove,
    guild_soundboard_sound_create,
    guild_soundboard_sound_delete,
    guild_soundboard_sound_update,
    guild_soundboard_sounds_update,
    guild_stickers_update,
    guild_update,
    integration_create,
    integration_delete,
    integration_update,
    interaction_create,
    invite_create,
    invite_delete,
    message_create,
    message_delete,
    message_delete_bulk,
    message_poll_vote_add,
    message_poll_vote_remove,
    message_reaction_add,
    message_reaction_remove,
    message_reaction_remove_all,
    message_reaction_remove_emoji,
    message_update,
    presence_update,
    rate_limited,
    ready,
    resumed,
    soundboard_sounds,
    stage_instance_create,
    stage_instance_delete,
    stage_instance_update,
    subscription_create,
    subscription_delete,
    subscription_update,
    thread_create,
    thread_delete,
    thread_list_sync,
    thread_member_update,
    thread_members_update,
    thread_update,
    typing_start,
    user_update,
    voice_channel_effect_send,
    voice_channel_start_time_update,
    voice_channel_status_update,
    voice_server_update,
    voice_state_update,
    webhooks_update,
}

#[test]
fn compiles() {
    handler();
    let names: HashSet<_> = NAMES.iter().collect();
    assert_eq!(names.len(), NAMES.len());
}
