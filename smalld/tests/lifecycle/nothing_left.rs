//! A bot that has ended leaves no task, however it ended.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use crate::support::{TIMEOUT, builder, until};
use smalld::gateway::{Sessions, Shards};
use smalld::handler::Handlers;
use smalld::{Builder, Error, SmallD, json};
use smalld_sandbox::Sandbox;

fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

/// A handler that fails, one that takes an hour, and one that never ends.
fn handlers() -> Handlers {
    Handlers::new()
        .on("EVENT", |_, payload| async move {
            Err::<(), _>(format!("{} again", payload.d()))
        })
        .on("EVENT", |_, _| {
            tokio::time::sleep(Duration::from_secs(3600))
        })
        .on("EVENT", |_, _| std::future::pending::<()>())
}

fn options(sandbox: &Sandbox) -> Builder {
    builder(sandbox)
        .handlers(handlers())
        .shutdown_timeout(Duration::ZERO)
}

/// Runs the bot until its handlers are running, ends it, and waits until no task is left.
async fn leaves_nothing(
    sandbox: Sandbox,
    builder: Builder,
    end: impl AsyncFnOnce(&Sandbox, SmallD, Run),
) {
    let before = tasks();
    let bot = builder.build().unwrap();
    let run = tokio::spawn({
        let bot = bot.clone();
        async move { bot.run().await }
    });
    assert!(sandbox.wait_until_ready(TIMEOUT).await);
    for number in 0..10 {
        sandbox.dispatch("EVENT", json!(number));
    }
    let at_work = before + 20;
    assert!(until(|| tasks() > at_work).await, "{} tasks", tasks());
    end(&sandbox, bot, run).await;
    drop(sandbox);
    // The two tasks of the sandbox end when it is dropped.
    assert!(until(|| tasks() == 0).await, "{} tasks are left", tasks());
}

type Run = tokio::task::JoinHandle<Result<(), Error>>;

#[tokio::test]
async fn a_bot_that_is_closed_leaves_no_task() {
    let sandbox = Sandbox::start().await.unwrap();
    let options = options(&sandbox);
    leaves_nothing(sandbox, options, async |_, bot, run| {
        bot.close();
        run.await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test]
async fn shards_that_save_their_sessions_leave_no_task() {
    let sandbox = Sandbox::builder().shards(3).max_concurrency(3).start();
    let sandbox = sandbox.await.unwrap();
    let path = std::env::temp_dir().join(format!("smalld-nothing-left-{}", std::process::id()));
    let options = options(&sandbox)
        .shards(Shards::Recommended)
        .sessions(Sessions::file(&path));
    leaves_nothing(sandbox, options, async |_, bot, run| {
        assert_eq!(bot.shards().count(), 3);
        bot.close();
        run.await.unwrap().unwrap();
    })
    .await;
    let _ = std::fs::remove_file(path.with_extension("lock"));
    let _ = std::fs::remove_file(path);
}

#[tokio::test]
async fn a_fatal_close_leaves_no_task() {
    let sandbox = Sandbox::start().await.unwrap();
    let options = options(&sandbox);
    leaves_nothing(sandbox, options, async |sandbox, _, run| {
        sandbox.close(4013);
        assert!(run.await.unwrap().is_err());
    })
    .await;
}

#[tokio::test]
async fn case_b32_a_dropped_run_leaves_no_task() {
    let sandbox = Sandbox::start().await.unwrap();
    let options = options(&sandbox);
    leaves_nothing(sandbox, options, async |sandbox, _, run| {
        run.abort();
        assert!(run.await.unwrap_err().is_cancelled());
        let gone = |sandbox: &Sandbox| sandbox.connected() == 0;
        assert!(sandbox.wait_until(gone, TIMEOUT).await);
    })
    .await;
}
