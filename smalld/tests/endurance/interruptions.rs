//! A session that is interrupted many times loses no event and handles none twice.

use std::sync::{Arc, Mutex};

use crate::support::{Running, until};
use smalld::handler::Handlers;
use smalld::{Json, Payload, SmallD, json};
use smalld_sandbox::Sandbox;

const EVENTS: u64 = 300;
/// Every n-th event comes with a fault.
const FAULT_INTERVAL: u64 = 3;

#[tokio::test]
async fn every_event_is_handled_once_over_a_hundred_interruptions() {
    let seed = std::env::var("SMALLD_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("SMALLD_TEST_SEED={seed}");
    let mut chance = fastrand::Rng::with_seed(seed);
    let handled = Arc::new(Mutex::new(Vec::new()));
    let handlers = Handlers::new().on("NUMBERED", {
        let handled = Arc::clone(&handled);
        move |_: SmallD, payload: Payload| {
            let handled = Arc::clone(&handled);
            async move {
                let number = payload.json::<Json>()?["number"].as_u64();
                handled.lock().map_err(|_| "poisoned")?.extend(number);
                Ok::<(), smalld::BoxError>(())
            }
        }
    });
    let running = Running::start(handlers).await;
    for number in 0..EVENTS {
        running
            .sandbox
            .dispatch("NUMBERED", json!({ "number": number }));
        if number % FAULT_INTERVAL == 0 {
            let before = running.sandbox.resumes();
            interrupt(&running.sandbox, chance.u8(..4));
            assert!(
                until(|| running.sandbox.resumes() > before).await,
                "seed {seed}"
            );
        }
    }
    let count = || handled.lock().map_or(0, |handled| handled.len());
    assert!(
        until(|| count() as u64 >= EVENTS).await,
        "{} with seed {seed}",
        count()
    );
    let numbers = handled
        .lock()
        .map(|handled| handled.clone())
        .unwrap_or_default();
    assert!(
        numbers.iter().copied().eq(0..EVENTS),
        "{numbers:?} with seed {seed}"
    );
    assert_eq!(running.sandbox.identifies(), 1);
    assert_eq!(running.sandbox.connected(), 1);
    running.close().await.expect("a graceful shutdown");
}

fn interrupt(sandbox: &Sandbox, how: u8) {
    match how {
        0 => sandbox.cut(),
        1 => sandbox.close(4000),
        2 => sandbox.send_raw(r#"{"op":7,"d":null}"#),
        _ => sandbox.send_raw(r#"{"op":0,"t":"X","s":5,"#),
    }
}

#[tokio::test]
async fn missed_events_are_marked_as_replays_and_event_ids_are_stable() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let handlers = Handlers::new().on("NUMBERED", {
        let seen = Arc::clone(&seen);
        move |_: SmallD, payload: Payload| {
            if let Ok(mut seen) = seen.lock() {
                seen.push((payload.is_replay(), payload.id()));
            }
            async {}
        }
    });
    let running = Running::start(handlers).await;
    let count = || seen.lock().map_or(0, |seen| seen.len());
    running.sandbox.dispatch("NUMBERED", json!({}));
    assert!(until(|| count() == 1).await);
    running.sandbox.cut();
    // Sent before the bot can notice the fault.
    running.sandbox.dispatch("NUMBERED", json!({}));
    assert!(until(|| running.sandbox.resumes() == 1 && count() == 2).await);
    running.sandbox.dispatch("NUMBERED", json!({}));
    assert!(until(|| count() == 3).await);
    let seen = seen.lock().map(|seen| seen.clone()).unwrap_or_default();
    let replays: Vec<bool> = seen.iter().map(|(replay, _)| *replay).collect();
    assert_eq!(replays, [false, true, false], "{seen:?}");
    let ids: Vec<(&str, &str)> = seen
        .iter()
        .filter_map(|(_, id)| id.as_deref()?.split_once(':'))
        .collect();
    // READY and GUILD_CREATE came first, and RESUMED in between: it is a single session.
    let numbers: Vec<&str> = ids.iter().map(|(_, number)| *number).collect();
    assert_eq!(numbers, ["3", "4", "6"], "{seen:?}");
    assert!(
        ids.iter().all(|(session, _)| *session == ids[0].0),
        "{seen:?}"
    );
    running.close().await.expect("a graceful shutdown");
}
