//! The gateway over real sockets: how sessions begin, what they get, and how they end.

use std::time::Duration;

use crate::common::{
    ALL_INTENTS, Gateway, MESSAGE_CONTENT, Received, TIMEOUT, general_url, identify, resume,
    without_identify_limit,
};
use serde_json::{Value, json};
use smalld_sandbox::{Happening, Sandbox};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;

#[tokio::test]
async fn identifying_brings_ready_and_the_guild() {
    let sandbox = Sandbox::start().await.expect("started");
    let mut gateway = Gateway::greeted(&sandbox).await;
    gateway.send(&identify(sandbox.token(), ALL_INTENTS)).await;
    let ready = gateway.dispatch("READY").await;
    assert_eq!(ready["s"], 1);
    assert_eq!(ready["d"]["user"]["id"], sandbox.bot_id());
    assert_eq!(ready["d"]["user"]["bot"], true);
    assert_eq!(
        ready["d"]["guilds"],
        json!([{ "id": sandbox.guild_id(), "unavailable": true }])
    );
    assert_eq!(ready["d"]["application"]["id"], sandbox.bot_id());
    assert!(ready["d"].get("shard").is_none());
    let guild = gateway.dispatch("GUILD_CREATE").await;
    assert_eq!(
        (&guild["s"], &guild["d"]["id"]),
        (&json!(2), &json!(sandbox.guild_id()))
    );
    assert_eq!(guild["d"]["channels"][0]["id"], sandbox.channel_id());
    assert_eq!(guild["d"]["channels"][0]["name"], "general");
    assert_eq!(guild["d"]["members"].as_array().map(Vec::len), Some(3));
    assert_eq!((sandbox.identifies(), sandbox.connected()), (1, 1));
    assert!(sandbox.wait_until_ready(Duration::ZERO).await);
}

#[tokio::test]
async fn hello_asks_for_the_interval_that_was_chosen() {
    let usual = Sandbox::start().await.expect("started");
    let hello = Gateway::connect(&general_url(&usual)).await.payload().await;
    assert_eq!(hello["d"]["heartbeat_interval"], 41_250);
    let builder = Sandbox::builder().heartbeat_interval(Duration::from_millis(500));
    let short = builder.start().await.expect("started");
    let hello = Gateway::connect(&general_url(&short)).await.payload().await;
    assert_eq!(hello["d"]["heartbeat_interval"], 500);
}

#[tokio::test]
async fn heartbeats_are_acknowledged_before_and_after_identifying() {
    let sandbox = Sandbox::start().await.expect("started");
    let mut gateway = Gateway::greeted(&sandbox).await;
    gateway.send(&json!({ "op": 1, "d": null })).await;
    assert_eq!(gateway.payload().await["op"], 11);
    let (mut gateway, _) = Gateway::ready(&sandbox, 0).await;
    gateway.send(&json!({ "op": 1, "d": 1 })).await;
    assert_eq!(gateway.payload().await["op"], 11);
}

#[tokio::test]
async fn a_bot_without_a_heartbeat_is_closed_with_4009_and_loses_its_session() {
    let builder = Sandbox::builder().heartbeat_interval(Duration::from_millis(10));
    let sandbox = builder.start().await.expect("started");
    let (mut gateway, ready) = Gateway::ready(&sandbox, 0).await;
    assert_eq!(gateway.closed().await, Some(4009));
    let mut again = Gateway::greeted(&sandbox).await;
    again
        .send(&resume(sandbox.token(), &ready["session_id"], 1))
        .await;
    assert_eq!(again.payload().await["op"], 9);
}

#[tokio::test]
async fn a_token_with_its_prefix_is_accepted_and_a_wrong_one_is_4004() {
    let sandbox = Sandbox::builder()
        .token("chosen")
        .start()
        .await
        .expect("started");
    assert_eq!(sandbox.token(), "chosen");
    let mut gateway = Gateway::greeted(&sandbox).await;
    gateway.send(&identify("Bot chosen", 0)).await;
    gateway.dispatch("READY").await;
    let mut gateway = Gateway::greeted(&sandbox).await;
    gateway.send(&identify("guessed", 0)).await;
    assert_eq!(gateway.closed().await, Some(4004));
    assert_eq!(sandbox.identifies(), 1);
}

#[tokio::test]
async fn every_mistake_has_its_close_code() {
    let sandbox = Sandbox::builder()
        .granted_intents(0)
        .start()
        .await
        .expect("started");
    let with = |key: &str, value: Value| {
        let mut payload = identify(sandbox.token(), 0);
        payload["d"][key] = value;
        payload.to_string()
    };
    let mistakes = [
        (4001, json!({ "op": 77, "d": null }).to_string()),
        (4002, "no json".to_owned()),
        (4002, with("padding", json!("x".repeat(4096)))),
        (
            4003,
            json!({ "op": 3, "d": { "status": "idle" } }).to_string(),
        ),
        (4010, with("shard", json!([2, 2]))),
        (4013, with("intents", json!(1 << 17))),
        (4014, with("intents", json!(MESSAGE_CONTENT))),
    ];
    for (code, text) in mistakes {
        let mut gateway = Gateway::greeted(&sandbox).await;
        gateway.send_text(&text).await;
        assert_eq!(gateway.closed().await, Some(code), "{text}");
    }
}

