//! Channels of every type, their permission overwrites, and who sees them.

use crate::common::{ALL_INTENTS, Gateway, Rest};
use serde_json::{Value, json};
use smalld_sandbox::Sandbox;

const VIEW_CHANNEL: u64 = 1 << 10;
const SEND_MESSAGES: u64 = 1 << 11;
const MANAGE_CHANNELS: u64 = 1 << 4;
const MANAGE_ROLES: u64 = 1 << 28;

async fn sandbox(permissions: Option<u64>) -> (Sandbox, Rest, String) {
    let mut builder = Sandbox::builder().rate_limits(false);
    if let Some(bits) = permissions {
        builder = builder.bot_permissions(bits);
    }
    let sandbox = builder.start().await.expect("started");
    let rest = Rest::new(&sandbox);
    let channels = format!("/guilds/{}/channels", sandbox.guild_id());
    (sandbox, rest, channels)
}

fn id(json: &Value) -> String {
    json["id"].as_str().expect("an id").to_owned()
}

fn code<'a>(json: &'a Value, field: &str) -> &'a Value {
    &json["errors"][field]["_errors"][0]["code"]
}

#[tokio::test]
async fn channels_are_made_changed_and_deleted() {
    let (sandbox, rest, channels) = sandbox(None).await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let body = json!({ "name": "Book Club", "topic": "books", "bitrate": 64_000, "junk": 1 });
    let made = rest.post(&channels, &body).await;
    assert_eq!(made.status, 201, "{}", made.json);
    let expected = [
        ("name", json!("book-club")),
        ("type", json!(0)),
        ("topic", json!("books")),
        ("position", json!(1)),
        ("bitrate", Value::Null),
        ("junk", Value::Null),
    ];
    for (key, value) in expected {
        assert_eq!(made.json[key], value, "{key}");
    }
    assert_eq!(gateway.dispatch("CHANNEL_CREATE").await["d"], made.json);
    gateway.dispatch("GUILD_AUDIT_LOG_ENTRY_CREATE").await;

    let path = format!("/channels/{}", id(&made.json));
    let edit = json!({ "topic": null, "nsfw": true, "type": 5, "rate_limit_per_user": 5 });
    let edited = rest.patch(&path, &edit).await.json;
    assert_eq!(
        (&edited["topic"], &edited["nsfw"], &edited["type"]),
        (&Value::Null, &json!(true), &json!(5))
    );
    assert!(edited.get("rate_limit_per_user").is_none());
    assert_eq!(gateway.dispatch("CHANNEL_UPDATE").await["d"], edited);
    gateway.dispatch("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(rest.get(&path).await.json, edited);

    assert_eq!(rest.delete(&path).await.json["id"], made.json["id"]);
    let gone = gateway.dispatch("CHANNEL_DELETE").await;
    assert_eq!(gone["d"]["id"], made.json["id"]);
    assert_eq!(rest.get(&path).await.error(), (404, Some(10_003)));
}

#[tokio::test]
async fn every_type_of_channel_has_its_fields() {
    let (_sandbox, rest, channels) = sandbox(None).await;
    for (kind, field) in [
        (2, "bitrate"),
        (4, "permission_overwrites"),
        (5, "topic"),
        (13, "user_limit"),
        (15, "available_tags"),
        (16, "default_reaction_emoji"),
    ] {
        let body = json!({ "name": "x", "type": kind });
        let made = rest.post(&channels, &body).await;
        assert_eq!((made.status, &made.json["type"]), (201, &json!(kind)));
        assert!(made.json.get(field).is_some(), "{field}: {}", made.json);
    }
    let tags = json!({ "name": "x", "type": 15, "available_tags": [{ "name": "fixed" }] });
    let forum = rest.post(&channels, &tags).await.json;
    let tag = &forum["available_tags"][0];
    assert_eq!(
        (&tag["name"], &tag["moderated"]),
        (&json!("fixed"), &json!(false))
    );
    let path = format!("/channels/{}", id(&forum));
    let more = json!({ "available_tags": [tag, { "name": "open" }] });
    let edited = rest.patch(&path, &more).await.json;
    assert_eq!(edited["available_tags"][0], *tag);
    assert_ne!(edited["available_tags"][1]["id"], tag["id"]);
    // Nobody can write into a forum itself.
    let write = json!({ "content": "hi" });
    let refused = rest.post(&format!("{path}/messages"), &write).await;
    assert_eq!(refused.error(), (400, Some(50_008)));
}

#[tokio::test]
async fn mistakes_in_channels_have_discords_codes() {
    let (sandbox, rest, channels) = sandbox(None).await;
    let wrong = json!({
        "type": 3, "topic": 7, "rate_limit_per_user": 21_601, "parent_id": "x", "nsfw": 1,
        "available_tags": "none",
    });
    let refused = rest.post(&channels, &wrong).await;
    assert_eq!(refused.error(), (400, Some(50_035)));
    for (field, expected) in [
        ("name", "BASE_TYPE_REQUIRED"),
        ("type", "BASE_TYPE_CHOICES"),
        ("topic", "STRING_TYPE_CONVERT"),
        ("rate_limit_per_user", "NUMBER_TYPE_MAX"),
        ("parent_id", "NUMBER_TYPE_COERCE"),
        ("nsfw", "BOOLEAN_TYPE_CONVERT"),
        ("available_tags", "LIST_TYPE_CONVERT"),
    ] {
        assert_eq!(code(&refused.json, field), expected, "{field}");
    }
    let body = json!({ "name": "x", "parent_id": sandbox.channel_id() });
    let refused = rest.post(&channels, &body).await;
    assert_eq!(code(&refused.json, "parent_id"), "CHANNEL_PARENT_INVALID");
    let general = format!("/channels/{}", sandbox.channel_id());
    let refused = rest.patch(&general, &json!({ "type": 2 })).await;
    assert_eq!(code(&refused.json, "type"), "CHANNEL_TYPE_CONVERT_INVALID");
}

#[tokio::test]
async fn channels_move_into_categories_and_lose_them() {
    let (sandbox, rest, channels) = sandbox(None).await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS & !4).await;
    let everyone = sandbox.guild_id();
    let overwrites = json!([{ "id": everyone, "type": 0, "deny": "2048" }]);
    let body = json!({ "name": "Staff", "type": 4, "permission_overwrites": overwrites });
    let category = rest.post(&channels, &body).await.json;
    assert_eq!(category["name"], "Staff");
    gateway.dispatch("CHANNEL_CREATE").await;
    let body = json!({ "name": "inside", "parent_id": category["id"] });
    let inside = rest.post(&channels, &body).await.json;
    assert_eq!(
        inside["permission_overwrites"],
        category["permission_overwrites"]
    );
    gateway.dispatch("CHANNEL_CREATE").await;
    let positions = json!([{
        "id": sandbox.channel_id(), "position": 7, "parent_id": category["id"],
        "lock_permissions": true,
    }]);
    let moved = rest.send("PATCH", &channels, &positions).await;
    assert_eq!(moved.status, 204, "{}", moved.json);
    let moved = gateway.dispatch("CHANNEL_UPDATE").await["d"].clone();
    assert_eq!(
        (&moved["position"], &moved["parent_id"]),
        (&json!(7), &category["id"])
    );
    assert_eq!(
        moved["permission_overwrites"],
        category["permission_overwrites"]
    );
    assert_eq!(
        rest.delete(&format!("/channels/{}", id(&category)))
            .await
            .status,
        200
    );
    gateway.dispatch("CHANNEL_DELETE").await;
    for _ in 0..2 {
        let orphan = gateway.dispatch("CHANNEL_UPDATE").await;
        assert_eq!(orphan["d"]["parent_id"], Value::Null);
    }
}

