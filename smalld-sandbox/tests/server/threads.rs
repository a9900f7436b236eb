//! Threads: how they begin, who is in them, who may do what, and when they are archived.

use std::time::Duration;

use crate::common::{ALL_INTENTS, Gateway, Rest};
use serde_json::{Value, json};
use smalld_sandbox::Sandbox;

const VIEW_CHANNEL: u64 = 1 << 10;
const SEND_MESSAGES: u64 = 1 << 11;
const READ_MESSAGE_HISTORY: u64 = 1 << 16;
const SEND_IN_THREADS: u64 = 1 << 38;
const GUILD_MEMBERS: u64 = 1 << 1;
/// All intents but that of the audit log.
const INTENTS: u64 = ALL_INTENTS & !4;

async fn sandbox(permissions: Option<u64>) -> (Sandbox, Rest, String) {
    let mut builder = Sandbox::builder().rate_limits(false);
    if let Some(bits) = permissions {
        builder = builder.bot_permissions(bits);
    }
    let sandbox = builder.start().await.expect("started");
    let rest = Rest::new(&sandbox);
    let general = format!("/channels/{}", sandbox.channel_id());
    (sandbox, rest, general)
}

fn id(json: &Value) -> String {
    json["id"].as_str().expect("an id").to_owned()
}

/// A public thread that the bot begins.
async fn thread(rest: &Rest, parent: &str) -> String {
    let body = json!({ "name": "talk", "type": 11 });
    let made = rest.post(&format!("{parent}/threads"), &body).await;
    assert_eq!(made.status, 201, "{}", made.json);
    format!("/channels/{}", id(&made.json))
}

/// Only what the bot's own role grants counts: `@everyone` can do nothing.
async fn strip_everyone(sandbox: &Sandbox) {
    let rest = Rest::new(sandbox);
    let guild = sandbox.guild_id();
    let nothing = json!({ "permissions": "0" });
    let path = format!("/guilds/{guild}/roles/{guild}");
    assert_eq!(rest.patch(&path, &nothing).await.status, 200);
}

#[tokio::test]
async fn a_thread_begins_with_a_message() {
    let (sandbox, rest, general) = sandbox(None).await;
    let (mut gateway, _) = Gateway::ready(&sandbox, INTENTS).await;
    let message = sandbox.say("a question");
    gateway.dispatch("MESSAGE_CREATE").await;
    let path = format!("{general}/messages/{message}");
    let body = json!({ "name": "answers", "auto_archive_duration": 60 });
    let made = rest.post(&format!("{path}/threads"), &body).await;
    assert_eq!(made.status, 201, "{}", made.json);
    let thread = made.json;
    assert_eq!(
        (&thread["id"], &thread["type"]),
        (&json!(message), &json!(11))
    );
    assert_eq!(thread["parent_id"], sandbox.channel_id());
    assert_eq!(thread["thread_metadata"]["auto_archive_duration"], 60);
    assert_eq!(thread["member"]["user_id"], sandbox.bot_id());
    let told = gateway.dispatch("THREAD_CREATE").await;
    assert_eq!(
        (&told["d"]["id"], &told["d"]["newly_created"]),
        (&thread["id"], &json!(true))
    );
    assert_eq!(gateway.dispatch("MESSAGE_UPDATE").await["d"]["flags"], 32);
    let starter = gateway.dispatch("MESSAGE_CREATE").await;
    assert_eq!(
        (
            &starter["d"]["type"],
            &starter["d"]["referenced_message"]["content"]
        ),
        (&json!(21), &json!("a question"))
    );
    assert_eq!(rest.get(&path).await.json["thread"]["name"], "answers");
    let again = rest.post(&format!("{path}/threads"), &body).await;
    assert_eq!(again.error(), (400, Some(160_004)));
    // Without it, the message has no mark any longer.
    let deleted = rest.delete(&format!("/channels/{message}")).await;
    assert_eq!(deleted.status, 200);
    let told = gateway.dispatch("THREAD_DELETE").await["d"].clone();
    let expected = json!({
        "id": message, "guild_id": sandbox.guild_id(), "parent_id": sandbox.channel_id(), "type": 11,
    });
    assert_eq!(told, expected);
    assert_eq!(rest.get(&path).await.json["flags"], 0);
}

