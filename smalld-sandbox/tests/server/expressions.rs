//! Emojis of guilds and of the application, stickers, and reactions with them.

use crate::common::{ALL_INTENTS, Answer, Gateway, Rest};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use smalld_sandbox::Sandbox;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const PNG_URI: &str = "data:image/png;base64,iVBORw0KGgo=";

async fn sandbox() -> (Sandbox, Rest, String) {
    sandbox_with(u64::MAX >> 13).await
}

/// A sandbox whose bot has these permissions besides those of everybody.
async fn sandbox_with(permissions: u64) -> (Sandbox, Rest, String) {
    let builder = Sandbox::builder().rate_limits(false);
    let builder = builder.bot_permissions(permissions);
    let sandbox = builder.start().await.expect("started");
    let rest = Rest::new(&sandbox);
    let guild = format!("/guilds/{}", sandbox.guild_id());
    (sandbox, rest, guild)
}

#[tokio::test]
async fn an_emoji_is_made_used_renamed_and_deleted() {
    let (sandbox, rest, guild) = sandbox().await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let emojis = format!("{guild}/emojis");
    let body = json!({ "name": "lamp", "image": PNG_URI });
    let made = rest.post(&emojis, &body).await;
    assert_eq!((made.status, &made.json["name"]), (201, &json!("lamp")));
    assert_eq!(
        (&made.json["animated"], &made.json["roles"]),
        (&json!(false), &json!([]))
    );
    let told = gateway.dispatch("GUILD_EMOJIS_UPDATE").await;
    assert_eq!(told["d"]["emojis"], json!([made.json]));
    let entry = gateway.dispatch("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(entry["d"]["action_type"], 60);
    assert_eq!(
        entry["d"]["changes"],
        json!([{ "key": "name", "new_value": "lamp" }])
    );
    assert_eq!(rest.get(&guild).await.json["emojis"], json!([made.json]));
    // A reaction with it.
    let id = made.json["id"].as_str().expect("an id");
    let said = sandbox.say("shine");
    gateway.dispatch("MESSAGE_CREATE").await;
    let message = format!("/channels/{}/messages/{said}", sandbox.channel_id());
    let reaction = format!("{message}/reactions/lamp%3A{id}/@me");
    assert_eq!(rest.put(&reaction).await.status, 204);
    let told = gateway.dispatch("MESSAGE_REACTION_ADD").await;
    assert_eq!(
        told["d"]["emoji"],
        json!({ "id": id, "name": "lamp", "animated": false })
    );
    let unknown = rest.put(&format!("{message}/reactions/lamp%3A1/@me")).await;
    assert_eq!(unknown.error(), (400, Some(10_014)));
    let emoji = format!("{emojis}/{id}");
    let renamed = rest.patch(&emoji, &json!({ "name": "bulb" })).await;
    assert_eq!(renamed.json["name"], "bulb");
    gateway.dispatch("GUILD_EMOJIS_UPDATE").await;
    let entry = gateway.dispatch("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    let change = json!([{ "key": "name", "old_value": "lamp", "new_value": "bulb" }]);
    assert_eq!(entry["d"]["changes"], change);
    assert_eq!(rest.delete(&emoji).await.status, 204);
    assert_eq!(
        gateway.dispatch("GUILD_EMOJIS_UPDATE").await["d"]["emojis"],
        json!([])
    );
    assert_eq!(rest.get(&emoji).await.error(), (404, Some(10_014)));
}

#[tokio::test]
async fn an_emoji_needs_a_name_a_picture_and_a_permission() {
    let (_sandbox, rest, guild) = sandbox_with(1 << 28).await;
    let emojis = format!("{guild}/emojis");
    let code = async |body: Value, field: &str| {
        let refused = rest.post(&emojis, &body).await;
        assert_eq!(refused.error(), (400, Some(50_035)), "{body}");
        refused.json["errors"][field]["_errors"][0]["code"].clone()
    };
    assert_eq!(
        code(json!({ "name": "lamp" }), "image").await,
        "BASE_TYPE_REQUIRED"
    );
    let body = json!({ "name": "lamp", "image": "https://example.org/lamp.png" });
    assert_eq!(code(body, "image").await, "IMAGE_INVALID");
    let body = json!({ "name": "l", "image": PNG_URI });
    assert_eq!(code(body, "name").await, "BASE_TYPE_BAD_LENGTH");
    let body = json!({ "name": "a lamp", "image": PNG_URI });
    assert_eq!(code(body, "name").await, "STRING_TYPE_REGEX");
    let large = format!("data:image/png;base64,{}", "A".repeat(400_000));
    let body = json!({ "name": "lamp", "image": large });
    assert_eq!(code(body, "image").await, "BINARY_TYPE_MAX_SIZE");
    let body = json!({ "name": "lamp", "image": PNG_URI });
    for _ in 0..50 {
        assert_eq!(rest.post(&emojis, &body).await.status, 201);
    }
    assert_eq!(rest.post(&emojis, &body).await.error(), (400, Some(30_008)));
    let gif = json!({ "name": "lamp", "image": "data:image/gif;base64,R0lGODdh" });
    assert_eq!(rest.post(&emojis, &gif).await.json["animated"], true);
    let silent = json!({ "permissions": "0" });
    let guild_id = guild.strip_prefix("/guilds/").unwrap_or_default();
    rest.patch(&format!("{guild}/roles/{guild_id}"), &silent)
        .await;
    let refused = rest.post(&emojis, &body).await;
    assert_eq!(refused.error(), (403, Some(50_013)));
}

#[tokio::test]
async fn the_application_has_emojis_of_its_own() {
    let (sandbox, rest, guild) = sandbox().await;
    let emojis = format!("/applications/{}/emojis", sandbox.bot_id());
    let body = json!({ "name": "lamp", "image": PNG_URI });
    let made = rest.post(&emojis, &body).await;
    assert_eq!(made.status, 201, "{}", made.json);
    assert_eq!(
        rest.get(&emojis).await.json,
        json!({ "items": [made.json] })
    );
    assert_eq!(rest.get(&format!("{guild}/emojis")).await.json, json!([]));
    let other = format!("/applications/{}/emojis", sandbox.guild_id());
    assert_eq!(rest.get(&other).await.error(), (404, Some(10_002)));
}

#[tokio::test]
async fn a_sticker_is_uploaded_changed_and_deleted() {
    let (sandbox, rest, guild) = sandbox().await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let stickers = format!("{guild}/stickers");
    let upload = async |bytes: &'static [u8]| {
        let file = Part::bytes(bytes).file_name("cat.png");
        let form = Form::new()
            .text("name", "cat")
            .text("tags", "cat")
            .text("description", "");
        let form = form.part("file", file);
        Answer::of(rest.request(Method::POST, &stickers).multipart(form)).await
    };
    let made = upload(PNG).await;
    assert_eq!(
        (made.status, &made.json["format_type"]),
        (201, &json!(1)),
        "{}",
        made.json
    );
    let told = gateway.dispatch("GUILD_STICKERS_UPDATE").await;
    assert_eq!(told["d"]["stickers"], json!([made.json]));
    assert_eq!(upload(b"text").await.error(), (400, Some(50_046)));
    let id = made.json["id"].as_str().expect("an id");
    assert_eq!(rest.get(&format!("/stickers/{id}")).await.json, made.json);
    let sticker = format!("{stickers}/{id}");
    let renamed = rest.patch(&sticker, &json!({ "name": "dog" })).await;
    assert_eq!(renamed.json["name"], "dog");
    let short = rest.patch(&sticker, &json!({ "name": "d" })).await;
    assert_eq!(short.error(), (400, Some(50_035)));
    assert_eq!(rest.delete(&sticker).await.status, 204);
    assert_eq!(rest.get(&sticker).await.error(), (404, Some(10_060)));
    let without_file = rest.post(&stickers, &json!({})).await;
    assert_eq!(without_file.error(), (400, Some(50_035)));
}
