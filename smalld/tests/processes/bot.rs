//! The bot that runs in a process of its own: the test binary itself, if its environment says so.
//! Each event says what the bot does with it.

#![allow(
    clippy::needless_pass_by_value,
    reason = "a handler owns what it takes"
)]

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::exit;
use std::sync::Arc;
use std::time::Duration;

use smalld::handler::Handlers;
use smalld::{BoxError, Intents, Json, Payload, SmallD, State};

/// The test that is the bot's main.
pub(crate) const TEST: &str = "bot::the_bot";
/// The folder of the bot's diary. If this is not set, the process is not the bot.
pub(crate) const FOLDER: &str = "SMALLD_TEST_FOLDER";
/// The number of this process among those of its test.
pub(crate) const RUN: &str = "SMALLD_TEST_RUN";
/// The file of the sessions, if they are saved.
pub(crate) const SESSIONS: &str = "SMALLD_TEST_SESSIONS";
/// Set for a bot that ends as soon as it is ready.
pub(crate) const ENDS_WHEN_READY: &str = "SMALLD_TEST_ENDS_WHEN_READY";
/// The `shutdown_timeout`, in milliseconds.
pub(crate) const SHUTDOWN_TIMEOUT: &str = "SMALLD_TEST_SHUTDOWN_TIMEOUT";
pub(crate) const DIARY: &str = "handled";

#[test]
fn the_bot() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    // Exits like a `main` that returns this; a test would exit with a code of its own.
    match run(Path::new(&folder)) {
        Ok(()) => exit(0),
        Err(error) => {
            eprintln!("Error: {error:?}");
            exit(1);
        }
    }
}

fn run(folder: &Path) -> smalld::Result<()> {
    let shutdown_timeout = number(SHUTDOWN_TIMEOUT).unwrap_or(10_000);
    let mut builder = SmallD::builder()
        .intents(Intents::GUILDS)
        .handlers(Handlers::registered().within(module_path!()))
        .shutdown_timeout(Duration::from_millis(shutdown_timeout))
        .state(Diary::open(folder));
    if let Some(sessions) = std::env::var_os(SESSIONS) {
        builder = builder.sessions(PathBuf::from(sessions));
    }
    builder.run_blocking()
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// A line for each event handled: its number, its `s`, the process and whether it was a replay.
#[derive(Clone)]
struct Diary {
    file: Arc<File>,
    run: u64,
}

impl Diary {
    fn open(folder: &Path) -> Self {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.join(DIARY))
            .unwrap();
        Self {
            file: Arc::new(file),
            run: number(RUN).unwrap(),
        }
    }

    /// Writes the line in one piece. After that, the end of the process cannot lose it.
    fn write(&self, number: u64, payload: &Payload) -> std::io::Result<()> {
        let (seq, run, replay) = (payload.s().unwrap_or(0), self.run, payload.is_replay());
        let line = format!("{number} {seq} {run} {replay}\n");
        (&*self.file).write_all(line.as_bytes())
    }
}

#[smalld::on("NUMBERED")]
async fn counts(payload: Payload, d: Json, State(diary): State<Diary>) -> Result<(), BoxError> {
    if d["aborts"] == true {
        std::process::abort();
    }
    if let Some(blocks) = d["blocks"].as_u64() {
        diary.write(0, &payload)?;
        std::thread::sleep(Duration::from_millis(blocks));
    }
    if let Some(pause) = d["pause"].as_u64() {
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    if d["hangs"] == true || d["hangs_in"] == diary.run {
        std::future::pending::<()>().await;
    }
    let number = d["number"].as_u64().ok_or("no number")?;
    Ok(diary.write(number, &payload)?)
}

#[smalld::on("BLOCKED")]
fn blocks(payload: Payload, State(diary): State<Diary>) -> Result<(), BoxError> {
    diary.write(0, &payload)?;
    loop {
        std::thread::park();
    }
}

#[smalld::on(ready)]
fn ends() {
    if std::env::var_os(ENDS_WHEN_READY).is_some() {
        std::process::abort();
    }
}