#[tokio::test]
async fn writing_in_a_thread_joins_it() {
    let (sandbox, rest, general) = sandbox(None).await;
    let (mut gateway, _) = Gateway::ready(&sandbox, INTENTS).await;
    let path = thread(&rest, &general).await;
    gateway.dispatch("THREAD_CREATE").await;
    let announced = gateway.dispatch("MESSAGE_CREATE").await;
    assert_eq!(
        (&announced["d"]["type"], &announced["d"]["content"]),
        (&json!(18), &json!("talk"))
    );
    let ada = sandbox.user("ada");
    gateway.dispatch("GUILD_MEMBER_ADD").await;
    ada.say("talk", "hi").await;
    let said = gateway.dispatch("MESSAGE_CREATE").await;
    assert_eq!(said["d"]["channel_type"], 11);
    let joined = gateway.dispatch("THREAD_MEMBERS_UPDATE").await;
    assert_eq!(
        (
            &joined["d"]["added_members"][0]["user_id"],
            &joined["d"]["member_count"]
        ),
        (&json!(ada.id), &json!(2))
    );
    let thread = rest.get(&path).await.json;
    assert_eq!(
        (&thread["message_count"], &thread["member_count"]),
        (&json!(1), &json!(2))
    );
    let members = rest
        .get(&format!("{path}/thread-members?with_member=true"))
        .await
        .json;
    assert_eq!(members.as_array().map(Vec::len), Some(2));
    assert_eq!(members[1]["member"]["user"]["username"], "ada");
}

#[tokio::test]
async fn members_come_and_go() {
    let (sandbox, rest, general) = sandbox(None).await;
    let path = thread(&rest, &general).await;
    let robin = format!("{path}/thread-members/{}", sandbox.user("robin").id);
    assert_eq!(rest.get(&robin).await.error(), (404, Some(10_007)));
    assert_eq!(rest.put(&robin).await.status, 204);
    assert_eq!(rest.get(&robin).await.json["flags"], 1);
    assert_eq!(rest.delete(&robin).await.status, 204);
    assert_eq!(rest.get(&robin).await.error(), (404, Some(10_007)));
    let own = format!("{path}/thread-members/@me");
    assert_eq!(rest.delete(&own).await.status, 204);
    assert!(rest.get(&path).await.json.get("member").is_none());
    assert_eq!(rest.put(&own).await.status, 204);
    let general = format!("{general}/thread-members/@me");
    assert_eq!(rest.put(&general).await.error(), (400, Some(50_024)));
}

#[tokio::test]
async fn without_the_intent_for_members_a_bot_hears_only_of_itself() {
    let (sandbox, rest, general) = sandbox(None).await;
    let path = thread(&rest, &general).await;
    let (mut gateway, _) = Gateway::ready(&sandbox, INTENTS & !GUILD_MEMBERS).await;
    let robin = sandbox.user("robin").id;
    assert_eq!(
        rest.put(&format!("{path}/thread-members/{robin}"))
            .await
            .status,
        204
    );
    assert_eq!(
        rest.delete(&format!("{path}/thread-members/@me"))
            .await
            .status,
        204
    );
    let told = gateway.dispatch("THREAD_MEMBERS_UPDATE").await;
    assert_eq!(told["d"]["removed_member_ids"], json!([sandbox.bot_id()]));
}

