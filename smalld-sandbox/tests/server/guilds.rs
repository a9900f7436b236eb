//! Several guilds: their shards, their members, joining and leaving.

use crate::common::{ALL_INTENTS, Gateway, Rest, identify};
use serde_json::{Value, json};
use smalld_sandbox::Sandbox;
use std::time::Duration;

const GUILD_PRESENCES: u64 = 1 << 8;

async fn sandbox() -> (Sandbox, Rest) {
    let builder = Sandbox::builder().rate_limits(false);
    let builder = builder.identify_window(Duration::ZERO);
    let sandbox = builder.start().await.expect("started");
    let rest = Rest::new(&sandbox);
    (sandbox, rest)
}

/// Identifies as one of two shards, and receives everything up to the last `GUILD_CREATE`.
async fn shard(sandbox: &Sandbox, id: u64, guilds: usize) -> (Gateway, Vec<Value>) {
    let mut gateway = Gateway::greeted(sandbox).await;
    let mut payload = identify(sandbox.token(), ALL_INTENTS);
    payload["d"]["shard"] = json!([id, 2]);
    gateway.send(&payload).await;
    let ready = gateway.dispatch("READY").await;
    assert_eq!(ready["d"]["guilds"].as_array().map(Vec::len), Some(guilds));
    let mut created = Vec::new();
    for _ in 0..guilds {
        let guild = gateway.dispatch("GUILD_CREATE").await;
        created.push(guild["d"]["name"].clone());
    }
    (gateway, created)
}

#[tokio::test]
async fn each_guild_belongs_to_its_shard() {
    let (sandbox, _) = sandbox().await;
    let (one, two) = (sandbox.guild("One"), sandbox.guild("Two"));
    assert_eq!(sandbox.guild("One"), one);
    let home = sandbox.guild("Sandbox");
    assert_eq!(home.id, sandbox.guild_id());
    let (even, odd) = (home.shard(2), one.shard(2));
    assert_eq!((even + odd, two.shard(2)), (1, even));
    let (mut of_even, names) = shard(&sandbox, even, 2).await;
    assert_eq!(names, ["Sandbox", "Two"]);
    let (mut of_odd, names) = shard(&sandbox, odd, 1).await;
    assert_eq!(names, ["One"]);
    one.user("ada").say("#general", "in one").await;
    two.user("bob").say("#general", "in two").await;
    for (gateway, guild, text) in [
        (&mut of_odd, &one, "in one"),
        (&mut of_even, &two, "in two"),
    ] {
        gateway.dispatch("GUILD_MEMBER_ADD").await;
        let message = gateway.dispatch("MESSAGE_CREATE").await;
        let d = &message["d"];
        assert_eq!(
            (&d["guild_id"], &d["content"]),
            (&json!(guild.id), &json!(text))
        );
    }
    // Direct messages belong to shard 0.
    sandbox.user("alex").direct_message("hi").await;
    let zero = if even == 0 { &mut of_even } else { &mut of_odd };
    assert_eq!(zero.dispatch("MESSAGE_CREATE").await["d"]["content"], "hi");
}

#[tokio::test]
async fn a_guild_has_its_own_channels_roles_and_members() {
    let (sandbox, rest) = sandbox().await;
    let lounge = sandbox.guild("Lounge");
    let (ada, mods) = (lounge.user("ada"), lounge.role("mods"));
    assert!(ada.is_member() && !sandbox.user("alex").name.is_empty());
    ada.give_role(&mods).await;
    let member = rest
        .get(&format!("/guilds/{}/members/{}", lounge.id, ada.id))
        .await;
    assert_eq!(member.json["roles"], json!([mods.id]));
    let elsewhere = format!("/guilds/{}/members/{}", sandbox.guild_id(), ada.id);
    assert_eq!(rest.get(&elsewhere).await.error(), (404, Some(10_007)));
    let roles = rest
        .get(&format!("/guilds/{}/roles", sandbox.guild_id()))
        .await;
    assert!(!roles.json.to_string().contains("mods"));
    let welcome = lounge.channel("welcome");
    let channels = rest
        .get(&format!("/guilds/{}/channels", lounge.id))
        .await
        .json;
    assert_eq!(channels[1]["id"], welcome);
    assert_eq!(channels[1]["guild_id"], lounge.id);
    // The same user in the other guild, once a test says so.
    let at_home = sandbox.user("ada");
    assert!(at_home == ada && at_home.is_member());
    ada.leave().await;
    assert!(!ada.is_member() && at_home.is_member());
    assert!(!lounge.user("ada").is_member(), "who left stays outside");
}

#[tokio::test]
async fn a_bot_joins_and_leaves_a_guild() {
    let (sandbox, rest) = sandbox().await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS & !GUILD_PRESENCES).await;
    let lounge = sandbox.guild("Lounge");
    let ada = lounge.user("ada");
    let created = gateway.dispatch("GUILD_CREATE").await;
    assert_eq!(created["d"]["id"], lounge.id);
    assert_eq!(created["d"]["members"].as_array().map(Vec::len), Some(1));
    assert_eq!(created["d"]["presences"], json!([]));
    gateway.dispatch("GUILD_MEMBER_ADD").await;
    lounge.remove_bot();
    let deleted = gateway.dispatch("GUILD_DELETE").await;
    assert_eq!(deleted["d"], json!({ "id": lounge.id }));
    assert!(!lounge.has_bot());
    ada.say("#general", "nobody hears it").await;
    let guild = format!("/guilds/{}", lounge.id);
    assert_eq!(rest.get(&guild).await.error(), (404, Some(10_004)));
    let channels = rest.get(&format!("{guild}/channels")).await;
    assert_eq!(channels.error(), (403, Some(50_001)));
    let messages = format!("/channels/{}/messages", lounge.channel("general"));
    assert_eq!(rest.get(&messages).await.error(), (403, Some(50_001)));
    lounge.add_bot();
    gateway.dispatch("GUILD_CREATE").await;
    assert_eq!(rest.get(&guild).await.status, 200);
}

#[tokio::test]
async fn an_outage_hides_a_guild() {
    let (sandbox, _) = sandbox().await;
    let lounge = sandbox.guild("Lounge");
    let (mut gateway, ready) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    assert_eq!(ready["guilds"].as_array().map(Vec::len), Some(2));
    gateway.dispatch("GUILD_CREATE").await;
    lounge.begin_outage();
    let gone = gateway.dispatch("GUILD_DELETE").await;
    assert_eq!(gone["d"], json!({ "id": lounge.id, "unavailable": true }));
    let (mut second, ready) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    assert_eq!(ready["guilds"][1]["unavailable"], true);
    lounge.user("alex").say("#general", "nobody hears it").await;
    lounge.end_outage();
    for gateway in [&mut gateway, &mut second] {
        assert_eq!(gateway.dispatch("GUILD_CREATE").await["d"]["id"], lounge.id);
    }
}
