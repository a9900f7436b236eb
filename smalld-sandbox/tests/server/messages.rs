//! Pins, bulk deletion, reactions of others, and hidden embeds.

use std::time::Duration;

use crate::common::{ALL_INTENTS, Gateway, Rest};
use serde_json::json;
use smalld_sandbox::Sandbox;

const VIEW_CHANNEL: u64 = 1 << 10;
/// All intents but that of the audit log.
const INTENTS: u64 = ALL_INTENTS & !4;
const DAY: Duration = Duration::from_secs(86_400);

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

#[tokio::test]
async fn messages_are_pinned_listed_and_unpinned() {
    let (sandbox, rest, general) = sandbox(None).await;
    let (mut gateway, _) = Gateway::ready(&sandbox, INTENTS).await;
    let ids = ["one", "two"].map(|text| sandbox.say(text));
    for _ in &ids {
        gateway.dispatch("MESSAGE_CREATE").await;
    }
    for (id, route) in ids.iter().zip(["messages/pins", "pins"]) {
        assert_eq!(
            rest.put(&format!("{general}/{route}/{id}")).await.status,
            204
        );
        assert_eq!(
            gateway.dispatch("MESSAGE_UPDATE").await["d"]["pinned"],
            true
        );
        let told = gateway.dispatch("CHANNEL_PINS_UPDATE").await;
        assert!(told["d"]["last_pin_timestamp"].is_string(), "{told}");
        let notice = gateway.dispatch("MESSAGE_CREATE").await["d"].clone();
        assert_eq!(
            (&notice["type"], &notice["message_reference"]["message_id"]),
            (&json!(6), &json!(id))
        );
        sandbox.advance(Duration::from_secs(1));
    }
    // Doing so again changes nothing.
    assert_eq!(
        rest.put(&format!("{general}/pins/{}", ids[0])).await.status,
        204
    );
    let page = rest
        .get(&format!("{general}/messages/pins?limit=1"))
        .await
        .json;
    assert_eq!(
        (&page["has_more"], &page["items"][0]["message"]["content"]),
        (&json!(true), &json!("two"))
    );
    let before = page["items"][0]["pinned_at"]
        .as_str()
        .expect("a time")
        .replace('+', "%2B");
    let next = rest
        .get(&format!("{general}/messages/pins?before={before}"))
        .await
        .json;
    assert_eq!(
        (&next["has_more"], &next["items"][0]["message"]["content"]),
        (&json!(false), &json!("one"))
    );
    let old = rest.get(&format!("{general}/pins")).await.json;
    assert_eq!(old.as_array().map(Vec::len), Some(2));
    assert_eq!(
        rest.delete(&format!("{general}/messages/pins/{}", ids[1]))
            .await
            .status,
        204
    );
    assert_eq!(
        gateway.dispatch("MESSAGE_UPDATE").await["d"]["pinned"],
        false
    );
    gateway.dispatch("CHANNEL_PINS_UPDATE").await;
    let unknown = rest.put(&format!("{general}/pins/1")).await;
    assert_eq!(unknown.error(), (404, Some(10_008)));
}

#[tokio::test]
async fn many_messages_are_deleted_at_once() {
    let (sandbox, rest, general) = sandbox(None).await;
    let (mut gateway, _) = Gateway::ready(&sandbox, INTENTS).await;
    let mut ids: Vec<String> = (0..3).map(|n| sandbox.say(n.to_string())).collect();
    for _ in &ids {
        gateway.dispatch("MESSAGE_CREATE").await;
    }
    let path = format!("{general}/messages/bulk-delete");
    let delete = async |ids: &[String]| rest.post(&path, &json!({ "messages": ids })).await;
    let few = delete(&ids[..1]).await.json;
    let code = &few["errors"]["messages"]["_errors"][0]["code"];
    assert_eq!(code, "BASE_TYPE_BAD_LENGTH");
    let kept = ids.pop().expect("three");
    assert_eq!(delete(&ids).await.status, 204);
    let told = gateway.dispatch("MESSAGE_DELETE_BULK").await;
    assert_eq!(told["d"]["ids"], json!(ids));
    assert_eq!(sandbox.messages().len(), 1);
    sandbox.advance(15 * DAY);
    let young = sandbox.say("young");
    assert_eq!(delete(&[kept, young]).await.error(), (400, Some(50_034)));
    assert_eq!(sandbox.messages().len(), 2);
}