#[tokio::test]
async fn posts_of_a_forum_have_tags_and_a_first_message() {
    let (sandbox, rest, _) = sandbox(None).await;
    let body = json!({
        "name": "help", "type": 15, "flags": 16, "available_tags": [{ "name": "open" }],
    });
    let forum = rest
        .post(&format!("/guilds/{}/channels", sandbox.guild_id()), &body)
        .await
        .json;
    let posts = format!("/channels/{}/threads", id(&forum));
    let (mut gateway, _) = Gateway::ready(&sandbox, INTENTS).await;
    let tag = &forum["available_tags"][0]["id"];
    let body = json!({ "name": "crash", "message": { "content": "help!" }, "applied_tags": [tag] });
    let post = rest.post(&posts, &body).await.json;
    assert_eq!(
        (&post["message"]["id"], &post["applied_tags"]),
        (&post["id"], &json!([tag]))
    );
    assert_eq!(post["message_count"], 0);
    gateway.dispatch("THREAD_CREATE").await;
    let first = gateway.dispatch("MESSAGE_CREATE").await;
    assert_eq!(
        (&first["d"]["id"], &first["d"]["channel_id"]),
        (&post["id"], &post["id"])
    );
    let code = async |change: Value| {
        let mut body = body.clone();
        body.as_object_mut()
            .expect("an object")
            .extend(change.as_object().expect("one").clone());
        rest.post(&posts, &body).await
    };
    assert_eq!(
        code(json!({ "applied_tags": [] })).await.error(),
        (400, Some(40_067))
    );
    assert_eq!(
        code(json!({ "applied_tags": ["1"] })).await.error(),
        (404, Some(10_087))
    );
    let empty = code(json!({ "message": {} })).await;
    assert_eq!(empty.error(), (400, Some(50_006)));
    let long = code(json!({ "message": { "content": "x".repeat(2001) } }))
        .await
        .json;
    let nested = &long["errors"]["message"]["content"]["_errors"][0]["code"];
    assert_eq!(nested, "BASE_TYPE_MAX_LENGTH");
}

#[tokio::test]
async fn an_idle_thread_is_archived_and_opens_again() {
    let (sandbox, rest, general) = sandbox(None).await;
    let path = thread(&rest, &general).await;
    let (mut gateway, _) = Gateway::ready(&sandbox, INTENTS).await;
    sandbox.advance(Duration::from_secs(1440 * 60 + 1));
    let told = gateway.dispatch("THREAD_UPDATE").await;
    assert_eq!(told["d"]["thread_metadata"]["archived"], true);
    let archived = rest
        .get(&format!("{general}/threads/archived/public"))
        .await
        .json;
    assert_eq!(archived["threads"][0]["name"], "talk");
    assert_eq!(archived["members"][0]["user_id"], sandbox.bot_id());
    let active = format!("/guilds/{}/threads/active", sandbox.guild_id());
    assert_eq!(rest.get(&active).await.json["threads"], json!([]));
    let refused = rest.patch(&path, &json!({ "name": "x" })).await;
    assert_eq!(refused.error(), (400, Some(50_083)));
    let messages = format!("{path}/messages");
    assert_eq!(
        rest.post(&messages, &json!({ "content": "hi" }))
            .await
            .status,
        200
    );
    let told = gateway.dispatch("THREAD_UPDATE").await;
    assert_eq!(told["d"]["thread_metadata"]["archived"], false);
    assert_eq!(rest.get(&active).await.json["threads"][0]["name"], "talk");
    let found = rest
        .get(&format!("{general}/threads/search?name=TAL"))
        .await
        .json;
    assert_eq!(
        (&found["total_results"], &found["threads"][0]["name"]),
        (&json!(1), &json!("talk"))
    );
}

#[tokio::test]
async fn a_locked_thread_is_only_for_those_who_manage_threads() {
    let bits = VIEW_CHANNEL | SEND_IN_THREADS | READ_MESSAGE_HISTORY | 1 << 35 | 1 << 28;
    let (sandbox, rest, general) = sandbox(Some(bits)).await;
    let path = thread(&rest, &general).await;
    strip_everyone(&sandbox).await;
    let messages = format!("{path}/messages");
    let write = json!({ "content": "hi" });
    // In a thread, the permission to send messages is another one than in the channel.
    assert_eq!(rest.post(&messages, &write).await.status, 200);
    let refused = rest.post(&format!("{general}/messages"), &write).await;
    assert_eq!(refused.error(), (403, Some(50_013)));
    // The owner renames and archives, but does not lock.
    let renamed = rest
        .patch(&path, &json!({ "name": "x", "archived": true }))
        .await;
    assert_eq!(renamed.json["thread_metadata"]["archived"], true);
    let refused = rest
        .patch(&path, &json!({ "locked": true, "archived": false }))
        .await;
    assert_eq!(refused.error(), (403, Some(50_013)));
    assert_eq!(rest.delete(&path).await.error(), (403, Some(50_013)));
}

