//! What a bot takes of its process: threads, signals and file descriptors.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::time::Duration;

use futures_util::future::join_all;
use rustix::process::Signal;

use super::bot;
use super::scene::{Options, Scene, sandbox};
use crate::process::{read, until};

async fn start(run: &'static str) -> Scene {
    Scene::start(Options {
        run,
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn a_bot_in_the_programs_runtime_leaves_signals_to_the_program() {
    // A shell starts background jobs with SIGINT ignored, so a test cannot count on that one.
    let scene = start(bot::RUN_AWAIT).await;
    scene.ping("PING", 0).await;
    scene.process.signal(Signal::TERM);
    let status = scene.process.ended().await;
    assert_eq!(status.signal(), Some(Signal::TERM.as_raw()), "{status:?}");
}

#[tokio::test]
async fn a_bot_in_the_programs_runtime_takes_signals_if_it_is_told_to() {
    for signal in [Signal::TERM, Signal::INT] {
        let scene = start(bot::RUN_AWAIT_WITH_SIGNALS).await;
        scene.ping("PING", 0).await;
        scene.process.signal(signal);
        scene.ends_within(Duration::from_secs(5)).await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_bot_in_the_programs_runtime_starts_no_thread() {
    let scene = start(bot::RUN_AWAIT_WITH_SIGNALS).await;
    scene.ping("PING", 0).await;
    scene.ping("SYNC_PING", 0).await;
    // Besides the threads of the test, there is the blocking pool of the program's runtime.
    let mut threads = scene.process.threads();
    threads.retain(|name| name != bot::PROGRAM);
    assert_eq!(threads.len(), 2, "{threads:?}");
    let scene = start(bot::RUN_BLOCKING).await;
    let threads = scene.process.threads();
    assert!(threads.len() > 2, "{threads:?} of `run_blocking`");
}

/// Starts a bot that may open this many files, and waits until it is ready or has ended.
async fn with_file_descriptors(limit: u32) -> (bool, String) {
    let mut command = Command::new("sh");
    let run = format!("ulimit -n {limit} && exec \"$0\" \"$@\"");
    command
        .arg("-c")
        .arg(run)
        .arg(std::env::current_exe().unwrap());
    let sandbox = sandbox(1).start().await.unwrap();
    let mut scene = Scene::start_in(
        sandbox,
        Options {
            command,
            ..Options::default()
        },
    );
    let mut ready = false;
    let is_over = until(|| {
        ready = scene.sandbox.shard(0).last_seq().is_some();
        ready || scene.process.has_ended()
    });
    assert!(is_over.await, "{limit}: {}", scene.log());
    (ready, read(&scene.process.log()))
}

#[tokio::test]
async fn too_few_file_descriptors_are_an_error_or_a_warning_that_says_what_to_do() {
    let limits = (5..40).collect::<Vec<_>>();
    for limits in limits.chunks(6) {
        let starts = limits.iter().map(|&limit| with_file_descriptors(limit));
        for (limit, (ready, log)) in limits.iter().zip(join_all(starts).await) {
            assert!(!log.contains("panicked"), "{limit}: {log}");
            assert!(log.contains("ulimit -n"), "{limit}: {log}");
            assert!(ready || log.contains("Error: "), "{limit}: {log}");
            assert!(ready || *limit < 30, "{limit}: {log}");
        }
    }
}
