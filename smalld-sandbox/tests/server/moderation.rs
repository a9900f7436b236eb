//! Roles, members, bans and the audit log, and the permissions that they need.

use crate::common::{ALL_INTENTS, Answer, Gateway, Rest};
use serde_json::{Value, json};
use smalld_sandbox::Sandbox;

const KICK_MEMBERS: u64 = 1 << 1;
const VIEW_CHANNEL: u64 = 1 << 10;
const MANAGE_ROLES: u64 = 1 << 28;

async fn sandbox(permissions: Option<u64>) -> (Sandbox, Rest, String) {
    let mut builder = Sandbox::builder().rate_limits(false);
    if let Some(bits) = permissions {
        builder = builder.bot_permissions(bits);
    }
    let sandbox = builder.start().await.expect("started");
    let (rest, guild) = (
        Rest::new(&sandbox),
        format!("/guilds/{}", sandbox.guild_id()),
    );
    (sandbox, rest, guild)
}

#[tokio::test]
async fn roles_are_made_changed_given_and_deleted() {
    let (sandbox, rest, guild) = sandbox(None).await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let made = rest
        .post(
            &format!("{guild}/roles"),
            &json!({ "name": "mods", "color": 5 }),
        )
        .await;
    assert_eq!((made.status, &made.json["position"]), (200, &json!(1)));
    assert_eq!(made.json["colors"]["primary_color"], 5);
    let told = gateway.dispatch("GUILD_ROLE_CREATE").await;
    assert_eq!(told["d"]["role"], made.json);
    gateway.dispatch("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    let id = made.json["id"].as_str().expect("an id");
    let path = format!("{guild}/roles/{id}");
    let edited = rest
        .patch(&path, &json!({ "permissions": "8", "hoist": true }))
        .await;
    assert_eq!(edited.json["permissions"], "8");
    assert_eq!(
        gateway.dispatch("GUILD_ROLE_UPDATE").await["d"]["role"],
        edited.json
    );
    gateway.dispatch("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    let robin = sandbox.user("robin");
    let of_robin = format!("{guild}/members/{}/roles/{id}", robin.id);
    assert_eq!(rest.put(&of_robin).await.status, 204);
    let told = gateway.dispatch("GUILD_MEMBER_UPDATE").await;
    assert_eq!(told["d"]["roles"], json!([id]));
    assert_eq!(rest.delete(&path).await.status, 204);
    let member = rest
        .get(&format!("{guild}/members/{}", robin.id))
        .await
        .json;
    assert_eq!(member["roles"], json!([]));
    assert_eq!(rest.get(&path).await.error(), (404, Some(10_011)));
    let everyone = rest
        .delete(&format!("{guild}/roles/{}", sandbox.guild_id()))
        .await;
    assert_eq!(everyone.error(), (400, Some(50_028)));
    let wrong = rest
        .post(&format!("{guild}/roles"), &json!({ "color": -1 }))
        .await;
    assert_eq!(
        wrong.json["errors"]["color"]["_errors"][0]["code"],
        "NUMBER_TYPE_MIN"
    );
}

#[tokio::test]
async fn members_are_listed_found_renamed_and_silenced() {
    let (sandbox, rest, guild) = sandbox(None).await;
    let ada = sandbox.user("ada");
    let all = rest.get(&format!("{guild}/members?limit=100")).await.json;
    assert_eq!(all.as_array().map(Vec::len), Some(4));
    let path = format!("{guild}/members/{}", ada.id);
    let body = json!({
        "nick": "Countess", "communication_disabled_until": "2999-01-01T00:00:00Z",
    });
    let too_long = rest.patch(&path, &body).await;
    assert_eq!(too_long.error(), (400, Some(50_035)));
    let renamed = rest.patch(&path, &json!({ "nick": "Countess" })).await;
    assert_eq!(
        (renamed.status, &renamed.json["nick"]),
        (200, &json!("Countess"))
    );
    let found = rest
        .get(&format!("{guild}/members/search?query=count"))
        .await
        .json;
    assert_eq!(found[0]["user"]["id"], ada.id);
    let own = rest
        .patch(&format!("{guild}/members/@me"), &json!({ "nick": "Bot" }))
        .await;
    assert_eq!(own.json["nick"], "Bot");
    let unknown = rest.patch(&format!("{guild}/members/1"), &json!({})).await;
    assert_eq!(unknown.error(), (404, Some(10_007)));
}

#[tokio::test]
async fn users_are_kicked_banned_and_unbanned_with_a_reason() {
    let (sandbox, rest, guild) = sandbox(None).await;
    let (ada, bob) = (sandbox.user("ada"), sandbox.user("bob"));
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let spam = ada.say("#general", "spam").await;
    gateway.dispatch("MESSAGE_CREATE").await;
    let path = format!("{guild}/bans/{}", ada.id);
    let request = rest.request("PUT".parse().expect("a method"), &path);
    let request = request.header("x-audit-log-reason", "spam%20and%20more");
    let banned = Answer::of(request.json(&json!({ "delete_message_seconds": 60 }))).await;
    assert_eq!(banned.status, 204, "{}", banned.json);
    assert_eq!(
        gateway.dispatch("GUILD_MEMBER_REMOVE").await["d"]["user"]["id"],
        ada.id
    );
    assert_eq!(
        gateway.dispatch("GUILD_BAN_ADD").await["d"]["user"]["id"],
        ada.id
    );
    assert_eq!(gateway.dispatch("MESSAGE_DELETE").await["d"]["id"], spam);
    let entry = gateway.dispatch("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(
        (&entry["d"]["action_type"], &entry["d"]["reason"]),
        (&json!(22), &json!("spam and more"))
    );
    assert_eq!(rest.get(&path).await.json["reason"], "spam and more");
    assert!(!ada.is_member() && !ada.join().await);
    assert_eq!(rest.delete(&path).await.status, 204);
    assert_eq!(rest.get(&path).await.error(), (404, Some(10_026)));
    assert!(ada.join().await);
    let kicked = rest.delete(&format!("{guild}/members/{}", bob.id)).await;
    assert_eq!(kicked.status, 204);
    assert!(!bob.is_member());
    let log = rest.get(&format!("{guild}/audit-logs")).await.json;
    let actions: Vec<&Value> = log["audit_log_entries"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| &entry["action_type"])
        .collect();
    assert_eq!(actions, [&json!(20), &json!(23), &json!(22)]);
    let many = json!({ "user_ids": [ada.id, "1"] });
    let many = rest.post(&format!("{guild}/bulk-ban"), &many).await.json;
    assert_eq!(
        many,
        json!({ "banned_users": [ada.id], "failed_users": ["1"] })
    );
}

#[tokio::test]
async fn actions_without_their_permission_are_refused() {
    let (sandbox, rest, guild) = sandbox(Some(0)).await;
    // `@everyone` still lets the bot write, but not moderate.
    let messages = format!("/channels/{}/messages", sandbox.channel_id());
    assert_eq!(
        rest.post(&messages, &json!({ "content": "hi" }))
            .await
            .status,
        200
    );
    let said = sandbox.say("not the bot's");
    let robin = sandbox.user("robin").id;
    for (method, path) in [
        ("DELETE", format!("{messages}/{said}")),
        ("POST", format!("{guild}/roles")),
        ("DELETE", format!("{guild}/members/{robin}")),
        ("PUT", format!("{guild}/bans/{robin}")),
        ("PATCH", format!("{guild}/members/{robin}")),
        ("GET", format!("{guild}/audit-logs")),
    ] {
        let refused = rest.send(method, &path, &json!({ "nick": "x" })).await;
        assert_eq!(refused.error(), (403, Some(50_013)), "{method} {path}");
    }
}

#[tokio::test]
async fn nobody_acts_on_a_member_or_a_role_that_is_not_below() {
    let (sandbox, rest, guild) = sandbox(None).await;
    // The owner is above everybody.
    let owner = format!("{guild}/members/{}", sandbox.user("alex").id);
    assert_eq!(rest.delete(&owner).await.error(), (403, Some(50_013)));
    let own = rest
        .get(&format!("{guild}/members/{}", sandbox.bot_id()))
        .await
        .json;
    let own = own["roles"][0].as_str().expect("a role").to_owned();
    let own = rest
        .patch(&format!("{guild}/roles/{own}"), &json!({ "name": "x" }))
        .await;
    assert_eq!(own.error(), (403, Some(50_013)));
}

#[tokio::test]
async fn a_channel_that_the_bot_cannot_see_is_missing_access() {
    let (sandbox, rest, guild) = sandbox(Some(KICK_MEMBERS | MANAGE_ROLES)).await;
    let everyone = format!("{guild}/roles/{}", sandbox.guild_id());
    let hidden = rest.patch(&everyone, &json!({ "permissions": "0" })).await;
    assert_eq!(hidden.status, 200, "{}", hidden.json);
    let messages = format!("/channels/{}/messages", sandbox.channel_id());
    assert_eq!(rest.get(&messages).await.error(), (403, Some(50_001)));
    let seen = json!({ "permissions": VIEW_CHANNEL.to_string() });
    rest.patch(&everyone, &seen).await;
    let write = rest.post(&messages, &json!({ "content": "hi" })).await;
    assert_eq!(write.error(), (403, Some(50_013)));
}

#[tokio::test]
async fn a_test_gives_and_takes_roles() {
    let (sandbox, rest, guild) = sandbox(None).await;
    let (ada, mods) = (sandbox.user("ada"), sandbox.role("mods"));
    assert_eq!(sandbox.role("mods"), mods);
    let roles =
        async || rest.get(&format!("{guild}/members/{}", ada.id)).await.json["roles"].clone();
    ada.give_role(&mods).await;
    assert_eq!(roles().await, json!([mods.id]));
    ada.take_role(&mods).await;
    assert_eq!(roles().await, json!([]));
    ada.leave().await;
    assert!(!ada.is_member());
}