#[tokio::test]
async fn moderators_remove_the_reactions_of_others() {
    let (sandbox, rest, general) = sandbox(None).await;
    let (mut gateway, _) = Gateway::ready(&sandbox, INTENTS).await;
    let (alex, robin) = (sandbox.user("alex"), sandbox.user("robin"));
    let message = sandbox.say("hi");
    gateway.dispatch("MESSAGE_CREATE").await;
    for (user, emoji) in [(&alex, "👍"), (&robin, "👍"), (&robin, "🎉"), (&alex, "🎈")] {
        user.react(&message, emoji).await;
        gateway.dispatch("MESSAGE_REACTION_ADD").await;
    }
    let reactions = format!("{general}/messages/{message}/reactions");
    let list = async |query: &str| {
        let listed = rest
            .get(&format!("{reactions}/%F0%9F%91%8D?{query}"))
            .await
            .json;
        listed.as_array().map(Vec::len)
    };
    assert_eq!(list("").await, Some(2));
    assert_eq!(list(&format!("after={}", alex.id)).await, Some(1));
    assert_eq!(list("type=1").await, Some(0));
    let of_robin = format!("{reactions}/%F0%9F%91%8D/{}", robin.id);
    assert_eq!(rest.delete(&of_robin).await.status, 204);
    let told = gateway.dispatch("MESSAGE_REACTION_REMOVE").await;
    assert_eq!(told["d"]["user_id"], robin.id);
    let of_emoji = format!("{reactions}/%F0%9F%91%8D");
    assert_eq!(rest.delete(&of_emoji).await.status, 204);
    let told = gateway.dispatch("MESSAGE_REACTION_REMOVE_EMOJI").await;
    assert_eq!(told["d"]["emoji"]["name"], "👍");
    assert_eq!(rest.delete(&reactions).await.status, 204);
    let told = gateway.dispatch("MESSAGE_REACTION_REMOVE_ALL").await;
    assert_eq!(told["d"]["message_id"], message);
    assert!(sandbox.messages()[0].get("reactions").is_none());
}

#[tokio::test]
async fn a_moderator_hides_the_embeds_of_others_and_changes_nothing_else() {
    let (sandbox, rest, general) = sandbox(None).await;
    let said = sandbox.say("a link");
    let path = format!("{general}/messages/{said}");
    let hidden = rest.patch(&path, &json!({ "flags": 4 })).await;
    assert_eq!((hidden.status, &hidden.json["flags"]), (200, &json!(4)));
    let other = rest.patch(&path, &json!({ "content": "x" })).await;
    assert_eq!(other.error(), (403, Some(50_005)));
    let body = json!({ "embeds": [{ "title": "own" }], "flags": 4 });
    let own = rest.post(&format!("{general}/messages"), &body).await.json;
    assert_eq!(own["embeds"], json!([]));
    let path = format!("{general}/messages/{}", own["id"].as_str().expect("an id"));
    let shown = rest.patch(&path, &json!({ "flags": 0 })).await.json;
    assert_eq!(shown["embeds"][0]["title"], "own");
}

#[tokio::test]
async fn moderation_of_messages_needs_permissions() {
    let (sandbox, rest, general) = sandbox(Some(VIEW_CHANNEL)).await;
    let said = sandbox.say("hi");
    let message = format!("{general}/messages/{said}");
    for (method, path) in [
        ("PUT", format!("{general}/messages/pins/{said}")),
        ("DELETE", format!("{general}/pins/{said}")),
        ("DELETE", format!("{message}/reactions")),
        ("DELETE", format!("{message}/reactions/%F0%9F%91%8D")),
        ("POST", format!("{general}/messages/bulk-delete")),
        ("PATCH", message),
    ] {
        let refused = rest.send(method, &path, &json!({ "flags": 4 })).await;
        assert_eq!(refused.error(), (403, Some(50_013)), "{method} {path}");
    }
}
