//! SIGTERM and SIGKILL at random moments, while events come: none is lost, and what is handled
//! twice is what a crash leaves no other way for.

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

/// How many processes are ended; one more is left.
const PROCESSES: usize = 12;
/// The longest that a process lives after its first word, in milliseconds.
const LIFE: u64 = 500;
/// The longest that a handler takes, in milliseconds.
const PAUSE: u64 = 20;
/// After so many starts from one mark the next would skip what lies behind it.
const MOST_STARTS: u64 = 3;

#[tokio::test]
async fn every_number_is_handled_and_again_only_what_a_killed_process_had_not_saved() {
    let mut chance = chance();
    let deployment = Arc::new(Deployment::new(Sandbox::builder()).await);
    let mut process = deployment.start_first().await;
    let numbers = send_numbers(&deployment, chance.fork());
    // Of each process that was killed, the mark that it left.
    let mut killed = BTreeMap::new();
    for _ in 0..PROCESSES {
        process.says("Discord at").await;
        sleep(Duration::from_millis(chance.u64(..LIFE))).await;
        leave_the_mark(&deployment).await;
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
            let mark = killed.get(&pair[0].run);
            let unsaved = mark.is_some_and(|&mark| pair[0].seq > mark);
            let story = || deployment.story();
            assert!(unsaved, "{number}: {handled:?}, {killed:?}\n{}", story());
            assert!(pair[1].replay, "{number}: {handled:?}");
        }
    }
    assert_eq!(deployment.sandbox.identifies(), 1);
}

/// Numbers, some milliseconds after each other, until it is aborted.
fn send_numbers(deployment: &Arc<Deployment>, mut chance: fastrand::Rng) -> JoinHandle<()> {
    let deployment = Arc::clone(deployment);
    tokio::spawn(async move {
        loop {
            let pause = chance.u64(..PAUSE);
            deployment.send(json!({ "pause": pause }));
            sleep(Duration::from_millis(chance.u64(..PAUSE))).await;
        }
    })
}

/// Where one start more from the same mark would make the next skip what it takes for poison, this
/// one gets the time to move the mark.
async fn leave_the_mark(deployment: &Deployment) {
    let moved = until(|| deployment.of_session("failed_starts") < MOST_STARTS).await;
    assert!(moved, "{}", deployment.story());
}

/// Before its first word a signal would end it like any other program.
async fn ends_well(deployment: &Deployment, process: Process) {
    process.says("Discord at").await;
    process.signal(Signal::TERM);
    let status = process.ended().await;
    assert_eq!(status.code(), Some(0), "{}", deployment.story());
}

#[tokio::test]
async fn what_was_saved_as_handled_before_a_kill_is_not_handled_again() {
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
