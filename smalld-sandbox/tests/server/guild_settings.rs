//! What a bot reads and changes of a guild and of itself.

use crate::common::{ALL_INTENTS, Gateway, Rest};
use serde_json::json;
use smalld_sandbox::Sandbox;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

async fn sandbox() -> (Sandbox, Rest, String) {
    let builder = Sandbox::builder().rate_limits(false);
    let sandbox = builder.start().await.expect("started");
    let rest = Rest::new(&sandbox);
    let guild = format!("/guilds/{}", sandbox.guild_id());
    (sandbox, rest, guild)
}

#[tokio::test]
async fn a_guild_is_renamed_and_counted() {
    let (sandbox, rest, guild) = sandbox().await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let body = json!({ "name": "Harbour", "system_channel_id": sandbox.channel_id() });
    let edited = rest.patch(&guild, &body).await;
    assert_eq!(
        (edited.status, &edited.json["name"]),
        (200, &json!("Harbour"))
    );
    assert_eq!(gateway.dispatch("GUILD_UPDATE").await["d"], edited.json);
    let entry = gateway.dispatch("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(
        (
            &entry["d"]["action_type"],
            entry["d"]["changes"].as_array().map(Vec::len)
        ),
        (&json!(1), Some(2))
    );
    let counted = rest.get(&format!("{guild}?with_counts=true")).await.json;
    assert_eq!(counted["approximate_member_count"], 3);
    let wrong = rest
        .patch(
            &guild,
            &json!({ "name": "x", "afk_timeout": 7, "rules_channel_id": "1" }),
        )
        .await;
    assert_eq!(wrong.error(), (400, Some(50_035)));
    assert_eq!(
        wrong.json["errors"]["name"]["_errors"][0]["code"],
        "BASE_TYPE_BAD_LENGTH"
    );
    assert_eq!(
        wrong.json["errors"]["afk_timeout"]["_errors"][0]["code"],
        "BASE_TYPE_CHOICES"
    );
    let wrong = rest
        .patch(&guild, &json!({ "rules_channel_id": "1" }))
        .await;
    assert_eq!(
        wrong.json["errors"]["rules_channel_id"]["_errors"][0]["code"],
        "BASE_TYPE_INVALID"
    );
    let preview = rest.get(&format!("{guild}/preview")).await.json;
    assert_eq!(
        (&preview["name"], &preview["approximate_presence_count"]),
        (&json!("Harbour"), &json!(3))
    );
}

