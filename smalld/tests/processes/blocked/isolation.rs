//! Async handlers that block, one of them or as many as there are threads: others go on while a
//! thread is free, heartbeats always, the handler is named, and signals end the bot.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rustix::process::Signal;
use smalld::json;
use tokio::sync::Mutex;

use super::scene::{Options, Scene};

/// Longer than any test waits.
const FOREVER: Duration = Duration::from_secs(3600);
const ALL_BLOCKED: &str = "all worker threads are blocked";

/// These tests need both cores.
static ALONE: Mutex<()> = Mutex::const_new(());

#[derive(Clone, Copy, Debug)]
struct Case {
    how: &'static str,
    after: &'static str,
    workers: usize,
    /// One thread is blocked, or all of them.
    all: bool,
    /// How the bot is stopped: by the timeout, or by a second signal.
    twice: bool,
}

impl Case {
    /// Each handler blocks in a task of its own, so that one shard can block all threads.
    fn after_an_await(self) -> bool {
        self.after != "nothing"
    }

    async fn run(self) {
        let shards = self.workers as u64 + 1;
        let scene = Scene::start(Options {
            workers: Some(self.workers),
            shards,
            shutdown_timeout: if self.twice {
                FOREVER
            } else {
                Duration::from_millis(300)
            },
            ..Options::default()
        })
        .await;
        let blocked = Instant::now();
        let block = json!({ "how": self.how, "after": self.after });
        let handlers = if self.all { self.workers as u64 } else { 1 };
        for shard in 0..handlers {
            let shard = if self.after_an_await() { 0 } else { shard };
            scene.sandbox.shard(shard).dispatch("BLOCK", block.clone());
        }
        if !self.all {
            for _ in 0..3 {
                scene.ping("PING", 1).await;
            }
            if self.after_an_await() {
                scene.ping("PING", 0).await;
            }
            scene.ping("SYNC_PING", 1).await;
        }
        scene.process.says("has blocked its thread for").await;
        let named = blocked.elapsed();
        assert!(named < Duration::from_secs(4), "{self:?} {named:?}");
        let lines = scene.process.lines("has blocked its thread for");
        let name = "blocked::bot::blocks` (smalld/tests/processes/blocked/bot.rs:";
        assert!(lines.iter().all(|line| line.contains(name)), "{lines:?}");
        if self.all {
            scene.process.says(ALL_BLOCKED).await;
        }
        scene.heartbeats_go_on(3).await;
        if !self.all {
            scene.ping("PING", 1).await;
            assert!(!scene.log().contains(ALL_BLOCKED), "{}", scene.log());
        }
        self.stop(scene).await;
    }

    async fn stop(self, scene: Scene) {
        scene.process.signal(Signal::TERM);
        let log = if self.twice {
            scene.process.says("a second signal stops at once").await;
            scene.process.signal(Signal::TERM);
            scene.ends_within(Duration::from_secs(2)).await
        } else {
            scene.ends_within(Duration::from_secs(5)).await
        };
        let abandoned = log.lines().filter(|line| line.contains("abandoned"));
        let abandoned: Vec<_> = abandoned.collect();
        assert_eq!(abandoned.len(), 1, "{self:?}: {log}");
        assert!(abandoned[0].contains("bot::blocks`"), "{abandoned:?}");
        assert!(log.contains("the sessions are saved"), "{log}");
    }
}

/// All cases of two ways to block, each of which leaves the processor alone.
async fn run(workers: usize) {
    let _alone = ALONE.lock().await;
    let mut cases = Vec::new();
    for how in ["deadlock", "sleep"] {
        for after in ["nothing", "yield", "rest"] {
            for all in [false, true] {
                let twice = (cases.len() + usize::from(all)).is_multiple_of(2);
                cases.push(Case {
                    how,
                    after,
                    workers,
                    all,
                    twice,
                });
            }
        }
    }
    join_all(cases.into_iter().map(Case::run)).await;
}

#[tokio::test]
async fn handlers_that_lock_twice_or_sleep_hurt_nobody_else_on_two_workers() {
    run(2).await;
}

#[tokio::test]
async fn handlers_that_lock_twice_or_sleep_hurt_nobody_else_on_eight_workers() {
    run(8).await;
}

#[tokio::test]
async fn busy_handlers_hurt_nobody_else() {
    let _alone = ALONE.lock().await;
    for (after, workers, all, twice) in [
        ("nothing", 2, false, true),
        ("rest", 2, true, false),
        ("yield", 8, false, false),
        ("nothing", 8, true, true),
    ] {
        let how = "spin";
        let case = Case {
            how,
            after,
            workers,
            all,
            twice,
        };
        case.run().await;
    }
}

#[tokio::test]
async fn values_of_a_handler_that_block_their_thread_name_the_handler() {
    let start = async |place: &str, after: &str| {
        let scene = Scene::start(Options::default()).await;
        let d = json!({ "how": "sleep", "in": place, "after": after });
        scene.sandbox.dispatch("BLOCK_LATER", d);
        let words = "bot::blocks_later` (smalld/tests/processes/blocked/bot.rs:";
        scene.process.says(words).await;
        scene.process.says("has blocked its thread for").await;
    };
    let places = ["display", "drop"].into_iter();
    let cases = places.flat_map(|place| ["nothing", "yield"].map(|after| (place, after)));
    join_all(cases.map(|(place, after)| start(place, after))).await;
}

#[tokio::test]
async fn a_run_that_became_a_task_just_before_its_thread_is_blocked_goes_on() {
    let scene = Scene::start(Options::default()).await;
    let d = json!({ "how": "sleep", "number": 7, "channel": scene.sandbox.channel_id() });
    scene.sandbox.dispatch("BLOCK_BESIDE", d);
    scene.answers(7).await;
}

#[tokio::test]
async fn a_task_of_the_bot_that_blocks_its_thread_hurts_nobody_else() {
    let scene = Scene::start(Options {
        shards: 2,
        ..Options::default()
    })
    .await;
    scene
        .sandbox
        .shard(0)
        .dispatch("SPAWN_BLOCK", json!({ "how": "sleep" }));
    for _ in 0..3 {
        scene.ping("PING", 1).await;
    }
}
