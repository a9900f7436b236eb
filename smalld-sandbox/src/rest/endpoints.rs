//! The routes that the sandbox simulates, each with its endpoint.

use super::call::Call;
use super::error::{self, Error};
use super::reply::Answer;
use super::{
    channels, commands, directory, emojis, guild_pages, guilds, interactions, members, messages,
    own_user, pins, polls, prune, reactions, roles, stickers, threads, webhook_messages, webhooks,
};

/// A simulated route.
pub(crate) type Endpoint = fn(&mut Call<'_>) -> Result<Answer, Error>;

/// By the name of the operation in the table of routes.
const SIMULATED: &[(&str, Endpoint)] = &[
    ("add_group_dm_user", channels::not_a_group),
    ("add_guild_member_role", members::add_role),
    ("add_my_message_reaction", reactions::add),
    ("add_thread_member", threads::add_member),
    ("ban_user_from_guild", members::ban),
    ("bulk_ban_users_from_guild", members::ban_many),
    ("bulk_delete_messages", messages::delete_many),
    ("bulk_set_application_commands", commands::replace_all),
    ("bulk_set_guild_application_commands", commands::replace_all),
    ("bulk_update_guild_channels", channels::move_all),
    ("bulk_update_guild_roles", roles::move_all),
    ("create_application_command", commands::create),
    ("create_application_emoji", emojis::create),
    ("create_dm", directory::open_direct_channel),
    ("create_guild_application_command", commands::create),
    ("create_guild_channel", channels::create),
    ("create_guild_emoji", emojis::create),
    ("create_guild_role", roles::create),
    ("create_guild_sticker", stickers::create),
    ("create_interaction_response", interactions::answer),
    ("create_message", messages::create),
    ("create_pin", pins::pin),
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
    (
        "delete_application_user_role_connection",
        own_user::not_for_bots,
    ),
    ("delete_channel", channels::delete),
    (
        "delete_channel_permission_overwrite",
        channels::delete_overwrite,
    ),
    ("delete_group_dm_user", channels::not_a_group),
    ("delete_guild_application_command", commands::delete),
    ("delete_guild_emoji", emojis::delete),
    ("delete_guild_integration", guilds::delete_integration),
    ("delete_guild_member", members::kick),
    ("delete_guild_member_role", members::remove_role),
    ("delete_guild_role", roles::delete),
    ("delete_guild_sticker", stickers::delete),
    ("delete_message", messages::delete),
    ("delete_my_message_reaction", reactions::remove_own),
    ("delete_original_webhook_message", webhook_messages::delete),
    ("delete_pin", pins::unpin),
    ("delete_thread_member", threads::remove_member),
    ("delete_user_message_reaction", reactions::remove_of_user),
    ("delete_webhook", webhooks::delete),
    ("delete_webhook_by_token", webhooks::delete_by_token),
    ("delete_webhook_message", webhook_messages::delete),
    ("deprecated_create_pin", pins::pin),
    ("deprecated_delete_pin", pins::unpin),
    ("deprecated_list_pins", pins::list_without_pages),
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
    ("get_application_command", commands::get),
    ("get_application_emoji", emojis::get),
    (
        "get_application_user_role_connection",
        own_user::not_for_bots,
    ),
    ("get_bot_gateway", directory::gateway_for_bot),
    ("get_channel", channels::get),
    (
        "get_current_user_application_entitlements",
        own_user::not_for_bots,
    ),
    ("get_gateway", directory::gateway),
    ("get_guild", guilds::get),
    ("get_guild_application_command", commands::get),
    ("get_guild_ban", members::get_ban),
    ("get_guild_emoji", emojis::get),
    ("get_guild_member", directory::guild_member),
    (
        "get_guild_new_member_welcome",
        guild_pages::new_member_welcome,
    ),
    ("get_guild_preview", guilds::preview),
    ("get_guild_role", roles::get),
    ("get_guild_sticker", stickers::get),
    ("get_guild_vanity_url", guild_pages::vanity_url),
    ("get_guild_webhooks", webhooks::list_of_guild),
    ("get_guild_welcome_screen", guild_pages::welcome_screen),
    ("get_guild_widget", guild_pages::widget),
    ("get_guild_widget_settings", guild_pages::widget_settings),
    ("get_guilds_onboarding", guild_pages::onboarding),
    ("get_message", messages::get),
    ("get_my_application", directory::own_application),
    ("get_my_guild_member", own_user::not_for_bots),
    ("get_my_oauth2_application", directory::own_application),
    ("get_my_user", own_user::get),
    ("get_original_webhook_message", webhook_messages::get),
    ("get_sticker", stickers::get_any),
    ("get_sticker_pack", stickers::pack),
    ("get_thread_member", threads::get_member),
    ("get_user", directory::user),
    ("get_webhook", webhooks::get),
    ("get_webhook_by_token", webhooks::get_by_token),
    ("get_webhook_message", webhook_messages::get),
    ("guild_role_member_counts", guilds::role_counts),
    ("join_thread", threads::join),
    ("leave_guild", own_user::leave_guild),
    ("leave_thread", threads::leave),
    ("list_application_commands", commands::list),
    ("list_application_emojis", emojis::list),
    ("list_channel_webhooks", webhooks::list_of_channel),
    ("list_guild_application_commands", commands::list),
    ("list_guild_audit_log_entries", members::audit_log),
    ("list_guild_bans", members::list_bans),
    ("list_guild_channels", channels::list),
    ("list_guild_emojis", emojis::list),
    ("list_guild_integrations", guilds::integrations),
    ("list_guild_members", members::list),
    ("list_guild_roles", roles::list),
    ("list_guild_stickers", stickers::list),
    ("list_guild_voice_regions", guilds::regions),
    ("list_message_reactions_by_emoji", reactions::list),
    ("list_messages", messages::list),
    ("list_my_connections", own_user::not_for_bots),
    ("list_my_guilds", own_user::guilds),
    (
        "list_my_private_archived_threads",
        threads::list_own_private,
    ),
    ("list_pins", pins::list),
    ("list_private_archived_threads", threads::list_private),
    ("list_public_archived_threads", threads::list_public),
    ("list_sticker_packs", stickers::packs),
    ("list_thread_members", threads::list_members),
    ("list_voice_regions", guilds::regions),
    ("poll_expire", polls::expire),
    ("preview_prune_guild", prune::preview),
    ("prune_guild", prune::prune),
    ("put_guilds_onboarding", guild_pages::edit_onboarding),
    ("search_guild_members", members::search),
    ("send_soundboard_sound", channels::play_sound),
    ("set_channel_permission_overwrite", channels::set_overwrite),
    ("thread_search", threads::search),
    ("trigger_typing_indicator", messages::type_in),
    ("unban_user_from_guild", members::unban),
    ("update_application_command", commands::edit),
    ("update_application_emoji", emojis::edit),
    (
        "update_application_user_role_connection",
        own_user::not_for_bots,
    ),
    ("update_channel", channels::edit),
    ("update_guild", guilds::edit),
    ("update_guild_application_command", commands::edit),
    ("update_guild_emoji", emojis::edit),
    ("update_guild_incident_actions", guild_pages::edit_incidents),
    ("update_guild_member", members::edit),
    ("update_guild_role", roles::edit),
    ("update_guild_sticker", stickers::edit),
    (
        "update_guild_welcome_screen",
        guild_pages::edit_welcome_screen,
    ),
    ("update_guild_widget_settings", guild_pages::edit_widget),
    ("update_message", messages::edit),
    ("update_my_guild_member", members::edit_own),
    ("update_my_nick", members::edit_own),
    ("update_my_user", own_user::edit),
    ("update_original_webhook_message", webhook_messages::edit),
    ("update_voice_channel_status", channels::set_voice_status),
    ("update_webhook", webhooks::edit),
    ("update_webhook_by_token", webhooks::edit_by_token),
    ("update_webhook_message", webhook_messages::edit),
];

/// The endpoint of an operation, if it is simulated.
pub(crate) fn find(operation: &str) -> Option<Endpoint> {
    let place = SIMULATED.binary_search_by_key(&operation, |(known, _)| known);
    Some(SIMULATED[place.ok()?].1)
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
        for (operation, _) in SIMULATED {
            assert!(documented.contains(operation), "{operation}");
        }
        assert!(SIMULATED.is_sorted_by(|(one, _), (other, _)| one < other));
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
        let (simulated, others): (Vec<_>, Vec<_>) = routes::all()
            .iter()
            .partition(|route| find(route.operation).is_some());
        let mut page = format!(
            "# The routes of the sandbox\n\n\
             Discord documents {} routes. The sandbox simulates {} of them. The others answer 501 and \
             can be stubbed with\n`sandbox.on(method, template, handler)`; a path that Discord does \
             not document answers 404. This page is generated by a test.\n\n\
             The world behind them has guilds with channels of every type, threads, members, roles and bans, \
             direct messages, messages,\nreactions, application commands and interactions. The permissions of \
             roles, their order and the overwrites of\nchannels are enforced. The audit log has roles, \
             channels, webhooks, members and bans.\n",
            routes::all().len(),
            simulated.len(),
        );
        for (title, routes) in [("Simulated", simulated), ("Not simulated", others)] {
            let _ = write!(page, "\n## {title}\n\n");
            for route in routes {
                let _ = writeln!(page, "- `{} {}`", route.method, route.template);
            }
        }
        page
    }
}