#[tokio::test]
async fn a_bot_lists_and_leaves_its_guilds() {
    let (sandbox, rest, _) = sandbox().await;
    let (one, two) = (sandbox.guild("One"), sandbox.guild("Two"));
    let ids = async |query: &str| {
        let guilds = rest.get(&format!("/users/@me/guilds?{query}")).await.json;
        let guilds = guilds.as_array().expect("a list").iter();
        guilds
            .map(|guild| guild["id"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let home = sandbox.guild_id().to_owned();
    assert_eq!(
        ids("").await,
        [home.clone(), one.id.clone(), two.id.clone()]
    );
    assert_eq!(ids("limit=1").await.join(","), home);
    let after = ids(&format!("after={home}&limit=1")).await;
    assert_eq!(after.join(","), one.id);
    let before = ids(&format!("before={}&limit=1", two.id)).await;
    assert_eq!(before.join(","), one.id);
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    gateway.dispatch("GUILD_CREATE").await;
    gateway.dispatch("GUILD_CREATE").await;
    let own = format!("/users/@me/guilds/{}", one.id);
    assert_eq!(rest.delete(&own).await.status, 204);
    assert_eq!(gateway.dispatch("GUILD_DELETE").await["d"]["id"], one.id);
    assert_eq!(rest.delete(&own).await.error(), (404, Some(10_004)));
    let integrations = format!("/guilds/{}/integrations", two.id);
    let integration = rest.get(&integrations).await.json[0]["id"].clone();
    let integration = integration.as_str().expect("an id");
    assert_eq!(
        rest.delete(&format!("{integrations}/{integration}"))
            .await
            .status,
        204
    );
    assert_eq!(ids("").await, [home]);
    assert_eq!(
        rest.get("/users/@me/connections").await.error(),
        (403, Some(20_001))
    );
}

#[tokio::test]
async fn a_bot_renames_itself_on_every_shard() {
    let (sandbox, rest, _) = sandbox().await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let body = json!({ "username": "pongbot", "avatar": "data:image/png;base64,iVBORw0KGgo=" });
    let me = rest.patch("/users/@me", &body).await;
    assert_eq!(me.json["username"], "pongbot");
    assert_eq!(me.json["avatar"].as_str().map(str::len), Some(32));
    assert_eq!(gateway.dispatch("USER_UPDATE").await["d"], me.json);
    let member = gateway.dispatch("GUILD_MEMBER_UPDATE").await;
    assert_eq!(member["d"]["user"]["username"], "pongbot");
    let wrong = rest.patch("/users/@me", &json!({ "username": "x" })).await;
    assert_eq!(wrong.error(), (400, Some(50_035)));
}

#[tokio::test]
async fn members_who_are_away_are_pruned() {
    let (sandbox, rest, guild) = sandbox().await;
    let (ada, bob) = (sandbox.user("ada"), sandbox.user("bob"));
    let (mods, regulars) = (sandbox.role("mods"), sandbox.role("regulars"));
    sandbox.user("robin").give_role(&mods).await;
    bob.give_role(&regulars).await;
    let prune = format!("{guild}/prune");
    assert_eq!(rest.get(&prune).await.json, json!({ "pruned": 0 }));
    sandbox.advance(8 * DAY);
    ada.say("#general", "still here").await;
    let with_role = format!("{prune}?days=7&include_roles={}", regulars.id);
    assert_eq!(rest.get(&with_role).await.json, json!({ "pruned": 1 }));
    let wrong = rest.get(&format!("{prune}?days=31")).await;
    assert_eq!(wrong.error(), (400, Some(50_035)));
    let body = json!({ "days": 7, "include_roles": [regulars.id] });
    assert_eq!(rest.post(&prune, &body).await.json, json!({ "pruned": 1 }));
    assert!(!bob.is_member() && ada.is_member() && sandbox.user("robin").is_member());
    let counts = rest.get(&format!("{guild}/roles/member-counts")).await.json;
    assert_eq!(
        (&counts[&mods.id], &counts[&regulars.id]),
        (&json!(1), &json!(0))
    );
}

#[tokio::test]
async fn newcomers_and_the_public_see_what_was_set() {
    let (sandbox, rest, guild) = sandbox().await;
    let channel = sandbox.channel_id();
    let screen = format!("{guild}/welcome-screen");
    let body = json!({
        "enabled": true,
        "description": "hello",
        "welcome_channels": [{ "channel_id": channel, "description": "talk", "emoji_name": "👋" }],
    });
    assert_eq!(rest.patch(&screen, &body).await.status, 200);
    let shown = rest.get(&screen).await.json;
    assert_eq!(shown["welcome_channels"][0]["emoji_id"], json!(null));
    let wrong = json!({ "welcome_channels": [{ "channel_id": channel }] });
    let wrong = rest.patch(&screen, &wrong).await.json;
    let code = &wrong["errors"]["welcome_channels"]["0"]["description"]["_errors"][0]["code"];
    assert_eq!(code, "BASE_TYPE_REQUIRED");
    let onboarding = format!("{guild}/onboarding");
    let body = json!({
        "enabled": true,
        "default_channel_ids": [channel],
        "prompts": [{ "id": "0", "title": "Who are you?", "options": [{ "title": "A cat" }] }],
    });
    let set = rest.send("PUT", &onboarding, &body).await;
    assert_eq!(
        (set.status, &set.json["prompts"][0]["in_onboarding"]),
        (200, &json!(true))
    );
    assert_ne!(set.json["prompts"][0]["id"], "0");
    assert_eq!(rest.get(&onboarding).await.json, set.json);
    let widget = format!("{guild}/widget.json");
    assert_eq!(rest.get(&widget).await.error(), (403, Some(50_004)));
    let body = json!({ "enabled": true, "channel_id": channel });
    assert_eq!(
        rest.patch(&format!("{guild}/widget"), &body).await.json,
        body
    );
    assert_eq!(rest.get(&widget).await.json["presence_count"], 3);
    assert_eq!(
        rest.get(&format!("{guild}/vanity-url")).await.json["uses"],
        0
    );
    assert_eq!(
        rest.get(&format!("{guild}/new-member-welcome"))
            .await
            .status,
        204
    );
    let until = json!({ "invites_disabled_until": "2999-01-01T00:00:00Z" });
    let incidents = rest
        .send("PUT", &format!("{guild}/incident-actions"), &until)
        .await;
    assert_eq!(incidents.json["dms_disabled_until"], json!(null));
    assert_eq!(
        rest.get(&guild).await.json["incidents_data"],
        incidents.json
    );
}
