//! While as many handlers run as may run at once, a flood of events waits in the socket, and the connection stays alive.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{TIMEOUT, builder, until};
use smalld::gateway::{SessionStore, Sessions};
use smalld::handler::Handlers;
use smalld::{BoxError, Json, json};
use smalld_sandbox::Sandbox;
use tokio::sync::{Semaphore, watch};

/// How many handlers may run at once.
const MAX_RUNNING: usize = 1_000;
const FLOOD: usize = 5_000;
const INTERVAL: Duration = Duration::from_millis(200);

/// A store that shows the test how far the bot has read.
struct Seen(watch::Sender<u64>);

impl SessionStore for Seen {
    async fn load(&self) -> Result<Option<String>, BoxError> {
        Ok(None)
    }

    async fn save(&self, sessions: &str) -> Result<(), BoxError> {
        let json: Json = serde_json::from_str(sessions)?;
        let received = json["shards"][0]["session"]["received"].as_u64();
        self.0.send_replace(received.unwrap_or(0));
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saturated_bot_stops_reading_sends_heartbeats_on_time_and_handles_each_event_once() {
    let sandbox = Sandbox::builder()
        .heartbeat_interval(INTERVAL)
        .start()
        .await
        .unwrap();
    let (begun, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let gate = Arc::new(Semaphore::new(0));
    let handlers = Handlers::new().on("FLOOD", {
        let (begun, ended, gate) = (Arc::clone(&begun), Arc::clone(&ended), Arc::clone(&gate));
        move |_, _| {
            begun.fetch_add(1, Ordering::Relaxed);
            let (ended, gate) = (Arc::clone(&ended), Arc::clone(&gate));
            async move {
                drop(gate.acquire().await);
                ended.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let (received, seen) = watch::channel(0);
    let bot = builder(&sandbox)
        .handlers(handlers)
        .sessions(Sessions::store(Seen(received)))
        .build()
        .unwrap();
    let running = tokio::spawn({
        let bot = bot.clone();
        async move { bot.run().await }
    });
    assert!(sandbox.wait_until_ready(TIMEOUT).await);
    for _ in 0..FLOOD {
        sandbox.dispatch("FLOOD", json!({}));
    }
    assert!(until(|| begun.load(Ordering::Relaxed) == MAX_RUNNING).await);

    // READY and GUILD_CREATE came first. The bot has read one more event, which waits.
    let newest = json!({ "op": 1, "d": MAX_RUNNING + 3 });
    let beats = |sandbox: &Sandbox| {
        let payloads = sandbox.gateway_payloads();
        payloads
            .iter()
            .filter(|payload| **payload == newest)
            .count()
    };
    let five = |sandbox: &Sandbox| beats(sandbox) >= 5;
    assert!(
        sandbox.wait_until(five, TIMEOUT).await,
        "{}",
        beats(&sandbox)
    );
    assert_eq!(begun.load(Ordering::Relaxed), MAX_RUNNING);
    assert_eq!(ended.load(Ordering::Relaxed), 0);
    assert!(
        *seen.borrow() <= MAX_RUNNING as u64 + 3,
        "{}",
        *seen.borrow()
    );

    gate.add_permits(FLOOD);
    assert!(until(|| ended.load(Ordering::Relaxed) == FLOOD).await);
    assert_eq!(begun.load(Ordering::Relaxed), FLOOD, "each event once");
    assert_eq!(sandbox.connections(), 1, "the connection was never closed");
    bot.close();
    running.await.unwrap().unwrap();
}
