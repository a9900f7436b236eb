//! An event that ends the process whenever it is handled is skipped in the end, and no other event
//! is lost.

use smalld::json;
use smalld_sandbox::Sandbox;

use crate::deployment::Deployment;
use crate::process::{Process, TIMEOUT, until};

#[tokio::test]
async fn an_event_that_ends_the_process_is_skipped_at_the_fourth_start_after_it() {
    let deployment = Deployment::new(Sandbox::builder()).await;
    let first = deployment.start_first().await;
    for _ in 0..4 {
        deployment.send(json!({}));
    }
    deployment.all_are_handled().await;
    let seqs = deployment.handled();
    let newest = seqs.iter().map(|handled| handled.seq).max().unwrap();
    let saved = || deployment.of_session("handled") >= newest;
    assert!(until(saved).await, "{}", deployment.story());
    let poison = deployment.send(json!({ "aborts": true }));
    for _ in 0..5 {
        deployment.send(json!({}));
    }
    assert!(first.ended().await.code().is_none());
    let (process, starts) = start_until_it_lives(&deployment, poison).await;
    assert_eq!(starts, 4, "{}", deployment.story());
    let skipped = process.lines("skipped");
    let seq = newest + 1;
    let words = format!("1 events are skipped, seq {seq} to {seq}");
    assert!(
        skipped.len() == 1 && skipped[0].contains("ERROR") && skipped[0].contains(&words),
        "{skipped:?}"
    );
    assert_eq!(process.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn an_event_that_ends_the_process_among_others_is_skipped_a_few_starts_later() {
    let deployment = Deployment::new(Sandbox::builder()).await;
    let first = deployment.start_first().await;
    for _ in 0..30 {
        deployment.send(json!({}));
    }
    let poison = deployment.send(json!({ "aborts": true }));
    for _ in 0..30 {
        deployment.send(json!({}));
    }
    assert!(first.ended().await.code().is_none());
    let (process, starts) = start_until_it_lives(&deployment, poison).await;
    // One or two starts move the watermark up to the event, three do not get past it.
    assert!(starts <= 6, "{starts}\n{}", deployment.story());
    assert_eq!(process.lines("1 events are skipped").len(), 1);
    assert_eq!(process.terminate().await.code(), Some(0));
    assert_eq!(deployment.sandbox.identifies(), 1);
}

#[tokio::test]
async fn processes_that_end_before_they_receive_an_event_skip_nothing() {
    let deployment = Deployment::new(Sandbox::builder()).await;
    let first = deployment.start_first().await;
    deployment.send(json!({ "hangs_in": deployment.run() }));
    let newest = deployment.sandbox.last_seq(0);
    let received = || Some(deployment.of_session("received")) == newest;
    assert!(until(received).await, "{}", deployment.story());
    first.kill().await;
    let mut script = deployment.sandbox.script();
    for _ in 0..4 {
        let process = deployment.start();
        let connection = script.connection(TIMEOUT).await;
        assert!(connection.is_some(), "{}", deployment.story());
        process.kill().await;
    }
    drop(script);
    let process = deployment.start();
    deployment.all_are_handled().await;
    assert!(process.lines("skipped").is_empty());
    assert_eq!(process.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn unfinished_events_before_the_one_that_ends_the_process_are_skipped_with_it() {
    let deployment = Deployment::new(Sandbox::builder()).await;
    let first = deployment.start_first().await;
    let busy = json!({ "pause": 10_000 });
    let events = [busy.clone(), busy, json!({ "aborts": true }), json!({})];
    let seqs = events.map(|event| {
        deployment.send(event);
        deployment.sandbox.last_seq(0).unwrap()
    });
    assert!(first.ended().await.code().is_none());
    let last = deployment.sent();
    let is_past = || deployment.by_number().contains_key(&last);
    let (process, _) = start_until(&deployment, is_past).await;
    let (from, to) = (seqs[0], seqs[2]);
    let words = format!("3 events are skipped, seq {from} to {to}");
    assert_eq!(process.lines(&words).len(), 1, "{}", deployment.story());
    assert_eq!(deployment.missing(), [1, 2, 3]);
    assert_eq!(process.terminate().await.code(), Some(0));
}

/// Starts processes until one has handled everything but the poison. Returns it, and how many starts
/// it took.
async fn start_until_it_lives(deployment: &Deployment, poison: u64) -> (Process, usize) {
    start_until(deployment, || deployment.missing() == [poison]).await
}

/// Starts processes, as a supervisor does, until this condition holds.
async fn start_until(deployment: &Deployment, is_past: impl Fn() -> bool) -> (Process, usize) {
    for starts in 1..=20 {
        let mut process = deployment.start();
        let decided = || process.has_ended() || is_past();
        assert!(until(decided).await, "{}", deployment.story());
        if !process.has_ended() {
            return (process, starts);
        }
    }
    panic!("no process gets past it: {}", deployment.story());
}
