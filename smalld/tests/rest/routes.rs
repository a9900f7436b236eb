//! Every operation that Discord documents, called by its own path: the method and the path that the
//! server receives must be the documented ones. The tests of `Route` use the same list for bucket
//! keys.
//!
//! The list is a copy of `data/routes.csv`.

use crate::scripted::{Reply, Scripted};
use smalld::rest::{RateLimits, Request};
use smalld::{SmallD, json, path};

/// The value of each placeholder, percent-encoded.
const VALUES: [(&str, &str); 32] = [
    ("answer_id", "1000"),
    ("application_id", "1001"),
    ("channel_id", "1002"),
    ("code", "a%20b%2Fc"),
    ("command_id", "1004"),
    ("emoji_id", "name%3A81"),
    ("emoji_name", "%F0%9F%91%8D"),
    ("entitlement_id", "1007"),
    ("exception_id", "1008"),
    ("guild_id", "1009"),
    ("guild_scheduled_event_exception_id", "1010"),
    ("guild_scheduled_event_id", "1011"),
    ("instance_id", "i-1.2~3_@"),
    ("integration_id", "1013"),
    ("interaction_id", "1014"),
    ("interaction_token", "aW50%3Ax"),
    ("lobby_id", "1016"),
    ("message_id", "1017"),
    ("overwrite_id", "1018"),
    ("pack_id", "1019"),
    ("request_id", "1020"),
    ("role_id", "1021"),
    ("rule_id", "1022"),
    ("sku_id", "1023"),
    ("sound_id", "1024"),
    ("sticker_id", "1025"),
    ("subscription_id", "1026"),
    ("user_id", "1027"),
    ("user_id_1", "1028"),
    ("user_id_2", "1029"),
    ("webhook_id", "1030"),
    ("webhook_token", "tok%3Fen%23"),
];

macro_rules! operations {
    ($bot:ident: $($call:ident $path:tt;)*) => {
        vec![$((stringify!($call), $path, call!($bot $call $path))),*]
    };
}

macro_rules! call {
    ($bot:ident get $path:tt) => { $bot.get(path!($path)) };
    ($bot:ident delete $path:tt) => { $bot.delete(path!($path)) };
    ($bot:ident $call:ident $path:tt) => { $bot.$call(path!($path), json!({ "a": 1 })) };
}

#[tokio::test]
async fn every_documented_operation_is_sent_correctly() {
    let server = Scripted::always(Reply::ok().limits("all 999999/999998 9")).await;
    let bot = server.builder().global_limit(1_000_000);
    let bot = bot.rate_limits(RateLimits::Wait).build().unwrap();
    let operations = operations(&bot);
    assert_eq!(operations.len(), 245);
    let mut meant = Vec::new();
    for (method, template, request) in operations {
        let mut path = template.to_owned();
        for (name, encoded) in VALUES {
            path = path.replace(&format!("{{{name}}}"), encoded);
        }
        meant.push((method.to_uppercase(), path));
        request.await.unwrap();
    }
    let seen = server.seen();
    for (seen, (method, path)) in seen.iter().zip(&meant) {
        assert_eq!((&seen.method, &seen.path), (method, path));
        let own_token = path.starts_with("/webhooks/") && path.matches('/').count() > 2
            || path.starts_with("/interactions/");
        assert_eq!(seen.header("authorization").is_none(), own_token, "{path}");
        let has_body = method != "GET" && method != "DELETE";
        assert_eq!(seen.body == br#"{"a":1}"#, has_body, "{method} {path}");
    }
    assert_eq!(seen.len(), meant.len());
}

#[tokio::test]
async fn the_list_is_equal_to_the_data_file() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/routes.csv");
    let Ok(data) = std::fs::read_to_string(file) else {
        println!("skipped: no {file}, which is not part of the package");
        return;
    };
    let server = Scripted::always(Reply::ok()).await;
    let listed = operations(&server.bot(RateLimits::Off));
    let listed = listed
        .iter()
        .map(|(method, path, _)| format!("{},{path}", method.to_uppercase()));
    let rows = data.lines().skip(1).filter_map(|row| row.rsplit_once(','));
    assert!(rows.map(|(operation, _)| operation).eq(listed));
}

