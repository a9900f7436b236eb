//! Invites, and how users join by them.

use crate::common::{ALL_INTENTS, Gateway, Rest};
use serde_json::json;
use smalld_sandbox::Sandbox;
use std::time::Duration;

async fn sandbox() -> (Sandbox, Rest, String) {
    let builder = Sandbox::builder().rate_limits(false);
    let sandbox = builder.start().await.expect("started");
    let rest = Rest::new(&sandbox);
    let guild = format!("/guilds/{}", sandbox.guild_id());
    (sandbox, rest, guild)
}

#[tokio::test]
async fn an_invite_is_made_accepted_and_used_up() {
    let (sandbox, rest, guild) = sandbox().await;
    let lounge = sandbox.guild("Lounge");
    let ada = lounge.user("ada");
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    gateway.dispatch("GUILD_CREATE").await;
    let invites = format!("/channels/{}/invites", sandbox.channel_id());
    let made = rest.post(&invites, &json!({ "max_uses": 1 })).await;
    assert_eq!((made.status, &made.json["max_age"]), (200, &json!(86_400)));
    let told = gateway.dispatch("INVITE_CREATE").await;
    assert_eq!(
        (&told["d"]["code"], &told["d"]["uses"]),
        (&made.json["code"], &json!(0))
    );
    assert_eq!(told["d"]["guild_id"], sandbox.guild_id());
    gateway.dispatch("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    let code = made.json["code"].as_str().expect("a code");
    // The same terms are the same invite, unless it must be unique.
    let again = rest.post(&invites, &json!({ "max_uses": 1 })).await;
    assert_eq!(again.json["code"], code);
    let shown = rest
        .get(&format!("/invites/{code}?with_counts=true"))
        .await
        .json;
    assert_eq!(
        (&shown["approximate_member_count"], &shown["uses"]),
        (&json!(3), &json!(null))
    );
    assert_eq!(shown["channel"]["name"], "general");
    assert_eq!(rest.get(&invites).await.json[0]["code"], code);
    assert_eq!(
        rest.get(&format!("{guild}/invites")).await.json[0]["uses"],
        0
    );
    assert!(ada.accept_invite(code).await);
    let joined = gateway.dispatch("GUILD_MEMBER_ADD").await;
    assert_eq!(joined["d"]["guild_id"], sandbox.guild_id());
    assert_eq!(gateway.dispatch("INVITE_DELETE").await["d"]["code"], code);
    let gone = rest.get(&format!("/invites/{code}")).await;
    assert_eq!(gone.error(), (404, Some(10_006)));
    assert!(!sandbox.user("bob").accept_invite(code).await);
}

#[tokio::test]
async fn an_invite_expires_or_is_deleted() {
    let (sandbox, rest, guild) = sandbox().await;
    let invites = format!("/channels/{}/invites", sandbox.channel_id());
    let body = json!({ "max_age": 60, "unique": true });
    let short = rest.post(&invites, &body).await.json["code"].clone();
    let short = short.as_str().expect("a code");
    let kept = sandbox.user("ada").invite("#general").await;
    sandbox.advance(Duration::from_secs(61));
    let expired = rest.get(&format!("/invites/{short}")).await;
    assert_eq!(expired.error(), (404, Some(10_006)));
    let deleted = rest.delete(&format!("/invites/{kept}")).await;
    assert_eq!((deleted.status, &deleted.json["code"]), (200, &json!(kept)));
    assert_eq!(rest.get(&format!("{guild}/invites")).await.json, json!([]));
    let wrong = rest.post(&invites, &json!({ "max_uses": 101 })).await;
    assert_eq!(wrong.error(), (400, Some(50_035)));
}

#[tokio::test]
async fn a_user_with_an_access_token_is_added() {
    let (sandbox, rest, guild) = sandbox().await;
    let lounge = sandbox.guild("Lounge");
    let ada = lounge.user("ada");
    let member = format!("{guild}/members/{}", ada.id);
    let wrong = rest
        .send("PUT", &member, &json!({ "access_token": "x" }))
        .await;
    assert_eq!(wrong.error(), (403, Some(50_025)));
    let body = json!({ "access_token": ada.access_token(), "nick": "Countess" });
    let added = rest.send("PUT", &member, &body).await;
    assert_eq!(
        (added.status, &added.json["nick"]),
        (201, &json!("Countess"))
    );
    assert_eq!(rest.send("PUT", &member, &body).await.status, 204);
}
