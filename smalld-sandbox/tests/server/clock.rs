//! A stopped clock: nothing moves it but the test, and bytes still flow.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use smalld_sandbox::{Running, Sandbox};
use tokio::time::{interval, sleep};

use crate::common::{ALL_INTENTS, Gateway, Received, Rest, gateway_at, identify};

const HOUR: Duration = Duration::from_secs(3600);

/// A bot that sends heartbeats and answers `++remind` after an hour.
async fn with_bot(sandbox: &Sandbox, heartbeats: bool) -> Running<String> {
    let bot = |sandbox: &Sandbox| {
        let (url, token) = (sandbox.url().to_owned(), sandbox.token().to_owned());
        let channel = sandbox.channel_id().to_owned();
        async move {
            let rest = Arc::new(Rest::at(&url, &token));
            let mut gateway = Gateway::connect(&gateway_at(&url)).await;
            let hello = gateway.payload().await;
            let millis = hello["d"]["heartbeat_interval"].as_u64().expect("a number");
            gateway.send(&identify(&token, ALL_INTENTS)).await;
            let mut beat = interval(Duration::from_millis(millis));
            loop {
                let received = tokio::select! {
                    received = gateway.next() => received,
                    _ = beat.tick(), if heartbeats => {
                        gateway.send(&json!({ "op": 1, "d": null })).await;
                        continue;
                    }
                };
                match received {
                    Received::Payload(payload) if payload["d"]["content"] == "++remind" => {
                        let (rest, channel) = (Arc::clone(&rest), channel.clone());
                        tokio::spawn(async move {
                            sleep(HOUR).await;
                            let message = json!({ "content": "it is time" });
                            rest.post(&format!("/channels/{channel}/messages"), &message)
                                .await;
                        });
                    }
                    Received::Closed(code) => return Err(format!("closed: {code:?}")),
                    _ => {}
                }
            }
        }
    };
    sandbox.run(bot).await.expect("ready")
}

#[tokio::test]
async fn hours_pass_for_bot_and_sandbox_and_no_heartbeat_is_missed() {
    let real = Instant::now();
    let sandbox = Sandbox::start().await.expect("started");
    let bot = with_bot(&sandbox, true).await;
    let clock = sandbox.clock();
    clock.advance(HOUR * 6).await;
    assert!(bot.is_running());
    assert_eq!((sandbox.connected(), sandbox.connections()), (1, 1));
    assert!(sandbox.longest_heartbeat_gap() < Duration::from_secs(60));
    assert!(real.elapsed() < HOUR);
}

#[tokio::test]
async fn a_silent_bot_is_closed_when_its_time_is_over() {
    let sandbox = Sandbox::start().await.expect("started");
    let bot = with_bot(&sandbox, false).await;
    let clock = sandbox.clock();
    clock.advance(Duration::from_secs(62)).await;
    assert!(bot.is_running());
    clock.advance(Duration::from_secs(2)).await;
    assert_eq!(bot.ended().await, Err("closed: Some(4009)".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_does_not_jump_while_bytes_are_on_their_way() {
    let sandbox = Sandbox::start().await.expect("started");
    let clock = sandbox.clock();
    let started = tokio::time::Instant::now();
    let _bot = with_bot(&sandbox, true).await;
    let ada = sandbox.user("ada");
    ada.say("#general", "++remind").await;
    assert!(started.elapsed().is_zero());
    let asked = sandbox.messages()[0]["timestamp"].clone();
    clock.advance(HOUR).await;
    let reminder = sandbox.expect_message("#general", "it is time").await;
    let seconds = |time: &serde_json::Value| {
        let time = time.as_str().expect("a time");
        let part = |range: std::ops::Range<usize>| time[range].parse::<u64>().expect("a number");
        (part(8..10) * 24 + part(11..13)) * 60 + part(14..16)
    };
    let passed = seconds(&reminder["timestamp"]).abs_diff(seconds(&asked));
    // The last hour of a month is followed by its first.
    assert!(
        (60..=61).contains(&passed) || passed > 24 * 60,
        "{passed} minutes"
    );
}

#[tokio::test]
async fn waits_are_bounded_by_real_time() {
    let sandbox = Sandbox::start().await.expect("started");
    let _clock = sandbox.clock();
    let came = sandbox
        .wait_until(|_| false, Duration::from_millis(5))
        .await;
    assert!(!came);
}