#[expect(clippy::too_many_lines, reason = "one for each operation")]
#[expect(clippy::similar_names, reason = "Discord's own")]
fn operations(bot: &SmallD) -> Vec<(&'static str, &'static str, Request)> {
    let answer_id = 1000;
    let application_id = "1001";
    let channel_id = json!("1002");
    let code = "a b/c";
    let command_id = "1004";
    let emoji_id = "name:81";
    let emoji_name = "👍";
    let entitlement_id = "1007";
    let exception_id = json!("1008");
    let guild_id = 1009;
    let guild_scheduled_event_exception_id = "1010";
    let guild_scheduled_event_id = json!("1011");
    let instance_id = "i-1.2~3_@";
    let integration_id = "1013";
    let interaction_id = json!("1014");
    let interaction_token = "aW50:x";
    let lobby_id = "1016";
    let message_id = json!("1017");
    let overwrite_id = 1018;
    let pack_id = "1019";
    let request_id = json!("1020");
    let role_id = 1021;
    let rule_id = "1022";
    let sku_id = json!("1023");
    let sound_id = 1024;
    let sticker_id = "1025";
    let subscription_id = json!("1026");
    let user_id = 1027;
    let user_id_1 = "1028";
    let user_id_2 = json!("1029");
    let webhook_id = 1030;
    let webhook_token = json!("tok?en#");
    operations! {
        bot:
        get "/applications/@me";
        patch "/applications/@me";
        get "/applications/{application_id}";
        patch "/applications/{application_id}";
        get "/applications/{application_id}/activity-instances/{instance_id}";
        post "/applications/{application_id}/attachment";
        get "/applications/{application_id}/commands";
        post "/applications/{application_id}/commands";
        put "/applications/{application_id}/commands";
        get "/applications/{application_id}/commands/{command_id}";
        patch "/applications/{application_id}/commands/{command_id}";
        delete "/applications/{application_id}/commands/{command_id}";
        get "/applications/{application_id}/emojis";
        post "/applications/{application_id}/emojis";
        get "/applications/{application_id}/emojis/{emoji_id}";
        patch "/applications/{application_id}/emojis/{emoji_id}";
        delete "/applications/{application_id}/emojis/{emoji_id}";
        get "/applications/{application_id}/entitlements";
        post "/applications/{application_id}/entitlements";
        get "/applications/{application_id}/entitlements/{entitlement_id}";
        delete "/applications/{application_id}/entitlements/{entitlement_id}";
        post "/applications/{application_id}/entitlements/{entitlement_id}/consume";
        get "/applications/{application_id}/guilds/{guild_id}/commands";
        post "/applications/{application_id}/guilds/{guild_id}/commands";
        put "/applications/{application_id}/guilds/{guild_id}/commands";
        get "/applications/{application_id}/guilds/{guild_id}/commands/permissions";
        put "/applications/{application_id}/guilds/{guild_id}/commands/permissions";
        get "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}";
        patch "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}";
        delete "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}";
        get "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions";
        put "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions";
        get "/applications/{application_id}/role-connections/metadata";
        put "/applications/{application_id}/role-connections/metadata";
        get "/applications/{application_id}/skus";
        get "/channels/{channel_id}";
        patch "/channels/{channel_id}";
        delete "/channels/{channel_id}";
        post "/channels/{channel_id}/followers";
        get "/channels/{channel_id}/invites";
        post "/channels/{channel_id}/invites";
        get "/channels/{channel_id}/messages";
        post "/channels/{channel_id}/messages";
        post "/channels/{channel_id}/messages/bulk-delete";
        get "/channels/{channel_id}/messages/pins";
        put "/channels/{channel_id}/messages/pins/{message_id}";
        delete "/channels/{channel_id}/messages/pins/{message_id}";
        get "/channels/{channel_id}/messages/{message_id}";
        patch "/channels/{channel_id}/messages/{message_id}";
        delete "/channels/{channel_id}/messages/{message_id}";
        post "/channels/{channel_id}/messages/{message_id}/crosspost";
        delete "/channels/{channel_id}/messages/{message_id}/reactions";
        get "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}";
        delete "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}";
        put "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me";
        delete "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me";
        delete "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}";
        post "/channels/{channel_id}/messages/{message_id}/threads";
        put "/channels/{channel_id}/permissions/{overwrite_id}";
        delete "/channels/{channel_id}/permissions/{overwrite_id}";
        get "/channels/{channel_id}/pins";
        put "/channels/{channel_id}/pins/{message_id}";
        delete "/channels/{channel_id}/pins/{message_id}";
        get "/channels/{channel_id}/polls/{message_id}/answers/{answer_id}";
        post "/channels/{channel_id}/polls/{message_id}/expire";
        put "/channels/{channel_id}/recipients/{user_id}";
        delete "/channels/{channel_id}/recipients/{user_id}";
        post "/channels/{channel_id}/send-soundboard-sound";
        get "/channels/{channel_id}/thread-members";
        put "/channels/{channel_id}/thread-members/@me";
        delete "/channels/{channel_id}/thread-members/@me";
        get "/channels/{channel_id}/thread-members/{user_id}";
        put "/channels/{channel_id}/thread-members/{user_id}";
        delete "/channels/{channel_id}/thread-members/{user_id}";
        post "/channels/{channel_id}/threads";
        get "/channels/{channel_id}/threads/archived/private";
        get "/channels/{channel_id}/threads/archived/public";
        get "/channels/{channel_id}/threads/search";
        post "/channels/{channel_id}/typing";
        get "/channels/{channel_id}/users/@me/threads/archived/private";
        put "/channels/{channel_id}/voice-status";
        get "/channels/{channel_id}/webhooks";
        post "/channels/{channel_id}/webhooks";
        get "/gateway";
        get "/gateway/bot";
        get "/guilds/templates/{code}";
        get "/guilds/{guild_id}";
        patch "/guilds/{guild_id}";
        get "/guilds/{guild_id}/audit-logs";
        get "/guilds/{guild_id}/auto-moderation/rules";
        post "/guilds/{guild_id}/auto-moderation/rules";
        get "/guilds/{guild_id}/auto-moderation/rules/{rule_id}";
        patch "/guilds/{guild_id}/auto-moderation/rules/{rule_id}";
        delete "/guilds/{guild_id}/auto-moderation/rules/{rule_id}";
        get "/guilds/{guild_id}/bans";
        get "/guilds/{guild_id}/bans/{user_id}";
        put "/guilds/{guild_id}/bans/{user_id}";
        delete "/guilds/{guild_id}/bans/{user_id}";
        post "/guilds/{guild_id}/bulk-ban";
        get "/guilds/{guild_id}/channels";
        post "/guilds/{guild_id}/channels";
        patch "/guilds/{guild_id}/channels";
        get "/guilds/{guild_id}/emojis";
        post "/guilds/{guild_id}/emojis";
        get "/guilds/{guild_id}/emojis/{emoji_id}";
        patch "/guilds/{guild_id}/emojis/{emoji_id}";
        delete "/guilds/{guild_id}/emojis/{emoji_id}";
        put "/guilds/{guild_id}/incident-actions";
        get "/guilds/{guild_id}/integrations";
        delete "/guilds/{guild_id}/integrations/{integration_id}";
        get "/guilds/{guild_id}/invites";
        get "/guilds/{guild_id}/members";
        patch "/guilds/{guild_id}/members/@me";
        patch "/guilds/{guild_id}/members/@me/nick";
        get "/guilds/{guild_id}/members/search";
        get "/guilds/{guild_id}/members/{user_id}";
        put "/guilds/{guild_id}/members/{user_id}";
        patch "/guilds/{guild_id}/members/{user_id}";
        delete "/guilds/{guild_id}/members/{user_id}";
        put "/guilds/{guild_id}/members/{user_id}/roles/{role_id}";
        delete "/guilds/{guild_id}/members/{user_id}/roles/{role_id}";
        get "/guilds/{guild_id}/messages/search";
        get "/guilds/{guild_id}/new-member-welcome";
        get "/guilds/{guild_id}/onboarding";
        put "/guilds/{guild_id}/onboarding";
        get "/guilds/{guild_id}/preview";
        get "/guilds/{guild_id}/prune";
        post "/guilds/{guild_id}/prune";
        get "/guilds/{guild_id}/regions";
        get "/guilds/{guild_id}/requests";
        patch "/guilds/{guild_id}/requests/{request_id}";
        get "/guilds/{guild_id}/roles";
        post "/guilds/{guild_id}/roles";
        patch "/guilds/{guild_id}/roles";
        get "/guilds/{guild_id}/roles/member-counts";
        get "/guilds/{guild_id}/roles/{role_id}";
        patch "/guilds/{guild_id}/roles/{role_id}";
        delete "/guilds/{guild_id}/roles/{role_id}";
        get "/guilds/{guild_id}/scheduled-events";
        post "/guilds/{guild_id}/scheduled-events";
        get "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}";
        patch "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}";
        delete "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}";
        post "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions";
        patch "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions/{exception_id}";
        delete "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions/{exception_id}";
        get "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/users";
        get "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/users/counts";
        get "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/{guild_scheduled_event_exception_id}/users";
        get "/guilds/{guild_id}/soundboard-sounds";
        post "/guilds/{guild_id}/soundboard-sounds";
        get "/guilds/{guild_id}/soundboard-sounds/{sound_id}";
        patch "/guilds/{guild_id}/soundboard-sounds/{sound_id}";
        delete "/guilds/{guild_id}/soundboard-sounds/{sound_id}";
        get "/guilds/{guild_id}/stickers";
        post "/guilds/{guild_id}/stickers";
        get "/guilds/{guild_id}/stickers/{sticker_id}";
        patch "/guilds/{guild_id}/stickers/{sticker_id}";
        delete "/guilds/{guild_id}/stickers/{sticker_id}";
        get "/guilds/{guild_id}/templates";
        post "/guilds/{guild_id}/templates";
        put "/guilds/{guild_id}/templates/{code}";
        patch "/guilds/{guild_id}/templates/{code}";
        delete "/guilds/{guild_id}/templates/{code}";
        get "/guilds/{guild_id}/threads/active";
        get "/guilds/{guild_id}/vanity-url";
        get "/guilds/{guild_id}/voice-states/@me";
        patch "/guilds/{guild_id}/voice-states/@me";
        get "/guilds/{guild_id}/voice-states/{user_id}";
        patch "/guilds/{guild_id}/voice-states/{user_id}";
        get "/guilds/{guild_id}/webhooks";
        get "/guilds/{guild_id}/welcome-screen";
        patch "/guilds/{guild_id}/welcome-screen";
        get "/guilds/{guild_id}/widget";
        patch "/guilds/{guild_id}/widget";
        get "/guilds/{guild_id}/widget.json";
        get "/guilds/{guild_id}/widget.png";
        post "/interactions/{interaction_id}/{interaction_token}/callback";
        get "/invites/{code}";
        delete "/invites/{code}";
        get "/invites/{code}/target-users";
        put "/invites/{code}/target-users";
        get "/invites/{code}/target-users/job-status";
        post "/lobbies";
        put "/lobbies";
        get "/lobbies/{lobby_id}";
        patch "/lobbies/{lobby_id}";
        delete "/lobbies/{lobby_id}";
        patch "/lobbies/{lobby_id}/channel-linking";
        delete "/lobbies/{lobby_id}/members/@me";
        post "/lobbies/{lobby_id}/members/@me/invites";
        post "/lobbies/{lobby_id}/members/bulk";
        put "/lobbies/{lobby_id}/members/{user_id}";
        delete "/lobbies/{lobby_id}/members/{user_id}";
        post "/lobbies/{lobby_id}/members/{user_id}/invites";
        get "/lobbies/{lobby_id}/messages";
        post "/lobbies/{lobby_id}/messages";
        put "/lobbies/{lobby_id}/messages/{message_id}/moderation-metadata";
        get "/oauth2/@me";
        get "/oauth2/applications/@me";
        get "/oauth2/keys";
        get "/oauth2/userinfo";
        put "/partner-sdk/dms/{user_id_1}/{user_id_2}/messages/{message_id}/moderation-metadata";
        post "/partner-sdk/provisional-accounts/unmerge";
        post "/partner-sdk/provisional-accounts/unmerge/bot";
        post "/partner-sdk/token";
        post "/partner-sdk/token/bot";
        get "/skus/{sku_id}/subscriptions";
        get "/skus/{sku_id}/subscriptions/{subscription_id}";
        get "/soundboard-default-sounds";
        post "/stage-instances";
        get "/stage-instances/{channel_id}";
        patch "/stage-instances/{channel_id}";
        delete "/stage-instances/{channel_id}";
        get "/sticker-packs";
        get "/sticker-packs/{pack_id}";
        get "/stickers/{sticker_id}";
        get "/users/@me";
        patch "/users/@me";
        get "/users/@me/applications/{application_id}/entitlements";
        get "/users/@me/applications/{application_id}/role-connection";
        put "/users/@me/applications/{application_id}/role-connection";
        delete "/users/@me/applications/{application_id}/role-connection";
        post "/users/@me/channels";
        get "/users/@me/connections";
        get "/users/@me/guilds";
        delete "/users/@me/guilds/{guild_id}";
        get "/users/@me/guilds/{guild_id}/member";
        get "/users/{user_id}";
        get "/voice/regions";
        get "/webhooks/{webhook_id}";
        patch "/webhooks/{webhook_id}";
        delete "/webhooks/{webhook_id}";
        get "/webhooks/{webhook_id}/{webhook_token}";
        post "/webhooks/{webhook_id}/{webhook_token}";
        patch "/webhooks/{webhook_id}/{webhook_token}";
        delete "/webhooks/{webhook_id}/{webhook_token}";
        post "/webhooks/{webhook_id}/{webhook_token}/github";
        get "/webhooks/{webhook_id}/{webhook_token}/messages/@original";
        patch "/webhooks/{webhook_id}/{webhook_token}/messages/@original";
        delete "/webhooks/{webhook_id}/{webhook_token}/messages/@original";
        get "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}";
        patch "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}";
        delete "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}";
        post "/webhooks/{webhook_id}/{webhook_token}/slack";
    }
}
