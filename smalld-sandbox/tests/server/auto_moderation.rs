//! Auto moderation: rules, and what they do with messages.

use crate::common::{ALL_INTENTS, Gateway, MESSAGE_CONTENT, Rest};
use serde_json::{Value, json};
use smalld_sandbox::Sandbox;

async fn sandbox() -> (Sandbox, Rest, String) {
    let builder = Sandbox::builder().rate_limits(false);
    let sandbox = builder.start().await.expect("started");
    let rest = Rest::new(&sandbox);
    let rules = format!("/guilds/{}/auto-moderation/rules", sandbox.guild_id());
    (sandbox, rest, rules)
}

fn rule(actions: &Value) -> Value {
    json!({
        "name": "No cats",
        "event_type": 1,
        "trigger_type": 1,
        "trigger_metadata": { "keyword_filter": ["cat*"], "allow_list": ["catalog"] },
        "actions": actions,
        "enabled": true,
    })
}

#[tokio::test]
async fn a_keyword_blocks_a_message_and_silences_its_author() {
    let (sandbox, rest, rules) = sandbox().await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS & !MESSAGE_CONTENT).await;
    let actions = json!([
        { "type": 1 },
        { "type": 3, "metadata": { "duration_seconds": 60 } },
    ]);
    let made = rest.post(&rules, &rule(&actions)).await;
    assert_eq!(made.status, 200, "{}", made.json);
    assert_eq!(
        gateway.dispatch("AUTO_MODERATION_RULE_CREATE").await["d"],
        made.json
    );
    let entry = gateway.dispatch("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(entry["d"]["action_type"], 140);
    let robin = sandbox.user("robin");
    robin.say("#general", "Cats are great").await;
    let executed = gateway.dispatch("AUTO_MODERATION_ACTION_EXECUTION").await;
    assert_eq!(
        (&executed["d"]["matched_keyword"], &executed["d"]["content"]),
        (&json!("cat*"), &json!(""))
    );
    assert_eq!(executed["d"]["message_id"], json!(null));
    let member = gateway.dispatch("GUILD_MEMBER_UPDATE").await;
    assert!(member["d"]["communication_disabled_until"].is_string());
    gateway.dispatch("AUTO_MODERATION_ACTION_EXECUTION").await;
    assert!(sandbox.messages().is_empty());
    // Allowed words, and the owner of the guild, are let through.
    sandbox
        .user("bob")
        .say("#general", "a bobcat in the catalog")
        .await;
    sandbox.user("alex").say("#general", "my cat").await;
    assert_eq!(sandbox.messages().len(), 2);
}

#[tokio::test]
async fn moderators_are_told_where_the_rule_says() {
    let (sandbox, rest, rules) = sandbox().await;
    let mods = sandbox.channel("mods");
    let actions = json!([{ "type": 2, "metadata": { "channel_id": mods } }]);
    let made = rest.post(&rules, &rule(&actions)).await.json;
    sandbox.user("robin").say("#general", "cats").await;
    let alerts = rest.get(&format!("/channels/{mods}/messages")).await.json;
    assert_eq!(
        (&alerts[0]["type"], &alerts[0]["embeds"][0]["description"]),
        (&json!(24), &json!("cats"))
    );
    assert_eq!(sandbox.messages().len(), 1);
    let path = format!("{rules}/{}", made["id"].as_str().expect("an id"));
    let changed = rest.patch(&path, &json!({ "enabled": false })).await;
    assert_eq!(changed.json["enabled"], false);
    sandbox.user("robin").say("#general", "cats").await;
    assert_eq!(sandbox.messages().len(), 2);
    assert_eq!(rest.delete(&path).await.status, 204);
    assert_eq!(rest.get(&path).await.error(), (404, Some(0)));
}

#[tokio::test]
async fn a_rule_is_checked() {
    let (_sandbox, rest, rules) = sandbox().await;
    let errors = async |body: Value| {
        let refused = rest.post(&rules, &body).await;
        assert_eq!(refused.error(), (400, Some(50_035)), "{body}");
        refused.json["errors"].clone()
    };
    let wrong = errors(json!({})).await;
    assert_eq!(
        wrong["trigger_type"]["_errors"][0]["code"],
        "BASE_TYPE_REQUIRED"
    );
    let wrong = errors(rule(&json!([{ "type": 2 }, { "type": 9 }]))).await;
    assert_eq!(
        wrong["actions"]["0"]["metadata"]["_errors"][0]["code"],
        "DICT_TYPE_CONVERT"
    );
    assert_eq!(
        wrong["actions"]["1"]["type"]["_errors"][0]["code"],
        "BASE_TYPE_CHOICES"
    );
    for _ in 0..6 {
        assert_eq!(
            rest.post(&rules, &rule(&json!([{ "type": 1 }])))
                .await
                .status,
            200
        );
    }
    let wrong = errors(rule(&json!([{ "type": 1 }]))).await;
    assert_eq!(
        wrong["_errors"][0]["code"],
        "AUTO_MODERATION_MAX_RULES_OF_TYPE_EXCEEDED"
    );
}
