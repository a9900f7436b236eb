//! The bot's application: its description, entitlements, command permissions, lobbies; and the rest of a
//! guild: templates, soundboard, search.

use crate::common::{ALL_INTENTS, Gateway, Rest};
use serde_json::json;
use smalld_sandbox::Sandbox;

async fn sandbox() -> (Sandbox, Rest, String) {
    let builder = Sandbox::builder().rate_limits(false);
    let sandbox = builder.start().await.expect("started");
    let rest = Rest::new(&sandbox);
    let application = format!("/applications/{}", sandbox.bot_id());
    (sandbox, rest, application)
}

#[tokio::test]
async fn an_application_is_described() {
    let (_sandbox, rest, application) = sandbox().await;
    let edited = rest
        .patch(
            "/applications/@me",
            &json!({ "description": "Pong", "tags": ["a"] }),
        )
        .await;
    assert_eq!(edited.json["description"], "Pong");
    assert_eq!(rest.get(&application).await.json, edited.json);
    assert_eq!(rest.get("/oauth2/applications/@me").await.json, edited.json);
    assert_eq!(rest.get("/oauth2/@me").await.error(), (401, Some(50_025)));
    let metadata = format!("{application}/role-connections/metadata");
    let record = json!({ "type": 1, "key": "wins", "name": "Wins", "description": "How many" });
    let set = rest.send("PUT", &metadata, &json!([record])).await;
    assert_eq!((set.status, &set.json), (200, &json!([record])));
    let wrong = rest
        .send("PUT", &metadata, &json!([{ "type": 9, "key": "wins" }]))
        .await;
    assert_eq!(
        wrong.json["errors"]["0"]["type"]["_errors"][0]["code"],
        "BASE_TYPE_CHOICES"
    );
    assert_eq!(rest.get(&metadata).await.json, json!([record]));
}

#[tokio::test]
async fn a_test_entitlement_is_made_consumed_and_deleted() {
    let (sandbox, rest, application) = sandbox().await;
    let (mut gateway, _) = Gateway::ready(&sandbox, 1).await;
    let entitlements = format!("{application}/entitlements");
    let body = json!({ "sku_id": "7", "owner_id": sandbox.user("alex").id, "owner_type": 2 });
    let made = rest.post(&entitlements, &body).await;
    assert_eq!((made.status, &made.json["type"]), (200, &json!(8)));
    assert_eq!(gateway.dispatch("ENTITLEMENT_CREATE").await["d"], made.json);
    let path = format!(
        "{entitlements}/{}",
        made.json["id"].as_str().expect("an id")
    );
    assert_eq!(
        rest.post(&format!("{path}/consume"), &json!({}))
            .await
            .status,
        204
    );
    assert_eq!(
        gateway.dispatch("ENTITLEMENT_UPDATE").await["d"]["consumed"],
        true
    );
    assert_eq!(
        rest.get(&format!("{application}/skus")).await.json[0]["id"],
        "7"
    );
    assert_eq!(rest.delete(&path).await.status, 204);
    assert_eq!(
        gateway.dispatch("ENTITLEMENT_DELETE").await["d"]["deleted"],
        true
    );
    assert_eq!(rest.get(&entitlements).await.json, json!([]));
    let all = rest
        .get(&format!("{entitlements}?exclude_deleted=false"))
        .await
        .json;
    assert_eq!(all.as_array().map(Vec::len), Some(1));
    let unknown = rest.get(&format!("{entitlements}/1")).await;
    assert_eq!(unknown.error(), (404, Some(10_029)));
    assert_eq!(rest.get("/skus/7/subscriptions").await.json, json!([]));
}

#[tokio::test]
async fn people_decide_who_may_use_a_command() {
    let (sandbox, rest, application) = sandbox().await;
    let (mut gateway, _) = Gateway::ready(&sandbox, 1).await;
    let command = json!({ "name": "warn", "description": "Warns" });
    let command = rest
        .post(&format!("{application}/commands"), &command)
        .await
        .json;
    let id = command["id"].as_str().expect("an id");
    let home = sandbox.guild("Sandbox");
    let mods = home.role("mods");
    gateway.dispatch("GUILD_ROLE_CREATE").await;
    home.permit_command("warn", &mods, false);
    let told = gateway
        .dispatch("APPLICATION_COMMAND_PERMISSIONS_UPDATE")
        .await;
    assert_eq!(
        told["d"]["permissions"],
        json!([{ "id": mods.id, "type": 1, "permission": false }])
    );
    let commands = format!("{application}/guilds/{}/commands", home.id);
    let path = format!("{commands}/{id}/permissions");
    assert_eq!(rest.get(&path).await.json, told["d"]);
    assert_eq!(
        rest.get(&format!("{commands}/permissions")).await.json,
        json!([told["d"]])
    );
    let refused = rest.send("PUT", &path, &json!({ "permissions": [] })).await;
    assert_eq!(refused.error(), (403, Some(20_001)));
    let none = rest.get(&format!("{commands}/1/permissions")).await;
    assert_eq!(none.error(), (404, Some(10_066)));
}

