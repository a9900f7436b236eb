//! The bot, as it runs in a process of its own: this very binary, told by its environment to be it.
//! What it does with an event stands in the event.

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

use smalld::{BoxError, Handlers, Intents, Json, Payload, SmallD, State};

/// The test that is the bot's main.
pub(crate) const TEST: &str = "bot::the_bot";
/// Where the bot keeps what it has handled. Where this is not set there is no bot.
pub(crate) const FOLDER: &str = "SMALLD_TEST_FOLDER";
/// The number of this process among those of its test.
pub(crate) const RUN: &str = "SMALLD_TEST_RUN";
/// Where sessions are kept, if they are.
pub(crate) const SESSIONS: &str = "SMALLD_TEST_SESSIONS";
/// Set for one that ends as soon as it is ready.
pub(crate) const ENDS_WHEN_READY: &str = "SMALLD_TEST_ENDS_WHEN_READY";
/// The `shutdown_timeout`, in milliseconds.
pub(crate) const PATIENCE: &str = "SMALLD_TEST_PATIENCE";
pub(crate) const DIARY: &str = "handled";

#[test]
fn the_bot() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    // As a `main` ends that returns it; the test around it would have a code of its own.
    match run(Path::new(&folder)) {
        Ok(()) => exit(0),
        Err(error) => {
            eprintln!("Error: {error:?}");
            exit(1);
        }
    }
}

fn run(folder: &Path) -> smalld::Result<()> {
    let patience = number(PATIENCE).unwrap_or(10_000);
    let mut builder = SmallD::builder()
        .intents(Intents::GUILDS)
        .handlers(Handlers::registered().within(module_path!()))
        .shutdown_timeout(Duration::from_millis(patience))
        .state(Diary::open(folder));
    if let Some(sessions) = std::env::var_os(SESSIONS) {
        builder = builder.sessions(PathBuf::from(sessions));
    }
    builder.run_blocking()
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// What was handled, a line each: its number, its `s`, the process and whether it was a replay.
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

    /// In one piece, and the system's once it has returned: the end of the process takes nothing back.
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
