//! Sending payloads, heartbeats and shutdown, against the sandbox.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{Log, Running, TIMEOUT, builder};
use smalld::handler::Handlers;
use smalld::{Error, SmallD, json};
use smalld_sandbox::Sandbox;
use tokio::sync::Notify;

#[tokio::test]
async fn payloads_are_sent_unchanged_and_refused_if_too_long() {
    let running = Running::start(Handlers::new()).await;
    let presence = json!({ "op": 3, "d": { "since": null, "activities": [], "status": "idle", "afk": false } });
    running.bot.send_gateway_payload(&presence).await.unwrap();
    let sent = |sandbox: &Sandbox| sandbox.gateway_payloads().contains(&presence);
    assert!(running.sandbox.wait_until(sent, TIMEOUT).await);

    // The limit is in bytes: an é has two, an emoji four.
    let of_size = |size: usize| {
        let empty = json!({ "op": 3, "d": { "x": "é👍" } }).to_string().len();
        json!({ "op": 3, "d": { "x": format!("é👍{}", "x".repeat(size - empty)) } })
    };
    running
        .bot
        .send_gateway_payload(of_size(4096))
        .await
        .unwrap();
    let refused = running
        .bot
        .send_gateway_payload(of_size(4097))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, Error::Gateway(_)) && refused.to_string().contains("4097"),
        "{refused}"
    );
    assert_eq!(running.sandbox.connections(), 1);
    running.close().await.unwrap();
}

#[tokio::test]
async fn payloads_beyond_the_limit_are_refused_and_the_connection_stays() {
    let running = Running::start(Handlers::new()).await;
    let payload =
        json!({ "op": 43, "d": { "guild_id": running.sandbox.guild_id(), "fields": [] } });
    let mut sent = 0;
    let error = loop {
        match running.bot.send_gateway_payload(&payload).await {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
    };
    let Error::RateLimit(error) = error else {
        panic!("{error}")
    };
    assert!(
        error.retry_after > Duration::from_secs(50) && error.reset > std::time::SystemTime::now()
    );
    // 120 minus two heartbeats a minute, one that Discord may request, and IDENTIFY.
    assert_eq!(sent, 116);
    assert_eq!(running.sandbox.connections(), 1);
    running.close().await.unwrap();
}

#[tokio::test]
async fn a_payload_waits_for_a_connection_and_is_not_sent_twice() {
    let sandbox = Sandbox::start().await.unwrap();
    let bot = builder(&sandbox).handlers(Handlers::new()).build().unwrap();
    let payload = json!({ "op": 3, "d": { "early": true } });
    let early = tokio::spawn({
        let (bot, payload) = (bot.clone(), payload.clone());
        async move { bot.send_gateway_payload(payload).await }
    });
    let running = tokio::spawn({
        let bot = bot.clone();
        async move { bot.run().await }
    });
    early.await.unwrap().unwrap();
    let times = |sandbox: &Sandbox| {
        sandbox
            .gateway_payloads()
            .iter()
            .filter(|p| **p == payload)
            .count()
    };
    assert!(
        sandbox
            .wait_until(|sandbox| times(sandbox) == 1, TIMEOUT)
            .await
    );
    assert_eq!(
        sandbox.gateway_payloads()[0]["op"],
        2,
        "IDENTIFY is sent first"
    );
    bot.close();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn heartbeats_continue_while_a_handler_runs_and_carry_the_received_sequence_number() {
    let sandbox = Sandbox::builder()
        .heartbeat_interval(Duration::from_millis(100))
        .start()
        .await
        .unwrap();
    let ended = Arc::new(Notify::new());
    let handlers = Handlers::new().on("SLOW", {
        let ended = Arc::clone(&ended);
        move |_, _| {
            let ended = Arc::clone(&ended);
            async move { ended.notified().await }
        }
    });
    let bot = builder(&sandbox).handlers(handlers).build().unwrap();
    let running = tokio::spawn({
        let bot = bot.clone();
        async move { bot.run().await }
    });
    assert!(sandbox.wait_until_ready(TIMEOUT).await);
    sandbox.dispatch("SLOW", json!({}));
    // READY, GUILD_CREATE and this event.
    let beats = |sandbox: &Sandbox| {
        let beat = json!({ "op": 1, "d": 3 });
        sandbox
            .gateway_payloads()
            .iter()
            .filter(|payload| **payload == beat)
            .count()
    };
    assert!(
        sandbox
            .wait_until(|sandbox| beats(sandbox) >= 5, TIMEOUT)
            .await
    );
    let shard = bot.shards().next().unwrap();
    assert!(shard.latency().is_some());
    assert_eq!(sandbox.connections(), 1);
    ended.notify_one();
    bot.close();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn shutdown_waits_for_handlers() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handlers = Handlers::new().on("MESSAGE_CREATE", {
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        move |bot: SmallD, payload| {
            let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
            async move {
                let message: smalld::Json = payload.json()?;
                if message["author"]["id"].as_str() == bot.id() {
                    return Ok(());
                }
                begun.notify_one();
                go_on.notified().await;
                let path = smalld::path!("/channels/{}/messages", message["channel_id"]);
                bot.post(path, json!({ "content": "finished" }))
                    .await
                    .map(drop)
            }
        }
    });
    let running = Running::start(handlers).await;
    running.sandbox.say("work");
    begun.notified().await;
    running.bot.close();
    assert!(running.bot.get("/users/@me").await.is_ok());
    go_on.notify_one();
    running.says("finished").await;
    running.close().await.unwrap();
}

#[tokio::test]
async fn a_handler_that_does_not_finish_in_time_is_named_and_abandoned() {
    let log = Log::capture();
    let handlers = Handlers::new().on("HANG", |_, _| std::future::pending::<()>());
    let running = Running::start_with(handlers, |builder| {
        builder.shutdown_timeout(Duration::from_millis(50))
    })
    .await;
    let seen = running.sandbox.connections();
    running.sandbox.dispatch("HANG", json!({}));
    // When this payload has arrived, the event has been dispatched.
    running
        .bot
        .send_gateway_payload(json!({ "op": 3, "d": {} }))
        .await
        .unwrap();
    assert!(
        running
            .sandbox
            .wait_until(|sandbox| sandbox.gateway_payloads().len() >= 2, TIMEOUT)
            .await
    );
    running.close().await.unwrap();
    let named = log.lines("has not finished");
    assert!(
        named.len() == 1 && named[0].contains("smalld/tests/gateway/sockets.rs:"),
        "{}",
        log.text()
    );
    assert_eq!(seen, 1);
}

#[tokio::test]
async fn sending_after_the_end_is_an_error_and_does_not_wait() {
    let running = Running::start(Handlers::new()).await;
    let bot = running.bot.clone();
    running.close().await.unwrap();
    let sending = bot.send_gateway_payload(json!({ "op": 3, "d": {} }));
    let error = tokio::time::timeout(TIMEOUT, sending)
        .await
        .expect("an answer");
    assert!(matches!(error, Err(Error::Gateway(_))), "{error:?}");
}