#[tokio::test]
async fn overwrites_of_everyone_roles_and_members_count_in_this_order() {
    let bits = VIEW_CHANNEL | SEND_MESSAGES | MANAGE_ROLES;
    let (sandbox, rest, _) = sandbox(Some(bits)).await;
    let channel = format!("/channels/{}", sandbox.channel_id());
    let messages = format!("{channel}/messages");
    let member = format!(
        "/guilds/{}/members/{}",
        sandbox.guild_id(),
        sandbox.bot_id()
    );
    let roles = rest.get(&member).await.json["roles"].clone();
    let role = roles[0].as_str().expect("a role").to_owned();
    let write = async || {
        let sent = rest.post(&messages, &json!({ "content": "hi" })).await;
        (sent.status == 200).then_some(()).ok_or(sent.error().1)
    };
    let set = async |target: &str, kind: u64, allow: u64, deny: u64| {
        let body = json!({ "type": kind, "allow": allow.to_string(), "deny": deny.to_string() });
        let path = format!("{channel}/permissions/{target}");
        let set = rest.send("PUT", &path, &body).await;
        assert_eq!(set.status, 204, "{}", set.json);
    };
    assert_eq!(write().await, Ok(()));
    set(sandbox.guild_id(), 0, 0, SEND_MESSAGES).await;
    assert_eq!(write().await, Err(Some(50_013)));
    set(&role, 0, SEND_MESSAGES, 0).await;
    assert_eq!(write().await, Ok(()));
    set(sandbox.bot_id(), 1, 0, SEND_MESSAGES).await;
    assert_eq!(write().await, Err(Some(50_013)));
    let path = format!("{channel}/permissions/{}", sandbox.bot_id());
    assert_eq!(rest.delete(&path).await.status, 204);
    assert_eq!(write().await, Ok(()));
    assert_eq!(rest.delete(&path).await.error(), (404, Some(10_009)));
    // What one may not do, one can neither allow nor deny.
    let body = json!({ "type": 1, "allow": MANAGE_CHANNELS.to_string() });
    let refused = rest.send("PUT", &path, &body).await;
    assert_eq!(refused.error(), (403, Some(50_013)));
    let refused = rest.patch(&channel, &json!({ "name": "x" })).await;
    assert_eq!(refused.error(), (403, Some(50_013)));
}

