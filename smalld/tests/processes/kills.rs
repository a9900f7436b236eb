//! SIGTERM and SIGKILL at random moments while events come: no event is lost, and only events that
//! a crash leaves unsaved are handled twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use smalld::json;
use smalld_sandbox::Sandbox;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::deployment::{Deployment, chance};
use crate::process::{Process, until};

/// How many processes are ended; one more remains.
const PROCESSES: usize = 12;
/// How long a process lives after its first log line, in milliseconds.
const MAX_LIFE: u64 = 500;
/// How long a handler takes, in milliseconds.
const MAX_PAUSE: u64 = 20;
/// After this many failed starts from one watermark, the next start skips the events after it.
const MAX_FAILED_STARTS: u64 = 3;

#[tokio::test]
async fn every_event_is_handled_and_twice_only_if_a_killed_process_had_not_saved_it() {
    let mut chance = chance();
    let deployment = Arc::new(Deployment::new(Sandbox::builder()).await);
    let mut process = deployment.start_first().await;
    let numbers = send_numbers(&deployment, chance.fork());
    // The watermark that each killed process left.
    let mut killed = BTreeMap::new();
    for _ in 0..PROCESSES {
        process.says("Discord at").await;
        sleep(Duration::from_millis(chance.u64(..MAX_LIFE))).await;
        move_the_watermark(&deployment).await;
        if chance.bool() {
            process.kill().await;
            killed.insert(deployment.run(), deployment.of_session("handled"));
        } else {
            ends_well(&deployment, process).await;
        }
        process = deployment.start();
    }
    numbers.abort();
    let _ = numbers.await;
    deployment.all_are_handled().await;
    ends_well(&deployment, process).await;

    for (number, handled) in deployment.by_number() {
        for pair in handled.windows(2) {
            let watermark = killed.get(&pair[0].run);
            let unsaved = watermark.is_some_and(|&watermark| pair[0].seq > watermark);
            let story = || deployment.story();
            assert!(unsaved, "{number}: {handled:?}, {killed:?}\n{}", story());
            assert!(pair[1].replay, "{number}: {handled:?}");
        }
    }
    assert_eq!(deployment.sandbox.identifies(), 1);
}

/// Sends numbers, some milliseconds apart, until it is aborted.
fn send_numbers(deployment: &Arc<Deployment>, mut chance: fastrand::Rng) -> JoinHandle<()> {
    let deployment = Arc::clone(deployment);
    tokio::spawn(async move {
        loop {
            let pause = chance.u64(..MAX_PAUSE);
            deployment.send(json!({ "pause": pause }));
            sleep(Duration::from_millis(chance.u64(..MAX_PAUSE))).await;
        }
    })
}

/// If one more failed start would make the next process skip events, gives this one the time to
/// move the watermark.
async fn move_the_watermark(deployment: &Deployment) {
    let moved = until(|| deployment.of_session("failed_starts") < MAX_FAILED_STARTS).await;
    assert!(moved, "{}", deployment.story());
}

/// Waits for its first log line: before, a signal ends it like any other program.
async fn ends_well(deployment: &Deployment, process: Process) {
    process.says("Discord at").await;
    process.signal(Signal::TERM);
    let status = process.ended().await;
    assert_eq!(status.code(), Some(0), "{}", deployment.story());
}

#[tokio::test]
async fn events_saved_as_handled_before_a_kill_are_not_handled_again() {
    let deployment = Deployment::new(Sandbox::builder()).await;
    let process = deployment.start_first().await;
    for _ in 0..20 {
        deployment.send(json!({}));
    }
    deployment.all_are_handled().await;
    let newest = deployment.handled().iter().map(|handled| handled.seq).max();
    let saved = || Some(deployment.of_session("handled")) >= newest;
    assert!(until(saved).await, "{}", deployment.story());
    for _ in 0..20 {
        deployment.send(json!({}));
    }
    deployment.all_are_handled().await;
    process.kill().await;
    let process = deployment.start();
    deployment.send(json!({}));
    deployment.all_are_handled().await;
    ends_well(&deployment, process).await;
    let handled = deployment.by_number();
    let twice = handled.values().filter(|handled| handled.len() > 1);
    assert!(
        twice.flatten().all(|handled| handled.number > 20),
        "{handled:?}"
    );
}