#[tokio::test]
async fn private_threads_are_for_their_members() {
    let bits = VIEW_CHANNEL | SEND_MESSAGES | SEND_IN_THREADS | READ_MESSAGE_HISTORY | 1 << 36;
    let (sandbox, rest, general) = sandbox(Some(bits)).await;
    let (mut gateway, _) = Gateway::ready(&sandbox, INTENTS).await;
    let made = rest
        .post(&format!("{general}/threads"), &json!({ "name": "secret" }))
        .await
        .json;
    assert_eq!(
        (&made["type"], &made["thread_metadata"]["invitable"]),
        (&json!(12), &json!(true))
    );
    gateway.dispatch("THREAD_CREATE").await;
    let path = format!("/channels/{}", id(&made));
    assert_eq!(
        rest.delete(&format!("{path}/thread-members/@me"))
            .await
            .status,
        204
    );
    gateway.dispatch("THREAD_MEMBERS_UPDATE").await;
    assert_eq!(rest.get(&path).await.error(), (403, Some(50_001)));
    // What is said there does not reach the bot any longer.
    sandbox.user("alex").say("secret", "unheard").await;
    sandbox.say("heard");
    assert_eq!(
        gateway.dispatch("MESSAGE_CREATE").await["d"]["content"],
        "heard"
    );
}

#[tokio::test]
async fn active_threads_come_with_the_guild_and_with_access() {
    let (sandbox, rest, general) = sandbox(Some(VIEW_CHANNEL | 1 << 28 | 1 << 35)).await;
    thread(&rest, &general).await;
    let mut gateway = Gateway::greeted(&sandbox).await;
    gateway
        .send(&crate::common::identify(sandbox.token(), INTENTS))
        .await;
    gateway.dispatch("READY").await;
    let guild = gateway.dispatch("GUILD_CREATE").await;
    assert_eq!(guild["d"]["threads"][0]["name"], "talk");
    let readers = sandbox.role("readers");
    gateway.dispatch("GUILD_ROLE_CREATE").await;
    let bits = VIEW_CHANNEL.to_string();
    for (role, overwrite) in [
        (readers.id.as_str(), json!({ "type": 0, "allow": bits })),
        (sandbox.guild_id(), json!({ "type": 0, "deny": bits })),
    ] {
        let path = format!("{general}/permissions/{role}");
        assert_eq!(rest.send("PUT", &path, &overwrite).await.status, 204);
        gateway.dispatch("CHANNEL_UPDATE").await;
    }
    let active = format!("/guilds/{}/threads/active", sandbox.guild_id());
    assert_eq!(rest.get(&active).await.json["threads"], json!([]));
    let bot = format!(
        "/guilds/{}/members/{}",
        sandbox.guild_id(),
        sandbox.bot_id()
    );
    assert_eq!(
        rest.put(&format!("{bot}/roles/{}", readers.id))
            .await
            .status,
        204
    );
    gateway.dispatch("GUILD_MEMBER_UPDATE").await;
    gateway.dispatch("CHANNEL_UPDATE").await;
    let synced = gateway.dispatch("THREAD_LIST_SYNC").await["d"].clone();
    assert_eq!(synced["channel_ids"], json!([sandbox.channel_id()]));
    assert_eq!(synced["threads"][0]["name"], "talk");
    assert_eq!(synced["members"][0]["user_id"], sandbox.bot_id());
}
