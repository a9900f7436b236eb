//! Sources of events other than the gateway, through the public API: what they deliver, how they learn
//! of its end, and how a bot runs on them.

#![allow(
    clippy::unwrap_used,
    clippy::unused_async,
    reason = "a test may panic, and a handler may be async for nothing"
)]

mod ages;
mod broker;
mod ending;
mod events;
mod interactions;
mod running;
mod sending;
mod stopping;

use std::time::Duration;

use smalld::handler::Handlers;
use smalld::source::{Acknowledge, Delivery, Ending, Router, Sink, Source};
use smalld::{BoxError, Builder, Result, SmallD};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::support::TIMEOUT;

/// A source that is a closure, perhaps with a router.
struct FromFn<F> {
    run: F,
    router: Option<Router>,
}

impl<F, Fut> Source for FromFn<F>
where
    F: FnOnce(Sink) -> Fut + Send + 'static,
    Fut: Future<Output = std::result::Result<(), BoxError>> + Send,
{
    fn run(self, sink: Sink) -> impl Future<Output = std::result::Result<(), BoxError>> + Send {
        (self.run)(sink)
    }

    fn router(&self) -> Option<Router> {
        self.router.clone()
    }
}

fn source<F, Fut>(run: F) -> FromFn<F>
where
    F: FnOnce(Sink) -> Fut + Send + 'static,
    Fut: Future<Output = std::result::Result<(), BoxError>> + Send,
{
    FromFn { run, router: None }
}

/// A source that hands its sink to the test and lasts until the bot stops.
fn open(sinks: oneshot::Sender<Sink>) -> impl Source {
    source(async move |sink: Sink| {
        let _ = sinks.send(sink.clone());
        sink.closed().await;
        Ok(())
    })
}

/// A bot without a gateway, and without a Discord to send requests to.
fn alone(handlers: Handlers) -> Builder {
    SmallD::builder()
        .token("a.b.c")
        .base_url("http://127.0.0.1:1")
        .handlers(handlers)
}

/// A bot whose events come from the test.
struct Running {
    bot: SmallD,
    sink: Sink,
    task: JoinHandle<Result<()>>,
}

impl Running {
    async fn start(handlers: Handlers) -> Self {
        Self::start_with(alone(handlers)).await
    }

    async fn start_with(builder: Builder) -> Self {
        let (sinks, sink) = oneshot::channel();
        let bot = builder.source(open(sinks)).build().unwrap();
        let task = run(&bot);
        let sink = timeout(TIMEOUT, sink).await.unwrap().unwrap();
        Self { bot, sink, task }
    }

    async fn close(self) {
        self.bot.close();
        ended(self.task).await.unwrap();
    }
}

fn run(bot: &SmallD) -> JoinHandle<Result<()>> {
    let bot = bot.clone();
    tokio::spawn(async move { bot.run().await })
}

async fn ended(task: JoinHandle<Result<()>>) -> Result<()> {
    timeout(TIMEOUT, task).await.expect("run ends").unwrap()
}

/// What a source learns about one event.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Report {
    InProgress,
    Ended(Ending),
}

struct ReportSender(mpsc::UnboundedSender<Report>);

impl Acknowledge for ReportSender {
    fn acknowledge(&self, ending: Ending) {
        let _ = self.0.send(Report::Ended(ending));
    }

    fn in_progress(&self) {
        let _ = self.0.send(Report::InProgress);
    }
}

/// What a source has learned about one event, in order.
struct Reports(mpsc::UnboundedReceiver<Report>);

impl Reports {
    async fn next(&mut self) -> Report {
        let report = timeout(TIMEOUT, self.0.recv()).await;
        report.expect("a report in time").expect("only once")
    }

    /// The ending of the event, which is reported once and last.
    async fn ending(&mut self) -> Ending {
        loop {
            if let Report::Ended(ending) = self.next().await {
                assert_eq!(self.0.recv().await, None, "another report");
                return ending;
            }
        }
    }

    /// Whether nothing has been reported so far.
    fn is_empty(&mut self) -> bool {
        self.0.try_recv() == Err(mpsc::error::TryRecvError::Empty)
    }
}

/// An event that is acknowledged to the test.
fn reported<'a>(name: &'a str, d: &'a str) -> (Delivery<'a>, Reports) {
    let (sender, reports) = mpsc::unbounded_channel();
    let delivery = Delivery::event(name, d).acknowledge(ReportSender(sender));
    (delivery, Reports(reports))
}

/// Whether a future stays pending for a moment. For tests on paused time.
async fn is_pending(future: impl Future<Output = ()> + Unpin) -> bool {
    timeout(Duration::from_millis(1), future).await.is_err()
}
