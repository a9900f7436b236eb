//! A bot that is declared by an attribute answers, even after its connection broke.

use crate::support::{self, Running};
use smalld::handler::Handlers;
use smalld::rest::RateLimits;
use smalld::{Json, SmallD, json, path};
use smalld_sandbox::Happening;

#[smalld::on(message_create, "/content" = "++ping")]
async fn on_ping(bot: SmallD, msg: Json) -> smalld::Result<()> {
    let reply = json!({ "content": format!("pong to {}", msg["id"].as_str().unwrap_or_default()) });
    bot.post(path!("/channels/{}/messages", msg["channel_id"]), reply)
        .await?;
    Ok(())
}

async fn start() -> Running {
    let patient = |builder: smalld::Builder| builder.rate_limits(RateLimits::Wait);
    Running::start_with(Handlers::registered().within(module_path!()), patient).await
}

#[tokio::test]
async fn a_bot_answers_in_guilds_and_direct_messages() {
    let running = start().await;
    let in_guild = running.sandbox.say("++ping");
    running.says(&format!("pong to {in_guild}")).await;
    let direct = running.sandbox.direct_message("++ping");
    running.says(&format!("pong to {direct}")).await;
    running.close().await.unwrap();
}

#[tokio::test]
async fn a_dropped_connection_is_resumed_and_nothing_is_missed() {
    let running = start().await;
    for lost in 1..=3 {
        running.sandbox.cut();
        // Sent while the bot is not connected, so it is replayed.
        let missed = running.sandbox.say("++ping");
        running.says(&format!("pong to {missed}")).await;
        assert!(
            running
                .sandbox
                .wait_until(|sandbox| sandbox.resumes() == lost, support::TIMEOUT)
                .await
        );
        let next = running.sandbox.say("++ping");
        running.says(&format!("pong to {next}")).await;
    }
    assert_eq!(running.sandbox.identifies(), 1);
    assert_eq!(running.sandbox.connections_to_resume_url(), 3);
    running.close().await.unwrap();
}

#[tokio::test]
async fn resumes_after_a_reconnect_request_a_close_code_and_a_malformed_payload() {
    let running = start().await;
    running.sandbox.send_raw(r#"{"op":7,"d":null}"#);
    assert!(
        running
            .sandbox
            .wait_until(|sandbox| sandbox.resumes() == 1, support::TIMEOUT)
            .await
    );
    running.sandbox.close(4000);
    assert!(
        running
            .sandbox
            .wait_until(|sandbox| sandbox.resumes() == 2, support::TIMEOUT)
            .await
    );
    running.sandbox.send_raw("{ not a payload");
    assert!(
        running
            .sandbox
            .wait_until(|sandbox| sandbox.resumes() == 3, support::TIMEOUT)
            .await
    );
    let id = running.sandbox.say("++ping");
    running.says(&format!("pong to {id}")).await;
    assert_eq!(running.sandbox.identifies(), 1);
    running.close().await.unwrap();
}

#[tokio::test]
async fn a_closed_bot_goes_offline_at_once() {
    let running = start().await;
    let (bot, sandbox) = (running.bot.clone(), running.sandbox.base_url().to_owned());
    let mut happenings = running.sandbox.subscribe();
    running.close().await.unwrap();
    // 1000 ends the session, so the bot is offline at once.
    let code = loop {
        match happenings.next().await {
            Some(Happening::Disconnected {
                code, by_bot: true, ..
            }) => break code,
            Some(_) => {}
            None => panic!("the bot sent no close frame"),
        }
    };
    assert_eq!(code, Some(1000));
    // The handle still exists. After `close`, `run` returns at once.
    let ended = tokio::time::timeout(support::TIMEOUT, bot.run()).await;
    ended.expect("the bot ends in time").unwrap();
    assert!(format!("{bot:?}").contains(&sandbox));
}
