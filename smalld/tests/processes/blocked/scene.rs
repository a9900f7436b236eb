//! A sandbox and the bot that is blocked, with what both show.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use smalld::{Json, json};
use smalld_sandbox::{Builder, Sandbox};

use super::bot;
use crate::process::{Process, TIMEOUT, read, until};

pub(super) const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(500);

pub(super) struct Scene {
    pub(super) sandbox: Sandbox,
    pub(super) process: Process,
    folder: Folder,
    shards: u64,
    pings: AtomicU64,
}

/// How the bot is started.
pub(super) struct Options {
    pub(super) command: Command,
    pub(super) run: &'static str,
    /// As many as tokio chooses if this is `None`.
    pub(super) workers: Option<usize>,
    pub(super) shards: u64,
    pub(super) shutdown_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            command: Command::new(std::env::current_exe().unwrap()),
            run: bot::RUN_BLOCKING,
            workers: Some(2),
            shards: 1,
            shutdown_timeout: Duration::from_millis(300),
        }
    }
}

/// A sandbox in which only time limits the bot.
pub(super) fn sandbox(shards: u64) -> Builder {
    Sandbox::builder()
        .heartbeat_interval(HEARTBEAT_INTERVAL)
        .identify_window(Duration::ZERO)
        .max_concurrency(shards)
        .rate_limits(false)
}

impl Scene {
    /// Starts a bot, and waits until all of its shards are ready.
    pub(super) async fn start(options: Options) -> Self {
        let shards = options.shards;
        let sandbox = sandbox(shards).start().await.unwrap();
        let scene = Self::start_in(sandbox, options);
        let ready = || {
            let mut shards = (0..shards).map(|shard| scene.sandbox.shard(shard));
            shards.all(|shard| shard.last_seq() >= Some(1))
        };
        assert!(until(ready).await, "{}", scene.log());
        scene
    }

    pub(super) fn start_in(sandbox: Sandbox, options: Options) -> Self {
        let folder = Folder::new();
        let sessions = folder.0.join("sessions.json").to_str().unwrap().to_owned();
        let variables = [
            ("SMALLD_TOKEN", sandbox.token().to_owned()),
            ("SMALLD_BASE_URL", sandbox.base_url().to_owned()),
            (bot::RUN, options.run.to_owned()),
            (bot::SHARDS, options.shards.to_string()),
            (
                bot::SHUTDOWN_TIMEOUT,
                options.shutdown_timeout.as_millis().to_string(),
            ),
            (bot::SESSIONS, sessions),
        ];
        let workers = options.workers.map(|count| count.to_string());
        let workers = workers.map(|count| ("TOKIO_WORKER_THREADS", count));
        let variables = variables.into_iter().chain(workers);
        let process =
            Process::start_by(options.command, bot::TEST, variables, folder.0.join("log"));
        Self {
            sandbox,
            process,
            folder,
            shards: options.shards,
            pings: AtomicU64::new(0),
        }
    }

    /// Pings over this shard, and waits for the answer.
    pub(super) async fn ping(&self, event: &str, shard: u64) {
        let number = self.pings.fetch_add(1, Ordering::Relaxed) + 1;
        let d = json!({ "number": number, "channel": self.sandbox.channel_id() });
        self.sandbox.shard(shard).dispatch(event, d);
        self.answers(number).await;
    }

    pub(super) async fn answers(&self, number: u64) {
        let content = format!("pong {number}");
        let answers = |message: &Json| message["content"] == *content;
        let answered = self.sandbox.wait_for_message(answers, TIMEOUT).await;
        assert!(answered.is_some(), "no {content}: {}", self.log());
    }

    /// Waits for this many heartbeats of each shard. They come in time, over the first connections.
    pub(super) async fn heartbeats_go_on(&self, intervals: u32) {
        let start = self.heartbeats();
        let expected = usize::try_from(u64::from(intervals) * self.shards).unwrap();
        let came = until(|| self.heartbeats() >= start + expected).await;
        assert!(came, "{} heartbeats: {}", self.heartbeats(), self.log());
        let gap = self.sandbox.longest_heartbeat_gap();
        assert!(gap < HEARTBEAT_INTERVAL * 2, "{gap:?}: {}", self.log());
        let connections = self.sandbox.connections();
        assert_eq!(connections as u64, self.shards, "{}", self.log());
    }

    fn heartbeats(&self) -> usize {
        let payloads = self.sandbox.gateway_payloads();
        let heartbeats = payloads.iter().filter(|payload| payload["op"] == 1);
        heartbeats.count()
    }

    /// What the bot has saved of the first shard.
    pub(super) fn saved(&self) -> Json {
        let text = read(&self.folder.0.join("sessions.json"));
        let json: Json = serde_json::from_str(&text).unwrap_or_default();
        json["shards"][0].clone()
    }

    pub(super) fn log(&self) -> String {
        read(&self.process.log())
    }

    /// Waits until the bot ends gracefully, which takes no longer than this, and returns its log.
    pub(super) async fn ends_within(self, limit: Duration) -> String {
        let start = Instant::now();
        let log = self.process.log();
        let status = self.process.ended().await;
        let (took, log) = (start.elapsed(), read(&log));
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(took < limit, "it took {took:?}: {log}");
        log
    }
}

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static FOLDERS: AtomicU64 = AtomicU64::new(0);
        let nth = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("smalld-blocked-{}-{nth}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
