//! Rolling deploys: the next process starts while the one before still runs.

use smalld::json;
use smalld_sandbox::Sandbox;

use crate::deployment::Deployment;
use crate::process::until;

const WAITS: &str = "waiting until it ends";

#[tokio::test]
async fn the_second_process_waits_for_the_first_and_nothing_is_lost_or_handled_twice() {
    let deployment = Deployment::new(Sandbox::builder()).await;
    let mut process = deployment.start_first().await;
    for deploys in 1..=5 {
        let next = deployment.start();
        next.says(WAITS).await;
        // Some of these are being handled when the signal comes.
        for pause in [0, 0, 50, 0, 100] {
            deployment.send(json!({ "pause": pause }));
        }
        let (status, ()) = tokio::join!(process.terminate(), async {
            for _ in 0..20 {
                deployment.send(json!({ "pause": 1 }));
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(status.code(), Some(0), "{}", deployment.story());
        process = next;
        // If two processes wait, either may be the next.
        let resumed = || deployment.sandbox.resumes() == deploys;
        assert!(until(resumed).await, "{}", deployment.story());
        deployment.all_are_handled().await;
    }
    assert_eq!(process.terminate().await.code(), Some(0));
    deployment.none_is_handled_twice();
    let sandbox = &deployment.sandbox;
    assert_eq!((sandbox.identifies(), sandbox.resumes()), (1, 5));
}

#[tokio::test]
async fn a_process_that_is_killed_leaves_its_sessions_to_the_one_that_waits() {
    let deployment = Deployment::new(Sandbox::builder()).await;
    let first = deployment.start_first().await;
    let second = deployment.start();
    second.says(WAITS).await;
    first.kill().await;
    deployment.send(json!({}));
    deployment.all_are_handled().await;
    assert!(until(|| deployment.sandbox.resumes() == 1).await);
    assert_eq!(second.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn a_process_that_waits_for_another_can_be_stopped() {
    let deployment = Deployment::new(Sandbox::builder()).await;
    let first = deployment.start_first().await;
    let second = deployment.start();
    second.says(WAITS).await;
    assert_eq!(second.terminate().await.code(), Some(0));
    assert_eq!(deployment.sandbox.connected(), 1);
    assert_eq!(first.terminate().await.code(), Some(0));
}