#[tokio::test]
async fn identifying_twice_is_4005() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, _) = Gateway::ready(&sandbox, 0).await;
    gateway.send(&identify(sandbox.token(), 0)).await;
    assert_eq!(gateway.closed().await, Some(4005));
}

#[tokio::test]
async fn the_payload_after_120_is_4008() {
    let sandbox = Sandbox::start().await.expect("started");
    let mut gateway = Gateway::greeted(&sandbox).await;
    for _ in 0..121 {
        gateway.send(&json!({ "op": 1, "d": null })).await;
    }
    for _ in 0..120 {
        assert_eq!(gateway.payload().await["op"], 11);
    }
    assert_eq!(gateway.closed().await, Some(4008));
}

#[tokio::test]
async fn other_versions_are_4012_and_other_encodings_and_compressions_are_refused() {
    let sandbox = Sandbox::start().await.expect("started");
    let url = general_url(&sandbox);
    let (socket, _) = connect_async(format!("{url}/?v=9&encoding=json"))
        .await
        .expect("upgraded");
    let mut old = Gateway::from(socket);
    assert_eq!(old.closed().await, Some(4012));
    for query in ["v=10&encoding=etf", "v=10&encoding=json&compress=gzip"] {
        match connect_async(format!("{url}/?{query}")).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), 400, "{query}"),
            other => panic!("{query}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn missed_events_are_replayed_on_the_resume_url() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, ready) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    sandbox.say("one");
    assert_eq!(gateway.dispatch("MESSAGE_CREATE").await["s"], 3);
    sandbox.cut();
    assert_eq!(gateway.closed().await, None);
    sandbox.say("two");
    sandbox.dispatch("SOMETHING_NEW", json!({ "x": 1 }));

    let url = ready["resume_gateway_url"].as_str().expect("a url");
    assert_ne!(url, general_url(&sandbox));
    let mut gateway = Gateway::connect(url).await;
    assert_eq!(gateway.payload().await["op"], 10);
    gateway
        .send(&resume(sandbox.token(), &ready["session_id"], 3))
        .await;
    let missed = gateway.dispatch("MESSAGE_CREATE").await;
    assert_eq!(
        (&missed["s"], &missed["d"]["content"]),
        (&json!(4), &json!("two"))
    );
    assert_eq!(
        gateway.dispatch("SOMETHING_NEW").await["d"],
        json!({ "x": 1 })
    );
    assert_eq!(gateway.dispatch("RESUMED").await["s"], 6);
    sandbox.say("three");
    assert_eq!(gateway.dispatch("MESSAGE_CREATE").await["s"], 7);
    assert_eq!((sandbox.identifies(), sandbox.resumes()), (1, 1));
    assert_eq!(
        (sandbox.connections(), sandbox.connections_to_resume_url()),
        (2, 1)
    );
}

#[tokio::test]
async fn an_impossible_resume_is_op_9_and_one_from_the_future_4007() {
    let sandbox = without_identify_limit().await;
    let (_first, ready) = Gateway::ready(&sandbox, 0).await;
    let mut gateway = Gateway::greeted(&sandbox).await;
    gateway
        .send(&resume(sandbox.token(), &json!("foreign"), 1))
        .await;
    let invalid = gateway.payload().await;
    assert_eq!((&invalid["op"], &invalid["d"]), (&json!(9), &json!(false)));
    // The same connection may identify now.
    gateway.send(&identify(sandbox.token(), 0)).await;
    gateway.dispatch("READY").await;
    let mut gateway = Gateway::greeted(&sandbox).await;
    gateway
        .send(&resume(sandbox.token(), &ready["session_id"], 99))
        .await;
    assert_eq!(gateway.closed().await, Some(4007));
    assert_eq!(sandbox.resumes(), 0);
}

#[tokio::test]
async fn sessions_end_with_1000_and_outlive_4000() {
    let sandbox = without_identify_limit().await;
    for (code, op) in [(1000, 9), (4000, 0)] {
        let (mut gateway, ready) = Gateway::ready(&sandbox, 0).await;
        gateway.close(code).await;
        assert!(
            sandbox
                .wait_until(|sandbox| sandbox.connected() == 0, TIMEOUT)
                .await
        );
        let mut gateway = Gateway::greeted(&sandbox).await;
        gateway
            .send(&resume(sandbox.token(), &ready["session_id"], 1))
            .await;
        assert_eq!(gateway.payload().await["op"], op, "{code}");
        gateway.close(1000).await;
        assert!(
            sandbox
                .wait_until(|sandbox| sandbox.connected() == 0, TIMEOUT)
                .await
        );
    }
}

