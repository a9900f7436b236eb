//! Stopping while handlers run on: they are named and abandoned, and the next process handles their
//! events.

use std::time::Duration;

use rustix::process::Signal;
use smalld::json;
use smalld_sandbox::Sandbox;
use tokio::time::Instant;

use crate::bot;
use crate::deployment::Deployment;
use crate::process::{lines, until};

const STOPPING: &str = "a second signal stops at once";
/// Longer than any test waits, in milliseconds.
const FOREVER: &str = "3600000";

#[tokio::test]
async fn a_second_signal_stops_at_once_and_names_what_is_abandoned() {
    for second in [Signal::TERM, Signal::INT] {
        let deployment = Deployment::new(Sandbox::builder())
            .await
            .with(bot::SHUTDOWN_TIMEOUT, FOREVER);
        let process = deployment.start_first().await;
        deployment.sandbox.dispatch("BLOCKED", json!({}));
        assert!(until(|| !deployment.handled().is_empty()).await);
        deployment.send(json!({ "hangs": true }));
        deployment.send(json!({}));
        assert!(until(|| deployment.handled().len() == 2).await);
        process.signal(Signal::TERM);
        process.says(STOPPING).await;
        process.signal(second);
        let (log, started) = (process.log(), Instant::now());
        let status = process.ended().await;
        assert_eq!(status.code(), Some(0), "{}", deployment.story());
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "it waits for no handler"
        );
        let abandoned = lines(&log, "abandoned");
        for handler in ["bot::blocks`", "bot::counts`"] {
            let named = abandoned.iter().filter(|line| line.contains(handler));
            assert_eq!(named.count(), 1, "{abandoned:?}");
        }
    }
}

#[tokio::test]
async fn a_handler_that_outlives_the_shutdown_timeout_is_named_and_its_event_replayed() {
    let deployment = Deployment::new(Sandbox::builder())
        .await
        .with(bot::SHUTDOWN_TIMEOUT, "100");
    let process = deployment.start_first().await;
    deployment.sandbox.dispatch("BLOCKED", json!({}));
    assert!(until(|| !deployment.handled().is_empty()).await);
    let log = process.log();
    let status = process.terminate().await;
    assert_eq!(status.code(), Some(0), "{}", deployment.story());
    assert_eq!(lines(&log, "abandoned").len(), 1, "{}", deployment.story());
    let process = deployment.start();
    assert!(until(|| deployment.handled().len() == 2).await);
    let handled = deployment.handled();
    assert_eq!(handled[0].seq, handled[1].seq);
    assert!(handled[1].replay && handled[1].run == 2, "{handled:?}");
    drop(process);
}

#[tokio::test]
async fn a_handler_whose_event_was_read_just_before_the_signal_finishes() {
    let deployment = Deployment::new(Sandbox::builder()).await;
    let process = deployment.start_first().await;
    // It blocks the thread that reads, and is not a task yet.
    let number = deployment.send(json!({ "blocks": 200, "pause": 50 }));
    assert!(until(|| !deployment.handled().is_empty()).await);
    let log = process.log();
    assert_eq!(process.terminate().await.code(), Some(0));
    let handled = deployment.by_number();
    assert!(handled.contains_key(&number), "{}", deployment.story());
    assert!(lines(&log, "abandoned").is_empty());
    let process = deployment.start();
    deployment.send(json!({}));
    deployment.all_are_handled().await;
    deployment.none_is_handled_twice();
    assert_eq!(process.terminate().await.code(), Some(0));
}
