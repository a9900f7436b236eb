//! The routes that the sandbox simulates, each with its endpoint.

use super::call::Call;
use super::error::{self, Error};
use super::reply::Answer;
use super::{
    applications, auto_moderation, channels, command_permissions, commands, directory, emojis,
    entitlements, event_exceptions, guild_pages, guild_search, guilds, interactions, invites,
    lobbies, member_add, members, messages, own_user, pins, polls, prune, reactions, roles,
    scheduled_events, soundboard, stickers, templates, threads, voice, webhook_messages, webhooks,
};

/// A simulated route.
pub(crate) type Endpoint = fn(&mut Call<'_>) -> Result<Answer, Error>;

/// By the name of the operation in the table of routes.
const SIMULATED: &[(&str, Endpoint)] = &[
    ("add_group_dm_user", channels::not_a_group),
    ("add_guild_member", member_add::add),
    ("add_guild_member_role", members::add_role),
    ("add_lobby_member", lobbies::add_member),
    ("add_my_message_reaction", reactions::add),
    ("add_thread_member", threads::add_member),
    ("ban_user_from_guild", members::ban),
    ("bulk_ban_users_from_guild", members::ban_many),
    ("bulk_delete_messages", messages::delete_many),
    ("bulk_set_application_commands", commands::replace_all),
    ("bulk_set_guild_application_commands", commands::replace_all),
    ("bulk_update_guild_channels", channels::move_all),
    ("bulk_update_guild_roles", roles::move_all),
    ("bulk_update_lobby_members", lobbies::change_members),
    ("consume_entitlement", entitlements::consume),
    (
        "count_guild_scheduled_event_users",
        scheduled_events::user_count,
    ),
    ("create_application_command", commands::create),
    ("create_application_emoji", emojis::create),
    ("create_auto_moderation_rule", auto_moderation::create),
    ("create_channel_invite", invites::create),
    ("create_dm", directory::open_direct_channel),
    ("create_entitlement", entitlements::create),
    ("create_guild_application_command", commands::create),
    ("create_guild_channel", channels::create),
    ("create_guild_emoji", emojis::create),
    ("create_guild_role", roles::create),
    ("create_guild_scheduled_event", scheduled_events::create),
    (
        "create_guild_scheduled_event_exception",
        event_exceptions::create,
    ),
    ("create_guild_soundboard_sound", soundboard::create),
    ("create_guild_sticker", stickers::create),
    ("create_guild_template", templates::create),
    ("create_interaction_response", interactions::answer),
    ("create_lobby", lobbies::create),
    ("create_message", messages::create),
    ("create_pin", pins::pin),
    ("create_stage_instance", voice::open_stage),
    ("create_thread", threads::create),
    ("create_thread_from_message", threads::create_from_message),
    ("create_webhook", webhooks::create),
    ("crosspost_message", messages::crosspost),
    ("delete_all_message_reactions", reactions::remove_all),
    (
        "delete_all_message_reactions_by_emoji",
        reactions::remove_of_emoji,
    ),
    ("delete_application_command", commands::delete),
    ("delete_application_emoji", emojis::delete),
    ("delete_auto_moderation_rule", auto_moderation::delete),
    ("delete_channel", channels::delete),
    (
        "delete_channel_permission_overwrite",
        channels::delete_overwrite,
    ),
    ("delete_entitlement", entitlements::delete),
    ("delete_group_dm_user", channels::not_a_group),
    ("delete_guild_application_command", commands::delete),
    ("delete_guild_emoji", emojis::delete),
    ("delete_guild_integration", guilds::delete_integration),
    ("delete_guild_member", members::kick),
    ("delete_guild_member_role", members::remove_role),
    ("delete_guild_role", roles::delete),
    ("delete_guild_scheduled_event", scheduled_events::delete),
    (
        "delete_guild_scheduled_event_exception",
        event_exceptions::delete,
    ),
    ("delete_guild_soundboard_sound", soundboard::delete),
    ("delete_guild_sticker", stickers::delete),
    ("delete_guild_template", templates::delete),
    ("delete_lobby", lobbies::delete),
    ("delete_lobby_member", lobbies::remove_member),
    ("delete_message", messages::delete),
    ("delete_my_message_reaction", reactions::remove_own),
    ("delete_original_webhook_message", webhook_messages::delete),
    ("delete_pin", pins::unpin),
    ("delete_stage_instance", voice::close_stage),
    ("delete_thread_member", threads::remove_member),
    ("delete_user_message_reaction", reactions::remove_of_user),
    ("delete_webhook", webhooks::delete),
    ("delete_webhook_by_token", webhooks::delete_by_token),
    ("delete_webhook_message", webhook_messages::delete),
    ("deprecated_create_pin", pins::pin),
    ("deprecated_delete_pin", pins::unpin),
    ("deprecated_list_pins", pins::list_without_pages),
    ("edit_lobby", lobbies::edit),
    (
        "execute_github_compatible_webhook",
        webhook_messages::create_from_github,
    ),
    (
        "execute_slack_compatible_webhook",
        webhook_messages::create_from_slack,
    ),
    ("execute_webhook", webhook_messages::create),
    ("follow_channel", webhooks::follow),
    ("get_active_guild_threads", threads::list_active),
    ("get_answer_voters", polls::voters),
    ("get_application", applications::get),
    ("get_application_command", commands::get),
    ("get_application_emoji", emojis::get),
    (
        "get_application_role_connections_metadata",
        applications::metadata,
    ),
    ("get_auto_moderation_rule", auto_moderation::get),
    ("get_bot_gateway", directory::gateway_for_bot),
    ("get_channel", channels::get),
    ("get_entitlement", entitlements::get),
    ("get_entitlements", entitlements::list),
    ("get_gateway", directory::gateway),
    ("get_guild", guilds::get),
    ("get_guild_application_command", commands::get),
    (
        "get_guild_application_command_permissions",
        command_permissions::get,
    ),
    ("get_guild_ban", members::get_ban),
    ("get_guild_emoji", emojis::get),
    ("get_guild_member", directory::guild_member),
    ("get_guild_preview", guilds::preview),
    ("get_guild_role", roles::get),
    ("get_guild_scheduled_event", scheduled_events::get),
    ("get_guild_soundboard_sound", soundboard::get),
    ("get_guild_sticker", stickers::get),
    ("get_guild_template", templates::get),
    ("get_guild_vanity_url", guild_pages::vanity_url),
    ("get_guild_webhooks", webhooks::list_of_guild),
    ("get_guild_welcome_screen", guild_pages::welcome_screen),
    ("get_guild_widget", guild_pages::widget),
    ("get_guild_widget_settings", guild_pages::widget_settings),
    ("get_guilds_onboarding", guild_pages::onboarding),
    ("get_lobby", lobbies::get),
    ("get_message", messages::get),
    ("get_my_application", applications::own),
    ("get_my_oauth2_application", applications::own),
    ("get_my_user", own_user::get),
    ("get_original_webhook_message", webhook_messages::get),
    ("get_self_voice_state", voice::own_state),
    ("get_stage_instance", voice::stage),
    ("get_sticker", stickers::get_any),
    ("get_thread_member", threads::get_member),
    ("get_user", directory::user),
    ("get_voice_state", voice::state),
    ("get_webhook", webhooks::get),
    ("get_webhook_by_token", webhooks::get_by_token),
    ("get_webhook_message", webhook_messages::get),
    ("guild_role_member_counts", guilds::role_counts),
    ("guild_search", guild_search::search),
    ("invite_resolve", invites::get),
    ("invite_revoke", invites::delete),
    ("join_thread", threads::join),
    ("leave_guild", own_user::leave_guild),
    ("leave_thread", threads::leave),
    ("list_application_commands", commands::list),
    ("list_application_emojis", emojis::list),
    ("list_auto_moderation_rules", auto_moderation::list),
    ("list_channel_invites", invites::of_channel),
    ("list_channel_webhooks", webhooks::list_of_channel),
    (
        "list_guild_application_command_permissions",
        command_permissions::list,
    ),
    ("list_guild_application_commands", commands::list),
    ("list_guild_audit_log_entries", members::audit_log),
    ("list_guild_bans", members::list_bans),
    ("list_guild_channels", channels::list),
    ("list_guild_emojis", emojis::list),
    ("list_guild_integrations", guilds::integrations),
    ("list_guild_invites", invites::of_guild),
    ("list_guild_members", members::list),
    ("list_guild_roles", roles::list),
    ("list_guild_scheduled_event_users", scheduled_events::users),
    ("list_guild_scheduled_events", scheduled_events::list),
    ("list_guild_soundboard_sounds", soundboard::list),
    ("list_guild_stickers", stickers::list),
    ("list_guild_templates", templates::list),
    ("list_message_reactions_by_emoji", reactions::list),
    ("list_messages", messages::list),
    ("list_my_guilds", own_user::guilds),
    (
        "list_my_private_archived_threads",
        threads::list_own_private,
    ),
    ("list_pins", pins::list),
    ("list_private_archived_threads", threads::list_private),
    ("list_public_archived_threads", threads::list_public),
    ("list_skus", entitlements::skus),
    ("list_thread_members", threads::list_members),
    ("poll_expire", polls::expire),
    ("preview_prune_guild", prune::preview),
    ("prune_guild", prune::prune),
    ("put_guilds_onboarding", guild_pages::edit_onboarding),
    ("search_guild_members", members::search),
    ("send_soundboard_sound", channels::play_sound),
    ("set_channel_permission_overwrite", channels::set_overwrite),
    ("sync_guild_template", templates::sync),
    ("thread_search", threads::search),
    ("trigger_typing_indicator", messages::type_in),
    ("unban_user_from_guild", members::unban),
    ("update_application", applications::edit),
    ("update_application_command", commands::edit),
    ("update_application_emoji", emojis::edit),
    (
        "update_application_role_connections_metadata",
        applications::replace_metadata,
    ),
    ("update_auto_moderation_rule", auto_moderation::edit),
    ("update_channel", channels::edit),
    ("update_guild", guilds::edit),
    ("update_guild_application_command", commands::edit),
    ("update_guild_emoji", emojis::edit),
    ("update_guild_incident_actions", guild_pages::edit_incidents),
    ("update_guild_member", members::edit),
    ("update_guild_role", roles::edit),
    ("update_guild_scheduled_event", scheduled_events::edit),
    (
        "update_guild_scheduled_event_exception",
        event_exceptions::edit,
    ),
    ("update_guild_soundboard_sound", soundboard::edit),
    ("update_guild_sticker", stickers::edit),
    ("update_guild_template", templates::edit),
    (
        "update_guild_welcome_screen",
        guild_pages::edit_welcome_screen,
    ),
    ("update_guild_widget_settings", guild_pages::edit_widget),
    ("update_message", messages::edit),
    ("update_my_application", applications::edit_own),
    ("update_my_guild_member", members::edit_own),
    ("update_my_nick", members::edit_own),
    ("update_my_user", own_user::edit),
    ("update_original_webhook_message", webhook_messages::edit),
    ("update_self_voice_state", voice::edit_own_state),
    ("update_stage_instance", voice::edit_stage),
    ("update_voice_channel_status", channels::set_voice_status),
    ("update_voice_state", voice::edit_state),
    ("update_webhook", webhooks::edit),
    ("update_webhook_by_token", webhooks::edit_by_token),
    ("update_webhook_message", webhook_messages::edit),
];

/// Routes whose answer is always the same, because the sandbox has nothing that they are about.
const CONSTANT: &[(&str, Endpoint)] = &[
    ("action_guild_join_request", member_add::answer_request),
    ("applications_get_activity_instance", applications::activity),
    ("get_guild_join_requests", member_add::requests),
    (
        "get_guild_new_member_welcome",
        guild_pages::new_member_welcome,
    ),
    ("get_public_keys", applications::oauth2_keys),
    ("get_sku_subscription", entitlements::subscription),
    ("get_sku_subscriptions", entitlements::subscriptions),
    ("get_soundboard_default_sounds", soundboard::default_sounds),
    ("get_sticker_pack", stickers::pack),
    (
        "list_guild_scheduled_event_exception_users",
        event_exceptions::users,
    ),
    ("list_guild_voice_regions", guilds::regions),
    ("list_sticker_packs", stickers::packs),
    ("list_voice_regions", guilds::regions),
];

/// Routes that Discord refuses to bots, and so does the sandbox.
const REFUSED: &[(&str, Endpoint)] = &[
    ("batch_edit_command_permissions", own_user::not_for_bots),
    (
        "create_linked_lobby_guild_invite_for_self",
        own_user::not_for_bots,
    ),
    ("create_or_join_lobby", own_user::not_for_bots),
    (
        "delete_application_user_role_connection",
        own_user::not_for_bots,
    ),
    ("edit_lobby_channel_link", own_user::not_for_bots),
    (
        "get_application_user_role_connection",
        own_user::not_for_bots,
    ),
    (
        "get_current_user_application_entitlements",
        own_user::not_for_bots,
    ),
    ("get_my_guild_member", own_user::not_for_bots),
    (
        "get_my_oauth2_authorization",
        applications::needs_access_token,
    ),
    (
        "get_openid_connect_userinfo",
        applications::needs_access_token,
    ),
    ("leave_lobby", own_user::not_for_bots),
    ("list_my_connections", own_user::not_for_bots),
    (
        "set_guild_application_command_permissions",
        own_user::not_for_bots,
    ),
    (
        "update_application_user_role_connection",
        own_user::not_for_bots,
    ),
];

/// The endpoint of an operation, if it is simulated.
pub(crate) fn find(operation: &str) -> Option<Endpoint> {
    let tables = [SIMULATED, CONSTANT, REFUSED];
    tables
        .into_iter()
        .find_map(|table| find_in(table, operation))
}

fn find_in(table: &[(&str, Endpoint)], operation: &str) -> Option<Endpoint> {
    let place = table.binary_search_by_key(&operation, |(known, _)| known);
    Some(table[place.ok()?].1)
}

/// Answers a request whose route is known.
pub(crate) fn answer(operation: &str, call: &mut Call<'_>) -> Result<Answer, Error> {
    match find(operation) {
        Some(endpoint) => endpoint(call),
        None => Err(error::NOT_SIMULATED.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write;
    use std::{env, fs};

    use super::*;
    use crate::rest::routes;

    /// The page that lists the routes, inside the crate.
    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ROUTES.md");

    #[test]
    fn every_simulated_operation_is_a_documented_route() {
        let documented: BTreeSet<_> = routes::all().iter().map(|route| route.operation).collect();
        for table in [SIMULATED, CONSTANT, REFUSED] {
            for (operation, _) in table {
                assert!(documented.contains(operation), "{operation}");
            }
            assert!(table.is_sorted_by(|(one, _), (other, _)| one < other));
        }
    }

    /// `UPDATE_ROUTES=1 cargo test -p smalld-sandbox` writes the page again.
    #[test]
    fn the_page_of_routes_is_up_to_date() {
        let page = page();
        if env::var_os("UPDATE_ROUTES").is_some() {
            fs::write(PAGE, &page).expect("written");
        }
        let written = fs::read_to_string(PAGE).unwrap_or_default();
        assert!(
            written == page,
            "smalld-sandbox/ROUTES.md is out of date: run this test with UPDATE_ROUTES=1"
        );
    }

    fn page() -> String {
        let of = |is_in: &dyn Fn(&str) -> bool| -> Vec<_> {
            let all = routes::all().iter();
            all.filter(|route| is_in(route.operation)).collect()
        };
        let simulated = of(&|operation| find_in(SIMULATED, operation).is_some());
        let constant = of(&|operation| find_in(CONSTANT, operation).is_some());
        let refused = of(&|operation| find_in(REFUSED, operation).is_some());
        let others = of(&|operation| find(operation).is_none());
        let mut page = format!(
            "# The routes of the sandbox\n\n\
             Discord documents {} routes.\n\n\
             | | |\n|---|---|\n\
             | simulated | {} |\n\
             | always the same answer | {} |\n\
             | refused to bots, as by Discord | {} |\n\
             | answered by 501 | {} |\n\n\
             All of them can be stubbed with `sandbox.on(method, template, handler)`; a path that Discord does \
             not document\nanswers 404. This page is generated by a test.\n\n\
             The world behind them has several guilds with channels of every type, threads, members, roles, bans, \
             invites,\nemojis, stickers, sounds, webhooks, scheduled events and rules of auto moderation; direct \
             messages, messages,\nreactions, application commands and interactions. The permissions of roles, \
             their order and the overwrites of\nchannels are enforced, and changes are in the audit log.\n",
            routes::all().len(),
            simulated.len(),
            constant.len(),
            refused.len(),
            others.len(),
        );
        for (title, routes) in [
            ("Simulated", simulated),
            ("Always the same answer", constant),
            ("Refused to bots", refused),
            ("Not simulated", others),
        ] {
            let _ = write!(page, "\n## {title}\n\n");
            for route in routes {
                let _ = writeln!(page, "- `{} {}`", route.method, route.template);
            }
        }
        page
    }
}