#[tokio::test]
async fn invalidated_sessions_are_gone() {
    let sandbox = Sandbox::start().await.expect("started");
    let (_open, ready) = Gateway::ready(&sandbox, 0).await;
    sandbox.invalidate_sessions();
    let mut gateway = Gateway::greeted(&sandbox).await;
    gateway
        .send(&resume(sandbox.token(), &ready["session_id"], 1))
        .await;
    assert_eq!(gateway.payload().await["op"], 9);
}

#[tokio::test]
async fn a_close_code_comes_after_queued_events() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    sandbox.say("last words");
    sandbox.close(4000);
    assert_eq!(
        gateway.dispatch("MESSAGE_CREATE").await["d"]["content"],
        "last words"
    );
    assert!(matches!(
        gateway.receive().await,
        Received::Closed(Some(4000))
    ));
}

#[tokio::test]
async fn anything_can_be_sent_raw() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, _) = Gateway::ready(&sandbox, 0).await;
    sandbox.send_raw("{ garbage");
    assert!(matches!(gateway.receive().await, Received::Raw(text) if text == "{ garbage"));
    sandbox.send_raw(r#"{"op":7,"d":null}"#);
    assert_eq!(gateway.payload().await["op"], 7);
}

#[tokio::test]
async fn events_go_to_sessions_with_their_intents() {
    const DIRECT_MESSAGES: u64 = 1 << 12;
    const GUILD_MESSAGE_REACTIONS: u64 = 1 << 10;
    let sandbox = without_identify_limit().await;
    let (mut direct, _) = Gateway::ready(&sandbox, DIRECT_MESSAGES).await;
    let (mut reactions, _) = Gateway::ready(&sandbox, GUILD_MESSAGE_REACTIONS).await;
    let said = sandbox.say("in the guild");
    sandbox.direct_message("between us");
    sandbox.react(&said, "👍");
    let message = direct.dispatch("MESSAGE_CREATE").await;
    assert_eq!(message["d"]["content"], "between us");
    assert!(message["d"].get("guild_id").is_none() && message["d"].get("member").is_none());
    let reaction = reactions.dispatch("MESSAGE_REACTION_ADD").await;
    assert_eq!(reaction["s"], 2);
    assert_eq!(reaction["d"]["emoji"], json!({ "id": null, "name": "👍" }));
    assert_eq!(reaction["d"]["message_id"], said);
    assert_eq!(reaction["d"]["user_id"], sandbox.user("alex").id);
    assert_eq!(
        reaction["d"]["member"]["user"]["username"],
        sandbox.user("alex").name
    );
}

#[tokio::test]
async fn content_is_withheld_without_the_intent() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS & !MESSAGE_CONTENT).await;
    sandbox.say("secret");
    assert_eq!(gateway.dispatch("MESSAGE_CREATE").await["d"]["content"], "");
    let mention = format!("<@{}> hello", sandbox.bot_id());
    sandbox.say(mention.as_str());
    let message = gateway.dispatch("MESSAGE_CREATE").await;
    assert_eq!(message["d"]["content"], mention);
    assert_eq!(message["d"]["mentions"][0]["id"], sandbox.bot_id());
    sandbox.direct_message("for you alone");
    assert_eq!(
        gateway.dispatch("MESSAGE_CREATE").await["d"]["content"],
        "for you alone"
    );
}

#[tokio::test]
async fn members_are_sent_in_a_chunk_with_the_nonce() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let d = json!({ "guild_id": sandbox.guild_id(), "query": "", "limit": 0, "nonce": "n1" });
    gateway.send(&json!({ "op": 8, "d": d })).await;
    let chunk = gateway.dispatch("GUILD_MEMBERS_CHUNK").await;
    assert_eq!(chunk["d"]["nonce"], "n1");
    assert_eq!(chunk["d"]["members"].as_array().map(Vec::len), Some(3));
    let ids = [sandbox.user("alex").id, "1".to_owned()];
    let d = json!({ "guild_id": sandbox.guild_id(), "user_ids": ids, "presences": true });
    gateway.send(&json!({ "op": 8, "d": d })).await;
    let chunk = gateway.dispatch("GUILD_MEMBERS_CHUNK").await;
    assert_eq!(
        chunk["d"]["members"][0]["user"]["id"],
        sandbox.user("alex").id
    );
    assert_eq!(chunk["d"]["not_found"], json!(["1"]));
    assert_eq!(
        chunk["d"]["presences"][0]["user"]["id"],
        sandbox.user("alex").id
    );
}

