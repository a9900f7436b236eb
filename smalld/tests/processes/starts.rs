//! Bots that end again and again as soon as they are ready: they must not use up the session starts
//! that Discord grants for a day, because it resets the token of a bot that does.

use std::time::Duration;

use smalld::json;
use smalld_sandbox::{Builder, Sandbox};

use crate::bot;
use crate::deployment::Deployment;
use crate::process::{Process, until};

/// These tests are not about the IDENTIFY interval.
fn sandbox() -> Builder {
    Sandbox::builder().identify_window(Duration::ZERO)
}

async fn ends_when_ready(sandbox: Builder) -> Deployment {
    let deployment = Deployment::new(sandbox).await;
    deployment.with(bot::ENDS_WHEN_READY, "1")
}

/// Starts a process that identifies, and ends when it is ready.
async fn ends(deployment: &Deployment) {
    let before = deployment.sandbox.identifies();
    let status = deployment.start().ended().await;
    assert_eq!(status.code(), None, "{}", deployment.story());
    let identified = deployment.sandbox.identifies() - before;
    assert_eq!(identified, 1, "{}", deployment.story());
}

#[tokio::test]
async fn a_process_that_ends_when_it_is_ready_leaves_a_session_to_resume() {
    let deployment = ends_when_ready(sandbox()).await;
    ends(&deployment).await;
    for _ in 0..3 {
        let status = deployment.start().ended().await;
        assert_eq!(status.code(), None, "{}", deployment.story());
    }
    // READY is skipped like any other event that ends the process.
    let process = deployment.start();
    process.says("events are skipped").await;
    deployment.send(json!({}));
    deployment.all_are_handled().await;
    let sandbox = &deployment.sandbox;
    assert_eq!((sandbox.identifies(), sandbox.resumes()), (1, 4));
    assert_eq!(process.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn each_process_that_starts_a_new_session_waits_longer() {
    let deployment = ends_when_ready(sandbox()).await;
    let lose_session = || deployment.change_saved(|saved| saved["session"] = json!(null));
    ends(&deployment).await;
    lose_session();
    ends(&deployment).await;
    for (started, wait) in [(2, 10.0), (3, 20.0), (4, 40.0)] {
        lose_session();
        let saved = deployment.saved().unwrap();
        assert_eq!(saved["session_starts"], started);
        // Starting it again does not shorten the wait.
        for _ in 0..2 {
            let process = deployment.start();
            let seconds = waits(&process, started).await;
            assert!(
                (wait - 8.0..=wait).contains(&seconds),
                "{seconds} of {wait}"
            );
            assert_eq!(process.terminate().await.code(), Some(0));
        }
        assert_eq!(deployment.sandbox.identifies(), started);
        // Pretends that it has waited.
        deployment.change_saved(|saved| saved["last_session_start"] = json!(0));
        ends(&deployment).await;
    }
}

/// How many seconds this process says that it waits, after this many sessions.
async fn waits(process: &Process, started: usize) -> f64 {
    let words = format!("the last {started} sessions did not last");
    process.says(&words).await;
    let line = process.lines(&words).remove(0);
    let (_, wait) = line.split_once("the next one starts in ").unwrap();
    let (seconds, _) = wait.split_once(" s").unwrap();
    seconds.parse().unwrap()
}

#[tokio::test]
async fn without_sessions_the_last_starts_of_the_day_are_spread_over_the_rest_of_it() {
    let limited = sandbox().session_starts(40).session_starts_spent(25);
    let deployment = ends_when_ready(limited).await.without_sessions();
    for _ in 0..5 {
        ends(&deployment).await;
    }
    for _ in 0..3 {
        let process = deployment.start();
        process.says("only 10 session starts are left").await;
        // Some seconds of the day have passed.
        let waits = process.lines("the next one waits 2 h 2").len();
        assert_eq!(waits, 1, "{}", deployment.story());
        process.kill().await;
    }
    let sandbox = &deployment.sandbox;
    assert_eq!((sandbox.identifies(), sandbox.connections()), (5, 5));
    assert!(!sandbox.token_was_reset());
}

#[tokio::test]
async fn without_session_starts_left_a_new_session_is_an_error_and_a_saved_one_is_resumed() {
    let deployment = Deployment::new(sandbox().session_starts(1)).await;
    deployment.start_first().await.kill().await;
    let process = deployment.start();
    deployment.send(json!({}));
    deployment.all_are_handled().await;
    assert_eq!(process.terminate().await.code(), Some(0));

    deployment.change_saved(|saved| saved["session"] = json!(null));
    let process = deployment.start();
    let log = process.log();
    assert_eq!(process.ended().await.code(), Some(1));
    let errors = crate::process::lines(&log, "rror");
    assert_eq!(errors.len(), 1, "{}", deployment.story());
    for words in [
        "all 1 session starts of the day are used",
        "reset the bot's token",
        "find out what starts the bot so often",
    ] {
        assert!(errors[0].contains(words), "{errors:?}");
    }
    let (_, wait) = errors[0].split_once("start again in ").unwrap();
    let is_nearly_a_day = wait.starts_with("1 d,") || wait.starts_with("23 h 59 min,");
    assert!(is_nearly_a_day, "{errors:?}");
    let sandbox = &deployment.sandbox;
    assert!(until(|| sandbox.connected() == 0).await);
    assert_eq!((sandbox.identifies(), sandbox.connections()), (1, 2));
    assert!(!sandbox.token_was_reset());
}
