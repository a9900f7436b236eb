//! A Discord that does not replay what a heartbeat has acknowledged; whether the real one does is
//! unknown. Deploys lose nothing even so, and what a kill loses is logged.

use std::time::Duration;

use smalld::{Json, json};
use smalld_sandbox::{Builder, Replay, Sandbox};
use tokio::time::sleep;

use crate::deployment::{Deployment, chance};
use crate::process::until;

/// A sandbox whose bots soon acknowledge what they receive.
fn forgetful() -> Builder {
    Sandbox::builder()
        .replay(Replay::Unacknowledged)
        .heartbeat_interval(Duration::from_millis(300))
        .identify_window(Duration::ZERO)
}

#[tokio::test]
async fn deploys_at_random_moments_lose_nothing_and_nothing_is_handled_twice() {
    let mut chance = chance();
    let deployment = Deployment::new(forgetful()).await;
    let mut process = deployment.start_first().await;
    for deploys in 1..=6 {
        for _ in 0..chance.u8(1..40) {
            deployment.send(json!({ "pause": chance.u64(..40) }));
            sleep(Duration::from_millis(chance.u64(..10))).await;
        }
        assert_eq!(process.terminate().await.code(), Some(0));
        deployment.send(json!({}));
        process = deployment.start();
        let resumed = || deployment.sandbox.resumes() >= deploys;
        assert!(until(resumed).await, "{}", deployment.story());
    }
    deployment.all_are_handled().await;
    deployment.none_is_handled_twice();
    assert_eq!(deployment.sandbox.identifies(), 1);
    assert_eq!(process.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn events_that_a_killed_process_acknowledged_but_did_not_handle_are_counted_in_the_log() {
    let deployment = Deployment::new(forgetful()).await;
    let process = deployment.start_first().await;
    for _ in 0..3 {
        deployment.send(json!({ "hangs": true }));
    }
    let newest = deployment.sandbox.last_seq(0).unwrap();
    let acknowledged = || {
        let payloads = deployment.sandbox.gateway_payloads();
        let beat = |payload: &Json| payload["op"] == 1 && payload["d"].as_u64() >= Some(newest);
        payloads.iter().any(beat) && deployment.of_session("received") >= newest
    };
    assert!(until(acknowledged).await, "{}", deployment.story());
    process.kill().await;
    // Three, or more if the connection was lost meanwhile: each RESUMED counts.
    let unhandled = deployment.of_session("received") - deployment.of_session("handled");
    assert!(unhandled >= 3, "{}", deployment.story());
    let process = deployment.start();
    process.says("refused to resume").await;
    let lines = process.lines("refused to resume");
    let words = format!(" {unhandled} events");
    assert!(
        lines.len() == 1 && lines[0].contains("WARN") && lines[0].contains(&words),
        "{lines:?}"
    );
    let sandbox = &deployment.sandbox;
    assert!(until(|| sandbox.identifies() == 2).await);
    let number = deployment.send(json!({}));
    let handled = || deployment.by_number().contains_key(&number);
    assert!(until(handled).await, "{}", deployment.story());
    assert_eq!(process.terminate().await.code(), Some(0));
}
