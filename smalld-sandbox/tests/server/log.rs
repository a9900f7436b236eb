//! What a failing test shows: the conversation, what was refused, and the log of the bot.

use std::future::pending;

use serde_json::json;
use smalld_sandbox::{Running, Sandbox};
use tracing::{debug, info, warn};

use crate::common::{ALL_INTENTS, Gateway, Rest, gateway_at, identify};

/// A bot that reports when it is ready, also from another task.
async fn with_bot(sandbox: &Sandbox, name: &'static str) -> Running<String> {
    let bot = |sandbox: &Sandbox| {
        let (url, token) = (sandbox.url().to_owned(), sandbox.token().to_owned());
        async move {
            info!(name, "starting");
            let mut gateway = Gateway::connect(&gateway_at(&url)).await;
            gateway.payload().await;
            tokio::spawn(async move {
                warn!(name, attempts = 2, "handler failed: {}", "on purpose");
                debug!("a detail");
            });
            gateway.send(&identify(&token, ALL_INTENTS)).await;
            pending::<Result<(), String>>().await
        }
    };
    sandbox.run(bot).await.expect("ready")
}

#[tokio::test]
async fn the_log_of_a_bot_and_its_tasks_is_recorded() {
    let sandbox = Sandbox::start().await.expect("started");
    let _bot = with_bot(&sandbox, "one").await;
    let log = sandbox.log();
    let (starting, failed) = (&log[0], &log[1]);
    assert!(starting.starts_with("INFO  server::log:"), "{starting}");
    assert!(starting.ends_with(r#": starting name="one""#), "{starting}");
    let end = r#": handler failed: on purpose name="one" attempts=2"#;
    assert!(
        failed.starts_with("WARN ") && failed.ends_with(end),
        "{failed}"
    );
    assert_eq!(log.len(), 2, "{log:?}");
}

#[tokio::test]
async fn every_sandbox_has_the_log_of_its_own_bot() {
    let first = Sandbox::start().await.expect("started");
    let bot = with_bot(&first, "first").await;
    drop(bot);
    let second = Sandbox::start().await.expect("started");
    let _bot = with_bot(&second, "second").await;
    for (sandbox, name) in [(&first, "first"), (&second, "second")] {
        let log = sandbox.log();
        assert!(log.iter().all(|line| line.contains(name)), "{log:?}");
        assert_eq!(log.len(), 2);
    }
}

#[tokio::test]
#[should_panic(expected = "the log of the bot:\n    INFO  server::log: starting name=\"one\"")]
async fn a_test_that_fails_shows_the_log() {
    let sandbox = Sandbox::start().await.expect("started");
    let _bot = with_bot(&sandbox, "one").await;
    // The wait is over at once.
    tokio::time::pause();
    sandbox.expect_command("warn").await;
}

#[tokio::test]
async fn traffic_is_recorded_both_ways() {
    let sandbox = Sandbox::start().await.expect("started");
    let rest = Rest::new(&sandbox);
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let messages = format!("/channels/{}/messages", sandbox.channel_id());
    let sent = rest.post(&messages, &json!({ "content": "hi" })).await;
    gateway.dispatch("MESSAGE_CREATE").await;
    let requests = sandbox.requests();
    let request = requests.last().expect("a request");
    assert_eq!((request.status, &request.answer), (200, &sent.json));
    let names: Vec<_> = sandbox
        .sent_payloads()
        .iter()
        .map(|sent| sent["t"].clone())
        .collect();
    assert_eq!(
        names,
        [
            json!(null),
            json!("READY"),
            json!("GUILD_CREATE"),
            json!("MESSAGE_CREATE")
        ]
    );
    assert_eq!(sandbox.gateway_payloads()[0]["op"], 2);
}
