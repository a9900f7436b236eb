//! A bot with a sandbox of its own, and what it logs.

#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "each test binary uses only a part of this"
)]

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use smalld::gateway::SessionStore;
use smalld::handler::Handlers;
use smalld::{BoxError, Builder, Json, Result, SmallD};
use smalld_sandbox::Sandbox;
use tokio::time::timeout;
use tracing::Metadata;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::{Context, Layer as _, SubscriberExt as _};
use tracing_subscriber::registry::Registry;

/// No wait in a test takes this long unless something is broken.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// A bot that is ready.
pub struct Running {
    pub bot: SmallD,
    pub sandbox: Sandbox,
    run: smalld_sandbox::Running<smalld::Error>,
}

impl Running {
    pub async fn start(handlers: Handlers) -> Self {
        Self::start_with(handlers, |builder| builder).await
    }

    pub async fn start_with(handlers: Handlers, options: impl FnOnce(Builder) -> Builder) -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let bot = options(builder(&sandbox).handlers(handlers))
            .build()
            .unwrap();
        let run = sandbox.run(|_| {
            let bot = bot.clone();
            async move { bot.run().await }
        });
        let run = run.await.unwrap();
        Self { bot, sandbox, run }
    }

    /// Waits until the bot has sent a message with this content.
    pub async fn says(&self, content: &str) {
        let said = self
            .sandbox
            .wait_for_message(|message| message["content"] == content, TIMEOUT);
        assert!(
            said.await.is_some(),
            "the bot did not send {content:?} but {:#?}",
            self.sandbox.messages()
        );
    }

    /// Closes the bot and returns the result of `run`.
    pub async fn close(self) -> Result<()> {
        self.bot.close();
        let ended = timeout(TIMEOUT, self.run.ended());
        ended.await.expect("the bot ends in time")
    }
}

/// A session store in memory, for bots that run one after another.
#[derive(Clone, Default)]
pub struct Memory(pub Arc<Mutex<Option<String>>>);

impl SessionStore for Memory {
    async fn load(&self) -> std::result::Result<Option<String>, BoxError> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn save(&self, sessions: &str) -> std::result::Result<(), BoxError> {
        *self.0.lock().unwrap() = Some(sessions.to_owned());
        Ok(())
    }
}

impl Memory {
    pub fn json(&self) -> Json {
        serde_json::from_str(self.0.lock().unwrap().as_deref().unwrap()).unwrap()
    }

    /// The saved session of the first shard.
    pub fn session(&self) -> Json {
        self.json()["shards"][0]["session"].clone()
    }

    pub fn change(&self, change: impl FnOnce(&mut Json)) {
        let mut json = self.json();
        change(&mut json);
        *self.0.lock().unwrap() = Some(json.to_string());
    }
}

/// Yields to other tasks until the condition holds. Returns false after [`TIMEOUT`].
pub async fn until(condition: impl Fn() -> bool) -> bool {
    let holds = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    timeout(TIMEOUT, holds).await.is_ok()
}

/// A bot that connects to this sandbox.
pub fn builder(sandbox: &Sandbox) -> Builder {
    SmallD::builder()
        .token(sandbox.token())
        .base_url(sandbox.base_url())
}

/// What is logged by `tracing` on this thread, at any level, for as long as this exists.
///
/// One subscriber serves all threads: a subscriber for one thread misses events that another thread
/// reached first. It formats nothing on threads that capture nothing.
pub struct Log(Arc<Mutex<Vec<u8>>>);

thread_local! {
    static CAPTURED: RefCell<Option<Arc<Mutex<Vec<u8>>>>> = const { RefCell::new(None) };
}

impl Log {
    pub fn capture() -> Self {
        static SUBSCRIBER: Once = Once::new();
        SUBSCRIBER.call_once(|| {
            let captures =
                |_: &Metadata<'_>, _: &Context<'_, Registry>| CAPTURED.with_borrow(Option::is_some);
            let lines = tracing_subscriber::fmt::layer()
                .with_ansi(false)
                .with_writer(|| Writer(CAPTURED.with_borrow(Clone::clone)))
                .with_filter(dynamic_filter_fn(captures));
            let subscriber = Registry::default().with(lines);
            tracing::subscriber::set_global_default(subscriber).unwrap();
        });
        let log = Self(Arc::default());
        CAPTURED.set(Some(Arc::clone(&log.0)));
        log
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines that contain this text.
    pub fn lines(&self, with: &str) -> Vec<String> {
        self.text()
            .lines()
            .filter(|line| line.contains(with))
            .map(ToOwned::to_owned)
            .collect()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        CAPTURED.set(None);
    }
}

struct Writer(Option<Arc<Mutex<Vec<u8>>>>);

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(captured) = &self.0 {
            captured.lock().unwrap().extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
