//! A running bot without sockets, for benches.

use std::sync::mpsc;
use std::thread;

use smalld::handler::Handlers;
use smalld::source::{Delivery, Sink, Source};
use smalld::{BoxError, SmallD};
use tokio::runtime::{Builder, Runtime};

/// A bot whose events come from a bench.
#[derive(Debug)]
pub struct Bot {
    sink: Sink,
    runtime: Runtime,
}

/// Hands its sink to somebody else.
struct Lender(mpsc::Sender<Sink>);

impl Source for Lender {
    async fn run(self, sink: Sink) -> Result<(), BoxError> {
        self.0.send(sink.clone())?;
        sink.closed().await;
        Ok(())
    }
}

impl Bot {
    /// Starts a bot with these handlers. It runs until the process ends.
    ///
    /// # Panics
    ///
    /// If the bot does not start.
    #[must_use]
    pub fn start(handlers: Handlers) -> Self {
        let (sender, sinks) = mpsc::channel();
        thread::spawn(move || {
            let bot = SmallD::builder()
                .token("a.b.c")
                .base_url("http://127.0.0.1:1/api/v10");
            let ended = bot.handlers(handlers).source(Lender(sender)).run_blocking();
            ended.expect("the bot runs");
        });
        Self {
            sink: sinks.recv().expect("the source runs"),
            runtime: Builder::new_current_thread().build().expect("a runtime"),
        }
    }

    /// Delivers payloads, on this thread, to the handlers that want them.
    ///
    /// # Panics
    ///
    /// If one of them is not a payload.
    pub fn deliver(&self, texts: &[String]) {
        self.runtime.block_on(async {
            for text in texts {
                let delivery = Delivery::payload(text.as_str()).expect("a payload");
                self.sink.deliver(delivery).await;
            }
        });
    }
}