#[tokio::test]
async fn a_guild_has_one_template() {
    let (sandbox, rest, _) = sandbox().await;
    let guild = format!("/guilds/{}", sandbox.guild_id());
    let templates = format!("{guild}/templates");
    let made = rest.post(&templates, &json!({ "name": "Harbour" })).await;
    assert_eq!(made.json["serialized_source_guild"]["channels"][0]["id"], 0);
    assert_eq!(
        rest.post(&templates, &json!({ "name": "x" })).await.error(),
        (400, Some(30_031))
    );
    let code = made.json["code"].as_str().expect("a code");
    let path = format!("{templates}/{code}");
    assert_eq!(
        rest.patch(&path, &json!({ "name": "Port" })).await.json["name"],
        "Port"
    );
    rest.patch(&guild, &json!({ "name": "Elsewhere" })).await;
    let synced = rest.put(&path).await.json;
    assert_eq!(synced["serialized_source_guild"]["name"], "Elsewhere");
    assert_eq!(
        rest.get(&format!("/guilds/templates/{code}")).await.json,
        synced
    );
    assert_eq!(rest.delete(&path).await.status, 200);
    assert_eq!(rest.delete(&path).await.error(), (404, Some(10_057)));
}

#[tokio::test]
async fn a_soundboard_has_sounds() {
    let (sandbox, rest, _) = sandbox().await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let sounds = format!("/guilds/{}/soundboard-sounds", sandbox.guild_id());
    let body = json!({ "name": "ping", "sound": "data:audio/ogg;base64,T2dn", "volume": 0.5 });
    let made = rest.post(&sounds, &body).await;
    assert_eq!(
        (made.status, &made.json["volume"]),
        (201, &json!(0.5)),
        "{}",
        made.json
    );
    assert_eq!(
        gateway.dispatch("GUILD_SOUNDBOARD_SOUND_CREATE").await["d"],
        made.json
    );
    gateway.dispatch("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    gateway
        .send(&json!({ "op": 31, "d": { "guild_ids": [sandbox.guild_id()] } }))
        .await;
    let asked = gateway.dispatch("SOUNDBOARD_SOUNDS").await;
    assert_eq!(asked["d"]["soundboard_sounds"], json!([made.json]));
    let id = made.json["sound_id"].as_str().expect("an id");
    let path = format!("{sounds}/{id}");
    assert_eq!(
        rest.patch(&path, &json!({ "name": "pong" })).await.json["name"],
        "pong"
    );
    assert_eq!(rest.get(&sounds).await.json["items"][0]["name"], "pong");
    assert_eq!(rest.delete(&path).await.status, 204);
    assert_eq!(rest.get(&path).await.error(), (404, Some(10_097)));
    let wrong = rest
        .post(
            &sounds,
            &json!({ "name": "ping", "sound": "x", "volume": 2 }),
        )
        .await;
    assert_eq!(wrong.error(), (400, Some(50_035)));
    assert_eq!(
        rest.get("/soundboard-default-sounds").await.json[0]["name"],
        "quack"
    );
}

#[tokio::test]
async fn a_lobby_has_members() {
    let (sandbox, rest, _) = sandbox().await;
    let (ada, bob) = (
        sandbox.user("ada").id.clone(),
        sandbox.user("bob").id.clone(),
    );
    let body = json!({ "metadata": { "map": "river" }, "members": [{ "id": ada }] });
    let made = rest.post("/lobbies", &body).await;
    assert_eq!(
        (made.status, &made.json["members"][0]["id"]),
        (201, &json!(ada))
    );
    let lobby = format!("/lobbies/{}", made.json["id"].as_str().expect("an id"));
    let member = format!("{lobby}/members/{bob}");
    assert_eq!(
        rest.send("PUT", &member, &json!({ "flags": 1 })).await.json["flags"],
        1
    );
    let bulk = json!([{ "id": ada, "remove_member": true }]);
    assert_eq!(
        rest.post(&format!("{lobby}/members/bulk"), &bulk)
            .await
            .json,
        json!([])
    );
    let edited = rest.patch(&lobby, &json!({ "metadata": null })).await.json;
    assert_eq!(
        (&edited["metadata"], &edited["members"][0]["id"]),
        (&json!(null), &json!(bob))
    );
    assert_eq!(rest.delete(&member).await.status, 204);
    assert_eq!(rest.delete(&lobby).await.status, 204);
    assert_eq!(rest.get(&lobby).await.error(), (404, Some(10_031)));
    assert_eq!(
        rest.send("PUT", "/lobbies", &json!({})).await.error(),
        (403, Some(20_001))
    );
}

#[tokio::test]
async fn messages_are_searched() {
    let (sandbox, rest, _) = sandbox().await;
    let (ada, bob) = (sandbox.user("ada"), sandbox.user("bob"));
    for (user, text) in [(&ada, "a cat"), (&bob, "a Cat and a dog"), (&bob, "a dog")] {
        user.say("#general", text).await;
    }
    let search = format!("/guilds/{}/messages/search", sandbox.guild_id());
    let cats = rest.get(&format!("{search}?content=cat")).await.json;
    assert_eq!(
        (&cats["total_results"], &cats["messages"][0][0]["content"]),
        (&json!(2), &json!("a Cat and a dog"))
    );
    let by_bob = rest
        .get(&format!("{search}?author_id={}&limit=1&offset=1", bob.id))
        .await
        .json;
    assert_eq!(
        (
            &by_bob["total_results"],
            by_bob["messages"].as_array().map(Vec::len)
        ),
        (&json!(2), Some(1))
    );
    assert_eq!(
        rest.get(&format!("{search}?offset=x")).await.error(),
        (400, Some(50_035))
    );
    let elsewhere = sandbox.guild("Lounge");
    let nothing = rest
        .get(&format!("/guilds/{}/messages/search", elsewhere.id))
        .await
        .json;
    assert_eq!(nothing["total_results"], 0);
    assert_eq!(
        rest.get(&format!("/guilds/{}/requests", elsewhere.id))
            .await
            .json["total"],
        0
    );
}
