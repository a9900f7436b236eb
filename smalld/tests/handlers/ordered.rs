//! `ordered` handlers: one event of a guild at a time, different guilds concurrently.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use crate::support::{Log, Running, until};
use smalld::handler::Handlers;
use smalld::rest::RateLimits;
use smalld::{Json, State, json};
use tokio::sync::Semaphore;

/// Lets runs end, and records the order in which they began.
struct Stage {
    permits: Arc<Semaphore>,
    begun: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Stage {
    fn new() -> (Self, Self) {
        let (permits, begun) = (Arc::new(Semaphore::new(0)), Arc::default());
        let other = Self {
            permits: Arc::clone(&permits),
            begun: Arc::clone(&begun),
        };
        (Self { permits, begun }, other)
    }

    fn begun(&self) -> Vec<String> {
        self.begun.lock().unwrap().clone()
    }
}

#[smalld::on("TEST", ordered)]
async fn in_turn(event: Json, stage: State<Stage>) {
    let owner = ["guild_id", "channel_id", "user_id"]
        .into_iter()
        .find_map(|key| event[key].as_str());
    let name = format!("{}:{}", owner.unwrap_or("nobody"), event["number"]);
    stage.begun.lock().unwrap().push(name);
    stage.permits.acquire().await.unwrap().forget();
}

async fn start(stage: Stage) -> Running {
    let options = |builder: smalld::Builder| builder.state(stage).rate_limits(RateLimits::Wait);
    Running::start_with(Handlers::registered().within(module_path!()), options).await
}

#[tokio::test]
async fn events_of_one_guild_are_handled_one_at_a_time_and_in_order() {
    let (stage, watched) = Stage::new();
    let running = start(stage).await;
    for number in 0..5 {
        running.sandbox.dispatch(
            "TEST",
            json!({ "guild_id": "1", "channel_id": "8", "number": number }),
        );
    }
    // Another guild, a direct message and a user do not wait. The guild counts before the channel.
    running.sandbox.dispatch(
        "TEST",
        json!({ "guild_id": "2", "channel_id": "8", "number": 0 }),
    );
    running.sandbox.dispatch(
        "TEST",
        json!({ "guild_id": null, "channel_id": "3", "number": 0 }),
    );
    running
        .sandbox
        .dispatch("TEST", json!({ "user_id": "4", "id": 5, "number": 0 }));
    let first = ["1:0", "2:0", "3:0", "4:0"];
    assert!(
        until(|| watched.begun().len() == 4).await,
        "{:?}",
        watched.begun()
    );
    assert_eq!(watched.begun(), first);
    for ended in 1..=8_usize {
        watched.permits.add_permits(1);
        assert!(until(|| watched.permits.available_permits() == 0).await);
        let begun_of_the_first = || {
            watched
                .begun()
                .iter()
                .filter(|name| name.starts_with("1:"))
                .count()
        };
        let least = ended.saturating_sub(3).min(4) + 1;
        assert!(
            until(|| begun_of_the_first() >= least).await,
            "{:?}",
            watched.begun()
        );
        assert!(begun_of_the_first() <= ended + 1, "{:?}", watched.begun());
    }
    let of_the_first: Vec<String> = watched
        .begun()
        .into_iter()
        .filter(|name| name.starts_with("1:"))
        .collect();
    assert_eq!(of_the_first, ["1:0", "1:1", "1:2", "1:3", "1:4"]);
    running.close().await.unwrap();
}

#[tokio::test]
async fn a_hundred_events_of_a_guild_wait_and_more_run_out_of_order() {
    let log = Log::capture();
    let (stage, watched) = Stage::new();
    let running = start(stage).await;
    for number in 0..110 {
        running
            .sandbox
            .dispatch("TEST", json!({ "guild_id": "1", "number": number }));
    }
    // One event runs, a hundred wait, and nine run out of order.
    assert!(
        until(|| watched.begun().len() == 10).await,
        "{:?}",
        watched.begun()
    );
    assert_eq!(watched.begun()[1], "1:101");
    let reports = log.lines("further ones run without order");
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(
        reports[0].contains("`handlers::ordered::in_turn` (smalld/tests/handlers/ordered.rs:"),
        "{reports:?}"
    );
    watched.permits.add_permits(110);
    assert!(
        until(|| watched.begun().len() == 110).await,
        "{:?}",
        watched.begun().len()
    );
    running.close().await.unwrap();
}