#[tokio::test]
async fn other_opcodes_are_accepted() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let guild = sandbox.guild_id();
    gateway
        .send(&json!({ "op": 3, "d": { "status": "idle", "activities": [] } }))
        .await;
    gateway
        .send(&json!({ "op": 4, "d": { "guild_id": guild, "channel_id": null } }))
        .await;
    gateway
        .send(&json!({ "op": 31, "d": { "guild_ids": [guild] } }))
        .await;
    assert_eq!(
        gateway.dispatch("SOUNDBOARD_SOUNDS").await["d"]["guild_id"],
        guild
    );
    gateway
        .send(&json!({ "op": 43, "d": { "guild_id": guild, "fields": ["status"] } }))
        .await;
    assert_eq!(
        gateway.dispatch("CHANNEL_INFO").await["d"]["channels"],
        json!([])
    );
}

#[tokio::test]
async fn payloads_are_recorded_without_the_token() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, _) = Gateway::ready(&sandbox, 5).await;
    gateway.send(&json!({ "op": 1, "d": 1 })).await;
    gateway.payload().await;
    let payloads = sandbox.gateway_payloads();
    assert_eq!(
        payloads
            .iter()
            .map(|p| p["op"].as_u64())
            .collect::<Vec<_>>(),
        [Some(2), Some(1)]
    );
    assert_eq!(payloads[0]["d"]["intents"], 5);
    assert!(!format!("{payloads:?}{sandbox:?}").contains(sandbox.token()));
}

#[tokio::test]
async fn the_guild_is_heard_once_its_shard_has_identified() {
    let sandbox = without_identify_limit().await;
    let guild: u64 = sandbox.guild_id().parse().expect("a number");
    let own = (guild >> 22) % 2;
    for shard in [1 - own, own] {
        assert!(!sandbox.is_heard());
        let mut gateway = Gateway::greeted(&sandbox).await;
        let mut payload = identify(sandbox.token(), 0);
        payload["d"]["shard"] = json!([shard, 2]);
        gateway.send(&payload).await;
        gateway.dispatch("READY").await;
    }
    assert!(sandbox.is_heard());
}

#[tokio::test]
async fn a_shard_without_the_guild_gets_none_of_its_events() {
    let sandbox = without_identify_limit().await;
    let guild: u64 = sandbox.guild_id().parse().expect("a number");
    let owner = (guild >> 22) % 2;
    for shard in [owner, 1 - owner] {
        let mut gateway = Gateway::greeted(&sandbox).await;
        let mut payload = identify(sandbox.token(), ALL_INTENTS);
        payload["d"]["shard"] = json!([shard, 2]);
        gateway.send(&payload).await;
        let ready = gateway.dispatch("READY").await;
        assert_eq!(ready["d"]["shard"], json!([shard, 2]));
        let guilds = ready["d"]["guilds"].as_array().map(Vec::len);
        assert_eq!(guilds, Some(usize::from(shard == owner)));
        sandbox.dispatch("FOR_EVERYBODY", json!({}));
        if shard == owner {
            gateway.dispatch("GUILD_CREATE").await;
        }
        gateway.dispatch("FOR_EVERYBODY").await;
    }
}

#[tokio::test]
async fn happenings_cover_a_connection_from_start_to_end() {
    let sandbox = Sandbox::start().await.expect("started");
    let mut happenings = sandbox.subscribe();
    let (mut gateway, _) = Gateway::ready(&sandbox, 0).await;
    sandbox.say("hello");
    gateway.close(1000).await;
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(happenings.next().await.expect("running"));
    }
    assert!(matches!(
        told[0],
        Happening::Connected {
            to_resume_url: false,
            ..
        }
    ));
    assert!(matches!(told[1], Happening::Identified));
    assert!(matches!(&told[2], Happening::MessageCreated(d) if d["content"] == "hello"));
    assert!(matches!(
        told[3],
        Happening::Disconnected {
            code: Some(1000),
            by_bot: true,
            ..
        }
    ));
}

#[tokio::test]
async fn a_bot_that_never_reads_is_cut_off() {
    let sandbox = Sandbox::start().await.expect("started");
    let (_deaf, _) = Gateway::ready(&sandbox, 0).await;
    let d = json!({ "padding": "x".repeat(2000) });
    for _ in 0..40_000 {
        sandbox.dispatch("FLOOD", d.clone());
    }
    assert!(
        sandbox
            .wait_until(|sandbox| sandbox.connected() == 0, TIMEOUT)
            .await
    );
}

#[tokio::test]
async fn dropping_the_sandbox_ends_its_connections() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, _) = Gateway::ready(&sandbox, 0).await;
    let mut happenings = sandbox.subscribe();
    drop(sandbox);
    assert_eq!(gateway.closed().await, None);
    while happenings.next().await.is_some() {}
}
