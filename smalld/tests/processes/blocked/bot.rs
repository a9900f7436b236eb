//! The bot whose handlers block their threads, in a process of its own.

use std::fmt;
use std::process::exit;
use std::sync::Mutex;
use std::time::Duration;

use smalld::gateway::Shards;
use smalld::handler::Handlers;
use smalld::rest::RateLimits;
use smalld::{Builder, Intents, Json, SmallD, json, path};
use tokio::runtime;

/// The test that is the bot's main.
pub(super) const TEST: &str = "blocked::bot::the_bot";
/// How the bot is run: one of the following. If this is not set, the process is not the bot.
pub(super) const RUN: &str = "SMALLD_TEST_BLOCKED";
pub(super) const RUN_BLOCKING: &str = "run_blocking";
/// `run().await` on a current-thread runtime of the program.
pub(super) const RUN_AWAIT: &str = "run_await";
/// The same, and signals stop the bot.
pub(super) const RUN_AWAIT_WITH_SIGNALS: &str = "run_await_with_signals";
pub(super) const SHARDS: &str = "SMALLD_TEST_SHARDS";
pub(super) const SHUTDOWN_TIMEOUT: &str = "SMALLD_TEST_SHUTDOWN_TIMEOUT";
/// The file of the sessions, if they are saved.
pub(super) const SESSIONS: &str = "SMALLD_TEST_SESSIONS";
/// Name of the threads of the program's own runtime.
pub(super) const PROGRAM: &str = "program";

#[test]
fn the_bot() {
    let Ok(how) = std::env::var(RUN) else { return };
    // Exits like a `main` that returns this; a test would exit with a code of its own.
    match run(&how) {
        Ok(()) => exit(0),
        Err(error) => {
            eprintln!("Error: {error:?}");
            exit(1);
        }
    }
}

fn run(how: &str) -> smalld::Result<()> {
    match how {
        RUN_BLOCKING => builder().run_blocking(),
        RUN_AWAIT => on_a_runtime(builder()),
        RUN_AWAIT_WITH_SIGNALS => on_a_runtime(builder().signals(true)),
        other => panic!("{other}"),
    }
}

fn builder() -> Builder {
    let timeout = number(SHUTDOWN_TIMEOUT).unwrap_or(10_000);
    let shards = u32::try_from(number(SHARDS).unwrap_or(1)).unwrap();
    let builder = SmallD::builder()
        .intents(Intents::GUILDS)
        .handlers(Handlers::registered().within(module_path!()))
        .shards(Shards::count(shards))
        .rate_limits(RateLimits::Wait)
        .shutdown_timeout(Duration::from_millis(timeout));
    match std::env::var(SESSIONS) {
        Ok(file) => builder.sessions(file),
        Err(_) => builder,
    }
}

fn on_a_runtime(builder: Builder) -> smalld::Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .thread_name(PROGRAM)
        .build()
        .unwrap();
    runtime.block_on(builder.run())
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Blocks its thread as `how` says: in its first poll, or after an await.
#[smalld::on("BLOCK")]
async fn blocks(bot: SmallD, d: Json) -> smalld::Result<()> {
    match d["after"].as_str() {
        Some("yield") => tokio::task::yield_now().await,
        Some("rest") => drop(bot.get("/users/@me").await?),
        _ => {}
    }
    block(&d);
    Ok(())
}

fn block(d: &Json) {
    let millis = Duration::from_millis(d["millis"].as_u64().unwrap_or(30_000));
    match d["how"].as_str() {
        Some("deadlock") => {
            let mutex = Mutex::new(());
            let _once = mutex.lock();
            let _twice = mutex.lock();
        }
        Some("spin") => {
            let start = std::time::Instant::now();
            while start.elapsed() < millis {
                std::hint::spin_loop();
            }
        }
        _ => std::thread::sleep(millis),
    }
}

/// What a handler leaves behind blocks the thread after the handler has ended.
#[derive(Debug)]
struct BlocksLater(Json);

impl fmt::Display for BlocksLater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0["in"] == "display" {
            block(&self.0);
        }
        f.write_str("blocks later")
    }
}

impl std::error::Error for BlocksLater {}

impl Drop for BlocksLater {
    fn drop(&mut self) {
        if self.0["in"] == "drop" {
            block(&self.0);
        }
    }
}

#[smalld::on("BLOCK_LATER")]
async fn blocks_later(d: Json) -> Result<(), BlocksLater> {
    if d["after"] == "yield" {
        tokio::task::yield_now().await;
    }
    Err(BlocksLater(d))
}

/// Awaits in its first poll and is spawned as a task, just before `blocks_beside` blocks.
#[smalld::on("BLOCK_BESIDE")]
async fn awaits_beside(bot: SmallD, d: Json) -> smalld::Result<()> {
    tokio::task::yield_now().await;
    answer(&bot, &d).await
}

#[smalld::on("BLOCK_BESIDE")]
#[allow(clippy::unused_async, reason = "it blocks where it should not")]
async fn blocks_beside(d: Json) {
    block(&d);
}

/// The thread is blocked by a task that smalld knows nothing of.
#[smalld::on("SPAWN_BLOCK")]
async fn spawns(d: Json) {
    tokio::spawn(async move { block(&d) });
    tokio::task::yield_now().await;
}

#[smalld::on("PING")]
async fn pings(bot: SmallD, d: Json) -> smalld::Result<()> {
    answer(&bot, &d).await
}

async fn answer(bot: &SmallD, d: &Json) -> smalld::Result<()> {
    bot.post(path!("/channels/{}/messages", d["channel"]), pong(d))
        .await?;
    Ok(())
}

fn pong(d: &Json) -> Json {
    json!({ "content": format!("pong {}", d["number"]) })
}

#[smalld::on("SYNC_PING")]
#[allow(
    clippy::needless_pass_by_value,
    reason = "a handler owns its arguments"
)]
fn sync_pings(bot: SmallD, d: Json) -> smalld::Result<()> {
    bot.post(path!("/channels/{}/messages", d["channel"]), pong(&d))
        .wait()?;
    Ok(())
}

#[smalld::on("SYNC_HANG")]
fn sync_hangs() {
    loop {
        std::thread::park();
    }
}