#[tokio::test]
async fn a_channel_that_the_bot_cannot_see_is_hidden() {
    let bits = VIEW_CHANNEL | SEND_MESSAGES | MANAGE_ROLES;
    let (sandbox, rest, channels) = sandbox(Some(bits)).await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS & !4).await;
    let channel = format!("/channels/{}", sandbox.channel_id());
    let everyone = format!("{channel}/permissions/{}", sandbox.guild_id());
    let deny = json!({ "type": 0, "deny": VIEW_CHANNEL.to_string() });
    assert_eq!(rest.send("PUT", &everyone, &deny).await.status, 204);
    let told = gateway.dispatch("CHANNEL_UPDATE").await["d"].clone();
    assert_eq!(
        (&told["name"], &told["flags"]),
        (&json!("___hidden___"), &json!(1 << 17))
    );
    assert_eq!(rest.get(&channel).await.error(), (403, Some(50_001)));
    assert_eq!(rest.get(&channels).await.json, json!([]));
    // What happens there is not told, and interactions are not affected.
    sandbox.say("unheard");
    sandbox.direct_message("heard");
    let heard = gateway.dispatch("MESSAGE_CREATE").await;
    assert_eq!(heard["d"]["content"], "heard");
}

#[tokio::test]
async fn a_role_can_open_a_channel_to_the_bot() {
    let bits = VIEW_CHANNEL | SEND_MESSAGES | MANAGE_ROLES;
    let (sandbox, rest, _) = sandbox(Some(bits)).await;
    let (role, guild) = (sandbox.role("readers"), sandbox.guild_id());
    let channel = format!("/channels/{}", sandbox.channel_id());
    let allow = json!({ "type": 0, "allow": VIEW_CHANNEL.to_string() });
    let path = format!("{channel}/permissions/{}", role.id);
    assert_eq!(rest.send("PUT", &path, &allow).await.status, 204);
    let deny = json!({ "type": 0, "deny": VIEW_CHANNEL.to_string() });
    let path = format!("{channel}/permissions/{guild}");
    assert_eq!(rest.send("PUT", &path, &deny).await.status, 204);
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS & !4).await;
    let path = format!(
        "/guilds/{guild}/members/{}/roles/{}",
        sandbox.bot_id(),
        role.id
    );
    assert_eq!(rest.put(&path).await.status, 204);
    gateway.dispatch("GUILD_MEMBER_UPDATE").await;
    let seen = gateway.dispatch("CHANNEL_UPDATE").await;
    assert_eq!(seen["d"]["name"], "general");
}

#[tokio::test]
async fn a_voice_channel_has_a_status() {
    let (sandbox, rest, channels) = sandbox(None).await;
    let body = json!({ "name": "Lounge", "type": 2 });
    let voice = rest.post(&channels, &body).await.json;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let path = format!("/channels/{}/voice-status", id(&voice));
    let set = rest
        .send("PUT", &path, &json!({ "status": "reading" }))
        .await;
    assert_eq!(set.status, 204);
    let told = gateway.dispatch("VOICE_CHANNEL_STATUS_UPDATE").await;
    assert_eq!(
        (&told["d"]["id"], &told["d"]["status"]),
        (&voice["id"], &json!("reading"))
    );
    let general = format!("/channels/{}", sandbox.channel_id());
    let status = json!({ "status": null });
    let refused = rest
        .send("PUT", &format!("{general}/voice-status"), &status)
        .await;
    assert_eq!(refused.error(), (400, Some(50_024)));
}
